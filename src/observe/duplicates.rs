//! Recognises copies of a record.
//!
//! Several trails may deliver the same record, each in its own object and at its own time. A copy has the same owner,
//! event id and content. The same id with other content is not a copy but a [`Conflict`]: it can be a sign of
//! tampering, by someone who does not know this program: the hashes are fast and not cryptographic, and the unread
//! parts of a record are compared only by length. Not so of requests to a Kubernetes cluster: a client may choose their ids, so the same
//! id with other content is another request.
//!
//! A request to a Kubernetes cluster is logged once for each of its stages, under one id. These are copies, too, and the
//! last stage counts; of stages delivered on adjacent days the first delivered, unless it is `RequestReceived`: that one may name
//! another user than the later ones, and never counts beside them.
//!
//! If an aggregated API server logged a request once more, that is a copy, too, although its clock differs: then the content is what both say
//! alike, with the day instead of the time, so that copies count for the same behaviour on the same day.
//!
//! Records are compared within a window of delivery days, in batches that are sorted once per day: that costs a tenth
//! of one big hash set and bounds the memory. Copies delivered on the same or on adjacent UTC days, and so all within
//! 24 hours of each other, are always found. Records of objects without a delivery time in their name are read first
//! and stay in the window throughout.
//!
//! The result depends only on the set of records, not on the order in which workers add them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::FixedState;

use super::content_length::content_length;
use crate::event::{AuditRecord, Cluster, Record, hash_of_texts};
use crate::model::Stage;
use crate::time::Day;

/// Identifies copies of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Hash of the owner and the event id; the last bit says whether it is a request to a cluster.
    id: u64,
    /// Hash of the texts read and the length of the record without white space, except the last two bits, which hold the stage: the later, the
    /// lower. It only distinguishes records with one id, so 32 bits suffice, and saved baselines are a fifth smaller.
    content: u32,
}

/// The bit of [`Fingerprint::id`] that marks requests to clusters.
const IS_REQUEST: u64 = 1;

/// The bits of [`Fingerprint::content`] that do not distinguish records.
const STAGE: u32 = 3;

impl Fingerprint {
    /// The two hashes as they are saved: of the owner and event id, and of the content.
    pub const fn parts(self) -> (u64, u32) {
        (self.id, self.content)
    }

    /// The fingerprint with these [`Fingerprint::parts`].
    pub const fn from_parts((id, content): (u64, u32)) -> Self {
        Self { id, content }
    }

    /// The fingerprint of a record with this JSON text; `None` without an event id.
    pub fn of(record: &Record<'_>, text: &str) -> Option<Self> {
        let event_id = record.event_id.filter(|id| !id.is_empty())?;
        let id = FixedState::default().hash_one((record.owner(), event_id));
        let start = (content_length(text) as u64) << 2 | record.read_only.map_or(0, |yes| 1 + u64::from(yes));
        Some(Self::new(id & !IS_REQUEST, record.fingerprint(start), Stage::Complete))
    }

    /// The fingerprint of a request to a cluster; `None` without an audit id.
    pub fn of_audit(record: &AuditRecord<'_>, cluster: Cluster<'_>) -> Option<Self> {
        let audit_id = record.audit_id.filter(|id| !id.is_empty())?;
        let id = FixedState::default().hash_one((cluster.account, cluster.name, audit_id));
        let content = match record.common_to_servers().zip(record.time()) {
            Some((common, (time, _))) => hash_of_texts(
                u64::from(time.day().number().cast_unsigned()),
                [Some(&*common), record.first_address],
            ),
            None => hash_of_texts(0, record.texts()),
        };
        Some(Self::new(id | IS_REQUEST, content, record.stage()))
    }

    /// Whether it is of a request to a cluster.
    const fn is_of_request(self) -> bool {
        self.id & IS_REQUEST != 0
    }

    /// Whether it is of the first stage of a request, which may name another user than the later ones.
    pub fn is_received(self) -> bool {
        self.content & STAGE == Stage::Received as u32
    }

    /// The same for all copies of a record, whatever the stage of each.
    pub const fn copy_key(self) -> (u64, u32) {
        (self.id, self.content & !STAGE)
    }

    fn new(id: u64, content: u64, stage: Stage) -> Self {
        Self { id, content: (content ^ content >> 32) as u32 & !STAGE | stage as u32 }
    }

    /// Whether two records are the same, whatever the stage of each.
    fn is_copy_of(self, other: Self) -> bool {
        self.copy_key() == other.copy_key()
    }
}

