//! A sample of an archive's objects: which are opened, and what they are.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::layout::Layout;
use crate::coverage::{Coverage, FaultKind, ObjectSkip, Outcome};
use crate::decode::FoundRecord;
use crate::event::AnyRecord;
use crate::model::last_part;
use crate::scan::{
    CurrentObject, ObjectContext, ObjectResult, Progress, ScanError, ScanSettings, Visitor, scan_listed,
};
use crate::source::{Archives, Listing, LogObject};

/// At most this many objects are opened.
pub const SAMPLE: usize = 16;

/// No object is inflated further than this.
pub const SAMPLE_BYTES: u64 = 64 << 20;

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
    let chosen = choose(&listing.objects);
    let objects: Vec<LogObject> = chosen.iter().map(|index| listing.objects[*index].clone()).collect();
    let mut sampled = Listing { objects: objects.clone(), ..Listing::default() };
    sampled.coverage.objects.listed = objects.len() as u64;
    let settings = ScanSettings { max_object_size: settings.max_object_size.min(SAMPLE_BYTES), ..*settings };
    let scanned = scan_listed(archives, sampled, &settings, &|_| Recogniser::default(), progress)?;
    let Coverage { stored_bytes, json_bytes, records, .. } = scanned.listing.coverage;
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    scanned.visitors.into_iter().for_each(|visitor| found.extend(visitor.found));
    let sampled = objects.iter().filter_map(|object| {
        let Found { counts, outcome, fault } = found.remove(&*object.path)?;
        let is_opaque = matches!(
            outcome,
            Outcome::Skipped(ObjectSkip::NotALog | ObjectSkip::OtherLog | ObjectSkip::OtherJson)
                | Outcome::Failed(FaultKind::NotJson | FaultKind::UnknownCarrier)
        );
        let by_content = if is_opaque { Content::of_stored(archives, object) } else { None };
        let is_known = by_content.is_some();
        let content =
            by_content.unwrap_or_else(|| Content::of_outcome(outcome, counts.cloudtrail, counts.kubernetes));
        Some(SampledObject {
            path: object.path.to_string(),
            content,
            fault: fault.filter(|_| !is_known && outcome != Outcome::ReadInPart(FaultKind::TooLarge)),
            cloudtrail: counts.cloudtrail,
            kubernetes: counts.kubernetes,
        })
    });
    let objects = sampled.collect();
    Ok(Sample { objects, stored_bytes, json_bytes, records: records.total })
}

/// Numbers of records.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    cloudtrail: u64,
    kubernetes: u64,
}

/// What became of an object.
struct Found {
    counts: Counts,
    outcome: Outcome,
    fault: Option<String>,
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
        let Ok(record) = found.record else { return };
        context.coverage.records.counted += 1;
        match record {
            AnyRecord::CloudTrail(record) => counts.cloudtrail += u64::from(record.event_name.is_some()),
            AnyRecord::Kubernetes(_) => counts.kubernetes += 1,
        }
    }

    fn join_pieces(before: &mut Counts, next: Counts, _: u32) {
        before.cloudtrail += next.cloudtrail;
        before.kubernetes += next.kubernetes;
    }

    fn end_object(&mut self, counts: Counts, result: &ObjectResult<'_>, _: &mut Coverage) {
        let fault = result.faults.first().map(|fault| fault.detail.clone());
        let found = Found { counts, outcome: result.outcome, fault };
        self.found.insert(result.current.object.path.to_string(), found);
    }
}
