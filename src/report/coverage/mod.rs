//! What an archive covers, as text, CSV, JSON and JSON lines.

mod day_row;
mod logging_text;
mod logging_view;
mod place_view;
mod settings;
mod strip;
mod text;

use std::io::{self, Write};

use serde::Serialize;

use self::day_row::{DAY_COLUMNS, day_rows};
use self::logging_view::{LoggingChangeView, LoggingSpanView};
use self::place_view::PlaceView;
use super::{Format, as_it_is, csv, for_spreadsheet, json};
use crate::coverage::Coverage;
use crate::query::CoverageAnswer;

pub use settings::CoverageSettings;

/// What an archive covers, ready to write.
#[derive(Debug)]
pub struct CoverageReport<'a> {
    /// The settings of the run.
    pub settings: &'a CoverageSettings,
    /// The coverage of all that was read.
    pub coverage: &'a Coverage,
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
    /// The answer.
    pub answer: &'a CoverageAnswer<'a>,
}

/// A line of JSON lines, under the name of what it is.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Place(PlaceView<'a>),
    LoggingSpan(Box<LoggingSpanView<'a>>),
    LoggingChange(Box<LoggingChangeView<'a>>),
    OtherLoggingChanges(u64),
}

impl CoverageReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let CoverageAnswer { places, logging_spans, logging_changes, .. } = self.answer;
        let others = Some(self.answer.other_changes).filter(|others| *others > 0);
        let views = || places.iter().map(PlaceView::new);
        let spans = || logging_spans.iter().map(LoggingSpanView::new);
        let changes = || logging_changes.iter().map(LoggingChangeView::new);
        match format {
            Format::Text => text::write(self, out),
            Format::Csv => csv::write(DAY_COLUMNS, day_rows(places, for_spreadsheet), out),
            Format::RawCsv => csv::write(DAY_COLUMNS, day_rows(places, as_it_is), out),
            Format::Json => {
                json::write_head(self.settings, self.coverage, out)?;
                json::write_lines_of("places", views(), out)?;
                json::write_lines_of("logging_spans", spans(), out)?;
                json::write_lines_of("logging_changes", changes(), out)?;
                if let Some(others) = others {
                    json::write_field("other_logging_changes", &others, out)?;
                }
                out.write_all(b"\n}\n")
            }
            Format::JsonLines => {
                let lines =
                    views().map(Line::Place).chain(spans().map(|span| Line::LoggingSpan(span.into())));
                let lines = lines.chain(changes().map(|change| Line::LoggingChange(change.into())));
                let lines = lines.chain(others.map(Line::OtherLoggingChanges));
                json::write_lines((self.settings, self.coverage), lines, out)
            }
        }
    }
}
