//! The cells of a column: values that programs calculate with, as far as the kind of the column says so.

use crate::report::columns::{Column, ColumnKind};
use crate::time::{Day, Span, Timestamp};

/// The content of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'t> {
    Text(&'t str),
    Number(f64),
    Boolean(bool),
    /// Days since 1899-12-30, and whether it has fractions of a second.
    Time(f64, bool),
    /// Days since 1899-12-30.
    Day(f64),
}

/// The days from 1899-12-30, day 0 of spreadsheets, to 1970-01-01.
const EPOCH: f64 = 25_569.0;

/// In microseconds.
const DAY: i64 = Span::days(1).micros();

/// The first and the last day that every spreadsheet counts alike: 1900-03-01 and 9999-12-31. Before, Excel has a 29 February 1900.
const DAYS: std::ops::RangeInclusive<f64> = 61.0..=2_958_465.0;

/// The header of a column: times say that they are in UTC.
pub(super) fn header(column: Column) -> String {
    match column.kind {
        ColumnKind::Time => format!("{} (UTC)", column.name),
        _ => column.name.to_owned(),
    }
}

/// The content of a cell that is published as `text` in a column. A value that no cell can hold as what it is, is a text.
pub(super) fn cell(kind: ColumnKind, text: &str) -> Cell<'_> {
    let cell = match kind {
        ColumnKind::Text => None,
        ColumnKind::Number => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Cell::Number),
        ColumnKind::Boolean => text.parse().ok().map(Cell::Boolean),
        ColumnKind::Time => time(text),
        ColumnKind::Day => day(text),
    };
    cell.unwrap_or(Cell::Text(text))
}

fn time(text: &str) -> Option<Cell<'_>> {
    let micros = Timestamp::parse(text)?.micros();
    // Day and fraction apart: together they would lose microseconds.
    let days = micros.div_euclid(DAY) as f64 + EPOCH;
    let is_fractional = micros.rem_euclid(1_000_000) != 0;
    let serial = days + micros.rem_euclid(DAY) as f64 / DAY as f64;
    // The last microseconds of the last day would be a day too many.
    (DAYS.contains(&days) && DAYS.contains(&serial.floor())).then_some(Cell::Time(serial, is_fractional))
}

fn day(text: &str) -> Option<Cell<'_>> {
    let days = f64::from(text.parse::<Day>().ok()?.number()) + EPOCH;
    DAYS.contains(&days).then_some(Cell::Day(days))
}

/// How wide a column is, in characters.
pub(super) fn width(column: Column) -> f64 {
    match (column.kind, column.name) {
        (ColumnKind::Time, _) => 20.0,
        (ColumnKind::Number | ColumnKind::Boolean | ColumnKind::Day, _) => 11.0,
        (
            ColumnKind::Text,
            "principal" | "action" | "reason" | "reasons" | "user_agent" | "object" | "event_id" | "setting"
            | "actions" | "links" | "detail" | "what",
        ) => 40.0,
        (ColumnKind::Text, _) => 16.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_days_as_spreadsheets_do() {
        let time = |text| cell(ColumnKind::Time, text);
        assert_eq!(time("2024-03-10T12:00:00Z"), Cell::Time(45_361.5, false));
        assert_eq!(time("1970-01-01T00:00:00.5Z"), Cell::Time(25_569.0 + 0.5 / 86_400.0, true));
        assert_eq!(cell(ColumnKind::Day, "2024-03-10"), Cell::Day(45_361.0));
        for text in ["1899-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
            assert_eq!(time(text), Cell::Text(text));
        }
    }

    #[test]
    fn only_columns_of_numbers_hold_numbers() {
        assert_eq!(cell(ColumnKind::Text, "000123456789"), Cell::Text("000123456789"));
        assert_eq!(cell(ColumnKind::Number, "12"), Cell::Number(12.0));
        assert_eq!(cell(ColumnKind::Number, "inf"), Cell::Text("inf"));
        assert_eq!(cell(ColumnKind::Boolean, "true"), Cell::Boolean(true));
        assert_eq!(cell(ColumnKind::Boolean, "yes"), Cell::Text("yes"));
    }
}