/// The place of a record: the number of its object in delivery order, and its index in that object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordPlace {
    /// Number of the object in delivery order.
    pub object: u32,
    /// Index in the object.
    pub record: u32,
}

/// Two records of CloudTrail with the same owner and event id but different content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The one that differs.
    pub place: RecordPlace,
    /// The one it differs from.
    pub other: RecordPlace,
}

/// One counted record as added by a worker.
#[derive(Clone, Copy, Debug)]
struct DeliveredRecord {
    fingerprint: Fingerprint,
    place: RecordPlace,
    /// The worker's number for the row under which it was counted.
    row: u32,
    worker: u16,
    failed: bool,
    is_copy: bool,
}

/// One record after the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparedRecord {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its place.
    pub place: RecordPlace,
    /// The worker that added it.
    pub worker: u16,
    /// That worker's number for the row under which it was counted.
    pub row: u32,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether it is a copy of another.
    pub is_copy: bool,
}

/// A record that later ones are compared with.
#[derive(Clone, Copy, Debug)]
struct Remembered {
    fingerprint: Fingerprint,
    place: RecordPlace,
}

/// How many of a worker's sightings in one row are copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DuplicateCount {
    /// Copies among its sightings.
    pub count: u64,
    /// Of those: failed calls.
    pub failed: u64,
}

/// The result of the comparison.
#[derive(Debug, Default)]
pub struct DuplicatesFound {
    /// Number of copies.
    pub duplicates: u64,
    /// By worker and its number for the row.
    pub copies_by_row: HashMap<(u16, u32), DuplicateCount>,
    /// Number of copies among the records of first stages, by their fingerprint.
    pub received_copies: BTreeMap<Fingerprint, u64>,
    /// In the order of their places.
    pub conflicts: Vec<Conflict>,
    /// The records requested with [`Deduplicator::keep_records`].
    pub records: Vec<ComparedRecord>,
}

/// The compared records that are returned one by one: 40 bytes each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptRecords {
    /// None of them.
    #[default]
    None,
    /// The copies.
    Copies,
    /// All, in the order of their places.
    All,
}

/// Collects the records of all workers and compares them day by day.
///
/// A day is complete once an object of a later day, and every object before that one, has been added. So the
/// objects need not be known in advance, and they may be listed while the first ones are read.
#[derive(Debug, Default)]
pub struct Deduplicator {
    keep: KeptRecords,
    arrivals: Mutex<Arrivals>,
    window: Mutex<Window>,
}

/// Objects that were added but not compared yet.
#[derive(Debug, Default)]
struct Arrivals {
    /// Number of the first object that has not been added.
    next: u32,
    /// Objects that were added out of turn.
    early: BTreeMap<u32, (Option<Day>, Vec<DeliveredRecord>)>,
    /// The records of the day being added.
    current: Batch,
    /// Complete days, in order.
    complete: VecDeque<Batch>,
}

/// The records of all objects delivered on one day.
#[derive(Debug, Default)]
struct Batch {
    day: Option<Day>,
    records: Vec<DeliveredRecord>,
}

#[derive(Debug, Default)]
struct Window {
    /// Records without a delivery day.
    undated: Vec<Remembered>,
    /// Day and records of the previous batch.
    previous: Option<(Day, Vec<Remembered>)>,
    /// Counted records of first stages, by [`Fingerprint::copy_key`], and when one was last seen. A later stage takes their place.
    received: HashMap<(u64, u32), (Option<Day>, DeliveredRecord)>,
    /// Records of earlier batches that turned out to be copies in this one.
    replaced: Vec<DeliveredRecord>,
    found: DuplicatesFound,
}

/// The records one worker read from one object, on their way to [`Deduplicator`].
#[derive(Debug)]
pub struct ObjectRecords {
    worker: u16,
    records: Vec<DeliveredRecord>,
}

/// From this many records on, they are moved with their memory instead of copied.
const MANY: usize = 1 << 16;

impl ObjectRecords {
    /// No records yet, for the worker with this number.
    pub fn new(worker: u16) -> Self {
        Self { worker, records: Vec::new() }
    }

    /// Adds the records of another part of the same object, whose indexes start at `first`.
    pub fn append(&mut self, next: Self, first: u32) {
        let from = self.records.len();
        self.records.extend(next.records);
        self.records[from..].iter_mut().for_each(|delivery| delivery.place.record += first);
    }

    /// Adds a record that was counted under `row`.
    pub fn add(&mut self, fingerprint: Fingerprint, place: RecordPlace, row: u32, failed: bool) {
        self.records.push(DeliveredRecord {
            fingerprint,
            place,
            row,
            worker: self.worker,
            failed,
            is_copy: false,
        });
    }
}

