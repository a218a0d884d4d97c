//! The beginning of an object's content, for what is too large to be read, or is no log.

use std::io::{self, Cursor, Read};

use super::counts::Counts;
use crate::decode::{Decoder, FoundRecord, stream_content};
use crate::source::{Archives, LogObject, ObjectKey};

/// The beginning of a content.
pub(super) struct Head {
    /// Inflated bytes.
    pub(super) bytes: Vec<u8>,
    /// How many stored bytes these took.
    pub(super) stored: u64,
}

impl Head {
    /// Reads at most `limit` bytes of an object's content. None if it cannot be opened.
    pub(super) fn read(archives: &Archives, object: &LogObject, limit: usize) -> Option<Self> {
        let mut buffer = Vec::new();
        let large = archives.open_or_read(object, &mut buffer).ok()?;
        let stored: Box<dyn Read> = match large {
            Some(large) => Box::new(large),
            None => Box::new(Cursor::new(buffer)),
        };
        // Content that is not packed is read until the input ends.
        let mut stored = Counted { inner: stored.take(limit as u64), count: 0 };
        let mut bytes = Vec::new();
        stream_content(&mut stored, limit as u64, &mut |more| {
            let room = limit.saturating_sub(bytes.len());
            bytes.extend_from_slice(&more[..more.len().min(room)]);
        });
        Some(Self { bytes, stored: stored.count })
    }

    /// The records in it. The last one is cut, which is no fault here.
    pub(super) fn counts(&self, key: &ObjectKey<'_>) -> Counts {
        let mut counts = Counts::default();
        let is_named = |found: &FoundRecord<'_>| {
            key.cluster.is_some() || found.carrier.is_some_and(|carrier| carrier.cluster.is_some())
        };
        Decoder::new(self.bytes.len() as u64)
            .decode(&self.bytes, |found| counts.add(&found, is_named(&found)));
        counts.stored_bytes = self.stored;
        counts
    }
}

/// Bytes that are read at once: what is read ahead would count as stored bytes of the beginning.
const STEP: usize = 4 << 10;

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let step = buffer.len().min(STEP);
        let read = self.inner.read(&mut buffer[..step])?;
        self.count += read as u64;
        Ok(read)
    }
}
