//! One log object of an archive, and the reading order of objects.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;

use super::ObjectKey;
use crate::coverage::{FaultKind, NamePromise, ObjectSkip};
use crate::model::Text;
use crate::time::Timestamp;

/// One file of an archive on disk, or one object of an archive in S3.
#[derive(Clone, Debug)]
pub struct LogObject {
    /// Which of the given archives, counted from 1.
    pub archive: u32,
    /// Path below the archive's root, with `/` as separator. Bytes that are not UTF-8 are shown as `\xFF`.
    pub path: Text,
    /// Its delivery time, if its path has one.
    pub delivered: Option<Timestamp>,
    /// What of the archive's own path says of which cluster it is: [`folders_of_clusters`](super::object_key::folders_of_clusters).
    pub(super) above: Option<Text>,
    pub(super) kept: Location,
}

/// What a source has to know of its object besides the path.
#[derive(Clone, Debug)]
pub(super) enum Location {
    /// A file at that path below the root.
    File {
        /// Bytes that it had when a plan was made; 0 if it is of no plan.
        planned: u64,
    },
    /// A file whose real path below the root cannot be represented by `path`.
    OddFile(Arc<Path>),
    /// An object in S3, as it was listed.
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "only buckets have such objects"))]
    Remote {
        /// Bytes as stored.
        size: u64,
        /// Changes when the content does.
        etag: Option<Arc<str>>,
        /// The MD5 of the content, if the listing's ETag can be one.
        md5: Option<Md5Sum>,
        /// The fault if it has to be restored before it can be read.
        archived: Option<FaultKind>,
        /// Whether it is to be stored in a mirror.
        is_mirrored: bool,
    },
}

/// An MD5.
pub(super) type Md5Sum = [u8; 16];

/// A file of an archive that is not opened.
#[derive(Clone, Debug)]
pub struct SkippedObject {
    /// The file.
    pub object: LogObject,
    /// Why it is skipped.
    pub reason: ObjectSkip,
}

impl LogObject {
    /// What the object's path says besides its delivery time, and that of its archive.
    pub fn key(&self) -> ObjectKey<'_> {
        ObjectKey::parse_below(self.above.as_deref(), &self.path)
    }

    /// What the name promises, so that other content is a fault.
    pub fn name_promise(&self) -> Option<NamePromise> {
        NamePromise::of(&self.path)
    }

    /// Whether the name promises a log.
    pub fn named_as_log(&self) -> bool {
        self.name_promise().is_some()
    }

    /// Whether it is to be stored in a mirror.
    pub(super) fn is_mirrored(&self) -> bool {
        match self.kept {
            Location::File { .. } | Location::OddFile(_) => false,
            Location::Remote { is_mirrored, .. } => is_mirrored,
        }
    }

    /// Delivery order: objects without a delivery time first, then by time, archive and path.
    pub fn delivery_order(&self, other: &Self) -> Ordering {
        (self.delivered, self.archive, &self.path).cmp(&(other.delivered, other.archive, &other.path))
    }
}
