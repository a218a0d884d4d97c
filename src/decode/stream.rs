//! Streams that are read bit by bit: gzip members one after another, ceilings, and memory for what comes.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::GzDecoder;

use super::inflate::GZIP_MAGIC;
use crate::coverage::FaultKind;

/// Bytes in memory that is used again and again, so that it is not cleared for each piece.
pub(super) struct Text {
    bytes: Vec<u8>,
    pub(super) filled: usize,
}

impl Text {
    /// Nothing yet, in the memory of something else.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, filled: 0 }
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }

    pub(super) fn push(&mut self, more: &[u8]) {
        self.make_room(self.filled + more.len());
        self.bytes[self.filled..self.filled + more.len()].copy_from_slice(more);
        self.filled += more.len();
    }

    /// Reads on until there are so many bytes, or no more come.
    pub(super) fn fill(&mut self, stream: &mut dyn Read, length: usize) -> io::Result<()> {
        while self.filled < length {
            // Grows with what comes: most texts are far shorter than a piece.
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

    fn make_room(&mut self, length: usize) {
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
    }
}

/// A stream up to a ceiling; an error ends it, and is kept.
pub(super) struct Limited<'s> {
    stream: &'s mut dyn Read,
    left: Rc<Cell<u64>>,
    pub(super) is_over: bool,
    pub(super) error: Option<io::Error>,
}

impl<'s> Limited<'s> {
    pub(super) fn new(stream: &'s mut dyn Read, left: &Rc<Cell<u64>>) -> Self {
        Self { stream, left: Rc::clone(left), is_over: false, error: None }
    }
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.error.is_some() || self.is_over || buffer.is_empty() {
            return Ok(0);
        }
        let left = self.left.get();
        // One byte more tells whether there is more than there may be.
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

/// Gzip members one after another, as [`super::inflate`] takes them.
pub(super) struct Members<R: Read> {
    member: Option<GzDecoder<BufReader<R>>>,
}

/// What was wrong with them.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(super) struct GzipError {
    pub(super) kind: FaultKind,
    pub(super) detail: String,
}

/// How much of a stored stream is read at once.
const CHUNK: usize = 256 << 10;

impl<R: Read> Members<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { member: Some(GzDecoder::new(BufReader::with_capacity(CHUNK, stream))) }
    }

    /// Goes on behind a member that has ended.
    fn next_member(mut stream: BufReader<R>) -> io::Result<Option<GzDecoder<BufReader<R>>>> {
        use std::io::BufRead;
        loop {
            let rest = match stream.fill_buf() {
                // What asked would think that this is the end.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                rest => rest?,
            };
            let padding = rest.iter().take_while(|byte| **byte == 0).count();
            match rest.first() {
                None => return Ok(None),
                Some(byte) if *byte == GZIP_MAGIC[0] => return Ok(Some(GzDecoder::new(stream))),
                // Tapes and some tools pad with zeros.
                Some(0) => stream.consume(padding),
                Some(_) => {
                    let detail = "bytes after the last gzip member".to_owned();
                    return Err(io::Error::other(GzipError { kind: FaultKind::GzipTrailing, detail }));
                }
            }
        }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer).map_err(|error| {
                let kind = match error.kind() {
                    io::ErrorKind::UnexpectedEof => FaultKind::GzipTruncated,
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => FaultKind::GzipCorrupt,
                    _ => return error,
                };
                io::Error::other(GzipError { kind, detail: error.to_string() })
            })?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            if let Some(member) = self.member.take() {
                self.member = Self::next_member(member.into_inner())?;
            }
        }
        Ok(0)
    }
}
