//! What was read of each account and Region, day by day.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use minijinja::Value;
use serde::Serialize;

use super::limits::MOST_TABLE_ROWS;
use super::tables::Table;
use crate::coverage::{Coverage, DeliveryDay, DeliveryDays, PlaceCoverage};
use crate::time::Day;

/// Accounts and Regions, or accounts alone if there are many, with the days on which objects were delivered.
#[derive(Debug, Serialize)]
pub(super) struct PlacesTable<'a> {
    rows: Vec<PlaceRow<'a>>,
    left_out: usize,
    /// Whether a row is an account with all its Regions.
    is_by_account: bool,
    /// The first and last day of all.
    days: Option<[String; 2]>,
    /// What was read on each day, of all of them.
    by_day: Table<DayRow>,
}

#[derive(Debug, Serialize)]
struct PlaceRow<'a> {
    account: &'a str,
    region: Option<&'a str>,
    objects: u64,
    failed: u64,
    records: u64,
    stored_bytes: u64,
    first_day: Option<String>,
    last_day: Option<String>,
    gaps: Vec<String>,
    gaps_left_out: usize,
    /// Its days as cells of equal numbers of days.
    strip: Strip,
}

/// Cells as paths; markup of our own, which no limit on texts may cut. A cell in which some days have no object is half as high.
#[derive(Debug, Default, Serialize)]
struct Strip {
    /// Cells by their records, each level a path, the fewest first.
    levels: Vec<Value>,
    /// Cells with objects of which nothing could be read.
    failed: Value,
}

/// What was read on one day.
#[derive(Debug, Serialize)]
struct DayRow {
    day: String,
    objects: u64,
    failed: u64,
    records: u64,
    stored_bytes: u64,
}

/// The most places with a row for each Region.
const MOST_BY_REGION: usize = 500;

/// Cells of a row.
const CELLS: i32 = 200;

/// Shades of cells.
const LEVELS: usize = 4;

/// The most gaps named.
const MOST_GAPS: usize = 5;

impl<'a> PlacesTable<'a> {
    pub(super) fn new(coverage: &'a Coverage) -> Self {
        let is_by_account = coverage.places.len() > MOST_BY_REGION;
        let mut places: BTreeMap<(&'a str, Option<&'a str>), PlaceCoverage> = BTreeMap::new();
        for ((account, region), place) in &coverage.places {
            let of = places.entry((account, (!is_by_account).then_some(&**region))).or_default();
            of.merge(place.clone());
        }
        let days = || places.values().flat_map(|place| place.days.iter()).map(|day| day.day);
        let days = days().min().zip(days().max());
        let rows = places.iter().take(MOST_TABLE_ROWS).map(|((account, region), place)| {
            let gaps = place.gaps();
            let named = gaps.take(MOST_GAPS).map(|(from, to)| match from == to {
                true => from.to_string(),
                false => format!("{from} to {to}"),
            });
            PlaceRow {
                account,
                region: *region,
                objects: place.objects,
                failed: place.failed,
                records: place.records,
                stored_bytes: place.stored_bytes,
                first_day: place.span().map(|(first, _)| first.to_string()),
                last_day: place.span().map(|(_, last)| last.to_string()),
                gaps: named.collect(),
                gaps_left_out: place.gaps().count().saturating_sub(MOST_GAPS),
                strip: days.map_or_else(Strip::default, |days| strip(place, days)),
            }
        });
        Self {
            rows: rows.collect(),
            left_out: places.len().saturating_sub(MOST_TABLE_ROWS),
            is_by_account,
            days: days.map(|(first, last)| [first.to_string(), last.to_string()]),
            by_day: by_day(coverage.places.values()),
        }
    }
}

