//! What tuning found: for people as charts and tables, for programs as CSV and JSON, for documents as SVG.

mod chart;
mod command;
mod csv;
mod grid_view;
mod json;
mod svg;
mod table;
mod terminal;
mod view;

use std::io::{self, Write};

use super::UsedSettings;
use crate::coverage::Coverage;
use crate::query::{TuneGrid, Tuning};

/// How a tuning is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TuneFormat {
    /// For people: a chart, a selection of the settings, who makes the noise, the incidents.
    Text,
    /// One line for each setting.
    Csv,
    /// One JSON document with everything.
    Json,
}

/// A tuning, ready to be written.
#[derive(Debug)]
pub struct TuneReport<'a> {
    /// The settings that all rows share; its warmup, forget span and anchor are not looked at.
    pub settings: &'a UsedSettings,
    /// What it was learnt from.
    pub coverage: &'a Coverage,
    /// The settings that were tried.
    pub grid: &'a TuneGrid,
    /// What they would have reported.
    pub tuning: &'a Tuning<'a>,
}

impl TuneReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn write(&self, format: TuneFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            TuneFormat::Text => table::write(self, out),
            TuneFormat::Csv => csv::write(self.tuning, out),
            TuneFormat::Json => json::write(self, out),
        }
    }

    /// Writes the chart as a picture.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn write_svg(&self, out: &mut dyn Write) -> io::Result<()> {
        svg::write(self.tuning, out)
    }
}
