//! Findings for people: what and who on one line, the circumstances and the proof below it.

use std::io::{self, Write};

use super::{Report, for_terminal};
use crate::query::Finding;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings {
        write_finding(finding, out)?;
    }
    let count = report.findings.len();
    writeln!(out, "{count} {}", if count == 1 { "finding" } else { "findings" })
}

fn write_finding(finding: &Finding<'_>, out: &mut dyn Write) -> io::Result<()> {
    let clean = for_terminal;
    writeln!(
        out,
        "{}  {}  {}  {} {}",
        finding.time,
        finding.kind.name(),
        clean(finding.action),
        finding.principal_kind.name(),
        clean(if finding.principal == "-" { "(not named)" } else { finding.principal })
    )?;
    let days = finding.age_micros.div_euclid(86_400_000_000);
    let outcome = match (finding.failed, finding.error_code) {
        (false, _) => "success".to_owned(),
        (true, code) => {
            let later = match finding.first_success {
                Some(time) => format!("first success {time}"),
                None => "never succeeded".to_owned(),
            };
            format!("failed: {}; {later}", clean(code.unwrap_or("no error code")))
        }
    };
    let rarity = match (finding.other_principals, finding.first_for_account) {
        (0, _) => "first in the archive".to_owned(),
        (others, true) => format!("first in the account, {others} elsewhere before"),
        (others, false) => format!("{others} others before"),
    };
    writeln!(out, "    known for {days} d ({}), {outcome}, {rarity}", finding.age_basis.name())?;
    let mut facts = Vec::new();
    for (name, value) in [
        ("account", Some(finding.account).filter(|account| *account != "-")),
        ("region", finding.region),
        ("ip", finding.source_ip),
        ("session", finding.session_name),
        ("key", finding.access_key_id),
        ("agent", finding.user_agent),
    ] {
        facts.extend(value.map(|value| format!("{name} {}", clean(value))));
    }
    if !facts.is_empty() {
        writeln!(out, "    {}", facts.join(", "))?;
    }
    let event_id = finding.event_id.map_or(String::new(), |id| format!("  eventID {}", clean(id)));
    writeln!(out, "    {} record {}{event_id}", clean(finding.object), finding.record)
}
