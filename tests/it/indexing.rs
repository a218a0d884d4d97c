//! `firstseen index` and `merge` with odd paths and names, and on archives that change.

use std::fs;
use std::path::Path;
use std::process::Command;

use firstseen::checksum::Checksum;
use firstseen::store::{Saved, StoreError};
use tempfile::TempDir;

use crate::archive::{gzip, log_path, record, with, wrapped};
use crate::folder::put;
use crate::program::{firstseen, program};

/// The exit status of a command and the first line of its stderr.
fn ended(arguments: &[&str], folder: &Path) -> (i32, String) {
    let output = firstseen(arguments, folder);
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said.lines().next().unwrap_or_default().to_owned())
}

/// Writes a log of one record.
fn log(folder: &Path, name: &str, action: &str) {
    put(folder.join(name), wrapped(&[record("2024-03-01T00:00:00Z", "eva", action)]));
}

fn counted(baseline: &Path) -> u64 {
    Saved::open(baseline).unwrap().baseline().unwrap().1.records.counted
}

#[test]
fn a_glob_that_matches_an_object_twice_hides_no_object() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/sub/a.json", "s3:GetObject");
    let index = ["index", "logs/**/*", "-o", "case.baseline"];
    assert_eq!(ended(&index, folder).0, 0);
    log(folder, "logs/sub/a.json", "s3:GetObjectAndMore");
    log(folder, "logs/sub/b.json", "s3:PutObject");
    assert_eq!(ended(&index, folder).0, 0);
    assert_eq!(counted(&folder.join("case.baseline")), 3);
}

#[test]
fn an_object_with_new_content_is_named() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    let index = ["index", "logs", "-o", "case.baseline", "-q"];
    assert_eq!(ended(&index, folder), (0, String::new()));
    log(folder, "logs/a.json", "s3:GetObjectAndMore");
    let warning = "warning: 'a.json' was read before with other content: the baseline has both versions";
    assert_eq!(ended(&index, folder), (0, warning.to_owned()));
    assert_eq!(ended(&index, folder), (0, String::new()));
}

#[cfg(unix)]
#[test]
fn a_pipe_that_became_a_log_is_read() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    let pipe = folder.join("logs/pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let index = ["index", "logs", "-o", "case.baseline", "--by-checksum"];
    assert_eq!(ended(&index, folder).0, 0);
    fs::remove_file(&pipe).unwrap();
    log(folder, "logs/pipe.json", "s3:PutObject");
    assert_eq!(ended(&index, folder), (0, "1 object added, 1 already in the baseline".to_owned()));
    // A log that became a pipe does not block.
    fs::remove_file(folder.join("logs/a.json")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.join("logs/a.json")).status().unwrap().success());
    assert_eq!(ended(&index, folder).0, 0);
}

#[test]
fn a_time_out_of_range_is_a_fault_and_leaves_the_baseline_intact() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    assert_eq!(ended(&["index", "logs", "-o", "case.baseline"], folder).0, 0);
    let odd = ["9999-12-31T23:59:59-08:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59Z"];
    let records = odd.map(|time| record(time, "eva", "s3:GetObject"));
    fs::write(folder.join("logs/odd.json"), wrapped(&records)).unwrap();
    assert_eq!(ended(&["index", "logs", "-o", "case.baseline"], folder).0, 3);
    let (_, coverage) = Saved::open(&folder.join("case.baseline")).unwrap().baseline().unwrap();
    assert_eq!((coverage.records.counted, coverage.fault_count), (2, 2));
    assert_eq!(coverage.last_event.unwrap().to_string(), "9999-12-31T23:59:59Z");
}

#[cfg(unix)]
#[test]
fn a_linked_output_is_replaced_at_its_target() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    fs::create_dir(folder.join("real")).unwrap();
    let index = |output: &str| ended(&["index", "logs", "-o", output], folder).0;
    assert_eq!(index("real/case.baseline"), 0);
    std::os::unix::fs::symlink("real/case.baseline", folder.join("link.baseline")).unwrap();
    log(folder, "logs/b.json", "s3:PutObject");
    assert_eq!(index("link.baseline"), 0);
    assert!(folder.join("link.baseline").is_symlink());
    assert_eq!(counted(&folder.join("real/case.baseline")), 2);
    std::os::unix::fs::symlink("nowhere", folder.join("broken.baseline")).unwrap();
    assert_eq!(index("broken.baseline"), 1);
    // A file that is linked in place of the lock is not modified either.
    fs::write(folder.join("precious"), "precious").unwrap();
    std::os::unix::fs::symlink("precious", folder.join(".firstseen-new.baseline.lock")).unwrap();
    assert_eq!(index("new.baseline"), 1);
    assert_eq!(fs::read(folder.join("precious")).unwrap(), b"precious");
}

