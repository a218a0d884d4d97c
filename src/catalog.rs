//! The contribution of each log object and record to a baseline, so that baselines can be added to exactly.
//!
//! Plain data: learning fills it, a saved baseline keeps it. A baseline answers every question without it;
//! with it, the baseline also knows which objects were read, and copies are recognised across runs.

use crate::checksum::Checksum;
use crate::coverage::{Fault, FaultKind, Outcome, Position};
use crate::model::{Dimensions, PrincipalKey, Text};
use crate::observe::{Conflict, Fingerprint};
use crate::time::{Day, Span, Timestamp};

/// [`LearningScope::delivery_slack`], unless another is asked for.
pub const DELIVERY_SLACK: Span = Span::days(2);

/// The settings that decide what is learnt. Two baselines merge only if theirs are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearningScope {
    /// Which identity makes two events belong to one principal.
    pub principal_key: PrincipalKey,
    /// Whether the same action in another Kubernetes namespace is a separate action.
    pub namespace_in_key: bool,
    /// Earlier events were ignored.
    pub read_from: Option<Timestamp>,
    /// Later events were ignored.
    pub read_to: Option<Timestamp>,
    /// How far outside the read window an object may be delivered and still be opened.
    pub delivery_slack: Span,
    /// Limit on the inflated size of an object, in bytes.
    pub max_object_size: u64,
    /// The dimensions whose values were kept, besides the action.
    pub dimensions: Dimensions,
    /// The rules applied to events, if any.
    pub rules: Option<AppliedRules>,
}

/// Rules applied to events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRules {
    /// Checksum of the texts of the files and the names of the rules.
    pub checksum: Checksum,
    /// Descriptions of the parts of the files that could not be used.
    pub left_out: Vec<String>,
}

/// The log objects and records of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Every listed object, in delivery order.
    pub objects: Vec<ObjectEntry>,
    /// Every counted record with an event id, ordered by object and index.
    pub records: Vec<RecordEntry>,
}

/// One listed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEntry {
    /// Which of the archives, counted from 1.
    pub archive: u32,
    /// Path below the archive's root.
    pub path: Text,
    /// Delivery time, if the name contains one.
    pub delivered: Option<Timestamp>,
    /// Account in the object key.
    pub account: Option<Box<str>>,
    /// Region in the object key; for the audit log of a cluster `eks/` and its name.
    pub region: Option<Box<str>>,
    /// Stored size in bytes; none if it was not opened.
    pub size: Option<u64>,
    /// Checksum of the stored bytes; none if it was not opened.
    pub checksum: Option<Checksum>,
    /// The outcome of reading it.
    pub outcome: Outcome,
    /// Number of its records.
    pub records: u64,
    /// Earliest and latest event time that was learnt.
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
    /// Identifies copies.
    pub fingerprint: Fingerprint,
    /// Index of its behaviour in the baseline; [`Self::NO_BEHAVIOUR`] if it is of a request of which only the first stage is known.
    pub behaviour: u32,
    /// Day of the event.
    pub day: Day,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether it is a copy of another record and therefore not counted.
    pub is_copy: bool,
}

impl RecordEntry {
    /// The record is counted in [`Baseline::received`](crate::baseline::Baseline::received) instead.
    pub const NO_BEHAVIOUR: u32 = u32::MAX;
}

/// The fault for a conflict; `object` returns archive and path of an object by its number.
pub fn conflict_fault<'o>(conflict: &Conflict, object: impl Fn(u32) -> (u32, &'o str)) -> Fault {
    let (here, there) = (conflict.place, conflict.other);
    let (archive, path) = object(here.object);
    let (other_archive, other_path) = object(there.object);
    Fault {
        archive,
        object: path.to_owned(),
        position: Position::Record(here.record),
        kind: FaultKind::ConflictingCopy,
        detail: match (archive, path) == (other_archive, other_path) {
            true => format!("same event id as record {} of this object, but different content", there.record),
            false => format!(
                "same event id as record {} of {other_path} (archive {other_archive}), but different content",
                there.record
            ),
        },
    }
}

impl ObjectEntry {
    /// The account and Region under which coverage counts it.
    pub fn place(&self) -> Option<(String, String)> {
        Some((self.account.as_deref()?.to_owned(), self.region.as_deref()?.to_owned()))
    }

    /// The day under which coverage counts it. Days before 1970 are none.
    pub fn delivery_day(&self) -> Option<Day> {
        self.delivered.map(Timestamp::day).filter(|day| day.number() >= 0)
    }

    /// Sort key for delivery order, in which objects are read: objects without a delivery time first, then by
    /// time, archive and path. Size and checksum distinguish versions of one object.
    pub fn delivery_order(&self) -> impl Ord + use<'_> {
        (self.delivered, self.archive, &self.path, self.size, self.checksum)
    }
}
