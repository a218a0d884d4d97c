//! Counts of matches per rule, as text.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use super::for_terminal;
use crate::model::RuleMetadata;
use crate::query::Finding;

/// Counts of the matches of a rule.
#[derive(Default)]
struct RuleCount {
    events: u64,
    principals: usize,
}

/// Writes for each reported rule the number of events and principals, the most severe rule first, and the number of rules that matched
/// only what filters leave out (`matched` has the numbers of all that matched), and of those without a match.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_rule_counts(
    rules: &[Arc<RuleMetadata>],
    matched: &BTreeSet<u32>,
    findings: &[Finding<'_>],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut counted: BTreeMap<(_, (&str, &str)), RuleCount> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for finding in findings {
        let Some(matched) = &finding.matched else { continue };
        for one in &matched.rules {
            let count = counted.entry((one.rule.priority, one.rule.key())).or_default();
            count.events += matched.count;
            let is_new = seen.insert((one.rule.key(), finding.account(), finding.principal()));
            count.principals += usize::from(is_new);
        }
    }
    if !counted.is_empty() {
        writeln!(out, "  events  principals  priority       rule")?;
    }
    for ((priority, (name, _)), RuleCount { events, principals }) in &counted {
        writeln!(out, "{events:>8}  {principals:>10}  {:<13}  {}", priority.name(), for_terminal(name))?;
    }
    // Rules that only serve correlations report nothing of their own.
    let reporting = || (0..).zip(rules).filter(|(_, rule)| rule.reports);
    let is_shown = |rule: &RuleMetadata| counted.contains_key(&(rule.priority, rule.key()));
    let left_out = reporting().filter(|(number, rule)| matched.contains(number) && !is_shown(rule)).count();
    let all = reporting().count();
    let silent = all - counted.len() - left_out;
    let left_out = match left_out {
        0 => String::new(),
        some => format!(" + {some} matched only what filters leave out"),
    };
    writeln!(out, "rules: {all} = {} matched{left_out} + {silent} did not", counted.len())
}
