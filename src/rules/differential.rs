//! Properties that hold for any rule text and any event, for property tests and the fuzz target.

use std::sync::Arc;

use super::{EventContext, Matcher, RuleFile, RuleSet};
use crate::decode::Decoder;
use crate::event::AnyRecord;
use crate::model::{Language, LogSource};
use crate::time::Timestamp;

/// Compiles a text as a rule file of either language and as a condition. For every record of an object, a
/// matcher must find the same rules as evaluating each rule.
///
/// # Panics
/// If the matcher finds other rules.
pub fn check(text: &str, object: &[u8]) {
    let file = |language, text: &str| RuleFile { name: "fuzz".to_owned(), language, text: text.to_owned() };
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let rule = |source: &str| {
        let head = format!("- rule: {source}\n  condition: {quoted}\n  output: {quoted}\n");
        format!("{head}  priority: INFO\n  source: {source}\n")
    };
    let both = rule("aws_cloudtrail") + &rule("k8s_audit");
    for file in [file(Language::Falco, text), file(Language::Sigma, text), file(Language::Falco, &both)] {
        let (rules, errors) = RuleSet::compile(std::slice::from_ref(&file));
        for error in errors {
            assert!(!error.to_string().is_empty());
        }
        if !rules.rules().is_empty() {
            hold(Arc::new(rules), object);
        }
    }
}

