//! Exit statuses, and errors as users see them: what failed, why, and what to do next.

use std::io::{self, Write};
use std::process::ExitCode;

use firstseen::report::for_terminal;
use firstseen::scan::ScanError;
use firstseen::source::{ArchiveError, S3ProblemKind};
use firstseen::store::{MergeError, StoreError};

/// The result of a command that gave an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunStatus {
    /// Everything was read.
    Complete,
    /// Some input could not be read.
    WithFaults,
}

/// A usage error in a combination of flags.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// A hint for an error, as its outermost context.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hint(pub(crate) &'static str);

/// A [`Hint`] that contains input values, such as a command to run.
#[derive(Clone, Debug)]
pub(crate) struct OwnedHint(pub(crate) String);

impl std::fmt::Display for OwnedHint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Adds a hint to an error of reading archives.
pub(crate) fn scan_error(error: ScanError) -> anyhow::Error {
    let hint = Hint(scan_hint(&error));
    anyhow::Error::new(error).context(hint)
}

/// The hint for an error of reading archives.
pub(crate) fn scan_hint(error: &ScanError) -> &'static str {
    match error {
        ScanError::Archive(error) => archive_hint(error),
        ScanError::Threads(_) => "try --threads 1",
        ScanError::Stopped => {
            "run it again; --read-from and --read-to shorten a run, and objects in a mirror are not fetched again"
        }
    }
}

/// The hint for an archive that cannot be used.
pub(crate) fn archive_hint(error: &ArchiveError) -> &'static str {
    match error {
        ArchiveError::Open { source, .. } | ArchiveError::List { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            "check its permissions and those of every folder above it (ls -ld), and run this as a user who may read it"
        }
        ArchiveError::Open { .. } | ArchiveError::NoMatch { .. } => {
            "name a folder that contains AWSLogs/ or EKSLogs/, a single log file, or a quoted glob"
        }
        ArchiveError::S3 { problem, .. } => s3_hint(problem.kind),
        ArchiveError::Mirror { .. } => {
            "--mirror takes a folder that you can write to and that no other run uses; it is created if it does not exist"
        }
        ArchiveError::NoObjects { .. } => {
            "check the path, and that the copy has finished; name the folder that contains AWSLogs/ or EKSLogs/"
        }
        ArchiveError::Interrupted => "run it again",
        _ => "name the folder that contains AWSLogs/ or EKSLogs/",
    }
}

/// The hint for a bucket that cannot be read.
const fn s3_hint(kind: S3ProblemKind) -> &'static str {
    match kind {
        S3ProblemKind::Name => "write s3://bucket or s3://bucket/prefix",
        S3ProblemKind::NotBuilt => {
            "build firstseen with the default features, or copy the bucket: aws s3 sync"
        }
        S3ProblemKind::NoCredentials => {
            "give --profile NAME (if it uses SSO, first run aws sso login --profile NAME), or set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY; --no-sign-request reads a public bucket"
        }
        S3ProblemKind::Profile => {
            "check that the AWS configuration (~/.aws/config, ~/.aws/credentials) has this profile, with credentials; \
             if it uses SSO, run aws sso login --profile NAME"
        }
        S3ProblemKind::Program => {
            "run the credential_process of this profile by itself: what it says is not shown here, since it may be secret"
        }
        S3ProblemKind::WrongCredentials => {
            "check which credentials are in use (aws sts get-caller-identity), and that they belong to this partition or \
             store"
        }
        S3ProblemKind::Expired => "get new credentials (aws sso login, or a new session), and run it again",
        S3ProblemKind::Role => {
            "check --role-arn and --external-id with the owner of the role: its trust policy must name your principal and, \
             if it requires an external id, exactly this one"
        }
        S3ProblemKind::AccessDenied => {
            "the identity needs s3:ListBucket on the bucket and s3:GetObject on its objects (kms:Decrypt if they are \
             encrypted with a KMS key); if only a prefix may be listed, name that prefix; if the requester pays, use --request-payer"
        }
        S3ProblemKind::NoBucket => "check the name of the bucket, and --endpoint-url if it is not in AWS",
        S3ProblemKind::Region => "give the Region of the bucket with --aws-region",
        S3ProblemKind::Empty => "a prefix must be the full name of a folder: check with aws s3 ls",
        S3ProblemKind::Clock => "set the clock of this machine: signatures are valid only for minutes",
        S3ProblemKind::Unreachable => {
            "check the network, the Region (--aws-region, AWS_REGION, the profile: the host of a Region that does not exist has no \
             address), the proxy (HTTPS_PROXY, NO_PROXY), and --endpoint-url and AWS_ENDPOINT_URL_STS (also http:// or https://)"
        }
        S3ProblemKind::Busy => {
            "the store is overloaded, or fails for now: run it again later; --concurrency 8 makes fewer requests at once, if your own \
             runs are too many for it"
        }
        S3ProblemKind::Certificate => {
            "if you use your own proxy or store, set AWS_CA_BUNDLE=FILE to the certificate of its CA; otherwise something may be \
             intercepting the connection"
        }
        S3ProblemKind::Setting => "correct that setting",
        S3ProblemKind::Other => {
            "look up the error from S3; aws s3 ls shows whether the problem is in firstseen"
        }
    }
}

