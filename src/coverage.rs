//! Coverage: what was read, skipped and lost, and where.
//!
//! Every stage adds to a [`Coverage`]; the coverages of several workers merge into one. This module does not
//! know what an object or a record is, so any stage may use it. Two sums always hold, see
//! [`Coverage::sums_hold`].

mod clusters;
mod found;
mod place;
mod promise;
mod unfinished;

use std::collections::BTreeMap;
use std::fmt;

use crate::names::named;
use crate::time::Timestamp;

pub use clusters::{ClusterFolder, ClusterFolders, UNNAMED_CLUSTER, is_folder_of_time};
pub use found::{FOUND_PATHS_LISTED, FoundPaths, LONGEST_FOUND_PATH};
pub use place::{Delivery, DeliveryDay, DeliveryDays, PlaceCoverage};
pub use promise::NamePromise;
pub use unfinished::{SomeShards, Unfinished};

/// How many faults of one log object are listed; the rest are only counted.
///
/// A hostile object can hold millions of broken records. The counts are exact regardless of this limit.
pub const FAULTS_LISTED_PER_OBJECT: usize = 1_000;

named! {
    /// Why a log object was skipped. None of these is an error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ObjectSkip {
        /// A CloudTrail digest file: a list of log files, no events.
        Digest = "digest",
        /// Five-minute summaries of data events, without individual calls.
        Aggregated = "aggregated",
        /// Saved CloudTrail Lake query results and their signatures.
        LakeResult = "lake-result",
        /// AWS Config history, snapshots and notices.
        Config = "config",
        /// Elastic Load Balancing access logs.
        LoadBalancer = "load-balancer",
        /// VPC flow logs.
        FlowLogs = "flow-logs",
        /// GuardDuty findings.
        GuardDuty = "guard-duty",
        /// WAF logs.
        Waf = "waf",
        /// A summary of events exported from the console: it does not name the principal.
        Summary = "summary",
        /// A notification of a delivery (SNS, SQS), not the delivered log.
        Notice = "notice",
        /// Another service's folder under `AWSLogs/<account>/`.
        OtherService = "other-service",
        /// JSON without events in any known form.
        OtherJson = "other-json",
        /// Lines of plain text with a time in each: another log, for example of an API server, a scheduler or
        /// an authenticator.
        OtherLog = "other-log",
        /// Zero bytes, or only whitespace.
        Empty = "empty",
        /// The content is not JSON and the name is not that of a log.
        NotALog = "not-a-log",
        /// Not a regular file: a socket, a pipe or a device; in a bucket, a folder marker.
        NotAFile = "not-a-file",
        /// Delivered on a day outside the window of `--read-from` and `--read-to`.
        OutsideWindow = "outside-window",
        /// The same file in two of the given archives; read once.
        ListedTwice = "listed-twice",
        /// A baseline saved by this program, proven by its checksums; other files in its folder are read.
        SavedBaseline = "saved-baseline",
    }
}

named! {
    /// Why a readable record is not analysed as an event. None of these is an error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum RecordSkip {
        /// A CloudTrail Insights event.
        Insight = "insight",
        /// A five-minute summary of data events.
        Aggregated = "aggregated",
        /// An S3 event notification, which has the same `Records` wrapper as CloudTrail.
        Notification = "s3-notification",
        /// No `eventSource` or no `eventName`, so there is no action.
        NoAction = "no-action",
        /// An earlier stage of a Kubernetes API request whose later stage is in the same object.
        Stage = "stage",
        /// What an aggregated API server logged of a request that the API server of the cluster logged in the same object.
        AggregatedCopy = "aggregated-copy",
    }
}

named! {
    /// Peculiarities of records that were read nevertheless. None of these is an error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Remark {
        /// The time is not in the usual form, but is unambiguous.
        TimeForm = "time-form",
        /// The time has no zone and was read as UTC.
        TimeWithoutZone = "time-without-zone",
    }
}

/// The outcome of reading a log object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was read completely.
    Read,
    /// A part of it could not be read; the first fault.
    ReadInPart(FaultKind),
    /// It was skipped.
    Skipped(ObjectSkip),
    /// Nothing could be read; the first fault.
    Failed(FaultKind),
}

