//! Builds a baseline from sightings. One builder for each worker.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::hit_collector::{BehaviourIds, HitCollector};
use super::merge::pop;
use super::received::add_received;
use super::single_event::{hour, sort_insights, sort_root};
use super::value_collector::ValueCollector;
use super::{
    ActiveDay, Baseline, Behaviour, Days, HitRetention, LoggingChange, LoggingChanges, Moment,
    ReceivedRequest, ReceivedRequests, SightingRef, SingleEvent, Values,
};
use crate::model::{
    Dimensions, Inventory, LoggingEffect, ObservedPrincipal, RuleMetadata, SharedTexts, Sighting, Text,
    Traits,
};
use crate::observe::{ActionId, Fingerprint, Observations, PrincipalId};
use crate::time::{Day, Timestamp};

/// One day of one behaviour, in the numbering of one [`Builder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowId(pub u32);

impl RowId {
    /// Of a record that is counted in no row.
    pub const NONE: Self = Self(u32::MAX);
}

/// Collects sightings under the ids of one observer.
#[derive(Debug, Default)]
pub struct Builder {
    behaviours: Vec<BehaviourDraft>,
    rows: Vec<DayRow>,
    /// Behaviours by principal and action.
    table: HashTable<u32>,
    /// Rows by behaviour and day; looked up when a sighting is not of the same day as the previous one.
    days: HashTable<u32>,
    hasher: FixedState,
    creations: BTreeMap<(Text, Text), Timestamp>,
    insights: Vec<SingleEvent>,
    /// By account, hour and whether it was in an `AssumeRoot` session.
    root: BTreeMap<(Box<str>, Timestamp, bool), SingleEvent>,
    logging: LoggingChanges,
    rules: Vec<Arc<RuleMetadata>>,
    hits: HitCollector,
    values: ValueCollector,
    received: ReceivedRequests,
    texts: SharedTexts,
}

/// A behaviour whose days are still in rows.
#[derive(Debug)]
struct BehaviourDraft {
    principal: u32,
    action: u32,
    first: Arc<Sighting>,
    first_success: Option<Arc<Sighting>>,
    last: Timestamp,
    /// Row of the last added sighting; initially that of another behaviour.
    row: u32,
}

/// An [`ActiveDay`] of a behaviour, or a part of one: a row whose counters are full is followed by another of its day.
#[derive(Clone, Copy, Debug)]
struct DayRow {
    behaviour: u32,
    day: Day,
    hours: u32,
    success_hours: u32,
    count: u32,
    errors: u32,
}

/// The baseline of one builder, and what its rows became.
#[derive(Debug)]
pub struct Built {
    /// Everything that was added.
    pub baseline: Baseline,
    /// For each [`RowId`] the index of its behaviour in the baseline.
    pub behaviour_of: Vec<u32>,
}

impl Builder {
    /// A builder for events that are matched against these rules, which are sorted by name and id, and whose values in these
    /// dimensions are kept.
    pub fn new(rules: Vec<Arc<RuleMetadata>>, kept: HitRetention, dimensions: Dimensions) -> Self {
        let (hits, values) = (HitCollector::new(&rules, kept), ValueCollector::new(dimensions));
        Self { rules, hits, values, ..Self::default() }
    }

