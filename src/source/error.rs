//! Errors of archives and objects, with clear descriptions.

use std::fmt;
use std::io;

use thiserror::Error;

use crate::coverage::{Fault, FaultKind, Position};

/// An archive that cannot be used at all.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// No such file or folder.
    #[error("archive '{name}' cannot be opened")]
    Open {
        /// As it was given.
        name: String,
        /// The system error.
        source: io::Error,
    },
    /// The folder exists but cannot be listed.
    #[error("the folder '{name}' cannot be listed")]
    List {
        /// As it was given.
        name: String,
        /// The system error.
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
    /// The pattern is valid but matches nothing.
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
    /// The local mirror folder.
    #[error("the mirror '{folder}' cannot be used")]
    Mirror {
        /// As it was given.
        folder: String,
        /// The system error.
        source: io::Error,
    },
    /// [`S3Settings::interrupted`](super::S3Settings::interrupted) returned true.
    #[error("interrupted before the archive was opened; there is no result")]
    Interrupted,
    /// All archives together hold no file.
    #[error("there are no files in {names}")]
    NoObjects {
        /// As they were given, each in quotes.
        names: String,
    },
}

impl ArchiveError {
    /// The same error of an archive on disk, with its name in messages.
    pub(super) fn called(mut self, described: String) -> Self {
        if let Self::Open { name, .. }
        | Self::List { name, .. }
        | Self::Glob { name, .. }
        | Self::NoMatch { name } = &mut self
        {
            *name = described;
        }
        self
    }

    /// Whether other archives can be read without this one.
    pub const fn is_of_one_archive(&self) -> bool {
        !matches!(self, Self::Interrupted | Self::Mirror { .. })
    }

    /// The error with its cause, in words.
    pub fn in_full(&self) -> String {
        let cause = std::error::Error::source(self).map(|cause| format!(": {cause}"));
        format!("{self}{}", cause.unwrap_or_default())
    }

    /// The fault of a run that goes on without the archive of this number.
    pub(super) fn fault(&self, archive: u32) -> Fault {
        let detail = format!("{}{NOTHING_WAS_READ}", self.in_full());
        Fault { archive, object: String::new(), position: Position::Whole, kind: FaultKind::List, detail }
    }
}

/// How the detail of the fault of an archive ends that could not be opened.
const NOTHING_WAS_READ: &str = "; nothing of it was read";

/// Whether a fault is that an archive could not be opened, and not that a folder could not be listed.
pub fn is_of_missing_archive(fault: &Fault) -> bool {
    fault.kind == FaultKind::List && fault.object.is_empty() && fault.detail.ends_with(NOTHING_WAS_READ)
}

impl From<&ArchiveError> for ReadError {
    fn from(error: &ArchiveError) -> Self {
        Self { kind: FaultKind::Read, detail: error.in_full() }
    }
}

/// Why a bucket cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Problem {
    /// The kind of problem, which decides what to do about it.
    pub kind: S3ProblemKind,
    /// The reason in words, with the response of S3. Never contains a secret.
    pub detail: String,
}

/// The kind of a problem with a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3ProblemKind {
    /// The name is not `s3://bucket/prefix`.
    Name,
    /// This build lacks S3 support.
    NotBuilt,
    /// No credentials were found.
    NoCredentials,
    /// The profile does not exist, or has no credentials.
    Profile,
    /// The `credential_process` of a profile failed.
    Program,
    /// The credentials are wrong, or for another partition or store.
    WrongCredentials,
    /// The credentials have expired.
    Expired,
    /// A role could not be assumed.
    Role,
    /// The credentials are valid but may not list the bucket.
    AccessDenied,
    /// The bucket does not exist.
    NoBucket,
    /// The bucket is in another Region, and S3 did not say in which.
    Region,
    /// No object has a key with this prefix.
    Empty,
    /// The clock of this machine is too far off.
    Clock,
    /// The host does not respond.
    Unreachable,
    /// The store asks for fewer requests, or fails for now.
    Busy,
    /// The host has a certificate that is not trusted.
    Certificate,
    /// A setting that the SDK rejects.
    Setting,
    /// Anything else.
    Other,
}

impl fmt::Display for S3Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// Why an object could not be read, or not completely.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct ReadError {
    /// The kind of fault.
    pub kind: FaultKind,
    /// The reason in words.
    pub detail: String,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self { kind: FaultKind::Read, detail: error.to_string() }
    }
}
