//! Where a run keeps what does not fit into memory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::output::stream;

/// The folder of temporary files.
pub(crate) struct TemporaryFolder {
    path: PathBuf,
    /// Whether it is that of the output.
    is_of_output: bool,
}

impl TemporaryFolder {
    /// That of the output, which has room for many events, if it is a file.
    pub(crate) fn of(output: Option<&Path>) -> Self {
        let file = output.filter(|path| stream(path).is_none() && !path.starts_with("/dev"));
        let folder = file
            .and_then(Path::parent)
            .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        match folder.filter(|folder| folder.is_dir()) {
            Some(folder) => Self { path: folder.to_owned(), is_of_output: true },
            None => Self { path: std::env::temp_dir(), is_of_output: false },
        }
    }

    /// A new file, which has no name and ends with the run.
    ///
    /// # Errors
    /// If it cannot be made there.
    pub(crate) fn file(&self) -> io::Result<File> {
        tempfile::tempfile_in(&self.path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is that of the output.
    pub(crate) fn is_of_output(&self) -> bool {
        self.is_of_output
    }
}
