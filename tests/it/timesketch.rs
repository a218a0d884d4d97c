//! Events for Timesketch.

use firstseen::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::archive::{Archive, record, with};
use crate::program::{firstseen, stderr};
use crate::triage_reports::{incidents, intrusion, triage};

fn events(text: &str) -> Vec<Map<String, Value>> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn scanned(archive: &Archive, format: &str) -> Vec<Map<String, Value>> {
    let arguments = ["scan", ".", "-q", "--warmup", "0d", "-f", format];
    let output = firstseen(&arguments, archive.path());
    assert!(output.status.success(), "{}", stderr(&output));
    events(&String::from_utf8(output.stdout).unwrap())
}

/// What Timesketch needs, and that every other field is a keyword, a number or a boolean.
fn check(event: &Map<String, Value>) {
    let time = event["time"].as_str().unwrap();
    assert_eq!(event["datetime"], time.replace('Z', "+00:00"));
    assert_eq!(event["timestamp"], Timestamp::parse(time).unwrap().micros());
    assert!(!event["message"].as_str().unwrap().is_empty());
    assert!(!event["timestamp_desc"].as_str().unwrap().is_empty());
    for (name, value) in event {
        assert!(value.is_string() || value.is_number() || value.is_boolean(), "{name}: {value}");
        assert!(value.as_str().is_none_or(|text| text.len() <= 32_766), "{name}");
    }
}

#[test]
fn every_finding_is_an_event_with_its_fields() {
    let long = with(
        record("2024-03-01T10:00:00.5Z", "eva", "iam:CreateUser"),
        json!({"userAgent": "名".repeat(20_000), "eventVersion": "1.08"}),
    );
    let archive = Archive::new()
        .delivered("20240301T1005", &[long, record("2024-03-02T10:00:00Z", "eva", "s3:GetObject")]);
    let (events, rows) = (scanned(&archive, "timesketch"), scanned(&archive, "jsonl"));
    let rows: Vec<_> = rows.into_iter().filter(|row| row.contains_key("finding")).collect();
    assert_eq!(events.len(), rows.len());
    for (event, row) in events.iter().zip(&rows) {
        check(event);
        for (name, value) in row.iter().filter(|(_, value)| !value.is_null()) {
            let is_cut = value.as_str().is_some_and(|text| text.len() > 32_766);
            assert!(event[name] == *value || is_cut, "{name}");
        }
    }
    assert_eq!(events[0]["datetime"], "2024-03-01T10:00:00.5+00:00");
    assert_eq!(events[0]["message"], "eva did iam.amazonaws.com:CreateUser for the first time");
    assert_eq!(events[0]["timestamp_desc"], "First Seen");
}

#[test]
fn a_finding_of_an_incident_names_the_incident() {
    let archive = intrusion();
    let events = events(&triage(&archive, "-f timesketch"));
    let incidents = incidents(&triage(&archive, "-f jsonl"));
    events.iter().for_each(check);
    let all: usize = incidents.iter().map(|one| one["findings"].as_array().unwrap().len()).sum();
    assert_eq!(events.len(), all);
    for incident in &incidents {
        let of_incident: Vec<_> =
            events.iter().filter(|event| event["incident_rank"] == incident["rank"]).collect();
        let findings = incident["findings"].as_array().unwrap();
        assert_eq!(of_incident.len(), findings.len());
        for (event, finding) in of_incident.into_iter().zip(findings) {
            assert_eq!(event["incident_score"], incident["score"]);
            assert_eq!(event["incident_severity"], incident["severity"]);
            assert_eq!(event["incident_member"], finding["member"]);
            for field in ["finding", "time", "event_id", "severity", "bits", "reason"] {
                assert_eq!(event.get(field), finding.get(field), "{field}");
            }
        }
    }
}
