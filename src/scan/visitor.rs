//! Processes the records of a scan: see [`Visitor`].

use super::object::{CurrentObject, ObjectResult, ObjectState};
use crate::coverage::{Coverage, FaultKind, Position};
use crate::decode::FoundRecord;
use crate::event::Cluster;
use crate::source::{LogObject, ObjectKey};

/// Collects what one worker reads. Every worker has its own visitor; they are merged after the scan.
///
/// A large object is read in pieces, by several workers. Each piece yields a [`Visitor::Part`]; the parts of an object are
/// joined in order, and the worker that adds the last one ends the object. So an object ends once, however it was read.
pub trait Visitor: Send {
    /// What is collected from one object, or from one piece of it.
    type Part: Send;

    /// Whether to read an object. An unwanted one is not opened, and does not count as listed.
    fn wants(&self, _object: &LogObject) -> bool {
        true
    }

    /// An object begins, or a piece of one.
    fn begin_piece(&mut self, current: &CurrentObject<'_>) -> Self::Part;

    /// A record. An unreadable one was already counted as faulty; for all others the visitor counts the result in
    /// [`Coverage::records`].
    fn record(&mut self, part: &mut Self::Part, found: &FoundRecord<'_>, context: &mut ObjectContext<'_>);

    /// The object, or the piece, has no more records.
    fn end_piece(&mut self, _part: &mut Self::Part, _context: &mut ObjectContext<'_>) {}

    /// Adds the part of the next piece to that of all pieces before it, which had `records` records.
    fn join_pieces(before: &mut Self::Part, next: Self::Part, records: u32);

    /// An object has been read, as far as it could be.
    fn end_object(&mut self, part: Self::Part, object: &ObjectResult<'_>, coverage: &mut Coverage);
}

/// An object, or a piece of it, while its records are visited.
#[derive(Debug)]
pub struct ObjectContext<'r> {
    /// Which object.
    pub current: CurrentObject<'r>,
    /// That of the worker.
    pub coverage: &'r mut Coverage,
    pub(super) state: &'r mut ObjectState,
}

impl<'r> ObjectContext<'r> {
    /// The cluster of an audit event, as its carrier or its path names it.
    pub fn cluster<'f>(&self, found: &FoundRecord<'f>) -> Cluster<'f>
    where
        'r: 'f,
    {
        let (carrier, outer) = (found.carrier, self.current.key);
        let inner = found.inner.map(ObjectKey::parse).unwrap_or_default();
        Cluster {
            account: carrier
                .and_then(|carrier| carrier.account.as_deref())
                .or(inner.account)
                .or(outer.account),
            name: carrier.and_then(|carrier| carrier.cluster.as_deref()).or(inner.cluster).or(outer.cluster),
        }
    }

    /// Counts a record as faulty and notes the fault.
    #[cold]
    pub fn faulty(&mut self, kind: FaultKind, found: &FoundRecord<'_>, detail: &str) {
        *self.coverage.records.faulty.entry(kind).or_default() += 1;
        let place = (kind, Position::Record(found.index_in_file));
        self.state.fault(self.current.object, found.inner, place, detail.to_owned());
    }
}

/// One pass through an object or a piece of it.
pub(super) struct Pass<'p, 'r, V: Visitor> {
    pub(super) visitor: &'p mut V,
    pub(super) part: V::Part,
    pub(super) context: ObjectContext<'r>,
}

impl<V: Visitor> Pass<'_, '_, V> {
    /// Counts a record and shows it to the visitor.
    #[inline]
    pub(super) fn record(&mut self, found: &FoundRecord<'_>) {
        self.context.coverage.records.total += 1;
        if let Err(reason) = found.record {
            self.context.faulty(FaultKind::RecordBroken, found, reason);
        }
        self.visitor.record(&mut self.part, found, &mut self.context);
    }
}
