//! Rows as CSV (RFC 4180): a header line and one line per row.

use std::io::{self, Write};

use serde::Serialize;

/// Writes rows whose fields are those of the header line, which is written even if there is no row.
pub(super) fn write<R: Serialize>(
    columns: &[&str],
    rows: impl Iterator<Item = R>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    writer.write_record(columns).map_err(io_error)?;
    for row in rows {
        writer.serialize(row).map_err(io_error)?;
    }
    writer.flush()
}

/// The header line of findings; the fields of [`super::Row`].
pub(super) const COLUMNS: [&str; 40] = [
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
    "principal_arn",
    "source",
    "impersonated_by",
    "linked_principal",
    "detail",
    "rules",
    "rule_priority",
    "rule_output",
    "count",
    "last_time",
    "known_to_iam",
    "archive_name",
    "object_uri",
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
