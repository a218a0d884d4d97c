//! Findings as OCSF Detection Findings (class 2004), version 1.3.0, which Security Lake accepts from custom
//! sources.
//!
//! Source: ocsf-schema 1.1.0 to 1.3.0, `detection_finding`.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::words::{cut, description, title};
use super::{account_of, call, id, last};
use crate::model::{LogSource, Sighting};
use crate::query::{Finding, FindingKind, Severity};
use crate::report::json_line::line;
use crate::report::row::named;
use crate::report::{FindingRow, Report};
use crate::time::Timestamp;

/// Version of the schema.
const VERSION: &str = "1.3.0";

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings {
        let made = super::made(finding, report.coverage);
        write_event(event(finding, report.archives, made), out)?;
    }
    Ok(())
}

/// Writes an event as one line, with texts as long as the schema allows.
pub(in crate::report) fn write_event(mut event: Value, out: &mut dyn Write) -> io::Result<()> {
    // What is not mapped has no schema.
    let fields = event.as_object_mut().into_iter().flatten();
    fields.filter(|(name, _)| *name != "unmapped").for_each(|(_, value)| limit(value));
    line(&event, out)
}

/// The most characters of a text: `max_len` of `string_t`.
const MOST_OF_TEXT: usize = 65_535;

/// Cuts the texts of a value.
fn limit(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > MOST_OF_TEXT => *text = cut(text, MOST_OF_TEXT),
        Value::Array(values) => values.iter_mut().for_each(limit),
        Value::Object(fields) => fields.values_mut().for_each(limit),
        _ => {}
    }
}

/// What every Detection Finding says.
pub(in crate::report) struct Facts<'a> {
    pub(in crate::report) uid: String,
    pub(in crate::report) title: String,
    pub(in crate::report) description: String,
    /// What kind of finding it is.
    pub(in crate::report) kind: &'a str,
    pub(in crate::report) severity: Severity,
    /// The time of the first event.
    pub(in crate::report) start: Timestamp,
    /// When it was made.
    pub(in crate::report) made: Timestamp,
    /// Whether it is known to be about AWS.
    pub(in crate::report) is_of_cloud: bool,
}

/// A Detection Finding; `unmapped` are fields without a counterpart.
pub(in crate::report) fn event_of(facts: &Facts<'_>, unmapped: Value) -> Value {
    let (severity_id, severity) = severity_id_and_caption(facts.severity);
    let (uid, title, start, made) =
        (&facts.uid, &facts.title, milliseconds(facts.start), milliseconds(facts.made));
    let mut event = json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200_401,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "time": made,
        "start_time": start,
        "message": title,
        "metadata": {
            "version": VERSION,
            "product": {
                "name": "firstseen",
                "vendor_name": "firstseen",
                "version": env!("CARGO_PKG_VERSION"),
            },
            "uid": uid,
        },
        "finding_info": {
            "uid": uid,
            "title": title,
            "desc": facts.description,
            "types": [facts.kind],
            "first_seen_time": start,
            "created_time": made,
        },
        "unmapped": unmapped,
    });
    if facts.is_of_cloud {
        event["metadata"]["profiles"] = json!(["cloud"]);
        event["cloud"] = json!({"provider": "AWS"});
    }
    event
}

/// A time in milliseconds since the epoch.
pub(in crate::report) fn milliseconds(time: Timestamp) -> i64 {
    time.micros().div_euclid(1_000)
}

/// A principal.
pub(in crate::report) fn user(principal: &str) -> Map<String, Value> {
    let fields = [("name", json!(super::words::name(principal))), ("uid", json!(principal))];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// One finding. Its creation time is that of the last event read: nothing here reads a clock.
fn event(finding: &Finding<'_>, archives: &[String], made: Timestamp) -> Value {
    let facts = Facts {
        uid: id(finding),
        title: title(finding),
        description: description(finding, archives),
        kind: finding.kind.name(),
        severity: finding.severity(),
        start: finding.time,
        made,
        is_of_cloud: is_of_cloud(finding),
    };
    let row = FindingRow::new(finding, archives, super::super::as_it_is);
    let mut event = event_of(&facts, serde_json::to_value(row).unwrap_or(Value::Null));
    if let Some(last) = last(finding) {
        event["end_time"] = json!(milliseconds(last));
        event["finding_info"]["last_seen_time"] = json!(milliseconds(last));
    }
    if let Some(count) = finding.count() {
        event["count"] = json!(count);
    }
    let artifacts = artifacts(finding, finding.evidence);
    if !artifacts.is_empty() {
        event["evidences"] = json!([artifacts]);
    }
    if let Some(rule) = super::generating_rule(finding) {
        event["finding_info"]["analytic"] = json!({"name": rule.name, "type": "Rule", "type_id": 1});
    }
    if let Some(account) = account_of(finding) {
        event["cloud"]["account"] = json!({"uid": account});
    }
    if let Some(region) = finding.region() {
        event["cloud"]["region"] = json!(region);
    }
    event
}

/// Whether a finding is known to be about AWS: it is of CloudTrail, or of a cluster with an account or a Region.
pub(in crate::report) fn is_of_cloud(finding: &Finding<'_>) -> bool {
    finding.who.kind.source() == LogSource::CloudTrail
        || account_of(finding).is_some()
        || finding.region().is_some()
}

/// Actor, API call and source, as far as known.
fn artifacts(finding: &Finding<'_>, evidence: Option<&Sighting>) -> Map<String, Value> {
    let mut artifacts = Map::new();
    let mut user = named(finding.principal()).map(user).unwrap_or_default();
    if let Some(key) = evidence.and_then(|evidence| evidence.access_key_id()) {
        user.insert("credential_uid".to_owned(), json!(key));
    }
    if !user.is_empty() {
        artifacts.insert("actor".to_owned(), json!({ "user": user }));
    }
    if let Some(api) = api(finding, evidence) {
        artifacts.insert("api".to_owned(), api);
    }
    if let Some(from) = evidence.and_then(|evidence| evidence.source_ip()) {
        let is_address = from.parse::<std::net::IpAddr>().is_ok();
        // Security Lake puts the name of a service in `domain`; up to 1.3.0 `domain` alone was not
        // sufficient.
        let service = || json!({"svc_name": from, "domain": from});
        let endpoint = if is_address { json!({"ip": from}) } else { service() };
        artifacts.insert("src_endpoint".to_owned(), endpoint);
    }
    if finding.kind == FindingKind::ReturningAction {
        artifacts.insert("data".to_owned(), json!({"time_precision": "hour"}));
    }
    artifacts
}

/// The call and its error.
fn api(finding: &Finding<'_>, evidence: Option<&Sighting>) -> Option<Value> {
    let (service, operation) = match call(finding) {
        Some(call) => call,
        None => ("kubernetes", finding.known_action()?),
    };
    let mut api = json!({"operation": operation, "service": {"name": service}});
    if let Some(code) = evidence.and_then(|evidence| evidence.error_code()) {
        api["response"] = json!({"error": code});
    }
    Some(api)
}

/// Number and caption of a severity in OCSF.
fn severity_id_and_caption(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}
