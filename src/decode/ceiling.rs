//! Limits how much of an object is held in memory, and waits for memory.

use std::sync::Arc;

use crate::memory::{Budget, FREE, HolderState, Reservation};

/// The memory limit of an object, and the memory that its outer packings already hold.
#[derive(Clone, Debug)]
pub(super) struct Ceiling {
    /// The maximum number of bytes inflated or held.
    pub(super) limit: u64,
    budget: Arc<Budget>,
    /// Bytes held by the outer packings.
    outer: u64,
    holder: HolderState,
}

impl Ceiling {
    pub(super) fn new(limit: u64, budget: &Arc<Budget>) -> Self {
        Self { limit, budget: Arc::clone(budget), outer: 0, holder: HolderState::Free }
    }

    /// The number of bytes that may still be held.
    pub(super) fn available(&self) -> u64 {
        self.limit.saturating_sub(self.outer)
    }

    /// The limit for the contents of `size` bytes in memory.
    pub(super) fn for_contents(&self, size: u64, hold: Option<&Reservation>) -> Self {
        let mut inside = self.clone();
        inside.outer = self.outer.saturating_add(size);
        if let (Some(hold), true) = (hold, self.holder != HolderState::Overdrew) {
            inside.holder = hold.holder();
        }
        inside
    }

    /// The limit for a part with at most `limit` bytes of output.
    pub(super) fn for_part(&self, limit: u64) -> Self {
        Self { limit: limit.min(self.available()), outer: 0, ..self.clone() }
    }

    /// Reserves all that may still be held, if `wanted` is more than is allowed without a reservation.
    pub(super) fn reserve_for(&self, wanted: u64) -> Option<Reservation> {
        (wanted > FREE).then(|| self.budget.reserve(self.available(), self.holder))
    }

    /// Reserves memory for a copy of at most `wanted` bytes, unless it is small.
    pub(super) fn reserve_copy(&self, wanted: u64) -> Option<Reservation> {
        (wanted > FREE).then(|| self.budget.reserve(wanted.min(self.limit), self.holder))
    }
}
