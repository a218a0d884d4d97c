//! Findings in the form of Falco alerts with `json_output`, one per line, for tools that read these
//! (falcosidekick and others).
//!
//! Source: "Formatting alerts" in Falco's documentation. A finding that no rule matched has its kind in place of a rule.

use std::collections::HashSet;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::words::title;
use crate::model::Priority;
use crate::query::{Finding, Match, Severity};
use crate::report::json_line::line;
use crate::report::{FindingRow, Report};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    // One event may be evidence of several findings: a rule gives one alert for it, with the first of them.
    let mut given = HashSet::new();
    for finding in report.findings {
        let matched = finding
            .matched()
            .iter()
            .filter(|one| given.insert((std::ptr::from_ref(one.rule), std::ptr::from_ref(one.hit))));
        let mut alerts: Vec<Value> = matched.map(|one| of_rule(finding, report.archives, one)).collect();
        if alerts.is_empty() {
            alerts.push(of_finding(finding, report.archives));
        }
        for alert in alerts {
            line(&alert, out)?;
        }
    }
    Ok(())
}

fn of_rule(finding: &Finding<'_>, archives: &[String], matched: &Match<'_>) -> Value {
    let rule = matched.rule;
    let mut fields: Map<String, Value> =
        matched.fields().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    fields.append(&mut published(finding, archives));
    alert(finding, &rule.name, rule.priority, &matched.output(), json!(rule.tags), fields)
}

fn of_finding(finding: &Finding<'_>, archives: &[String]) -> Value {
    let priority = match finding.severity() {
        Severity::Critical => Priority::Critical,
        Severity::High => Priority::Error,
        Severity::Medium => Priority::Warning,
        Severity::Low => Priority::Notice,
        Severity::Informational => Priority::Informational,
    };
    let rule = format!("firstseen {}", finding.kind.name());
    alert(finding, &rule, priority, &title(finding), json!([]), published(finding, archives))
}

fn alert(
    finding: &Finding<'_>,
    rule: &str,
    priority: Priority,
    output: &str,
    tags: Value,
    fields: Map<String, Value>,
) -> Value {
    let priority = name(priority);
    let time = finding.time.to_string();
    json!({
        "time": time,
        "rule": rule,
        "priority": priority,
        "source": match finding.who.kind.source().name() {
            "kubernetes" => "k8s_audit",
            _ => "aws_cloudtrail",
        },
        "tags": tags,
        "output": format!("{time}: {priority} {output}"),
        "output_fields": fields,
    })
}

/// The name of a priority in Falco's alerts.
fn name(priority: Priority) -> String {
    let name = priority.name();
    name[..1].to_ascii_uppercase() + &name[1..]
}

/// The non-empty published fields of the finding.
fn published(finding: &Finding<'_>, archives: &[String]) -> Map<String, Value> {
    let row = serde_json::to_value(FindingRow::new(finding, archives, super::super::as_it_is))
        .unwrap_or(Value::Null);
    let Value::Object(row) = row else { return Map::new() };
    let fields = row.into_iter().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| (format!("firstseen.{name}"), value)).collect()
}
