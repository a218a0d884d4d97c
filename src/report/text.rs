//! Findings as text: kind, principal and action on one line, the circumstances and the proof below.

use std::io::{self, Write};

use super::place::shown_object;
use super::row::{NOT_NAMED, credential, location_in_words, named, value_in_words};
use super::screen::{Line, Piece, Screen, Tone, of_findings};
use super::{Report, for_terminal, plural};
use crate::model::Sighting;
use crate::query::{Finding, FindingKind, Integrity, Rarity};
use crate::time::{Span, Timestamp};

/// How far the lines below the first one of a finding are indented.
const INDENT: usize = 4;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings {
        lines(finding, report.archives).iter().try_for_each(|line| line.write(out))?;
    }
    let count = report.findings.len();
    writeln!(out, "{}", plural(count as u64, "finding"))
}

/// Writes the findings for a terminal, after a summary.
pub(super) fn show(report: &Report<'_>, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    of_findings(report).iter().try_for_each(|line| screen.write(line, out))?;
    for finding in report.findings {
        out.write_all(b"\n")?;
        lines(finding, report.archives).iter().try_for_each(|line| screen.write(line, out))?;
    }
    Ok(())
}

/// The lines of a finding.
fn lines(finding: &Finding<'_>, archives: &[String]) -> Vec<Line> {
    let clean = for_terminal;
    let mut lines = vec![head(finding)];
    for matched in finding.matched() {
        let rule = matched.rule;
        let text = format!("{} {}: {}", rule.priority.name(), clean(&rule.name), clean(&matched.output()));
        lines.push(Line::new(INDENT, vec![Piece::text(text)]));
    }
    lines.push(Line::joined(INDENT, ", ", circumstances(finding)));
    let account = named(finding.account()).map(|account| format!("account {}", clean(account)));
    let unknown = finding.known_to_iam.filter(|known| !known).map(|_| "not known to IAM".to_owned());
    let mut facts: Vec<String> = account.into_iter().chain(unknown).collect();
    let Some(evidence) = finding.evidence else {
        facts.push("in the hour that begins then".to_owned());
        lines.push(Line::joined(INDENT, ", ", facts.into_iter().map(Piece::whole)));
        lines.push(Line::new(INDENT, vec![Piece::text(scan_of_hour(finding.time))]));
        return lines;
    };
    let source = source_in_words(finding);
    for (name, value) in [
        ("region", evidence.region()),
        ("ip", source.as_deref()),
        ("forwarded for", evidence.forwarded_for()),
        ("session", evidence.session_name()),
        (evidence.access_key_id().map_or("key", credential), evidence.access_key_id()),
        ("agent", evidence.user_agent()),
        ("impersonated by", evidence.impersonated_by()),
        ("issued", evidence.issued()),
        ("in CloudTrail", finding.linked.map(|linked| &*linked.key)),
        ("integrity of the log file", finding.integrity.map(Integrity::name)),
    ] {
        facts.extend(value.map(|value| format!("{name} {}", clean(value))));
    }
    if !facts.is_empty() {
        lines.push(Line::joined(INDENT, ", ", facts.into_iter().map(Piece::whole)));
    }
    if let Some(detail) = evidence.detail() {
        let of_errors = evidence.error_code().filter(|_| finding.kind == FindingKind::Insight);
        let of_errors = of_errors.map_or(String::new(), |code| format!(", {}", clean(code)));
        lines.push(Line::new(INDENT, vec![Piece::text(format!("{}{of_errors}", clean(detail)))]));
    }
    lines.push(proof(evidence, archives));
    lines
}

/// When, what and who.
fn head(finding: &Finding<'_>) -> Line {
    let clean = for_terminal;
    let value = value_in_words(finding).map_or(String::new(), |value| format!(" {}", clean(&value)));
    let kind = finding.principal_kind().map_or(String::new(), |kind| format!("{} ", kind.name()));
    let arn = finding.who.arn.as_deref().map_or(String::new(), |arn| format!(" ({})", clean(arn)));
    let principal = clean(named(finding.principal()).unwrap_or(NOT_NAMED));
    Line::joined(
        0,
        "  ",
        [
            Piece::whole(finding.time.to_string()).in_tone(Tone::Faint),
            Piece::whole(format!("{}{value}", finding.kind.name())),
            Piece::whole(clean(finding.known_action().unwrap_or(NOT_NAMED))).in_tone(Tone::Strong),
            Piece::whole(format!("{kind}{principal}{arn}")),
        ],
    )
}

