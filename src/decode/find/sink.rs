//! Receives the records that are found, and the context of nested texts.

use std::cell::Cell;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::rc::Rc;

use foldhash::fast::FixedState;

use super::origin::{self, CarrierOrigin};
use super::traces::TraceKind;
use crate::coverage::{FaultKind, FoundPaths, ObjectSkip, Position};
use crate::decode::ceiling::Ceiling;
use crate::decode::faults::FaultMark;
use crate::decode::record::scanner::KeyPredictors;
use crate::decode::{DecodeFault, DecodeFaults, FoundRecord};
use crate::event::{AnyRecord, AuditRecord};

/// The maximum depth of wrappers and texts. A subscription message in a line of a search result in a list has
/// depth four.
pub(in crate::decode) const DEEPEST: u32 = 8;

/// The maximum output of one base64 text; Kinesis accepts records of up to 10 MB.
pub(super) const LARGEST_INSIDE: u64 = 256 << 20;

/// The maximum output of all base64 in a text, as a multiple of its length; [`LEAST_INSIDE`] is always
/// allowed.
const MOST_INSIDE: u64 = 64;
const LEAST_INSIDE: u64 = 16 << 20;

/// The contents of a text, besides the visited records.
#[derive(Debug, Default)]
pub(in crate::decode) struct Contents {
    /// Records visited.
    pub(in crate::decode) records: u32,
    /// The number of top-level values that are not records, and the kind of the first.
    pub(in crate::decode) others: u64,
    pub(in crate::decode) other: Option<ObjectSkip>,
    pub(in crate::decode) faults: DecodeFaults,
    /// Faults of nested texts. They count even if the text's own faults do not.
    pub(super) inner_faults: DecodeFaults,
    /// Paths of records outside known carriers.
    pub(in crate::decode) found: FoundPaths,
    /// Traces of records: the first one, its position, and the number of all.
    pub(in crate::decode) trace: Option<(TraceKind, usize, u64)>,
}

impl Contents {
    pub(in crate::decode) fn fault(&mut self, kind: FaultKind, at: usize, detail: &str) {
        let position = Position::Byte(at as u64);
        self.faults.push(DecodeFault { kind, position, inner: None, detail: detail.to_owned() });
    }

    /// The current ends of own and inner faults.
    pub(super) fn fault_marks(&self) -> (FaultMark, FaultMark) {
        (self.faults.mark(), self.inner_faults.mark())
    }

    /// The current numbers of records, faults and traces.
    pub(super) fn marks(&self) -> (u32, (FaultMark, FaultMark), u64) {
        (self.records, self.fault_marks(), self.trace.map_or(0, |(_, _, count)| count))
    }

    /// Removes later faults about the same truncation, so that it is reported once.
    pub(super) fn merge_cut_faults(&mut self, (own, inner): (FaultMark, FaultMark)) {
        self.faults.remove_truncations(own);
        self.inner_faults.remove_truncations(inner);
    }

    /// All faults; the text's own only if `counts_own`.
    pub(in crate::decode) fn all_faults(&mut self, counts_own: bool) -> DecodeFaults {
        let own = std::mem::take(&mut self.faults);
        let mut faults = if counts_own { own } else { DecodeFaults::default() };
        faults.append(std::mem::take(&mut self.inner_faults));
        faults
    }

    /// Notes a trace of records.
    pub(in crate::decode) fn add_trace(&mut self, kind: TraceKind, at: usize) {
        self.add_traces(kind, at, 1);
    }

    fn add_traces(&mut self, kind: TraceKind, at: usize, more: u64) {
        let (first, place, count) = self.trace.unwrap_or((kind, at, 0));
        self.trace = Some((first, place, count + more));
    }

    /// Turns all traces into one fault.
    pub(in crate::decode) fn report_traces(&mut self) {
        if let Some((kind, at, count)) = self.trace.take() {
            let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
            self.fault(FaultKind::UnknownCarrier, at, &format!("{}{times}", kind.detail()));
        }
    }
}

/// The context of a text.
pub(in crate::decode) struct TextContext<'w> {
    /// The number of packings, wrappers and texts around it.
    pub(in crate::decode) depth: u32,
    /// Whether the context does not promise records. Then only objects with all required fields count as
    /// records.
    pub(in crate::decode) is_strict: bool,
    /// The memory limit.
    pub(in crate::decode) ceiling: &'w Ceiling,
    /// The number of bytes that base64 may still decode to.
    pub(in crate::decode) base64_left: &'w Cell<u64>,
    /// The path to it.
    pub(in crate::decode) path: &'w str,
    /// Whether the finder found it; then the paths of its records are reported.
    pub(in crate::decode) is_found: bool,
    pub(in crate::decode) carrier: Option<Rc<CarrierOrigin>>,
}

/// The maximum output of base64 in a text of this length.
pub(in crate::decode) fn base64_budget(length: usize) -> Cell<u64> {
    Cell::new((length as u64).saturating_mul(MOST_INSIDE).max(LEAST_INSIDE))
}

/// Receives records.
pub(in crate::decode) struct Sink<'h, 'w, V> {
    pub(super) visit: V,
    pub(in crate::decode) predictors: &'h mut KeyPredictors,
    pub(in crate::decode) contents: Contents,
    pub(in crate::decode) ceiling: &'w Ceiling,
    pub(super) room: &'w Cell<u64>,
    pub(in crate::decode) depth: u32,
    pub(in crate::decode) is_strict: bool,
    pub(in crate::decode) is_found: bool,
    pub(in crate::decode) trail: String,
    /// The carrier of the current text.
    pub(in crate::decode) carrier: Option<Rc<CarrierOrigin>>,
    pub(super) copies: MemberCopies,
}

