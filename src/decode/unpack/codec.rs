//! Recognises the compression of a stream by its first bytes.

/// The compression of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum Codec {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Zlib,
}

impl Codec {
    /// By its first bytes: RFC 1952; RFC 8878; bzip2 "BZh" and a level; "The .xz File Format", 2.1.1.1; RFC 1950, with the
    /// window of 32 KiB that encoders use, and a valid type of the first block (RFC 1951, 3.2.3).
    pub(in crate::decode) fn of(head: &[u8]) -> Option<Self> {
        match *head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x78, 0x01 | 0x9c | 0xda, block, ..] if block & 6 != 6 => Some(Self::Zlib),
            _ => None,
        }
    }
}
