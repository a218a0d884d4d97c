//! Merges two stored baselines into the one that a single run over all their objects would have saved.
//!
//! Copies are recomputed over all records, since each baseline may have one copy; everything else adds up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use thiserror::Error;

use super::{BaselineContents, LearningScope};
use crate::baseline::Baseline;
use crate::catalog::{Catalog, ObjectEntry, RecordEntry, conflict_fault};
use crate::coverage::{Fault, FaultKind, Outcome};
use crate::model::Text;
use crate::observe::{Deduplicator, ObjectRecords, RecordPlace};
use crate::time::Timestamp;

/// Why two baselines do not merge.
#[derive(Debug, Error)]
pub enum MergeError {
    /// They were learnt with different settings.
    #[error("the baselines were learnt with different settings: {0}")]
    Settings(String),
    /// The same object is in both.
    #[error("object '{0}' is in both baselines")]
    Overlap(String),
    /// The catalog of one does not match its baseline.
    #[error("the baseline is damaged: its records do not fit its behaviours")]
    Damaged,
}

impl BaselineContents {
    /// The merged baseline: the same, byte for byte, as if all objects had been read at once. Commutative and associative.
    ///
    /// # Errors
    /// If the settings differ or an object is in both, which would count twice.
    pub fn merge(mut self, mut other: Self) -> Result<Self, MergeError> {
        same_settings(&self, &other)?;
        let archives = renumber_archives(&mut self, &mut other);
        if let Some(path) = overlap(&self.catalog.objects, &other.catalog.objects) {
            return Err(MergeError::Overlap(path.to_string()));
        }
        self.restore_copies()?;
        other.restore_copies()?;
        let merged = self.baseline.merge(other.baseline);
        let catalog = join(self.catalog, &merged.left, other.catalog, &merged.right);
        self.coverage.merge(other.coverage);
        let mut stored = Self {
            learning: self.learning,
            archives,
            baseline: merged.baseline,
            coverage: self.coverage,
            catalog,
        };
        stored.compare_copies()?;
        stored.coverage.sort();
        Ok(stored)
    }

