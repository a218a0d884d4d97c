//! The S3 session of a run: runtime, credentials, counters.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;

use super::archive::join;
use super::bucket::Bucket;
use super::connect::connect;
use super::connection::Connection;
use super::failure::problem;
use super::listing::list_all;
use super::merge::Merge;
use super::session_state::SessionState;
use super::stream::{Feed, Stream};
use super::traffic::Counters;
use crate::source::{
    AccessKey, ArchiveError, GivenArchive, Listing, ReadWindow, S3ProblemKind, S3Settings, Traffic,
};

/// Threads of the runtime. One drives some 7,000 requests a second; a second one keeps a slow step of the first, such as
/// a mirror file, from blocking the rest.
const THREADS: usize = 2;

/// Mirror files read or written at once.
const DISK_AT_ONCE: usize = 4;

/// How often a waiting caller polls whether to go on.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// Credentials and runtime of a run.
#[derive(Debug)]
pub(in crate::source) struct Session {
    state: Arc<SessionState>,
    /// One for each way in which buckets are reached.
    connections: Vec<Arc<Connection>>,
    // Last, so that everything that runs on it is dropped first.
    _runtime: RuntimeGuard,
}

/// How long the runtime may take to end: a DNS lookup cannot be cancelled, and is not waited for.
const ENDING: Duration = Duration::from_secs(1);

/// The runtime, which does not delay the end of a run.
#[derive(Debug)]
struct RuntimeGuard(Option<Runtime>);

impl Drop for RuntimeGuard {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(ENDING);
        }
    }
}

impl Session {
    /// Starts the runtime; `name` is the archive that needs it.
    pub(in crate::source) fn start(settings: &S3Settings, name: &str) -> Result<Self, ArchiveError> {
        let failed = |problem| ArchiveError::S3 { name: name.to_owned(), problem };
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(THREADS).thread_name("s3").enable_all().build();
        let runtime = runtime.map_err(|error| failed(problem(S3ProblemKind::Other, &error)))?;
        let (handle, runtime) = (runtime.handle().clone(), RuntimeGuard(Some(runtime)));
        let state = SessionState {
            settings: settings.clone(),
            counters: Arc::new(Counters::default()),
            gate: Semaphore::new(settings.concurrency.max(1)),
            disk: Semaphore::new(DISK_AT_ONCE),
            mirrors: Mutex::default(),
            handle,
        };
        Ok(Self { state: Arc::new(state), connections: Vec::new(), _runtime: runtime })
    }

    /// Opens an archive `s3://bucket[/prefix]` and checks that it is not empty.
    pub(in crate::source) fn open(&mut self, archive: &GivenArchive) -> Result<Bucket, ArchiveError> {
        let connection = self.connection(archive)?;
        let opened = self.wait_to_open(&mut pin!(Bucket::open(archive, &connection)));
        opened.ok_or(ArchiveError::Interrupted)?
    }

    /// The connection of an archive. Reads the configuration and the profile, unless another archive has the same access.
    pub(super) fn connection(&mut self, archive: &GivenArchive) -> Result<Arc<Connection>, ArchiveError> {
        let settings = &self.state.settings;
        let access = archive.access.as_ref().unwrap_or(&settings.access);
        if let Some(known) = self.connections.iter().find(|known| known.access == *access) {
            return Ok(Arc::clone(known));
        }
        let connected = self.wait_to_open(&mut pin!(connect(access, settings)));
        let config = connected
            .ok_or(ArchiveError::Interrupted)?
            .map_err(|problem| ArchiveError::S3 { name: archive.described(), problem })?;
        let connection = Arc::new(Connection::new(access.clone(), config, &self.state));
        self.connections.push(Arc::clone(&connection));
        Ok(connection)
    }

    pub(super) fn wait_to_open<T>(&self, work: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        wait(&self.state.handle, work, &mut || !(self.state.settings.interrupted)())
    }

    /// Adds all objects of some archives to a listing.
    pub(in crate::source) fn list<'b>(
        &self,
        buckets: impl Iterator<Item = (u32, &'b Bucket)>,
        window: &ReadWindow,
        listing: &mut Listing,
        found: &mut dyn FnMut(u64) -> bool,
    ) {
        let before = listing.coverage.objects.listed;
        let listed = list_all(&self.state, buckets, window);
        let mut all = pin!(async {
            let mut merge = Merge::new(listed.begin().await, Vec::new());
            let (mut objects, mut to_keep) = (Vec::new(), Vec::new());
            while let Some(next) = merge.next().await {
                if next.is_read { objects.push(next.object) } else { to_keep.push(next.object) }
            }
            (objects, to_keep)
        });
        let objects = self.wait(&mut all, &mut |listed| found(before + listed));
        // The run was stopped.
        let Some((objects, to_keep)) = objects else { return };
        listing.objects.extend(objects);
        listing.to_keep.extend(to_keep);
        join(listing, listed.take_listing());
    }

    /// Fetches the objects of some archives while they are listed, merged with those of `local`.
    pub(in crate::source) fn stream<'b>(
        &self,
        buckets: impl Iterator<Item = (u32, &'b Bucket)>,
        window: &ReadWindow,
        local: Listing,
        found: &mut dyn FnMut(u64) -> bool,
    ) -> Stream {
        let buckets: Vec<(u32, &Bucket)> = buckets.collect();
        let listed = list_all(&self.state, buckets.iter().copied(), window);
        // If stopped here, a run has nothing to read, and ends.
        let heads = self.wait(&mut pin!(listed.begin()), found).unwrap_or_default();
        let mut beside = local;
        let feed = Feed::Merged(Merge::new(heads, std::mem::take(&mut beside.objects)));
        Stream::start(&self.state, buckets, feed, beside, Some(listed))
    }

    /// Fetches listed objects.
    pub(in crate::source) fn stream_listed<'b>(
        &self,
        buckets: impl Iterator<Item = (u32, &'b Bucket)>,
        listing: Listing,
    ) -> Stream {
        let mut beside = listing;
        let (objects, to_keep) = (std::mem::take(&mut beside.objects), std::mem::take(&mut beside.to_keep));
        let feed = Feed::listed(objects, to_keep);
        Stream::start(&self.state, buckets.collect(), feed, beside, None)
    }

    /// The S3 traffic so far.
    pub(in crate::source) fn traffic(&self) -> Traffic {
        self.state.counters.traffic(true)
    }

    /// The access key id of the credentials with which the first archive is reached, if there are any.
    pub(in crate::source) fn access_key(&self) -> Option<AccessKey> {
        let connection = self.connections.first()?;
        self.wait_to_open(&mut pin!(connection.access_key()))?
    }

    /// Waits for a future; `None` if `found` said to stop.
    fn wait<T>(
        &self,
        work: &mut (impl Future<Output = T> + Unpin),
        found: &mut dyn FnMut(u64) -> bool,
    ) -> Option<T> {
        wait(&self.state.handle, work, &mut || found(self.state.counters.traffic(false).listed))
    }
}

/// Waits for a future; `None` if `goes_on` returns false.
fn wait<T>(
    runtime: &Handle,
    work: &mut (impl Future<Output = T> + Unpin),
    goes_on: &mut dyn FnMut() -> bool,
) -> Option<T> {
    runtime.block_on(async {
        loop {
            if let Ok(done) = tokio::time::timeout(HEARTBEAT, &mut *work).await {
                return Some(done);
            }
            if !goes_on() {
                return None;
            }
        }
    })
}