impl Outcome {
    /// Its published name, and that of the reason.
    pub fn names(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Read => ("read", None),
            Self::ReadInPart(kind) => ("read-in-part", Some(kind.name())),
            Self::Skipped(reason) => ("skipped", Some(reason.name())),
            Self::Failed(kind) => ("failed", Some(kind.name())),
        }
    }

    /// Whether its bytes were never received, so a retry may succeed.
    pub const fn is_absence(self) -> bool {
        matches!(self, Self::Failed(kind) if kind.is_absence())
    }
}

named! {
    /// The kind of a fault.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum FaultKind {
        /// A folder could not be listed.
        List = "list",
        /// A log object could not be opened or read.
        Read = "read",
        /// S3 denied access to an object.
        AccessDenied = "access-denied",
        /// The KMS key of an encrypted S3 object is denied or unusable.
        KmsDenied = "kms-denied",
        /// An object that was listed no longer exists.
        Missing = "missing",
        /// An object in the storage class S3 Glacier Flexible Retrieval, which must be restored before it can
        /// be read.
        ArchivedGlacier = "archived-glacier",
        /// The same in S3 Glacier Deep Archive.
        ArchivedDeep = "archived-deep-archive",
        /// The same in an archive tier of S3 Intelligent-Tiering.
        ArchivedTiering = "archived-intelligent-tiering",
        /// The credentials for S3 expired during the run.
        Expired = "credentials-expired",
        /// An object was read, but could not be stored in the local mirror.
        NotKept = "not-kept",
        /// The inflated object is larger than the limit; the part before it was kept.
        TooLarge = "too-large",
        /// The gzip stream is truncated; the part before was kept.
        GzipTruncated = "gzip-truncated",
        /// The gzip stream is damaged or its checksum is wrong; the part before was kept.
        GzipCorrupt = "gzip-corrupt",
        /// Bytes that are not a gzip member follow the last member.
        GzipTrailing = "gzip-trailing",
        /// A CloudTrail log with more than one gzip member, which CloudTrail does not write; all were read.
        /// It can be a sign of tampering: a check that stops at the first member misses the others.
        GzipExtraMember = "gzip-extra-member",
        /// A zip or tar archive, a zstd, bzip2 or xz stream, or a Parquet file that is damaged, encrypted or of
        /// an unsupported kind; the part before was kept.
        PackingBroken = "packing-broken",
        /// A file with the name of a log whose content is not JSON.
        NotJson = "not-json",
        /// Truncated JSON; the records before were kept.
        JsonTruncated = "json-truncated",
        /// Malformed JSON between records; the records around it were kept.
        JsonBroken = "json-broken",
        /// Bytes that are not valid UTF-8; they were read as U+FFFD.
        InvalidUtf8 = "invalid-utf8",
        /// An element of a record list that is not a JSON object, or a malformed one.
        RecordBroken = "record-broken",
        /// A record whose event time is missing or unreadable.
        RecordTime = "record-time",
        /// Two records with one event id and different content; both were counted. It can be a sign of tampering.
        ConflictingCopy = "conflicting-copy",
        /// Traces of records in an unknown carrier or form: their field names as keys or columns, with a
        /// time. The records were not read.
        UnknownCarrier = "unknown-carrier",
    }
}

impl FaultKind {
    /// Whether the bytes of an object were never received, so a retry may succeed.
    pub const fn is_absence(self) -> bool {
        match self {
            Self::Read
            | Self::AccessDenied
            | Self::KmsDenied
            | Self::Missing
            | Self::ArchivedGlacier
            | Self::ArchivedDeep
            | Self::ArchivedTiering
            | Self::Expired => true,
            Self::List
            | Self::NotKept
            | Self::TooLarge
            | Self::GzipTruncated
            | Self::GzipCorrupt
            | Self::GzipTrailing
            | Self::GzipExtraMember
            | Self::PackingBroken
            | Self::NotJson
            | Self::JsonTruncated
            | Self::JsonBroken
            | Self::InvalidUtf8
            | Self::RecordBroken
            | Self::RecordTime
            | Self::ConflictingCopy
            | Self::UnknownCarrier => false,
        }
    }
}

