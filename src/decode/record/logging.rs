//! The parameters of a call that changes what is logged. Such records are rare, so a plain parser reads them.

use serde_json::Value;

use crate::event::{LoggingCall, LoggingRequest, ManagementSelector};

/// The most characters of a text that are kept; AWS allows no longer names.
const LONGEST_TEXT: usize = 512;

/// Reads the relevant parameters of a call from the text of its record, as far as present.
pub fn logging_request(call: LoggingCall, text: &str) -> LoggingRequest {
    let record: Value = serde_json::from_str(text).unwrap_or_default();
    let request = &record["requestParameters"];
    if call == LoggingCall::UpdateCluster {
        return LoggingRequest {
            target: texts(&request["name"]).first().map(|name| format!("eks/{name}")),
            audit_log: audit_log(&request["logging"]["clusterLogging"]),
            ..LoggingRequest::default()
        };
    }
    let target = ["name", "trailName", "eventDataStore"].iter().find_map(|key| texts(&request[*key]).pop());
    let switch = |name: &'static str| request[name].as_bool().map(|on| (name, on));
    LoggingRequest {
        target,
        switches: LoggingRequest::SWITCHES.into_iter().filter_map(switch).collect(),
        bucket: texts(&request["s3BucketName"]).pop(),
        selectors: selectors(request),
        insights: request["insightSelectors"].as_array().map(Vec::len),
        audit_log: None,
    }
}

/// The texts of a list, or a single text; without empty ones.
fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let texts = items.iter().filter_map(Value::as_str).filter(|text| !text.is_empty());
    texts.map(|text| text.chars().take(LONGEST_TEXT).collect()).collect()
}

/// The selectors of management events, if any event selectors are given.
fn selectors(request: &Value) -> Option<Vec<ManagementSelector>> {
    let list = |name: &str| request[name].as_array().filter(|list| !list.is_empty());
    match (list("eventSelectors"), list("advancedEventSelectors")) {
        (None, None) => None,
        (basic, advanced) => {
            let basic = basic.into_iter().flatten().filter_map(basic_selector);
            Some(basic.chain(advanced.into_iter().flatten().filter_map(advanced_selector)).collect())
        }
    }
}

/// A basic selector, which selects management events unless it says otherwise.
fn basic_selector(selector: &Value) -> Option<ManagementSelector> {
    if selector["includeManagementEvents"] == false {
        return None;
    }
    let kind = selector["readWriteType"].as_str();
    Some(ManagementSelector {
        reads: kind != Some("WriteOnly"),
        writes: kind != Some("ReadOnly"),
        excluded: texts(&selector["excludeManagementEventSources"]),
        fields: Vec::new(),
    })
}

/// An advanced selector, if it is one of management events.
fn advanced_selector(selector: &Value) -> Option<ManagementSelector> {
    let fields = selector["fieldSelectors"].as_array()?;
    let is_management = |field: &Value| {
        field["field"] == "eventCategory" && texts(&field["equals"]).iter().any(|one| one == "Management")
    };
    fields.iter().any(is_management).then(|| {
        let mut selected = ManagementSelector { reads: true, writes: true, ..ManagementSelector::default() };
        for field in fields {
            match (field["field"].as_str(), &texts(&field["equals"])[..], texts(&field["notEquals"])) {
                (Some("eventCategory"), ..) => {}
                (Some("readOnly"), [only], _) => {
                    (selected.reads, selected.writes) = (only == "true", only == "false");
                }
                (Some("eventSource"), [], excluded) if !excluded.is_empty() => {
                    selected.excluded.extend(excluded);
                }
                (name, ..) => {
                    let name = name.unwrap_or("another field");
                    selected.fields.push(name.chars().take(LONGEST_TEXT).collect());
                }
            }
        }
        selected
    })
}

/// Whether the audit log of a cluster is switched on or off, if the request says so.
fn audit_log(settings: &Value) -> Option<bool> {
    let is_of_audit = |setting: &&Value| texts(&setting["types"]).iter().any(|kind| kind == "audit");
    settings.as_array()?.iter().filter(is_of_audit).find_map(|setting| setting["enabled"].as_bool())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(call: LoggingCall, parameters: &str) -> LoggingRequest {
        logging_request(call, &format!(r#"{{"requestParameters":{parameters}}}"#))
    }

    #[test]
    fn the_target_is_a_name_or_an_arn() {
        let target = |parameters: &str| read(LoggingCall::Stop, parameters).target;
        let trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";
        assert_eq!(target(&format!(r#"{{"name":"{trail}"}}"#)).as_deref(), Some(trail));
        assert_eq!(target(r#"{"trailName":"main"}"#).as_deref(), Some("main"));
        assert_eq!(target(r#"{"eventDataStore":"ab-12"}"#).as_deref(), Some("ab-12"));
        for parameters in ["null", "{}", r#"{"name":7}"#, r#"{"name":""}"#, "["] {
            assert_eq!(target(parameters), None, "{parameters}");
        }
        let long = target(&format!(r#"{{"name":"{}"}}"#, "é".repeat(9_000)));
        assert_eq!(long.unwrap().chars().count(), LONGEST_TEXT);
    }

    #[test]
    fn basic_and_advanced_selectors_mean_the_same() {
        let detail = |parameters: &str| read(LoggingCall::PutEventSelectors, parameters).detail();
        for (basic, fields, expected) in [
            (r#""readWriteType":"All","includeManagementEvents":true"#, "", ""),
            (
                r#""readWriteType":"WriteOnly","includeManagementEvents":true"#,
                r#",{"field":"readOnly","equals":["false"]}"#,
                "no read-only management events",
            ),
            (
                r#""excludeManagementEventSources":["kms.amazonaws.com"]"#,
                r#",{"field":"eventSource","notEquals":["kms.amazonaws.com"]}"#,
                "no management events of kms.amazonaws.com",
            ),
        ] {
            assert_eq!(detail(&format!(r#"{{"eventSelectors":[{{{basic}}}]}}"#)), expected);
            let category = r#"{"field":"eventCategory","equals":["Management"]}"#;
            let advanced = format!(
                r#"{{"advancedEventSelectors":[{{"name":"x","fieldSelectors":[{category}{fields}]}}]}}"#
            );
            assert_eq!(detail(&advanced), expected);
        }
        let data = r#"{"advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Data"]}]}]}"#;
        let none = r#"{"eventSelectors":[{"includeManagementEvents":false}]}"#;
        assert_eq!(
            (detail(data), detail(none)),
            ("no management events".into(), "no management events".into())
        );
        assert_eq!(read(LoggingCall::PutEventSelectors, r#"{"eventSelectors":[]}"#).selectors, None);
    }

    #[test]
    fn only_the_audit_log_of_a_cluster_is_read() {
        let log = |kind: &str| {
            let logging = format!(r#"{{"clusterLogging":[{{"types":["api","{kind}"],"enabled":false}}]}}"#);
            read(LoggingCall::UpdateCluster, &format!(r#"{{"name":"prod","logging":{logging}}}"#))
        };
        assert_eq!((log("audit").target.as_deref(), log("audit").audit_log), (Some("eks/prod"), Some(false)));
        assert_eq!(log("scheduler").audit_log, None);
    }
}
