//! Bounds: what is refused, and what must not grow with the number of events.

use std::fs;
use std::sync::Arc;

use firstseen::baseline::HitsKept;
use firstseen::ingest::IngestSettings;
use firstseen::observe::PrincipalKey;
use firstseen::query::{Filter, Finding, FindingKind, Question, first_seen};
use firstseen::rules::RuleSet;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, question, record, settings, with, wrapped};
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
";

/// What a program says that refuses its arguments with exit status 2.
fn refusal(arguments: &[&str]) -> String {
    let output = firstseen_here(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

#[test]
fn yaml_that_nests_too_deep_is_refused_wherever_it_is_read() {
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
fn lists_in_lists_have_an_end() {
    let chain: String =
        (0..5_000).map(|number| format!("- list: l{number}\n  items: [l{}]\n", number + 1)).collect();
    let rule =
        "- rule: r\n  condition: ct.name in (l0)\n  output: x\n  priority: INFO\n  source: aws_cloudtrail\n";
    let file = firstseen::rules::RuleFile {
        name: "f".to_owned(),
        language: firstseen::rules::Language::Falco,
        text: format!("{chain}- list: l5000\n  items: [a]\n{rule}"),
    };
    let (_, errors) = RuleSet::compile(&[file]);
    assert!(errors[0].reason.contains("too deep in other lists"), "{}", errors[0]);
}

#[test]
fn more_threads_or_settings_than_anybody_needs_are_refused() {
    assert!(refusal(&["scan", "fixtures/small-archive", "--threads", "5000"]).contains("512"));
    let spans = |most: usize| (1..=most).map(|days| format!("{days}d")).collect::<Vec<_>>().join(",");
    // Before anything is read: there is no such archive.
    let arguments = ["tune", "nowhere", "--warmups", &spans(400), "--forgets", &spans(100)];
    assert!(refusal(&arguments).contains("the grid has 240000 settings, and 100000 are the most"));
}

#[test]
fn a_glob_has_an_end() {
    let stars = "*a".repeat(5_000);
    let said = refusal(&["scan", "fixtures/small-archive", "--action", &stars]);
    assert!(said.contains("more than 100 '*'"), "{said}");
}

#[test]
fn a_configuration_that_nests_too_deep_is_refused() {
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

/// Calls of one principal, each of which both rules match or the first; the archive's objects deliver some of them twice.
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
            finding.matched.iter().map(|one| one.rule.name.to_string() + &one.output()).collect();
        let Finding { kind, time, action, count, last_time, evidence, failed, .. } = finding;
        let principal = finding.principal();
        let place = evidence.map(|evidence| (&evidence.event_id, &evidence.object, evidence.record));
        format!("{kind:?} {time} {principal} {action} {count} {last_time:?} {place:?} {failed} {rules:?}")
    };
    findings.iter().map(show).collect()
}

/// The findings where every hit is kept, and where those are that the question needs.
fn both(archive: &Archive, question: &Question) -> [Vec<String>; 2] {
    [HitsKept::Every, question.hits_kept(PrincipalKey::Arn)].map(|hits| {
        let settings = IngestSettings { rules: Some(Arc::new(rules(RULES))), hits, threads: 2, ..settings() };
        shown(&first_seen(&archive.ingest(&settings).baseline, question))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// First, last and number of what rules matched are the same whether every hit is kept or not.
    #[test]
    fn counting_hits_tells_the_same_as_keeping_them(
        calls in prop::collection::vec((0u8..200, 0u8..2, 0u8..6, any::<bool>()), 1..40),
        warmup in 0u32..6,
        only_success: bool,
        every_hit: bool,
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
            every_hit,
            filter,
            ..question(0)
        };
        let [kept, counted] = both(&events(&calls), &question);
        prop_assert_eq!(kept, counted);
    }
}

/// What is kept of many hits does not grow with their number, in whichever order they come.
#[test]
fn of_many_hits_of_a_rule_the_first_and_the_evidence_are_kept() {
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
        let kept = asked.hits_kept(PrincipalKey::Arn);
        let settings = IngestSettings { rules: Some(Arc::new(rules(RULES))), hits: kept, ..settings() };
        let baseline = archive.ingest(&settings).baseline;
        assert!(baseline.hits.len() < 10_000, "{} of 20,000 are kept", baseline.hits.len());
        let findings = first_seen(&baseline, &asked);
        assert_eq!((findings.len(), findings[0].count), (1, 20_000));
    }
}

/// There is one of these for each behaviour, each first sighting and each finding: with 200,000 principals they are most of the
/// memory. A behaviour has room for one day.
#[test]
fn what_there_are_many_of_is_small() {
    use firstseen::baseline::{Behaviour, Sighting};
    assert!(size_of::<Sighting>() <= 120, "{}", size_of::<Sighting>());
    assert!(size_of::<Behaviour>() <= 88, "{}", size_of::<Behaviour>());
    assert!(size_of::<Finding<'_>>() <= 168, "{}", size_of::<Finding<'_>>());
    let texts: Vec<_> = (0..2).map(|_| firstseen::baseline::Text::from("x")).collect();
    assert_eq!(size_of_val(&texts[0]), 8);
}
