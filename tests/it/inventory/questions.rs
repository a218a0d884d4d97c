//! The effect of an inventory on principals: age, presence in IAM, and joining.

use firstseen::baseline::Baseline;
use firstseen::learn::LearnSettings;
use firstseen::model::PrincipalKey;
use firstseen::query::{Anchor, By, Filter, Finding, KnownQuestion, Question, first_seen, known};
use serde_json::{Value, json};

use super::{ACCOUNT, REPORT, details, read, role, roles};
use crate::archive::{Archive, question, record, settings, with};

/// A role session in account 111122223333.
fn call(name: &str, id: &str, time: &str, action: &str) -> Value {
    let issuer =
        json!({"type": "Role", "principalId": id, "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}")});
    let identity = json!({
        "type": "AssumedRole", "principalId": format!("{id}:s"), "accountId": ACCOUNT, "accessKeyId": format!("ASIA{id}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s"), "sessionContext": {"sessionIssuer": issuer},
    });
    with(record(time, id, action), json!({ "userIdentity": identity }))
}

fn learnt(records: &[Value], key: &str, files: &[&str]) -> Baseline {
    let key = PrincipalKey::from_name(key).unwrap();
    let archive = Archive::new().delivered("20240309T0412", records);
    let mut baseline = archive.ingest(&LearnSettings { principal_key: key, ..settings() }).baseline;
    let names: Vec<String> = (0..files.len()).map(|number| number.to_string()).collect();
    let files: Vec<(&str, &[u8])> =
        names.iter().map(|name| &**name).zip(files.iter().map(|text| text.as_bytes())).collect();
    baseline.add_inventory(read(&files).unwrap().inventory);
    baseline.resolved(key)
}

/// For each finding: principal, age in days, anchor, and whether IAM lists it.
fn found(baseline: &Baseline) -> Vec<String> {
    let question = Question { anchor: Anchor::Created, ..question(0) };
    let line = |finding: &Finding<'_>| {
        let name = finding.principal().rsplit('/').next().unwrap();
        let (age, days) = (finding.age.unwrap(), finding.age_micros().unwrap() / 86_400_000_000);
        format!("{name} {days} {} {:?}", age.basis.name(), finding.known_to_iam)
    };
    first_seen(baseline, &question).iter().map(line).collect()
}

#[test]
fn a_recreated_role_is_never_younger_than_its_first_sighting() {
    let records = [
        call("app", "AROAEXAMPLEOLD", "2024-01-11T00:00:00Z", "s3:GetObject"),
        call("app", "AROAEXAMPLENEW", "2024-02-20T00:00:00Z", "s3:PutObject"),
    ];
    let now = json!({"Roles": [role("app", "AROAEXAMPLENEW", "2024-02-10T00:00:00Z")]}).to_string();
    let before = json!({"Roles": [role("app", "AROAEXAMPLEOLD", "2024-01-01T00:00:00Z")]}).to_string();
    assert_eq!(
        found(&learnt(&records, "arn", &[])),
        ["app 0 first-sighting None", "app 40 first-sighting None"]
    );
    assert_eq!(
        found(&learnt(&records, "arn", &[&now])),
        ["app 0 first-sighting Some(true)", "app 40 first-sighting Some(true)"]
    );
    // The earlier inventory has its real age.
    assert_eq!(
        found(&learnt(&records, "arn", &[&now, &before])),
        ["app 10 created Some(true)", "app 50 created Some(true)"]
    );
    assert_eq!(
        found(&learnt(&records, "id", &[&now])),
        ["AROAEXAMPLEOLD 0 first-sighting Some(false)", "AROAEXAMPLENEW 10 created Some(true)"]
    );
    // The record of the second creation does not hide the first creation in the inventory.
    let made =
        json!({"role": {"arn": format!("arn:aws:iam::{ACCOUNT}:role/app"), "roleId": "AROAEXAMPLENEW"}});
    let creation = record("2024-02-10T00:00:00Z", "admin", "iam:CreateRole");
    let creation = with(creation, json!({ "responseElements": made }));
    let with_record = [records[0].clone(), creation, records[1].clone()];
    let ages = found(&learnt(&with_record, "arn", &[&before]));
    assert_eq!([&*ages[0], &*ages[2]], ["app 10 created Some(true)", "app 50 created Some(true)"]);
}

#[test]
fn a_report_without_ids_applies_only_after_the_creation_date() {
    let by = |id: &str, time: &str| {
        let mut record = record(time, "eva", "s3:GetObject");
        record["userIdentity"]["principalId"] = json!(id);
        record
    };
    // The user in the report was created on 2023-05-05: earlier calls were by another user of that name.
    let records =
        [by("AIDAEXAMPLEOLD", "2023-05-01T00:00:00Z"), by("AIDAEXAMPLENEW", "2023-05-15T06:00:00Z")];
    assert_eq!(
        found(&learnt(&records, "id", &[REPORT])),
        ["AIDAEXAMPLEOLD 0 first-sighting Some(false)", "AIDAEXAMPLENEW 10 created Some(true)"]
    );
    assert_eq!(found(&learnt(&records, "arn", &[REPORT])), ["eva 0 first-sighting Some(true)"]);
    let root = json!({"type": "Root", "principalId": ACCOUNT, "accountId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root")});
    let root = with(record("2021-01-21T00:00:00Z", "x", "s3:GetObject"), json!({ "userIdentity": root }));
    assert_eq!(found(&learnt(&[root], "id", &[REPORT])), ["arn:aws:iam::111122223333:root 20 created None"]);
}

