//! Adds archives to a saved baseline: only new objects are read, the baseline is saved at checkpoints, and an interrupted run
//! resumes from there.
//!
//! Knows what baselines and listings hold; does not know how records are read, or what is asked of a baseline.

mod known_objects;
mod left_out;

use std::collections::HashSet;

use thiserror::Error;

use crate::catalog::{Catalog, ObjectEntry};
use crate::coverage::{Coverage, Outcome, SomeShards, Unfinished};
use crate::learn::{Keep, LearnSettings, Learnt, learn_listed, learn_until_stopped};
use crate::model::{Inventory, Text};
use crate::scan::{Progress, ScanError, checksums, list};
use crate::source::{Archives, Listing, PART_OF_ARCHIVE, is_stdin};
use crate::store::{BaselineContents, BaselineFolder, MergeError, StoreError};
pub use left_out::{LeftOut, leave_out};

use known_objects::{KnownObjects, archive_numbers, is_known_stream, listed_in, not_in, replace_unlisted};

/// How archives are indexed.
#[derive(Clone, Debug)]
pub struct IndexSettings {
    /// How objects are read and learnt from. For an existing baseline, its own settings: [`LearnSettings::like`].
    pub learning: LearnSettings,
    /// Whether known objects are recognised by content (SHA-256), not only by name and size. All of them are read then.
    pub by_checksum: bool,
    /// The baseline is saved after this many objects, at least 1.
    pub checkpoint_every: usize,
    /// The IAM inventory to add.
    pub inventory: Inventory,
}

/// The result of an indexing run.
#[derive(Debug)]
pub struct Indexed {
    /// The whole baseline, as saved.
    pub stored: BaselineContents,
    /// Number of objects that were already in the baseline.
    pub known: u64,
    /// The objects that were added.
    pub added: AddedObjects,
    /// The same for each archive, in the order of their names.
    pub added_by_archive: Vec<AddedObjects>,
    /// Those among them of which the baseline has an earlier version with other content, by path.
    pub replaced: Vec<String>,
}

/// What became of the objects that a run added to a baseline. One that was tried again counts, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddedObjects {
    /// Read as logs, in part or as a whole.
    pub read: u64,
    /// Not read as logs: by their names, their content or the window.
    pub skipped: u64,
    /// Those that could not be read.
    pub failed: u64,
}

/// The same for all archives and for each of them.
#[derive(Debug)]
struct Added {
    all: AddedObjects,
    by_archive: Vec<AddedObjects>,
}

impl Added {
    /// Nothing of this many archives.
    fn nothing(archives: usize) -> Self {
        Self { all: AddedObjects::default(), by_archive: vec![AddedObjects::default(); archives] }
    }

    /// Adds what became of the objects of the next part, of each archive.
    fn add(&mut self, part: &[AddedObjects]) {
        for (sum, AddedObjects { read, skipped, failed }) in self.by_archive.iter_mut().zip(part) {
            for sum in [sum, &mut self.all] {
                sum.read += read;
                sum.skipped += skipped;
                sum.failed += failed;
            }
        }
    }

    /// The result of a run.
    fn indexed(self, stored: BaselineContents, known: u64, replaced: Vec<String>) -> Indexed {
        Indexed { stored, known, added: self.all, added_by_archive: self.by_archive, replaced }
    }
}

/// What became of the objects of a part, of each archive. `listed` has the archives of all that were to be opened. Each of these counts as failed
/// until its entry shows that it was opened: those that could not be have no entry.
fn outcomes(listed: &[(u32, Text)], entries: &[ObjectEntry], archives: usize) -> Vec<AddedObjects> {
    let mut added = vec![AddedObjects::default(); archives];
    let place = |archive: u32| (archive as usize).saturating_sub(1);
    for (archive, _) in listed {
        added[place(*archive)].failed += 1;
    }
    for entry in entries {
        let of_archive = &mut added[place(entry.archive)];
        of_archive.failed -= u64::from(entry.size.is_some());
        match entry.outcome {
            Outcome::Read | Outcome::ReadInPart(_) => of_archive.read += 1,
            Outcome::Skipped(_) => of_archive.skipped += 1,
            Outcome::Failed(_) => of_archive.failed += 1,
        }
    }
    added
}