impl Deduplicator {
    /// Keeps these records for [`DuplicatesFound::records`].
    #[must_use]
    pub fn keep_records(self, keep: KeptRecords) -> Self {
        Self { keep, ..self }
    }

    /// Takes all records of one object, which was delivered on `day`.
    ///
    /// Objects are numbered from 0 in delivery order, those without a day first, and each must be added once, even
    /// if empty. An object whose day is before that of its predecessor counts for the day of the predecessor.
    pub fn add_object(&self, object: u32, day: Option<Day>, object_records: &mut ObjectRecords) {
        let mut arrivals = lock(&self.arrivals);
        if object != arrivals.next {
            arrivals.early.insert(object, (day, std::mem::take(&mut object_records.records)));
            return;
        }
        arrivals.take(day, &mut object_records.records);
        let mut next = arrivals.next;
        while let Some((day, mut records)) = arrivals.early.remove(&next) {
            arrivals.take(day, &mut records);
            next = arrivals.next;
        }
        let is_complete = !arrivals.complete.is_empty();
        drop(arrivals);
        if is_complete {
            self.compare_complete(false);
        }
    }

    /// What was found since the last call, in the days that are complete. So a caller that uses it at once needs no memory for more than
    /// the window.
    pub fn take_found(&self) -> DuplicatesFound {
        std::mem::take(&mut lock(&self.window).found)
    }

    /// The rest of the result, once all objects were added. Of a run that was ended early, objects may be missing.
    pub fn finish(self) -> DuplicatesFound {
        lock(&self.arrivals).end();
        self.compare_complete(true);
        let mut window = self.window.into_inner().unwrap_or_else(PoisonError::into_inner);
        window.found.conflicts.sort_unstable();
        window.found
    }

    /// Compares complete days one after another. Once all were added, the last one need not be remembered.
    fn compare_complete(&self, are_all: bool) {
        let mut window = lock(&self.window);
        loop {
            // Taken while the window is locked, so that they are compared in order. The lock is released at once.
            let (next, is_last) = {
                let complete = &mut lock(&self.arrivals).complete;
                (complete.pop_front(), are_all && complete.is_empty())
            };
            let Some(Batch { day, mut records }) = next else { return };
            records.sort_unstable_by_key(|delivery| delivery.fingerprint.id);
            let remembered = window.compare(day, &mut records, !is_last);
            match day {
                None => window.undated = remembered,
                Some(day) => window.previous = Some((day, remembered)),
            }
            let replaced = std::mem::take(&mut window.replaced);
            let found = &mut window.found.records;
            match self.keep {
                KeptRecords::None => {}
                KeptRecords::Copies => {
                    let copies = records.iter().filter(|it| it.is_copy).chain(&replaced);
                    found.extend(copies.map(DeliveredRecord::compared));
                }
                KeptRecords::All => {
                    for DeliveredRecord { place, .. } in replaced {
                        if let Ok(at) = found.binary_search_by_key(&place, |record| record.place) {
                            found[at].is_copy = true;
                        }
                    }
                    records.sort_unstable_by_key(|delivery| delivery.place);
                    found.extend(records.iter().map(DeliveredRecord::compared));
                }
            }
        }
    }
}

impl Arrivals {
    /// Takes the next object in order.
    fn take(&mut self, day: Option<Day>, records: &mut Vec<DeliveredRecord>) {
        self.next += 1;
        if day > self.current.day {
            self.complete_day(day);
        }
        let current = &mut self.current.records;
        if current.is_empty() && records.len() >= MANY {
            std::mem::swap(current, records);
        }
        current.append(records);
    }

    /// Takes what came after a missing object, and ends the last day.
    fn end(&mut self) {
        for (day, mut records) in std::mem::take(&mut self.early).into_values() {
            self.take(day, &mut records);
        }
        self.complete_day(None);
    }

    /// Begins another day.
    fn complete_day(&mut self, next: Option<Day>) {
        let next = Batch { day: next, records: Vec::new() };
        let complete = std::mem::replace(&mut self.current, next);
        if !complete.records.is_empty() {
            self.complete.push_back(complete);
        }
    }
}

impl DeliveredRecord {
    fn compared(&self) -> ComparedRecord {
        let Self { fingerprint, place, row, worker, failed, is_copy } = *self;
        ComparedRecord { fingerprint, place, worker, row, failed, is_copy }
    }
}

