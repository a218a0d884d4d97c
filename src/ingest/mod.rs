//! Wires source, decode, event, observe and baseline on all cores: archives in, a baseline and its coverage out.
//!
//! One worker per thread takes the next object from a shared cursor and owns everything it collects; at the end the
//! baselines of all workers merge. The result is the same for any number of threads and any order of objects.
//! Knows no questions and no output.

mod tally;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use crate::baseline::{Baseline, BehaviourId};
use crate::coverage::{Coverage, Fault, FaultKind, Position};
use crate::observe::{Conflict, Copies, CopiesFound, PrincipalKey};
use crate::source::{ArchiveError, Archives, DeliveryWindow, LogObject};
use crate::time::Timestamp;
use tally::Worker;

/// The default ceiling for one inflated object: CloudTrail writes up to 50 MB; exports may hold far more.
pub const DEFAULT_MAX_OBJECT_SIZE: u64 = 4 << 30;

/// What decides about learning. None of it is about what is reported.
#[derive(Clone, Debug)]
pub struct IngestSettings {
    /// Number of worker threads, at least 1.
    pub threads: usize,
    /// Which objects are opened, and which events are learnt from.
    pub window: DeliveryWindow,
    /// What makes two events the deeds of one principal.
    pub principal_key: PrincipalKey,
    /// No object is inflated to more than this many bytes.
    pub max_object_size: u64,
}

/// Everything learnt, and the account of what it was learnt from.
#[derive(Debug)]
pub struct Ingested {
    /// Everything learnt.
    pub baseline: Baseline,
    /// What was read, skipped and lost.
    pub coverage: Coverage,
}

/// One object that has just been read.
#[derive(Clone, Copy, Debug)]
pub struct ObjectRead {
    /// Its size as stored.
    pub stored_bytes: u64,
    /// Number of its records.
    pub records: u64,
    /// When it was delivered, if its name says so.
    pub delivered: Option<Timestamp>,
}

/// Hears how far a run has come, from any thread, and may end it.
pub trait Progress: Sync {
    /// So many objects have been listed.
    fn listed(&self, _objects: u64) {}
    /// Listing is over; so many objects will be read.
    fn reading(&self, _objects: u64) {}
    /// One more object has been read.
    fn read(&self, _object: ObjectRead) {}
    /// All objects have been read; what the threads collected will be merged.
    fn merging(&self) {}
    /// The run should end now, without an answer.
    fn stopped(&self) -> bool {
        false
    }
}

/// No progress is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum IngestError {
    /// An archive cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The threads could not be started.
    #[error("the worker threads could not be started")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// [`Progress::stopped`] said so.
    #[error("interrupted before the archive was read; there is no result")]
    Stopped,
}

/// Reads all archives.
///
/// # Errors
/// If an archive cannot be used at all, the threads cannot be started or the run was ended early. What cannot be
/// read inside an archive is no error but stands in the coverage.
pub fn ingest(
    archives: &Archives,
    settings: &IngestSettings,
    progress: &dyn Progress,
) -> Result<Ingested, IngestError> {
    let mut objects = 0;
    let listing = archives.list(&settings.window, &mut || {
        objects += 1;
        progress.listed(objects);
        !progress.stopped()
    })?;
    progress.reading(listing.objects.len() as u64);
    let days = listing.objects.iter().map(|object| object.delivered.map(Timestamp::day));
    let run = Run {
        archives,
        settings,
        objects: &listing.objects,
        copies: Copies::expect(days),
        cursor: AtomicU32::new(0),
        stopped: AtomicBool::new(false),
    };
    let workers = run.work(progress)?;
    if progress.stopped() || run.stopped.into_inner() {
        return Err(IngestError::Stopped);
    }
    progress.merging();
    let found = run.copies.finish();
    Ok(gather(workers, found, listing.coverage, &listing.objects))
}

/// What the workers share.
struct Run<'a> {
    archives: &'a Archives,
    settings: &'a IngestSettings,
    /// In delivery order.
    objects: &'a [LogObject],
    copies: Copies,
    /// Number of the next object to read.
    cursor: AtomicU32,
    stopped: AtomicBool,
}

impl Run<'_> {
    /// Lets all workers read until no object is left.
    fn work(&self, progress: &dyn Progress) -> Result<Vec<Worker>, IngestError> {
        let threads = self.settings.threads.clamp(1, usize::from(u16::MAX));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let workers = Mutex::new(Vec::with_capacity(threads));
        pool.broadcast(|context| {
            let mut worker = Worker::new(context.index() as u16, self.settings.max_object_size);
            while let Some((number, object)) = self.next(progress) {
                progress.read(worker.read(self, number, object));
            }
            workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        });
        Ok(workers.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn next(&self, progress: &dyn Progress) -> Option<(u32, &LogObject)> {
        if progress.stopped() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.cursor.fetch_add(1, Ordering::Relaxed);
        self.objects.get(number as usize).map(|object| (number, object))
    }
}

/// Joins what the workers collected.
fn gather(workers: Vec<Worker>, found: CopiesFound, listed: Coverage, objects: &[LogObject]) -> Ingested {
    let mut coverage = listed;
    let mut baseline = Baseline::default();
    for mut worker in workers {
        for (&(number, behaviour), surplus) in &found.surplus {
            if number == worker.number {
                worker.builder.take_back(BehaviourId(behaviour), surplus.count, surplus.failed);
            }
        }
        coverage.merge(worker.coverage);
        let (principals, actions) = worker.observer.into_tables();
        baseline = baseline.merge(worker.builder.finish(principals, actions));
    }
    coverage.records.counted -= found.duplicates;
    coverage.records.duplicates += found.duplicates;
    for conflict in &found.conflicts {
        coverage.fault(conflict_fault(conflict, objects));
    }
    coverage.sort();
    Ingested { baseline, coverage }
}

fn conflict_fault(conflict: &Conflict, objects: &[LogObject]) -> Fault {
    let object = |number: u32| &objects[number as usize];
    let (here, there) = (object(conflict.place.object), object(conflict.other.object));
    Fault {
        archive: here.archive,
        object: here.path.to_string(),
        position: Position::Record(conflict.place.record),
        kind: FaultKind::ConflictingCopy,
        detail: format!(
            "same event id as record {} of {} (archive {}), but other content",
            conflict.other.record, there.path, there.archive
        ),
    }
}
