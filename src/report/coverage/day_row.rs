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

/// The rows of all places: each reported day from the first to the last with an object.
pub(super) fn day_rows<'a>(
    places: &'a [CoveredPlace<'a>],
    clean: fn(&str) -> Cow<'_, str>,
) -> impl Iterator<Item = DayRow<'a>> {
    let row = move |place: &CoveredPlace<'a>, day: DeliveryDay| DayRow {
        account: clean(place.account),
        region: clean(place.region),
        day: day.day.to_string(),
        objects: day.objects,
        failed: day.failed,
        records: day.records,
        stored_bytes: day.stored_bytes,
        hours: hours(&day),
    };
    places.iter().flat_map(move |place| all_days(place).map(move |day| row(place, day)))
}

/// The reported days of a place, also those without an object.
fn all_days<'a>(place: &'a CoveredPlace<'a>) -> impl Iterator<Item = DeliveryDay> + 'a {
    let mut next = place.period.map(|(first, _)| first);
    let days = place.days.iter().flat_map(move |day| {
        let before = next.replace(day.day.next()).unwrap_or(day.day);
        empty_days(before, day.day).chain([*day])
    });
    let seen = place.days.last().map(|day| day.day.next());
    let rest = place.period.map(|(first, last)| empty_days(seen.unwrap_or(first), last.next()));
    days.chain(rest.into_iter().flatten())
}

/// The days from `first` on and before `end`, unless there are too many.
fn empty_days(first: Day, end: Day) -> impl Iterator<Item = DeliveryDay> {
    let count = i64::from(end.number()) - i64::from(first.number());
    let end = if count <= MOST_EMPTY_DAYS { end } else { first };
    (first.number()..end.number()).map(|day| DeliveryDay::empty(Day::from_number(day)))
}

/// In how many hours objects were delivered; none if the names of objects give no hour.
pub(super) fn hours(day: &DeliveryDay) -> Option<u32> {
    (day.objects == 0 || day.hours != 0).then(|| day.hours.count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_an_object_have_rows_unless_they_are_too_many() {
        let empty = |first: i32, end: i32| {
            let days = empty_days(Day::from_number(first), Day::from_number(end));
            days.map(|day| day.day.number()).collect::<Vec<_>>()
        };
        assert_eq!(empty(5, 7), [5, 6]);
        assert!(empty(5, 5).is_empty());
        assert_eq!(empty(0, 3_660).len(), 3_660);
        assert!(empty(0, 3_661).is_empty());
    }
}
