//! An answer as a workbook (`.xlsx`): a sheet for each kind of rows, for programs that calculate and filter.
//!
//! Times are times, numbers are numbers, and every other value is a text, which no program runs as a formula or opens as a link. Texts
//! are cleaned as for a terminal: invisible characters are escaped.

mod book;
mod column;
mod coverage;

use std::io::{self, Write};

use super::{FindingRow, Report, for_terminal};

pub(super) use book::Book;
pub(super) use coverage::{add_coverage, add_settings};

/// Writes findings, coverage and settings.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut book = Book::new();
    let rows = report.findings.iter().map(|one| FindingRow::new(one, report.archives, for_terminal));
    book.add("findings", rows)?;
    add_coverage(&mut book, report.coverage)?;
    add_settings(&mut book, &serde_json::to_value(report.settings)?)?;
    book.write(out)
}
