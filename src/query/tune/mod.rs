//! Tuning: what every setting of a grid would have reported, and the quietest one that still reports every incident.
//!
//! The baseline is queried once for each anchor, for the findings of the most sensitive setting; those of any other
//! setting are the ones among them that are old enough and whose gap is long enough. Terms and figures are those of
//! `docs/method.md`, "Tuning".

mod daily;
mod enumerated;
mod enumeration;
mod grid;
mod hidden;
mod incident;
mod members;
mod noise;
mod sweep;
mod trade_off;

use super::in_scope::{first_counted, last_counted};
use super::{FindingKind, Question};
use crate::baseline::{Baseline, HitRetention};
use crate::model::PrincipalKey;
use crate::time::Span;
use enumeration::Enumeration;
use sweep::Sweep;

pub use daily::{Daily, ObservedSpan, WorstDay};
pub use grid::{Calls, Setting, TuneGrid};
pub use incident::{HiddenFindings, IncidentFindings, IncidentOutcome, IncidentPart, Keep, KnownIncident};
pub use noise::{NOISY_NAMED, Noise, NoisyAccount, NoisyPrincipal};
pub use trade_off::TradeOff;

/// The results of a grid of settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning<'b> {
    /// First and last sighting; `None` without sightings.
    pub observed: Option<ObservedSpan>,
    /// Forget span of the most sensitive setting: the shortest of the grid. Its warmup is 0.
    pub most_sensitive_forget: Option<Span>,
    /// Findings of the most sensitive setting.
    pub most_sensitive_findings: usize,
    /// One for each setting: by anchor, then calls, then forget, then warmup, each as the grid lists them.
    pub rows: Vec<TuningRow<'b>>,
    /// The labelled incidents, as given.
    pub incidents: Vec<IncidentFindings>,
    /// The row of the setting with the fewest findings per week that shows enough of every incident with findings; `None` without such an
    /// incident or such a setting.
    pub suggestion: Option<usize>,
}

/// The result of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct TuningRow<'b> {
    /// The setting.
    pub setting: Setting,
    /// Findings in total.
    pub findings: usize,
    /// Findings of each kind, in the order of [`FindingKind::OF_SIGHTINGS`].
    pub of_kind: [usize; FindingKind::OF_SIGHTINGS.len()],
    /// Findings of the most sensitive setting that this one does not report.
    pub suppressed: usize,
    /// Findings per day.
    pub daily: Daily<'b>,
    /// The noisiest principals and accounts.
    pub noise: Noise<'b>,
    /// The reported findings of each incident, in the order of [`Tuning::incidents`].
    pub incidents: Vec<IncidentOutcome>,
}

/// Tries every setting of a grid. Kinds, window, `read_to`, `only_success`, `min_severity` and filter are those of `base`; its warmup,
/// forget span and anchor are ignored.
pub fn tune<'b>(
    baseline: &'b Baseline,
    base: &Question,
    grid: &TuneGrid,
    incidents: &[KnownIncident],
) -> Tuning<'b> {
    let mut base = base.clone();
    // Events of Insights and root activity do not depend on settings.
    base.report.retain(|kind| FindingKind::OF_SIGHTINGS.contains(kind));
    let base = &base;
    let observed = observed(baseline, base);
    let mut tuning = Tuning {
        observed,
        most_sensitive_forget: grid.shortest_forget(),
        most_sensitive_findings: 0,
        rows: Vec::new(),
        incidents: incidents.iter().map(|incident| IncidentFindings::new(incident.clone())).collect(),
        suggestion: None,
    };
    for &anchor in &grid.anchors {
        let forget = grid.shortest_forget();
        let asked = Question { warmup: Span::default(), forget, anchor, ..base.clone() };
        let all = Enumeration::new(baseline, &asked, incidents);
        // At a warmup of 0 the anchor makes no difference.
        tuning.most_sensitive_findings = all.findings.len();
        for (labelled, members) in tuning.incidents.iter_mut().zip(&all.members) {
            labelled.findings = members.len();
            labelled.read_only =
                members.iter().filter(|index| all.findings[**index as usize].read_only).count();
        }
        for settings in grid.settings(anchor) {
            tuning.rows.extend(rows(&all, settings, observed, base));
        }
    }
    tuning.suggestion = tuning.quietest();
    let unseen = tuning.incidents.iter().filter(|labelled| labelled.findings == 0);
    let unseen: Vec<KnownIncident> = unseen.map(|labelled| labelled.incident.clone()).collect();
    if let (false, Some(&anchor)) = (unseen.is_empty(), grid.anchors.first()) {
        let forget = grid.shortest_forget();
        let asked = Question { warmup: Span::default(), forget, anchor, ..base.clone() };
        let mut hidden = hidden::hidden(baseline, &asked, &unseen).into_iter();
        for labelled in tuning.incidents.iter_mut().filter(|labelled| labelled.findings == 0) {
            labelled.hidden = hidden.next().flatten();
        }
    }
    tuning
}

