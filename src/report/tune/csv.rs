//! A tuning as CSV (RFC 4180): a header line and one line for each setting.

use std::io::{self, Write};

use super::view::{RowView, days, rounded};
use crate::query::{Tuning, TuningRow};
use crate::report::csv::io_error;
use crate::report::for_spreadsheet;

/// Columns of every tuning; three more follow for each incident, and then [`LAST`].
const COLUMNS: [&str; 28] = [
    "warmup",
    "forget",
    "anchor",
    "calls",
    "warmup_days",
    "forget_days",
    "findings",
    "new_action",
    "new_principal",
    "returning_action",
    "suppressed",
    "days",
    "per_day",
    "median",
    "p95",
    "worst_day",
    "worst_findings",
    "worst_account",
    "worst_principal",
    "worst_principal_findings",
    "principal_count",
    "top_account_of_principal",
    "top_principal",
    "top_principal_findings",
    "account_count",
    "top_account",
    "top_account_findings",
    "suggested",
];

/// Columns that were added later.
const LAST: [&str; 2] = ["per_week", "incidents_kept"];

pub(super) fn write(tuning: &Tuning<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    let incidents = (1..=tuning.incidents.len()).flat_map(|number| {
        ["reported", "alerts_per_day", "alerts_on_worst_day"].map(|name| format!("incident_{number}_{name}"))
    });
    let header =
        COLUMNS.iter().map(|name| (*name).to_owned()).chain(incidents).chain(LAST.map(ToOwned::to_owned));
    writer.write_record(header).map_err(io_error)?;
    for (index, row) in tuning.rows.iter().enumerate() {
        let suggested = tuning.suggestion == Some(index);
        writer.write_record(cells(row, suggested, tuning.kept_by(row).len())).map_err(io_error)?;
    }
    writer.flush()
}

/// The cells of one line. All cells are cleaned as texts, since no number starts like a formula.
fn cells(row: &TuningRow<'_>, suggested: bool, kept: usize) -> Vec<String> {
    let view = RowView::new(row);
    let (worst, principal, account) = (view.worst.as_ref(), view.principals.first(), view.accounts.first());
    let mut cells = vec![
        view.setting.warmup,
        view.setting.forget.unwrap_or_else(|| "never".to_owned()),
        view.setting.anchor.to_owned(),
        view.setting.calls.to_owned(),
        days(row.setting.warmup).to_string(),
        cell(row.setting.forget.map(days)),
        view.findings.to_string(),
        view.new_action.to_string(),
        view.new_principal.to_string(),
        view.returning_action.to_string(),
        view.suppressed.to_string(),
        view.days.to_string(),
        cell(view.per_day),
        cell(view.median),
        cell(view.p95),
        cell(worst.map(|worst| &worst.day)),
        cell(worst.map(|worst| worst.findings)),
        cell(worst.and_then(|worst| worst.account)),
        cell(worst.and_then(|worst| worst.principal)),
        cell(worst.map(|worst| worst.principal_findings)),
        view.principal_count.to_string(),
        cell(principal.and_then(|noisy| noisy.account)),
        cell(principal.and_then(|noisy| noisy.principal)),
        cell(principal.map(|noisy| noisy.findings)),
        view.account_count.to_string(),
        cell(account.and_then(|noisy| noisy.account)),
        cell(account.map(|noisy| noisy.findings)),
        suggested.to_string(),
    ];
    for sight in &view.incidents {
        cells.push(sight.reported.to_string());
        cells.push(cell(sight.alerts_per_day));
        cells.push(cell(sight.alerts_on_worst_day));
    }
    cells.extend([cell(row.per_week().map(rounded)), kept.to_string()]);
    cells.iter().map(|cell| for_spreadsheet(cell).into_owned()).collect()
}

/// A value, or an empty cell.
fn cell(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, LAST};

    #[test]
    fn every_column_is_a_published_field() {
        let formats = include_str!("../../../docs/formats.md");
        for column in COLUMNS.into_iter().chain(LAST) {
            assert!(formats.contains(&format!("| `{column}` |")), "{column} is missing in docs/formats.md");
        }
    }
}
