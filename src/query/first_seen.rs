//! What every principal did for the first time, or again after a long time, after its warmup.
//!
//! The rules are those of `docs/method.md`, "Findings". `≥` is exact: a sighting N × 86,400 s after the anchor is
//! reported, one a microsecond earlier is not. Gaps are measured from the start of an hour to the start of an hour,
//! since baselines keep only hours.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::num::NonZero;
use std::ptr;

use super::age::Ages;
use super::cloudtrail_links::CloudTrailLinks;
use super::compiled_filter::CompiledFilter;
use super::history::History;
use super::hits::add_rule_matches;
use super::iam::Iam;
use super::in_scope::{first_counted, first_success};
use super::new_value::{self, ValueRarities};
use super::rarity::Rarities;
use super::single_event::{finding_about, single_event_findings};
use super::warmup_effect::WarmupEffect;
use super::{Age, Finding, FindingKind, FindingOrder, Question, Severity};
use crate::baseline::{Baseline, Behaviour, DimensionValue};
use crate::model::{InOrder, ObservedPrincipal, Sighting};
use crate::time::Timestamp;

/// All findings, in the order of the question.
pub fn first_seen<'b>(baseline: &'b Baseline, question: &Question) -> Vec<Finding<'b>> {
    first_seen_with_warmup_effect(baseline, question).0
}

/// All findings, and the effect of the warmup.
pub fn first_seen_with_warmup_effect<'b>(
    baseline: &'b Baseline,
    question: &Question,
) -> (Vec<Finding<'b>>, WarmupEffect) {
    let admission = CompiledFilter::new(Cow::Borrowed(&question.filter));
    let iam = Iam::new(baseline);
    // Findings take most of the memory of an answer. Most behaviours have at most one, and unwritten memory is not yet
    // committed.
    let mut findings = Vec::with_capacity(baseline.behaviours.len());
    let start = beginning(baseline, question);
    let mut effect = WarmupEffect::new(baseline, question, start);
    let mut known = None;
    of_sightings(
        (baseline, &iam),
        question,
        &admission,
        &mut |Candidate { known_micros, anchor_time, finding, .. }| {
            if known != Some((finding.account(), finding.principal())) {
                known = Some((finding.account(), finding.principal()));
                effect.begin_principal(anchor_time);
            }
            if Severity::without_rules(&finding) >= question.min_severity {
                effect.count(known_micros);
            }
            if known_micros < question.warmup.micros() {
                return;
            }
            findings.push(finding);
        },
    );
    findings.shrink_to_fit();
    let mut past = History::new((baseline, &iam), question, start);
    findings.extend(single_event_findings(baseline, question, &admission, &mut past));
    add_rule_matches(baseline, question, &admission, &mut past, &mut findings);
    // Only now: a rule may raise the severity.
    if question.min_severity > Severity::default() {
        findings.retain(|finding| finding.severity() >= question.min_severity);
    }
    for finding in &mut findings {
        finding.known_to_iam = iam.knows(finding.who);
    }
    sort(&mut findings, question.sort);
    (findings, effect)
}

/// The first sighting of the archive.
fn beginning(baseline: &Baseline, question: &Question) -> Option<Timestamp> {
    let sightings = baseline.behaviours.iter().filter_map(|behaviour| first_counted(behaviour, question));
    sightings.map(|sighting| sighting.time).min()
}

/// Sorts findings, stably. Sorts their indices, beside what tells most of them apart: that takes little memory, and looks at few findings.
fn sort(findings: &mut [Finding<'_>], by: FindingOrder) {
    let key = |finding: &Finding<'_>| {
        let by_severity = match by {
            FindingOrder::Time => Severity::default(),
            FindingOrder::Severity => finding.severity(),
        };
        (Reverse(by_severity), finding.time)
    };
    let mut order: Vec<_> = findings.iter().map(key).zip(0_u32..).collect();
    order.sort_by(|(left, at), (right, other)| {
        left.cmp(right).then_with(|| report_order(&findings[*at as usize], &findings[*other as usize]))
    });
    let mut order: Vec<u32> = order.into_iter().map(|(_, at)| at).collect();
    for start in 0..order.len() {
        // Follows each cycle of the permutation once; finished places point to themselves.
        let mut place = start;
        loop {
            let source = std::mem::replace(&mut order[place], place as u32) as usize;
            if source == start {
                break;
            }
            findings.swap(place, source);
            place = source;
        }
    }
}

/// A finding that is reported if its principal was known for long enough.
pub(super) struct Candidate<'b> {
    /// What it was made of.
    pub(super) origin: Origin,
    /// The age compared with the warmup, in microseconds: that of the principal; for a new principal that of the archive.
    pub(super) known_micros: i64,
    /// The start of its principal's age.
    pub(super) anchor_time: Timestamp,
    /// The finding.
    pub(super) finding: Finding<'b>,
}

