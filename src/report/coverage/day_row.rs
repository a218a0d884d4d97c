//! Days of deliveries as rows of CSV, also days without one between others.

use std::borrow::Cow;

use serde::Serialize;

use crate::coverage::DeliveryDay;
use crate::query::CoveredPlace;
use crate::time::Day;

/// The names of the columns, in order.
pub(super) const DAY_COLUMNS: &[&str] =
    &["account", "region", "day", "objects", "failed", "records", "stored_bytes", "hours"];

/// The most days in a row without an object that have rows of their own: ten years. The name of an object can claim any day, and
/// millions of empty rows would tell nothing.
const MOST_EMPTY_DAYS: i64 = 3_660;

/// One day of an account and Region.
#[derive(Serialize)]
pub(super) struct DayRow<'a> {
    account: Cow<'a, str>,
    region: Cow<'a, str>,
    day: String,
    objects: u64,
    failed: u64,
    records: u64,
    stored_bytes: u64,
    hours: Option<u32>,
}

/// The rows of all places: each day from the first to the last with an object.
pub(super) fn day_rows<'a>(
    places: &'a [CoveredPlace<'a>],
    clean: fn(&str) -> Cow<'_, str>,
) -> impl Iterator<Item = DayRow<'a>> {
    let of_place = move |place: &'a CoveredPlace<'a>| {
        let mut before: Option<Day> = None;
        place.days.iter().flat_map(move |day| {
            let empty = empty_days(before.replace(day.day), day.day);
            empty.map(DeliveryDay::empty).chain([*day])
        })
    };
    places.iter().flat_map(move |place| {
        of_place(place).map(move |day| DayRow {
            account: clean(place.account),
            region: clean(place.region),
            day: day.day.to_string(),
            objects: day.objects,
            failed: day.failed,
            records: day.records,
            stored_bytes: day.stored_bytes,
            hours: hours(&day),
        })
    })
}

/// The days between two, unless there are too many.
fn empty_days(before: Option<Day>, day: Day) -> impl Iterator<Item = Day> {
    let first = before.map_or(day.number(), |before| before.next().number());
    let count = i64::from(day.number()) - i64::from(first);
    let end = if count <= MOST_EMPTY_DAYS { day.number() } else { first };
    (first..end).map(Day::from_number)
}

/// In how many hours objects were delivered; none if the names of objects give no hour.
pub(super) fn hours(day: &DeliveryDay) -> Option<u32> {
    (day.objects == 0 || day.hours != 0).then(|| day.hours.count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_between_two_are_empty_unless_they_are_too_many() {
        let empty = |before: i32, day: i32| {
            empty_days(Some(Day::from_number(before)), Day::from_number(day))
                .map(Day::number)
                .collect::<Vec<_>>()
        };
        assert_eq!(empty(4, 7), [5, 6]);
        assert!(empty(4, 5).is_empty());
        assert_eq!(empty(0, 3_661).len(), 3_660);
        assert!(empty(0, 3_662).is_empty());
        assert_eq!(empty_days(None, Day::from_number(4)).count(), 0);
    }
}
