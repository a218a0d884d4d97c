//! Falco's rule language.

use firstseen::model::Language;
use firstseen::rules::RuleSet;
use serde_json::{Value, json};

use super::{compile, file, matching, output_of, rules};
use crate::archive::{audit_event, record, with};

/// A rule with a condition.
fn rule(name: &str, condition: &str, source: &str) -> String {
    let condition = Value::from(condition).to_string();
    format!("- rule: {name}\n  condition: {condition}\n  output: x\n  priority: INFO\n  source: {source}\n")
}

fn event() -> Value {
    let event = record("2024-01-01T00:00:00Z", "eva", "iam:CreateUser");
    let request = json!({"userName": "Bob", "n": 7, "none": null, "flag": false, "blank": "", "list": ["a", "b"], "path": "/etc/x",
        "deep": [{"k": "v"}, {"k": "w"}]});
    with(event, json!({"requestParameters": request, "errorCode": "ABSENT"}))
}

fn holds(condition: &str) -> bool {
    !matching(&rules(&rule("r", condition, "aws_cloudtrail")), &event()).is_empty()
}

fn holds_in_cluster(condition: &str, event: &Value) -> bool {
    !matching(&rules(&rule("r", condition, "k8s_audit")), event).is_empty()
}

#[test]
fn operators_compare_as_documented() {
    for condition in [
        "ct.name=CreateUser",
        "ct.name == \"CreateUser\"",
        "ct.name != DeleteUser",
        "ct.name contains eUs",
        "ct.name icontains USER",
        "ct.name startswith Create and ct.name endswith User",
        "ct.name glob 'Create*' and ct.name iglob 'create[tu]ser'",
        "ct.name regex 'Create(User|Role)'",
        "ct.name in (CreateUser, DeleteUser)",
        "tolower(ct.name) = createuser and toupper(ct.name) = CREATEUSER",
        "json.value[/requestParameters/n] > 6 and json.value[/requestParameters/n] <= 7",
        "json.value[/requestParameters/n] = 7 and json.value[/requestParameters/flag] = false",
        "json.value[/requestParameters/blank]='' and json.value[/requestParameters/blank] exists",
        "json.value[/requestParameters/list] = '[\"a\",\"b\"]'",
        "json.value[/requestParameters/deep/1/k] = w",
        "json.value[/requestParameters/path] pmatch (/usr, /etc)",
        "jevt.value[/userIdentity/type]=IAMUser",
        "evt.num > 0 and ct.readonly=false and ct.shortsrc=iam",
        "aws.eventName=CreateUser and aws.sourceIP=198.51.100.7 and aws.region=eu-west-1",
        "ct.user.accountid=111122223333 and ct.srcip startswith 198.",
    ] {
        assert!(holds(condition), "{condition}");
        assert!(!holds(&format!("not ({condition})")), "not {condition}");
    }
    for condition in ["ct.name = createuser", "ct.name regex 'Create'", "ct.name in ()", "ct.name > 3"] {
        assert!(!holds(condition), "{condition}");
    }
}

#[test]
fn missing_and_null_values_match_nothing() {
    for field in ["ct.error", "json.value[/requestParameters/none]", "json.value[/nowhere/at/all]"] {
        for check in ["exists", "= x", "!= x", "in (x)", "contains ''", "startswith ''", "< 9", "regex '.*'"]
        {
            let condition = format!("{field} {check}");
            assert!(!holds(&condition), "{condition}");
            assert!(holds(&format!("not {condition}")), "not {condition}");
        }
    }
}

#[test]
fn in_requires_every_item_and_other_operators_any_item() {
    let pod = with(
        audit_event("2024-01-01T00:00:00Z", "eva", "create", "pods"),
        json!({"requestObject": {"spec": {"hostNetwork": true, "containers": [
            {"image": "good/a:1", "securityContext": {"privileged": true}, "ports": [{"hostPort": 80}]},
            {"image": "evil/b@sha256:00"}]}}}),
    );
    let holds = |condition| holds_in_cluster(condition, &pod);
    assert!(holds("ka.req.pod.containers.image.repository intersects (good/a)"));
    assert!(!holds("ka.req.pod.containers.image.repository in (good/a)"));
    assert!(holds("ka.req.pod.containers.image.repository in (good/a, evil/b)"));
    assert!(holds("ka.req.pod.containers.image[1] contains evil"));
    assert!(holds(
        "ka.req.pod.containers.privileged intersects (true) and ka.req.pod.host_network intersects (true)"
    ));
    assert!(holds("ka.req.pod.containers.host_port = 80 and ka.req.pod.containers.eff_run_as_user = 0"));
    assert!(!holds("ka.req.pod.initContainers.privileged exists or ka.req.pod.volumes.hostpath exists"));
    assert!(holds("ka.uri.param[limit]=500 and ka.target.namespace=shop and ka.response.code startswith 2"));
}

