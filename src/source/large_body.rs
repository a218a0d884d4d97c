//! Objects that are too large to be held: they are read piecemeal.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Objects of more stored bytes than this are returned as [`LargeBody`]. CloudTrail's own are far smaller.
pub const LARGE: u64 = 16 << 20;

/// The bytes of a large object, as stored.
pub enum LargeBody {
    /// A file.
    File(File),
    /// A complete object from a network.
    Held(Cursor<Vec<u8>>),
    /// A stream, which can be read only once.
    Stream(Box<dyn Read + Send>),
}

impl LargeBody {
    /// Takes the bytes out of a buffer if they are large.
    pub(super) fn take_if_large(buffer: &mut Vec<u8>) -> Option<Self> {
        (buffer.len() as u64 > LARGE).then(|| Self::Held(Cursor::new(std::mem::take(buffer))))
    }

    /// Its size in bytes, if known.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::File(file) => file.metadata().ok().map(|metadata| metadata.len()),
            Self::Held(bytes) => Some(bytes.get_ref().len() as u64),
            Self::Stream(_) => None,
        }
    }
}

impl Seek for LargeBody {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Held(bytes) => bytes.seek(to),
            Self::Stream(_) => Err(io::ErrorKind::NotSeekable.into()),
        }
    }
}

impl Read for LargeBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Held(bytes) => bytes.read(buffer),
            Self::Stream(stream) => stream.read(buffer),
        }
    }
}

impl fmt::Debug for LargeBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Large({:?})", self.size())
    }
}
