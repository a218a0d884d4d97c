//! One worker: reads objects one by one and keeps the account of each.

use std::borrow::Cow;
use std::sync::Arc;

use super::{IngestSettings, Keep, ObjectRead, Run};
use crate::baseline::{Builder, Moment, Seen};
use crate::checksum::Checksum;
use crate::coverage::{
    Coverage, FAULTS_LISTED_PER_OBJECT, Fault, FaultKind, ObjectSkip, Position, RecordSkip,
};
use crate::decode::{self, Decoded, Decoder, FoundRecord, Verdict};
use crate::event::{
    AnyRecord, AuditRecord, AuditSettings, Cluster, Event, Evidence, NoEvent, Record, cluster_of_log_group,
};
use crate::ledger::{ObjectEntry, Outcome};
use crate::observe::{Fingerprint, Handover, ObservedPrincipal, Observer, PrincipalKind, RecordPlace};
use crate::source::{DeliveryWindow, LogObject, ObjectKey, ReadError, SkippedObject, Supplied};
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
            key: object.key(),
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
    /// What its path says.
    key: ObjectKey<'w>,
    observer: &'w mut Observer,
    builder: &'w mut Builder,
    coverage: &'w mut Coverage,
    handover: &'w mut Handover,
    /// Faults of this object so far.
    faults: usize,
    /// Earliest and latest event learnt from.
    span: Option<(Timestamp, Timestamp)>,
}

