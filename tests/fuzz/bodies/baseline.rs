//! No bytes in a table of a saved baseline make opening it panic, even if all checksums match.
//!
//! The first byte of an input names a table, the next four a place in it, and the rest is written there.

use std::fs;
use std::path::Path;

use firstseen::checksum::Checksum;
use firstseen::index::{IndexSettings, index};
use firstseen::learn::LearnSettings;
use firstseen::model::Inventory;
use firstseen::scan::Silent;
use firstseen::source::Archives;
use firstseen::store::{BaselineFolder, Saved};
use tempfile::TempDir;

/// A saved baseline, and its tables.
pub(crate) struct Original {
    place: TempDir,
    manifest: String,
    tables: Vec<(String, Vec<u8>)>,
}

impl Original {
    /// The baseline of an archive.
    pub(crate) fn of(archive: &Path) -> Self {
        let place = TempDir::new().unwrap();
        let path = place.path().join("x.baseline");
        let archives = Archives::open(&[archive.to_owned()]).unwrap();
        let folder = BaselineFolder::take(&path).unwrap();
        let settings = IndexSettings {
            learning: LearnSettings::default(),
            by_checksum: false,
            checkpoint_every: 1_000_000,
            inventory: Inventory::default(),
        };
        index(&folder, None, &archives, &settings, &Silent).unwrap();
        let manifest = fs::read_to_string(path.join("manifest.json")).unwrap();
        let read =
            |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        let mut tables: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| read(entry.unwrap())).collect();
        tables.retain(|(name, _)| name.ends_with(".parquet"));
        tables.sort();
        Self { place, manifest, tables }
    }

    /// Whether the changed baseline opens and can be read. Panics if opening it does.
    pub(crate) fn check(&self, data: &[u8]) -> bool {
        let [which, a, b, c, d, rest @ ..] = data else { return false };
        let (name, before) = &self.tables[*which as usize % self.tables.len()];
        let at = u32::from_le_bytes([*a, *b, *c, *d]) as usize % before.len();
        let mut after = before.clone();
        after.splice(at..(at + rest.len()).min(before.len()), rest.iter().copied());
        let folder = self.place.path().join("x.baseline");
        fs::write(folder.join(name), &after).unwrap();
        fs::write(folder.join("manifest.json"), forged(&self.manifest, before, &after)).unwrap();
        let is_read =
            Saved::open(&folder).is_ok_and(|saved| saved.baseline().is_ok() & saved.contents().is_ok());
        fs::write(folder.join(name), before).unwrap();
        is_read
    }
}

/// The manifest for a table that was changed.
fn forged(manifest: &str, before: &[u8], after: &[u8]) -> String {
    let (head, rest) = manifest.split_once("\"checksum\": \"").unwrap();
    let open = format!("{head}\"checksum\": \"{}", &rest[64..]);
    let open = open.replacen(&Checksum::of(before).to_string(), &Checksum::of(after).to_string(), 1);
    let checksum = Checksum::of(open.as_bytes());
    open.replacen("\"checksum\": \"\"", &format!("\"checksum\": \"{checksum}\""), 1)
}
