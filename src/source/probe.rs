//! Probes archives before a run: whether each can be listed, and whether one of its objects can be read.

use super::{
    AccessKey, ArchiveError, ArchiveOpener, Archives, GivenArchive, LogObject, ReadError, ReadWindow, Root,
    S3Settings, is_s3,
};
use crate::model::Text;

/// What a probe of one archive found.
#[derive(Debug)]
pub struct Probe {
    /// The name of the archive.
    pub name: String,
    /// Where it is.
    pub location: String,
    /// The key that requests are signed with, if it is in a bucket and credentials were found.
    pub access_key: Option<AccessKey>,
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
        let (access_key, object) = match is_s3(&archive.location) {
            true => self.probe_bucket(archive),
            false => (None, self.probe_folder(archive)),
        };
        let location = super::shown_name(&archive.location);
        Probe { name: archive.name(), location, access_key, object }
    }

    fn probe_bucket(
        &mut self,
        archive: &GivenArchive,
    ) -> (Option<AccessKey>, Result<ProbedObject, ProbeError>) {
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
