//! Archives of a configuration file that cannot be opened: the others are read, and the loss is counted.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::archive::{record, wrapped};
use crate::program::{firstseen, stderr};

/// A folder with an archive, and a file that describes it and another one, which is gone.
fn folder() -> TempDir {
    let place = TempDir::new().unwrap();
    write_log(place.path(), "dev");
    let tables = "[[archive]]\nlabel = 'prod'\npath = 'gone'\n[[archive]]\npath = 'dev'\n";
    fs::write(place.path().join("case.toml"), tables).unwrap();
    place
}

fn write_log(place: &Path, archive: &str) {
    fs::create_dir_all(place.join(archive)).unwrap();
    let log = wrapped(&[record("2024-03-01T00:00:00Z", archive, "s3:GetObject")]);
    fs::write(place.join(archive).join("a.json"), log).unwrap();
}

fn run(place: &TempDir, words: &str) -> Output {
    firstseen(&words.split(' ').collect::<Vec<_>>(), place.path())
}

#[test]
fn the_other_archives_are_read_and_the_loss_is_a_fault() {
    let place = folder();
    for command in [
        "scan --warmup 0d",
        "triage",
        "rules",
        "events",
        "baseline",
        "coverage",
        "tune",
        "explain --action s3:*",
        "plan --shards 1",
        "index -o case.baseline",
    ] {
        let output = run(&place, &format!("{command} --config case.toml"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{command}: {said}");
        assert!(said.contains("list: prod/: archive 'prod (gone)' cannot be opened"), "{command}: {said}");
    }
    let output = run(&place, "scan --warmup 0d --config case.toml -f json");
    assert!(stderr(&output).contains("remove its [[archive]] table"), "{}", stderr(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["findings"].as_array().unwrap().len(), 2);
    assert_eq!(answer["coverage"]["fault_count"], 1);
}

#[test]
fn it_is_read_once_it_can_be() {
    let place = folder();
    assert_eq!(run(&place, "index -q --config case.toml -o case.baseline").status.code(), Some(3));
    // The loss stays in the baseline.
    assert_eq!(run(&place, "scan case.baseline").status.code(), Some(3));
    write_log(place.path(), "gone");
    for output in ["case.baseline", "anew.baseline"] {
        assert_eq!(run(&place, &format!("index -q --config case.toml -o {output}")).status.code(), Some(0));
    }
    for file in fs::read_dir(place.path().join("case.baseline")).unwrap() {
        let name = file.unwrap().file_name();
        let [one, other] = ["case.baseline", "anew.baseline"]
            .map(|baseline| fs::read(place.path().join(baseline).join(&name)).unwrap());
        assert!(one == other, "{name:?}");
    }
}

#[test]
fn a_run_needs_one_archive_and_those_that_are_named() {
    let place = folder();
    // A mistake on the command line is no loss.
    let output = run(&place, "scan dev mistyped");
    assert_eq!(output.status.code(), Some(1));
    fs::rename(place.path().join("dev"), place.path().join("moved")).unwrap();
    let output = run(&place, "scan --config case.toml");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot be opened"), "{}", stderr(&output));
    // A shard is not read without its archive.
    fs::rename(place.path().join("moved"), place.path().join("dev")).unwrap();
    write_log(place.path(), "gone");
    assert_eq!(run(&place, "plan --config case.toml --shards 1 -o shards").status.code(), Some(0));
    fs::remove_dir_all(place.path().join("gone")).unwrap();
    let output = run(&place, "index --config case.toml --shard shards -o part.baseline");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("archive 'prod (gone)' cannot be opened"), "{}", stderr(&output));
}

#[test]
fn bench_reads_the_archives_of_a_file_and_needs_all_of_them() {
    let place = folder();
    let output = run(&place, "bench --runs 1 --threads 1 --config case.toml");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("archive 'prod (gone)' cannot be opened"), "{}", stderr(&output));
    write_log(place.path(), "gone");
    let measured = run(&place, "bench --runs 1 --threads 1 --config case.toml -f json");
    let answer: Value = serde_json::from_slice(&measured.stdout).unwrap();
    assert_eq!(answer["objects"], 2, "{answer}");
}
