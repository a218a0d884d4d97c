//! One configuration file serves all commands: what does not apply to a run is passed over, and what a switch says counts, not that it is there.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::program::{firstseen, stderr};

/// The archive of the fixtures.
const ARCHIVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/small-archive");

/// A folder with the baseline `b.baseline` of the archive and this `all.toml`.
fn folder(config: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("all.toml"), config).unwrap();
    let output = firstseen(&["index", ARCHIVE, "-o", "b.baseline", "-q"], &folder);
    assert!(output.status.success(), "{}", stderr(&output));
    folder
}

/// Runs a command with the file.
fn run(line: &str, folder: &Path) -> Output {
    let words = line.replace("ARCHIVE", ARCHIVE);
    let words: Vec<&str> = words.split(' ').chain(["--config", "all.toml"]).collect();
    firstseen(&words, folder)
}

const EVENT: &str = "208234f4-2180-41af-adba-1642186fb9f8";

#[test]
fn a_mirror_is_passed_over_if_no_archive_is_a_bucket() {
    let folder = folder("mirror = 'evidence'\nquiet = true\n");
    for line in [
        "scan ARCHIVE",
        "triage ARCHIVE",
        "index ARCHIVE -o c.baseline",
        "plan ARCHIVE --shards 1 -o shards.jsonl",
        "plan ARCHIVE --check",
        "verify ARCHIVE",
        "coverage ARCHIVE",
        "doctor ARCHIVE",
        "bench ARCHIVE --runs 1 --threads 1",
        "events b.baseline --only-mutating --to 2024-01-02",
        &format!("show b.baseline {EVENT}"),
        &format!("trace b.baseline {EVENT}"),
        "index --shard shards.jsonl -o d.baseline",
    ] {
        let output = run(line, folder.path());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        let count = said.matches("warning: mirror of --config is passed over: ").count();
        assert_eq!(count, 1, "{line}: {said}");
    }
    for line in ["scan b.baseline", "doctor b.baseline", "bench --synthetic 1M --runs 1 --threads 1"] {
        let output = run(line, folder.path());
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{line}");
    }
    assert!(!folder.path().join("evidence").exists());
    let output = run("scan ARCHIVE --mirror own", folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no archive is s3://"), "{}", stderr(&output));
}

#[test]
fn public_keys_for_verify_do_not_end_a_scan() {
    let folder = folder("public-keys = 'keys.json'\nside-file = ['side.jsonl']\nquiet = true\n");
    for source in ["ARCHIVE", "b.baseline"] {
        let output = run(&format!("scan {source}"), folder.path());
        let warning = "public-keys and side-file of --config are passed over: used only to verify (--verify)";
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stderr(&output).contains(warning), "{}", stderr(&output));
    }
    let output = run("scan ARCHIVE --public-keys own.json", folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("add --verify"), "{}", stderr(&output));
}

#[test]
fn switches_that_are_off_exclude_nothing() {
    let folder = folder("raw = false\npartition = false\n");
    let events = "events ARCHIVE -q --to 2024-01-02";
    let expected = firstseen(&["events", ARCHIVE, "-q", "--to", "2024-01-02"], &folder).stdout;
    for line in [events.to_owned(), format!("{events} --raw=false --partition=false")] {
        let output = run(&line, folder.path());
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
        assert!(output.stdout == expected, "{line}");
    }
    for line in
        ["plan ARCHIVE --check=false --shards 2 -q", "tune ARCHIVE -q --calls all --only-mutating=false"]
    {
        let output = run(line, folder.path());
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    }
    for (line, why) in [
        (format!("{events} --raw --partition -o out"), "cannot be used with"),
        (format!("{events} --raw --raw=false"), "cannot be used multiple times"),
        ("plan ARCHIVE --check=false".to_owned(), "required"),
    ] {
        let output = run(&line, folder.path());
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(stderr(&output).contains(why), "{line}: {}", stderr(&output));
    }
}

#[test]
fn partitions_are_parquet_whatever_format_the_file_has_for_others() {
    let folder = folder("format = 'csv'\n");
    let partition = "events ARCHIVE -q --to 2024-01-02 --partition -o";
    for line in [format!("{partition} one"), format!("{partition} two -f parquet")] {
        let output = run(&line, folder.path());
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    }
    assert!(folder.path().join("one/account=111122223333").is_dir());
    assert!(folder.path().join("two/account=111122223333").is_dir());
    let output = run(&format!("{partition} three -f json"), folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--partition writes Parquet files"), "{}", stderr(&output));
    fs::write(folder.path().join("all.toml"), "partition = true\n").unwrap();
    let output = run("events ARCHIVE -q --to 2024-01-02 -f json -o four.json", folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(folder.path().join("four.json").is_file());
}
