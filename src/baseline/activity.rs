//! In which hours of which days a behaviour occurred.

use crate::time::{Day, Timestamp};

/// One UTC day on which a behaviour occurred. Days of two baselines merge by `or` and sum, which any SQL can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveDay {
    /// The day.
    pub day: Day,
    /// Bit `h` is set if it occurred between `h`:00 and `h + 1`:00 UTC.
    pub hours: u32,
    /// The same for successful calls alone.
    pub success_hours: u32,
    /// Number of sightings, without copies.
    pub count: u64,
    /// Of those: failed calls.
    pub errors: u64,
}

impl ActiveDay {
    /// Adds one sighting.
    pub(super) fn add(&mut self, hour: u8, failed: bool) {
        let bit = 1 << hour;
        self.hours |= bit;
        self.success_hours |= if failed { 0 } else { bit };
        self.count += 1;
        self.errors += u64::from(failed);
    }

    /// Adds the sightings of the same day seen elsewhere.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.hours |= other.hours;
        self.success_hours |= other.success_hours;
        self.count += other.count;
        self.errors += other.errors;
    }

    /// The hours in which it occurred; with `only_success` those with a successful call.
    pub fn mask(&self, only_success: bool) -> u32 {
        if only_success { self.success_hours } else { self.hours }
    }

    /// The starts of the hours in which it occurred, in order; with `only_success` those with a successful call.
    ///
    /// ```
    /// use firstseen::baseline::ActiveDay;
    /// use firstseen::time::Day;
    ///
    /// let day = ActiveDay { day: Day::from_number(1), hours: 0b101, success_hours: 0b100, count: 3, errors: 1 };
    /// let hours: Vec<_> = day.hour_starts(false).map(|start| start.to_string()).collect();
    /// assert_eq!(hours, ["1970-01-02T00:00:00Z", "1970-01-02T02:00:00Z"]);
    /// assert_eq!(day.hour_starts(true).count(), 1);
    /// ```
    pub fn hour_starts(&self, only_success: bool) -> impl Iterator<Item = Timestamp> + use<> {
        let (day, mask) = (self.day, self.mask(only_success));
        (0..24u8).filter(move |hour| mask >> hour & 1 == 1).map(move |hour| day.hour(hour))
    }
}

/// Sorts days and makes one of several rows of the same day.
pub(super) fn sort_days(days: &mut Vec<ActiveDay>) {
    days.sort_by_key(|active| active.day);
    days.dedup_by(|later, kept| {
        let same = later.day == kept.day;
        if same {
            kept.absorb(later);
        }
        same
    });
}
