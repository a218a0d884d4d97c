//! Writes sheets; the only place that knows `rust_xlsxwriter`. Rows go to temporary files without names as they come, so that a
//! million findings need no memory.

use std::io::{self, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::column::{Cell, cell, header, width};
use crate::report::columns::Row;
use crate::report::csv::Cells;

/// The most rows of a sheet, its header among them ("Excel specifications and limits"). Further rows are in further sheets.
const MOST_ROWS: u32 = 1_048_576;

/// The most characters of a cell ("Excel specifications and limits"), of which those beyond the basic plane count as two.
const MOST_CHARACTERS: usize = 32_767;

/// A workbook that is being made.
pub(in crate::report) struct Book {
    workbook: Workbook,
    formats: Formats,
    most_rows: u32,
}

struct Formats {
    header: Format,
    /// A text that stays one if somebody edits the cell, even if it begins like a formula.
    text: Format,
    time: Format,
    precise_time: Format,
    day: Format,
}

impl Book {
    pub(in crate::report) fn new() -> Self {
        let mut workbook = Workbook::new();
        // Nothing here reads a clock: the same answer gives the same bytes.
        if let Ok(made) = ExcelDateTime::from_ymd(2000, 1, 1) {
            workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        }
        let formats = Formats {
            header: Format::new().set_bold(),
            text: Format::new().set_quote_prefix(),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            precise_time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
        };
        Self { workbook, formats, most_rows: MOST_ROWS }
    }

    /// Adds a sheet with a header and one line per row; if there are too many rows, further sheets, `findings 2` and so on.
    ///
    /// # Errors
    /// If a temporary file cannot be written.
    pub(in crate::report) fn add<R: Row>(
        &mut self,
        name: &str,
        rows: impl Iterator<Item = R>,
    ) -> io::Result<()> {
        let mut rows = rows.peekable();
        for number in 1.. {
            let name = if number == 1 { name.to_owned() } else { format!("{name} {number}") };
            self.add_one(&name, &mut rows).map_err(io_error)??;
            if rows.peek().is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Adds a sheet with as many rows as fit.
    fn add_one<R: Row>(
        &mut self,
        name: &str,
        rows: &mut impl Iterator<Item = R>,
    ) -> Result<io::Result<()>, XlsxError> {
        let columns = R::columns();
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        for (number, column) in (0..).zip(&columns) {
            sheet.write_string_with_format(0, number, header(*column), &self.formats.header)?;
            sheet.set_column_width(number, width(*column))?;
        }
        sheet.set_freeze_panes(1, 0)?;
        let mut cells = Cells::default();
        let mut last = 0;
        for (number, row) in (1..self.most_rows).zip(rows) {
            let cells = match cells.of(&row) {
                Ok(cells) => cells,
                Err(error) => return Ok(Err(error)),
            };
            for ((place, column), text) in (0..).zip(&columns).zip(cells.iter()) {
                self.formats.write(sheet, (number, place), cell(column.kind, text))?;
            }
            last = number;
        }
        sheet.autofilter(0, 0, last, u16::try_from(columns.len()).unwrap_or(u16::MAX).saturating_sub(1))?;
        Ok(Ok(()))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub(in crate::report) fn write(mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.workbook.save_to_buffer().map_err(io_error)?)
    }
}

impl Formats {
    /// Writes a cell; an absent value leaves it empty.
    fn write(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        cell: Cell<'_>,
    ) -> Result<(), XlsxError> {
        match cell {
            Cell::Text("") => return Ok(()),
            Cell::Text(text) => sheet.write_string_with_format(row, column, cut(text), &self.text)?,
            Cell::Number(number) => sheet.write_number(row, column, number)?,
            Cell::Boolean(boolean) => sheet.write_boolean(row, column, boolean)?,
            Cell::Time(days, false) => sheet.write_number_with_format(row, column, days, &self.time)?,
            Cell::Time(days, true) => {
                sheet.write_number_with_format(row, column, days, &self.precise_time)?
            }
            Cell::Day(days) => sheet.write_number_with_format(row, column, days, &self.day)?,
        };
        Ok(())
    }
}

/// A text that fits in a cell: if it is too long, its beginning and `…`.
fn cut(text: &str) -> String {
    // A text never has more characters than bytes.
    if text.len() <= MOST_CHARACTERS || text.encode_utf16().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    let mut room = MOST_CHARACTERS - 1;
    let fits = |one: &char| {
        let is_room = one.len_utf16() <= room;
        room = room.saturating_sub(one.len_utf16());
        is_room
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

fn io_error(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::report::columns::row;

    row! {
        #[derive(Serialize)]
        struct Counted {
            count: u64,
        }
    }

    #[test]
    fn long_texts_are_cut_to_the_size_of_a_cell() {
        assert_eq!(cut("short"), "short");
        for long in ["a".repeat(40_000), "名".repeat(40_000), "😀".repeat(40_000)] {
            let text = cut(&long);
            let characters = text.encode_utf16().count();
            assert!(text.ends_with('…'));
            assert!((MOST_CHARACTERS - 1..=MOST_CHARACTERS).contains(&characters), "{characters}");
        }
    }

    #[test]
    fn rows_that_do_not_fit_are_in_further_sheets() {
        let mut book = Book { most_rows: 3, ..Book::new() };
        book.add("findings", (0..5).map(|count| Counted { count })).unwrap();
        book.add("faults", std::iter::empty::<Counted>()).unwrap();
        let names: Vec<String> = book.workbook.worksheets().iter().map(Worksheet::name).collect();
        assert_eq!(names, ["findings", "findings 2", "findings 3", "faults"]);
    }
}
