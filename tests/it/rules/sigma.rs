//! Sigma's rule language.

use firstseen::model::Language;
use firstseen::rules::{Placeholders, RuleFile, RuleSet};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{file, matching, output_of};
use crate::archive::{audit_event, record, with};
use crate::program::firstseen_here;

fn compile(text: &str) -> (RuleSet, Vec<String>) {
    let (rules, errors) = RuleSet::compile(&[file("a.yml", Language::Sigma, text)]);
    (rules, errors.iter().map(ToString::to_string).collect())
}

fn rule(detection: &str) -> String {
    let detection = detection.replace('\n', "\n    ");
    format!(
        "title: r\nlogsource: {{product: aws, service: cloudtrail}}\nlevel: high\ndetection:\n    {detection}\n"
    )
}

fn event() -> Value {
    let request = json!({"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess", "count": 7, "publiclyAccessible": true,
        "ipPermissions": {"items": [{"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0"}]}, "names": ["One", "two"], "note": "a \"quoted\" text"});
    let event = record("2024-01-01T00:00:00Z", "eva", "iam:AttachUserPolicy");
    with(event, json!({"requestParameters": request, "responseElements": null}))
}

fn holds(detection: &str) -> bool {
    let (rules, errors) = compile(&rule(detection));
    assert_eq!(errors, Vec::<String>::new(), "{detection}");
    !matching(&rules, &event()).is_empty()
}

#[test]
fn searches_match_fields_in_any_case() {
    for search in [
        "eventName: attachuserpolicy",
        "eventName: [CreateUser, Attach*Policy]",
        "eventSource: iam.amazonaws.com\n  requestParameters.policyArn|endswith: /administratoraccess",
        "requestParameters.policyArn|contains|all: [iam, Administrator]",
        "requestParameters.policyArn|re: '.*/Admin.*Access$'",
        "requestParameters.count: 7\n  requestParameters.publiclyAccessible: true",
        "requestParameters.count|gte: 7",
        "requestParameters.ipPermissions.items.cidr: 0.0.0.0/0",
        "requestParameters.names: TWO",
        "sourceIPAddress|cidr: 198.51.100.0/24",
        "userIdentity.sessionContext: null\n  responseElements: null",
        "errorCode|exists: false\n  eventID|exists: true",
        "userIdentity.type|cased: IAMUser",
        "requestParameters|contains: administratoraccess",
    ] {
        assert!(holds(&format!("sel:\n  {search}\ncondition: sel")), "{search}");
        assert!(!holds(&format!("sel:\n  {search}\ncondition: not sel")), "not {search}");
    }
    for search in [
        "eventName: CreateUser",
        "userIdentity.type|cased: iamuser",
        "requestParameters.policyArn|contains|all: [iam, ReadOnly]",
        "errorCode: '*'",
        "requestParameters.count|lt: 7",
        "requestParameters.nothing.at.all: x",
    ] {
        assert!(!holds(&format!("sel:\n  {search}\ncondition: sel")), "{search}");
    }
}

#[test]
fn searches_can_be_lists_of_maps_or_keywords() {
    assert!(holds("sel:\n  - eventName: X\n  - eventSource: iam.amazonaws.com\ncondition: sel"));
    assert!(holds("words: [nowhere, ADMINISTRATORACCESS]\ncondition: words"));
    assert!(!holds("words: [nowhere]\ncondition: words"));
    assert!(holds("words:\n  '|all': [attachuserpolicy, eva]\ncondition: words"));
    assert!(!holds("words:\n  '|all': [attachuserpolicy, mallory]\ncondition: words"));
    // Keywords match decoded texts and raw JSON.
    assert!(holds("words: ['\"quoted\" text']\ncondition: words"));
    assert!(holds("words: ['\"eventName\":\"AttachUserPolicy\"']\ncondition: words"));
    assert!(holds(
        "sel_a:\n  eventName: X\nsel_b:\n  eventSource: iam*\nfilter:\n  awsRegion: us-east-1\ncondition: 1 of sel_* and not filter"
    ));
    assert!(holds("a:\n  eventName: X\nb:\n  eventSource: iam*\ncondition: [a, b]"));
}

#[test]
fn a_kubernetes_rule_sees_audit_events() {
    let text = "title: r\nlogsource: {product: kubernetes, service: audit}\ndetection:\n  sel:\n    verb: create\n    objectRef.resource: pods\n  condition: sel\n";
    let (rules, errors) = compile(text);
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(matching(&rules, &audit_event("2024-01-01T00:00:00Z", "eva", "create", "pods")), ["r"]);
    assert!(matching(&rules, &audit_event("2024-01-01T00:00:00Z", "eva", "get", "pods")).is_empty());
}

#[test]
fn levels_become_priorities_and_the_output_describes_the_event() {
    let (rules, _) = compile(&rule("sel:\n  eventName: AttachUserPolicy\ncondition: sel"));
    assert_eq!(rules.rules()[0].metadata().priority.name(), "error");
    assert_eq!(
        output_of(&rules, "r", &event()),
        "by arn:aws:iam::111122223333:user/eva from 198.51.100.7 in eu-west-1 (action=iam.amazonaws.com:AttachUserPolicy, error=<NA>)"
    );
}

