//! All events in order, copies once.

use std::cmp::{Ordering, Reverse};
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, HashMap};
use std::io;

use super::packed::{Packed, order, same_event};
use super::runs::{PackedBytes, RunReader, SortedRuns};

/// The next event of one run.
struct Head<'m> {
    bytes: PackedBytes<'m>,
    /// Numbers of the worker and of the run.
    worker: usize,
    run: usize,
    runs: &'m SortedRuns,
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let part = |head: &'_ Self| (head.worker, head.run);
        let (left, right) = (self.bytes.packed(), other.bytes.packed());
        order((left, &self.runs.places), (right, &other.runs.places))
            .then_with(|| part(self).cmp(&part(other)))
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

/// All runs, by their next events.
struct Heads<'m> {
    workers: &'m [&'m SortedRuns],
    readers: Vec<Vec<RunReader<'m>>>,
    heap: BinaryHeap<Reverse<Head<'m>>>,
}

impl<'m> Heads<'m> {
    fn of(workers: &'m [&'m SortedRuns]) -> io::Result<Self> {
        let readers: Vec<Vec<RunReader<'m>>> = workers.iter().map(|runs| runs.readers()).collect();
        let runs: Vec<usize> = readers.iter().map(Vec::len).collect();
        let mut heads = Self { workers, readers, heap: BinaryHeap::new() };
        for (worker, count) in runs.into_iter().enumerate() {
            (0..count).try_for_each(|run| heads.push(worker, run))?;
        }
        Ok(heads)
    }

    fn push(&mut self, worker: usize, run: usize) -> io::Result<()> {
        let next = self.readers[worker][run].next()?;
        let runs = self.workers[worker];
        self.heap.extend(next.map(|bytes| Reverse(Head { bytes, worker, run, runs })));
        Ok(())
    }

    /// The first of all next events.
    fn pop(&mut self) -> io::Result<Option<Head<'m>>> {
        let Some(mut top) = self.heap.peek_mut() else { return Ok(None) };
        let Reverse(head) = &mut *top;
        Ok(Some(match self.readers[head.worker][head.run].next()? {
            Some(next) => {
                let bytes = std::mem::replace(&mut head.bytes, next);
                Head { bytes, ..*head }
            }
            None => PeekMut::pop(top).0,
        }))
    }
}

/// Calls `take` with each event of the workers and the number of its worker, in the order of sightings. Of copies only the first
/// in this order comes. Events with the same time and event id are held in memory together.
///
/// # Errors
/// If a temporary file cannot be read, or if `take` fails.
pub(super) fn merge(
    workers: &[&SortedRuns],
    mut take: impl FnMut(Packed<'_>, usize) -> io::Result<()>,
) -> io::Result<()> {
    let mut heads = Heads::of(workers)?;
    let mut same: Vec<Head<'_>> = Vec::new();
    while let Some(head) = heads.pop()? {
        let is_same = |known: &Head<'_>| same_event(known.bytes.packed(), head.bytes.packed()).is_eq();
        if !same.first().is_none_or(is_same) {
            emit(&mut same, &mut take)?;
        }
        same.push(head);
    }
    emit(&mut same, &mut take)
}

/// Hands out the events of one time and event id that are not copies of another.
fn emit(
    same: &mut Vec<Head<'_>>,
    take: &mut impl FnMut(Packed<'_>, usize) -> io::Result<()>,
) -> io::Result<()> {
    let is_copy = if same.len() > 1 { copies(same) } else { vec![false; same.len()] };
    for (head, _) in same.drain(..).zip(is_copy).filter(|(_, is_copy)| !is_copy) {
        take(head.bytes.packed(), head.worker)?;
    }
    Ok(())
}

/// The day of delivery of an event, and its position among those of one time and event id.
type Delivery = (Option<i32>, usize);

/// Which of these events, in order, are copies of an earlier one. Copies are compared as
/// [`Deduplicator`](crate::observe::Deduplicator) does: on the same or on adjacent days of delivery, and those without a day
/// with all others.
fn copies(same: &[Head<'_>]) -> Vec<bool> {
    let mut is_copy = vec![false; same.len()];
    let mut alike: HashMap<(u64, u32), Vec<Delivery>> = HashMap::new();
    for (index, head) in same.iter().enumerate() {
        let packed = head.bytes.packed();
        if let Some(fingerprint) = packed.fingerprint() {
            alike.entry(fingerprint.copy_key()).or_default().push((packed.delivered(), index));
        }
    }
    for mut group in alike.into_values().filter(|group| group.len() > 1) {
        group.sort_unstable();
        let has_undated = group[0].0.is_none();
        let are_near = |left: &Delivery, right: &Delivery| match (left.0, right.0) {
            _ if has_undated => true,
            (Some(left), Some(right)) => right.saturating_sub(left) <= 1,
            _ => true,
        };
        for chain in group.chunk_by(are_near) {
            let first = chain.iter().map(|(_, index)| *index).min();
            for (_, index) in chain.iter().filter(|(_, index)| Some(*index) != first) {
                is_copy[*index] = true;
            }
        }
    }
    is_copy
}
