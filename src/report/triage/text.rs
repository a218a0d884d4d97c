//! A ranking as text: the archive, what was new over time, and each incident in at most eight lines.

use std::io::{self, Write};

use super::TriageReport;
use super::command::{command, command_words};
use super::incident_text::{access_keys, incident_lines, score_in_words};
use super::sparkline;
use crate::query::{Filter, Incident, TriageQuestion};
use crate::report::count::{counted, grouped, principals_of_accounts};
use crate::report::for_terminal;
use crate::report::screen::{Line, Piece, Screen, Tone, counted_by_severity};
use crate::time::Timestamp;

/// How far the lines of an incident below its head are indented.
const INDENT: usize = 3;

pub(super) fn write(report: &TriageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    for line in archive_and_novelty(report) {
        writeln!(out, "{line}")?;
    }
    for (rank, incident) in report.ranked() {
        writeln!(out)?;
        lines(report, rank, incident).iter().try_for_each(|line| line.write(out))?;
        writeln!(out, "{:INDENT$}{}", "", for_terminal(&command(report, incident)))?;
    }
    for line in end(report) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Writes the ranking for a terminal, after a summary.
pub(super) fn show(report: &TriageReport<'_>, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let incidents = &report.triage.incidents;
    let mut head =
        vec![Piece::whole(counted(incidents.len() as u64, report.question.by.name())).in_tone(Tone::Strong)];
    if !incidents.is_empty() {
        head.push(Piece::text(": "));
        head.extend(counted_by_severity(incidents.iter().map(|incident| incident.severity())));
    }
    screen.write(&Line::new(0, head), out)?;
    let write = |text: String, out: &mut dyn Write| screen.write(&Line::new(0, vec![Piece::text(text)]), out);
    archive_and_novelty(report).into_iter().try_for_each(|line| write(line, out))?;
    for (rank, incident) in report.ranked() {
        out.write_all(b"\n")?;
        lines(report, rank, incident).iter().try_for_each(|line| screen.write(line, out))?;
        let words: Vec<String> =
            command_words(report, incident).iter().map(|word| for_terminal(word).into_owned()).collect();
        screen.write_command(INDENT, &words, out)?;
    }
    for line in end(report) {
        match line.is_empty() {
            true => out.write_all(b"\n")?,
            false => write(line, out)?,
        }
    }
    Ok(())
}

/// The archive, and what was new in it over time.
fn archive_and_novelty(report: &TriageReport<'_>) -> Vec<String> {
    let overview = &report.triage.overview;
    let before = if report.is_filtered() { ", before filters" } else { "" };
    let archive = overview.archive.span.map(|span| archive(report, before, span));
    archive.into_iter().chain(sparkline::lines(overview, before).into_iter().flatten()).collect()
}

/// The lines of an incident without its command.
fn lines(report: &TriageReport<'_>, rank: usize, incident: &Incident<'_>) -> Vec<Line> {
    let severity = incident.severity();
    let head = [
        Piece::whole(format!("{rank}. {}", severity.name())).in_tone(Tone::Of(severity)),
        Piece::text(score_in_words(incident)),
    ];
    let below = incident_lines(incident, &report.question.weights, report.trace_source);
    let below = below.iter().map(|line| Line::new(INDENT, vec![Piece::text(for_terminal(line))]));
    [Line::joined(0, "  ", head)].into_iter().chain(below).collect()
}

/// How many incidents there are, after those shown, and what their scores know.
fn end(report: &TriageReport<'_>) -> Vec<String> {
    let shown = report.ranked().count();
    let gap = (shown > 0).then(String::new);
    let looks_ahead = report.looks_ahead().filter(|_| shown > 0);
    let trace = how_to_trace(report);
    let only_success = (shown > 0 && report.question.only_success)
        .then(|| "failed calls count as not seen (--only-success): who and what is new may have been refused before".to_owned());
    let notes = [looks_ahead, only_success, trace];
    gap.into_iter().chain([total(report, shown)]).chain(notes.into_iter().flatten()).collect()
}

/// How the keys that are shown are traced if `firstseen trace` does not take the sources.
fn how_to_trace(report: &TriageReport<'_>) -> Option<String> {
    let (command, name) = report.one_baseline?;
    let has_keys = report.ranked().any(|(_, incident)| !access_keys(incident).is_empty());
    let command = for_terminal(command);
    has_keys.then(|| {
        format!("to trace a key, make one baseline of all: {command}, then firstseen trace {name} KEY")
    })
}

impl TriageReport<'_> {
    /// Whether the question leaves out incidents.
    pub(in crate::report) fn is_filtered(&self) -> bool {
        let question = self.question;
        question.from.is_some() || question.to.is_some() || question.filter != Filter::default()
    }
}

