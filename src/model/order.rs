//! The order of sightings, kept or incoming, which decides the first one.

use std::cmp::Ordering;

use super::{EventIdRef, Sighting, SightingTexts, Stage};
use crate::time::Timestamp;

/// The parts of a sighting that decide its order.
///
/// The order is by time, event id, then place. The first in this order is *the* first sighting, so that copies and events of the
/// same second are unambiguous. If a request was logged at several stages, the record of the last one comes first, since it has
/// the most information.
pub trait InOrder {
    /// When the call was completed.
    fn time(&self) -> Timestamp;

    /// `eventID`; empty if the record has none.
    fn event_id(&self) -> EventIdRef<'_>;

    /// The stage of the request.
    fn stage(&self) -> Stage;

    /// The number of its archive, the path of its object, and its index there.
    fn place(&self) -> (u32, &str, u32);

    /// Distinguishes two sightings at one place, if the object was read twice, in two versions: whether the call failed,
    /// whether it only read, and the texts, none of them empty.
    fn rest(&self) -> (bool, Option<bool>, [Option<&str>; SightingTexts::COUNT]);

    /// Compares two sightings.
    fn order(&self, other: &impl InOrder) -> Ordering {
        (self.time().cmp(&other.time()))
            .then_with(|| self.event_id().cmp(&other.event_id()))
            .then_with(|| self.stage().cmp(&other.stage()))
            .then_with(|| self.place().cmp(&other.place()))
            .then_with(|| self.rest().cmp(&other.rest()))
    }
}

impl InOrder for Sighting {
    fn time(&self) -> Timestamp {
        self.time
    }

    fn event_id(&self) -> EventIdRef<'_> {
        self.event_id.borrowed()
    }

    fn stage(&self) -> Stage {
        self.stage
    }

    fn place(&self) -> (u32, &str, u32) {
        (self.archive, &self.object, self.record)
    }

    fn rest(&self) -> (bool, Option<bool>, [Option<&str>; SightingTexts::COUNT]) {
        (self.failed, self.read_only, Self::TEXTS.map(|(_, text)| text(self)))
    }
}