#[test]
fn macros_and_lists_are_expanded_everywhere() {
    let text = format!(
        "- list: inner\n  items: [CreateUser]\n- list: outer\n  items: [inner, DeleteUser]\n- macro: made\n  condition: ct.name in (outer)\n{}{}",
        rule("yes", "made and not ct.error exists", "aws_cloudtrail"),
        rule("quoted is no list", "ct.name in ('outer')", "aws_cloudtrail"),
    );
    assert_eq!(matching(&rules(&text), &event()), ["yes"]);
}

#[test]
fn later_files_append_override_and_disable() {
    let first = format!(
        "- list: names\n  items: [DeleteUser]\n- macro: never\n  condition: evt.num < 0\n{}{}{}",
        rule("listed", "ct.name in (names)", "aws_cloudtrail"),
        rule("off", "ct.name=CreateUser", "aws_cloudtrail"),
        rule("changed", "never", "aws_cloudtrail"),
    );
    let with_second = |second: &str| {
        let (rules, errors) = compile(&[&first, second]);
        assert_eq!(errors, Vec::<String>::new(), "{second}");
        (matching(&rules, &event()), rules)
    };
    assert_eq!(with_second("").0, ["off"]);
    assert_eq!(with_second("- rule: off\n  enabled: false\n").0, Vec::<String>::new());
    assert_eq!(with_second("- list: names\n  items: [CreateUser]\n  append: true\n").0, ["listed", "off"]);
    assert_eq!(
        with_second("- list: names\n  items: [CreateUser]\n  override:\n    items: append\n").0,
        ["listed", "off"]
    );
    assert_eq!(
        with_second("- macro: never\n  condition: or ct.name=CreateUser\n  append: true\n").0,
        ["changed", "off"]
    );
    let replaced = "- rule: changed\n  condition: ct.name=CreateUser\n  priority: CRITICAL\n  tags: [t]\n  override: {condition: replace, priority: replace, tags: append}\n";
    let (names, rules) = with_second(replaced);
    assert_eq!(names, ["changed", "off"]);
    assert_eq!(rules.rules()[0].metadata().priority.name(), "critical");
    assert_eq!(
        with_second("- rule: off\n  condition: and ct.error exists\n  append: true\n").0,
        Vec::<String>::new()
    );
}

#[test]
fn exceptions_exclude_events() {
    let matches = |exceptions: &str| {
        let text = rule("r", "ct.name=CreateUser", "aws_cloudtrail") + exceptions;
        !matching(&rules(&text), &event()).is_empty()
    };
    assert!(matches(""));
    assert!(!matches(
        "  exceptions:\n    - name: a\n      fields: ct.region\n      values: [eu-west-1, us-east-1]\n"
    ));
    assert!(matches("  exceptions:\n    - name: a\n      fields: ct.region\n      values: [us-east-1]\n"));
    let pairs = "  exceptions:\n    - name: a\n      fields: [ct.region, ct.user.arn]\n      comps: [=, endswith]\n      values:\n";
    assert!(!matches(&format!("{pairs}        - [us-east-1, /eva]\n        - [eu-west-1, /eva]\n")));
    assert!(matches(&format!("{pairs}        - [us-east-1, /eva]\n")));
    assert!(matches("  exceptions:\n    - name: a\n      fields: [ct.region, ct.user.arn]\n"));
    let (_, errors) =
        compile(&[&(rule("r", "ct.name=A", "aws_cloudtrail") + pairs + "        - [eu-west-1]\n")]);
    assert!(errors[0].contains("'a' has values that are not one for each field"), "{errors:?}");
    let appended = rule("r", "ct.name=CreateUser", "aws_cloudtrail")
        + "  exceptions:\n    - name: a\n      fields: ct.region\n- rule: r\n  append: true\n  exceptions:\n    - name: a\n      values: [eu-west-1]\n";
    assert!(matching(&rules(&appended), &event()).is_empty());
}

