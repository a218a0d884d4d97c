//! Coverage: what was read, skipped and lost, and where.
//!
//! Every stage adds to a [`Coverage`]; coverages of several workers merge into one. Nothing in here knows what an
//! object or a record is, so any stage may use it. Two sums always hold, see [`Coverage::sums_hold`].

mod found;

use std::collections::BTreeMap;
use std::fmt;

use roaring::RoaringBitmap;

use crate::names::named;
use crate::time::{Day, Timestamp};

pub use found::{FOUND_PATHS_LISTED, FoundPaths, LONGEST_FOUND_PATH};

/// How many faults of one log object are listed one by one; the rest of them are only counted.
///
/// A hostile object can hold millions of broken records. The counts stay exact whatever this number is.
pub const FAULTS_LISTED_PER_OBJECT: usize = 1_000;

named! {
    /// Why a log object was left alone. None of these is an error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ObjectSkip {
        /// A CloudTrail integrity digest: a list of log files, no events.
        Digest = "digest",
        /// Five-minute summaries of data events: no single call.
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
        /// A summary of events that the console exports: it does not tell who acted.
        Summary = "summary",
        /// A notice that something was delivered (SNS, SQS), not the thing itself.
        Notice = "notice",
        /// Another service's folder under `AWSLogs/<account>/`.
        OtherService = "other-service",
        /// JSON that holds no event in any shape known here.
        OtherJson = "other-json",
        /// Lines of words, each with a time: some other log, such as that of an API server, a scheduler or an authenticator.
        OtherLog = "other-log",
        /// Zero bytes, or nothing but blanks.
        Empty = "empty",
        /// Neither JSON by content nor a log by name.
        NotALog = "not-a-log",
        /// Not a regular file: a socket, a pipe or a device; in a bucket, the marker of a folder.
        NotAFile = "not-a-file",
        /// Delivered on a day outside `--read-from` and `--read-to`.
        OutsideWindow = "outside-window",
        /// The same file under two of the given archives; read once.
        ListedTwice = "listed-twice",
        /// A baseline that this program saved, proven by its checksums; what else lies in its folder is read.
        SavedBaseline = "saved-baseline",
    }
}

named! {
    /// Why a readable record is not an event of this analysis. None of these is an error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum RecordSkip {
        /// A CloudTrail Insights event.
        Insight = "insight",
        /// A five-minute summary of data events.
        Aggregated = "aggregated",
        /// An S3 event notification, which shares CloudTrail's `Records` wrapper.
        Notification = "s3-notification",
        /// No `eventSource` or no `eventName`, so there is no action.
        NoAction = "no-action",
        /// An earlier stage of a request to a Kubernetes cluster, of which a later one stands in the same object.
        Stage = "stage",
    }
}

named! {
    /// What is to be known of records that were read all the same. None of these is an error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Remark {
        /// The time is not in the usual form, but cannot be mistaken.
        TimeForm = "time-form",
        /// The time names no zone, and was taken for UTC.
        TimeWithoutZone = "time-without-zone",
    }
}

/// What became of a log object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was read as a whole.
    Read,
    /// A part of it could not be read; the first fault met.
    ReadInPart(FaultKind),
    /// It was left alone.
    Skipped(ObjectSkip),
    /// Nothing could be read; the first fault met.
    Failed(FaultKind),
}

named! {
    /// What kind of thing could not be read.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum FaultKind {
        /// A folder could not be listed.
        List = "list",
        /// A log object could not be opened or read.
        Read = "read",
        /// S3 refused to hand an object out.
        AccessDenied = "access-denied",
        /// The key that an object in S3 is encrypted with may not be used, or cannot be.
        KmsDenied = "kms-denied",
        /// An object that was listed is no longer there.
        Missing = "missing",
        /// An object in the storage class S3 Glacier Flexible Retrieval, which has to be restored before it can be read.
        ArchivedGlacier = "archived-glacier",
        /// The same in S3 Glacier Deep Archive.
        ArchivedDeep = "archived-deep-archive",
        /// The same in an archive tier of S3 Intelligent-Tiering.
        ArchivedTiering = "archived-intelligent-tiering",
        /// The credentials for S3 ended before the run did.
        Expired = "credentials-expired",
        /// An object was read, but could not be kept in the local mirror.
        NotKept = "not-kept",
        /// The inflated object is larger than the ceiling; what came before was kept.
        TooLarge = "too-large",
        /// The gzip stream ends too early; what came before was kept.
        GzipTruncated = "gzip-truncated",
        /// The gzip stream is damaged or its checksum is wrong; what came before was kept.
        GzipCorrupt = "gzip-corrupt",
        /// Bytes that are no gzip member follow the last one.
        GzipTrailing = "gzip-trailing",
        /// A log of CloudTrail with more than one gzip member, which CloudTrail does not write; all of them were read. It can be a
        /// sign of tampering: a check that stops at the first member would not see the others.
        GzipExtraMember = "gzip-extra-member",
        /// A zip or tar archive, a zstd or bzip2 stream, or a Parquet file that is damaged, encrypted or of a kind that is not read; what came
        /// before was kept.
        PackingBroken = "packing-broken",
        /// A log by name whose content is not JSON.
        NotJson = "not-json",
        /// JSON that ends too early; the records before were kept.
        JsonTruncated = "json-truncated",
        /// Malformed JSON between records; the records around it were kept.
        JsonBroken = "json-broken",
        /// Bytes that are no UTF-8; they were read as U+FFFD.
        InvalidUtf8 = "invalid-utf8",
        /// An element of a record list that is not a JSON object, or a malformed one.
        RecordBroken = "record-broken",
        /// A record whose event time is missing or unreadable.
        RecordTime = "record-time",
        /// Two records with one event id and different content; both were counted. It can be a sign of tampering.
        ConflictingCopy = "conflicting-copy",
        /// Traces of records whose carrier or form is not known: their names as keys or columns, with a time. The
        /// records were not read.
        UnknownCarrier = "unknown-carrier",
    }
}

