//! What rules matched: joined to the findings of the same events, and as findings of their own.

use std::collections::HashMap;

use super::links::Links;
use super::noted::about;
use super::{Finding, FindingKind, Match, Question};
use crate::baseline::{Baseline, Hit, Sighting};
use crate::observe::ObservedPrincipal;
use crate::time::Timestamp;

/// What tells an event from all others: who, and its id, or where it stands if it has none.
type Event<'b> = (&'b str, &'b str, Result<&'b str, (u32, &'b str, u32)>);

fn event<'b>(who: &'b ObservedPrincipal, sighting: &'b Sighting) -> Event<'b> {
    let id = match &*sighting.event_id {
        "" => Err((sighting.archive, &*sighting.object, sighting.record)),
        id => Ok(id),
    };
    (&who.account, &who.key, id)
}

/// Gives findings the rules that their events matched, and adds findings of hits that none of these tells of; with
/// [`Question::every_hit`] of all.
pub(super) fn join<'b>(
    baseline: &'b Baseline,
    question: &Question,
    archive_start: Option<Timestamp>,
    findings: &mut Vec<Finding<'b>>,
) {
    let mut of_event: HashMap<Event<'b>, Vec<usize>> = HashMap::new();
    for (number, hit) in baseline.hits.iter().enumerate() {
        of_event.entry(event(&hit.who, &hit.sighting)).or_default().push(number);
    }
    let mut is_told = vec![false; baseline.hits.len()];
    for finding in findings.iter_mut() {
        let Some(evidence) = finding.evidence else { continue };
        for number in of_event.get(&event(finding.who, evidence)).into_iter().flatten() {
            is_told[*number] = true;
            finding.matched.push(matched(baseline, &baseline.hits[*number]));
        }
        finding.matched.sort_by_key(|one| one.rule.priority);
    }
    if baseline.hits.is_empty() || !question.report.contains(&FindingKind::Rule) {
        return;
    }
    let untold = baseline.hits.iter().zip(is_told).filter(|(_, is_told)| question.every_hit || !is_told);
    let links = Links::new(baseline);
    let is_wanted = |finding: &Finding<'_>| {
        let counts = !(question.only_success && finding.failed);
        counts && question.is_in_window(finding) && question.filter.admits(finding)
    };
    let wanted = untold.map(|(hit, _)| {
        let linked = links.find(&hit.who, &hit.sighting);
        (hit, Finding { linked, ..finding(baseline, hit, archive_start) })
    });
    let wanted: Vec<(&Hit, Finding<'b>)> = wanted.filter(|(_, finding)| is_wanted(finding)).collect();
    let same = |left: &Hit, right: &Hit| left.rule == right.rule && left.who.place() == right.who.place();
    for group in wanted.chunk_by(|(left, _), (right, _)| !question.every_hit && same(left, right)) {
        let [(_, first), ..] = group else { continue };
        let (last, _) = &group[group.len() - 1];
        let last_time = Some(last.sighting.time);
        findings.push(Finding { count: group.len() as u64, last_time, ..first.clone() });
    }
}

fn matched<'b>(baseline: &'b Baseline, hit: &'b Hit) -> Match<'b> {
    Match { rule: &baseline.rules[hit.rule as usize], hit }
}

fn finding<'b>(baseline: &'b Baseline, hit: &'b Hit, archive_start: Option<Timestamp>) -> Finding<'b> {
    let about = about(FindingKind::Rule, (&hit.who, &hit.action, &hit.sighting), archive_start);
    Finding { matched: vec![matched(baseline, hit)], ..about }
}
