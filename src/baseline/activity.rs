//! The hours and days in which a behaviour occurred.

use std::fmt;
use std::ops::{Deref, DerefMut};

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
    /// Failed calls among them.
    pub errors: u64,
}

impl ActiveDay {
    /// Adds the sightings of the same day from another baseline.
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

/// The days on which a behaviour occurred. A single day, the usual case where there are many principals, needs no heap memory.
///
/// ```
/// use firstseen::baseline::{ActiveDay, Days};
/// use firstseen::time::Day;
///
/// let day = |number| ActiveDay { day: Day::from_number(number), hours: 1, success_hours: 1, count: 1, errors: 0 };
/// let mut days = Days::default();
/// (1..4).for_each(|number| days.push(day(number)));
/// assert_eq!(*days, [day(1), day(2), day(3)]);
/// ```
#[derive(Clone)]
pub struct Days(DayList);

#[derive(Clone)]
enum DayList {
    One(ActiveDay),
    Many(Vec<ActiveDay>),
}

impl Days {
    /// An empty list with room for `count` days.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self(DayList::Many(if count > 1 { Vec::with_capacity(count) } else { Vec::new() }))
    }

    /// Appends a day.
    pub fn push(&mut self, day: ActiveDay) {
        match &mut self.0 {
            DayList::Many(days) if days.capacity() == 0 => self.0 = DayList::One(day),
            DayList::Many(days) => days.push(day),
            DayList::One(known) => self.0 = DayList::Many(vec![*known, day]),
        }
    }

    /// Adds days of the same behaviour from another baseline. Both are sorted.
    pub(super) fn absorb(&mut self, other: &Self) {
        let mut merged: Vec<ActiveDay> = Vec::with_capacity(self.len() + other.len());
        let (mut left, mut right) = (&**self, &**other);
        loop {
            let next = match (left, right) {
                ([own, rest @ ..], others) if others.first().is_none_or(|other| own.day <= other.day) => {
                    left = rest;
                    own
                }
                (_, [other, rest @ ..]) => {
                    right = rest;
                    other
                }
                (_, []) => break,
            };
            match merged.last_mut() {
                Some(last) if last.day == next.day => last.absorb(next),
                _ => merged.push(*next),
            }
        }
        *self = Self::from(&merged[..]);
    }

    /// Sorts days and merges rows of the same day.
    pub(super) fn sort(&mut self) {
        let DayList::Many(days) = &mut self.0 else { return };
        days.sort_by_key(|active| active.day);
        days.dedup_by(|later, kept| {
            let same = later.day == kept.day;
            if same {
                kept.absorb(later);
            }
            same
        });
    }
}

impl From<&[ActiveDay]> for Days {
    /// These days, sorted, without room for more: there may be millions of these lists.
    fn from(days: &[ActiveDay]) -> Self {
        match days {
            [day] => Self(DayList::One(*day)),
            days => Self(DayList::Many(days.to_vec())),
        }
    }
}

impl Default for Days {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl Deref for Days {
    type Target = [ActiveDay];

    fn deref(&self) -> &[ActiveDay] {
        match &self.0 {
            DayList::One(day) => std::slice::from_ref(day),
            DayList::Many(days) => days,
        }
    }
}

impl DerefMut for Days {
    fn deref_mut(&mut self) -> &mut [ActiveDay] {
        match &mut self.0 {
            DayList::One(day) => std::slice::from_mut(day),
            DayList::Many(days) => days,
        }
    }
}

impl PartialEq for Days {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Days {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}
