//! Fetches objects ahead, and hands them out as they arrive.
//!
//! One task takes objects in delivery order and starts to fetch each as soon as there is room for its bytes. Requests in
//! flight are bounded by the gate, waiting bytes by the room, and objects ahead of the oldest one by their number; so
//! memory does not depend on the size or number of objects, except that the largest one must fit by itself.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use super::abort::abort;
use super::archive::{ListedObject, join};
use super::bucket::Bucket;
use super::fetch::{Fetched, fetch};
use super::listing::Listed;
use super::merge::Merge;
use super::session_state::SessionState;
use super::traffic::count;
use super::{etag, lock};
use crate::coverage::{Fault, FaultKind, Position};
use crate::source::{Listing, LogObject, Traffic};

/// The unit of room, in bytes.
const ROOM_UNIT: usize = 1024;

/// Approximate memory of an object besides its bytes.
const ROOM_BESIDE: usize = 8 * 1024;

/// How far objects may be ahead of the oldest missing one: what is learnt of them waits for that one.
const MOST_AHEAD: u32 = 10_000;

/// How often a waiting caller polls whether to go on.
const HEARTBEAT: Duration = Duration::from_millis(50);

/// The source of objects.
#[derive(Debug)]
pub(super) enum Feed {
    /// They are being listed.
    Merged(Merge),
    /// They have been listed.
    Listed(std::vec::IntoIter<ListedObject>),
}

/// Objects being fetched.
#[derive(Debug)]
pub(in crate::source) struct Stream {
    state: Arc<SessionState>,
    ready: Mutex<Receiver<Ready>>,
    /// Every object to read, in numerical order.
    objects: Arc<Mutex<Vec<LogObject>>>,
    is_listed: Arc<AtomicBool>,
    /// Objects in flight.
    in_flight: Arc<InFlight>,
    /// The number of objects, if known.
    total: Option<u64>,
    /// Account of what was listed elsewhere.
    beside: Listing,
    listed: Option<Listed>,
    driver: JoinHandle<()>,
}

/// The number of an object, the object, and the result of fetching it; `None` for a file, which is read in place.
type Ready = (u32, LogObject, Option<Fetched>);

/// Which objects are in flight, and which arrived ones could not be stored.
#[derive(Debug, Default)]
struct InFlight {
    numbers: Mutex<BTreeSet<u32>>,
    /// Notified when one has arrived.
    came: Notify,
    not_kept: Mutex<Vec<Fault>>,
}

/// The task that fetches objects.
struct Driver {
    buckets: HashMap<u32, Bucket>,
    objects: Arc<Mutex<Vec<LogObject>>>,
    is_listed: Arc<AtomicBool>,
    in_flight: Arc<InFlight>,
    ready: Sender<Ready>,
    room: Arc<Semaphore>,
    largest: u32,
}

impl Stream {
    /// Starts fetching.
    pub(super) fn start(
        state: &Arc<SessionState>,
        buckets: Vec<(u32, &Bucket)>,
        feed: Feed,
        beside: Listing,
        listed: Option<Listed>,
    ) -> Self {
        let (sender, ready) = channel();
        let objects = Arc::<Mutex<Vec<LogObject>>>::default();
        let is_listed = Arc::<AtomicBool>::default();
        let in_flight = Arc::<InFlight>::default();
        let total = feed.total();
        let largest = (state.settings.bytes_ahead / ROOM_UNIT).clamp(1, Semaphore::MAX_PERMITS >> 4);
        let driver = Driver {
            buckets: buckets.into_iter().map(|(number, bucket)| (number, bucket.clone())).collect(),
            objects: Arc::clone(&objects),
            is_listed: Arc::clone(&is_listed),
            in_flight: Arc::clone(&in_flight),
            ready: sender,
            room: Arc::new(Semaphore::new(largest)),
            largest: u32::try_from(largest).unwrap_or(u32::MAX),
        };
        Self {
            state: Arc::clone(state),
            ready: Mutex::new(ready),
            objects,
            is_listed,
            in_flight,
            total,
            beside,
            listed,
            driver: state.handle.spawn(driver.run(feed)),
        }
    }

    /// The next object that has arrived; waits for one. `None` at the end, or if `stopped` returns true.
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

    /// The number of objects, if known.
    pub(in crate::source) fn total(&self) -> Option<u64> {
        self.total
    }

    pub(in crate::source) fn traffic(&self) -> Traffic {
        self.state.counters.traffic(self.is_listed.load(Ordering::Relaxed))
    }

    /// The objects that were handed out, and the listing of all others.
    pub(in crate::source) fn finish(self) -> Listing {
        abort(&self.state.handle, self.driver);
        let mut listing = self.beside;
        if let Some(listed) = self.listed {
            join(&mut listing, listed.take_listing());
        }
        for fault in lock(&self.in_flight.not_kept).drain(..) {
            listing.coverage.fault(fault);
        }
        listing.objects = std::mem::take(&mut *lock(&self.objects));
        listing
    }
}

