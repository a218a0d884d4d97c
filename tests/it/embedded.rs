//! Indexing through the library, without the binary.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use firstseen::index::{IndexError, IndexSettings, Indexed, index};
use firstseen::learn::LearnSettings;
use firstseen::model::Inventory;
use firstseen::scan::{ObjectRead, Progress, ScanError, Silent};
use firstseen::source::{Archives, LARGE};
use firstseen::store::{BaselineContents, BaselineFolder, MergeError};
use tempfile::TempDir;

use crate::archive::{Archive, log_path, record, with, wrapped};
use crate::folder::files;

/// Stops a run after a number of objects.
struct StopAfter {
    most: u32,
    read: AtomicU32,
}

impl Progress for StopAfter {
    fn read(&self, _: ObjectRead) {
        self.read.fetch_add(1, Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.read.load(Ordering::Relaxed) >= self.most
    }
}

fn settings() -> IndexSettings {
    let learning = LearnSettings { threads: 1, ..LearnSettings::default() };
    IndexSettings { learning, by_checksum: false, checkpoint_every: 2, inventory: Inventory::default() }
}

fn known(place: &BaselineFolder) -> Option<BaselineContents> {
    place.open().unwrap().map(|saved| saved.contents().unwrap())
}

fn archive() -> Archive {
    let one = |archive: Archive, number: u32| {
        let record = record("2024-03-01T00:00:00Z", "eva", &format!("s3:Get{number}"));
        archive.object(&format!("{number}.json"), &wrapped(&[record]))
    };
    (0..5).fold(Archive::new(), one)
}

#[test]
fn an_interrupted_run_saves_what_it_has_read_and_resumes_there() {
    let (archive, folder) = (archive(), TempDir::new().unwrap());
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let place = BaselineFolder::take(&folder.path().join("case.baseline")).unwrap();
    let add = |progress: &dyn Progress| index(&place, known(&place), &archives, &settings(), progress);
    let stop = |most| StopAfter { most, read: AtomicU32::new(0) };
    // Nothing was read, so there is nothing to save.
    assert!(matches!(add(&stop(0)), Err(IndexError::Scan(ScanError::Stopped))));
    assert!(known(&place).is_none());
    // Before the first checkpoint, and after the second one.
    for (most, saved) in [(1, 1), (3, 4)] {
        assert!(matches!(add(&stop(most)), Err(IndexError::Interrupted)));
        let stored = known(&place).unwrap();
        assert_eq!((stored.objects.len(), stored.coverage.objects.listed), (saved, saved as u64));
        assert_eq!(stored.coverage.unfinished.unread_objects(), 5 - saved as u64);
        assert!(!stored.coverage.is_complete());
    }
    assert!(matches!(add(&stop(0)), Err(IndexError::Interrupted)));
    let Indexed { stored, known: before, added, .. } = add(&Silent).unwrap();
    assert_eq!((before, added.read), (4, 1));
    assert_eq!(known(&place).unwrap(), stored);
    assert!(stored.coverage.is_complete());
    let anew = BaselineFolder::take(&folder.path().join("anew.baseline")).unwrap();
    assert_eq!(index(&anew, None, &archives, &settings(), &Silent).unwrap().stored, stored);
}

#[test]
fn what_was_left_unread_is_finished_by_a_run_that_lists_it_again_and_by_no_other() {
    let (archive, other, folder) = (
        archive(),
        Archive::new().object("x.json", &wrapped(&[record("2024-03-02T00:00:00Z", "ada", "s3:Get")])),
        TempDir::new().unwrap(),
    );
    let open = |archive: &Archive| Archives::open(&[archive.path().to_owned()]).unwrap();
    let place = BaselineFolder::take(&folder.path().join("case.baseline")).unwrap();
    let add = |archive: &Archive, progress: &dyn Progress| {
        index(&place, known(&place), &open(archive), &settings(), progress)
    };
    let stop = StopAfter { most: 3, read: AtomicU32::new(0) };
    assert!(matches!(add(&archive, &stop), Err(IndexError::Interrupted)));
    let unread = known(&place).unwrap().coverage.unfinished;
    assert_eq!(unread.unread_objects(), 2);
    add(&other, &Silent).unwrap();
    assert_eq!(known(&place).unwrap().coverage.unfinished, unread);
    // What remained is gone: nothing is left to read.
    for number in 0..5 {
        let path = archive.path().join(format!("{number}.json"));
        if !known(&place).unwrap().objects.iter().any(|object| *object.path == *format!("{number}.json")) {
            fs::remove_file(path).unwrap();
        }
    }
    add(&archive, &Silent).unwrap();
    assert!(known(&place).unwrap().coverage.unfinished.is_empty());
}

#[test]
fn interruptions_do_not_change_the_baseline() {
    // Copies on one day and across days, objects without a day, a fault, and one object that is read in pieces.
    let at = |day: u32, number: u32| {
        record(&format!("2024-03-{day:02}T00:00:00Z"), "eva", &format!("s3:Get{number}"))
    };
    let name = |day: u32, name: &str| log_path(&format!("202403{day:02}T0100"), name);
    let mut archive = Archive::new().object("broken.json.gz", b"\x1f\x8b no").object("notes.txt", b"hello");
    for number in 0..6 {
        let records = wrapped(&[at(number + 1, number), at(number + 1, 0)]);
        archive = archive.object(&name(number + 1, "aaaa"), &records);
        archive =
            archive.object(&name(number + 1, "bbbb"), &records).object(&name(number + 2, "cccc"), &records);
        archive = archive.object(&format!("{number}.json"), &records);
    }
    let padding = serde_json::json!({"requestParameters": "x".repeat(4_000)});
    let many: Vec<_> = (0..4_500).map(|number| with(at(4, number % 50), padding.clone())).collect();
    let many = wrapped(&many);
    assert!(many.len() as u64 > LARGE);
    let archive = archive.object(&name(4, "dddd"), &many);
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let folder = TempDir::new().unwrap();
    let made = |name: &str, threads: usize, stops: &[u32]| {
        let path = folder.path().join(name);
        let place = BaselineFolder::take(&path).unwrap();
        let learning = LearnSettings { threads, ..LearnSettings::default() };
        let settings = IndexSettings { learning, checkpoint_every: 1_000, ..settings() };
        for &most in stops {
            let progress = StopAfter { most, read: AtomicU32::new(0) };
            let ended = index(&place, known(&place), &archives, &settings, &progress);
            assert!(matches!(ended, Err(IndexError::Interrupted)), "{most}: {ended:?}");
        }
        index(&place, known(&place), &archives, &settings, &Silent).unwrap();
        files(&path)
    };
    let whole = made("whole.baseline", 2, &[]);
    for (threads, stops) in [(1, &[1][..]), (1, &[5, 1, 7]), (2, &[3]), (3, &[9, 9]), (2, &[20])] {
        let resumed = made(&format!("{threads}-{stops:?}.baseline"), threads, stops);
        assert!(resumed == whole, "{threads} threads, stopped after {stops:?}");
    }
}

#[test]
fn empty_baselines_and_baselines_with_mixed_settings_are_not_saved() {
    let (archive, folder) = (archive(), TempDir::new().unwrap());
    let place = BaselineFolder::take(&folder.path().join("case.baseline")).unwrap();
    let notes = folder.path().join("notes.txt");
    fs::write(&notes, "hello").unwrap();
    let nothing = index(&place, None, &Archives::open(&[notes]).unwrap(), &settings(), &Silent);
    assert!(matches!(nothing, Err(IndexError::NoLogs(_))));
    assert!(known(&place).is_none());
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    index(&place, None, &archives, &settings(), &Silent).unwrap();
    let _archive = archive.object("new.json", &wrapped(&[record("2024-03-02T00:00:00Z", "bob", "s3:Put")]));
    let mut other = settings();
    other.learning.max_object_size = 1 << 20;
    let merged = index(&place, known(&place), &archives, &other, &Silent);
    assert!(matches!(merged, Err(IndexError::Merge(MergeError::Settings(_)))));
    assert_eq!(known(&place).unwrap().objects.len(), 5);
}
