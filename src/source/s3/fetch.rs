//! Fetches one object, with retries.
//!
//! The SDK repeats failed requests, but not responses that break off or stall. So an object that failed for a transient
//! reason is requested again, from where the last response broke off.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use tokio::sync::OwnedSemaphorePermit;

use super::bucket::{Bucket, payer};
use super::expected_checksums::ExpectedChecksums;
use super::failure::causes;
use super::object_metadata::ObjectMetadata;
use super::read_error;
use super::retry::with_retries;
use super::traffic::count;
use crate::checksum::Checksum;
use crate::coverage::FaultKind;
use crate::source::log_object::{Location, Md5Sum};
use crate::source::{LogObject, ReadError};

/// How often an object is requested; each time the SDK retries by itself.
const TRIES: u32 = 6;

/// The pause before the second time; doubled for each after that.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Maximum memory allocated for an object in advance: a listing may lie.
const MOST_ROOM: u64 = 64 << 20;

/// The result of fetching an object.
#[derive(Debug)]
pub(in crate::source) struct Fetched {
    bytes: Vec<u8>,
    error: Option<ReadError>,
    /// Its S3 metadata.
    pub(super) metadata: Option<ObjectMetadata>,
    /// The checksums to verify.
    expected: Option<Box<ExpectedChecksums>>,
    /// Its share of the memory for waiting objects.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Fetched {
    /// Moves the bytes into `buffer`.
    pub(in crate::source) fn take(&mut self, buffer: &mut Vec<u8>) -> Result<(), ReadError> {
        *buffer = std::mem::take(&mut self.bytes);
        self.error.take().map_or(Ok(()), Err)
    }

    /// The user metadata of the object, sorted by name; empty if it came from the mirror.
    pub(in crate::source) fn user_metadata(&self) -> &[(String, String)] {
        self.metadata.as_ref().map_or(&[], |metadata| &metadata.user_metadata)
    }

    /// The bytes, if complete.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.error.is_none().then_some(&self.bytes)
    }

    /// Why they are not complete.
    pub(super) fn error(&self) -> &str {
        self.error.as_ref().map_or("", |error| &error.detail)
    }

    /// Bytes from the mirror.
    pub(super) fn local(bytes: Vec<u8>) -> Self {
        Self { bytes, error: None, metadata: None, expected: None, room: None }
    }

    /// A failed result.
    pub(super) fn failed(detail: String) -> Self {
        Self { error: Some(read_error(FaultKind::Read, detail)), ..Self::local(Vec::new()) }
    }
}

/// Fetches an object.
pub(super) async fn fetch(bucket: &Bucket, object: &LogObject) -> Fetched {
    let mut fetched = Fetched::local(Vec::new());
    let Location::Remote { size, md5, archived, .. } = &object.kept else { return fetched };
    if let Some(kind) = archived {
        fetched.error = Some(read_error(*kind, "archived: it has to be restored before it can be read"));
        return fetched;
    }
    let most = bucket.state().settings.max_object_size;
    if *size > most {
        let detail = format!(
            "not fetched: it has {size} bytes as stored, and the ceiling is {most} (--max-object-size)"
        );
        fetched.error = Some(read_error(FaultKind::TooLarge, detail));
        return fetched;
    }
    fetched.bytes.reserve_exact((*size).min(MOST_ROOM) as usize);
    let get = Get { bucket, key: bucket.key(object), size: *size, md5: *md5 };
    let mut refuted = None;
    for attempt in 1..=TRIES {
        // Held until the response is complete, and not during pauses. Never closed.
        let permit = bucket.state().gate.acquire().await;
        if attempt == 1 {
            count(&bucket.state().counters.gets);
        }
        let trouble = get.once(&mut fetched).await.or_else(|| get.refute(&mut fetched, &mut refuted));
        drop(permit);
        match trouble {
            None => break,
            Some(GetError::Final(error)) => {
                fetched.error = Some(error);
                break;
            }
            Some(GetError::Transient(detail)) if attempt == TRIES => {
                let detail = format!("{detail}; given up after {TRIES} attempts");
                fetched.error = Some(read_error(FaultKind::Read, detail));
            }
            Some(GetError::Transient(_)) => tokio::time::sleep(FIRST_PAUSE * 2u32.pow(attempt - 1)).await,
        }
    }
    if fetched.error.is_some() {
        // Another run may get all of it: a part would only be in its way.
        fetched.bytes.clear();
    }
    fetched
}

/// One object to fetch.
struct Get<'a> {
    bucket: &'a Bucket,
    key: String,
    size: u64,
    /// Its MD5 from the listing.
    md5: Option<Md5Sum>,
}

/// Why an object is not complete.
enum GetError {
    Transient(String),
    Final(ReadError),
}