/// Why a run did not complete.
#[derive(Debug, Error)]
pub enum IndexError {
    /// The archives could not be read; nothing was saved.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// [`Progress::stopped`] returned true, and what was read before is saved. Another run resumes there.
    #[error("interrupted; what was read until then is saved")]
    Interrupted,
    /// The baseline could not be saved.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was read does not fit the existing baseline.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The archives hold nothing that could be a log: see [`Coverage::holds_logs`]. A new empty baseline is not saved.
    #[error("nothing that could be a log was found")]
    NoLogs(Box<Coverage>),
    /// A shard is to be added to a baseline that has an object outside it.
    #[error("the baseline has an object that is not in the shard: {0}")]
    OtherShard(String),
}

/// Adds new content of the archives to the baseline at a place, or begins one there. `known` is what the place holds.
///
/// ```no_run
/// use firstseen::model::Inventory;
/// use firstseen::index::{IndexSettings, index};
/// use firstseen::learn::LearnSettings;
/// use firstseen::scan::Silent;
/// use firstseen::source::Archives;
/// use firstseen::store::BaselineFolder;
///
/// let place = BaselineFolder::take("case.baseline".as_ref())?;
/// let known = place.open()?;
/// let learning = match &known {
///     Some(saved) => LearnSettings::like(saved.scope(), 2),
///     None => LearnSettings { threads: 2, ..LearnSettings::default() },
/// };
/// let known = known.map(|saved| saved.contents()).transpose()?;
/// let archives = Archives::open(&["fixtures/small-archive".into()])?;
/// let settings = IndexSettings {
///     learning,
///     by_checksum: false,
///     checkpoint_every: 100_000,
///     inventory: Inventory::default(),
/// };
/// let indexed = index(&place, known, &archives, &settings, &Silent)?;
/// println!("{} objects added", indexed.added.read);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If an archive cannot be used at all, the baseline cannot be saved or the run was ended early. What cannot be read inside an
/// archive is not an error but is in the coverage.
pub fn index(
    place: &BaselineFolder,
    known: Option<BaselineContents>,
    archives: &Archives,
    settings: &IndexSettings,
    progress: &dyn Progress,
) -> Result<Indexed, IndexError> {
    let listing = list(archives, &settings.learning.scan(), progress);
    let listing = listing.map_err(|error| interrupted(error, known.is_some()))?;
    let run = Run { place, archives, settings, progress, shard: None };
    run.index(known, listing)
}

/// A shard of a plan: a part of archives that was listed elsewhere.
#[derive(Debug)]
pub struct ListedShard {
    /// The id of the plan.
    pub plan: String,
    /// Which of its shards this is.
    pub shard: SomeShards,
    /// What it has.
    pub listing: Listing,
}

/// Like [`index`], for a shard of a plan. The baseline is saved even if nothing in the shard is a log, so that the baselines of all
/// shards account for everything that was listed; and it says which shard it is, until it is merged with all others.
///
/// # Errors
/// As [`index`]; also if the place holds a baseline with other objects.
pub fn index_shard(
    place: &BaselineFolder,
    known: Option<BaselineContents>,
    archives: &Archives,
    ListedShard { plan, shard, listing }: ListedShard,
    settings: &IndexSettings,
    progress: &dyn Progress,
) -> Result<Indexed, IndexError> {
    if let Some(other) = known.as_ref().and_then(|stored| not_in(stored, archives, &listing)) {
        return Err(IndexError::OtherShard(other));
    }
    let run = Run { place, archives, settings, progress, shard: Some((plan, shard)) };
    run.index(known, listing)
}

/// One run.
struct Run<'r> {
    place: &'r BaselineFolder,
    archives: &'r Archives,
    settings: &'r IndexSettings,
    progress: &'r dyn Progress,
    /// The plan and the number of the shard that is read, if it is one.
    shard: Option<(String, SomeShards)>,
}

