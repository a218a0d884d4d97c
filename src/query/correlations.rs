//! Correlations: which groups of events fulfil them, by a sweep over the time of the events that their rules matched.
//!
//! A correlation is asked at each instant at which one of its events happened, about the events of one group in the span that
//! ends there, both ends included. Events of one instant have no order, so they are taken together. It is a pure function of the
//! hits, so the order in which objects were read, shards and saved baselines make no difference. Of a question with a beginning only
//! the instants from there on are asked, so no correlation needs hits from more than its own span before: how many more are
//! known makes no difference either.

mod window;

use std::collections::BTreeMap;

use self::window::Window;
use super::{Correlated, Match, Matched};
use crate::baseline::{Baseline, Hit};
use crate::model::{BaseRule, Correlation, RuleMetadata};
use crate::time::{Span, Timestamp};

/// A run of instants at which a correlation is fulfilled for one group of events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Occurrence<'b> {
    /// Number of the correlation in [`Baseline::rules`].
    pub(super) rule: u32,
    /// The first event of the span in which it was first fulfilled, of the instants that are asked about.
    pub(super) first: &'b Hit,
    /// An event that first fulfilled it.
    pub(super) completed_by: &'b Hit,
    /// The last event while it was fulfilled.
    pub(super) last: &'b Hit,
    /// Number of events from the first to the last.
    pub(super) count: u64,
}

impl<'b> Occurrence<'b> {
    /// The match of a finding about it.
    pub(super) fn matched(&self, baseline: &'b Baseline) -> Matched<'b> {
        let rule = &*baseline.rules[self.rule as usize];
        let base = &baseline.rules[self.completed_by.rule as usize];
        let correlated = rule.correlation.as_ref().map(|correlation| Correlated {
            correlation,
            first: self.first,
            count: self.count,
            base,
        });
        Matched {
            rules: vec![Match { rule, hit: self.completed_by, correlated }],
            count: self.count,
            last_time: Some(self.last.sighting.time),
        }
    }
}

/// An event that a rule of a correlation matched.
#[derive(Clone, Copy)]
pub(super) struct Member<'b> {
    hit: &'b Hit,
    /// The place of the rule in the correlation.
    place: usize,
    /// The value whose distinct values are counted.
    counted: Option<&'b str>,
    /// Whether no member before it is about the same event.
    is_new_event: bool,
}

impl Member<'_> {
    fn time(&self) -> Timestamp {
        self.hit.sighting.time
    }
}

/// All occurrences of all correlations at the instants from `from` on that `knows` admits; by correlation, group and time. One that is going
/// on at `from` begins at its first instant after it.
pub(super) fn occurrences<'b>(
    baseline: &'b Baseline,
    from: Option<Timestamp>,
    knows: impl Fn(Timestamp) -> bool,
) -> Vec<Occurrence<'b>> {
    let mut found = Vec::new();
    for (number, rule) in (0..).zip(&baseline.rules) {
        let Some(correlation) = &rule.correlation else { continue };
        let start = from.map(|from| from.minus(Span::of_micros(correlation.span_micros)));
        let counts = |time: Timestamp| start.is_none_or(|start| time >= start) && knows(time);
        for mut members in groups(baseline, correlation, counts).into_values() {
            in_order(&mut members);
            sweep((number, correlation), from, &members, &mut found);
        }
    }
    found
}

type Groups<'b> = BTreeMap<Vec<&'b str>, Vec<Member<'b>>>;

/// The events of each group. Events that lack a field of the group, or the field whose values are counted, do not count.
fn groups<'b>(
    baseline: &'b Baseline,
    correlation: &'b Correlation,
    counts: impl Fn(Timestamp) -> bool,
) -> Groups<'b> {
    let mut groups = Groups::new();
    for (place, base) in correlation.rules.iter().enumerate() {
        let Ok(number) = baseline.rules.binary_search_by(|rule| rule.key().cmp(&base.key())) else {
            continue;
        };
        let rule = &baseline.rules[number];
        for hit in baseline.hits_of(number as u32).iter().filter(|hit| counts(hit.sighting.time)) {
            let counted = base.counted.map(|place| rule.correlated_value(&hit.values, place));
            let (Some(group), None | Some(Some(_))) = (group_of(hit, base, rule), counted) else { continue };
            let member = Member { hit, place, counted: counted.flatten(), is_new_event: true };
            groups.entry(group).or_default().push(member);
        }
    }
    groups
}

/// The values of an event in the fields of the group.
fn group_of<'b>(hit: &'b Hit, base: &BaseRule, rule: &RuleMetadata) -> Option<Vec<&'b str>> {
    base.group.iter().map(|place| rule.correlated_value(&hit.values, *place)).collect()
}

/// Sorts members by time and event, and marks the first member of each event.
fn in_order(members: &mut [Member<'_>]) {
    members.sort_by(|left, right| left.hit.event_order(right.hit).then(left.place.cmp(&right.place)));
    for index in 1..members.len() {
        members[index].is_new_event = !members[index - 1].hit.is_same_event(members[index].hit);
    }
}

/// Finds the runs of instants from `from` on at which the window that ends there fulfils the correlation. Members before fill the window.
fn sweep<'b>(
    (rule, correlation): (u32, &Correlation),
    from: Option<Timestamp>,
    members: &[Member<'b>],
    found: &mut Vec<Occurrence<'b>>,
) {
    let mut window = Window::new(correlation);
    let mut open: Option<Occurrence<'b>> = None;
    let mut start = 0;
    for instant in members.chunk_by(|left, right| left.time() == right.time()) {
        let begin = instant[0].time().micros().saturating_sub(correlation.span_micros);
        while members[start].time().micros() < begin {
            window.remove(&members[start]);
            start += 1;
        }
        window.add(instant);
        // The events of a run overlap: each is in one span with the one before.
        let is_asked = from.is_none_or(|from| instant[0].time() >= from);
        let is_fulfilled = is_asked && window.is_fulfilled(begin);
        if !is_fulfilled || open.is_some_and(|run| run.last.sighting.time.micros() < begin) {
            found.extend(open.take());
        }
        if !is_fulfilled {
            continue;
        }
        let last = instant[instant.len() - 1].hit;
        let new = instant.iter().filter(|member| member.is_new_event).count() as u64;
        open = Some(match open {
            Some(run) => Occurrence { last, count: run.count + new, ..run },
            None => Occurrence {
                rule,
                first: members[start].hit,
                completed_by: instant.iter().max_by_key(|member| member.place).map_or(last, |it| it.hit),
                last,
                count: window.events(),
            },
        });
    }
    found.extend(open);
}
