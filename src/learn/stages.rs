//! The stages of requests to Kubernetes clusters, within one object: only the last one that was logged is learnt from.
//!
//! Earlier stages know less: not how the request ended, and when it has only come in, not even in whose name it is. So they wait
//! until a later one is met, or the object ends. Stages of one request in several objects are told apart as copies are.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::decode::{Carrier, FoundRecord, with_audit_event};
use crate::event::{AnyRecord, AuditRecord};
use crate::model::Stage;

/// The requests of one object.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// Audit ids of requests whose last stage was met.
    ended: HashSet<Box<str>>,
    /// Of others, the latest stage so far.
    open: HashMap<Box<str>, Waiting>,
}

/// A record that waits for a later stage.
#[derive(Debug)]
struct Waiting {
    stage: Stage,
    index: u32,
    number: u32,
    inner: Option<Box<str>>,
    carrier: Option<Carrier>,
    text: Box<str>,
}

/// What becomes of a record now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is learnt from.
    Now,
    /// It, or an earlier stage, is one too many.
    OneTooMany,
    /// It is learnt from, and an earlier stage is one too many.
    NowAndOneTooMany,
    /// It waits.
    Waits,
}

impl Stages {
    /// Decides about a record.
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

    /// Gives every record that still waits, in their order.
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