    /// Adds one sighting; returns its row. The evidence is requested only if it may be kept, which few sightings need.
    pub fn add<'a>(
        &mut self,
        (principal, action): (PrincipalId, ActionId),
        moment: Moment,
        evidence: impl FnOnce() -> SightingRef<'a>,
    ) -> RowId {
        let pair = key(principal, action);
        let hash = self.hasher.hash_one(pair);
        let (day, hour) = moment.time.day_and_hour();
        let known = self.table.find(hash, |id| self.behaviours[*id as usize].key() == pair).copied();
        let id = known.unwrap_or(number(self.behaviours.len()));
        if known.is_some() {
            self.behaviours[id as usize].add(moment, evidence, &mut self.texts);
        } else {
            let Self { table, behaviours, hasher, .. } = self;
            table.insert_unique(hash, id, |id| hasher.hash_one(behaviours[*id as usize].key()));
            self.behaviours.push(BehaviourDraft::new(
                principal,
                action,
                moment,
                &evidence(),
                &mut self.texts,
            ));
        }
        let last = self.behaviours[id as usize].row;
        let of_this_day = |row: &DayRow| row.takes(id, day);
        let row =
            if self.rows.get(last as usize).is_some_and(of_this_day) { last } else { self.row(id, day) };
        self.behaviours[id as usize].row = row;
        self.rows[row as usize].add(hour, moment.failed);
        RowId(row)
    }

    /// Adds the values of an event in the dimensions that are kept. The event must have been added before.
    pub fn add_values<'a>(
        &mut self,
        pair: (PrincipalId, ActionId),
        moment: Moment,
        traits: &Traits<'_>,
        evidence: impl Fn() -> SightingRef<'a>,
    ) {
        self.values.add(pair, moment, traits, evidence, &mut self.texts);
    }

    /// The row of a behaviour's day, created if missing.
    fn row(&mut self, behaviour: u32, day: Day) -> u32 {
        let Self { rows, days, hasher, .. } = self;
        let hash_of = |behaviour: u32, day: Day| hasher.hash_one((behaviour, day));
        let hash = hash_of(behaviour, day);
        if let Some(row) = days.find(hash, |row| rows[*row as usize].takes(behaviour, day)) {
            return *row;
        }
        let new = number(rows.len());
        days.insert_unique(hash, new, |row| {
            let row = &rows[*row as usize];
            hash_of(row.behaviour, row.day)
        });
        rows.push(DayRow { behaviour, day, hours: 0, success_hours: 0, count: 0, errors: 0 });
        new
    }

    /// Subtracts copies that were added: they stay as evidence but no longer count.
    pub fn subtract(&mut self, row: RowId, count: u64, failed: u64) {
        if let Some(row) = self.rows.get_mut(row.0 as usize) {
            // The number of copies never exceeds the number of sightings.
            row.count -= number(count);
            row.errors -= number(failed);
        }
    }

    /// The day of each row, indexed by [`RowId`].
    pub fn row_days(&self) -> Vec<Day> {
        self.rows.iter().map(|row| row.day).collect()
    }

    /// Notes that a role or user was created. The earliest time counts.
    pub fn add_creation(&mut self, account: &str, key: &str, time: Timestamp) {
        let earliest = self.creations.entry((account.into(), key.into())).or_insert(time);
        *earliest = time.min(*earliest);
    }

    /// Adds a request to a cluster of which only the first stage is known so far. It has no row.
    pub fn add_received(
        &mut self,
        who: ObservedPrincipal,
        action: &str,
        sighting: &SightingRef<'_>,
        fingerprint: Fingerprint,
    ) -> RowId {
        let event =
            SingleEvent { who, action: action.into(), sighting: sighting.to_sighting(&mut self.texts) };
        add_received(&mut self.received, fingerprint, ReceivedRequest { event, count: 1 });
        RowId::NONE
    }

    /// Notes an event of CloudTrail Insights: an unusual rate of an action, with the caller that contributed most.
    pub fn add_insight(&mut self, who: ObservedPrincipal, action: &str, sighting: &SightingRef<'_>) {
        let sighting = sighting.to_sighting(&mut self.texts);
        self.insights.push(SingleEvent { who, action: action.into(), sighting });
    }

    /// Notes that an account's root user did an action. The first record of each hour is kept.
    pub fn add_root_event(
        &mut self,
        who: impl FnOnce() -> ObservedPrincipal,
        account: &str,
        action: &str,
        sighting: &SightingRef<'_>,
    ) {
        let key = (account.into(), hour(sighting.moment.time), sighting.evidence.detail.is_some());
        let known = self.root.get(&key);
        if known.is_none_or(|known| sighting.is_before(&known.sighting)) {
            let sighting = sighting.to_sighting(&mut self.texts);
            self.root.insert(key, SingleEvent { who: who(), action: action.into(), sighting });
        }
    }

    /// Notes a call that changed what is logged: what it did, and to what.
    pub fn add_logging_change(
        &mut self,
        who: ObservedPrincipal,
        action: &str,
        sighting: &SightingRef<'_>,
        (effect, target): (LoggingEffect, Option<&str>),
    ) {
        let sighting = sighting.to_sighting(&mut self.texts);
        let event = SingleEvent { who, action: action.into(), sighting };
        self.logging.add(LoggingChange { event, target: target.map(Text::from), effect, records: 1 });
    }

    /// Notes that an event matched rules: their numbers, and the values of their output fields. If the event counts, it must
    /// have been added before.
    pub fn add_hits(
        &mut self,
        pair: Option<(PrincipalId, ActionId)>,
        (who, action): (&ObservedPrincipal, &str),
        sighting: &SightingRef<'_>,
        rules: impl Iterator<Item = (u32, Values)>,
    ) {
        let Self { hits, behaviours, table, hasher, root, values, .. } = self;
        let known = EvidenceSoFar { behaviours, table, hasher, root, values };
        let event = (sighting.moment.time, sighting.evidence.event_id);
        hits.add((pair, who, action), sighting, || known.holds(pair, &who.account, event), rules);
        if hits.is_full() {
            hits.prune(|pair, hit| {
                let event = (hit.sighting.time, &*hit.sighting.event_id.text());
                known.holds(pair, &hit.who.account, event)
            });
        }
    }

    /// The baseline of all sightings; `observed` resolves the ids.
    pub fn finish(self, observed: Observations) -> Built {
        let Self { behaviours: drafts, rows, table, days, texts, .. } = self;
        // Frees memory that is no longer needed.
        drop((table, days, texts));
        let Observations { principals, actions, identity_links: links } = observed;
        let (principals, principal_ranks) = sorted(principals);
        let actions: Vec<Text> = actions.iter().map(|action| action.name().into()).collect();
        let (actions, action_ranks) = sorted(actions);
        let received = self.received;
        let values = self.values.finish(&principal_ranks, &action_ranks);
        let (behaviours, place_of) = behaviours(drafts, &rows, &principal_ranks, &action_ranks);
        let behaviour_of = rows.iter().map(|row| place_of[row.behaviour as usize]).collect();
        let mut insights = self.insights;
        sort_insights(&mut insights);
        let mut root = self.root.into_values().collect();
        sort_root(&mut root);
        let mut logging = self.logging;
        logging.sort();
        let creations = self.creations;
        let (rules, (hits, counted_hits)) = (self.rules, self.hits.finish());
        let baseline = Baseline {
            principals,
            actions,
            behaviours,
            values,
            received,
            creations,
            identity_links: links,
            insights,
            root,
            logging,
            rules,
            hits,
            counted_hits,
            inventory: Inventory::default(),
        };
        Built { baseline: baseline.without_unused(), behaviour_of }
    }
}

