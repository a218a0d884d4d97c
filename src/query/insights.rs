//! What CloudTrail Insights noticed, as findings of their own kind. No warmup holds for them.

use super::{AgeBasis, Finding, FindingKind, Question};
use crate::baseline::{Baseline, InsightSighting};
use crate::time::Timestamp;

/// All of them that are wanted, given when the archive begins.
pub(super) fn insights<'b>(
    baseline: &'b Baseline,
    question: &Question,
    archive_start: Option<Timestamp>,
) -> Vec<Finding<'b>> {
    let is_wanted = |insight: &&InsightSighting| {
        let time = insight.sighting.time;
        question.from.is_none_or(|from| time >= from)
            && question.to.is_none_or(|to| time <= to)
            && question.until.is_none_or(|until| time <= until)
    };
    let findings = baseline.insights.iter().filter(is_wanted).map(|insight| finding(insight, archive_start));
    findings.filter(|finding| question.filter.admits(finding)).collect()
}

fn finding(insight: &InsightSighting, archive_start: Option<Timestamp>) -> Finding<'_> {
    let InsightSighting { who, action, sighting } = insight;
    let anchor_time = archive_start.unwrap_or(sighting.time).min(sighting.time);
    let age = sighting.time.micros_since(anchor_time);
    Finding {
        kind: FindingKind::Insight,
        time: sighting.time,
        who,
        account: &who.account,
        principal: &who.key,
        principal_kind: who.kind,
        action,
        age_micros: age,
        known_micros: age,
        gap_micros: None,
        age_basis: AgeBasis::ArchiveStart,
        anchor_time,
        failed: sighting.failed,
        first_success: None,
        read_only: None,
        evidence: Some(sighting),
        first_for_account: false,
        first_for_archive: false,
        other_principals: 0,
        linked: None,
    }
}
