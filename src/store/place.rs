//! The place of a baseline: one run writes to it at a time, and what is there is replaced as a whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::beside::beside;
use super::writing::write_tables;
use super::{Saved, StoreError, Stored, is_baseline};

/// A place for a baseline that this process alone writes to, until it is dropped.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl Place {
    /// Takes a place that is free or holds a baseline.
    ///
    /// # Errors
    /// If something else is there, if there is no folder to put it in, or if another process has taken it.
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
        // What cannot be made now could not be made after hours of reading, either.
        place.begin()?;
        Ok(place)
    }

    /// Puts an old baseline back that a killed run had moved away, see [`exchange`].
    fn restore(&self) -> Result<(), StoreError> {
        let old = beside(&self.path, "old");
        if !self.path.exists() && is_baseline(&old) {
            return fs::rename(&old, &self.path).map_err(StoreError::io("restore", &self.path));
        }
        Ok(())
    }

    /// Makes an empty folder for the tables.
    fn begin(&self) -> Result<PathBuf, StoreError> {
        let partial = beside(&self.path, "partial");
        // Left by a run that was killed.
        remove(&partial)?;
        fs::create_dir(&partial).map_err(StoreError::io("make", &partial))?;
        Ok(partial)
    }

    /// The baseline that is there.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn open(&self) -> Result<Option<Saved>, StoreError> {
        if is_baseline(&self.path) { Saved::open(&self.path).map(Some) } else { Ok(None) }
    }

    /// Puts a baseline into the place. At any moment there is the old one or the new one.
    ///
    /// # Errors
    /// If it cannot be written; the old one then is still there.
    pub fn save(&self, stored: &Stored) -> Result<(), StoreError> {
        let partial = self.begin()?;
        write_tables(stored, &partial)?;
        sync(&partial)?;
        exchange(&partial, &self.path)?;
        if let Some(parent) = self.path.parent() {
            sync(parent)?;
        }
        remove(&partial)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stays behind is no harm: the next run takes it away.
        let _ = remove(&beside(&self.path, "partial"));
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// The place that a path means: through links, and never a link to nothing.
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

/// Takes the lock of a place.
fn lock(path: &Path) -> Result<(PathBuf, File), StoreError> {
    let lock_path = beside(path, "lock");
    loop {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // A link in this place is none of ours.
            options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        }
        let file = options.open(&lock_path).map_err(StoreError::io("write", &lock_path))?;
        match file.try_lock() {
            Ok(()) if is_still_there(&file, &lock_path) => return Ok((lock_path, file)),
            // Another run ended and took its lock away between the two steps.
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

/// Puts a folder in the place of another, which then is where the first one was.
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

/// The same in two steps: not every system and file system can exchange two folders. Between them there is neither the
/// old one nor the new one in the place; opening it says where the old one is, and the next run puts it back.
fn replace(new: &Path, place: &Path) -> Result<(), StoreError> {
    let cannot = || StoreError::io("put the baseline into", place);
    let old = beside(place, "old");
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
    fn without_an_exchange_the_new_one_takes_the_place_and_nothing_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (new, place) = (folder.path().join("new"), folder.path().join("case.baseline"));
        for (path, text) in [(&place, "old"), (&new, "new")] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("manifest.json"), text).unwrap();
        }
        // Left by a run that was killed after its second step.
        fs::create_dir(folder.path().join(".firstseen-case.baseline.old")).unwrap();
        replace(&new, &place).unwrap();
        assert_eq!(fs::read_to_string(place.join("manifest.json")).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
