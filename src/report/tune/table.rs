//! A tuning as text: the chart, a selection of the settings, the noisiest principals and accounts, the
//! incidents.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::cells::{mean, number};
use super::chart::Chart;
use super::grid_view::{flags, forget_name, forgets, neighbours, plane, shown_row};
use super::{TuneReport, incidents, terminal};
use crate::query::{Setting, Tuning, TuningRow};
use crate::report::for_terminal;
use crate::report::row::{NOT_NAMED, in_account, named};
use crate::time::Span;

/// If there are more warmups than this, only some are shown.
const WARMUPS_SHOWN: usize = 16;

/// Limit on the forget spans that fit side by side.
const FORGETS_SHOWN: usize = 7;

/// Number of noisy principals and accounts listed.
const NOISY_SHOWN: usize = 5;

pub(super) fn write(report: &TuneReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let tuning = report.tuning;
    let (Some(shown), Some(observed)) = (shown_row(tuning), tuning.observed) else {
        return writeln!(out, "no event, nothing to tune");
    };
    let Setting { anchor, calls, .. } = shown.setting;
    let (anchor, calls) = (anchor.name(), calls.name());
    let (first, last) = (observed.first.day(), observed.last.day());
    let most = tuning.most_sensitive_findings;
    writeln!(out, "{first} to {last}, at most {most} findings (warmup 0d, shortest forget)\n")?;
    if shown.daily.mean().is_none() {
        return writeln!(out, "that is too short for any of these warmups: give shorter ones with --warmups");
    }
    let chart = Chart::new(tuning, shown);
    let scale = if chart.axis.logarithmic { ", logarithmic" } else { "" };
    writeln!(out, "Findings per day against warmup (anchor {anchor}, {calls} calls{scale})\n")?;
    terminal::write(&chart, out)?;
    writeln!(out, "\nFindings per day, on average, by warmup and forget (anchor {anchor}, {calls} calls)\n")?;
    write_plane(tuning, shown, out)?;
    writeln!(out, "\nSettings with warmup {}\n", shown.setting.warmup)?;
    write_neighbours(tuning, shown, out)?;
    writeln!(out, "\nWho makes the noise with {}\n", flags(&shown.setting))?;
    write_noise(shown, out)?;
    incidents::write(report, shown, out)
}

/// Writes a matrix of warmup and forget.
fn write_plane(tuning: &Tuning<'_>, shown: &TuningRow<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plane = plane(tuning, shown);
    let warmups: BTreeSet<Span> = plane.iter().map(|row| row.setting.warmup).collect();
    let mut forgets = forgets(&plane);
    let more = forgets.len().saturating_sub(FORGETS_SHOWN);
    forgets.truncate(FORGETS_SHOWN);
    write!(out, "  {:>7} {:>5}", "warmup", "days")?;
    for forget in &forgets {
        write!(out, " {:>8}", forget_name(*forget))?;
    }
    writeln!(out, "{}", if more > 0 { format!("  (and {more} more)") } else { String::new() })?;
    for warmup in thinned(warmups.into_iter().collect(), shown.setting.warmup) {
        let rows: Vec<&TuningRow<'_>> =
            plane.iter().filter(|row| row.setting.warmup == warmup).copied().collect();
        let days = rows.first().map_or(0, |row| row.daily.days);
        let mark = if warmup == shown.setting.warmup { '>' } else { ' ' };
        write!(out, "{mark} {:>7} {days:>5}", warmup.to_string())?;
        for forget in &forgets {
            let row = rows.iter().find(|row| row.setting.forget == *forget);
            write!(out, " {:>8}", mean(row.copied()))?;
        }
        writeln!(out)?;
    }
    if plane.iter().any(|row| row.daily.days == 0) {
        writeln!(out, "  –: what was read is not longer than this warmup and can tell nothing about it")?;
    }
    Ok(())
}

/// The first, the last, the shown and an even selection of the others.
fn thinned(warmups: Vec<Span>, shown: Span) -> Vec<Span> {
    let last = warmups.len() - 1;
    let step = warmups.len().div_ceil(WARMUPS_SHOWN);
    let kept = warmups.into_iter().enumerate();
    kept.filter(|(index, warmup)| index % step == 0 || *index == last || *warmup == shown)
        .map(|(_, warmup)| warmup)
        .collect()
}

/// Writes the settings with the shown warmup.
fn write_neighbours(tuning: &Tuning<'_>, shown: &TuningRow<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "  {:<9} {:<8} {:>6} {:>8} {:>10} {:>8} {:>6} {:>5} {:>6} worst day",
        "anchor", "calls", "forget", "findings", "suppressed", "per day", "median", "p95", "worst"
    )?;
    for row in neighbours(tuning, shown) {
        let mark = if row.setting == shown.setting { '>' } else { ' ' };
        let (anchor, calls) = (row.setting.anchor.name(), row.setting.calls.name());
        let worst = row.daily.worst.as_ref();
        writeln!(
            out,
            "{mark} {anchor:<9} {calls:<8} {:>6} {:>8} {:>10} {:>8} {:>6} {:>5} {:>6} {}",
            forget_name(row.setting.forget),
            row.findings,
            row.suppressed,
            mean(Some(row)),
            number(row.daily.median),
            number(row.daily.p95),
            number(worst.map(|worst| worst.findings)),
            worst.map_or("–".to_owned(), |worst| worst.day.to_string()),
        )?;
    }
    Ok(())
}

fn write_noise(row: &TuningRow<'_>, out: &mut dyn Write) -> io::Result<()> {
    let share = |findings: usize| findings as f64 * 100.0 / row.findings.max(1) as f64;
    let noise = &row.noise;
    writeln!(
        out,
        "  {} findings of {} principals in {} accounts",
        row.findings, noise.principal_count, noise.account_count
    )?;
    for noisy in noise.principals.iter().take(NOISY_SHOWN) {
        let (findings, who) = (noisy.findings, name(noisy.account, noisy.principal));
        writeln!(out, "  {findings:>8} {:>5.1} %  {who}", share(findings))?;
    }
    for noisy in noise.accounts.iter().take(NOISY_SHOWN) {
        let (findings, account) = (noisy.findings, in_account(noisy.account));
        writeln!(out, "  {findings:>8} {:>5.1} %  {}", share(findings), for_terminal(&account))?;
    }
    if let Some(worst) = &row.daily.worst {
        let (day, findings, own) = (worst.day, worst.findings, worst.principal_findings);
        let who = name(worst.account, worst.principal);
        writeln!(out, "  worst day {day}: {findings} findings, {own} of them by {who}")?;
    }
    Ok(())
}

fn name(account: &str, principal: &str) -> String {
    let principal = named(principal).unwrap_or(NOT_NAMED);
    format!("{} ({})", for_terminal(principal), for_terminal(&in_account(account)))
}
