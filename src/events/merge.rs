//! All events in order, copies once.

use std::collections::{HashMap, VecDeque};
use std::io;

use super::heads::{Head, Heads};
use super::packed::{Packed, is_same_event};
use super::runs::SortedRuns;
use crate::time::{Span, Timestamp};

/// How far the clocks of two servers that log one request may differ.
const CLOCKS: Span = Span::of_micros(2_000_000);

/// Calls `take` with each event of the workers and the number of its worker, in the order of sightings. Of copies only the first
/// in this order comes. Events with the same time and event id are held in memory together.
///
/// # Errors
/// If a temporary file cannot be read, or if `take` fails.
pub(super) fn merge(
    workers: &[&SortedRuns],
    mut take: impl FnMut(Packed<'_>, usize) -> io::Result<()>,
) -> io::Result<()> {
    let runs = workers.iter().enumerate().flat_map(|(number, worker)| worker.runs(number));
    let mut heads = Heads::of(runs.collect()).map_err(unreadable)?;
    let mut same: Vec<Head<'_>> = Vec::new();
    let mut aggregated = Aggregated::default();
    let mut take = |packed: Packed<'_>, worker| match aggregated.has(packed) {
        true => Ok(()),
        false => take(packed, worker),
    };
    while let Some(head) = heads.pop().map_err(unreadable)? {
        if !same.first().is_none_or(|known| is_same_event(known.packed(), head.packed())) {
            emit(&mut same, &mut take)?;
        }
        same.push(head);
    }
    emit(&mut same, &mut take)
}

/// Says what could not be read: whoever writes the events would name the output.
fn unreadable(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("a temporary file of events cannot be read: {error}"))
}

/// Hands out the events of one time and event id that are not copies of another.
fn emit(
    same: &mut Vec<Head<'_>>,
    take: &mut impl FnMut(Packed<'_>, usize) -> io::Result<()>,
) -> io::Result<()> {
    let is_copy = if same.len() > 1 { copies(same) } else { vec![false; same.len()] };
    for (head, _) in same.drain(..).zip(is_copy).filter(|(_, is_copy)| !is_copy) {
        take(head.packed(), head.worker)?;
    }
    Ok(())
}

/// The requests of the last moments that an aggregated server may have logged, too. That record is a copy with another time.
#[derive(Default)]
struct Aggregated {
    recent: VecDeque<(Timestamp, (u64, u32))>,
    /// Those handed out.
    known: HashMap<(u64, u32), Known>,
}

/// A request that was handed out and has no copy yet.
struct Known {
    delivered: Option<i32>,
    addresses: u8,
    error: Option<String>,
    failed: bool,
}

impl Aggregated {
    /// Whether an event is the copy of a recent one: it ended alike, and one of both came by one address more. Else it is remembered. A
    /// request has one copy, so that nobody hides others by giving them its id.
    fn has(&mut self, packed: Packed<'_>) -> bool {
        let Some(fingerprint) = packed.fingerprint().filter(|_| packed.may_be_aggregated()) else {
            return false;
        };
        let (time, key) = (packed.time(), fingerprint.copy_key());
        let new = Known {
            delivered: packed.delivered(),
            addresses: packed.addresses(),
            error: packed.texts().evidence().error_code.map(str::to_owned),
            failed: packed.failed(),
        };
        while let Some((_, old)) = self.recent.pop_front_if(|(seen, _)| seen.plus(CLOCKS) < time) {
            self.known.remove(&old);
        }
        if self.known.get(&key).is_some_and(|known| known.is_other_of(&new)) {
            self.known.remove(&key);
            return true;
        }
        self.recent.push_back((time, key));
        self.known.insert(key, new);
        false
    }
}

impl Known {
    /// Whether another is what the other server logged of the same request.
    fn is_other_of(&self, other: &Self) -> bool {
        let are_near = |(known, delivered): (i32, i32)| known.abs_diff(delivered) <= 1;
        self.delivered.zip(other.delivered).is_none_or(are_near)
            && self.addresses.abs_diff(other.addresses) == 1
            && (self.failed, &self.error) == (other.failed, &other.error)
    }
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
        let packed = head.packed();
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
