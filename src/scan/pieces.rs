//! Large objects in pieces: one worker cuts, all of them read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::object::{CurrentObject, ObjectState, StoredBytes};
use super::visitor::Visitor;
use crate::decode::Piece;
use crate::source::{LogObject, ObjectKey};

/// Bytes of waiting pieces allowed per worker.
const ROOM: usize = 16 << 20;

/// Memory of this many pieces is kept for reuse.
const MOST_SPARE: usize = 4;

/// How long a worker waits for a piece before it checks whether the run should end.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A piece waiting to be read.
pub(super) struct QueuedPiece<V: Visitor> {
    pub(super) large: Arc<LargeObject<V>>,
    /// Counted from 0 in its object.
    pub(super) index: u32,
    pub(super) piece: Piece,
}

/// The waiting pieces.
pub(super) struct Queue<V: Visitor> {
    state: Mutex<State<V>>,
    changed: Condvar,
    /// Bytes that may wait; 0 with one worker, since no other would read them.
    room: usize,
}

struct State<V: Visitor> {
    jobs: VecDeque<QueuedPiece<V>>,
    bytes: usize,
    /// Memory of pieces that were read.
    memory: Vec<Vec<u8>>,
    /// Workers busy with an object, which may be large and yield pieces.
    busy: usize,
    /// Workers waiting for a piece. Waking none would still be a system call.
    waiting: usize,
}

/// Marks a worker as busy with an object.
pub(super) struct Busy<'q, V: Visitor>(&'q Queue<V>);

impl<V: Visitor> Queue<V> {
    pub(super) fn new(workers: usize) -> Self {
        let room = if workers > 1 { workers * ROOM } else { 0 };
        Self { state: Mutex::new(State::new()), changed: Condvar::new(), room }
    }

    /// Announces that pieces may come, until the returned guard is dropped.
    pub(super) fn busy(&self) -> Busy<'_, V> {
        lock(&self.state).busy += 1;
        Busy(self)
    }

    /// Queues a piece; returns it if there is no room.
    pub(super) fn offer(&self, job: QueuedPiece<V>) -> Option<QueuedPiece<V>> {
        let mut state = lock(&self.state);
        let size = job.piece.size();
        if self.room == 0 || (state.bytes + size > self.room && !state.jobs.is_empty()) {
            return Some(job);
        }
        state.bytes += size;
        state.jobs.push_back(job);
        if state.waiting > 0 {
            self.changed.notify_one();
        }
        None
    }

    /// Memory for a piece: reused, or empty.
    pub(super) fn memory(&self) -> Vec<u8> {
        lock(&self.state).memory.pop().unwrap_or_default()
    }

    /// Returns the memory of a piece.
    pub(super) fn give_back(&self, memory: Vec<u8>) {
        let mut state = lock(&self.state);
        if memory.capacity() > 0 && state.memory.len() < MOST_SPARE {
            state.memory.push(memory);
        }
    }

    /// A waiting piece, if there is one.
    pub(super) fn take(&self) -> Option<QueuedPiece<V>> {
        lock(&self.state).take()
    }

    /// The next piece, as long as some may come and `stopped` returns false.
    pub(super) fn wait(&self, stopped: &dyn Fn() -> bool) -> Option<QueuedPiece<V>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.take() {
                return Some(job);
            }
            if state.busy == 0 || stopped() {
                return None;
            }
            state.waiting += 1;
            let waited = self.changed.wait_timeout(state, POLL_INTERVAL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
    }
}

impl<V: Visitor> State<V> {
    fn new() -> Self {
        Self { jobs: VecDeque::new(), bytes: 0, memory: Vec::new(), busy: 0, waiting: 0 }
    }

    fn take(&mut self) -> Option<QueuedPiece<V>> {
        let job = self.jobs.pop_front()?;
        self.bytes -= job.piece.size();
        Some(job)
    }
}

impl<V: Visitor> Drop for Busy<'_, V> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.busy -= 1;
        if state.busy == 0 && state.waiting > 0 {
            self.0.changed.notify_all();
        }
    }
}

/// A large object while its pieces are read.
pub(super) struct LargeObject<V: Visitor> {
    pub(super) number: u32,
    pub(super) object: LogObject,
    parts: Mutex<Parts<V>>,
}

/// The result of a piece, or of consecutive pieces.
pub(super) struct PieceResult<V: Visitor> {
    pub(super) state: ObjectState,
    /// `None` if there was no piece.
    pub(super) visited: Option<V::Part>,
}

struct Parts<V: Visitor> {
    /// All pieces before `next`, joined.
    joined: PieceResult<V>,
    next: u32,
    /// Pieces that were read out of turn.
    early: BTreeMap<u32, PieceResult<V>>,
    /// Number of pieces and what was stored, once all are cut.
    cut: Option<(u32, StoredBytes)>,
}

impl<V: Visitor> LargeObject<V> {
    pub(super) fn new(number: u32, object: LogObject) -> Self {
        let parts = Parts { joined: PieceResult::default(), next: 0, early: BTreeMap::new(), cut: None };
        Self { number, object, parts: Mutex::new(parts) }
    }

    pub(super) fn current<'r>(&'r self, key: &'r ObjectKey<'r>) -> CurrentObject<'r> {
        CurrentObject { number: self.number, object: &self.object, key }
    }

    /// Adds the result of a piece. Returns everything, if it was the last one.
    pub(super) fn add(&self, index: u32, part: PieceResult<V>) -> Option<(PieceResult<V>, StoredBytes)> {
        let mut parts = lock(&self.parts);
        parts.early.insert(index, part);
        parts.join();
        parts.take_if_complete()
    }

    /// Notes the number of pieces, what was stored, and the state from cutting. Returns everything, if all pieces were
    /// read.
    pub(super) fn cut(
        &self,
        total: u32,
        state: ObjectState,
        stored: StoredBytes,
    ) -> Option<(PieceResult<V>, StoredBytes)> {
        let mut parts = lock(&self.parts);
        parts.early.insert(total, PieceResult { state, visited: None });
        parts.cut = Some((total + 1, stored));
        parts.join();
        parts.take_if_complete()
    }
}

impl<V: Visitor> Parts<V> {
    /// Joins the pieces that are next in order.
    fn join(&mut self) {
        while let Some(part) = self.early.remove(&self.next) {
            self.joined.add(part);
            self.next += 1;
        }
    }

    fn take_if_complete(&mut self) -> Option<(PieceResult<V>, StoredBytes)> {
        let (_, stored) = self.cut.filter(|(total, _)| *total == self.next)?;
        Some((std::mem::take(&mut self.joined), stored))
    }
}

impl<V: Visitor> PieceResult<V> {
    fn add(&mut self, next: Self) {
        match (&mut self.visited, next.visited) {
            (Some(before), Some(next)) => V::join_pieces(before, next, self.state.records()),
            (before, next) => *before = before.take().or(next),
        }
        self.state.add(next.state);
    }
}

impl<V: Visitor> Default for PieceResult<V> {
    fn default() -> Self {
        Self { state: ObjectState::default(), visited: None }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
