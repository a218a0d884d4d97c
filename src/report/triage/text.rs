//! A ranking as text: the archive, what was new over time, and each incident in at most eight lines.

use std::io::{self, Write};

use super::TriageReport;
use super::command::command;
use super::incident_text::incident_lines;
use super::sparkline;
use super::words::{counted, grouped};
use crate::query::{Overview, TriageQuestion};
use crate::report::for_terminal;
use crate::time::Timestamp;

pub(super) fn write(report: &TriageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let overview = &report.triage.overview;
    if let Some(span) = overview.span {
        writeln!(out, "{}", archive(report, overview, span))?;
    }
    for line in sparkline::lines(overview).into_iter().flatten() {
        writeln!(out, "{line}")?;
    }
    for (rank, incident) in report.ranked() {
        writeln!(out)?;
        for line in incident_lines(rank, incident, &report.question.weights) {
            writeln!(out, "{}", for_terminal(&line))?;
        }
        writeln!(out, "   {}", for_terminal(&command(report, incident)))?;
    }
    let shown = report.ranked().count();
    if shown > 0 {
        writeln!(out)?;
    }
    writeln!(out, "{}", total(report, shown))?;
    if let Some(looks_ahead) = report.looks_ahead().filter(|_| shown > 0) {
        writeln!(out, "{looks_ahead}")?;
    }
    Ok(())
}

/// The archive in a line.
fn archive(report: &TriageReport<'_>, overview: &Overview, [first, last]: [Timestamp; 2]) -> String {
    let coverage = report.coverage;
    let faults = match coverage.fault_count {
        0 => "no faults".to_owned(),
        faults => counted(faults, "fault"),
    };
    format!(
        "archive: {} to {}, {}, {}, {}; {} read, {faults}",
        first.day(),
        last.day(),
        counted(overview.accounts, "account"),
        counted(overview.principals, "principal"),
        counted(overview.events, "event"),
        counted(coverage.objects.read, "object"),
    )
}

/// How many there are, or why there are none.
pub(super) fn total(report: &TriageReport<'_>, shown: usize) -> String {
    let (overview, question) = (&report.triage.overview, report.question);
    let all = report.triage.incidents.len();
    let what = question.by.name();
    let from =
        format!("{} with {}", counted(overview.episodes, "episode"), counted(overview.findings, "finding"));
    match overview.span {
        _ if all > 0 => {
            let counted = counted(all as u64, what);
            let shown = match shown < all {
                true => format!("{} of {counted} (--top N shows more)", grouped(shown as u64)),
                false => counted,
            };
            format!("{shown}; the archive has {from}")
        }
        None => "nothing to rank: no event counts".to_owned(),
        Some(_) if overview.episodes > 0 => {
            format!("nothing to show: none of {from} is in the window and passes the filters")
        }
        Some([first, last]) if last.micros_since(first) < question.warmup.micros() => {
            format!(
                "nothing to rank: the archive is shorter than the warmup of {} (--warmup)",
                question.warmup
            )
        }
        Some(_) => format!("nothing to rank: nothing was new after the warmup of {}", question.warmup),
    }
}

/// Which facts are later than the episodes that they are about.
pub(super) fn looks_ahead(question: &TriageQuestion) -> String {
    format!(
        "scores look ahead: who did the same up to {} days later, and what went on (--as-of-then leaves this out)",
        question.weights.window_days
    )
}