impl Get<'_> {
    /// Requests what is missing, and appends it.
    async fn once(&self, fetched: &mut Fetched) -> Option<GetError> {
        let etag = fetched.metadata.as_ref().and_then(|metadata| metadata.etag.clone());
        let from = if etag.is_some() { fetched.bytes.len() } else { 0 };
        let counters = &self.bucket.state().counters;
        let request = self
            .bucket
            .client()
            .get_object()
            .bucket(self.bucket.name())
            .key(&self.key)
            .set_if_match(etag.clone().filter(|_| from > 0))
            .set_range((from > 0).then(|| format!("bytes={from}-")))
            .set_request_payer(payer(&self.bucket.connection().access));
        let send = || {
            // Not with the SDK's own field: that would verify the checksum, too, and request it again for a part.
            let wants_checksum = |request: &mut HttpRequest| {
                request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
            };
            request.clone().customize().mutate_request(wants_checksum).send()
        };
        let mut answer = match with_retries(self.bucket.connection(), send).await {
            Ok(answer) => answer,
            Err(failure) if from > 0 && !failure.is_transient() && !failure.is_end() => {
                // It has changed, or this store does not support ranges: start again.
                fetched.bytes.clear();
                fetched.metadata = None;
                return Some(GetError::Transient(failure.read_error().detail));
            }
            Err(failure) => return Some(GetError::Final(failure.read_error())),
        };
        let is_rest = continues(&answer, from);
        if is_rest && answer.e_tag() != etag.as_deref() {
            // Not every store heeds `If-Match`.
            fetched.bytes.clear();
            fetched.metadata = None;
            return Some(GetError::Transient(of_other_version(&answer, etag.as_deref())));
        }
        if !is_rest {
            fetched.bytes.clear();
            fetched.expected = Some(Box::new(ExpectedChecksums::new(&answer, self.md5)));
        }
        fetched.metadata = Some(ObjectMetadata::new(&answer));
        loop {
            match answer.body.try_next().await {
                Ok(Some(part)) => {
                    counters.bytes.fetch_add(part.len() as u64, std::sync::atomic::Ordering::Relaxed);
                    fetched.bytes.extend_from_slice(&part);
                    if fetched.bytes.len() as u64 > self.size {
                        return Some(self.wrong_size(fetched, "more"));
                    }
                }
                Ok(None) if fetched.bytes.len() as u64 == self.size => return None,
                Ok(None) => return Some(self.wrong_size(fetched, "less")),
                Err(error) => {
                    return Some(GetError::Transient(format!("the answer broke off: {}", causes(&error))));
                }
            }
        }
    }

    /// Verifies all bytes. If they do not match, the object is requested again; if the same bytes come again, no others will.
    fn refute(&self, fetched: &mut Fetched, before: &mut Option<Checksum>) -> Option<GetError> {
        let detail = fetched.expected.as_ref()?.check(&fetched.bytes).err()?;
        let came = Checksum::of(&fetched.bytes);
        fetched.metadata = None;
        if before.replace(came) == Some(came) {
            return Some(GetError::Final(read_error(
                FaultKind::Read,
                format!("{detail}; the same came twice"),
            )));
        }
        Some(GetError::Transient(detail))
    }

    /// A response that does not match the listing. The next one starts again.
    fn wrong_size(&self, fetched: &mut Fetched, which: &str) -> GetError {
        fetched.metadata = None;
        GetError::Transient(format!("{which} than the {} bytes came that were listed", self.size))
    }
}

/// Whether a response continues where the last one broke off, and is not the whole object.
fn continues(answer: &GetObjectOutput, from: usize) -> bool {
    let range = answer.content_range().and_then(|range| range.strip_prefix("bytes "));
    from > 0 && range.is_some_and(|range| range.starts_with(&format!("{from}-")))
}

/// Says that the rest of an object came from another version than its start.
fn of_other_version(rest: &GetObjectOutput, start: Option<&str>) -> String {
    let (start, rest) = (start.unwrap_or("none"), rest.e_tag().unwrap_or("none"));
    format!("the object changed while it was read: its start has the ETag {start}, and the rest {rest}")
}

impl Bucket {
    /// The listed size of an object.
    pub(in crate::source) fn size(&self, object: &LogObject) -> u64 {
        match object.kept {
            Location::Remote { size, .. } => size,
            Location::File { .. } | Location::OddFile(_) => 0,
        }
    }

    /// Fetches one object, blocking the caller.
    pub(in crate::source) fn read(&self, object: &LogObject, buffer: &mut Vec<u8>) -> Result<(), ReadError> {
        self.state().handle.block_on(fetch(self, object)).take(buffer)
    }
}