/// Where the record is, and its id.
fn proof(evidence: &Sighting, archives: &[String]) -> Line {
    let object = shown_object(archives, evidence.archive, &evidence.object);
    let place = format!("{} record {}", for_terminal(&object), evidence.record);
    let id = evidence.event_id.text();
    let id = (!id.is_empty()).then(|| Piece::whole(format!("eventID {}", for_terminal(&id))));
    let pieces = [Some(Piece::text(place).in_tone(Tone::Faint)), id].into_iter().flatten();
    Line::joined(INDENT, "  ", pieces)
}

/// How to find the records of the hour of a returning action.
fn scan_of_hour(from: Timestamp) -> String {
    let until = Timestamp::from_micros(from.micros() + HOUR - 1);
    let flags = format!("--read-from {from} --read-to {until} --warmup 0d --report new-action");
    format!("for its records scan the archive with {flags}")
}

/// The address of the call, and where it is: `203.0.113.7 (AS64500 Example, DE)`.
fn source_in_words(finding: &Finding<'_>) -> Option<String> {
    let source = finding.source_ip()?;
    let Some(location) = finding.location else { return Some(source.to_owned()) };
    Some(format!("{source} ({})", location_in_words(location)))
}

/// Severity, age of the principal, outcome of the call and rarity, as far as they apply.
fn circumstances(finding: &Finding<'_>) -> Vec<Piece> {
    let severity = finding.severity();
    let known = finding.age.zip(finding.age_micros());
    let known =
        known.map(|(age, micros)| format!("known for {} d ({})", micros.div_euclid(DAY), age.basis.name()));
    let gap = finding.gap_micros.map(|gap| format!("after a gap of {} d", gap.get() / DAY));
    let ended = finding.failed.map(|failed| if failed { failure(finding) } else { "success".to_owned() });
    let ended = match (finding.count(), finding.last_time(), ended) {
        (Some(count @ 2..), Some(last), Some(ended)) => {
            Some(format!("{count} events, the last one at {last}; the first: {ended}"))
        }
        (.., ended) => ended,
    };
    let severity = Piece::whole(format!("{} severity", severity.name())).in_tone(Tone::Of(severity));
    let others = [known, gap, ended, finding.rarity.map(rarity)].into_iter().flatten().map(Piece::whole);
    [severity].into_iter().chain(others).collect()
}

fn rarity(rarity: Rarity) -> String {
    match (rarity.other_principals, rarity.first_for_account) {
        (0, _) if rarity.first_for_archive => "first in the archive".to_owned(),
        (0, _) => "nobody else before".to_owned(),
        (others, true) => format!("first in the account, {others} elsewhere before"),
        (1, false) => "1 other before".to_owned(),
        (others, false) => format!("{others} others before"),
    }
}

/// The failure of a call, or of all calls in the hour of a returning action, and the time of the first
/// success.
fn failure(finding: &Finding<'_>) -> String {
    let failed = match finding.evidence {
        None => "every call of the hour failed".to_owned(),
        Some(evidence) => {
            format!("failed: {}", for_terminal(evidence.error_code().unwrap_or("no error code")))
        }
    };
    match finding.first_success {
        Some(success) => format!("{failed}; first success {}", success.time),
        // A rule may match a stage of a request that is counted under another action at another stage, so it
        // is unknown whether it ever succeeded.
        None if finding.kind == FindingKind::Rule => failed,
        None => format!("{failed}; never succeeded"),
    }
}

/// In microseconds.
const HOUR: i64 = Span::hours(1).micros();

/// In microseconds.
const DAY: i64 = Span::days(1).micros();
