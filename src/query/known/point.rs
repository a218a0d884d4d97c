//! A point in time, and the part of a behaviour before it.
//!
//! A baseline keeps the first sighting, the first success and the last sighting to the microsecond; for all others it
//! keeps the hour, and their number per day. Only figures that follow from that with certainty are reported.

use super::CountRange;
use crate::baseline::{ActiveDay, Behaviour};
use crate::model::Sighting;
use crate::time::{Span, Timestamp};

/// A point in time, and which sightings count at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointInTime {
    /// Only earlier sightings count.
    pub time: Timestamp,
    /// A behaviour is known only if it has a sighting in an hour that began at most this long ago.
    pub forget: Option<Span>,
    /// Failed calls do not count.
    pub only_success: bool,
}

/// The hours of one day, as masks, relative to a point in time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hours {
    /// Hours whose sightings were all earlier.
    pub(super) before: u32,
    /// The hour that contains the point.
    pub(super) within: u32,
    /// Whether a sighting in that hour is known to be earlier.
    pub(super) within_began: bool,
    /// Hours that are not earlier.
    pub(super) after: u32,
}

impl Hours {
    /// Hours known to contain an earlier sighting.
    pub(super) fn certain(self) -> u32 {
        self.before | if self.within_began { self.within } else { 0 }
    }
}

impl PointInTime {
    /// Whether a behaviour is known.
    pub fn knows(&self, behaviour: &Behaviour) -> bool {
        match self.forget {
            None => self.first(behaviour).is_some(),
            Some(forget) => {
                let oldest = self.time.minus(forget);
                self.last_hour(behaviour).is_some_and(|hour| hour >= oldest)
            }
        }
    }

    /// The first sighting of a behaviour, if it was earlier.
    pub fn first<'b>(&self, behaviour: &'b Behaviour) -> Option<&'b Sighting> {
        behaviour.beginning(self.only_success).filter(|first| first.time < self.time)
    }

    /// The last earlier sighting, if it is known to the microsecond.
    pub(in crate::query) fn last(&self, behaviour: &Behaviour) -> Option<Timestamp> {
        let first = self.first(behaviour)?;
        // Only the last sighting of all is kept, whether it failed or succeeded.
        let last_counts = !self.only_success || behaviour.errors() == 0;
        if last_counts && behaviour.last < self.time {
            return Some(behaviour.last);
        }
        let mut count = CountRange::default();
        for day in behaviour.days.iter() {
            count += self.count(behaviour, day);
            if count.at_most > 1 {
                return None;
            }
        }
        Some(first.time)
    }

    /// The start of the last hour known to contain an earlier sighting.
    pub(in crate::query) fn last_hour(&self, behaviour: &Behaviour) -> Option<Timestamp> {
        self.first(behaviour)?;
        self.begun_days(behaviour).iter().rev().find_map(|active| {
            let hours = self.hours(behaviour, active);
            let last = hours.certain().checked_ilog2()?;
            Some(active.day.hour(last as u8))
        })
    }

    /// The days of a behaviour that had begun.
    pub(in crate::query) fn begun_days<'b>(&self, behaviour: &'b Behaviour) -> &'b [ActiveDay] {
        &behaviour.days[..behaviour.days.partition_point(|active| active.day <= self.time.day())]
    }

    /// Where the hours of a day are relative to the point.
    pub(super) fn hours(&self, behaviour: &Behaviour, active: &ActiveDay) -> Hours {
        let mask = active.mask(self.only_success);
        let (day, hour) = self.time.day_and_hour();
        if active.day < day || behaviour.last < self.time {
            return Hours { before: mask, ..Hours::default() };
        }
        if active.day > day {
            return Hours { after: mask, ..Hours::default() };
        }
        let start = day.hour(hour);
        let within = if self.time > start { mask & 1 << hour } else { 0 };
        let before = mask & ((1 << hour) - 1);
        let within_began = self.first(behaviour).is_some_and(|first| first.time >= start);
        Hours { before, within, within_began, after: mask & !before & !within }
    }

    /// How many sightings of a day were earlier.
    pub(in crate::query) fn count(&self, behaviour: &Behaviour, active: &ActiveDay) -> CountRange {
        let count = if self.only_success { active.count - active.errors } else { active.count };
        let hours = self.hours(behaviour, active);
        if hours.within | hours.after == 0 {
            return CountRange::exactly(count);
        }
        if hours.before | hours.within == 0 {
            return CountRange::exactly(0);
        }
        // Every hour of a mask has at least one sighting.
        let at_least = u64::from(hours.before.count_ones()) + u64::from(hours.within_began);
        let at_most = count.saturating_sub(u64::from(hours.after.count_ones())).max(at_least);
        CountRange { at_least, at_most }
    }

    /// How many failed calls of a day were earlier and count.
    pub(super) fn errors(&self, behaviour: &Behaviour, active: &ActiveDay) -> CountRange {
        let errors = if self.only_success { 0 } else { active.errors };
        let count = self.count(behaviour, active);
        match count.exact() {
            Some(0) => CountRange::exactly(0),
            Some(all) if all == active.count => CountRange::exactly(errors),
            _ => CountRange { at_least: 0, at_most: errors.min(count.at_most) },
        }
    }
}
