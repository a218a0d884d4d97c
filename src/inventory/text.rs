//! Decodes the bytes of a file to text: with or without gzip, in UTF-8 or UTF-16.

use flate2::read::MultiGzDecoder;

use super::FileProblem;
use super::files::{MOST_MIB, bounded};

/// Limit on nested layers of gzip.
const GZIP_DEPTH: usize = 3;

/// Magic numbers of unsupported compression formats and archives.
const PACKINGS: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a zip archive: unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it"),
    (b"BZh", "packed with bzip2: unpack it"),
    (b"\xfd7zXZ\0", "packed with xz: unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"\x1f\x8b", "packed with gzip too many times: unpack it"),
];

/// Decodes the text of a file, without a byte order mark.
pub(super) fn text_of(mut bytes: Vec<u8>) -> Result<String, FileProblem> {
    for _ in 0..GZIP_DEPTH {
        if !bytes.starts_with(b"\x1f\x8b") {
            break;
        }
        let unpacked = bounded(MultiGzDecoder::new(&bytes[..]));
        let unpacked = unpacked.map_err(|error| FileProblem::Broken(format!("gzip: {error}")))?;
        bytes = unpacked.ok_or(FileProblem::TooLarge(MOST_MIB))?;
    }
    if let Some((_, what)) = PACKINGS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(FileProblem::Form(what));
    }
    let decode = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    Ok(match bytes[..] {
        [0xff, 0xfe, ref rest @ ..] => decode(rest, u16::from_le_bytes),
        [0xfe, 0xff, ref rest @ ..] => decode(rest, u16::from_be_bytes),
        // UTF-8 text has no NUL in its first two bytes.
        [first, 0, ..] if first != 0 => decode(&bytes, u16::from_le_bytes),
        [0, second, ..] if second != 0 => decode(&bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, ref rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    })
}