#[test]
fn spellings_of_a_path_name_the_same_archive() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    assert_eq!(ended(&["index", "logs", "-o", "case.baseline"], folder).0, 0);
    for spelling in ["./logs", "logs/", "logs/./"] {
        let known = (0, "0 objects added, 1 already in the baseline".to_owned());
        assert_eq!(ended(&["index", spelling, "-o", "case.baseline"], folder), known, "{spelling}");
    }
    let (code, said) = ended(&["scan", "case.baseline", "--read-to", "2024-03-09"], folder);
    assert_eq!((code, &*said), (0, "objects: 1 listed = 1 read + 0 skipped + 0 failed"));
}

#[cfg(target_os = "linux")]
#[test]
fn file_names_that_are_not_utf8_stay_distinct() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let write = |name: &[u8]| {
        let bytes = wrapped(&[record("2024-03-01T00:00:00Z", "eva", "s3:GetObject")]);
        fs::create_dir_all(folder.join("logs")).unwrap();
        fs::write(folder.join("logs").join(OsStr::from_bytes(name)), bytes).unwrap();
    };
    let index = |output: &str| ended(&["index", "logs", "-o", output, "--checkpoint-every", "1"], folder);
    write(b"b\xff.json");
    assert_eq!(index("case.baseline"), (0, "1 object added, 0 already in the baseline".to_owned()));
    write(b"b\xfe.json");
    assert_eq!(index("case.baseline"), (0, "1 object added, 1 already in the baseline".to_owned()));
    assert_eq!(index("anew.baseline"), (0, "2 objects added, 0 already in the baseline".to_owned()));
    let records = |name: &str| fs::read(folder.join(name).join("records.parquet")).unwrap();
    assert!(records("case.baseline") == records("anew.baseline"));
}

#[test]
fn two_versions_of_an_object_merge_in_any_order() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    for (shard, address) in [("a", "198.51.100.1"), ("b", "198.51.100.22")] {
        let one = with(
            record("2024-03-01T00:00:00Z", "eva", "s3:GetObject"),
            serde_json::json!({"sourceIPAddress": address}),
        );
        fs::create_dir_all(folder.join(shard).join("logs")).unwrap();
        fs::write(folder.join(shard).join("logs/x.json"), wrapped(&[one])).unwrap();
        let output = format!("../{shard}.baseline");
        assert_eq!(ended(&["index", "logs", "-o", &output], &folder.join(shard)).0, 0);
    }
    for (first, second, output) in [("a", "b", "ab"), ("b", "a", "ba")] {
        let (first, second) = (format!("{first}.baseline"), format!("{second}.baseline"));
        // The pair of records with one id and other content is a fault.
        assert_eq!(ended(&["merge", &first, &second, "-o", output], folder).0, 3);
    }
    for entry in fs::read_dir(folder.join("ab")).unwrap() {
        let name = entry.unwrap().file_name();
        let [one, other] = ["ab", "ba"].map(|place| fs::read(folder.join(place).join(&name)).unwrap());
        assert!(one == other, "{name:?}");
    }
    let (code, said) = ended(&["merge", "a.baseline", "b.baseline", "-o", "ab"], folder);
    assert_eq!((code, &*said), (1, "error: 'ab' already exists"));
    assert_eq!(ended(&["index", "a.baseline", "-o", "c.baseline"], folder).0, 2);
}

#[test]
fn baselines_saved_within_their_archives_merge() {
    let place = TempDir::new().unwrap();
    for (shard, action) in [("a", "s3:GetObject"), ("b", "s3:PutObject")] {
        let folder = place.path().join(shard);
        log(&folder, &format!("{shard}.json"), action);
        assert_eq!(ended(&["index", ".", "-o", "x.baseline"], &folder).0, 0);
    }
    let merged = ["merge", "a/x.baseline", "b/x.baseline", "-o", "both.baseline"];
    assert_eq!(ended(&merged, place.path()), (0, "2 baselines merged".to_owned()));
    assert_eq!(counted(&place.path().join("both.baseline")), 2);
}

