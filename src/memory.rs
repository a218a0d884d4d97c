//! A memory budget shared by all threads: it delays work but never decides what is read.
//!
//! Most objects are small and need no reservation. A worker that needs more than [`FREE`] bytes at once
//! reserves them first, and waits while others use up the budget. There is no deadlock: a request larger than
//! the budget is granted when nothing else is reserved, and of the workers that hold a reservation and need
//! more, one at a time may exceed the budget.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that a worker may hold without a reservation. A batch of CloudTrail records has at most 50 MB
/// (CloudTrail User Guide, "Log file examples"), so ordinary scans never wait.
pub const FREE: u64 = 64 << 20;

/// Bytes that all threads together may hold for large objects.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: u64,
    is_overdrawn: bool,
}

/// What the caller already holds when it requests memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HolderState {
    /// Nothing, so it can wait until all others have released theirs.
    #[default]
    Free,
    /// A reservation that others may be waiting for.
    Holds,
    /// A reservation that exceeds the budget; other holders may be waiting for it.
    Overdrew,
}

/// Reserved bytes, released on drop.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
    /// Whether this is the one reservation that may exceed the budget.
    is_overdraft: bool,
}

impl Budget {
    /// A budget of `limit` bytes.
    ///
    /// ```
    /// use firstseen::memory::{Budget, HolderState};
    ///
    /// let budget = Budget::new(100);
    /// let larger_than_all = budget.reserve(1_000, HolderState::Free);
    /// assert_eq!(budget.held(), 100);
    /// drop(larger_than_all);
    /// assert_eq!(budget.held(), 0);
    /// ```
    pub fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, state: Mutex::default(), released: Condvar::new() })
    }

    /// Bytes currently reserved.
    pub fn held(&self) -> u64 {
        lock(&self.state).held
    }

    /// Waits until `bytes` are available and reserves them. A request larger than the budget reserves the
    /// whole budget.
    pub fn reserve(self: &Arc<Self>, bytes: u64, holder: HolderState) -> Reservation {
        let bytes = bytes.min(self.limit);
        let mut state = lock(&self.state);
        while !state.admits(bytes, self.limit, holder) {
            state = self.released.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let is_overdraft = state.held + bytes > self.limit && holder == HolderState::Holds;
        state.held += bytes;
        state.is_overdrawn |= is_overdraft;
        drop(state);
        Reservation { budget: Arc::clone(self), bytes, is_overdraft }
    }

    fn release(&self, bytes: u64, ends_overdraft: bool) {
        let mut state = lock(&self.state);
        state.held -= bytes;
        state.is_overdrawn &= !ends_overdraft;
        drop(state);
        self.released.notify_all();
    }
}

impl State {
    fn admits(&self, bytes: u64, limit: u64, holder: HolderState) -> bool {
        let fits = self.held + bytes <= limit;
        match holder {
            HolderState::Free => fits,
            // Two holders waiting for each other would deadlock.
            HolderState::Holds => fits || !self.is_overdrawn,
            HolderState::Overdrew => true,
        }
    }
}

impl Reservation {
    /// Releases all but `bytes`.
    pub fn shrink_to(&mut self, bytes: u64) {
        if bytes < self.bytes {
            let unused = self.bytes - bytes;
            self.bytes = bytes;
            self.budget.release(unused, false);
        }
    }

    /// The holder's state when it requests more.
    pub fn holder(&self) -> HolderState {
        if self.is_overdraft { HolderState::Overdrew } else { HolderState::Holds }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.release(self.bytes, self.is_overdraft);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    /// Runs work of all sizes on several threads; returns the peak reservation.
    fn crowd(limit: u64, nested: bool) -> u64 {
        let (budget, most) = (Budget::new(limit), AtomicU64::new(0));
        let note = || most.fetch_max(budget.held(), Ordering::Relaxed);
        thread::scope(|scope| {
            for thread in 0..6u64 {
                let (budget, note) = (&budget, &note);
                scope.spawn(move || {
                    for round in 0..200 {
                        let mut hold = budget.reserve((thread * 37 + round * 11) % 250, HolderState::Free);
                        note();
                        hold.shrink_to(90);
                        if nested {
                            let more = budget.reserve(60, hold.holder());
                            note();
                            let holder = match more.holder() {
                                HolderState::Overdrew => HolderState::Overdrew,
                                _ => hold.holder(),
                            };
                            drop(budget.reserve(60, holder));
                        }
                    }
                });
            }
        });
        assert_eq!(budget.held(), 0);
        assert!(!lock(&budget.state).is_overdrawn);
        most.into_inner()
    }

    #[test]
    fn reservations_stay_within_the_budget() {
        assert!(crowd(100, false) <= 100);
        assert!(crowd(0, false) == 0);
    }

    #[test]
    fn holders_that_need_more_do_not_deadlock() {
        // One holder at a time exceeds the budget, by its own request.
        assert!(crowd(100, true) <= 100 + 2 * 60);
    }
}
