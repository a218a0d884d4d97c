//! The corpora of the fuzz targets (`tests/fuzz`), replayed. Those of `readers`, `gzip` and `rules` are replayed by the library, of which
//! they need the inside.

#[path = "../fuzz/bodies/mod.rs"]
mod bodies;

use std::fs;
use std::path::{Path, PathBuf};

use bodies::baseline::Original;
use bodies::{digests, files, objects, settings};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// Replays the corpus of a target. Each `seed-*` must be read, or it would lead nowhere, and each `bad-*` refused.
fn replay(target: &str, mut check: impl FnMut(&[u8]) -> bool) {
    let mut replayed = [0, 0];
    for entry in fs::read_dir(folder().join("corpus").join(target)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_read = check(&fs::read(entry.path()).unwrap());
        match name.split_once('-') {
            Some(("seed", _)) => assert!(is_read, "{target}: {name}"),
            Some(("bad", _)) => assert!(!is_read, "{target}: {name}"),
            _ => {}
        }
        replayed[usize::from(is_read)] += 1;
    }
    assert!(replayed[0] > 0 && replayed[1] > 2, "{target}: {replayed:?}");
}

#[test]
fn objects_of_the_corpus_are_read() {
    replay("objects", objects::check);
}

#[test]
fn changed_tables_of_the_corpus_are_read_or_refused() {
    let original = Original::of(Path::new("fixtures/small-archive"));
    replay("baseline", |change| original.check(change));
}

#[test]
fn digests_of_the_corpus_are_verified() {
    replay("digests", digests::check);
}

#[test]
fn other_files_of_the_corpus_are_read() {
    replay("files", files::check);
}

#[test]
fn settings_of_the_corpus_are_read_and_written_again() {
    replay("settings", settings::check);
}

#[test]
fn every_target_has_seeds() {
    let targets = fs::read_dir(folder().join("fuzz_targets")).unwrap();
    let mut count = 0;
    for target in targets {
        let target = target.unwrap().path();
        let corpus = folder().join("corpus").join(target.file_stem().unwrap());
        assert!(fs::read_dir(&corpus).unwrap().count() > 5, "{}", corpus.display());
        count += 1;
    }
    assert!(count > 5, "{count}");
}
