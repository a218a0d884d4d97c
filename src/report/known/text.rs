//! Known behaviours as text: a line for each group, with its rows in columns below.

use std::io::{self, Write};

use super::columns::{widths, write_row};
use crate::query::{
    Change, CountRange, KnownActions, KnownGroup, KnownRow, Measure, Period, Subject, Timeline,
};
use crate::report::row::{NOT_NAMED, in_account, named};
use crate::report::{for_terminal, plural};

pub(super) fn write(known: &KnownActions<'_>, changes: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut table = vec![["first", "last", "count", "errors", "hours", ""].map(str::to_owned)];
    for group in &known.groups {
        table.extend(group.rows.iter().map(|row| cells(group, row)));
    }
    let layout = (&widths(&table), 2);
    if !known.groups.is_empty() {
        write_row(&table[0], layout, out)?;
    }
    let mut rows = table[1..].iter();
    for group in &known.groups {
        let of_principal = group.rows.first().filter(|_| group.subject.principal.is_some());
        let mark = of_principal.map_or("", iam_mark);
        writeln!(out, "{}{mark}: {}", name(&group.subject), members(group))?;
        for row in rows.by_ref().take(group.rows.len()) {
            write_row(row, layout, out)?;
        }
    }
    write_total(known, changes, out)
}

/// The cells of a row, without what the line of its group already says.
fn cells(group: &KnownGroup<'_>, row: &KnownRow<'_>) -> [String; 6] {
    let Measure { first, count, errors, hours, .. } = row.measure;
    let rest = match (group.subject.action, row.subject.principal) {
        (Some(_), _) => name(&row.subject) + iam_mark(row),
        (None, Some(_)) => action(&row.subject),
        (None, None) => format!("{}, by {}", action(&row.subject), plural(row.principals, "principal")),
    };
    let change = match row.change {
        None => "",
        Some(Change::Gained) => "+ ",
        Some(Change::Lost) => "- ",
    };
    let [count, errors, hours] = [count, errors, hours].map(range);
    [first.to_string(), last(&row.measure), count, errors, hours, format!("{change}{rest}")]
}

/// A remark if the principal is not known to IAM.
fn iam_mark(row: &KnownRow<'_>) -> &'static str {
    if row.known_to_iam == Some(false) { ", not known to IAM" } else { "" }
}

/// The last sighting, without minutes if only its hour is known.
fn last(measure: &Measure) -> String {
    let hour = || measure.last_hour.map(|hour| hour.to_string().replace(":00:00Z", ":??:??Z"));
    measure.last.map(|last| last.to_string()).or_else(hour).unwrap_or_default()
}

fn range(tally: CountRange) -> String {
    match tally.exact() {
        Some(number) => number.to_string(),
        None => format!("{}..{}", tally.at_least, tally.at_most),
    }
}

/// The name of a group, cleaned.
fn name(subject: &Subject<'_>) -> String {
    let account = in_account(subject.account.unwrap_or("-"));
    match (subject.principal, subject.action) {
        (Some((key, kind)), _) => {
            let key = named(key).unwrap_or(NOT_NAMED);
            for_terminal(&format!("{} {key} ({account})", kind.name())).into_owned()
        }
        (None, Some(_)) => action(subject),
        (None, None) => for_terminal(&account).into_owned(),
    }
}

fn action(subject: &Subject<'_>) -> String {
    for_terminal(subject.action.unwrap_or_default()).into_owned()
}

fn members(group: &KnownGroup<'_>) -> String {
    let principals = || plural(group.principals, "principal");
    let actions = || plural(group.actions, "action");
    match (group.subject.principal, group.subject.action) {
        (Some(_), _) => actions(),
        (None, Some(_)) => principals(),
        (None, None) => format!("{}, {}", principals(), actions()),
    }
}

fn write_total(known: &KnownActions<'_>, changes: bool, out: &mut dyn Write) -> io::Result<()> {
    let rows = || known.groups.iter().flat_map(|group| &group.rows);
    let of = |change| rows().filter(|row| row.change == Some(change)).count();
    let time = known.time.map_or(String::new(), |time| format!(" before {time}"));
    if changes {
        writeln!(out, "{} gained, {} lost{time}", of(Change::Gained), of(Change::Lost))
    } else {
        writeln!(out, "{} known{time}", rows().count())
    }
}

/// Writes counts over time.
pub(super) fn write_timelines(timelines: &[Timeline<'_>], out: &mut dyn Write) -> io::Result<()> {
    let header = ["period", "new", "known", "errors", "sightings", ""].map(str::to_owned);
    let rows = timelines.iter().flat_map(|timeline| &timeline.periods).map(period_cells);
    // There may be millions: they are made twice instead of held.
    let layout = (&widths(std::iter::once(header.clone()).chain(rows)), 1);
    write_row(&header, layout, out)?;
    for timeline in timelines {
        if timeline.subject != Subject::default() {
            writeln!(out, "{}", name(&timeline.subject))?;
        }
        for period in &timeline.periods {
            write_row(&period_cells(period), layout, out)?;
        }
    }
    Ok(())
}

fn period_cells(period: &Period) -> [String; 6] {
    let [errors, sightings] = [period.errors, period.sightings].map(range);
    let (new, known) = (period.new.to_string(), period.known.to_string());
    [period.start.to_string(), new, known, errors, sightings, String::new()]
}
