//! Objects fetched ahead, and handed out as they arrive.
//!
//! One task takes objects in delivery order and starts to fetch each as soon as there is room for its bytes. Requests
//! under way are bounded by the gate, bytes that wait by the room; so memory does not depend on how large objects are or
//! how many there are, except that the largest one must fit by itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::bucket::{Bucket, Shared};
use super::fetch::{Fetched, fetch};
use super::listing::{Coming, Listed};
use super::merge::Merge;
use super::traffic::count;
use super::{etag, lock, read_error, size};
use crate::coverage::{FaultKind, ObjectSkip};
use crate::source::supply::Body;
use crate::source::{Listing, LogObject, SkippedObject, Traffic};

/// What room is counted in, in bytes.
const ROOM_UNIT: usize = 1024;

/// What an object takes beside its bytes, about.
const ROOM_BESIDE: usize = 8 * 1024;

/// How often somebody who waits asks whether to go on.
const HEARTBEAT: Duration = Duration::from_millis(50);

/// Where objects come from.
#[derive(Debug)]
pub(super) enum Feed {
    /// They are being listed.
    Merged(Merge),
    /// They have been listed.
    Listed(std::vec::IntoIter<Coming>),
}

/// Objects on their way.
#[derive(Debug)]
pub(in crate::source) struct Stream {
    shared: Arc<Shared>,
    ready: Mutex<Receiver<Ready>>,
    /// Every object to read, in the order of its number.
    objects: Arc<Mutex<Vec<LogObject>>>,
    is_listed: Arc<AtomicBool>,
    /// Account of what was listed elsewhere.
    beside: Listing,
    listed: Option<Listed>,
    driver: JoinHandle<()>,
}

type Ready = (u32, LogObject, Body);

/// The task that fetches.
struct Driver {
    buckets: HashMap<u32, Bucket>,
    objects: Arc<Mutex<Vec<LogObject>>>,
    is_listed: Arc<AtomicBool>,
    ready: Sender<Ready>,
    room: Arc<Semaphore>,
    largest: u32,
}

impl Stream {
    /// Starts to fetch.
    pub(super) fn start(
        shared: &Arc<Shared>,
        buckets: Vec<(u32, &Bucket)>,
        feed: Feed,
        beside: Listing,
        listed: Option<Listed>,
    ) -> Self {
        let (sender, ready) = channel();
        let objects = Arc::<Mutex<Vec<LogObject>>>::default();
        let is_listed = Arc::<AtomicBool>::default();
        let largest = (shared.settings.bytes_ahead / ROOM_UNIT).clamp(1, Semaphore::MAX_PERMITS >> 4);
        let driver = Driver {
            buckets: buckets.into_iter().map(|(number, bucket)| (number, bucket.clone())).collect(),
            objects: Arc::clone(&objects),
            is_listed: Arc::clone(&is_listed),
            ready: sender,
            room: Arc::new(Semaphore::new(largest)),
            largest: u32::try_from(largest).unwrap_or(u32::MAX),
        };
        Self {
            shared: Arc::clone(shared),
            ready: Mutex::new(ready),
            objects,
            is_listed,
            beside,
            listed,
            driver: shared.handle.spawn(driver.run(feed)),
        }
    }

