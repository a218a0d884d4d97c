//! Merges two baselines into the one that a single worker would have built.

use std::cmp::Ordering;
use std::sync::Arc;

use super::hit::{by_key, sort_hits};
use super::received::add_received;
use super::single_event::{sort_insights, sort_root};
use super::{Baseline, Behaviour, DimensionValue, Hit};
use crate::model::{InOrder, Sighting};

/// Two merged baselines, and where the behaviours of each went.
#[derive(Debug)]
pub struct Merged {
    /// Everything in either baseline.
    pub baseline: Baseline,
    /// For each behaviour of the first, its index in the merged baseline.
    pub left: Vec<u32>,
    /// The same for the second.
    pub right: Vec<u32>,
}

impl Baseline {
    /// The baseline of everything in either of the two.
    ///
    /// Commutative and associative. Events in both are counted twice: the caller must not give the same log object to
    /// both, and must subtract copies in different objects itself.
    #[must_use]
    pub fn merge(self, other: Self) -> Merged {
        if self == Self::default() {
            // Nothing has to be copied.
            let right = (0..).take(other.behaviours.len()).collect();
            return Merged { baseline: other, left: Vec::new(), right };
        }
        let principals = union(
            self.principals,
            other.principals,
            |a, b| a.account_and_key().cmp(&b.account_and_key()),
            |kept, same| {
                kept.absorb(same.kind, same.arn.as_deref());
            },
        );
        let actions = union(self.actions, other.actions, Ord::cmp, |_, _| ());
        let left = NewNumbers { principals: principals.left, actions: actions.left };
        let right = NewNumbers { principals: principals.right, actions: actions.right };
        let behaviours = union(
            left.of_behaviours(self.behaviours),
            right.of_behaviours(other.behaviours),
            |left, right| left.ids().cmp(&right.ids()),
            |kept, same| kept.absorb(&same),
        );
        let values = union(
            left.of_values(self.values),
            right.of_values(other.values),
            |left, right| left.key().cmp(&right.key()),
            DimensionValue::absorb,
        );
        let mut received = self.received;
        for (fingerprint, request) in other.received {
            add_received(&mut received, fingerprint, request);
        }
        let mut creations = self.creations;
        for (principal, time) in other.creations {
            let earliest = creations.entry(principal).or_insert(time);
            *earliest = time.min(*earliest);
        }
        let mut links = self.identity_links;
        links.merge(other.identity_links);
        let insights = sorted(self.insights.into_iter().chain(other.insights), sort_insights);
        let root = sorted(self.root.into_iter().chain(other.root), sort_root);
        let logging = self.logging.merged(other.logging);
        let rules = union(self.rules, other.rules, by_key, |_, _| ());
        let (mut counted_hits, mut more) = (self.counted_hits, other.counted_hits);
        counted_hits.renumber(&rules.left);
        more.renumber(&rules.right);
        counted_hits.absorb(more);
        let of_rules = |hits: Vec<Hit>, rules: Vec<u32>| {
            hits.into_iter().map(move |hit| Hit { rule: rules[hit.rule as usize], ..hit })
        };
        let hits = of_rules(self.hits, rules.left).chain(of_rules(other.hits, rules.right));
        let hits = sorted(hits, sort_hits);
        let mut inventory = self.inventory;
        inventory.merge(other.inventory);
        let baseline = Self {
            principals: principals.all,
            actions: actions.all,
            behaviours: behaviours.all,
            values: values.all,
            received,
            creations,
            identity_links: links,
            insights,
            root,
            logging,
            rules: rules.all,
            hits,
            counted_hits,
            inventory,
        };
        Merged { baseline, left: behaviours.left, right: behaviours.right }
    }
}

/// The numbers in the merged baseline that the principals and actions of one side have.
struct NewNumbers {
    principals: Vec<u32>,
    actions: Vec<u32>,
}

