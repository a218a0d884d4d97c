//! Lists the files of a folder and reads them.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::FileProblem;
use crate::file;

/// Limit on the size of a file in MiB, stored and unpacked. The answer for an account with the 5,000 roles
/// that IAM allows, each with as many policies as possible, has about 300 MB.
pub(super) const MOST_MIB: u64 = 512;

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

/// Reads the bytes of a file.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, FileProblem> {
    let refused = |error: io::Error| FileProblem::Refused(error.to_string());
    bounded(file::open(path).map_err(refused)?.0).map_err(refused)?.ok_or(FileProblem::TooLarge(MOST_MIB))
}

/// Reads a stream to its end; none if it exceeds the limit.
pub(super) fn bounded(stream: impl Read) -> io::Result<Option<Vec<u8>>> {
    let most = MOST_MIB << 20;
    let mut bytes = Vec::new();
    stream.take(most + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= most))
}
