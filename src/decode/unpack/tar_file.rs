//! Tar archives in any format: v7, ustar, pax and GNU.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use tar::{Entry, PaxExtensions};

use super::hidden::{NAME_HIDES, field_hides, looks_hidden, name_hides};
use super::packing::TAR_BLOCK;
use super::splitter::{FileContext, Names, Splitter};
use super::stream::LimitedReader;
use crate::coverage::FaultKind;

/// The maximum size of the headers of a file: long names, pax attributes, maps of sparse files. They are held
/// in memory.
const LONGEST_HEADERS: u64 = 1 << 20;

impl Splitter<'_> {
    /// Reads all files of an archive, and of archives after its end.
    pub(super) fn tar(&mut self, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
        let mut names = Names::default();
        let until = Rc::new(Cell::new(LONGEST_HEADERS));
        let blocks = Blocks { stream, until: Rc::clone(&until), at: 0, zeros: 0 };
        let mut archive = tar::Archive::new(blocks);
        archive.set_ignore_zeros(true);
        let mut entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.broken(name, &error),
        };
        let mut end = 0;
        for entry in entries.by_ref() {
            // The next entry cannot be found.
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.broken(name, &error),
            };
            until.set(u64::MAX);
            let stored = entry.header().entry_size().unwrap_or(0);
            let is_sparse = entry.header().entry_type().is_gnu_sparse();
            let stored = if is_sparse { stored } else { entry.size() };
            end = entry.raw_file_position().saturating_add(stored).saturating_add(TAR_BLOCK as u64);
            self.entry(&mut entry, &mut names, FileContext { name, depth });
            if self.is_stopped {
                return;
            }
            until.set(end.saturating_add(LONGEST_HEADERS));
        }
        let Blocks { at, zeros, .. } = archive.into_inner();
        if zeros < TAR_BLOCK as u64 && at > 0 && end > 0 {
            self.fault(
                name,
                FaultKind::PackingBroken,
                "the archive ends without its end mark: it may be cut",
            );
        }
    }

    fn entry(&mut self, entry: &mut Entry<'_, Blocks<'_>>, names: &mut Names, place: FileContext<'_>) {
        let FileContext { name, depth } = place;
        let sort = entry.header().entry_type();
        let inner = names.unique(name, String::from_utf8_lossy(&entry.path_bytes()).into_owned());
        let inner = Some(&*inner);
        if name_hides(&entry.path_bytes()) || entry.link_name_bytes().is_some_and(|link| name_hides(&link)) {
            self.fault(inner, FaultKind::PackingBroken, NAME_HIDES);
        }
        match entry.pax_extensions() {
            Ok(Some(attributes)) => self.attributes(attributes, inner),
            Ok(None) => {}
            Err(error) => self.broken(inner, &error),
        }
        if sort.is_pax_global_extensions() {
            let mut bytes = Vec::new();
            if let Err(error) = entry.take(LONGEST_HEADERS).read_to_end(&mut bytes) {
                return self.broken(name, &error);
            }
            self.attributes(PaxExtensions::new(&bytes), name);
        } else if sort.is_gnu_sparse() {
            // Holes of sparse files take no room in the archive.
            let mut limited = LimitedReader::new(entry, &self.left);
            self.file(&mut limited, inner, depth);
            let LimitedReader { is_over, error, .. } = limited;
            self.note_end(inner, is_over, error);
        } else if entry.size() == 0 {
            // Mostly folders and links; if they have content, it is read.
        } else if sort.is_file()
            || sort.is_contiguous()
            || sort.is_dir()
            || sort.is_hard_link()
            || sort.is_symlink()
        {
            self.file(entry, inner, depth);
        } else {
            let detail = format!("an entry of the sort '{}' is not read", sort.as_byte().escape_ascii());
            self.fault(inner, FaultKind::PackingBroken, &detail);
        }
    }

    /// Checks the attributes of a file, which may hide other data.
    fn attributes(&mut self, attributes: PaxExtensions<'_>, name: Option<&str>) {
        for attribute in attributes {
            let detail = match &attribute {
                Err(_) => "pax attributes that are none",
                Ok(attribute) if attribute.key_bytes().starts_with(b"GNU.sparse.") => {
                    "a sparse file in the form of pax, read as it is stored"
                }
                Ok(attribute) if attribute_hides(attribute.key_bytes(), attribute.value_bytes()) => {
                    "a pax attribute holds something like records, which is not read"
                }
                Ok(_) => continue,
            };
            return self.fault(name, FaultKind::PackingBroken, detail);
        }
    }
}

