//! The result for one object: its records, its faults, and the outcome.

use crate::checksum::Checksum;
use crate::coverage::{
    Coverage, FAULTS_LISTED_PER_OBJECT, Fault, FaultKind, ObjectSkip, Outcome, PlaceCoverage, Position,
    RecordSkip, add_counts,
};
use crate::decode::{DecodeFaults, Decoded, Verdict};
use crate::model::Text;
use crate::source::{LogObject, ObjectKey, ReadError};

/// The object being read.
#[derive(Clone, Copy, Debug)]
pub struct CurrentObject<'r> {
    /// Its number in delivery order, from 0; objects without a delivery time come first.
    pub number: u32,
    /// What is known of it.
    pub object: &'r LogObject,
    /// What its path says.
    pub key: &'r ObjectKey<'r>,
}

/// The state of an object, or of a piece of it, while it is read.
#[derive(Debug, Default)]
pub(super) struct ObjectState {
    /// The result of decoding, once decoded.
    decoded: Option<Decoded>,
    /// The first of its faults; `fault_count` counts them all.
    faults: Vec<Fault>,
    fault_count: u64,
    /// Kind of the first fault that does not belong to a single record.
    first: Option<FaultKind>,
}

/// The bytes of an object as stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredBytes {
    /// How many there are.
    pub size: u64,
    /// If requested: [`ScanSettings::checksums`](super::ScanSettings::checksums).
    pub checksum: Option<Checksum>,
}

/// The result for an object.
#[derive(Debug)]
pub struct ObjectResult<'r> {
    /// Which object.
    pub current: CurrentObject<'r>,
    /// Its bytes as stored.
    pub stored: StoredBytes,
    /// Whether it was read.
    pub outcome: Outcome,
    /// Number of its records.
    pub records: u64,
    /// Number of its faults, including those of single records.
    pub fault_count: u64,
    /// The first of them.
    pub faults: &'r [Fault],
}

impl ObjectState {
    /// Number of records visited.
    pub(super) fn records(&self) -> u32 {
        self.decoded.as_ref().map_or(0, |decoded| decoded.records)
    }

