//! Reads archives on all cores: shows every record to a visitor, and returns the coverage.
//!
//! One worker per thread takes the next object from a shared cursor and owns a visitor, which collects; at the end all visitors
//! are returned. What they collected must not depend on which worker read what. Knows nothing of what visitors do.

mod checksums;
mod contents;
mod depth;
mod intake;
mod object;
mod pieces;
mod reopen;
mod visitor;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use crate::memory::Budget;
use crate::source::{ArchiveError, Archives, Listing, ReadWindow, Supply, Traffic};
use crate::time::Timestamp;
use pieces::Queue;
use worker::Worker;

pub use checksums::{Checksums, checksums};
pub use contents::{ObjectContent, map_on_threads, read_contents};
pub use depth::{ScanDepth, take_steps};
pub use object::{CurrentObject, ObjectResult, StoredBytes, inner_path};
pub use reopen::{RecordAddress, ReopenError, Reopened, reopen, reopen_all};
pub use visitor::{ObjectContext, Visitor};

/// The default ceiling for one inflated object: CloudTrail writes up to 50 MB; exports may hold far more.
pub const DEFAULT_MAX_OBJECT_SIZE: u64 = 4 << 30;

/// The default memory budget for large objects.
pub const DEFAULT_MEMORY: u64 = 4 << 30;

/// How objects are read.
#[derive(Clone, Copy, Debug)]
pub struct ScanSettings {
    /// Number of worker threads, at least 1.
    pub threads: usize,
    /// Which objects are opened.
    pub window: ReadWindow,
    /// No object is inflated to more than this many bytes.
    pub max_object_size: u64,
    /// Bytes that all threads together may hold for large objects: see [`crate::memory`]. Only decides what waits.
    pub memory: u64,
    /// Whether the checksum of each object as stored is wanted.
    pub checksums: bool,
}

impl Default for ScanSettings {
    /// One thread, and every object is opened.
    fn default() -> Self {
        Self {
            threads: 1,
            window: ReadWindow::default(),
            max_object_size: DEFAULT_MAX_OBJECT_SIZE,
            memory: DEFAULT_MEMORY,
            checksums: false,
        }
    }
}

/// The result of a scan.
#[derive(Debug)]
pub struct Scanned<V> {
    /// The visitors of all workers, in no particular order.
    pub visitors: Vec<V>,
    /// The objects in the order of their numbers, and the skipped ones; its coverage is that of the whole scan.
    pub listing: Listing,
    /// Numbers of the objects that were not read because the run was ended early, in order: see [`scan_until_stopped`].
    pub unread: Vec<u32>,
}

/// One object that has just been read.
#[derive(Clone, Copy, Debug)]
pub struct ObjectRead {
    /// Its size as stored.
    pub stored_bytes: u64,
    /// Number of its records, without those reported to [`Progress::piece`].
    pub records: u64,
    /// Its delivery time, if its name has one.
    pub delivered: Option<Timestamp>,
}

/// Receives the progress of a run, from any thread, and may end it.
pub trait Progress: Sync {
    /// The number of objects listed so far.
    fn listed(&self, _objects: u64) {}
    /// Reading begins, with the number of objects to read, if already known.
    fn reading(&self, _objects: Option<u64>) {}
    /// This many records of a piece of a large object were read.
    fn piece(&self, _records: u64) {}
    /// One more object has been read.
    fn read(&self, _object: ObjectRead) {}
    /// The network traffic so far.
    fn traffic(&self, _traffic: &Traffic) {}
    /// All objects were read; the results of the threads are merged next.
    fn merging(&self) {}
    /// Whether the run should end now, without a result.
    fn stopped(&self) -> bool {
        false
    }
}

/// Ignores progress.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {}

/// Why there is no result.
#[derive(Debug, Error)]
pub enum ScanError {
    /// An archive cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The threads could not be started.
    #[error("the worker threads could not be started")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// [`Progress::stopped`] returned true.
    #[error("interrupted before the archive was read; there is no result")]
    Stopped,
}

