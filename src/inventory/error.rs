//! Why a file tells nothing of IAM.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no inventory.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// A file or folder that was named cannot be opened.
    #[error("cannot read '{path}'")]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that was named cannot be used.
    #[error("'{path}' {flaw}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        flaw: FileProblem,
    },
    /// No file in a folder that was named can be used.
    #[error("no file in '{path}' tells what IAM knows; {}", passed_over_words(*.passed_over))]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// Number of its files.
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

/// Why a file cannot be used, as the rest of a sentence that begins with its name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileProblem {
    /// Something else than an answer of IAM.
    #[error("tells nothing of IAM: {0}")]
    Foreign(&'static str),
    /// An answer of IAM in a form that is not read.
    #[error("is {0}")]
    Form(&'static str),
    /// It is cut, damaged or malformed.
    #[error("cannot be read to its end: {0}")]
    Broken(String),
    /// It is larger than what is read.
    #[error("holds more than {0} MiB")]
    TooLarge(u64),
    /// It has more values than anybody's account.
    #[error("holds more than {0} values")]
    TooMany(usize),
    /// Neither a file nor a folder.
    #[error("is neither a file nor a folder")]
    NotAFile,
    /// The system refused.
    #[error("cannot be opened: {0}")]
    Refused(String),
}

impl FileProblem {
    /// Whether something that may tell of IAM was lost, so that the answer is one without it.
    pub const fn is_loss(&self) -> bool {
        match self {
            Self::Foreign(_) | Self::NotAFile => false,
            Self::Form(_) | Self::Broken(_) | Self::TooLarge(_) | Self::TooMany(_) | Self::Refused(_) => true,
        }
    }
}
