//! The visitor that learns: one for each worker.

use super::learner::Learner;
use super::part::{InnerPath, ObjectPart};
use super::stages::Stages;
use super::stages_told::StagesTold;
use super::tally::Tally;
use crate::coverage::Coverage;
use crate::decode::FoundRecord;
use crate::ledger::ObjectEntry;
use crate::observe::Handover;
use crate::scan::{ObjectResult, Place, Reading, Visitor};
use crate::time::Timestamp;

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

/// The ledger entry of an object that was opened.
fn entry(result: &ObjectResult<'_>, span: Option<(Timestamp, Timestamp)>) -> ObjectEntry {
    let mut entry = ObjectEntry::of(result.place.object, result.outcome);
    entry.size = Some(result.stored.size);
    entry.checksum = result.stored.checksum;
    entry.records = result.records;
    entry.span = span;
    entry.faults = result.fault_count;
    entry
}
