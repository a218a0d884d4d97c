//! Joins the results of the workers: one baseline, one coverage, one catalog.

use super::learner::WorkerResult;
use super::{EventTap, Keep, Learnt};
use crate::baseline::{Baseline, Built, RowId};
use crate::catalog::{Catalog, ObjectEntry, RecordEntry, conflict_fault};
use crate::coverage::Outcome;
use crate::observe::{ComparedRecord, DuplicatesFound};
use crate::source::{Listing, LogObject, SkippedObject};
use crate::time::Day;

/// The number of a worker, and the day and the behaviour of each of its rows.
type WorkerRows = (u16, Vec<Day>, Vec<u32>);

/// Joins the results of the workers. `unread` has the numbers of the listed objects that were not read, in order. The taps come in the
/// order of the workers' numbers.
pub(super) fn gather<T: EventTap>(
    mut workers: Vec<WorkerResult<T>>,
    found: DuplicatesFound,
    keep: Keep,
    (listing, unread): (Listing, &[u32]),
) -> (Learnt, Vec<T>) {
    let Listing { objects, skipped, mut coverage, .. } = listing;
    let mut baseline = Baseline::default();
    let mut entries = Vec::new();
    let mut taps = Vec::new();
    workers.sort_by_key(|worker| worker.worker);
    let mut rows: Vec<WorkerRows> = Vec::new();
    for mut worker in workers {
        for (&(number, row), copies) in &found.copies_by_row {
            if number == worker.worker {
                worker.builder.subtract(RowId(row), copies.count, copies.failed);
            }
        }
        entries.append(&mut worker.entries);
        let observed = worker.observer.finish();
        worker.tap.end(&observed);
        taps.push(worker.tap);
        let days = if keep == Keep::Catalog { worker.builder.row_days() } else { Vec::new() };
        let Built { baseline: part, behaviour_of } = worker.builder.finish(observed);
        let merged = baseline.merge(part);
        baseline = merged.baseline;
        for (_, _, behaviours) in &mut rows {
            renumber(behaviours, &merged.left);
        }
        if keep == Keep::Catalog {
            let mut behaviours = behaviour_of;
            renumber(&mut behaviours, &merged.right);
            rows.push((worker.worker, days, behaviours));
        }
    }
    for (fingerprint, copies) in &found.received_copies {
        if let Some(request) = baseline.received.get_mut(fingerprint) {
            // The number of copies never exceeds the number of records.
            request.count -= copies;
        }
    }
    coverage.records.counted -= found.duplicates;
    coverage.records.duplicates += found.duplicates;
    for conflict in &found.conflicts {
        coverage.fault(conflict_fault(conflict, |number| {
            let object = &objects[number as usize];
            (object.archive, &*object.path)
        }));
    }
    coverage.sort();
    let catalog = match keep {
        Keep::Baseline => Catalog::default(),
        Keep::Objects | Keep::Catalog => {
            entries.extend(skipped.into_iter().map(ObjectEntry::from));
            entries.sort_by(|left, right| left.delivery_order().cmp(&right.delivery_order()));
            rows.sort_by_key(|(worker, ..)| *worker);
            let records = record_entries(&found.records, (&baseline, &rows), (&objects, unread), &entries);
            Catalog { objects: entries, records }
        }
    };
    (Learnt { baseline, coverage, catalog }, taps)
}

fn renumber(numbers: &mut [u32], new: &[u32]) {
    for number in numbers {
        *number = new[*number as usize];
    }
}

/// The records, renumbered from the workers' numbers to those of the catalog.
fn record_entries(
    records: &[ComparedRecord],
    (baseline, rows): (&Baseline, &[WorkerRows]),
    (objects, unread): (&[LogObject], &[u32]),
    entries: &[ObjectEntry],
) -> Vec<RecordEntry> {
    // Both lists are in delivery order; the entries also include objects that were skipped.
    let mut entry_of = Vec::with_capacity(objects.len());
    let mut numbered = (0..).zip(entries);
    for (number, object) in (0..).zip(objects) {
        if unread.binary_search(&number).is_ok() {
            // It has no records.
            entry_of.push(0);
            continue;
        }
        let is_it = |entry: &ObjectEntry| {
            entry.size.is_some() && entry.archive == object.archive && entry.path == object.path
        };
        let found = numbered.find(|(_, entry)| is_it(entry));
        entry_of.push(found.map_or(0, |(number, _)| number));
    }
    let entry = |record: &ComparedRecord| {
        let worker = rows.binary_search_by_key(&record.worker, |(worker, ..)| *worker).ok()?;
        let (_, days, behaviours) = &rows[worker];
        let (behaviour, day) = match record.row {
            row if row == RowId::NONE.0 => {
                let request = baseline.received.get(&record.fingerprint)?;
                (RecordEntry::NO_BEHAVIOUR, request.event.sighting.time.day())
            }
            row => (behaviours[row as usize], days[row as usize]),
        };
        Some(RecordEntry {
            object: entry_of[record.place.object as usize],
            record: record.place.record,
            fingerprint: record.fingerprint,
            behaviour,
            day,
            failed: record.failed,
            is_copy: record.is_copy,
        })
    };
    records.iter().filter_map(entry).collect()
}

impl ObjectEntry {
    /// The entry of an object, from the listing and its outcome.
    pub(super) fn of(object: &LogObject, outcome: Outcome) -> Self {
        let (account, region) = object.key().place().unzip();
        Self {
            archive: object.archive,
            path: object.path.clone(),
            delivered: object.delivered,
            account: account.map(Box::from),
            region: region.map(Box::from),
            size: None,
            checksum: None,
            outcome,
            records: 0,
            span: None,
            faults: 0,
        }
    }
}

impl From<SkippedObject> for ObjectEntry {
    fn from(skipped: SkippedObject) -> Self {
        Self::of(&skipped.object, Outcome::Skipped(skipped.reason))
    }
}