/// What a finding about a sighting was made of, by its index in the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Behaviour(usize),
    Value(usize),
}

/// Produces possible findings about sightings, regardless of warmup: by principal, otherwise in no order.
pub(super) fn of_sightings<'b>(
    (baseline, iam): (&'b Baseline, &Iam<'b>),
    question: &Question,
    admission: &CompiledFilter<'_>,
    give: &mut dyn FnMut(Candidate<'b>),
) {
    let Some(archive_start) = beginning(baseline, question) else { return };
    let links = CloudTrailLinks::new(baseline);
    let rarities = Rarities::new(baseline, question);
    let value_rarities = ValueRarities::new(baseline, question);
    let ages = Ages { baseline, iam, anchor: question.anchor, archive_start };
    let actions: Vec<bool> = baseline.actions.iter().map(|action| admission.admits_action(action)).collect();
    let (mut start, mut first_value) = (0, 0);
    for behaviours in baseline.behaviours.chunk_by(|a, b| a.principal == b.principal) {
        let values = values_of(behaviours[0].principal, &baseline.values[first_value..]);
        let principal = PrincipalView {
            baseline,
            ages: &ages,
            behaviours,
            start,
            values,
            first_value,
            rarities: &rarities,
            value_rarities: &value_rarities,
            links: &links,
            admission,
            actions: &actions,
        };
        start += behaviours.len();
        first_value += values.len();
        principal.candidates(question, give);
    }
}

/// The values of a principal, which are the first of these.
fn values_of(principal: u32, values: &[DimensionValue]) -> &[DimensionValue] {
    &values[..values.partition_point(|value| value.principal <= principal)]
}

/// The order of findings at the same time. Most of these are about one event.
fn report_order<'b>(left: &Finding<'b>, right: &Finding<'b>) -> Ordering {
    let by_principal = || (left.account(), left.principal()).cmp(&(right.account(), right.principal()));
    let by_principal = if ptr::eq(left.who, right.who) { Ordering::Equal } else { by_principal() };
    by_principal
        .then_with(|| (left.action, left.kind, left.value).cmp(&(right.action, right.kind, right.value)))
}

/// One principal with all its behaviours.
struct PrincipalView<'q, 'b> {
    baseline: &'b Baseline,
    ages: &'q Ages<'q, 'b>,
    behaviours: &'b [Behaviour],
    /// Index of its first behaviour in the baseline.
    start: usize,
    values: &'b [DimensionValue],
    /// Index of its first value in the baseline.
    first_value: usize,
    rarities: &'q Rarities,
    value_rarities: &'q ValueRarities,
    links: &'q CloudTrailLinks<'b>,
    admission: &'q CompiledFilter<'q>,
    /// Which actions are wanted.
    actions: &'q [bool],
}

/// A sighting that may be a finding.
struct Occurrence<'b> {
    kind: FindingKind,
    /// Index among the principal's behaviours.
    index: usize,
    time: Timestamp,
    known_micros: i64,
    gap_micros: Option<NonZero<i64>>,
    failed: bool,
    evidence: Option<&'b Sighting>,
}

