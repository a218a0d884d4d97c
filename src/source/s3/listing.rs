//! Finds the objects of archives: down the layout by common prefixes, and then along the days of every Region at once.
//!
//! What lies above the days of a Region is listed first, since objects there may have no delivery time and come first.
//! After that every folder of days is a [`Lane`] of its own, which lists ahead by a page or two. All requests go through
//! the one gate of the run.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{Object, ObjectStorageClass};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::bucket::{Bucket, Shared, decode};
use super::layout::{Level, Range, are_years, level, skip};
use super::lock;
use super::problem::Failure;
use super::stream::end;
use super::traffic::count;
use crate::coverage::{Fault, FaultKind, ObjectSkip, Position};
use crate::source::log_object::Kept;
use crate::source::{DeliveryWindow, Listing, LogObject, ObjectKey};

/// Pages that a lane lists ahead.
const PAGES_AHEAD: usize = 1;

/// A folder with more folders than this, none of them known, is listed as a whole: that takes fewer requests.
const MOST_UNKNOWN_FOLDERS: usize = 100;

/// An object that was found.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) object: LogObject,
    /// Whether it is to be read, or only to be kept in the mirror.
    pub(super) is_read: bool,
}

/// Objects that come page by page, nearly in delivery order.
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
    /// The tasks that list days.
    lanes: Mutex<Vec<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

/// One archive while it is listed.
#[derive(Clone, Debug)]
struct Archive {
    number: u32,
    bucket: Bucket,
    window: DeliveryWindow,
    /// What is left alone, and what cannot be listed.
    account: Arc<Mutex<Listing>>,
}

/// Prepares to list archives.
pub(super) fn list_all<'b>(
    shared: &Arc<Shared>,
    buckets: impl Iterator<Item = (u32, &'b Bucket)>,
    window: &DeliveryWindow,
) -> Listed {
    let account = Arc::<Mutex<Listing>>::default();
    let archive = |(number, bucket): (u32, &Bucket)| Archive {
        number,
        bucket: bucket.clone(),
        window: *window,
        account: Arc::clone(&account),
    };
    Listed { archives: buckets.map(archive).collect(), lanes: Mutex::default(), shared: Arc::clone(shared) }
}

