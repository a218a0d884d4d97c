//! One worker: reads objects one by one and keeps the account of each.

use std::sync::Arc;

use super::{Keep, ObjectRead, Run};
use crate::baseline::{Builder, Moment, Seen};
use crate::checksum::Checksum;
use crate::coverage::{
    Coverage, FAULTS_LISTED_PER_OBJECT, Fault, FaultKind, ObjectSkip, Position, RecordSkip,
};
use crate::decode::{Decoded, Decoder, FoundRecord, Verdict};
use crate::event::{Event, NoEvent, Record};
use crate::ledger::{ObjectEntry, Outcome};
use crate::observe::{Fingerprint, Handover, Observer, RecordPlace};
use crate::source::{DeliveryWindow, LogObject, ReadError, SkippedObject, Supplied};
use crate::time::Timestamp;

/// Everything one thread collects.
pub(super) struct Worker {
    pub(super) number: u16,
    pub(super) observer: Observer,
    pub(super) builder: Builder,
    pub(super) coverage: Coverage,
    /// Of the objects read, if the ledger is kept.
    pub(super) entries: Vec<ObjectEntry>,
    decoder: Decoder,
    stored: Vec<u8>,
    handover: Handover,
}

impl Worker {
    pub(super) fn new(number: u16, max_object_size: u64) -> Self {
        Self {
            number,
            observer: Observer::default(),
            builder: Builder::default(),
            coverage: Coverage::default(),
            entries: Vec::new(),
            decoder: Decoder::new(max_object_size),
            stored: Vec::new(),
            handover: Handover::new(number),
        }
    }

    /// Reads one object and learns from its records.
    pub(super) fn read(&mut self, run: &Run<'_>, supplied: &mut Supplied<'_>) -> ObjectRead {
        let before = self.coverage.records.total;
        let read = run.supply.read(supplied, &mut self.stored);
        let (number, object) = (supplied.number, &*supplied.object);
        let mut tally = Tally {
            run,
            number,
            object,
            observer: &mut self.observer,
            builder: &mut self.builder,
            coverage: &mut self.coverage,
            handover: &mut self.handover,
            faults: 0,
            span: None,
        };
        let decoded = self.decoder.decode(&self.stored, |found| tally.record(&found));
        let outcome = tally.object(read, decoded, self.stored.len() as u64);
        let (faults, span) = (tally.faults as u64, tally.span);
        if let Some((first, last)) = span {
            self.coverage.event_time(first);
            self.coverage.event_time(last);
        }
        if run.keep == Keep::Ledger {
            let mut entry = ObjectEntry::of(object, outcome);
            entry.size = Some(self.stored.len() as u64);
            entry.checksum = Some(Checksum::of(&self.stored));
            entry.records = self.coverage.records.total - before;
            entry.span = span;
            entry.faults = faults;
            self.entries.push(entry);
        }
        let day = object.delivered.map(Timestamp::day);
        run.copies.hand_in(number, day, &mut self.handover);
        ObjectRead {
            stored_bytes: self.stored.len() as u64,
            records: self.coverage.records.total - before,
            delivered: object.delivered,
        }
    }
}

/// The account of one object while it is being read.
struct Tally<'w, 'r> {
    run: &'w Run<'r>,
    number: u32,
    object: &'w LogObject,
    observer: &'w mut Observer,
    builder: &'w mut Builder,
    coverage: &'w mut Coverage,
    handover: &'w mut Handover,
    /// Faults of this object so far.
    faults: usize,
    /// Earliest and latest event learnt from.
    span: Option<(Timestamp, Timestamp)>,
}

impl Tally<'_, '_> {
    fn record(&mut self, found: &FoundRecord<'_>) {
        self.coverage.records.total += 1;
        let record = match &found.record {
            Ok(record) => record,
            Err(reason) => return self.faulty(FaultKind::RecordBroken, found, reason),
        };
        let skip = match record.interpret(self.run.settings.principal_key) {
            Ok(event) if !wanted(&self.run.settings.window, &event) => {
                self.coverage.records.filtered += 1;
                return;
            }
            Ok(event) => return self.learn(&event, record, found),
            Err(NoEvent::BadTime) => {
                let detail = match record.event_time {
                    Some(text) => format!("eventTime '{text}' is not a time"),
                    None => "no eventTime".to_owned(),
                };
                return self.faulty(FaultKind::RecordTime, found, &detail);
            }
            Err(NoEvent::Insight) => RecordSkip::Insight,
            Err(NoEvent::Aggregated) => RecordSkip::Aggregated,
            Err(NoEvent::Notification) => RecordSkip::Notification,
            Err(NoEvent::NoAction) => RecordSkip::NoAction,
        };
        *self.coverage.records.skipped.entry(skip).or_default() += 1;
    }

