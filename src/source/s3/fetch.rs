//! Gets one object, as often as it takes.
//!
//! The SDK repeats requests that fail, but not answers that break off or stand still. So an object that did not come for a
//! passing reason is asked for again, from where the last answer broke off.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use tokio::sync::OwnedSemaphorePermit;

use super::bucket::{Bucket, payer};
use super::failure::causes;
use super::object_metadata::ObjectMetadata;
use super::proof::Proof;
use super::read_error;
use super::retry::with_retries;
use super::traffic::count;
use crate::checksum::Checksum;
use crate::coverage::FaultKind;
use crate::source::log_object::{Kept, Md5Sum};
use crate::source::{LogObject, ReadError};

/// How often an object is asked for; each time the SDK tries several times by itself.
const TRIES: u32 = 6;

/// Before the second time; doubled for each after that.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Room made for an object before it comes: a listing may lie.
const MOST_ROOM: u64 = 64 << 20;

/// What came of an object.
#[derive(Debug)]
pub(in crate::source) struct Fetched {
    bytes: Vec<u8>,
    error: Option<ReadError>,
    /// What S3 said beside it.
    pub(super) metadata: Option<ObjectMetadata>,
    /// What the bytes are held to.
    proof: Option<Box<Proof>>,
    /// Its part of the memory for objects that wait.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Fetched {
    /// Moves the bytes into `buffer`.
    pub(in crate::source) fn take(&mut self, buffer: &mut Vec<u8>) -> Result<(), ReadError> {
        *buffer = std::mem::take(&mut self.bytes);
        self.error.take().map_or(Ok(()), Err)
    }

    /// The bytes, if all of them came.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.error.is_none().then_some(&self.bytes)
    }

    /// Why they did not all come.
    pub(super) fn error(&self) -> &str {
        self.error.as_ref().map_or("", |error| &error.detail)
    }

    /// Bytes that were at hand.
    pub(super) fn local(bytes: Vec<u8>) -> Self {
        Self { bytes, error: None, metadata: None, proof: None, room: None }
    }

    /// Nothing.
    pub(super) fn failed(detail: String) -> Self {
        Self { error: Some(read_error(FaultKind::Read, detail)), ..Self::local(Vec::new()) }
    }
}

/// Gets an object.
pub(super) async fn fetch(bucket: &Bucket, object: &LogObject) -> Fetched {
    let mut fetched = Fetched::local(Vec::new());
    let Kept::Remote { size, md5, archived, .. } = &object.kept else { return fetched };
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
        // Held until the answer is here as a whole, and not while it pauses. Closed never.
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
        // Another run may get all of it: a part would only stand in its way.
        fetched.bytes.clear();
    }
    fetched
}

/// One object to get.
struct Get<'a> {
    bucket: &'a Bucket,
    key: String,
    size: u64,
    /// What the listing says of its content.
    md5: Option<Md5Sum>,
}

/// Why not all of an object came.
enum GetError {
    Transient(String),
    Final(ReadError),
}

impl Get<'_> {
    /// Asks for what is missing, and adds what comes.
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
            .set_if_match(etag.filter(|_| from > 0))
            .set_range((from > 0).then(|| format!("bytes={from}-")))
            .set_request_payer(payer(&self.bucket.state().settings));
        let send = || {
            // Not by the SDK's own field: it would hold the bytes to the checksum, too, and ask for a part of them again.
            let wants_checksum = |request: &mut HttpRequest| {
                request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
            };
            request.clone().customize().mutate_request(wants_checksum).send()
        };
        let mut answer = match with_retries(self.bucket.state(), send).await {
            Ok(answer) => answer,
            Err(failure) if from > 0 && !failure.is_transient() && !failure.is_end() => {
                // It is no longer what it was, or this store knows no ranges: begin anew.
                fetched.bytes.clear();
                fetched.metadata = None;
                return Some(GetError::Transient(failure.read_error().detail));
            }
            Err(failure) => return Some(GetError::Final(failure.read_error())),
        };
        if !continues(&answer, from) {
            fetched.bytes.clear();
            fetched.proof = Some(Box::new(Proof::new(&answer, self.md5)));
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

    /// Holds all bytes to what the store says of them. If they do not fit, the object is asked for anew; if the same bytes come
    /// again, no other ones will.
    fn refute(&self, fetched: &mut Fetched, before: &mut Option<Checksum>) -> Option<GetError> {
        let detail = fetched.proof.as_ref()?.check(&fetched.bytes).err()?;
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

    /// An answer that does not fit the listing. The next one begins anew.
    fn wrong_size(&self, fetched: &mut Fetched, which: &str) -> GetError {
        fetched.metadata = None;
        GetError::Transient(format!("{which} than the {} bytes came that were listed", self.size))
    }
}

/// Whether an answer goes on where the last one broke off, and is not the whole object.
fn continues(answer: &GetObjectOutput, from: usize) -> bool {
    let range = answer.content_range().and_then(|range| range.strip_prefix("bytes "));
    from > 0 && range.is_some_and(|range| range.starts_with(&format!("{from}-")))
}

impl Bucket {
    /// Size of an object as it was listed.
    pub(in crate::source) fn size(&self, object: &LogObject) -> u64 {
        match object.kept {
            Kept::Remote { size, .. } => size,
            Kept::File | Kept::OddFile(_) => 0,
        }
    }

    /// Fetches one object, while the caller waits.
    pub(in crate::source) fn read(&self, object: &LogObject, buffer: &mut Vec<u8>) -> Result<(), ReadError> {
        self.state().handle.block_on(fetch(self, object)).take(buffer)
    }
}