impl Window {
    /// Compares the records of one batch, sorted by id, with each other and with those in the window. Returns those to compare later
    /// ones with, if more will come.
    fn compare(
        &mut self,
        day: Option<Day>,
        records: &mut [DeliveredRecord],
        are_more: bool,
    ) -> Vec<Remembered> {
        let previous = match (self.previous.take(), day) {
            (Some((before, records)), Some(day)) if before.next() == day => records,
            _ => Vec::new(),
        };
        let undated = std::mem::take(&mut self.undated);
        let mut windows = [&undated[..], &previous[..]];
        let is_near = |seen: Option<Day>| seen.is_none_or(|seen| day.is_none_or(|day| seen.next() >= day));
        self.received.retain(|_, (seen, _)| is_near(*seen));
        let mut remembered = Vec::with_capacity(if are_more { records.len() } else { 0 });
        for same_id in records.chunk_by_mut(|a, b| a.fingerprint.id == b.fingerprint.id) {
            let known = windows.each_mut().map(|window| take_id(window, same_id[0].fingerprint.id));
            if let ([first], [[], []]) = (&*same_id, known) {
                // The usual case: the id occurs once.
                if are_more {
                    remembered.push(Remembered { fingerprint: first.fingerprint, place: first.place });
                    self.note_received(first, day);
                }
            } else {
                self.compare_one(&known.concat(), same_id, day, &mut remembered);
            }
        }
        self.undated = undated;
        remembered
    }

    /// Compares records with one id.
    fn compare_one(
        &mut self,
        known: &[Remembered],
        same_id: &mut [DeliveredRecord],
        day: Option<Day>,
        remembered: &mut Vec<Remembered>,
    ) {
        same_id.sort_unstable_by_key(|delivery| (delivery.fingerprint, delivery.place));
        let firsts =
            same_id.chunk_by(|a, b| a.fingerprint.is_copy_of(b.fingerprint)).map(|copies| copies[0].place);
        let original = known.iter().map(|record| record.place).min().or_else(|| firsts.min());
        for copies in same_id.chunk_by_mut(|a, b| a.fingerprint.is_copy_of(b.fingerprint)) {
            // Of several stages, the last.
            let first = copies[0];
            remembered.push(Remembered { fingerprint: first.fingerprint, place: first.place });
            let is_known = known.iter().any(|record| record.fingerprint.is_copy_of(first.fingerprint));
            let counts = !is_known || self.replace_received(&first);
            let extra = if counts { &mut copies[1..] } else { copies };
            for copy in extra {
                copy.is_copy = true;
                self.found.add_copy(copy);
            }
            if counts {
                self.note_received(&first, day);
            } else if let Some((seen, _)) = self.received.get_mut(&first.fingerprint.copy_key()) {
                // An undated record stays in the window.
                *seen = day.filter(|_| seen.is_some());
            }
            if let Some(other) = original
                && !is_known
                && other != first.place
                && !first.fingerprint.is_of_request()
            {
                self.found.conflicts.push(Conflict { place: first.place, other });
            }
        }
    }
}

impl Window {
    /// Remembers a counted record if a later stage would take its place.
    fn note_received(&mut self, record: &DeliveredRecord, day: Option<Day>) {
        if record.fingerprint.is_received() {
            self.received.insert(record.fingerprint.copy_key(), (day, *record));
        }
    }

    /// Turns the first stage that was counted for this request into a copy, since this later stage counts. False if none was counted.
    fn replace_received(&mut self, later: &DeliveredRecord) -> bool {
        if later.fingerprint.is_received() {
            return false;
        }
        let Some((_, replaced)) = self.received.remove(&later.fingerprint.copy_key()) else { return false };
        self.found.add_copy(&replaced);
        self.replaced.push(replaced);
        true
    }
}

impl DuplicatesFound {
    fn add_copy(&mut self, copy: &DeliveredRecord) {
        self.duplicates += 1;
        let entry = self.copies_by_row.entry((copy.worker, copy.row)).or_default();
        entry.count += 1;
        entry.failed += u64::from(copy.failed);
        if copy.fingerprint.is_received() {
            *self.received_copies.entry(copy.fingerprint).or_default() += 1;
        }
    }
}

/// Splits the records with one id off sorted ones, and drops those with lower ids.
fn take_id<'w>(sorted: &mut &'w [Remembered], id: u64) -> &'w [Remembered] {
    let (_, rest) = sorted.split_at(run(sorted, |record| record.fingerprint.id < id));
    let (taken, rest) = rest.split_at(run(rest, |record| record.fingerprint.id == id));
    *sorted = rest;
    taken
}

