//! Finds the objects of archives: down the layout by common prefixes, and then along the days of every Region at once.
//!
//! What lies above the days of a Region is listed first ([`super::descent`]), since objects there may have no delivery time
//! and come first. After that every folder of days is a [`Lane`] of its own, which lists ahead by a page or two. All requests
//! go through the one gate of the run.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{Object, ObjectStorageClass};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::bucket::{Bucket, Shared, decode};
use super::descent::{Days, descend};
use super::layout::Range;
use super::lock;
use super::problem::Failure;
use super::stream::end;
use super::traffic::count;
use crate::coverage::{Fault, FaultKind, ObjectSkip, Position};
use crate::source::log_object::Kept;
use crate::source::{DeliveryWindow, Listing, LogObject, ObjectKey};

/// Pages that a lane lists ahead.
const PAGES_AHEAD: usize = 1;

/// An object that was found.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) object: LogObject,
    /// Whether it is to be read, or only to be kept in the mirror.
    pub(super) is_read: bool,
}

/// Objects that come page by page, in delivery order.
pub(super) type Lane = mpsc::Receiver<Vec<Coming>>;

/// What a listing begins with.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// What is found already.
    pub(super) found: Vec<Coming>,
    pub(super) lanes: Vec<Lane>,
}

/// The listing of some archives.
#[derive(Debug)]
pub(super) struct Listed {
    archives: Vec<Archive>,
    /// What is left alone, and what cannot be listed.
    account: Arc<Mutex<Listing>>,
    /// The tasks that list days.
    lanes: Mutex<Vec<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

/// One archive while it is listed.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    number: u32,
    pub(super) bucket: Bucket,
    window: DeliveryWindow,
}

/// Prepares to list archives.
pub(super) fn list_all<'b>(
    shared: &Arc<Shared>,
    buckets: impl Iterator<Item = (u32, &'b Bucket)>,
    window: &DeliveryWindow,
) -> Listed {
    let archive =
        |(number, bucket): (u32, &Bucket)| Archive { number, bucket: bucket.clone(), window: *window };
    Listed {
        archives: buckets.map(archive).collect(),
        account: Arc::default(),
        lanes: Mutex::default(),
        shared: Arc::clone(shared),
    }
}

impl Listed {
    /// Goes down to the days, and starts to list them.
    pub(super) async fn begin(&self) -> Heads {
        let mut starts = Vec::new();
        for (index, archive) in self.archives.iter().enumerate() {
            // Archives are in the order of their names, so what contains another one comes first.
            if self.archives[..index].iter().any(|other| archive.bucket.is_within(&other.bucket)) {
                leave(&mut lock(&self.account), ObjectSkip::ListedTwice);
            } else {
                starts.push(archive.clone());
            }
        }
        let descended = descend(starts, &self.shared).await;
        join(&mut lock(&self.account), descended.account);
        let mut lanes = Vec::new();
        for days in descended.days {
            let (sender, lane) = mpsc::channel(PAGES_AHEAD);
            let account = Arc::clone(&self.account);
            let task = self.shared.handle.spawn(async move { days.list(&account, &sender).await });
            lock(&self.lanes).push(task);
            lanes.push(lane);
        }
        Heads { found: descended.found, lanes }
    }

    /// Which delivery times are listed.
    pub(super) fn window(&self) -> DeliveryWindow {
        self.archives.first().map(|archive| archive.window).unwrap_or_default()
    }

    /// What was left alone so far, and what could not be listed.
    pub(super) fn account(&self) -> Listing {
        for lane in lock(&self.lanes).drain(..) {
            end(&self.shared.handle, lane);
        }
        std::mem::take(&mut *lock(&self.account))
    }
}

impl Days {
    /// Lists the days that are wanted, page by page.
    async fn list(&self, account: &Mutex<Listing>, lane: &mpsc::Sender<Vec<Coming>>) {
        let range = Range::new(&self.root, &self.archive.window);
        if range.is_limited() {
            leave(&mut lock(account), ObjectSkip::OutsideWindow);
        }
        let mut token = None;
        loop {
            let page = self.archive.bucket.page(|list| {
                let list = list.prefix(&self.prefix).set_start_after(range.start_after.clone());
                list.set_continuation_token(token.clone())
            });
            let page = match page.await {
                Ok(page) => page,
                Err(failure) => return self.archive.fault(&mut lock(account), &self.prefix, failure),
            };
            // What lies beside years that were found by looking has been found already.
            let is_new = |key: &str| !self.is_looked_at || key[self.prefix.len()..].contains('/');
            let is_wanted = |key: &str| !range.ends_before(key) && is_new(key);
            let found = self.archive.found(&page, is_wanted, &mut lock(account));
            let last = page.contents().last().and_then(Object::key).map(|key| decode(key, &page));
            let is_over = last.is_some_and(|key| range.ends_before(&key));
            let next = match next(&page, token.as_deref()) {
                Ok(next) => next.filter(|_| !is_over),
                Err(detail) => return self.archive.fault_of(&mut lock(account), &self.prefix, detail),
            };
            if (!found.is_empty() && lane.send(found).await.is_err()) || next.is_none() {
                return;
            }
            token = next;
        }
    }
}