#[test]
fn rules_see_the_stage_of_the_event() {
    let started = with(
        audit_event("2024-01-01T00:00:00Z", "eva", "create", "pods"),
        json!({"stage": "ResponseStarted"}),
    );
    assert!(holds_in_cluster("jevt.value[/stage]=ResponseStarted and ka.stage=ResponseStarted", &started));
    // A rule for clusters does not match CloudTrail events.
    assert!(matching(&rules(&rule("r", "evt.num > 0", "k8s_audit")), &event()).is_empty());
}

#[test]
fn outputs_show_values_and_mark_missing_ones() {
    let text = "- rule: r\n  condition: ct.name=CreateUser\n  output: >\n    made %json.value[/requestParameters/userName]\n    (by=%ct.user.arn, error=%ct.error, list=%json.value[/requestParameters/list])\n  priority: INFO\n  source: aws_cloudtrail\n";
    assert_eq!(
        output_of(&rules(text), "r", &event()),
        r#"made Bob (by=arn:aws:iam::111122223333:user/eva, error=<NA>, list=["a","b"])"#
    );
}

#[test]
fn errors_name_file_line_and_character() {
    let why = |text: &str| {
        let (_, errors) = compile(&[text]);
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].clone()
    };
    let with_condition = |condition: &str| why(&rule("r", condition, "aws_cloudtrail"));
    assert_eq!(
        with_condition("ct.name=A and ct.nmae=B"),
        "a.yaml, line 2: rule 'r': condition, character 15: events of cloudtrail have no field 'ct.nmae'; did you mean 'ct.name'?"
    );
    assert_eq!(
        with_condition("ct.name=A and spwned"),
        "a.yaml, line 2: rule 'r': condition, character 15: there is no macro 'spwned'"
    );
    assert!(with_condition("ct.name regex '('").contains("is no pattern: unclosed group"));
    assert!(with_condition("ct.name bcontains 0x0").contains("'0x0' is no text of hexadecimal digits"));
    assert!(with_condition("ct.name glob val(ct.src)").contains("not with another field"));
    assert!(with_condition("ct.name > x").contains("'x' is no number"));
    assert!(
        with_condition("ct.name kontains 00")
            .contains("there is no operator 'kontains' here; did you mean 'contains'?")
    );
    assert!(
        why(&rule("r", "evt.num > 0", "syscall"))
            .contains("source 'syscall' is none of aws_cloudtrail and k8s_audit")
    );
    assert!(
        why("- rule: r\n  condition: evt.num > 0\n  output: x\n  source: k8s_audit\n")
            .ends_with("it has no priority")
    );
    assert!(
        why("- rule: r\n  conditon: evt.num > 0\n")
            .contains("there is no key 'conditon' here; did you mean 'condition'?")
    );
    assert!(why("- required_engine_version: 0.99.0\n").contains("reads rules of engine 0.62.0 and before"));
    assert!(
        why(&("- list: l\n  items: [l]\n".to_owned() + &rule("r", "ct.name in (l)", "aws_cloudtrail")))
            .contains("list 'l' leads back to itself")
    );
    assert!(
        why(&("- macro: m\n  condition: m\n".to_owned() + &rule("r", "m", "aws_cloudtrail")))
            .contains("macro 'm' leads back to itself")
    );
    assert!(why("rule: r\n").contains("a rule file is a list of rules, macros and lists"));
    assert!(why("- foo: r\n").contains("it is neither a rule nor a macro nor a list"));
    assert!(
        why("- rule: r\n  append: true\n  condition: or x\n")
            .contains("it changes one that was not there before it")
    );
    assert_eq!(
        why("- rule: [\n"),
        "a.yaml, line 1: all rules of line 1: while parsing a node, did not find expected node content"
    );
}

#[test]
fn an_invalid_rule_does_not_affect_the_others() {
    let text =
        rule("bad", "ct.x exists", "aws_cloudtrail") + &rule("good", "ct.name=CreateUser", "aws_cloudtrail");
    let (rules, errors) = compile(&[&text]);
    assert_eq!((matching(&rules, &event()), errors.len()), (vec!["good".to_owned()], 1));
}

