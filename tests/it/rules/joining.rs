//! Hits as findings of their own and as parts of others.

use std::sync::Arc;

use firstseen::learn::{LearnSettings, Learnt};
use firstseen::query::{Finding, FindingKind, Question, first_seen};
use firstseen::rules::RuleSet;
use serde_json::{Value, json};

use super::rules;
use crate::archive::{Archive, audit_event, log_path, question, record, settings, with, wrapped};

const RULES: &str = "\
- rule: made
  condition: ct.name=CreateUser
  output: made %ct.request.username
  priority: NOTICE
  source: aws_cloudtrail
- rule: every change of users
  condition: ct.name in (CreateUser, DeleteUser)
  output: changed
  priority: CRITICAL
  source: aws_cloudtrail
- rule: shell
  condition: ka.target.subresource=exec and ka.stage=ResponseStarted
  output: by %ka.user.name
  priority: WARNING
  source: k8s_audit
- rule: forward
  condition: ka.target.subresource=portforward
  output: by %ka.user.name
  priority: WARNING
  source: k8s_audit
";

fn read(archive: &Archive, rules: &Arc<RuleSet>) -> Learnt {
    archive.ingest(&LearnSettings { rules: Some(Arc::clone(rules)), ..settings() })
}

/// `kind time name action count last rules` of each finding.
fn shown(findings: &[Finding<'_>]) -> Vec<String> {
    let show = |finding: &Finding<'_>| {
        let name = finding.principal().rsplit('/').next().unwrap();
        let rules: Vec<&str> = finding.matched().iter().map(|one| &*one.rule.name).collect();
        let last = finding.last_time().map_or(String::new(), |time| format!("-{}", &time.to_string()[..10]));
        let day = &finding.time.to_string()[..10];
        let (kind, count) = (finding.kind.name(), finding.count().unwrap());
        format!("{kind} {day}{last} {name} x{count} [{}]", rules.join(", "))
    };
    findings.iter().map(show).collect()
}

fn asked(archive: &Archive, change: impl Fn(&mut Question)) -> Vec<String> {
    let ingested = read(archive, &Arc::new(rules(RULES)));
    let mut question = question(7);
    question.report = vec![FindingKind::NewAction, FindingKind::Rule];
    change(&mut question);
    shown(&first_seen(&ingested.baseline, &question))
}

/// Eva changes users on four days, first on the tenth.
fn archive() -> Archive {
    let made = |day: u32| record(&format!("2024-01-{day}T00:00:00Z"), "eva", "iam:CreateUser");
    let deleted = record("2024-01-13T00:00:00Z", "eva", "iam:DeleteUser");
    Archive::new()
        .delivered("20240101T0005", &[record("2024-01-01T00:00:00Z", "eva", "s3:ListBuckets")])
        .delivered("20240110T0005", &[made(10), made(11)])
        .delivered(
            "20240112T0005",
            &[made(12), deleted, record("2024-01-12T01:00:00Z", "bob", "iam:DeleteUser")],
        )
}

#[test]
fn hits_join_the_finding_of_their_event_or_become_findings() {
    assert_eq!(
        asked(&archive(), |_| ()),
        [
            "new-action 2024-01-10 eva x1 [every change of users, made]",
            "rule 2024-01-11-2024-01-12 eva x2 [every change of users]",
            "rule 2024-01-11-2024-01-12 eva x2 [made]",
            "rule 2024-01-12-2024-01-12 bob x1 [every change of users]",
            "new-action 2024-01-13 eva x1 [every change of users]",
        ]
    );
}

#[test]
fn all_matches_reports_every_hit() {
    let only_rules = |question: &mut Question| question.report = vec![FindingKind::Rule];
    assert_eq!(
        asked(&archive(), only_rules),
        [
            "rule 2024-01-10-2024-01-13 eva x4 [every change of users]",
            "rule 2024-01-10-2024-01-12 eva x3 [made]",
            "rule 2024-01-12-2024-01-12 bob x1 [every change of users]",
        ]
    );
    let every = |question: &mut Question| {
        only_rules(question);
        question.all_matches = true;
    };
    let all = asked(&archive(), every);
    assert_eq!(all.len(), 8);
    assert!(all.iter().all(|line| line.contains(" x1 ")));
}

#[test]
fn the_window_and_filters_apply_to_hits() {
    let from = |question: &mut Question| {
        question.from = Some("2024-01-12".parse::<firstseen::time::Bound>().unwrap().start())
    };
    assert_eq!(
        asked(&archive(), from),
        [
            "rule 2024-01-12-2024-01-12 eva x1 [every change of users]",
            "rule 2024-01-12-2024-01-12 eva x1 [made]",
            "rule 2024-01-12-2024-01-12 bob x1 [every change of users]",
            "new-action 2024-01-13 eva x1 [every change of users]",
        ]
    );
    let bob = |question: &mut Question| question.filter.principals = vec!["bob".parse().unwrap()];
    assert_eq!(asked(&archive(), bob), ["rule 2024-01-12-2024-01-12 bob x1 [every change of users]"]);
}

#[test]
fn copies_count_once() {
    let event = record("2024-01-10T00:00:00Z", "eva", "iam:CreateUser");
    let first = record("2024-01-01T00:00:00Z", "eva", "s3:ListBuckets");
    let archive = Archive::new()
        .delivered("20240101T0005", &[first])
        .delivered("20240110T0005", std::slice::from_ref(&event))
        .object(&log_path("20240110T0010", "fedcba9876543210"), &wrapped(&[event]));
    assert_eq!(asked(&archive, |_| ()), ["new-action 2024-01-10 eva x1 [every change of users, made]"]);
}

