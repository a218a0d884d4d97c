//! `firstseen plan --check`: whether archives can be listed and read.

use firstseen::coverage::FaultKind;
use firstseen::report::{Access, AccessProblem, AccessRow};
use firstseen::scan::ScanError;
use firstseen::source::{
    AccessKey, ArchiveError, GivenArchive, MissingAccess, Permission, Probe, ProbeError, ReadError, S3Access,
    S3Settings, is_s3, probe,
};

use super::exit::scan_hint;

/// Checks archives, one after another.
pub(crate) fn check(given: &[GivenArchive], settings: &S3Settings) -> Vec<AccessRow> {
    let access = |archive: &'_ GivenArchive| {
        let access = archive.access.as_ref().unwrap_or(&settings.access);
        is_s3(&archive.location).then(|| access.clone())
    };
    probe(given, settings).into_iter().zip(given.iter().map(access)).map(row).collect()
}

/// Who asks for the objects of a bucket.
pub(crate) fn requester(access: &S3Access, access_key: Option<AccessKey>) -> Access {
    let (access_key, account) = access_key.map_or((None, None), |key| (Some(key.id), key.account));
    Access { credentials: origin(access), access_key, account }
}

/// Where credentials come from, in words.
fn origin(access: &S3Access) -> String {
    let first = match &access.profile {
        _ if access.anonymous => return "none (--no-sign-request)".to_owned(),
        Some(profile) => format!("profile '{profile}'"),
        None => "the default chain (environment, profile, container, instance)".to_owned(),
    };
    access.roles.iter().fold(first, |origin, role| format!("{origin}, then role {}", role.arn))
}

fn row((probe, access): (Probe, Option<S3Access>)) -> AccessRow {
    let Probe { name, location, access_key, object } = probe;
    let identity = access.map(|access| requester(&access, access_key).to_string());
    let row = AccessRow {
        archive: name,
        location,
        identity,
        can_list: true,
        can_read: false,
        object: None,
        problem: None,
    };
    match object {
        Ok(object) => {
            let problem = object.error.map(of_object);
            let can_read = problem.is_none();
            AccessRow { can_read, object: Some(object.path.to_string()), problem, ..row }
        }
        Err(ProbeError::Archive(MissingAccess { error, permission })) => {
            let problem = of_archive(error, permission);
            AccessRow { can_list: false, problem: Some(problem), ..row }
        }
        Err(ProbeError::Folder(missing)) => {
            AccessRow { can_list: false, problem: Some(of_object(missing)), ..row }
        }
        Err(ProbeError::NoLog) => {
            AccessRow { problem: Some(problem("no log object was found", None, NO_LOG)), ..row }
        }
    }
}

/// Why an archive cannot be opened.
fn of_archive(error: ArchiveError, permission: Option<Permission>) -> AccessProblem {
    problem(&error.in_full(), permission, scan_hint(&ScanError::from(error)))
}

/// Why an object cannot be read, or a folder not listed.
fn of_object(MissingAccess { error, permission }: MissingAccess<ReadError>) -> AccessProblem {
    let ReadError { kind, detail } = error;
    problem(&format!("{}: {detail}", kind.name()), permission, advice(kind))
}

fn problem(error: &str, permission: Option<Permission>, advice: &str) -> AccessProblem {
    let (permission, resource) =
        permission.map_or((None, None), |of| (Some(of.action.to_owned()), of.resource));
    AccessProblem { error: error.to_owned(), permission, resource, advice: advice.to_owned() }
}

const NO_LOG: &str = "name the folder that contains AWSLogs/ or EKSLogs/, or a folder of log files below it";

/// What to do if an object cannot be read.
const fn advice(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::AccessDenied => {
            "allow it in a policy of the identity and, if the bucket is in another account, in the bucket's policy, too; objects that \
             another account owns are readable only with the bucket's Object Ownership set to bucket owner enforced"
        }
        FaultKind::KmsDenied => {
            "allow it in the policy of the KMS key and, if the key is in another account, in a policy of the identity, too"
        }
        FaultKind::List => {
            "allow listing of everything below the prefix, or name the prefix that may be listed"
        }
        FaultKind::ArchivedGlacier | FaultKind::ArchivedDeep | FaultKind::ArchivedTiering => {
            "restore the objects, or read a copy: an archived object is a fault, and the others are read"
        }
        FaultKind::Expired => "get new credentials (aws sso login, or a new session), and run it again",
        FaultKind::TooLarge => "raise --max-object-size, or leave it: such an object is a fault",
        _ => "try again; what cannot be read then is a fault, and the others are read",
    }
}