#[test]
fn unsupported_rules_are_errors_with_their_line() {
    let why = |text: &str| {
        let (rules, errors) = compile(text);
        assert_eq!((rules.rules().len(), errors.len()), (0, 1), "{errors:?}");
        errors[0].clone()
    };
    assert_eq!(
        why(&rule("sel:\n  a|windash: x\ncondition: sel")),
        "a.yml, line 6: rule 'r': field 'a': modifier 'windash' is not supported"
    );
    assert!(why(&rule("sel:\n  a: x\ncondition: sel | count() > 5")).contains("it counts events"));
    assert!(why(&rule("sel:\n  a: x\ntimeframe: 5m\ncondition: sel")).contains("about several events"));
    assert!(why(&rule("sel:\n  a|re: '(?=x)'\ncondition: sel")).contains("is no pattern"));
    assert!(
        why(&rule("sel:\n  a: x\ncondition: sell"))
            .contains("there is no search 'sell'; did you mean 'sel'?")
    );
    assert!(why(&rule("sel:\n  a: x")).contains("detection has no condition"));
    for search in ["null", "{}", "[]"] {
        assert!(why(&rule(&format!("sel: {search}\ncondition: sel"))).contains("a search is empty"));
    }
    for values in ["eventName: []", "eventName|all: []", "eventName|contains|all: []"] {
        assert!(
            why(&rule(&format!("sel:\n  {values}\ncondition: sel"))).contains("'eventName' has no values")
        );
    }
    for field in ["errorCode|contains", "errorCode|re", "errorCode|exists"] {
        let text = rule(&format!("sel:\n  {field}:\ncondition: sel"));
        assert!(why(&text).contains("it has no value to compare with"), "{field}");
    }
    assert!(
        why(&rule("sel:\n  '|exists': true\ncondition: sel")).contains("'exists' needs a field before it")
    );
    assert!(why(&rule("sel:\n  a: x\ncondition: []")).contains("detection has no condition"));
    assert!(why("- rule: r\n").contains("--rules reads those"));
    let many: String = (0..3000).map(|number| format!("s{number}: {{a: b}}\n")).collect();
    let named = vec!["1 of them"; 3000].join(" or ");
    assert!(why(&rule(&format!("{many}condition: {named}"))).contains("more than 1000000 parts"));
    let windows = "title: r\nlogsource: {product: windows, category: process_creation}\ndetection: {}\n";
    assert!(why(windows).contains("log source 'windows/process_creation' is none of"));
    assert!(why("title: r\naction: global\n").contains("'action' joins documents"));
    let filter = "title: f\nlogsource: {product: aws, service: cloudtrail}\nfilter:\n  rules: [r]\n  sel: {eventName: x}\n  condition: sel\n";
    assert!(why(filter).contains("filters are not read"));
}

#[test]
fn rules_are_told_apart_by_id_then_by_content() {
    let one = |id: &str, name: &str| {
        let rule = rule(&format!("sel:\n  eventName: {name}\ncondition: sel"));
        rule.replacen("title: r\n", &format!("title: r\n{id}"), 1)
    };
    let (rules, errors) = compile(&[one("id: a\n", "Attach*"), one("id: b\n", "'*'")].join("---\n"));
    assert_eq!((errors, matching(&rules, &event())), (Vec::new(), vec!["r".to_owned(), "r".to_owned()]));
    let (rules, errors) = compile(&[one("", "Attach*"), one("", "'*'")].join("---\n"));
    assert_eq!((errors, matching(&rules, &event())), (Vec::new(), vec!["r".to_owned(), "r".to_owned()]));
    for id in ["", "id: a\n"] {
        let copy = one(id, "Attach*") + "author: someone else\n";
        let (rules, errors) = compile(&[one(id, "Attach*"), copy].join("---\n"));
        assert_eq!((errors, matching(&rules, &event())), (Vec::new(), vec!["r".to_owned()]));
    }
    let (rules, errors) = compile(&[one("id: a\n", "Attach*"), one("id: a\n", "X")].join("---\n"));
    let twice = "a.yml, line 10: rule 'r': another rule has the same id, a: a.yml, line 1; give each its own";
    assert_eq!((errors, matching(&rules, &event())), (vec![twice.to_owned()], vec!["r".to_owned()]));
}

#[test]
fn a_sigma_rule_may_have_the_name_of_a_falco_rule() {
    let falco =
        "- rule: r\n  condition: ct.name=X\n  output: x\n  priority: INFO\n  source: aws_cloudtrail\n";
    let sigma = rule("sel:\n  eventName: Attach*\ncondition: sel");
    let files = [file("a.yaml", Language::Falco, falco), file("b.yml", Language::Sigma, &sigma)];
    let (rules, errors) = RuleSet::compile(&files);
    assert_eq!((errors.len(), rules.rules().len()), (0, 2));
    assert_eq!(matching(&rules, &event()), ["r"]);
}

