//! Nested files, and large files in pieces.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::piece::PIECE;
use super::*;
use crate::decode::DecodeFault;

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

/// Events as name, file and index; faults as file and kind.
pub(in crate::decode) fn read(bytes: &[u8]) -> (Vec<String>, Vec<String>, Verdict) {
    let mut events = Vec::new();
    let mut number = 0;
    let decoded = Decoder::new(1 << 20).decode(bytes, |found| {
        assert_eq!(found.index_in_object, number);
        number += 1;
        let name = found.record.map_or("!", |record| record.cloudtrail().unwrap().event_name.unwrap_or("-"));
        events.push(format!("{name} {} {}", found.inner.unwrap_or("."), found.index_in_file));
    });
    assert_eq!(decoded.records, number);
    let fault =
        |fault: &DecodeFault| format!("{} {}", fault.inner.as_deref().unwrap_or("."), fault.kind.name());
    (events, decoded.faults.iter().map(fault).collect(), decoded.verdict)
}

const A: &[u8] = br#"{"Records":[{"eventName":"A"},{"eventName":"B"}]}"#;
const C: &[u8] = br#"{"eventName":"C"}"#;

fn zlib(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn records_are_found_with_their_places_in_every_packing() {
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

/// The name and length of each piece of an object, and the faults.
fn pieces(bytes: &[u8]) -> (Vec<(String, usize)>, Vec<String>) {
    let mut pieces = Vec::new();
    let mut emit = |piece: Piece| {
        pieces.push((piece.inner.as_deref().unwrap_or(".").to_owned(), piece.size()));
        Some(piece.into_memory())
    };
    let budget = Budget::new(1 << 30);
    let (faults, _) = split(LargeInput::File(&mut Cursor::new(bytes)), 1 << 20, &budget, &mut emit);
    let (streamed, _) = split(LargeInput::Stream(&mut &*bytes), 1 << 20, &budget, &mut |_| Some(Vec::new()));
    assert_eq!(streamed.len(), faults.len());
    (pieces, faults.iter().map(|fault| fault.kind.name().to_owned()).collect())
}

/// `lines` lines of one record each, 30 bytes long.
fn long(lines: usize) -> String {
    (0..lines).map(|n| format!("{{\"eventName\":\"number {n:06}\"}}\n")).collect()
}

#[test]
fn a_long_text_is_split_after_lines_in_every_packing() {
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
fn pieces_contain_all_records_of_the_text() {
    let batches: String =
        (0..400).map(|n| format!("{{\"Records\":[{{\"eventName\":\"n{n}\"}}]}}\n")).collect();
    let timed: String = long(300).lines().map(|line| format!("2026-01-01T10:00:00.000Z {line}\n")).collect();
    let prefixed: String =
        long(300).lines().map(|line| format!("[pod/a/b] {line}\n[pod/a/b] I0101 00:00:00.0 hi\n")).collect();
    let prefixed_cut = format!("[pod/a/b] {{\"eventName\":\n{prefixed}");
    let (short, list) = (long(700), |text: &str| text.trim_end().replace('\n', ","));
    let one_line = format!("{{\"owner\":\"1\",\"Records\":[{}],\"x\":\"y\"}}", list(&short));
    let pretty = format!("[\n{}\n]\n", short.trim_end().replace('\n', ",\n  "));
    let lists =
        format!("{{\"Events\":[{}]}} [{{\"Records\":[{}]}},{{\"Records\":[]}}]", list(&short), list(&short));
    let cut_off = format!("{{\"Records\":[{}", list(&short));
    let nulls = format!("{one_line}{}\n{short}", "\0".repeat(9_000));
    let line_of_batch = format!("{{\"eventName\":\"x\"}}\n{one_line}\n{short}");
    let mixed = format!("{}rubbish {{\n\n{}\r\n{}", long(200), long(150), &long(100)[..2_990]);
    for text in [
        long(700),
        batches,
        timed,
        prefixed,
        prefixed_cut,
        mixed,
        one_line,
        pretty,
        lists,
        cut_off,
        nulls,
        line_of_batch,
    ] {
        let whole = Decoder::new(1 << 20).decode(text.as_bytes(), |_| {});
        let (mut sum, mut decoder) = (Decoded::empty(), Decoder::new(1 << 20));
        let mut count = 0;
        split(LargeInput::Stream(&mut text.as_bytes()), 1 << 20, &Budget::new(0), &mut |piece| {
            sum.add(decoder.decode_piece(&piece, &mut |_| ()));
            count += 1;
            Some(piece.into_memory())
        });
        assert!(count > 2, "{count}");
        assert_eq!(sum.records, whole.records, "{}", &text[..40]);
        // Commas between pieces belong to no piece, and the rest of a line after a break is skipped.
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
fn a_text_that_cannot_be_split_is_held_unless_it_is_not_a_log() {
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
fn gzip_that_inflates_to_a_large_text_is_split() {
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
    // A second member is also found when the first one is split.
    let mut decoder = Decoder::new(1 << 24);
    let members = [gzip(text.as_bytes()), gzip(b"\n{}")];
    decoder.decode(&members.concat(), |_| {});
    assert_eq!(decoder.second_member(), Some(members[0].len() as u64));
    let bottomless = gzip(&vec![b'['; 5 << 20]);
    let decoded = Decoder::new(1 << 24).decode(&bottomless, |_| {});
    assert_eq!(decoded.faults.len(), 1);
}

#[test]
fn each_piece_of_a_list_has_its_wrapper() {
    let events: Vec<String> = (0..600)
        .map(|n| format!("{{\"id\":\"{n}\",\"message\":\"{{\\\"eventName\\\":\\\"n{n}\\\"}}\"}}"))
        .collect();
    let text = format!(
        "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"111122223333\",\"logGroup\":\"g\",\"logEvents\":[{}]}}",
        events.join(",")
    );
    let mut decoder = Decoder::new(1 << 20);
    let (mut count, mut pieces) = (0, 0);
    split(LargeInput::Stream(&mut text.as_bytes()), 1 << 20, &Budget::new(0), &mut |piece| {
        pieces += 1;
        decoder.decode_piece(&piece, &mut |found| {
            assert_eq!(found.carrier.and_then(|carrier| carrier.account.as_deref()), Some("111122223333"));
            count += 1;
        });
        Some(piece.into_memory())
    });
    assert!(count == 600 && pieces > 4, "{count} {pieces}");
}

#[test]
fn utf16_texts_are_read_and_split() {
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
fn concatenated_streams_of_any_format_are_read() {
    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0][..], b"abcd"].concat();
    let hidden = [&[0x50, 0x2a, 0x4d, 0x18, C.len() as u8, 0, 0, 0][..], C].concat();
    let blanks = [&vec![b' '; 70_000 - C.len()][..], C].concat();
    let behind_blanks = [&[0x50, 0x2a, 0x4d, 0x18, 0x70, 0x11, 1, 0][..], &blanks].concat();
    for (packed, events, faults) in [
        ([&skippable[..], &zstd(C)].concat(), 1, 0),
        ([&zstd(C)[..], &skippable, &zstd(C), &[0; 9]].concat(), 2, 0),
        ([bzip2(C), bzip2(C), vec![0; 700]].concat(), 2, 0),
        ([bzip2(C), zstd(C)].concat(), 2, 0),
        ([bzip2(b""), bzip2(C), bzip2(b""), bzip2(C), bzip2(b"")].concat(), 2, 0),
        ([&bzip2(C)[..], &bzip2(b"")[..13]].concat(), 1, 1),
        ([&bzip2(C)[..], &bzip2(b"")[..13], b"x"].concat(), 1, 1),
        ([&zstd(C)[..], b"x"].concat(), 1, 1),
        ([&bzip2(C)[..], C].concat(), 1, 1),
        ([&hidden[..], &zstd(C)].concat(), 1, 1),
        (hidden, 0, 1),
        ([&behind_blanks[..], &zstd(C)].concat(), 1, 1),
        ([&skippable.repeat(1 << 16)[..], &bzip2(b"").repeat(1 << 12), &zstd(C)].concat(), 1, 0),
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

/// `{"eventName":"C"}`, compressed by xz.
const XZ: [u8; 76] = [
    253, 55, 122, 88, 90, 0, 0, 4, 230, 214, 180, 70, 2, 0, 33, 1, 22, 0, 0, 0, 116, 47, 229, 163, 1, 0, 16,
    123, 34, 101, 118, 101, 110, 116, 78, 97, 109, 101, 34, 58, 34, 67, 34, 125, 0, 0, 0, 0, 28, 211, 131,
    90, 242, 80, 175, 227, 0, 1, 41, 17, 50, 10, 112, 14, 31, 182, 243, 125, 1, 0, 0, 0, 0, 4, 89, 90,
];

#[test]
fn splitting_stops_when_no_more_pieces_are_wanted() {
    let mut seen = 0;
    let packed = tar(&[("a", &long(600).into_bytes()), ("b", C)]);
    split(LargeInput::Stream(&mut &*packed), 1 << 20, &Budget::new(0), &mut |_| {
        seen += 1;
        (seen < 2).then(Vec::new)
    });
    assert_eq!(seen, 2);
}

#[test]
fn damage_in_a_stream_has_a_specific_kind() {
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
fn a_json_file_in_an_archive_that_is_not_json_is_a_fault() {
    let packed = zip(&[("notes.txt", b"hello"), ("bad.json", b"rubbish"), ("a.json", C)]);
    assert_eq!(read(&packed).1, ["bad.json not-json"]);
    let digest = zip(&[("d.json", br#"{"digestS3Object":"x"}"#)]);
    assert_eq!(read(&digest).2, Verdict::Other(ObjectSkip::Digest));
    assert_eq!(read(&zip(&[])).2, Verdict::Other(ObjectSkip::Empty));
}

#[test]
fn events_before_the_damage_are_kept() {
    let long: String = (0..40_000).map(|n| format!("{{\"eventName\":\"n{}\"}}\n", n * 7_919)).collect();
    for packed in
        [zstd(long.as_bytes()), bzip2(long.as_bytes()), tar(&[("a.json", C), ("b.jsonl", long.as_bytes())])]
    {
        let (events, faults, _) = read(&packed[..packed.len() * 2 / 3]);
        let is_bzip2 = packed.starts_with(b"BZh");
        assert!(is_bzip2 || !events.is_empty());
        assert!(faults.iter().any(|fault| fault.ends_with("packing-broken")), "{faults:?}");
    }
    let packed = zip(&[("a.json", C)]);
    assert_eq!(read(&packed[..packed.len() - 10]).1, [". packing-broken"]);
}

#[test]
fn a_bomb_stops_at_the_size_limit() {
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

#[test]
fn files_in_an_archive_that_are_not_logs_are_skipped() {
    let archive = zip(&[("a.json", A), ("folder/", b""), ("empty.json", b""), ("notes.txt", b"words")]);
    let decoded = Decoder::new(1 << 20).decode(&archive, |_| {});
    assert_eq!((decoded.records, decoded.others, decoded.faults.len()), (2, 0, 0));
    assert!(decoded.skipped_inside == [(ObjectSkip::NotALog, 1)].into());
}

#[test]
fn zlib_is_read_and_its_damage_is_a_fault() {
    let long = format!("{{\"Records\":[{}{{\"eventName\":\"Z\"}}]}}", r#"{"eventName":"Y"},"#.repeat(300));
    for level in [0, 1, 6, 9] {
        let packed = zlib(A, level);
        for bytes in [
            packed.clone(),
            gzip(&packed),
            zlib(&gzip(A), level),
            [zlib(b"", level), packed.clone()].concat(),
        ] {
            assert_eq!(read(&bytes).0, ["A . 0", "B . 1"], "{level}");
        }
        let packed = zlib(long.as_bytes(), level);
        let (events, faults, _) = read(&packed);
        assert_eq!((events.len(), faults.len()), (301, 0), "{level}");
        let (_, faults, _) = read(&packed[..packed.len() - 4]);
        assert_eq!(faults, [". packing-broken"], "{level}");
        let (_, faults, _) = read(&[&packed[..], b"more"].concat());
        assert_eq!(faults, [". packing-broken"], "{level}");
        let mut damaged = packed;
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(read(&damaged).1.last().unwrap(), ". packing-broken", "{level}");
    }
    let (_, faults, _) = read(&zlib(&vec![b' '; 2 << 20], 6));
    assert_eq!(faults, [". too-large"]);
}

#[test]
fn packings_that_are_not_read_are_named() {
    let detail = |bytes: &[u8]| {
        let decoded = Decoder::new(1 << 20).decode(bytes, |_| {});
        decoded.faults.iter().map(|fault| fault.detail.clone()).collect::<Vec<_>>().join("; ")
    };
    let unpack = |name: &str| format!("packed as {name}, which is not read: unpack it");
    assert_eq!(detail(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"), unpack("Snappy of snappy-java"));
    let block = [&[0x80, 2, 60 << 2, 255][..], b"{\"Records\":[", &[b' '; 243]].concat();
    assert_eq!(detail(&block), unpack("Snappy"));
    assert_eq!(detail(&[&[0, 0, 1, 0, 0, 0, 1, 4][..], &block].concat()), unpack("Hadoop-Snappy"));
    assert_eq!(detail(&gzip(&block)), unpack("Snappy"));
    let orc = "packed as ORC, which is not read: export the records as JSON or Parquet";
    assert_eq!(detail(b"ORC\n\x10\x08\x01\x12\x04\0\0"), orc);
    assert_eq!(detail(b"Obj\x01\x04\x14avro.codec\x0edeflate"), orc.replace("ORC", "Avro"));
    assert_eq!(detail(b"ARROW1\0\0\xff\xff\xff\xff"), orc.replace("ORC", "Arrow"));
    assert_eq!(detail(b"ARROW1 is a name\n"), "");
    assert_eq!(detail(b"ORCHIDS, and other flowers\n"), "");
    // What stands in it as it was is read.
    let event = r#"{"eventTime":"2026-01-10T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"A","recipientAccountId":"111122223333"}"#;
    let table = [b"ORC\n\x10\x08\x01\x12\x04", event.as_bytes(), b"\x08\x01\x82\xf4\x03\x03ORC\x17"].concat();
    let (events, faults, _) = read(&table);
    assert_eq!((events, faults[0].as_str()), (vec!["A . 0".to_owned()], ". packing-broken"));
}

#[test]
fn a_file_inside_that_is_not_what_its_name_says_is_a_fault() {
    let name = "111122223333_CloudTrail_us-east-1_20260101T0000Z_abcdefghijklmnop.json.gz";
    let noise: &[u8] = b"\x8e\x01\x95 noise";
    let names = [format!("x/{name}.gpg"), "p.parquet".to_owned(), "b.json.gz.ab".to_owned()];
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), noise))
        .chain([("README.txt", noise), ("a.json", A)])
        .collect();
    let (events, faults, _) = read(&zip(&files));
    assert_eq!(events, ["A a.json 0", "B a.json 1"]);
    assert_eq!(faults, names.map(|name| format!("{name} not-json")));
}