impl Driver {
    async fn run(self, mut feed: Feed) {
        while let Some(ListedObject { object, is_read }) = feed.next().await {
            let number = is_read.then(|| self.number(&object));
            let Some(bucket) = self.buckets.get(&object.archive) else {
                // A file is opened by its reader.
                let in_place = number.map(|number| (number, object, None));
                if in_place.is_some_and(|ready| self.ready.send(ready).is_err()) {
                    return;
                }
                continue;
            };
            self.in_flight.wait(number).await;
            let room = (bucket.size(&object) as usize + ROOM_BESIDE).div_ceil(ROOM_UNIT);
            let room = u32::try_from(room).unwrap_or(u32::MAX).min(self.largest);
            // Never closed.
            let Ok(room) = Arc::clone(&self.room).acquire_many_owned(room).await else { return };
            let (bucket, ready, in_flight) =
                (bucket.clone(), self.ready.clone(), Arc::clone(&self.in_flight));
            tokio::spawn(async move {
                let task = {
                    let (bucket, object, in_flight) =
                        (bucket.clone(), object.clone(), Arc::clone(&in_flight));
                    tokio::spawn(async move { get(&bucket, &object, is_read, &in_flight.not_kept).await })
                };
                // Whatever happens, every number is handed out.
                let mut fetched = task.await.unwrap_or_else(|error| Fetched::failed(error.to_string()));
                fetched.room = Some(room);
                if let Some(number) = number {
                    // If the run was stopped, the receiver is gone.
                    let _ = ready.send((number, object, Some(fetched)));
                    in_flight.came(number);
                }
            });
        }
        self.is_listed.store(true, Ordering::Relaxed);
    }

    /// Numbers an object to be read.
    fn number(&self, object: &LogObject) -> u32 {
        let mut objects = lock(&self.objects);
        objects.push(object.clone());
        u32::try_from(objects.len() - 1).unwrap_or(u32::MAX)
    }
}

impl InFlight {
    /// Waits until an object is not too far ahead, and notes that it is in flight.
    async fn wait(&self, number: Option<u32>) {
        let Some(number) = number else { return };
        let is_too_far = || lock(&self.numbers).first().is_some_and(|oldest| number - oldest > MOST_AHEAD);
        while is_too_far() {
            self.came.notified().await;
        }
        lock(&self.numbers).insert(number);
    }

    /// Notes that an object has arrived. Only the driver waits, so an early notification is kept for it.
    fn came(&self, number: u32) {
        lock(&self.numbers).remove(&number);
        self.came.notify_one();
    }
}

/// Gets an object from the mirror, or from its bucket and stores it in the mirror. Failure to store it is a fault, even
/// if the object is not read.
async fn get(bucket: &Bucket, object: &LogObject, is_read: bool, not_kept: &Mutex<Vec<Fault>>) -> Fetched {
    let Some(mirror) = bucket.mirror() else { return fetch(bucket, object).await };
    let key = bucket.key(object);
    let SessionState { counters, disk, .. } = &**bucket.state();
    let kept = {
        // Never closed.
        let _permit = disk.acquire().await;
        tokio::task::block_in_place(|| mirror.read(&key, bucket.size(object), etag(object)))
    };
    if let Some(bytes) = kept {
        count(&counters.from_mirror);
        return Fetched::local(bytes);
    }
    let fetched = fetch(bucket, object).await;
    let kept = match fetched.whole() {
        Some(bytes) => {
            let _permit = disk.acquire().await;
            tokio::task::block_in_place(|| mirror.keep(&key, bytes, fetched.metadata.as_ref()))
                .map_err(|error| error.to_string())
        }
        // An object to be read reports its own error.
        None if is_read => return fetched,
        None => Err(fetched.error().to_owned()),
    };
    match kept {
        Ok(is_replaced) => {
            count(&counters.kept);
            if is_replaced {
                count(&counters.replaced);
            }
        }
        Err(detail) => lock(not_kept).push(Fault {
            archive: object.archive,
            object: object.path.to_string(),
            position: Position::Whole,
            kind: FaultKind::NotKept,
            detail: format!("not kept in the mirror: {detail}"),
        }),
    }
    fetched
}

impl Feed {
    /// Listed objects: those to read, and then those only to store.
    pub(super) fn listed(objects: Vec<LogObject>, to_keep: Vec<LogObject>) -> Self {
        let objects = objects.into_iter().map(|object| ListedObject { object, is_read: true });
        let to_keep = to_keep.into_iter().map(|object| ListedObject { object, is_read: false });
        Self::Listed(objects.chain(to_keep).collect::<Vec<_>>().into_iter())
    }

    /// The number of objects to read, if known.
    fn total(&self) -> Option<u64> {
        match self {
            Self::Merged(_) => None,
            Self::Listed(objects) => {
                Some(objects.as_slice().iter().filter(|listed| listed.is_read).count() as u64)
            }
        }
    }

    async fn next(&mut self) -> Option<ListedObject> {
        match self {
            Self::Merged(merge) => merge.next().await,
            Self::Listed(objects) => objects.next(),
        }
    }
}
