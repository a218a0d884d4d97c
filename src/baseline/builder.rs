//! Sightings in, a baseline out. One builder for each worker.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use roaring::RoaringBitmap;

use super::{Baseline, Behaviour, Moment, Seen};
use crate::observe::{ActionId, ObservedAction, ObservedPrincipal, PrincipalId};
use crate::time::Timestamp;

/// A behaviour, in the numbering of one [`Builder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BehaviourId(pub u32);

/// Collects sightings under the ids of one observer.
#[derive(Debug, Default)]
pub struct Builder {
    behaviours: Vec<Behaviour>,
    /// Principal and action in one word, with the behaviour's number.
    table: HashTable<(u64, u32)>,
    hasher: FixedState,
    creations: BTreeMap<(Box<str>, Box<str>), Timestamp>,
}

impl Builder {
    /// Adds one sighting; gives the behaviour it belongs to. The evidence is asked for only if it may be kept, which
    /// few sightings need.
    pub fn add<'a>(
        &mut self,
        (principal, action): (PrincipalId, ActionId),
        moment: Moment,
        evidence: impl FnOnce() -> Seen<'a>,
    ) -> BehaviourId {
        let pair = u64::from(principal.0) << 32 | u64::from(action.0);
        let hash = self.hasher.hash_one(pair);
        if let Some((_, id)) = self.table.find(hash, |(known, _)| *known == pair) {
            let id = *id;
            self.behaviours[id as usize].add(moment, evidence);
            return BehaviourId(id);
        }
        let id = u32::try_from(self.behaviours.len()).unwrap_or(u32::MAX);
        let hasher = &self.hasher;
        self.table.insert_unique(hash, (pair, id), |(pair, _)| hasher.hash_one(pair));
        self.behaviours.push(Behaviour::new(principal, action, moment, &evidence()));
        BehaviourId(id)
    }

    /// Takes back copies that were added: they stay as evidence and count no longer.
    pub fn take_back(&mut self, behaviour: BehaviourId, count: u64, failed: u64) {
        if let Some(behaviour) = self.behaviours.get_mut(behaviour.0 as usize) {
            behaviour.count -= count;
            behaviour.errors -= failed;
        }
    }

    /// Notes that a role or user was created. The earliest of several times counts.
    pub fn created(&mut self, account: &str, key: &str, time: Timestamp) {
        let earliest = self.creations.entry((account.into(), key.into())).or_insert(time);
        *earliest = time.min(*earliest);
    }

    /// The baseline of all sightings, given the principals and actions behind the ids.
    pub fn finish(self, principals: Vec<ObservedPrincipal>, actions: Vec<ObservedAction>) -> Baseline {
        let (principals, principal_ranks) = sorted(principals);
        let actions: Vec<Box<str>> = actions.iter().map(|action| action.name().into()).collect();
        let (actions, action_ranks) = sorted(actions);
        let mut behaviours = self.behaviours;
        for behaviour in &mut behaviours {
            behaviour.principal = principal_ranks[behaviour.principal as usize];
            behaviour.action = action_ranks[behaviour.action as usize];
        }
        behaviours.sort_unstable_by_key(|behaviour| (behaviour.principal, behaviour.action));
        // Two sources can split one action text differently: `a:b` and `c`, or `a` and `b:c`.
        behaviours.dedup_by(|later, kept| {
            let same = (later.principal, later.action) == (kept.principal, kept.action);
            if same {
                kept.absorb(later);
            }
            same
        });
        Baseline { principals, actions, behaviours, creations: self.creations }
    }
}

/// Sorts items and drops repeats; gives them and for each old index the new one.
fn sorted<T: Ord>(items: Vec<T>) -> (Vec<T>, Vec<u32>) {
    let mut order: Vec<(T, usize)> = items.into_iter().zip(0..).collect();
    order.sort_unstable();
    let mut ranks = vec![0; order.len()];
    let mut sorted: Vec<T> = Vec::with_capacity(order.len());
    for (item, index) in order {
        if sorted.last() != Some(&item) {
            sorted.push(item);
        }
        ranks[index] = u32::try_from(sorted.len() - 1).unwrap_or(u32::MAX);
    }
    (sorted, ranks)
}

impl Behaviour {
    fn new(principal: PrincipalId, action: ActionId, moment: Moment, seen: &Seen<'_>) -> Self {
        let first = Arc::new(seen.to_sighting());
        let mut behaviour = Self {
            principal: principal.0,
            action: action.0,
            first_success: (!moment.failed).then(|| Arc::clone(&first)),
            first,
            last: moment.time,
            count: 1,
            errors: u64::from(moment.failed),
            hours: RoaringBitmap::new(),
        };
        behaviour.hours.extend(moment.time.hour());
        behaviour
    }

    fn add<'a>(&mut self, moment: Moment, evidence: impl FnOnce() -> Seen<'a>) {
        let Moment { time, failed } = moment;
        self.count += 1;
        self.errors += u64::from(failed);
        // Most sightings fall into the hour of the one before, which is in the bitmap already.
        let hour = time.hour();
        if hour != self.last.hour()
            && let Some(hour) = hour
        {
            self.hours.insert(hour);
        }
        self.last = self.last.max(time);
        let may_be_success = !failed && self.first_success.as_ref().is_none_or(|known| time <= known.time);
        if time > self.first.time && !may_be_success {
            return;
        }
        let seen = evidence();
        let earliest = seen.is_before(&self.first);
        let earliest_success =
            may_be_success && self.first_success.as_ref().is_none_or(|known| seen.is_before(known));
        if !earliest && !earliest_success {
            return;
        }
        let sighting = Arc::new(seen.to_sighting());
        if earliest_success {
            self.first_success = Some(Arc::clone(&sighting));
        }
        if earliest {
            self.first = sighting;
        }
    }
}
