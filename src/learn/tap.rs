//! A view of every event that is learnt from, for visitors that keep more than a baseline.

use std::borrow::Cow;

use crate::baseline::SightingPlace;
use crate::decode::{credential_in_cluster, issued, issued_in_cluster, source_addresses};
use crate::event::{AnyRecord, AuditRecord, Event};
use crate::model::Evidence;
use crate::observe::{ActionId, Fingerprint, Observations, PrincipalId};
use crate::time::Day;

/// An event that was learnt from, with its record. Of the stages of a request in one object it is the last one; copies of a
/// record are not recognised yet.
#[derive(Debug)]
pub struct LearntEvent<'e> {
    /// Its principal, in the numbering of the worker.
    pub principal: PrincipalId,
    /// Its action, in the numbering of the worker.
    pub action: ActionId,
    /// What the record means.
    pub event: &'e Event<'e>,
    /// The record.
    pub record: AnyRecord<'e>,
    /// Its JSON text.
    pub text: &'e str,
    /// Its place.
    pub place: SightingPlace<'e>,
    /// Identifies its copies; `None` without an event id.
    pub fingerprint: Option<Fingerprint>,
    /// The UTC day on which its object was delivered, if known.
    pub delivered: Option<Day>,
}

impl<'e> LearntEvent<'e> {
    /// The evidence of its record.
    pub fn evidence(&self) -> Evidence<'e> {
        evidence_of(self.record, self.text)
    }
}

/// Is shown every event that a worker learns from. Each worker has its own.
pub trait EventTap: Send {
    /// One event, in no particular order.
    fn event(&mut self, event: &LearntEvent<'_>);

    /// The worker has read everything: the principals and actions by their numbers.
    fn end(&mut self, observed: &Observations);
}

/// Looks at nothing.
impl EventTap for () {
    #[inline(always)]
    fn event(&mut self, _: &LearntEvent<'_>) {}

    fn end(&mut self, _: &Observations) {}
}

/// The evidence of a record with this text.
pub(super) fn evidence_of<'e>(record: AnyRecord<'e>, text: &'e str) -> Evidence<'e> {
    match record {
        AnyRecord::CloudTrail(record) => Evidence { issued: issued(record, text), ..record.evidence() },
        AnyRecord::Kubernetes(record) => {
            let evidence = record.evidence();
            // The access key of an IAM identity says more than the id of the token that it made.
            let access_key_id =
                evidence.access_key_id.filter(|key| !key.is_empty()).or_else(|| credential_in_cluster(text));
            let (issued, forwarded_for) = (issued_in_cluster(record, text), forwarded_for(record, text));
            Evidence { access_key_id, issued, forwarded_for, ..evidence }
        }
    }
}

/// The addresses before that from which a request came.
fn forwarded_for<'e>(record: &AuditRecord<'e>, text: &'e str) -> Option<Cow<'e, str>> {
    if record.first_address == record.source_ip {
        return None;
    }
    let addresses = source_addresses(text);
    let own = addresses.iter().rposition(|address| Some(&**address) == record.source_ip)?;
    (own > 0).then(|| Cow::Owned(addresses[..own].join(", ")))
}