/// Reads all archives. `visitor` makes the visitor of each worker, given its number.
///
/// ```no_run
/// use firstseen::coverage::Coverage;
/// use firstseen::decode::FoundRecord;
/// use firstseen::scan::{CurrentObject, ObjectContext, ObjectResult, ScanSettings, Silent, Visitor, scan};
/// use firstseen::source::Archives;
///
/// /// Counts the bytes of all records.
/// struct Bytes(u64);
///
/// impl Visitor for Bytes {
///     type Part = u64;
///
///     fn begin_piece(&mut self, _: &CurrentObject<'_>) -> u64 {
///         0
///     }
///     fn record(&mut self, part: &mut u64, found: &FoundRecord<'_>, context: &mut ObjectContext<'_>) {
///         *part += found.text.len() as u64;
///         context.coverage.records.counted += u64::from(found.record.is_ok());
///     }
///     fn join_pieces(before: &mut u64, next: u64, _: u32) {
///         *before += next;
///     }
///     fn end_object(&mut self, part: u64, _: &ObjectResult<'_>, _: &mut Coverage) {
///         self.0 += part;
///     }
/// }
///
/// let archives = Archives::open(&["fixtures/small-archive".into()])?;
/// let scanned = scan(&archives, &ScanSettings::default(), &|_| Bytes(0), &Silent)?;
/// println!("{}", scanned.visitors.iter().map(|Bytes(bytes)| bytes).sum::<u64>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If an archive cannot be used at all, the threads cannot be started or the run was ended early. What cannot be read
/// inside an archive is not an error but is in the coverage.
pub fn scan<V: Visitor>(
    archives: &Archives,
    settings: &ScanSettings,
    visitor: &(dyn Fn(u16) -> V + Sync),
    progress: &dyn Progress,
) -> Result<Scanned<V>, ScanError> {
    let supply = archives.supply(&settings.window, settings.threads, &mut |objects| {
        progress.listed(objects);
        !progress.stopped()
    });
    if progress.stopped() {
        return Err(ScanError::Stopped);
    }
    read(supply?, settings, visitor, progress)
}

/// Lists what [`scan`] would read.
///
/// # Errors
/// If there is no object at all or the run was ended early.
pub fn list(
    archives: &Archives,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<Listing, ScanError> {
    let listing = archives.list(&settings.window, settings.threads, &mut |objects| {
        progress.listed(objects);
        !progress.stopped()
    });
    if progress.stopped() { Err(ScanError::Stopped) } else { Ok(listing?) }
}

/// Reads what was listed.
///
/// # Errors
/// If the threads cannot be started or the run was ended early.
pub fn scan_listed<V: Visitor>(
    archives: &Archives,
    listing: Listing,
    settings: &ScanSettings,
    visitor: &(dyn Fn(u16) -> V + Sync),
    progress: &dyn Progress,
) -> Result<Scanned<V>, ScanError> {
    read(archives.supply_listed(listing), settings, visitor, progress)
}

/// Like [`scan_listed`], but a run that is ended early has a result: the objects that were begun are read to their end, and it is as
/// if the others had not been listed. Standard input may never end, so it must not be among them.
///
/// # Errors
/// If the threads cannot be started, or the run was ended before any object was read.
pub fn scan_until_stopped<V: Visitor>(
    archives: &Archives,
    listing: Listing,
    settings: &ScanSettings,
    visitor: &(dyn Fn(u16) -> V + Sync),
    progress: &dyn Progress,
) -> Result<Scanned<V>, ScanError> {
    let listed = listing.objects.len() as u64;
    let run = Run::new(archives.supply_listed(listing), settings, AtStop::Finish);
    progress.reading(Some(listed));
    let workers = run.work(visitor, progress)?;
    let mut done: Vec<u32> =
        workers.iter().flat_map(|worker| worker.done.iter().flatten().copied()).collect();
    let left = listed - done.len() as u64;
    if left > 0 && done.is_empty() {
        return Err(ScanError::Stopped);
    }
    let mut scanned = run.finish(workers, progress);
    scanned.listing.coverage.objects.listed -= left;
    if left > 0 {
        done.sort_unstable();
        let numbers = 0..u32::try_from(scanned.listing.objects.len()).unwrap_or(u32::MAX);
        scanned.unread = numbers.filter(|number| done.binary_search(number).is_err()).collect();
    }
    Ok(scanned)
}

/// Lets all workers read the supply.
fn read<V: Visitor>(
    supply: Supply<'_>,
    settings: &ScanSettings,
    visitor: &(dyn Fn(u16) -> V + Sync),
    progress: &dyn Progress,
) -> Result<Scanned<V>, ScanError> {
    progress.reading(supply.total());
    let run = Run::new(supply, settings, AtStop::Abandon);
    let workers = run.work(visitor, progress)?;
    if progress.stopped() || run.stopped.load(Ordering::Relaxed) {
        return Err(ScanError::Stopped);
    }
    Ok(run.finish(workers, progress))
}

/// What becomes of the objects that are being read when a run is ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtStop {
    /// They are dropped at once, with the result of the run.
    Abandon,
    /// They are read to their end.
    Finish,
}

