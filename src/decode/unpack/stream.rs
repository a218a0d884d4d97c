//! Streams: consecutive packed streams, size limits, and buffers.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use bzip2::bufread::BzDecoder;
use flate2::bufread::{GzDecoder, ZlibDecoder};

use super::codec::Codec;
use super::hidden::{fields_hide, stream_hides};
use crate::coverage::FaultKind;

/// A buffer whose memory is reused, so that it is not cleared for each piece.
pub(in crate::decode) struct Text {
    bytes: Vec<u8>,
    pub(super) filled: usize,
}

impl Text {
    /// An empty text that reuses the memory of `bytes`.
    pub(in crate::decode) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, filled: 0 }
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    pub(in crate::decode) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }

    pub(in crate::decode) fn push(&mut self, more: &[u8]) {
        self.make_room(self.filled + more.len());
        self.bytes[self.filled..self.filled + more.len()].copy_from_slice(more);
        self.filled += more.len();
    }

    /// Reads until there are `length` bytes, or the stream ends.
    pub(super) fn fill(&mut self, stream: &mut dyn Read, length: usize) -> io::Result<()> {
        while self.filled < length {
            // The buffer grows with the input: most texts are far shorter than a piece.
            if self.filled == self.bytes.len() {
                self.make_room(length.min((2 * self.filled).max(CHUNK)));
            }
            let end = self.bytes.len().min(length);
            match stream.read(&mut self.bytes[self.filled..end]) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes the first bytes.
    pub(super) fn drop_first(&mut self, length: usize) {
        self.bytes.copy_within(length..self.filled, 0);
        self.filled -= length;
    }

    fn make_room(&mut self, length: usize) {
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
    }
}

/// A stream up to a size limit. An error ends it and is kept.
pub(in crate::decode) struct LimitedReader<'s> {
    stream: &'s mut dyn Read,
    left: Rc<Cell<u64>>,
    pub(in crate::decode) is_over: bool,
    pub(in crate::decode) error: Option<io::Error>,
}

impl<'s> LimitedReader<'s> {
    pub(in crate::decode) fn new(stream: &'s mut dyn Read, left: &Rc<Cell<u64>>) -> Self {
        Self { stream, left: Rc::clone(left), is_over: false, error: None }
    }
}

impl Read for LimitedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.error.is_some() || self.is_over || buffer.is_empty() {
            return Ok(0);
        }
        let left = self.left.get();
        // One extra byte shows whether the stream exceeds the limit.
        let room = buffer.len().min(usize::try_from(left.saturating_add(1)).unwrap_or(usize::MAX));
        match self.stream.read(&mut buffer[..room]) {
            Ok(read) => {
                self.is_over = read as u64 > left;
                let read = read.min(usize::try_from(left).unwrap_or(usize::MAX));
                self.left.set(left - read as u64);
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.error = Some(error);
                Ok(0)
            }
        }
    }
}

/// Whether bytes begin like a skippable frame of zstd (RFC 8878, 3.1.2).
pub(super) fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The length of a bzip2 stream without blocks.
const EMPTY_BZIP2: usize = 14;

/// Whether bytes begin with a bzip2 stream without blocks: a header, the end mark, and the checksum 0. `bzip2` of an empty file is
/// one, and there may be millions, each of which would take a decoder with megabytes of memory.
fn is_empty_bzip2(head: &[u8]) -> bool {
    const END: &[u8] = b"\x17\x72\x45\x38\x50\x90\0\0\0\0";
    Codec::of(head) == Some(Codec::Bzip2) && head.get(4..EMPTY_BZIP2) == Some(END)
}

/// Decodes consecutive gzip members, zstd frames, and bzip2, xz and zlib streams, in any mixture, to one text.
pub(in crate::decode) struct Streams<R: Read> {
    member: Option<MemberDecoder<R>>,
    last: Option<Codec>,
    count: u64,
    /// Position of the second member, if it is gzip.
    pub(in crate::decode) second_gzip: Option<u64>,
    /// Whether a skipped frame, or the header of a member, looks like a text with records.
    pub(in crate::decode) passed_over: bool,
}

/// The detail of the fault if so.
pub(in crate::decode) const PASSED_OVER: &str =
    "a frame or header that decoders pass over holds something like records, which is not read";

enum MemberDecoder<R: Read> {
    Gzip(Box<GzDecoder<PeekReader<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, PeekReader<R>>>),
    Bzip2(Box<BzDecoder<PeekReader<R>>>),
    Xz(Box<lzma_rust2::XzReader<PeekReader<R>>>),
    Zlib(Box<ZlibDecoder<PeekReader<R>>>),
}

/// A fault in a stream.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(in crate::decode) struct StreamError {
    pub(in crate::decode) kind: FaultKind,
    pub(in crate::decode) detail: String,
}

/// The number of stored bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// The largest supported xz dictionary, in KiB; `xz -9` has one of 64 MiB.
const LARGEST_DICTIONARY: u32 = 128 << 10;

impl<R: Read> Streams<R> {
    pub(in crate::decode) fn new(stream: R) -> io::Result<Self> {
        let mut streams = Self { member: None, last: None, count: 0, second_gzip: None, passed_over: false };
        streams.next_member(PeekReader::new(stream))?;
        Ok(streams)
    }

