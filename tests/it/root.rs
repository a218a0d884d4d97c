//! Activity of the root user of an account.

use firstseen::query::{FindingKind, Question, first_seen};
use serde_json::{Value, json};

use crate::archive::{Archive, lines, question, record, settings, with};

fn root(time: &str, action: &str, change: Value) -> Value {
    let identity = json!({
        "type": "Root", "principalId": "111122223333", "accountId": "111122223333",
        "arn": "arn:aws:iam::111122223333:root",
    });
    let id = format!("{time}{action}");
    with(with(record(time, "x", action), json!({"userIdentity": identity, "eventID": id})), change)
}

fn asked() -> Question {
    Question { report: vec![FindingKind::RootActivity], ..question(30) }
}

/// Root findings as lines, with their detail.
fn found(records: &[Value]) -> Vec<String> {
    let archive = Archive::new().delivered("20240309T0412", records);
    let baseline = archive.ingest(&settings()).baseline;
    let findings = first_seen(&baseline, &asked());
    let details = findings.iter().map(|finding| finding.evidence.unwrap().detail().unwrap_or("-"));
    lines(&findings).into_iter().zip(details).map(|(line, detail)| format!("{line} {detail}")).collect()
}

#[test]
fn each_hour_of_root_activity_is_one_finding_with_its_first_record() {
    let records = [
        root("2024-03-09T04:50:00Z", "s3:ListBuckets", json!({})),
        root("2024-03-09T04:10:00Z", "signin:ConsoleLogin", json!({})),
        root("2024-03-09T05:00:00Z", "iam:CreateUser", json!({"errorCode": "AccessDenied"})),
    ];
    let root = "arn:aws:iam::111122223333:root";
    assert_eq!(
        found(&records),
        [
            format!("root-activity 2024-03-09T04:10:00Z {root} signin.amazonaws.com:ConsoleLogin -"),
            format!("root-activity 2024-03-09T05:00:00Z {root} iam.amazonaws.com:CreateUser -"),
        ]
    );
}

#[test]
fn both_forms_of_root_count_but_service_calls_do_not() {
    let identity = |change: Value| {
        let mut identity = root("2024-03-09T04:10:00Z", "s3:A", json!({}))["userIdentity"].clone();
        identity = with(identity, change);
        found(&[root("2024-03-09T04:10:00Z", "s3:A", json!({ "userIdentity": identity }))]).len()
    };
    assert_eq!(identity(json!({})), 1);
    assert_eq!(identity(json!({"type": "root"})), 1);
    assert_eq!(identity(json!({"invokedBy": "backup.amazonaws.com"})), 0);
    assert_eq!(identity(json!({"type": "IAMUser"})), 0);
    assert_eq!(
        found(&[root("2024-03-09T04:10:00Z", "s3:A", json!({"eventType": "AwsServiceEvent"}))]).len(),
        0
    );
}

#[test]
fn assume_root_sessions_are_marked_and_counted_separately() {
    let identity = |assumed: Value| {
        json!({
            "type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root",
            "sessionContext": {"assumedRoot": assumed},
        })
    };
    let records = [
        root("2024-03-09T04:10:00Z", "s3:A", json!({ "userIdentity": identity(json!("true")) })),
        root("2024-03-09T04:20:00Z", "s3:B", json!({})),
    ];
    let details: Vec<bool> =
        found(&records).iter().map(|line| line.ends_with("session of AssumeRoot")).collect();
    assert_eq!(details, [true, false]);
}

#[test]
fn root_hours_are_merged_and_filtered() {
    let part = |time: &str, action: &str| {
        let archive = Archive::new().delivered("20240309T0412", &[root(time, action, json!({}))]);
        archive.ingest(&settings()).baseline
    };
    let (early, late) = (part("2024-03-09T04:10:00Z", "s3:A"), part("2024-03-09T04:20:00Z", "s3:B"));
    let merged = early.clone().merge(late.clone()).baseline;
    assert_eq!(merged, late.merge(early).baseline);
    assert_eq!(first_seen(&merged, &asked()).len(), 1);
    assert_eq!(&*merged.root[0].action, "s3.amazonaws.com:A");
    let mut none = asked();
    none.filter.accounts = vec!["444455556666".to_owned()];
    assert_eq!(first_seen(&merged, &none), []);
}
