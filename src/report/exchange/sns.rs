//! The message of Netflix' `cloudtrail-anomaly`: one for each principal, with its new actions.
//!
//! Source: `cloudtrail_anomaly/cli.py`, `detect anomaly`: `{"actions": "a, b", "role": …, "account": …}`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::words::name;
use crate::query::{Finding, FindingKind};
use crate::report::Report;

#[derive(Serialize)]
struct Message<'a> {
    actions: String,
    role: String,
    account: &'a str,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let is_of_action = |finding: &&Finding<'_>| FindingKind::OF_SIGHTINGS.contains(&finding.kind);
    let mut principals: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for finding in report.findings.iter().filter(is_of_action) {
        let actions = principals.entry((finding.account, finding.principal)).or_default();
        if !actions.contains(&finding.action) {
            actions.push(finding.action);
        }
    }
    for ((account, principal), actions) in principals {
        let message = Message { actions: actions.join(", "), role: name(principal), account };
        serde_json::to_writer(&mut *out, &message)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