/// A position in a log object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// The object as a whole.
    Whole,
    /// A byte offset in the object as stored.
    StoredByte(u64),
    /// A byte offset in the inflated object.
    Byte(u64),
    /// A record, counted from 0 in its object.
    Record(u32),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::StoredByte(at) => write!(f, "stored byte {at}"),
            Self::Byte(at) => write!(f, "byte {at}"),
            Self::Record(index) => write!(f, "record {index}"),
        }
    }
}

/// One thing that could not be read, with its place and reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Number of the archive, counted from 1.
    pub archive: u32,
    /// Path of the log object, or of the folder that could not be listed, below the archive's root.
    pub object: String,
    /// The position in the object.
    pub position: Position,
    /// The kind of fault.
    pub kind: FaultKind,
    /// The reason in words. May contain text from the archive: clean it before showing it.
    pub detail: String,
}

/// Numbers of log objects by outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    /// Found in the archives.
    pub listed: u64,
    /// Opened and read, completely or in part.
    pub read: u64,
    /// Objects among `read` with a part that could not be read.
    pub read_in_part: u64,
    /// Skipped, by reason.
    pub skipped: BTreeMap<ObjectSkip, u64>,
    /// Nothing could be read, by the first fault.
    pub failed: BTreeMap<FaultKind, u64>,
    /// Folders that were not listed, or not completely, by reason. Their objects are in no sum.
    pub unlisted: BTreeMap<ObjectSkip, u64>,
    /// Skipped files in archives within objects, by reason. They are not objects and in no sum.
    pub skipped_inside: BTreeMap<ObjectSkip, u64>,
}

impl ObjectCounts {
    /// Counts the outcome of a listed object.
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Skipped(reason) => *self.skipped.entry(reason).or_default() += 1,
            Outcome::Failed(kind) => *self.failed.entry(kind).or_default() += 1,
            Outcome::Read => self.read += 1,
            Outcome::ReadInPart(_) => {
                self.read += 1;
                self.read_in_part += 1;
            }
        }
    }
}

/// Numbers of records in the objects that were read, by outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// All records found.
    pub total: u64,
    /// Learnt from.
    pub counted: u64,
    /// Copies of a record counted elsewhere.
    pub duplicates: u64,
    /// Event time outside the window of `--read-from` and `--read-to`.
    pub filtered: u64,
    /// Readable, but not analysed as an event, by reason.
    pub skipped: BTreeMap<RecordSkip, u64>,
    /// Unreadable, by kind.
    pub faulty: BTreeMap<FaultKind, u64>,
    /// Read, with a remark. They are already in the sum, including copies.
    pub remarks: BTreeMap<Remark, u64>,
}

/// The coverage of one run: what was read, skipped and lost, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Log objects.
    pub objects: ObjectCounts,
    /// Records.
    pub records: RecordCounts,
    /// Bytes of the objects read, as stored.
    pub stored_bytes: u64,
    /// Bytes of JSON in them.
    pub json_bytes: u64,
    /// Earliest event time learnt from.
    pub first_event: Option<Timestamp>,
    /// Latest event time learnt from.
    pub last_event: Option<Timestamp>,
    /// Per account and region of the object keys.
    pub places: BTreeMap<(String, String), PlaceCoverage>,
    /// Where records were found in unknown carriers. They are in the sums, too.
    pub found: FoundPaths,
    /// Clusters whose events were learnt from, and the folders that these are in.
    pub clusters: ClusterFolders,
    /// All faults, or the first [`FAULTS_LISTED_PER_OBJECT`] of each object.
    pub faults: Vec<Fault>,
    /// Number of faults, listed or not.
    pub fault_count: u64,
    /// What a saved baseline lacks of what was listed for it. It is in no sum.
    pub unfinished: Unfinished,
}

