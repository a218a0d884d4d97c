//! Objects that are too large to be held: they are handed out to be read bit by bit.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Objects of more stored bytes than this are handed out as [`Large`]. CloudTrail's own are far smaller.
pub const LARGE: u64 = 16 << 20;

/// The bytes of a large object, as stored.
pub enum Large {
    /// A file.
    File(File),
    /// Something that came over a network, and is there as a whole.
    Held(Cursor<Vec<u8>>),
    /// Something that comes once.
    Stream(Box<dyn Read + Send>),
}

impl Large {
    /// Takes bytes out of a buffer if they are many.
    pub(super) fn held(buffer: &mut Vec<u8>) -> Option<Self> {
        (buffer.len() as u64 > LARGE).then(|| Self::Held(Cursor::new(std::mem::take(buffer))))
    }

    /// How many bytes it has, if that is known.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::File(file) => file.metadata().ok().map(|metadata| metadata.len()),
            Self::Held(bytes) => Some(bytes.get_ref().len() as u64),
            Self::Stream(_) => None,
        }
    }
}

impl Seek for Large {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Held(bytes) => bytes.seek(to),
            Self::Stream(_) => Err(io::ErrorKind::NotSeekable.into()),
        }
    }
}

impl Read for Large {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Held(bytes) => bytes.read(buffer),
            Self::Stream(stream) => stream.read(buffer),
        }
    }
}

impl fmt::Debug for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Large({:?})", self.size())
    }
}
