//! What IAM knows: every form of file that tells it, what it says of a principal's age and presence, and its laws.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use firstseen::baseline::{Baseline, IamIdentity, IamKind, Inventory};
use firstseen::ingest::IngestSettings;
use firstseen::inventory::{Collected, InventoryError, collect};
use firstseen::query::{Anchor, By, Filter, KnownQuestion, Question, first_seen, known};
use firstseen::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, gzip, question, record, settings, with};
use crate::program::{firstseen, firstseen_here};

const ACCOUNT: &str = "111122223333";

fn user(name: &str, id: &str, created: &str) -> Value {
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
    json!({"Path": "/", "UserName": name, "UserId": id, "Arn": arn, "CreateDate": created})
}

fn role(name: &str, id: &str, created: &str) -> Value {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let trust = json!({"Statement": [{"Principal": {"AWS": "arn:aws:iam::1:root"}, "Arn": ["Roles", {}]}]});
    json!({
        "Path": "/", "RoleName": name, "RoleId": id, "Arn": arn, "CreateDate": created,
        "AssumeRolePolicyDocument": trust,
        "InstanceProfileList": [{"Roles": [{"Arn": "arn:aws:iam::999999999999:role/inner"}]}],
    })
}

fn roles() -> Value {
    json!([
        role("app", "AROAEXAMPLEAPP", "2024-01-01T00:00:00+00:00"),
        role("ci", "AROAEXAMPLECI", "2024-02-01T00:00:00Z")
    ])
}

fn details() -> Value {
    let users = json!([user("eva", "AIDAEXAMPLEEVA", "2023-05-05T05:05:05+00:00")]);
    let policies = json!([{"PolicyName": "P", "Arn": "arn:aws:iam::aws:policy/P", "PolicyVersionList": []}]);
    json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles(), "Policies": policies})
}

const REPORT: &str = "user,arn,user_creation_time,password_enabled,mfa_active
<root_account>,arn:aws:iam::111122223333:root,2021-01-01T00:00:00+00:00,not_supported,false
eva,arn:aws:iam::111122223333:user/eva,2023-05-05T05:05:05+00:00,true,true
";

/// What files of these names and contents tell, read one by one and named one by one.
fn read(files: &[(&str, &[u8])]) -> Result<Collected, InventoryError> {
    let folder = TempDir::new().unwrap();
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
    for (path, (_, bytes)) in paths.iter().zip(files) {
        fs::write(path, bytes).unwrap();
    }
    collect(&paths)
}

/// Every line of what one file tells.
fn told(bytes: &[u8]) -> Vec<String> {
    let collected = read(&[("file", bytes)]).unwrap_or_else(|error| panic!("{error}"));
    collected
        .inventory
        .to_string()
        .lines()
        .map(|line| line.replace("arn:aws:iam::111122223333:", ""))
        .collect()
}