    /// Continues after the end of a member.
    fn next_member(&mut self, mut stream: PeekReader<R>) -> io::Result<()> {
        loop {
            let head = stream.peek(EMPTY_BZIP2)?;
            if is_empty_bzip2(head) {
                self.count += 1;
                self.last = Some(Codec::Bzip2);
                stream.consume(EMPTY_BZIP2);
                continue;
            }
            if let Some(codec) = Codec::of(head) {
                self.count += 1;
                if self.count == 2 && codec == Codec::Gzip {
                    self.second_gzip = Some(stream.taken);
                }
                self.last = Some(codec);
                self.member = Some(MemberDecoder::new(codec, stream)?);
                return Ok(());
            }
            match head.first() {
                None => return Ok(()),
                // Tapes and some tools pad with zeros.
                Some(0) => {
                    let padding = head.iter().take_while(|byte| **byte == 0).count();
                    stream.consume(padding);
                }
                Some(_) if is_skippable(head) => self.pass_over(&mut stream)?,
                Some(_) => {
                    let is_gzip = self.last == Some(Codec::Gzip);
                    let kind = if is_gzip { FaultKind::GzipTrailing } else { FaultKind::PackingBroken };
                    let detail = "bytes after the last member".to_owned();
                    return Err(io::Error::other(StreamError { kind, detail }));
                }
            }
        }
    }

    /// Skips a zstd skippable frame: a magic number, a length and arbitrary data.
    fn pass_over(&mut self, stream: &mut PeekReader<R>) -> io::Result<()> {
        let head = stream.peek(8)?;
        let Some(&[l0, l1, l2, l3]) = head.get(4..8) else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let length = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
        stream.consume(8);
        if length == 0 {
            return Ok(());
        }
        let mut frame = Read::take(&mut *stream, length);
        self.passed_over |= stream_hides(&mut frame)?;
        if frame.limit() > 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

impl<R: Read> MemberDecoder<R> {
    fn new(codec: Codec, stream: PeekReader<R>) -> io::Result<Self> {
        Ok(match codec {
            Codec::Gzip => Self::Gzip(Box::new(GzDecoder::new(stream))),
            // The library refuses windows over 128 MiB.
            Codec::Zstd => {
                Self::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(stream)?.single_frame()))
            }
            Codec::Bzip2 => Self::Bzip2(Box::new(BzDecoder::new(stream))),
            Codec::Xz => {
                Self::Xz(Box::new(lzma_rust2::XzReader::new_mem_limit(stream, false, LARGEST_DICTIONARY)))
            }
            Codec::Zlib => Self::Zlib(Box::new(ZlibDecoder::new(stream))),
        })
    }

    /// Whether its header looks like a text with records.
    fn header_hides(&self) -> bool {
        let Self::Gzip(decoder) = self else { return false };
        decoder.header().is_some_and(|header| {
            let [extra, name, comment] = [header.extra(), header.filename(), header.comment()];
            fields_hide([extra, name, comment].map(Option::unwrap_or_default))
        })
    }

    fn into_stream(self) -> PeekReader<R> {
        match self {
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
            Self::Bzip2(decoder) => decoder.into_inner(),
            Self::Xz(decoder) => decoder.into_inner(),
            Self::Zlib(decoder) => decoder.into_inner(),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer).map_err(|error| {
                let kind = match error.kind() {
                    io::ErrorKind::UnexpectedEof => FaultKind::GzipTruncated,
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => FaultKind::GzipCorrupt,
                    _ => return error,
                };
                io::Error::other(StreamError { kind, detail: error.to_string() })
            }),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer),
            Self::Zlib(decoder) => decoder.read(buffer),
        }
    }
}

impl<R: Read> Read for Streams<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer);
            if matches!(read, Ok(1..)) || buffer.is_empty() {
                return read;
            }
            self.passed_over |= member.header_hides();
            read?;
            if let Some(member) = self.member.take() {
                self.next_member(member.into_stream())?;
            }
        }
        Ok(0)
    }
}

/// A stream with lookahead that counts the bytes read.
pub(super) struct PeekReader<R> {
    stream: R,
    /// Memory; the bytes of the stream in it are those from `at` to `filled`.
    bytes: Vec<u8>,
    at: usize,
    filled: usize,
    taken: u64,
}

impl<R: Read> PeekReader<R> {
    fn new(stream: R) -> Self {
        Self { stream, bytes: Vec::new(), at: 0, filled: 0, taken: 0 }
    }

    /// The next `wanted` bytes or more, or all that are left.
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        if self.filled - self.at < wanted {
            // Only now, since a stream can consist of millions of frames that are a few bytes long.
            self.bytes.copy_within(self.at..self.filled, 0);
            self.filled -= std::mem::take(&mut self.at);
            self.refill(wanted)?;
        }
        Ok(&self.bytes[self.at..self.filled])
    }

    /// Reads until there are `wanted` bytes, or the stream ends.
    fn refill(&mut self, wanted: usize) -> io::Result<()> {
        if self.bytes.len() < wanted.max(CHUNK) {
            self.bytes.resize(wanted.max(CHUNK), 0);
        }
        while self.filled < wanted {
            match self.stream.read(&mut self.bytes[self.filled..]) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                // Retried, since the caller would take it for the end.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<R: Read> BufRead for PeekReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, taken: usize) {
        self.at += taken;
        self.taken += taken as u64;
    }
}

impl<R: Read> Read for PeekReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let read = available.len().min(buffer.len());
        buffer[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

/// A reader that computes the checksum and length of the bytes read.
pub(super) struct ChecksumReader<'s> {
    stream: &'s mut dyn Read,
    pub(super) crc: flate2::Crc,
    pub(super) size: u64,
    pub(super) has_ended: bool,
}

impl<'s> ChecksumReader<'s> {
    pub(super) fn new(stream: &'s mut dyn Read) -> Self {
        Self { stream, crc: flate2::Crc::new(), size: 0, has_ended: false }
    }
}

impl Read for ChecksumReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.crc.update(&buffer[..read]);
        self.size += read as u64;
        self.has_ended |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}
