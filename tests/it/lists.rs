//! Lists of files: parts of an archive that several machines read.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::archive::{gzip, log_path, record, wrapped};
use crate::folder::{files, put};
use crate::program::{firstseen, stderr};

/// Writes an archive to `logs`: dated and undated objects, copies of a record, and files that are skipped or
/// broken.
fn write_archive(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| put(folder.join("logs").join(name), bytes);
    let at =
        |day: u32, user: &str, action: &str| record(&format!("2024-03-{day:02}T04:00:00Z"), user, action);
    for day in 1..=8 {
        let records = [at(day, "eva", &format!("s3:Get{day}")), at(day, "bob", "iam:CreateUser")];
        let path = log_path(&format!("202403{day:02}T0412"), "aaaa");
        write(&path, &gzip(&wrapped(&records)));
        // The same delivery by another trail.
        if day % 3 == 0 {
            write(&path.replace("aaaa", "bbbb"), &gzip(&wrapped(&records[..1])));
        }
    }
    write("export/some.jsonl", at(3, "eva", "s3:Get3").to_string().as_bytes());
    write("export/broken.json", &wrapped(&[at(4, "eva", "s3:Get9")])[..40]);
    write("export/notes.txt", b"hello");
    write("empty.json", b"");
    #[cfg(unix)]
    std::os::unix::fs::symlink("some.jsonl", folder.join("logs/export/linked.jsonl")).unwrap();
}

/// All files of the archive, named as by `find logs`.
fn names(folder: &Path) -> Vec<String> {
    files(&folder.join("logs")).into_keys().map(|name| format!("logs/{name}")).collect()
}

fn index(arguments: &[&str], folder: &Path) {
    let output = firstseen(&[&["index", "--quiet"], arguments].concat(), folder);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {}", stderr(&output));
}

fn assert_same(folder: &Path, one: &str, other: &str) {
    for entry in fs::read_dir(folder.join(one)).unwrap() {
        let name = entry.unwrap().file_name();
        let [one, other] = [one, other].map(|place| fs::read(folder.join(place).join(&name)).unwrap());
        assert!(one == other, "{name:?}");
    }
}

#[test]
fn parts_of_an_archive_merge_into_the_whole() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    write_archive(folder);
    let files = names(folder);
    for (number, part) in ["odd.txt", "even.txt"].iter().enumerate() {
        let half: Vec<&str> = files.iter().skip(number).step_by(2).map(String::as_str).collect();
        fs::write(folder.join(part), half.join("\n")).unwrap();
        let baseline = part.replace("txt", "baseline");
        index(&["--files-from", part, "--archive-root", "logs/", "-o", &baseline], folder);
    }
    index(&["logs", "-o", "whole.baseline"], folder);
    let merged = firstseen(&["merge", "even.baseline", "odd.baseline", "-o", "merged.baseline"], folder);
    assert_eq!(merged.status.code(), Some(3), "{}", stderr(&merged));
    assert_same(folder, "merged.baseline", "whole.baseline");
    // Both lists at once, one of them twice.
    let lists = ["odd.txt", "even.txt", "odd.txt"].map(|list| ["--files-from", list]).concat();
    index(&[&lists[..], &["--archive-root", "./logs", "-o", "both.baseline"]].concat(), folder);
    assert_same(folder, "both.baseline", "whole.baseline");
    // One list after the other.
    index(&["--files-from", "even.txt", "--archive-root", "logs", "-o", "odd.baseline"], folder);
    assert_same(folder, "odd.baseline", "whole.baseline");
}

#[test]
fn a_list_of_all_files_gives_the_answer_of_the_archive() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    write_archive(folder);
    // A folder includes its files, even if they are also listed.
    fs::write(
        folder.join("all.txt"),
        "logs/export/some.jsonl\n./logs/AWSLogs\nlogs/export\nlogs/empty.json\n",
    )
    .unwrap();
    let scan = |input: &[&str]| {
        let arguments = [input, &["--warmup", "0d", "--format", "json"]].concat();
        firstseen(&[&["scan"], &arguments[..]].concat(), folder).stdout
    };
    let whole = scan(&["logs"]);
    assert!(!whole.is_empty());
    assert!(scan(&["--files-from", "all.txt", "--archive-root", "logs"]) == whole);
}

#[test]
fn a_list_of_another_archive_is_refused() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    write_archive(folder);
    fs::write(folder.join("list.txt"), "logs/empty.json\nelsewhere/a.json\n").unwrap();
    let refused = |arguments: &[&str]| {
        let output = firstseen(&[&["scan"], arguments].concat(), folder);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        stderr(&output)
    };
    let said = refused(&["--files-from", "list.txt", "--archive-root", "logs"]);
    assert!(
        said.contains("the list 'list.txt' names 'elsewhere/a.json', which is not below 'logs'"),
        "{said}"
    );
    refused(&["--files-from", "list.txt", "--archive-root", "s3://bucket"]);
    refused(&["logs", "--archive-root", "logs"]);
    // The archive is an input, so it may not contain an output.
    fs::write(folder.join("list.txt"), "logs/empty.json").unwrap();
    refused(&["--files-from", "list.txt", "--archive-root", "logs", "-o", "logs/findings.txt"]);
}

#[test]
fn a_missing_file_of_a_list_is_a_fault_also_if_its_folder_is_read() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    write_archive(folder);
    fs::remove_file(folder.join("logs/export/broken.json")).unwrap();
    let there = names(folder);
    fs::write(folder.join("list"), format!("logs/nothere.json.gz\n{}\n", there[0])).unwrap();
    fs::write(
        folder.join("both"),
        format!("logs\nlogs/nothere.json.gz\nlogs/nothere.json.gz\n{}\n", there.join("\n")),
    )
    .unwrap();
    let whole = firstseen(&["scan", "logs", "-f", "jsonl"], folder);
    assert_eq!(whole.status.code(), Some(0), "{}", stderr(&whole));
    let listed = |output: &std::process::Output| {
        let said = stderr(output);
        said.lines().find(|line| line.starts_with("objects: ")).unwrap().to_owned()
    };
    for arguments in [
        &["logs", "--files-from", "list", "--archive-root", "logs"][..],
        &["logs", "--files-from", "list", "--files-from", "both", "--archive-root", "logs"],
        &["--files-from", "both", "--archive-root", "logs"],
    ] {
        let output =
            firstseen(&[&["scan", "-f", "jsonl", "--faults", "faults.jsonl"], arguments].concat(), folder);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", stderr(&output));
        let faults = fs::read_to_string(folder.join("faults.jsonl")).unwrap();
        assert_eq!(faults.lines().count(), 1, "{arguments:?}: {faults}");
        assert!(faults.contains("nothere.json.gz") && faults.contains("\"list\""), "{faults}");
        // Nothing else is listed twice.
        assert_eq!(listed(&output), listed(&whole), "{arguments:?}");
    }
}
