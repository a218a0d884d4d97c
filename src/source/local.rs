//! Archives on a local disk: folders, single files and globs.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::log_object::Location;
use super::object_key::folders_of_clusters;
use super::{ArchiveError, FileList, LARGE, LogObject, unescaped};
use crate::file;
use crate::model::Text;

/// One archive on disk.
#[derive(Debug)]
pub(super) struct Root {
    /// Object paths are relative to this folder.
    pub(super) folder: PathBuf,
    /// The files and folders that belong to the archive; the folder itself, unless a glob selected some.
    pub(super) starts: Vec<PathBuf>,
    /// Whether the starts are separate parts of the folder.
    pub(super) is_in_parts: bool,
    /// What lists name of an archive that is read in full, below its folder, and is not there.
    pub(super) missing: Vec<PathBuf>,
}

impl Root {
    /// A folder is its own root, a file has its parent as root, and a glob the part before its first wildcard.
    pub(super) fn open(name: &Path) -> Result<Self, ArchiveError> {
        let shown = || name.display().to_string();
        // Baselines and plans write a name that is not UTF-8 as it is shown.
        let odd = || name.to_str().and_then(unescaped).filter(|odd| odd.exists());
        if let (false, Some(odd)) = (name.exists(), odd()) {
            return Self::open(&odd);
        }
        match name.metadata() {
            Ok(metadata) if metadata.is_dir() => match name.read_dir() {
                Ok(_) => Ok(Self::of_folder(name.to_owned(), vec![name.to_owned()])),
                // An archive that cannot be listed at all is an error, not empty.
                Err(error) => Err(ArchiveError::List { name: shown(), source: error }),
            },
            Ok(metadata) => {
                // A pipe or a device is listed, and skipped as not a file.
                if metadata.is_file() {
                    file::open(name).map_err(|source| ArchiveError::Open { name: shown(), source })?;
                }
                let folder = name.parent().map(Path::to_owned).unwrap_or_default();
                Ok(Self::of_folder(folder, vec![name.to_owned()]))
            }
            Err(error) => match name.to_str() {
                Some(pattern) if pattern.contains(['*', '?', '[']) => Self::glob(pattern),
                _ => Err(ArchiveError::Open { name: shown(), source: error }),
            },
        }
    }

    /// What of its own path says of which cluster its logs are, whatever the folder from which it is named.
    pub(super) fn above(&self) -> Option<Text> {
        let is_current = self.folder.as_os_str().is_empty();
        let folder = if is_current { Path::new(".") } else { &self.folder };
        let absolute = std::path::absolute(folder).ok()?;
        let parts: Vec<_> = absolute.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        folders_of_clusters(&parts.join("/"))
    }

    fn of_folder(folder: PathBuf, starts: Vec<PathBuf>) -> Self {
        Self { folder, starts, is_in_parts: false, missing: Vec::new() }
    }

    /// The files of lists, and of folders in them. Of several lists that are not parts of an archive, the first one counts:
    /// they are one list given more than once.
    pub(super) fn of_lists(lists: &[&FileList]) -> Self {
        let Some(folder) = lists.iter().find_map(|list| list.root.clone()) else {
            let starts = lists.first().map(|list| list.paths.clone());
            return Self::of_folder(PathBuf::new(), starts.unwrap_or_default());
        };
        let parts = lists.iter().filter(|list| list.root.is_some());
        let mut starts: Vec<PathBuf> = parts.flat_map(|list| list.paths.iter().cloned()).collect();
        // A folder sorts before everything in it.
        starts.sort_unstable();
        starts.dedup();
        let mut outer: Option<PathBuf> = None;
        starts.retain(|start| match &outer {
            Some(folder) if start.starts_with(folder) => is_missing(start),
            _ => {
                outer = Some(start.clone());
                true
            }
        });
        Self { folder, starts, is_in_parts: true, missing: Vec::new() }
    }