#[test]
fn a_rule_with_an_unknown_field_may_allow_being_skipped() {
    let of = |condition: &str| {
        let text = rule("r", condition, "aws_cloudtrail") + "  skip-if-unknown-filter: true\n";
        let (rules, errors) = RuleSet::compile(&[file("a.yaml", Language::Falco, &text)]);
        assert_eq!((rules.rules().len(), errors.len()), (0, 1));
        errors[0].is_allowed
    };
    assert!(of("ct.name=A and ct.unheard exists"));
    assert!(!of("ct.name conains A") && !of("nothing_known"));
}

#[test]
fn rules_with_excessive_expansion_are_refused() {
    let of = |text: &str| {
        let (_, errors) = compile(&[text]);
        errors.join("\n")
    };
    let deep = |number: u32| {
        format!("- macro: m{number}\n  condition: {}m{}{}\n", "not (".repeat(90), number + 1, ")".repeat(90))
    };
    let mut text: String = (0..60).map(deep).collect();
    text += "- macro: m60\n  condition: evt.num > 0\n";
    assert!(of(&(text + &rule("r", "m0", "aws_cloudtrail"))).contains("too deep"));
    for end in ["[]", "[x]"] {
        let double = |number: u32| format!("- list: l{number}\n  items: [l{0}, l{0}]\n", number + 1);
        let text = (0..40).map(double).collect::<String>() + &format!("- list: l40\n  items: {end}\n");
        assert!(of(&(text + &rule("r", "ct.name in (l0)", "aws_cloudtrail"))).contains("more than 1000000"));
    }
    let double = |number: u32| format!("- macro: m{number}\n  condition: m{0} or m{0}\n", number + 1);
    let text = (0..40).map(double).collect::<String>() + "- macro: m40\n  condition: evt.num > 0\n";
    assert!(of(&(text + &rule("r", "m0", "aws_cloudtrail"))).contains("more than 1000000"));
}

#[test]
fn quantifiers_say_how_many_of_a_list_must_compare_so() {
    // The source is iam.amazonaws.com, the Region eu-west-1.
    for condition in [
        "ct.src = anyof (x, iam.amazonaws.com)",
        "ct.src != allof (x, y)",
        "ct.src != anyof (x, iam.amazonaws.com)",
        "ct.src startswith anyof (ec2, iam)",
        "ct.src startswith allof (i, ia, 'iam.')",
        "ct.src startswith oneof (iam., ec2.)",
        "not ct.src startswith oneof (iam, ia)",
        "ct.src endswith oneof (.com, .org)",
        "ct.src contains allof (iam, amazon)",
        "ct.src icontains anyof (x, IAM)",
        "ct.src bcontains anyof (6869, 69616d)",
        "ct.src bstartswith oneof (69616d, 6869)",
        "ct.src glob anyof ('ec2*', 'i?m*')",
        "ct.src iglob allof ('IAM*', '*COM')",
        "ct.src regex oneof ('^iam.+', 'ec2')",
        "tolower(ct.name) = oneof (createuser, getuser)",
        "ct.region = anyof (regions)",
        "ct.region = anyof regions",
        "not ct.region = anyof ()",
        "not ct.region != allof ()",
        "not ct.region = oneof ()",
        "not ct.error != anyof (a, b)",
    ] {
        let list = "- list: regions\n  items: [us-east-1, eu-west-1]\n";
        let text = format!("{list}{}", rule("r", condition, "aws_cloudtrail"));
        assert_eq!(matching(&rules(&text), &event()), ["r"], "{condition}");
    }
    let pods = audit_event("2024-01-01T00:00:00Z", "eva", "create", "pods");
    assert!(holds_in_cluster(
        "ka.verb = oneof (create, delete) and ka.target.resource = anyof (pods)",
        &pods
    ));
    let (_, errors) = compile(&[&rule("r", "ct.src regex anyof (a, '(')", "aws_cloudtrail")]);
    assert!(errors[0].contains("'(' is no pattern"), "{errors:?}");
    let matches = |exceptions: &str| {
        let text =
            rule("r", "ct.name=CreateUser", "aws_cloudtrail") + "  exceptions:\n    - " + exceptions + "\n";
        !matching(&rules(&text), &event()).is_empty()
    };
    assert!(!matches("{name: a, fields: ct.src, comps: startswith   anyof, values: [ec2, iam]}"));
    assert!(matches("{name: a, fields: ct.src, comps: startswith oneof, values: [ia, iam]}"));
    assert!(matches("{name: a, fields: ct.src, comps: startswith anyof}"));
    assert!(!matches(
        "{name: a, fields: [ct.src, ct.region], comps: [contains allof, =], values: [[[iam, com], eu-west-1]]}"
    ));
    assert!(matches("{name: a, fields: [ct.src], comps: [contains allof], values: [['(iam, org)']]}"));
}

