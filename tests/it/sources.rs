//! Archives: folders, files, globs and several at once; changes while they are read.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use firstseen::coverage::{FaultKind, ObjectSkip};
use firstseen::learn::{Learnt, learn};
use firstseen::scan::{Progress, Silent};
use firstseen::source::{ArchiveError, Archives, GivenArchive, ReadWindow, S3Settings};

use crate::archive::{Archive, record, settings, wrapped, zip};
use crate::folder::put;

fn archive() -> Archive {
    let object = |user: &str| wrapped(&[record("2024-03-01T10:00:00Z", user, "iam:CreateUser")]);
    Archive::new()
        .object("one/a.json", &object("eva"))
        .object("one/b.json", &object("bob"))
        .object("two/a.json", &object("zoe"))
}

fn read(archives: &[PathBuf]) -> Learnt {
    learn(&Archives::open(archives).unwrap(), &settings(), &Silent).unwrap()
}

/// Archive number and path of all evidence.
fn evidence_paths(ingested: &Learnt) -> Vec<(u32, String)> {
    let firsts = ingested.baseline.behaviours.iter().map(|behaviour| &behaviour.first);
    let mut paths: Vec<_> = firsts.map(|first| (first.archive, first.object.to_string())).collect();
    paths.sort();
    paths
}

fn owned(pairs: &[(u32, &str)]) -> Vec<(u32, String)> {
    pairs.iter().map(|(archive, path)| (*archive, (*path).to_owned())).collect()
}

#[test]
fn folders_files_and_globs_are_archives() {
    let archive = archive();
    let below = |path: &str| archive.path().join(path);
    assert_eq!(
        evidence_paths(&read(&[below("")])),
        owned(&[(1, "one/a.json"), (1, "one/b.json"), (1, "two/a.json")])
    );
    assert_eq!(evidence_paths(&read(&[below("one/b.json")])), owned(&[(1, "b.json")]));
    assert_eq!(evidence_paths(&read(&[below("*/a.json")])), owned(&[(1, "one/a.json"), (1, "two/a.json")]));
    assert_eq!(evidence_paths(&read(&[below("t*")])), owned(&[(1, "two/a.json")]));
    assert_eq!(
        evidence_paths(&read(&[below("two"), below("one/a.json")])),
        owned(&[(1, "a.json"), (2, "a.json")])
    );
}

#[test]
fn a_file_in_two_archives_is_read_once() {
    let archive = archive();
    let ingested = read(&[archive.path().to_owned(), archive.path().join("one")]);
    assert_eq!(ingested.coverage.objects.skipped[&ObjectSkip::ListedTwice], 2);
    assert_eq!((ingested.coverage.records.counted, ingested.coverage.objects.listed), (3, 5));
    assert!(ingested.coverage.sums_hold());
}

#[test]
fn of_nested_folders_the_outer_one_has_the_files_whatever_they_are_called() {
    let archive = archive();
    let labelled = |label: &str, path: &str| GivenArchive {
        label: Some(label.to_owned()),
        ..GivenArchive::at(archive.path().join(path))
    };
    for inner in ["a", "z"] {
        let given = [labelled("outer", ""), labelled(inner, "one")];
        let archives = Archives::open_all(&given, &[], &S3Settings::default()).unwrap();
        let outer = archives.names().iter().position(|name| name == "outer").unwrap() as u32 + 1;
        let ingested = learn(&archives, &settings(), &Silent).unwrap();
        let found = evidence_paths(&ingested);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|(archive, _)| *archive == outer), "{inner}: {found:?}");
        assert_eq!(ingested.coverage.objects.skipped[&ObjectSkip::ListedTwice], 2);
    }
}

#[test]
fn a_missing_archive_is_an_error() {
    let archive = archive();
    let error = |path: &str| Archives::open(&[archive.path().join(path)]).unwrap_err();
    assert!(matches!(error("three"), ArchiveError::Open { .. }));
    assert!(matches!(error("three/*"), ArchiveError::NoMatch { .. }));
    assert!(matches!(error("[a"), ArchiveError::Glob { .. }));
    fs::create_dir(archive.path().join("empty")).unwrap();
    let empty = Archives::open(&[archive.path().join("empty")]).unwrap();
    assert!(learn(&empty, &settings(), &Silent).is_err());
}

