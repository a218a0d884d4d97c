//! Mistakes of newcomers that `tests/cmd/mistakes.trycmd` cannot show: what git does not keep.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::program::{firstseen, stderr};

#[test]
fn an_empty_folder_is_named() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("logs/AWSLogs")).unwrap();
    for command in ["scan", "triage", "doctor", "coverage"] {
        let output = firstseen(&[command, "logs", "-q"], &folder);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        assert!(said.contains("there are no files in 'logs'"), "{command}: {said}");
        assert!(said.contains("hint: check the path"), "{command}: {said}");
    }
}

#[test]
fn a_part_of_an_archive_names_the_whole_from_within() {
    let folder = TempDir::new().unwrap();
    let days = folder.path().join("logs/AWSLogs/111122223333/CloudTrail/us-east-1/2024/03/01");
    fs::create_dir_all(&days).unwrap();
    fs::write(
        days.join("x.json"),
        crate::archive::wrapped(&[crate::archive::record("2024-03-01T00:00:00Z", "a", "s3:A")]),
    )
    .unwrap();
    let output = firstseen(&["doctor", ".", "-q"], folder.path().join("logs/AWSLogs/111122223333"));
    let said = String::from_utf8(output.stdout).unwrap();
    let whole = folder.path().join("logs").canonicalize().unwrap();
    assert!(said.contains(&format!("name '{}'", whole.display())), "{said}");
}

#[test]
fn of_large_objects_only_the_beginning_is_read() {
    let folder = TempDir::new().unwrap();
    let line = crate::archive::record("2024-03-01T00:00:00Z", "a", "s3:A").to_string();
    let lines = format!("{line}\n").repeat((65 << 20) / (line.len() + 1) + 1);
    let records = lines.lines().count() as u64;
    fs::write(folder.path().join("x.jsonl"), &lines).unwrap();
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, lines.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    fs::write(folder.path().join("x.jsonl.gz"), gzip).unwrap();
    let output = firstseen(&["doctor", "x.jsonl", "x.jsonl.gz", "-q", "-f", "json"], &folder);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for archive in answer["archives"].as_array().unwrap() {
        let opened = &archive["sample"][0];
        assert_eq!((&opened["content"], &opened["fault"]), (&"cloudtrail".into(), &serde_json::Value::Null));
        assert!(opened["cloudtrail_records"].as_u64().unwrap() < records / 10, "{archive}");
        let estimated = archive["estimate"]["records"].as_u64().unwrap();
        assert!(estimated.abs_diff(records) < records / 5, "{estimated} of {records}: {archive}");
    }
}

#[test]
fn the_sample_is_bounded_and_the_same_with_any_number_of_threads() {
    let folder = TempDir::new().unwrap();
    for number in 0..100 {
        let record = crate::archive::record("2024-03-01T00:00:00Z", "a", "s3:A");
        fs::write(folder.path().join(format!("{number:03}.json")), crate::archive::wrapped(&[record]))
            .unwrap();
    }
    let with = |threads: &str| {
        let output = firstseen(&["doctor", ".", "-q", "-f", "json", "--threads", threads], &folder);
        assert!(output.status.success(), "{}", stderr(&output));
        output.stdout
    };
    let one = with("1");
    assert!(one == with("7"));
    let answer: serde_json::Value = serde_json::from_slice(&one).unwrap();
    let archive = &answer["archives"][0];
    assert_eq!(archive["objects"], 100);
    assert_eq!(archive["sample"].as_array().unwrap().len(), 16);
    assert_eq!(archive["estimate"]["records"], 100);
}

