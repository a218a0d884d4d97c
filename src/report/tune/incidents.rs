//! The incidents of a tuning as text: which are reported, what fewer findings cost, and the suggestion.

use std::io::{self, Write};

use super::TuneReport;
use super::cells::{mean, number};
use super::command::scan_command;
use super::grid_view::{flags, longest_warmup};
use crate::query::{
    Calls, HiddenFindings, IncidentFindings, IncidentOutcome, Keep, TradeOff, Tuning, TuningRow,
};
use crate::report::for_terminal;
use crate::time::Span;

/// Number of lost incidents that are named in a line.
const LOST_NAMED: usize = 4;

pub(super) fn write(report: &TuneReport<'_>, shown: &TuningRow<'_>, out: &mut dyn Write) -> io::Result<()> {
    let tuning = report.tuning;
    if tuning.incidents.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nIncidents with {}\n", flags(&shown.setting))?;
    for (index, pair) in tuning.incidents.iter().zip(&shown.incidents).enumerate() {
        write_incident(pair, shown.setting.calls, longest_warmup(tuning, shown, index), out)?;
    }
    write_trade_off(tuning, shown, out)?;
    writeln!(out)?;
    match tuning.suggestion.map(|index| &tuning.rows[index]) {
        Some(row) => {
            let seen = tuning.incidents.iter().filter(|labelled| labelled.findings > 0).count();
            let which = match tuning.incidents.len() {
                all if all == seen => "every incident".to_owned(),
                all => format!("the {seen} of {all} incidents that any setting can report"),
            };
            let (findings, suppressed, mean) = (row.findings, row.suppressed, mean(Some(row)));
            let per_week = row.per_week().unwrap_or_default();
            writeln!(out, "Suggestion: {}", flags(&row.setting))?;
            writeln!(
                out,
                "  the quietest of these settings that still reports {which}: {findings} findings, {suppressed} suppressed, {mean} per day ({per_week:.1} per week);"
            )?;
            let keep = tuning
                .incidents
                .iter()
                .map(|labelled| labelled.incident.keep)
                .find(|keep| *keep != Keep::default());
            if let Some(keep) = keep {
                writeln!(out, "  it reports at least {keep} of the findings of each (--keep);")?;
            }
            writeln!(out, "  it fits these incidents and this past, and promises nothing about another")?;
            writeln!(out, "  {}", for_terminal(&scan_command(report, &row.setting, report.source)))
        }
        None if tuning.incidents.iter().all(|labelled| labelled.findings == 0) => {
            writeln!(out, "No suggestion: no setting can report any of the incidents")
        }
        None if tuning.incidents.iter().all(|labelled| labelled.needed() <= 1) => {
            writeln!(out, "No suggestion: none of these settings reports every incident")
        }
        None => {
            writeln!(out, "No suggestion: none of these settings reports enough of every incident (--keep)")
        }
    }
}

fn write_incident(
    (labelled, sight): (&IncidentFindings, &IncidentOutcome),
    calls: Calls,
    longest: Option<Span>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "  {}: ", for_terminal(&labelled.incident.name))?;
    match (labelled.findings, sight.reported) {
        (0, _) => {
            let why = labelled.hidden.as_ref().map_or_else(
                || "nothing to see, even with warmup 0d and the shortest forget".to_owned(),
                |hidden| match hidden.findings {
                    0 => format!("nothing of its time was read ({})", filters(hidden)),
                    all => format!("hidden, 0 of {all} findings pass {}", filters(hidden)),
                },
            );
            return writeln!(out, "{why}; no basis for a suggestion");
        }
        (all, 0) if calls == Calls::Mutating && all == labelled.read_only => {
            return writeln!(
                out,
                "LOST, 0 of {all} findings reported; they are read-only calls, which --only-mutating leaves out"
            );
        }
        (all, 0) => write!(out, "LOST, 0 of {all} findings reported")?,
        (all, reported) => write!(
            out,
            "reported, {reported} of {all} findings{}; {} findings to read on such a day, {} on the worst",
            if reported < labelled.needed() { ", fewer than --keep asks for" } else { "" },
            number(sight.alerts_per_day),
            number(sight.alerts_on_worst_day)
        )?,
    }
    match longest {
        Some(warmup) => writeln!(out, "; seen up to warmup {warmup}"),
        None => writeln!(out, "; not seen with any of these warmups"),
    }
}

/// The filters that hide an incident, as flags.
fn filters(hidden: &HiddenFindings) -> String {
    let flags: Vec<String> = hidden.by.iter().map(|setting| format!("--{}", setting.name())).collect();
    match &flags[..] {
        [] => "the filters".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Writes what fewer findings cost.
fn write_trade_off(tuning: &Tuning<'_>, shown: &TuningRow<'_>, out: &mut dyn Write) -> io::Result<()> {
    let choices = tuning.trade_off();
    if choices.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\nFindings per week against incidents: each setting keeps more of them than all that are quieter\n"
    )?;
    writeln!(out, "  {:>8} {:>8} {:>9}  setting", "per week", "findings", "incidents")?;
    let all = tuning.incidents.len();
    for TradeOff { row, per_week, kept, lost } in &choices {
        let row = &tuning.rows[*row];
        let mark = if row.setting == shown.setting { '>' } else { ' ' };
        let kept = format!("{} of {all}", kept.len());
        let (findings, setting) = (row.findings, flags(&row.setting));
        writeln!(out, "{mark} {per_week:>8.1} {findings:>8} {kept:>9}  {setting}{}", without(tuning, lost))?;
    }
    Ok(())
}

/// The incidents that a setting loses, in words.
fn without(tuning: &Tuning<'_>, lost: &[usize]) -> String {
    let name = |index: &usize| for_terminal(&tuning.incidents[*index].incident.name).into_owned();
    let named: Vec<String> = lost.iter().take(LOST_NAMED).map(name).collect();
    match lost.len().saturating_sub(LOST_NAMED) {
        _ if lost.is_empty() => String::new(),
        0 => format!(", without {}", named.join(", ")),
        more => format!(", without {} and {more} more", named.join(", ")),
    }
}