impl<'w> Tally<'w, '_> {
    fn record(&mut self, found: &FoundRecord<'_>) {
        self.coverage.records.total += 1;
        match found.record {
            Ok(AnyRecord::CloudTrail(record)) => self.cloudtrail(record, found),
            Ok(AnyRecord::Kubernetes(record)) => self.kubernetes(record, found),
            Err(reason) => self.faulty(FaultKind::RecordBroken, found, reason),
        }
    }

    fn cloudtrail(&mut self, record: &Record<'_>, found: &FoundRecord<'_>) {
        let skip = match record.interpret(self.run.settings.principal_key) {
            Ok(event) => {
                let print = || Fingerprint::of(record, found.text.len());
                return self.event(&event, found, print, || record.evidence());
            }
            Err(NoEvent::BadTime) => return self.bad_time("eventTime", record.event_time, found),
            Err(NoEvent::Insight) => return self.insight(record, found),
            Err(NoEvent::Aggregated) => RecordSkip::Aggregated,
            Err(NoEvent::Notification) => RecordSkip::Notification,
            Err(NoEvent::NoAction) => RecordSkip::NoAction,
        };
        *self.coverage.records.skipped.entry(skip).or_default() += 1;
    }

    fn kubernetes(&mut self, record: &AuditRecord<'_>, found: &FoundRecord<'_>) {
        let cluster = self.cluster(found);
        let IngestSettings { principal_key: key, namespace_in_key, .. } = *self.run.settings;
        match record.interpret(cluster, AuditSettings { key, namespace_in_key }) {
            Ok(event) => {
                self.event(&event, found, || Fingerprint::of_audit(record, cluster), || record.evidence());
            }
            Err(NoEvent::BadTime) => self.bad_time("requestReceivedTimestamp", record.received, found),
            Err(_) => *self.coverage.records.skipped.entry(RecordSkip::NoAction).or_default() += 1,
        }
    }

    /// The cluster that an audit event is of: what is around it says so, or its path.
    fn cluster<'f>(&self, found: &FoundRecord<'f>) -> Cluster<'f>
    where
        'w: 'f,
    {
        let inner = found.inner.map(ObjectKey::parse).unwrap_or_default();
        let carrier = found.carrier;
        Cluster {
            account: carrier.map(|carrier| &*carrier.account).or(inner.account).or(self.key.account),
            name: carrier
                .and_then(|carrier| cluster_of_log_group(&carrier.log_group))
                .or(inner.cluster)
                .or(self.key.cluster),
        }
    }

    /// What CloudTrail Insights noticed.
    fn insight(&mut self, record: &Record<'_>, found: &FoundRecord<'_>) {
        let Some(time) = record.event_time.and_then(Timestamp::parse) else {
            return self.bad_time("eventTime", record.event_time, found);
        };
        if !wanted(&self.run.settings.window, time) {
            self.coverage.records.filtered += 1;
            return;
        }
        *self.coverage.records.skipped.entry(RecordSkip::Insight).or_default() += 1;
        let insight = decode::insight(found.text).unwrap_or_default();
        let named = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("-").into();
        let who = ObservedPrincipal {
            account: named(record.recipient_account),
            key: named(insight.caller.as_deref()),
            kind: PrincipalKind::Unknown,
            arn: None,
        };
        let evidence = Evidence {
            error_code: insight.error_code.as_deref().map(Cow::Borrowed),
            user_agent: insight.user_agent.as_deref(),
            detail: Some(Cow::Owned(insight.detail())),
            ..record.evidence()
        };
        let moment = Moment { time, failed: insight.error_code.is_some() };
        let inside = found.inner.map(|inner| inside(&self.object.path, inner));
        let place = (self.object.archive, inside.as_ref().unwrap_or(&self.object.path), found.index);
        self.builder.noticed(who, &insight.action(), &seen(place, moment, None, evidence));
    }

    /// Learns from an event, if it lies in the window.
    fn event<'r>(
        &mut self,
        event: &Event<'_>,
        found: &FoundRecord<'_>,
        print: impl FnOnce() -> Option<Fingerprint>,
        evidence: impl FnOnce() -> Evidence<'r>,
    ) {
        if !wanted(&self.run.settings.window, event.time) {
            self.coverage.records.filtered += 1;
            return;
        }
        self.coverage.records.counted += 1;
        let (first, last) = self.span.unwrap_or((event.time, event.time));
        self.span = Some((first.min(event.time), last.max(event.time)));
        let pair = self.observer.observe(event);
        let moment = Moment { time: event.time, failed: event.failed };
        let inside = found.inner.map(|inner| inside(&self.object.path, inner));
        let place = (self.object.archive, inside.as_ref().unwrap_or(&self.object.path), found.index);
        let row = self.builder.add(pair, moment, || seen(place, moment, event.read_only, evidence()));
        if let Some(created) = &event.creation {
            self.builder.created(created.account, &created.key, event.time);
        }
        if let Some(print) = print() {
            let place = RecordPlace { object: self.number, record: found.number };
            self.handover.add(print, place, row.0, event.failed);
        }
    }

    fn bad_time(&mut self, field: &str, text: Option<&str>, found: &FoundRecord<'_>) {
        let detail = match text {
            Some(text) => format!("{field} '{text}' is not a time"),
            None => format!("no {field}"),
        };
        self.faulty(FaultKind::RecordTime, found, &detail);
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
        let key = &self.key;
        let region = key.region.map(str::to_owned).or_else(|| key.cluster.map(|name| format!("eks/{name}")));
        let (Some(account), Some(region)) = (key.account, region) else { return };
        let place = self.coverage.places.entry((account.to_owned(), region)).or_default();
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

/// The evidence of something that stands in a file of an archive at some index.
fn seen<'a>(
    (archive, object, index): (u32, &'a Arc<str>, u32),
    moment: Moment,
    read_only: Option<bool>,
    evidence: Evidence<'a>,
) -> Seen<'a> {
    Seen {
        time: moment.time,
        event_id: evidence.event_id,
        archive,
        object,
        record: index,
        failed: moment.failed,
        read_only,
        region: evidence.region,
        source_ip: evidence.source_ip,
        user_agent: evidence.user_agent,
        error_code: evidence.error_code,
        access_key_id: evidence.access_key_id,
        session_name: evidence.session_name,
        principal_id: evidence.principal_id,
        impersonated_by: evidence.impersonated_by,
        detail: evidence.detail,
    }
}

/// Whether a time lies in the window that is learnt from.
fn wanted(window: &DeliveryWindow, time: Timestamp) -> bool {
    window.since.is_none_or(|since| time >= since) && window.until.is_none_or(|until| time <= until)
}