impl<'b> PrincipalView<'_, 'b> {
    fn candidates(&self, question: &Question, give: &mut dyn FnMut(Candidate<'b>)) {
        let sightings = || {
            let indexed = self.behaviours.iter().enumerate();
            indexed.filter_map(|(index, behaviour)| Some((index, first_counted(behaviour, question)?)))
        };
        let first = sightings().min_by(|(_, left), (_, right)| left.order(*right));
        let Some((first_index, first)) = first else { return };
        let age = self.ages.of(self.who(), first.time);
        let anchor_time = age.anchor_time;
        let is_admitted = self.admission.admits_principal(self.who());
        let mut report = |occurrence: Occurrence<'b>| {
            let in_window = question.from.is_none_or(|from| occurrence.time >= from)
                && question.to.is_none_or(|to| occurrence.time <= to);
            let action = self.behaviours[occurrence.index].action;
            if in_window && self.actions[action as usize] {
                let finding = self.finding(&occurrence, age, question);
                if (is_admitted || self.admission.admits_linked(&finding))
                    && self.admission.admits_call(finding.region(), finding.read_only)
                {
                    give(Candidate {
                        origin: Origin::Behaviour(self.start + occurrence.index),
                        known_micros: occurrence.known_micros,
                        anchor_time,
                        finding,
                    });
                }
            }
        };
        if question.report.contains(&FindingKind::NewPrincipal) {
            report(Occurrence::first(FindingKind::NewPrincipal, first_index, first, self.ages.archive_start));
        }
        if question.report.contains(&FindingKind::NewAction) {
            for (index, sighting) in sightings() {
                report(Occurrence::first(FindingKind::NewAction, index, sighting, anchor_time));
            }
        }
        if question.report.contains(&FindingKind::FirstSuccess) {
            for (index, _) in sightings().filter(|(_, attempt)| attempt.failed) {
                if let Some(success) = first_success(&self.behaviours[index], question) {
                    report(Occurrence::first(FindingKind::FirstSuccess, index, success, anchor_time));
                }
            }
        }
        if question.report.contains(&FindingKind::ReturningAction)
            && let Some(forget) = question.forget
        {
            for (index, behaviour) in self.behaviours.iter().enumerate() {
                for hours in returns(behaviour, question.only_success, forget.micros()) {
                    if !question.knows(hours[1]) {
                        break;
                    }
                    report(Occurrence::returning(index, behaviour, hours, anchor_time));
                }
            }
        }
        self.new_values(age, question, give);
    }

    /// Produces the new values of dimensions.
    fn new_values(&self, age: Age, question: &Question, give: &mut dyn FnMut(Candidate<'b>)) {
        let is_admitted = self.admission.admits_principal(self.who());
        for (value, index) in self.values.iter().zip(self.first_value..) {
            let kind = FindingKind::of_dimension(value.dimension);
            let first = new_value::first_counted(value, question).filter(|_| question.report.contains(&kind));
            let Some(first) = first.filter(|first| self.actions[first.action as usize]) else { continue };
            let sighting = &*first.sighting;
            if !question.is_time_in_window(sighting.time) {
                continue;
            }
            let success = value.first_success.as_ref().map(|success| &*success.sighting);
            let finding = Finding {
                value: Some(&value.value),
                age: Some(age),
                first_success: success.filter(|success| question.knows(success.time)),
                rarity: self.value_rarities.of(index),
                linked: self.links.find(self.who(), sighting),
                ..finding_about(kind, (self.who(), &self.baseline.actions[first.action as usize], sighting))
            };
            if (is_admitted || self.admission.admits_linked(&finding))
                && self.admission.admits_call(finding.region(), finding.read_only)
            {
                let known_micros = sighting.time.micros_since(age.anchor_time);
                let origin = Origin::Value(index);
                give(Candidate { origin, known_micros, anchor_time: age.anchor_time, finding });
            }
        }
    }

    fn who(&self) -> &'b ObservedPrincipal {
        &self.baseline.principals[self.behaviours[0].principal as usize]
    }

    fn finding(&self, occurrence: &Occurrence<'b>, age: Age, question: &Question) -> Finding<'b> {
        let behaviour = &self.behaviours[occurrence.index];
        let principal = self.who();
        let rarity = match occurrence.kind {
            FindingKind::ReturningAction | FindingKind::FirstSuccess => {
                self.rarities.of_later(behaviour.action, occurrence.time)
            }
            _ => self.rarities.of_first(self.start + occurrence.index),
        };
        let action = &self.baseline.actions[behaviour.action as usize];
        // Of a return there is no record: of what it does not tell, the first record of the behaviour must do.
        let sighting = occurrence.evidence.unwrap_or(&behaviour.first);
        Finding {
            time: occurrence.time,
            gap_micros: occurrence.gap_micros,
            age: Some(age),
            failed: Some(occurrence.failed),
            first_success: first_success(behaviour, question),
            evidence: occurrence.evidence,
            rarity: Some(rarity),
            linked: self.links.find(principal, sighting),
            ..finding_about(occurrence.kind, (principal, action, sighting))
        }
    }
}

impl<'b> Occurrence<'b> {
    fn first(kind: FindingKind, index: usize, sighting: &'b Sighting, since: Timestamp) -> Self {
        Self {
            kind,
            index,
            time: sighting.time,
            known_micros: sighting.time.micros_since(since),
            gap_micros: None,
            failed: sighting.failed,
            evidence: Some(sighting),
        }
    }

    fn returning(index: usize, behaviour: &Behaviour, hours: [Timestamp; 2], since: Timestamp) -> Self {
        let [before, time] = hours;
        let (day, hour) = time.day_and_hour();
        let succeeded = behaviour
            .days
            .binary_search_by_key(&day, |active| active.day)
            .is_ok_and(|at| behaviour.days[at].success_hours >> hour & 1 == 1);
        Self {
            kind: FindingKind::ReturningAction,
            index,
            time,
            known_micros: time.micros_since(since),
            gap_micros: NonZero::new(time.micros_since(before)),
            failed: !succeeded,
            evidence: None,
        }
    }
}

/// Pairs of neighbouring active hours that are further apart than `forget` microseconds.
fn returns(
    behaviour: &Behaviour,
    only_success: bool,
    forget: i64,
) -> impl Iterator<Item = [Timestamp; 2]> + '_ {
    let mut before: Option<Timestamp> = None;
    let hours = behaviour.days.iter().flat_map(move |active| active.hour_starts(only_success));
    hours.filter_map(move |hour| {
        let pair = before.replace(hour).map(|before| [before, hour]);
        pair.filter(|[before, hour]| hour.micros_since(*before) > forget)
    })
}