    /// A delivery in both, regardless of archive and folder: the same file name and content.
    pub fn shared_delivery<'s>(&'s self, other: &Self) -> Option<&'s str> {
        let name = |path: &'_ str| path.rsplit('/').next().map(str::to_owned);
        let delivered = |object: &&ObjectEntry| object.delivered.is_some() && object.checksum.is_some();
        let known: HashSet<_> = other
            .catalog
            .objects
            .iter()
            .filter(delivered)
            .map(|object| (name(&object.path), object.checksum))
            .collect();
        let mut own = self.catalog.objects.iter().filter(delivered);
        own.find(|object| known.contains(&(name(&object.path), object.checksum))).map(|object| &*object.path)
    }

    /// Forgets unreadable objects and unlisted folders in these archives, so that they can be tried again; returns
    /// whether there were any.
    pub fn forget_unread(&mut self, archives: &HashSet<u32>) -> bool {
        let unread = |object: &ObjectEntry| {
            matches!(object.outcome, Outcome::Failed(kind) if kind.is_absence())
                && archives.contains(&object.archive)
        };
        let gone: HashSet<(u32, Text)> = self
            .catalog
            .objects
            .iter()
            .filter(|object| unread(object))
            .map(|object| (object.archive, object.path.clone()))
            .collect();
        let coverage = &mut self.coverage;
        let faults_before = coverage.fault_count;
        coverage.objects.listed -= gone.len() as u64;
        for object in self.catalog.objects.iter().filter(|object| unread(object)) {
            if let Outcome::Failed(kind) = object.outcome
                && let Some(failed) = coverage.objects.failed.get_mut(&kind)
            {
                *failed -= 1;
            }
            if let Some(place) = object.place().and_then(|place| coverage.places.get_mut(&place)) {
                place.remove_failed(object.delivery_day());
            }
        }
        coverage.objects.failed.retain(|_, count| *count > 0);
        coverage.places.retain(|_, place| !place.is_empty());
        let stays = |fault: &Fault| match fault.kind {
            // The next listing finds them again.
            FaultKind::List | FaultKind::NotKept | FaultKind::Missing => !archives.contains(&fault.archive),
            _ => !gone.contains(&(fault.archive, Text::from(&*fault.object))),
        };
        coverage.drop_faults(|fault| !stays(fault));
        let mut new_number = Vec::with_capacity(self.catalog.objects.len());
        let mut kept = 0;
        for object in &self.catalog.objects {
            new_number.push(kept);
            kept += u32::from(!unread(object));
        }
        self.catalog.objects.retain(|object| !unread(object));
        for record in &mut self.catalog.records {
            record.object = new_number[record.object as usize];
        }
        self.coverage.fault_count != faults_before
    }

    /// Adds copies back to the counts, as before the comparison.
    fn restore_copies(&mut self) -> Result<(), MergeError> {
        for record in self.catalog.records.iter().filter(|record| record.is_copy) {
            count(&mut self.baseline, record, 1)?;
        }
        let records = &mut self.coverage.records;
        records.counted += records.duplicates;
        records.duplicates = 0;
        self.coverage.drop_faults(|fault| fault.kind == FaultKind::ConflictingCopy);
        Ok(())
    }

    /// Compares all records, and removes copies from the counts.
    fn compare_copies(&mut self) -> Result<(), MergeError> {
        let Catalog { objects, records } = &mut self.catalog;
        let deduplicator = Deduplicator::default().keep_records(true);
        let mut object_records = ObjectRecords::new(0);
        let mut rest = records.iter().zip(0u32..).peekable();
        for (number, object) in (0..).zip(objects.iter()) {
            while let Some((record, index)) = rest.next_if(|(record, _)| record.object == number) {
                let place = RecordPlace { object: number, record: record.record };
                object_records.add(record.fingerprint, place, index, record.failed);
            }
            deduplicator.add_object(number, object.delivered.map(Timestamp::day), &mut object_records);
        }
        let found = deduplicator.finish();
        for compared in &found.records {
            let record = &mut records[compared.row as usize];
            record.is_copy = compared.is_copy;
            if compared.is_copy {
                count(&mut self.baseline, record, -1)?;
            }
        }
        self.coverage.records.counted -= found.duplicates;
        self.coverage.records.duplicates += found.duplicates;
        for conflict in &found.conflicts {
            self.coverage.fault(conflict_fault(conflict, |number| {
                let object = &objects[number as usize];
                (object.archive, &*object.path)
            }));
        }
        Ok(())
    }
}

/// Adds a record to the counts of its behaviour and day, or subtracts it.
fn count(baseline: &mut Baseline, record: &RecordEntry, by: i64) -> Result<(), MergeError> {
    let behaviour = &mut baseline.behaviours[record.behaviour as usize];
    let at = behaviour.days.binary_search_by_key(&record.day, |active| active.day);
    let day = &mut behaviour.days[at.map_err(|_| MergeError::Damaged)?];
    let failed = if record.failed { by } else { 0 };
    for (number, by) in [(&mut day.count, by), (&mut day.errors, failed)] {
        *number = number.checked_add_signed(by).ok_or(MergeError::Damaged)?;
    }
    Ok(())
}

fn same_settings(left: &BaselineContents, right: &BaselineContents) -> Result<(), MergeError> {
    let (left, right) = (&left.learning, &right.learning);
    let time = |time: Option<Timestamp>| time.map_or("none".to_owned(), |time| time.to_string());
    let checksum = |learning: &LearningScope| {
        learning.rules.as_ref().map_or("none".to_owned(), |it| it.checksum.to_string())
    };
    let differences = [
        ("principal key", left.principal_key.name().to_owned(), right.principal_key.name().to_owned()),
        ("namespace in key", left.namespace_in_key.to_string(), right.namespace_in_key.to_string()),
        ("read from", time(left.read_from), time(right.read_from)),
        ("read to", time(left.read_to), time(right.read_to)),
        ("delivery slack", left.delivery_slack.to_string(), right.delivery_slack.to_string()),
        ("rules", checksum(left), checksum(right)),
        ("dimensions", left.dimensions.to_string(), right.dimensions.to_string()),
        ("max object size", left.max_object_size.to_string(), right.max_object_size.to_string()),
    ];
    match differences.into_iter().find(|(_, left, right)| left != right) {
        Some((name, left, right)) => Err(MergeError::Settings(format!("{name} {left} and {right}"))),
        None => Ok(()),
    }
}

