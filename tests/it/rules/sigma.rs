//! Sigma's rule language.

use firstseen::model::Language;
use firstseen::rules::{Placeholders, RuleSet};
use serde_json::{Value, json};

use super::{file, matching, output_of};
use crate::archive::{audit_event, record, with};

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
    assert!(why(&rule("sel:\n  a: x\ncondition: []")).contains("detection has no condition"));
    assert!(why("- rule: r\n").contains("--rules reads those"));
    let many: String = (0..3000).map(|number| format!("s{number}: {{a: b}}\n")).collect();
    let named = vec!["1 of them"; 3000].join(" or ");
    assert!(why(&rule(&format!("{many}condition: {named}"))).contains("more than 1000000 parts"));
    let windows = "title: r\nlogsource: {product: windows, category: process_creation}\ndetection: {}\n";
    assert!(why(windows).contains("log source 'windows/process_creation' is none of"));
    assert!(why("title: r\naction: global\n").contains("'action' joins documents"));
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
