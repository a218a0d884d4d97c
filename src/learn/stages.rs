//! The stages of requests to Kubernetes clusters, within one object: only the last one that was logged is learnt from.
//!
//! Earlier stages have less information: not how the request ended, and at the first stage not even the impersonated user. So
//! they wait until a later one is met, or the object ends. Stages of one request in several objects are compared like copies.

use std::collections::{HashMap, HashSet};

use crate::decode::{CarrierOrigin, FoundRecord, with_audit_event};
use crate::event::{AnyRecord, AuditRecord, hash_of_texts};
use crate::model::Stage;

/// What all stages of a request have in common. The audit id alone is not enough: a client may choose it (`Audit-ID` in the header
/// of its request), and so hide a request behind another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RequestKey {
    audit_id: Box<str>,
    content: u64,
}

impl RequestKey {
    /// The key of a record's request; `None` without an audit id.
    pub(super) fn of(record: &AuditRecord<'_>) -> Option<Self> {
        let audit_id = record.audit_id.filter(|id| !id.is_empty())?.into();
        let mut texts = record.texts();
        // Old events have the time of each stage instead.
        texts[0] = record.received;
        Some(Self { audit_id, content: hash_of_texts(0, texts) })
    }
}

/// The requests of one object.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// Requests whose last stage was met.
    ended: HashSet<RequestKey>,
    /// The latest stage so far of other requests.
    open: HashMap<RequestKey, OpenRequest>,
}

/// A record waiting for a later stage.
#[derive(Debug)]
struct OpenRequest {
    stage: Stage,
    record: HeldRecord,
}

/// A record that waits until its object ends.
#[derive(Debug)]
pub(super) struct HeldRecord {
    index: u32,
    number: u32,
    inner: Option<Box<str>>,
    carrier: Option<CarrierOrigin>,
    text: Box<str>,
}

impl HeldRecord {
    /// Holds a record.
    pub(super) fn of(found: &FoundRecord<'_>) -> Self {
        Self {
            index: found.index_in_file,
            number: found.index_in_object,
            inner: found.inner.map(Box::from),
            carrier: found.carrier.cloned(),
            text: found.text.into(),
        }
    }
}

/// Passes records that were held to `take`, in order.
pub(super) fn visit_held(
    mut held: Vec<HeldRecord>,
    mut take: impl FnMut(&AuditRecord<'_>, &FoundRecord<'_>),
) {
    held.sort_unstable_by_key(|record| record.number);
    for HeldRecord { index, number, inner, carrier, text } in held {
        with_audit_event(&text, |record| {
            let (inner, carrier) = (inner.as_deref(), carrier.as_ref());
            let any = Ok(AnyRecord::Kubernetes(record));
            take(
                record,
                &FoundRecord {
                    index_in_file: index,
                    index_in_object: number,
                    inner,
                    text: &text,
                    carrier,
                    record: any,
                },
            );
        });
    }
}

/// What to do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StageDecision {
    /// It is learnt from.
    Learn,
    /// It, or an earlier stage, is not learnt from.
    Drop,
    /// It is learnt from, and an earlier stage is not learnt from.
    LearnAndDropEarlier,
    /// It waits.
    Wait,
}

impl Stages {
    /// Decides what to do with a record.
    pub(super) fn decide(
        &mut self,
        key: Option<&RequestKey>,
        stage: Stage,
        found: &FoundRecord<'_>,
    ) -> StageDecision {
        let Some(key) = key else { return StageDecision::Learn };
        if stage < Stage::Started {
            let waited = !self.open.is_empty() && self.open.remove(key).is_some();
            self.ended.insert(key.clone());
            return if waited { StageDecision::LearnAndDropEarlier } else { StageDecision::Learn };
        }
        if self.ended.contains(key) || self.open.get(key).is_some_and(|known| known.stage <= stage) {
            return StageDecision::Drop;
        }
        let request = OpenRequest { stage, record: HeldRecord::of(found) };
        if self.open.insert(key.clone(), request).is_some() {
            StageDecision::Drop
        } else {
            StageDecision::Wait
        }
    }

    /// Whether the last stage of a request was met.
    pub(super) fn has_ended(&self, key: &RequestKey) -> bool {
        self.ended.contains(key)
    }

    /// Passes every waiting record to `take`, in order.
    pub(super) fn finish(self, take: impl FnMut(&AuditRecord<'_>, &FoundRecord<'_>)) {
        visit_held(self.open.into_values().map(|request| request.record).collect(), take);
    }
}
