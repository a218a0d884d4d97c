//! Lists the files of a folder and reads them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::FileProblem;
use crate::file;

/// Everything below a folder, in the order of names. Entries that are neither files nor folders, or cannot be
/// opened, come with the reason. Links to files are followed; links to folders are not, since they may be
/// circular.
pub(super) fn files_below(folder: &Path) -> io::Result<Vec<(PathBuf, Option<FileProblem>)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = fs::read_dir(&next).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) if next == folder => return Err(error),
            Err(error) => {
                found.push((next, Some(FileProblem::Refused(error.to_string()))));
                continue;
            }
        };
        for path in entries.into_iter().map(|entry| entry.path()) {
            match path.metadata() {
                Ok(about) if about.is_file() => found.push((path, None)),
                Ok(about) if about.is_dir() && !path.is_symlink() => folders.push(path),
                Ok(_) => found.push((path, Some(FileProblem::NotAFile))),
                Err(error) => found.push((path, Some(FileProblem::Refused(error.to_string())))),
            }
        }
    }
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(found)
}

/// Opens a file.
pub(super) fn opened(path: &Path) -> Result<fs::File, FileProblem> {
    Ok(file::open(path).map_err(|error| FileProblem::Refused(error.to_string()))?.0)
}
