//! Files in files, and files too large to be held: gzip, zstd and bzip2 streams, zip and tar archives of log objects, in any
//! nesting that somebody may have made, cut into pieces that can be read by themselves.
//!
//! The slow way: everything that is no plain gzip comes through here, and every object that is large. What comes out of it in
//! one go is an inner file, or a part of a text that ends with a line; nothing larger is held, but for texts that cannot
//! be cut: one JSON value over many lines, or tables.

use std::io::{Cursor, Read, Seek};
use std::sync::Arc;

use super::ceiling::Ceiling;
use super::cutter::{Cutter, PIECE};
use super::stream::{Codec, is_skippable};
use super::tape;
use super::{DecodeFault, Decoded, Decoder, FoundRecord, Verdict};
use crate::coverage::{FaultKind, ObjectSkip, Position, add_counts};
use crate::memory::{Budget, Hold};

#[cfg(test)]
pub(super) use tests::{read, tar, zip, zstd};

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// One stream, or several one after another.
    Streams,
    /// Many files.
    Zip,
    /// Many files.
    Tar,
    /// In a way that has this name and is not read.
    Unread(&'static str),
}

/// First bytes of packings that are not read, and their names.
const UNREAD: [(&[u8], &str); 12] = [
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"\x02\x21\x4c\x18", "LZ4"),
    (b"\xff\x06\x00\x00sNaPpY", "framed Snappy"),
    (b"LZIP", "lzip"),
    (b"\x89LZO\0\r\n\x1a\n", "LZO"),
    (b"\x1f\x9d", "compress (.Z)"),
    (b"\x1f\xa0", "compress (.Z)"),
    (b"MSCF\0\0\0\0", "a cabinet"),
    (b"xar!\0", "xar"),
    (b"\x5d\0\0", "LZMA"),
];

/// How bytes are packed, by their first ones: those of [`Codec`]; APPNOTE.TXT 4.3.7, also where a first volume begins (8.5.3);
/// POSIX `pax`, "ustar Interchange Format".
pub(super) fn packing(bytes: &[u8]) -> Option<Packing> {
    if matches!(bytes.first(), None | Some(b'{' | b'[')) && bytes.get(257..262) != Some(b"ustar") {
        return None;
    }
    if Codec::of(bytes).is_some() || is_skippable(bytes) {
        return Some(Packing::Streams);
    }
    if let [b'P', b'K', 3 | 5 | 6, 4 | 6] | [b'P', b'K', b'0' | 7, b'0' | 8] = bytes.get(..4)? {
        return Some(Packing::Zip);
    }
    if tape::is_header(bytes) {
        return Some(Packing::Tar);
    }
    let unread = UNREAD.iter().find(|(magic, _)| bytes.starts_with(magic))?;
    Some(Packing::Unread(unread.1))
}

/// A part of an object that can be read by itself.
#[derive(Debug)]
pub struct Piece {
    /// The file in the object, and behind its first piece the byte of it that this one begins with: `a.tar!b.jsonl!@16777216`.
    pub inner: Option<Box<str>>,
    pub(super) bytes: Vec<u8>,
    /// In how many packings it lies.
    pub(super) depth: u32,
    /// Whether it is a file, and nothing of it is missing.
    pub(super) is_whole_file: bool,
    /// How many of its first bytes are repeated from the wrapper of the list that it is a part of.
    pub(super) repeated: usize,
    /// How many bytes it has more than the part of the file that it stands for.
    pub(super) added: usize,
    /// What was reserved for it, if it is large.
    pub(super) hold: Option<Hold>,
}

impl Piece {
    /// A file that is small.
    pub(super) fn file(bytes: Vec<u8>, name: Option<&str>, depth: u32, is_whole_file: bool) -> Self {
        Self { inner: name.map(Box::from), bytes, depth, is_whole_file, repeated: 0, added: 0, hold: None }
    }

    /// Whether memory was reserved for it: who cut it must read it, since others may wait for that memory.
    pub fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    /// Its length in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its memory, for another piece, unless it is much.
    pub fn into_memory(self) -> Vec<u8> {
        if self.bytes.capacity() > 2 * PIECE { Vec::new() } else { self.bytes }
    }
}

