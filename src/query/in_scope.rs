//! The sightings that count for a question: those before its end, and failed ones unless it asks only for successes.

use super::Question;
use crate::baseline::Behaviour;
use crate::model::Sighting;
use crate::time::Timestamp;

impl Question {
    /// Whether an event at this time counts.
    pub(super) fn knows(&self, time: Timestamp) -> bool {
        self.read_to.is_none_or(|read_to| time <= read_to)
    }

    /// The last sighting that counts, given the last of all.
    pub(super) fn last_known(&self, last: Timestamp) -> Timestamp {
        self.read_to.map_or(last, |read_to| last.min(read_to))
    }
}

/// The first sighting of a behaviour that counts.
pub(super) fn first_counted<'b>(behaviour: &'b Behaviour, question: &Question) -> Option<&'b Sighting> {
    behaviour.beginning(question.only_success).filter(|sighting| question.knows(sighting.time))
}

/// The number of events of a behaviour on the days that count.
pub(super) fn events(behaviour: &Behaviour, question: &Question) -> u64 {
    behaviour.days.iter().filter(|day| question.knows(day.day.start())).map(|day| day.count).sum()
}

/// The first success of a behaviour, if it counts.
pub(super) fn first_success<'b>(behaviour: &'b Behaviour, question: &Question) -> Option<&'b Sighting> {
    behaviour.first_success.as_deref().filter(|success| question.knows(success.time))
}
