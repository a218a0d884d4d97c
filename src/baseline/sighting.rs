//! One event seen as an occurrence of a behaviour, with its evidence.

use std::cmp::Ordering;

use super::EventId;
use super::texts::{SharedTexts, Text};
use crate::observe::{Evidence, Stage};
use crate::time::Timestamp;

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

/// When a sighting was, and how it ended: all that most sightings add.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When the call was completed.
    pub time: Timestamp,
    /// Whether the call failed.
    pub failed: bool,
}

/// A sighting as it comes in, borrowed from its log object.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// When the call was completed, and whether it failed.
    pub moment: Moment,
    /// Which of the given archives, counted from 1.
    pub archive: u32,
    /// Path of the log object below the archive's root.
    pub object: &'a Text,
    /// Index of the record in the object.
    pub record: u32,
    /// Whether the call only read, if the record says so.
    pub read_only: Option<bool>,
    /// The rest of what proves it.
    pub evidence: Evidence<'a>,
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

impl Seen<'_> {
    /// Whether this comes before `known` in the order of sightings.
    pub(super) fn is_before(&self, known: &Sighting) -> bool {
        let Self { moment, evidence, .. } = self;
        moment
            .time
            .cmp(&known.time)
            .then_with(|| known.event_id.cmp_text(evidence.event_id).reverse())
            .then_with(|| evidence.stage.cmp(&known.stage))
            .then_with(|| {
                let place = (self.archive, self.object, self.record);
                place.cmp(&(known.archive, &known.object, known.record))
            })
            .is_lt()
    }

    /// The same to keep. An empty text counts as absent.
    pub(super) fn to_sighting(&self, texts: &mut SharedTexts) -> Sighting {
        let mut keep = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| texts.get(text));
        let Self { moment, evidence, .. } = self;
        Sighting {
            time: moment.time,
            event_id: evidence.event_id.into(),
            archive: self.archive,
            object: self.object.clone(),
            record: self.record,
            failed: moment.failed,
            read_only: self.read_only,
            region: keep(evidence.region),
            source_ip: keep(evidence.source_ip),
            user_agent: keep(evidence.user_agent),
            access_key_id: keep(evidence.access_key_id),
            session_name: keep(evidence.session_name),
            principal_id: keep(evidence.principal_id),
            stage: evidence.stage,
            rare: RareEvidence {
                error_code: keep(evidence.error_code.as_deref()),
                impersonated_by: keep(evidence.impersonated_by.as_deref()),
                detail: keep(evidence.detail.as_deref()),
            }
            .present(),
        }
    }
}
