//! What the cells of a column are: by the published name of the field, which means the same in every sheet.

use crate::time::{Day, Timestamp};

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
const DAY: i64 = 86_400_000_000;

/// The first and the last day that every spreadsheet counts alike: 1900-03-01 and 9999-12-31. Before, Excel has a 29 February 1900.
const DAYS: std::ops::RangeInclusive<f64> = 61.0..=2_958_465.0;

/// The header of a column: times say that they are in UTC.
pub(super) fn header(column: &str) -> String {
    if is_time(column) { format!("{column} (UTC)") } else { column.to_owned() }
}

/// The content of a cell that is published as `text` in a column. A value that is not what the column holds is a text.
pub(super) fn cell<'t>(column: &str, text: &'t str) -> Cell<'t> {
    let cell = if is_time(column) {
        time(text)
    } else if is_day(column) {
        day(text)
    } else if is_boolean(column) {
        text.parse().ok().map(Cell::Boolean)
    } else if is_number(column) {
        text.parse().ok().filter(|number: &f64| number.is_finite()).map(Cell::Number)
    } else {
        None
    };
    cell.unwrap_or(Cell::Text(text))
}

fn time(text: &str) -> Option<Cell<'_>> {
    let micros = Timestamp::parse(text)?.micros();
    // Day and fraction apart: together they would lose microseconds.
    let days = micros.div_euclid(DAY) as f64 + EPOCH;
    let is_fractional = micros.rem_euclid(1_000_000) != 0;
    DAYS.contains(&days)
        .then_some(Cell::Time(days + micros.rem_euclid(DAY) as f64 / DAY as f64, is_fractional))
}

fn day(text: &str) -> Option<Cell<'_>> {
    let days = f64::from(text.parse::<Day>().ok()?.number()) + EPOCH;
    DAYS.contains(&days).then_some(Cell::Day(days))
}

/// How wide a column is, in characters.
pub(super) fn width(column: &str) -> f64 {
    match column {
        column if is_time(column) => 20.0,
        column if is_day(column) => 11.0,
        column if is_boolean(column) || is_number(column) => 11.0,
        "principal" | "action" | "reason" | "reasons" | "user_agent" | "object" | "event_id" | "setting"
        | "actions" | "links" | "detail" | "what" => 40.0,
        _ => 16.0,
    }
}

fn is_time(column: &str) -> bool {
    matches!(column, "time" | "first_success" | "anchor_time" | "last_time" | "start" | "end")
}

fn is_day(column: &str) -> bool {
    matches!(column, "first_day" | "last_day")
}

fn is_boolean(column: &str) -> bool {
    matches!(
        column,
        "read_only" | "first_for_account" | "first_for_archive" | "known_to_iam" | "new_principal"
    )
}

fn is_number(column: &str) -> bool {
    matches!(
        column,
        "age_days"
            | "record"
            | "other_principals"
            | "archive"
            | "gap_days"
            | "count"
            | "rank"
            | "score"
            | "size"
            | "history"
            | "network"
            | "agent"
            | "known"
            | "episodes"
            | "findings"
            | "success"
            | "failure"
            | "member"
            | "bits"
            | "objects"
            | "records"
            | "stored_byte"
            | "byte"
            | "number"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_days_as_spreadsheets_do() {
        assert_eq!(cell("time", "2024-03-10T12:00:00Z"), Cell::Time(45_361.5, false));
        assert_eq!(cell("start", "1970-01-01T00:00:00.5Z"), Cell::Time(25_569.0 + 0.5 / 86_400.0, true));
        assert_eq!(cell("first_day", "2024-03-10"), Cell::Day(45_361.0));
        assert_eq!(cell("time", "1899-12-31T00:00:00Z"), Cell::Text("1899-12-31T00:00:00Z"));
    }

    #[test]
    fn only_columns_of_numbers_hold_numbers() {
        assert_eq!(cell("account", "000123456789"), Cell::Text("000123456789"));
        assert_eq!(cell("event_id", "1e5"), Cell::Text("1e5"));
        assert_eq!(cell("count", "12"), Cell::Number(12.0));
        assert_eq!(cell("count", "inf"), Cell::Text("inf"));
        assert_eq!(cell("read_only", "true"), Cell::Boolean(true));
        assert_eq!(cell("read_only", "yes"), Cell::Text("yes"));
    }
}
