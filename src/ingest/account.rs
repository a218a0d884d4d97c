//! What one object gave: records, faults, and what became of it.

use crate::coverage::{
    Coverage, FAULTS_LISTED_PER_OBJECT, Fault, FaultKind, ObjectSkip, Position, RecordSkip, add_counts,
};
use crate::decode::{DecodeFault, Decoded, Verdict};
use crate::ledger::{ObjectEntry, Outcome};
use crate::model::Text;
use crate::source::{LogObject, ObjectKey, ReadError, SkippedObject};
use crate::time::Timestamp;

/// The account of one object, or of a piece of it.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// What it turned out to be, once it was decoded.
    decoded: Option<Decoded>,
    /// The first of its faults, which are counted by `fault_count`.
    faults: Vec<Fault>,
    pub(super) fault_count: u64,
    /// Kind of the first fault that is not of a single record.
    first: Option<FaultKind>,
    /// Earliest and latest event learnt from.
    pub(super) span: Option<(Timestamp, Timestamp)>,
}

impl Account {
    /// Number of records visited.
    pub(super) fn records(&self) -> u32 {
        self.decoded.as_ref().map_or(0, |decoded| decoded.records)
    }

    /// Takes note of the time of an event learnt from.
    pub(super) fn event_time(&mut self, time: Timestamp) {
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }

    /// Takes note of a fault in an object, or in a file in it.
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
            let path = inner.map_or_else(|| path.to_string(), |inner| inside(path, inner).to_string());
            self.faults.push(Fault { archive: object.archive, object: path, position, kind, detail });
        }
    }

    /// Takes note of an error while the object was read, and of what decoding it said.
    pub(super) fn decoded(&mut self, object: &LogObject, mut decoded: Decoded) {
        self.decode_faults(object, std::mem::take(&mut decoded.faults));
        self.decoded = Some(decoded);
    }

    /// Takes note of an error while the object was read.
    pub(super) fn unread(&mut self, object: &LogObject, error: ReadError) {
        self.first = self.first.or(Some(error.kind));
        self.fault(object, None, (error.kind, Position::Whole), error.detail);
    }

    /// Takes note of faults that are not of a single record.
    pub(super) fn decode_faults(&mut self, object: &LogObject, faults: Vec<DecodeFault>) {
        for fault in faults {
            self.first = self.first.or(Some(fault.kind));
            self.fault(object, fault.inner.as_deref(), (fault.kind, fault.position), fault.detail);
        }
    }

    /// Adds the account of the piece behind this one.
    pub(super) fn add(&mut self, next: Self) {
        match (&mut self.decoded, next.decoded) {
            (Some(decoded), Some(more)) => decoded.add(more),
            (decoded, more) => *decoded = decoded.take().or(more),
        }
        let room = FAULTS_LISTED_PER_OBJECT - self.faults.len();
        self.faults.extend(next.faults.into_iter().take(room));
        self.fault_count += next.fault_count;
        self.first = self.first.or(next.first);
        for time in next.span.into_iter().flat_map(|(first, last)| [first, last]) {
            self.event_time(time);
        }
    }

    /// Decides what became of the object as a whole, and adds it to the coverage. Gives that and the number of its records.
    pub(super) fn settle(
        mut self,
        object: &LogObject,
        key: &ObjectKey<'_>,
        stored_bytes: u64,
        coverage: &mut Coverage,
    ) -> Settled {
        let decoded = self.decoded.take().unwrap_or_else(Decoded::empty);
        let verdict = match decoded.verdict {
            Verdict::NotJson if self.first.is_none() && object.named_as_log() => {
                let detail = "the content is not JSON".to_owned();
                self.fault(object, None, (FaultKind::NotJson, Position::Whole), detail);
                self.first = Some(FaultKind::NotJson);
                decoded.verdict
            }
            Verdict::NotJson => Verdict::Other(ObjectSkip::NotALog),
            verdict => verdict,
        };
        let mut records = u64::from(decoded.records);
        coverage.found.merge(decoded.found);
        let objects = &mut coverage.objects;
        add_counts(&mut objects.skipped_inside, decoded.skipped_inside);
        let outcome = match (verdict, self.first) {
            (Verdict::Other(reason), None) => {
                *objects.skipped.entry(reason).or_default() += 1;
                Outcome::Skipped(reason)
            }
            (_, Some(kind)) if decoded.records == 0 => {
                *objects.failed.entry(kind).or_default() += 1;
                Outcome::Failed(kind)
            }
            (_, fault) => {
                objects.read += 1;
                objects.read_in_part += u64::from(fault.is_some());
                coverage.stored_bytes += stored_bytes;
                coverage.json_bytes += decoded.json_bytes;
                if decoded.others > 0 {
                    coverage.records.total += decoded.others;
                    *coverage.records.skipped.entry(RecordSkip::NoAction).or_default() += decoded.others;
                }
                records += decoded.others;
                place(key, records, coverage);
                fault.map_or(Outcome::Read, Outcome::ReadInPart)
            }
        };
        for time in self.span.into_iter().flat_map(|(first, last)| [first, last]) {
            coverage.event_time(time);
        }
        coverage.faults.append(&mut self.faults);
        coverage.fault_count += self.fault_count;
        Settled { outcome, records, span: self.span, faults: self.fault_count }
    }
}

/// What became of an object.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) outcome: Outcome,
    pub(super) records: u64,
    pub(super) span: Option<(Timestamp, Timestamp)>,
    pub(super) faults: u64,
}

/// Adds an object to the account of its account and region.
fn place(key: &ObjectKey<'_>, records: u64, coverage: &mut Coverage) {
    let region = key.region.map(str::to_owned).or_else(|| key.cluster.map(|name| format!("eks/{name}")));
    let (Some(account), Some(region)) = (key.account, region) else { return };
    let place = coverage.places.entry((account.to_owned(), region)).or_default();
    place.objects += 1;
    place.records += records;
    let day = key.delivered.and_then(|time| u32::try_from(time.day().number()).ok());
    place.days.extend(day);
}

/// The path of a file in an object.
pub(super) fn inside(path: &str, inner: &str) -> Text {
    Text::from(format!("{path}!{inner}"))
}

impl ObjectEntry {
    /// What the listing knows of an object, and what became of it.
    pub(super) fn of(object: &LogObject, outcome: Outcome) -> Self {
        let key = object.key();
        Self {
            archive: object.archive,
            path: object.path.clone(),
            delivered: object.delivered,
            account: key.account.map(Box::from),
            region: key.region.map(Box::from),
            size: None,
            checksum: None,
            outcome,
            records: 0,
            span: None,
            faults: 0,
        }
    }
}

impl From<SkippedObject> for ObjectEntry {
    fn from(skipped: SkippedObject) -> Self {
        Self::of(&skipped.object, Outcome::Skipped(skipped.reason))
    }
}