/// Takes a piece; gives memory for a later one, which may be none at all, or says that no more pieces are wanted.
pub type Emit<'e> = dyn FnMut(Piece) -> Option<Vec<u8>> + 'e;

/// Something that can be read from any place: a file.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Where a large object comes from.
pub enum Source<'s> {
    /// A file.
    File(&'s mut dyn ReadSeek),
    /// Bytes that come once.
    Stream(&'s mut dyn Read),
}

/// Cuts an object into pieces that `emit` takes, in their order. Gives the faults that lie in no piece, and where a second gzip
/// member began. No more than `limit` bytes are inflated, or held at once; what is held is taken from the budget.
pub fn cut(
    source: Source<'_>,
    limit: u64,
    budget: &Arc<Budget>,
    emit: &mut Emit<'_>,
) -> (Vec<DecodeFault>, Option<u64>) {
    let mut cutter = Cutter::new(Ceiling::new(limit, budget), emit);
    match source {
        Source::Stream(stream) => cutter.open(stream, None, 0),
        Source::File(file) => {
            let mut head = [0; 4];
            let is_zip = file.read_exact(&mut head).is_ok() && packing(&head) == Some(Packing::Zip);
            match file.rewind() {
                Ok(()) if is_zip => cutter.zip(file, None, 1),
                Ok(()) => cutter.open(file, None, 0),
                Err(error) => cutter.broken(None, &error),
            }
        }
    }
    (cutter.faults, cutter.second_gzip)
}

/// What is read, and what may be held for it.
pub(super) struct Packed<'p> {
    pub(super) packing: Packing,
    pub(super) bytes: &'p [u8],
    pub(super) ceiling: &'p Ceiling,
    pub(super) depth: u32,
    pub(super) is_strict: bool,
}

/// What came out of it.
pub(super) struct Unpacked {
    pub(super) decoded: Decoded,
    /// Where a second gzip member began.
    pub(super) second_gzip: Option<u64>,
    /// How many bytes were inflated.
    pub(super) inflated: u64,
}

