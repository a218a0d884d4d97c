//! The first step: every object is read once, and what is needed to verify it is kept.

use super::digest::{Digest, looks_like_digest};
use super::names::{digest_name, log_name};
use super::side_files::{SideSignature, in_metadata};
use super::verdict::{Class, Reason};
use crate::checksum::Checksum;
use crate::coverage::{Coverage, Fault, FaultKind, ObjectSkip, Position};
use crate::scan::{ObjectContent, Progress, ScanError, ScanSettings, list, read_contents};
use crate::source::{Archives, Listing, LogObject};

/// All objects of the archives, read.
#[derive(Debug)]
pub struct Examination {
    pub(super) objects: Vec<Examined>,
    pub(super) coverage: Coverage,
}

/// What was found in one object.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) object: LogObject,
    /// SHA-256 of its content; only meaningful if it could be read.
    pub(super) checksum: Checksum,
    /// SHA-256 of its bytes as stored, if that is wanted and they could be read.
    pub(super) stored: Option<Checksum>,
    pub(super) content: Content,
    pub(super) flaw: Option<Flaw>,
    /// From its user metadata.
    pub(super) signature: Option<SideSignature>,
}

/// What an object is.
#[derive(Debug)]
pub(super) enum Content {
    Digest(Box<Digest>),
    /// It has the name of a digest; why it is none.
    NotADigest(String),
    /// By its name or its content.
    Log,
    /// Several files in one, which was not opened.
    Archive,
    /// Anything else.
    Other,
}

/// What is wrong with the stored bytes.
#[derive(Debug)]
pub(super) enum Flaw {
    Unreadable(FaultKind, Position, String),
    ExtraMember(u64),
    TrailingBytes(String),
}

impl Flaw {
    /// The verdict that it leads to, and its detail.
    pub(super) fn verdict(&self) -> (Class, Reason, String) {
        match self {
            Self::Unreadable(kind, _, detail) => {
                (Class::Unreadable, Reason::NotReadable, format!("{}: {detail}", kind.name()))
            }
            Self::ExtraMember(at) => {
                let detail = format!("a second gzip member at stored byte {at}; CloudTrail writes one");
                (Class::Mismatch, Reason::ExtraMember, detail)
            }
            Self::TrailingBytes(detail) => (Class::Mismatch, Reason::TrailingBytes, detail.clone()),
        }
    }
}

impl Examined {
    /// Whether the content could be read to its end, so that the checksum means something.
    pub(super) fn is_read(&self) -> bool {
        !matches!(self.flaw, Some(Flaw::Unreadable(..)))
    }
}

impl Examination {
    /// Lists and reads all objects of the archives on all threads. Digests in S3 are only listed if
    /// [`lists_digests`](crate::source::S3Settings::lists_digests) is set.
    ///
    /// # Errors
    /// If an archive cannot be used at all, the threads cannot be started or the run was ended early. What cannot be read is in
    /// the coverage.
    pub fn of(
        archives: &Archives,
        settings: &ScanSettings,
        progress: &dyn Progress,
    ) -> Result<Self, ScanError> {
        let mut listing = list(archives, settings, progress)?;
        add_digests(&mut listing);
        let (objects, listing) = read_contents(archives, listing, settings, &examine, progress)?;
        let mut coverage = listing.coverage;
        objects.iter().for_each(|examined| count(examined, &mut coverage));
        coverage.sort();
        Ok(Self { objects, coverage })
    }
}

/// Moves digests, and log files without events that digests may list, from the skipped objects to those to read.
fn add_digests(listing: &mut Listing) {
    // Those that a mirror is to get are among the skipped ones, too.
    listing.to_keep.clear();
    let is_read = |reason: ObjectSkip| matches!(reason, ObjectSkip::Digest | ObjectSkip::Aggregated);
    let skipped = std::mem::take(&mut listing.skipped);
    let (read, others): (Vec<_>, Vec<_>) = skipped.into_iter().partition(|one| is_read(one.reason));
    listing.skipped = others;
    listing.objects.extend(read.into_iter().map(|one| one.object));
    listing.coverage.objects.skipped.retain(|reason, _| !is_read(*reason));
    listing.objects.sort_unstable_by(LogObject::delivery_order);
}

/// Keeps what is needed of an object.
fn examine(read: ObjectContent<'_>) -> Examined {
    let flaw = flaw(&read);
    Examined {
        object: read.object.clone(),
        checksum: read.checksum,
        stored: read.stored.filter(|_| read.error.is_none()),
        content: content(&read, flaw.as_ref()),
        signature: in_metadata(read.user_metadata),
        flaw,
    }
}

fn flaw(read: &ObjectContent<'_>) -> Option<Flaw> {
    if let Some(error) = &read.error {
        return Some(Flaw::Unreadable(error.kind, Position::Whole, error.detail.clone()));
    }
    match &read.end.fault {
        Some(fault) if fault.kind == FaultKind::GzipTrailing => {
            Some(Flaw::TrailingBytes(fault.detail.clone()))
        }
        Some(fault) => Some(Flaw::Unreadable(fault.kind, fault.position, fault.detail.clone())),
        None => read.end.second_member.map(Flaw::ExtraMember),
    }
}

/// What an object is: by its name if that is one of CloudTrail, else by its content.
fn content(read: &ObjectContent<'_>, flaw: Option<&Flaw>) -> Content {
    if digest_name(&read.object.path).is_some() {
        return digest(read, flaw).map_or_else(Content::NotADigest, Content::Digest);
    }
    let name = log_name(&read.object.path);
    // Nobody says whether digests list aggregated events; they count if one does.
    let is_aggregated = name.skip == Some(ObjectSkip::Aggregated);
    if name.is_of_cloudtrail() && !is_aggregated {
        return Content::Log;
    }
    if read.end.is_archive {
        return Content::Archive;
    }
    if looks_like_digest(read.bytes)
        && let Ok(digest) = digest(read, flaw)
    {
        return Content::Digest(digest);
    }
    // Audit logs of clusters are in no digest.
    let may_be_log = !is_aggregated && name.cluster.is_none();
    if may_be_log && looks_like_log(read.bytes) { Content::Log } else { Content::Other }
}

/// The digest that a content is, or why it is none.
fn digest(read: &ObjectContent<'_>, flaw: Option<&Flaw>) -> Result<Box<Digest>, String> {
    match flaw {
        Some(Flaw::Unreadable(_, _, detail)) => Err(detail.clone()),
        _ if !read.is_whole => Err("it is too large".to_owned()),
        _ => Digest::parse(read.bytes).map(Box::new),
    }
}

/// Whether the beginning of a content has the names of fields that every record of CloudTrail has.
fn looks_like_log(head: &[u8]) -> bool {
    let head = &head[..head.len().min(64 << 10)];
    ["\"eventSource\"", "\"Records\""]
        .iter()
        .any(|name| memchr::memmem::find(head, name.as_bytes()).is_some())
}

/// Counts an object under its outcome.
fn count(examined: &Examined, coverage: &mut Coverage) {
    let objects = &mut coverage.objects;
    match (&examined.flaw, &examined.content) {
        (_, Content::Archive | Content::Other) if examined.is_read() => {
            *objects.skipped.entry(ObjectSkip::NotALog).or_default() += 1;
        }
        (Some(Flaw::Unreadable(kind, position, detail)), _) => {
            *objects.failed.entry(*kind).or_default() += 1;
            coverage.fault(Fault {
                archive: examined.object.archive,
                object: examined.object.path.to_string(),
                position: *position,
                kind: *kind,
                detail: detail.clone(),
            });
        }
        _ => objects.read += 1,
    }
}
