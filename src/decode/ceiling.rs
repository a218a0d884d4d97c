//! How much of an object may be held in memory at once, and when to wait for memory.

use std::sync::Arc;

use crate::memory::{Budget, FREE, HolderState, Reservation};

/// The ceiling for one object, and how much the packings around it already hold.
#[derive(Clone, Debug)]
pub(super) struct Ceiling {
    /// No more bytes than this are inflated or held.
    pub(super) limit: u64,
    budget: Arc<Budget>,
    /// Bytes held by the outer packings.
    outer: u64,
    standing: HolderState,
}

impl Ceiling {
    pub(super) fn new(limit: u64, budget: &Arc<Budget>) -> Self {
        Self { limit, budget: Arc::clone(budget), outer: 0, standing: HolderState::Free }
    }

    /// How many bytes may be held.
    pub(super) fn available(&self) -> u64 {
        self.limit.saturating_sub(self.outer)
    }

    /// For what lies in something held as `size` bytes.
    pub(super) fn for_contents(&self, size: u64, hold: Option<&Reservation>) -> Self {
        let mut inside = self.clone();
        inside.outer = self.outer.saturating_add(size);
        if let (Some(hold), true) = (hold, self.standing != HolderState::Overdrew) {
            inside.standing = hold.standing();
        }
        inside
    }

    /// For the output of a part, which is at most `limit` bytes.
    pub(super) fn for_part(&self, limit: u64) -> Self {
        Self { limit: limit.min(self.available()), outer: 0, ..self.clone() }
    }

    /// Reserves all that may still be held, if `wanted` is more than may be held without asking.
    pub(super) fn reserve_for(&self, wanted: u64) -> Option<Reservation> {
        (wanted > FREE).then(|| self.budget.reserve(self.available(), self.standing))
    }

    /// Reserves room for a copy of at most `wanted` bytes, unless it is small.
    pub(super) fn reserve_copy(&self, wanted: u64) -> Option<Reservation> {
        (wanted > FREE).then(|| self.budget.reserve(wanted.min(self.limit), self.standing))
    }
}
