//! Recognises packings by their first bytes.

use super::codec::Codec;
use super::snappy;
use super::stream::is_skippable;

/// A tar archive consists of blocks of this many bytes.
pub(super) const TAR_BLOCK: usize = 512;

/// A kind of packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum Packing {
    /// One stream, or several one after another.
    Streams,
    /// Many files.
    Zip,
    /// Many files.
    Tar,
    /// An unsupported packing with this name.
    Unread(&'static str),
}

/// First bytes of unsupported packings, and their names.
const UNREAD: [(&[u8], &str); 13] = [
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"\x02\x21\x4c\x18", "LZ4"),
    (b"\xff\x06\x00\x00sNaPpY", "framed Snappy"),
    (b"\x82SNAPPY\0", "Snappy of snappy-java"),
    (b"LZIP", "lzip"),
    (b"\x89LZO\0\r\n\x1a\n", "LZO"),
    (b"\x1f\x9d", "compress (.Z)"),
    (b"\x1f\xa0", "compress (.Z)"),
    (b"MSCF\0\0\0\0", "a cabinet"),
    (b"xar!\0", "xar"),
    (b"\x5d\0\0", "LZMA"),
];

/// Recognises a packing by its first bytes: those of [`Codec`]; APPNOTE.TXT 4.3.7, also at the start of a
/// first volume (8.5.3); POSIX `pax`, "ustar Interchange Format".
pub(in crate::decode) fn packing(bytes: &[u8]) -> Option<Packing> {
    if matches!(bytes.first(), None | Some(b'{' | b'[')) && bytes.get(257..262) != Some(b"ustar") {
        return None;
    }
    if Codec::of(bytes).is_some() || is_skippable(bytes) {
        return Some(Packing::Streams);
    }
    if let [b'P', b'K', 3 | 5 | 6, 4 | 6] | [b'P', b'K', b'0' | 7, b'0' | 8] = bytes.get(..4)? {
        return Some(Packing::Zip);
    }
    if is_tar_header(bytes) {
        return Some(Packing::Tar);
    }
    let unread = UNREAD.iter().find(|(magic, _)| bytes.starts_with(magic))?;
    Some(Packing::Unread(unread.1))
}

/// The name of an unsupported packing in which texts may stand as they are, so that bytes are also read as a text.
pub(in crate::decode) fn porous_packing(bytes: &[u8]) -> Option<&'static str> {
    match bytes.first() {
        None | Some(b'{' | b'[') => None,
        Some(_) => table(bytes).or_else(|| snappy::kind(bytes)),
    }
}

/// The fault of a packing that is not read, by its name.
pub(in crate::decode) fn unread_detail(name: &str) -> String {
    let is_table = TABLES.iter().any(|(_, table)| *table == name);
    let advice = if is_table { "export the records as JSON or Parquet" } else { "unpack it" };
    format!("packed as {name}, which is not read: {advice}")
}

/// Kinds of tables that are not read, by their first bytes: "ORC Specification v1"; Avro specification, "Object Container Files"; "Arrow Columnar
/// Format", "IPC File Format", and the first version of Feather.
const TABLES: [(&[u8], &str); 4] =
    [(b"ORC", "ORC"), (b"Obj\x01", "Avro"), (b"ARROW1", "Arrow"), (b"FEA1", "Feather")];

/// The length of the beginning of a file that is examined to tell a table from a text.
const TABLE_GLIMPSE: usize = 64;

/// The kind of a table that is not read: it has the first bytes of one, and not only text behind them.
fn table(bytes: &[u8]) -> Option<&'static str> {
    let is_text = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    let head = &bytes[..bytes.len().min(TABLE_GLIMPSE)];
    let (_, name) = TABLES.into_iter().find(|(magic, _)| head.starts_with(magic))?;
    (!head.iter().all(is_text)).then_some(name)
}

/// Whether bytes begin with a tar header: by its magic, or because all its numbers are octal and end at the
/// right position (the oldest format has no magic; POSIX `pax`, "ustar Interchange Format"). Its checksum is
/// verified when it is read.
pub(super) fn is_tar_header(bytes: &[u8]) -> bool {
    if bytes.get(257..262) == Some(b"ustar") {
        return true;
    }
    // Mode, user, group, size, time, checksum.
    const NUMBERS: [std::ops::Range<usize>; 6] = [100..108, 108..116, 116..124, 124..136, 136..148, 148..156];
    let is_number = |field: std::ops::Range<usize>| {
        let digits = bytes[field].trim_ascii_start();
        let length = digits.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        length > 0 && digits[length..].iter().all(|byte| matches!(byte, 0 | b' '))
    };
    bytes.len() >= TAR_BLOCK && bytes[0] != 0 && NUMBERS.into_iter().all(is_number)
}