    /// Notes a fault in an object, or in a file in it.
    pub(super) fn fault(
        &mut self,
        object: &LogObject,
        inner: Option<&str>,
        (kind, position): (FaultKind, Position),
        detail: String,
    ) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_LISTED_PER_OBJECT {
            let path = &object.path;
            let path = inner.map_or_else(|| path.to_string(), |inner| inner_path(path, inner).to_string());
            self.faults.push(Fault { archive: object.archive, object: path, position, kind, detail });
        }
    }

    /// Notes the result of decoding the object.
    pub(super) fn note_decoded(&mut self, object: &LogObject, mut decoded: Decoded) {
        self.add_decode_faults(object, std::mem::take(&mut decoded.faults));
        self.decoded = Some(decoded);
    }

    /// Notes an error while reading the object.
    pub(super) fn note_read_error(&mut self, object: &LogObject, error: ReadError) {
        self.first = self.first.or(Some(error.kind));
        self.fault(object, None, (error.kind, Position::Whole), error.detail);
    }

    /// Notes faults that do not belong to a single record.
    pub(super) fn add_decode_faults(&mut self, object: &LogObject, faults: DecodeFaults) {
        let (listed, more) = faults.into_parts();
        for fault in listed {
            self.first = self.first.or(Some(fault.kind));
            self.fault(object, fault.inner.as_deref(), (fault.kind, fault.position), fault.detail);
        }
        self.first = self.first.or(more.keys().next().copied());
        self.fault_count += more.values().sum::<u64>();
    }

    /// Notes a second gzip member where there should be only one.
    pub(super) fn note_second_member(&mut self, object: &LogObject, key: &ObjectKey<'_>, at: Option<u64>) {
        if let Some(at) = at.filter(|_| key.is_of_cloudtrail()) {
            let place = (FaultKind::GzipExtraMember, Position::StoredByte(at));
            let detail = "a second gzip member, which CloudTrail does not write".to_owned();
            self.fault(object, None, place, detail);
        }
    }

    /// Adds the state of the next piece.
    pub(super) fn add(&mut self, next: Self) {
        match (&mut self.decoded, next.decoded) {
            (Some(decoded), Some(more)) => decoded.add(more),
            (decoded, more) => *decoded = decoded.take().or(more),
        }
        let room = FAULTS_LISTED_PER_OBJECT - self.faults.len();
        self.faults.extend(next.faults.into_iter().take(room));
        self.fault_count += next.fault_count;
        self.first = self.first.or(next.first);
    }

    /// Decides the outcome of the whole object, and adds it to the coverage. Calls `end` with the result. Returns the number
    /// of its records.
    pub(super) fn settle(
        mut self,
        current: CurrentObject<'_>,
        stored: StoredBytes,
        coverage: &mut Coverage,
        end: impl FnOnce(&ObjectResult<'_>, &mut Coverage),
    ) -> u64 {
        let mut decoded = self.decoded.take().unwrap_or_else(Decoded::empty);
        let verdict = self.verdict(current.object, decoded.verdict);
        let mut records = u64::from(decoded.records);
        coverage.found.merge(std::mem::take(&mut decoded.found));
        add_counts(&mut coverage.objects.skipped_inside, std::mem::take(&mut decoded.skipped_inside));
        let outcome = outcome(verdict, self.first, decoded.records);
        coverage.objects.count(outcome);
        if let Outcome::Read | Outcome::ReadInPart(_) = outcome {
            records += decoded.others;
            coverage.stored_bytes += stored.size;
            coverage.json_bytes += decoded.json_bytes;
            if decoded.others > 0 {
                coverage.records.total += decoded.others;
                *coverage.records.skipped.entry(RecordSkip::NoAction).or_default() += decoded.others;
            }
            count_place(current.key, records, stored.size, coverage);
        } else if let (Outcome::Failed(_), Some(place)) = (outcome, place(current.key, coverage)) {
            place.add_failed(current.key.delivery().map(|delivery| delivery.day));
        }
        let (fault_count, faults) = (self.fault_count, &self.faults[..]);
        end(&ObjectResult { current, stored, outcome, records, fault_count, faults }, coverage);
        coverage.faults.append(&mut self.faults);
        coverage.fault_count += self.fault_count;
        records
    }

    /// The final verdict on an object. Content that is no log is a fault if the name promises one.
    fn verdict(&mut self, object: &LogObject, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::NotJson if self.first.is_none() => match object.name_promise() {
                Some(promise) => {
                    let detail = promise.broken().to_owned();
                    self.fault(object, None, (FaultKind::NotJson, Position::Whole), detail);
                    self.first = Some(FaultKind::NotJson);
                    verdict
                }
                None => Verdict::Other(ObjectSkip::NotALog),
            },
            Verdict::NotJson => Verdict::Other(ObjectSkip::NotALog),
            verdict => verdict,
        }
    }
}

/// The outcome of an object with this content, first fault and number of records.
fn outcome(verdict: Verdict, first: Option<FaultKind>, records: u32) -> Outcome {
    match (verdict, first) {
        (Verdict::Other(reason), None) => Outcome::Skipped(reason),
        (_, Some(kind)) if records == 0 => Outcome::Failed(kind),
        (_, fault) => fault.map_or(Outcome::Read, Outcome::ReadInPart),
    }
}

/// Counts an object of which something was read under its account and region.
fn count_place(key: &ObjectKey<'_>, records: u64, stored_bytes: u64, coverage: &mut Coverage) {
    if let Some(place) = place(key, coverage) {
        place.add_object(key.delivery(), records, stored_bytes);
    }
}

/// The coverage of an object's account and region.
fn place<'c>(key: &ObjectKey<'_>, coverage: &'c mut Coverage) -> Option<&'c mut PlaceCoverage> {
    let (account, region) = key.place()?;
    Some(coverage.places.entry((account.to_owned(), region.into_owned())).or_default())
}

/// The path of a file in an object.
pub fn inner_path(path: &str, inner: &str) -> Text {
    Text::from(format!("{path}!{inner}"))
}
