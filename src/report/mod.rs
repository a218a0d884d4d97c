//! Writes results as CSV, JSON, JSON lines and plain text, with the published field names of
//! `docs/formats.md`.
//!
//! Texts in logs may come from attackers; each format cleans them for its reader. Knows results; does not
//! know how they were found.

mod access;
mod actions;
mod case;
mod clean;
mod columns;
mod count;
mod coverage;
mod csv;
mod doctor;
mod events;
mod explain;
mod export;
mod header;
mod html;
mod index;
mod json;
mod json_line;
mod known;
mod place;
mod row;
mod rules;
mod screen;
mod shown;
mod summary;
mod text;
mod trace;
mod triage;
mod tune;
mod unfinished;
mod verify;
mod width;
mod workbook;

use std::borrow::Cow;
use std::io::{self, Write};

use crate::coverage::Coverage;
use crate::query::Finding;

pub use access::{AccessProblem, AccessReport, AccessRow};
pub use actions::ActionsReport;
pub use case::{CaseInput, CaseRun, write_object_checksums, write_objects};
pub use clean::{
    flag_for_shell, for_json_in_terminal, for_shell, for_spreadsheet, for_terminal, for_xml,
    last_word_for_shell, path_for_shell,
};
pub use count::{plural, size};
pub use coverage::{CoverageReport, CoverageSettings};
pub use doctor::{Access, DoctorFormat, DoctorReport, Examined, Inside, SavedSummary};
pub use events::{
    Append, EventFilterSettings, EventFormat, EventReport, EventRow, EventSettings, EventsWritten,
};
pub use explain::ExplainReport;
pub use export::{AsffBatch, AsffBatches, ExportFormat};
pub use header::{FilterSettings, UsedGeoDatabase, UsedInventory, UsedRules, UsedSettings};
pub use html::PageContext;
pub use index::{IndexReport, IndexedArchive, IndexedObjects};
pub use known::{KnownAnswer, KnownReport, KnownSettings};
pub use row::FindingRow;
pub use rules::write_rule_counts;
pub use screen::Screen;
pub use shown::{ShownFormat, ShownReport};
pub use summary::{write_faults, write_losses, write_summary};
pub use trace::{TraceFormat, TraceReport};
pub use triage::{LabelledReport, TriageReport};
pub use tune::{TuneFormat, TuneReport};
pub use unfinished::unfinished;
pub use verify::VerifyReport;

/// Version of the published formats. It increases when the meaning of a field changes; new fields do not
/// change it.
pub const FORMAT_VERSION: u32 = 2;

/// Returns the text without cleaning.
fn as_it_is(text: &str) -> Cow<'_, str> {
    text.into()
}

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text.
    Text,
    /// CSV for spreadsheets: formulas get a leading `'`, and invisible characters are escaped.
    Csv,
    /// CSV with all texts as in the log.
    RawCsv,
    /// One JSON document with settings, coverage and rows.
    Json,
    /// One JSON value per line: a header, the rows, and a footer with the coverage.
    JsonLines,
}

/// One answer, ready to write.
#[derive(Debug)]
pub struct Report<'a> {
    /// The settings of the run.
    pub settings: &'a UsedSettings,
    /// The coverage of what was learnt.
    pub coverage: &'a Coverage,
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
    /// The findings, in order.
    pub findings: &'a [Finding<'a>],
}

impl Report<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let source = (self.settings, self.coverage);
        let rows =
            |clean| self.findings.iter().map(move |finding| FindingRow::new(finding, self.archives, clean));
        match format {
            Format::Text => text::write(self, out),
            Format::Csv => csv::write(FindingRow::COLUMNS, rows(for_spreadsheet), out),
            Format::RawCsv => csv::write(FindingRow::COLUMNS, rows(as_it_is), out),
            Format::Json => json::write(source, ("findings", rows(as_it_is)), out),
            Format::JsonLines => json::write_lines(source, rows(as_it_is), out),
        }
    }

    /// Writes text for a terminal: a summary, and lines that fit.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn show(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        text::show(self, screen, out)
    }

    /// Writes findings, coverage and settings as a workbook (`.xlsx`).
    ///
    /// # Errors
    /// If writing to `out` or to a temporary file fails.
    pub fn write_workbook(&self, out: &mut dyn Write) -> io::Result<()> {
        workbook::write(self, out)
    }
}
