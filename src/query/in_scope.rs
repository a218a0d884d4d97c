//! The sightings that count for a question: those before its end, and failed ones unless it asks only for successes.

use std::cmp::Ordering;

use super::Question;
use super::known::PointInTime;
use crate::baseline::{ActiveDay, Behaviour};
use crate::model::Sighting;
use crate::time::Timestamp;

impl Question {
    /// Whether an event at this time counts.
    pub(super) fn knows(&self, time: Timestamp) -> bool {
        self.read_to.is_none_or(|read_to| time <= read_to)
    }

    /// The end of the sightings that count.
    fn end(&self) -> PointInTime {
        let time = self.read_to.map_or(i64::MAX, |read_to| read_to.micros().saturating_add(1));
        PointInTime { time: Timestamp::from_micros(time), forget: None, only_success: self.only_success }
    }
}

/// The first sighting of a behaviour that counts.
pub(super) fn first_counted<'b>(behaviour: &'b Behaviour, question: &Question) -> Option<&'b Sighting> {
    behaviour.beginning(question.only_success).filter(|sighting| question.knows(sighting.time))
}

/// The last sighting of a behaviour that counts; the start of its hour if no more is known.
pub(super) fn last_counted(behaviour: &Behaviour, question: &Question) -> Option<Timestamp> {
    last_before(behaviour, question.end())
}

fn last_before(behaviour: &Behaviour, end: PointInTime) -> Option<Timestamp> {
    let first = end.first(behaviour)?.time;
    end.last(behaviour).or_else(|| Some(end.last_hour(behaviour)?.max(first)))
}

/// The last sighting of a behaviour that counts; of one that succeeded, the last success: a call that is refused is no longer in use.
pub(super) fn last_use(behaviour: &Behaviour, question: &Question) -> Option<Timestamp> {
    let only_success = question.only_success || first_success(behaviour, question).is_some();
    last_before(behaviour, PointInTime { only_success, ..question.end() })
}

/// The hours of a day in which a behaviour has sightings that count, or may have in the last one, as a mask.
pub(super) fn active_hours(day: &ActiveDay, question: &Question) -> u32 {
    let mask = day.mask(question.only_success);
    let Some((last_day, hour)) = question.read_to.map(Timestamp::day_and_hour) else { return mask };
    match day.day.cmp(&last_day) {
        Ordering::Less => mask,
        Ordering::Equal => mask & ((2 << hour) - 1),
        Ordering::Greater => 0,
    }
}

/// The number of events of a behaviour that count; the most that there can be if some of an hour do.
pub(super) fn events(behaviour: &Behaviour, question: &Question) -> u64 {
    let end = question.end();
    end.begun_days(behaviour).iter().map(|day| end.count(behaviour, day).at_most).sum()
}

/// The first success of a behaviour, if it counts.
pub(super) fn first_success<'b>(behaviour: &'b Behaviour, question: &Question) -> Option<&'b Sighting> {
    behaviour.first_success.as_deref().filter(|success| question.knows(success.time))
}
