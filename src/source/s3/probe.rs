//! Probes one archive in S3: its newest log object is found by some list requests, and its first byte read.

use std::pin::pin;
use std::sync::Arc;

use super::archive::Archive;
use super::bucket::{Bucket, decode, payer};
use super::connection::Connection;
use super::failure::Failure;
use super::layout::{level, skip};
use super::read_error;
use super::retry::with_retries;
use super::session::Session;
use super::store::Store;
use crate::coverage::FaultKind;
use crate::source::log_object::Location;
use crate::source::probe::newest;
use crate::source::s3_name::S3Name;
use crate::source::{
    AccessKey, ArchiveError, GivenArchive, LogObject, MissingAccess, Permission, ProbeError, ProbedObject,
    ReadError, ReadWindow, S3ProblemKind,
};

/// How many folders are listed at most to find an object.
const MOST_FOLDERS: usize = 100;

impl Session {
    /// Probes an archive. Returns the key that requests are signed with, and what was found.
    pub(in crate::source) fn probe(
        &mut self,
        archive: &GivenArchive,
    ) -> (Option<AccessKey>, Result<ProbedObject, ProbeError>) {
        let connection = match self.connection(archive) {
            Ok(connection) => connection,
            Err(error) => return (None, Err(ProbeError::of_archive(error, None))),
        };
        let probed = self.wait_to_open(&mut pin!(probe(archive, &connection)));
        probed.unwrap_or_else(|| (None, Err(ProbeError::of_archive(ArchiveError::Interrupted, None))))
    }
}

async fn probe(
    archive: &GivenArchive,
    connection: &Arc<Connection>,
) -> (Option<AccessKey>, Result<ProbedObject, ProbeError>) {
    let access_key = connection.access_key().await;
    let bucket = match Bucket::open(archive, connection).await {
        Ok(bucket) => bucket,
        Err(error) => return (access_key, Err(refused(archive, connection, error))),
    };
    (access_key, probe_object(&bucket).await)
}

/// Why a bucket cannot be opened.
fn refused(archive: &GivenArchive, connection: &Connection, error: ArchiveError) -> ProbeError {
    let permission = match &error {
        ArchiveError::S3 { problem, .. } => {
            let location = archive.location.to_string_lossy();
            let named = S3Name::parse(&location);
            let bucket = named.as_ref().map_or("", |named| &named.bucket);
            let region = connection.config.region().map(|region| region.as_ref());
            let bucket = arn(&connection.store(region), bucket);
            let roles: Vec<String> = connection.access.roles.iter().map(|role| role.arn.clone()).collect();
            Permission::of_problem(problem, bucket, &roles)
        }
        _ => None,
    };
    ProbeError::of_archive(error, permission)
}

/// Finds the newest object, and reads it.
async fn probe_object(bucket: &Bucket) -> Result<ProbedObject, ProbeError> {
    let archive = Archive { number: 1, bucket: bucket.clone(), window: ReadWindow::default() };
    let found = newest_log(&archive).await.map_err(|failure| {
        let problem = failure.problem();
        let is_denied = problem.kind == S3ProblemKind::AccessDenied;
        let permission = is_denied.then(|| Permission::to_list(arn(bucket.store(), bucket.name())));
        let error = ReadError { kind: FaultKind::List, detail: problem.detail };
        ProbeError::Folder(MissingAccess { error, permission })
    })?;
    let object = found.ok_or(ProbeError::NoLog)?;
    let error = read_first_byte(bucket, &object).await.err();
    let error = error.map(|error| {
        let between = if bucket.name().starts_with("arn:") { "/object" } else { "" };
        let objects = format!("{}{between}/{}*", arn(bucket.store(), bucket.name()), bucket.start());
        let permission = Permission::of_object(&error, objects);
        MissingAccess { error, permission }
    });
    Ok(ProbedObject { path: object.path, error })
}

/// Reads the first byte of an object, which needs the same permissions as all of it.
async fn read_first_byte(bucket: &Bucket, object: &LogObject) -> Result<(), ReadError> {
    let Location::Remote { size, archived, .. } = &object.kept else { return Ok(()) };
    if let Some(kind) = archived {
        return Err(read_error(*kind, "archived: it has to be restored before it can be read"));
    }
    let request = bucket
        .client()
        .get_object()
        .bucket(bucket.name())
        .key(bucket.key(object))
        .set_range((*size > 0).then(|| "bytes=0-0".to_owned()))
        .set_request_payer(payer(&bucket.connection().access));
    let answer = with_retries(bucket.connection(), || request.clone().send()).await;
    answer.map(drop).map_err(Failure::read_error)
}

/// The newest log: folders are tried from the last one, since days and years are named in their order. Folders of other services are left
/// out. An object that is not named as a log counts only if there is no other.
async fn newest_log(archive: &Archive) -> Result<Option<LogObject>, Failure> {
    let mut folders = vec![archive.bucket.start()];
    let mut other = None;
    for _ in 0..MOST_FOLDERS {
        let Some(folder) = folders.pop() else { break };
        let delimiter = (!archive.bucket.is_single()).then(|| "/".to_owned());
        let page = archive.bucket.page(|list| list.prefix(&folder).set_delimiter(delimiter)).await?;
        let mut objects = Vec::new();
        for listed in page.contents() {
            let Some(key) = listed.key().map(|key| decode(key, &page)) else { continue };
            let Some(path) = key.strip_prefix(archive.bucket.prefix()) else { continue };
            let is_wanted = !archive.bucket.is_single() || key == archive.bucket.start();
            let (object, skipped) = archive.object(path, listed);
            if is_wanted && skipped.is_none() {
                objects.push(object);
            }
        }
        match newest(&objects).cloned() {
            Some(found) if found.named_as_log() || archive.bucket.is_single() => return Ok(Some(found)),
            found => other = other.or(found),
        }
        let below = page.common_prefixes().iter().filter_map(|common| common.prefix());
        for prefix in below.map(|prefix| decode(prefix, &page)) {
            let name = prefix.get(folder.len()..).unwrap_or_default().trim_end_matches('/');
            if prefix.len() > folder.len() && skip(level(&folder), name).is_none() {
                folders.push(prefix);
            }
        }
    }
    Ok(other)
}

/// The ARN of a bucket or an access point, as in policies.
fn arn(store: &Store, bucket: &str) -> String {
    if bucket.starts_with("arn:") {
        return bucket.replace(":accesspoint:", ":accesspoint/");
    }
    let partition = match store {
        Store::Partition(partition) => partition,
        Store::Other(_) => "aws",
    };
    format!("arn:{partition}:s3:::{bucket}")
}