/// Length of the run at the start that fulfils `is_in`, searched in growing steps: it is short where both sides are
/// dense, and long where a day with few records is compared with many undated ones.
fn run(sorted: &[Remembered], is_in: impl Fn(&Remembered) -> bool) -> usize {
    let mut bound = 1;
    while sorted.get(bound - 1).is_some_and(&is_in) {
        bound *= 2;
    }
    let known = bound / 2;
    let end = sorted.len().min(bound);
    known + sorted[known..end].partition_point(is_in)
}

/// The content stays usable if another worker panicked while holding the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Delivery day, and records as id and content.
    type Object<'a> = (Option<i32>, &'a [(u64, u32)]);

    /// Adds objects; returns the number of copies and the conflicts.
    fn compare(objects: &[Object<'_>], order: &[usize]) -> (u64, Vec<(u32, u32)>) {
        let deduplicator = Deduplicator::default();
        for &object in order {
            let day = objects[object].0.map(Day::from_number);
            let mut object_records = ObjectRecords::new(0);
            for (record, &(id, content)) in (0..).zip(objects[object].1) {
                let place = RecordPlace { object: object as u32, record };
                object_records.add(Fingerprint { id: id << 1, content: content << 2 }, place, 0, false);
            }
            deduplicator.add_object(object as u32, day, &mut object_records);
        }
        let found = deduplicator.finish();
        assert_eq!(found.copies_by_row.values().map(|copies| copies.count).sum::<u64>(), found.duplicates);
        let conflicts = found.conflicts.iter().map(|pair| (pair.other.object, pair.place.object));
        (found.duplicates, conflicts.collect())
    }

    #[test]
    fn copies_on_the_same_or_the_next_day_count_once() {
        let objects: [Object<'_>; 4] =
            [(Some(1), &[(1, 1), (2, 2)]), (Some(1), &[(1, 1)]), (Some(2), &[(2, 2)]), (Some(4), &[(2, 2)])];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            assert_eq!(compare(&objects, &order), (2, vec![]));
        }
    }

    #[test]
    fn a_chain_of_daily_copies_counts_once() {
        let objects: Vec<Object<'_>> = (1..=30).map(|day| (Some(day), &[(7u64, 7u32)][..])).collect();
        let order: Vec<usize> = (0..objects.len()).collect();
        assert_eq!(compare(&objects, &order), (29, vec![]));
    }

    #[test]
    fn undated_objects_are_compared_with_every_day() {
        let objects: [Object<'_>; 4] = [
            (None, &[(1, 1), (2, 2)]),
            (None, &[(1, 1)]),
            (Some(9), &[(1, 1)]),
            (Some(50), &[(2, 2), (3, 3)]),
        ];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0]] {
            assert_eq!(compare(&objects, &order), (3, vec![]));
        }
    }

    #[test]
    fn a_late_object_is_compared_with_the_later_day() {
        let objects: [Object<'_>; 4] =
            [(Some(1), &[(1, 1)]), (Some(3), &[(2, 2)]), (Some(2), &[(2, 2)]), (None, &[(2, 2), (1, 1)])];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
            assert_eq!(compare(&objects, &order), (2, vec![]));
        }
    }

    #[test]
    fn the_same_id_with_other_content_is_a_conflict_not_a_copy() {
        let objects: [Object<'_>; 3] =
            [(Some(1), &[(1, 9)]), (Some(1), &[(1, 5), (1, 5)]), (Some(2), &[(1, 5), (1, 6)])];
        for order in [[0, 1, 2], [2, 1, 0]] {
            assert_eq!(compare(&objects, &order), (2, vec![(0, 1), (0, 2)]));
        }
    }

    #[test]
    fn only_the_last_stage_of_a_request_counts() {
        let stage = |stage| {
            let record = AuditRecord { audit_id: Some("a"), stage: Some(stage), ..AuditRecord::default() };
            Fingerprint::of_audit(&record, Cluster::default()).unwrap()
        };
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let stages = ["RequestReceived", "ResponseComplete", "ResponseStarted"];
            let deduplicator = Deduplicator::default().keep_records(KeptRecords::All);
            let mut object_records = ObjectRecords::new(0);
            for (record, at) in (0..).zip(order) {
                object_records.add(stage(stages[at]), RecordPlace { object: 0, record }, at as u32, at == 0);
            }
            deduplicator.add_object(0, None, &mut object_records);
            let found = deduplicator.finish();
            assert_eq!((found.duplicates, found.conflicts.len()), (2, 0));
            let counted: Vec<u32> =
                found.records.iter().filter(|record| !record.is_copy).map(|record| record.row).collect();
            assert_eq!(counted, [1]);
        }
    }
}
