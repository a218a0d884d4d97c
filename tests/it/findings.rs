//! Which findings are reported, and when.

use std::sync::Arc;

use firstseen::learn::LearnSettings;
use firstseen::model::PrincipalKey;
use firstseen::query::{AgeBasis, Anchor, FindingKind, FindingOrder, Question, Rarity, Severity, first_seen};
use firstseen::source::ReadWindow;
use firstseen::time::{Bound, Span, Timestamp};
use serde_json::json;

use crate::archive::{Archive, gzip, log_path, question, record, settings, with, wrapped};
use crate::rules::rules;

#[test]
fn the_warmup_is_exact_to_the_second() {
    let archive = Archive::new().delivered(
        "20240309T0412",
        &[
            record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"),
            record("2024-03-08T09:59:59Z", "eva", "iam:ListUsers"),
            record("2024-03-08T10:00:00Z", "eva", "iam:CreateUser"),
        ],
    );
    assert_eq!(
        archive.ask(&question(7)),
        ["new-action 2024-03-08T10:00:00Z eva iam.amazonaws.com:CreateUser"]
    );
    assert_eq!(archive.ask(&question(0)).len(), 3);
    assert_eq!(archive.ask(&question(8)).len(), 0);
}

#[test]
fn a_fresh_principal_is_reported_once_the_archive_is_old_enough() {
    let archive = Archive::new().delivered(
        "20240409T0412",
        &[
            record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"),
            record("2024-04-01T10:00:00Z", "backdoor", "s3:GetObject"),
            record("2024-04-01T10:00:01Z", "backdoor", "iam:CreateUser"),
        ],
    );
    let question = Question { report: FindingKind::OF_SIGHTINGS.to_vec(), ..question(30) };
    assert_eq!(
        archive.ask(&question),
        ["new-principal 2024-04-01T10:00:00Z backdoor s3.amazonaws.com:GetObject"]
    );
}

#[test]
fn a_failed_first_attempt_is_reported_with_the_first_success() {
    let first = record("2024-03-01T10:00:00Z", "eva", "s3:GetObject");
    let denied =
        with(record("2024-03-10T10:00:00Z", "eva", "iam:CreateUser"), json!({"errorCode": "AccessDenied"}));
    let done = record("2024-03-11T10:00:00Z", "eva", "iam:CreateUser");
    let archive = Archive::new().delivered("20240312T0412", &[done, denied, first]);
    let baseline = archive.ingest(&settings()).baseline;
    let findings = first_seen(&baseline, &question(7));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].failed, Some(true));
    assert_eq!(findings[0].evidence.unwrap().error_code(), Some("AccessDenied"));
    assert_eq!(findings[0].first_success.map(|first| first.time), Timestamp::parse("2024-03-11T10:00:00Z"));
    let only_success = Question { only_success: true, ..question(7) };
    assert_eq!(
        archive.ask(&only_success),
        ["new-action 2024-03-11T10:00:00Z eva iam.amazonaws.com:CreateUser"]
    );
}

#[test]
fn a_failed_console_sign_in_counts_as_failure() {
    let login = with(
        record("2024-03-10T10:00:00Z", "eva", "signin:ConsoleLogin"),
        json!({"errorMessage": "Failed authentication", "responseElements": {"ConsoleLogin": "Failure"}}),
    );
    let bare = with(
        login.clone(),
        json!({"errorMessage": null, "eventTime": "2024-03-10T10:00:01Z", "eventID": "b"}),
    );
    let baseline = Archive::new().delivered("20240312T0412", &[login, bare]).ingest(&settings()).baseline;
    assert_eq!((baseline.behaviours[0].count(), baseline.behaviours[0].errors()), (2, 2));
    assert_eq!(first_seen(&baseline, &question(0))[0].first_success, None);
}