impl NewNumbers {
    /// Behaviours with the new numbers.
    fn of_behaviours(&self, mut behaviours: Vec<Behaviour>) -> Vec<Behaviour> {
        for behaviour in &mut behaviours {
            behaviour.principal = self.principals[behaviour.principal as usize];
            behaviour.action = self.actions[behaviour.action as usize];
        }
        behaviours
    }

    /// Values with the new numbers.
    fn of_values(&self, mut values: Vec<DimensionValue>) -> Vec<DimensionValue> {
        values.iter_mut().for_each(|value| value.renumber(&self.principals, &self.actions));
        values
    }
}

/// All of both sides, sorted.
fn sorted<T>(both: impl Iterator<Item = T>, sort: fn(&mut Vec<T>)) -> Vec<T> {
    let mut all = both.collect();
    sort(&mut all);
    all
}

impl Behaviour {
    /// The sort key of behaviours: principal and action.
    pub fn ids(&self) -> (u32, u32) {
        (self.principal, self.action)
    }

    /// Joins sorted behaviours of the same principal and action.
    pub(super) fn join_same(sorted: &mut Vec<Self>) {
        sorted.dedup_by(|next, kept| {
            let is_same = next.ids() == kept.ids();
            if is_same {
                kept.absorb(next);
            }
            is_same
        });
    }

    /// Adds the sightings of the same behaviour from another baseline.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.first = earlier(&self.first, &other.first);
        self.first_success = match (&self.first_success, &other.first_success) {
            (Some(left), Some(right)) => Some(earlier(left, right)),
            (left, right) => left.as_ref().or(right.as_ref()).map(Arc::clone),
        };
        self.last = self.last.max(other.last);
        self.days.absorb(&other.days);
    }
}

fn earlier(left: &Arc<Sighting>, right: &Arc<Sighting>) -> Arc<Sighting> {
    Arc::clone(if left.order(&**right).is_le() { left } else { right })
}

/// Two merged lists.
struct Union<T> {
    all: Vec<T>,
    /// For each item of the first, its index in all.
    left: Vec<u32>,
    /// The same for the second.
    right: Vec<u32>,
}

/// Merges two sorted lists; equal items are merged by `join`. From the last to the first, so that the lists shrink while the merged one
/// grows.
fn union<T>(
    mut left: Vec<T>,
    mut right: Vec<T>,
    order: impl Fn(&T, &T) -> Ordering,
    join: impl Fn(&mut T, T),
) -> Union<T> {
    let mut merged: Vec<T> = Vec::with_capacity(left.len().max(right.len()));
    let (mut left_ranks, mut right_ranks) = (vec![0; left.len()], vec![0; right.len()]);
    loop {
        let next = match (left.last(), right.last()) {
            (Some(l), Some(r)) => order(l, r),
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
            (None, None) => break,
        };
        let from_left = if next.is_ge() { pop(&mut left) } else { None };
        let from_right = if next.is_le() { pop(&mut right) } else { None };
        let rank = u32::try_from(merged.len()).unwrap_or(u32::MAX);
        if from_left.is_some() {
            left_ranks[left.len()] = rank;
        }
        if from_right.is_some() {
            right_ranks[right.len()] = rank;
        }
        match (from_left, from_right) {
            (Some(mut kept), Some(same)) => {
                join(&mut kept, same);
                merged.push(kept);
            }
            (kept, other) => merged.extend(kept.or(other)),
        }
    }
    merged.reverse();
    let last = u32::try_from(merged.len()).unwrap_or(u32::MAX).saturating_sub(1);
    left_ranks.iter_mut().chain(&mut right_ranks).for_each(|rank| *rank = last - *rank);
    Union { all: merged, left: left_ranks, right: right_ranks }
}

/// How many items are taken off a list before its memory is released.
const PIECE: usize = 1 << 15;

/// Takes the last item off a list that is being consumed, and releases memory from time to time.
pub(super) fn pop<T>(list: &mut Vec<T>) -> Option<T> {
    let last = list.pop();
    if list.len().is_multiple_of(PIECE) {
        list.shrink_to_fit();
    }
    last
}