/// What the workers share.
struct Run<'a, V: Visitor> {
    supply: Supply<'a>,
    settings: &'a ScanSettings,
    queue: Queue<V>,
    budget: Arc<Budget>,
    stopped: AtomicBool,
    at_stop: AtStop,
}

impl<'a, V: Visitor> Run<'a, V> {
    fn new(supply: Supply<'a>, settings: &'a ScanSettings, at_stop: AtStop) -> Self {
        let queue = Queue::new(settings.threads);
        let budget = Budget::new(settings.memory);
        Self { supply, settings, queue, budget, stopped: AtomicBool::new(false), at_stop }
    }

    /// Joins what the workers collected.
    fn finish(self, workers: Vec<Worker<V>>, progress: &dyn Progress) -> Scanned<V> {
        progress.merging();
        let mut listing = self.supply.finish();
        let mut visitors = Vec::with_capacity(workers.len());
        for Worker { visitor, coverage, unwanted, .. } in workers {
            listing.coverage.objects.listed -= unwanted;
            listing.coverage.merge(coverage);
            visitors.push(visitor);
        }
        Scanned { visitors, listing, unread: Vec::new() }
    }

    /// Lets all workers read until no object is left.
    fn work(
        &self,
        visitor: &(dyn Fn(u16) -> V + Sync),
        progress: &dyn Progress,
    ) -> Result<Vec<Worker<V>>, ScanError> {
        let threads = self.settings.threads.clamp(1, usize::from(u16::MAX));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let workers = Mutex::new(Vec::with_capacity(threads));
        pool.broadcast(|context| {
            let visitor = visitor(context.index() as u16);
            let mut worker = Worker::new(visitor, self.settings.max_object_size, &self.budget);
            worker.done = (self.at_stop == AtStop::Finish).then(Vec::new);
            self.work_on(&mut worker, progress);
            workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        });
        Ok(workers.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets a worker read pieces cut by others, then whole objects, until none are left.
    fn work_on(&self, worker: &mut Worker<V>, progress: &dyn Progress) {
        let stopped = || self.is_stopped(progress);
        let abandoned = || self.is_abandoned(progress);
        while !abandoned() {
            if let Some(job) = self.queue.take() {
                worker.piece(self, job, progress);
                continue;
            }
            let busy = self.queue.busy();
            if let Some(mut supplied) = self.supply.next(&stopped) {
                worker.read(self, &mut supplied, progress);
                if let Some(traffic) = self.supply.traffic() {
                    progress.traffic(&traffic);
                }
                continue;
            }
            drop(busy);
            match self.queue.wait(&abandoned) {
                Some(job) => worker.piece(self, job, progress),
                None => return,
            }
        }
    }

    /// Whether the run should end now.
    fn is_stopped(&self, progress: &dyn Progress) -> bool {
        if progress.stopped() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.stopped.load(Ordering::Relaxed)
    }

    /// Whether also the objects that were begun should be left now.
    fn is_abandoned(&self, progress: &dyn Progress) -> bool {
        self.at_stop == AtStop::Abandon && self.is_stopped(progress)
    }
}
