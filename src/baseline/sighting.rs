//! One event seen as an occurrence of a behaviour, with its evidence.

use crate::model::{Evidence, RareEvidence, SharedTexts, Sighting, Text};
use crate::time::Timestamp;

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
