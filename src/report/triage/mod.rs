//! A ranking of incidents: text for people, CSV, JSON and JSON lines for programs.

mod bits;
mod command;
mod csv_row;
mod export;
mod finding_view;
mod incident_text;
mod incident_view;
mod labels;
mod member_view;
mod reason_view;
mod sparkline;
mod text;
mod timeline;
mod words;
mod workbook;

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Value, json};

pub use self::labels::LabelledReport;

use self::command::command;
use self::csv_row::IncidentRow;
use self::incident_view::IncidentView;
use super::columns::Row;
use super::row::named;
use super::{AsffBatches, Format, Screen, UsedSettings, as_it_is, csv, for_spreadsheet, json as json_format};

pub(super) use self::bits::rounded;
pub(super) use self::command::principal_command;
pub(super) use self::incident_view::MostOfIncident;
pub(super) use self::sparkline::days_in_column;
use crate::coverage::Coverage;
use crate::query::{Incident, Triage, TriageQuestion, Weights};
use crate::time::Day;

/// A ranking, ready to write.
#[derive(Debug)]
pub struct TriageReport<'a> {
    /// The settings of the run; those that a ranking does not have are ignored.
    pub settings: &'a UsedSettings,
    /// The coverage of what was learnt.
    pub coverage: &'a Coverage,
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
    /// The archives or baselines as words of a command, quoted for a shell.
    pub source: &'a str,
    /// The same for `firstseen trace`; none for lists of objects and several baselines, which it does not take.
    pub trace_source: Option<&'a str>,
    /// For those: the command that makes one baseline of them, and its name; none if they cannot be read again.
    pub one_baseline: Option<(&'a str, &'a str)>,
    /// Whether they are baselines, which keep no records.
    pub is_saved: bool,
    /// The day on which an object was delivered, if its path says so.
    pub delivery_day: fn(&str) -> Option<Day>,
    /// The question.
    pub question: &'a TriageQuestion,
    /// How many incidents to write; all, if `None`.
    pub top: Option<usize>,
    /// The answer.
    pub triage: &'a Triage<'a>,
}

impl TriageReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let rows = || self.ranked().map(|(rank, incident)| IncidentView::new(rank, incident, self.context()));
        let csv_rows = |clean: fn(&str) -> Cow<'_, str>| {
            self.ranked()
                .map(move |(rank, incident)| IncidentRow::new(rank, incident, clean, &self.question.weights))
        };
        match format {
            Format::Text => text::write(self, out),
            Format::Csv => csv::write(&IncidentRow::names(), csv_rows(for_spreadsheet), out),
            Format::RawCsv => csv::write(&IncidentRow::names(), csv_rows(as_it_is), out),
            Format::Json => {
                json_format::write((&self.settings()?, self.coverage), ("incidents", rows()), out)
            }
            Format::JsonLines => json_format::write_lines((&self.settings()?, self.coverage), rows(), out),
        }
    }

    /// Writes text for a terminal: a summary, and lines that fit.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn show(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        text::show(self, screen, out)
    }

    /// Writes the incidents as OCSF Detection Findings 1.3.0, one per line.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write_ocsf(&self, out: &mut dyn Write) -> io::Result<()> {
        export::write_ocsf(self, out)
    }

    /// Writes the findings of the incidents as events of a timeline in Timesketch, one per line.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write_timesketch(&self, out: &mut dyn Write) -> io::Result<()> {
        timeline::write(self, out)
    }

    /// Writes incidents, their findings, coverage and settings as a workbook (`.xlsx`).
    ///
    /// # Errors
    /// If writing to `out` or to a temporary file fails.
    pub fn write_workbook(&self, out: &mut dyn Write) -> io::Result<()> {
        workbook::write(self, out)
    }

    /// The incidents in Security Hub's format, in batches of one account and Region each, and the number of incidents
    /// left out because they have no account.
    pub fn asff(&self) -> (AsffBatches<'_>, usize) {
        export::asff(self)
    }

    /// What the fields of incidents need besides these: names of archives, and the constants of the score.
    fn context(&self) -> (&[String], &Weights) {
        (self.archives, &self.question.weights)
    }

    /// The incidents for a page under their published names, each with the command that shows its records or findings as `command`, the
    /// principal of the episode with its score as `lead_principal`, and what is left out as `left_out`.
    pub(super) fn incidents(&self, most: MostOfIncident) -> impl Iterator<Item = serde_json::Result<Value>> {
        self.ranked().map(move |(rank, incident)| {
            let mut view = IncidentView::new(rank, incident, self.context());
            let left_out = view.cut(most);
            let mut view = serde_json::to_value(view)?;
            view["left_out"] = serde_json::to_value(left_out)?;
            view["lead_principal"] = json!(named(&incident.leading().who.key));
            view["command"] = json!(command(self, incident));
            Ok(view)
        })
    }

    /// How many incidents there are, or why there are none, in words.
    pub(super) fn total(&self, shown: usize) -> String {
        text::total(self, shown)
    }

    /// Which facts are later than the episodes that they are about, if scores use any.
    pub(super) fn looks_ahead(&self) -> Option<String> {
        text::looks_ahead(self.question)
    }

    /// The incidents to write, each with its rank, counted from 1.
    fn ranked(&self) -> impl Iterator<Item = (usize, &Incident<'_>)> {
        (1..).zip(&self.triage.incidents).take(self.top.unwrap_or(usize::MAX))
    }

    /// The settings of the run, with those of the ranking.
    pub(super) fn settings(&self) -> serde_json::Result<Value> {
        let mut settings = serde_json::to_value(self.settings)?;
        if let Some(fields) = settings.as_object_mut() {
            for of_scan in ["forget", "report", "all_matches", "min_severity", "sort"] {
                fields.remove(of_scan);
            }
        }
        let question = self.question;
        settings["by"] = json!(question.by.name());
        settings["episode_gap"] = json!(question.gap.to_string());
        settings["as_of_then"] = json!(question.as_of_then);
        settings["top"] = json!(self.top);
        let defaults = Weights::default();
        let changed = question.weights.values().zip(defaults.values()).filter(|(used, usual)| used != usual);
        settings["weights"] = changed.map(|((name, value), _)| (name.to_owned(), json!(value))).collect();
        if !question.known.is_empty() {
            settings["known"] =
                question.known.counts().map(|(list, count)| (list.to_owned(), json!(count))).collect();
        }
        Ok(settings)
    }
}
