//! `firstseen trace`: what becomes of long-term keys, what they are used for in clusters, and traces of several archives.

use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, with, wrapped};
use crate::program::{firstseen, stderr};
use crate::trace::{ACCOUNTS, LIMITS, Planter, archive, response, traced};
use crate::trace_claims::told;

const ACCOUNT: &str = ACCOUNTS[0];

/// A record by which an administrator changes the status of the key AKIAX.
fn change(planter: &mut Planter, time: &str, (action, status): (&str, Option<&str>)) {
    let admin = planter.user(ACCOUNT, "admin", Some("AKIAADMIN"));
    let request = json!({"userName": "eva", "accessKeyId": "AKIAX", "status": status});
    let more = json!({"eventTime": time, "requestParameters": request});
    planter.record(ACCOUNT, &admin.identity, &format!("iam:{action}"), more);
}

const DELETED: (&str, Option<&str>) = ("DeleteAccessKey", None);
const INACTIVE: (&str, Option<&str>) = ("UpdateAccessKey", Some("Inactive"));
const ACTIVE: (&str, Option<&str>) = ("UpdateAccessKey", Some("Active"));

/// An archive in which AKIAX is used at these times, and changed.
fn changed(uses: &[&str], changes: &[(&str, (&str, Option<&str>))]) -> Archive {
    let mut planter = Planter::new(0);
    let eva = planter.user(ACCOUNT, "eva", Some("AKIAX"));
    for time in uses {
        planter.record(ACCOUNT, &eva.identity, "s3:ListBuckets", json!({"eventTime": time}));
    }
    changes.iter().for_each(|(time, what)| change(&mut planter, time, *what));
    archive(&[planter])
}

fn credential(archive: &Archive, wanted: &str) -> Value {
    let json: Value = serde_json::from_str(&told(archive, &[wanted, "-q", "-f", "json"]).0).unwrap();
    let all = json["credentials"].as_array().unwrap().iter();
    all.clone().find(|one| one["credential"] == wanted).cloned().unwrap()
}

#[test]
fn it_is_told_when_a_key_was_deleted_and_by_whom() {
    let (inactive, deleted) = ("2024-03-01T10:00:00Z", "2024-03-01T11:00:00Z");
    let archive =
        changed(&["2024-03-01T09:00:00Z"], &[(inactive, INACTIVE), (inactive, INACTIVE), (deleted, DELETED)]);
    let by = "by user arn:aws:iam::000123456789:user/admin, with key AKIAADMIN";
    let said = [
        format!("made inactive {inactive} iam:UpdateAccessKey {by}"),
        format!("deleted {deleted} iam:DeleteAccessKey {by}"),
    ];
    let text = told(&archive, &["AKIAX", "-q"]).0;
    for said in &said {
        assert_eq!(text.matches(said.as_str()).count(), 1, "{text}");
    }
    assert!(!text.contains("CONTRADICTION"), "{text}");
    let chart = told(&archive, &["AKIAX", "-q", "-f", "mermaid"]).0;
    assert!(said.iter().all(|said| chart.contains(said.as_str())), "{chart}");
    let credential = credential(&archive, "AKIAX");
    let changes = credential["status_changes"].as_array().unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|change| {
            ["status", "time", "action", "access_key_id"].map(|name| change[name].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ["inactive", inactive, "iam.amazonaws.com:UpdateAccessKey", "AKIAADMIN"],
            ["deleted", deleted, "iam.amazonaws.com:DeleteAccessKey", "AKIAADMIN"],
        ]
    );
    assert_eq!(credential["more_status_changes"], false);
}

#[test]
fn a_key_of_which_only_the_deletion_is_known_is_traced() {
    let archive = changed(&[], &[("2024-03-01T10:00:00Z", DELETED)]);
    let text = told(&archive, &["AKIAX", "--account", ACCOUNT, "-q"]).0;
    assert!(
        text.contains("deleted 2024-03-01T10:00:00Z") && text.contains("never used in this archive"),
        "{text}"
    );
}

