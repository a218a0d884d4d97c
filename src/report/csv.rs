//! Findings as CSV (RFC 4180): a header line and one line per finding.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Report, Row};

pub(super) fn write(
    report: &Report<'_>,
    out: &mut dyn Write,
    clean: fn(&str) -> Cow<'_, str>,
) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    writer.write_record(COLUMNS).map_err(io_error)?;
    for finding in report.findings {
        writer.serialize(Row::new(finding, clean)).map_err(io_error)?;
    }
    writer.flush()
}

/// The header line. It is written even if there is no finding; a test holds it to the fields of [`Row`].
const COLUMNS: [&str; 27] = [
    "finding",
    "time",
    "account",
    "principal",
    "principal_kind",
    "action",
    "age_days",
    "anchor",
    "region",
    "error_code",
    "first_success",
    "source_ip",
    "user_agent",
    "access_key_id",
    "session_name",
    "event_id",
    "object",
    "record",
    "read_only",
    "first_for_account",
    "first_for_archive",
    "other_principals",
    "archive",
    "anchor_time",
    "outcome",
    "principal_id",
    "gap_days",
];

pub(super) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::COLUMNS;

    #[test]
    fn every_column_is_a_published_field() {
        let formats = include_str!("../../docs/formats.md");
        for column in COLUMNS {
            assert!(formats.contains(&format!("| `{column}` |")), "{column} is missing in docs/formats.md");
        }
    }
}
