//! Probes archives before a run: whether each can be listed, and whether one of its objects can be read.

use super::{
    ArchiveError, ArchiveOpener, Archives, GivenArchive, LogObject, ReadError, ReadWindow, Root, S3Problem,
    S3ProblemKind, S3Settings, is_s3,
};
use crate::coverage::FaultKind;
use crate::model::Text;

/// What a probe of one archive found.
#[derive(Debug)]
pub struct Probe {
    /// The name of the archive.
    pub name: String,
    /// Where it is.
    pub location: String,
    /// Who asks, if it is in a bucket and credentials were found.
    pub identity: Option<String>,
    /// The log object that was tried, as far as the archive can be listed. Reading it may have failed.
    pub object: Result<ProbedObject, ProbeError>,
}

/// The newest log object that a probe found.
#[derive(Debug)]
pub struct ProbedObject {
    /// Its path below the root of the archive.
    pub path: Text,
    /// Why it cannot be read.
    pub error: Option<MissingAccess<ReadError>>,
}

/// Why an archive cannot be listed.
#[derive(Debug)]
pub enum ProbeError {
    /// It cannot be opened.
    Archive(MissingAccess<ArchiveError>),
    /// A folder of it cannot be listed.
    Folder(MissingAccess<ReadError>),
    /// It can be listed, and no log was found.
    NoLog,
}

/// A refusal, with the permission that is missing, if that is the reason.
#[derive(Debug)]
pub struct MissingAccess<E> {
    /// The error.
    pub error: E,
    /// The permission.
    pub permission: Option<Permission>,
}

/// A permission that an identity lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The name of an IAM action.
    pub action: &'static str,
    /// The ARN that it is needed for, if it is known.
    pub resource: Option<String>,
}

/// Probes archives. Of each, at most some folders are listed if it is in a bucket, all if it is on disk, and of one object a byte is read, or the file.
/// Standard input has nothing to list.
pub fn probe(given: &[GivenArchive], settings: &S3Settings) -> Vec<Probe> {
    let mut opener = ArchiveOpener { settings, s3: None };
    given.iter().map(|archive| opener.probe(archive)).collect()
}

impl ArchiveOpener<'_> {
    fn probe(&mut self, archive: &GivenArchive) -> Probe {
        let (identity, object) = match is_s3(&archive.location) {
            true => self.probe_bucket(archive),
            false => (None, self.probe_folder(archive)),
        };
        let location = super::shown_name(&archive.location);
        Probe { name: archive.name(), location, identity, object }
    }

    fn probe_bucket(&mut self, archive: &GivenArchive) -> (Option<String>, Result<ProbedObject, ProbeError>) {
        match self.session(archive) {
            Ok(session) => session.probe(archive),
            Err(error) => (None, Err(ProbeError::of_archive(error, None))),
        }
    }

    fn probe_folder(&mut self, archive: &GivenArchive) -> Result<ProbedObject, ProbeError> {
        let root = self.root(archive).map_err(|error| ProbeError::of_archive(error, None))?;
        if matches!(root, Root::Stdin) {
            return Err(ProbeError::NoLog);
        }
        let archives = Archives::of_root(archive.name(), root, self.settings);
        let listing = archives.list_local(&ReadWindow::default(), 1, &mut |_| true);
        if let Some(fault) = listing.coverage.faults.first() {
            let detail = format!("'{}': {}", fault.object, fault.detail);
            let error = ReadError { kind: fault.kind, detail };
            return Err(ProbeError::Folder(MissingAccess { error, permission: None }));
        }
        let object = newest(&listing.objects).ok_or(ProbeError::NoLog)?;
        let error = archives.open_or_read(object, &mut Vec::new()).err();
        let error = error.map(|error| MissingAccess { error, permission: None });
        Ok(ProbedObject { path: object.path.clone(), error })
    }
}

/// The newest of some objects; one named as a log, if there is any.
pub(super) fn newest(objects: &[LogObject]) -> Option<&LogObject> {
    let logs = objects.iter().filter(|object| object.named_as_log());
    logs.max_by(|left, right| left.delivery_order(right)).or_else(|| objects.last())
}

impl ProbeError {
    /// Of an archive that cannot be opened.
    pub(super) fn of_archive(error: ArchiveError, permission: Option<Permission>) -> Self {
        Self::Archive(MissingAccess { error, permission })
    }
}

impl Permission {
    /// What lists a bucket.
    pub(super) fn to_list(bucket: String) -> Self {
        Self { action: "s3:ListBucket", resource: Some(bucket) }
    }

    /// What is missing if a bucket cannot be listed for this reason.
    pub(super) fn of_problem(problem: &S3Problem, bucket: String, roles: &[String]) -> Option<Self> {
        match (problem.kind, roles) {
            (S3ProblemKind::AccessDenied, _) => Some(Self::to_list(bucket)),
            // Which one of a chain was refused, only its owner knows.
            (S3ProblemKind::Role, [role]) => {
                Some(Self { action: "sts:AssumeRole", resource: Some(role.clone()) })
            }
            (S3ProblemKind::Role, _) => Some(Self { action: "sts:AssumeRole", resource: None }),
            _ => None,
        }
    }

    /// What is missing if an object below `objects` cannot be read for this reason.
    pub(super) fn of_object(error: &ReadError, objects: String) -> Option<Self> {
        match error.kind {
            FaultKind::AccessDenied => Some(Self { action: "s3:GetObject", resource: Some(objects) }),
            FaultKind::KmsDenied => Some(Self { action: "kms:Decrypt", resource: key_in(&error.detail) }),
            _ => None,
        }
    }
}

/// The ARN of a KMS key in a text.
fn key_in(text: &str) -> Option<String> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || ":/_-".contains(c));
    let words = text.split(is_end).map(|word| word.trim_end_matches([':', '-', '/']));
    words
        .filter(|word| word.starts_with("arn:aws"))
        .find(|word| word.split(':').nth(2) == Some("kms"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_in_the_text_of_a_refusal() {
        let key = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let text = format!(
            "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/x/y is not authorized to perform: kms:Decrypt on resource: \
             {key} because no identity-based policy allows it"
        );
        assert_eq!(key_in(&text).as_deref(), Some(key));
        assert_eq!(key_in("kms:Decrypt denied"), None);
    }

    #[test]
    fn a_refusal_names_the_permission() {
        let problem = |kind| S3Problem { kind, detail: String::new() };
        let of = |kind, roles: &[&str]| {
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            Permission::of_problem(&problem(kind), "arn:aws:s3:::b".to_owned(), &roles)
                .map(|permission| (permission.action, permission.resource))
        };
        let bucket = || Some("arn:aws:s3:::b".to_owned());
        assert_eq!(of(S3ProblemKind::AccessDenied, &[]), Some(("s3:ListBucket", bucket())));
        assert_eq!(of(S3ProblemKind::Role, &["r"]), Some(("sts:AssumeRole", Some("r".to_owned()))));
        assert_eq!(of(S3ProblemKind::Role, &["r", "s"]), Some(("sts:AssumeRole", None)));
        assert_eq!(of(S3ProblemKind::NoBucket, &[]), None);
    }
}