#[test]
fn a_use_after_the_end_of_a_key_is_a_contradiction() {
    let told_of = |last: &str, changes: &[(&str, (&str, Option<&str>))]| {
        let archive = changed(&["2024-03-01T08:00:00Z", last], changes);
        let (text, warnings) = told(&archive, &["AKIAX"]);
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("CONTRADICTION: "));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        assert_eq!(
            warnings.contains("warning: 1 credential has records that contradict"),
            !lines.is_empty(),
            "{warnings}"
        );
        let names = credential(&archive, "AKIAX")["contradictions"].clone();
        (lines.join("; "), names)
    };
    let (ten, eleven) = ("2024-03-01T10:00:00Z", "2024-03-01T11:00:00Z");
    let none = (String::new(), json!([]));
    let deleted = (format!("it was used after it was deleted at {ten}"), json!(["used-after-deletion"]));
    let inactive = (
        format!("it was used after it was made inactive at {ten}, and not active again"),
        json!(["used-while-inactive"]),
    );
    // A change may take some minutes to have effect.
    assert_eq!(told_of("2024-03-01T10:05:00Z", &[(ten, DELETED)]), none);
    assert_eq!(told_of("2024-03-01T10:05:01Z", &[(ten, DELETED)]), deleted);
    assert_eq!(told_of("2024-03-01T10:05:01Z", &[(ten, INACTIVE)]), inactive);
    assert_eq!(told_of("2024-03-01T12:00:00Z", &[(ten, INACTIVE), (eleven, ACTIVE)]), none);
    assert_eq!(told_of("2024-03-01T12:00:00Z", &[(ten, INACTIVE), (ten, ACTIVE)]), none);
    assert_eq!(told_of("2024-03-01T10:30:00Z", &[(ten, INACTIVE), (eleven, DELETED)]), inactive);
    assert_eq!(told_of("2024-03-01T12:00:00Z", &[(ten, DELETED), (eleven, ACTIVE)]), deleted);
    assert_eq!(told_of("2024-03-01T12:00:00Z", &[(ten, ("UpdateAccessKey", Some("Odd")))]), none);
}

#[test]
fn of_many_changes_of_a_key_the_last_ones_are_kept() {
    let times: Vec<String> = (0..60).map(|minute| format!("2024-03-01T09:{minute:02}:00Z")).collect();
    let changes: Vec<_> = times.iter().map(|time| (time.as_str(), INACTIVE)).collect();
    let archive = changed(&["2024-03-01T08:00:00Z"], &changes);
    let credential = credential(&archive, "AKIAX");
    let kept = credential["status_changes"].as_array().unwrap();
    assert_eq!((kept.len(), &credential["more_status_changes"]), (32, &json!(true)));
    assert_eq!((&kept[0]["time"], &kept[31]["time"]), (&json!(times[28]), &json!(times[59])));
    let text = told(&archive, &["AKIAX", "-q"]).0;
    assert!(text.contains("at least 26 changes of its status before"), "{text}");
    assert_eq!(text.matches("made inactive").count(), 6, "{text}");
    let rows = |threads| traced(&archive, "AKIAX", LIMITS, threads).rows;
    assert_eq!(rows(1), rows(4));
}

/// The record of one stage of an exec with a key.
fn exec(key: &str, stage: &str, code: Option<u16>) -> Value {
    let event = audit_event("2024-03-04T02:01:00.100000Z", "kubernetes-admin", "create", "pods");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/eva");
    let user = json!({"username": "kubernetes-admin", "uid": format!("aws-iam-authenticator:{ACCOUNT}:AIDAEVA"),
        "extra": {"accessKeyId": [key], "arn": [arn]}});
    let object = json!({"resource": "pods", "subresource": "exec", "namespace": "shop"});
    let status = code.map_or(json!("ABSENT"), |code| json!({ "code": code }));
    with(
        event,
        json!({"auditID": "audit-1", "user": user, "objectRef": object, "stage": stage, "responseStatus": status}),
    )
}