/// The sorted behaviours made from drafts and rows, and for each draft the number of its behaviour.
fn behaviours(
    mut drafts: Vec<BehaviourDraft>,
    rows: &[DayRow],
    principals: &[u32],
    actions: &[u32],
) -> (Vec<Behaviour>, Vec<u32>) {
    for (draft, id) in drafts.iter_mut().zip(0..) {
        draft.principal = principals[draft.principal as usize];
        draft.action = actions[draft.action as usize];
        draft.row = id;
    }
    // The last ones come first, so that the list shrinks while the other one grows.
    drafts.sort_unstable_by_key(|draft| std::cmp::Reverse((draft.key(), draft.row)));
    let mut day_counts = vec![0; drafts.len()];
    rows.iter().for_each(|row| day_counts[row.behaviour as usize] += 1);
    let mut place_of = vec![0; drafts.len()];
    let mut kept: Vec<Behaviour> = Vec::with_capacity(drafts.len());
    while let Some(draft) = pop(&mut drafts) {
        let id = draft.row;
        let mut behaviour = Behaviour::from(draft);
        // Two sources can split one action text differently: `a:b` and `c`, or `a` and `b:c`.
        match kept.last_mut() {
            Some(known) if known.ids() == behaviour.ids() => known.absorb(&behaviour),
            _ => {
                behaviour.days = Days::with_capacity(day_counts[id as usize]);
                kept.push(behaviour);
            }
        }
        place_of[id as usize] = number(kept.len() - 1);
    }
    for row in rows {
        let behaviour = &mut kept[place_of[row.behaviour as usize] as usize];
        behaviour.days.push(row.active());
    }
    for behaviour in &mut kept {
        behaviour.days.sort();
    }
    (kept, place_of)
}

/// Which events may be evidence of a finding, as far as known during the scan.
#[derive(Clone, Copy)]
struct EvidenceSoFar<'b> {
    behaviours: &'b [BehaviourDraft],
    table: &'b HashTable<u32>,
    hasher: &'b FixedState,
    root: &'b BTreeMap<(Box<str>, Timestamp, bool), SingleEvent>,
    values: &'b ValueCollector,
}

impl EvidenceSoFar<'_> {
    /// Whether an event with this time and id is the first of its behaviour, of a value or of an hour of a root user. If its principal
    /// and action are not known, this is assumed.
    fn holds(self, pair: BehaviourIds, account: &str, event: (Timestamp, &str)) -> bool {
        let Some((principal, action)) = pair else { return true };
        let is_it = |sighting: &Sighting| sighting.time == event.0 && sighting.event_id == *event.1;
        let pair = key(principal, action);
        let hash = self.hasher.hash_one(pair);
        let found = self.table.find(hash, |id| self.behaviours[*id as usize].key() == pair);
        let begins = found.is_none_or(|id| {
            let draft = &self.behaviours[*id as usize];
            is_it(&draft.first) || draft.first_success.as_ref().is_some_and(|success| is_it(success))
        });
        let of_root = |assumed| {
            let event = self.root.get(&(account.into(), hour(event.0), assumed));
            event.is_some_and(|event| is_it(&event.sighting))
        };
        begins
            || self.values.has_first(principal, event)
            || !self.root.is_empty() && [false, true].into_iter().any(of_root)
    }
}

