//! How much of an object may be held at once, and whom that makes wait.

use std::sync::Arc;

use crate::memory::{Budget, FREE, Hold, Standing};

/// The ceiling for one object, and what is held of it already by the packings around what is read.
#[derive(Clone, Debug)]
pub(super) struct Ceiling {
    /// No more bytes are inflated, and none more held.
    pub(super) limit: u64,
    budget: Arc<Budget>,
    /// Bytes that are held around what is read.
    outer: u64,
    standing: Standing,
}

impl Ceiling {
    pub(super) fn new(limit: u64, budget: &Arc<Budget>) -> Self {
        Self { limit, budget: Arc::clone(budget), outer: 0, standing: Standing::Free }
    }

    /// As many bytes may be held.
    pub(super) fn most(&self) -> u64 {
        self.limit.saturating_sub(self.outer)
    }

    /// For what lies in something that is held as `size` bytes.
    pub(super) fn inside(&self, size: u64, hold: Option<&Hold>) -> Self {
        let mut inside = self.clone();
        inside.outer = self.outer.saturating_add(size);
        if let (Some(hold), true) = (hold, self.standing != Standing::Overdrew) {
            inside.standing = hold.standing();
        }
        inside
    }

    /// For what comes out of a part of what is read, which is at most so many bytes.
    pub(super) fn of_part(&self, limit: u64) -> Self {
        Self { limit: limit.min(self.most()), outer: 0, ..self.clone() }
    }

    /// Reserves all that may still be held, if `wanted` bytes are more than anybody may hold without asking.
    pub(super) fn reserve_for(&self, wanted: u64) -> Option<Hold> {
        (wanted > FREE).then(|| self.budget.reserve(self.most(), self.standing))
    }

    /// Reserves room for a copy of at most `wanted` bytes, unless it is small.
    pub(super) fn reserve_copy(&self, wanted: u64) -> Option<Hold> {
        (wanted > FREE).then(|| self.budget.reserve(wanted.min(self.limit), self.standing))
    }
}