impl Archive {
    /// The objects of a page that are to be read or kept; the others are accounted for.
    pub(super) fn found(
        &self,
        page: &ListObjectsV2Output,
        is_wanted: impl Fn(&str) -> bool,
        account: &mut Listing,
    ) -> Vec<Coming> {
        let mut coming = Vec::with_capacity(page.contents().len());
        for listed in page.contents() {
            let Some(key) = listed.key().map(|key| decode(key, page)) else { continue };
            let Some(path) = key.strip_prefix(self.bucket.prefix()).filter(|_| is_wanted(&key)) else {
                continue;
            };
            if self.bucket.is_single() && key != self.bucket.start() {
                continue;
            }
            count(&self.bucket.shared().counters.listed);
            account.coverage.objects.listed += 1;
            let (object, skip) = self.object(path, listed);
            let keeps = skip == Some(ObjectSkip::Digest) && self.bucket.mirror().is_some();
            if keeps && self.window.admits(object.delivered) {
                coming.push(Coming { object: object.clone(), is_read: false });
            }
            match skip {
                Some(reason) => account.skip(object, reason),
                None => coming.push(Coming { object, is_read: true }),
            }
        }
        coming
    }

    /// A listed object, and why it is not to be read.
    fn object(&self, path: &str, listed: &Object) -> (LogObject, Option<ObjectSkip>) {
        let key = ObjectKey::parse(path);
        let skip = if path.is_empty() || path.ends_with('/') {
            Some(ObjectSkip::NotAFile)
        } else if key.skip.is_none() && !self.window.admits(key.delivered) {
            Some(ObjectSkip::OutsideWindow)
        } else {
            key.skip
        };
        let delivered = key.delivered;
        let kept = Kept::Remote {
            size: listed.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            etag: listed.e_tag().filter(|_| self.bucket.mirror().is_some()).map(Arc::from),
            archived: archived(listed),
        };
        (LogObject { archive: self.number, path: Arc::from(path), delivered, kept }, skip)
    }

    pub(super) fn fault(&self, account: &mut Listing, prefix: &str, failure: Failure) {
        self.fault_of(account, prefix, failure.problem().detail);
    }

    pub(super) fn fault_of(&self, account: &mut Listing, prefix: &str, detail: String) {
        account.coverage.fault(Fault {
            archive: self.number,
            object: prefix.strip_prefix(self.bucket.prefix()).unwrap_or(prefix).to_owned(),
            position: Position::Whole,
            kind: FaultKind::List,
            detail,
        });
    }
}

/// Takes note of a folder that is not listed as a whole.
pub(super) fn leave(account: &mut Listing, reason: ObjectSkip) {
    *account.coverage.objects.unlisted.entry(reason).or_default() += 1;
}

/// Adds one account to another.
pub(super) fn join(account: &mut Listing, more: Listing) {
    account.skipped.extend(more.skipped);
    account.coverage.merge(more.coverage);
}

/// Where the next page begins.
///
/// # Errors
/// If the store says that there is more and not where, in words.
pub(super) fn next(page: &ListObjectsV2Output, token: Option<&str>) -> Result<Option<String>, String> {
    if page.is_truncated() != Some(true) {
        return Ok(None);
    }
    match page.next_continuation_token() {
        Some(next) if Some(next) != token => Ok(Some(next.to_owned())),
        Some(_) => Err("the store gives the same page for ever".to_owned()),
        None => Err("the store says that there is more, and not where it begins".to_owned()),
    }
}

/// The fault of an object that has to be restored first; none once it has been.
fn archived(listed: &Object) -> Option<FaultKind> {
    let is_restored = listed.restore_status().is_some_and(|status| {
        status.is_restore_in_progress() != Some(true) && status.restore_expiry_date().is_some()
    });
    match listed.storage_class() {
        _ if is_restored => None,
        Some(ObjectStorageClass::Glacier) => Some(FaultKind::ArchivedGlacier),
        Some(ObjectStorageClass::DeepArchive) => Some(FaultKind::ArchivedDeep),
        _ => None,
    }
}
