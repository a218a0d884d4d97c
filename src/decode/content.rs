//! The content of an object: its bytes without compression, to be compared with what CloudTrail says of them.
//!
//! Compression is recognised as for reading records: by the first bytes, not by the name. Files in zip and tar archives are not
//! opened.

use std::io::{self, Cursor, Read};

use super::unpack::gzip::{Inflater, Plain, inflate};
use super::unpack::packing::{Packing, packing};
use super::unpack::stream::{Codec, StreamError, Streams};
use super::{DecodeFault, Decoder, WHOLE};
use crate::coverage::{FaultKind, Position};

/// The content of an object.
#[derive(Debug)]
pub struct Content<'d> {
    /// Its bytes, or as many as could be read.
    pub bytes: &'d [u8],
    /// How it ended.
    pub end: ContentEnd,
}

/// How the content of an object ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentEnd {
    /// Position of the second gzip member in the stored bytes, if there is one. CloudTrail writes exactly one.
    pub second_member: Option<u64>,
    /// Why the rest could not be read, if so.
    pub fault: Option<DecodeFault>,
    /// Whether the content is an archive of several files, which was not opened.
    pub is_archive: bool,
}

impl Decoder {
    /// The content of an object that is held in memory. `None` if it must be read with [`stream_content`]: it is too large to
    /// be held without compression, or compressed in another way than with gzip.
    ///
    /// ```
    /// use firstseen::decode::Decoder;
    ///
    /// let mut decoder = Decoder::new(1 << 20);
    /// let content = decoder.content(b"{}").unwrap();
    /// assert_eq!((content.bytes, content.end.fault), (&b"{}"[..], None));
    /// ```
    pub fn content<'d>(&'d mut self, stored: &'d [u8]) -> Option<Content<'d>> {
        let Self { inflater, plain, spare, ceiling, .. } = self;
        let limit = ceiling.limit.min(WHOLE);
        let (bytes, mut end) = inflated(inflater, (plain, spare), stored, limit);
        let is_long = limit < ceiling.limit
            && end.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::TooLarge);
        if is_long || is_other_stream(bytes) {
            return None;
        }
        end.is_archive = is_archive(bytes);
        Some(Content { bytes, end })
    }
}

/// Inflates gzip into reused memory.
fn inflated<'d>(
    inflater: &mut Inflater,
    memory: (&'d mut Plain, &'d mut Plain),
    stored: &'d [u8],
    limit: u64,
) -> (&'d [u8], ContentEnd) {
    let (mut second_member, mut faults) = (None, Vec::new());
    let bytes = inflate(inflater, memory, stored, limit, &mut second_member, &mut faults);
    (bytes, ContentEnd { second_member, fault: faults.pop(), is_archive: false })
}

/// Whether bytes are compressed in another way than with gzip.
fn is_other_stream(bytes: &[u8]) -> bool {
    Codec::of(bytes).is_some_and(|codec| codec != Codec::Gzip)
}

fn is_archive(bytes: &[u8]) -> bool {
    matches!(packing(bytes), Some(Packing::Zip | Packing::Tar | Packing::Unread(_)))
}

/// Stored bytes read at once.
const CHUNK: usize = 256 << 10;

/// Reads the content of an object in parts, each given to `each`; at most `limit` bytes. Memory does not depend on its size.
pub fn stream_content(stored: &mut dyn Read, limit: u64, each: &mut dyn FnMut(&[u8])) -> ContentEnd {
    let mut head = Vec::new();
    if let Err(error) = stored.take(6).read_to_end(&mut head) {
        return ContentEnd { fault: Some(fault_of(&error)), ..ContentEnd::default() };
    }
    let is_packed = Codec::of(&head).is_some();
    let mut whole = Cursor::new(head).chain(stored);
    if !is_packed {
        return read_all(&mut whole, limit, each);
    }
    match Streams::new(whole) {
        Ok(mut streams) => {
            let end = read_all(&mut streams, limit, each);
            ContentEnd { second_member: streams.second_gzip, ..end }
        }
        Err(error) => ContentEnd { fault: Some(fault_of(&error)), ..ContentEnd::default() },
    }
}

/// Reads to the end, or to the limit.
fn read_all(from: &mut dyn Read, limit: u64, each: &mut dyn FnMut(&[u8])) -> ContentEnd {
    let (mut chunk, mut left, mut is_archive) = (vec![0; CHUNK], limit, None);
    let fault = loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => break None,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => break Some(fault_of(&error)),
        };
        is_archive = is_archive.or_else(|| Some(self::is_archive(&chunk[..read])));
        if read as u64 > left {
            let detail = format!("more than {limit} bytes when inflated");
            break Some(fault(FaultKind::TooLarge, detail));
        }
        left -= read as u64;
        each(&chunk[..read]);
    };
    ContentEnd { second_member: None, fault, is_archive: is_archive == Some(true) }
}

/// The fault of a stream that ended in an error.
fn fault_of(error: &io::Error) -> DecodeFault {
    let of_stream = error.get_ref().and_then(|inner| inner.downcast_ref::<StreamError>());
    fault(of_stream.map_or(FaultKind::PackingBroken, |of_stream| of_stream.kind), error.to_string())
}

fn fault(kind: FaultKind, detail: String) -> DecodeFault {
    DecodeFault { kind, position: Position::Whole, inner: None, detail }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// The content by both ways, which must agree.
    fn both(stored: &[u8]) -> (Vec<u8>, ContentEnd) {
        let mut streamed = Vec::new();
        let mut each = |part: &[u8]| streamed.extend_from_slice(part);
        let end = stream_content(&mut &*stored, 1 << 20, &mut each);
        if let Some(held) = Decoder::new(1 << 20).content(stored) {
            let kind = |end: &ContentEnd| end.fault.as_ref().map(|fault| fault.kind);
            assert_eq!((held.end.second_member, kind(&held.end)), (end.second_member, kind(&end)));
            assert_eq!(held.end.is_archive, end.is_archive);
            assert_eq!(held.bytes, streamed);
        }
        (streamed, end)
    }

    #[test]
    fn content_is_the_same_however_it_is_compressed() {
        let zstd = zstd::encode_all(&b"text"[..], 1).unwrap();
        for stored in [b"text".to_vec(), gzip(b"text"), zstd, [gzip(b"text"), vec![0; 100]].concat()] {
            assert_eq!(both(&stored), (b"text".to_vec(), ContentEnd::default()));
        }
    }

    #[test]
    fn every_member_counts_and_the_second_is_noted() {
        let first = gzip(b"te");
        let (bytes, end) = both(&[first.clone(), gzip(b"xt")].concat());
        assert_eq!((&bytes[..], end.second_member), (&b"text"[..], Some(first.len() as u64)));
    }

    #[test]
    fn what_cannot_be_read_is_a_fault() {
        let whole = gzip(b"text");
        for (stored, kind) in [
            (whole[..whole.len() - 4].to_vec(), FaultKind::GzipTruncated),
            ([&whole[..], b"more"].concat(), FaultKind::GzipTrailing),
            (gzip(&vec![b' '; 2 << 20]), FaultKind::TooLarge),
        ] {
            let mut streamed = 0;
            let end = stream_content(&mut &stored[..], 1 << 20, &mut |part| streamed += part.len());
            assert_eq!(end.fault.unwrap().kind, kind);
            assert!(streamed <= 1 << 20);
        }
    }

    #[test]
    fn archives_are_not_opened() {
        assert!(both(b"PK\x03\x04 and more").1.is_archive);
    }
}
