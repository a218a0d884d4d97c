//! Recognises Snappy blocks, which have no magic number, by the log that they begin with.
//!
//! A block is the length of its text, and then elements of which the first is a literal (Snappy, "format_description.txt"). Hadoop
//! writes the length of a text and that of a block, as four bytes each, before every block (`BlockCompressorStream`).

/// Longer texts are in no block.
const LONGEST: u64 = 1 << 29;

/// The number of characters of a text that are examined.
const GLIMPSE: usize = 8;

/// The kind of Snappy that bytes begin with.
pub(super) fn kind(bytes: &[u8]) -> Option<&'static str> {
    if let Some((length, block)) = hadoop_block(bytes)
        && log_block(block).is_some_and(|(text, _)| text <= length)
    {
        return Some("Hadoop-Snappy");
    }
    let (_, before) = log_block(bytes)?;
    // Texts begin with characters.
    let is_text = std::str::from_utf8(&bytes[..before])
        .is_ok_and(|text| text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()));
    (!is_text).then_some("Snappy")
}

/// The length of the first text in Hadoop's form, and its block.
fn hadoop_block(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (text, rest) = bytes.split_first_chunk::<4>()?;
    let (packed, block) = rest.split_first_chunk::<4>()?;
    let (text, packed) = (u64::from(u32::from_be_bytes(*text)), u64::from(u32::from_be_bytes(*packed)));
    // A block is never longer (`MaxCompressedLength`).
    let is_credible = (1..=LONGEST).contains(&text) && (2..=32 + text + text / 6).contains(&packed);
    is_credible.then_some((text, block))
}

/// The length of a block's text, and where in the block the text begins, if it begins like a log.
fn log_block(block: &[u8]) -> Option<(u64, usize)> {
    let (mut text, mut at) = (0, 0);
    loop {
        let byte = *block.get(at).filter(|_| at < 5)?;
        text |= u64::from(byte & 127) << (7 * at);
        at += 1;
        if byte < 128 {
            break;
        }
    }
    let tag = *block.get(at).filter(|tag| **tag & 3 == 0)? >> 2;
    at += 1;
    let literal = match tag {
        0..60 => u64::from(tag) + 1,
        _ => {
            let bytes = block.get(at..at + usize::from(tag - 59))?;
            at += bytes.len();
            bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) + 1
        }
    };
    let begins = block.get(at..at + GLIMPSE)?;
    let is_credible = text <= LONGEST && (GLIMPSE as u64..=text).contains(&literal);
    (is_credible && begins_log(begins)).then_some((text, at))
}

/// Whether a text begins like JSON, or like gzip as CloudWatch Logs sends it.
fn begins_log(text: &[u8]) -> bool {
    let is_printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    text.starts_with(&[0x1f, 0x8b, 8])
        || (matches!(text.first(), Some(b'{' | b'[')) && text.iter().all(is_printable))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of one literal.
    fn block(text: &[u8]) -> Vec<u8> {
        let (length, literal) = (text.len() as u16, text.len() as u16 - 1);
        let mut block = vec![length as u8 & 127 | 128, (length >> 7) as u8];
        match literal {
            0..60 => block.push((literal as u8) << 2),
            60..256 => block.extend([60 << 2, literal as u8]),
            _ => block.extend([&[61 << 2][..], &literal.to_le_bytes()].concat()),
        }
        [&block[..], text].concat()
    }

    fn hadoop(text: &[u8]) -> Vec<u8> {
        let block = block(text);
        [&(text.len() as u32).to_be_bytes()[..], &(block.len() as u32).to_be_bytes(), &block].concat()
    }

    #[test]
    fn blocks_of_logs_are_recognized() {
        for length in [50, 100, 300, 2_000] {
            let text = format!("{{\"Records\":[{{\"x\":\"{}\"}}]}}", "y".repeat(length));
            assert_eq!(kind(&block(text.as_bytes())), Some("Snappy"), "{length}");
            assert_eq!(kind(&hadoop(text.as_bytes())), Some("Hadoop-Snappy"), "{length}");
        }
        let gzip = [&[0x1f, 0x8b, 8, 0][..], &[0; 500]].concat();
        assert_eq!(kind(&block(&gzip)), Some("Snappy"));
        assert_eq!(kind(&hadoop(&gzip)), Some("Hadoop-Snappy"));
    }

    #[test]
    fn texts_and_other_bytes_are_not_taken_for_blocks() {
        let utf16: Vec<u8> = "[{\"Records\":[]}]".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [
            &b""[..],
            b"x",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xff\xff\xff\xff\xff\xff{\"Records\":[]}",
            b"words {\"Records\":[]}",
            b"\xef\xbb\xbf  {\"Records\":[]}",
            b"P0{\"Records\":[]}, and so on until the text has the length that it seems to begin with",
            &[b"\xff\xfe", &utf16[..]].concat(),
            b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            &block(b"something else than a log, and long enough to be one"),
        ] {
            assert_eq!(kind(bytes), None, "{bytes:?}");
        }
    }
}
