//! Many files that appear under their names only once all of them are complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::signals;

/// A temporary folder in the folder of an output. It is removed with what is in it, unless that is moved into place.
pub(crate) struct PartialFolder {
    temporary: TempDir,
    into: PathBuf,
}

impl PartialFolder {
    /// A new one in this folder.
    ///
    /// # Errors
    /// If it cannot be made there.
    pub(crate) fn below(folder: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".firstseen-").suffix(".partial");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let temporary = builder.tempdir_in(folder)?;
        signals::remove_at_end(temporary.path());
        Ok(Self { temporary, into: folder.to_owned() })
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Moves what was written into place, in the order of the names.
    ///
    /// # Errors
    /// If something cannot be moved.
    pub(crate) fn finish(self) -> io::Result<()> {
        let entries = fs::read_dir(self.temporary.path())?.map(|entry| entry.map(|entry| entry.file_name()));
        let mut names = entries.collect::<io::Result<Vec<_>>>()?;
        names.sort();
        for name in names {
            fs::rename(self.temporary.path().join(&name), self.into.join(&name))?;
        }
        self.temporary.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_once_all_are_complete_or_not_at_all() {
        let folder = TempDir::new().unwrap();
        let names = || fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let failed = PartialFolder::below(folder.path()).unwrap();
        fs::write(failed.path().join("a.json"), "{").unwrap();
        drop(failed);
        assert_eq!(names().count(), 0);
        let whole = PartialFolder::below(folder.path()).unwrap();
        fs::create_dir(whole.path().join("asff")).unwrap();
        fs::write(whole.path().join("asff/a.json"), "{}").unwrap();
        assert!(!folder.path().join("asff").exists());
        whole.finish().unwrap();
        assert_eq!(names().collect::<Vec<_>>(), ["asff"]);
        assert!(folder.path().join("asff/a.json").exists());
    }
}
