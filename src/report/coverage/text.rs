//! Coverage as text: the whole in a line, then changes of logging, then each account and Region with its strip, then what could not be
//! read.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::place_view::shown;
use super::strip::Columns;
use super::{CoverageReport, logging_text};
use crate::coverage::Delivery;
use crate::query::{CoverageAnswer, CoveredPlace, DayGap, HourGap};
use crate::report::count::{counted, size};
use crate::report::summary::fault_line;
use crate::report::{for_terminal, unfinished};

/// The most accounts and Regions shown. CSV and JSON have all.
const MOST_PLACES: usize = 200;

/// The most gaps of an account and Region shown.
const MOST_GAPS: usize = 5;

/// The most unreadable objects shown.
const MOST_FAULTS: usize = 20;

pub(super) fn write(report: &CoverageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let answer = report.answer;
    writeln!(out, "{}", whole(answer))?;
    // What somebody did to the logging is worth more than how quiet a Region is.
    if logging_text::write(answer, out)? {
        writeln!(out)?;
    }
    if let Some(columns) = answer.span().map(Columns::new) {
        writeln!(out, "{}", columns.legend())?;
        for place in answer.places.iter().take(MOST_PLACES) {
            write_place(place, &columns, out)?;
        }
        let more = answer.places.len().saturating_sub(MOST_PLACES);
        if more > 0 {
            writeln!(out, "\nand {more} more accounts and Regions (--format csv has all)")?;
        }
    }
    if answer.unplaced > 0 {
        let unplaced = counted(answer.unplaced, "object");
        writeln!(out, "\nnot shown: {unplaced} whose names give no account and Region")?;
    }
    write_faults(report, out)
}

/// All accounts and Regions in a line.
fn whole(answer: &CoverageAnswer<'_>) -> String {
    let places = &answer.places;
    let Some((first, last)) = answer.span() else {
        return "no delivery is known: no object has a name that gives account, Region and day, and is asked for"
            .to_owned();
    };
    let days = i64::from(last.number()) - i64::from(first.number()) + 1;
    let distinct = |of: fn(&CoveredPlace<'_>) -> String| {
        places.iter().map(of).collect::<BTreeSet<String>>().len() as u64
    };
    let sum = |of: fn(&CoveredPlace<'_>) -> u64| places.iter().map(of).fold(0, u64::saturating_add);
    let period = format!(
        "from {first} to {last} ({}) in {} and {}",
        counted(days.unsigned_abs(), "day"),
        counted(distinct(|place| place.account.to_owned()), "account"),
        counted(distinct(|place| place.region.to_owned()), "Region"),
    );
    let gaps = format!(
        "{} of days, {} of hours",
        counted(sum(|place| place.gaps.len() as u64), "gap"),
        counted(sum(|place| place.hour_gaps.iter().flatten().count() as u64), "gap"),
    );
    if places.iter().all(is_without_delivery) {
        return format!("nothing was delivered {period}: {gaps}");
    }
    format!(
        "delivered {period}: {}, {}, {}{}; {gaps}",
        counted(sum(|place| place.objects), "object"),
        counted(sum(|place| place.records), "record"),
        size(sum(|place| place.stored_bytes)),
        unreadable(sum(|place| place.failed)),
    )
}

/// Whether nothing was delivered to a place in the reported period, not even what could not be read.
fn is_without_delivery(place: &CoveredPlace<'_>) -> bool {
    place.objects == 0 && place.failed == 0
}

/// Number of objects of which nothing could be read, if there are any.
fn unreadable(failed: u64) -> String {
    match failed {
        0 => String::new(),
        failed => format!(", {} unreadable", counted(failed, "object")),
    }
}

fn write_place(place: &CoveredPlace<'_>, columns: &Columns, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{} {}", for_terminal(place.account), for_terminal(place.region))?;
    writeln!(out, "  {}", columns.strip(place.days))?;
    if is_without_delivery(place) {
        writeln!(out, "  nothing was delivered")?;
    } else {
        let ends = place.first.zip(place.last).map_or("nothing that could be read".to_owned(), period);
        writeln!(
            out,
            "  {ends}: {}, {}, {}{}",
            counted(place.objects, "object"),
            counted(place.records, "record"),
            size(place.stored_bytes),
            unreadable(place.failed)
        )?;
    }
    // The gaps of hours of a place include those of days.
    let gaps: Vec<String> = match &place.hour_gaps {
        Some(gaps) => gaps.iter().map(hour_gap).collect(),
        None => place.gaps.iter().map(day_gap).collect(),
    };
    if !gaps.is_empty() {
        let more = match gaps.len().saturating_sub(MOST_GAPS) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        writeln!(out, "  no delivery: {}{more}", gaps[..gaps.len().min(MOST_GAPS)].join(", "))?;
    }
    Ok(())
}

/// The time from the first to the last delivery.
fn period((first, last): (Delivery, Delivery)) -> String {
    format!("{} to {}", shown(first), shown(last))
}

fn day_gap(gap: &DayGap) -> String {
    let failed = unreadable(gap.failed);
    let days = counted(gap.days().unsigned_abs(), "day");
    match gap.from == gap.to {
        true => format!("{} ({days}{failed})", gap.from),
        false => format!("{} to {} ({days}{failed})", gap.from, gap.to),
    }
}

fn hour_gap(gap: &HourGap) -> String {
    format!("{} to {} ({})", gap.from, gap.to, counted(gap.hours().unsigned_abs(), "hour"))
}

/// Writes what the baseline lacks, and which objects could not be read, completely or in part.
fn write_faults(report: &CoverageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let coverage = report.coverage;
    for what in unfinished(&coverage.unfinished) {
        writeln!(out, "\nunfinished: {}", for_terminal(&what))?;
    }
    if coverage.fault_count == 0 {
        return Ok(());
    }
    writeln!(out, "\nnot read, or only in part: {}", counted(coverage.fault_count, "fault"))?;
    for fault in coverage.faults.iter().take(MOST_FAULTS) {
        writeln!(out, "  {}", fault_line(fault, report.archives))?;
    }
    let more = coverage.fault_count.saturating_sub(coverage.faults.len().min(MOST_FAULTS) as u64);
    if more > 0 {
        writeln!(out, "  and {more} more (--faults FILE has all)")?;
    }
    Ok(())
}
