//! Behaviours known at a point in time, changes between two, or counts over time: as text, CSV, JSON and JSON
//! lines.

mod columns;
mod period;
mod row;
mod settings;
mod text;

use std::io::{self, Write};

use super::{Format, as_it_is, csv, for_spreadsheet, json};
use crate::coverage::Coverage;
use crate::query::{KnownActions, Timeline};

pub use settings::KnownSettings;

/// An answer to one of the three questions.
#[derive(Debug)]
pub enum KnownAnswer<'a> {
    /// Known behaviours.
    Known(KnownActions<'a>),
    /// Changes.
    Changes(KnownActions<'a>),
    /// Counts over time.
    Timeline(Vec<Timeline<'a>>),
}

/// One answer about the past, ready to write.
#[derive(Debug)]
pub struct KnownReport<'a> {
    /// The settings of the run.
    pub settings: &'a KnownSettings,
    /// The coverage of what was learnt.
    pub coverage: &'a Coverage,
    /// The answer.
    pub answer: &'a KnownAnswer<'a>,
}

impl KnownAnswer<'_> {
    /// Number of rows with a count that is only known as a range.
    pub fn inexact_rows(&self) -> usize {
        match self {
            Self::Known(known) | Self::Changes(known) => {
                let rows = known.groups.iter().flat_map(|group| &group.rows);
                rows.filter(|row| row.measure.count.exact().is_none()).count()
            }
            Self::Timeline(timelines) => {
                let periods = timelines.iter().flat_map(|timeline| &timeline.periods);
                periods.filter(|period| period.sightings.exact().is_none()).count()
            }
        }
    }
}

impl KnownReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match self.answer {
            KnownAnswer::Known(known) => self.write_known(known, format, out),
            KnownAnswer::Changes(known) => self.write_known(known, format, out),
            KnownAnswer::Timeline(timelines) => self.write_timeline(timelines, format, out),
        }
    }

    fn write_known(&self, known: &KnownActions<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let source = (self.settings, self.coverage);
        let changes = matches!(self.answer, KnownAnswer::Changes(_));
        let name = if changes { "changes" } else { "known" };
        let all = known.groups.iter().flat_map(|group| &group.rows);
        let rows = |clean| all.clone().map(move |known| row::ActionRow::new(known, clean));
        match format {
            Format::Text => text::write(known, changes, out),
            Format::Csv => csv::write(&row::COLUMNS, rows(for_spreadsheet), out),
            Format::RawCsv => csv::write(&row::COLUMNS, rows(as_it_is), out),
            Format::Json => json::write(source, (name, rows(as_it_is)), out),
            Format::JsonLines => json::write_lines(source, rows(as_it_is), out),
        }
    }

    fn write_timeline(
        &self,
        timelines: &[Timeline<'_>],
        format: Format,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let source = (self.settings, self.coverage);
        let rows = |clean| {
            let periods = timelines
                .iter()
                .flat_map(|timeline| timeline.periods.iter().map(|period| (&timeline.subject, period)));
            periods.map(move |(subject, period)| period::PeriodRow::new(subject, period, clean))
        };
        match format {
            Format::Text => text::write_timelines(timelines, out),
            Format::Csv => csv::write(&period::COLUMNS, rows(for_spreadsheet), out),
            Format::RawCsv => csv::write(&period::COLUMNS, rows(as_it_is), out),
            Format::Json => json::write(source, ("timeline", rows(as_it_is)), out),
            Format::JsonLines => json::write_lines(source, rows(as_it_is), out),
        }
    }
}