#[test]
fn a_file_that_vanishes_before_it_is_read_is_a_fault() {
    struct Remove<'a>(&'a Path);
    impl Progress for Remove<'_> {
        fn reading(&self, _: Option<u64>) {
            fs::remove_file(self.0).unwrap();
        }
    }
    let archive = archive();
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let ingested = learn(&archives, &settings(), &Remove(&archive.path().join("two/a.json"))).unwrap();
    assert_eq!(ingested.coverage.objects.failed[&FaultKind::Read], 1);
    assert_eq!(ingested.coverage.records.counted, 2);
    assert!(ingested.coverage.sums_hold());
}

#[test]
fn a_file_that_grows_before_it_is_read_is_read_to_its_new_end() {
    struct Append<'a>(&'a Path);
    impl Progress for Append<'_> {
        fn reading(&self, _: Option<u64>) {
            let mut file = fs::File::options().append(true).open(self.0).unwrap();
            writeln!(file, "{}", record("2024-03-01T10:00:01Z", "bob", "iam:CreateUser")).unwrap();
        }
    }
    let first = record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser");
    let archive = Archive::new().object("log.json", format!("{first}\n").as_bytes());
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let ingested = learn(&archives, &settings(), &Append(&archive.path().join("log.json"))).unwrap();
    assert_eq!(ingested.coverage.records.counted, 2);
    assert!(ingested.coverage.sums_hold());
}

/// The memory of the own process is a regular file whose first bytes cannot be read.
#[cfg(target_os = "linux")]
#[test]
fn a_read_error_is_a_fault_and_the_rest_is_read() {
    let archive = archive();
    std::os::unix::fs::symlink("/proc/self/mem", archive.path().join("one/broken.json.gz")).unwrap();
    let ingested = read(&[archive.path().to_owned()]);
    assert_eq!(ingested.coverage.objects.failed[&FaultKind::Read], 1);
    let fault = &ingested.coverage.faults[0];
    assert!(fault.object.ends_with("broken.json.gz") && fault.detail.contains("os error 5"), "{fault:?}");
    assert_eq!(ingested.coverage.records.counted, 3);
    assert!(ingested.coverage.sums_hold());
}

#[test]
fn no_name_hides_a_record() {
    let paths = [
        // Names of saved and partially written baselines.
        "a/activity.json",
        "a/z.json",
        "a/z/z.json",
        ".firstseen-x.json",
        ".firstseen-x.partial/a.json",
        ".firstseen-mirror/replaced/00ff",
        "b/manifest.json",
        "b/behaviours.parquet",
        "b/activity.parquet",
        // Names that other programs ignore.
        ".git/objects/00/11",
        ".DS_Store",
        ".hidden/.x.json",
        "__MACOSX/._a.json",
        "._b.json.gz",
        "Thumbs.db",
        "a.json.bak",
        "a.tmp",
        "a.json.gz.part",
        "a.log",
        "a.txt",
        "a~",
        "#a#",
        "lost+found/1",
        "node_modules/a",
        // Names with special characters.
        "a\nb.json",
        "a\u{1b}[2Jb.json",
        " ",
        "-",
        "\u{202e}nosj.a",
        // Folders of unknown and of known services.
        "AWSLogs/111122223333/mine/x.json",
        "AWSLogs/111122223333/CloudTrail-restored/eu-west-1/2024/03/01/x.json.gz",
        "AWSLogs/111122223333/eu-west-1/2024/03/01/x.json.gz",
        "AWSLogs/1/vpcflowlogs/x.json",
        "AWSLogs/111122223333/vpcflowlogs/111122223333_CloudTrail_eu-west-1_20240301T1000Z_aB1.json.gz",
        "AWSLogs/111122223333/Config/eu-west-1/2024/3/1/111122223333_CloudTrail_eu-west-1_x.json",
        "AWSLogs/o-ab12cd34ef/111122223333/CloudTrail-Digest/111122223333_CloudTrail_eu-west-1_20240301T1000Z_aB1.json.gz",
        "flat/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20240301T100000Z.json.gz",
        "flat/111122223333_CloudTrail-Aggregated_eu-west-1_20240301T1000Z_aB1.json.gz",
    ];
    let mut archive = Archive::new();
    for name in ["a/manifest.json", "a/behaviours.parquet", "a/activity.parquet"] {
        archive = archive.object(name, if name.ends_with(".json") { b"{}" } else { b"" });
    }
    for (number, path) in paths.iter().enumerate() {
        let record = record("2024-03-01T10:00:00Z", &format!("u{number}"), "iam:CreateUser");
        archive = archive.object(path, &wrapped(&[record]));
    }
    let Learnt { baseline, coverage, .. } = archive.ingest(&settings());
    let read: Vec<&str> = baseline.behaviours.iter().map(|behaviour| &*behaviour.first.object).collect();
    for path in paths {
        assert!(read.contains(&path), "{path} is not read");
    }
    assert_eq!((coverage.objects.read, coverage.faults), (paths.len() as u64, vec![]));
}

