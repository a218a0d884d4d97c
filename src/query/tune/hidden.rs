//! Why an incident has no findings: which filters hide them.

use super::enumeration::Enumeration;
use super::{HiddenFindings, KnownIncident};
use crate::baseline::Baseline;
use crate::query::hiding::HidingSetting;
use crate::query::{Filter, FindingKind, Question, Severity};

/// The findings of incidents that filters hide; `asked` is the question with the most sensitive setting. Found by asking: without any
/// filter, with each alone, and without each.
pub(super) fn hidden(
    baseline: &Baseline,
    asked: &Question,
    incidents: &[KnownIncident],
) -> Vec<Option<HiddenFindings>> {
    let count = |question: &Question| -> Vec<usize> {
        let all = Enumeration::new(baseline, question, incidents);
        all.members.iter().map(Vec::len).collect()
    };
    let open = unfiltered(asked);
    let settings = || HidingSetting::ALL.into_iter().filter(|setting| *setting != HidingSetting::Warmup);
    let changed = |setting: HidingSetting, from: &Question, mut into: Question| {
        setting.copy(asked, from, &mut into);
        count(&into)
    };
    let alone: Vec<_> = settings().map(|setting| (setting, changed(setting, asked, open.clone()))).collect();
    let without: Vec<_> =
        settings().map(|setting| (setting, changed(setting, &open, asked.clone()))).collect();
    let hidden = |(index, findings): (usize, usize)| {
        let of = |counts: &[(HidingSetting, Vec<usize>)], hides: fn(usize, usize) -> bool| -> Vec<_> {
            let those = counts.iter().filter(|(_, counts)| hides(counts[index], findings));
            those.map(|(setting, _)| *setting).collect()
        };
        let mut by = of(&alone, |left, _| left == 0);
        if by.is_empty() {
            by = of(&without, |left, _| left > 0);
        }
        // Three or more filters that hide it in turns.
        if by.is_empty() {
            by = of(&alone, |left, all| left < all);
        }
        match findings {
            0 => is_unread(asked, &incidents[index]),
            findings => Some(HiddenFindings { findings, by }),
        }
    };
    count(&open).into_iter().enumerate().map(hidden).collect()
}

/// The end of what was read, if an incident is after it.
fn is_unread(asked: &Question, incident: &KnownIncident) -> Option<HiddenFindings> {
    let end = asked.read_to.filter(|end| incident.from().is_some_and(|from| from > *end))?;
    let by = if asked.to == Some(end) { HidingSetting::To } else { HidingSetting::ReadTo };
    Some(HiddenFindings { findings: 0, by: vec![by] })
}

/// The question without filters.
pub(super) fn unfiltered(asked: &Question) -> Question {
    Question {
        report: FindingKind::OF_SIGHTINGS.to_vec(),
        from: None,
        to: None,
        read_to: None,
        only_success: false,
        min_severity: Severity::default(),
        filter: Filter::default(),
        ..asked.clone()
    }
}
