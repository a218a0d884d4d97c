//! What was noted beside the behaviours, as findings of their own kinds: what CloudTrail Insights noticed, and the hours in which
//! root users acted. No warmup holds for them.

use super::admission::Admission;
use super::links::Links;
use super::{AgeBasis, Finding, FindingKind, Question};
use crate::baseline::{Baseline, Noted};
use crate::model::{ObservedPrincipal, Sighting, Text};
use crate::time::Timestamp;

/// All of them that are wanted, given when the archive begins.
pub(super) fn noted<'b>(
    baseline: &'b Baseline,
    question: &Question,
    admission: &Admission<'_>,
    archive_start: Option<Timestamp>,
) -> Vec<Finding<'b>> {
    let of = |kind, noted: &'b [Noted]| {
        let is_asked = question.report.contains(&kind);
        noted.iter().filter(move |_| is_asked).map(move |noted| Finding {
            linked: Links::of_session(baseline, &noted.who.key),
            ..about(kind, (&noted.who, &noted.action, &noted.sighting), archive_start)
        })
    };
    let is_wanted = |finding: &Finding<'_>| question.is_in_window(finding) && admission.admits(finding);
    let all =
        of(FindingKind::Insight, &baseline.insights).chain(of(FindingKind::RootActivity, &baseline.root));
    all.filter(is_wanted).collect()
}

/// A finding about one event, whatever the warmup.
pub(super) fn about<'b>(
    kind: FindingKind,
    (who, action, sighting): (&'b ObservedPrincipal, &'b Text, &'b Sighting),
    archive_start: Option<Timestamp>,
) -> Finding<'b> {
    let anchor_time = archive_start.unwrap_or(sighting.time).min(sighting.time);
    Finding {
        kind,
        time: sighting.time,
        who,
        action,
        gap_micros: None,
        age_basis: AgeBasis::ArchiveStart,
        anchor_time,
        failed: sighting.failed,
        first_success: None,
        read_only: sighting.read_only,
        evidence: Some(sighting),
        first_for_account: false,
        first_for_archive: false,
        other_principals: 0,
        linked: None,
        matched: None,
        known_to_iam: None,
    }
}
