//! Decodes the bytes of a file to text: with or without gzip, in UTF-8 or UTF-16. Only the text is held, however many layers it has.

use std::io::{self, Cursor, ErrorKind, Read};

use flate2::read::MultiGzDecoder;

use super::FileProblem;

/// Limit on the size of a file in MiB: as stored, in each layer of gzip, and as text. The answer for an account with the 5,000 roles that
/// IAM allows, and their policies, has some 50 MB, so this has room for five times as many policies.
const MOST_MIB: u64 = 256;

/// Limit on nested layers of gzip.
const GZIP_DEPTH: usize = 3;

const GZIP: &[u8] = b"\x1f\x8b";

/// Magic numbers of unsupported compression formats and archives.
const PACKINGS: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a zip archive: unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it"),
    (b"BZh", "packed with bzip2: unpack it"),
    (b"\xfd7zXZ\0", "packed with xz: unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (GZIP, "packed with gzip too many times: unpack it"),
];

/// The longest of these magic numbers.
const LONGEST_MAGIC: u64 = 6;

/// Decodes the text of a file, without a byte order mark.
pub(super) fn text_of(file: impl Read) -> Result<String, FileProblem> {
    text_within(file, MOST_MIB << 20)
}

/// The same with a limit in bytes.
fn text_within(file: impl Read, most: u64) -> Result<String, FileProblem> {
    let mut layers = 0;
    let mut stream: Box<dyn Read + '_> = Box::new(Bounded { stream: file, left: most });
    let (head, stream) = loop {
        let mut head = Vec::new();
        let found = stream.by_ref().take(LONGEST_MAGIC).read_to_end(&mut head);
        found.map_err(|error| problem(&error, layers))?;
        stream = Box::new(Cursor::new(head.clone()).chain(stream));
        if layers == GZIP_DEPTH || !head.starts_with(GZIP) {
            break (head, stream);
        }
        layers += 1;
        stream = Box::new(Bounded { stream: MultiGzDecoder::new(stream), left: most });
    };
    if let Some((_, what)) = PACKINGS.iter().find(|(start, _)| head.starts_with(start)) {
        return Err(FileProblem::Form(what));
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let text = match head[..] {
        [0xff, 0xfe, ..] => utf16(stream, u16::from_le_bytes, most),
        [0xfe, 0xff, ..] => utf16(stream, u16::from_be_bytes, most),
        // UTF-8 text has no NUL in its first two bytes.
        [first, 0, ..] if first != 0 => utf16(stream, u16::from_le_bytes, most),
        [0, second, ..] if second != 0 => utf16(stream, u16::from_be_bytes, most),
        _ => utf8(stream, most),
    };
    let mut text = text.map_err(|error| problem(&error, layers))?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// What an error of reading means for the file.
fn problem(error: &io::Error, layers: usize) -> FileProblem {
    match (error.kind(), layers) {
        (ErrorKind::FileTooLarge, _) => FileProblem::TooLarge(MOST_MIB),
        (_, 0) => FileProblem::Refused(error.to_string()),
        (_, _) => FileProblem::Broken(format!("gzip: {error}")),
    }
}

/// A stream that fails when it exceeds a limit.
struct Bounded<R> {
    stream: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or(ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

/// Decodes a stream of UTF-8. Bytes that are none become replacement characters, as few as [`String::from_utf8_lossy`] writes.
fn utf8(mut stream: impl Read, most: usize) -> io::Result<String> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        if text.len() > most {
            return Err(ErrorKind::FileTooLarge.into());
        }
    }
    Ok(text)
}

/// Decodes a stream of UTF-16, without half a unit at its end.
fn utf16(stream: impl Read, unit: fn([u8; 2]) -> u16, most: usize) -> io::Result<String> {
    let mut failed = None;
    let mut bytes =
        io::BufReader::new(stream).bytes().map_while(|byte| byte.map_err(|error| failed = Some(error)).ok());
    let units = std::iter::from_fn(|| Some(unit([bytes.next()?, bytes.next()?])));
    let mut text = String::new();
    for c in char::decode_utf16(units) {
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        if text.len() > most {
            return Err(ErrorKind::FileTooLarge.into());
        }
    }
    failed.map_or(Ok(text), Err)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_layer_is_within_the_limit() {
        let within = |bytes: &[u8]| text_within(bytes, 100_000);
        let too_large = Err(FileProblem::TooLarge(MOST_MIB));
        let large = vec![b'a'; 100_001];
        for bytes in
            [large.clone(), packed(&large), packed(&packed(&large)), packed(&packed(&packed(&large)))]
        {
            assert_eq!(within(&bytes), too_large);
        }
        assert_eq!(within(&packed(&large[1..])).unwrap().len(), 100_000);
        // The layer in between is too large, and packs nothing.
        let empty = packed(b"").repeat(10_000);
        assert_eq!(within(&packed(&empty)), too_large);
        // What is within the limit as bytes, and not as text.
        let wide: Vec<u8> = "\u{4e2d}".repeat(40_000).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(within(&[b"\xff\xfe", &wide[..]].concat()), too_large);
        assert_eq!(within(&vec![0xff; 40_000]), too_large);
    }

    #[test]
    fn texts_are_decoded_in_any_form() {
        let text = "{\"ü\": \"\u{1f600}\"}";
        let units = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            little.clone(),
            big.clone(),
            [b"\xff\xfe", &little[..], b"x"].concat(),
            [b"\xfe\xff", &big[..]].concat(),
        ] {
            assert_eq!(text_within(&bytes[..], 1 << 20).as_deref(), Ok(text));
            assert_eq!(text_within(&packed(&packed(&bytes))[..], 1 << 20).as_deref(), Ok(text));
        }
        assert_eq!(text_within(&b"a\xffb"[..], 100).as_deref(), Ok("a\u{fffd}b"));
        assert_eq!(text_within(&b""[..], 100).as_deref(), Ok(""));
        let broken = text_within(&packed(text.as_bytes())[..20], 1 << 20).unwrap_err();
        assert!(matches!(broken, FileProblem::Broken(reason) if reason.starts_with("gzip: ")));
    }
}