fn refused(bytes: &[u8]) -> String {
    let error = read(&[("file", bytes)]).expect_err("refused").to_string();
    error.split_once("file' ").unwrap().1.to_owned()
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

const EVA: &str = "111122223333\tuser\tuser/eva\tAIDAEXAMPLEEVA\t2023-05-05T05:05:05Z";
const APP: &str = "111122223333\trole\trole/app\tAROAEXAMPLEAPP\t2024-01-01T00:00:00Z";
const CI: &str = "111122223333\trole\trole/ci\tAROAEXAMPLECI\t2024-02-01T00:00:00Z";
const ALL_USERS: &str = "111122223333\tuser";
const ALL_ROLES: &str = "111122223333\trole";

#[test]
fn answers_of_the_cli_are_read_in_every_form() {
    let all = [ALL_USERS, ALL_ROLES, EVA, APP, CI];
    let text = details().to_string();
    assert_eq!(told(text.as_bytes()), all);
    assert_eq!(told(&gzip(text.as_bytes())), all);
    assert_eq!(told(&gzip(&gzip(text.as_bytes()))), all);
    assert_eq!(told(format!("\u{feff}  {text}\r\n").as_bytes()), all);
    for (mark, unit) in [("\u{feff}", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("", u16::to_le_bytes)] {
        assert_eq!(told(&utf16(&format!("{mark}{text}"), unit)), all);
    }
    assert_eq!(told(&utf16(&format!("\u{feff}{text}"), u16::to_be_bytes)), all);
    assert_eq!(told(json!({ "Roles": roles() }).to_string().as_bytes()), [ALL_ROLES, APP, CI]);
    let users = json!({"Users": [user("eva", "AIDAEXAMPLEEVA", "2023-05-05T05:05:05Z")]});
    assert_eq!(told(users.to_string().as_bytes()), [ALL_USERS, EVA]);
    let both = format!("{users}\n{}", json!({ "Roles": roles() }));
    assert_eq!(told(both.as_bytes()), all);
    assert_eq!(told(json!([users, { "Roles": roles() }]).to_string().as_bytes()), all);
}

#[test]
fn yaml_is_read_as_json_is() {
    let text = "\
Roles:
- Arn: arn:aws:iam::111122223333:role/app
  AssumeRolePolicyDocument:
    Statement:
    - Action: sts:AssumeRole
  CreateDate: '2024-01-01T00:00:00+00:00'
  RoleId: AROAEXAMPLEAPP
  RoleName: app
- Arn: arn:aws:iam::111122223333:role/ci
  CreateDate: 2024-02-01T00:00:00+00:00
  RoleId: AROAEXAMPLECI
  RoleName: ci
";
    assert_eq!(told(text.as_bytes()), [ALL_ROLES, APP, CI]);
    // `--output yaml-stream`
    assert_eq!(told(format!("- {}", text.trim_end().replace('\n', "\n  ")).as_bytes()), [ALL_ROLES, APP, CI]);
    assert!(refused(b"Roles:\n- [1\nb: 2\n").starts_with("cannot be read to its end: line "));
}

#[test]
fn credential_reports_are_read_in_every_form() {
    const ROOT: &str = "111122223333\troot\troot\t\t2021-01-01T00:00:00Z";
    const EVA: &str = "111122223333\tuser\tuser/eva\t\t2023-05-05T05:05:05Z";
    let all = [ALL_USERS, ROOT, EVA];
    assert_eq!(told(REPORT.as_bytes()), all);
    assert_eq!(told(REPORT.replace('\n', "\r\n").as_bytes()), all);
    assert_eq!(told(REPORT.replace(',', ";").as_bytes()), all);
    assert_eq!(told(&utf16(&format!("\u{feff}{REPORT}"), u16::to_le_bytes)), all);
    let packed = BASE64_STANDARD.encode(REPORT);
    let answer = |content: &str| {
        let time = "2024-04-01T00:00:00+00:00";
        json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": time}).to_string()
    };
    assert_eq!(told(answer(&packed).as_bytes()), all);
    assert_eq!(told(answer(REPORT).as_bytes()), all, "version 1 of the CLI prints it as it is");
    assert_eq!(told(packed.as_bytes()), all);
    assert_eq!(told(format!("{packed}\t2024-04-01T00:00:00+00:00\ttext/csv\n").as_bytes()), all);
    assert!(refused(answer("no base64!").as_bytes()).contains("base64"));
    assert!(refused(answer(&BASE64_STANDARD.encode("a,b\n")).as_bytes()).contains("no credential report"));
}

#[test]
fn pages_are_one_list_once_the_last_is_there() {
    let page = |entries: Value, is_cut: bool| json!({"Roles": entries, "IsTruncated": is_cut, "Marker": "x"});
    let (first, last) = (page(json!([roles()[0]]), true), page(json!([roles()[1]]), false));
    assert_eq!(told(format!("{first}\n{last}").as_bytes()), [ALL_ROLES, APP, CI]);
    assert_eq!(told(json!([first, last]).to_string().as_bytes()), [ALL_ROLES, APP, CI]);
    assert_eq!(told(first.to_string().as_bytes()), [APP]);
    let cut = read(&[("file", first.to_string().as_bytes())]).unwrap();
    assert!(cut.remarks[0].1.contains("more pages follow"), "{:?}", cut.remarks);
    // With `--max-items`.
    let part = json!({"Roles": roles(), "NextToken": "eyJNYXJrZXIiOiBudWxsfQ=="});
    assert_eq!(told(part.to_string().as_bytes()), [APP, CI]);
    // Users come first, so that the last page has none of them.
    let mut first = details();
    let mut last = details();
    (first["RoleDetailList"], first["IsTruncated"]) = (json!([]), json!(true));
    (last["UserDetailList"], last["IsTruncated"]) = (json!([]), json!(false));
    assert_eq!(told(format!("{first}{last}").as_bytes()), [ALL_USERS, ALL_ROLES, EVA, APP, CI]);
}

#[test]
fn what_need_not_be_all_marks_nobody() {
    let filtered = |list: &str| {
        let mut details = details();
        details[list] = json!([]);
        details
    };
    // `--filter Role`, and an account without users.
    let mut no_policies = filtered("UserDetailList");
    assert_eq!(told(no_policies.to_string().as_bytes()), [ALL_USERS, ALL_ROLES, APP, CI]);
    no_policies["Policies"] = json!([]);
    assert_eq!(told(no_policies.to_string().as_bytes()), [ALL_ROLES, APP, CI]);
    assert_eq!(told(filtered("RoleDetailList").to_string().as_bytes()), [ALL_USERS, EVA]);
    for part in [
        roles(),
        json!({"Role": role("app", "AROAEXAMPLEAPP", "2024-01-01T00:00:00Z")}),
        json!({"Users": [user("eva", "AIDAEXAMPLEEVA", "2023-05-05T05:05:05Z")], "Group": {"GroupName": "Admins"}}),
        user("eva", "AIDAEXAMPLEEVA", "2023-05-05T05:05:05Z"),
    ] {
        let lines = told(part.to_string().as_bytes());
        assert!(
            !lines.is_empty() && !lines.iter().any(|line| *line == ALL_ROLES || *line == ALL_USERS),
            "{lines:?}"
        );
    }
    let mut odd = details();
    odd["RoleDetailList"][0]["Arn"] = json!("arn:aws:iam::aws:role/app");
    let collected = read(&[("file", odd.to_string().as_bytes())]).unwrap();
    assert!(!collected.inventory.lists(ACCOUNT, IamKind::Role));
    assert!(collected.remarks[0].1.contains("1 entries without an ARN of IAM"), "{:?}", collected.remarks);
}

#[test]
fn hostile_files_are_told_and_never_panic() {
    for (bytes, reason) in [
        (&b""[..], "tells nothing of IAM: it is empty"),
        (b"\n \n", "tells nothing of IAM: it is empty"),
        (b"hello", "tells nothing of IAM: it is neither JSON nor a credential report"),
        (b"{\"Records\":[]}", "tells nothing of IAM: it is none of the answers that are read"),
        (b"[[[]]]", "tells nothing of IAM: it is none of the answers that are read"),
        (b"{\"Roles\":[{\"RoleName\":\"x\"}]}", "tells nothing of IAM: nobody in it has an ARN of IAM"),
        (b"{\"Roles\":[7,null,\"x\"]}", "tells nothing of IAM: nobody in it has an ARN of IAM"),
        (
            // `aws sts get-caller-identity`
            b"{\"UserId\":\"AIDAX\",\"Account\":\"111122223333\",\"Arn\":\"arn:aws:iam::111122223333:user/x\"}",
            "tells nothing of IAM: it is none of the answers that are read",
        ),
        (
            // `aws identitystore list-users`
            b"{\"Users\":[{\"UserName\":\"jo\",\"UserId\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"}]}",
            "tells nothing of IAM: nobody in it has an ARN of IAM",
        ),
        (b"PK\x03\x04rest", "is a zip archive: unpack it"),
        (b"ROLES\tarn:aws:iam::1:role/x\t2024", "is the CLI's output as text: write it with --output json"),
        (b"---------------\n|  ListRoles  |\n", "is the CLI's output as a table: write it with --output json"),
        (b"\x00\x00\x00\x00", "tells nothing of IAM: it is neither JSON nor a credential report"),
    ] {
        assert_eq!(refused(bytes), reason, "{}", String::from_utf8_lossy(bytes));
    }
    let text = details().to_string();
    assert!(refused(&text.as_bytes()[..text.len() - 9]).starts_with("cannot be read to its end: EOF while"));
    let packed = gzip(text.as_bytes());
    assert!(refused(&packed[..packed.len() - 9]).starts_with("cannot be read to its end: gzip: "));
    for (open, close) in [("[", "]"), ("{\"Roles\":", "}"), ("{\"Policies\":[", "]}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(refused(deep.as_bytes()).contains("recursion limit"), "{open}");
    }
    let deep = format!("Roles:\n{}", "- ".repeat(20_000));
    assert!(refused(deep.as_bytes()).contains("nested"));
    let many = format!("{{\"Roles\":[{}1]}}", "1,".repeat(4_000_000));
    assert_eq!(refused(many.as_bytes()), "holds more than 4000000 values");
    // What is not looked at may be as deep as it likes.
    let deep = format!("{}1{}", "{\"x\":[".repeat(100_000), "]}".repeat(100_000));
    assert_eq!(refused(deep.as_bytes()), "tells nothing of IAM: it is none of the answers that are read");
    for at in 0..text.len() {
        let _ = read(&[("file", &text.as_bytes()[..at])]);
    }
}