/// Visits every record in what is packed.
pub(super) fn decode(packed: &Packed<'_>, visit: &mut dyn FnMut(FoundRecord<'_>)) -> Unpacked {
    let &Packed { packing, bytes, ceiling, depth, is_strict } = packed;
    let mut sum: Option<Decoded> = None;
    let mut emit = |piece: Piece| {
        let before = sum.as_ref().map_or(0, |sum| sum.records);
        let mut renumbered =
            |found: FoundRecord<'_>| visit(FoundRecord { number: before + found.number, ..found });
        let visit: &mut dyn FnMut(FoundRecord<'_>) = &mut renumbered;
        let mut decoder = Decoder { is_strict, ..Decoder::nested_in(ceiling.clone(), piece.depth) };
        let decoded = decoder.decode_piece(&piece, visit);
        match &mut sum {
            Some(sum) => sum.add(decoded),
            None => sum = Some(decoded),
        }
        Some(piece.into_memory())
    };
    let mut cutter = Cutter::new(ceiling.clone(), &mut emit);
    match packing {
        Packing::Zip => cutter.zip(&mut Cursor::new(bytes), None, depth + 1),
        _ => cutter.open(&mut Cursor::new(bytes), None, depth),
    }
    let inflated = ceiling.limit.saturating_sub(cutter.left.get());
    let (faults, second_gzip) = (cutter.faults, cutter.second_gzip);
    let nothing = if faults.is_empty() { Verdict::Other(ObjectSkip::Empty) } else { Verdict::NotJson };
    let mut decoded = sum.unwrap_or_else(|| Decoded::nothing(nothing));
    decoded.faults.extend(faults);
    Unpacked { decoded, second_gzip, inflated }
}

impl Decoder {
    /// Visits every record of a piece. Records are numbered from 0 in it.
    pub fn decode_piece(&mut self, piece: &Piece, visit: &mut dyn FnMut(FoundRecord<'_>)) -> Decoded {
        let Piece { inner: name, bytes, depth, is_whole_file, repeated, added, hold } = piece;
        let name = name.as_deref();
        let mut renamed = |found: FoundRecord<'_>| match found.inner {
            None => visit(FoundRecord { inner: name, ..found }),
            inner => visit(FoundRecord { inner: joined(name, inner).as_deref(), ..found }),
        };
        let renamed: &mut dyn FnMut(FoundRecord<'_>) = &mut renamed;
        let outside = std::mem::replace(&mut self.depth, *depth);
        let ceiling = self.ceiling.clone();
        if hold.is_some() {
            self.ceiling = ceiling.inside(bytes.len() as u64, hold.as_ref());
        }
        let mut decoded = self.decode(bytes, renamed);
        (self.depth, self.ceiling) = (outside, ceiling);
        decoded.json_bytes = decoded.json_bytes.saturating_sub(*added as u64);
        for fault in &mut decoded.faults {
            if let (Position::Byte(at), None) = (&mut fault.position, &fault.inner) {
                *at = at.saturating_sub(*repeated as u64);
            }
            fault.inner = joined(name, fault.inner.as_deref()).map(String::into_boxed_str);
        }
        let is_file = *is_whole_file && name.is_some();
        if decoded.verdict == Verdict::NotJson && is_file && name.is_some_and(claims_log) {
            decoded.faults.push(fault(name, FaultKind::NotJson, "the content is not JSON"));
        }
        // An archive in an archive is told by what is in it.
        if is_file && decoded.faults.is_empty() && decoded.skipped_inside.is_empty() {
            let reason = match decoded.verdict {
                Verdict::Records => None,
                Verdict::Other(ObjectSkip::Empty) if name.is_some_and(|name| name.ends_with('/')) => None,
                Verdict::Other(reason) => Some(reason),
                Verdict::NotJson => Some(ObjectSkip::NotALog),
            };
            decoded.skipped_inside.extend(reason.map(|reason| (reason, 1)));
        }
        decoded
    }
}

impl Decoded {
    /// Adds the account of another part of the same object.
    pub fn add(&mut self, more: Self) {
        let Self { verdict, json_bytes, records, others, skipped_inside, found, faults } = more;
        self.found.merge(found);
        let is_other = matches!(verdict, Verdict::Other(_)) && skipped_inside.is_empty();
        self.others += others + u64::from(is_other);
        add_counts(&mut self.skipped_inside, skipped_inside);
        self.json_bytes += json_bytes;
        self.records += records;
        self.faults.extend(faults);
        self.verdict = match (self.verdict, verdict) {
            (Verdict::Records, _) | (_, Verdict::Records) => Verdict::Records,
            (Verdict::NotJson, other) => other,
            (other, _) => other,
        };
    }
}

pub(super) fn fault(name: Option<&str>, kind: FaultKind, detail: &str) -> DecodeFault {
    let inner = name.map(Box::from);
    DecodeFault { kind, position: Position::Whole, inner, detail: detail.to_owned() }
}

/// The way to a file in a file.
pub(super) fn joined(outer: Option<&str>, inner: Option<&str>) -> Option<String> {
    match (outer, inner) {
        (Some(outer), Some(inner)) => Some(format!("{outer}!{inner}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// Whether a name claims to be a log, so that content which is none is a fault.
fn claims_log(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".json", ".jsonl", ".ndjson", ".gz"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    pub(in crate::decode) fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 1).unwrap()
    }

    pub(in crate::decode) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(*name, options.compression_method(zip::CompressionMethod::Deflated)).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    pub(in crate::decode) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    /// Name, file and index of each event, and the faults as file and kind.
    pub(in crate::decode) fn read(bytes: &[u8]) -> (Vec<String>, Vec<String>, Verdict) {
        let mut events = Vec::new();
        let mut number = 0;
        let decoded = Decoder::new(1 << 20).decode(bytes, |found| {
            assert_eq!(found.number, number);
            number += 1;
            let name =
                found.record.map_or("!", |record| record.cloudtrail().unwrap().event_name.unwrap_or("-"));
            events.push(format!("{name} {} {}", found.inner.unwrap_or("."), found.index));
        });
        assert_eq!(decoded.records, number);
        let fault =
            |fault: &DecodeFault| format!("{} {}", fault.inner.as_deref().unwrap_or("."), fault.kind.name());
        (events, decoded.faults.iter().map(fault).collect(), decoded.verdict)
    }

    const A: &[u8] = br#"{"Records":[{"eventName":"A"},{"eventName":"B"}]}"#;
    const C: &[u8] = br#"{"eventName":"C"}"#;

    #[test]
    fn every_packing_gives_its_records_with_their_places() {
        let plain = ["A . 0", "B . 0"].map(|event| event.replace("B . 0", "B . 1"));
        for packed in [zstd(A), bzip2(A), zstd(&gzip(A)), gzip(&bzip2(A)), bzip2(&zstd(&gzip(A)))] {
            assert_eq!(read(&packed).0, plain);
        }
        let files: [(&str, &[u8]); 3] = [("x/a.json", A), ("readme.txt", b"hello"), ("c.json.gz", &gzip(C))];
        for packed in [zip(&files), tar(&files), gzip(&tar(&files)), zstd(&tar(&files))] {
            let (events, faults, verdict) = read(&packed);
            assert_eq!(events, ["A x/a.json 0", "B x/a.json 1", "C c.json.gz 0"]);
            assert_eq!((faults.len(), verdict), (0, Verdict::Records));
        }
        let nested = zip(&[("logs.zip", &zip(&[("a.json", A)])), ("b.tar", &tar(&[("c.json", C)]))]);
        assert_eq!(read(&nested).0, ["A logs.zip!a.json 0", "B logs.zip!a.json 1", "C b.tar!c.json 0"]);
    }

    /// The pieces of an object as name and length, and the faults.
    fn pieces(bytes: &[u8]) -> (Vec<(String, usize)>, Vec<String>) {
        let mut pieces = Vec::new();
        let mut emit = |piece: Piece| {
            pieces.push((piece.inner.as_deref().unwrap_or(".").to_owned(), piece.size()));
            Some(piece.into_memory())
        };
        let budget = Budget::new(1 << 30);
        let (faults, _) = cut(Source::File(&mut Cursor::new(bytes)), 1 << 20, &budget, &mut emit);
        let (streamed, _) = cut(Source::Stream(&mut &*bytes), 1 << 20, &budget, &mut |_| Some(Vec::new()));
        assert_eq!(streamed.len(), faults.len());
        (pieces, faults.iter().map(|fault| fault.kind.name().to_owned()).collect())
    }

    /// So many lines of one record each, 30 bytes long.
    fn long(lines: usize) -> String {
        (0..lines).map(|n| format!("{{\"eventName\":\"number {n:06}\"}}\n")).collect()
    }

    #[test]
    fn a_long_text_is_cut_behind_lines_whatever_it_is_packed_in() {
        let text = long(500);
        let line = text.len() / 500;
        let cut = (PIECE - 1) / line * line;
        let names = |outer: &str| -> Vec<String> {
            let piece = |number: usize| match number {
                0 => outer.to_owned(),
                n => format!("{outer}!@{}", n * cut).trim_start_matches(".!").to_owned(),
            };
            (0..text.len().div_ceil(cut)).map(piece).collect()
        };
        for packed in [
            text.clone().into_bytes(),
            gzip(text.as_bytes()),
            gzip(&gzip(text.as_bytes())),
            [gzip(&text.as_bytes()[..600]), gzip(&text.as_bytes()[600..]), vec![0; 99]].concat(),
            zstd(text.as_bytes()),
            bzip2(text.as_bytes()),
        ] {
            let (found, faults) = pieces(&packed);
            assert_eq!(found.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), names("."));
            assert_eq!(found.iter().map(|(_, size)| size).sum::<usize>(), text.len());
            assert_eq!(faults, [""; 0]);
        }
        for packed in [tar(&[("a/b", text.as_bytes())]), zip(&[("a/b", text.as_bytes())])] {
            let (found, faults) = pieces(&packed);
            assert_eq!(found.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), names("a/b"));
            assert_eq!(faults, [""; 0]);
        }
    }

    #[test]
    fn pieces_hold_the_records_of_the_whole() {
        let batches: String =
            (0..400).map(|n| format!("{{\"Records\":[{{\"eventName\":\"n{n}\"}}]}}\n")).collect();
        let timed: String =
            long(300).lines().map(|line| format!("2026-01-01T10:00:00.000Z {line}\n")).collect();
        let (short, list) = (long(700), |text: &str| text.trim_end().replace('\n', ","));
        let one_line = format!("{{\"owner\":\"1\",\"Records\":[{}],\"x\":\"y\"}}", list(&short));
        let pretty = format!("[\n{}\n]\n", short.trim_end().replace('\n', ",\n  "));
        let lists = format!(
            "{{\"Events\":[{}]}} [{{\"Records\":[{}]}},{{\"Records\":[]}}]",
            list(&short),
            list(&short)
        );
        let cut_off = format!("{{\"Records\":[{}", list(&short));
        let nulls = format!("{one_line}{}\n{short}", "\0".repeat(9_000));
        let line_of_batch = format!("{{\"eventName\":\"x\"}}\n{one_line}\n{short}");
        let mixed = format!("{}rubbish {{\n\n{}\r\n{}", long(200), long(150), &long(100)[..2_990]);
        for text in [long(700), batches, timed, mixed, one_line, pretty, lists, cut_off, nulls, line_of_batch]
        {
            let whole = Decoder::new(1 << 20).decode(text.as_bytes(), |_| {});
            let (mut sum, mut decoder) = (Decoded::empty(), Decoder::new(1 << 20));
            let mut count = 0;
            cut(Source::Stream(&mut text.as_bytes()), 1 << 20, &Budget::new(0), &mut |piece| {
                sum.add(decoder.decode_piece(&piece, &mut |_| ()));
                count += 1;
                Some(piece.into_memory())
            });
            assert!(count > 2, "{count}");
            assert_eq!(sum.records, whole.records, "{}", &text[..40]);
            // The commas between pieces are of none, and what follows a break on its line is passed over.
            assert!(
                text.contains('\0') || sum.json_bytes.abs_diff(whole.json_bytes) <= 1,
                "{} {}",
                sum.json_bytes,
                whole.json_bytes
            );
            assert_eq!(sum.faults.len(), whole.faults.len(), "{:?} {:?}", sum.faults, whole.faults);
        }
    }

    #[test]
    fn what_cannot_be_cut_is_held_and_what_is_no_log_is_not() {
        let value = format!("{{\n\"eventName\":\"A\",\n\"list\":[{}]}}", "1,\n".repeat(3_000) + "1");
        assert_eq!(pieces(value.as_bytes()).0, [(".".to_owned(), value.len())]);
        let table = format!("eventjson\n{}", "x\n".repeat(3_000));
        assert_eq!(pieces(table.as_bytes()).0, [(".".to_owned(), table.len())]);
        let words = "some words\n".repeat(1_000);
        assert_eq!(pieces(words.as_bytes()).0, [(".".to_owned(), PIECE)]);
        let blanks = format!("{}{}", "{\"a\":1}\n", " ".repeat(2 << 20));
        let (found, faults) = pieces(blanks.as_bytes());
        assert_eq!((found.len(), faults.len()), (1, 0));
    }

    #[test]
    fn gzip_that_inflates_to_much_is_cut_too() {
        let one_line = |count| format!("{{\"Records\":[{}]}}", long(count).trim_end().replace('\n', ","));
        let text = one_line(60_000);
        assert!(text.len() as u64 > super::super::WHOLE);
        for packed in
            [gzip(text.as_bytes()), gzip(&gzip(text.as_bytes())), zip(&[("a.gz", &gzip(text.as_bytes()))])]
        {
            let mut last = String::new();
            let decoded =
                Decoder::new(1 << 24).decode(&packed, |found| last = found.inner.unwrap_or(".").to_owned());
            assert_eq!((decoded.records, decoded.faults.len()), (60_000, 0));
            assert!(last.contains('@'), "{last}");
        }
        // A second member, where there should be one, is found in any case.
        let mut decoder = Decoder::new(1 << 24);
        let members = [gzip(text.as_bytes()), gzip(b"\n{}")];
        decoder.decode(&members.concat(), |_| {});
        assert_eq!(decoder.second_member(), Some(members[0].len() as u64));
        let bottomless = gzip(&vec![b'['; 5 << 20]);
        let decoded = Decoder::new(1 << 24).decode(&bottomless, |_| {});
        assert_eq!(decoded.faults.len(), 1);
    }

    #[test]
    fn the_wrapper_of_a_list_is_that_of_each_piece() {
        let events: Vec<String> = (0..600)
            .map(|n| format!("{{\"id\":\"{n}\",\"message\":\"{{\\\"eventName\\\":\\\"n{n}\\\"}}\"}}"))
            .collect();
        let text = format!(
            "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"111122223333\",\"logGroup\":\"g\",\"logEvents\":[{}]}}",
            events.join(",")
        );
        let mut decoder = Decoder::new(1 << 20);
        let (mut count, mut pieces) = (0, 0);
        cut(Source::Stream(&mut text.as_bytes()), 1 << 20, &Budget::new(0), &mut |piece| {
            pieces += 1;
            decoder.decode_piece(&piece, &mut |found| {
                assert_eq!(found.carrier.map(|carrier| &*carrier.account), Some("111122223333"));
                count += 1;
            });
            Some(piece.into_memory())
        });
        assert!(count == 600 && pieces > 4, "{count} {pieces}");
    }

    #[test]
    fn texts_in_wide_characters_are_read_and_cut() {
        let text = format!("\u{feff}{}", long(700));
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for packed in [wide.clone(), gzip(&wide), zip(&[("a.json", &wide)])] {
            let decoded = Decoder::new(1 << 20).decode(&packed, |_| {});
            assert_eq!((decoded.records, decoded.faults.len()), (700, 0));
        }
        let (found, faults) = pieces(&wide);
        assert!(found.len() > 3 && faults.is_empty());
        assert_eq!(found.iter().map(|(_, size)| size).sum::<usize>(), text.len() - 3);
    }

    #[test]
    fn streams_one_after_another_are_read_whatever_they_are() {
        let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0][..], b"abcd"].concat();
        let hidden = [&[0x50, 0x2a, 0x4d, 0x18, C.len() as u8, 0, 0, 0][..], C].concat();
        for (packed, events, faults) in [
            ([&skippable[..], &zstd(C)].concat(), 1, 0),
            ([&zstd(C)[..], &skippable, &zstd(C), &[0; 9]].concat(), 2, 0),
            ([bzip2(C), bzip2(C), vec![0; 700]].concat(), 2, 0),
            ([bzip2(C), zstd(C)].concat(), 2, 0),
            ([&zstd(C)[..], b"x"].concat(), 1, 1),
            ([&bzip2(C)[..], C].concat(), 1, 1),
            ([&hidden[..], &zstd(C)].concat(), 1, 1),
            (hidden, 0, 1),
            ([&XZ[..], &zstd(C)].concat(), 2, 0),
            (XZ[..XZ.len() - 9].to_vec(), 1, 1),
        ] {
            let found = read(&packed);
            assert_eq!((found.0.len(), found.1.len()), (events, faults), "{found:?}");
        }
        for unread in [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], b"Rar!\x1a\x07\x01\0", b"\x04\x22\x4d\x18\x60"] {
            assert_eq!(read(unread).1, [". packing-broken"]);
            assert_eq!(read(&zip(&[("x", unread)])).1, ["x packing-broken"]);
        }
    }

    /// `{"eventName":"C"}`, as xz packs it.
    const XZ: [u8; 76] = [
        253, 55, 122, 88, 90, 0, 0, 4, 230, 214, 180, 70, 2, 0, 33, 1, 22, 0, 0, 0, 116, 47, 229, 163, 1, 0,
        16, 123, 34, 101, 118, 101, 110, 116, 78, 97, 109, 101, 34, 58, 34, 67, 34, 125, 0, 0, 0, 0, 28, 211,
        131, 90, 242, 80, 175, 227, 0, 1, 41, 17, 50, 10, 112, 14, 31, 182, 243, 125, 1, 0, 0, 0, 0, 4, 89,
        90,
    ];

    #[test]
    fn nobody_cuts_on_when_no_more_is_wanted() {
        let mut seen = 0;
        let packed = tar(&[("a", &long(600).into_bytes()), ("b", C)]);
        cut(Source::Stream(&mut &*packed), 1 << 20, &Budget::new(0), &mut |_| {
            seen += 1;
            (seen < 2).then(Vec::new)
        });
        assert_eq!(seen, 2);
    }

    #[test]
    fn damage_of_a_stream_has_its_kind() {
        let packed = gzip(long(4_000).as_bytes());
        let kinds = |bytes: &[u8]| pieces(bytes).1;
        assert_eq!(kinds(&packed[..packed.len() - 9]), ["gzip-truncated"]);
        assert_eq!(kinds(&[&packed[..], b"x"].concat()), ["gzip-trailing"]);
        let mut damaged = packed.clone();
        let middle = packed.len() / 2;
        damaged[middle..middle + 20].fill(0xff);
        assert_eq!(kinds(&damaged), ["gzip-corrupt"]);
        assert_eq!(kinds(&gzip(&vec![b' '; 2 << 20])), ["too-large"]);
    }

    #[test]
    fn what_is_no_log_in_an_archive_is_told_from_what_claims_to_be_one() {
        let packed = zip(&[("notes.txt", b"hello"), ("bad.json", b"rubbish"), ("a.json", C)]);
        assert_eq!(read(&packed).1, ["bad.json not-json"]);
        let digest = zip(&[("d.json", br#"{"digestS3Object":"x"}"#)]);
        assert_eq!(read(&digest).2, Verdict::Other(ObjectSkip::Digest));
        assert_eq!(read(&zip(&[])).2, Verdict::Other(ObjectSkip::Empty));
    }

    #[test]
    fn what_came_before_the_damage_is_kept() {
        let long: String = (0..40_000).map(|n| format!("{{\"eventName\":\"n{}\"}}\n", n * 7_919)).collect();
        for packed in [
            zstd(long.as_bytes()),
            bzip2(long.as_bytes()),
            tar(&[("a.json", C), ("b.jsonl", long.as_bytes())]),
        ] {
            let (events, faults, _) = read(&packed[..packed.len() * 2 / 3]);
            let is_bzip2 = packed.starts_with(b"BZh");
            assert!(is_bzip2 || !events.is_empty());
            assert!(faults.iter().any(|fault| fault.ends_with("packing-broken")), "{faults:?}");
        }
        let packed = zip(&[("a.json", C)]);
        assert_eq!(read(&packed[..packed.len() - 10]).1, [". packing-broken"]);
    }

    #[test]
    fn a_bomb_meets_the_ceiling() {
        let blanks = vec![b' '; 8 << 20];
        let packed = zip(&[("1.json", &blanks[..700_000]), ("2.json", &blanks[..700_000]), ("c.json", C)]);
        assert_eq!(read(&packed).1, ["2.json too-large", "c.json too-large"]);
        assert!(read(&zstd(&blanks)).1.contains(&". too-large".to_owned()));
        let mut deep = C.to_vec();
        for _ in 0..8 {
            deep = zip(&[("x.zip", &deep)]);
        }
        assert_eq!(read(&deep).1.len(), 1);
    }

    proptest! {
        #[test]
        fn damage_never_panics(which in 0..4usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let files: [(&str, &[u8]); 2] = [("a.json", A), ("b/c.json.gz", C)];
            let mut packed = [zip(&files), tar(&files), zstd(A), bzip2(A)][which].clone();
            let at = at.index(packed.len());
            packed[at] = byte;
            read(&packed);
            let cut = cut.index(packed.len());
            read(&packed[..cut]);
        }
    }
}
