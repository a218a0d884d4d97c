//! Which sightings count for a question: those known by its end, and failed ones unless it is only about successes.

use super::Question;
use crate::baseline::Behaviour;
use crate::model::Sighting;
use crate::time::Timestamp;

impl Question {
    /// Whether an event at this time is known.
    pub(super) fn knows(&self, time: Timestamp) -> bool {
        self.read_to.is_none_or(|read_to| time <= read_to)
    }

    /// The last known sighting, given the last of all.
    pub(super) fn last_known(&self, last: Timestamp) -> Timestamp {
        self.read_to.map_or(last, |read_to| last.min(read_to))
    }
}

/// The first sighting of a behaviour that counts.
pub(super) fn first_counted<'b>(behaviour: &'b Behaviour, question: &Question) -> Option<&'b Sighting> {
    behaviour.beginning(question.only_success).filter(|sighting| question.knows(sighting.time))
}

/// The first success of a behaviour that the question knows of.
pub(super) fn first_success<'b>(behaviour: &'b Behaviour, question: &Question) -> Option<&'b Sighting> {
    behaviour.first_success.as_deref().filter(|success| question.knows(success.time))
}
