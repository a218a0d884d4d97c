//! Errors in geolocation databases.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a geolocation database cannot be used.
#[derive(Debug, Error)]
pub enum GeoError {
    /// The file cannot be read.
    #[error("cannot read '{path}'")]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is larger than any such database.
    #[error("'{path}' is larger than {most} GiB, and so no geolocation database")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in GiB.
        most: u64,
    },
    /// The file is not in the MaxMind DB format.
    #[error("'{path}' is no MaxMind DB file: {reason}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A part of the file cannot be read.
    #[error("'{path}' is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The database is about something else.
    #[error("'{path}' ({kind}) has neither autonomous systems nor countries")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The type of the database, from its metadata.
        kind: String,
    },
}