/// An archive in which a key is used in a cluster, and issued in CloudTrail if this says so.
fn clustered(is_issued: bool) -> Archive {
    let mut planter = Planter::new(0);
    let admin = planter.user(ACCOUNT, "admin", Some("AKIAADMIN"));
    let made = json!({"responseElements": {"accessKey": {"accessKeyId": "AKIAX", "userName": "eva"}}});
    let action = if is_issued { "iam:CreateAccessKey" } else { "iam:ListUsers" };
    planter.record(ACCOUNT, &admin.identity, action, made);
    let stages = [exec("AKIAX", "RequestReceived", None), exec("AKIAX", "ResponseComplete", Some(101))];
    let lines: String = stages.iter().map(|stage| format!("{stage}\n")).collect();
    let folder = "EKSLogs/000123456789/prod/2024/03/04/02";
    let archive = archive(&[planter]).object(&format!("{folder}/a"), lines.as_bytes());
    archive.object(&format!("{folder}/copy"), stages[1].to_string().as_bytes())
}

#[test]
fn uses_in_clusters_are_counted_apart() {
    let uses = "2024-03-04T02:01:00.1Z: 1 request, from 198.51.100.0/24, in prod, \
                as arn:aws:iam::000123456789:user/eva: create core/pods/exec";
    for is_issued in [true, false] {
        let archive = clustered(is_issued);
        for wanted in ["AKIAX", "audit-1", "arn:aws:iam::000123456789:user/eva"] {
            let text = told(&archive, &[wanted, "--account", ACCOUNT, "-q"]).0;
            assert!(text.contains(&format!("used only in clusters {uses}\n")), "{text}");
            assert!(!text.contains("never used"), "{text}");
            assert!(text.contains("1 of them traced"), "{text}");
        }
        let chart = told(&archive, &["AKIAX", "-q", "-f", "mermaid"]).0;
        assert!(chart.contains(&format!("in clusters {uses}")), "{chart}");
        let credential = credential(&archive, "AKIAX");
        let used = &credential["used_in_clusters"];
        assert_eq!(credential["used"], Value::Null);
        assert_eq!((&used["count"], &used["errors"]), (&json!(1), &json!(0)));
        assert_eq!((&used["clusters"], &used["networks"]), (&json!(["prod"]), &json!(["198.51.100.0/24"])));
        assert_eq!((&used["first"]["event_id"], &used["last"]), (&json!("audit-1"), &used["first"]["time"]));
    }
    let text = told(&clustered(false), &["AKIAX", "-q"]).0;
    assert!(text.contains("key AKIAX of arn:aws:iam::000123456789:user/eva"), "{text}");
    // Records are counted as before: none of the cluster is a copy.
    let found = traced(&clustered(true), "AKIAX", LIMITS, 2).coverage.records;
    assert_eq!((found.counted, found.duplicates), (4, 1));
}

#[test]
fn a_principal_of_a_cluster_is_traced_as_it_is_printed() {
    let archive = clustered(true);
    let printed = "k8s:prod/arn:aws:iam::000123456789:user/eva";
    let plain = told(&archive, &["arn:aws:iam::000123456789:user/eva", "-q"]).0;
    assert_eq!(told(&archive, &[printed, "-q"]).0, plain);
    // A user of a cluster is not the one with that name in AWS.
    for wanted in ["k8s:prod/eva", "k8s:prod/system:serviceaccount:shop:web", "system:node:n1"] {
        let error = stderr(&firstseen(&["trace", ".", wanted, "-q"], archive.path()));
        assert!(error.contains(&format!("firstseen events SRC --principal {wanted}")), "{error}");
    }
    let error = stderr(&firstseen(&["trace", ".", "JTI=1", "-q"], archive.path()));
    assert!(error.contains("firstseen events SRC --access-key JTI=1"), "{error}");
    let request = audit_event("2024-03-04T02:00:00Z", "jo", "create", "serviceaccounts");
    let archive = Archive::new().object("a", with(request, json!({"auditID": "id"})).to_string().as_bytes());
    let error = stderr(&firstseen(&["trace", ".", "id", "-q"], archive.path()));
    assert!(error.contains("firstseen events SRC --event-id id"), "{error}");
}

