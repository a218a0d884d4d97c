//! The visitor that learns: one for each worker.

use super::EventTap;
use super::aggregated::Aggregated;
use super::learner::Learner;
use super::object_learner::ObjectLearner;
use super::part::{ClusterNames, InnerPath, ObjectPart};
use super::stage_matches::StageMatches;
use super::stages::Stages;
use crate::catalog::ObjectEntry;
use crate::coverage::Coverage;
use crate::decode::FoundRecord;
use crate::observe::ObjectRecords;
use crate::scan::{CurrentObject, ObjectContext, ObjectResult, Visitor};
use crate::source::LogObject;
use crate::time::Timestamp;

impl<T: EventTap> Visitor for Learner<'_, T> {
    type Part = ObjectPart;

    fn begin_piece(&mut self, _: &CurrentObject<'_>) -> ObjectPart {
        ObjectPart {
            object_records: self.spare.take().unwrap_or_else(|| ObjectRecords::new(self.number)),
            span: None,
            inner: InnerPath::default(),
            aggregated: Aggregated::default(),
            stages: Stages::default(),
            matches: StageMatches::default(),
            clusters: ClusterNames::default(),
        }
    }

    fn record(&mut self, part: &mut ObjectPart, found: &FoundRecord<'_>, context: &mut ObjectContext<'_>) {
        ObjectLearner { learner: self, part, context }.record(found);
    }

    fn end_piece(&mut self, part: &mut ObjectPart, context: &mut ObjectContext<'_>) {
        ObjectLearner { learner: self, part, context }.finish();
    }

    fn join_pieces(before: &mut ObjectPart, next: ObjectPart, records: u32) {
        before.object_records.append(next.object_records, records);
        before.clusters.join(next.clusters);
        for time in next.span.into_iter().flat_map(|(first, last)| [first, last]) {
            before.event_time(time);
        }
    }

    fn end_object(&mut self, part: ObjectPart, result: &ObjectResult<'_>, coverage: &mut Coverage) {
        let ObjectPart { mut object_records, span, clusters, .. } = part;
        for name in clusters.iter() {
            let LogObject { archive, path, .. } = result.current.object;
            coverage.clusters.add_object(name, *archive, path);
        }
        for time in span.into_iter().flat_map(|(first, last)| [first, last]) {
            coverage.event_time(time);
        }
        if result.stored.checksum.is_some() {
            self.entries.push(entry(result, span));
        }
        let CurrentObject { number, object, .. } = result.current;
        self.deduplicator.add_object(number, object.delivered.map(Timestamp::day), &mut object_records);
        self.spare = Some(object_records);
    }
}

/// The catalog entry of an object that was opened.
fn entry(result: &ObjectResult<'_>, span: Option<(Timestamp, Timestamp)>) -> ObjectEntry {
    let mut entry = ObjectEntry::of(result.current.object, result.outcome);
    entry.size = Some(result.stored.size);
    entry.checksum = result.stored.checksum;
    entry.records = result.records;
    entry.span = span;
    entry.faults = result.fault_count;
    entry
}
