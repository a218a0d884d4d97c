//! Which of several events that say the same counts.

use std::collections::btree_map::Entry;

use super::Issuance;

/// Keeps the event that counts.
pub(super) fn keep<K: Ord>(entry: Entry<'_, K, Issuance>, next: Issuance) {
    match entry {
        Entry::Vacant(entry) => drop(entry.insert(next)),
        Entry::Occupied(entry) if entry.get().order() <= next.order() => {}
        Entry::Occupied(mut entry) => drop(entry.insert(next)),
    }
}

impl Issuance {
    /// The sort key of events that issued one credential: the smallest one counts.
    fn order(&self) -> impl Ord + use<'_> {
        (self.caller_key.is_none(), self.caller.arn.is_none(), &self.event)
    }
}
