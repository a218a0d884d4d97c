//! Values that principals have in dimensions other than the action: networks, agents, Regions and others.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::model::{Dimension, InOrder, Sighting, Text};
use crate::time::Timestamp;

/// One principal having one value in one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct DimensionValue {
    /// Index in [`super::Baseline::principals`].
    pub principal: u32,
    /// The dimension.
    pub dimension: Dimension,
    /// The value.
    pub value: Text,
    /// The first sighting, successful or not.
    pub first: ValueSighting,
    /// The first successful sighting.
    pub first_success: Option<ValueSighting>,
    /// Time of the last sighting.
    pub last: Timestamp,
    /// Number of records with the value. Copies of a record count: they do not make a value newer or older.
    pub count: u64,
}

/// A sighting of a value, with the action of its event.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueSighting {
    /// Index in [`super::Baseline::actions`].
    pub action: u32,
    /// The evidence.
    pub sighting: Arc<Sighting>,
}

impl DimensionValue {
    /// The sort key of values: principal, dimension and value.
    pub fn key(&self) -> (u32, Dimension, &str) {
        (self.principal, self.dimension, &self.value)
    }

    /// The first sighting; with `only_success` the first success.
    pub fn beginning(&self, only_success: bool) -> Option<&ValueSighting> {
        if only_success { self.first_success.as_ref() } else { Some(&self.first) }
    }

    /// Adds the sightings of the same value from another baseline.
    pub(super) fn absorb(&mut self, other: Self) {
        self.count += other.count;
        self.last = self.last.max(other.last);
        self.first.keep_earlier(other.first);
        match (&mut self.first_success, other.first_success) {
            (Some(known), Some(other)) => known.keep_earlier(other),
            (known, other) => *known = known.take().or(other),
        }
    }

    /// Gives principal and actions new numbers.
    pub(super) fn renumber(&mut self, principals: &[u32], actions: &[u32]) {
        self.principal = principals[self.principal as usize];
        for sighting in [Some(&mut self.first), self.first_success.as_mut()].into_iter().flatten() {
            sighting.action = actions[sighting.action as usize];
        }
    }
}

impl ValueSighting {
    fn order(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.sighting, &other.sighting) {
            return self.action.cmp(&other.action);
        }
        self.sighting.order(&*other.sighting).then(self.action.cmp(&other.action))
    }

    pub(super) fn keep_earlier(&mut self, other: Self) {
        if other.order(self).is_lt() {
            *self = other;
        }
    }
}

/// Sorts values, and merges those of one key.
pub(super) fn sort_values(values: &mut Vec<DimensionValue>) {
    // The keys are sorted, and each value is moved once.
    values.sort_by_cached_key(|value| (value.principal, value.dimension, value.value.clone()));
    values.dedup_by(|next, kept| {
        let is_same = next.key() == kept.key();
        if is_same {
            kept.absorb(next.clone());
        }
        is_same
    });
}