/// The archive in a line.
fn archive(report: &TriageReport<'_>, before: &str, [first, last]: [Timestamp; 2]) -> String {
    let (coverage, overview) = (report.coverage, &report.triage.overview);
    let mut faults = match coverage.fault_count {
        0 => "no faults".to_owned(),
        faults => counted(faults, "fault"),
    };
    if !coverage.unfinished.is_empty() {
        faults.push_str(", unfinished");
    }
    format!(
        "archive{before}: {} to {}, {}, {}; {} read, {faults}",
        first.day(),
        last.day(),
        principals_of_accounts(overview.archive.principals, overview.archive.accounts, "of"),
        counted(overview.archive.events, "event"),
        counted(coverage.objects.read, "object"),
    )
}

/// How many there are, or why there are none.
pub(super) fn total(report: &TriageReport<'_>, shown: usize) -> String {
    let (overview, question) = (&report.triage.overview, report.question);
    let all = report.triage.incidents.len();
    let what = question.by.name();
    let from = format!(
        "{} with {} in all dimensions",
        counted(overview.episodes, "episode"),
        counted(overview.findings, "finding")
    );
    match overview.archive.span {
        _ if all > 0 => {
            let (pass, whole) = match (report.is_filtered(), all) {
                (false, _) => ("", ""),
                (true, 1) => (" that passes the filters", "whole "),
                (true, _) => (" that pass the filters", "whole "),
            };
            let counted = format!("{}{pass}", counted(all as u64, what));
            let shown = match shown < all {
                true => format!("{} of {counted} (--top N shows more)", grouped(shown as u64)),
                false => counted,
            };
            format!("{shown}; the {whole}archive has {from}")
        }
        None => "nothing to rank: no events were learnt".to_owned(),
        Some(_) if overview.episodes > 0 => {
            let nothing = format!("nothing to show: none of {from} is in the window and passes the filters");
            match before_warmup(report) {
                Some(end) => {
                    format!("{nothing}; the warmup ends at {end} (--warmup)")
                }
                None => nothing,
            }
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

/// The end of the warmup of who was there first, if the window ends before it.
fn before_warmup(report: &TriageReport<'_>) -> Option<Timestamp> {
    let [first, _] = report.triage.overview.archive.span?;
    let end = first.plus(report.question.warmup);
    report.question.to.filter(|to| *to < end).map(|_| end)
}

/// Which facts are later than the episodes that they are about, if scores use any.
pub(super) fn looks_ahead(question: &TriageQuestion) -> Option<String> {
    let weights = &question.weights;
    let others = match weights.window_days {
        0.0 => None,
        1.0 => Some("who did the same up to a day later".to_owned()),
        days => Some(format!("who did the same up to {days} days later")),
    };
    // A factor of one changes nothing.
    let stays = (weights.stays != 1.0).then(|| "what went on".to_owned());
    let facts: Vec<String> = others.into_iter().chain(stays).collect();
    let looks = !question.as_of_then && !facts.is_empty();
    looks.then(|| format!("scores look ahead: {} (--as-of-then leaves this out)", facts.join(", and ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Weights;

    #[test]
    fn what_scores_look_ahead_to_is_that_of_the_weights() {
        let of = |window_days, stays| {
            let weights = Weights { window_days, stays, ..Weights::default() };
            looks_ahead(&TriageQuestion { weights, ..TriageQuestion::default() })
        };
        let text = |facts: &str| Some(format!("scores look ahead: {facts} (--as-of-then leaves this out)"));
        assert_eq!(of(7.0, 0.25), text("who did the same up to 7 days later, and what went on"));
        assert_eq!(of(1.0, 1.0), text("who did the same up to a day later"));
        assert_eq!(of(0.0, 0.25), text("what went on"));
        assert_eq!(of(0.0, 1.0), None);
        let then = TriageQuestion { as_of_then: true, ..TriageQuestion::default() };
        assert_eq!(looks_ahead(&then), None);
    }
}
