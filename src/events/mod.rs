//! The events themselves: records that match a filter, in time order, each marked if it is a first sighting.
//!
//! One pass: while a baseline is learnt, events that may match are packed (`packed.rs`) and, beyond a limit, moved to sorted runs
//! in temporary files (`runs.rs`), many of which are joined to longer ones; then all runs are merged (`merge.rs`). Only the complete baseline shows whom a bare unique id
//! names and what was first, so the filter of principals is exact only then (`event.rs`).

mod collector;
mod event;
mod filter;
mod heads;
mod merge;
mod packed;
mod run_file;
mod runs;
mod text_search;

use std::collections::HashSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use crate::baseline::Baseline;
use crate::coverage::Coverage;
use crate::learn::{Keep, LearnSettings, Learnt, learn_with};
use crate::model::{PrincipalKey, Text};
use crate::query::EventAdmission;
use crate::scan::{ObjectRead, Progress, ScanError, ScanSettings, list};
use crate::source::{Archives, Listing, ReadWindow, Traffic};
use crate::time::Span;
use collector::{Collector, Shared, WorkerEvents};

pub use event::{Event, Events};
pub use filter::EventFilter;
pub use runs::MakeFile;
pub use text_search::TooManyTexts;

/// Which events are collected, and how.
#[derive(Clone, Debug, Default)]
pub struct EventRequest {
    /// Which events.
    pub filter: EventFilter,
    /// Whether the text of each record is kept, as it was delivered.
    pub raw: bool,
    /// Bytes of events that all threads together hold in memory; more goes to temporary files. Does not change the answer.
    pub memory: u64,
    /// Whether it is kept which objects were listed.
    pub with_listed: bool,
    /// Objects that are opened although they were delivered outside the window.
    pub late: LateObjects,
}

/// Objects that are known to hold wanted events, and were delivered outside the window.
#[derive(Clone, Debug, Default)]
pub struct LateObjects {
    paths: HashSet<Text>,
    /// By how many days the farthest lies outside.
    days: u32,
}

impl LateObjects {
    /// Adds an object by its path and by how many days it lies outside.
    pub fn add(&mut self, path: Text, days: u32) {
        self.paths.insert(path);
        self.days = self.days.max(days);
    }

    /// Whether an object is one of them.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// The listing of the window and of these objects; `None` if there are none.
    fn list(
        &self,
        archives: &Archives,
        settings: &LearnSettings,
        progress: &dyn Progress,
    ) -> Result<Option<Listing>, ScanError> {
        if self.paths.is_empty() {
            return Ok(None);
        }
        let window = settings.window;
        let slack = Span::days(window.slack.whole_days().unsigned_abs().saturating_add(self.days));
        let wide = ScanSettings { window: ReadWindow { slack, ..window }, ..settings.scan() };
        let mut listing = list(archives, &wide, progress)?;
        listing.leave_out(&window, |object| self.has(&object.path));
        Ok(Some(listing))
    }
}

/// Why there are no events.
#[derive(Debug, Error)]
pub enum CollectError {
    /// The archives cannot be read.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A temporary file cannot be made or written.
    #[error("the temporary file for events cannot be written")]
    Temporary(#[source] io::Error),
    /// The filter cannot be applied.
    #[error(transparent)]
    Texts(#[from] TooManyTexts),
}

/// The events of a scan that may match, and the baseline that was learnt with them.
#[derive(Debug)]
pub struct Collected {
    /// As its records name principals; an inventory may be added to it.
    pub baseline: Baseline,
    /// What was read, skipped and lost.
    pub coverage: Coverage,
    /// Archive and path of every listed object, if they were asked for.
    pub listed: Vec<(u32, Text)>,
    workers: Vec<WorkerEvents>,
    admission: EventAdmission,
    key: PrincipalKey,
    /// Whether the baseline has more than what was read.
    knows_more: bool,
}

/// Learns from all archives, and keeps the events that may match. `make` makes temporary files.
///
/// # Errors
/// Same as [`scan`](crate::scan::scan()), and if a temporary file cannot be written, or if the filter has too many texts.
pub fn collect(
    archives: &Archives,
    settings: &LearnSettings,
    request: &EventRequest,
    make: &MakeFile<'_>,
    progress: &dyn Progress,
) -> Result<Collected, CollectError> {
    let key = settings.principal_key;
    let shared =
        Shared { filter: request.filter.compile(key)?, raw: request.raw, make, failure: Mutex::default() };
    let limit = request.memory / settings.threads.max(1) as u64;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let tap = |_| Collector::new(&shared, limit);
    let until = StopOnFailure { shared: &shared, progress };
    let keep = if request.with_listed { Keep::Objects } else { Keep::Baseline };
    let listing = request.late.list(archives, settings, progress)?;
    let learnt = learn_with(archives, listing, settings, (keep, &tap), &until).map(|(learnt, collectors)| {
        let workers = collectors.into_iter().map(Collector::finish).collect();
        (learnt, workers)
    });
    let Shared { filter, failure, .. } = shared;
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(CollectError::Temporary(error));
    }
    let (Learnt { baseline, coverage, catalog }, workers) = learnt?;
    let listed = catalog.objects.into_iter().map(|object| (object.archive, object.path)).collect();
    Ok(Collected { baseline, coverage, listed, workers, admission: filter.admission, key, knows_more: false })
}

/// Ends the scan once a temporary file could not be written.
struct StopOnFailure<'u> {
    shared: &'u Shared<'u>,
    progress: &'u dyn Progress,
}

impl Progress for StopOnFailure<'_> {
    fn listed(&self, objects: u64) {
        self.progress.listed(objects);
    }
    fn reading(&self, objects: Option<u64>) {
        self.progress.reading(objects);
    }
    fn piece(&self, records: u64) {
        self.progress.piece(records);
    }
    fn read(&self, object: ObjectRead) {
        self.progress.read(object);
    }
    fn traffic(&self, traffic: &Traffic) {
        self.progress.traffic(traffic);
    }
    fn merging(&self) {
        self.progress.merging();
    }
    fn stopped(&self) -> bool {
        self.shared.has_failed() || self.progress.stopped()
    }
}
