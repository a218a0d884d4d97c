//! The published fields of a known behaviour, or of an action of an account.

use std::borrow::Cow;

use serde::Serialize;

use crate::query::KnownRow;
use crate::report::row::named;

/// The header line; the fields of [`ActionRow`].
pub(super) const COLUMNS: [&str; 18] = [
    "account",
    "principal",
    "principal_kind",
    "action",
    "change",
    "principals",
    "first",
    "first_success",
    "last",
    "last_hour",
    "count",
    "count_at_least",
    "count_at_most",
    "errors",
    "hours",
    "hours_at_least",
    "hours_at_most",
    "known_to_iam",
];

/// One row under its published field names, see `docs/formats.md`. An absent value is empty or `null`.
#[derive(Serialize)]
pub(super) struct ActionRow<'a> {
    account: Option<Cow<'a, str>>,
    principal: Option<Cow<'a, str>>,
    principal_kind: Option<&'static str>,
    action: Option<Cow<'a, str>>,
    change: Option<&'static str>,
    principals: u64,
    first: String,
    first_success: Option<String>,
    last: Option<String>,
    last_hour: Option<String>,
    count: Option<u64>,
    count_at_least: u64,
    count_at_most: u64,
    errors: Option<u64>,
    hours: Option<u64>,
    hours_at_least: u64,
    hours_at_most: u64,
    known_to_iam: Option<bool>,
}

impl<'a> ActionRow<'a> {
    /// The row, its texts cleaned by `clean`.
    pub(super) fn new(row: &'a KnownRow<'_>, clean: fn(&str) -> Cow<'_, str>) -> Self {
        let (subject, measure) = (&row.subject, &row.measure);
        Self {
            account: subject.account.and_then(named).map(clean),
            principal: subject.principal.and_then(|(key, _)| named(key)).map(clean),
            principal_kind: subject.principal.map(|(_, kind)| kind.name()),
            action: subject.action.map(clean),
            change: row.change.map(|change| change.name()),
            principals: row.principals,
            first: measure.first.to_string(),
            first_success: measure.first_success.map(|time| time.to_string()),
            last: measure.last.map(|time| time.to_string()),
            last_hour: measure.last_hour.map(|time| time.to_string()),
            count: measure.count.exact(),
            count_at_least: measure.count.at_least,
            count_at_most: measure.count.at_most,
            errors: measure.errors.exact(),
            hours: measure.hours.exact(),
            hours_at_least: measure.hours.at_least,
            hours_at_most: measure.hours.at_most,
            known_to_iam: row.known_to_iam,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::period;
    use super::COLUMNS;

    #[test]
    fn every_column_is_a_published_field() {
        let formats = include_str!("../../../docs/formats.md");
        let formats = &formats[formats.find("## Baseline at a point in time").unwrap()..];
        for column in COLUMNS.iter().chain(&period::COLUMNS) {
            assert!(formats.contains(&format!("| `{column}` |")), "{column} is missing in docs/formats.md");
        }
    }
}
