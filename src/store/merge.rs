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
use crate::checksum::Checksum;
use crate::coverage::{Fault, FaultKind, Outcome};
use crate::model::{Text, last_part};
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
    /// The first error of the iterator; else as [`Self::merge`].
    pub fn merge_all<E: From<MergeError>>(
        baselines: impl IntoIterator<Item = Result<Self, E>>,
    ) -> Result<Option<Self>, E> {
        let mut baselines = baselines.into_iter();
        let Some(mut merged) = baselines.next().transpose()? else { return Ok(None) };
        let mut are_several = false;
        for next in baselines {
            merged = merged.join(next?)?;
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

    /// The number of deliveries with records that are in several archives, as those of a bucket and its replica are, and the path
    /// of one: objects with the same file name and content. Their records are copies, which count once, except for those without an
    /// event id.
    pub fn repeated_deliveries(&self) -> Option<(u64, &str)> {
        if self.archives.len() < 2 {
            return None;
        }
        fn delivery(object: &ObjectEntry) -> (&str, Option<Checksum>) {
            (last_part(&object.path), object.checksum)
        }
        let is_delivery = |object: &&ObjectEntry| {
            object.delivered.is_some() && object.checksum.is_some() && object.records > 0
        };
        let mut deliveries: Vec<&ObjectEntry> = self.objects.iter().filter(is_delivery).collect();
        deliveries.sort_by(|left, right| {
            let same = delivery(left).cmp(&delivery(right));
            same.then_with(|| (left.archive, &left.path).cmp(&(right.archive, &right.path)))
        });
        let same = deliveries.chunk_by(|left, right| delivery(left) == delivery(right));
        let mut repeated = same.filter(|same| same.iter().any(|object| object.archive != same[0].archive));
        let first = repeated.next()?;
        Some((1 + repeated.count() as u64, &first[0].path))
    }

    /// Forgets unreadable objects and unlisted folders in these archives, so that they can be tried again; returns
    /// whether there were any.
    pub fn forget_unread(&mut self, archives: &HashSet<u32>) -> bool {
        let unread = |object: &ObjectEntry| object.outcome.is_absence() && archives.contains(&object.archive);
        let gone: Vec<bool> = self.objects.iter().map(unread).collect();
        self.forget(&gone, |fault| {
            // The next listing finds them again.
            let is_of_listing =
                matches!(fault.kind, FaultKind::List | FaultKind::NotKept | FaultKind::Missing);
            is_of_listing && archives.contains(&fault.archive)
        })
    }

    /// Forgets versions of objects of which nothing could be read, if another version was read, or is `listed` to be read next, by
    /// archive and path; returns whether there were any. One stays if another version has faults, too, since those could not be told
    /// apart.
    pub fn forget_failed_versions<'l>(&mut self, listed: impl IntoIterator<Item = (u32, &'l str)>) -> bool {
        #[derive(Clone, Copy, Default)]
        struct Others {
            are_read: bool,
            have_faults: bool,
        }
        let is_failed =
            |object: &ObjectEntry| matches!(object.outcome, Outcome::Failed(kind) if !kind.is_absence());
        let failed = self.objects.iter().filter(|object| is_failed(object));
        let mut others: HashMap<(u32, &str), Others> =
            failed.map(|object| ((object.archive, &*object.path), Others::default())).collect();
        if others.is_empty() {
            return false;
        }
        for object in self.objects.iter().filter(|object| !is_failed(object)) {
            if let Some(others) = others.get_mut(&(object.archive, &*object.path)) {
                others.are_read |= object.outcome == Outcome::Read;
                others.have_faults |= object.faults > 0;
            }
        }
        for listed in listed {
            if let Some(others) = others.get_mut(&listed) {
                others.are_read = true;
            }
        }
        let is_gone = |object: &ObjectEntry| {
            let others = others.get(&(object.archive, &*object.path)).copied().unwrap_or_default();
            is_failed(object) && others.are_read && !others.have_faults
        };
        let gone: Vec<bool> = self.objects.iter().map(is_gone).collect();
        self.forget(&gone, |_| false)
    }

    /// Forgets objects without records, and their faults and some others; returns whether there were any.
    fn forget(&mut self, gone: &[bool], is_dropped: impl Fn(&Fault) -> bool) -> bool {
        let coverage = &mut self.coverage;
        let faults_before = coverage.fault_count;
        let mut paths: HashSet<(u32, Text)> = HashSet::new();
        let mut number_of = Vec::with_capacity(self.objects.len());
        let (mut kept, mut faults) = (0, 0);
        for (object, is_gone) in self.objects.iter().zip(gone) {
            number_of.push(if *is_gone { GONE } else { kept });
            if !is_gone {
                kept += 1;
                continue;
            }
            faults = object.faults.saturating_add(faults);
            paths.insert((object.archive, object.path.clone()));
            coverage.objects.listed = coverage.objects.listed.saturating_sub(1);
            if let Outcome::Failed(kind) = object.outcome
                && let Some(failed) = coverage.objects.failed.get_mut(&kind)
            {
                *failed = failed.saturating_sub(1);
            }
            if let Some(place) = object.place().and_then(|place| coverage.places.get_mut(&place)) {
                place.remove_failed(object.delivery_day());
            }
        }
        coverage.objects.failed.retain(|_, count| *count > 0);
        coverage.places.retain(|_, place| !place.is_empty());
        let is_of_gone = |fault: &Fault| {
            // The path may go on inside the object.
            let ends = fault.object.match_indices('!').map(|(at, _)| at).chain([fault.object.len()]);
            ends.into_iter().any(|end| paths.contains(&(fault.archive, Text::from(&fault.object[..end]))))
        };
        let listed = coverage.faults.iter().filter(|fault| is_of_gone(fault)).count() as u64;
        coverage.drop_faults(|fault| is_dropped(fault) || is_of_gone(fault));
        // Of very many in one object, not all are listed.
        coverage.fault_count = coverage.fault_count.saturating_sub(faults.saturating_sub(listed));
        let has_changed = !paths.is_empty() || coverage.fault_count != faults_before;
        if !paths.is_empty() {
            let mut gone = gone.iter();
            self.objects.retain(|_| gone.next() != Some(&true));
            self.records.renumber(&number_of, None);
        }
        has_changed
    }
}

