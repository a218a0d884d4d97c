//! What was delivered for one account and Region, day by day.

use crate::time::Day;

/// Objects and records of one account and Region, as named in the object keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceCoverage {
    /// Log objects read.
    pub objects: u64,
    /// Log objects of which nothing could be read.
    pub failed: u64,
    /// Records in the objects read.
    pub records: u64,
    /// Bytes of the objects read, as stored.
    pub stored_bytes: u64,
    /// The same by delivery day. Objects whose names give no day are only in the sums.
    pub days: DeliveryDays,
}

/// When an object was delivered, as far as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The day.
    pub day: Day,
    /// The hour, 0 to 23.
    pub hour: Option<u8>,
}

/// The objects delivered on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryDay {
    /// The day.
    pub day: Day,
    /// Log objects read.
    pub objects: u64,
    /// Log objects of which nothing could be read.
    pub failed: u64,
    /// Records in the objects read.
    pub records: u64,
    /// Bytes of the objects read, as stored.
    pub stored_bytes: u64,
    /// Hours in which the objects read were delivered: bit `h` stands for the hour that starts at `h` o'clock UTC. Objects whose
    /// names give no hour have none.
    pub hours: u32,
}

impl DeliveryDay {
    /// A day without objects.
    pub const fn empty(day: Day) -> Self {
        Self { day, objects: 0, failed: 0, records: 0, stored_bytes: 0, hours: 0 }
    }

    /// Adds the objects of another list for the same day.
    fn absorb(&mut self, other: &Self) {
        let Self { day: _, objects, failed, records, stored_bytes, hours } = other;
        self.objects = self.objects.saturating_add(*objects);
        self.failed = self.failed.saturating_add(*failed);
        self.records = self.records.saturating_add(*records);
        self.stored_bytes = self.stored_bytes.saturating_add(*stored_bytes);
        self.hours |= hours;
    }
}

/// Days with objects, sorted by day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryDays(Vec<DeliveryDay>);

impl DeliveryDays {
    /// All days with objects, including those of which none could be read.
    pub fn iter(&self) -> std::slice::Iter<'_, DeliveryDay> {
        self.0.iter()
    }

    /// Days with an object that was read.
    pub fn covered(&self) -> impl DoubleEndedIterator<Item = Day> + Clone + '_ {
        self.0.iter().filter(|day| day.objects > 0).map(|day| day.day)
    }

    /// The days from `first` on and before `end`.
    pub fn between(&self, first: Day, end: Day) -> &[DeliveryDay] {
        let at = |day: Day| self.0.partition_point(|known| known.day < day);
        let (from, to) = (at(first), at(end));
        self.0.get(from..to).unwrap_or_default()
    }

    /// The entry of a day, made if it is missing. Cheap for the last day and later ones: objects come in the order of delivery.
    fn entry(&mut self, day: Day) -> &mut DeliveryDay {
        let last = self.0.last().map(|last| last.day);
        let index = if last == Some(day) {
            self.0.len() - 1
        } else if last.is_none_or(|last| last < day) {
            self.0.push(DeliveryDay::empty(day));
            self.0.len() - 1
        } else {
            self.0.binary_search_by_key(&day, |known| known.day).unwrap_or_else(|index| {
                self.0.insert(index, DeliveryDay::empty(day));
                index
            })
        };
        &mut self.0[index]
    }

    /// Adds a day, or what is known of it elsewhere.
    pub fn add(&mut self, day: &DeliveryDay) {
        self.entry(day.day).absorb(day);
    }

    /// Adds the days of another list.
    fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
        } else {
            self.0.extend(other.0);
            // Both parts are sorted, which this sort makes use of.
            self.0.sort_by_key(|day| day.day);
            self.0.dedup_by(|next, kept| {
                let is_same = next.day == kept.day;
                if is_same {
                    kept.absorb(next);
                }
                is_same
            });
        }
    }
}

impl PlaceCoverage {
    /// Counts an object that was read.
    pub fn add_object(&mut self, delivery: Option<Delivery>, records: u64, stored_bytes: u64) {
        self.objects += 1;
        self.records += records;
        self.stored_bytes += stored_bytes;
        if let Some(Delivery { day, hour }) = delivery {
            let day = self.days.entry(day);
            day.objects += 1;
            day.records += records;
            day.stored_bytes += stored_bytes;
            day.hours |= hour.map_or(0, |hour| 1 << (hour % 24));
        }
    }

    /// Counts an object of which nothing could be read.
    pub fn add_failed(&mut self, day: Option<Day>) {
        self.failed += 1;
        if let Some(day) = day {
            self.days.entry(day).failed += 1;
        }
    }

    /// Takes back an object that [was counted as failed](Self::add_failed).
    pub fn remove_failed(&mut self, day: Option<Day>) {
        self.failed = self.failed.saturating_sub(1);
        let Some(day) = day else { return };
        let Ok(index) = self.days.0.binary_search_by_key(&day, |known| known.day) else { return };
        let known = &mut self.days.0[index];
        known.failed = known.failed.saturating_sub(1);
        if *known == DeliveryDay::empty(day) {
            self.days.0.remove(index);
        }
    }

