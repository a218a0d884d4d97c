//! Rows as CSV (RFC 4180): a header line and one line per row. Also the cells of a row.

use std::io::{self, Write};

use serde::Serialize;

/// Writes a header line, even if there are no rows, and the rows, whose fields are in the order of the
/// header.
pub(super) fn write<R: Serialize>(
    columns: &[&str],
    rows: impl Iterator<Item = R>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut written = Rows::new(columns, out)?;
    for row in rows {
        written.add(row)?;
    }
    written.end()
}

/// Rows that are written as they come.
pub(super) struct Rows<'o>(csv::Writer<&'o mut dyn Write>);

impl<'o> Rows<'o> {
    /// Writes the header line.
    pub(super) fn new(columns: &[&str], out: &'o mut dyn Write) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
        writer.write_record(columns).map_err(io_error)?;
        Ok(Self(writer))
    }

    /// Writes a row, whose fields are in the order of the header.
    pub(super) fn add(&mut self, row: impl Serialize) -> io::Result<()> {
        self.0.serialize(row).map_err(io_error)
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Rows as the texts of their cells, for formats that are tables, too.
#[derive(Default)]
pub(super) struct Cells {
    text: Vec<u8>,
    cells: csv::StringRecord,
}

impl Cells {
    /// The texts of a row: what would be in its line, unquoted.
    ///
    /// # Errors
    /// If the row is not one: it has a field that CSV cannot write.
    pub(super) fn of(&mut self, row: &impl Serialize) -> io::Result<&csv::StringRecord> {
        self.text.clear();
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(&mut self.text);
        writer.serialize(row).map_err(io_error)?;
        writer.flush()?;
        drop(writer);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*self.text);
        reader.read_record(&mut self.cells).map_err(io_error)?;
        Ok(&self.cells)
    }
}

pub(super) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