    /// Notes which files of lists that are parts of this archive are not there. All others are listed with its folder.
    pub(super) fn add_missing(&mut self, lists: &[&FileList]) {
        for list in lists {
            let Some(root) = &list.root else { continue };
            let missing = list.paths.iter().filter(|path| is_missing(path));
            self.missing.extend(missing.filter_map(|path| path.strip_prefix(root).ok()).map(Path::to_owned));
        }
        self.missing.sort_unstable();
        self.missing.dedup();
    }

    fn glob(pattern: &str) -> Result<Self, ArchiveError> {
        let paths = glob::glob(pattern)
            .map_err(|error| ArchiveError::Glob { name: pattern.to_owned(), reason: error.to_string() })?;
        // An unreadable parent folder hides its content: keep its path, so that listing it reports the fault.
        let starts: Vec<PathBuf> =
            paths.map(|entry| entry.unwrap_or_else(|error| error.path().to_owned())).collect();
        if starts.is_empty() {
            return Err(ArchiveError::NoMatch { name: pattern.to_owned() });
        }
        let literal = &pattern[..pattern.find(['*', '?', '[']).unwrap_or(pattern.len())];
        let folder = literal.rfind(std::path::is_separator).map_or("", |slash| &pattern[..=slash]);
        Ok(Self::of_folder(PathBuf::from(folder), starts))
    }

    /// Size of an object as stored.
    pub(super) fn size(&self, object: &LogObject) -> io::Result<u64> {
        Ok(self.folder.join(real_path(object)).metadata()?.len())
    }

    /// Reads a whole object.
    pub(super) fn read(&self, object: &LogObject, buffer: &mut Vec<u8>) -> io::Result<()> {
        let (file, size) = self.open_file(object, buffer)?;
        read_whole(file, size, buffer)
    }

    /// Reads a whole object, or opens it if it is large.
    pub(super) fn open_or_read(&self, object: &LogObject, buffer: &mut Vec<u8>) -> io::Result<Option<File>> {
        let (file, size) = self.open_file(object, buffer)?;
        if size > LARGE {
            buffer.clear();
            return Ok(Some(file));
        }
        read_whole(file, size, buffer).map(|()| None)
    }

    fn open_file(&self, object: &LogObject, buffer: &mut Vec<u8>) -> io::Result<(File, u64)> {
        let (file, metadata) =
            file::open(&self.folder.join(real_path(object))).inspect_err(|_| buffer.clear())?;
        let size = metadata.len();
        match object.kept {
            Location::File { planned } if size < planned => {
                buffer.clear();
                Err(io::Error::other(format!(
                    "it had {planned} bytes when the plan was made, and has {size}"
                )))
            }
            _ => Ok((file, size)),
        }
    }
}

/// Whether there is no such file or folder. A link that leads nowhere is one.
fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err()
}

/// Reads a file whose reported size is this.
fn read_whole(mut file: File, size: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    let length = read_at_once(&mut file, size, buffer);
    buffer.truncate(length);
    if length > 0 && length as u64 == size {
        return Ok(());
    }
    // The size was wrong, or there was an error, which recurs here.
    file.read_to_end(buffer).map(|_| ())
}

/// The object's real path below its root.
fn real_path(object: &LogObject) -> &Path {
    match &object.kept {
        Location::OddFile(path) => path,
        Location::File { .. } | Location::Remote { .. } => Path::new(&*object.path),
    }
}

/// Reads a file of the expected size with one call, overwriting the buffer; returns the number of bytes read. If they
/// are as many as expected, one byte of room has shown that there are no more.
fn read_at_once(file: &mut File, expected: u64, buffer: &mut Vec<u8>) -> usize {
    if expected > LARGEST_AT_ONCE {
        return 0;
    }
    let room = expected as usize + 1;
    if buffer.len() < room {
        buffer.reserve_exact(room - buffer.len());
        buffer.resize(room, 0);
    }
    file.read(&mut buffer[..room]).unwrap_or(0)
}

/// Larger files need several calls anyway.
const LARGEST_AT_ONCE: u64 = 64 << 20;
