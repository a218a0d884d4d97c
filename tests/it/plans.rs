//! `firstseen plan`, and shards that are indexed apart and merged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::archive::{Archive, record};
use crate::program::{firstseen, stderr};

/// Ten days with copies on the same day and across days, two Regions' worth of names, an object that is no log, a digest, and an object
/// that cannot be read.
fn archive() -> Archive {
    let archive = (1..=9).fold(Archive::new(), |archive, day| {
        let time = |hour: u32| format!("2024-03-{day:02}T{hour:02}:00:00Z");
        let records: Vec<Value> = (1..=day)
            .map(|hour| record(&time(hour), ["ann", "bob"][hour as usize % 2], "s3:GetObject"))
            .collect();
        // The last record is delivered again, on the same day and the day after.
        let again = &records[records.len() - 1..];
        archive
            .delivered(&format!("202403{day:02}T2310"), &records)
            .delivered(&format!("202403{day:02}T2320"), again)
            .delivered(&format!("202403{:02}T0010", day + 1), again)
    });
    archive
        .object("notes.txt", b"not a log")
        .object("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/03/05/torn.json.gz", b"\x1f\x8b\x08 torn")
        .object(
            "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2024/03/06/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20240306T000000Z.json.gz",
            b"",
        )
}

/// The lines of a plan.
fn plan(archive: &Archive, size: &[&str]) -> Vec<String> {
    let output = firstseen(&[&["plan", ".", "-q"], size].concat(), archive.path());
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Indexes a shard, and returns the exit status.
fn index_shard(archive: &Archive, line: &str, baseline: &Path) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let shard = folder.path().join("shard.json");
    fs::write(&shard, line).unwrap();
    let arguments = ["index", "-q", "--shard", shard.to_str().unwrap(), "-o", baseline.to_str().unwrap()];
    let output = firstseen(&arguments, archive.path());
    (output.status.code(), stderr(&output))
}

/// The files of a baseline.
fn tables(baseline: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(baseline).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn the_merged_shards_are_the_baseline_of_one_machine() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let at = |name: &str| work.path().join(name);
    let whole = firstseen(&["index", ".", "-q", "-o", at("whole").to_str().unwrap()], archive.path());
    assert_eq!(whole.status.code(), Some(3), "{}", stderr(&whole));
    for shards in ["1", "2", "3", "7", "100"] {
        let lines = plan(&archive, &["--shards", shards]);
        let names: Vec<String> = (0..lines.len())
            .map(|number| at(&format!("{shards}-{number}")).to_str().unwrap().to_owned())
            .collect();
        for (line, name) in lines.iter().zip(&names) {
            let (status, stderr) = index_shard(&archive, line, name.as_ref());
            assert!(matches!(status, Some(0 | 3)), "{stderr}");
        }
        let merged = at(&format!("{shards}-merged"));
        if let [only] = &names[..] {
            assert_eq!(tables(only.as_ref()), tables(&at("whole")));
            continue;
        }
        // The order of merging does not matter.
        let backwards = names.iter().rev().map(String::as_str);
        let arguments: Vec<&str> =
            ["merge", "-q", "-o", merged.to_str().unwrap()].into_iter().chain(backwards).collect();
        let output = firstseen(&arguments, archive.path());
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert_eq!(tables(&merged), tables(&at("whole")), "{shards} shards");
    }
}

#[test]
fn shards_name_every_object_once() {
    let archive = archive();
    for size in [["--shards", "4"], ["--shard-bytes", "500K"], ["--shard-bytes", "1"]] {
        let shards: Vec<Value> =
            plan(&archive, &size).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let paths = |value: &Value| {
            let objects = value.as_array().unwrap().iter();
            objects.map(|object| object["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let read: Vec<String> = shards.iter().flat_map(|shard| paths(&shard["objects"])).collect();
        let skipped = shards.iter().flat_map(|shard| shard["skipped"].as_object().unwrap().values());
        let skipped: Vec<String> = skipped.flat_map(paths).collect();
        assert_eq!((read.len(), skipped.len()), (29, 1), "{size:?}");
        let mut all = [read, skipped].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 30);
        let numbers: Vec<u64> = shards.iter().map(|shard| shard["shard"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=shards.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn a_task_that_runs_twice_changes_nothing() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let baseline = work.path().join("shard.baseline");
    let lines = plan(&archive, &["--shards", "3"]);
    assert!(matches!(index_shard(&archive, &lines[0], &baseline).0, Some(0 | 3)));
    let before = tables(&baseline);
    assert!(matches!(index_shard(&archive, &lines[0], &baseline).0, Some(0 | 3)));
    assert_eq!(tables(&baseline), before);
    // Another shard in the same folder is a mistake.
    let (status, stderr) = index_shard(&archive, &lines[1], &baseline);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("not in the shard"), "{stderr}");
    assert_eq!(tables(&baseline), before);
}

#[test]
fn an_object_that_is_gone_is_a_fault() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let lines = plan(&archive, &["--shards", "1"]);
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    let path = first["objects"][3]["path"].as_str().unwrap();
    fs::remove_file(archive.path().join(path)).unwrap();
    let (status, stderr) = index_shard(&archive, &lines[0], &work.path().join("b"));
    assert_eq!(status, Some(3), "{stderr}");
    assert!(stderr.contains(path), "{stderr}");
}

#[test]
fn a_shard_that_was_changed_is_refused() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let baseline = work.path().join("b");
    let line = plan(&archive, &["--shards", "1"]).remove(0);
    let changes = [
        (line.replace("torn.json.gz", "../../etc/passwd"), "SHA-256"),
        (line.replace("\"shard_version\":1", "\"shard_version\":99"), "version 99"),
        (line[..line.len() / 2].to_owned(), "not a shard"),
        ("[]".to_owned(), "not a shard"),
        (String::new(), "no number 1"),
    ];
    for (changed, why) in changes {
        let (status, stderr) = index_shard(&archive, &changed, &baseline);
        assert!(matches!(status, Some(1 | 2)) && stderr.contains(why), "{why}: {stderr}");
        assert!(!baseline.exists());
    }
}

#[test]
fn the_window_is_that_of_the_plan() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let window = ["--read-from", "2024-03-03", "--read-to", "2024-03-05", "--delivery-slack", "1d"];
    let at = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let whole = firstseen(&[&["index", ".", "-q", "-o", &at("whole")], &window[..]].concat(), archive.path());
    assert_eq!(whole.status.code(), Some(3), "{}", stderr(&whole));
    let line = plan(&archive, &[&["--shards", "1"], &window[..]].concat()).remove(0);
    assert_eq!(index_shard(&archive, &line, at("shard").as_ref()).0, Some(3));
    assert_eq!(tables(at("shard").as_ref()), tables(at("whole").as_ref()));
    let file = at("shard.json");
    fs::write(&file, &line).unwrap();
    let other = ["index", "--shard", &file, "-o", &at("other"), "--read-from", "2024-03-04"];
    let output = firstseen(&other, archive.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is not that of the plan"), "{}", stderr(&output));
}
