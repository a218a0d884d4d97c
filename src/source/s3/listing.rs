//! Finds the objects of archives: down the layout by common prefixes, and then along the days of all Regions at once.
//!
//! Objects above the days of a Region are listed first ([`super::prefix_walk`]), since they may have no delivery time and come
//! first. After that every folder of days is a separate [`Lane`], which lists a page or two ahead. All requests pass the gate
//! of the run.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::types::Object;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::abort::abort;
use super::archive::{Archive, ListedObject, join, leave};
use super::bucket::{Bucket, decode};
use super::layout::{Range, is_listed};
use super::lock;
use super::pagination::Pagination;
use super::prefix_walk::{Days, walk_prefixes};
use super::session_state::SessionState;
use crate::coverage::ObjectSkip;
use crate::source::{Listing, ReadWindow};

/// Pages that a lane lists ahead.
const PAGES_AHEAD: usize = 1;

/// Objects in pages, in delivery order.
pub(super) type Lane = mpsc::Receiver<Vec<ListedObject>>;

/// The start of a listing.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// The objects found so far.
    pub(super) objects: Vec<ListedObject>,
    pub(super) lanes: Vec<Lane>,
}

/// The listing of some archives.
#[derive(Debug)]
pub(super) struct Listed {
    archives: Vec<Archive>,
    /// What is skipped, and what cannot be listed.
    listing: Arc<Mutex<Listing>>,
    /// The tasks that list days.
    lanes: Mutex<Vec<JoinHandle<()>>>,
    state: Arc<SessionState>,
}

/// Prepares to list archives.
pub(super) fn list_all<'b>(
    state: &Arc<SessionState>,
    buckets: impl Iterator<Item = (u32, &'b Bucket)>,
    window: &ReadWindow,
) -> Listed {
    let archive =
        |(number, bucket): (u32, &Bucket)| Archive { number, bucket: bucket.clone(), window: *window };
    Listed {
        archives: buckets.map(archive).collect(),
        listing: Arc::default(),
        lanes: Mutex::default(),
        state: Arc::clone(state),
    }
}

impl Listed {
    /// Descends to the days, and starts to list them.
    pub(super) async fn begin(&self) -> Heads {
        let starts: Vec<Archive> = self.outermost().cloned().collect();
        for _ in starts.len()..self.archives.len() {
            leave(&mut lock(&self.listing), ObjectSkip::ListedTwice);
        }
        let result = walk_prefixes(starts, &self.state).await;
        join(&mut lock(&self.listing), result.listing);
        let mut lanes = Vec::new();
        for days in result.days {
            let (sender, lane) = mpsc::channel(PAGES_AHEAD);
            let listing = Arc::clone(&self.listing);
            let task = self.state.handle.spawn(async move { days.list(&listing, &sender).await });
            lock(&self.lanes).push(task);
            lanes.push(lane);
        }
        Heads { objects: result.objects, lanes }
    }

    /// The archives that are not inside another one; of equal ones the first.
    fn outermost(&self) -> impl Iterator<Item = &Archive> {
        let is_outermost = |(index, archive): &(usize, &Archive)| {
            let is_inside = |(number, other): (usize, &Archive)| {
                number != *index
                    && archive.bucket.is_within(&other.bucket)
                    && (number < *index || !other.bucket.is_within(&archive.bucket))
            };
            !self.archives.iter().enumerate().any(is_inside)
        };
        self.archives.iter().enumerate().filter(is_outermost).map(|(_, archive)| archive)
    }

    /// What was skipped, could not be listed, or is missing; once everything was listed.
    pub(super) fn take_listing(&self) -> Listing {
        for lane in lock(&self.lanes).drain(..) {
            abort(&self.state.handle, lane);
        }
        let mut listing = std::mem::take(&mut *lock(&self.listing));
        // Objects in a folder that cannot be listed are not missing.
        if listing.coverage.faults.is_empty() {
            self.outermost().flat_map(Archive::gone).for_each(|fault| listing.coverage.fault(fault));
        }
        listing
    }
}

impl Days {
    /// Lists the wanted days, page by page.
    async fn list(&self, listing: &Mutex<Listing>, lane: &mpsc::Sender<Vec<ListedObject>>) {
        let range = Range::new(&self.root, &self.archive.window);
        // A folder of another service is counted as a whole.
        if range.is_limited() && self.within.is_none() {
            leave(&mut lock(listing), ObjectSkip::OutsideWindow);
        }
        let (mut token, mut pagination) = (None, Pagination::default());
        loop {
            let page = self.archive.bucket.page(|list| {
                let list = list.prefix(&self.prefix).set_start_after(range.start_after.clone());
                list.set_continuation_token(token.clone())
            });
            let page = match page.await {
                Ok(page) => page,
                Err(failure) => return self.archive.fault(&mut lock(listing), &self.prefix, failure),
            };
            // Objects beside years that were found by listing are known already.
            let lies_deeper =
                |key: &str| key.strip_prefix(&*self.prefix).is_some_and(|below| below.contains('/'));
            let is_new = |key: &str| !self.is_looked_at || lies_deeper(key);
            let is_wanted =
                |key: &str| !range.ends_before(key) && is_new(key) && is_listed(self.within.as_deref(), key);
            let objects = self.archive.listed_objects(&page, &mut pagination, is_wanted, &mut lock(listing));
            let last = page.contents().last().and_then(Object::key).map(|key| decode(key, &page));
            let is_over = pagination.is_ordered() && last.is_some_and(|key| range.ends_before(&key));
            // What was counted is sent first, whatever follows.
            if !objects.is_empty() && lane.send(objects).await.is_err() {
                return;
            }
            token = match pagination.next(&page, token.as_deref()) {
                Ok(next) if !is_over && next.is_some() => next,
                Ok(_) => return,
                Err(detail) => return self.archive.fault_of(&mut lock(listing), &self.prefix, detail),
            };
        }
    }
}
