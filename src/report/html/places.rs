//! What was read of each account and Region, day by day.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use minijinja::Value;
use serde::Serialize;

use super::limits::MOST_TABLE_ROWS;
use crate::coverage::{Coverage, PlaceCoverage};
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
}

#[derive(Debug, Serialize)]
struct PlaceRow<'a> {
    account: &'a str,
    region: Option<&'a str>,
    objects: u64,
    records: u64,
    first_day: Option<String>,
    last_day: Option<String>,
    gaps: Vec<String>,
    gaps_left_out: usize,
    /// Days with objects, as a path in cells of equal numbers of days; cells in which some days have none are in `partly`.
    /// Markup of our own, which no limit on texts may cut.
    whole: Value,
    partly: Value,
}

/// The most places with a row for each Region.
const MOST_BY_REGION: usize = 500;

/// Cells of a row.
const CELLS: u32 = 200;

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
        let ends = || places.values().filter_map(PlaceCoverage::span);
        let first = ends().map(|(first, _)| first).min();
        let days = first.zip(ends().map(|(_, last)| last).max());
        let rows = places.iter().take(MOST_TABLE_ROWS).map(|((account, region), place)| {
            let (whole, partly) = days.map_or_else(Default::default, |days| strip(place, days));
            let gaps = place.gaps();
            let named = gaps.take(MOST_GAPS).map(|(from, to)| match from == to {
                true => from.to_string(),
                false => format!("{from} to {to}"),
            });
            PlaceRow {
                account,
                region: *region,
                objects: place.objects,
                records: place.records,
                first_day: place.span().map(|(first, _)| first.to_string()),
                last_day: place.span().map(|(_, last)| last.to_string()),
                gaps: named.collect(),
                gaps_left_out: place.gaps().count().saturating_sub(MOST_GAPS),
                whole: Value::from_safe_string(whole),
                partly: Value::from_safe_string(partly),
            }
        });
        Self {
            rows: rows.collect(),
            left_out: places.len().saturating_sub(MOST_TABLE_ROWS),
            is_by_account,
            days: days.map(|(first, last)| [first.to_string(), last.to_string()]),
        }
    }
}

/// The cells in which all days have objects, and those in which some have, from the first to the last day of all; x is in cells.
fn strip(place: &PlaceCoverage, (first, last): (Day, Day)) -> (String, String) {
    let number = |day: Day| u32::try_from(day.number()).unwrap_or(0);
    let day = |number: u32| Day::from_number(i32::try_from(number).unwrap_or(i32::MAX));
    let (first, days) = (number(first), number(last).saturating_sub(number(first)) + 1);
    let step = days.div_ceil(CELLS);
    let (mut whole, mut partly) = (String::new(), String::new());
    for cell in 0..days.div_ceil(step) {
        let start = first + cell * step;
        let end = (start + step).min(first + days);
        let found = place.days.between(day(start), day(end));
        let path = match found.iter().filter(|day| day.objects > 0).count() {
            0 => continue,
            found if found == (end - start) as usize => &mut whole,
            _ => &mut partly,
        };
        let (x, width) =
            (f64::from(cell * step * CELLS) / f64::from(days), f64::from(step * CELLS) / f64::from(days));
        // Writing to a string cannot fail.
        let _ = write!(path, "M{x:.1} 0h{width:.1}v10h-{width:.1}z");
    }
    (whole, partly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Delivery;

    fn place(days: impl Iterator<Item = i32>) -> PlaceCoverage {
        let mut place = PlaceCoverage::default();
        days.for_each(|day| {
            place.add_object(Some(Delivery { day: Day::from_number(day), hour: None }), 1, 1);
        });
        place
    }

    #[test]
    fn days_without_objects_are_holes() {
        let place = place([10, 12].into_iter());
        let (whole, partly) = strip(&place, (Day::from_number(10), Day::from_number(13)));
        assert_eq!((&*whole, &*partly), ("M0.0 0h50.0v10h-50.0zM100.0 0h50.0v10h-50.0z", ""));
    }

    #[test]
    fn a_cell_of_many_days_shows_whether_all_have_objects() {
        let place = place((0..1000).filter(|day| *day != 7));
        let (whole, partly) = strip(&place, (Day::from_number(0), Day::from_number(999)));
        assert_eq!((whole.matches('M').count(), partly.matches('M').count()), (199, 1));
    }
}
