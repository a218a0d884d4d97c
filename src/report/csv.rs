//! Rows as CSV (RFC 4180): a header line and one line per row.

use std::io::{self, Write};

use serde::Serialize;

/// Writes a header line, even if there are no rows, and the rows, whose fields are in the order of the
/// header.
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

pub(super) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