#[test]
fn contradictions_have_one_answer_in_any_order() {
    let later = json!({"Roles": [role("app", "AROAEXAMPLEAPP", "2024-03-01T00:00:00Z")]}).to_string();
    let again = json!({"Roles": [role("app", "AROAEXAMPLEOTHER", "2024-05-01T00:00:00Z")]}).to_string();
    let undated = json!({"Roles": [role("app", "AROAEXAMPLEAPP", "soon")]}).to_string();
    let files = [("a", details().to_string()), ("b", later), ("c", again), ("d", undated)];
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let forwards = read(&bytes).unwrap();
    let backwards = read(&bytes.iter().rev().copied().collect::<Vec<_>>()).unwrap();
    assert_eq!(forwards.inventory, backwards.inventory);
    let text = forwards.inventory.to_string();
    assert!(
        text.contains("AROAEXAMPLEAPP\t2024-01-01T00:00:00Z")
            && text.contains("AROAEXAMPLEOTHER\t2024-05-01"),
        "{text}"
    );
    assert_eq!(forwards.remarks.len(), 1, "{:?}", forwards.remarks);
}

#[test]
fn a_folder_is_read_whole_and_what_is_none_of_it_is_told() {
    let folder = TempDir::new().unwrap();
    let put = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    put("a/roles.json", json!({ "Roles": roles() }).to_string().as_bytes());
    put("b/c/report.csv", REPORT.as_bytes());
    put("notes.txt", b"collected on Monday");
    put("cut.json", b"{\"Roles\":[");
    let collected = collect(&[folder.path().to_owned()]).unwrap();
    assert_eq!(collected.inventory.identities().count(), 4);
    let passed_over: Vec<String> = collected
        .passed_over
        .iter()
        .map(|(path, flaw)| format!("{} {flaw}", path.file_name().unwrap().display()))
        .collect();
    assert_eq!(passed_over.len(), 2, "{passed_over:?}");
    assert!(passed_over[0].starts_with("cut.json cannot be read to its end"), "{passed_over:?}");
    assert!(passed_over[1].starts_with("notes.txt tells nothing of IAM"), "{passed_over:?}");
    assert_eq!(collected.lost(), 1);
    let empty = TempDir::new().unwrap();
    assert!(matches!(
        collect(&[empty.path().to_owned()]),
        Err(InventoryError::Nothing { passed_over: 0, .. })
    ));
    assert!(matches!(collect(&[empty.path().join("none")]), Err(InventoryError::Open { .. })));
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_not_waited_for_and_circles_end() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("roles.json"), json!({ "Roles": roles() }).to_string()).unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero")).unwrap();
    let collected = collect(&[folder.path().to_owned()]).unwrap();
    assert_eq!((collected.inventory.identities().count(), collected.passed_over.len()), (2, 3));
    assert!(matches!(collect(&[pipe]), Err(InventoryError::File { .. })));
}

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
    let key = firstseen::event::PrincipalKey::from_name(key).unwrap();
    let archive = Archive::new().delivered("20240309T0412", records);
    let mut baseline = archive.ingest(&IngestSettings { principal_key: key, ..settings() }).baseline;
    let names: Vec<String> = (0..files.len()).map(|number| number.to_string()).collect();
    let files: Vec<(&str, &[u8])> =
        names.iter().map(|name| &**name).zip(files.iter().map(|text| text.as_bytes())).collect();
    baseline.add_inventory(read(&files).unwrap().inventory);
    baseline.joined(key)
}