/// Principal and action in one word.
fn key(principal: PrincipalId, action: ActionId) -> u64 {
    u64::from(principal.0) << 32 | u64::from(action.0)
}

/// The number of the next item; ids end at 2³² − 1, long after memory.
fn number(length: impl TryInto<u32>) -> u32 {
    length.try_into().unwrap_or(u32::MAX)
}

/// Sorts items and removes duplicates; returns them and for each old index the new one.
fn sorted<T: Ord>(items: Vec<T>) -> (Vec<T>, Vec<u32>) {
    let mut order: Vec<(T, usize)> = items.into_iter().zip(0..).collect();
    order.sort_unstable();
    let mut ranks = vec![0; order.len()];
    let mut sorted: Vec<T> = Vec::with_capacity(order.len());
    for (item, index) in order {
        if sorted.last() != Some(&item) {
            sorted.push(item);
        }
        ranks[index] = number(sorted.len() - 1);
    }
    (sorted, ranks)
}

impl From<BehaviourDraft> for Behaviour {
    fn from(draft: BehaviourDraft) -> Self {
        let BehaviourDraft { principal, action, first, first_success, last, row: _ } = draft;
        Self { principal, action, first, first_success, last, days: Days::default() }
    }
}

impl DayRow {
    /// Whether a sighting of this behaviour and day belongs in this row.
    fn takes(&self, behaviour: u32, day: Day) -> bool {
        self.behaviour == behaviour && self.day == day && self.count < u32::MAX
    }

    /// Adds one sighting.
    fn add(&mut self, hour: u8, failed: bool) {
        let bit = 1 << hour;
        self.hours |= bit;
        self.success_hours |= if failed { 0 } else { bit };
        self.count += 1;
        self.errors += u32::from(failed);
    }

    fn active(&self) -> ActiveDay {
        let Self { behaviour: _, day, hours, success_hours, count, errors } = *self;
        ActiveDay { day, hours, success_hours, count: count.into(), errors: errors.into() }
    }
}

impl BehaviourDraft {
    fn key(&self) -> u64 {
        key(PrincipalId(self.principal), ActionId(self.action))
    }

    fn new(
        principal: PrincipalId,
        action: ActionId,
        moment: Moment,
        sighting: &SightingRef<'_>,
        texts: &mut SharedTexts,
    ) -> Self {
        let first = Arc::new(sighting.to_sighting(texts));
        Self {
            principal: principal.0,
            action: action.0,
            first_success: (!moment.failed).then(|| Arc::clone(&first)),
            first,
            last: moment.time,
            row: 0,
        }
    }

    fn add<'a>(
        &mut self,
        moment: Moment,
        evidence: impl FnOnce() -> SightingRef<'a>,
        texts: &mut SharedTexts,
    ) {
        let Moment { time, failed } = moment;
        self.last = self.last.max(time);
        let may_be_success = !failed && self.first_success.as_ref().is_none_or(|known| time <= known.time);
        if time > self.first.time && !may_be_success {
            return;
        }
        let sighting = evidence();
        let earliest = sighting.is_before(&self.first);
        let earliest_success =
            may_be_success && self.first_success.as_ref().is_none_or(|known| sighting.is_before(known));
        if !earliest && !earliest_success {
            return;
        }
        let sighting = Arc::new(sighting.to_sighting(texts));
        if earliest_success {
            self.first_success = Some(Arc::clone(&sighting));
        }
        if earliest {
            self.first = sighting;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::SightingPlace;
    use crate::model::Evidence;

    #[test]
    fn a_full_row_is_continued_in_another_of_the_same_day() {
        let (pair, object) = ((PrincipalId(0), ActionId(0)), Text::from("object"));
        let moment = Moment { time: Timestamp::parse("2024-03-01T10:00:00Z").unwrap(), failed: false };
        let evidence = Evidence { event_id: "1", ..Evidence::default() };
        let place = SightingPlace { archive: 1, object: &object, record: 0 };
        let sighting = || SightingRef { moment, place, read_only: None, evidence };
        let mut builder = Builder::default();
        assert_eq!(builder.add(pair, moment, sighting.clone()), RowId(0));
        builder.rows[0].count = u32::MAX;
        assert_eq!(builder.add(pair, moment, sighting.clone()), RowId(1));
        assert_eq!(builder.add(pair, moment, sighting), RowId(1));
        let (behaviours, _) = behaviours(builder.behaviours, &builder.rows, &[0], &[0]);
        let count = u64::from(u32::MAX) + 2;
        assert_eq!(
            (behaviours[0].count(), behaviours[0].days.len(), behaviours[0].days[0].count),
            (count, 1, count)
        );
    }
}