#[test]
fn the_stages_of_a_request_are_one_event() {
    let stage = |sub: &str, stage: &str, code: Value| {
        let event = audit_event("2024-01-10T00:00:00Z", "eva", "create", "pods");
        let event = with(event, json!({"stage": stage, "auditID": sub, "responseStatus": code}));
        with(event, json!({"objectRef": {"resource": "pods", "subresource": sub, "namespace": "shop"}}))
    };
    let known = audit_event("2024-01-01T00:00:00Z", "eva", "list", "nodes");
    let mut lines = known.to_string() + "\n";
    for sub in ["exec", "portforward"] {
        lines += &(stage(sub, "RequestReceived", Value::Null).to_string() + "\n");
        lines += &(stage(sub, "ResponseStarted", json!({"code": 101})).to_string() + "\n");
        lines += &(stage(sub, "ResponseComplete", json!({"code": 101})).to_string() + "\n");
    }
    let archive = Archive::new().object("audit.jsonl", lines.as_bytes());
    assert_eq!(
        asked(&archive, |_| ()),
        ["new-action 2024-01-10 eva x1 [shell]", "new-action 2024-01-10 eva x1 [forward]"]
    );
}

#[test]
fn hits_are_the_same_for_any_number_of_threads() {
    let archive = archive();
    let rules = Arc::new(rules(RULES));
    let with_threads = |threads| {
        let settings = LearnSettings { rules: Some(Arc::clone(&rules)), threads, ..Default::default() };
        archive.ingest(&settings).baseline
    };
    let one = with_threads(1);
    assert!(!one.hits.is_empty());
    assert_eq!(one, with_threads(8));
}

#[test]
fn filtered_and_faulty_records_are_not_matched_against_rules() {
    let rules = Arc::new(rules(RULES));
    let bad = with(record("x", "eva", "iam:CreateUser"), json!({"eventTime": "noon"}));
    let early = record("2023-01-01T00:00:00Z", "eva", "iam:CreateUser");
    let archive = Archive::new().object("a.json", &wrapped(&[bad, early]));
    let mut settings = LearnSettings { rules: Some(rules), ..settings() };
    settings.window.read_from = Some("2024-01-01".parse::<firstseen::time::Bound>().unwrap().start());
    assert!(archive.ingest(&settings).baseline.hits.is_empty());
}

#[test]
fn a_hit_has_the_outcome_of_the_last_stage() {
    const RECEIVED: &str = "- rule: r\n  condition: ka.stage=RequestReceived\n  output: x\n  priority: INFO\n  source: k8s_audit\n";
    let stage = |name: &str, code: Value| {
        let event = audit_event("2024-01-10T00:00:00Z", "eva", "get", "pods");
        with(event, json!({"stage": name, "responseStatus": code}))
    };
    let (first, last) =
        (stage("RequestReceived", Value::Null), stage("ResponseComplete", json!({"code": 200})));
    let rules = Arc::new(rules(RECEIVED));
    // With both stages, and without the last one.
    for (lines, is_failed) in [(vec![&first, &last], false), (vec![&first], true)] {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let hits = read(&Archive::new().object("audit.jsonl", text.as_bytes()), &rules).baseline.hits;
        assert_eq!((hits.len(), hits[0].sighting.failed), (1, is_failed));
    }
    let text = format!("{last}\n{first}\n");
    let hits = read(&Archive::new().object("audit.jsonl", text.as_bytes()), &rules).baseline.hits;
    assert_eq!(hits.len(), 1);
}

#[test]
fn only_success_ignores_hits_of_failed_calls() {
    let call = |day: u32, code: &str| {
        with(record(&format!("2024-01-{day}T00:00:00Z"), "eva", "iam:CreateUser"), json!({"errorCode": code}))
    };
    let archive =
        Archive::new().object("a.json", &wrapped(&[call(10, "AccessDenied"), call(11, ""), call(12, "")]));
    let change = |question: &mut Question| {
        question.report = vec![FindingKind::Rule];
        question.only_success = true;
    };
    assert_eq!(
        asked(&archive, change),
        [
            "rule 2024-01-11-2024-01-12 eva x2 [every change of users]",
            "rule 2024-01-11-2024-01-12 eva x2 [made]",
        ]
    );
}

/// Each hit was joined to each finding with its id.
#[test]
fn events_that_share_an_id_have_their_own_hits() {
    const COUNT: usize = 200;
    let shared = |number: usize| {
        let event = record("2024-01-10T00:00:00Z", "eva", &format!("iam:CreateUser{number}"));
        with(event, json!({"eventID": "one for all"}))
    };
    let events: Vec<Value> = (0..COUNT).map(shared).collect();
    let archive = Archive::new()
        .delivered("20240101T0005", &[record("2024-01-01T00:00:00Z", "eva", "s3:ListBuckets")])
        .delivered("20240110T0005", &events);
    let any = "- rule: any\n  condition: ct.name startswith CreateUser\n  output: x\n  priority: NOTICE\n  source: aws_cloudtrail\n";
    let learnt = read(&archive, &Arc::new(rules(any)));
    let question = Question { report: vec![FindingKind::NewAction, FindingKind::Rule], ..question(7) };
    let findings = first_seen(&learnt.baseline, &question);
    assert_eq!(findings.len(), COUNT);
    assert!(findings.iter().all(|finding| finding.matched().len() == 1));
}
