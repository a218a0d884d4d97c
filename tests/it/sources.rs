//! What an archive may be: folders, files, globs, several at once; and what may happen to it meanwhile.

use std::fs;
use std::path::{Path, PathBuf};

use firstseen::coverage::{FaultKind, ObjectSkip};
use firstseen::ingest::{Ingested, Progress, Silent, ingest};
use firstseen::source::{ArchiveError, Archives};

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