#[test]
fn folders_of_other_services_are_counted_but_not_listed() {
    let account = "AWSLogs/111122223333";
    let name =
        "111122223333_Config_eu-west-1_ConfigHistory_AWS::CloudTrail::Trail_20240301T100000Z_1.json.gz";
    let mut archive = Archive::new().object("a.json", &wrapped(&[]));
    for (path, _) in [
        (format!("{account}/Config/eu-west-1/2024/3/1/ConfigHistory/{name}"), "config"),
        (format!("{account}/vpcflowlogs/eu-west-1/2024/03/01/x.log.gz"), "flow-logs"),
        ("AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/year=2024/x".to_owned(), "flow-logs"),
        (format!("{account}/WAFLogs/x"), "waf"),
        (format!("{account}/network-firewall/alert/x"), "other-service"),
        (
            format!(
                "{account}/CloudTrail-Digest/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20240301T100000Z.json.gz"
            ),
            "digest",
        ),
    ] {
        archive = archive.object(&path, b"x");
    }
    let skipped = archive.ingest(&settings()).coverage.objects.skipped;
    let skipped: Vec<(&str, u64)> = skipped.iter().map(|(reason, count)| (reason.name(), *count)).collect();
    assert_eq!(skipped, [("digest", 1), ("config", 1), ("flow-logs", 2), ("waf", 1), ("other-service", 1)]);
}

#[test]
fn a_name_that_promises_a_log_is_a_fault_with_a_hint_if_there_is_none() {
    let name = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/01/111122223333_CloudTrail_us-east-1_20260101T0000Z_aB1.json";
    let (encrypted, part) = ("it seems to be encrypted, decrypt it first", "it seems to be a part of a file");
    let other = "neither what the name says nor JSON";
    let mut promises = [
        (format!("{name}.gz.gpg"), encrypted),
        (format!("{name}.gz.enc"), encrypted),
        (format!("{name}.gz.part"), part),
        (format!("{name}.old"), "the content is not JSON"),
        (format!("{name}.zst"), other),
        ("b.bz2".to_owned(), other),
        ("c.orc".to_owned(), other),
        ("d.hsnappy".to_owned(), other),
        ("e.json.gz.ab".to_owned(), part),
        ("p.parquet".to_owned(), other),
    ];
    promises.sort();
    let noise = b"\x8e\x01\x95 noise, not a log";
    let mut archive = Archive::new().object("a.json", &wrapped(&[]));
    for (path, _) in &promises {
        archive = archive.object(path, noise);
    }
    let plain = ["README.txt", "inventory/data.csv", "keys.gpg", "x.sh", &format!("{name}.gz.sha256")];
    for path in plain {
        archive = archive.object(path, noise);
    }
    let coverage = archive.ingest(&settings()).coverage;
    let details: Vec<(&str, &str)> =
        coverage.faults.iter().map(|fault| (fault.object.as_str(), fault.detail.as_str())).collect();
    assert_eq!(details.len(), promises.len(), "{details:?}");
    for ((object, detail), (path, hint)) in details.iter().zip(&promises) {
        assert!(object == path && detail.contains(hint), "{object} {detail}");
    }
    assert_eq!(coverage.objects.failed[&FaultKind::NotJson], promises.len() as u64);
    assert_eq!(coverage.objects.skipped[&ObjectSkip::NotALog], plain.len() as u64);
}