#[test]
fn what_falco_would_not_load_is_refused() {
    let base = rule("r", "ct.name=CreateUser", "aws_cloudtrail")
        + "  exceptions:\n    - {name: a, fields: ct.region, values: [us-east-1]}\n";
    let of = |change: &str| {
        let (rules, errors) = compile(&[&base, change]);
        (errors.join("\n"), !matching(&rules, &event()).is_empty())
    };
    let append =
        |exception: &str| of(&format!("- rule: r\n  append: true\n  exceptions:\n    - {exception}\n"));
    for key in ["fields: ct.region", "comps: in", "comps: startswith"] {
        let (why, _) = append(&format!("{{name: a, {key}, values: [eu-west-1]}}"));
        let key = &key[..key.find(':').unwrap()];
        assert!(
            why.contains(&format!(
                "b.yaml, line 4: change of rule 'r': exceptions: only values can be added to 'a', not {key}"
            )),
            "{why}"
        );
    }
    assert_eq!(append("{name: a, values: [eu-west-1]}"), (String::new(), false));
    assert_eq!(append("{name: b, fields: ct.region, values: [eu-west-1]}"), (String::new(), false));
    let replaced = "- rule: r\n  override: {exceptions: replace}\n  exceptions:\n    - {name: a, fields: ct.src, values: [x]}\n";
    assert_eq!(of(replaced), (String::new(), true));
    for change in
        ["override: {source: replace}\n  source: aws_cloudtrail", "append: true\n  source: k8s_audit"]
    {
        let (why, _) = of(&format!("- rule: r\n  {change}\n"));
        assert!(why.contains("the source of a rule cannot be changed"), "{change}: {why}");
    }
    assert_eq!(
        of("- rule: r\n  append: true\n  source: aws_cloudtrail\n  condition: and ct.name!=x\n"),
        (String::new(), true)
    );
    // Falco skips empty elements.
    assert_eq!(of("-\n- \n- rule: r\n  enabled: false\n"), (String::new(), false));
}

#[test]
fn exceptions_of_one_name_all_count() {
    let text = rule("r", "ct.name=CreateUser", "aws_cloudtrail")
        + "  exceptions:\n    - {name: a, fields: ct.src, values: [x]}\n    - {name: a, fields: ct.region, values: [eu-west-1]}\n";
    let rules = rules(&text);
    assert!(matching(&rules, &event()).is_empty());
    let warnings: Vec<String> = rules.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "a.yaml, line 8: rule 'r': exceptions: 'a': the rule has another exception of this name; each of them counts, and values are added to the first"
        ]
    );
}

#[test]
fn incomplete_changes_are_refused() {
    let of = |change: &str| {
        let exceptions =
            "  exceptions:\n    - name: a\n      fields: [ct.region, ct.srcip]\n      values: [[x, y]]\n";
        let (_, errors) = compile(&[&(rule("r", "ct.name=A", "aws_cloudtrail") + exceptions), change]);
        errors.join("\n")
    };
    assert_eq!(of(""), "");
    let stray = "- rule: r\n  output: y\n  condition: ct.name=B\n  override: {output: append}\n";
    assert!(of(stray).contains("change of rule 'r': 'condition' is given, and override does not say"));
    assert!(
        of("- rule: r\n  priority: INFO\n  override: {priority: append}\n")
            .contains("can be replaced, not appended to")
    );
    let more =
        |exception: &str| of(&format!("- rule: r\n  append: true\n  exceptions:\n    - {exception}\n"));
    assert!(more("{name: b, values: [[]]}").contains("'b' has no fields"));
    assert!(more("{name: a, fields: [ct.name], values: [[x]]}").contains("only values can be added to 'a'"));
    assert!(more("{name: a, values: text}").contains("the values of 'a' are no list"));
    assert!(more("{name: a, values: [[[x, z], y]]}").contains("'a' compares one value with a list"));
    assert_eq!(more("{name: a, values: [[x, z]]}"), "");
}