#[test]
fn only_proven_files_of_a_baseline_are_skipped() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "0.json", "s3:GetObject");
    let index = ["index", ".", "-o", "x.baseline"];
    for known in ["1 object added, 0 already in the baseline", "0 objects added, 1 already in the baseline"] {
        assert_eq!(ended(&index, folder), (0, known.to_owned()));
    }
    let account = |folder: &Path| {
        let output = firstseen(&["scan", ".", "--format", "json"], folder);
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let number =
            |path: &str| answer["coverage"].pointer(path).map_or(0, |number| number.as_u64().unwrap());
        let unlisted = number("/objects/unlisted_folders/saved-baseline");
        (number("/objects/listed"), number("/records/counted"), unlisted)
    };
    assert_eq!(account(folder), (1, 1, 1));
    // Logs in the folder of a baseline.
    log(&folder.join("x.baseline"), "1.json", "s3:PutObject");
    fs::create_dir(folder.join("x.baseline/deeper")).unwrap();
    log(&folder.join("x.baseline/deeper"), "2.json", "s3:ListBuckets");
    assert_eq!(account(folder), (3, 3, 1));
    // A log named like a table: first with the old manifest, then with its own checksum in the manifest.
    let table = folder.join("x.baseline/hits.parquet");
    let before = fs::read(&table).unwrap();
    fs::remove_file(&table).unwrap();
    log(&folder.join("x.baseline"), "hits.parquet", "s3:DeleteObject");
    assert_eq!(account(folder), (4, 4, 1));
    let after = fs::read(&table).unwrap();
    let of = |bytes: &[u8]| firstseen::checksum::Checksum::of(bytes).to_string();
    let size = |bytes: &[u8]| format!("\"bytes\": {},\n      \"sha256\": \"{}\"", bytes.len(), of(bytes));
    forge(&folder.join("x.baseline"), &size(&before), &size(&after));
    assert_eq!(account(folder), (4, 4, 1));
    // A copy of another table has the wrong columns.
    let other = folder.join("x.baseline/faults.parquet");
    fs::copy(&other, &table).unwrap();
    forge(&folder.join("x.baseline"), &size(&after), &size(&fs::read(&other).unwrap()));
    assert_eq!(account(folder), (4, 3, 1));
    // Without a manifest nothing is proven: the tables are listed, and skipped because they are not logs.
    fs::remove_file(folder.join("x.baseline/manifest.json")).unwrap();
    assert_eq!(account(folder), (19, 3, 0));
}

/// Replaces a text in a manifest and updates its checksum.
fn forge(baseline: &Path, from: &str, to: &str) {
    let path = baseline.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("\"checksum\": \"").unwrap();
    let open = format!("{before}\"checksum\": \"{}", &rest[64..]);
    assert!(open.contains(from), "{from}");
    let forged = open.replacen(from, to, 1);
    let checksum = Checksum::of(forged.as_bytes());
    let closed = forged.replacen("\"checksum\": \"\"", &format!("\"checksum\": \"{checksum}\""), 1);
    fs::write(path, closed).unwrap();
}

#[test]
fn a_forged_manifest_is_rejected() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    fs::write(folder.join("logs/odd.json"), wrapped(&[record("soon", "eva", "s3:GetObject")])).unwrap();
    for (from, to) in [
        ("\"listed\": 2", "\"listed\": 18446744073709551615"),
        ("\"duplicates\": 0", "\"duplicates\": 18446744073709551615"),
        ("\"fault_count\": 1", "\"fault_count\": 0"),
        ("\"logs\"\n", "\"logs\", \"a\"\n"),
        ("\"logs\"\n", "\n"),
        ("\"rows\": 1", "\"rows\": 2"),
        ("\"principal_key\": \"arn\"", "\"principal_key\": \"name\""),
    ] {
        let baseline = folder.join("case.baseline");
        let _ = fs::remove_dir_all(&baseline);
        assert_eq!(ended(&["index", "logs", "-o", "case.baseline"], folder).0, 3);
        forge(&baseline, from, to);
        let result = Saved::open(&baseline).and_then(|saved| saved.contents());
        assert!(matches!(result, Err(StoreError::Damaged { .. })), "{to}: {result:?}");
        assert_eq!(ended(&["scan", "case.baseline"], folder).0, 1);
    }
}

