//! The command: exit status, formats, and files beside the archive.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::{hours, trail::Bucket};
use crate::program::{firstseen, stderr};

/// A copy at `logs`, with keys and signatures beside it.
fn folder(bucket: &Bucket, trail: &super::Trail) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::rename(bucket.copy().keep(), folder.path().join("logs")).unwrap();
    fs::write(folder.path().join("keys.json"), trail.keys()).unwrap();
    fs::write(folder.path().join("side.json"), bucket.side_file()).unwrap();
    folder
}

const PROOF: [&str; 6] = ["verify", "logs", "--public-keys", "keys.json", "--side-file", "side.json"];

fn status(folder: &TempDir, arguments: &[&str]) -> Option<i32> {
    firstseen(arguments, folder).status.code()
}

#[test]
fn the_exit_status_says_whether_anything_is_contradicted() {
    let (trail, mut bucket, keys) = hours(2);
    let run = |bucket: &Bucket| {
        let copy = folder(bucket, &trail);
        firstseen(&PROOF, &copy)
    };
    assert_eq!(status(&folder(&bucket, &trail), &PROOF), Some(0));
    bucket.objects.insert("AWSLogs/111122223333/CloudTrail/x.json".to_owned(), b"{\"Records\":[]}".to_vec());
    let unlisted = run(&bucket);
    assert_eq!(unlisted.status.code(), Some(0));
    assert!(stderr(&unlisted).contains("warning: no digest lists 1 log file: "), "{}", stderr(&unlisted));
    bucket.objects.remove(&keys[0].0[0]);
    assert_eq!(status(&folder(&bucket, &trail), &PROOF), Some(3));
    bucket.objects.retain(|key, _| !key.contains("Digest"));
    let none = run(&bucket);
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr(&none).starts_with("error: no digests were found"), "{}", stderr(&none));
}

#[test]
fn an_unlisted_copy_whose_name_says_nothing_is_not_said_to_lack_digests() {
    let (trail, mut bucket, keys) = hours(2);
    let copy = bucket.objects[&keys[0].0[0]].clone();
    bucket.objects.insert("AWSLogs/111122223333/CloudTrail/copy.json.gz".to_owned(), copy);
    let folder = folder(&bucket, &trail);
    let output = firstseen(&PROOF, &folder);
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.contains("copy.json.gz")).unwrap();
    assert!(line.contains("its name does not say its account, Region and time of delivery"), "{line}");
    assert!(!said.contains("there are no digests"), "{said}");
}

#[test]
fn all_formats_have_one_row_for_each_verdict() {
    let (trail, bucket, _) = hours(2);
    let folder = folder(&bucket, &trail);
    let run = |format: &str| {
        let output = firstseen(&[&PROOF[..], &["--format", format]].concat(), &folder);
        String::from_utf8(output.stdout).unwrap()
    };
    let csv = run("csv");
    assert_eq!(csv.lines().count(), 1 + 6);
    assert!(csv.starts_with("subject,class,proof,reason,object,archive,"), "{csv}");
    let json: Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(json["verdicts"].as_array().unwrap().len(), 6);
    assert_eq!(json["summary"]["contradicted"], false);
    assert_eq!(json["summary"]["chains"][0]["proven"], 2);
    assert_eq!(json["settings"]["public_keys"], 1);
    let lines = run("jsonl");
    assert_eq!(lines.lines().count(), 1 + 6 + 1);
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(run("text").contains("log files: 4 = 4 proven"));
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_threads() {
    let (trail, mut bucket, keys) = hours(4);
    bucket.objects.remove(&keys[1].1);
    bucket.swap(&keys[0].0[0], &keys[3].0[0]);
    let folder = folder(&bucket, &trail);
    let run = |threads: &str| {
        firstseen(&[&PROOF[..], &["--format", "json", "--threads", threads]].concat(), &folder).stdout
    };
    let one = run("1");
    assert!(one.len() > 1_000);
    assert!(["2", "7"].iter().all(|threads| run(threads) == one));
}

#[test]
fn side_files_of_a_mirror_are_found() {
    let (trail, bucket, _) = hours(2);
    let folder = folder(&bucket, &trail);
    let lines: Vec<String> = bucket
        .signatures
        .iter()
        .map(|(key, metadata)| {
            let pairs: Vec<_> = metadata.as_object().unwrap().iter().collect();
            serde_json::json!({"key": key, "size": 1, "sha256": "", "metadata": pairs}).to_string()
        })
        .collect();
    fs::create_dir(folder.path().join(".firstseen-mirror")).unwrap();
    fs::write(folder.path().join(".firstseen-mirror/logs.jsonl"), lines.join("\n") + "\n{\"key").unwrap();
    for archive in ["logs", "."] {
        let output = firstseen(&["verify", archive, "--public-keys", "keys.json"], &folder);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("digests: 2 = 2 proven"), "{text}");
    }
}

#[test]
fn texts_of_attackers_are_harmless() {
    let (trail, mut bucket, keys) = hours(2);
    bucket.replace(&keys[1].1, |text| text.replace("maineuwest1003.json.gz", "=cmd()\\u001b[2J\\u202e"));
    let folder = folder(&bucket, &trail);
    for format in ["csv", "text"] {
        let output = firstseen(&[&PROOF[..], &["--format", format]].concat(), &folder);
        let text = String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output);
        assert!(text.contains("=cmd()"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}

#[test]
fn wrong_files_are_errors_with_hints() {
    let (trail, bucket, _) = hours(1);
    let folder = folder(&bucket, &trail);
    fs::write(folder.path().join("text.json"), "no JSON").unwrap();
    for (arguments, expected) in [
        (["--public-keys", "text.json"], (1, "hint: --public-keys takes the output of")),
        (["--public-keys", "side.json"], (1, "hint: --public-keys takes the output of")),
        (["--public-keys", "missing.json"], (1, "hint: --public-keys takes the output of")),
        (["--side-file", "missing.json"], (1, "hint: --side-file takes JSON")),
        (["--output", "logs/out.csv"], (2, "error: ")),
        (["--output", "keys.json"], (2, "error: ")),
        (["--from", "yesterday"], (2, "error: ")),
    ] {
        let (status, said) = expected;
        let all = ["verify", "logs", "--public-keys", "keys.json", arguments[0], arguments[1]];
        let output = firstseen(&all, &folder);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
    }
}