#[test]
fn steps_of_a_sign_in_say_whether_they_failed() {
    let step = |name: &str, element: &str, result: &str| {
        let record = record("2024-03-10T10:00:00Z", "eva", &format!("signin:{name}"));
        let element = (element.to_owned(), json!({ name: result }));
        with(record, serde_json::Value::Object([element].into_iter().collect()))
    };
    let errors = |record: &serde_json::Value, text: &str| {
        let bytes = format!(r#"{{"Records":[{text}]}}"#);
        let path = log_path("20240312T0412", "signin");
        let baseline = Archive::new().object(&path, bytes.as_bytes()).ingest(&settings()).baseline;
        assert_eq!(baseline.behaviours[0].count(), 1, "{record}");
        baseline.behaviours[0].errors()
    };
    for name in ["CredentialVerification", "SwitchRole", "CheckMfa", "UserAuthentication"] {
        for element in ["responseElements", "serviceEventDetails"] {
            for (result, failed) in [("Failure", 1), ("Success", 0)] {
                let record = step(name, element, result);
                let text = record.to_string();
                assert_eq!(errors(&record, &text), failed, "{text}");
                // The other reader takes over for what is escaped.
                for (plain, escaped) in
                    [(result, &result.replace('u', "\\u0075")), (element, &element.replace('e', "\\u0065"))]
                {
                    let text = text.replace(plain, escaped);
                    assert_eq!(errors(&record, &text), failed, "{text}");
                }
            }
        }
    }
    // What others call so is not a sign-in, and other members say nothing of it.
    let mut other = step("CheckMfa", "responseElements", "Failure");
    other["eventSource"] = json!("iam.amazonaws.com");
    assert_eq!(errors(&other, &other.to_string()), 0);
    let mut other = step("CheckMfa", "serviceEventDetails", "Failure");
    other["eventName"] = json!("ExitRole");
    assert_eq!(errors(&other, &other.to_string()), 0);
}

#[test]
fn the_age_can_count_from_the_creation_record() {
    let create = with(
        record("2024-01-01T00:00:00Z", "admin", "iam:CreateUser"),
        json!({"responseElements": {"user": {"arn": "arn:aws:iam::111122223333:user/eva", "userId": "AIDAEVA"}}}),
    );
    let archive = Archive::new().delivered(
        "20240312T0412",
        &[
            create,
            record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"),
            record("2024-03-01T10:00:00Z", "bob", "s3:GetObject"),
        ],
    );
    let baseline = archive.ingest(&settings()).baseline;
    let created = Question { anchor: Anchor::Created, ..question(0) };
    let basis: Vec<_> = first_seen(&baseline, &created)
        .iter()
        .map(|finding| {
            let age = finding.age_micros().map(|age| age > 0);
            (finding.principal().rsplit('/').next().unwrap(), finding.age.unwrap().basis, age)
        })
        .collect();
    assert_eq!(
        basis,
        [
            ("admin", AgeBasis::FirstSighting, Some(false)),
            ("bob", AgeBasis::FirstSighting, Some(false)),
            ("eva", AgeBasis::Creation, Some(true))
        ]
    );
}

#[test]
fn rarity_is_counted_per_account_and_archive() {
    let mut elsewhere = record("2024-03-01T11:00:00Z", "zoe", "iam:CreateUser");
    elsewhere["userIdentity"]["accountId"] = json!("000123456789");
    let archive = Archive::new().delivered(
        "20240312T0412",
        &[
            record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser"),
            record("2024-03-01T12:00:00Z", "bob", "iam:CreateUser"),
            elsewhere,
        ],
    );
    let baseline = archive.ingest(&settings()).baseline;
    let rarity: Vec<_> = first_seen(&baseline, &question(0))
        .iter()
        .map(|finding| {
            let Rarity { first_for_account, first_for_archive, other_principals } = finding.rarity.unwrap();
            (finding.account().to_owned(), first_for_account, first_for_archive, other_principals)
        })
        .collect();
    let (own, other) = ("111122223333".to_owned(), "000123456789".to_owned());
    assert_eq!(rarity, [(own.clone(), true, true, 0), (other, true, false, 1), (own, false, false, 2)]);
}

#[test]
fn copies_of_two_trails_count_once_and_the_first_path_is_the_evidence() {
    let records = [record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser")];
    let later = log_path("20240301T1006", "zzz");
    let archive = Archive::new()
        .object(&log_path("20240301T1005", "aaa"), &gzip(&wrapped(&records)))
        .object(&later, &wrapped(&records));
    let ingested = archive.ingest(&settings());
    assert_eq!(ingested.coverage.records.duplicates, 1);
    assert_eq!(ingested.baseline.behaviours[0].count(), 1);
    assert!(ingested.baseline.behaviours[0].first.object.ends_with("T1005Z_aaa.json.gz"));
}

/// Tools that export records lay them out anew.
#[test]
fn a_copy_may_have_white_space_between_its_tokens() {
    let record = record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser");
    let pretty = serde_json::to_vec_pretty(&json!({ "Records": [record] })).unwrap();
    let spaced = wrapped(std::slice::from_ref(&record));
    let spaced = String::from_utf8(spaced).unwrap().replace("\":\"", "\": \"").replace(",\"", ", \"");
    let archive = Archive::new()
        .delivered("20240301T1005", std::slice::from_ref(&record))
        .object(&log_path("20240301T1005", "pretty"), &pretty)
        .object(&log_path("20240301T1006", "spaced"), spaced.as_bytes());
    let coverage = archive.ingest(&settings()).coverage;
    assert_eq!((coverage.records.counted, coverage.records.duplicates), (1, 2));
    assert_eq!(coverage.fault_count, 0);
}

#[test]
fn the_same_id_with_other_content_counts_twice_and_is_a_fault() {
    let genuine = record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser");
    let altered = with(genuine.clone(), json!({"sourceIPAddress": "203.0.113.66"}));
    let archive =
        Archive::new().delivered("20240301T1005", &[genuine]).delivered("20240301T1006", &[altered]);
    let coverage = archive.ingest(&settings()).coverage;
    assert_eq!((coverage.records.counted, coverage.records.duplicates), (2, 0));
    assert_eq!(coverage.faults[0].kind.name(), "conflicting-copy");
    assert!(coverage.faults[0].detail.contains("T1005Z"));
}

#[test]
fn records_without_an_event_id_are_never_merged() {
    let anonymous =
        with(record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser"), json!({"eventID": "ABSENT"}));
    let archive = Archive::new().delivered("20240301T1005", &[anonymous.clone(), anonymous]);
    assert_eq!(archive.ingest(&settings()).coverage.records.counted, 2);
}

#[test]
fn an_event_delivered_two_days_late_is_still_in_its_window() {
    let archive = Archive::new()
        .delivered("20240303T1000", &[record("2024-03-01T23:59:59Z", "eva", "s3:GetObject")])
        .delivered("20240304T1000", &[record("2024-03-01T23:59:58Z", "eva", "s3:PutObject")]);
    let day: Bound = "2024-03-01".parse().unwrap();
    let window = |slack| ReadWindow {
        read_from: Some(day.start()),
        read_to: Some(day.end()),
        slack: Span::days(slack),
    };
    let read = |slack| archive.ingest(&LearnSettings { window: window(slack), ..settings() }).coverage;
    assert_eq!((read(2).records.counted, read(2).objects.listed, read(2).objects.read), (1, 2, 1));
    assert_eq!(read(3).records.counted, 2);
}

#[test]
fn the_region_comes_from_the_event_not_from_the_folder() {
    let iam =
        with(record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser"), json!({"awsRegion": "us-east-1"}));
    let baseline = Archive::new().delivered("20240301T1005", &[iam]).ingest(&settings()).baseline;
    let mut asked = question(0);
    asked.filter.regions = vec!["us-east-1".into()];
    assert_eq!(first_seen(&baseline, &asked).len(), 1);
    asked.filter.regions = vec!["eu-west-1".into()];
    assert_eq!(first_seen(&baseline, &asked).len(), 0);
}

#[test]
fn a_recreated_role_is_new_when_keyed_by_id() {
    let role = |time: &str, id: &str| {
        with(
            record(time, "x", "s3:GetObject"),
            json!({"userIdentity": {
                "type": "AssumedRole", "principalId": format!("{id}:s"), "accountId": "111122223333",
                "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/s",
                "sessionContext": {"sessionIssuer": {
                    "type": "Role", "principalId": id, "arn": "arn:aws:iam::111122223333:role/ci/Deploy"}}}}),
        )
    };
    let archive = Archive::new().delivered(
        "20240501T1005",
        &[role("2024-01-01T10:00:00Z", "AROAONE"), role("2024-05-01T10:00:00Z", "AROATWO")],
    );
    let principals = |key| {
        let baseline = archive.ingest(&LearnSettings { principal_key: key, ..settings() }).baseline;
        let asked = Question { report: vec![FindingKind::NewPrincipal], ..question(90) };
        first_seen(&baseline, &asked).iter().map(|finding| finding.principal().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(principals(PrincipalKey::Arn), Vec::<String>::new());
    assert_eq!(principals(PrincipalKey::Id), ["AROATWO"]);
}

#[test]
fn ignored_actions_are_learnt_and_not_reported() {
    let archive = Archive::new().delivered(
        "20240409T0412",
        &[
            record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"),
            record("2024-04-01T10:00:00Z", "eva", "iam:CreateUser"),
        ],
    );
    let mut asked = question(7);
    asked.filter.ignored_actions = vec!["S3:*".parse().unwrap()];
    assert_eq!(archive.ask(&asked).len(), 1, "the ignored action started the warmup clock");
    asked.filter.ignored_actions = vec!["createuser".parse().unwrap()];
    assert_eq!(archive.ask(&asked).len(), 0);
}

#[test]
fn the_version_of_an_api_may_be_left_out_of_an_action() {
    let action = "lambda.amazonaws.com:UpdateFunctionCode20150331v2";
    let archive = Archive::new().delivered(
        "20240409T0412",
        &[record("2024-03-01T10:00:00Z", "eva", "lambda:UpdateFunctionCode20150331v2")],
    );
    let found = vec![format!("new-action 2024-03-01T10:00:00Z eva {action}")];
    for (glob, is_it) in [
        ("lambda:UpdateFunctionCode", true),
        ("updatefunctioncode", true),
        ("lambda.amazonaws.com:UpdateFunctionCode", true),
        (action, true),
        ("lambda:UpdateFunctionCode20150331", false),
        ("lambda:UpdateFunction", false),
    ] {
        let mut asked = question(0);
        asked.filter.actions = vec![glob.parse().unwrap()];
        assert_eq!(archive.ask(&asked) == found, is_it, "{glob}");
        let mut asked = question(0);
        asked.filter.ignored_actions = vec![glob.parse().unwrap()];
        assert_eq!(archive.ask(&asked).is_empty(), is_it, "{glob}");
    }
}

#[test]
fn the_least_severity_counts_rules_and_the_order_is_that_of_severity_then_time() {
    let archive = Archive::new().object(
        "a.json",
        &wrapped(&[
            record("2024-03-01T00:00:00Z", "evangeline", "iam:CreateUser"),
            with(record("2024-03-02T00:00:00Z", "evangeline", "s3:ListBuckets"), json!({"readOnly": true})),
            with(record("2024-03-03T00:00:00Z", "evangeline", "iam:GetUser"), json!({"readOnly": true})),
            record("2024-03-04T00:00:00Z", "zoe", "iam:CreateUser"),
        ]),
    );
    let critical = "\
- rule: reads
  condition: ct.name=\"GetUser\"
  output: read
  priority: CRITICAL
  source: aws_cloudtrail
";
    let settings = LearnSettings { rules: Some(Arc::new(rules(critical))), ..settings() };
    let baseline = archive.ingest(&settings).baseline;
    let found = |min_severity, sort| {
        let asked = Question { min_severity, sort, ..question(0) };
        let findings = first_seen(&baseline, &asked);
        findings.iter().map(|one| format!("{} {}", one.severity().name(), one.action)).collect::<Vec<_>>()
    };
    let by_time = [
        "medium iam.amazonaws.com:CreateUser",
        "informational s3.amazonaws.com:ListBuckets",
        "critical iam.amazonaws.com:GetUser",
        "low iam.amazonaws.com:CreateUser",
    ];
    assert_eq!(found(Severity::Informational, FindingOrder::Time), by_time);
    assert_eq!(
        found(Severity::Informational, FindingOrder::Severity),
        [2, 0, 3, 1].map(|index: usize| by_time[index])
    );
    assert_eq!(found(Severity::Medium, FindingOrder::Time), [by_time[0], by_time[2]]);
    assert_eq!(found(Severity::Critical, FindingOrder::Time), [by_time[2]]);
}
