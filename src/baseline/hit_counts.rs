//! Hits that are counted but not kept: for each rule and principal the first, the last and the number.
//!
//! A hit is counted once, however often its record was delivered: 16 bytes per hit identify copies. Hits kept in full
//! ([`super::Baseline::hits`]) are counted, too.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::{Hit, Relevance, SightingRef};
use crate::model::{InOrder, ObservedPrincipal, Text};
use crate::time::Timestamp;

/// Number of hits after which copies among them are removed first.
const MANY: usize = 1 << 16;

/// Hits by rule and principal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CountedHits {
    /// In arbitrary order.
    groups: Vec<HitGroup>,
    /// Identifies each hit, with its group. Sorted and without repeats once it was [settled](Self::settle).
    fingerprints: Vec<(u64, u32)>,
    /// The rules that matched an event in the window of the question that its filters leave out.
    left_out: BTreeSet<u32>,
}

/// The hits of one rule and one principal; where the identity behind the principal matters, also of one access key, unique id and
/// role.
#[derive(Clone, Debug, PartialEq)]
pub struct HitGroup {
    rule: u32,
    account: Text,
    principal: Text,
    linked_identity: Option<Box<[Option<Box<str>>; 4]>>,
    /// The first hit not kept in full, in the order of hits, and the time of the last.
    pub rest: Option<(Hit, Timestamp)>,
    /// Number of all hits.
    pub count: u64,
}

/// What the hits of a group have in common.
#[derive(PartialEq, Eq, Hash)]
struct Key<'k> {
    rule: u32,
    account: &'k str,
    principal: &'k str,
    linked_identity: Option<[Option<&'k str>; 4]>,
}

impl<'k> Key<'k> {
    fn of(rule: u32, who: &'k ObservedPrincipal, sighting: &'k SightingRef<'_>, asked: Relevance) -> Self {
        let text = |text: Option<&'k str>| text.filter(|text| !text.is_empty());
        let evidence = &sighting.evidence;
        let linked_identity = || {
            [
                text(evidence.access_key_id),
                text(evidence.principal_id),
                text(evidence.impersonated_by.as_deref()),
                who.arn.as_deref(),
            ]
        };
        let linked_identity = (asked == Relevance::IfLinked).then(linked_identity);
        Self { rule, account: &who.account, principal: &who.key, linked_identity }
    }
}

impl HitGroup {
    fn of(key: &Key<'_>) -> Self {
        Self {
            rule: key.rule,
            account: key.account.into(),
            principal: key.principal.into(),
            linked_identity: key.linked_identity.map(|texts| Box::new(texts.map(|text| text.map(Box::from)))),
            rest: None,
            count: 0,
        }
    }

    fn key(&self) -> Key<'_> {
        let linked_identity =
            self.linked_identity.as_ref().map(|texts| texts.each_ref().map(Option::as_deref));
        Key { rule: self.rule, account: &self.account, principal: &self.principal, linked_identity }
    }

    /// Its rule, an index in [`super::Baseline::rules`], and account and key of its principal.
    pub fn group_key(&self) -> (u32, &str, &str) {
        (self.rule, &self.account, &self.principal)
    }

    /// Access key, unique id and name of the identity behind the principal of its hits, where that matters.
    pub fn linked_identity(&self) -> Option<[Option<&str>; 3]> {
        let [key, id, name, _] = self.linked_identity.as_deref()?;
        Some([key, id, name].map(Option::as_deref))
    }

    /// Adds hits that are not kept in full, given the first and the time of the last.
    fn absorb(&mut self, hit: Hit, last: Timestamp) {
        self.rest = Some(match self.rest.take() {
            None => (hit, last),
            Some((first, known)) => (if hit.order(&first).is_lt() { hit } else { first }, known.max(last)),
        });
    }
}

impl CountedHits {
    /// All groups that have a hit.
    pub fn groups(&self) -> &[HitGroup] {
        &self.groups
    }

    /// The rules that matched an event in the window of the question, whether its filters want it or not, by number.
    pub fn rules(&self) -> impl Iterator<Item = u32> {
        self.groups.iter().map(|group| group.rule).chain(self.left_out.iter().copied())
    }

    /// Adds the hits of another worker, whose rules have the same numbers.
    pub(super) fn absorb(&mut self, other: Self) {
        self.left_out.extend(&other.left_out);
        if other.groups.is_empty() {
            return;
        }
        let mut counter = Counter::default();
        std::mem::swap(&mut counter.counted, self);
        for (number, group) in (0..).zip(&counter.counted.groups) {
            let hash = counter.hasher.hash_one(group.key());
            let groups = &counter.counted.groups;
            counter.table.insert_unique(hash, number, |number| {
                counter.hasher.hash_one(groups[*number as usize].key())
            });
        }
        let mut number_of = Vec::with_capacity(other.groups.len());
        for group in other.groups {
            let number = counter.group(group.key());
            number_of.push(number.0);
            if let Some((first, last)) = group.rest {
                counter.counted.groups[number.0 as usize].absorb(first, last);
            }
        }
        let fingerprints = other.fingerprints.into_iter();
        counter
            .counted
            .fingerprints
            .extend(fingerprints.map(|(fingerprint, group)| (fingerprint, number_of[group as usize])));
        *self = counter.finish();
    }

