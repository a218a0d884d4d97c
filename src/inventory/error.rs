//! Errors in IAM inventory files.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no inventory.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// A file or folder given by the user cannot be opened.
    #[error("cannot read '{path}'")]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file given by the user cannot be used.
    #[error("'{path}' {flaw}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        flaw: FileProblem,
    },
    /// No file in a folder given by the user can be used.
    #[error("no file in '{path}' tells what IAM knows; {}", passed_over_words(*.passed_over))]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// Number of files in it.
        passed_over: usize,
    },
}

fn passed_over_words(number: usize) -> String {
    match number {
        0 => "it is empty".to_owned(),
        1 => "it holds one that does not".to_owned(),
        number => format!("it holds {number} that do not"),
    }
}

/// Why a file cannot be used, phrased to follow its name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileProblem {
    /// It is not an IAM answer.
    #[error("tells nothing of IAM: {0}")]
    Foreign(&'static str),
    /// It has an unsupported form.
    #[error("is {0}")]
    Form(&'static str),
    /// It is truncated, damaged or malformed.
    #[error("cannot be read to its end: {0}")]
    Broken(String),
    /// It exceeds the size limit.
    #[error("holds more than {0} MiB")]
    TooLarge(u64),
    /// It has more values than any account.
    #[error("holds more than {0} values")]
    TooMany(usize),
    /// It is neither a file nor a folder.
    #[error("is neither a file nor a folder")]
    NotAFile,
    /// The system cannot open it.
    #[error("cannot be opened: {0}")]
    Refused(String),
}

impl FileProblem {
    /// Whether IAM data may have been lost, so the inventory is incomplete.
    pub const fn is_loss(&self) -> bool {
        match self {
            Self::Foreign(_) | Self::NotAFile => false,
            Self::Form(_) | Self::Broken(_) | Self::TooLarge(_) | Self::TooMany(_) | Self::Refused(_) => true,
        }
    }
}
