//! One archive during listing: for each page the objects to read, and the listing of all others.

use std::sync::Arc;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{Object, ObjectStorageClass};

use super::bucket::{Bucket, decode};
use super::expected_checksums::md5_of;
use super::failure::Failure;
use super::pagination::Pagination;
use super::traffic::count;
use crate::coverage::{Fault, FaultKind, ObjectSkip, Position};
use crate::source::log_object::Location;
use crate::source::{Listing, LogObject, ObjectKey, ReadError, ReadWindow};

/// A listed object.
#[derive(Debug)]
pub(super) struct ListedObject {
    pub(super) object: LogObject,
    /// Whether it is to be read, or only stored in the mirror.
    pub(super) is_read: bool,
}

/// One archive during listing.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    pub(super) number: u32,
    pub(super) bucket: Bucket,
    pub(super) window: ReadWindow,
}

impl Archive {
    /// The objects of a page to read or store; the others are accounted for.
    pub(super) fn listed_objects(
        &self,
        page: &ListObjectsV2Output,
        pagination: &mut Pagination,
        is_wanted: impl Fn(&str) -> bool,
        listing: &mut Listing,
    ) -> Vec<ListedObject> {
        let mut objects = Vec::with_capacity(page.contents().len());
        for listed in page.contents() {
            let Some(key) = listed.key().map(|key| decode(key, page)) else { continue };
            pagination.reach(&key);
            let Some(path) = key.strip_prefix(self.bucket.prefix()).filter(|_| is_wanted(&key)) else {
                continue;
            };
            if self.bucket.is_single() && key != self.bucket.start() {
                continue;
            }
            let (object, skip) = self.object(path, listed);
            if !pagination.is_new(&object.path) {
                continue;
            }
            if let Some(mirror) = self.bucket.mirror() {
                mirror.note_listed(&key);
            }
            count(&self.bucket.state().counters.listed);
            listing.coverage.objects.listed += 1;
            let keeps = skip == Some(ObjectSkip::Digest) && self.bucket.mirror().is_some();
            if keeps && self.window.admits(object.delivered) {
                objects.push(ListedObject { object: object.clone(), is_read: false });
            }
            match skip {
                Some(reason) => listing.skip(object, reason),
                None => objects.push(ListedObject { object, is_read: true }),
            }
        }
        objects
    }

    /// A listed object, and why it is not read.
    pub(super) fn object(&self, path: &str, listed: &Object) -> (LogObject, Option<ObjectSkip>) {
        let above = self.bucket.above();
        let key = ObjectKey::parse_below(above.as_deref(), path);
        let size = listed.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        // Consoles and tools mark a folder by an object without content. One with content may be anything.
        let skip = if size == 0 && (path.is_empty() || path.ends_with('/')) {
            Some(ObjectSkip::NotAFile)
        } else if key.skip.is_none() && !self.window.admits(key.delivered) {
            Some(ObjectSkip::OutsideWindow)
        } else {
            key.skip
        };
        let delivered = key.delivered;
        let kept = Location::Remote {
            size,
            etag: listed.e_tag().filter(|_| self.bucket.mirror().is_some()).map(Arc::from),
            md5: listed.e_tag().and_then(md5_of),
            archived: archived(listed),
            is_mirrored: self.bucket.mirror().is_some(),
        };
        (LogObject { archive: self.number, path: path.into(), delivered, above, kept }, skip)
    }

    /// Notes that a folder cannot be listed.
    pub(super) fn fault(&self, listing: &mut Listing, prefix: &str, failure: Failure) {
        self.fault_of(listing, prefix, failure.problem().detail);
    }

    /// Notes that a folder cannot be listed, with the reason in words.
    pub(super) fn fault_of(&self, listing: &mut Listing, prefix: &str, detail: String) {
        let path = prefix.strip_prefix(self.bucket.prefix()).unwrap_or(prefix);
        listing.coverage.fault(self.fault_at(path, FaultKind::List, detail));
    }

    fn fault_at(&self, path: &str, kind: FaultKind, detail: String) -> Fault {
        Fault { archive: self.number, object: path.to_owned(), position: Position::Whole, kind, detail }
    }

    /// Faults for objects that the mirror has from an earlier run but that are no longer in the bucket. Only what must
    /// have been listed can be missing: the days that the window admits.
    pub(super) fn gone(&self) -> Vec<Fault> {
        let Some(mirror) = self.bucket.mirror().filter(|_| !self.bucket.is_single()) else {
            return Vec::new();
        };
        let is_limited = self.window.days() != (None, None);
        let above = self.bucket.above();
        let must_be_listed = |path: &&str| {
            let delivered = ObjectKey::parse_below(above.as_deref(), path).delivered;
            self.window.admits(delivered) && (delivered.is_some() || !is_limited)
        };
        let prefix = self.bucket.prefix();
        let paths = mirror.unlisted(prefix).into_iter().filter_map(|key| key.strip_prefix(prefix));
        let detail = "kept in the mirror by an earlier run, and no longer in the bucket";
        let fault = |path| self.fault_at(path, FaultKind::Missing, detail.to_owned());
        paths.filter(must_be_listed).map(fault).collect()
    }
}

impl Bucket {
    /// The object with this path in this archive, which has this number; `None` if there is none.
    pub(in crate::source) fn find(&self, number: u32, path: &str) -> Result<Option<LogObject>, ReadError> {
        let key = format!("{}{path}", self.prefix());
        // Keys are text of at most 1,024 bytes (S3 User Guide, "Naming Amazon S3 objects").
        if key.len() > 1_024 || key.is_empty() || (self.is_single() && key != self.start()) {
            return Ok(None);
        }
        let asking = self.page(|list| list.prefix(&key).max_keys(1));
        let page = self.state().handle.block_on(asking).map_err(Failure::read_error)?;
        let is_it = |listed: &&Object| listed.key().is_some_and(|name| decode(name, &page) == key);
        let Some(listed) = page.contents().iter().find(is_it) else { return Ok(None) };
        let archive = Archive { number, bucket: self.clone(), window: ReadWindow::default() };
        Ok(Some(archive.object(path, listed).0))
    }
}

/// Notes a folder that is not listed completely.
pub(super) fn leave(listing: &mut Listing, reason: ObjectSkip) {
    *listing.coverage.objects.unlisted.entry(reason).or_default() += 1;
}

/// Adds one listing to another.
pub(super) fn join(listing: &mut Listing, more: Listing) {
    listing.skipped.extend(more.skipped);
    listing.coverage.merge(more.coverage);
}

/// The fault of an object that has to be restored first; `None` if it was restored.
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
