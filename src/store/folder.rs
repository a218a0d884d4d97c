//! The place of a baseline: one run at a time writes to it, and its content is replaced as a whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::beside::hidden_path;
use super::writing::write_tables;
use super::{BaselineContents, Records, Saved, StoreError, is_baseline};
use crate::table::ROWS_PER_GROUP;

/// A place for a baseline, locked by this process until it is dropped.
#[derive(Debug)]
pub struct BaselineFolder {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl BaselineFolder {
    /// Locks a place that is free or holds a baseline.
    ///
    /// # Errors
    /// If something else is there, the parent folder does not exist, or another process has locked it.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        let path = real_place(path)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
            return Err(StoreError::NoFolder { path: parent.to_owned() });
        }
        let lock = lock(&path)?;
        let place = Self { path, lock_path: lock.0, _lock: lock.1 };
        place.restore()?;
        let path = &place.path;
        let occupied = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(StoreError::io("read", path)(error));
            }
            Err(_) => path.exists(),
        };
        if occupied && !is_baseline(path) {
            let reason = "it is there and holds something else".to_owned();
            return Err(StoreError::Foreign { path: path.clone(), reason });
        }
        // What cannot be created now could not be created after hours of reading, either.
        place.begin()?;
        Ok(place)
    }

    /// Restores an old baseline that a killed run had moved away, see [`exchange`].
    fn restore(&self) -> Result<(), StoreError> {
        let old = hidden_path(&self.path, "old");
        if !self.path.exists() && is_baseline(&old) {
            return fs::rename(&old, &self.path).map_err(StoreError::io("restore", &self.path));
        }
        Ok(())
    }

    /// Creates an empty folder for the tables.
    fn begin(&self) -> Result<PathBuf, StoreError> {
        let partial = hidden_path(&self.path, "partial");
        // Left by a killed run.
        remove(&partial)?;
        fs::create_dir(&partial).map_err(StoreError::io("make", &partial))?;
        Ok(partial)
    }

    /// The existing baseline, if any.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn open(&self) -> Result<Option<Saved>, StoreError> {
        if is_baseline(&self.path) { Saved::open(&self.path).map(Some) } else { Ok(None) }
    }

    /// Saves a baseline in the place. At any moment either the old one or the new one is there. Returns its records, as they are now on
    /// disk.
    ///
    /// # Errors
    /// If it cannot be written; then the old one is still there.
    pub fn save(&self, stored: &BaselineContents) -> Result<Records, StoreError> {
        let partial = self.begin()?;
        let records = write_tables(stored, &partial, ROWS_PER_GROUP)?;
        sync(&partial)?;
        exchange(&partial, &self.path)?;
        if let Some(parent) = self.path.parent() {
            sync(parent)?;
        }
        remove(&partial)?;
        Ok(records.into())
    }
}

impl Drop for BaselineFolder {
    fn drop(&mut self) {
        // Leftovers are harmless: the next run removes them.
        let _ = remove(&hidden_path(&self.path, "partial"));
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// The place that a path resolves to: links are followed, and dangling ones are refused.
fn real_place(path: &Path) -> Result<PathBuf, StoreError> {
    match path.canonicalize() {
        Ok(real) => Ok(real),
        Err(_) if path.is_symlink() => {
            let reason = "it is a link that leads nowhere".to_owned();
            Err(StoreError::Foreign { path: path.to_owned(), reason })
        }
        Err(_) => std::path::absolute(path).map_err(StoreError::io("find", path)),
    }
}

/// Locks a place.
fn lock(path: &Path) -> Result<(PathBuf, File), StoreError> {
    let lock_path = hidden_path(path, "lock");
    loop {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // A link with this name is not ours.
            options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        }
        let file = options.open(&lock_path).map_err(StoreError::io("write", &lock_path))?;
        match file.try_lock() {
            Ok(()) if is_still_there(&file, &lock_path) => return Ok((lock_path, file)),
            // Another run ended and removed its lock between the two steps.
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Busy { path: path.to_owned() }),
            Err(fs::TryLockError::Error(source)) => {
                return Err(StoreError::Io { what: "lock", path: lock_path, source });
            }
        }
    }
}

/// Whether a file still has its name.
#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(own), Ok(named)) => (own.dev(), own.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_file: &File, _path: &Path) -> bool {
    true
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Exchanges two folders: `new` is then at `place`, and the old one where `new` was.
fn exchange(new: &Path, place: &Path) -> Result<(), StoreError> {
    if !place.exists() {
        return fs::rename(new, place).map_err(StoreError::io("put the baseline into", place));
    }
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, place, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    replace(new, place)
}

/// The same in two steps, for systems and file systems that cannot exchange two folders. Between them the place is
/// empty; opening it says where the old one is, and the next run restores it.
fn replace(new: &Path, place: &Path) -> Result<(), StoreError> {
    let cannot = || StoreError::io("put the baseline into", place);
    let old = hidden_path(place, "old");
    remove(&old)?;
    fs::rename(place, &old).map_err(cannot())?;
    fs::rename(new, place).map_err(cannot())?;
    remove(&old)
}

#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", folder))
}

#[cfg(not(unix))]
fn sync(_folder: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_without_an_exchange_leaves_only_the_new_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (new, place) = (folder.path().join("new"), folder.path().join("case.baseline"));
        for (path, text) in [(&place, "old"), (&new, "new")] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("manifest.json"), text).unwrap();
        }
        // Left behind by a run that was killed after its second step.
        fs::create_dir(folder.path().join(".firstseen-case.baseline.old")).unwrap();
        replace(&new, &place).unwrap();
        assert_eq!(fs::read_to_string(place.join("manifest.json")).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
