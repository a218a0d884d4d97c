//! Traced credentials as a tree for people.

use std::io::{self, Write};

use super::TraceReport;
use super::words::{
    cluster_uses, contradicts, credential, issuance, issued_instead, more_issued, not_ended, origin,
    owner_created, session, status_change, status_changes, uses,
};
use crate::report::place::shown_object;
use crate::report::{for_terminal, plural};
use crate::trace::{EventPlace, TraceRow};

/// The most accounts that are named.
const MOST_ACCOUNTS: usize = 5;

/// Deeper levels are indented no further.
const MOST_INDENTED: usize = 24;

pub(super) fn write(report: &TraceReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let rows = &report.traced.rows;
    let mut bars = Vec::new();
    for (row, has_next) in rows.iter().zip(have_next_sibling(rows)) {
        bars.truncate(row.depth.saturating_sub(1) as usize);
        if row.depth > 0 {
            bars.push(has_next);
        }
        write_row(report, row, &bars, out)?;
    }
    let marked = rows.iter().filter(|row| row.is_traced).count();
    writeln!(out, "{}, {marked} of them traced (marked with *)", plural(rows.len() as u64, "credential"))?;
    if let Some(several) = of_several_accounts(report) {
        writeln!(out, "{}", for_terminal(&several))?;
    }
    let traced = match report.traced.matched.saturating_sub(marked) {
        0 => String::new(),
        more => format!(", {more} of them traced"),
    };
    match report.traced.left_out {
        0 => Ok(()),
        more => writeln!(out, "{more} more are left out{traced} (--depth and --limit show more)"),
    }
}

/// That what is traced is of several accounts, and how to choose one.
fn of_several_accounts(report: &TraceReport<'_>) -> Option<String> {
    let accounts: Vec<&str> = report.traced.accounts.iter().map(|account| &**account).collect();
    let named = accounts.get(..accounts.len().min(MOST_ACCOUNTS)).unwrap_or_default().join(", ");
    let more = match accounts.len().saturating_sub(MOST_ACCOUNTS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let all = accounts.len();
    let wanted = report.question.wanted;
    (all > 1).then(|| {
        format!("'{wanted}' is known in {all} accounts: {named}{more} (--account ID traces that of one)")
    })
}

/// For each row, whether another one follows at its level, below the same row.
fn have_next_sibling(rows: &[TraceRow]) -> Vec<bool> {
    // Whether a row was seen at each level, from the end back to the last row above it.
    let mut is_seen = Vec::new();
    let mut all: Vec<bool> = rows
        .iter()
        .rev()
        .map(|row| {
            is_seen.resize(row.depth as usize + 1, false);
            is_seen.last_mut().is_some_and(|seen| std::mem::replace(seen, true))
        })
        .collect();
    all.reverse();
    all
}

/// Writes a row; `bars` says for each level down to its own whether another row follows there.
fn write_row(report: &TraceReport<'_>, row: &TraceRow, bars: &[bool], out: &mut dyn Write) -> io::Result<()> {
    let bars = bars.get(..bars.len().min(MOST_INDENTED)).unwrap_or_default();
    let lines = |bars: &[bool]| bars.iter().map(|bar| if *bar { "│  " } else { "   " }).collect::<String>();
    let (lead, branch) = match bars.split_last() {
        None => (String::new(), ""),
        Some((true, above)) => (lines(above), "├─ "),
        Some((false, above)) => (lines(above), "└─ "),
    };
    let indent = lines(bars);
    let mark = if row.is_traced { "* " } else { "" };
    let issued = row.issuance.as_ref().map_or(String::new(), |event| format!("{} → ", issuance(event)));
    let inferred = if row.is_inferred { " (inferred from identity and time)" } else { "" };
    writeln!(out, "{lead}{branch}{mark}{}{inferred}", for_terminal(&format!("{issued}{}", credential(row))))?;
    let mut line = |text: &str| writeln!(out, "{indent}    {}", for_terminal(text));
    if let Some(origin) = origin(row) {
        line(&origin)?;
    }
    if let Some(event) = &row.issuance {
        line(&format!("issued: {}", place(report, &event.event)))?;
    }
    if let Some(issued) = issued_instead(row) {
        line(&issued)?;
    }
    if let Some(created) = &row.owner_created {
        line(&format!("{}: {}", owner_created(created), place(report, &created.event().event)))?;
    }
    let (changes, earlier) = status_changes(row);
    earlier.map_or(Ok(()), |earlier| line(&earlier))?;
    for (status, event) in changes {
        line(&format!("{}: {}", status_change(status, event), place(report, &event.event)))?;
    }
    not_ended(row).map_or(Ok(()), &mut line)?;
    for contradiction in &row.contradictions {
        line(&contradicts(row, contradiction))?;
    }
    if let Some(used) = &row.used {
        line(&format!("used {}", uses(used)))?;
        if let Some(session) = session(used) {
            line(&session)?;
        }
        line(&format!("first: {}", place(report, &used.first)))?;
    }
    match (&row.used, &row.used_in_clusters) {
        (None, None) if row.credential.kind() == "access-key" => line("never used in this archive")?,
        (_, None) => {}
        (used, Some(in_clusters)) => {
            let only = if used.is_none() { "only " } else { "" };
            line(&format!("used {only}in clusters {}", cluster_uses(in_clusters)))?;
            line(&format!("first in clusters: {}", place(report, &in_clusters.first)))?;
        }
    }
    more_issued(row.left_out).map_or(Ok(()), |more| line(&more))
}

/// The place of an event.
fn place(report: &TraceReport<'_>, event: &EventPlace) -> String {
    let object = shown_object(report.archives, event.archive, &event.object);
    let id = if event.event_id.is_empty() { "" } else { "  eventID " };
    format!("{object} record {}{id}{}", event.record, event.event_id)
}
