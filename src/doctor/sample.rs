//! A sample of an archive's objects: which are opened, and what they are.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::counts::{Counts, joined};
use super::head::Head;
use super::layout::Layout;
use crate::coverage::{Coverage, FaultKind, ObjectSkip, Outcome};
use crate::decode::FoundRecord;
use crate::model::last_part;
use crate::scan::{
    CurrentObject, ObjectContext, ObjectResult, Progress, ScanError, ScanSettings, Visitor, scan_listed,
};
use crate::source::{Archives, Listing, LogObject};
use crate::time::Timestamp;

/// At most this many objects are opened.
pub const SAMPLE: usize = 16;

/// Objects are read if they have no more bytes than this, as stored and inflated. Of larger ones the beginning is read.
pub const SAMPLE_BYTES: u64 = 64 << 20;

/// Bytes of content at the beginning of a large object that are read.
const BEGINNING: usize = 4 << 20;

/// Of this many kinds of objects, by layout, folder and extension, the first is opened in any case.
const KINDS: usize = 10;

/// One object that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledObject {
    /// Its path below the archive's root.
    pub path: String,
    /// What it is.
    pub content: Content,
    /// The first fault, in words.
    pub fault: Option<String>,
    /// Records of events of CloudTrail.
    pub cloudtrail: u64,
    /// Records of audit events of Kubernetes.
    pub kubernetes: u64,
    /// Those among them whose cluster neither their carrier nor their path names.
    pub unnamed: u64,
}

/// The objects that were opened, in delivery order.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The objects.
    pub objects: Vec<SampledObject>,
    /// Bytes as stored of those that were read as logs.
    pub stored_bytes: u64,
    /// Bytes of JSON in these.
    pub json_bytes: u64,
    /// Records in these.
    pub records: u64,
    /// The times of the first and the last event in these.
    pub events: Option<[Timestamp; 2]>,
    /// Whether these are all objects, each read as a whole.
    pub is_whole: bool,
}

/// Chooses what is opened: the first object of each kind, the first and the last delivery, and others at even distances.
fn choose(objects: &[LogObject]) -> BTreeSet<usize> {
    let mut kinds = BTreeSet::new();
    let mut chosen = BTreeSet::new();
    for (index, object) in objects.iter().enumerate() {
        let kind = kind(&object.path);
        if kinds.len() < KINDS && !kinds.contains(&kind) {
            kinds.insert(kind);
            chosen.insert(index);
        }
    }
    let dated = objects.iter().position(|object| object.delivered.is_some());
    chosen.extend(dated);
    chosen.extend(objects.len().checked_sub(1));
    let rest: Vec<usize> = (0..objects.len()).filter(|index| !chosen.contains(index)).collect();
    let room = SAMPLE.saturating_sub(chosen.len()).min(rest.len());
    chosen.extend((0..room).map(|step| rest[step * rest.len() / room]));
    chosen
}

/// What kind of object has this path, as far as its name says: layout, first folder and extension.
fn kind(path: &str) -> (Layout, String, String) {
    let name = last_part(path);
    let folder = path.split_once('/').map_or("", |(folder, _)| folder);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let extension = if extension.len() <= 8 { extension.to_ascii_lowercase() } else { String::new() };
    (Layout::of(path), folder.to_owned(), extension)
}

