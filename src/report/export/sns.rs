//! The message of Netflix's `cloudtrail-anomaly`: one for each principal, with its new actions.
//!
//! Source: `cloudtrail_anomaly/cli.py`, `detect anomaly`: `{"actions": "a, b", "role": …, "account": …}`.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

use serde::Serialize;

use super::words::name;
use crate::query::{Finding, FindingKind};
use crate::report::Report;
use crate::report::json_line::line;
use crate::report::row::named;

#[derive(Serialize)]
struct Message<'a> {
    actions: String,
    role: Option<String>,
    account: Option<&'a str>,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let is_of_action = |finding: &&Finding<'_>| FindingKind::OF_SIGHTINGS.contains(&finding.kind);
    let mut principals: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let mut known = HashSet::new();
    for finding in report.findings.iter().filter(is_of_action) {
        if known.insert((finding.account(), finding.principal(), finding.action)) {
            principals.entry((finding.account(), finding.principal())).or_default().push(finding.action);
        }
    }
    for ((account, principal), actions) in principals {
        let (role, account) = (named(principal).map(name), named(account));
        let message = Message { actions: actions.join(", "), role, account };
        line(&message, out)?;
    }
    Ok(())
}
