//! No bytes in a table of a saved baseline make opening it panic, even if all checksums match.
//!
//! The first byte of an input names a table, the next four a place in it, and the rest is written there.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use firstseen::checksum::Checksum;
use firstseen::index::{IndexSettings, index};
use firstseen::learn::LearnSettings;
use firstseen::model::Inventory;
use firstseen::scan::Silent;
use firstseen::source::Archives;
use firstseen::store::{BaselineFolder, Saved};
use tempfile::TempDir;

/// A baseline, and its tables.
struct Original {
    place: TempDir,
    manifest: String,
    tables: Vec<(String, Vec<u8>)>,
}

static ORIGINAL: LazyLock<Original> = LazyLock::new(|| {
    let place = TempDir::new().unwrap();
    let path = place.path().join("x.baseline");
    let archives = Archives::open(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/small-archive")]).unwrap();
    let folder = BaselineFolder::take(&path).unwrap();
    let settings = IndexSettings {
        learning: LearnSettings::default(),
        by_checksum: false,
        checkpoint_every: 1_000_000,
        inventory: Inventory::default(),
    };
    index(&folder, None, &archives, &settings, &Silent).unwrap();
    let manifest = fs::read_to_string(path.join("manifest.json")).unwrap();
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    let mut tables: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| read(entry.unwrap())).collect();
    tables.retain(|(name, _)| name.ends_with(".parquet"));
    tables.sort();
    Original { place, manifest, tables }
});

/// The manifest for a table that was changed.
fn forged(manifest: &str, before: &[u8], after: &[u8]) -> String {
    let (head, rest) = manifest.split_once("\"checksum\": \"").unwrap();
    let open = format!("{head}\"checksum\": \"{}", &rest[64..]);
    let open = open.replacen(&Checksum::of(before).to_string(), &Checksum::of(after).to_string(), 1);
    let checksum = Checksum::of(open.as_bytes());
    open.replacen("\"checksum\": \"\"", &format!("\"checksum\": \"{checksum}\""), 1)
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [which, a, b, c, d, rest @ ..] = data else { return };
    let original = &*ORIGINAL;
    let (name, before) = &original.tables[*which as usize % original.tables.len()];
    let at = u32::from_le_bytes([*a, *b, *c, *d]) as usize % before.len();
    let mut after = before.clone();
    after.splice(at..(at + rest.len()).min(before.len()), rest.iter().copied());
    let folder = original.place.path().join("x.baseline");
    fs::write(folder.join(name), &after).unwrap();
    fs::write(folder.join("manifest.json"), forged(&original.manifest, before, &after)).unwrap();
    if let Ok(saved) = Saved::open(&folder) {
        let _ = saved.baseline();
        let _ = saved.contents();
    }
    fs::write(folder.join(name), before).unwrap();
});