impl Run<'_> {
    fn index(&self, known: Option<BaselineContents>, listing: Listing) -> Result<Indexed, IndexError> {
        match known {
            Some(stored) => self.add(stored, listing),
            None => self.begin(listing),
        }
    }

    /// Begins a new baseline. Nothing is saved until something that could be a log was found.
    fn begin(&self, mut listing: Listing) -> Result<Indexed, IndexError> {
        let mut added = self.nothing_added();
        let Part { contents: mut stored, outcomes, left, mut is_whole } = self.read(&mut listing)?;
        added.add(&outcomes);
        let mut is_saved = self.save_logs(&mut stored, &left)?;
        while is_whole && is_left(&listing) {
            let part = self.read(&mut listing).map_err(|error| interrupted(error, is_saved))?;
            is_whole = part.is_whole;
            added.add(&part.outcomes);
            stored = stored.merge(part.contents)?;
            is_saved = self.save_logs(&mut stored, &part.left)?;
        }
        match (is_whole, is_saved) {
            (true, true) => Ok(added.indexed(stored, 0, Vec::new())),
            (true, false) => Err(IndexError::NoLogs(Box::new(stored.coverage))),
            (false, _) => Err(interrupted(ScanError::Stopped, is_saved)),
        }
    }

    /// Adds to a baseline.
    fn add(&self, mut stored: BaselineContents, mut listing: Listing) -> Result<Indexed, IndexError> {
        let mut is_changed = stored.forget_unread(&archive_numbers(&stored.archives, self.archives));
        is_changed |= !stored.baseline.inventory.covers(&self.settings.inventory);
        replace_unlisted(&mut stored, self.archives, &mut listing);
        let forgotten = self.forget_known(&stored, &mut listing);
        let (known, replaced) = forgotten.map_err(|error| interrupted(error, true))?;
        if self.progress.stopped() {
            return Err(IndexError::Interrupted);
        }
        let names = stored.archives.clone();
        is_changed |= stored.forget_failed_versions(listed_in(&names, self.archives, &listing));
        let mut added = self.nothing_added();
        is_changed |= listing.coverage.objects.listed > 0 || !listing.coverage.faults.is_empty();
        is_changed |= self.is_finishing(&stored, &listing);
        while is_changed || is_left(&listing) {
            is_changed = false;
            let Part { contents: part, outcomes, left, is_whole } =
                self.read(&mut listing).map_err(|error| interrupted(error, true))?;
            if is_known_stream(&stored, &part) {
                if !stored.baseline.inventory.covers(&self.settings.inventory) {
                    self.save(&mut stored, &left)?;
                }
                return Ok(added.indexed(stored, known + 1, replaced));
            }
            added.add(&outcomes);
            stored = stored.merge(part)?;
            self.save(&mut stored, &left)?;
            if !is_whole {
                return Err(IndexError::Interrupted);
            }
        }
        Ok(added.indexed(stored, known, replaced))
    }

    fn nothing_added(&self) -> Added {
        Added::nothing(self.archives.names().len())
    }

    /// Removes known objects from the listing; returns their number, and those left that replace known ones.
    fn forget_known(
        &self,
        stored: &BaselineContents,
        listing: &mut Listing,
    ) -> Result<(u64, Vec<String>), ScanError> {
        let known = KnownObjects::new((&stored.archives, &stored.objects), self.archives);
        let threads = self.settings.learning.threads;
        let content = match self.settings.by_checksum {
            true => Some(checksums(self.archives, known.known_in(listing), threads, self.progress)?),
            false => None,
        };
        let forgotten = known.forget(listing, content.as_ref(), self.progress);
        Ok((forgotten, known.replaced_in(listing)))
    }

    /// Reads the next objects of a listing, or as many of them as it can before the run is ended early.
    fn read(&self, listing: &mut Listing) -> Result<Part, ScanError> {
        let IndexSettings { learning, checkpoint_every, .. } = self.settings;
        let part = listing.cut((*checkpoint_every).max(1));
        let listed: Vec<(u32, Text)> =
            part.objects.iter().map(|object| (object.archive, object.path.clone())).collect();
        let is_kept = !part.to_keep.is_empty();
        // Standard input may never end, so it cannot be read until then.
        let learn = match self.archives.names().iter().any(|name| is_stdin(name.as_ref())) {
            true => learn_listed,
            false => learn_until_stopped,
        };
        let learnt = learn(self.archives, part, learning, Keep::Catalog, self.progress)?;
        let Learnt { baseline, coverage, catalog: Catalog { objects, records } } = learnt;
        let read = objects.iter().filter(|entry| entry.size.is_some()).count();
        let is_whole = !self.progress.stopped() || read == listed.len() && !is_kept;
        let archives = self.archives.names().to_vec();
        let mut left = if is_whole { Vec::new() } else { without_entry(&listed, &objects) };
        left.extend(archives_of(listing));
        let outcomes = outcomes(&listed, &objects, archives.len());
        let (learning, records) = (learning.scope(), records.into());
        let contents = BaselineContents { learning, archives, baseline, coverage, objects, records };
        Ok(Part { contents, outcomes, left, is_whole })
    }

    /// Saves a baseline; `left` has the archive of each object that remains to be read.
    fn save(&self, stored: &mut BaselineContents, left: &[u32]) -> Result<(), StoreError> {
        stored.baseline.add_inventory(self.settings.inventory.clone());
        stored.coverage.unfinished = self.unfinished(stored, left);
        // Those in memory, and the table of the baseline that was replaced, are not needed any more.
        stored.records = self.place.save(stored)?;
        Ok(())
    }

    /// Saves a baseline if it has anything that could be a log; returns whether it was saved.
    fn save_logs(&self, stored: &mut BaselineContents, left: &[u32]) -> Result<bool, StoreError> {
        if self.shard.is_none() && !stored.coverage.holds_logs() {
            return Ok(false);
        }
        self.save(stored, left).map(|()| true)
    }

    /// What a baseline lacks, if objects of these archives remain to be read. What it lacks of archives that were not listed stays.
    fn unfinished(&self, stored: &BaselineContents, left: &[u32]) -> Unfinished {
        let names = self.archives.names();
        let listed: Vec<String> =
            (1..).zip(names).map(|(number, _)| self.archives.listed_as(number)).collect();
        let mut unfinished = stored.coverage.unfinished.clone();
        // A whole archive has what a list of its files names, too.
        let is_listed = |known: &str| {
            let whole = known.split(PART_OF_ARCHIVE).next().unwrap_or(known);
            listed.iter().any(|listed| listed == known || listed == whole)
        };
        unfinished.unread.retain(|archive, _| !is_listed(archive));
        for archive in left {
            *unfinished.unread.entry(listed[*archive as usize - 1].clone()).or_default() += 1;
        }
        if let Some((plan, shard)) = &self.shard {
            unfinished.add_shards(plan.clone(), shard.clone());
        } else if stored.archives.iter().all(|archive| listed.contains(archive)) {
            // They were listed as a whole, so the shards that are missing are left in the listing, or were read.
            unfinished.plans.clear();
        }
        unfinished
    }

    /// Whether this run reads nothing more, and with that finishes what others have left.
    fn is_finishing(&self, stored: &BaselineContents, left: &Listing) -> bool {
        !is_left(left) && self.unfinished(stored, &[]) != stored.coverage.unfinished
    }
}

