//! The figures of one or several behaviours at a point in time.

use super::{CountRange, PointInTime};
use crate::baseline::Behaviour;
use crate::time::{Day, Timestamp};

/// What is known of the sightings before a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The first sighting; with `only_success` the first success.
    pub first: Timestamp,
    /// The first success.
    pub first_success: Option<Timestamp>,
    /// The last sighting, if it is known to the microsecond.
    pub last: Option<Timestamp>,
    /// The start of the last hour known to contain a sighting.
    pub last_hour: Option<Timestamp>,
    /// Number of sightings.
    pub count: CountRange,
    /// Failed calls among them.
    pub errors: CountRange,
    /// Number of different hours.
    pub hours: CountRange,
}

impl PointInTime {
    /// Measures several behaviours together; `None` if none had begun.
    pub fn measure(&self, behaviours: &[&Behaviour]) -> Option<Measure> {
        let begun: Vec<&Behaviour> =
            behaviours.iter().copied().filter(|behaviour| self.first(behaviour).is_some()).collect();
        let lasts = begun.iter().map(|behaviour| self.last(behaviour));
        let (mut count, mut errors) = (CountRange::default(), CountRange::default());
        for behaviour in &begun {
            for active in self.begun_days(behaviour) {
                count += self.count(behaviour, active);
                errors += self.errors(behaviour, active);
            }
        }
        Some(Measure {
            first: begun.iter().filter_map(|behaviour| Some(self.first(behaviour)?.time)).min()?,
            first_success: self.first_success(&begun),
            // An unknown one may be the last of all.
            last: lasts.collect::<Option<Vec<_>>>().and_then(|lasts| lasts.into_iter().max()),
            last_hour: begun.iter().filter_map(|behaviour| self.last_hour(behaviour)).max(),
            count,
            errors,
            hours: self.different_hours(&begun),
        })
    }

    fn first_success(&self, behaviours: &[&Behaviour]) -> Option<Timestamp> {
        let successes = behaviours.iter().filter_map(|behaviour| behaviour.first_success.as_ref());
        successes.map(|success| success.time).filter(|time| *time < self.time).min()
    }

    /// In how many hours any of the behaviours occurred.
    fn different_hours(&self, behaviours: &[&Behaviour]) -> CountRange {
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        for behaviour in behaviours {
            for active in self.begun_days(behaviour) {
                let hours = self.hours(behaviour, active);
                certain.push((active.day, hours.certain()));
                possible.push((active.day, hours.before | hours.within));
            }
        }
        CountRange { at_least: different(certain), at_most: different(possible) }
    }
}

/// The number of different hours in masks of days.
fn different(mut days: Vec<(Day, u32)>) -> u64 {
    days.sort_unstable_by_key(|(day, _)| *day);
    let same_day = days.chunk_by(|(left, _), (right, _)| left == right);
    let hours = same_day.map(|day| day.iter().fold(0, |mask, (_, hours)| mask | hours).count_ones());
    hours.map(u64::from).sum()
}
