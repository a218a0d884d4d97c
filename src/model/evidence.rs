//! The evidence of an event: as its record gives it, and as it is kept.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{EventId, Text};
use crate::names::named;
use crate::time::Timestamp;

/// The proof of an event, as its record gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// `eventID` or `auditID`; empty if the record has none.
    pub event_id: &'a str,
    /// `awsRegion`
    pub region: Option<&'a str>,
    /// Where the call came from: an address, a service name or `AWS Internal`.
    pub source_ip: Option<&'a str>,
    /// `userAgent`
    pub user_agent: Option<&'a str>,
    /// `errorCode`, or the reason of a status.
    pub error_code: Option<Cow<'a, str>>,
    /// Access key the call was signed with.
    pub access_key_id: Option<&'a str>,
    /// Session name of the role or federated session; the pod that uses a service account.
    pub session_name: Option<&'a str>,
    /// Unique id of the IAM identity that acted.
    pub principal_id: Option<&'a str>,
    /// Who really acted, if it was in another's name.
    pub impersonated_by: Option<Cow<'a, str>>,
    /// What was asked, in the record's own words: the URI of a request to a Kubernetes cluster. Of a call that was made for a
    /// person of IAM Identity Center: who that is.
    pub detail: Option<Cow<'a, str>>,
    /// How far the request had come. Records of CloudTrail tell of complete ones.
    pub stage: Stage,
}

/// The evidence of a sighting that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When the call was completed.
    pub time: Timestamp,
    /// `eventID`; empty if the record has none.
    pub event_id: EventId,
    /// Which of the given archives, counted from 1.
    pub archive: u32,
    /// Path of the log object below the archive's root.
    pub object: Text,
    /// Index of the record in the object.
    pub record: u32,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether the call only read, if the record says so.
    pub read_only: Option<bool>,
    /// `awsRegion`
    pub region: Option<Text>,
    /// `sourceIPAddress`
    pub source_ip: Option<Text>,
    /// `userAgent`
    pub user_agent: Option<Text>,
    /// Access key the call was signed with.
    pub access_key_id: Option<Text>,
    /// Session name of the role or federated session.
    pub session_name: Option<Text>,
    /// Unique id of the principal.
    pub principal_id: Option<Text>,
    /// How far the request had come.
    pub stage: Stage,
    /// What few sightings have.
    pub rare: Option<Box<RareEvidence>>,
}

/// Evidence that most sightings have none of. It stands apart because an archive of many principals is full of sightings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RareEvidence {
    /// `errorCode`
    pub error_code: Option<Text>,
    /// Who really acted, if it was in another's name.
    pub impersonated_by: Option<Text>,
    /// What was asked, in the record's own words: the URI of a request to a Kubernetes cluster.
    pub detail: Option<Text>,
}

named! {
    /// How far a request had come when it was logged; the later, the more is known of it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Stage {
        /// It has been answered.
        #[default]
        Complete = "ResponseComplete",
        /// Answering it went wrong.
        Panic = "Panic",
        /// The answer has begun, and is a long one.
        Started = "ResponseStarted",
        /// It has come in. How it went on is not known.
        Received = "RequestReceived",
    }
}

impl RareEvidence {
    /// The same, unless it is empty.
    pub fn present(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

impl Sighting {
    /// `errorCode`
    pub fn error_code(&self) -> Option<&str> {
        self.rare.as_ref()?.error_code.as_deref()
    }

    /// Who really acted, if it was in another's name.
    pub fn impersonated_by(&self) -> Option<&str> {
        self.rare.as_ref()?.impersonated_by.as_deref()
    }

    /// What was asked, in the record's own words: the URI of a request to a Kubernetes cluster.
    pub fn detail(&self) -> Option<&str> {
        self.rare.as_ref()?.detail.as_deref()
    }

    /// The order of sightings: time, event id, then place. The first in this order is *the* first sighting, so that
    /// copies and events of the same second leave no doubt. Of a request that was logged at several stages the record of the
    /// last one comes first, which says most.
    pub fn order(&self, other: &Self) -> Ordering {
        let place = |sighting: &Self| (sighting.archive, sighting.object.clone(), sighting.record);
        (self.time, &self.event_id)
            .cmp(&(other.time, &other.event_id))
            .then_with(|| self.stage.cmp(&other.stage))
            .then_with(|| place(self).cmp(&place(other)))
            .then_with(|| self.rest().cmp(&other.rest()))
    }

    /// What tells two sightings of one place apart: the object was read twice, in two versions.
    fn rest(&self) -> impl Ord + '_ {
        let texts = [
            self.region.as_deref(),
            self.source_ip.as_deref(),
            self.user_agent.as_deref(),
            self.error_code(),
            self.access_key_id.as_deref(),
            self.session_name.as_deref(),
            self.principal_id.as_deref(),
            self.impersonated_by(),
            self.detail(),
        ];
        (self.failed, self.read_only, texts)
    }
}
