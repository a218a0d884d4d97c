//! Files in files: zstd and bzip2 streams, zip and tar archives of log objects, in any nesting that somebody may have made.
//!
//! The slow way: everything that is no plain gzip comes through here, one inner file after another. An inner file is read
//! as an object would be, with the same ceiling; together they may not hold more than that ceiling, either.

use std::borrow::Cow;
use std::io::{self, Cursor, Read};

use super::{DecodeFault, Decoded, Decoder, FoundRecord, Verdict};
use crate::coverage::{FaultKind, ObjectSkip, Position};

/// Packings in packings deeper than this are no log.
const DEEPEST: u32 = 4;

/// How bytes are packed, other than by gzip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// One stream.
    Zstd,
    /// One stream.
    Bzip2,
    /// Many files.
    Zip,
    /// Many files.
    Tar,
}

/// How bytes are packed, by their first ones: RFC 8878; bzip2 "BZh" and a level; APPNOTE.TXT 4.3.7; POSIX ustar.
pub(super) fn packing(bytes: &[u8]) -> Option<Packing> {
    match bytes.get(..4)? {
        [0x28, 0xb5, 0x2f, 0xfd] => Some(Packing::Zstd),
        [b'B', b'Z', b'h', b'1'..=b'9'] => Some(Packing::Bzip2),
        [b'P', b'K', 3 | 5, 4 | 6] => Some(Packing::Zip),
        _ if bytes.get(257..262) == Some(b"ustar") => Some(Packing::Tar),
        _ => None,
    }
}

/// Visits every record in what is packed.
pub(super) fn decode(
    packing: Packing,
    bytes: &[u8],
    limit: u64,
    depth: u32,
    visit: &mut dyn FnMut(FoundRecord<'_>),
) -> Decoded {
    let mut unpacking = Unpacking { limit, left: limit, depth: depth + 1, visit, sum: None };
    if depth >= DEEPEST {
        unpacking.fault(None, "packed too often");
    } else {
        match packing {
            Packing::Zstd => match zstd::stream::read::Decoder::with_buffer(bytes) {
                Ok(stream) => unpacking.file(None, stream),
                Err(error) => unpacking.fault(None, &error.to_string()),
            },
            Packing::Bzip2 => unpacking.file(None, bzip2::read::MultiBzDecoder::new(bytes)),
            Packing::Zip => unpacking.zip(bytes),
            Packing::Tar => unpacking.tar(bytes),
        }
    }
    unpacking.sum.unwrap_or_else(|| account(Verdict::Other(ObjectSkip::Empty)))
}

fn account(verdict: Verdict) -> Decoded {
    Decoded { verdict, json_bytes: 0, records: 0, others: 0, faults: Vec::new() }
}

struct Unpacking<'v> {
    /// Bytes that may come out of everything.
    limit: u64,
    /// What is left of them.
    left: u64,
    depth: u32,
    visit: &'v mut dyn FnMut(FoundRecord<'_>),
    sum: Option<Decoded>,
}

impl Unpacking<'_> {
    fn zip(&mut self, bytes: &[u8]) {
        let mut archive = match zip::ZipArchive::new(Cursor::new(bytes)) {
            Ok(archive) => archive,
            Err(error) => return self.fault(None, &error.to_string()),
        };
        for index in 0..archive.len() {
            let listed = archive.name_for_index(index).and_then(Result::ok).map(Cow::into_owned);
            match archive.by_index(index) {
                Ok(file) if file.is_file() => {
                    let name = String::from_utf8_lossy(file.name_raw()).into_owned();
                    self.file(Some(&name), file);
                }
                Ok(_) => {}
                Err(error) => self.fault(listed.as_deref(), &error.to_string()),
            }
        }
    }

    fn tar(&mut self, bytes: &[u8]) {
        let mut archive = tar::Archive::new(bytes);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.fault(None, &error.to_string()),
        };
        for entry in entries {
            match entry {
                Ok(entry) if entry.header().entry_type().is_file() => {
                    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                    self.file(Some(&name), entry);
                }
                Ok(_) => {}
                // What follows cannot be found.
                Err(error) => return self.fault(None, &error.to_string()),
            }
        }
    }

    /// Reads one inner file. What came before its end, or the ceiling, is made use of.
    fn file(&mut self, name: Option<&str>, file: impl Read) {
        let mut bytes = Vec::new();
        let read = file.take(self.left.saturating_add(1)).read_to_end(&mut bytes);
        let is_too_large = bytes.len() as u64 > self.left;
        if is_too_large {
            bytes.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        }
        self.left -= bytes.len() as u64;
        let before = self.sum.as_ref().map_or(0, |sum| sum.records);
        let visit = &mut *self.visit;
        let mut renamed = |found: FoundRecord<'_>| {
            let inner = joined(name, found.inner);
            visit(FoundRecord { number: before + found.number, inner: inner.as_deref(), ..found });
        };
        let renamed: &mut dyn FnMut(FoundRecord<'_>) = &mut renamed;
        let mut decoded = Decoder::nested(self.limit, self.depth).decode(&bytes, renamed);
        for fault in &mut decoded.faults {
            fault.inner = joined(name, fault.inner.as_deref()).map(String::into_boxed_str);
        }
        if decoded.verdict == Verdict::NotJson
            && name.is_some_and(claims_log)
            && read.is_ok()
            && !is_too_large
        {
            decoded.faults.push(fault(name, FaultKind::NotJson, "the content is not JSON"));
        }
        self.add(decoded);
        match read {
            _ if is_too_large => {
                let detail = format!("more than {} bytes come out of it", self.limit);
                self.add_fault(fault(name, FaultKind::TooLarge, &detail));
            }
            Err(error) => self.fault(name, &reason(&error)),
            Ok(_) => {}
        }
    }

    fn add(&mut self, more: Decoded) {
        let Some(sum) = &mut self.sum else {
            self.sum = Some(more);
            return;
        };
        let Decoded { verdict, json_bytes, records, others, faults } = more;
        sum.others += others + u64::from(verdict != Verdict::Records && verdict != Verdict::NotJson);
        sum.json_bytes += json_bytes;
        sum.records += records;
        sum.faults.extend(faults);
        sum.verdict = match (sum.verdict, verdict) {
            (Verdict::Records, _) | (_, Verdict::Records) => Verdict::Records,
            (Verdict::NotJson, other) => other,
            (other, _) => other,
        };
    }

    fn fault(&mut self, name: Option<&str>, detail: &str) {
        self.add_fault(fault(name, FaultKind::PackingBroken, detail));
    }

    fn add_fault(&mut self, fault: DecodeFault) {
        let sum = self.sum.get_or_insert_with(|| account(Verdict::NotJson));
        sum.faults.push(fault);
    }
}

fn fault(name: Option<&str>, kind: FaultKind, detail: &str) -> DecodeFault {
    let inner = name.map(Box::from);
    DecodeFault { kind, position: Position::Whole, inner, detail: detail.to_owned() }
}

/// The way to a file in a file.
fn joined(outer: Option<&str>, inner: Option<&str>) -> Option<String> {
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

/// An error without the words that a library puts around it.
fn reason(error: &io::Error) -> String {
    error.get_ref().map_or_else(|| error.to_string(), ToString::to_string)
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

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 1).unwrap()
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(*name, options.compression_method(zip::CompressionMethod::Deflated)).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
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
    fn read(bytes: &[u8]) -> (Vec<String>, Vec<String>, Verdict) {
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
