//! Findings that do not come from behaviours: CloudTrail Insights events, and hours in which root users acted. No warmup applies
//! to them.

use super::cloudtrail_links::CloudTrailLinks;
use super::compiled_filter::CompiledFilter;
use super::history::History;
use super::{Finding, FindingKind, Question};
use crate::baseline::{Baseline, SingleEvent};
use crate::model::{ObservedPrincipal, Sighting, Text};

/// All of these findings that the question asks for.
pub(super) fn single_event_findings<'b>(
    baseline: &'b Baseline,
    question: &Question,
    admission: &CompiledFilter<'_>,
    past: &mut History<'_, 'b>,
) -> Vec<Finding<'b>> {
    let of = |kind, event: &'b [SingleEvent]| {
        let is_asked = question.report.contains(&kind);
        event.iter().filter(move |_| is_asked).map(move |event| Finding {
            linked: CloudTrailLinks::of_session(baseline, &event.who.key),
            ..finding_about(kind, (&event.who, &event.action, &event.sighting))
        })
    };
    let is_wanted = |finding: &Finding<'_>| question.is_in_window(finding) && admission.admits(finding);
    let insights = of(FindingKind::Insight, &baseline.insights).filter(is_wanted);
    // An insight is not about a single call: it neither failed nor succeeded, and has no past.
    let insights = insights.map(|finding| Finding { failed: None, ..finding });
    let root = of(FindingKind::RootActivity, &baseline.root).filter(is_wanted);
    insights.chain(root.map(|finding| past.extend(finding))).collect()
}

/// A finding about one record, without the history of its principal.
pub(super) fn finding_about<'b>(
    kind: FindingKind,
    (who, action, sighting): (&'b ObservedPrincipal, &'b Text, &'b Sighting),
) -> Finding<'b> {
    Finding {
        kind,
        time: sighting.time,
        who,
        action,
        value: None,
        gap_micros: None,
        age: None,
        failed: Some(sighting.failed),
        first_success: None,
        read_only: sighting.read_only,
        evidence: Some(sighting),
        rarity: None,
        linked: None,
        matched: None,
        known_to_iam: None,
        location: None,
        integrity: None,
        covered: None,
    }
}
