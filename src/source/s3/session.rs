//! The S3 session of a run: runtime, credentials, counters.

use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::config::ProvideCredentials;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::archive::join;
use super::bucket::Bucket;
use super::connect::connect;
use super::failure::problem;
use super::listing::list_all;
use super::merge::Merge;
use super::session_state::SessionState;
use super::stream::{Feed, Stream};
use super::traffic::Counters;
use crate::source::{ArchiveError, Listing, ReadWindow, S3ProblemKind, S3Settings, Traffic};

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
    config: SdkConfig,
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
    /// Reads the configuration and the profile; `name` is the archive that needs them.
    pub(in crate::source) fn start(settings: &S3Settings, name: &str) -> Result<Self, ArchiveError> {
        let failed = |problem| ArchiveError::S3 { name: name.to_owned(), problem };
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(THREADS).thread_name("s3").enable_all().build();
        let runtime = runtime.map_err(|error| failed(problem(S3ProblemKind::Other, &error)))?;
        let (handle, runtime) = (runtime.handle().clone(), RuntimeGuard(Some(runtime)));
        let connected = wait(&handle, &mut pin!(connect(settings)), &mut || !(settings.interrupted)());
        let config = connected.ok_or(ArchiveError::Interrupted)?.map_err(failed)?;
        let state = SessionState {
            settings: settings.clone(),
            counters: Arc::new(Counters::default()),
            host: Arc::default(),
            gate: Semaphore::new(settings.concurrency.max(1)),
            disk: Semaphore::new(DISK_AT_ONCE),
            ended: OnceLock::new(),
            answered: Mutex::new(Instant::now()),
            mirrors: Mutex::default(),
            handle,
        };
        Ok(Self { state: Arc::new(state), config, _runtime: runtime })
    }

    /// Opens an archive `s3://bucket[/prefix]` and checks that it is not empty.
    pub(in crate::source) fn open(&self, name: &str) -> Result<Bucket, ArchiveError> {
        let mut opening = pin!(Bucket::open(name, &self.state, &self.config));
        let opened = wait(&self.state.handle, &mut opening, &mut || !(self.state.settings.interrupted)());
        opened.ok_or(ArchiveError::Interrupted)?
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

    /// The access key id of the credentials, if there are any.
    pub(in crate::source) fn access_key(&self) -> Option<String> {
        let provider = self.config.credentials_provider()?;
        let goes_on = &mut || !(self.state.settings.interrupted)();
        let credentials = wait(&self.state.handle, &mut pin!(provider.provide_credentials()), goes_on)?;
        Some(credentials.ok()?.access_key_id().to_owned())
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