#[test]
fn a_value_may_name_another_field_of_the_event() {
    let event =
        with(event(), json!({"requestParameters": {"userName": "EVA", "other": "ev", "list": ["x", "eva"]}}));
    let holds = |search: &str| {
        let (rules, errors) = compile(&rule(&format!("sel:\n  {search}\ncondition: sel")));
        assert_eq!(errors, Vec::<String>::new());
        !matching(&rules, &event).is_empty()
    };
    for search in [
        "userIdentity.arn|fieldref|endswith: requestParameters.userName",
        "userIdentity.arn|endswith|fieldref: requestParameters.list",
        "requestParameters.userName|fieldref: requestParameters.list",
        "requestParameters.userName|startswith|fieldref: requestParameters.other",
        "requestParameters.userName|contains|fieldref: requestParameters.other",
    ] {
        assert!(holds(search), "{search}");
    }
    for search in [
        "userIdentity.arn|fieldref: requestParameters.userName",
        "userIdentity.arn|fieldref|endswith|cased: requestParameters.userName",
        "requestParameters.userName|fieldref: requestParameters.missing",
        "requestParameters.missing|fieldref: requestParameters.missing",
    ] {
        assert!(!holds(search), "{search}");
    }
}

#[test]
fn a_value_may_be_searched_for_in_base64() {
    // In Python: base64.b64encode(b"run whoami now"), and of "whoami" in UTF-16, little endian.
    let event =
        with(event(), json!({"requestParameters": {"a": "cnVuIHdob2FtaSBub3c=", "b": "dwBoAG8AYQBtAGkA"}}));
    let holds = |search: &str| {
        let (rules, errors) = compile(&rule(&format!("sel:\n  {search}\ncondition: sel")));
        assert_eq!(errors, Vec::<String>::new());
        !matching(&rules, &event).is_empty()
    };
    assert!(holds("requestParameters.a|base64: run whoami now"));
    assert!(holds("requestParameters.a|base64offset|contains: whoami"));
    assert!(holds("requestParameters.b|wide|base64: whoami"));
    assert!(holds("requestParameters.b|utf16le|base64offset|contains: [nothing, hoami]"));
    assert!(!holds("requestParameters.a|base64offset|contains: [nothing]"));
    assert!(!holds("requestParameters.a|base64: whoami"));
}

#[test]
fn base64_encodes_what_a_value_stands_for() {
    // In Python: base64.b64encode(b"a*b\\c") and base64.b64encode("a?".encode("utf-16-le")).
    let event = with(event(), json!({"requestParameters": {"a": "YSpiXGM=", "b": "YQA/AA=="}}));
    let compiled = |search: &str| compile(&rule(&format!("sel:\n  {search}\ncondition: sel")));
    for search in [
        r"requestParameters.a|base64: a\*b\c",
        r"requestParameters.a|base64: a\*b\\c",
        r"requestParameters.a|base64offset|contains: \*b",
        r"requestParameters.b|wide|base64: a\?",
    ] {
        let (rules, errors) = compiled(search);
        assert_eq!((errors, matching(&rules, &event)), (Vec::new(), vec!["r".to_owned()]), "{search}");
    }
    for search in [
        "requestParameters.a|base64: a*b",
        "requestParameters.a|base64offset|contains: 'b?'",
        "requestParameters.a|utf16|base64: '*'",
        "requestParameters.a|expand|base64: '*'",
    ] {
        let (_, errors) = compiled(search);
        assert!(errors[0].contains("has wildcards, which cannot be encoded in base64"), "{errors:?}");
    }
}

#[test]
fn placeholders_stand_for_the_values_of_a_file() {
    let text = rule("sel:\n  userIdentity.arn|expand|endswith: '/%admins%'\ncondition: sel");
    let files = [file("a.yml", Language::Sigma, &text)];
    let mut values = Placeholders::default();
    values.add("p.yml", "admins: [zoe, Eva]\n".to_owned()).unwrap();
    let (rules, errors) = RuleSet::compile_with(&files, &values);
    assert_eq!((errors.len(), matching(&rules, &event())), (0, vec!["r".to_owned()]));
    let (_, errors) = RuleSet::compile(&files);
    assert!(
        errors[0].to_string().contains("'%admins%' has no values; --sigma-placeholders names a file"),
        "{errors:?}"
    );
    assert_ne!(rules.checksum(), RuleSet::compile(&files).0.checksum());
}

/// Whether a rule with this search matches an event whose request has this value `x`.
fn finds(search: &str, x: Value) -> bool {
    let (rules, errors) = compile(&rule(&format!("sel:\n  {search}\ncondition: sel")));
    assert_eq!(errors, Vec::<String>::new(), "{search}");
    !matching(&rules, &with(event(), json!({"requestParameters": {"x": x}}))).is_empty()
}