/// Opens a sample of what was listed.
pub(super) fn read(
    archives: &Archives,
    listing: &Listing,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<Sample, ScanError> {
    let chosen: Vec<&LogObject> =
        choose(&listing.objects).iter().map(|index| &listing.objects[*index]).collect();
    let is_small = |object: &&&LogObject| archives.size(object).is_ok_and(|size| size <= SAMPLE_BYTES);
    let objects: Vec<LogObject> = chosen.iter().filter(is_small).map(|object| (*object).clone()).collect();
    let mut found = read_whole(archives, objects, settings, progress)?;
    let mut sample = Sample { is_whole: chosen.len() == listing.objects.len(), ..Sample::default() };
    for object in chosen {
        let whole = found.remove(&*object.path).filter(|found| !found.is_too_large());
        sample.is_whole &= whole.is_some();
        let Some((sampled, counts)) =
            whole.map(|found| found.sampled(archives, object)).or_else(|| of_beginning(archives, object))
        else {
            continue;
        };
        if sampled.content.is_log() {
            sample.stored_bytes += counts.stored_bytes;
            sample.json_bytes += counts.json_bytes;
            sample.records += counts.records;
            sample.events = joined(sample.events, counts.events);
        }
        sample.objects.push(sampled);
    }
    Ok(sample)
}

/// Reads objects as a scan does.
fn read_whole(
    archives: &Archives,
    objects: Vec<LogObject>,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<BTreeMap<String, Found>, ScanError> {
    let mut listing = Listing { objects, ..Listing::default() };
    listing.coverage.objects.listed = listing.objects.len() as u64;
    let settings = ScanSettings { max_object_size: SAMPLE_BYTES, ..*settings };
    let scanned = scan_listed(archives, listing, &settings, &|_| Recogniser::default(), progress)?;
    Ok(scanned.visitors.into_iter().flat_map(|visitor| visitor.found).collect())
}

/// What the beginning of an object says that is too large to be read.
fn of_beginning(archives: &Archives, object: &LogObject) -> Option<(SampledObject, Counts)> {
    let counts = Head::read(archives, object, BEGINNING)?.counts(&object.key());
    let by_content = if counts.records == 0 { Content::of_stored(archives, object) } else { None };
    let content = match by_content {
        Some(content) => content,
        None if counts.records == 0 => Content::Unreadable(FaultKind::TooLarge.name()),
        None => Content::of_counts(counts.cloudtrail, counts.kubernetes),
    };
    Some((SampledObject::new(object, content, None, &counts), counts))
}

impl SampledObject {
    fn new(object: &LogObject, content: Content, fault: Option<String>, counts: &Counts) -> Self {
        let Counts { cloudtrail, kubernetes, unnamed, .. } = *counts;
        Self { path: object.path.to_string(), content, fault, cloudtrail, kubernetes, unnamed }
    }
}

/// What became of an object.
struct Found {
    counts: Counts,
    outcome: Outcome,
    fault: Option<String>,
}

impl Found {
    /// Whether its size alone kept it from being read.
    fn is_too_large(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::ReadInPart(FaultKind::TooLarge) | Outcome::Failed(FaultKind::TooLarge)
        )
    }

    fn sampled(self, archives: &Archives, object: &LogObject) -> (SampledObject, Counts) {
        let Self { counts, outcome, fault } = self;
        let is_opaque = matches!(
            outcome,
            Outcome::Skipped(ObjectSkip::NotALog | ObjectSkip::OtherLog | ObjectSkip::OtherJson)
                | Outcome::Failed(FaultKind::NotJson | FaultKind::UnknownCarrier)
        );
        let by_content = if is_opaque { Content::of_stored(archives, object) } else { None };
        let fault = fault.filter(|_| by_content.is_none());
        let by_outcome = || Content::of_outcome(outcome, counts.cloudtrail, counts.kubernetes);
        (SampledObject::new(object, by_content.unwrap_or_else(by_outcome), fault, &counts), counts)
    }
}

/// Counts the records of each object.
#[derive(Default)]
struct Recogniser {
    found: BTreeMap<String, Found>,
}

impl Visitor for Recogniser {
    type Part = Counts;

    fn begin_piece(&mut self, _: &CurrentObject<'_>) -> Counts {
        Counts::default()
    }

    fn record(&mut self, counts: &mut Counts, found: &FoundRecord<'_>, context: &mut ObjectContext<'_>) {
        context.coverage.records.counted += u64::from(found.record.is_ok());
        counts.add(found, context.cluster(found).name.is_some());
    }

    fn join_pieces(before: &mut Counts, next: Counts, _: u32) {
        before.join(&next);
    }

    fn end_object(&mut self, counts: Counts, result: &ObjectResult<'_>, _: &mut Coverage) {
        let fault = result.faults.first().map(|fault| fault.detail.clone());
        let counts = Counts { stored_bytes: result.stored.size, ..counts };
        let found = Found { counts, outcome: result.outcome, fault };
        self.found.insert(result.current.object.path.to_string(), found);
    }
}
