//! Objects on their way to those who read them.
//!
//! Files are read by whoever takes them. Objects in S3 are fetched ahead, some at a time, and handed out as they arrive, so
//! that nobody waits for a slow one; they may even be handed out while others are still being listed.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Archives, Large, Listing, LogObject, ReadError, s3};

/// The objects of a run, to be taken by any number of threads.
#[derive(Debug)]
pub struct Supply<'a> {
    archives: &'a Archives,
    from: From,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for each run")]
enum From {
    /// All of them are listed, and are files.
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

/// Where the bytes of an object are.
#[derive(Debug)]
enum Body {
    /// Where its archive is.
    InPlace,
    /// They have been fetched.
    Fetched(s3::Fetched),
}

/// What a run has asked of a network so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Objects listed.
    pub listed: u64,
    /// Whether that is all of them.
    pub is_listed: bool,
    /// Requests for lists, without repetitions.
    pub lists: u64,
    /// Requests for objects, without repetitions.
    pub gets: u64,
    /// Requests that were made again, for whatever reason.
    pub retries: u64,
    /// Bytes of objects that came.
    pub bytes: u64,
    /// Objects that were not fetched, since the mirror had them.
    pub from_mirror: u64,
    /// Objects that were added to the mirror.
    pub kept: u64,
    /// Of those: objects in whose place something else lay.
    pub replaced: u64,
}

impl<'a> Supply<'a> {
    /// Files that have been listed.
    pub(super) fn listed(archives: &'a Archives, listing: Listing) -> Self {
        Self { archives, from: From::Listed { listing, next: AtomicU32::new(0) } }
    }

    /// Objects that come over a network.
    pub(super) fn streamed(archives: &'a Archives, stream: s3::Stream) -> Self {
        Self { archives, from: From::Streamed(stream) }
    }

    /// How many objects there are, once that is known.
    pub fn total(&self) -> Option<u64> {
        match &self.from {
            From::Listed { listing, .. } => Some(listing.objects.len() as u64),
            From::Streamed(stream) => stream.total(),
        }
    }

    /// The next object. None if there are no more, or if `stopped` says so while one is waited for.
    pub fn next(&self, stopped: &dyn Fn() -> bool) -> Option<Supplied<'_>> {
        match &self.from {
            From::Listed { listing, next } => {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let object = listing.objects.get(number as usize).filter(|_| !stopped())?;
                Some(Supplied { number, object: Cow::Borrowed(object), body: Body::InPlace })
            }
            From::Streamed(stream) => {
                let (number, object, fetched) = stream.next(stopped)?;
                let body = fetched.map_or(Body::InPlace, Body::Fetched);
                Some(Supplied { number, object: Cow::Owned(object), body })
            }
        }
    }

    /// Puts the bytes of an object as stored into `buffer`, in place of what was in it; but a large object is given to be
    /// read bit by bit. Another call gives nothing.
    ///
    /// # Errors
    /// If they cannot be had, or not all of them; the buffer then holds what came.
    pub fn take(
        &self,
        supplied: &mut Supplied<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<Large>, ReadError> {
        match &mut supplied.body {
            Body::InPlace => self.archives.open_or_read(&supplied.object, buffer),
            Body::Fetched(fetched) => {
                fetched.take(buffer)?;
                Ok(Large::held(buffer))
            }
        }
    }

    /// What has been asked of a network; none if there is none.
    pub fn traffic(&self) -> Option<Traffic> {
        match &self.from {
            From::Listed { .. } => None,
            From::Streamed(stream) => Some(stream.traffic()),
        }
    }

    /// All objects in the order of their numbers, and the account of those left alone.
    pub fn finish(self) -> Listing {
        match self.from {
            From::Listed { listing, .. } => listing,
            From::Streamed(stream) => stream.finish(),
        }
    }
}