/// Evaluates rules on all records of an object, one by one and with a matcher, and compares the results.
fn hold(rules: Arc<RuleSet>, object: &[u8]) {
    let mut matcher = Matcher::new(Arc::clone(&rules));
    let mut actions: Vec<(String, String)> = Vec::new();
    Decoder::new(1 << 20).decode(object, |found| {
        let Ok(record) = found.record else { return };
        let event = EventContext::new(record, found.text, found.index_in_file, Timestamp::from_seconds(0));
        let candidates = match record {
            AnyRecord::CloudTrail(record) => {
                let (Some(source), Some(name)) = (record.event_source, record.event_name) else { return };
                let action = (source.to_owned(), name.to_owned());
                let known = actions.iter().position(|known| *known == action);
                let number = known.unwrap_or_else(|| {
                    actions.push(action);
                    actions.len() - 1
                });
                matcher.of_action(number as u32, source, name)
            }
            AnyRecord::Kubernetes(record) => matcher.of_request(record),
        };
        let source = match record {
            AnyRecord::CloudTrail(_) => LogSource::CloudTrail,
            AnyRecord::Kubernetes(_) => LogSource::Kubernetes,
        };
        let is_right = |rule: &super::Rule| rule.metadata.source == source && rule.matches(&event);
        let asked: Vec<u32> =
            (0..).zip(rules.rules()).filter(|(_, rule)| is_right(rule)).map(|(number, _)| number).collect();
        assert_eq!(matcher.matching(&candidates, &event), asked, "{}", found.text);
        for number in asked {
            let rule = matcher.rule(number);
            assert_eq!(rule.values(&event).len(), rule.metadata.values());
        }
    });
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    const OBJECT: &str = concat!(
        r#"{"Records":[{"eventName":"CreateUser","eventSource":"iam.amazonaws.com","errorCode":null,"userAgent":"aws-cli","#,
        r#""userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/eva"},"requestParameters":{"a":["x","y"],"b":7}},"#,
        r#"{"eventName":"getuser","eventSource":"iam","errorCode":"AccessDenied","sourceIPAddress":"1.2.3.4"},"#,
        r#"{"eventName":"","eventSource":"x","userAgent":"","requestParameters":{"a":null,"b":"x"}}]}"#,
        "\n",
        r#"{"auditID":"1","stage":"ResponseComplete","verb":"get","objectRef":{"resource":"pods"},"user":{"username":"x"}}"#,
        "\n",
        r#"{"auditID":"2","stage":"Panic","verb":"","user":{"username":"eva"},"requestObject":{"spec":{"containers":[{"image":"x"}]}}}"#,
    );

    fn field() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "ct.name",
            "ct.src",
            "ct.shortsrc",
            "ct.error",
            "ct.useragent",
            "ct.srcip",
            "ct.user.arn",
            "tolower(ct.name)",
            "ct.user.identitytype",
            "json.value[/requestParameters/a]",
            "json.value[/requestParameters/b]",
            "evt.num",
            "ka.verb",
            "ka.target.resource",
            "ka.user.name",
            "ka.stage",
            "ka.req.pod.containers.image",
            "json.value[/eventName]",
            "toupper(jevt.value[/errorCode])",
        ])
    }

    fn check_text() -> impl Strategy<Value = String> {
        let operator = prop::sample::select(vec![
            "=",
            "!=",
            "contains",
            "icontains",
            "startswith",
            "endswith",
            "glob",
            "regex",
            "<",
            ">=",
        ]);
        let value = prop::sample::select(vec![
            "anyof (CreateUser, x, '')",
            "oneof (CreateUser, Create, '')",
            "allof (C, '')",
            "CreateUser",
            "createuser",
            "''",
            "x",
            "7",
            "iam",
            "iam.amazonaws.com",
            "AccessDenied",
            "aws-cli",
            "get",
            "pods",
            "eva",
            "'*'",
            "1.2.3.4",
            "Panic",
        ]);
        let list = prop::collection::vec(value.clone(), 0..3).prop_map(|values| values.join(", "));
        prop_oneof![
            field().prop_map(|field| format!("{field} exists")),
            (field(), operator, value)
                .prop_map(|(field, operator, value)| format!("{field} {operator} {value}")),
            (field(), list.clone()).prop_map(|(field, list)| format!("{field} in ({list})")),
            (field(), list).prop_map(|(field, list)| format!("{field} intersects ({list})")),
        ]
    }

    fn condition() -> impl Strategy<Value = String> {
        check_text().prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|inner| format!("not ({inner})")),
                (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} and {right})")),
                (inner.clone(), inner).prop_map(|(left, right)| format!("({left} or not {right})")),
            ]
        })
    }

    #[test]
    fn the_fuzz_corpus_passes() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/rules");
        for entry in fs::read_dir(folder).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            let end = bytes.iter().position(|byte| *byte == 0).unwrap();
            check(&String::from_utf8_lossy(&bytes[..end]), &bytes[end + 1..]);
        }
    }

    #[test]
    fn a_nul_text_differs_from_a_missing_one() {
        let request = |named: &str| {
            format!(r#"{{"auditID":"1","stage":"ResponseComplete",{named}"level":"Metadata"}}"#)
        };
        for (field, nul, none) in [
            ("ka.verb", r#""verb":"\u0000","#, ""),
            ("ka.target.resource", r#""verb":"get","objectRef":{"resource":"\u0000"},"#, r#""verb":"get","#),
        ] {
            for [first, second] in [[nul, none], [none, nul]] {
                let object = [request(first), request(second)].join("\n");
                check(&format!("{field} exists"), object.as_bytes());
                check(&format!("not {field} exists"), object.as_bytes());
            }
        }
    }

    #[test]
    fn prefiltering_changes_no_match_of_sigma() {
        for search in [
            "errorCode|exists: true",
            "errorCode|exists: false",
            "errorCode: null",
            "requestParameters.a|exists: true",
            "eventName: CreateUser\n    requestParameters.b: 7.0",
            "requestParameters.b: [7e0, 8, x]",
            "userAgent: 7",
            "sourceIPAddress: [1.2.3.4, 1.2]",
        ] {
            for condition in ["sel", "not sel"] {
                let head =
                    "title: r\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  sel:\n    ";
                let text = format!("{head}{search}\n  condition: {condition}\n");
                let file = RuleFile { name: "a".to_owned(), language: Language::Sigma, text };
                assert_eq!(RuleSet::compile(std::slice::from_ref(&file)).1, Vec::new());
                check(&file.text, OBJECT.as_bytes());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn prefiltering_changes_no_match(condition in condition()) {
            check(&condition, OBJECT.as_bytes());
        }

        #[test]
        fn compilers_never_panic(text in "[a-z .()\\[\\]=!<>\"'%|*,\n:-]{0,80}") {
            check(&text, OBJECT.as_bytes());
        }
    }
}