#[test]
fn errors_in_a_change_name_the_line_of_the_change() {
    let of = |change: &str| {
        let base =
            rule("r", "ct.name=A", "aws_cloudtrail") + "  exceptions:\n    - {name: a, fields: ct.region}\n";
        let (_, errors) = compile(&[&base, change]);
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].clone()
    };
    assert_eq!(
        of("- rule: r\n  condition: and ct.nmae=B\n  override: {condition: append}\n"),
        "b.yaml, line 2: rule 'r': condition, character 5: events of cloudtrail have no field 'ct.nmae'; did you mean 'ct.name'?"
    );
    assert!(
        of("- rule: r\n\n  priority: HIGH\n  override: {priority: replace}\n")
            .starts_with("b.yaml, line 3: rule 'r': priority 'HIGH' is none of")
    );
    assert!(
        of("- rule: r\n  source: syscall\n  override: {source: replace}\n")
            .starts_with("b.yaml, line 2: change of rule 'r': the source of a rule cannot be changed")
    );
    assert!(
        of("- rule: r\n  append: true\n  exceptions:\n    - name: b\n      fields: ct.regoin\n").starts_with(
            "b.yaml, line 4: rule 'r': exceptions: 'b': events of cloudtrail have no field 'ct.regoin'"
        )
    );
}

#[test]
fn quotes_around_items_are_removed() {
    for list in ["['\"CreateUser\"']", "[\"'CreateUser'\"]", "[CreateUser]"] {
        let text = format!("- list: l\n  items: {list}\n{}", rule("r", "ct.name in (l)", "aws_cloudtrail"));
        assert_eq!(matching(&rules(&text), &event()), ["r"], "{list}");
    }
    for values in ["['\"CreateUser\"']", "[\"('A', \\\"CreateUser\\\")\"]"] {
        let exceptions = format!("  exceptions:\n    - {{name: a, fields: ct.name, values: {values}}}\n");
        let text = rule("r", "evt.num > 0", "aws_cloudtrail") + &exceptions;
        assert!(matching(&rules(&text), &event()).is_empty(), "{values}");
    }
}

