//! The state of one object while it is learnt from.

use std::collections::BTreeSet;

use super::aggregated::Aggregated;
use super::stage_matches::StageMatches;
use super::stages::Stages;
use crate::baseline::SightingPlace;
use crate::decode::FoundRecord;
use crate::model::Text;
use crate::observe::ObjectRecords;
use crate::scan::{ObjectContext, inner_path};
use crate::time::Timestamp;

/// The state of one object, or of a piece of it, besides what was learnt.
pub(super) struct ObjectPart {
    /// Its records, to be compared.
    pub(super) object_records: ObjectRecords,
    /// Earliest and latest event learnt from.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// The last file met in the object, and its path.
    pub(super) inner: InnerPath,
    /// Requests to clusters that two servers may have logged.
    pub(super) aggregated: Aggregated,
    /// Of requests to clusters.
    pub(super) stages: Stages,
    /// What rules matched in their stages.
    pub(super) matches: StageMatches,
    /// The clusters of these.
    pub(super) clusters: ClusterNames,
}

/// The clusters whose events an object has: nearly always one.
#[derive(Debug, Default)]
pub(super) struct ClusterNames {
    last: Option<Box<str>>,
    names: BTreeSet<Box<str>>,
}

impl ClusterNames {
    /// At most so many are kept.
    const MOST: usize = 1_000;

    /// Adds the cluster of an event.
    pub(super) fn add(&mut self, name: &str) {
        if self.last.as_deref() == Some(name) {
            return;
        }
        if self.names.len() < Self::MOST && !self.names.contains(name) {
            self.names.insert(name.into());
        }
        self.last = Some(name.into());
    }

    /// Adds those of the next piece of the object.
    pub(super) fn join(&mut self, next: Self) {
        self.names.extend(next.names);
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }
}

impl ObjectPart {
    /// Notes the time of an event learnt from.
    pub(super) fn event_time(&mut self, time: Timestamp) {
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }
}

/// Path of a file in an object, kept because the next record is usually in the same file.
#[derive(Debug, Default)]
pub(super) struct InnerPath(Option<(Box<str>, Text)>);

impl InnerPath {
    /// The place of a record.
    pub(super) fn place<'p>(
        &'p mut self,
        context: &'p ObjectContext<'_>,
        found: &FoundRecord<'_>,
    ) -> SightingPlace<'p> {
        let object = context.current.object;
        SightingPlace {
            archive: object.archive,
            object: self.of(&object.path, found.inner),
            record: found.index_in_file,
        }
    }

    /// The path of the file that contains a record.
    fn of<'p>(&'p mut self, object: &'p Text, inner: Option<&str>) -> &'p Text {
        let Some(inner) = inner else { return object };
        if self.0.as_ref().is_none_or(|(known, _)| **known != *inner) {
            self.0 = None;
        }
        let (_, path) = self.0.get_or_insert_with(|| (inner.into(), inner_path(object, inner)));
        path
    }
}
