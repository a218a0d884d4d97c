//! The table `deliveries`: one row for each account, Region and day with objects.

use std::collections::BTreeMap;

use super::error::TableError;
use super::table::Table;
use crate::coverage::{Coverage, DeliveryDay, PlaceCoverage};
use crate::table::Column;
use crate::time::Day;

pub(super) const SCHEMA: &str = "message deliveries {
    required binary account (STRING);
    required binary region (STRING);
    required int32 day (DATE);
    required int64 objects;
    required int64 failed;
    required int64 records;
    required int64 stored_bytes;
    required int32 hours;
}";

pub(super) fn columns(coverage: &Coverage) -> Vec<Column<'_>> {
    let days = || {
        coverage.places.iter().flat_map(|(place, covered)| covered.days.iter().map(move |day| (place, day)))
    };
    let long =
        |of: fn(&DeliveryDay) -> u64| Column::Long(days().map(|(_, day)| Some(of(day) as i64)).collect());
    vec![
        Column::Text(days().map(|((account, _), _)| Some(&**account)).collect()),
        Column::Text(days().map(|((_, region), _)| Some(&**region)).collect()),
        Column::Int(days().map(|(_, day)| Some(day.day.number())).collect()),
        long(|day| day.objects),
        long(|day| day.failed),
        long(|day| day.records),
        long(|day| day.stored_bytes),
        Column::Int(days().map(|(_, day)| Some(day.hours as i32)).collect()),
    ]
}

/// Adds the days to the places, which are those of the manifest.
pub(super) fn read(
    table: &Table,
    places: &mut BTreeMap<(String, String), PlaceCoverage>,
) -> Result<(), TableError> {
    let (accounts, regions) = (table.text_column("account")?, table.text_column("region")?);
    let (days, hours) = (table.days("day")?, table.ints("hours")?);
    let (objects, failed) = (table.numbers("objects")?, table.numbers("failed")?);
    let (records, stored_bytes) = (table.numbers("records")?, table.numbers("stored_bytes")?);
    let mut before: Option<((String, String), Day)> = None;
    for row in 0..table.rows() {
        let key = (accounts.needed(row)?.to_owned(), regions.needed(row)?.to_owned());
        let place = places.get_mut(&key).ok_or_else(|| TableError::from("the manifest lacks a place"))?;
        let next = Some((key, days[row]));
        if before >= next {
            return Err("its rows are not sorted".into());
        }
        before = next;
        let hours = hours[row].and_then(|hours| u32::try_from(hours).ok());
        place.days.add(&DeliveryDay {
            day: days[row],
            objects: objects[row],
            failed: failed[row],
            records: records[row],
            stored_bytes: stored_bytes[row],
            hours: hours.ok_or_else(|| TableError::value("hours"))?,
        });
    }
    Ok(())
}
