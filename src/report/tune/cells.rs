//! Figures as people read them.

use super::chart::rate;
use crate::query::TuningRow;

/// Findings per day on average.
pub(super) fn mean(row: Option<&TuningRow<'_>>) -> String {
    row.and_then(|row| row.daily.mean()).map_or("–".to_owned(), rate)
}

/// A number, or a dash.
pub(super) fn number(value: Option<usize>) -> String {
    value.map_or("–".to_owned(), |value| value.to_string())
}
