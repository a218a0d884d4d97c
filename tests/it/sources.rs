//! What an archive may be: folders, files, globs, several at once; and what may happen to it meanwhile.

use std::fs;
use std::path::{Path, PathBuf};

use firstseen::coverage::{FaultKind, ObjectSkip};
use firstseen::ingest::{Ingested, Progress, Silent, ingest};
use firstseen::source::{ArchiveError, Archives, DeliveryWindow};

use crate::archive::{Archive, record, settings, wrapped};

fn archive() -> Archive {
    let object = |user: &str| wrapped(&[record("2024-03-01T10:00:00Z", user, "iam:CreateUser")]);
    Archive::new()
        .object("one/a.json", &object("eva"))
        .object("one/b.json", &object("bob"))
        .object("two/a.json", &object("zoe"))
}

fn read(archives: &[PathBuf]) -> Ingested {
    ingest(&Archives::open(archives).unwrap(), &settings(), &Silent).unwrap()
}

/// Archive number and path of every proof.
fn proofs(ingested: &Ingested) -> Vec<(u32, String)> {
    let firsts = ingested.baseline.behaviours.iter().map(|behaviour| &behaviour.first);
    let mut proofs: Vec<_> = firsts.map(|first| (first.archive, first.object.to_string())).collect();
    proofs.sort();
    proofs
}

fn owned(pairs: &[(u32, &str)]) -> Vec<(u32, String)> {
    pairs.iter().map(|(archive, path)| (*archive, (*path).to_owned())).collect()
}

#[test]
fn folders_files_and_globs_are_archives() {
    let archive = archive();
    let below = |path: &str| archive.path().join(path);
    assert_eq!(
        proofs(&read(&[below("")])),
        owned(&[(1, "one/a.json"), (1, "one/b.json"), (1, "two/a.json")])
    );
    assert_eq!(proofs(&read(&[below("one/b.json")])), owned(&[(1, "b.json")]));
    assert_eq!(proofs(&read(&[below("*/a.json")])), owned(&[(1, "one/a.json"), (1, "two/a.json")]));
    assert_eq!(proofs(&read(&[below("t*")])), owned(&[(1, "two/a.json")]));
    assert_eq!(proofs(&read(&[below("two"), below("one/a.json")])), owned(&[(1, "a.json"), (2, "a.json")]));
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
fn an_archive_that_is_not_there_is_an_error() {
    let archive = archive();
    let error = |path: &str| Archives::open(&[archive.path().join(path)]).unwrap_err();
    assert!(matches!(error("three"), ArchiveError::Open { .. }));
    assert!(matches!(error("three/*"), ArchiveError::NoMatch { .. }));
    assert!(matches!(error("[a"), ArchiveError::Glob { .. }));
    fs::create_dir(archive.path().join("empty")).unwrap();
    let empty = Archives::open(&[archive.path().join("empty")]).unwrap();
    assert!(ingest(&empty, &settings(), &Silent).is_err());
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
    let ingested = ingest(&archives, &settings(), &Remove(&archive.path().join("two/a.json"))).unwrap();
    assert_eq!(ingested.coverage.objects.failed[&FaultKind::Read], 1);
    assert_eq!(ingested.coverage.records.counted, 2);
    assert!(ingested.coverage.sums_hold());
}

/// Links in circles of every size, saved baselines, unfinished output: whoever lists, and with how many threads, finds the same.
#[cfg(unix)]
#[test]
fn any_number_of_threads_lists_the_same() {
    use std::os::unix::fs::symlink;
    let place = tempfile::TempDir::new().unwrap();
    let root = place.path().join("logs");
    let file = |path: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "{}").unwrap();
    };
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
            .list(&DeliveryWindow::default(), threads, &mut |_| {
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
    let listing = archives.list(&DeliveryWindow::default(), 4, &mut |listed| listed < 7).unwrap();
    assert!(listing.coverage.objects.listed < expected.2.objects.listed);
}