#[test]
fn one_item_of_a_list_is_enough_also_of_mixed_and_nested_lists() {
    for x in [
        json!("v"),
        json!(["v", "w"]),
        json!(["v", {"y": 1}]),
        json!([{"y": 1}, "v"]),
        json!([["v"]]),
        json!([["w", ["v"]], 1]),
    ] {
        assert!(finds("requestParameters.x: v", x.clone()), "{x}");
        assert!(finds("requestParameters.x|startswith: v", x.clone()), "{x}");
        assert!(finds("requestParameters.x|contains: v", x.clone()), "{x}");
        assert!(!finds("requestParameters.x: y", x.clone()), "{x}");
    }
    for x in [
        json!({"y": "v"}),
        json!([{"y": "v"}]),
        json!([[{"y": "v"}]]),
        json!([{"z": 1}, 2, [[{"y": "w"}], {"y": [1, ["v"]]}]]),
        json!({"y": [["v"], {"z": 1}]}),
    ] {
        assert!(finds("requestParameters.x.y: v", x.clone()), "{x}");
        assert!(!finds("requestParameters.x.z: v", x.clone()), "{x}");
    }
    // An object in a list is compared as its text, and an empty list is a value.
    assert!(finds("requestParameters.x|contains: '\"y\":1'", json!(["v", {"y": 1}])));
    assert!(finds("requestParameters.x|exists: true", json!([])));
    assert!(finds("requestParameters.x|exists: true", json!([null])));
    // The index of an item is that in its own list.
    assert!(finds("requestParameters.x.1.y: v", json!(["a", [[{"y": "v"}]]])));
    assert!(!finds("requestParameters.x.1: v", json!([["a", "v"]])));
    let deep = (0..1000).fold(json!("v"), |inner, _| json!([inner]));
    assert!(!finds("requestParameters.x: v", deep));
}

#[test]
fn a_field_exists_also_with_null() {
    for x in [json!(null), json!(""), json!(0), json!({}), json!("v")] {
        assert!(finds("requestParameters.x|exists: true", x.clone()), "{x}");
        assert!(!finds("requestParameters.x|exists: false", x.clone()), "{x}");
        assert!(finds("requestParameters.y|exists: false", x.clone()), "{x}");
        assert!(!finds("requestParameters.x.y|exists: true", x.clone()), "{x}");
    }
    assert!(finds("requestParameters.x.y|exists: true", json!([{"z": 1}, {"y": null}])));
    // `null` as a value is about both, and the event of these tests has `responseElements: null`.
    assert!(holds("sel:\n  responseElements: null\n  responseElements|exists: true\ncondition: sel"));
    assert!(!holds("sel:\n  errorCode|exists: true\ncondition: sel"));
    // The same holds for a field that is read of every record anyway.
    let (rules, errors) = compile(&rule("sel:\n  errorCode: null\n  errorCode|exists: true\ncondition: sel"));
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(matching(&rules, &with(event(), json!({"errorCode": null}))), ["r"]);
}

#[test]
fn numbers_are_compared_by_value_and_texts_as_texts() {
    for (search, x) in [
        ("0", json!(0.0)),
        ("5", json!(5)),
        ("5", json!(5.0)),
        ("5.0", json!(5)),
        ("5", json!("5")),
        ("5.0", json!("5.0")),
        ("'5.0'", json!(5.0)),
        ("-2.5e1", json!(-25)),
        ("[1, 5.0]", json!(["v", [5]])),
        ("[v, 5]", json!(5.0)),
        ("1.5", json!([1.50])),
        ("12345678901234567890", json!(12_345_678_901_234_567_890_u64)),
    ] {
        assert!(finds(&format!("requestParameters.x: {search}"), x.clone()), "{search} {x}");
        assert!(finds(&format!("requestParameters.x|cased: {search}"), x.clone()), "{search} {x}");
    }
    for (search, x) in [
        ("5", json!("5.0")),
        ("'5'", json!(5.0)),
        ("5", json!(-5)),
        ("5", json!(50)),
        ("[1, 5]", json!(["1.0", 7])),
        ("12345678901234567890", json!(12_345_678_901_234_567_891_u64)),
    ] {
        assert!(!finds(&format!("requestParameters.x: {search}"), x.clone()), "{search} {x}");
    }
    assert!(finds("requestParameters.x|all: [5, 6]", json!([5.0, 6])));
    assert!(!finds("requestParameters.x|all: [5, 6]", json!([5.0])));
    assert!(!finds("requestParameters.x|contains: 5", json!([1])));
    assert!(finds("requestParameters.x|contains: 5", json!(1.5)));
    let text = "title: r\nlogsource: {product: kubernetes, service: audit}\ndetection:\n  sel:\n    responseStatus.code: [403.0, 404]\n  condition: sel\n";
    let (rules, errors) = compile(text);
    assert_eq!(errors, Vec::<String>::new());
    let event = |code: u16| {
        with(
            audit_event("2024-01-01T00:00:00Z", "eva", "get", "pods"),
            json!({"responseStatus": {"code": code}}),
        )
    };
    assert_eq!((matching(&rules, &event(403)).len(), matching(&rules, &event(404)).len()), (1, 1));
    assert!(matching(&rules, &event(200)).is_empty());
}