#[test]
fn baselines_that_cannot_be_merged_say_why() {
    let folder = TempDir::new().unwrap();
    for (name, baseline, key) in
        [("a", "a.baseline", "arn"), ("b", "b.baseline", "id"), ("b", "twice.baseline", "arn")]
    {
        let time = "2024-03-01T00:00:00Z";
        fs::create_dir_all(folder.path().join(name)).unwrap();
        fs::write(
            folder.path().join(name).join(format!("{name}.json")),
            crate::archive::wrapped(&[crate::archive::record(time, name, "s3:A")]),
        )
        .unwrap();
        let output = firstseen(&["index", name, "-q", "--principal-key", key, "-o", baseline], &folder);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    for (other, more) in
        [("rules.baseline", &["--builtin-rules"][..]), ("small.baseline", &["--max-object-size", "1M"])]
    {
        let output = firstseen(&[&["index", "b", "-q", "-o", other], more].concat(), &folder);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    for (other, why, next) in [
        ("b.baseline", "different settings: principal key: arn in one, id in the other", "hint: "),
        ("rules.baseline", "rules: none in one, those with SHA-256 ", "hint: "),
        ("small.baseline", "largest object: 4 GiB in one, 1 MiB in the other", "hint: "),
        ("a.baseline", "have an object in common", "leave out one of them"),
        ("c.baseline", "'c.baseline' is not a baseline", "name a baseline made by firstseen index"),
    ] {
        let output = firstseen(&["merge", "a.baseline", other, "-q", "-o", "all.baseline"], &folder);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{other}: {said}");
        assert!(said.contains(why) && said.contains(next), "{other}: {said}");
        assert!(!folder.path().join("all.baseline").exists(), "{other}");
    }
    let output = firstseen(&["merge", "a.baseline", "twice.baseline", "-q", "-o", "all.baseline"], &folder);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn below_aws_logs_digests_are_found_too() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/small-archive/AWSLogs");
    let folder = TempDir::new().unwrap();
    let below = folder.path().join("digests/AWSLogs/111122223333/CloudTrail-Digest");
    fs::create_dir_all(&below).unwrap();
    let name = "111122223333_CloudTrail-Digest_us-east-1_main_trail_us-east-1_20240101T000000Z.json.gz";
    let digest = fixtures.join("111122223333/CloudTrail-Digest/us-east-1/2024/01/01").join(name);
    fs::copy(&digest, below.join(name)).unwrap();
    // One whose name says nothing.
    fs::create_dir_all(folder.path().join("renamed")).unwrap();
    fs::copy(&digest, folder.path().join("renamed/x.json.gz")).unwrap();
    for (archive, has_logs) in [
        (fixtures.to_str().unwrap(), true),
        ("digests", false),
        ("digests/AWSLogs", false),
        ("renamed", false),
    ] {
        let json = firstseen(&["doctor", archive, "-q", "-f", "json"], &folder);
        let answer: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        let found = &answer["archives"][0];
        assert_eq!(found["has_digests"], true, "{archive}: {found}");
        let kinds: Vec<&str> = found["remarks"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|remark| remark["kind"].as_str())
            .collect();
        assert!(!kinds.contains(&"no-digests"), "{archive}: {kinds:?}");
        assert_eq!(kinds.contains(&"only-digests"), !has_logs, "{archive}: {kinds:?}");
        let text = firstseen(&["doctor", archive, "-q"], &folder);
        let text = String::from_utf8(text.stdout).unwrap();
        assert!(text.contains("  digests     there are some\n"), "{archive}: {text}");
    }
    fs::write(
        folder.path().join("renamed/x.json.gz"),
        crate::archive::wrapped(&[crate::archive::record("2024-03-01T00:00:00Z", "a", "s3:A")]),
    )
    .unwrap();
    let text = firstseen(&["doctor", "renamed", "-q"], &folder);
    assert!(String::from_utf8(text.stdout).unwrap().contains("  digests     none\n"));
}

#[test]
fn nothing_is_measured_where_nothing_is_scanned() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("notes")).unwrap();
    fs::write(folder.path().join("notes/read.txt"), "no log\n").unwrap();
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/small-archive");
    let output = firstseen(&["index", archive, "-o", "a.baseline", "-q"], &folder);
    assert!(output.status.success(), "{}", stderr(&output));
    for (source, code, why) in [
        ("a.baseline", 2, "'a.baseline' is a baseline, and bench measures how archives are read"),
        ("notes", 1, "no logs were found in 'notes': 1 object skipped (not-a-log 1)"),
    ] {
        let output = firstseen(&["bench", source, "--runs", "1"], &folder);
        assert_eq!(output.status.code(), Some(code), "{source}: {}", stderr(&output));
        assert!(output.stdout.is_empty() && stderr(&output).contains(why), "{source}: {}", stderr(&output));
    }
}