/// Principal, age in days, what it is counted from, and whether IAM knew it, of every finding.
fn found(baseline: &Baseline) -> Vec<String> {
    let question = Question { anchor: Anchor::Created, ..question(0) };
    let line = |finding: &firstseen::query::Finding<'_>| {
        let name = finding.principal.rsplit('/').next().unwrap();
        let days = finding.age_micros / 86_400_000_000;
        format!("{name} {days} {} {:?}", finding.age_basis.name(), finding.known_to_iam)
    };
    first_seen(baseline, &question).iter().map(line).collect()
}

#[test]
fn a_role_that_was_made_again_is_never_younger_than_its_first_sighting() {
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
    // The inventory from before says how old it really is.
    assert_eq!(
        found(&learnt(&records, "arn", &[&now, &before])),
        ["app 10 created Some(true)", "app 50 created Some(true)"]
    );
    assert_eq!(
        found(&learnt(&records, "id", &[&now])),
        ["AROAEXAMPLEOLD 0 first-sighting Some(false)", "AROAEXAMPLENEW 10 created Some(true)"]
    );
    // The record of its second creation does not hide what IAM says of the first.
    let made =
        json!({"role": {"arn": format!("arn:aws:iam::{ACCOUNT}:role/app"), "roleId": "AROAEXAMPLENEW"}});
    let creation = record("2024-02-10T00:00:00Z", "admin", "iam:CreateRole");
    let creation = with(creation, json!({ "responseElements": made }));
    let with_record = [records[0].clone(), creation, records[1].clone()];
    let ages = found(&learnt(&with_record, "arn", &[&before]));
    assert_eq!([&*ages[0], &*ages[2]], ["app 10 created Some(true)", "app 50 created Some(true)"]);
}