/// Whether one of the values at the end of the keys is this text, wherever there are lists.
fn has(value: &Value, keys: &[&str], text: &str) -> bool {
    match (value, keys) {
        (Value::Array(items), _) => items.iter().any(|item| has(item, keys, text)),
        (Value::Object(members), [key, rest @ ..]) => members.get(*key).is_some_and(|it| has(it, rest, text)),
        (other, []) => *other == *text,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn lists_are_entered_wherever_they_are(
        x in prop::sample::select(vec![json!("v"), json!("w"), json!(1), json!(null)]).prop_recursive(5, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                (prop::sample::select(vec!["y", "z"]), inner).prop_map(|(key, inner)| json!({key: inner})),
            ]
        })
    ) {
        for keys in [&[][..], &["y"], &["y", "z"], &["z"]] {
            let path = ["requestParameters.x"].iter().chain(keys).copied().collect::<Vec<_>>().join(".");
            prop_assert_eq!(finds(&format!("{path}: v"), x.clone()), has(&x, keys, "v"), "{} {}", path, x);
        }
    }
}

/// The warnings about a rule that can be used.
fn warnings(text: &str) -> Vec<String> {
    let (rules, errors) = compile(text);
    assert_eq!((rules.rules().len(), errors), (1, Vec::new()));
    rules.warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn a_field_that_no_event_has_is_reported() {
    let why = |field: &str| {
        let (rules, errors) = compile(&rule(&format!("sel:\n  {field}: x\ncondition: not sel")));
        assert_eq!((rules.rules().len(), errors.len()), (0, 1), "{errors:?}");
        errors[0].clone()
    };
    assert_eq!(
        why("eventname"),
        "a.yml, line 6: rule 'r': field 'eventname': events of cloudtrail have no field 'eventname'; did you mean 'eventName'?"
    );
    assert!(why("requestParameters.*.y|contains").contains("field 'requestParameters.*.y': '*' is no key"));
    let (_, errors) = compile(&rule("sel:\n  eventName|fieldref: EventSource\ncondition: sel"));
    assert!(errors[0].contains("did you mean 'eventSource'?"), "{errors:?}");
    let doubt = |field: &str| warnings(&rule(&format!("sel:\n  {field}: x\ncondition: not sel")));
    assert_eq!(
        doubt("evenName"),
        [
            "a.yml, line 6: rule 'r': field 'evenName': events of cloudtrail have no field 'evenName', as far as is known; did you mean 'eventName'?"
        ]
    );
    // Such a field is in a public rule.
    assert_eq!(
        doubt("type"),
        [
            "a.yml, line 6: rule 'r': field 'type': events of cloudtrail have no field 'type', as far as is known"
        ]
    );
    assert_eq!(doubt("userIdentity.username").len(), 1);
    assert_eq!(doubt("requestParameters.anything.at.all"), Vec::<String>::new());
}

#[test]
fn fields_of_correlations_are_checked_too() {
    let text = |field: &str| {
        let base =
            rule("sel:\n  eventName: x\ncondition: sel").replacen("title: r", "title: r\nname: base", 1);
        let correlation = "title: c\ncorrelation:\n  type: event_count\n  rules: [base]\n  timespan: 1h\n  condition: {gte: 2}\n";
        format!("{base}---\n{correlation}  group-by: [{field}]\n")
    };
    let (rules, errors) = compile(&text("sourceIpAddress"));
    assert_eq!(rules.rules().len(), 1);
    assert!(
        errors[0].contains("rule 'c': field 'sourceIpAddress': events of cloudtrail have no field"),
        "{errors:?}"
    );
    let (rules, errors) = compile(&text("sourceAddress"));
    assert_eq!((rules.rules().len(), errors.len(), rules.warnings().len()), (2, 0, 1));
    assert!(rules.warnings()[0].to_string().contains("rule 'c': field 'sourceAddress'"));
    let (rules, errors) = compile(&text("sourceIPAddress"));
    assert_eq!((rules.rules().len(), errors.len(), rules.warnings().len()), (2, 0, 0));
}

#[test]
fn names_with_dots_are_found_in_maps_of_audit_events() {
    let event = with(
        audit_event("2024-01-01T00:00:00Z", "eva", "create", "pods"),
        json!({
            "annotations": {"authorization.k8s.io/decision": "forbid", "pod-security.kubernetes.io/audit-violations": "x"},
            "user": {"username": "eva", "extra": {"authentication.kubernetes.io/pod-name": ["web-1"], "arn": ["a", "b"]}},
            "requestObject": {"metadata": {"labels": {"app.kubernetes.io/name": "web", "a": "b"}}, "spec": {"labels": {"a": {"b": "c"}}}},
        }),
    );
    let holds = |search: &str| {
        let (rules, errors) = compile(&format!(
            "title: r\nlogsource: {{product: kubernetes, service: audit}}\ndetection:\n  sel:\n    {search}\n  condition: sel\n"
        ));
        assert_eq!((errors, rules.warnings().len()), (Vec::new(), 0), "{search}");
        !matching(&rules, &event).is_empty()
    };
    for search in [
        "annotations.authorization.k8s.io/decision: forbid",
        "annotations.pod-security.kubernetes.io/audit-violations: x",
        "user.extra.authentication.kubernetes.io/pod-name: web-1",
        "user.extra.authentication.kubernetes.io/pod-name.0: web-1",
        "user.extra.arn.1: b",
        "requestObject.metadata.labels.app.kubernetes.io/name: web",
        "requestObject.metadata.labels.a: b",
        "requestObject.spec.labels.a.b: c",
    ] {
        assert!(holds(search), "{search}");
    }
    assert!(!holds("annotations.authorization.k8s.io/decision: allow"));
    assert!(!holds("user.extra.arn.0: b"));
}

#[test]
fn each_document_that_cannot_be_used_is_an_error() {
    let (_, errors) = compile("foo: 1\n---\nbar: 2\n---\nbaz: 3\n");
    assert_eq!(
        errors,
        [
            "a.yml, line 1: it has no title",
            "a.yml, line 3: it has no title",
            "a.yml, line 5: it has no title"
        ]
    );
    let list = file("b.yml", Language::Sigma, "- rule: r\n");
    let (_, errors) = RuleSet::compile(&[list.clone(), RuleFile { name: "c.yml".to_owned(), ..list }]);
    assert_eq!(errors.iter().map(|error| &*error.file).collect::<Vec<_>>(), ["b.yml", "c.yml"]);
    // A copy that can be used counts, even behind one that cannot.
    let sound = rule("sel:\n  eventName: Attach*\ncondition: sel");
    let (rules, errors) = compile(&format!("{sound}action: global\n---\n{sound}"));
    assert_eq!((rules.rules().len(), errors.len()), (1, 1));
    assert_eq!(matching(&rules, &event()), ["r"]);
}

#[test]
fn searches_can_take_the_fields_of_others() {
    let merged = "base: &base {eventSource: iam.amazonaws.com, awsRegion: nowhere}\nsel: {<<: *base, awsRegion: eu-west-1}\n";
    assert!(holds(&format!("{merged}condition: sel and not base")));
    assert!(!holds(&format!("{merged}condition: base")));
    let (_, errors) = compile(&rule("sel: {<<: x, awsRegion: us-east-1}\ncondition: sel"));
    assert!(errors[0].contains("line 5: all rules of lines 1 to 6: '<<' takes a map"), "{errors:?}");
}

#[test]
fn booleans_of_older_yaml_are_texts_with_a_warning() {
    assert!(finds("requestParameters.x: No", json!("no")));
    assert!(!finds("requestParameters.x: No", json!(false)));
    let doubts = |value: &str| warnings(&rule(&format!("sel:\n  eventName: [a, {value}]\ncondition: sel")));
    for word in ["yes", "No", "ON", "off"] {
        assert!(
            doubts(word)[0]
                .contains(&format!("line 6: rule 'r': field 'eventName': '{word}' is a text here"))
        );
        assert_eq!(doubts(&format!("'{word}'")), Vec::<String>::new());
    }
    assert_eq!(doubts("true"), Vec::<String>::new());
    let (_, errors) = compile(&rule("sel:\n  eventName|exists: yes\ncondition: sel"));
    assert!(errors[0].contains("'exists' takes true or false"), "{errors:?}");
}

#[test]
fn the_end_of_a_word_makes_no_difference_to_comparisons_in_any_case() {
    for x in ["ΑΣΑ", "ασΑΣ", "ας"] {
        for modifier in ["startswith", "contains"] {
            assert!(finds(&format!("requestParameters.x|{modifier}: 'ΑΣ'"), json!(x)), "{modifier} {x}");
        }
        assert_eq!(finds("requestParameters.x|endswith: 'ΑΣ'", json!(x)), x != "ΑΣΑ", "{x}");
    }
    assert!(finds("requestParameters.x: ['ΣΑΣ', 'x']", json!("σασ")));
}

#[test]
fn warnings_are_printed_and_every_broken_file_is_named() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.yml");
    std::fs::write(&path, rule("sel:\n  evenName: X\ncondition: sel")).unwrap();
    let run = |path: &str| {
        let output = firstseen_here(&["rules", "fixtures/small-archive", "--sigma", path, "--quiet"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(path.to_str().unwrap());
    assert_eq!(code, Some(0));
    assert!(
        said.contains("warning: ") && said.contains("a.yml, line 6: rule 'r': field 'evenName'"),
        "{said}"
    );
    let (code, said) = run("fixtures/rules");
    assert_eq!(code, Some(2));
    for name in ["broken.yaml", "team.yaml"] {
        assert!(said.contains(&format!("{name}, line ")), "{said}");
    }
    assert!(said.contains("error: 2 of the rules cannot be used"), "{said}");
}

#[test]
fn a_baseline_has_the_matches_and_values_of_lists_of_an_archive() {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("logs")).unwrap();
    let lists =
        [json!(["v", {"y": 1}]), json!([["v"], {"y": 1}]), json!([{"y": "v"}]), json!([[{"y": "v"}], "v"])];
    let call = |(number, list): (usize, &Value)| {
        let event = record(&format!("2024-01-01T00:0{number}:00Z"), "eva", "iam:AttachUserPolicy");
        with(event, json!({"requestParameters": {"x": list}}))
    };
    let records: Vec<Value> = lists.iter().enumerate().map(call).collect();
    std::fs::write(at("logs/a.json"), json!({"Records": records}).to_string()).unwrap();
    let section = |field: &str| {
        let head = format!(
            "title: by {field}\ncorrelation: {{type: event_count, rules: [r], timespan: 1h, generate: true, "
        );
        format!("{head}condition: {{gte: 1}}, group-by: [{field}]}}\n---\n")
    };
    let base = rule("sel:\n  - requestParameters.x: v\n  - requestParameters.x.y: v\ncondition: sel");
    let base = base.replacen("title: r", "title: r\nname: r", 1);
    std::fs::write(at("r.yml"), section("requestParameters.x") + &section("requestParameters.x.y") + &base)
        .unwrap();
    let run = |args: &[&str]| {
        let output = firstseen_here(&[args, &["-q", "-f", "jsonl"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (logs, rules, baseline) = (at("logs"), at("r.yml"), at("a.baseline"));
    let output = firstseen_here(&["index", &logs, "-o", &baseline, "--sigma", &rules]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let of_archive = run(&["rules", &logs, "--sigma", &rules, "--all-matches"]);
    let of_baseline = run(&["rules", &baseline, "--all-matches"]);
    let findings = |text: &str| {
        let values = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        values.filter(|value| value["finding"].is_string()).collect::<Vec<_>>()
    };
    let found = findings(&of_archive);
    assert_eq!(found, findings(&of_baseline));
    // A group for each list, by its items: those of the first two are the same.
    let of = |name: &str| found.iter().filter(|finding| finding["rules"].to_string().contains(name)).count();
    assert_eq!((of("by requestParameters.x.y"), of("by requestParameters.x\"")), (2, 3));
}

#[test]
fn regular_expressions_are_those_of_pcre() {
    let event =
        with(event(), json!({"requestParameters": {"a": "<script>", "b": "{\"Effect\":[1]}", "c": "a&b"}}));
    let matches = |search: &str| {
        let (rules, errors) = compile(&rule(&format!("sel:\n  {search}\ncondition: sel")));
        assert_eq!(errors, Vec::<String>::new(), "{search}");
        !matching(&rules, &event).is_empty()
    };
    for search in [
        r"requestParameters.a|re: '\<script\>'",
        r#"requestParameters.b|re: '{"Effect":[[]\d'"#,
        "requestParameters.c|re: '^a[&&b]b$'",
        r"requestParameters.b|re: '\Q[1]}\E$'",
    ] {
        assert!(matches(search), "{search}");
    }
    let (_, errors) = compile(&rule("sel:\n  eventName|re: '[a--c]'\ncondition: sel"));
    assert!(errors[0].contains("'[a--c]' is no pattern: the range 'a--' in a class"), "{errors:?}");
    let long = "x".repeat(6_000);
    let (_, errors) = compile(&rule(&format!("sel:\n  eventName|re: '({long}){{500}}'\ncondition: sel")));
    assert!(
        errors[0].ends_with(
            "xx…' is no pattern: the compiled pattern is too large; use smaller repetition counts"
        ),
        "{errors:?}"
    );
}

#[test]
fn a_text_too_short_to_search_for_in_base64_is_an_error() {
    for search in ["a|base64offset|contains: x", "a|base64|contains: ''", "a|utf16|base64offset|contains: ''"]
    {
        let (_, errors) = compile(&rule(&format!("sel:\n  requestParameters.{search}\ncondition: sel")));
        assert!(errors[0].contains("is too short for base64"), "{search} {errors:?}");
    }
    let (_, errors) = compile(&rule("sel:\n  requestParameters.a|base64offset|contains: xy\ncondition: sel"));
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn numbers_are_compared_exactly_and_texts_are_none() {
    let event = with(
        event(),
        json!({"requestParameters": {"n": 9_007_199_254_740_993_u64, "t": "infinity", "x": 16}}),
    );
    let matches = |search: &str| {
        let (rules, errors) = compile(&rule(&format!("sel:\n  requestParameters.{search}\ncondition: sel")));
        assert_eq!(errors, Vec::<String>::new(), "{search}");
        !matching(&rules, &event).is_empty()
    };
    for search in ["n|gt: 9007199254740992", "n|lte: 9007199254740993", "x: 0x10", "x: 0o20", "x|gte: 0x10"] {
        assert!(matches(search), "{search}");
    }
    for search in ["n|gt: 9007199254740993", "t|gt: 1", "x: '0x10'", "x: 0x11"] {
        assert!(!matches(search), "{search}");
    }
    let (_, errors) = compile(&rule("sel:\n  requestParameters.x|gt: inf\ncondition: sel"));
    assert!(errors[0].contains("'inf' is no number"), "{errors:?}");
}

#[test]
fn log_sources_and_levels_may_be_written_in_several_ways() {
    for source in ["{product: kubernetes}", "{product: aws, service: cloudtrail, category: iam}"] {
        let text = rule("sel:\n  eventName: x\ncondition: 1 of Them");
        let (rules, errors) = compile(&text.replace("{product: aws, service: cloudtrail}", source));
        assert_eq!(rules.rules().len(), 1, "{errors:?}");
    }
    let (_, errors) =
        compile(&rule("sel:\n  eventName: x\ncondition: sel").replace("level: high", "level: High"));
    assert!(errors[0].contains(
        "level 'High' is none of critical, high, medium, low, informational; did you mean 'high'?"
    ));
}

#[test]
fn a_mistake_in_yaml_costs_only_the_rules_of_its_document() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.yml");
    let one = |name: &str| {
        rule("sel:\n  eventName: 'Get*'\ncondition: sel").replacen("title: r", &format!("title: {name}"), 1)
    };
    std::fs::write(&path, [one("first"), one("second") + "x: [\n", one("third")].join("---\n")).unwrap();
    let run = |more: &[&str]| {
        let args = ["rules", "fixtures/small-archive", "--sigma", path.to_str().unwrap(), "--format", "json"];
        let output = firstseen_here(&[&args[..], more].concat());
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, _, said) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("cannot be used: ") && said.contains("a.yml, line 16: all rules of lines 8 to 16: "),
        "{said}"
    );
    assert!(said.contains("error: all rules of 1 document cannot be used"), "{said}");
    let (code, found, _) = run(&["--skip-unsupported"]);
    let answer: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(answer["settings"]["rules"]["left_out"], json!(["a.yml, all rules of lines 8 to 16"]));
    assert!(found.contains("first") && found.contains("third") && !found.contains("second"), "{found}");
}

/// The event of the published rule on policies that let anyone read objects.
#[test]
fn a_search_in_an_object_finds_texts_as_they_are() {
    let policy = r#"{"Statement":[{"Action":"s3:GetObject"}]}"#;
    let event = with(
        event(),
        json!({"requestParameters": {"policy": policy, "list": [{"a": "x\"y"}], "plain": "Abc"}}),
    );
    let matches = |search: &str| {
        let (rules, errors) = compile(&rule(&format!("sel:\n  {search}\ncondition: sel")));
        assert_eq!(errors, Vec::<String>::new(), "{search}");
        !matching(&rules, &event).is_empty()
    };
    for search in [
        r#"requestParameters|contains: '"s3:getobject"'"#,
        r#"requestParameters|contains|all: ['"Action":"s3:GetObject"', '"plain":"abc"', '\"Action']"#,
        r#"requestParameters|contains|cased: '"s3:GetObject"'"#,
        r#"requestParameters: '*"s3:GetObject"*'"#,
        r#"requestParameters.list|contains: 'x"y'"#,
    ] {
        assert!(matches(search), "{search}");
    }
    for search in [
        r#"requestParameters|contains|cased: '"s3:getobject"'"#,
        r#"requestParameters|startswith: '{"Statement'"#,
        "requestParameters: abc",
    ] {
        assert!(!matches(search), "{search}");
    }
}

#[test]
fn long_lists_find_what_their_values_find_alone() {
    let event = with(event(), json!({"requestParameters": {"a": "ΣΑΣ say \"Hi\"", "b": ["One", "b-TWO-b"]}}));
    let others: Vec<String> = (0..40).map(|number| format!("'nothing-{number}'")).collect();
    for (value, is_there) in [
        ("σας", true),
        ("say \"hi\"", true),
        ("TWO", true),
        ("\"eventName\":\"attach", true),
        ("absent", false),
    ] {
        let all = format!("[{}, '{value}']", others.join(", "));
        for search in [
            format!("sel: {all}"),
            format!("sel:\n  '|contains': {all}"),
            format!("sel:\n  - requestParameters.b: x\n  - requestParameters|contains: {all}"),
        ] {
            let is_of_record = value.contains("attach") && search.contains("requestParameters");
            let (rules, errors) = compile(&rule(&format!("{search}\ncondition: sel")));
            assert_eq!(errors, Vec::<String>::new());
            assert_eq!(!matching(&rules, &event).is_empty(), is_there && !is_of_record, "{search}");
        }
        let cased = rule(&format!("sel:\n  '|contains|cased': {all}\ncondition: sel"));
        assert_eq!(!matching(&compile(&cased).0, &event).is_empty(), value == "TWO", "{value}");
    }
}
