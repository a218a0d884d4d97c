//! A budget of memory over all threads: it makes work wait and never decides what is read.
//!
//! Most objects are small and never come here. What has to hold more than [`FREE`] bytes at once reserves them first, and
//! waits while others hold the budget. Nobody waits for ever: what is larger than the budget is let in when nothing else
//! is held, and of those that hold something and need more, one at a time may overdraw.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that a worker may hold at once without asking. A batch of CloudTrail has at most 50 MB (CloudTrail User Guide,
/// "Log file examples"), so ordinary scans never wait.
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

/// What the one who asks for memory has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HolderState {
    /// Nothing, so it can wait until all others have ended.
    #[default]
    Free,
    /// Something, which others may wait for.
    Holds,
    /// Something that is more than the budget; whoever else holds something may wait for it.
    Overdrew,
}

/// Reserved bytes; they are free again when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
    /// Whether it is the one that may be more than the budget.
    is_overdraft: bool,
}

impl Budget {
    /// A budget of so many bytes.
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

    /// Bytes that are reserved now.
    pub fn held(&self) -> u64 {
        lock(&self.state).held
    }

    /// Waits until so many bytes are there, and reserves them. More than the budget counts as all of it.
    pub fn reserve(self: &Arc<Self>, bytes: u64, standing: HolderState) -> Reservation {
        let bytes = bytes.min(self.limit);
        let mut state = lock(&self.state);
        while !state.admits(bytes, self.limit, standing) {
            state = self.released.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let is_overdraft = state.held + bytes > self.limit && standing == HolderState::Holds;
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
    fn admits(&self, bytes: u64, limit: u64, standing: HolderState) -> bool {
        let fits = self.held + bytes <= limit;
        match standing {
            HolderState::Free => fits,
            // Two that hold something and wait for each other would wait for ever.
            HolderState::Holds => fits || !self.is_overdrawn,
            HolderState::Overdrew => true,
        }
    }
}

impl Reservation {
    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: u64) {
        if bytes < self.bytes {
            let unused = self.bytes - bytes;
            self.bytes = bytes;
            self.budget.release(unused, false);
        }
    }

    /// What its holder is when it asks for more.
    pub fn standing(&self) -> HolderState {
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

    /// Work of all sizes on some threads; gives the most that was reserved at once.
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
                            let more = budget.reserve(60, hold.standing());
                            note();
                            let standing = match more.standing() {
                                HolderState::Overdrew => HolderState::Overdrew,
                                _ => hold.standing(),
                            };
                            drop(budget.reserve(60, standing));
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
    fn no_more_is_held_than_the_budget() {
        assert!(crowd(100, false) <= 100);
        assert!(crowd(0, false) == 0);
    }

    #[test]
    fn whoever_holds_something_and_needs_more_comes_to_an_end() {
        // One at a time overdraws, by what it asks for.
        assert!(crowd(100, true) <= 100 + 2 * 60);
    }
}
