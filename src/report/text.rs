//! Findings for people: what and who on one line, the circumstances and the proof below it.

use std::io::{self, Write};

use super::place::shown_object;
use super::{Report, for_terminal};
use crate::query::{Finding, FindingKind};
use crate::time::Timestamp;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings {
        write_finding(finding, report.archives, out)?;
    }
    let count = report.findings.len();
    writeln!(out, "{count} {}", if count == 1 { "finding" } else { "findings" })
}

fn write_finding(finding: &Finding<'_>, archives: &[String], out: &mut dyn Write) -> io::Result<()> {
    let clean = for_terminal;
    writeln!(
        out,
        "{}  {}  {}  {} {}{}",
        finding.time,
        finding.kind.name(),
        clean(finding.action),
        finding.who.kind.name(),
        clean(if finding.principal() == "-" { "(not named)" } else { finding.principal() }),
        finding.who.arn.as_deref().map_or(String::new(), |arn| format!(" ({})", clean(arn)))
    )?;
    let days = finding.age_micros().div_euclid(DAY);
    let evidence = finding.evidence;
    let rarity = match (finding.other_principals, finding.first_for_account) {
        (0, _) if finding.first_for_archive => "first in the archive".to_owned(),
        (0, _) => "nobody else before".to_owned(),
        (others, true) => format!("first in the account, {others} elsewhere before"),
        (1, false) => "1 other before".to_owned(),
        (others, false) => format!("{others} others before"),
    };
    let outcome = outcome(finding);
    let gap = finding.gap_micros.map_or(String::new(), |gap| format!(", after a gap of {} d", gap / DAY));
    for matched in finding.matched() {
        let rule = matched.rule;
        writeln!(out, "    {} {}: {}", rule.priority.name(), clean(&rule.name), clean(&matched.output()))?;
    }
    if let (2.., Some(last)) = (finding.count(), finding.last_time()) {
        writeln!(out, "    {} events, the last one at {last}; the first: {outcome}", finding.count())?;
    } else if matches!(finding.kind, FindingKind::RootActivity | FindingKind::Rule) {
        writeln!(out, "    {outcome}")?;
    } else if finding.kind != FindingKind::Insight {
        writeln!(out, "    known for {days} d ({}){gap}, {outcome}, {rarity}", finding.age_basis.name())?;
    }
    let unknown = finding.known_to_iam.filter(|known| !known).map(|_| "not known to IAM");
    let Some(evidence) = evidence else {
        let (account, from) = (clean(finding.account()), finding.time);
        let unknown = unknown.map_or(String::new(), |unknown| format!(", {unknown}"));
        let until = Timestamp::from_micros(from.micros() + HOUR - 1_000_000);
        writeln!(out, "    account {account}{unknown}, in the hour that begins then")?;
        let flags = format!("--since {from} --until {until} --warmup 0d --report new-action");
        return writeln!(out, "    for its records scan the archive with {flags}");
    };
    let mut facts = Vec::new();
    facts.extend(
        Some(finding.account()).filter(|account| *account != "-").map(|it| format!("account {}", clean(it))),
    );
    facts.extend(unknown.map(str::to_owned));
    for (name, value) in [
        ("region", evidence.region.as_deref()),
        ("ip", evidence.source_ip.as_deref()),
        ("session", evidence.session_name.as_deref()),
        ("key", evidence.access_key_id.as_deref()),
        ("agent", evidence.user_agent.as_deref()),
        ("impersonated by", evidence.impersonated_by()),
        ("in CloudTrail", finding.linked.map(|linked| &*linked.key)),
    ] {
        facts.extend(value.map(|value| format!("{name} {}", clean(value))));
    }
    if !facts.is_empty() {
        writeln!(out, "    {}", facts.join(", "))?;
    }
    if let Some(detail) = evidence.detail() {
        let of_errors = evidence.error_code().filter(|_| finding.kind == FindingKind::Insight);
        let of_errors = of_errors.map_or(String::new(), |code| format!(", {}", clean(code)));
        writeln!(out, "    {}{of_errors}", clean(detail))?;
    }
    let event_id = match &*evidence.event_id.text() {
        "" => String::new(),
        id => format!("  eventID {}", clean(id)),
    };
    let object = shown_object(archives, evidence.archive, &evidence.object);
    writeln!(out, "    {} record {}{event_id}", clean(&object), evidence.record)
}

/// How the call ended; of a returning action how the calls of its hour ended.
fn outcome(finding: &Finding<'_>) -> String {
    if !finding.failed {
        return "success".to_owned();
    }
    if let (FindingKind::Rule, Some(evidence)) = (finding.kind, finding.evidence) {
        return format!("failed: {}", for_terminal(evidence.error_code().unwrap_or("no error code")));
    }
    let later = match finding.first_success {
        Some(success) => format!("first success {}", success.time),
        None => "never succeeded".to_owned(),
    };
    match finding.evidence {
        None => format!("every call of the hour failed; {later}"),
        Some(evidence) => {
            let code = evidence.error_code().unwrap_or("no error code");
            format!("failed: {}; {later}", for_terminal(code))
        }
    }
}

/// In microseconds.
const HOUR: i64 = 3_600_000_000;

/// In microseconds.
const DAY: i64 = 24 * HOUR;
