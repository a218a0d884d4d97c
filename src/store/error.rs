//! Why a baseline cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use thiserror::Error;

/// Why a baseline cannot be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The system refused.
    #[error("cannot {what} '{path}'")]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else is in that place.
    #[error("'{path}' is not a baseline: {reason}")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// A baseline that is not what was saved.
    #[error("the baseline is damaged: '{path}': {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// A baseline of another version of this program.
    #[error("the baseline '{path}' has format version {found}; this program knows version {known}")]
    Version {
        /// The folder.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The one known here.
        known: u32,
    },
    /// There is nothing to put it in.
    #[error("there is no folder '{path}'")]
    NoFolder {
        /// The folder that is missing.
        path: PathBuf,
    },
    /// Another process writes to the same place.
    #[error("another run is writing to '{path}'")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
}

impl StoreError {
    /// Makes an error of what the system said about a path.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// What is wrong with a table.
#[derive(Debug)]
pub(super) struct Flaw(pub(super) String);

impl From<ParquetError> for Flaw {
    fn from(error: ParquetError) -> Self {
        Self(error.to_string())
    }
}

impl From<&str> for Flaw {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl Flaw {
    /// Something that is no text, or no number in its range.
    pub(super) fn value(column: &str) -> Self {
        Self(format!("column '{column}' holds an invalid value"))
    }
}
