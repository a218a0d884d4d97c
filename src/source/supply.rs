//! Delivers objects to their readers.
//!
//! Files are read by the thread that takes them. S3 objects are fetched ahead, some at a time, and handed out as they
//! arrive, so that no thread waits for a slow one; they may be handed out while others are still being listed.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Archives, LargeBody, Listing, LogObject, ReadError, s3};

/// The objects of a run, to be taken by any number of threads.
#[derive(Debug)]
pub struct Supply<'a> {
    archives: &'a Archives,
    from: Origin,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for each run")]
enum Origin {
    /// All are listed, and are files.
    Listed {
        listing: Listing,
        /// Number of the next one to take.
        next: AtomicU32,
    },
    /// Some come over a network.
    Streamed(s3::Stream),
}

/// One object, taken by a thread to be read.
#[derive(Debug)]
pub struct Supplied<'s> {
    /// Its number in delivery order, from 0; objects without a delivery time come first.
    pub number: u32,
    /// What is known of it.
    pub object: Cow<'s, LogObject>,
    body: Body,
}

/// The location of an object's bytes.
#[derive(Debug)]
enum Body {
    /// In its archive.
    InPlace,
    /// Already fetched.
    Fetched(s3::Fetched),
}

/// The network traffic of a run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Objects listed.
    pub listed: u64,
    /// Whether that is all of them.
    pub is_listed: bool,
    /// List requests, without repetitions.
    pub lists: u64,
    /// Object requests, without repetitions.
    pub gets: u64,
    /// Requests that were repeated, for whatever reason.
    pub retries: u64,
    /// Bytes of objects received.
    pub bytes: u64,
    /// Objects that were not fetched because the mirror had them.
    pub from_mirror: u64,
    /// Objects that were added to the mirror.
    pub kept: u64,
    /// Those among them that replaced something else.
    pub replaced: u64,
}

impl Traffic {
    /// The traffic of two passes over the same archives.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            listed: self.listed + other.listed,
            is_listed: self.is_listed && other.is_listed,
            lists: self.lists + other.lists,
            gets: self.gets + other.gets,
            retries: self.retries + other.retries,
            bytes: self.bytes + other.bytes,
            from_mirror: self.from_mirror + other.from_mirror,
            kept: self.kept + other.kept,
            replaced: self.replaced + other.replaced,
        }
    }
}

impl Supplied<'_> {
    /// The user metadata of an object in S3, sorted by name; empty for files, and for objects taken from the mirror.
    pub fn user_metadata(&self) -> &[(String, String)] {
        match &self.body {
            Body::InPlace => &[],
            Body::Fetched(fetched) => fetched.user_metadata(),
        }
    }
}

impl<'a> Supply<'a> {
    /// Listed files.
    pub(super) fn listed(archives: &'a Archives, listing: Listing) -> Self {
        Self { archives, from: Origin::Listed { listing, next: AtomicU32::new(0) } }
    }

    /// Objects from a network.
    pub(super) fn streamed(archives: &'a Archives, stream: s3::Stream) -> Self {
        Self { archives, from: Origin::Streamed(stream) }
    }

    /// The number of objects, once known.
    pub fn total(&self) -> Option<u64> {
        match &self.from {
            Origin::Listed { listing, .. } => Some(listing.objects.len() as u64),
            Origin::Streamed(stream) => stream.total(),
        }
    }

    /// The next object. `None` at the end, or if `stopped` returns true while waiting.
    pub fn next(&self, stopped: &dyn Fn() -> bool) -> Option<Supplied<'_>> {
        match &self.from {
            Origin::Listed { listing, next } => {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let object = listing.objects.get(number as usize).filter(|_| !stopped())?;
                Some(Supplied { number, object: Cow::Borrowed(object), body: Body::InPlace })
            }
            Origin::Streamed(stream) => {
                let (number, object, fetched) = stream.next(stopped)?;
                let body = fetched.map_or(Body::InPlace, Body::Fetched);
                Some(Supplied { number, object: Cow::Owned(object), body })
            }
        }
    }

    /// Puts the stored bytes of an object into `buffer`, replacing its content; a large object is returned instead, to be
    /// read piecemeal. A second call gives nothing.
    ///
    /// # Errors
    /// If they are not available, or incomplete; the buffer then holds what arrived.
    pub fn take(
        &self,
        supplied: &mut Supplied<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<LargeBody>, ReadError> {
        let taken = match &mut supplied.body {
            Body::InPlace => self.archives.open_or_read(&supplied.object, buffer),
            Body::Fetched(fetched) => fetched.take(buffer).map(|()| LargeBody::take_if_large(buffer)),
        };
        let size =
            |large: &Option<LargeBody>| large.as_ref().map_or(Some(buffer.len() as u64), LargeBody::size);
        let index = (supplied.object.archive as usize).wrapping_sub(1);
        if let Some(counters) = self.archives.accounts.get(index) {
            counters.count(taken.as_ref().ok().map(|large| size(large).unwrap_or_default()));
        }
        taken
    }

    /// The network traffic; `None` without a network.
    pub fn traffic(&self) -> Option<Traffic> {
        match &self.from {
            Origin::Listed { .. } => None,
            Origin::Streamed(stream) => Some(stream.traffic()),
        }
    }

    /// All objects in the order of their numbers, and the account of the skipped ones.
    pub fn finish(self) -> Listing {
        match self.from {
            Origin::Listed { listing, .. } => listing,
            Origin::Streamed(stream) => stream.finish(),
        }
    }
}