impl Coverage {
    /// Lists one fault and counts it.
    pub fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
        self.fault_count += 1;
    }

    /// Removes faults from the list and the count.
    pub fn drop_faults(&mut self, is_dropped: impl Fn(&Fault) -> bool) {
        let before = self.faults.len();
        self.faults.retain(|fault| !is_dropped(fault));
        self.fault_count -= (before - self.faults.len()) as u64;
    }

    /// Whether all that was listed was read, completely.
    pub fn is_complete(&self) -> bool {
        self.fault_count == 0 && self.unfinished.is_empty()
    }

    /// Extends the range of event times.
    pub fn event_time(&mut self, time: Timestamp) {
        self.first_event = Some(self.first_event.map_or(time, |first| first.min(time)));
        self.last_event = Some(self.last_event.map_or(time, |last| last.max(time)));
    }

    /// Adds another coverage to this one. Commutative once [`Coverage::sort`] has been called.
    pub fn merge(&mut self, other: Self) {
        let Self {
            objects,
            records,
            stored_bytes,
            json_bytes,
            first_event,
            last_event,
            places,
            found,
            clusters,
            faults,
            fault_count,
            unfinished,
        } = other;
        self.clusters.merge(clusters);
        self.found.merge(found);
        self.objects.listed += objects.listed;
        self.objects.read += objects.read;
        self.objects.read_in_part += objects.read_in_part;
        add_counts(&mut self.objects.skipped, objects.skipped);
        add_counts(&mut self.objects.failed, objects.failed);
        add_counts(&mut self.objects.unlisted, objects.unlisted);
        add_counts(&mut self.objects.skipped_inside, objects.skipped_inside);
        self.records.total += records.total;
        self.records.counted += records.counted;
        self.records.duplicates += records.duplicates;
        self.records.filtered += records.filtered;
        add_counts(&mut self.records.skipped, records.skipped);
        add_counts(&mut self.records.faulty, records.faulty);
        add_counts(&mut self.records.remarks, records.remarks);
        self.stored_bytes += stored_bytes;
        self.json_bytes += json_bytes;
        for time in [first_event, last_event].into_iter().flatten() {
            self.event_time(time);
        }
        for (place, from) in places {
            self.places.entry(place).or_default().merge(from);
        }
        self.faults.extend(faults);
        self.fault_count += fault_count;
        self.unfinished.merge(unfinished);
    }

    /// Sorts the faults by archive, object, position and kind.
    pub fn sort(&mut self) {
        self.faults.sort_unstable();
    }

    /// Records that are not events and do not describe any.
    pub fn foreign_records(&self) -> u64 {
        let foreign = [RecordSkip::Notification, RecordSkip::NoAction];
        foreign.iter().filter_map(|skip| self.records.skipped.get(skip)).sum()
    }

    /// Whether the archive holds anything that could be a log: read, broken, or skipped only for its time.
    pub fn holds_logs(&self) -> bool {
        let Self { objects, records, .. } = self;
        let is_read =
            if records.total > 0 { records.total > self.foreign_records() } else { objects.read > 0 };
        let outside = [&objects.skipped, &objects.unlisted];
        let is_outside = outside.iter().any(|skips| skips.contains_key(&ObjectSkip::OutsideWindow));
        is_read || is_outside || self.fault_count > 0
    }

    /// Whether the sums are complete: objects listed = read + skipped + failed, and records = counted +
    /// duplicates + filtered + skipped + faulty.
    pub fn sums_hold(&self) -> bool {
        let (objects, records) = (&self.objects, &self.records);
        let sum = |numbers: &[u64], counts: &mut dyn Iterator<Item = &u64>| {
            let numbers = numbers.iter().copied().chain(counts.copied());
            numbers.map(u128::from).sum::<u128>()
        };
        let objects_sum = sum(&[objects.read], &mut objects.skipped.values().chain(objects.failed.values()));
        let counted = [records.counted, records.duplicates, records.filtered];
        let records_sum = sum(&counted, &mut records.skipped.values().chain(records.faulty.values()));
        (u128::from(objects.listed), u128::from(records.total)) == (objects_sum, records_sum)
    }
}

/// Adds the counts of `from` to `into`, by key.
pub(crate) fn add_counts<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}
