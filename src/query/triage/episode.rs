//! Episodes: findings of one principal, cut where a gap is longer than the question allows.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::TriageQuestion;
use super::population::Population;
use crate::baseline::{Baseline, Hit};
use crate::model::{Dimension, ObservedPrincipal};
use crate::query::compiled_filter::CompiledFilter;
use crate::query::first_seen::{Candidate, Origin, of_sightings};
use crate::query::history::History;
use crate::query::hits::match_findings;
use crate::query::iam::Iam;
use crate::query::single_event::finding_about;
use crate::query::{Filter, Finding, FindingKind, Match, Matched, Question};
use crate::time::Timestamp;

/// The findings of an episode, before it is scored.
#[derive(Debug)]
pub(super) struct EpisodeDraft<'b> {
    pub(super) principal: u32,
    pub(super) is_new_principal: bool,
    /// Sorted, at least one.
    pub(super) findings: Vec<(Origin, Finding<'b>)>,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl TriageQuestion {
    /// The question about the findings that make up episodes.
    pub(super) fn of_findings(&self) -> Question {
        let dimensions = Dimension::LEARNT.map(FindingKind::of_dimension);
        Question {
            warmup: self.warmup,
            forget: None,
            anchor: self.anchor,
            report: [&[FindingKind::NewAction], &dimensions[..]].concat(),
            from: None,
            to: None,
            read_to: self.read_to,
            only_success: self.only_success,
            all_matches: false,
            filter: Filter::default(),
        }
    }
}

/// All episodes of a baseline, sorted by start, principal and end.
pub(super) fn episodes<'b>(
    baseline: &'b Baseline,
    question: &TriageQuestion,
    population: &Population,
) -> Vec<EpisodeDraft<'b>> {
    let asked = question.of_findings();
    let Some(start) = population.start() else { return Vec::new() };
    let is_new = |principal: u32| {
        let first = population.first_seen(principal);
        first.is_some_and(|first| first.micros_since(start) >= question.warmup.micros())
    };
    let mut of: Vec<(u32, Origin)> = Vec::new();
    let mut findings = Vec::new();
    let nothing = Filter::default();
    let admission = CompiledFilter::new(Cow::Borrowed(&nothing));
    let iam = Iam::new(baseline);
    of_sightings(
        (baseline, &iam),
        &asked,
        &admission,
        &mut |Candidate { origin, known_micros, finding, .. }| {
            let principal = match origin {
                Origin::Behaviour(index) => baseline.behaviours[index].principal,
                Origin::Value(index) => baseline.values[index].principal,
                Origin::Hit(_) => return,
            };
            if known_micros >= question.warmup.micros() || is_new(principal) {
                of.push((principal, origin));
                findings.push(finding);
            }
        },
    );
    let is_covered = match_findings(baseline, &mut findings);
    let mut past = History::new((baseline, &iam), &asked, Some(start));
    for (principal, hit, finding) in known_hits(baseline, question, &is_covered) {
        of.push((principal, Origin::Hit(hit)));
        findings.push(past.extend(finding));
    }
    for finding in &mut findings {
        finding.known_to_iam = iam.knows(finding.who);
    }
    let mut numbered: Vec<(u32, Origin, Finding<'b>)> = of
        .into_iter()
        .zip(findings)
        .map(|((principal, origin), finding)| (principal, origin, finding))
        .collect();
    numbered
        .sort_by(|(left, _, earlier), (right, _, later)| left.cmp(right).then_with(|| order(earlier, later)));
    let mut drafts: Vec<EpisodeDraft<'b>> = Vec::new();
    for (principal, origin, finding) in numbered {
        let time = finding.time;
        match drafts.last_mut() {
            Some(draft)
                if draft.principal == principal && time.micros_since(draft.end) <= question.gap.micros() =>
            {
                draft.end = time;
                draft.findings.push((origin, finding));
            }
            _ => drafts.push(EpisodeDraft {
                principal,
                is_new_principal: is_new(principal),
                findings: vec![(origin, finding)],
                start: time,
                end: time,
            }),
        }
    }
    drafts.sort_by_key(|draft| (draft.start, draft.principal, draft.end));
    drafts
}

/// Events that no finding covers, and that a rule of the user's own list matched, as findings.
fn known_hits<'b>(
    baseline: &'b Baseline,
    question: &TriageQuestion,
    is_covered: &[bool],
) -> Vec<(u32, usize, Finding<'b>)> {
    let is_known: Vec<bool> = baseline.rules.iter().map(|rule| question.known.names_rule(rule)).collect();
    let is_counted = |hit: &Hit| {
        let is_late = question.read_to.is_some_and(|read_to| hit.sighting.time > read_to);
        is_known[hit.rule as usize] && !is_late && !(question.only_success && hit.sighting.failed)
    };
    let hits = baseline.hits.iter().enumerate();
    let finding = |(index, hit): (usize, &'b Hit)| {
        if is_covered[index] || !is_counted(hit) {
            return None;
        }
        let place = |who: &ObservedPrincipal| who.account_and_key().cmp(&hit.who.account_and_key());
        let principal = baseline.principals.binary_search_by(place).ok()? as u32;
        let rules = vec![Match { rule: &baseline.rules[hit.rule as usize], hit }];
        let matched = Some(Box::new(Matched { rules, count: 1, last_time: None }));
        let about = finding_about(FindingKind::Rule, (&hit.who, &hit.action, &hit.sighting));
        Some((principal, index, Finding { matched, ..about }))
    };
    hits.filter_map(finding).collect()
}

/// The order of the findings of an episode.
fn order(left: &Finding<'_>, right: &Finding<'_>) -> Ordering {
    fn key<'f>(finding: &'f Finding<'_>) -> impl Ord + use<'f> {
        let event = finding.evidence.map(|evidence| &evidence.event_id);
        (finding.time, event, finding.kind, finding.action, finding.value)
    }
    key(left).cmp(&key(right))
}