#[test]
fn a_deleted_key_that_is_used_in_a_cluster_is_a_contradiction() {
    let mut planter = Planter::new(0);
    change(&mut planter, "2024-03-02T00:00:00Z", DELETED);
    let archive = archive(&[planter])
        .object("EKSLogs/a", exec("AKIAX", "ResponseComplete", None).to_string().as_bytes());
    assert_eq!(credential(&archive, "AKIAX")["contradictions"], json!(["used-after-deletion"]));
}

#[test]
fn use_in_a_cluster_before_a_key_was_issued_or_after_it_had_expired_is_a_contradiction() {
    let contradictions = |issued: &str| {
        let mut planter = Planter::new(0);
        let admin = planter.user(ACCOUNT, "admin", Some("AKIAADMIN"));
        let mut made = response(ACCOUNT, "app", "jo", "ASIAX");
        made["responseElements"]["credentials"]["expiration"] = json!("2024-03-04 01:30:00");
        made["eventTime"] = json!(issued);
        planter.record(ACCOUNT, &admin.identity, "sts:AssumeRole", made);
        let archive = archive(&[planter])
            .object("EKSLogs/a", exec("ASIAX", "ResponseComplete", None).to_string().as_bytes());
        credential(&archive, "ASIAX")["contradictions"].clone()
    };
    assert_eq!(contradictions("2024-03-04T01:00:00Z"), json!(["used-after-expiry"]));
    assert_eq!(contradictions("2024-03-05T01:00:00Z"), json!(["used-before-issued", "used-after-expiry"]));
}

#[test]
fn several_archives_are_traced_and_shown_together() {
    let mut planter = Planter::new(0);
    let admin = planter.user(ACCOUNT, "admin", Some("AKIAADMIN"));
    let made = json!({"responseElements": {"accessKey": {"accessKeyId": "AKIAX", "userName": "eva"}}});
    planter.record(ACCOUNT, &admin.identity, "iam:CreateAccessKey", made);
    let eva = planter.user(ACCOUNT, "eva", Some("AKIAX"));
    planter.call(&eva, 1);
    let logs = Archive::new()
        .object("a/x.json", &wrapped(&planter.records[..1]))
        .object("b/x.json", &wrapped(&planter.records[1..]))
        .object("all/x.json", &wrapped(&planter.records));
    let run = |arguments: &[&str]| {
        let output = firstseen(arguments, logs.path());
        (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
    };
    let (code, text, said) = run(&["trace", "a", "b", "AKIAX"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("key AKIAADMIN") && text.contains("used 2024-03-01T00:01:00Z: 1 call"), "{text}");
    assert!(said.contains("objects: 2 listed"), "{said}");
    let (code, text, said) = run(&["show", "a", "b", "event-0-2", "event-0-1"]);
    assert!(code == Some(0) && text.contains("event-0-1") && text.contains("event-0-2"), "{said}");
    // The last word is what is looked for, even if there is such a folder.
    let (code, _, said) = run(&["show", "a", "b"]);
    assert!(code == Some(1) && said.contains("no record has the event id 'b'"), "{said}");
    let (code, _, said) = run(&["trace", "a", "eva", "AKIAX"]);
    assert!(code == Some(2) && said.contains("'eva' is no archive, and trace looks for one thing"), "{said}");
    firstseen(&["index", "a", "-q", "-o", "x.baseline"], logs.path());
    for command in ["trace", "show"] {
        let (code, _, said) = run(&[command, "x.baseline", "b", "AKIAX"]);
        assert!(
            code == Some(2) && said.contains("'x.baseline' is a baseline, and several sources"),
            "{said}"
        );
        assert!(said.contains("firstseen merge"), "{said}");
    }
}
