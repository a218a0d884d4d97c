//! Compares the records of joined baselines, and counts each copy once.
//!
//! The records are streamed, and only those in the window of the comparison are in memory (`observe/duplicates.rs`). If the window is
//! too large, because a day has very many records, or many have no delivery day, they are compared in several passes, each over
//! the records whose ids hash to one part of all hashes: a record is compared only with those of the same id.

use super::record_rows::Copies;
use super::{BaselineContents, MergeError};
use crate::baseline::Baseline;
use crate::catalog::{ObjectEntry, RecordEntry, conflict_fault};
use crate::coverage::FaultKind;
use crate::observe::{Conflict, Deduplicator, DuplicatesFound, KeptRecords, ObjectRecords, RecordPlace};
use crate::time::{Day, Timestamp};

/// Records that are compared at once: some 100 bytes each.
pub(super) const RECORDS_AT_ONCE: u64 = 1 << 22;

impl BaselineContents {
    /// Adds copies back to the counts, as before the comparison.
    pub(super) fn without_copies(mut self) -> Result<Self, MergeError> {
        if self.coverage.records.duplicates > 0 {
            self.count_copies(1)?;
        }
        let records = &mut self.coverage.records;
        records.counted += records.duplicates;
        records.duplicates = 0;
        self.coverage.drop_faults(|fault| fault.kind == FaultKind::ConflictingCopy);
        Ok(self)
    }

    /// Compares all records, and removes copies from the counts. About `at_once` records are in memory.
    pub(super) fn compare_copies(&mut self, at_once: u64) -> Result<(), MergeError> {
        let Compared { copies, duplicates, conflicts } = self.compare(at_once)?;
        self.records.set_copies(copies);
        if duplicates > 0 {
            self.count_copies(-1)?;
        }
        let counted = &mut self.coverage.records;
        counted.counted = counted.counted.checked_sub(duplicates).ok_or(MergeError::Damaged)?;
        counted.duplicates += duplicates;
        for conflict in &conflicts {
            self.coverage.fault(conflict_fault(conflict, |number| {
                let object = &self.objects[number as usize];
                (object.archive, &*object.path)
            }));
        }
        self.coverage.sort();
        Ok(())
    }

    /// Adds all copies to the counts, or subtracts them.
    fn count_copies(&mut self, by: i64) -> Result<(), MergeError> {
        let Self { baseline, records, .. } = self;
        let mut rows = records.rows();
        while let Some(record) = rows.next_row()? {
            if record.is_copy {
                count(baseline, &record, by)?;
            }
        }
        Ok(())
    }

    fn compare(&self, at_once: u64) -> Result<Compared, MergeError> {
        let mut compared = Compared::default();
        let passes = passes(&self.objects, self.records.count(), at_once);
        for pass in 0..passes {
            self.compare_part(&mut compared, |id| {
                (u128::from(id) * u128::from(passes)) >> 64 == u128::from(pass)
            })?;
        }
        Ok(compared)
    }

    /// Compares the records whose hashed ids are in one part.
    fn compare_part(&self, compared: &mut Compared, is_in: impl Fn(u64) -> bool) -> Result<(), MergeError> {
        let deduplicator = Deduplicator::default().keep_records(KeptRecords::Copies);
        let mut object_records = ObjectRecords::new(0);
        let mut rows = self.records.rows();
        let mut next = rows.next_row()?;
        for (number, object) in (0..).zip(&self.objects) {
            while let Some(record) = next.filter(|record| record.object == number) {
                if is_in(record.fingerprint.parts().0) {
                    let place = RecordPlace { object: number, record: record.record };
                    object_records.add(record.fingerprint, place, 0, record.failed);
                }
                next = rows.next_row()?;
            }
            deduplicator.add_object(number, delivery_day(object), &mut object_records);
            compared.add(deduplicator.take_found());
        }
        compared.add(deduplicator.finish());
        // Records of no object, or of one that could not be read.
        if next.is_some() { Err(MergeError::Damaged) } else { Ok(()) }
    }
}

/// What a comparison found.
#[derive(Default)]
struct Compared {
    copies: Copies,
    duplicates: u64,
    conflicts: Vec<Conflict>,
}

impl Compared {
    fn add(&mut self, found: DuplicatesFound) {
        self.duplicates += found.duplicates;
        self.conflicts.extend(found.conflicts);
        for RecordPlace { object, record } in found.records.iter().map(|record| record.place) {
            self.copies.entry(object).or_default().insert(record);
        }
    }
}

fn delivery_day(object: &ObjectEntry) -> Option<Day> {
    object.delivered.map(Timestamp::day)
}

/// How many passes over all records are needed to compare about `at_once` at a time.
fn passes(objects: &[ObjectEntry], records: u64, at_once: u64) -> u64 {
    let mut undated = 0;
    let (mut previous, mut largest) = (0u64, 0u64);
    for of_day in objects.chunk_by(|left, right| delivery_day(left) == delivery_day(right)) {
        let sum = of_day.iter().fold(0u64, |sum, object| sum.saturating_add(object.records));
        match delivery_day(&of_day[0]) {
            None => undated = sum,
            Some(_) => {
                largest = largest.max(previous.saturating_add(sum));
                previous = sum;
            }
        }
    }
    // Objects say how many records they have, but not more than there are.
    undated.saturating_add(largest).min(records).div_ceil(at_once).max(1)
}

/// Adds a record to the counts of its behaviour and day, or subtracts it.
fn count(baseline: &mut Baseline, record: &RecordEntry, by: i64) -> Result<(), MergeError> {
    if record.behaviour == RecordEntry::NO_BEHAVIOUR {
        let request = baseline.received.get_mut(&record.fingerprint).ok_or(MergeError::Damaged)?;
        request.count = request.count.checked_add_signed(by).ok_or(MergeError::Damaged)?;
        return Ok(());
    }
    let behaviour = baseline.behaviours.get_mut(record.behaviour as usize).ok_or(MergeError::Damaged)?;
    let at = behaviour.days.binary_search_by_key(&record.day, |active| active.day);
    let day = &mut behaviour.days[at.map_err(|_| MergeError::Damaged)?];
    let failed = if record.failed { by } else { 0 };
    for (number, by) in [(&mut day.count, by), (&mut day.errors, failed)] {
        *number = number.checked_add_signed(by).ok_or(MergeError::Damaged)?;
    }
    Ok(())
}
