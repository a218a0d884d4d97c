//! Which sightings count for a question: those that were known by its end, and failed ones unless it is about successes only.

use super::Question;
use crate::baseline::Behaviour;
use crate::model::Sighting;
use crate::time::Timestamp;

impl Question {
    /// Whether what happened then is known.
    pub(super) fn knows(&self, time: Timestamp) -> bool {
        self.read_to.is_none_or(|read_to| time <= read_to)
    }

    /// The last sighting as far as it is known, given the last of all.
    pub(super) fn last_known(&self, last: Timestamp) -> Timestamp {
        self.read_to.map_or(last, |until| last.min(until))
    }
}

/// The sighting that a behaviour begins with.
pub(super) fn counted<'b>(behaviour: &'b Behaviour, question: &Question) -> Option<&'b Sighting> {
    behaviour.beginning(question.only_success).filter(|sighting| question.knows(sighting.time))
}

/// The first success of a behaviour, as far as the question knows.
pub(super) fn first_success<'b>(behaviour: &'b Behaviour, question: &Question) -> Option<&'b Sighting> {
    behaviour.first_success.as_deref().filter(|success| question.knows(success.time))
}
