//! The details of an Insights record. Such records are rare, so they are read value by value: whatever else a record holds, these are
//! found.

use super::json::Json;
use crate::event::Insight;

/// Reads the details of an Insights record, as far as present. Those of trails are in `insightDetails`, those of event data stores are
/// members of the record.
pub fn insight(text: &str) -> Insight {
    let record = Json::new(text);
    match record.member("insightDetails") {
        Some(details) => of_trail(details),
        None => of_data_store(record),
    }
}

/// Source: CloudTrail User Guide, "CloudTrail record contents for Insights events for trails".
fn of_trail(details: Json<'_>) -> Insight {
    let text = |name| details.member(name).and_then(known_text);
    let context = details.member("insightContext");
    let rate = |period| context?.member("statistics")?.member(period)?.member("average").and_then(number);
    Insight {
        state: text("state"),
        insight_type: text("insightType"),
        source: text("eventSource"),
        name: text("eventName"),
        error_code: text("errorCode"),
        usual_rate: rate("baseline"),
        unusual_rate: rate("insight"),
        caller: largest_share(context, "userIdentityArn"),
        user_agent: largest_share(context, "userAgent"),
    }
}

/// Source: CloudTrail User Guide, "CloudTrail record contents for Insights events for event data stores".
fn of_data_store(record: Json<'_>) -> Insight {
    let text = |name| record.member(name).and_then(known_text);
    let context = record.member("insightContext");
    let rate = |name| context?.member(name).and_then(number);
    Insight {
        state: text("insightState"),
        insight_type: text("insightType"),
        source: text("insightEventSource"),
        name: text("insightEventName"),
        error_code: text("insightErrorCode"),
        usual_rate: rate("baselineAverage"),
        unusual_rate: rate("insightAverage"),
        caller: largest_share(context, "userIdentityArn"),
        user_agent: largest_share(context, "userAgent"),
    }
}

/// The value of an attribute that contributed most; the first one if tied, since they are sorted.
fn largest_share(context: Option<Json<'_>>, attribute: &str) -> Option<String> {
    let is_it = |entry: &Json<'_>| entry.member("attribute").is_some_and(|name| name.text() == attribute);
    let entries = context?.member("attributions")?.items().into_iter().filter(is_it);
    let share = |value: Json<'_>, [name, average]: [&str; 2]| -> Option<(f64, String)> {
        let average = value.member(average).and_then(|average| average.as_str().parse().ok()).unwrap_or(0.0);
        Some((average, value.member(name).and_then(known_text)?))
    };
    let shares = entries.flat_map(|entry| {
        let listed = entry.member("insight").map(Json::items).unwrap_or_default();
        // Event data stores have one value for each attribution in records before 2025.
        let only = share(entry, ["insightValue", "insightAverage"]);
        listed.into_iter().filter_map(move |value| share(value, ["value", "average"])).chain(only)
    });
    shares.reduce(|most, next| if next.0 > most.0 { next } else { most }).map(|(_, value)| value)
}

/// A number in the record's own digits.
fn number(json: Json<'_>) -> Option<String> {
    let number = serde_json::from_str::<serde_json::Number>(json.as_str()).ok()?;
    Some(number.to_string())
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
    fn event_data_stores_have_the_details_in_the_record() {
        let record = |attributions: &str| {
            let text = format!(
                r#"{{"eventCategory":"Insight","insightSource":"arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/x",
                "insightState":"End","insightEventSource":"iam.amazonaws.com","insightEventName":"CreateUser",
                "insightType":"ApiErrorRateInsight","insightErrorCode":"AccessDenied","insightContext":{{
                "baselineAverage":0.01,"insightAverage":5.0,"attributions":[{attributions}]}}}}"#
            );
            insight(&text)
        };
        let found = record(
            r#"{"attribute":"userAgent","insight":[{"value":"x","average":1}]},
            {"attribute":"userIdentityArn","insight":[{"value":"arn:a","average":0.2},{"value":"arn:b","average":0.4}]}"#,
        );
        assert_eq!(found.action(), "iam.amazonaws.com:CreateUser");
        assert_eq!(found.detail(), "ApiErrorRateInsight End: 5.0 a minute, usually 0.01");
        assert_eq!(found.error_code.as_deref(), Some("AccessDenied"));
        assert_eq!((found.caller.as_deref(), found.user_agent.as_deref()), (Some("arn:b"), Some("x")));
        let old = record(
            r#"{"attribute":"userIdentityArn","insightValue":"arn:a","insightAverage":0.2},
            {"attribute":"userIdentityArn","insightValue":"arn:b","insightAverage":0.4,"baselineValue":"arn:c"}"#,
        );
        assert_eq!(old.caller.as_deref(), Some("arn:b"));
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
