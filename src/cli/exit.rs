//! Exit statuses, and errors as people see them: what and which, why, and what to do next.

use std::io::{self, Write};
use std::process::ExitCode;

use firstseen::report::for_terminal;
use firstseen::scan::ScanError;
use firstseen::source::{ArchiveError, S3ProblemKind};
use firstseen::store::{MergeError, StoreError};

/// How a command ended that gave an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunStatus {
    /// Everything was read.
    Complete,
    /// Some input could not be read.
    WithFaults,
}

/// A usage error that only shows once the flags are taken together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// A hint that goes with an error, as its outermost context.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hint(pub(crate) &'static str);

/// A hint that holds what was given, such as a command to run; as [`Hint`].
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

/// Why archives could not be read, and what to do about it.
pub(crate) fn scan_error(error: ScanError) -> anyhow::Error {
    let hint = match &error {
        ScanError::Archive(ArchiveError::Open { source, .. })
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            "look who may read it (ls -ld), also every folder above it, and run this as somebody who may"
        }
        ScanError::Archive(ArchiveError::Open { .. } | ArchiveError::NoMatch { .. }) => {
            "name a folder that holds AWSLogs/ or EKSLogs/, a single log file, or a quoted glob"
        }
        ScanError::Archive(ArchiveError::S3 { problem, .. }) => s3_hint(problem.kind),
        ScanError::Archive(ArchiveError::Mirror { .. }) => {
            "--mirror takes a folder that you may write to and that no other run uses; it is made if it is not there"
        }
        ScanError::Archive(ArchiveError::Interrupted) => "run it again",
        ScanError::Archive(_) => "point at the folder that holds AWSLogs/ or EKSLogs/",
        ScanError::Threads(_) => "try --threads 1",
        ScanError::Stopped => {
            "run it again; --read-from and --read-to shorten a run, and what a mirror keeps is not fetched again"
        }
    };
    anyhow::Error::new(error).context(Hint(hint))
}

/// What to do about a bucket that cannot be read.
const fn s3_hint(kind: S3ProblemKind) -> &'static str {
    match kind {
        S3ProblemKind::Name => "write s3://bucket or s3://bucket/prefix",
        S3ProblemKind::NotBuilt => "build it with the default features, or copy the bucket: aws s3 sync",
        S3ProblemKind::NoCredentials => {
            "give --profile NAME (log in before with aws sso login --profile NAME, if it uses SSO), or set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY; --no-sign-request reads a public bucket"
        }
        S3ProblemKind::Profile => {
            "look for that name in the AWS configuration (~/.aws/config, ~/.aws/credentials), and whether it has credentials; \
             if it uses SSO: aws sso login --profile NAME"
        }
        S3ProblemKind::WrongCredentials => {
            "check which credentials are in use (aws sts get-caller-identity), and that they belong to this partition or \
             store"
        }
        S3ProblemKind::Expired => "get new credentials (aws sso login, or a new session), and run it again",
        S3ProblemKind::Role => {
            "check --role-arn and --external-id with the owner of the role: its trust policy must name your principal and, \
             if it asks for one, that very external id"
        }
        S3ProblemKind::AccessDenied => {
            "the identity needs s3:ListBucket on the bucket and s3:GetObject on its objects (kms:Decrypt if they are \
             encrypted with a key); if only a prefix may be listed, name that prefix; if the requester pays: --request-payer"
        }
        S3ProblemKind::NoBucket => "check the name of the bucket, and --endpoint-url if it is not in AWS",
        S3ProblemKind::Region => "give the Region of the bucket: --aws-region",
        S3ProblemKind::Empty => "a prefix is a folder, to its last letter: look with aws s3 ls",
        S3ProblemKind::Clock => "set the clock of this machine: signatures are only good for minutes",
        S3ProblemKind::Unreachable => {
            "check the network, the Region (--aws-region, AWS_REGION, the profile: the host of a Region that does not exist has no \
             address), the proxy (HTTPS_PROXY, NO_PROXY), --endpoint-url and AWS_ENDPOINT_URL_STS, and http:// or https:// there"
        }
        S3ProblemKind::Certificate => {
            "name the certificate of whoever signed it with AWS_CA_BUNDLE=FILE, if you trust a proxy or a store of your own; \
             else somebody is in between"
        }
        S3ProblemKind::Setting => "correct that setting",
        S3ProblemKind::Other => "look up what S3 said; the same with aws s3 ls tells whether it is us",
    }
}

/// Why a baseline cannot be read or written, and what to do about it.
pub(crate) fn store_error(error: StoreError) -> anyhow::Error {
    let hint = match &error {
        StoreError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            "look who may read and write it (ls -ld), also every folder above it, and run this as somebody who may"
        }
        StoreError::Io { what: "read", .. } => {
            "a baseline is a folder with all of its tables, made by firstseen index ARCHIVE -o NAME.baseline"
        }
        StoreError::Io { .. } => "look whether there is room, and whether you may write there",
        StoreError::Foreign { .. } => {
            "name a folder that firstseen index made, or for output one that is not there"
        }
        StoreError::NoFolder { .. } => "make it, or name an output in a folder that exists",
        StoreError::Damaged { .. } => "take it from a copy, or make it anew with firstseen index",
        StoreError::Version { .. } => "make it anew with firstseen index, or use the version that made it",
        StoreError::Busy { .. } => "wait for the other run, or name another output",
    };
    anyhow::Error::new(error).context(Hint(hint))
}

/// Why baselines do not merge, and what to do about it.
pub(crate) fn merge_error(error: MergeError) -> anyhow::Error {
    let hint = match &error {
        MergeError::Settings(_) => "index all shards with the same flags",
        MergeError::Overlap(_) => {
            "index both archives into one baseline: firstseen index A B -o NAME.baseline"
        }
        MergeError::Damaged => "take it from a copy, or make it anew with firstseen index",
    };
    anyhow::Error::new(error).context(Hint(hint))
}

/// The exit status of a result; an error is printed first.
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
        // If stderr is gone there is nobody left to tell.
        let _ = writeln!(stderr, "{label}: {}", for_terminal(&cause.to_string()));
    }
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "hint: {}", for_terminal(hint));
    }
    ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
}

/// Whether the reader of our output went away, as `head` does: no error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
