//! A naive model with the same findings: all events in one list, without interning or merging.

use std::collections::{BTreeMap, BTreeSet};

use firstseen::time::Timestamp;
use serde_json::Value;

/// An event with its place.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) time: Timestamp,
    event_id: String,
    object: String,
    record: usize,
    pub(crate) account: String,
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) failed: bool,
    content: String,
}

impl Plain {
    pub(crate) fn new(record: &Value, object: &str, index: usize) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            time: Timestamp::parse(record["eventTime"].as_str().unwrap()).unwrap(),
            event_id: text(&record["eventID"]),
            object: object.to_owned(),
            record: index,
            account: text(&record["userIdentity"]["accountId"]),
            principal: text(&record["userIdentity"]["arn"]),
            action: format!("{}:{}", text(&record["eventSource"]), text(&record["eventName"])),
            failed: record["errorCode"].is_string(),
            content: record.to_string(),
        }
    }

    fn order(&self) -> (Timestamp, &str, &str, usize) {
        (self.time, &self.event_id, &self.object, self.record)
    }
}

/// Findings as lines of the fields that are not copied from the record.
pub(crate) fn first_seen(events: &[Plain], warmup_days: i64, only_success: bool) -> Vec<String> {
    let events: Vec<&Plain> = events.iter().filter(|event| !only_success || !event.failed).collect();
    let who = |event: &Plain| (event.account.clone(), event.principal.clone());
    let mut lines = BTreeMap::new();
    for event in &events {
        let same = |other: &&&Plain| who(other) == who(event) && other.action == event.action;
        if events.iter().filter(same).any(|other| other.order() < event.order()) {
            continue;
        }
        let birth =
            events.iter().filter(|other| who(other) == who(event)).map(|other| other.time).min().unwrap();
        if event.time.micros_since(birth) < warmup_days * 86_400_000_000 {
            continue;
        }
        let before: BTreeSet<_> = events
            .iter()
            .filter(|other| {
                other.action == event.action && who(other) != who(event) && other.order() < event.order()
            })
            .map(|other| who(other))
            .collect();
        let in_account = before.iter().any(|(account, _)| *account == event.account);
        let line = format!(
            "{} {} {} {} {} {} {} {}",
            event.time,
            event.principal,
            event.action,
            event.event_id,
            event.object,
            event.record,
            !in_account,
            before.len()
        );
        lines.insert((event.time, who(event), event.action.clone()), line);
    }
    lines.into_values().collect()
}

/// The number of records that are not copies.
pub(crate) fn distinct(events: &[Plain]) -> usize {
    let mut seen = BTreeSet::new();
    events.iter().filter(|event| event.event_id.is_empty() || seen.insert(&event.content)).count()
}
