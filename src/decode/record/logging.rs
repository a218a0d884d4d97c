//! The parameters of a call that changes what is logged. Such records are rare, so they are read value by value: whatever else a
//! record holds, these are found.

use super::json::Json;
use crate::event::{LoggingCall, LoggingRequest, ManagementSelector};

/// The most characters of a text that are kept; AWS allows no longer names.
const LONGEST_TEXT: usize = 512;

/// Reads the relevant parameters of a call from the text of its record, as far as present.
pub fn logging_request(call: LoggingCall, text: &str) -> LoggingRequest {
    let Some(request) = Json::new(text).member("requestParameters") else {
        return LoggingRequest::default();
    };
    if call == LoggingCall::UpdateCluster {
        return LoggingRequest {
            target: texts(request.member("name")).first().map(|name| format!("eks/{name}")),
            audit_log: request.member("logging").and_then(audit_log),
            ..LoggingRequest::default()
        };
    }
    let target =
        ["name", "trailName", "eventDataStore"].iter().find_map(|key| texts(request.member(key)).pop());
    let switch = |name: &'static str| flag(request.member(name)).map(|on| (name, on));
    LoggingRequest {
        target,
        switches: LoggingRequest::SWITCHES.into_iter().filter_map(switch).collect(),
        bucket: texts(request.member("s3BucketName")).pop(),
        selectors: selectors(request),
        insights: request
            .member("insightSelectors")
            .filter(|list| list.is_list())
            .map(|list| list.items().len()),
        audit_log: None,
    }
}

/// The texts of a list, or a single text; without empty ones.
fn texts(value: Option<Json<'_>>) -> Vec<String> {
    let items =
        value.map_or_else(Vec::new, |value| if value.is_list() { value.items() } else { vec![value] });
    let texts = items.into_iter().filter_map(Json::non_empty_string);
    texts.map(|text| text.chars().take(LONGEST_TEXT).collect()).collect()
}

fn flag(value: Option<Json<'_>>) -> Option<bool> {
    value?.as_str().parse().ok()
}

/// The selectors of management events, if any event selectors are given.
fn selectors(request: Json<'_>) -> Option<Vec<ManagementSelector>> {
    let list = |name: &str| request.member(name).map(Json::items).filter(|list| !list.is_empty());
    match (list("eventSelectors"), list("advancedEventSelectors")) {
        (None, None) => None,
        (basic, advanced) => {
            let basic = basic.into_iter().flatten().filter_map(basic_selector);
            Some(basic.chain(advanced.into_iter().flatten().filter_map(advanced_selector)).collect())
        }
    }
}

/// A basic selector, which selects management events unless it says otherwise.
fn basic_selector(selector: Json<'_>) -> Option<ManagementSelector> {
    if flag(selector.member("includeManagementEvents")) == Some(false) {
        return None;
    }
    let kind = texts(selector.member("readWriteType")).pop();
    Some(ManagementSelector {
        reads: kind.as_deref() != Some("WriteOnly"),
        writes: kind.as_deref() != Some("ReadOnly"),
        excluded: texts(selector.member("excludeManagementEventSources")),
        fields: Vec::new(),
    })
}

/// An advanced selector, if it is one of management events.
fn advanced_selector(selector: Json<'_>) -> Option<ManagementSelector> {
    let fields: Vec<Field> = selector.member("fieldSelectors")?.items().into_iter().map(Field::new).collect();
    let is_management =
        |field: &Field| field.is("eventCategory") && field.equals.iter().any(|one| one == "Management");
    fields.iter().any(is_management).then(|| {
        let mut selected = ManagementSelector { reads: true, writes: true, ..ManagementSelector::default() };
        for Field { name, equals, excluded } in fields {
            match (name.as_deref(), &equals[..]) {
                (Some("eventCategory"), _) => {}
                (Some("readOnly"), [only]) => {
                    (selected.reads, selected.writes) = (only == "true", only == "false");
                }
                (Some("eventSource"), []) if !excluded.is_empty() => selected.excluded.extend(excluded),
                _ => selected.fields.push(name.unwrap_or_else(|| "another field".to_owned())),
            }
        }
        selected
    })
}

/// A field of an advanced selector.
struct Field {
    name: Option<String>,
    equals: Vec<String>,
    excluded: Vec<String>,
}

impl Field {
    fn new(field: Json<'_>) -> Self {
        Self {
            name: texts(field.member("field")).pop(),
            equals: texts(field.member("equals")),
            excluded: texts(field.member("notEquals")),
        }
    }

    fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }
}

/// Whether the audit log of a cluster is switched on or off, if the request says so.
fn audit_log(logging: Json<'_>) -> Option<bool> {
    let is_of_audit = |setting: &Json<'_>| texts(setting.member("types")).iter().any(|kind| kind == "audit");
    let settings = logging.member("clusterLogging")?.items();
    settings.into_iter().filter(is_of_audit).find_map(|setting| flag(setting.member("enabled")))
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

    #[test]
    fn nothing_else_in_a_record_hides_what_was_asked_for() {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        for odd in [r#""\ud800""#, "1e400", "123456789012345678901234567890", &deep, r#""\uD83D\ud83d""#] {
            let selector = format!(r#"{{"name":{odd},"includeManagementEvents":false}}"#);
            let parameters = format!(r#"{{"x":{odd},"trailName":"main","eventSelectors":[{selector}]}}"#);
            let record = format!(r#"{{"userAgent":{odd},"requestParameters":{parameters},"z":{odd}}}"#);
            let request = logging_request(LoggingCall::PutEventSelectors, &record);
            assert_eq!(
                (request.target.as_deref(), &*request.detail()),
                (Some("main"), "no management events")
            );
            let settings = r#"[{"types":["audit"],"enabled":false}]"#;
            let parameters =
                format!(r#"{{"x":{odd},"name":"prod","logging":{{"clusterLogging":{settings}}}}}"#);
            assert_eq!(read(LoggingCall::UpdateCluster, &parameters).audit_log, Some(false), "{odd}");
        }
        let half = read(LoggingCall::Stop, r#"{"name":"a\ud800"}"#);
        assert_eq!(half.target.as_deref(), Some("a\u{fffd}"));
    }
}
