//! Files that tests put into folders, and find there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Writes a file, and makes the folders that it needs.
pub(crate) fn put(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The files below a folder and links to files, by their paths from there.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let paths = entries.map(walkdir::DirEntry::into_path).filter(|path| path.is_file());
    let named = paths.map(|path| {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    });
    named.collect()
}