#[test]
fn a_baseline_moved_away_by_a_killed_run_is_restored() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    let index = ["index", "logs", "-o", "case.baseline"];
    assert_eq!(ended(&index, folder).0, 0);
    fs::rename(folder.join("case.baseline"), folder.join(".firstseen-case.baseline.old")).unwrap();
    let (code, said) = ended(&["scan", "case.baseline"], folder);
    assert_eq!(code, 1);
    assert!(said.contains("a run was killed while it put a new one there"), "{said}");
    assert_eq!(ended(&index, folder), (0, "0 objects added, 1 already in the baseline".to_owned()));
}

#[test]
fn a_reader_never_sees_a_partial_checkpoint() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    for number in 0..60 {
        log(folder, &format!("logs/{number}.json"), &format!("s3:GetObject{number}"));
    }
    assert_eq!(ended(&["index", "logs/0.json", "-o", "case.baseline"], folder).0, 0);
    let mut index = program();
    index.args(["index", "logs", "-o", "case.baseline", "--checkpoint-every", "1", "--quiet"]);
    let mut running = index.current_dir(folder).spawn().unwrap();
    let mut read = 0;
    while running.try_wait().unwrap().is_none() {
        let (baseline, coverage) = Saved::open(&folder.join("case.baseline")).unwrap().baseline().unwrap();
        assert_eq!(baseline.behaviours.len() as u64 + coverage.records.duplicates, coverage.records.total);
        read += 1;
    }
    assert!(read > 3, "{read}");
}

#[test]
fn the_archives_of_a_summary_add_up_to_its_objects() {
    let place = TempDir::new().unwrap();
    let fixture = |name: &str| format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let (hostile, small) = (fixture("hostile"), fixture("small-archive"));
    log(place.path(), "gone/a.json", "s3:GetObject");
    // Listed, but it cannot be opened.
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", place.path().join("gone/b.json")).unwrap();
    for every in ["100", "3"] {
        let summary = place.path().join(format!("{every}.json"));
        let (summary_name, baseline) = (summary.to_str().unwrap(), format!("{every}.baseline"));
        let archives = [&*hostile, &*small, "gone"];
        let flags = ["-q", "--checkpoint-every", every, "-o", &baseline, "--summary", summary_name];
        let line: Vec<&str> = ["index"].into_iter().chain(archives).chain(flags).collect();
        for is_first in [true, false] {
            let (code, said) = ended(&line, place.path());
            assert_eq!(code, 3, "{said}");
            let summary: serde_json::Value = serde_json::from_slice(&fs::read(&summary).unwrap()).unwrap();
            let rows = summary["archives"].as_array().unwrap();
            assert_eq!(rows.len(), 3);
            for outcome in ["read", "skipped", "failed"] {
                let sum: u64 = rows.iter().map(|row| row[outcome].as_u64().unwrap()).sum();
                assert_eq!(summary["objects"][outcome], sum, "{outcome}: {summary}");
            }
            let row =
                rows.iter().find(|row| row["name"].as_str().unwrap().ends_with("small-archive")).unwrap();
            let expected = if is_first { [35, 4, 0] } else { [0, 0, 0] };
            assert_eq!(["read", "skipped", "failed"].map(|outcome| row[outcome].as_u64().unwrap()), expected);
        }
    }
}

