//! File formats: those that are read, and the errors for others.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use firstseen::inventory::{InventoryError, collect};
use firstseen::model::IamKind;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ACCOUNT, REPORT, details, read, role, roles, user};
use crate::archive::gzip;
use crate::folder::put;

/// The inventory of one file, as lines.
fn inventory_lines(bytes: &[u8]) -> Vec<String> {
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
fn cli_output_is_read_in_every_form() {
    let all = [ALL_USERS, ALL_ROLES, EVA, APP, CI];
    let text = details().to_string();
    assert_eq!(inventory_lines(text.as_bytes()), all);
    assert_eq!(inventory_lines(&gzip(text.as_bytes())), all);
    assert_eq!(inventory_lines(&gzip(&gzip(text.as_bytes()))), all);
    assert_eq!(inventory_lines(format!("\u{feff}  {text}\r\n").as_bytes()), all);
    for (mark, unit) in [("\u{feff}", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("", u16::to_le_bytes)] {
        assert_eq!(inventory_lines(&utf16(&format!("{mark}{text}"), unit)), all);
    }
    assert_eq!(inventory_lines(&utf16(&format!("\u{feff}{text}"), u16::to_be_bytes)), all);
    assert_eq!(inventory_lines(json!({ "Roles": roles() }).to_string().as_bytes()), [ALL_ROLES, APP, CI]);
    let users = json!({"Users": [user("eva", "AIDAEXAMPLEEVA", "2023-05-05T05:05:05Z")]});
    assert_eq!(inventory_lines(users.to_string().as_bytes()), [ALL_USERS, EVA]);
    let both = format!("{users}\n{}", json!({ "Roles": roles() }));
    assert_eq!(inventory_lines(both.as_bytes()), all);
    assert_eq!(inventory_lines(json!([users, { "Roles": roles() }]).to_string().as_bytes()), all);
}

#[test]
fn yaml_is_read_like_json() {
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
    assert_eq!(inventory_lines(text.as_bytes()), [ALL_ROLES, APP, CI]);
    // `--output yaml-stream`
    assert_eq!(
        inventory_lines(format!("- {}", text.trim_end().replace('\n', "\n  ")).as_bytes()),
        [ALL_ROLES, APP, CI]
    );
    assert!(refused(b"Roles:\n- [1\nb: 2\n").starts_with("cannot be read to its end: line "));
}

#[test]
fn credential_reports_are_read_in_every_form() {
    const ROOT: &str = "111122223333\troot\troot\t\t2021-01-01T00:00:00Z";
    const EVA: &str = "111122223333\tuser\tuser/eva\t\t2023-05-05T05:05:05Z";
    let all = [ALL_USERS, ROOT, EVA];
    assert_eq!(inventory_lines(REPORT.as_bytes()), all);
    assert_eq!(inventory_lines(REPORT.replace('\n', "\r\n").as_bytes()), all);
    assert_eq!(inventory_lines(REPORT.replace(',', ";").as_bytes()), all);
    assert_eq!(inventory_lines(&utf16(&format!("\u{feff}{REPORT}"), u16::to_le_bytes)), all);
    let packed = BASE64_STANDARD.encode(REPORT);
    let answer = |content: &str| {
        let time = "2024-04-01T00:00:00+00:00";
        json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": time}).to_string()
    };
    assert_eq!(inventory_lines(answer(&packed).as_bytes()), all);
    assert_eq!(inventory_lines(answer(REPORT).as_bytes()), all, "version 1 of the CLI prints it as it is");
    assert_eq!(inventory_lines(packed.as_bytes()), all);
    assert_eq!(inventory_lines(format!("{packed}\t2024-04-01T00:00:00+00:00\ttext/csv\n").as_bytes()), all);
    assert!(refused(answer("no base64!").as_bytes()).contains("base64"));
    assert!(refused(answer(&BASE64_STANDARD.encode("a,b\n")).as_bytes()).contains("no credential report"));
}

#[test]
fn an_arn_longer_than_any_of_iam_counts_as_none() {
    let arn = |length: usize| format!("arn:aws:iam::111122223333:role/{}", "a".repeat(length));
    let json = |length: usize| {
        json!({"Roles": [roles()[0], {"Arn": arn(length), "RoleId": "AROAEXAMPLELONG"}]}).to_string()
    };
    let yaml = format!("Roles:\n- Arn: {}\n- Arn: {}\n", arn(3), arn(3_000));
    let report = REPORT.replace("user/eva", &format!("user/{}", "a".repeat(3_000)));
    for text in [json(3_000), yaml, report] {
        let read = read(&[("file", text.as_bytes())]).unwrap();
        assert!(read.remarks[0].1.contains("1 entries without an ARN of IAM"), "{:?}", read.remarks);
        assert_eq!(read.inventory.to_string().lines().count(), 1, "{}", read.inventory);
    }
    let longest = read(&[("file", json(2_000).as_bytes())]).unwrap();
    assert_eq!((longest.remarks, longest.inventory.to_string().lines().count()), (Vec::new(), 3));
}

#[test]
fn pages_form_a_complete_list_with_the_last_page() {
    let page = |entries: Value, is_cut: bool| json!({"Roles": entries, "IsTruncated": is_cut, "Marker": "x"});
    let (first, last) = (page(json!([roles()[0]]), true), page(json!([roles()[1]]), false));
    assert_eq!(inventory_lines(format!("{first}\n{last}").as_bytes()), [ALL_ROLES, APP, CI]);
    assert_eq!(inventory_lines(json!([first, last]).to_string().as_bytes()), [ALL_ROLES, APP, CI]);
    assert_eq!(inventory_lines(first.to_string().as_bytes()), [APP]);
    let cut = read(&[("file", first.to_string().as_bytes())]).unwrap();
    assert!(cut.remarks[0].1.contains("more pages follow"), "{:?}", cut.remarks);
    // With `--max-items`.
    let part = json!({"Roles": roles(), "NextToken": "eyJNYXJrZXIiOiBudWxsfQ=="});
    assert_eq!(inventory_lines(part.to_string().as_bytes()), [APP, CI]);
    // Users come first, so the last page has none.
    let mut first = details();
    let mut last = details();
    (first["RoleDetailList"], first["IsTruncated"]) = (json!([]), json!(true));
    (last["UserDetailList"], last["IsTruncated"]) = (json!([]), json!(false));
    assert_eq!(inventory_lines(format!("{first}{last}").as_bytes()), [ALL_USERS, ALL_ROLES, EVA, APP, CI]);
}

#[test]
fn a_possibly_incomplete_list_is_not_marked_complete() {
    let filtered = |list: &str| {
        let mut details = details();
        details[list] = json!([]);
        details
    };
    // `--filter Role`, and an account without users.
    let mut no_policies = filtered("UserDetailList");
    assert_eq!(inventory_lines(no_policies.to_string().as_bytes()), [ALL_USERS, ALL_ROLES, APP, CI]);
    no_policies["Policies"] = json!([]);
    assert_eq!(inventory_lines(no_policies.to_string().as_bytes()), [ALL_ROLES, APP, CI]);
    assert_eq!(inventory_lines(filtered("RoleDetailList").to_string().as_bytes()), [ALL_USERS, EVA]);
    for part in [
        roles(),
        json!({"Role": role("app", "AROAEXAMPLEAPP", "2024-01-01T00:00:00Z")}),
        json!({"Users": [user("eva", "AIDAEXAMPLEEVA", "2023-05-05T05:05:05Z")], "Group": {"GroupName": "Admins"}}),
        user("eva", "AIDAEXAMPLEEVA", "2023-05-05T05:05:05Z"),
    ] {
        let lines = inventory_lines(part.to_string().as_bytes());
        assert!(
            !lines.is_empty() && !lines.iter().any(|line| *line == ALL_ROLES || *line == ALL_USERS),
            "{lines:?}"
        );
    }
    let mut odd = details();
    odd["RoleDetailList"][0]["Arn"] = json!("arn:aws:iam::aws:role/app");
    let collected = read(&[("file", odd.to_string().as_bytes())]).unwrap();
    assert!(!collected.inventory.is_complete(ACCOUNT, IamKind::Role));
    assert!(collected.remarks[0].1.contains("1 entries without an ARN of IAM"), "{:?}", collected.remarks);
}

#[test]
fn hostile_files_are_errors_and_never_panic() {
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
    let many = format!("{{\"Roles\":[{}1]}}", "1,".repeat(1_000_000));
    assert_eq!(refused(many.as_bytes()), "holds more than 1000000 values");
    // Values that are not read may be nested to any depth.
    let deep = format!("{}1{}", "{\"x\":[".repeat(100_000), "]}".repeat(100_000));
    assert_eq!(refused(deep.as_bytes()), "tells nothing of IAM: it is none of the answers that are read");
    for at in 0..text.len() {
        let _ = read(&[("file", &text.as_bytes()[..at])]);
    }
}

#[test]
fn contradictory_files_give_the_same_inventory_in_any_order() {
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
fn a_folder_is_read_recursively_and_unusable_files_are_listed() {
    let folder = TempDir::new().unwrap();
    let put = |path: &str, bytes: &[u8]| put(folder.path().join(path), bytes);
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
fn pipes_devices_and_symlink_loops_do_not_block() {
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>()) {
        let _ = read(&[("file", &bytes)]);
        let mut text = details().to_string().into_bytes();
        let at = at.index(text.len());
        text.splice(at..at, bytes.iter().copied());
        let _ = read(&[("file", &text)]);
    }
}
