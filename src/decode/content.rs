//! The content of an object: its bytes without compression, to be compared with what CloudTrail says of them.
//!
//! Compression is recognised as for reading records: by the first bytes, not by the name. Files in zip and tar archives are not
//! opened.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use super::unpack::gzip::inflate;
use super::unpack::packing::{Packing, packing, unread_detail};
use super::unpack::splitter::{DEEPEST, HEAD};
use super::unpack::stream::{LimitedReader, PASSED_OVER, StreamError, Streams};
use super::{DecodeFault, Decoder, WHOLE};
use crate::coverage::{FaultKind, Position};

/// Larger contents are not held, but read in parts.
pub const CONTENT_HELD: u64 = WHOLE;

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
    /// Why something could not be read, if so.
    pub fault: Option<DecodeFault>,
    /// Whether the content is an archive of several files, which was not opened.
    pub is_archive: bool,
}

impl ContentEnd {
    /// Notes what the first bytes of a content tell.
    fn note_packing(&mut self, packing: Option<Packing>) {
        match packing {
            Some(Packing::Zip | Packing::Tar) => self.is_archive = true,
            Some(Packing::Unread(sort)) => {
                self.note(FaultKind::PackingBroken, unread_detail(sort));
            }
            Some(Packing::Streams) | None => {}
        }
    }

    /// Notes a fault, unless there was one before.
    fn note(&mut self, kind: FaultKind, detail: String) {
        self.fault.get_or_insert(DecodeFault { kind, position: Position::Whole, inner: None, detail });
    }

    /// Notes the fault of a stream that ended in an error.
    fn note_broken(&mut self, error: &io::Error) {
        let of_stream = error.get_ref().and_then(|inner| inner.downcast_ref::<StreamError>());
        let kind = of_stream.map_or(FaultKind::PackingBroken, |of_stream| of_stream.kind);
        self.note(kind, error.to_string());
    }
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
        let mut end = ContentEnd::default();
        let bytes = inflate(inflater, (plain, spare), stored, limit, &mut end.second_member, &mut end.fault);
        let is_long = limit < ceiling.limit
            && end.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::TooLarge);
        let packing = packing(bytes);
        if is_long || packing == Some(Packing::Streams) {
            return None;
        }
        end.note_packing(packing);
        Some(Content { bytes, end })
    }
}

/// Stored bytes read at once.
const CHUNK: usize = 256 << 10;

/// Reads the content of an object in parts, each given to `each`. At most `limit` bytes are inflated, and memory does not
/// depend on its size.
pub fn stream_content(stored: &mut dyn Read, limit: u64, each: &mut dyn FnMut(&[u8])) -> ContentEnd {
    let left = Rc::new(Cell::new(limit));
    let mut reading = ContentReader { each, limit, left, end: ContentEnd::default() };
    reading.open(stored, 0);
    reading.end
}

/// Reads one content.
struct ContentReader<'e> {
    each: &'e mut dyn FnMut(&[u8]),
    limit: u64,
    /// The number of bytes that may still be inflated.
    left: Rc<Cell<u64>>,
    end: ContentEnd,
}

impl ContentReader<'_> {
    /// Reads what is inside `depth` packings.
    fn open(&mut self, stream: &mut dyn Read, depth: u32) {
        let mut head = Vec::new();
        if let Err(error) = (&mut *stream).take(HEAD).read_to_end(&mut head) {
            (self.each)(&head);
            return self.end.note_broken(&error);
        }
        let packing = packing(&head);
        self.end.note_packing(packing);
        let mut whole = Cursor::new(head).chain(stream);
        match packing {
            Some(Packing::Streams) if depth >= DEEPEST => {
                self.end.note(FaultKind::PackingBroken, "packed too often".to_owned());
            }
            Some(Packing::Streams) => self.inflate(&mut whole, depth + 1),
            _ => self.read_all(&mut whole),
        }
    }

    /// Reads the output of consecutive streams, up to the limit.
    fn inflate(&mut self, stream: &mut dyn Read, depth: u32) {
        let mut streams = match Streams::new(stream) {
            Ok(streams) => streams,
            Err(error) => return self.end.note_broken(&error),
        };
        let mut limited = LimitedReader::new(&mut streams, &self.left);
        self.open(&mut limited, depth);
        let LimitedReader { is_over, error, .. } = limited;
        if is_over {
            self.end.note(FaultKind::TooLarge, format!("more than {} bytes when inflated", self.limit));
        } else if let Some(error) = error {
            self.end.note_broken(&error);
        }
        if depth == 1 {
            self.end.second_member = streams.second_gzip;
        }
        if streams.passed_over {
            self.end.note(FaultKind::PackingBroken, PASSED_OVER.to_owned());
        }
    }

    fn read_all(&mut self, stream: &mut dyn Read) {
        let mut chunk = vec![0; CHUNK];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(read) => (self.each)(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.end.note_broken(&error),
            }
        }
    }
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
        let tar = crate::decode::unpack::tar(&[("a.json", b"{}")]);
        let zstd = zstd::encode_all(&tar[..], 1).unwrap();
        for stored in [tar.clone(), gzip(&tar), zstd] {
            assert!(both(&stored).1.is_archive);
        }
        // A file, or a network, may give a few bytes at a time.
        assert!(stream_content(&mut Drops(&tar), 1 << 20, &mut |_| {}).is_archive);
    }

    /// Gives one byte at a time.
    struct Drops<'b>(&'b [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let room = buffer.len().min(1);
            self.0.read(&mut buffer[..room])
        }
    }

    #[test]
    fn content_packed_several_times_is_unpacked_as_for_records() {
        let zstd = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
        let twice = gzip(&gzip(b"text"));
        for stored in [twice.clone(), gzip(&zstd(b"text")), zstd(&gzip(b"text")), gzip(&gzip(&twice))] {
            assert_eq!(both(&stored), (b"text".to_vec(), ContentEnd::default()));
        }
        let mut too_often = b"text".to_vec();
        (0..=DEEPEST).for_each(|_| too_often = gzip(&too_often));
        assert_eq!(both(&too_often).1.fault.unwrap().detail, "packed too often");
    }

    #[test]
    fn skippable_frames_of_zstd_are_no_content() {
        let frame =
            |data: &[u8]| [&[0x50, 0x2a, 0x4d, 0x18][..], &(data.len() as u32).to_le_bytes(), data].concat();
        let zstd = zstd::encode_all(&b"text"[..], 1).unwrap();
        // pzstd begins with the size of the next frame.
        let (bytes, end) = both(&[frame(&[4, 0, 0, 0]), zstd.clone()].concat());
        assert_eq!((&bytes[..], end), (&b"text"[..], ContentEnd::default()));
        let (bytes, end) = both(&[zstd, frame(b"{\"Records\":[]}")].concat());
        assert_eq!((&bytes[..], end.fault.unwrap().kind), (&b"text"[..], FaultKind::PackingBroken));
    }

    #[test]
    fn a_packing_that_is_not_read_is_a_fault() {
        let fault = both(b"7z\xbc\xaf\x27\x1c and more").1.fault.unwrap();
        assert_eq!(fault.detail, "packed as 7z, which is not read: unpack it");
    }
}
