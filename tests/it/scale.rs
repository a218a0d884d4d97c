//! Limits: input that is refused, and memory that must not grow with the number of events.

use std::fs;
use std::sync::Arc;

use firstseen::baseline::HitRetention;
use firstseen::learn::LearnSettings;
use firstseen::model::{PrincipalKey, PrincipalKind};
use firstseen::query::{Filter, Finding, FindingKind, Question, first_seen};
use firstseen::rules::RuleSet;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, question, record, settings, with, wrapped};
use crate::program::firstseen_here;
use crate::rules::rules;

const RULES: &str = "\
- rule: everything
  condition: ct.name exists
  output: did %ct.name in %ct.region
  priority: INFO
  source: aws_cloudtrail
- rule: secrets
  condition: ct.name=GetSecretValue
  output: read a secret
  priority: WARNING
  source: aws_cloudtrail
- rule: reads
  condition: ka.verb=get
  output: read
  priority: INFO
  source: k8s_audit
";

/// The stderr of a run that refuses its arguments with exit status 2.
fn refusal(arguments: &[&str]) -> String {
    let output = firstseen_here(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

#[test]
fn deeply_nested_yaml_is_refused_in_every_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("deep.yaml", "- ".repeat(20_000)),
        ("key.yaml", "? ".repeat(20_000)),
        ("flow.yaml", "[".repeat(20_000)),
        ("map.yaml", (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        for flags in [
            &["--rules", path][..],
            &["--sigma", path],
            &["--rules", path, "--skip-unsupported"],
            &["--netflix-config", path],
        ] {
            let said = refusal(&[&["scan", "fixtures/small-archive"], flags].concat());
            assert!(said.contains("nested too deep") && said.contains("line "), "{flags:?}: {said}");
            assert!(said.contains(name), "{flags:?}: {said}");
        }
    }
}

#[test]
fn deeply_nested_lists_are_refused() {
    let chain: String =
        (0..5_000).map(|number| format!("- list: l{number}\n  items: [l{}]\n", number + 1)).collect();
    let rule =
        "- rule: r\n  condition: ct.name in (l0)\n  output: x\n  priority: INFO\n  source: aws_cloudtrail\n";
    let file = firstseen::rules::RuleFile {
        name: "f".to_owned(),
        language: firstseen::model::Language::Falco,
        text: format!("{chain}- list: l5000\n  items: [a]\n{rule}"),
    };
    let (_, errors) = RuleSet::compile(&[file]);
    assert!(errors[0].reason.contains("too deep in other lists"), "{}", errors[0]);
}

#[test]
fn too_many_threads_or_settings_are_refused() {
    assert!(refusal(&["scan", "fixtures/small-archive", "--threads", "5000"]).contains("512"));
    let spans = |most: usize| (1..=most).map(|days| format!("{days}d")).collect::<Vec<_>>().join(",");
    // Refused before anything is read: the archive does not exist.
    let arguments = ["tune", "nowhere", "--warmups", &spans(400), "--forgets", &spans(100)];
    assert!(refusal(&arguments).contains("the grid has 240000 settings; the maximum is 100000"));
}

#[test]
fn a_glob_with_too_many_stars_is_refused() {
    let stars = "*a".repeat(5_000);
    let said = refusal(&["scan", "fixtures/small-archive", "--action", &stars]);
    assert!(said.contains("more than 100 '*'"), "{said}");
}

#[test]
fn a_deeply_nested_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        format!("warmup = {}", "[".repeat(50_000)),
        format!("warmup = {}", "{a=".repeat(50_000)),
        format!("{} = 1", vec!["a"; 50_000].join(".")),
        format!("[{}]", vec!["a"; 50_000].join(".")),
    ] {
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        refusal(&["scan", "fixtures/small-archive", "--config", path.to_str().unwrap()]);
    }
}

