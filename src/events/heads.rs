//! Sorted runs of events, taken as one.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;

use super::packed::{Packed, Place, Placed, order};
use super::run_file::{PackedBytes, RunReader};

/// A sorted run of one worker.
pub(super) struct Run<'m> {
    pub(super) reader: RunReader<'m>,
    /// The places of the worker.
    pub(super) places: &'m [Place],
    /// The number of the worker.
    pub(super) worker: usize,
}

/// The next event of one run.
pub(super) struct Head<'m> {
    bytes: PackedBytes<'m>,
    places: &'m [Place],
    pub(super) worker: usize,
    run: usize,
}

impl Head<'_> {
    pub(super) fn packed(&self) -> Packed<'_> {
        self.bytes.packed()
    }

    fn placed(&self) -> Placed<'_> {
        Placed { packed: self.packed(), places: self.places }
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        order(self.placed(), other.placed()).then_with(|| self.run.cmp(&other.run))
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head<'_> {}

/// Several runs, by their next events.
pub(super) struct Heads<'m> {
    runs: Vec<Run<'m>>,
    heap: BinaryHeap<Reverse<Head<'m>>>,
}

impl<'m> Heads<'m> {
    pub(super) fn of(mut runs: Vec<Run<'m>>) -> io::Result<Self> {
        let mut heap = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            let next = run.reader.next()?;
            let head = |bytes| Head { bytes, places: run.places, worker: run.worker, run: number };
            heap.extend(next.map(head).map(Reverse));
        }
        Ok(Self { runs, heap })
    }

    /// The first of all next events.
    pub(super) fn pop(&mut self) -> io::Result<Option<Head<'m>>> {
        let Some(mut top) = self.heap.peek_mut() else { return Ok(None) };
        let Reverse(head) = &mut *top;
        Ok(Some(match self.runs[head.run].reader.next()? {
            Some(next) => {
                let bytes = std::mem::replace(&mut head.bytes, next);
                Head { bytes, ..*head }
            }
            None => PeekMut::pop(top).0,
        }))
    }
}
