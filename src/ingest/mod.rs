//! Wires source, decode, event, observe and baseline on all cores: archives in, a baseline and its coverage out.
//!
//! One worker per thread takes the next object from a shared cursor and owns everything it collects; at the end the
//! baselines of all workers merge. The result is the same for any number of threads and any order of objects.
//! Knows no questions and no output.

mod account;
mod checksums;
mod gather;
mod hits;
mod pieces;
mod stages;
mod tally;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use crate::baseline::{Baseline, HitsKept};
use crate::coverage::Coverage;
use crate::ledger::{HeldRules, Learning, Ledger};
use crate::memory::Budget;
use crate::model::PrincipalKey;
use crate::observe::Copies;
use crate::rules::RuleSet;
use crate::source::{ArchiveError, Archives, DeliveryWindow, Listing, Supply, Traffic};
use crate::time::Timestamp;
pub use checksums::{Checksums, checksums};
use gather::gather;
use pieces::Queue;
use worker::Worker;

/// The default ceiling for one inflated object: CloudTrail writes up to 50 MB; exports may hold far more.
pub const DEFAULT_MAX_OBJECT_SIZE: u64 = 4 << 30;

/// The default budget of memory for large objects.
pub const DEFAULT_MEMORY: u64 = 4 << 30;

/// What decides about learning. None of it is about what is reported.
#[derive(Clone, Debug)]
pub struct IngestSettings {
    /// Number of worker threads, at least 1.
    pub threads: usize,
    /// Which objects are opened, and which events are learnt from.
    pub window: DeliveryWindow,
    /// What makes two events the deeds of one principal.
    pub principal_key: PrincipalKey,
    /// Whether the same action in another Kubernetes namespace is another action.
    pub namespace_in_key: bool,
    /// The Kubernetes cluster of audit events that nothing says the cluster of.
    pub cluster: Option<String>,
    /// No object is inflated to more than this many bytes.
    pub max_object_size: u64,
    /// Bytes that all threads together may hold for large objects: see [`crate::memory`]. Decides what waits and nothing else.
    pub memory: u64,
    /// What events are held against.
    pub rules: Option<Arc<RuleSet>>,
    /// Earlier events are held against nothing, since nobody asks what they match.
    pub rules_from: Option<Timestamp>,
    /// What is kept of the events that rules matched.
    pub hits: HitsKept,
}

impl Default for IngestSettings {
    /// One thread, and everything is learnt from.
    fn default() -> Self {
        Self {
            threads: 1,
            window: DeliveryWindow::default(),
            principal_key: PrincipalKey::default(),
            namespace_in_key: false,
            cluster: None,
            max_object_size: DEFAULT_MAX_OBJECT_SIZE,
            memory: DEFAULT_MEMORY,
            rules: None,
            rules_from: None,
            hits: HitsKept::Every,
        }
    }
}

impl IngestSettings {
    /// Settings that learn as another run did. What it was told of single objects, such as their cluster, is not among them,
    /// nor are its rules.
    pub fn like(learning: &Learning, threads: usize) -> Self {
        Self {
            threads,
            window: DeliveryWindow {
                since: learning.since,
                until: learning.until,
                slack: learning.delivery_slack,
            },
            principal_key: learning.principal_key,
            namespace_in_key: learning.namespace_in_key,
            cluster: None,
            max_object_size: learning.max_object_size,
            memory: DEFAULT_MEMORY,
            rules: None,
            rules_from: None,
            hits: HitsKept::Every,
        }
    }

    /// What of them decides what is learnt.
    pub fn learning(&self) -> Learning {
        Learning {
            principal_key: self.principal_key,
            namespace_in_key: self.namespace_in_key,
            since: self.window.since,
            until: self.window.until,
            delivery_slack: self.window.slack,
            max_object_size: self.max_object_size,
            rules: self
                .rules
                .as_ref()
                .map(|rules| HeldRules { checksum: rules.checksum(), left_out: rules.left_out().to_vec() }),
        }
    }
}

/// Everything learnt, and the account of what it was learnt from.
#[derive(Debug)]
pub struct Ingested {
    /// Everything learnt, with principals as their records name them. Questions want it [`Baseline::joined`].
    pub baseline: Baseline,
    /// What was read, skipped and lost.
    pub coverage: Coverage,
    /// What each object and record gave; empty unless [`Keep::Ledger`] asked for it.
    pub ledger: Ledger,
}