/// Whether an attribute looks like records.
fn attribute_hides(key: &[u8], value: &[u8]) -> bool {
    let is_name = matches!(key, b"path" | b"linkpath");
    field_hides(key) || if is_name { name_hides(value) } else { looks_hidden(value) }
}

/// The blocks of an archive, up to the limit.
struct Blocks<'s> {
    stream: &'s mut dyn Read,
    until: Rc<Cell<u64>>,
    at: u64,
    /// The number of zeros at the end so far.
    zeros: u64,
}

impl Read for Blocks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            // Zeros that do not fill a block are padding, too.
            let part = self.at % TAR_BLOCK as u64;
            if part == 0 || self.zeros < part {
                return Ok(0);
            }
            let missing = buffer.len().min(TAR_BLOCK - part as usize);
            buffer[..missing].fill(0);
            self.at += missing as u64;
            self.zeros += missing as u64;
            return Ok(missing);
        }
        let tail = buffer[..read].iter().rev().take_while(|byte| **byte == 0).count();
        self.zeros = if tail == read { self.zeros + read as u64 } else { tail as u64 };
        self.at += read as u64;
        if buffer.len() <= TAR_BLOCK && tail == read {
            // Padding between archives may be long.
            self.until.set(self.until.get().saturating_add(read as u64));
        } else if self.at > self.until.get() {
            return Err(io::Error::other("what stands before a file is longer than it may be"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::unpack::{read, tar, zstd};

    const A: &[u8] = br#"{"eventName":"A"}"#;

    /// An entry of this type, with a header in the oldest format.
    fn entry(name: &str, sort: u8, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_old();
        header.set_path(name).unwrap();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        header.set_entry_type(tar::EntryType::new(sort));
        header.set_cksum();
        let padding = content.len().next_multiple_of(TAR_BLOCK) - content.len();
        [header.as_bytes(), content, &vec![0; padding]].concat()
    }

    const END: [u8; 2 * TAR_BLOCK] = [0; 2 * TAR_BLOCK];

    #[test]
    fn every_tar_format_and_every_entry_with_content_is_read() {
        let first_form = [&entry("a", b'0', A), &END[..]].concat();
        let two = [tar(&[("a", A)]), tar(&[("b", A)])].concat();
        let padded = [&tar(&[("a", A)])[..], &vec![0; 3 << 20], &tar(&[("b", A)])].concat();
        for (packed, names) in [
            (first_form.clone(), &["A a 0"][..]),
            ([&entry("d/", b'5', A), &END[..]].concat(), &["A d/ 0"]),
            ([&entry("l", b'2', A), &END[..]].concat(), &["A l 0"]),
            (two.clone(), &["A a 0", "A b 0"]),
            (padded, &["A a 0", "A b 0"]),
            (zstd(&two), &["A a 0", "A b 0"]),
            (tar(&[("a", A), ("a", A)]), &["A a 0", "A a#2 0"]),
            ([&first_form[..], &[0; 77]].concat(), &["A a 0"]),
        ] {
            let (events, faults, _) = read(&packed);
            assert_eq!(
                (&events[..], faults.len()),
                (&names.iter().map(|name| name.to_string()).collect::<Vec<_>>()[..], 0)
            );
        }
    }

    #[test]
    fn hidden_content_of_a_tar_file_is_a_fault() {
        let pax = |record: &str| format!("{} {record}\n", record.len() + 4).into_bytes();
        let honest = pax("comment=0123456789012345678901234567890123456789");
        let hidden = pax("comment={\"eventName\":\"B\"}");
        let mut wrong_sum = entry("a", b'0', A);
        wrong_sum[0] = b'x';
        let sparse = pax("GNU.sparse.major=1");
        let mut pages = 0;
        for (packed, faults) in [
            ([&entry("g", b'g', &honest)[..], &entry("a", b'0', A), &END].concat(), 0),
            ([&entry("g", b'g', &hidden)[..], &entry("a", b'0', A), &END].concat(), 1),
            ([&entry("g", b'g', A)[..], &entry("a", b'0', A), &END].concat(), 1),
            ([&entry("a", b'0', A)[..], &END, A].concat(), 1),
            ([&entry("a", b'0', A)[..], &wrong_sum, &END].concat(), 1),
            (wrong_sum.clone(), 1),
            ([&entry("v", b'V', A)[..], &END].concat(), 1),
            // Truncated between two files.
            (entry("a", b'0', A), 1),
            (entry("a", b'0', &[A, &[b' '; 900][..]].concat())[..1_200].to_vec(), 1),
        ] {
            pages += 1;
            assert_eq!(read(&packed).1.len(), faults, "{pages}: {:?}", read(&packed));
        }
        assert!(looks_hidden(b" {\"a\":1}") && !looks_hidden(&sparse) && !looks_hidden(&honest));
    }

    #[test]
    fn records_in_long_names_are_a_fault() {
        const EVENT: &str =
            r#"{"eventTime":"2026-01-10T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"B"}"#;
        let long = |sort: u8, name: &[u8]| {
            let mut header = if sort == b'x' { tar::Header::new_ustar() } else { tar::Header::new_gnu() };
            header.set_path("././@LongLink").unwrap();
            header.set_size(name.len() as u64);
            header.set_entry_type(tar::EntryType::new(sort));
            header.set_cksum();
            let padding = name.len().next_multiple_of(TAR_BLOCK) - name.len();
            [header.as_bytes(), name, &vec![0; padding]].concat()
        };
        let pax = |record: &str| {
            let record = format!("{} {record}\n", record.len() + 5).into_bytes();
            assert!(record.len() > 99);
            long(b'x', &record)
        };
        let honest = format!("[a]/{}", "long name/".repeat(30));
        let wide: Vec<u8> = EVENT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (before, faults) in [
            (long(b'L', honest.as_bytes()), 0),
            (long(b'K', honest.as_bytes()), 0),
            (long(b'L', EVENT.as_bytes()), 1),
            (long(b'K', EVENT.as_bytes()), 1),
            (long(b'L', &wide), 1),
            (long(b'L', format!("a.json\0{EVENT}").as_bytes()), 1),
            (long(b'K', &[b'x'; 5_000]), 1),
            (pax(&format!("path={honest}")), 0),
            (pax(&format!("comment={EVENT} {EVENT}")), 1),
            (pax(&format!("{EVENT} {EVENT}=1")), 1),
        ] {
            let packed = [&before[..], &entry("a", b'0', A), &END].concat();
            let found = read(&packed);
            assert_eq!((found.0.len(), found.1.len()), (1, faults), "{} {found:?}", before[156]);
        }
    }

    #[test]
    fn huge_extended_headers_are_not_held_in_memory() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(8 << 20);
        header.set_entry_type(tar::EntryType::XHeader);
        header.set_cksum();
        builder.append(&header, &vec![b'x'; 8 << 20][..]).unwrap();
        let packed = builder.into_inner().unwrap();
        let faults = read(&packed).1;
        assert_eq!(faults, [". packing-broken"]);
    }
}
