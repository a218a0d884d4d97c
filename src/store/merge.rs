//! Merges two stored baselines into the one that a single run over all their objects would have saved.
//!
//! Copies are recomputed over all records (`copies.rs`), since each baseline may have one copy; everything else adds up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::copies::RECORDS_AT_ONCE;
use super::record_rows::GONE;
use super::{BaselineContents, LearningScope, MergeError};
use crate::baseline::Baseline;
use crate::catalog::ObjectEntry;
use crate::coverage::{Fault, FaultKind, Outcome};
use crate::model::Text;
use crate::time::Timestamp;

impl BaselineContents {
    /// The merged baseline: the same, byte for byte, as if all objects had been read at once. Commutative and associative.
    ///
    /// Its records stay where they are and are merged when they are read: see [`Records`](super::Records).
    ///
    /// # Errors
    /// If the settings differ, an object is in both, which would count twice, or one of them is damaged.
    pub fn merge(self, other: Self) -> Result<Self, MergeError> {
        let mut merged = self.join(other)?;
        merged.compare_copies(RECORDS_AT_ONCE)?;
        Ok(merged)
    }

    /// Merges any number of baselines that were made independently. The same as merging two at a time, but they are read one after
    /// another, and copies are compared once. None if there are none.
    ///
    /// # Errors
    /// The first error of the iterator; else as [`Self::merge`], and if a delivery is in two of them ([`Self::shared_delivery`]).
    pub fn merge_all<E: From<MergeError>>(
        baselines: impl IntoIterator<Item = Result<Self, E>>,
    ) -> Result<Option<Self>, E> {
        let mut baselines = baselines.into_iter();
        let Some(mut merged) = baselines.next().transpose()? else { return Ok(None) };
        let mut are_several = false;
        for next in baselines {
            let next = next?;
            if let Some(path) = merged.shared_delivery(&next) {
                return Err(MergeError::Overlap(path.to_owned()).into());
            }
            merged = merged.join(next)?;
            are_several = true;
        }
        if are_several {
            merged.compare_copies(RECORDS_AT_ONCE)?;
        }
        Ok(Some(merged))
    }

    /// Joins two baselines. The copies in both are counted until they are compared.
    pub(super) fn join(mut self, mut other: Self) -> Result<Self, MergeError> {
        same_settings(&self, &other)?;
        let archives = renumber_archives(&mut self, &mut other);
        if let Some(path) = overlap(&self.objects, &other.objects) {
            return Err(MergeError::Overlap(path.to_string()));
        }
        let [mut left, mut right] = [self.without_copies()?, other.without_copies()?];
        let merged = left.baseline.merge(right.baseline);
        let (objects, of_left, of_right) = join_objects(left.objects, right.objects);
        left.records.renumber(&of_left, Some(&merged.left));
        right.records.renumber(&of_right, Some(&merged.right));
        left.coverage.merge(right.coverage);
        Ok(Self {
            learning: left.learning,
            archives,
            baseline: merged.baseline,
            coverage: left.coverage,
            objects,
            records: left.records.join(right.records),
        })
    }

    /// A delivery in both, regardless of archive and folder: the same file name and content.
    pub fn shared_delivery<'s>(&'s self, other: &Self) -> Option<&'s str> {
        let name = |path: &'_ str| path.rsplit('/').next().map(str::to_owned);
        let delivered = |object: &&ObjectEntry| object.delivered.is_some() && object.checksum.is_some();
        let known: HashSet<_> = other
            .objects
            .iter()
            .filter(delivered)
            .map(|object| (name(&object.path), object.checksum))
            .collect();
        let mut own = self.objects.iter().filter(delivered);
        own.find(|object| known.contains(&(name(&object.path), object.checksum))).map(|object| &*object.path)
    }

    /// Forgets unreadable objects and unlisted folders in these archives, so that they can be tried again; returns
    /// whether there were any.
    pub fn forget_unread(&mut self, archives: &HashSet<u32>) -> bool {
        let unread = |object: &ObjectEntry| object.outcome.is_absence() && archives.contains(&object.archive);
        let gone: HashSet<(u32, Text)> = self
            .objects
            .iter()
            .filter(|object| unread(object))
            .map(|object| (object.archive, object.path.clone()))
            .collect();
        let coverage = &mut self.coverage;
        let faults_before = coverage.fault_count;
        coverage.objects.listed -= gone.len() as u64;
        for object in self.objects.iter().filter(|object| unread(object)) {
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
        let mut new_number = Vec::with_capacity(self.objects.len());
        let mut kept = 0;
        for object in &self.objects {
            new_number.push(if unread(object) { GONE } else { kept });
            kept += u32::from(!unread(object));
        }
        self.objects.retain(|object| !unread(object));
        if !gone.is_empty() {
            self.records.renumber(&new_number, None);
        }
        self.coverage.fault_count != faults_before
    }
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
        let Baseline { received, insights, root, logging, hits, .. } = &mut self.baseline;
        received.values_mut().for_each(|request| new(&mut request.event.sighting.archive));
        let logging = logging.kept.iter_mut().map(|change| &mut change.event);
        insights.iter_mut().chain(root).chain(logging).for_each(|event| new(&mut event.sighting.archive));
        hits.iter_mut().for_each(|hit| new(&mut Arc::make_mut(&mut hit.sighting).archive));
        self.coverage.faults.iter_mut().for_each(|fault| new(&mut fault.archive));
        self.objects.iter_mut().for_each(|object| new(&mut object.archive));
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

/// The objects of both in delivery order, and where those of each went.
fn join_objects(left: Vec<ObjectEntry>, right: Vec<ObjectEntry>) -> (Vec<ObjectEntry>, Vec<u32>, Vec<u32>) {
    let split = left.len();
    let mut objects: Vec<(usize, ObjectEntry)> = left.into_iter().chain(right).enumerate().collect();
    objects.sort_by(|(_, left), (_, right)| left.delivery_order().cmp(&right.delivery_order()));
    let mut number_of = vec![0u32; objects.len()];
    for ((old, _), new) in objects.iter().zip(0..) {
        number_of[*old] = new;
    }
    let of_right = number_of.split_off(split);
    (objects.into_iter().map(|(_, object)| object).collect(), number_of, of_right)
}
