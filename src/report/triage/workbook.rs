//! Incidents as a workbook: a sheet of incidents, one of their findings, and those that every workbook has.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::TriageReport;
use super::bits::rounded;
use super::csv_row::IncidentRow;
use super::incident_view::findings;
use super::words::of_surprise;
use crate::report::columns::{Column, Row, row};
use crate::report::workbook::{Book, add_coverage, add_settings};
use crate::report::{FindingRow, for_terminal};

row! {
    /// The place of a finding in the ranking.
    #[derive(Serialize)]
    struct Place {
        rank: usize,
        member: usize,
    }
}

row! {
    /// What a finding adds to the score.
    #[derive(Serialize)]
    struct Surprising<'a> {
        bits: Option<f64>,
        class: Option<&'static str>,
        reason: Option<Cow<'a, str>>,
    }
}

/// A finding, with its place and what it adds to the score.
#[derive(Serialize)]
struct RankedFinding<'a> {
    place: Place,
    row: FindingRow<'a>,
    surprising: Surprising<'a>,
}

impl Row for RankedFinding<'_> {
    fn columns() -> Vec<Column> {
        [Place::columns(), FindingRow::columns(), Surprising::columns()].concat()
    }
}

pub(super) fn write(report: &TriageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut book = Book::new();
    let weights = &report.question.weights;
    let incidents =
        report.ranked().map(|(rank, incident)| IncidentRow::new(rank, incident, for_terminal, weights));
    book.add("incidents", incidents)?;
    let ranked = report.ranked().flat_map(|(rank, incident)| {
        findings(incident, report.archives, weights).into_iter().map(move |view| {
            let surprise = view.one.surprise.as_ref();
            RankedFinding {
                place: Place { rank, member: view.member },
                row: FindingRow::new(&view.one.finding, report.archives, for_terminal),
                surprising: Surprising {
                    bits: surprise.map(|surprise| rounded(surprise.bits)),
                    class: surprise.and_then(|surprise| surprise.class).map(|class| class.name()),
                    reason: surprise
                        .map(|surprise| for_terminal(&of_surprise(surprise, weights)).into_owned().into()),
                },
            }
        })
    });
    book.add("findings", ranked)?;
    add_coverage(&mut book, report.coverage)?;
    add_settings(&mut book, &report.settings()?)?;
    book.write(out)
}