impl Listed {
    /// Goes down to the days, and starts to list them.
    pub(super) async fn begin(&self) -> Heads {
        let mut heads = Heads::default();
        let mut descent = Descent { found: Vec::new(), days: Vec::new(), tasks: JoinSet::new() };
        for (index, archive) in self.archives.iter().enumerate() {
            // Archives are in the order of their names, so what contains another one comes first.
            if self.archives[..index].iter().any(|other| archive.bucket.is_within(&other.bucket)) {
                archive.leave(ObjectSkip::ListedTwice);
            } else {
                descent.go(archive, &archive.bucket.start(), &self.shared);
            }
        }
        while let Some(done) = descent.tasks.join_next().await {
            match done {
                Ok(folder) => descent.take(folder, &self.shared),
                // What it would have found is not known.
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
        heads.found = descent.found;
        for (archive, prefix) in descent.days {
            let (sender, lane) = mpsc::channel(PAGES_AHEAD);
            let task = self.shared.handle.spawn(async move { archive.list_days(&prefix, &sender).await });
            lock(&self.lanes).push(task);
            heads.lanes.push(lane);
        }
        heads
    }

    /// What was left alone so far, and what could not be listed.
    pub(super) fn account(&self) -> Listing {
        for lane in lock(&self.lanes).drain(..) {
            end(&self.shared.handle, lane);
        }
        self.archives.first().map(|archive| std::mem::take(&mut *lock(&archive.account))).unwrap_or_default()
    }
}

/// The way down to the days.
struct Descent {
    found: Vec<Coming>,
    days: Vec<(Archive, String)>,
    tasks: JoinSet<Folder>,
}

/// One folder as it was listed.
struct Folder {
    archive: Archive,
    prefix: String,
    folders: BTreeSet<String>,
    found: Vec<Coming>,
}

impl Descent {
    /// Lists a folder, or puts it off if it is one of days.
    fn go(&mut self, archive: &Archive, prefix: &str, shared: &Shared) {
        let archive = archive.clone();
        let prefix = prefix.to_owned();
        match level(&prefix) {
            Level::Days => self.days.push((archive, prefix)),
            Level::Leaf => {
                self.tasks.spawn_on(archive.list_folder(prefix, false), &shared.handle);
            }
            _ => {
                let by_folder = !archive.bucket.is_single();
                self.tasks.spawn_on(archive.list_folder(prefix, by_folder), &shared.handle);
            }
        }
    }

    /// Takes what a folder holds, and goes on down.
    fn take(&mut self, folder: Folder, shared: &Shared) {
        let Folder { archive, prefix, folders, found } = folder;
        let level = level(&prefix);
        let names = || folders.iter().map(|folder| folder[prefix.len()..].trim_end_matches('/'));
        if level == Level::Unknown && are_years(names()) {
            self.found.extend(found);
            self.days.push((archive, prefix.clone()));
            return;
        }
        let is_known = |name: &str| name == "AWSLogs" || name.starts_with("o-");
        if level == Level::Unknown && folders.len() > MOST_UNKNOWN_FOLDERS && !names().any(is_known) {
            // What was found beside the folders comes again.
            archive.forget(&found);
            self.tasks.spawn_on(archive.list_folder(prefix.clone(), false), &shared.handle);
            return;
        }
        self.found.extend(found);
        let keeps_digests = archive.bucket.mirror().is_some();
        for name in names() {
            match skip(level, name, keeps_digests) {
                Some(reason) => archive.leave(reason),
                None => self.go(&archive, &format!("{prefix}{name}/"), shared),
            }
        }
    }
}

impl Archive {
    /// Lists all pages below a prefix, with or without what lies in folders below it.
    async fn list_folder(self, prefix: String, by_folder: bool) -> Folder {
        let mut folder = Folder { archive: self, prefix, folders: BTreeSet::new(), found: Vec::new() };
        let mut token = None;
        loop {
            let delimiter = by_folder.then(|| "/".to_owned());
            let page = folder.archive.bucket.page(|list| {
                list.prefix(&folder.prefix).set_delimiter(delimiter).set_continuation_token(token.take())
            });
            let page = match page.await {
                Ok(page) => page,
                Err(failure) => {
                    folder.archive.fault(&folder.prefix, failure);
                    return folder;
                }
            };
            for common in page.common_prefixes().iter().filter_map(|common| common.prefix()) {
                let common = decode(common, &page);
                if common.len() > folder.prefix.len() && common.starts_with(&folder.prefix) {
                    folder.folders.insert(common);
                }
            }
            folder.found.extend(folder.archive.found(&page, |_| true));
            token = next(&page);
            if token.is_none() {
                return folder;
            }
        }
    }

    /// Lists the days that are wanted, page by page.
    async fn list_days(&self, prefix: &str, lane: &mpsc::Sender<Vec<Coming>>) {
        let range = Range::new(prefix, &self.window);
        if range.is_limited() {
            self.leave(ObjectSkip::OutsideWindow);
        }
        let mut token = None;
        loop {
            let page = self.bucket.page(|list| {
                let list = list.prefix(prefix).set_start_after(range.start_after.clone());
                list.set_continuation_token(token.take())
            });
            let page = match page.await {
                Ok(page) => page,
                Err(failure) => return self.fault(prefix, failure),
            };
            let found = self.found(&page, |key| !range.ends_before(key));
            let is_over = page.contents().last().and_then(Object::key);
            let is_over = is_over.is_some_and(|key| range.ends_before(&decode(key, &page)));
            token = next(&page).filter(|_| !is_over);
            if (!found.is_empty() && lane.send(found).await.is_err()) || token.is_none() {
                return;
            }
        }
    }

    /// The objects of a page that are to be read or kept; the others are accounted for.
    fn found(&self, page: &ListObjectsV2Output, is_wanted: impl Fn(&str) -> bool) -> Vec<Coming> {
        let mut coming = Vec::with_capacity(page.contents().len());
        let mut account = lock(&self.account);
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

    /// Takes objects to read out of the account, for they will be listed again.
    fn forget(&self, found: &[Coming]) {
        let read = found.iter().filter(|coming| coming.is_read).count() as u64;
        lock(&self.account).coverage.objects.listed -= read;
    }

    /// Takes note of a folder that is not listed as a whole.
    fn leave(&self, reason: ObjectSkip) {
        *lock(&self.account).coverage.objects.unlisted.entry(reason).or_default() += 1;
    }

    fn fault(&self, prefix: &str, failure: Failure) {
        lock(&self.account).coverage.fault(Fault {
            archive: self.number,
            object: prefix.strip_prefix(self.bucket.prefix()).unwrap_or(prefix).to_owned(),
            position: Position::Whole,
            kind: FaultKind::List,
            detail: failure.problem().detail,
        });
    }
}

/// Where the next page begins.
fn next(page: &ListObjectsV2Output) -> Option<String> {
    page.next_continuation_token().filter(|_| page.is_truncated() == Some(true)).map(str::to_owned)
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
