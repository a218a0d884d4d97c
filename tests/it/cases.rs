//! `--case`: a folder that another examiner can check and make again.

use std::collections::BTreeMap;
use std::fs;

use firstseen::checksum::Checksum;
use serde_json::Value;
use tempfile::TempDir;

use crate::archive::{Archive, record, wrapped};
use crate::folder::files;
use crate::program::{firstseen, stderr};

/// A user who reads for a month and then makes an access key, and an object that is no log.
fn archive() -> Archive {
    let days = ["0301", "0306", "0311", "0316", "0321", "0326", "0331", "0405"];
    let archive = days.iter().fold(Archive::new(), |archive, day| {
        let time = format!("2024-{}-{}T10:00:00Z", &day[..2], &day[2..]);
        archive.delivered(&format!("2024{day}T1005"), &[record(&time, "alice", "s3:GetObject")])
    });
    archive
        .delivered("20240415T1005", &[record("2024-04-15T10:00:00Z", "alice", "iam:CreateAccessKey")])
        .object("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/04/16/torn.json.gz", b"\x1f\x8b\x08 torn")
}

/// Writes a case and returns its files.
fn case(command: &str, archive: &Archive, more: &[&str]) -> (TempDir, BTreeMap<String, Vec<u8>>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let output = firstseen(&[&[command, ".", "-q", "--case", path], more].concat(), archive.path());
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let files = files(folder.path());
    (folder, files)
}

/// The lines of a manifest: checksum by path.
fn manifest(text: &[u8]) -> BTreeMap<String, String> {
    let lines = std::str::from_utf8(text).unwrap().lines();
    lines
        .map(|line| line.split_once("  ").map(|(sum, path)| (path.to_owned(), sum.to_owned())).unwrap())
        .collect()
}

fn json(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap()
}

#[test]
fn the_manifests_have_every_file() {
    for command in ["scan", "triage"] {
        let (_folder, files) = case(command, &archive(), &[]);
        let payload = manifest(&files["manifest-sha256.txt"]);
        let tags = manifest(&files["tagmanifest-sha256.txt"]);
        let listed: BTreeMap<_, _> = payload.clone().into_iter().chain(tags).collect();
        for (path, content) in files.iter().filter(|(path, _)| *path != "tagmanifest-sha256.txt") {
            assert_eq!(listed.get(path), Some(&Checksum::of(content).to_string()), "{command}: {path}");
        }
        assert_eq!(listed.len(), files.len() - 1);
        assert!(payload.keys().all(|path| path.starts_with("data/")));
        let size: usize = payload.keys().map(|path| files[path].len()).sum();
        let info = String::from_utf8(files["bag-info.txt"].clone()).unwrap();
        assert!(info.contains(&format!("Payload-Oxum: {size}.{}\n", payload.len())), "{info}");
    }
}

#[test]
fn another_run_writes_the_same_bytes() {
    for command in ["scan", "triage"] {
        let archive = archive();
        let ((_one, first), (_other, second)) = (case(command, &archive, &[]), case(command, &archive, &[]));
        assert_eq!(first, second, "{command}");
    }
}

#[test]
fn the_answer_is_that_of_the_run() {
    let archive = archive();
    let (_folder, files) = case("scan", &archive, &[]);
    let csv = firstseen(&["scan", ".", "-q", "-f", "csv"], archive.path());
    assert_eq!(files["data/findings.csv"], csv.stdout);
    // What is shown on the first screen does not limit a case.
    let (_folder, files) = case("triage", &archive, &["--top", "1"]);
    let json = firstseen(&["triage", ".", "-q", "-f", "json", "--top", "1"], archive.path());
    assert_eq!(files["data/incidents.json"], json.stdout);
    let findings = String::from_utf8(files["data/findings.csv"].clone()).unwrap();
    assert!(findings.contains("iam:CreateAccessKey"));
}

#[test]
fn every_object_is_listed_with_its_checksum() {
    let archive = archive();
    let (_folder, case) = case("scan", &archive, &[]);
    let listed = manifest(&case["data/archive-1.sha256"]);
    let stored = files(archive.path());
    let expected: BTreeMap<String, String> =
        stored.iter().map(|(path, content)| (path.clone(), Checksum::of(content).to_string())).collect();
    assert_eq!(listed, expected);
    let objects = String::from_utf8(case["data/objects.csv"].clone()).unwrap();
    assert_eq!(objects.lines().count(), stored.len() + 1);
    assert!(
        objects.lines().any(|line| line.contains("torn.json.gz") && line.contains(",failed,")),
        "{objects}"
    );
    assert!(String::from_utf8_lossy(&case["data/faults.jsonl"]).contains("torn.json.gz"));
}

