//! Episodes: findings of one principal, cut where a gap is longer than the question allows.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::TriageQuestion;
use super::population::Population;
use crate::baseline::{Baseline, Hit};
use crate::model::Dimension;
use crate::query::compiled_filter::CompiledFilter;
use crate::query::correlations::occurrences;
use crate::query::first_seen::{Candidate, Origin, of_sightings};
use crate::query::history::History;
use crate::query::hits::match_findings;
use crate::query::iam::Iam;
use crate::query::in_scope::first_counted;
use crate::query::single_event::finding_about;
use crate::query::{Finding, FindingKind, Match, Matched, Question};
use crate::time::Timestamp;

/// An episode before it is scored.
#[derive(Debug)]
pub(super) struct EpisodeDraft<'b> {
    pub(super) principal: u32,
    pub(super) is_new_principal: bool,
    pub(super) first_seen: Timestamp,
    /// Sorted, at least one; of a new action with the index of its behaviour.
    pub(super) findings: Vec<(Option<usize>, Finding<'b>)>,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// A finding with its principal, and with the index of its behaviour if it is a new action.
type NumberedFinding<'b> = (u32, Option<usize>, Finding<'b>);

impl TriageQuestion {
    /// The question about the findings that make up episodes.
    pub(super) fn of_findings(&self) -> Question {
        let dimensions = Dimension::LEARNT.map(FindingKind::of_dimension);
        Question {
            warmup: self.warmup,
            anchor: self.anchor,
            report: [&[FindingKind::NewAction, FindingKind::FirstSuccess], &dimensions[..]].concat(),
            read_to: self.read_to,
            only_success: self.only_success,
            ..Question::default()
        }
    }
}

/// All episodes of a baseline, sorted by start, principal and end; `asked` is the question about their findings.
pub(super) fn episodes<'b>(
    baseline: &'b Baseline,
    (question, asked): (&TriageQuestion, &Question),
    population: &Population,
) -> Vec<EpisodeDraft<'b>> {
    let Some(start) = population.start() else { return Vec::new() };
    let is_new = |principal: u32| {
        let first = population.first_seen(principal);
        first.is_some_and(|first| first.micros_since(start) >= question.warmup.micros())
    };
    let mut findings = findings(baseline, (question, asked), start, &is_new);
    findings
        .sort_by(|(left, _, earlier), (right, _, later)| left.cmp(right).then_with(|| order(earlier, later)));
    let mut drafts: Vec<EpisodeDraft<'b>> = Vec::new();
    for (principal, behaviour, finding) in findings {
        let time = finding.time;
        match drafts.last_mut() {
            Some(draft)
                if draft.principal == principal && time.micros_since(draft.end) <= question.gap.micros() =>
            {
                draft.end = time;
                draft.findings.push((behaviour, finding));
            }
            _ => drafts.push(EpisodeDraft {
                principal,
                is_new_principal: is_new(principal),
                first_seen: population.first_seen(principal).unwrap_or(time),
                findings: vec![(behaviour, finding)],
                start: time,
                end: time,
            }),
        }
    }
    drafts.sort_by_key(|draft| (draft.start, draft.principal, draft.end));
    drafts
}

/// The findings of all episodes, by principal. Of those for which `is_new` all first sightings count.
fn findings<'b>(
    baseline: &'b Baseline,
    (question, asked): (&TriageQuestion, &Question),
    start: Timestamp,
    is_new: &dyn Fn(u32) -> bool,
) -> Vec<NumberedFinding<'b>> {
    let mut origins: Vec<(u32, Option<usize>)> = Vec::new();
    let mut findings = Vec::new();
    let admission = CompiledFilter::new(Cow::Borrowed(&asked.filter));
    let iam = Iam::new(baseline);
    of_sightings(
        (baseline, &iam),
        asked,
        &admission,
        &mut |Candidate { origin, known_micros, finding, .. }| {
            let (principal, behaviour) = match origin {
                Origin::Behaviour(index) => (baseline.behaviours[index].principal, Some(index)),
                Origin::Value(index) => (baseline.values[index].principal, None),
            };
            let is_old = |known_micros: i64| known_micros >= question.warmup.micros() || is_new(principal);
            // A success soon after a new attempt is told with that.
            let attempt = behaviour
                .filter(|_| finding.kind == FindingKind::FirstSuccess)
                .and_then(|index| first_counted(&baseline.behaviours[index], asked));
            let is_told = attempt.is_some_and(|attempt| {
                let waited = finding.time.micros_since(attempt.time);
                waited <= question.gap.micros() && is_old(known_micros - waited)
            });
            if is_old(known_micros) && !is_told {
                origins.push((principal, behaviour));
                findings.push(finding);
            }
        },
    );
    let is_covered = match_findings(baseline, &mut findings);
    let mut past = History::new((baseline, &iam), asked, Some(start));
    for (principal, finding) in known_hits(baseline, (question, asked), &is_covered) {
        origins.push((principal, None));
        findings.push(past.extend(finding));
    }
    for finding in &mut findings {
        finding.known_to_iam = iam.knows(finding.who);
    }
    let numbered = origins.into_iter().zip(findings);
    numbered.map(|((principal, behaviour), finding)| (principal, behaviour, finding)).collect()
}

/// Events that no finding covers, and that a rule of the user's own list matched, as findings, and occurrences of the correlations in it.
fn known_hits<'b>(
    baseline: &'b Baseline,
    (question, asked): (&TriageQuestion, &Question),
    is_covered: &[bool],
) -> Vec<(u32, Finding<'b>)> {
    let is_known: Vec<bool> = baseline.rules.iter().map(|rule| question.known.names_rule(rule)).collect();
    let is_success = |hit: &Hit| !(asked.only_success && hit.sighting.failed);
    let counts = |hit: &Hit| {
        is_known[hit.rule as usize]
            && baseline.is_reported(hit)
            && asked.knows(hit.sighting.time)
            && is_success(hit)
    };
    let finding = |(hit, matched): (&'b Hit, Matched<'b>)| {
        let principal = baseline.principal_number(&hit.who)?;
        let about = finding_about(FindingKind::Rule, (&hit.who, &hit.action, &hit.sighting));
        Some((principal, Finding { matched: Some(Box::new(matched)), ..about }))
    };
    let uncovered = baseline.hits.iter().zip(is_covered).filter(|(_, is_covered)| !**is_covered);
    let hits = uncovered.map(|(hit, _)| hit).filter(|hit| counts(hit)).map(|hit| {
        let rules = vec![Match { rule: &baseline.rules[hit.rule as usize], hit, correlated: None }];
        (hit, Matched { rules, count: 1, last_time: None })
    });
    let occurrences = if is_known.contains(&true) {
        occurrences(baseline, None, |time| asked.knows(time))
    } else {
        Vec::new()
    };
    let occurrences = occurrences.into_iter().filter(|it| is_known[it.rule as usize]);
    let completed = occurrences
        .filter(|it| is_success(it.completed_by))
        .map(|it| (it.completed_by, it.matched(baseline)));
    hits.chain(completed).filter_map(finding).collect()
}

/// The order of the findings of an episode.
fn order(left: &Finding<'_>, right: &Finding<'_>) -> Ordering {
    fn key<'f>(finding: &'f Finding<'_>) -> impl Ord + use<'f> {
        let event = finding.evidence.map(|evidence| &evidence.event_id);
        (finding.time, event, finding.kind, finding.action, finding.value)
    }
    key(left).cmp(&key(right))
}
