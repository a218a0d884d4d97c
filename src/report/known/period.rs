//! The published fields of one period of a timeline.

use std::borrow::Cow;

use serde::Serialize;

use crate::query::{Period, Subject};
use crate::report::row::named;

/// The header line; the fields of [`PeriodRow`].
pub(super) const COLUMNS: [&str; 12] = [
    "account",
    "principal",
    "principal_kind",
    "action",
    "period",
    "period_end",
    "new",
    "known",
    "sightings",
    "sightings_at_least",
    "sightings_at_most",
    "errors",
];

/// One row under its published field names, see `docs/formats.md`. An absent value is empty or `null`.
#[derive(Serialize)]
pub(super) struct PeriodRow<'a> {
    account: Option<Cow<'a, str>>,
    principal: Option<Cow<'a, str>>,
    principal_kind: Option<&'static str>,
    action: Option<Cow<'a, str>>,
    period: String,
    period_end: String,
    new: u64,
    known: u64,
    sightings: Option<u64>,
    sightings_at_least: u64,
    sightings_at_most: u64,
    errors: Option<u64>,
}

impl<'a> PeriodRow<'a> {
    /// The row, its texts cleaned by `clean`.
    pub(super) fn new(subject: &Subject<'a>, period: &Period, clean: fn(&str) -> Cow<'_, str>) -> Self {
        Self {
            account: subject.account.and_then(named).map(clean),
            principal: subject.principal.and_then(|(key, _)| named(key)).map(clean),
            principal_kind: subject.principal.map(|(_, kind)| kind.name()),
            action: subject.action.map(clean),
            period: period.start.to_string(),
            period_end: period.end.to_string(),
            new: period.new,
            known: period.known,
            sightings: period.sightings.exact(),
            sightings_at_least: period.sightings.at_least,
            sightings_at_most: period.sightings.at_most,
            errors: period.errors.exact(),
        }
    }
}
