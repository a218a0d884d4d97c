//! What each log object and each record gave to a baseline, so that another one can be added to it exactly.
//!
//! Plain data: the left half fills it in, a saved baseline keeps it. Without it a baseline answers every question; with
//! it, it also knows which objects it has read, and tells copies across two runs.

use crate::checksum::Checksum;
use crate::coverage::{Fault, FaultKind, Outcome, Position};
use crate::model::{Dimensions, PrincipalKey, Text};
use crate::observe::{Conflict, Fingerprint};
use crate::time::{Day, Span, Timestamp};

/// The settings that decide what is learnt. Two baselines merge only if theirs are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learning {
    /// What makes two events the deeds of one principal.
    pub principal_key: PrincipalKey,
    /// Whether the same action in another Kubernetes namespace was another action.
    pub namespace_in_key: bool,
    /// Nothing earlier was learnt from.
    pub read_from: Option<Timestamp>,
    /// Nothing later was learnt from.
    pub read_to: Option<Timestamp>,
    /// By how many days a delivery day could lie outside and the object still be opened.
    pub delivery_slack: Span,
    /// No object was inflated to more than this many bytes.
    pub max_object_size: u64,
    /// The dimensions whose values were kept, besides the action.
    pub dimensions: Dimensions,
    /// The rules that events were held against, if there were any.
    pub rules: Option<AppliedRules>,
}

/// Rules that events were held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRules {
    /// Of the texts of their files and of their names.
    pub checksum: Checksum,
    /// What of the files could not be used, in words.
    pub left_out: Vec<String>,
}

/// The objects and records of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Every listed object, in delivery order.
    pub objects: Vec<ObjectEntry>,
    /// Every counted record with an event id, in the order of object and index.
    pub records: Vec<RecordEntry>,
}

/// One listed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEntry {
    /// Which of the archives, counted from 1.
    pub archive: u32,
    /// Path below the archive's root.
    pub path: Text,
    /// When it was delivered, if its name says so.
    pub delivered: Option<Timestamp>,
    /// Account of its key.
    pub account: Option<Box<str>>,
    /// Region of its key.
    pub region: Option<Box<str>>,
    /// Bytes as stored; none if it was not opened.
    pub size: Option<u64>,
    /// Of the bytes as stored; none if it was not opened.
    pub checksum: Option<Checksum>,
    /// What became of it.
    pub outcome: Outcome,
    /// Number of its records.
    pub records: u64,
    /// Earliest and latest event time learnt from.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Number of its faults.
    pub faults: u64,
}

/// One counted record with an event id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordEntry {
    /// Index of its object in [`Catalog::objects`].
    pub object: u32,
    /// Index in the object.
    pub record: u32,
    /// What copies are told by.
    pub fingerprint: Fingerprint,
    /// Index of its behaviour in the baseline.
    pub behaviour: u32,
    /// Day of the event.
    pub day: Day,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether it is a copy of another record and so does not count.
    pub is_copy: bool,
}

/// The fault that a conflict is, given archive and path of the object behind a number.
pub fn conflict_fault<'o>(conflict: &Conflict, object: impl Fn(u32) -> (u32, &'o str)) -> Fault {
    let (here, there) = (conflict.place, conflict.other);
    let (archive, path) = object(here.object);
    let (other_archive, other_path) = object(there.object);
    Fault {
        archive,
        object: path.to_owned(),
        position: Position::Record(here.record),
        kind: FaultKind::ConflictingCopy,
        detail: format!(
            "same event id as record {} of {other_path} (archive {other_archive}), but other content",
            there.record
        ),
    }
}

impl ObjectEntry {
    /// Delivery order, as objects are read: those without a delivery time first, then by time, archive and path.
    /// Versions of one object are told apart by size and checksum.
    pub fn delivery_order(&self) -> impl Ord + use<'_> {
        (self.delivered, self.archive, &self.path, self.size, self.checksum)
    }
}