/// A file that macOS adds to each file: extended attributes and a resource fork.
fn apple_double() -> Vec<u8> {
    let mut bytes = vec![0, 5, 0x16, 7, 0, 2, 0, 0];
    bytes.extend(b"Mac OS X        ");
    bytes.extend([0, 2]);
    for (id, offset, length) in [(9_u32, 50_u32, 32_u32), (2, 82, 10)] {
        bytes.extend([id, offset, length].map(u32::to_be_bytes).concat());
    }
    bytes.resize(92, b'x');
    bytes
}

#[test]
fn apple_double_files_are_recognized_by_content() {
    let whole = apple_double();
    let cut = &whole[..80];
    let hides = [&whole[..], &wrapped(&[record("2024-03-01T10:00:00Z", "u", "s3:A")])].concat();
    let archive = Archive::new()
        .object("__MACOSX/._a.json.gz", &whole)
        .object("._b.json", &whole)
        .object("c.json", &whole)
        .object("d.json", cut)
        .object("e.json", &hides);
    let coverage = archive.ingest(&settings()).coverage;
    assert_eq!(coverage.objects.skipped[&ObjectSkip::NotALog], 4);
    // Records after such a header are read.
    assert_eq!((coverage.records.counted, coverage.fault_count), (1, 0));
}

#[test]
fn zip_members_that_are_not_logs_are_skipped_and_counted() {
    let log = wrapped(&[record("2024-03-01T10:00:00Z", "u", "s3:A")]);
    let inner = zip(&[("notes.txt", &b"words"[..]), ("log.json", &log)]);
    let archive = Archive::new().object(
        "a.zip",
        &zip(&[
            ("logs/.DS_Store", &b"\0\0\0\x01Bud1\0\0"[..]),
            ("logs/a.json", &log),
            ("__MACOSX/logs/._a.json", &apple_double()),
            ("logs/folder/", b""),
            ("logs/empty.json", b""),
            ("logs/config.json", br#"{"fileVersion":"1.0","configSnapshotId":"x","configurationItems":[]}"#),
            ("inner.zip", &inner),
        ]),
    );
    let coverage = archive.ingest(&settings()).coverage;
    assert_eq!((coverage.records.total, coverage.records.duplicates, coverage.fault_count), (2, 1, 0));
    let expected = [(ObjectSkip::Config, 1), (ObjectSkip::NotALog, 3)];
    assert!(coverage.objects.skipped_inside == expected.into(), "{:?}", coverage.objects);
}

#[cfg(unix)]
#[test]
fn a_file_replaced_before_it_is_read_is_a_fault() {
    struct Replace<'a>(&'a Path);
    impl Progress for Replace<'_> {
        fn reading(&self, _: Option<u64>) {
            let path = |name: &str| self.0.join(name);
            for name in ["one/a.json", "one/b.json", "two/a.json"] {
                fs::remove_file(path(name)).unwrap();
            }
            fs::create_dir(path("one/a.json")).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(path("one/b.json")).status().unwrap().success());
            std::os::unix::fs::symlink("/dev/zero", path("two/a.json")).unwrap();
        }
    }
    let archive = archive();
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let coverage = learn(&archives, &settings(), &Replace(archive.path())).unwrap().coverage;
    let faults: Vec<_> = coverage.faults.iter().map(|fault| (fault.kind, &*fault.detail)).collect();
    assert_eq!(
        faults,
        [
            (FaultKind::Read, "it is a folder and no regular file"),
            (FaultKind::Read, "it is a pipe and no regular file"),
            (FaultKind::Read, "it is a device and no regular file"),
        ]
    );
    assert!(coverage.sums_hold());
}

