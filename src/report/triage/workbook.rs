//! Incidents as a workbook: a sheet of incidents, one of their findings, and those that every workbook has.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::TriageReport;
use super::bits::rounded;
use super::csv_row::{COLUMNS, IncidentRow};
use super::incident_view::findings;
use super::words::of_surprise;
use crate::report::workbook::{Book, add_coverage, add_settings};
use crate::report::{FindingRow, for_terminal};

/// What a finding of an incident has besides the fields of a finding, before and after these.
const BEFORE: [&str; 2] = ["rank", "member"];
const AFTER: [&str; 3] = ["bits", "class", "reason"];

/// A finding, with its place and what it adds to the score.
#[derive(Serialize)]
struct RankedFinding<'a> {
    rank: usize,
    member: usize,
    row: FindingRow<'a>,
    bits: Option<f64>,
    class: Option<&'static str>,
    reason: Option<Cow<'a, str>>,
}

pub(super) fn write(report: &TriageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut book = Book::new();
    let weights = &report.question.weights;
    let incidents =
        report.ranked().map(|(rank, incident)| IncidentRow::new(rank, incident, for_terminal, weights));
    book.add("incidents", &COLUMNS, incidents)?;
    let columns = [&BEFORE, FindingRow::COLUMNS, &AFTER].concat();
    let ranked = report.ranked().flat_map(|(rank, incident)| {
        findings(incident, report.archives, weights).into_iter().map(move |view| {
            let surprise = view.one.surprise.as_ref();
            RankedFinding {
                rank,
                member: view.member,
                row: FindingRow::new(&view.one.finding, report.archives, for_terminal),
                bits: surprise.map(|surprise| rounded(surprise.bits)),
                class: surprise.and_then(|surprise| surprise.class).map(|class| class.name()),
                reason: surprise
                    .map(|surprise| for_terminal(&of_surprise(surprise, weights)).into_owned().into()),
            }
        })
    });
    book.add("findings", &columns, ranked)?;
    add_coverage(&mut book, report.coverage)?;
    add_settings(&mut book, &report.settings()?)?;
    book.write(out)
}
