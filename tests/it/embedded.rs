//! Indexing through the library, without the binary.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use firstseen::index::{IndexError, IndexSettings, Indexed, index};
use firstseen::learn::LearnSettings;
use firstseen::model::Inventory;
use firstseen::scan::{ObjectRead, Progress, Silent};
use firstseen::source::Archives;
use firstseen::store::{BaselineContents, BaselineFolder, MergeError};
use tempfile::TempDir;

use crate::archive::{Archive, record, wrapped};

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
fn an_interrupted_run_resumes_at_its_last_checkpoint() {
    let (archive, folder) = (archive(), TempDir::new().unwrap());
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let place = BaselineFolder::take(&folder.path().join("case.baseline")).unwrap();
    let add = |progress: &dyn Progress| index(&place, known(&place), &archives, &settings(), progress);
    let stop = |most| StopAfter { most, read: AtomicU32::new(0) };
    // Nothing is saved before the first checkpoint.
    assert!(matches!(add(&stop(1)), Err(IndexError::Scan(_))));
    assert!(known(&place).is_none());
    assert!(matches!(add(&stop(3)), Err(IndexError::Interrupted)));
    assert_eq!(known(&place).unwrap().objects.len(), 2);
    let Indexed { stored, known: before, added, .. } = add(&Silent).unwrap();
    assert_eq!((before, added), (2, 3));
    assert_eq!(known(&place).unwrap(), stored);
    let anew = BaselineFolder::take(&folder.path().join("anew.baseline")).unwrap();
    assert_eq!(index(&anew, None, &archives, &settings(), &Silent).unwrap().stored, stored);
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