/// What was read between two checkpoints.
struct Part {
    contents: BaselineContents,
    /// What became of its objects, of each archive.
    outcomes: Vec<AddedObjects>,
    /// The archives of what remains to be read after it, once for each object. Of itself that is what was not read before the run was ended
    /// early.
    left: Vec<u32>,
    /// Whether all of it was read, because the run was not ended early.
    is_whole: bool,
}

/// The archives of the listed objects that have no entry, once for each.
fn without_entry(listed: &[(u32, Text)], entries: &[ObjectEntry]) -> Vec<u32> {
    let entries: HashSet<(u32, &str)> = entries.iter().map(|entry| (entry.archive, &*entry.path)).collect();
    let has_none = |(archive, path): &&(u32, Text)| !entries.contains(&(*archive, &**path));
    listed.iter().filter(has_none).map(|(archive, _)| *archive).collect()
}

/// The archives of what remains to be read or kept, once for each object.
fn archives_of(left: &Listing) -> Vec<u32> {
    left.objects.iter().chain(&left.to_keep).map(|object| object.archive).collect()
}

/// Whether anything in a listing remains to be read or kept.
fn is_left(listing: &Listing) -> bool {
    !listing.objects.is_empty() || !listing.to_keep.is_empty()
}

/// The error of a run that was ended early, depending on whether a baseline was saved.
fn interrupted(error: ScanError, is_saved: bool) -> IndexError {
    match error {
        ScanError::Stopped if is_saved => IndexError::Interrupted,
        error => error.into(),
    }
}