fn same_settings(left: &BaselineContents, right: &BaselineContents) -> Result<(), MergeError> {
    let (left, right) = (&left.learning, &right.learning);
    let time = |time: Option<Timestamp>| time.map_or("no limit".to_owned(), |time| time.to_string());
    let rules = |learning: &LearningScope| match &learning.rules {
        Some(rules) => format!("those with SHA-256 {}", rules.checksum),
        None => "none".to_owned(),
    };
    let differences = [
        ("principal key", left.principal_key.name().to_owned(), right.principal_key.name().to_owned()),
        ("namespace in key", left.namespace_in_key.to_string(), right.namespace_in_key.to_string()),
        ("read from", time(left.read_from), time(right.read_from)),
        ("read to", time(left.read_to), time(right.read_to)),
        ("delivery slack", left.delivery_slack.to_string(), right.delivery_slack.to_string()),
        ("rules", rules(left), rules(right)),
        ("dimensions", left.dimensions.to_string(), right.dimensions.to_string()),
        ("largest object", size(left.max_object_size), size(right.max_object_size)),
    ];
    match differences.into_iter().find(|(_, left, right)| left != right) {
        Some((name, left, right)) => {
            Err(MergeError::Settings(format!("{name}: {left} in one, {right} in the other")))
        }
        None => Ok(()),
    }
}

/// A number of bytes, in the largest unit that gives a whole number.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = |(shift, _): &(u32, &str)| bytes > 0 && bytes.is_multiple_of(1 << shift);
    match units.into_iter().find(fits) {
        Some((shift, unit)) => format!("{} {unit}", bytes >> shift),
        None => format!("{bytes} bytes"),
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
        self.coverage.clusters.renumber(new);
        self.objects.iter_mut().for_each(|object| new(&mut object.archive));
    }
}

/// An object in both: the same content and name in the same archive. Such a one would count twice.
fn overlap<'o>(left: &'o [ObjectEntry], right: &'o [ObjectEntry]) -> Option<&'o Text> {
    fn version(object: &ObjectEntry) -> (u32, &str, Option<u64>, Option<&Checksum>) {
        (object.archive, &object.path, object.size, object.checksum.as_ref())
    }
    let known: HashSet<_> = left.iter().map(version).collect();
    right.iter().find(|object| known.contains(&version(object))).map(|object| &object.path)
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