#[test]
fn a_report_without_ids_says_no_more_than_it_knows() {
    let by = |id: &str, time: &str| {
        let mut record = record(time, "eva", "s3:GetObject");
        record["userIdentity"]["principalId"] = json!(id);
        record
    };
    // The user of the report was created on 2023-05-05: whoever acted before was another one of that name.
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
fn only_users_and_roles_whose_list_is_whole_are_marked() {
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
fn names_behind_unique_ids_join_what_records_alone_do_not() {
    // How other accounts are shown a role of this one, and a user of whom the record has nothing but the name.
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
        found.iter().map(|finding| (finding.principal.to_owned(), finding.known_to_iam)).collect()
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

fn any_inventory() -> impl Strategy<Value = Inventory> {
    let identity = (0..3usize, 0..2usize, prop::option::of(0..2usize), prop::option::of(0..5i64));
    let listed = prop::collection::vec((0..3usize, 0..2usize), 0..3);
    (prop::collection::vec(identity, 0..8), listed).prop_map(|(identities, listed)| {
        let accounts = ["111122223333", "000123456789", "444455556666"];
        let kinds = [IamKind::User, IamKind::Role];
        let mut inventory = Inventory::default();
        for (account, kind, id, created) in identities {
            let arn = format!("arn:aws:iam::{}:{}/x", accounts[account], kinds[kind].name());
            let identity = IamIdentity::of_arn(&arn).unwrap();
            let unique_id = id.map(|id| format!("A{id}").into());
            inventory.add(IamIdentity { unique_id, ..identity }, created.map(Timestamp::from_seconds));
        }
        listed.into_iter().for_each(|(account, kind)| inventory.list(accounts[account], kinds[kind]));
        inventory
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn inventories_merge_in_any_order_and_more_than_once(parts in prop::collection::vec(any_inventory(), 3)) {
        let merged = |order: [usize; 3]| {
            order.iter().fold(Inventory::default(), |mut all, part| {
                all.merge(parts[*part].clone());
                all
            })
        };
        let all = merged([0, 1, 2]);
        prop_assert_eq!(&all, &merged([2, 1, 0]));
        prop_assert_eq!(&all, &merged([1, 0, 2]));
        let mut right = parts[1].clone();
        right.merge(parts[2].clone());
        let mut grouped = parts[0].clone();
        grouped.merge(right);
        prop_assert_eq!(&all, &grouped);
        let baselines = parts.iter().map(|part| Baseline { inventory: part.clone(), ..Baseline::default() });
        let baseline = baselines.fold(Baseline::default(), |all, part| all.merge(part).baseline);
        prop_assert_eq!(&baseline.inventory, &all);
        prop_assert!(parts.iter().all(|part| all.covers(part)));
    }

    #[test]
    fn nothing_that_is_read_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>()) {
        let _ = read(&[("file", &bytes)]);
        let mut text = details().to_string().into_bytes();
        let at = at.index(text.len());
        text.splice(at..at, bytes.iter().copied());
        let _ = read(&[("file", &text)]);
    }
}

const SCAN: [&str; 6] = ["--warmup", "20d", "--anchor", "created", "-f", "json"];

fn answer(arguments: &[&str]) -> String {
    let output = firstseen_here(&[arguments, &["-q"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_baseline_that_was_saved_with_it_answers_as_the_archive_does_with_it() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (archive, inventory) = ("fixtures/small-archive", "fixtures/iam-inventory");
    let index = |output: &str, more: &[&str]| answer(&[&["index", archive, "-o", output], more].concat());
    let [with, without, added, accounts] =
        ["with", "without", "added", "accounts"].map(|name| path(&format!("{name}.baseline")));
    index(&with, &["--iam-inventory", inventory]);
    index(&without, &[]);
    index(&added, &[]);
    index(&added, &["--iam-inventory", inventory]);
    let expected = answer(&[&["scan", archive, "--iam-inventory", inventory], &SCAN[..]].concat());
    assert!(expected.contains("\"known_to_iam\":false") && expected.contains("\"anchor\":\"created\""));
    assert!(expected == answer(&[&["scan", &with], &SCAN[..]].concat()));
    assert!(expected == answer(&[&["scan", &without, "--iam-inventory", inventory], &SCAN[..]].concat()));
    assert!(expected == answer(&[&["scan", &with, "--iam-inventory", inventory], &SCAN[..]].concat()));
    let files = |baseline: &str| {
        let mut files: Vec<_> =
            fs::read_dir(baseline).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
        files.sort();
        files
    };
    assert!(files(&with) == files(&added));
    // Shards of single accounts, each with its own files.
    let shards =
        [("111122223333", "111122223333.json"), ("000123456789", "000123456789.csv"), ("444455556666", "")];
    let mut merge = vec!["merge".to_owned()];
    for (account, file) in shards {
        let (root, shard) = (format!("{archive}/AWSLogs/{account}"), path(&format!("{account}.baseline")));
        let files: Vec<String> = match file {
            "" => ["roles", "users"].map(|kind| format!("{inventory}/{account}-{kind}.json")).to_vec(),
            file => vec![format!("{inventory}/{file}")],
        };
        let flags = files.iter().flat_map(|file| ["--iam-inventory", file]).collect::<Vec<_>>();
        answer(&[&["index", &root, "-o", &shard][..], &flags].concat());
        merge.push(shard);
    }
    merge.extend(["-o".to_owned(), accounts.clone()]);
    answer(&merge.iter().map(|word| &**word).collect::<Vec<_>>());
    let of = |baseline: &str| {
        firstseen::store::Saved::open(baseline.as_ref()).unwrap().baseline().unwrap().0.inventory
    };
    assert_eq!(of(&accounts), of(&with));
    assert_eq!(of(&with).identities().count(), 17);
}

#[test]
fn files_that_cannot_be_used_are_told_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("cut.json"), "{\"Roles\":[").unwrap();
    fs::create_dir(folder.path().join("iam")).unwrap();
    fs::write(folder.path().join("iam/notes.txt"), "nothing").unwrap();
    fs::write(folder.path().join("log.json"), record("2024-03-01T00:00:00Z", "eva", "s3:A").to_string())
        .unwrap();
    let scan = |inventory: &str| {
        let output = firstseen(&["scan", "log.json", "--iam-inventory", inventory], folder.path());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (name, said) in [
        ("cut.json", "'cut.json' cannot be read to its end: EOF while parsing a list at line 1 column 10"),
        ("none.json", "cannot read 'none.json'"),
        ("iam", "no file in 'iam' tells what IAM knows; it holds one that does not"),
        ("log.json", "'log.json' tells nothing of IAM: it is none of the answers that are read"),
    ] {
        let (code, stderr) = scan(name);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(said) && stderr.contains("hint: "), "{stderr}");
    }
    let (code, stderr) = scan("s3://bucket/iam");
    assert!(code == Some(2) && stderr.contains("takes local files"), "{stderr}");
    // About other accounts than the logs are.
    fs::write(
        folder.path().join("far.json"),
        json!({ "Roles": roles() }).to_string().replace(ACCOUNT, "999988887777"),
    )
    .unwrap();
    let (code, stderr) = scan("far.json");
    let said =
        "warning: --iam-inventory is about 999988887777, and nobody of these accounts is in what was read";
    assert!(code == Some(0) && stderr.contains(said), "{stderr}");
    // In a folder with a good one they are told, and what may be lost shows in the exit status.
    fs::write(folder.path().join("iam/roles.json"), json!({ "Roles": roles() }).to_string()).unwrap();
    let (code, stderr) = scan("iam");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("warning: --iam-inventory: 'iam/notes.txt' tells nothing of IAM"), "{stderr}");
    assert!(stderr.contains("IAM inventory: 1 account, 0 users, 2 roles"), "{stderr}");
    fs::rename(folder.path().join("cut.json"), folder.path().join("iam/cut.json")).unwrap();
    let (code, stderr) = scan("iam");
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains("warning: --iam-inventory: 'iam/cut.json' cannot be read to its end"),
        "{stderr}"
    );
}
