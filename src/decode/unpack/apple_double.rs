//! AppleDouble files: macOS stores extended attributes and resource forks in them on file systems that lack
//! these, as `._NAME` beside `NAME`, and below `__MACOSX/` in zip archives.

use super::gzip::GZIP_MAGIC;

/// Whether the bytes are an AppleDouble file and nothing else: a header, entries that fill the file (RFC
/// 1740, appendix B), and possibly trailing bytes that cannot hold a record. Files with more content are read
/// like any other file.
pub(in crate::decode) fn is_apple_double(bytes: &[u8]) -> bool {
    let Some((header, rest)) = bytes.split_at_checked(26) else { return false };
    // Magic number and version; 16 filler bytes; the number of entries.
    if !header.starts_with(&[0, 5, 0x16, 7, 0, 2, 0, 0]) {
        return false;
    }
    let count = usize::from(u16::from_be_bytes([header[24], header[25]]));
    let Some(entries) = rest.get(..count * 12) else { return false };
    // Each entry has an id, an offset and a length.
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let ends = entries.chunks_exact(12).map(|entry| number(&entry[4..8]) + number(&entry[8..]));
    ends.max() == Some(bytes.len() as u64) || !may_hold_records(rest)
}

/// Whether the bytes may hold JSON or a packing.
fn may_hold_records(bytes: &[u8]) -> bool {
    bytes.contains(&b'{') || bytes.windows(GZIP_MAGIC.len()).any(|start| start == GZIP_MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_fully_described_by_its_header_is_apple_double() {
        let mut bytes = vec![0, 5, 0x16, 7, 0, 2, 0, 0];
        bytes.extend([0; 16]);
        bytes.extend([0, 1, 0, 0, 0, 9, 0, 0, 0, 38, 0, 0, 0, 2, 1, 2]);
        assert!(is_apple_double(&bytes));
        for end in 0..38 {
            assert!(!is_apple_double(&bytes[..end]), "{end}");
        }
        assert!(is_apple_double(&[&bytes[..], b"text"].concat()));
        for hidden in [&b"{}"[..], b"x\x1f\x8b\x08"] {
            assert!(!is_apple_double(&[&bytes[..], hidden].concat()));
        }
    }
}