/// The days of a place, from the first to the last day of all.
fn strip(place: &PlaceCoverage, (first, last): (Day, Day)) -> Strip {
    let (first, days) = (first.number(), last.number() - first.number() + 1);
    let step = (days + CELLS - 1) / CELLS;
    let cells = (0..(days + step - 1) / step).map(|cell| (cell * step, ((cell + 1) * step).min(days)));
    let found: Vec<((i32, i32), &[DeliveryDay])> = cells
        .map(|(start, end)| {
            let day = |offset: i32| Day::from_number(first + offset);
            ((start, end), place.days.between(day(start), day(end)))
        })
        .collect();
    let records = |days: &[DeliveryDay]| days.iter().map(|day| day.records).sum::<u64>();
    let most = found.iter().map(|(_, days)| records(days)).max().unwrap_or(0);
    let (mut levels, mut failed) = (vec![String::new(); LEVELS], String::new());
    for ((start, end), found) in found {
        let x_of = |offset: i32| f64::from(offset * CELLS) / f64::from(days);
        let (x, width) = (x_of(start), x_of(end) - x_of(start));
        let covered = found.iter().filter(|day| day.objects > 0).count();
        // Writing to a string cannot fail.
        if covered > 0 {
            let height = if covered == (end - start) as usize { 10 } else { 5 };
            let path = &mut levels[level(records(found), most)];
            let _ = write!(path, "M{x:.1} 10h{width:.1}v-{height}h-{width:.1}z");
        }
        if found.iter().any(|day| day.failed > 0) {
            let _ = write!(failed, "M{x:.1} 0h{width:.1}v3h-{width:.1}z");
        }
    }
    let markup = |path: String| Value::from_safe_string(path);
    Strip { levels: levels.into_iter().map(markup).collect(), failed: markup(failed) }
}

/// The level of a cell by its records: the highest from a quarter of the most, each other from a quarter of the one above.
fn level(records: u64, most: u64) -> usize {
    let quarter = |value: u64| value.saturating_mul(4);
    let mut scaled = quarter(records);
    for level in (1..LEVELS).rev() {
        if scaled >= most.max(1) {
            return level;
        }
        scaled = quarter(scaled);
    }
    0
}

/// What was read on each day, of all places.
fn by_day<'c>(places: impl Iterator<Item = &'c PlaceCoverage>) -> Table<DayRow> {
    let mut all = DeliveryDays::default();
    places.flat_map(|place| place.days.iter()).for_each(|day| all.add(day));
    let row = |day: &DeliveryDay| {
        let DeliveryDay { day, objects, failed, records, stored_bytes, .. } = *day;
        DayRow { day: day.to_string(), objects, failed, records, stored_bytes }
    };
    Table::new(all.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Delivery;

    fn place(days: impl Iterator<Item = (i32, u64)>) -> PlaceCoverage {
        let mut place = PlaceCoverage::default();
        days.for_each(|(day, records)| {
            place.add_object(Some(Delivery { day: Day::from_number(day), hour: None }), records, 1);
        });
        place
    }

    fn paths(strip: &Strip) -> Vec<&str> {
        strip.levels.iter().filter_map(Value::as_str).collect()
    }

    #[test]
    fn days_are_shaded_by_their_records_and_those_without_objects_are_holes() {
        let place = place([(10, 100), (12, 20)].into_iter());
        let strip = strip(&place, (Day::from_number(10), Day::from_number(13)));
        assert_eq!(paths(&strip), ["", "", "M100.0 10h50.0v-10h-50.0z", "M0.0 10h50.0v-10h-50.0z"]);
        assert_eq!(strip.failed.as_str(), Some(""));
    }

    #[test]
    fn a_cell_of_many_days_is_half_as_high_if_one_of_them_is_missing() {
        let place = place((0..1000).filter(|day| *day != 7).map(|day| (day, 1)));
        let strip = strip(&place, (Day::from_number(0), Day::from_number(999)));
        let all = paths(&strip).concat();
        assert_eq!((all.matches("v-10h").count(), all.matches("v-5h").count()), (199, 1));
    }

    #[test]
    fn a_day_of_which_nothing_could_be_read_is_marked() {
        let mut place = place([(10, 1)].into_iter());
        place.add_failed(Some(Day::from_number(11)));
        let strip = strip(&place, (Day::from_number(10), Day::from_number(11)));
        assert_eq!(strip.failed.as_str(), Some("M100.0 0h100.0v3h-100.0z"));
        let days = by_day([&place, &place].into_iter());
        let json = serde_json::to_value(&days).unwrap();
        assert_eq!(json["rows"][0]["records"], 2);
        assert_eq!((&json["rows"][1]["objects"], &json["rows"][1]["failed"]), (&0.into(), &2.into()));
    }

    #[test]
    fn each_level_has_four_times_the_records() {
        let levels: Vec<usize> = [0, 1, 2, 6, 7, 24, 25, 100].map(|records| level(records, 100)).into();
        assert_eq!(levels, [0, 0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(level(0, 0), 0);
    }
}