#[test]
fn only_users_and_roles_of_a_complete_list_are_marked() {
    let records = [
        call("app", "AROAEXAMPLEAPP", "2024-03-01T00:00:00Z", "s3:A"),
        call("gone", "AROAEXAMPLEGONE", "2024-03-01T00:00:01Z", "s3:A"),
        call("aws:ec2-instance", "111122223333:aws:ec2-instance", "2024-03-01T00:00:02Z", "s3:A"),
        record("2024-03-01T00:00:03Z", "eva", "s3:A"),
        record("2024-03-01T00:00:04Z", "bob", "s3:A"),
        with(
            record("2024-03-01T00:00:05Z", "x", "s3:A"),
            json!({"userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}}),
        ),
        with(
            record("2024-03-01T00:00:05Z", "y", "s3:A"),
            json!({"userIdentity": {"type": "IdentityCenterUser", "accountId": ACCOUNT, "principalId": "AIDAEXAMPLEODD"}}),
        ),
        with(
            record("2024-03-01T00:00:06Z", "x", "s3:A"),
            json!({"userIdentity": {"type": "AWSAccount", "accountId": "444455556666", "principalId": "AROAEXAMPLEFAR:s"}}),
        ),
    ];
    let marks = |key: &str, file: &str| -> Vec<Option<bool>> {
        let baseline = learnt(&records, key, &[file]);
        first_seen(&baseline, &question(0)).iter().map(|finding| finding.known_to_iam).collect()
    };
    let (all, roles) = (details().to_string(), json!({ "Roles": roles() }).to_string());
    let (yes, no) = (Some(true), Some(false));
    for key in ["arn", "id", "session", "sso-user"] {
        assert_eq!(marks(key, &all), [yes, no, None, yes, no, None, None, None], "{key}");
        assert_eq!(marks(key, &roles), [yes, no, None, None, None, None, None, None], "{key}");
    }
    assert_eq!(marks("access-key", &roles)[..3], [yes, no, None]);
    let elsewhere = all.replace(ACCOUNT, "999988887777");
    assert_eq!(marks("arn", &elsewhere), [None; 8]);
    let baseline = learnt(&records, "arn", &[&all]);
    let asked = KnownQuestion { at: None, forget: None, only_success: false, filter: Filter::default() };
    let rows = |by| -> Vec<Option<bool>> {
        let known = known(&baseline, &asked, by);
        known.groups.iter().flat_map(|group| &group.rows).map(|row| row.known_to_iam).collect()
    };
    let marked = |rows: Vec<Option<bool>>, mark| rows.into_iter().filter(|it| *it == mark).count();
    assert_eq!([yes, no, None].map(|mark| marked(rows(By::Principal), mark)), [2, 2, 4]);
    assert_eq!([yes, no, None].map(|mark| marked(rows(By::Action), mark)), [2, 2, 4]);
    assert!(rows(By::Account).iter().all(Option::is_none));
}

#[test]
fn an_inventory_joins_unique_ids_that_records_alone_do_not() {
    // A role of this account as shown to other accounts, and a user with only a name.
    let far = json!({"type": "AWSAccount", "accountId": ACCOUNT, "principalId": "AROAEXAMPLEAPP:s"});
    let named = json!({"type": "IAMUser", "accountId": ACCOUNT, "userName": "eva"});
    let other = json!({"type": "AWSAccount", "accountId": "444455556666", "principalId": "AROAEXAMPLEAPP:s"});
    let records = [far, named, other].into_iter().zip(1..).map(|(identity, day)| {
        let time = format!("2024-03-0{day}T00:00:00Z");
        with(record(&time, "x", "s3:A"), json!({ "userIdentity": identity }))
    });
    let records: Vec<Value> = records.collect();
    let names = |key: &str, files: &[&str]| -> Vec<(String, Option<bool>)> {
        let baseline = learnt(&records, key, files);
        let found = first_seen(&baseline, &question(0));
        found.iter().map(|finding| (finding.principal().to_owned(), finding.known_to_iam)).collect()
    };
    let [role, user] = ["role/app", "user/eva"].map(|name| format!("arn:aws:iam::{ACCOUNT}:{name}"));
    let all = details().to_string();
    let bare = ["AROAEXAMPLEAPP", "IAMUser/eva", "AROAEXAMPLEAPP"].map(|name| (name.to_owned(), None));
    assert_eq!(names("arn", &[]), bare);
    let [app, _, elsewhere] = bare;
    let known = |name: &String| (name.clone(), Some(true));
    assert_eq!(names("arn", &[&all]), [known(&role), known(&user), elsewhere.clone()]);
    assert_eq!(names("arn", &[REPORT]), [app.clone(), known(&user), elsewhere.clone()]);
    assert_eq!(names("id", &[&all]), [known(&app.0), known(&"AIDAEXAMPLEEVA".to_owned()), elsewhere]);
}
