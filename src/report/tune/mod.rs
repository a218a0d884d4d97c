//! The results of tuning: charts and tables as text, CSV and JSON for programs, SVG for documents.

mod cells;
mod chart;
mod command;
mod csv;
mod grid_view;
mod incidents;
mod json;
mod svg;
mod table;
mod terminal;
mod view;

use std::io::{self, Write};

use super::UsedSettings;
use crate::coverage::Coverage;
use crate::query::{TuneGrid, Tuning};

/// An output format for a tuning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TuneFormat {
    /// Text: a chart, a selection of the settings, the noisiest principals and accounts, the incidents.
    Text,
    /// One line for each setting.
    Csv,
    /// One JSON document with everything.
    Json,
}

/// A tuning, ready to write.
#[derive(Debug)]
pub struct TuneReport<'a> {
    /// What was read, as words of a command: for text only, so that the same logs give the same data anywhere.
    pub source: &'a str,
    /// The settings that all rows share; its warmup, forget span and anchor are ignored.
    pub settings: &'a UsedSettings,
    /// The coverage of what was learnt.
    pub coverage: &'a Coverage,
    /// The flags that name the rules whose matches raise severities, as words of a command; none if a saved baseline has the matches.
    pub rules: &'a [String],
    /// The settings tried.
    pub grid: &'a TuneGrid,
    /// The findings that they would have reported.
    pub tuning: &'a Tuning<'a>,
}

impl TuneReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: TuneFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            TuneFormat::Text => table::write(self, out),
            TuneFormat::Csv => csv::write(self.tuning, out),
            TuneFormat::Json => json::write(self, out),
        }
    }

    /// Writes the chart as SVG.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write_svg(&self, out: &mut dyn Write) -> io::Result<()> {
        svg::write(self.tuning, out)
    }
}
