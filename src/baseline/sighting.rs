//! One event as an occurrence of a behaviour, with its evidence.

use crate::model::{EventIdRef, Evidence, InOrder, SharedTexts, Sighting, SightingTexts, Stage, Text};
use crate::time::Timestamp;

/// The time and result of a sighting: all that most sightings add.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When the call was completed.
    pub time: Timestamp,
    /// Whether the call failed.
    pub failed: bool,
}

/// The place of a sighting's record.
#[derive(Clone, Copy, Debug)]
pub struct SightingPlace<'a> {
    /// Which of the given archives, counted from 1.
    pub archive: u32,
    /// Path of the log object below the archive's root.
    pub object: &'a Text,
    /// Index of the record in the object.
    pub record: u32,
}

/// An incoming sighting, borrowed from its log object.
#[derive(Clone, Debug)]
pub struct SightingRef<'a> {
    /// When the call was completed, and whether it failed.
    pub moment: Moment,
    /// The place of its record.
    pub place: SightingPlace<'a>,
    /// Whether the call only read, if the record says so.
    pub read_only: Option<bool>,
    /// The rest of its evidence.
    pub evidence: Evidence<'a>,
}

impl SightingRef<'_> {
    /// Whether this comes before `known` in the order of sightings.
    pub(super) fn is_before(&self, known: &Sighting) -> bool {
        self.order(known).is_lt()
    }

    /// An owned copy to keep. An empty text counts as absent.
    pub(super) fn to_sighting(&self, texts: &mut SharedTexts) -> Sighting {
        let Self { moment, place, read_only, evidence } = self;
        Sighting {
            time: moment.time,
            event_id: evidence.event_id.into(),
            archive: place.archive,
            object: place.object.clone(),
            record: place.record,
            failed: moment.failed,
            read_only: *read_only,
            stage: evidence.stage,
            texts: SightingTexts::keep(evidence, texts),
        }
    }
}

impl InOrder for SightingRef<'_> {
    fn time(&self) -> Timestamp {
        self.moment.time
    }

    fn event_id(&self) -> EventIdRef<'_> {
        self.evidence.event_id.into()
    }

    fn stage(&self) -> Stage {
        self.evidence.stage
    }

    fn place(&self) -> (u32, &str, u32) {
        (self.place.archive, self.place.object, self.place.record)
    }

    fn rest(&self) -> (bool, Option<bool>, [Option<&str>; SightingTexts::COUNT]) {
        (self.moment.failed, self.read_only, self.evidence.texts())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// Sightings that differ in one field each; two of them differ only before they are kept.
    fn sightings(objects: &[Text; 2]) -> Vec<SightingRef<'_>> {
        let moment = Moment { time: Timestamp::from_micros(1), failed: false };
        let place = SightingPlace { archive: 1, object: &objects[0], record: 0 };
        let evidence = Evidence { event_id: "b", region: Some("b"), ..Evidence::default() };
        let base = SightingRef { moment, place, read_only: None, evidence };
        let evidence = |evidence| SightingRef { evidence, ..base.clone() };
        let of = base.evidence.clone();
        vec![
            base.clone(),
            SightingRef { moment: Moment { time: Timestamp::from_micros(2), ..moment }, ..base.clone() },
            SightingRef { moment: Moment { failed: true, ..moment }, ..base.clone() },
            SightingRef { place: SightingPlace { archive: 2, ..place }, ..base.clone() },
            SightingRef { place: SightingPlace { object: &objects[1], ..place }, ..base.clone() },
            SightingRef { place: SightingPlace { record: 1, ..place }, ..base.clone() },
            SightingRef { read_only: Some(true), ..base.clone() },
            evidence(Evidence { event_id: "", ..of.clone() }),
            evidence(Evidence { event_id: "c792d920-1557-4607-a68d-2593da9c4a4d", ..of.clone() }),
            evidence(Evidence { stage: Stage::Received, ..of.clone() }),
            evidence(Evidence { region: Some("a"), ..of.clone() }),
            evidence(Evidence { region: None, ..of.clone() }),
            evidence(Evidence { region: Some(""), ..of.clone() }),
            evidence(Evidence { error_code: Some(Cow::Borrowed("AccessDenied")), ..of.clone() }),
            evidence(Evidence { detail: Some(Cow::Borrowed("/api")), ..of }),
        ]
    }

    #[test]
    fn incoming_and_kept_sightings_have_the_same_order() {
        let objects = [Text::from("a"), Text::from("b")];
        let mut texts = SharedTexts::default();
        let coming: Vec<SightingRef<'_>> = sightings(&objects);
        let kept: Vec<Sighting> = coming.iter().map(|sighting| sighting.to_sighting(&mut texts)).collect();
        for (incoming, sighting) in coming.iter().zip(&kept) {
            for (other, known) in coming.iter().zip(&kept) {
                let order = sighting.order(known);
                assert_eq!(incoming.order(known), order, "{incoming:?} {known:?}");
                assert_eq!(sighting.order(other), order, "{sighting:?} {other:?}");
                assert_eq!(incoming.is_before(known), order.is_lt(), "{incoming:?} {known:?}");
                assert_eq!(order.is_eq(), sighting == known, "{sighting:?} {known:?}");
            }
        }
    }
}