    /// Removes copies and counts again.
    pub(super) fn settle(&mut self) {
        self.fingerprints.sort_unstable();
        self.fingerprints.dedup();
        self.groups.iter_mut().for_each(|group| group.count = 0);
        for (_, group) in &self.fingerprints {
            self.groups[*group as usize].count += 1;
        }
    }

    /// The principals of hits that are not kept in full.
    pub(super) fn principals(&self) -> impl Iterator<Item = &ObservedPrincipal> {
        self.groups.iter().filter_map(|group| group.rest.as_ref()).map(|(first, _)| &*first.who)
    }

    /// The same with other names of principals, by account and key. Groups of one rule that get the same name are merged.
    #[must_use]
    pub(super) fn renamed(self, names: &HashMap<(&str, &str), Arc<ObservedPrincipal>>) -> Self {
        let mut counter = Counter::default();
        counter.counted.left_out = self.left_out;
        let mut number_of = Vec::with_capacity(self.groups.len());
        for mut group in self.groups {
            let who = names.get(&(&*group.account, &*group.principal)).map(Arc::clone);
            if let Some(who) = &who {
                (group.account, group.principal) = (who.account.clone(), who.key.clone());
            }
            let number = counter.group(group.key());
            number_of.push(number.0);
            if let Some((first, last)) = group.rest {
                let who = who.unwrap_or_else(|| Arc::clone(&first.who));
                counter.counted.groups[number.0 as usize].absorb(Hit { who, ..first }, last);
            }
        }
        let fingerprints = self.fingerprints.into_iter();
        counter.counted.fingerprints =
            fingerprints.map(|(fingerprint, group)| (fingerprint, number_of[group as usize])).collect();
        counter.finish()
    }

    /// Renumbers the rules.
    pub(super) fn renumber(&mut self, rules: &[u32]) {
        self.left_out = self.left_out.iter().map(|rule| rules[*rule as usize]).collect();
        for group in &mut self.groups {
            group.rule = rules[group.rule as usize];
            if let Some((first, _)) = &mut group.rest {
                first.rule = group.rule;
            }
        }
    }
}

/// Counts hits of one worker.
#[derive(Debug, Default)]
pub(super) struct Counter {
    counted: CountedHits,
    /// Numbers of groups.
    table: HashTable<u32>,
    hasher: FixedState,
    /// Number of fingerprints after copies were last removed.
    settled: usize,
}

/// A group of hits, in the numbering of one [`Counter`].
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupId(u32);

impl Counter {
    /// Counts a hit of an event.
    pub(super) fn count(
        &mut self,
        rule: u32,
        (who, action): (&ObservedPrincipal, &str),
        sighting: &SightingRef<'_>,
        asked: Relevance,
    ) -> GroupId {
        let group = self.group(Key::of(rule, who, sighting, asked));
        let id = sighting.evidence.event_id;
        // Without an id, no record is a copy of another.
        let place = id.is_empty().then_some(sighting.place());
        let fingerprint = self.hasher.hash_one((sighting.moment.time.micros(), id, action, place));
        self.counted.fingerprints.push((fingerprint, group.0));
        if self.counted.fingerprints.len() > MANY.max(2 * self.settled) {
            self.counted.settle();
            self.settled = self.counted.fingerprints.len();
        }
        group
    }

    /// Notes a rule that matched an event that filters leave out.
    pub(super) fn leave_out(&mut self, rule: u32) {
        self.counted.left_out.insert(rule);
    }

    fn group(&mut self, key: Key<'_>) -> GroupId {
        let Self { counted: CountedHits { groups, .. }, table, hasher, .. } = self;
        let hash = hasher.hash_one(&key);
        if let Some(number) = table.find(hash, |number| groups[*number as usize].key() == key) {
            return GroupId(*number);
        }
        let number = groups.len() as u32;
        table.insert_unique(hash, number, |number| hasher.hash_one(groups[*number as usize].key()));
        groups.push(HitGroup::of(&key));
        GroupId(number)
    }

    /// Whether a hit that is not kept in full may be the first such hit of its group. Also updates the time of the last.
    pub(super) fn may_be_first(&mut self, group: GroupId, sighting: &SightingRef<'_>) -> bool {
        match &mut self.counted.groups[group.0 as usize].rest {
            None => true,
            Some((first, last)) => {
                *last = (*last).max(sighting.moment.time);
                sighting.moment.time <= first.sighting.time
            }
        }
    }

    /// Adds a hit that is not kept in full.
    pub(super) fn add_rest(&mut self, group: GroupId, hit: Hit) {
        let last = hit.sighting.time;
        self.counted.groups[group.0 as usize].absorb(hit, last);
    }

    pub(super) fn finish(mut self) -> CountedHits {
        self.counted.settle();
        self.counted
    }
}