    /// The next object that has arrived; waits for one. None once there are no more, or if `stopped` says so.
    pub(in crate::source) fn next(&self, stopped: &dyn Fn() -> bool) -> Option<Ready> {
        loop {
            if stopped() {
                return None;
            }
            match lock(&self.ready).recv_timeout(HEARTBEAT) {
                Ok(ready) => return Some(ready),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    pub(in crate::source) fn traffic(&self) -> Traffic {
        self.shared.counters.traffic(self.is_listed.load(Ordering::Relaxed))
    }

    /// The objects that were handed out, and the account of all others.
    pub(in crate::source) fn finish(self) -> Listing {
        end(&self.shared.handle, self.driver);
        let mut listing = self.beside;
        if let Some(listed) = self.listed {
            let account = listed.account();
            listing.coverage.merge(account.coverage);
            listing.skipped.extend(account.skipped);
        }
        listing.objects = std::mem::take(&mut *lock(&self.objects));
        listing
    }
}

/// Ends a task; a panic in it is one here, since what it did is not known.
pub(super) fn end(runtime: &Handle, task: JoinHandle<()>) {
    task.abort();
    if let Err(error) = runtime.block_on(task)
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

impl Driver {
    async fn run(self, mut feed: Feed) {
        while let Some(Coming { object, is_read }) = feed.next().await {
            let Some(bucket) = self.buckets.get(&object.archive) else {
                if !self.hand_out(object, Body::InPlace) {
                    return;
                }
                continue;
            };
            let number = is_read.then(|| self.number(&object));
            let room = (size(&object) as usize + ROOM_BESIDE).div_ceil(ROOM_UNIT);
            let room = u32::try_from(room).unwrap_or(u32::MAX).min(self.largest);
            // Closed never.
            let Ok(room) = Arc::clone(&self.room).acquire_many_owned(room).await else { return };
            let (bucket, ready) = (bucket.clone(), self.ready.clone());
            tokio::spawn(async move {
                let task = {
                    let (bucket, object) = (bucket.clone(), object.clone());
                    tokio::spawn(async move { get(&bucket, &object).await })
                };
                // Whatever happens, every number is handed out.
                let mut fetched = task.await.unwrap_or_else(|error| Fetched::failed(error.to_string()));
                fetched.room = Some(room);
                if let Some(number) = number {
                    // Nobody listens any more if the run was stopped.
                    let _ = ready.send((number, object, Body::Fetched(fetched)));
                }
            });
        }
        self.is_listed.store(true, Ordering::Relaxed);
    }

    /// Numbers an object that is to be read.
    fn number(&self, object: &LogObject) -> u32 {
        let mut objects = lock(&self.objects);
        objects.push(object.clone());
        u32::try_from(objects.len() - 1).unwrap_or(u32::MAX)
    }

    /// Hands out an object that needs no fetching; says whether anybody wants more.
    fn hand_out(&self, object: LogObject, body: Body) -> bool {
        self.ready.send((self.number(&object), object, body)).is_ok()
    }
}

/// Gets an object from the mirror, or from its bucket and into the mirror.
async fn get(bucket: &Bucket, object: &LogObject) -> Fetched {
    let Some(mirror) = bucket.mirror() else { return fetch(bucket, object).await };
    let key = bucket.key(object);
    let counters = &bucket.shared().counters;
    let kept = tokio::task::block_in_place(|| mirror.read(&key, size(object), etag(object)));
    if let Some(Ok(bytes)) = kept {
        count(&counters.from_mirror);
        return Fetched::local(bytes);
    }
    let mut fetched = fetch(bucket, object).await;
    if fetched.whole().is_some() {
        match tokio::task::block_in_place(|| mirror.keep(&key, &fetched)) {
            Ok(()) => count(&counters.kept),
            Err(error) => {
                let detail = format!("read, but not kept in the mirror: {error}");
                fetched.fail(read_error(FaultKind::NotKept, detail));
            }
        }
    }
    fetched
}

impl Feed {
    /// Objects that have been listed, and the digests among those left alone if they are to be kept.
    pub(super) fn listed(objects: Vec<LogObject>, skipped: &[SkippedObject], keeps_digests: bool) -> Self {
        let digests = skipped.iter().filter(|skipped| keeps_digests && skipped.reason == ObjectSkip::Digest);
        let digests = digests.map(|skipped| Coming { object: skipped.object.clone(), is_read: false });
        let objects = objects.into_iter().map(|object| Coming { object, is_read: true });
        Self::Listed(objects.chain(digests).collect::<Vec<_>>().into_iter())
    }

    async fn next(&mut self) -> Option<Coming> {
        match self {
            Self::Merged(merge) => merge.next().await,
            Self::Listed(objects) => objects.next(),
        }
    }
}
