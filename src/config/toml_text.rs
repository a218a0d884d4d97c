//! TOML text → a table, and its numbers.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use crate::line::line_of;

/// The table that a text is.
pub(super) fn table(text: &str) -> Result<Spanned<DeTable<'_>>, ConfigError> {
    DeTable::parse(text).map_err(|error| ConfigError {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })
}

/// A number, with or without a fraction.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        value => whole_number(value).map(|number| number as f64),
    }
}

/// A number without a fraction, in any radix.
pub(super) fn whole_number(value: &DeValue<'_>) -> Option<i64> {
    let DeValue::Integer(number) = value else { return None };
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