/// What is kept of a run beside the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The baseline and its coverage: memory does not grow with the number of events.
    Baseline,
    /// Also the ledger, so that more can be added later: about 40 bytes a record.
    Ledger,
}

/// One object that has just been read.
#[derive(Clone, Copy, Debug)]
pub struct ObjectRead {
    /// Its size as stored.
    pub stored_bytes: u64,
    /// Number of its records, without those that [`Progress::piece`] was told.
    pub records: u64,
    /// When it was delivered, if its name says so.
    pub delivered: Option<Timestamp>,
}

/// Hears how far a run has come, from any thread, and may end it.
pub trait Progress: Sync {
    /// So many objects have been listed.
    fn listed(&self, _objects: u64) {}
    /// Reading begins; so many objects will be read, if that is known already.
    fn reading(&self, _objects: Option<u64>) {}
    /// So many records of a piece of a large object have been read.
    fn piece(&self, _records: u64) {}
    /// One more object has been read.
    fn read(&self, _object: ObjectRead) {}
    /// So much has been asked of a network.
    fn traffic(&self, _traffic: &Traffic) {}
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
    let supply = archives.supply(&settings.window, settings.threads, &mut |objects| {
        progress.listed(objects);
        !progress.stopped()
    });
    if progress.stopped() {
        return Err(IngestError::Stopped);
    }
    read(supply?, settings, Keep::Baseline, progress)
}

/// Lists what [`ingest`] would read.
///
/// # Errors
/// If there is no object at all or the run was ended early.
pub fn list(
    archives: &Archives,
    settings: &IngestSettings,
    progress: &dyn Progress,
) -> Result<Listing, IngestError> {
    let listing = archives.list(&settings.window, settings.threads, &mut |objects| {
        progress.listed(objects);
        !progress.stopped()
    });
    if progress.stopped() { Err(IngestError::Stopped) } else { Ok(listing?) }
}

/// Reads what was listed.
///
/// # Errors
/// If the threads cannot be started or the run was ended early.
pub fn ingest_listed(
    archives: &Archives,
    listing: Listing,
    settings: &IngestSettings,
    keep: Keep,
    progress: &dyn Progress,
) -> Result<Ingested, IngestError> {
    read(archives.supply_listed(listing), settings, keep, progress)
}

/// Lets all workers read what comes, and joins what they collected.
fn read(
    supply: Supply<'_>,
    settings: &IngestSettings,
    keep: Keep,
    progress: &dyn Progress,
) -> Result<Ingested, IngestError> {
    progress.reading(supply.total());
    let copies = Copies::default().keeping(keep == Keep::Ledger);
    let queue = Queue::new(settings.threads);
    let budget = Budget::new(settings.memory);
    let run = Run { supply, settings, copies, queue, budget, keep, stopped: AtomicBool::new(false) };
    let workers = run.work(progress)?;
    if progress.stopped() || run.stopped.into_inner() {
        return Err(IngestError::Stopped);
    }
    progress.merging();
    let found = run.copies.finish();
    Ok(gather(workers, found, keep, run.supply.finish()))
}

/// What the workers share.
struct Run<'a> {
    supply: Supply<'a>,
    settings: &'a IngestSettings,
    copies: Copies,
    queue: Queue,
    budget: Arc<Budget>,
    keep: Keep,
    stopped: AtomicBool,
}

impl Run<'_> {
    /// Lets all workers read until no object is left.
    fn work(&self, progress: &dyn Progress) -> Result<Vec<Worker>, IngestError> {
        let threads = self.settings.threads.clamp(1, usize::from(u16::MAX));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let workers = Mutex::new(Vec::with_capacity(threads));
        pool.broadcast(|context| {
            let mut worker = Worker::new(context.index() as u16, self.settings, &self.budget);
            self.work_on(&mut worker, progress);
            workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        });
        Ok(workers.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets a worker read pieces of what others cut, then whole objects, until there is neither.
    fn work_on(&self, worker: &mut Worker, progress: &dyn Progress) {
        let stopped = || self.is_stopped(progress);
        while !stopped() {
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
            match self.queue.wait(&stopped) {
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
}
