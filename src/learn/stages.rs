//! The stages of requests to Kubernetes clusters, within one object: only the last one that was logged is learnt from.
//!
//! Earlier stages have less information: not how the request ended, and at the first stage not even the impersonated user. So
//! they wait until a later one is met, or the object ends. Stages of one request in several objects are compared like copies.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::decode::{Carrier, FoundRecord, with_audit_event};
use crate::event::{AnyRecord, AuditRecord};
use crate::model::Stage;

/// The requests of one object.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// Audit ids of requests whose last stage was met.
    ended: HashSet<Box<str>>,
    /// The latest stage so far of other requests.
    open: HashMap<Box<str>, Waiting>,
}

/// A record waiting for a later stage.
#[derive(Debug)]
struct Waiting {
    stage: Stage,
    index: u32,
    number: u32,
    inner: Option<Box<str>>,
    carrier: Option<Carrier>,
    text: Box<str>,
}

/// What to do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is learnt from.
    Now,
    /// It, or an earlier stage, is surplus.
    OneTooMany,
    /// It is learnt from, and an earlier stage is surplus.
    NowAndOneTooMany,
    /// It waits.
    Waits,
}

impl Stages {
    /// Decides what to do with a record.
    pub(super) fn turn(&mut self, record: &AuditRecord<'_>, found: &FoundRecord<'_>) -> Turn {
        let Some(id) = record.audit_id.filter(|id| !id.is_empty()) else { return Turn::Now };
        let stage = record.stage();
        if stage < Stage::Started {
            let waited = !self.open.is_empty() && self.open.remove(id).is_some();
            self.ended.insert(id.into());
            return if waited { Turn::NowAndOneTooMany } else { Turn::Now };
        }
        if self.ended.contains(id) || self.open.get(id).is_some_and(|known| known.stage <= stage) {
            return Turn::OneTooMany;
        }
        let waiting = Waiting {
            stage,
            index: found.index,
            number: found.number,
            inner: found.inner.map(Box::from),
            carrier: found.carrier.cloned(),
            text: found.text.into(),
        };
        if self.open.insert(id.into(), waiting).is_some() { Turn::OneTooMany } else { Turn::Waits }
    }

    /// Whether the last stage of a request was met.
    pub(super) fn has_ended(&self, audit_id: &str) -> bool {
        self.ended.contains(audit_id)
    }

    /// Passes every waiting record to `take`, in order.
    pub(super) fn finish(self, mut take: impl FnMut(&AuditRecord<'_>, &FoundRecord<'_>)) {
        let waiting: BTreeMap<u32, Waiting> =
            self.open.into_values().map(|waiting| (waiting.number, waiting)).collect();
        for Waiting { index, number, inner, carrier, text, .. } in waiting.into_values() {
            with_audit_event(&text, |record| {
                let (inner, carrier) = (inner.as_deref(), carrier.as_ref());
                let any = Ok(AnyRecord::Kubernetes(record));
                take(record, &FoundRecord { index, number, inner, text: &text, carrier, record: any });
            });
        }
    }
}