#[test]
fn a_misspelt_list_is_noticed() {
    let lists = "- list: admins\n  items: [Bob]\n- list: names\n  items: [CreateUser]\n";
    let of = |condition: &str| {
        let (rules, errors) = compile(&[&(lists.to_owned() + &rule("r", condition, "aws_cloudtrail"))]);
        (errors, rules.warnings().iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    for operator in ["in", "intersects", "pmatch"] {
        let (errors, _) = of(&format!("ct.user {operator} admnis"));
        let expected = "character 1: there is no list 'admnis'; did you mean 'admins'?; a single value needs brackets: (admnis)";
        assert!(errors[0].ends_with(expected), "{errors:?}");
        assert_eq!(of(&format!("ct.user {operator} admins")), (Vec::new(), Vec::new()));
        let (errors, warnings) = of(&format!("ct.name=x and not ct.user {operator} (Eve, admnis)"));
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(
            warnings,
            [
                "a.yaml, line 6: rule 'r': condition, character 19: 'admnis' is a value here, since there is no list 'admnis'; did you mean 'admins'?; quotes around a value avoid this warning"
            ]
        );
        for condition in
            ["ct.user in (admins, Bob)", "ct.user in ('admnis')", "ct.user in 'admnis'", "ct.user = admnis"]
        {
            assert_eq!(of(condition), (Vec::new(), Vec::new()), "{condition}");
        }
    }
    let (errors, _) = of("ct.user in Bob");
    assert!(
        errors[0].ends_with("there is no list 'Bob'; a single value needs brackets: (Bob)"),
        "{errors:?}"
    );
    // In macros and exceptions, too, but not in rules that are switched off, and not without end.
    let warnings = |rest: &str| {
        let (rules, errors) = compile(&[&(lists.to_owned() + rest)]);
        assert_eq!(errors, Vec::<String>::new());
        rules.warnings().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let outer = rule("r", "outer", "aws_cloudtrail");
    let macros = "- macro: inner\n  condition: ct.user in (admnis)\n- macro: outer\n  condition: not inner\n";
    let found = warnings(&format!("{macros}{outer}"));
    assert!(
        found[0].contains("condition, character 1: macro 'inner', character 1: 'admnis' is a value"),
        "{found:?}"
    );
    assert_eq!(warnings(&format!("{macros}{outer}  enabled: false\n")), Vec::<String>::new());
    let exception = "  exceptions:\n  - {name: e, fields: ct.user, values: [Eve, admnis]}\n";
    let found = warnings(&(rule("r", "ct.name exists", "aws_cloudtrail") + exception));
    assert!(found[0].contains("rule 'r': exceptions: 'e': 'admnis' is a value here"), "{found:?}");
    let many = vec!["ct.user in (admnis)"; 1000].join(" or ");
    assert_eq!(warnings(&rule("r", &many, "aws_cloudtrail")).len(), 20);
}

#[test]
fn a_list_of_one_item_may_stand_for_the_item() {
    let of = |items: &str, condition: &str| {
        let text = format!("- list: l\n  items: {items}\n{}", rule("r", condition, "aws_cloudtrail"));
        let (rules, errors) = compile(&[&text]);
        (matching(&rules, &event()).len(), errors.join("\n"))
    };
    assert_eq!(of("[CreateUser]", "ct.name = l and ct.name startswith l"), (1, String::new()));
    assert_eq!(of("[CreateUser]", "ct.name = 'l'"), (0, String::new()));
    assert!(of("[A, B]", "ct.name = l").1.contains("'l' is a list of 2 items; write in (l)"));
}

#[test]
fn patterns_must_be_valid_and_of_limited_size() {
    let why = |condition: &str| {
        let (_, errors) = compile(&[&rule("r", condition, "aws_cloudtrail")]);
        errors.join("\n")
    };
    assert!(why("ct.name regex 'x)|(?:CreateUser'").contains("is no pattern"));
    assert!(why("ct.name regex '\\pL{300}'").contains("the compiled pattern is too large"));
    assert!(why("ct.name glob '[[:alpha:]]*'").contains("are not read"));
    assert!(why("evt.num > nan").contains("'nan' is no number"));
    // One pattern, although macros repeat it 4,096 times.
    let double = |number: u32| format!("- macro: m{number}\n  condition: m{0} and m{0}\n", number + 1);
    let text =
        (0..12).map(double).collect::<String>() + "- macro: m12\n  condition: ct.name regex '\\w{10}'\n";
    assert_eq!(matching(&rules(&(text + &rule("r", "m0", "aws_cloudtrail"))), &event()), ["r"]);
}

#[test]
fn invalid_exceptions_are_refused() {
    let of = |exception: &str| {
        let text = rule("r", "ct.name=A", "aws_cloudtrail") + &format!("  exceptions:\n    - {exception}\n");
        let (_, errors) = compile(&[&text]);
        errors.join("\n")
    };
    assert!(of("{name: a, fields: ct.name, values: [{b: c}]}").contains("is neither a text nor a list"));
    assert!(
        of("{name: a, fields: [ct.name, ct.region], values: [[x, ~]]}")
            .contains("is neither a text nor a list")
    );
    assert!(
        of("{name: a, fields: [ct.name], comps: [exists], values: [[x]]}")
            .contains("cannot compare by 'exists'")
    );
    assert!(of("{name: a, fields: [json.value[/a], values: [[x]]}").contains("a.yaml"));
    assert!(
        of("{name: a, fields: ['json.value[/a'], values: [[x]]}").contains("expected an argument and ']'")
    );
    assert!(of("{name: a, fields: ct.nam}").contains("have no field 'ct.nam'"));
    assert_eq!(of("{name: a, fields: ['tolower(ct.name)', 'json.value[\"/a\"]'], values: [[x, y]]}"), "");
    let text = rule("r", "ct.name=A", "aws_cloudtrail")
        + "  skip-if-unknown-filter: true\n  exceptions:\n    - {name: a, fields: ct.unheard}\n";
    let (_, errors) = RuleSet::compile(&[file("a.yaml", Language::Falco, &text)]);
    assert!(errors[0].is_allowed);
}

#[test]
fn null_counts_as_missing_in_derived_fields() {
    let request = json!({"bucketName": null, "key": null});
    let copied =
        with(record("2024-01-01T00:00:00Z", "eva", "s3:GetObject"), json!({"requestParameters": request}));
    assert!(matching(&rules(&rule("r", "s3.uri exists", "aws_cloudtrail")), &copied).is_empty());
    let pod = with(
        audit_event("2024-01-01T00:00:00Z", "eva", "create", "pods"),
        json!({"requestObject": {"spec": {"securityContext": {"runAsUser": 1000}, "containers": [
            {"image": null, "securityContext": {"runAsUser": null}, "ports": [{"hostPort": null, "containerPort": 80}]}]}}}),
    );
    assert!(holds_in_cluster("ka.req.pod.containers.eff_run_as_user = 1000", &pod));
    assert!(holds_in_cluster("ka.req.pod.containers.host_port = 80", &pod));
    assert!(!holds_in_cluster("ka.req.pod.containers.image.repository exists", &pod));
}

#[test]
fn regular_expressions_are_those_of_re2() {
    let event = with(event(), json!({"requestParameters": {"a": "<b> [x] {y"}}));
    let matches = |pattern: &str| {
        let pattern = pattern.replace('\\', "\\\\");
        let condition = format!("json.value[/requestParameters/a] regex '{pattern}'");
        !matching(&rules(&rule("r", &condition, "aws_cloudtrail")), &event).is_empty()
    };
    assert!(matches(r"\<b\> [[]x] {y") && matches(r"[\W\w]+\Q{\Ey"));
    assert!(matches("<[a&&b]+>.*") && matches("<[a~~b]+>.*"));
    let (_, errors) = compile(&[&rule("r", "ct.name regex 'a++'", "aws_cloudtrail")]);
    assert!(
        errors[0].contains("'a++' is no pattern: '+' behind a repetition is not supported"),
        "{errors:?}"
    );
}

#[test]
fn pmatch_compares_the_parts_of_paths() {
    let event = with(event(), json!({"requestParameters": {"a": "/etc//foo/bar/x", "b": "etc/foo"}}));
    let matches = |condition: &str| {
        let condition = format!("json.value[/requestParameters/{condition}");
        !matching(&rules(&rule("r", &condition, "aws_cloudtrail")), &event).is_empty()
    };
    for condition in
        ["a] pmatch (/etc/*/bar)", "a] pmatch (/usr, /etc/foo)", "b] pmatch (/etc/foo)", "b] pmatch ('/')"]
    {
        assert!(matches(condition), "{condition}");
    }
    for condition in ["a] pmatch (/etc/*/x)", "b] pmatch (/etc/foo/*)", "b] pmatch (/etc/fo)"] {
        assert!(!matches(condition), "{condition}");
    }
}

#[test]
fn fields_that_are_numbers_are_compared_as_such() {
    let event = with(event(), json!({"additionalEventData": {"bytesTransferredIn": 100}}));
    let matches =
        |condition: &str| !matching(&rules(&rule("r", condition, "aws_cloudtrail")), &event).is_empty();
    for condition in [
        "s3.bytes = 0x64",
        "s3.bytes.in in (7, 100.0)",
        "s3.bytes != 1e3 and s3.bytes = anyof (1, 1e2)",
        "evt.num = 0x1",
        "len(ct.name) = 10.0",
        "evt.rawtime in (17e17)",
    ] {
        assert!(matches(condition), "{condition}");
    }
    for condition in ["s3.bytes != 0x64", "s3.bytes in ()", "len(ct.name) in (1)", "s3.bytes.out = 0"] {
        assert!(!matches(condition), "{condition}");
    }
    let (_, errors) = compile(&[&rule("r", "s3.bytes = many", "aws_cloudtrail")]);
    assert!(errors[0].contains("'many' is no number"), "{errors:?}");
}

#[test]
fn fields_of_all_events_of_falco_are_known() {
    for condition in [
        "evt.source = aws_cloudtrail and evt.is_async = false",
        "evt.time.s = 22:13:20 and evt.datetime.s = '2023-11-14 22:13:20'",
        "evt.rawtime.s = 1700000000 and evt.rawtime.ns = 0",
        "not evt.asynctype exists and not evt.hostname exists",
    ] {
        assert!(holds(condition), "{condition}");
    }
    assert!(holds_in_cluster(
        "evt.source=k8s_audit",
        &audit_event("2024-01-01T00:00:00Z", "eva", "get", "pods")
    ));
    let (_, errors) = compile(&[&rule("r", "evt.reltime > 0", "aws_cloudtrail")]);
    assert!(
        errors[0].contains("there is no 'evt.reltime' here: it is the time since Falco began to read"),
        "{errors:?}"
    );
}
