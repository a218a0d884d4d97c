//! The details of an Insights record. Such records are rare, so a plain parser reads them.

use serde_json::Value;

use crate::event::Insight;

/// Reads the details of an Insights record, as far as present; `None` if the text is not JSON.
pub fn insight(text: &str) -> Option<Insight> {
    let record: Value = serde_json::from_str(text).ok()?;
    let details = record.get("insightDetails").unwrap_or(&Value::Null);
    // The word "null" stands for no error code.
    let known = |text: &&str| !text.is_empty() && *text != "null";
    let text = |path: &str| details.pointer(path).and_then(Value::as_str).filter(known).map(str::to_owned);
    let rate = |path: &str| details.pointer(path).filter(|value| value.is_number()).map(Value::to_string);
    let most = |attribute: &str| {
        let all = details.pointer("/insightContext/attributions")?.as_array()?;
        let of = all.iter().find(|entry| entry["attribute"] == attribute)?;
        let average = |value: &&Value| value["average"].as_f64().unwrap_or(0.0);
        let values = of["insight"].as_array()?.iter();
        // The first one if tied, since they are sorted.
        let most = values.reduce(|most, next| if average(&next) > average(&most) { next } else { most })?;
        most["value"].as_str().filter(known).map(str::to_owned)
    };
    Some(Insight {
        state: text("/state"),
        insight_type: text("/insightType"),
        source: text("/eventSource"),
        name: text("/eventName"),
        error_code: text("/errorCode"),
        usual_rate: rate("/insightContext/statistics/baseline/average"),
        unusual_rate: rate("/insightContext/statistics/insight/average"),
        caller: most("userIdentityArn"),
        user_agent: most("userAgent"),
    })
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
        let insight = insight(record).unwrap();
        assert_eq!(insight.action(), "iam.amazonaws.com:CreateUser");
        assert_eq!(insight.detail(), "ApiErrorRateInsight Start: 0.6 a minute, usually 0.000098");
        assert_eq!((insight.caller.as_deref(), insight.user_agent), (Some("arn:b"), None));
        assert_eq!(insight.error_code.as_deref(), Some("AccessDenied"));
    }

    #[test]
    fn missing_details_are_omitted() {
        assert_eq!(insight("{}").unwrap(), Insight::default());
        assert_eq!(insight(r#"{"insightDetails":[7]}"#).unwrap().detail(), "insight");
        assert_eq!(insight("{"), None);
    }
}