impl Question {
    /// Which events that rules matched must be kept to [`tune`] this question, and to say what its filters hide: those that findings are about.
    /// `key` is the principal key used for learning.
    pub fn tuned_hits(&self, key: PrincipalKey) -> HitRetention {
        Self { all_matches: false, ..hidden::unfiltered(self) }.hit_retention(key)
    }
}

/// First and last sighting known at the time of a question.
fn observed(baseline: &Baseline, question: &Question) -> Option<ObservedSpan> {
    let behaviours = baseline.behaviours.iter();
    let counted = behaviours.filter_map(|behaviour| Some((behaviour, first_counted(behaviour, question)?)));
    counted.fold(None, |observed: Option<ObservedSpan>, (behaviour, sighting)| {
        let first = sighting.time;
        let this = ObservedSpan { first, last: last_counted(behaviour, question).unwrap_or(first) };
        Some(observed.map_or(this, |seen| ObservedSpan {
            first: seen.first.min(this.first),
            last: seen.last.max(this.last),
        }))
    })
}

impl IncidentFindings {
    fn new(incident: KnownIncident) -> Self {
        Self { incident, findings: 0, read_only: 0, hidden: None }
    }
}

/// The results of settings that differ only in their warmup, in order.
fn rows<'b>(
    all: &Enumeration<'b>,
    settings: Vec<Setting>,
    observed: Option<ObservedSpan>,
    base: &Question,
) -> Vec<TuningRow<'b>> {
    let mut numbered: Vec<(usize, Setting)> = settings.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, setting)| std::cmp::Reverse(setting.warmup));
    let mut sweep = Sweep::new(all);
    let rows = numbered.into_iter().map(|(number, setting)| (number, sweep.row(setting, observed, base)));
    let mut rows: Vec<(usize, TuningRow<'b>)> = rows.collect();
    rows.sort_by_key(|(number, _)| *number);
    rows.into_iter().map(|(_, row)| row).collect()
}

impl Tuning<'_> {
    /// Whether a row reports of every incident that has findings as many as must be kept.
    pub fn shows_every_incident(&self, row: &TuningRow<'_>) -> bool {
        let mut pairs = self.incidents.iter().zip(&row.incidents);
        pairs.all(|(labelled, sight)| sight.reported >= labelled.needed())
    }

    fn quietest(&self) -> Option<usize> {
        if self.incidents.iter().all(|labelled| labelled.findings == 0) {
            return None;
        }
        let shown = (0..self.rows.len()).filter(|index| self.shows_every_incident(&self.rows[*index]));
        shown
            .filter_map(|index| Some((self.rows[index].per_week()?, index)))
            .min_by(|left, right| left.0.total_cmp(&right.0).then_with(|| self.prefer(left.1, right.1)))
            .map(|(_, index)| index)
    }
}