    fn learn(&mut self, event: &Event<'_>, record: &Record<'_>, found: &FoundRecord<'_>) {
        self.coverage.records.counted += 1;
        let (first, last) = self.span.unwrap_or((event.time, event.time));
        self.span = Some((first.min(event.time), last.max(event.time)));
        let pair = self.observer.observe(event);
        let moment = Moment { time: event.time, failed: event.failed };
        let inside = found.inner.map(|inner| inside(&self.object.path, inner));
        let place = (self.object.archive, inside.as_ref().unwrap_or(&self.object.path), found.index);
        let row = self.builder.add(pair, moment, || seen(place, event, record));
        if let Some(created) = &event.creation {
            self.builder.created(created.account, &created.key, event.time);
        }
        if let Some(print) = Fingerprint::of(record, found.length) {
            let place = RecordPlace { object: self.number, record: found.number };
            self.handover.add(print, place, row.0, event.failed);
        }
    }

    fn faulty(&mut self, kind: FaultKind, found: &FoundRecord<'_>, detail: &str) {
        *self.coverage.records.faulty.entry(kind).or_default() += 1;
        self.fault(kind, Position::Record(found.index), found.inner, detail.to_owned());
    }

    /// Decides what became of the object as a whole.
    fn object(&mut self, read: Result<(), ReadError>, decoded: Decoded, stored_bytes: u64) -> Outcome {
        let mut first = None;
        if let Err(error) = read {
            first = Some(error.kind);
            self.fault(error.kind, Position::Whole, None, error.detail);
        }
        for fault in decoded.faults {
            first = first.or(Some(fault.kind));
            self.fault(fault.kind, fault.position, fault.inner.as_deref(), fault.detail);
        }
        let verdict = match decoded.verdict {
            Verdict::NotJson if first.is_none() && self.object.named_as_log() => {
                self.fault(FaultKind::NotJson, Position::Whole, None, "the content is not JSON".to_owned());
                first = Some(FaultKind::NotJson);
                decoded.verdict
            }
            Verdict::NotJson => Verdict::Other(ObjectSkip::NotALog),
            verdict => verdict,
        };
        let objects = &mut self.coverage.objects;
        match (verdict, first) {
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
                self.coverage.stored_bytes += stored_bytes;
                self.coverage.json_bytes += decoded.json_bytes;
                if decoded.others > 0 {
                    self.coverage.records.total += decoded.others;
                    *self.coverage.records.skipped.entry(RecordSkip::NoAction).or_default() += decoded.others;
                }
                self.place(u64::from(decoded.records) + decoded.others);
                fault.map_or(Outcome::Read, Outcome::ReadInPart)
            }
        }
    }

    /// Adds the object to the account of its account and region.
    fn place(&mut self, records: u64) {
        let key = self.object.key();
        let (Some(account), Some(region)) = (key.account, key.region) else { return };
        let place = self.coverage.places.entry((account.to_owned(), region.to_owned())).or_default();
        place.objects += 1;
        place.records += records;
        let day = key.delivered.and_then(|time| u32::try_from(time.day().number()).ok());
        place.days.extend(day);
    }

    fn fault(&mut self, kind: FaultKind, position: Position, inner: Option<&str>, detail: String) {
        self.faults += 1;
        if self.faults > FAULTS_LISTED_PER_OBJECT {
            self.coverage.fault_count += 1;
            return;
        }
        let path = &self.object.path;
        let object = inner.map_or_else(|| path.to_string(), |inner| inside(path, inner).to_string());
        self.coverage.fault(Fault { archive: self.object.archive, object, position, kind, detail });
    }
}

impl ObjectEntry {
    /// What the listing knows of an object, and what became of it.
    fn of(object: &LogObject, outcome: Outcome) -> Self {
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

/// The path of a file in an object.
fn inside(path: &str, inner: &str) -> Arc<str> {
    Arc::from(format!("{path}!{inner}"))
}

/// The evidence of an event, which stands in a file of an archive at some index.
fn seen<'a>(
    (archive, object, index): (u32, &'a Arc<str>, u32),
    event: &Event<'a>,
    record: &Record<'a>,
) -> Seen<'a> {
    Seen {
        time: event.time,
        event_id: record.event_id.unwrap_or_default(),
        archive,
        object,
        record: index,
        failed: event.failed,
        read_only: event.read_only,
        region: record.region,
        source_ip: record.source_ip,
        user_agent: record.user_agent,
        error_code: record.error_code,
        access_key_id: record.identity.access_key_id,
        session_name: record.identity.session_name(),
        principal_id: record.identity.unique_id(),
    }
}

/// Whether an event lies in the window that is learnt from.
fn wanted(window: &DeliveryWindow, event: &Event<'_>) -> bool {
    window.since.is_none_or(|since| event.time >= since)
        && window.until.is_none_or(|until| event.time <= until)
}