/// Calls of two principals, in objects that deliver each of them twice.
fn events(calls: &[(u8, u8, u8, bool)]) -> Archive {
    let one = |(number, &(hour, who, what, is_failed)): (usize, &(u8, u8, u8, bool))| {
        let time = format!("2024-01-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
        let action = ["secretsmanager:GetSecretValue", "s3:ListBuckets", "iam:CreateUser"][what as usize % 3];
        let event = record(&time, ["eva", "bob"][who as usize % 2], action);
        let region = ["eu-west-1", "us-east-1"][what as usize / 3 % 2];
        let code = if is_failed { json!("AccessDenied") } else { Value::Null };
        let event = with(event, json!({"eventID": format!("id-{number}")}));
        with(event, json!({"errorCode": code, "awsRegion": region}))
    };
    let all: Vec<Value> = calls.iter().enumerate().map(one).collect();
    let half = all.len() / 2;
    Archive::new()
        .object("a.json", &wrapped(&all))
        .object("b.json", &wrapped(&all[half..]))
        .object("c.json", &wrapped(&all[..half].iter().rev().cloned().collect::<Vec<_>>()))
}

fn shown(findings: &[Finding<'_>]) -> Vec<String> {
    let show = |finding: &Finding<'_>| {
        let rules: Vec<String> =
            finding.matched().iter().map(|one| one.rule.name.to_string() + &one.output()).collect();
        let Finding { kind, time, action, evidence, failed, age, .. } = finding;
        let (count, last_time) = (finding.count(), finding.last_time());
        let (principal, success) = (finding.principal(), finding.first_success.map(|success| success.time));
        let place = evidence.map(|evidence| (&evidence.event_id, &evidence.object, evidence.record));
        format!(
            "{kind:?} {time} {principal} {action} {count:?} {last_time:?} {place:?} {failed:?} {age:?} {success:?} {rules:?}"
        )
    };
    findings.iter().map(show).collect()
}

/// The findings if all hits are kept, and if only those that the question needs are kept; principals are
/// joined.
fn both(archive: &Archive, question: &Question, key: PrincipalKey) -> [Vec<String>; 2] {
    [HitRetention::All, question.hit_retention(key)].map(|hits| {
        let rules = Some(Arc::new(rules(RULES)));
        let settings = LearnSettings { rules, hits, threads: 2, principal_key: key, ..settings() };
        shown(&first_seen(&archive.ingest(&settings).baseline.resolved(key), question))
    })
}

/// Identities of five callers: a user and a role with bare ids and records that prove their ARNs; a user with
/// only an id; a user with only a name; and a user with all fields. If the first user was renamed, its id has
/// two ARNs and proves nothing.
fn names(is_renamed: bool) -> [Vec<Value>; 5] {
    let arn = |path: &str| format!("arn:aws:iam::111122223333:{path}");
    let user = |id: &str, path: &str| json!({"type": "IAMUser", "principalId": id, "arn": arn(path)});
    let bare = |sort: &str, id: &str| json!({"type": sort, "principalId": id});
    let named = |name: &str| json!({"type": "IAMUser", "userName": name});
    let issuer = json!({"arn": arn("role/ci/Deploy"), "principalId": "AROAEXAMPLE01"});
    let role = json!({
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE01:jo",
        "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/jo",
        "sessionContext": {"sessionIssuer": issuer},
    });
    let mut eva =
        vec![user("AIDAEXAMPLE01", "user/team/eva"), bare("AWSAccount", "AIDAEXAMPLE01"), named("eva")];
    eva.extend(is_renamed.then(|| user("AIDAEXAMPLE01", "user/eva")));
    [
        eva,
        vec![role, bare("AWSAccount", "AROAEXAMPLE01:jo")],
        vec![bare("AWSAccount", "AIDAEXAMPLE02"), bare("IAMUser", "AIDAEXAMPLE02")],
        vec![named("carl")],
        vec![user("AIDAEXAMPLE03", "user/bob")],
    ]
}

/// The hour, whether the call reads a secret, whether it has an access key, the caller, and the identity in
/// the record and its copy.
type NamedCall = (u8, bool, bool, usize, [usize; 2]);

fn named_events(calls: &[NamedCall], names: &[Vec<Value>]) -> Archive {
    let one = |delivery: usize| {
        move |(number, &(hour, is_secret, has_key, who, way)): (usize, &NamedCall)| {
            let mut identity = names[who][way[delivery] % names[who].len()].clone();
            identity["accountId"] = json!("111122223333");
            if has_key {
                identity["accessKeyId"] = json!(format!("AKIAEXAMPLE{who}"));
            }
            let time = format!("2024-01-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
            let action = if is_secret { "secretsmanager:GetSecretValue" } else { "s3:ListBuckets" };
            let changes = json!({"eventID": format!("id-{number}"), "userIdentity": identity});
            with(record(&time, "x", action), changes)
        }
    };
    let delivered = |delivery| calls.iter().enumerate().map(one(delivery)).collect::<Vec<_>>();
    let copies = delivered(1);
    let (left, right) = copies.split_at(copies.len() / 2);
    let archive = Archive::new().object("a.json", &wrapped(&delivered(0)));
    archive.object("b.json", &wrapped(right)).object("c.json", &wrapped(left))
}

/// If all hits by one access key are kept as evidence, those by another are counted nevertheless.
#[test]
fn hits_are_counted_per_access_key_behind_a_cluster_user() {
    let role = "arn:aws:iam::111122223333:role/ci/deploy";
    let keys = ["ASIAONE", "ASIATWO"];
    let calls = keys.map(|key| {
        let issuer = json!({"type": "Role", "arn": role, "principalId": "AROAONE"});
        let identity = json!({
            "type": "AssumedRole", "principalId": "AROAONE:jo", "accountId": "111122223333", "accessKeyId": key,
            "arn": "arn:aws:sts::111122223333:assumed-role/deploy/jo", "sessionContext": {"sessionIssuer": issuer},
        });
        let call = record("2024-01-02T03:00:00Z", "x", &format!("sts:With{key}"));
        with(call, json!({ "userIdentity": identity, "eventID": key }))
    });
    let requests = [("pods", 0), ("secrets", 1), ("secrets", 1), ("secrets", 1)].iter().enumerate();
    let requests = requests.map(|(number, &(resource, key))| {
        let user = json!({"username": "deploy", "uid": "x", "extra": {"accessKeyId": [keys[key]]}});
        let event = audit_event(&format!("2024-01-02T03:04:{number:02}.000001Z"), "x", "get", resource);
        with(event, json!({ "user": user })).to_string() + "\n"
    });
    let archive = Archive::new()
        .object("calls.json", &wrapped(&calls))
        .object("audit.log", requests.collect::<String>().as_bytes());
    let filter = Filter { principals: vec!["*:role/ci/deploy".parse().unwrap()], ..Filter::default() };
    let asked = Question { report: vec![FindingKind::Rule], filter, ..question(0) };
    let [kept, counted] = both(&archive, &asked, PrincipalKey::Arn);
    assert_eq!(counted, kept);
    let of_cluster = kept.iter().find(|finding| finding.contains("k8s:-/deploy")).unwrap();
    assert!(of_cluster.contains("get core/pods Some(4) "), "{kept:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The first, the last and the number of hits do not depend on whether all hits are kept.
    #[test]
    fn counted_hits_give_the_same_findings_as_kept_ones(
        calls in prop::collection::vec((0u8..200, 0u8..2, 0u8..6, any::<bool>()), 1..40),
        warmup in 0u32..6,
        only_success: bool,
        all_matches: bool,
        filter in 0usize..5,
        kinds in 0usize..3,
    ) {
        let glob = |text: &str| vec![text.parse().unwrap()];
        let filter = match filter {
            0 => Filter::default(),
            1 => Filter { principals: glob("*eva"), ..Filter::default() },
            2 => Filter { actions: glob("s3:*"), ..Filter::default() },
            3 => Filter { ignored_actions: glob("*Secret*"), ..Filter::default() },
            _ => Filter { regions: vec!["us-east-1".to_owned()], ..Filter::default() },
        };
        let all = [FindingKind::Rule, FindingKind::NewAction, FindingKind::NewPrincipal];
        let question = Question {
            warmup: firstseen::time::Span::days(warmup),
            report: all[..=kinds].to_vec(),
            only_success,
            all_matches,
            filter,
            ..question(0)
        };
        let [kept, counted] = both(&events(&calls), &question, PrincipalKey::Arn);
        prop_assert_eq!(kept, counted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// The same with principals that only the whole archive identifies.
    #[test]
    fn counted_hits_give_the_same_findings_for_joined_principals(
        calls in prop::collection::vec((0u8..200, any::<bool>(), any::<bool>(), 0usize..5, [0usize..4, 0usize..4]), 1..30),
        is_renamed: bool,
        key in prop::sample::select(&PrincipalKey::ALL[..]),
        all_matches: bool,
        filter in 0usize..5,
        kinds in 1usize..=2,
    ) {
        let glob = |text: &str| vec![text.parse().unwrap()];
        let filter = match filter {
            0 => Filter::default(),
            // Only ARNs match these two.
            1 => Filter { principals: glob("*:user/team/eva"), ..Filter::default() },
            2 => Filter { principals: glob("*:role/ci/Deploy"), ..Filter::default() },
            3 => Filter { kinds: vec![PrincipalKind::User], ..Filter::default() },
            _ => Filter { kinds: vec![PrincipalKind::Account], ..Filter::default() },
        };
        let report = [FindingKind::Rule, FindingKind::NewAction][..kinds].to_vec();
        let question = Question { report, all_matches, filter, ..question(0) };
        let [kept, counted] = both(&named_events(&calls, &names(is_renamed)), &question, key);
        prop_assert_eq!(kept, counted);
    }
}

/// In any order of events.
#[test]
fn memory_for_hits_does_not_grow_with_their_number() {
    let call = |second: usize| {
        let time = format!(
            "2024-01-{:02}T{:02}:{:02}:{:02}Z",
            1 + second / 86_400,
            second / 3_600 % 24,
            second / 60 % 60,
            second % 60
        );
        record(&time, "eva", "s3:ListBuckets")
    };
    for is_backwards in [false, true] {
        let mut calls: Vec<Value> = (0..20_000).map(call).collect();
        if is_backwards {
            calls.reverse();
        }
        let archive = Archive::new().object("a.json", &wrapped(&calls));
        let asked = Question { report: vec![FindingKind::Rule], ..question(0) };
        let kept = asked.hit_retention(PrincipalKey::Arn);
        let settings = LearnSettings { rules: Some(Arc::new(rules(RULES))), hits: kept, ..settings() };
        let baseline = archive.ingest(&settings).baseline;
        assert!(baseline.hits.len() < 10_000, "{} of 20,000 are kept", baseline.hits.len());
        let findings = first_seen(&baseline, &asked);
        assert_eq!((findings.len(), findings[0].count()), (1, Some(20_000)));
    }
}

/// With 200,000 principals, most memory is behaviours, first sightings and findings. A behaviour stores one
/// day inline.
#[test]
fn numerous_types_are_small() {
    use firstseen::baseline::Behaviour;
    use firstseen::model::Sighting;
    assert!(size_of::<Sighting>() <= 104, "{}", size_of::<Sighting>());
    assert!(size_of::<Behaviour>() <= 72, "{}", size_of::<Behaviour>());
    assert!(size_of::<Finding<'_>>() <= 120, "{}", size_of::<Finding<'_>>());
    let texts: Vec<_> = (0..2).map(|_| firstseen::model::Text::from("x")).collect();
    assert_eq!(size_of_val(&texts[0]), 8);
}
