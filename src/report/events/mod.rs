//! Events in time order, written one by one as they come: any number of them needs no more memory.

mod event_table;
mod partitions;
mod row;
mod settings;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use super::clean::for_json_in_terminal;
use super::{as_it_is, csv, for_spreadsheet, json, json_line, plural};
use crate::decode::Json;
use crate::events::{Event, Events};
use event_table::EventTable;
use partitions::Partitions;
use row::{Present, RowForm};

pub use partitions::Append;
pub use row::EventRow;
pub use settings::{EventFilterSettings, EventSettings};

/// A format of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFormat {
    /// A timeline, one line per event.
    Text,
    /// CSV for spreadsheets: formulas get a leading `'`, and invisible characters are escaped.
    Csv,
    /// CSV with all texts as in the log.
    RawCsv,
    /// One JSON document with settings, coverage and rows.
    Json,
    /// One JSON value per line: a header, the rows, and a footer with the coverage.
    JsonLines,
    /// The records as delivered, one per line.
    Records {
        /// Whether invisible characters are escaped.
        is_for_terminal: bool,
    },
    /// One Parquet file with typed columns, sorted by time.
    Parquet,
}

/// Events, ready to write.
#[derive(Debug)]
pub struct EventReport<'a> {
    /// The settings of the run.
    pub settings: &'a EventSettings,
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
    /// The events.
    pub events: &'a Events,
}

/// How many events were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventsWritten {
    /// All of them.
    pub events: u64,
    /// Those that are first sightings.
    pub first_sightings: u64,
}

impl fmt::Display for EventsWritten {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {}", plural(self.events, "event"), plural(self.first_sightings, "first sighting"))
    }
}

impl EventsWritten {
    fn count(&mut self, event: &Event<'_>) {
        self.events += 1;
        self.first_sightings += u64::from(event.is_first_sighting);
    }
}

impl EventReport<'_> {
    /// Writes all events; returns how many they were.
    ///
    /// # Errors
    /// If a temporary file cannot be read, or if writing to `out` fails.
    pub fn write(&self, format: EventFormat, out: &mut dyn Write) -> io::Result<EventsWritten> {
        match format {
            EventFormat::Text => self.write_text(out),
            EventFormat::Csv => self.write_csv(for_spreadsheet, out),
            EventFormat::RawCsv => self.write_csv(as_it_is, out),
            EventFormat::Json => self.write_json(out),
            EventFormat::JsonLines => self.write_json_lines(out),
            EventFormat::Parquet => self.write_parquet(out),
            EventFormat::Records { is_for_terminal } => self.write_records(is_for_terminal, out),
        }
    }

    /// Writes Parquet files in folders by account and day. `append` adds bytes to the file at a path below the folder of all.
    ///
    /// # Errors
    /// If a temporary file cannot be read, or if `append` fails.
    pub fn write_partitions(&self, append: &mut Append<'_>) -> io::Result<EventsWritten> {
        let mut partitions = Partitions::default();
        let written = self.each(|event| partitions.add(event, &self.row(event), append))?;
        partitions.end_day(append)?;
        Ok(written)
    }

    fn write_records(&self, is_for_terminal: bool, out: &mut dyn Write) -> io::Result<EventsWritten> {
        let clean = if is_for_terminal { for_json_in_terminal } else { as_it_is };
        self.each(|event| {
            let not_kept =
                || io::Error::new(io::ErrorKind::InvalidInput, "the texts of records were not kept");
            writeln!(out, "{}", clean(&one_line(event.raw.ok_or_else(not_kept)?)))
        })
    }

    /// Calls `take` with each event.
    fn each(&self, mut take: impl FnMut(&Event<'_>) -> io::Result<()>) -> io::Result<EventsWritten> {
        let mut written = EventsWritten::default();
        self.events.for_each(&mut |event| {
            written.count(event);
            take(event)
        })?;
        Ok(written)
    }

    fn write_text(&self, out: &mut dyn Write) -> io::Result<EventsWritten> {
        let written = self.each(|event| text::write_line(event, self.archives, out))?;
        writeln!(out, "{written}")?;
        Ok(written)
    }

    fn write_csv(&self, clean: fn(&str) -> Cow<'_, str>, out: &mut dyn Write) -> io::Result<EventsWritten> {
        let mut rows = csv::Rows::new(EventRow::COLUMNS, out)?;
        let written =
            self.each(|event| rows.add(EventRow::new(event, self.archives, clean, RowForm::Csv)))?;
        rows.end()?;
        Ok(written)
    }

    fn write_json(&self, out: &mut dyn Write) -> io::Result<EventsWritten> {
        json::write_head(self.settings, &self.events.coverage, out)?;
        let mut list = json::List::begin("events", out)?;
        let written = self.each(|event| list.add(&Present(&self.row(event)), out))?;
        list.end(out)?;
        out.write_all(b"\n}\n")?;
        Ok(written)
    }

    fn write_json_lines(&self, out: &mut dyn Write) -> io::Result<EventsWritten> {
        let mut written = EventsWritten::default();
        let rows = |out: &mut dyn Write| {
            written = self.each(|event| json_line::line(&Present(&self.row(event)), out))?;
            Ok(())
        };
        json::write_lines_by((self.settings, &self.events.coverage), rows, out)?;
        Ok(written)
    }

    fn write_parquet(&self, out: &mut dyn Write) -> io::Result<EventsWritten> {
        let mut table = EventTable::default();
        let written = self.each(|event| table.add(&self.row(event), out))?;
        table.end(out)?;
        Ok(written)
    }

    fn row<'e>(&'e self, event: &Event<'e>) -> EventRow<'e> {
        EventRow::new(event, self.archives, as_it_is, RowForm::Json)
    }
}

/// The text of a record on one line: as it is, or if it has line ends, without white space between tokens. Line ends in strings,
/// which JSON forbids, are escaped.
fn one_line(record: &str) -> Cow<'_, str> {
    const ENDS: [char; 2] = ['\n', '\r'];
    if !record.contains(ENDS) {
        return Cow::Borrowed(record);
    }
    let compact = Json::new(record).text();
    if compact.contains(ENDS) { compact.replace('\n', "\\n").replace('\r', "\\r").into() } else { compact }
}