/// Renumbers the archives of both by name.
fn renumber_archives(left: &mut BaselineContents, right: &mut BaselineContents) -> Vec<String> {
    let mut names: Vec<String> = left.archives.iter().chain(&right.archives).cloned().collect();
    names.sort();
    names.dedup();
    for stored in [left, right] {
        let number = |name: &String| names.binary_search(name).map_or(0, |at| at as u32 + 1);
        let numbers: Vec<u32> = stored.archives.iter().map(number).collect();
        if !numbers.iter().copied().eq(1..=numbers.len() as u32) {
            stored.renumber(&numbers);
        }
    }
    names
}

impl BaselineContents {
    /// Gives archive `n` the number at index `n - 1`.
    fn renumber(&mut self, numbers: &[u32]) {
        let new = |archive: &mut u32| {
            let index = (*archive as usize).wrapping_sub(1);
            *archive = numbers.get(index).copied().unwrap_or(*archive);
        };
        for behaviour in &mut self.baseline.behaviours {
            let shared = behaviour.first_success.as_ref().is_some_and(|it| Arc::ptr_eq(it, &behaviour.first));
            if shared {
                behaviour.first_success = None;
            }
            new(&mut Arc::make_mut(&mut behaviour.first).archive);
            match &mut behaviour.first_success {
                Some(success) => new(&mut Arc::make_mut(success).archive),
                None if shared => behaviour.first_success = Some(Arc::clone(&behaviour.first)),
                None => {}
            }
        }
        for value in &mut self.baseline.values {
            let shared = value.first_success.as_ref().is_some_and(|it| *it == value.first);
            new(&mut Arc::make_mut(&mut value.first.sighting).archive);
            match &mut value.first_success {
                Some(success) if shared => *success = value.first.clone(),
                Some(success) => new(&mut Arc::make_mut(&mut success.sighting).archive),
                None => {}
            }
        }
        let Baseline { insights, root, logging, hits, .. } = &mut self.baseline;
        let logging = logging.kept.iter_mut().map(|change| &mut change.event);
        insights.iter_mut().chain(root).chain(logging).for_each(|event| new(&mut event.sighting.archive));
        hits.iter_mut().for_each(|hit| new(&mut Arc::make_mut(&mut hit.sighting).archive));
        self.coverage.faults.iter_mut().for_each(|fault| new(&mut fault.archive));
        self.catalog.objects.iter_mut().for_each(|object| new(&mut object.archive));
    }
}

/// An object in both: the same content and name in the same archive, or the same delivery anywhere.
fn overlap<'o>(left: &'o [ObjectEntry], right: &'o [ObjectEntry]) -> Option<&'o Text> {
    let mut versions: HashMap<(u32, &str), Vec<&ObjectEntry>> = HashMap::new();
    for object in left {
        versions.entry((object.archive, &object.path)).or_default().push(object);
    }
    let is_known = |object: &&ObjectEntry| {
        let known = versions.get(&(object.archive, &*object.path));
        known.is_some_and(|versions| {
            versions.iter().any(|it| it.size == object.size && it.checksum == object.checksum)
        })
    };
    right.iter().find(is_known).map(|object| &object.path)
}

/// The merged catalog, with the numbers of the merged baseline.
fn join(left: Catalog, left_ranks: &[u32], right: Catalog, right_ranks: &[u32]) -> Catalog {
    let split = left.objects.len();
    let mut objects: Vec<(usize, ObjectEntry)> =
        left.objects.into_iter().chain(right.objects).enumerate().collect();
    objects.sort_by(|(_, left), (_, right)| left.delivery_order().cmp(&right.delivery_order()));
    let mut number_of = vec![0u32; objects.len()];
    for ((old, _), new) in objects.iter().zip(0..) {
        number_of[*old] = new;
    }
    let renumber = |record: RecordEntry, first: usize, ranks: &[u32]| RecordEntry {
        object: number_of[first + record.object as usize],
        behaviour: ranks[record.behaviour as usize],
        ..record
    };
    let left = left.records.into_iter().map(|record| renumber(record, 0, left_ranks));
    let right = right.records.into_iter().map(|record| renumber(record, split, right_ranks));
    let mut records: Vec<RecordEntry> = left.chain(right).collect();
    records.sort_by_key(|record| (record.object, record.record));
    Catalog { objects: objects.into_iter().map(|(_, object)| object).collect(), records }
}