#[test]
fn a_version_of_which_nothing_could_be_read_is_forgotten_once_another_is_read() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    let path = log_path("20240301T0412", "0123456789abcdef");
    let file = folder.join("logs").join(&path);
    let whole = gzip(&wrapped(&[record("2024-03-01T00:00:00Z", "eva", "s3:PutObject")]));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    // A file that is still being copied.
    fs::write(&file, &whole[..12]).unwrap();
    let index =
        |output: &str| ended(&["index", "logs", "-q", "-o", output, "--summary", "summary.json"], folder);
    assert_eq!(index("case.baseline").0, 3);
    // It fails again, in another way.
    fs::write(&file, &whole[..14]).unwrap();
    assert_eq!(index("case.baseline").0, 3);
    let failed = |name: &str| {
        let coverage = Saved::open(&folder.join(name)).unwrap().baseline().unwrap().1;
        assert!(coverage.sums_hold());
        (coverage.objects.failed.values().sum::<u64>(), coverage.fault_count)
    };
    assert_eq!(failed("case.baseline"), (1, 1));
    let copied =
        Command::new("cp").args(["-r", "case.baseline", "failed.baseline"]).current_dir(folder).status();
    assert!(copied.unwrap().success());
    fs::write(&file, &whole).unwrap();
    assert_eq!(index("case.baseline"), (0, String::new()));
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("summary.json")).unwrap()).unwrap();
    assert_eq!(
        (&summary["objects"]["replaced"], &summary["coverage"]["fault_count"]),
        (&0.into(), &0.into())
    );
    assert_eq!(index("anew.baseline"), (0, String::new()));
    let same = |one: &str, other: &str| {
        for entry in fs::read_dir(folder.join(one)).unwrap() {
            let name = entry.unwrap().file_name();
            let [one, other] = [one, other].map(|place| fs::read(folder.join(place).join(&name)).unwrap());
            assert!(one == other, "{name:?}");
        }
    };
    same("case.baseline", "anew.baseline");
    // A merge takes nothing back, but the next index does.
    fs::write(folder.join("list"), format!("logs/{path}\n")).unwrap();
    let part = ["index", "--files-from", "list", "--archive-root", "logs", "-q", "-o", "part.baseline"];
    assert_eq!(ended(&part, folder).0, 0);
    let merge = ["merge", "failed.baseline", "part.baseline", "-q", "-o", "merged.baseline"];
    assert_eq!(ended(&merge, folder).0, 3);
    assert_eq!(index("merged.baseline").0, 0);
    same("merged.baseline", "anew.baseline");
}

#[test]
fn a_failed_version_stays_if_its_faults_cannot_be_told_from_those_of_another() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    log(folder, "logs/a.json", "s3:GetObject");
    let index = || ended(&["index", "logs", "-q", "-o", "case.baseline"], folder).0;
    let event = record("2024-03-01T00:00:00Z", "eva", "s3:PutObject");
    let whole = gzip(&wrapped(&[event.clone(), with(event, serde_json::json!({"eventTime": "soon"}))]));
    fs::write(folder.join("logs/b.json.gz"), &whole[..12]).unwrap();
    assert_eq!(index(), 3);
    fs::write(folder.join("logs/b.json.gz"), &whole).unwrap();
    // It is replaced by one that has a fault of its own.
    assert_eq!(index(), 3);
    let faults = || Saved::open(&folder.join("case.baseline")).unwrap().baseline().unwrap().1.fault_count;
    assert_eq!(faults(), 1);
    fs::write(folder.join("logs/b.json.gz"), &whole[..13]).unwrap();
    assert_eq!((index(), faults()), (3, 2));
    fs::write(folder.join("logs/b.json.gz"), &whole).unwrap();
    assert_eq!((index(), faults()), (3, 2));
}

#[test]
fn a_bucket_and_its_replica_merge_with_a_warning() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    for bucket in ["prod", "replica"] {
        for minute in ["20240301T0412", "20240302T0412"] {
            log(&folder.join(bucket), &log_path(minute, "0123456789abcdef"), "s3:GetObject");
        }
        assert_eq!(ended(&["index", bucket, "-q", "-o", &format!("{bucket}.baseline")], folder).0, 0);
    }
    log(&folder.join("prod"), "AWSLogs/other.json", "s3:PutObject");
    assert_eq!(ended(&["index", "prod", "replica", "-q", "-o", "whole"], folder), (0, String::new()));
    assert_eq!(ended(&["index", "prod", "-q", "-o", "prod.baseline"], folder), (0, String::new()));
    let (code, said) = ended(&["merge", "prod.baseline", "replica.baseline", "-q", "-o", "merged"], folder);
    assert_eq!(code, 0, "{said}");
    let path = log_path("20240301T0412", "0123456789abcdef");
    let warning = format!("warning: 2 log files are in more than one archive, '{path}' among them: ");
    assert!(said.starts_with(&warning), "{said}");
    for entry in fs::read_dir(folder.join("whole")).unwrap() {
        let name = entry.unwrap().file_name();
        let [one, other] = ["whole", "merged"].map(|place| fs::read(folder.join(place).join(&name)).unwrap());
        assert!(one == other, "{name:?}");
    }
}
