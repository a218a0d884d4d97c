//! Why a baseline cannot be read, written or merged.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use thiserror::Error;

/// Why a baseline cannot be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A system error.
    #[error("cannot {what} '{path}'")]
    Io {
        /// The attempted operation, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system error.
        source: io::Error,
    },
    /// Something else is at that path.
    #[error("'{path}' is not a baseline: {reason}")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Why it is not a baseline.
        reason: String,
    },
    /// A baseline whose content differs from what was saved.
    #[error("the baseline is damaged: '{path}': {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A baseline of another version of this program.
    #[error("the baseline '{path}' has format version {found}; this program knows version {known}")]
    Version {
        /// The folder.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The supported version.
        known: u32,
    },
    /// The parent folder does not exist.
    #[error("there is no folder '{path}'")]
    NoFolder {
        /// The missing folder.
        path: PathBuf,
    },
    /// Another process is writing to the same place.
    #[error("another run is writing to '{path}'")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
}

impl StoreError {
    /// Makes an error from a system error for a path.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// Why two baselines do not merge.
#[derive(Debug, Error)]
pub enum MergeError {
    /// They were learnt with different settings.
    #[error("the baselines were learnt with different settings: {0}")]
    Settings(String),
    /// The same object is in both.
    #[error("object '{0}' is in two of the baselines")]
    Overlap(String),
    /// The catalog of one does not match its baseline.
    #[error("the baseline is damaged: its records do not fit its behaviours")]
    Damaged,
    /// The records of one cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a table.
#[derive(Debug)]
pub(super) struct TableError(pub(super) String);

impl From<ParquetError> for TableError {
    fn from(error: ParquetError) -> Self {
        Self(error.to_string())
    }
}

impl From<&str> for TableError {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl TableError {
    /// A value that is not a text, or not a number in range.
    pub(super) fn value(column: &str) -> Self {
        Self(format!("column '{column}' holds an invalid value"))
    }
}