/// Only the file itself says whether its name has a text that looks like another byte, wherever the archive is and whatever it is called.
#[cfg(target_os = "linux")]
#[test]
fn names_in_a_case_are_those_of_files_in_archives_of_every_kind() {
    use std::os::unix::ffi::OsStrExt;
    let one = wrapped(&[record("2024-03-09T04:00:00Z", "eva", "s3:GetObject")]);
    let archive = Archive::new().object("logs/plain.json", &one);
    for name in [&b"logs/a\xff.json"[..], br"logs/literal\xFF.json"] {
        fs::write(archive.path().join(std::ffi::OsStr::from_bytes(name)), &one).unwrap();
    }
    fs::write(archive.path().join("c.toml"), "[[archive]]\nlabel = \"prod\"\npath = \"logs\"\n").unwrap();
    let run = |arguments: &[&str]| {
        let output = firstseen(&[arguments, &["-q"]].concat(), archive.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    run(&["index", "logs", "-o", "b.baseline"]);
    let sources: [&[&str]; 4] =
        [&["--config", "c.toml"], &["log?"], &[r"logs/literal\xFF.json"], &["b.baseline"]];
    for source in sources {
        let outside = TempDir::new().unwrap();
        let folder = outside.path().join("case");
        run(&[&["scan", "--case", folder.to_str().unwrap()], source].concat());
        let listed = fs::read(folder.join("data/archive-1.sha256")).unwrap();
        let has = |end: &[u8]| listed.split(|byte| *byte == b'\n').any(|line| line.ends_with(end));
        let is_one = source[0].contains("literal");
        assert!(has(br"literal\\xFF.json") && (is_one || has(b"a\xff.json")), "{source:?}: {listed:?}");
    }
}

/// Names of any bytes are not possible elsewhere.
#[cfg(target_os = "linux")]
#[test]
fn sha256sum_reads_the_checksums_of_every_name() {
    use std::os::unix::ffi::OsStrExt;
    let one = wrapped(&[record("2024-03-09T04:00:00Z", "eva", "s3:GetObject")]);
    let archive = Archive::new().object("plain.json", &one);
    let names: [&[u8]; 5] =
        [b"a\xff\xfe.json", br"literal\xFF.json", b"back\\slash\xff.json", b"line\nend.json", b"cr\r.json"];
    for name in names {
        fs::write(archive.path().join(std::ffi::OsStr::from_bytes(name)), &one).unwrap();
    }
    let outside = TempDir::new().unwrap();
    let folder = outside.path().join("case");
    let output = firstseen(&["scan", ".", "-q", "--case", folder.to_str().unwrap()], archive.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let sums = folder.join("data/archive-1.sha256");
    let listed = fs::read(&sums).unwrap();
    let has = |end: &[u8]| listed.split(|byte| *byte == b'\n').any(|line| line.ends_with(end));
    assert!(has(names[0]) && has(br"literal\\xFF.json"));
    let check =
        std::process::Command::new("sha256sum").arg("-c").arg(&sums).current_dir(archive.path()).output();
    // Not every machine has it.
    if let Ok(check) = check {
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(check.status.success(), "{said}");
        assert_eq!(said.matches(": OK").count(), names.len() + 1, "{said}");
    }
}

#[test]
fn a_baseline_gives_the_same_case_but_for_its_name() {
    let archive = archive();
    let folder = TempDir::new().unwrap();
    let baseline = folder.path().join("b.baseline");
    let indexed = firstseen(&["index", ".", "-q", "-o", baseline.to_str().unwrap()], archive.path());
    assert_eq!(indexed.status.code(), Some(3), "{}", stderr(&indexed));
    let case_folder = folder.path().join("case");
    let arguments = ["scan", baseline.to_str().unwrap(), "-q", "--case", case_folder.to_str().unwrap()];
    assert_eq!(firstseen(&arguments, folder.path()).status.code(), Some(3));
    let (saved, (_folder, read)) = (files(&case_folder), case("scan", &archive, &[]));
    for name in ["data/objects.csv", "data/archive-1.sha256", "data/findings.csv", "data/faults.jsonl"] {
        assert_eq!(saved[name], read[name], "{name}");
    }
}

#[test]
fn files_that_the_run_read_are_copied() {
    let archive = archive();
    let others = TempDir::new().unwrap();
    let rules = others.path().join("my rules");
    fs::create_dir(&rules).unwrap();
    let rule = "- rule: Key made\n  desc: a key\n  condition: ct.name=\"CreateAccessKey\"\n  output: key\n  priority: NOTICE\n  \
                source: aws_cloudtrail\n";
    fs::write(rules.join("keys.yaml"), rule).unwrap();
    fs::write(rules.join("notes.txt"), "not a rule").unwrap();
    let config = others.path().join("ünïcode.toml");
    fs::write(&config, "warmup = \"20d\"\n").unwrap();
    let (rules, config) = (rules.to_str().unwrap(), config.to_str().unwrap());
    let (_folder, files) = case("scan", &archive, &["--rules", rules, "--config", config]);
    let inputs = json(&files, "data/run.json")["inputs"].clone();
    let roles: Vec<&str> =
        inputs.as_array().unwrap().iter().map(|input| input["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["settings", "rules"]);
    let copy = |number: usize| {
        let input = &inputs[number];
        let content = &files[&format!("data/{}", input["copy"].as_str().unwrap())];
        assert_eq!(input["sha256"], Checksum::of(content).to_string());
        String::from_utf8(content.clone()).unwrap()
    };
    assert_eq!((copy(0).as_str(), copy(1).as_str()), ("warmup = \"20d\"\n", rule));
}

#[test]
fn a_case_is_no_part_of_an_archive_and_replaces_nothing() {
    let archive = archive();
    let inside = firstseen(&["scan", ".", "--case", "case"], archive.path());
    assert_eq!(inside.status.code(), Some(2));
    assert!(stderr(&inside).contains("inside an input of this run"), "{}", stderr(&inside));
    let (folder, before) = case("scan", &archive, &[]);
    let again = firstseen(&["scan", ".", "--case", folder.path().to_str().unwrap()], archive.path());
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("is not empty"), "{}", stderr(&again));
    assert_eq!(files(folder.path()), before);
}