impl<'h, 'w, V: FnMut(FoundRecord<'_>)> Sink<'h, 'w, V> {
    pub(in crate::decode) fn new(
        within: &TextContext<'w>,
        predictors: &'h mut KeyPredictors,
        visit: V,
    ) -> Self {
        Self {
            visit,
            predictors,
            contents: Contents::default(),
            ceiling: within.ceiling,
            room: within.base64_left,
            depth: within.depth,
            is_strict: within.is_strict,
            is_found: within.is_found,
            trail: within.path.to_owned(),
            carrier: within.carrier.clone(),
            copies: MemberCopies::default(),
        }
    }

    /// Passes a record to the visitor.
    #[inline]
    pub(in crate::decode) fn visit_record(&mut self, text: &str, record: Result<AnyRecord<'_>, &str>) {
        if self.copies.is_watching && self.copies.contains_or_insert(text, record) {
            return;
        }
        if self.is_found {
            self.contents.found.add(&self.trail, 1);
        }
        let index = self.contents.records;
        self.contents.records += 1;
        let carrier = self.carrier.as_deref();
        (self.visit)(FoundRecord {
            index_in_file: index,
            index_in_object: index,
            inner: None,
            text,
            carrier,
            record,
        });
    }

    /// Passes an audit event to the visitor. `is_plain` says that it has no members but those of the API server: others may name its cluster.
    pub(in crate::decode) fn visit_audit_event(
        &mut self,
        text: &str,
        record: &AuditRecord<'_>,
        is_plain: bool,
    ) {
        let origin = if is_plain { None } else { origin::of_object(text, 0) };
        self.within_origin(origin, |sink| sink.visit_record(text, Ok(AnyRecord::Kubernetes(record))));
    }

    /// Calls `inside` with an origin around what it reads, if there is one.
    pub(super) fn within_origin<T>(
        &mut self,
        origin: Option<CarrierOrigin>,
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let Some(origin) = origin else { return inside(self) };
        let outer = self.carrier.take();
        self.carrier = Some(origin.within(outer.as_ref()));
        let result = inside(self);
        self.carrier = outer;
        result
    }

    /// Counts a value that is not a record.
    pub(in crate::decode) fn count_other(&mut self, kind: ObjectSkip) {
        self.contents.others += 1;
        self.contents.other.get_or_insert(kind);
    }

    /// Calls `inside` with the name of a member added to the path.
    pub(in crate::decode) fn with_member<T>(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.trail.len();
        if length > 0 && !self.trail.ends_with('|') && !name.starts_with(['[', '|']) {
            self.trail.push('.');
        }
        self.trail.push_str(name);
        let result = inside(self);
        self.trail.truncate(length);
        result
    }

    /// Adds the contents of a nested text. Its faults get the position `at` of the text, since positions
    /// inside it are meaningless.
    pub(super) fn add_contents(&mut self, mut contents: Contents, at: usize, counts_faults: bool) {
        let faults = contents.all_faults(counts_faults);
        self.contents.found.merge(contents.found);
        if let Some((kind, _, count)) = contents.trace {
            self.contents.add_traces(kind, at, count);
        }
        self.add_faults(faults, at);
    }

    pub(super) fn add_faults(&mut self, mut faults: DecodeFaults, at: usize) {
        for fault in faults.iter_mut() {
            (fault.position, fault.inner) = (Position::Byte(at as u64), None);
        }
        self.contents.inner_faults.append(faults);
    }

    /// Starts watching an object whose members may hold copies of the same records.
    pub(super) fn watch_copies(&mut self) -> CopyWatch {
        let outer = (self.copies.is_watching, std::mem::take(&mut self.copies.present));
        self.copies.is_watching = true;
        CopyWatch { outer, added: Vec::new() }
    }

    /// Ends a member: from now on, its records are known.
    pub(super) fn end_member(&mut self, watched: &mut CopyWatch) {
        for one in self.copies.present.drain(..) {
            if self.copies.known.insert(one) {
                watched.added.push(one);
            }
        }
    }

    /// Ends the object.
    pub(super) fn end_copies(&mut self, watched: CopyWatch) {
        for one in &watched.added {
            self.copies.known.remove(one);
        }
        (self.copies.is_watching, self.copies.present) = watched.outer;
        if self.copies.is_watching {
            self.copies.present.extend(watched.added);
        }
    }
}

/// The records of an object whose members may hold copies of each other: search engines keep both the
/// original text and the parsed event. The first copy is read.
#[derive(Default)]
pub(super) struct MemberCopies {
    pub(super) is_watching: bool,
    /// Records of earlier members.
    known: HashSet<u64>,
    /// Records of the current member.
    present: Vec<u64>,
}

/// The state that [`Sink::watch_copies`] returns.
pub(super) struct CopyWatch {
    outer: (bool, Vec<u64>),
    added: Vec<u64>,
}

impl MemberCopies {
    /// Whether a record is known. Adds it if not.
    pub(super) fn contains_or_insert(&mut self, text: &str, record: Result<AnyRecord<'_>, &str>) -> bool {
        let hasher = FixedState::default();
        let fingerprint = match record {
            Err(_) => return false,
            // The same event may differ in white space.
            Ok(AnyRecord::CloudTrail(record)) if record.event_id.is_some_and(|id| !id.is_empty()) => {
                record.fingerprint(hasher.hash_one(record.event_id))
            }
            Ok(AnyRecord::Kubernetes(record)) if record.audit_id.is_some_and(|id| !id.is_empty()) => {
                hasher.hash_one((record.texts(), record.audit_id, record.stage))
            }
            Ok(_) => hasher.hash_one(text),
        };
        if self.known.contains(&fingerprint) {
            return true;
        }
        self.present.push(fingerprint);
        false
    }
}
