//! The details of an Insights record. Such records are rare, so they are read value by value: whatever else a record holds, these are
//! found.

use super::json::Json;
use crate::event::Insight;

/// Reads the details of an Insights record, as far as present.
pub fn insight(text: &str) -> Insight {
    let record = Json::new(text);
    let at = |path: &[&str]| {
        path.iter().try_fold(record.member("insightDetails")?, |json, name| json.member(name))
    };
    let text = |path: &[&str]| at(path).and_then(known_text);
    let rate = |path: &[&str]| {
        let number = serde_json::from_str::<serde_json::Number>(at(path)?.as_str()).ok()?;
        Some(number.to_string())
    };
    let most = |attribute: &str| {
        let all = at(&["insightContext", "attributions"])?.items();
        let is_it = |entry: &Json<'_>| entry.member("attribute").is_some_and(|name| name.text() == attribute);
        let values = all.into_iter().find(is_it)?.member("insight")?.items().into_iter();
        let average = |value: &Json<'_>| -> f64 {
            value.member("average").and_then(|average| average.as_str().parse().ok()).unwrap_or(0.0)
        };
        // The first one if tied, since they are sorted.
        let most = values.reduce(|most, next| if average(&next) > average(&most) { next } else { most })?;
        most.member("value").and_then(known_text)
    };
    Insight {
        state: text(&["state"]),
        insight_type: text(&["insightType"]),
        source: text(&["eventSource"]),
        name: text(&["eventName"]),
        error_code: text(&["errorCode"]),
        usual_rate: rate(&["insightContext", "statistics", "baseline", "average"]),
        unusual_rate: rate(&["insightContext", "statistics", "insight", "average"]),
        caller: most("userIdentityArn"),
        user_agent: most("userAgent"),
    }
}

/// The content of a string, unless it is empty or the word `null`, which stands for no error code.
fn known_text(json: Json<'_>) -> Option<String> {
    let is_known = |text: &str| !text.is_empty() && text != "null";
    json.as_str().starts_with('"').then(|| json.text().into_owned()).filter(|text| is_known(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_with_the_highest_share_is_named() {
        let record = r#"{"eventCategory":"Insight","insightDetails":{"state":"Start","eventSource":"iam.amazonaws.com",
            "eventName":"CreateUser","insightType":"ApiErrorRateInsight","errorCode":"AccessDenied","insightContext":{
            "statistics":{"baseline":{"average":9.8E-5},"insight":{"average":0.6}},
            "attributions":[{"attribute":"userIdentityArn","insight":[{"value":"arn:a","average":0.2},
            {"value":"arn:b","average":0.4}]},{"attribute":"errorCode","insight":[{"value":"null","average":1}]}]}}}"#;
        let insight = insight(record);
        assert_eq!(insight.action(), "iam.amazonaws.com:CreateUser");
        assert_eq!(insight.detail(), "ApiErrorRateInsight Start: 0.6 a minute, usually 0.000098");
        assert_eq!((insight.caller.as_deref(), insight.user_agent), (Some("arn:b"), None));
        assert_eq!(insight.error_code.as_deref(), Some("AccessDenied"));
    }

    #[test]
    fn missing_details_are_omitted() {
        assert_eq!(insight("{}"), Insight::default());
        assert_eq!(insight(r#"{"insightDetails":[7]}"#).detail(), "insight");
        assert_eq!(insight("{"), Insight::default());
    }

    #[test]
    fn nothing_else_in_a_record_hides_the_details() {
        for odd in [r#""\ud800""#, "1e400"] {
            let details = format!(r#"{{"x":{odd},"eventSource":"iam.amazonaws.com","eventName":"A"}}"#);
            let record = format!(r#"{{"x":{odd},"insightDetails":{details}}}"#);
            assert_eq!(insight(&record).action(), "iam.amazonaws.com:A");
        }
    }
}
