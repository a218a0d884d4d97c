//! What goes wrong with archives and objects, in words that say what it was.

use std::fmt;
use std::io;

use thiserror::Error;

use crate::coverage::FaultKind;

/// An archive that cannot be used at all.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// No such file or folder.
    #[error("archive '{name}' cannot be opened")]
    Open {
        /// As it was given.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is there, and cannot be listed.
    #[error("the folder '{name}' cannot be listed")]
    List {
        /// As it was given.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The pattern is malformed.
    #[error("archive '{name}' is not a valid glob: {reason}")]
    Glob {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The pattern is fine and nothing has such a name.
    #[error("archive '{name}' matches no file or folder")]
    NoMatch {
        /// As it was given.
        name: String,
    },
    /// An archive in S3.
    #[error("archive '{name}' cannot be opened: {problem}")]
    S3 {
        /// As it was given.
        name: String,
        /// What is wrong.
        problem: S3Problem,
    },
    /// The local folder that objects are kept in.
    #[error("the mirror '{folder}' cannot be used")]
    Mirror {
        /// As it was given.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// [`S3Settings::interrupted`](super::S3Settings::interrupted) said so.
    #[error("interrupted before the archive was opened; there is no result")]
    Interrupted,
    /// All archives together hold no file.
    #[error("the given archives hold no files")]
    NoObjects,
}

/// Why nothing can be had from a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Problem {
    /// What kind of problem, for what to do about it.
    pub kind: S3ProblemKind,
    /// The reason in words, with what S3 said. Never holds a secret.
    pub detail: String,
}

/// What kind of problem there is with a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3ProblemKind {
    /// The name is not `s3://bucket/prefix`.
    Name,
    /// This build has no S3.
    NotBuilt,
    /// There are no credentials anywhere.
    NoCredentials,
    /// The profile is not there, or has no credentials.
    Profile,
    /// The credentials are wrong, or not those of this partition or store.
    WrongCredentials,
    /// The credentials were right once.
    Expired,
    /// A role could not be assumed.
    Role,
    /// The credentials are right and may not list the bucket.
    AccessDenied,
    /// There is no such bucket.
    NoBucket,
    /// The bucket is in another Region, and S3 did not say in which.
    Region,
    /// No object's key begins so.
    Empty,
    /// The clock of this machine is too far off.
    Clock,
    /// Nobody answers there.
    Unreachable,
    /// Somebody answers there with a certificate that is not trusted.
    Certificate,
    /// A setting that the SDK refuses.
    Setting,
    /// Anything else.
    Other,
}

impl fmt::Display for S3Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// Why an object could not be read, or not as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct ReadError {
    /// The fault that it is.
    pub kind: FaultKind,
    /// The reason in words.
    pub detail: String,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self { kind: FaultKind::Read, detail: error.to_string() }
    }
}
