//! `scan --verify`: findings are marked with what the digests say of their log files.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::hours;
use crate::archive::{gzip, record, wrapped, zip};
use crate::program::{firstseen, stderr};

#[test]
fn findings_carry_the_integrity_of_their_log_files() {
    let (trail, mut bucket, keys) = hours(3);
    bucket.replace(&keys[0].0[0], |text| text.replace("CreateUser", "DeleteUser"));
    let added = keys[1].0[0].replace("maineuwest1003", "0123456789abcdef");
    bucket.objects.insert(added, gzip(&wrapped(&[record("2024-03-01T01:06:00Z", "eve", "iam:CreateUser")])));
    // Files in archives are not compared.
    let zipped = wrapped(&[record("2024-03-01T01:07:00Z", "zoe", "iam:CreateUser")]);
    bucket.objects.insert("logs.zip".to_owned(), zip(&[("a.json", zipped)]));
    let folder = TempDir::new().unwrap();
    fs::rename(bucket.copy().keep(), folder.path().join("logs")).unwrap();
    fs::write(folder.path().join("keys.json"), trail.keys()).unwrap();
    let arguments = ["scan", "logs", "--warmup", "0d", "--format", "json", "--report", "new-action"];
    let proof = ["--verify", "--public-keys", "keys.json"];
    let run = |more: &[&str]| firstseen(&[&arguments[..], more].concat(), &folder);
    let marks = |more: &[&str]| -> Vec<String> {
        let output = run(more);
        let answer: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        let mark = |finding: &Value| {
            let principal = finding["principal"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            format!("{principal} {}", finding["integrity"].as_str().unwrap_or("-"))
        };
        let mut marks: Vec<String> = answer["findings"].as_array().unwrap().iter().map(mark).collect();
        marks.sort();
        marks
    };
    assert_eq!(
        marks(&proof),
        [
            "eve unlisted",
            "user1 mismatch",
            "user2 proven",
            "user3 proven",
            "user4 proven",
            "user5 consistent",
            "user6 consistent",
            "zoe -",
        ]
    );
    assert!(stderr(&run(&proof)).contains("warning: the digests contradict some of what is there"));
    assert!(marks(&[]).iter().all(|mark| mark.ends_with(" -")));
    assert_eq!(run(&proof[1..]).status.code(), Some(2));
    // A case has all verdicts.
    let case = folder.path().join("case");
    run(&[&proof[..], &["--case", case.to_str().unwrap()]].concat());
    let verdicts = firstseen(&["verify", "logs", "--public-keys", "keys.json", "-f", "csv"], &folder);
    assert_eq!(fs::read(case.join("data/verification.csv")).unwrap(), verdicts.stdout);
}

#[test]
fn a_zip_archive_is_not_proven_by_a_log_file_whose_name_begins_its_own() {
    let (trail, mut bucket, keys) = hours(2);
    let content = wrapped(&[record("2024-03-01T01:07:00Z", "mallory", "iam:CreateUser")]);
    bucket.objects.insert(format!("{}!a.zip", keys[0].0[0]), zip(&[("a.json", content)]));
    let folder = TempDir::new().unwrap();
    fs::rename(bucket.copy().keep(), folder.path().join("logs")).unwrap();
    fs::write(folder.path().join("keys.json"), trail.keys()).unwrap();
    let arguments = ["scan", "logs", "--warmup", "0d", "--format", "json", "--report", "new-action"];
    let output = firstseen(&[&arguments[..], &["--verify", "--public-keys", "keys.json"]].concat(), &folder);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let of = |name: &str| {
        let is_of = |finding: &&Value| finding["principal"].as_str().unwrap().ends_with(name);
        findings.iter().find(is_of).unwrap()["integrity"].as_str()
    };
    assert_eq!((of("user1"), of("mallory")), (Some("proven"), Some("unlisted")));
}
