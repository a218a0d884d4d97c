//! Changes of logging as text: when it was stopped or narrowed and by whom, then all other calls.

use std::collections::HashSet;
use std::io::{self, Write};

use super::place_view::shown;
use crate::actions::short_name;
use crate::model::Sighting;
use crate::query::{ChangeOfLogging, CoverageAnswer, LoggingSpan, LoggingTarget};
use crate::report::count::counted;
use crate::report::for_terminal;
use crate::report::row::{NOT_NAMED, in_account, named};

/// The most spans, and the most other calls, that are shown. JSON has all.
const MOST_SHOWN: usize = 50;

/// Writes them; returns whether there are any.
pub(super) fn write(answer: &CoverageAnswer<'_>, out: &mut dyn Write) -> io::Result<bool> {
    let spans = &answer.logging_spans;
    let starts: HashSet<*const Sighting> =
        spans.iter().map(|span| std::ptr::from_ref(span.start.sighting)).collect();
    let begins = |change: &&ChangeOfLogging<'_>| starts.contains(&std::ptr::from_ref(change.sighting));
    let others: Vec<&ChangeOfLogging<'_>> =
        answer.logging_changes.iter().filter(|change| !begins(change)).collect();
    write_list("logging was stopped or narrowed:", spans.iter().map(span_lines), out)?;
    write_list("other changes of logging:", others.iter().map(|change| change_line(change)), out)?;
    if answer.other_changes > 0 {
        let others = counted(answer.other_changes, "record");
        writeln!(out, "  {others} of later changes are not known: only the earliest calls are kept")?;
    }
    Ok(!answer.logging_changes.is_empty() || !spans.is_empty() || answer.other_changes > 0)
}

/// Writes a title and the first lines, if there are any.
fn write_list(
    title: &str,
    lines: impl ExactSizeIterator<Item = String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let more = lines.len().saturating_sub(MOST_SHOWN);
    if lines.len() > 0 {
        writeln!(out, "\n{title}")?;
    }
    for line in lines.take(MOST_SHOWN) {
        writeln!(out, "  {line}")?;
    }
    if more > 0 {
        writeln!(out, "  and {more} more (--format json has all)")?;
    }
    Ok(())
}

/// A span, and the call that began it, in two lines.
fn span_lines(span: &LoggingSpan<'_>) -> String {
    let to = match (span.to(), span.delivered_until) {
        (Some(to), _) => format!("{to} ({})", length(span)),
        (None, None) => "the end".to_owned(),
        (None, Some(last)) => format!(
            "the end, but logs of this {} still arrived until {}: another log delivers them, or the call that started this one again is missing",
            if span.target.is_of_cluster() { "cluster" } else { "account and Region" },
            shown(last)
        ),
    };
    let what = for_terminal(&target(span.target)).into_owned();
    format!("{}: {what} from {} to {to}\n    {}", span.kind.name(), span.from(), call(&span.start))
}

/// How long a span was, in the largest unit of which it is at least two.
fn length(span: &LoggingSpan<'_>) -> String {
    let seconds = span.to().map_or(0, |to| to.micros_since(span.from()) / 1_000_000);
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(size, _)| seconds >= 2 * size).unwrap_or((1, "second"));
    counted((seconds / unit.0).unsigned_abs(), unit.1)
}

fn change_line(change: &ChangeOfLogging<'_>) -> String {
    let sighting = change.sighting;
    let what = for_terminal(&target(change.target)).into_owned();
    format!("{} {}: {what}, {}", sighting.time, change.effect.name(), call(change))
}

/// The call, its outcome and who called, cleaned.
fn call(change: &ChangeOfLogging<'_>) -> String {
    let ChangeOfLogging { who, sighting, .. } = *change;
    let outcome = match (sighting.failed, sighting.error_code()) {
        (true, Some(code)) => format!(" failed ({code})"),
        (true, None) => " failed".to_owned(),
        (false, _) => String::new(),
    };
    let detail = sighting.detail().map_or(String::new(), |detail| format!(" [{detail}]"));
    let from = sighting.source_ip().map_or(String::new(), |address| format!(" from {address}"));
    let id = sighting.event_id.text();
    let event = if id.is_empty() { String::new() } else { format!(", event {id}") };
    let text = format!(
        "{}{outcome}{detail} by {} {} ({}){from}{event}",
        short_name(change.action),
        who.kind.name(),
        named(&who.key).unwrap_or(NOT_NAMED),
        in_account(&who.account),
    );
    for_terminal(&text).into_owned()
}

fn target(LoggingTarget { account, region, name }: LoggingTarget<'_>) -> String {
    let name = name.unwrap_or("a log not named");
    let region = if region.is_empty() { String::new() } else { format!(", {region}") };
    format!("{name} ({}{region})", in_account(account))
}