#[cfg(target_os = "linux")]
#[test]
fn file_names_that_are_not_utf8_are_read_and_shown() {
    use std::os::unix::ffi::OsStrExt;
    let archive = archive();
    let name = std::ffi::OsStr::from_bytes(b"bad\xff\n.json");
    fs::rename(archive.path().join("one/a.json"), archive.path().join(name)).unwrap();
    let paths = evidence_paths(&read(&[archive.path().to_owned()]));
    assert!(paths.contains(&(1, "bad\\xFF\n.json".to_owned())), "{paths:?}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_archive_is_an_error_and_an_unreadable_subfolder_a_fault() {
    use std::os::unix::fs::PermissionsExt;
    let archive = archive();
    let closed = archive.path().join("one");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let may_read_all = fs::read_dir(&closed).is_ok();
    if !may_read_all {
        assert!(matches!(
            Archives::open(std::slice::from_ref(&closed)).unwrap_err(),
            ArchiveError::List { .. }
        ));
        let coverage = read(&[archive.path().to_owned()]).coverage;
        assert_eq!((coverage.faults.len(), &*coverage.faults[0].object), (1, "one"));
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

/// In a tree with symlink loops of every size, names of saved baselines, and unfinished output.
#[cfg(unix)]
#[test]
fn listing_is_the_same_for_any_number_of_threads() {
    use std::os::unix::fs::symlink;
    let place = tempfile::TempDir::new().unwrap();
    let root = place.path().join("logs");
    let file = |path: &str| put(root.join(path), "{}");
    for account in 1..=5 {
        for day in 1..=20 {
            file(&format!("AWSLogs/{account:012}/CloudTrail/eu-west-1/2024/03/{day:02}/a.json"));
        }
        file(&format!("AWSLogs/{account:012}/Config/eu-west-1/2024/03/01/c.json.gz"));
        file(&format!("AWSLogs/{account:012}/.firstseen-x/a.json"));
        for table in ["a.json", "activity.parquet", "behaviours.parquet", "manifest.json", "z/a.json"] {
            file(&format!("AWSLogs/{account:012}/CloudTrail/us-east-1/2024/case.baseline/{table}"));
        }
    }
    file("z.json");
    file("other/b.json");
    let month = root.join("AWSLogs/000000000002/CloudTrail/eu-west-1/2024/03");
    for (name, to) in [
        ("to-month", "."),
        ("to-year", ".."),
        ("to-account", "../../../.."),
        ("to-root", "../../../../../.."),
    ] {
        symlink(to, month.join(name)).unwrap();
    }
    symlink("../../../../../../other", month.join("elsewhere")).unwrap();
    symlink("AWSLogs", root.join("again")).unwrap();
    symlink("nowhere", root.join("broken")).unwrap();
    let listed = |threads| {
        let archives = Archives::open(std::slice::from_ref(&root)).unwrap();
        let mut seen = 0;
        let mut listing = archives
            .list(&ReadWindow::default(), threads, &mut |_| {
                seen += 1;
                true
            })
            .unwrap();
        listing.coverage.sort();
        let objects: Vec<String> = listing.objects.iter().map(|object| format!("{object:?}")).collect();
        let mut skipped: Vec<String> = listing.skipped.iter().map(|skipped| format!("{skipped:?}")).collect();
        skipped.sort();
        assert!(seen > 0);
        (objects, skipped, listing.coverage)
    };
    let expected = listed(1);
    assert_eq!(expected.2.objects.listed as usize, expected.0.len() + expected.1.len());
    assert!(
        expected.0.len() > 200 && expected.1.len() == 5 && expected.2.faults.len() > 8,
        "{:?}",
        expected.2
    );
    for threads in [2, 3, 8] {
        assert_eq!(listed(threads), expected, "{threads} threads");
    }
    let archives = Archives::open(std::slice::from_ref(&root)).unwrap();
    let listing = archives.list(&ReadWindow::default(), 4, &mut |listed| listed < 7).unwrap();
    assert!(listing.coverage.objects.listed < expected.2.objects.listed);
}

#[cfg(not(feature = "s3"))]
#[test]
fn a_build_without_s3_refuses_a_bucket() {
    use firstseen::source::S3ProblemKind;
    let error = Archives::open(&[PathBuf::from("s3://bucket/prefix")]).unwrap_err();
    let ArchiveError::S3 { name, problem } = error else { panic!("{error}") };
    assert_eq!((&*name, problem.kind), ("s3://bucket/prefix", S3ProblemKind::NotBuilt));
}