impl FaultKind {
    /// Whether the bytes of an object never came, so that another try may bring them.
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

/// Where in a log object something lies.
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
    /// Which of the given archives, counted from 1.
    pub archive: u32,
    /// The log object, or the folder that could not be listed: its path below the archive's root.
    pub object: String,
    /// Where in the object.
    pub position: Position,
    /// What kind of fault.
    pub kind: FaultKind,
    /// The reason in words. May hold text from the archive: clean it before showing it.
    pub detail: String,
}

/// What became of the log objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    /// Found in the archives.
    pub listed: u64,
    /// Opened and read, whole or in part.
    pub read: u64,
    /// Of those read: the ones with a part that could not be read.
    pub read_in_part: u64,
    /// Left alone, by reason.
    pub skipped: BTreeMap<ObjectSkip, u64>,
    /// Nothing could be read, by the first fault met.
    pub failed: BTreeMap<FaultKind, u64>,
    /// Folders of a bucket whose objects were not listed, or not all of them, by reason. Their objects are in no sum.
    pub unlisted: BTreeMap<ObjectSkip, u64>,
    /// Files in archives within objects that were left alone, by reason. They are no objects, and in no sum.
    pub skipped_inside: BTreeMap<ObjectSkip, u64>,
}

/// What became of the records in the objects that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// Met at all.
    pub total: u64,
    /// Learnt from.
    pub counted: u64,
    /// Copies of a record counted elsewhere.
    pub duplicates: u64,
    /// Event time outside `--read-from` and `--read-to`.
    pub filtered: u64,
    /// Readable, but no event of this analysis, by reason.
    pub skipped: BTreeMap<RecordSkip, u64>,
    /// Unreadable, by kind.
    pub faulty: BTreeMap<FaultKind, u64>,
    /// Read, with a remark. They are in the sum already; copies count.
    pub remarks: BTreeMap<Remark, u64>,
}

/// Objects and records of one account and region, as the object keys name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceCoverage {
    /// Log objects read.
    pub objects: u64,
    /// Records in them.
    pub records: u64,
    /// Days (since 1970-01-01) on which at least one object that was read was delivered.
    pub days: RoaringBitmap,
}

impl PlaceCoverage {
    /// First and last day with an object.
    pub fn span(&self) -> Option<(Day, Day)> {
        Some((day(self.days.min()?), day(self.days.max()?)))
    }

    /// Runs of days without any object between the first and the last day, each as (first, last) day.
    ///
    /// ```
    /// use firstseen::coverage::PlaceCoverage;
    ///
    /// let place = PlaceCoverage { days: [10, 11, 14].into_iter().collect(), ..Default::default() };
    /// let gaps: Vec<_> = place.gaps().map(|(from, to)| format!("{from}..{to}")).collect();
    /// assert_eq!(gaps, ["1970-01-13..1970-01-14"]);
    /// ```
    pub fn gaps(&self) -> impl Iterator<Item = (Day, Day)> + '_ {
        self.days
            .iter()
            .zip(self.days.iter().skip(1))
            .filter(|(before, after)| after - before > 1)
            .map(|(before, after)| (day(before + 1), day(after - 1)))
    }
}

fn day(number: u32) -> Day {
    Day::from_number(i32::try_from(number).unwrap_or(i32::MAX))
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
    /// Where records were found in carriers that are not known. They are in the sums, too.
    pub found: FoundPaths,
    /// All faults, or the first [`FAULTS_LISTED_PER_OBJECT`] of each object.
    pub faults: Vec<Fault>,
    /// Number of faults, listed or not.
    pub fault_count: u64,
}

impl Coverage {
    /// Lists one fault and counts it.
    pub fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
        self.fault_count += 1;
    }

    /// Takes faults off the list and the count.
    pub fn drop_faults(&mut self, is_dropped: impl Fn(&Fault) -> bool) {
        let before = self.faults.len();
        self.faults.retain(|fault| !is_dropped(fault));
        self.fault_count -= (before - self.faults.len()) as u64;
    }

    /// Takes note of an event time that was learnt from.
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
            faults,
            fault_count,
        } = other;
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
            let into = self.places.entry(place).or_default();
            into.objects += from.objects;
            into.records += from.records;
            into.days |= from.days;
        }
        self.faults.extend(faults);
        self.fault_count += fault_count;
    }

    /// Puts the faults into their one order: archive, object, position, kind.
    pub fn sort(&mut self) {
        self.faults.sort_unstable();
    }

    /// Records that neither are events nor are about any.
    pub fn foreign_records(&self) -> u64 {
        let foreign = [RecordSkip::Notification, RecordSkip::NoAction];
        foreign.iter().filter_map(|skip| self.records.skipped.get(skip)).sum()
    }

    /// Whether anything was there that could be a log: read, broken, or left alone for its time only.
    pub fn holds_logs(&self) -> bool {
        let Self { objects, records, .. } = self;
        let is_read =
            if records.total > 0 { records.total > self.foreign_records() } else { objects.read > 0 };
        let outside = [&objects.skipped, &objects.unlisted];
        let is_outside = outside.iter().any(|skips| skips.contains_key(&ObjectSkip::OutsideWindow));
        is_read || is_outside || self.fault_count > 0
    }

    /// Whether nothing is missing from the sums:
    /// objects listed = read + skipped + failed, and
    /// records = counted + duplicates + filtered + skipped + faulty.
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

/// Adds counts to others of the same kind.
pub(crate) fn add_counts<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}