/// Adds a hint to an error of reading or writing a baseline.
pub(crate) fn store_error(error: StoreError) -> anyhow::Error {
    let hint = match &error {
        StoreError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            "check its permissions and those of every folder above it (ls -ld), and run this as a user who may read and write it"
        }
        StoreError::Io { source, .. } if is_out_of_files(source) => {
            "this process may not open more files: raise that limit (ulimit -n), or merge in groups and then the results"
        }
        StoreError::Io { what: "read", .. } => {
            "a baseline is a folder with all of its tables, made by firstseen index ARCHIVE -o NAME.baseline"
        }
        StoreError::Io { .. } => "check the free space, and whether you may write there",
        StoreError::Foreign { .. } => "name a baseline made by firstseen index or, for output, a new folder",
        StoreError::NoFolder { .. } => "create it, or name an output in an existing folder",
        StoreError::Damaged { .. } => "restore it from a copy, or make it again with firstseen index",
        StoreError::Version { .. } => {
            "make it again with firstseen index, under a new name, or use the version that made it"
        }
        StoreError::Busy { .. } => "wait for the other run, or name another output",
    };
    anyhow::Error::new(error).context(Hint(hint))
}

/// Whether a process may not open another file: `EMFILE` and `ENFILE`, which have these numbers on all Unix systems.
fn is_out_of_files(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

/// What to do about two baselines with the same object.
pub(crate) const OVERLAP: &str = "leave out one of them, if it is a copy, was merged from the other or made of the same logs; else index the archives into one \
     baseline: firstseen index A B -o NAME.baseline";

/// Adds a hint to an error of merging baselines.
pub(crate) fn merge_error(error: MergeError) -> anyhow::Error {
    let hint = match error {
        MergeError::Store(error) => return store_error(error),
        MergeError::Settings(_) => "index all shards with the same flags",
        MergeError::Overlap(_) => OVERLAP,
        MergeError::Damaged => "restore it from a copy, or make it again with firstseen index",
    };
    anyhow::Error::new(error).context(Hint(hint))
}

/// Prints the error, if any, and returns the exit status.
pub(crate) fn code(result: anyhow::Result<RunStatus>) -> ExitCode {
    let error = match result {
        Ok(RunStatus::Complete) => return ExitCode::SUCCESS,
        Ok(RunStatus::WithFaults) => return ExitCode::from(3),
        Err(error) => error,
    };
    if is_closed_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    let mut stderr = io::stderr().lock();
    let hint = error.downcast_ref::<Hint>().map(|Hint(hint)| *hint);
    let hint = hint.or_else(|| error.downcast_ref::<OwnedHint>().map(|OwnedHint(hint)| hint.as_str()));
    let causes = error.chain().skip(usize::from(hint.is_some()));
    for (depth, cause) in causes.enumerate() {
        let label = if depth == 0 { "error" } else { "caused by" };
        // If stderr is closed, the error cannot be reported.
        let _ = writeln!(stderr, "{label}: {}", for_terminal(&cause.to_string()));
    }
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "hint: {}", for_terminal(hint));
    }
    ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
}

/// Whether the reader closed the pipe, as `head` does. That is not an error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
