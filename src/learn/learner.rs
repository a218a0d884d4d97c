//! The visitor that learns: one for each worker.

use std::sync::Arc;

use super::LearnSettings;
use super::hits::StagesTold;
use super::stages::Stages;
use super::tally::{InnerPath, Tally};
use crate::baseline::Builder;
use crate::coverage::Coverage;
use crate::decode::FoundRecord;
use crate::ledger::ObjectEntry;
use crate::observe::{Copies, Handover, Observer};
use crate::rules::Matcher;
use crate::scan::{ObjectResult, Place, Reading, Visitor};
use crate::time::Timestamp;

/// What one worker learns with, and what it has learnt.
pub(super) struct Learner<'s> {
    pub(super) settings: &'s LearnSettings,
    pub(super) observer: Observer,
    pub(super) builder: Builder,
    /// What holds events against rules, if there are any.
    pub(super) matcher: Option<Matcher>,
    number: u16,
    /// Of all workers.
    copies: &'s Copies,
    /// Of the objects read, if the ledger is kept.
    entries: Vec<ObjectEntry>,
    /// Memory for the records of the next object.
    spare: Option<Handover>,
}

/// What one worker has learnt.
pub(super) struct Collected {
    pub(super) worker: u16,
    pub(super) observer: Observer,
    pub(super) builder: Builder,
    pub(super) entries: Vec<ObjectEntry>,
}

/// What is known of one object, or of a piece of it, beside what has been learnt.
pub(super) struct ObjectPart {
    /// Its records, on their way to be compared.
    pub(super) handover: Handover,
    /// Earliest and latest event learnt from.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// The file in the object that was met last, and its path.
    pub(super) inner: InnerPath,
    /// Of requests to clusters.
    pub(super) stages: Stages,
    /// What rules tell of their stages.
    pub(super) told: StagesTold,
}

impl<'s> Learner<'s> {
    pub(super) fn new(number: u16, settings: &'s LearnSettings, copies: &'s Copies) -> Self {
        let rules = settings.rules.as_ref();
        let metadata =
            rules.map(|rules| rules.rules().iter().map(|rule| Arc::clone(rule.metadata())).collect());
        Self {
            settings,
            observer: Observer::default(),
            builder: Builder::with_rules(metadata.unwrap_or_default(), settings.hits.clone()),
            matcher: rules.map(|rules| Matcher::new(Arc::clone(rules))),
            number,
            copies,
            entries: Vec::new(),
            spare: None,
        }
    }

    /// What is left when all objects have been read.
    pub(super) fn collected(self) -> Collected {
        let Self { number, observer, builder, entries, .. } = self;
        Collected { worker: number, observer, builder, entries }
    }
}

impl Visitor for Learner<'_> {
    type Part = ObjectPart;

    fn begin(&mut self, _: &Place<'_>) -> ObjectPart {
        ObjectPart {
            handover: self.spare.take().unwrap_or_else(|| Handover::new(self.number)),
            span: None,
            inner: InnerPath::default(),
            stages: Stages::default(),
            told: StagesTold::default(),
        }
    }

    fn record(&mut self, part: &mut ObjectPart, found: &FoundRecord<'_>, reading: &mut Reading<'_>) {
        Tally { learner: self, part, reading }.record(found);
    }

    fn finish(&mut self, part: &mut ObjectPart, reading: &mut Reading<'_>) {
        Tally { learner: self, part, reading }.finish();
    }

    fn join(before: &mut ObjectPart, next: ObjectPart, records: u32) {
        before.handover.append(next.handover, records);
        for time in next.span.into_iter().flat_map(|(first, last)| [first, last]) {
            before.event_time(time);
        }
    }

    fn end(&mut self, part: ObjectPart, result: &ObjectResult<'_>, coverage: &mut Coverage) {
        let ObjectPart { mut handover, span, .. } = part;
        for time in span.into_iter().flat_map(|(first, last)| [first, last]) {
            coverage.event_time(time);
        }
        if result.stored.checksum.is_some() {
            self.entries.push(entry(result, span));
        }
        let Place { number, object, .. } = result.place;
        self.copies.hand_in(number, object.delivered.map(Timestamp::day), &mut handover);
        self.spare = Some(handover);
    }
}

impl ObjectPart {
    /// Takes note of the time of an event learnt from.
    pub(super) fn event_time(&mut self, time: Timestamp) {
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }
}

/// What the ledger keeps of an object that was opened.
fn entry(result: &ObjectResult<'_>, span: Option<(Timestamp, Timestamp)>) -> ObjectEntry {
    let mut entry = ObjectEntry::of(result.place.object, result.outcome);
    entry.size = Some(result.stored.size);
    entry.checksum = result.stored.checksum;
    entry.records = result.records;
    entry.span = span;
    entry.faults = result.fault_count;
    entry
}