    /// Whether it has no objects.
    pub fn is_empty(&self) -> bool {
        self.objects == 0 && self.failed == 0
    }

    /// Adds the objects of another coverage of the same place. Commutative and associative.
    pub fn merge(&mut self, other: Self) {
        let Self { objects, failed, records, stored_bytes, days } = other;
        self.objects = self.objects.saturating_add(objects);
        self.failed = self.failed.saturating_add(failed);
        self.records = self.records.saturating_add(records);
        self.stored_bytes = self.stored_bytes.saturating_add(stored_bytes);
        self.days.merge(days);
    }

    /// First and last day with an object that was read.
    pub fn span(&self) -> Option<(Day, Day)> {
        let mut days = self.days.covered();
        let first = days.next()?;
        Some((first, days.next_back().unwrap_or(first)))
    }

    /// Gaps between the first and the last day, each as its first and last day without an object that was read.
    ///
    /// ```
    /// use firstseen::coverage::{Delivery, PlaceCoverage};
    /// use firstseen::time::Day;
    ///
    /// let mut place = PlaceCoverage::default();
    /// for day in [10, 11, 14] {
    ///     place.add_object(Some(Delivery { day: Day::from_number(day), hour: Some(4) }), 20, 1_500);
    /// }
    /// let gaps: Vec<_> = place.gaps().map(|(from, to)| format!("{from}..{to}")).collect();
    /// assert_eq!(gaps, ["1970-01-13..1970-01-14"]);
    /// ```
    pub fn gaps(&self) -> impl Iterator<Item = (Day, Day)> + '_ {
        let days = self.days.covered();
        days.clone()
            .zip(days.skip(1))
            .map(|(before, after)| (before.number(), after.number()))
            .filter(|(before, after)| after - before > 1)
            .map(|(before, after)| (Day::from_number(before + 1), Day::from_number(after - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(objects: &[(i32, u8)]) -> PlaceCoverage {
        let mut place = PlaceCoverage::default();
        for (day, hour) in objects {
            place.add_object(Some(delivery(*day, Some(*hour))), 2, 10);
        }
        place
    }

    fn delivery(day: i32, hour: Option<u8>) -> Delivery {
        Delivery { day: Day::from_number(day), hour }
    }

    #[test]
    fn objects_of_a_day_are_added_in_any_order() {
        let sorted = place(&[(10, 0), (10, 23), (11, 5), (14, 5)]);
        assert_eq!(sorted, place(&[(14, 5), (10, 23), (11, 5), (10, 0)]));
        let day = sorted.days.iter().next().unwrap();
        assert_eq!((day.objects, day.records, day.stored_bytes, day.hours), (2, 4, 20, 1 | 1 << 23));
        assert_eq!((sorted.objects, sorted.records, sorted.stored_bytes), (4, 8, 40));
    }

    #[test]
    fn merging_adds_and_does_not_depend_on_the_order() {
        let (left, right) = (place(&[(10, 0), (12, 1)]), place(&[(9, 3), (12, 2), (20, 0)]));
        let merged = |mut into: PlaceCoverage, from: &PlaceCoverage| {
            into.merge(from.clone());
            into
        };
        let both = merged(left.clone(), &right);
        assert_eq!(both, merged(right.clone(), &left));
        assert_eq!(both, place(&[(9, 3), (10, 0), (12, 1), (12, 2), (20, 0)]));
        assert_eq!(merged(PlaceCoverage::default(), &both), both);
    }

    #[test]
    fn a_day_on_which_nothing_could_be_read_is_in_a_gap() {
        let mut place = place(&[(10, 0), (12, 0)]);
        let before = place.clone();
        for day in [9, 11, 11] {
            place.add_failed(Some(Day::from_number(day)));
        }
        let gap = Day::from_number(11);
        assert_eq!(place.gaps().collect::<Vec<_>>(), [(gap, gap)]);
        assert_eq!(place.span(), Some((Day::from_number(10), Day::from_number(12))));
        assert_eq!(
            place.days.between(gap, gap.next()),
            [DeliveryDay { failed: 2, ..DeliveryDay::empty(gap) }]
        );
        for day in [9, 11, 11] {
            place.remove_failed(Some(Day::from_number(day)));
        }
        assert_eq!(place, before);
    }

    #[test]
    fn an_object_without_a_day_is_only_in_the_sums() {
        let mut place = PlaceCoverage::default();
        place.add_object(None, 3, 7);
        place.add_failed(None);
        assert_eq!((place.objects, place.failed, place.records, place.stored_bytes), (1, 1, 3, 7));
        assert_eq!((place.days.iter().count(), place.span()), (0, None));
        place.add_object(Some(delivery(5, None)), 1, 1);
        assert_eq!(place.days.iter().map(|day| day.hours).collect::<Vec<_>>(), [0]);
    }
}
