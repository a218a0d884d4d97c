//! Reads zip archives by their central directories, and any other data in them.
//!
//! Written here, because the zip crate identifies files by name, so it loses the first of two files with the
//! same name, and reads only the last central directory. Here every entry is read by its offset, and every
//! byte of a file is accounted for: bytes that no central directory lists are another archive, entries
//! missing from it, or a fault. Source: APPNOTE.TXT 6.3.10.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Cursor, Read, SeekFrom};
use std::ops::Range;

use flate2::bufread::DeflateDecoder;

use super::ReadSeek;
use super::codec::Codec;
use super::hidden::{LONGEST_PATH, NAME_HIDES, field_hides, is_path, looks_hidden, name_hides};
use super::packing::is_tar_header;
use super::piece::nested_path;
use super::splitter::{DEEPEST, FileContext, Names, Splitter};
use super::stream::{ChecksumReader, LimitedReader, Streams};
use crate::coverage::FaultKind;

/// Signatures of the headers (4.3.7, 4.3.9, 4.3.12, 4.3.14 to 4.3.16).
const LOCAL: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";

/// The maximum number of archives in gaps between files; more are hostile.
const MOST_GAPS: u32 = 100;

/// Details of faults of an entry.
const NOT_THERE: &str = "its header is not where the table says";
const READ_ALREADY: &str = "its bytes were read already, as another entry or as the table of contents";
const OVERLAPS: &str = "it reaches into another entry that was read already, or into the table of contents";

/// The number of bytes searched at once.
const WINDOW: u64 = 64 << 10;

/// Local headers with shorter names and fields are not examined: the directory has the same.
const USUAL_FIELDS: u64 = 256;

/// Whether bytes end like an archive although they begin differently, as a self-extracting archive does.
pub(in crate::decode) fn ends_as_archive(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(WINDOW as usize + 22)..];
    memchr::memmem::rfind(tail, END).is_some_and(|at| tail.len() - at >= 22)
}

/// Numbers in a header.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

/// One file in an archive.
struct ZipEntry {
    name: String,
    flags: u16,
    method: u16,
    checksum: Option<u32>,
    /// `None` if only the stream shows it.
    packed: Option<u64>,
    size: Option<u64>,
    /// The offset of its local header, according to the central directory.
    offset: u64,
    is_link: bool,
}

const ENCRYPTED: u16 = 1;
const HAS_DESCRIPTOR: u16 = 8;

impl ZipEntry {
    /// From its header in the central directory.
    fn central(header: &[u8], variable: &[u8]) -> Self {
        let name_length = usize::from(u16_at(header, 28)).min(variable.len());
        let (name, rest) = variable.split_at(name_length);
        let extra = &rest[..usize::from(u16_at(header, 30)).min(rest.len())];
        let fields = [u32_at(header, 24), u32_at(header, 20), u32_at(header, 42)];
        let [size, packed, offset] = long_fields(fields, extra);
        // Created on Unix, with the mode of a symbolic link (4.4.2, 4.4.15).
        let is_link = header[5] == 3 && u32_at(header, 38) >> 28 == 0o12;
        Self {
            name: String::from_utf8_lossy(name).into_owned(),
            flags: u16_at(header, 8),
            method: u16_at(header, 10),
            checksum: Some(u32_at(header, 16)),
            packed: Some(packed),
            size: Some(size),
            offset,
            is_link,
        }
    }

    /// From its local header.
    fn local(header: &[u8], variable: &[u8], offset: u64) -> Self {
        let name_length = usize::from(u16_at(header, 26)).min(variable.len());
        let (name, extra) = variable.split_at(name_length);
        let fields = [u32_at(header, 22), u32_at(header, 18), 0];
        let [size, packed, _] = long_fields(fields, extra);
        let flags = u16_at(header, 6);
        let is_told = flags & HAS_DESCRIPTOR == 0;
        Self {
            name: String::from_utf8_lossy(name).into_owned(),
            flags,
            method: u16_at(header, 8),
            checksum: is_told.then(|| u32_at(header, 14)),
            packed: is_told.then_some(packed),
            size: is_told.then_some(size),
            offset,
            is_link: false,
        }
    }
}

/// Fields, with the values from the Zip64 extra field for those that did not fit (4.5.3).
fn long_fields(fields: [u32; 3], extra: &[u8]) -> [u64; 3] {
    let mut rest = extra;
    let mut long: &[u8] = &[];
    while rest.len() >= 4 {
        let length = usize::from(u16_at(rest, 2)).min(rest.len() - 4);
        if u16_at(rest, 0) == 1 {
            long = &rest[4..4 + length];
        }
        rest = &rest[4 + length..];
    }
    fields.map(|field| {
        if field != u32::MAX || long.len() < 8 {
            return u64::from(field);
        }
        let value = u64_at(long, 0);
        long = &long[8..];
        value
    })
}

/// The position of a central directory.
struct CentralDirectory {
    bytes: Range<u64>,
    /// The origin of its offsets.
    base: u64,
    /// The end of its end record, including the comment.
    end: u64,
    comment: Vec<u8>,
}

/// An archive, and what was read of it so far.
struct OpenZip<'n> {
    place: FileContext<'n>,
    names: Names,
    claims: Claims,
}

/// The parts of a file that were read, or are a central directory. Each is read once, so the cost is that of the file, however
/// many entries name the same bytes.
#[derive(Default)]
struct Claims {
    /// The end of each part by its start; they do not overlap.
    ends: BTreeMap<u64, u64>,
}

impl Claims {
    fn add(&mut self, part: Range<u64>) {
        self.ends.insert(part.start, part.end);
    }

    fn has(&self, at: u64) -> bool {
        self.ends.range(..=at).next_back().is_some_and(|(_, end)| *end > at)
    }

    /// The start of the first part behind this byte.
    fn next(&self, at: u64) -> u64 {
        self.ends.range(at..).next().map_or(u64::MAX, |(start, _)| *start)
    }
}

type File<'f> = &'f mut dyn ReadSeek;

/// Up to `length` bytes of a file.
fn bytes_at(file: File<'_>, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The position of the first of these signatures in a part of a file.
fn find(file: File<'_>, part: Range<u64>, wanted: &[&[u8]]) -> io::Result<Option<u64>> {
    let mut at = part.start;
    while at + 4 <= part.end {
        let window = bytes_at(file, at, (WINDOW + 3).min(part.end - at))?;
        let found = memchr::memmem::find_iter(&window, b"PK")
            .find(|start| wanted.iter().any(|signature| window[*start..].starts_with(signature)));
        if let Some(found) = found {
            return Ok(Some(at + found as u64));
        }
        if (window.len() as u64) < WINDOW {
            break;
        }
        at += WINDOW;
    }
    Ok(None)
}

/// The last central directory in a part of a file.
fn last_central_directory(file: File<'_>, part: &Range<u64>) -> io::Result<Option<CentralDirectory>> {
    let mut end = part.end;
    while end > part.start {
        let start = end.saturating_sub(WINDOW).max(part.start);
        let window = bytes_at(file, start, (end - start + 3).min(part.end - start))?;
        let mut before = window.len();
        while let Some(at) = memchr::memmem::rfind(&window[..before], END) {
            if let Some(table) = central_directory_at(file, part, start + at as u64)? {
                return Ok(Some(table));
            }
            before = at + 3;
        }
        end = start;
    }
    Ok(None)
}

/// The central directory whose end record is at `at`, if it is valid.
fn central_directory_at(file: File<'_>, part: &Range<u64>, at: u64) -> io::Result<Option<CentralDirectory>> {
    let record = bytes_at(file, at, 22)?;
    if record.len() < 22 || at + 22 > part.end {
        return Ok(None);
    }
    let comment_length = u64::from(u16_at(&record, 20)).min(part.end - at - 22);
    let (mut size, mut offset) = (u64::from(u32_at(&record, 12)), u64::from(u32_at(&record, 16)));
    let mut table_end = at;
    let locator = if at >= part.start + 20 { bytes_at(file, at - 20, 20)? } else { Vec::new() };
    if locator.starts_with(LOCATOR) {
        for place in [u64_at(&locator, 8), at.saturating_sub(20 + 56)] {
            let long = bytes_at(file, place, 56)?;
            if long.starts_with(END_64) && long.len() == 56 && place >= part.start && place < at {
                (size, offset, table_end) = (u64_at(&long, 40), u64_at(&long, 48), place);
                break;
            }
        }
    }
    let Some(start) = table_end.checked_sub(size).filter(|start| *start >= part.start) else {
        return Ok(None);
    };
    let Some(base) = start.checked_sub(offset) else { return Ok(None) };
    if size > 0 && !bytes_at(file, start, 4)?.starts_with(CENTRAL) {
        return Ok(None);
    }
    let comment = bytes_at(file, at + 22, comment_length)?;
    Ok(Some(CentralDirectory { bytes: start..table_end, base, end: at + 22 + comment_length, comment }))
}

impl Splitter<'_> {
    /// Reads all files of an archive, and of archives in its gaps.
    pub(in crate::decode) fn zip(&mut self, file: File<'_>, name: Option<&str>, depth: u32) {
        if depth > DEEPEST {
            return self.fault(name, FaultKind::PackingBroken, "packed too often");
        }
        let mut inside = OpenZip {
            place: FileContext { name, depth },
            names: Names::default(),
            claims: Claims::default(),
        };
        let mut gaps = 0;
        let read = file.seek(SeekFrom::End(0)).and_then(|length| {
            let mut parts = Vec::from([Range { start: 0, end: length }]);
            while let Some(part) = parts.pop().filter(|_| !self.is_stopped) {
                gaps += 1;
                if gaps > MOST_GAPS {
                    return Err(io::Error::other("too many archives in the gaps of archives"));
                }
                self.zip_part(file, part, &mut inside, &mut parts)?;
            }
            Ok(())
        });
        if let Err(error) = read {
            self.broken(name, &error);
        }
    }

    /// Reads the last archive in a part of a file. Adds earlier ones to `parts`.
    fn zip_part(
        &mut self,
        file: File<'_>,
        part: Range<u64>,
        inside: &mut OpenZip<'_>,
        parts: &mut Vec<Range<u64>>,
    ) -> io::Result<()> {
        let place = inside.place;
        let Some(table) = last_central_directory(file, &part)? else {
            self.fault(
                place.name,
                FaultKind::PackingBroken,
                "the zip archive has no table of contents: it may be cut",
            );
            return self.read_without_directory(file, part, inside);
        };
        if looks_hidden(&table.comment) {
            let detail = "the comment of the zip archive holds something like records, which is not read";
            self.fault(place.name, FaultKind::PackingBroken, detail);
        }
        inside.claims.add(table.bytes.start..table.end);
        let mut taken = self.read_listed_files(file, part.start, &table, inside)?;
        taken.sort_unstable_by_key(|taken| (taken.start, taken.end));
        taken.push(table.bytes.start..table.end);
        let mut at = part.start;
        for taken in taken {
            if self.is_stopped {
                return Ok(());
            }
            if taken.start > at {
                self.read_gap(file, at..taken.start, inside, parts)?;
            }
            at = at.max(taken.end);
        }
        self.read_trailing_bytes(file, at.max(table.end).min(part.end)..part.end, inside)
    }

    /// Reads all files that a central directory lists, in an archive that begins at `first`. Returns the ranges of those that
    /// were read.
    fn read_listed_files(
        &mut self,
        file: File<'_>,
        first: u64,
        table: &CentralDirectory,
        inside: &mut OpenZip<'_>,
    ) -> io::Result<Vec<Range<u64>>> {
        let place = inside.place;
        let mut taken = Vec::new();
        let mut at = table.bytes.start;
        while at < table.bytes.end && !self.is_stopped {
            let header = bytes_at(file, at, 46)?;
            if header.len() < 46 || !header.starts_with(CENTRAL) {
                self.fault(place.name, FaultKind::PackingBroken, "the table of contents is damaged");
                break;
            }
            let lengths = [28, 30, 32].map(|at| u64::from(u16_at(&header, at)));
            let variable = bytes_at(file, at + 46, lengths.iter().sum())?;
            at += 46 + lengths.iter().sum::<u64>();
            let stored = ZipEntry::central(&header, &variable);
            let inner = inside.names.unique(place.name, stored.name.clone());
            let place = FileContext { name: Some(&inner), ..place };
            self.check_fields(&variable, [lengths[0], lengths[1]], place);
            let start = table.base.saturating_add(stored.offset);
            if inside.claims.has(start) {
                self.fault(place.name, FaultKind::PackingBroken, READ_ALREADY);
            } else if start < first || start > table.bytes.start {
                self.fault(place.name, FaultKind::PackingBroken, NOT_THERE);
            } else {
                taken.extend(self.read_listed_file(file, &stored, start, &mut inside.claims, place)?);
            }
        }
        Ok(taken)
    }

    /// Reads the file whose local header is at `start`, up to what was read already. Returns its range.
    fn read_listed_file(
        &mut self,
        file: File<'_>,
        stored: &ZipEntry,
        start: u64,
        claims: &mut Claims,
        place: FileContext<'_>,
    ) -> io::Result<Option<Range<u64>>> {
        let local = bytes_at(file, start, 30)?;
        if local.len() < 30 || !local.starts_with(LOCAL) {
            self.fault(place.name, FaultKind::PackingBroken, NOT_THERE);
            return Ok(None);
        }
        let lengths = [26, 28].map(|at| u64::from(u16_at(&local, at)));
        let content = start + 30 + lengths.iter().sum::<u64>();
        let declared = content.saturating_add(stored.packed.unwrap_or(0));
        let end = declared.min(claims.next(start));
        if end < declared {
            self.fault(place.name, FaultKind::PackingBroken, OVERLAPS);
        }
        if end < content {
            return Ok(None);
        }
        if lengths.iter().sum::<u64>() > USUAL_FIELDS {
            let variable = bytes_at(file, start + 30, lengths.iter().sum())?;
            self.check_fields(&variable, lengths, place);
        }
        let read = self.read_entry(file, stored, content..end, place)?;
        claims.add(start..read.max(content));
        let descriptor = if end < declared { 0 } else { descriptor_length(file, stored, end)? };
        Ok(Some(start..end + descriptor))
    }

    /// Checks the name of an entry and what follows it in its header, which may hide other data: extra fields of numbers,
    /// and a comment.
    fn check_fields(&mut self, variable: &[u8], lengths: [u64; 2], place: FileContext<'_>) {
        let [name, extra] = lengths.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        let (name, rest) = variable.split_at(name.min(variable.len()));
        let (extra, comment) = rest.split_at(extra.min(rest.len()));
        if name_hides(name) {
            self.fault(place.name, FaultKind::PackingBroken, NAME_HIDES);
        }
        if field_hides(extra) || looks_hidden(comment) {
            let detail = "its header holds something like records, which is not read";
            self.fault(place.name, FaultKind::PackingBroken, detail);
        }
    }

    /// Reads entries that no central directory lists, by their local headers.
    fn read_without_directory(
        &mut self,
        file: File<'_>,
        part: Range<u64>,
        inside: &mut OpenZip<'_>,
    ) -> io::Result<()> {
        let place = inside.place;
        let mut at = part.start;
        while let Some(start) = find(file, at..part.end, &[LOCAL])? {
            if self.is_stopped {
                break;
            }
            let header = bytes_at(file, start, 30)?;
            let lengths = [26, 28].map(|at| u64::from(u16_at(&header, at)));
            let variable = bytes_at(file, start + 30, lengths.iter().sum())?;
            let content = start + 30 + lengths.iter().sum::<u64>();
            if header.len() < 30 || content > part.end {
                break;
            }
            let stored = ZipEntry::local(&header, &variable, start);
            let inner = inside.names.unique(place.name, stored.name.clone());
            self.check_fields(&variable, lengths, FileContext { name: Some(&inner), ..place });
            let end = match stored.packed {
                Some(packed) => content.saturating_add(packed).min(part.end),
                None if stored.method == 8 => part.end,
                None => find(file, content..part.end, &[DESCRIPTOR, LOCAL, CENTRAL])?.unwrap_or(part.end),
            };
            let read =
                self.read_entry(file, &stored, content..end, FileContext { name: Some(&inner), ..place })?;
            at = if stored.packed.is_none() && stored.method == 8 { read } else { end };
        }
        Ok(())
    }

    /// Reads the bytes between the files of an archive, or before them.
    fn read_gap(
        &mut self,
        file: File<'_>,
        part: Range<u64>,
        inside: &mut OpenZip<'_>,
        parts: &mut Vec<Range<u64>>,
    ) -> io::Result<()> {
        let place = inside.place;
        if find(file, part.clone(), &[END])?.is_some() {
            parts.push(part);
            return Ok(());
        }
        if find(file, part.clone(), &[LOCAL])?.is_some() {
            let detail = "entries that are in no table of contents, read by the headers before them";
            self.fault(place.name, FaultKind::PackingBroken, detail);
            return self.read_without_directory(file, part, inside);
        }
        self.report_unclaimed_bytes(file, part, place)
    }

    /// Reads the bytes after an archive: padding, another packing, or unknown.
    fn read_trailing_bytes(
        &mut self,
        file: File<'_>,
        part: Range<u64>,
        inside: &mut OpenZip<'_>,
    ) -> io::Result<()> {
        let place = inside.place;
        let head = bytes_at(file, part.start, 512.min(part.end - part.start))?;
        if Codec::of(&head).is_some() || is_tar_header(&head) {
            file.seek(SeekFrom::Start(part.start))?;
            let inner = nested_path(place.name, Some(&format!("@{}", part.start)));
            self.open(&mut file.take(part.end - part.start), inner.as_deref(), place.depth);
            return Ok(());
        }
        if find(file, part.clone(), &[LOCAL])?.is_some() {
            let detail = "entries behind the end of the zip archive, read by the headers before them";
            self.fault(place.name, FaultKind::PackingBroken, detail);
            return self.read_without_directory(file, part, inside);
        }
        self.report_unclaimed_bytes(file, part, place)
    }

    /// Reports bytes that belong to no entry, unless they are padding.
    fn report_unclaimed_bytes(
        &mut self,
        file: File<'_>,
        part: Range<u64>,
        place: FileContext<'_>,
    ) -> io::Result<()> {
        file.seek(SeekFrom::Start(part.start))?;
        let mut rest = BufReader::new(file.take(part.end - part.start));
        let mut buffer = [0; 4_096];
        loop {
            let read = rest.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            if buffer[..read].iter().any(|byte| *byte != 0) {
                let detail = format!(
                    "{} bytes at byte {} are no part of the zip archive",
                    part.end - part.start,
                    part.start
                );
                self.fault(place.name, FaultKind::PackingBroken, &detail);
                return Ok(());
            }
        }
    }

    /// Reads a file of an archive; returns the end of its content.
    fn read_entry(
        &mut self,
        file: File<'_>,
        stored: &ZipEntry,
        content: Range<u64>,
        place: FileContext<'_>,
    ) -> io::Result<u64> {
        let length = content.end.saturating_sub(content.start);
        if length == 0 && stored.size.unwrap_or(0) == 0 {
            return Ok(content.end);
        }
        if stored.flags & ENCRYPTED != 0 {
            self.fault(place.name, FaultKind::PackingBroken, "it is encrypted");
            return Ok(content.end);
        }
        file.seek(SeekFrom::Start(content.start))?;
        let mut part = BufReader::with_capacity(WINDOW as usize, file.take(length));
        match stored.method {
            0 => drop(self.read_unpacked(&mut part, stored, place)),
            8 => {
                let mut stream = DeflateDecoder::new(&mut part);
                let has_ended = self.read_unpacked(&mut stream, stored, place);
                let read = content.start + stream.total_in();
                if read < content.end && stored.packed.is_some() && has_ended {
                    let detail = format!("{} bytes behind the end of its stream", content.end - read);
                    self.fault(place.name, FaultKind::PackingBroken, &detail);
                }
                return Ok(read);
            }
            // bzip2, Zstandard, xz (4.4.5).
            12 | 20 | 93 | 95 => match Streams::new(&mut part) {
                Ok(mut stream) => drop(self.read_unpacked(&mut stream, stored, place)),
                Err(error) => self.broken(place.name, &error),
            },
            method => {
                let detail = format!("it is packed by the method {method}, which is not read");
                self.fault(place.name, FaultKind::PackingBroken, &detail);
            }
        }
        Ok(content.end)
    }

    /// Reads the target of a link. What cannot be a path is read like a file.
    fn link(&mut self, stream: &mut dyn Read, place: FileContext<'_>) {
        let mut target = Vec::new();
        let read = (&mut *stream).take(LONGEST_PATH as u64 + 1).read_to_end(&mut target);
        if !is_path(&target) {
            self.file(&mut Cursor::new(target).chain(stream), place.name, place.depth);
        }
        if let Err(error) = read {
            self.broken(place.name, &error);
        }
    }

    /// Reads the output of a file; returns whether its stream ended properly.
    fn read_unpacked(&mut self, stream: &mut dyn Read, stored: &ZipEntry, place: FileContext<'_>) -> bool {
        let mut summed = ChecksumReader::new(stream);
        let mut limited = LimitedReader::new(&mut summed, &self.left);
        if stored.is_link {
            self.link(&mut limited, place);
        } else {
            self.file(&mut limited, place.name, place.depth);
        }
        let LimitedReader { is_over, error, .. } = limited;
        let is_sound = !is_over && error.is_none();
        self.note_end(place.name, is_over, error);
        let ChecksumReader { crc, size, has_ended, .. } = summed;
        let is_other = stored.checksum.is_some_and(|sum| sum != crc.sum())
            || stored.size.is_some_and(|expected| expected != size);
        if has_ended && is_sound && is_other {
            self.fault(place.name, FaultKind::PackingBroken, "its checksum or its length does not match");
        }
        has_ended && is_sound
    }
}

/// The length of the descriptor after a file whose size was not known in advance (4.3.9).
fn descriptor_length(file: File<'_>, stored: &ZipEntry, at: u64) -> io::Result<u64> {
    if stored.flags & HAS_DESCRIPTOR == 0 {
        return Ok(0);
    }
    let bytes = bytes_at(file, at, 28)?;
    let signature = if bytes.starts_with(DESCRIPTOR) { 4 } else { 0 };
    let is_long = [LOCAL, CENTRAL]
        .iter()
        .any(|next| bytes.get(signature + 20..).is_some_and(|rest| rest.starts_with(next)));
    Ok(signature as u64 + if is_long { 20 } else { 12 })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::decode::Decoder;
    use crate::decode::unpack::{read, tar, zip};

    const A: &[u8] = br#"{"eventName":"A"}"#;
    const B: &[u8] = br#"{"eventName":"B"}"#;

    /// Events as name, file and index; the number of faults.
    fn found(bytes: &[u8]) -> (String, usize) {
        let (events, faults, _) = read(bytes);
        (events.join(", "), faults.len())
    }

    /// An archive with two files of the same name.
    fn twice() -> Vec<u8> {
        let mut packed = zip(&[("a.json", A), ("b.json", B)]);
        while let Some(at) = memchr::memmem::find(&packed, b"b.json") {
            packed[at] = b'a';
        }
        packed
    }

    /// An archive written without seeking: the lengths follow the content.
    fn streamed(large: bool) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new_stream(Vec::new());
        for (name, bytes) in [("a.json", A), ("b.json", B)] {
            let options = zip::write::SimpleFileOptions::default().large_file(large);
            writer.start_file(name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn every_zip_entry_is_read_at_any_position() {
        let both = zip(&[("a.json", A), ("b.json", B)]);
        let one = zip(&[("a.json", A)]);
        let other = zip(&[("b.json", B)]);
        let in_order = "A a.json 0, B b.json 0";
        for (packed, events, faults) in [
            (both.clone(), in_order, 0),
            (twice(), "A a.json 0, B a.json#2 0", 0),
            ([&one[..], &other].concat(), "B b.json 0, A a.json 0", 0),
            (zip(&[("logs/", A)]), "A logs/ 0", 0),
            (streamed(false), in_order, 0),
            (streamed(true), in_order, 0),
            ([&one[..], &[0; 700]].concat(), "A a.json 0", 0),
            (
                [&one[..], &tar(&[("t.json", B)])].concat(),
                &format!("A a.json 0, B @{}!t.json 0", one.len()),
                0,
            ),
            ([&one[..], B].concat(), "A a.json 0", 1),
            // A self-extracting program.
            ([&b"MZ program"[..], &both].concat(), in_order, 1),
            ([&b"#!/bin/sh\nexit\n"[..], &both].concat(), in_order, 1),
        ] {
            assert_eq!(found(&packed), (events.to_owned(), faults), "{:?}", read(&packed));
        }
    }

    #[test]
    fn local_headers_replace_a_missing_central_directory() {
        for packed in [zip(&[("a.json", A), ("b.json", B)]), streamed(false), streamed(true)] {
            let table = memchr::memmem::find(&packed, CENTRAL).unwrap();
            for length in [table, table + 30, packed.len() - 5] {
                let (events, faults) = found(&packed[..length]);
                assert_eq!((events.as_str(), faults), ("A a.json 0, B b.json 0", 1), "{length}");
            }
            let (events, faults) = found(&packed[..table - 4]);
            assert!(events.starts_with("A a.json 0") && faults > 0, "{events} {faults}");
        }
    }

    #[test]
    fn an_entry_missing_from_the_central_directory_is_read_and_reported() {
        let mut packed = zip(&[("a.json", A), ("b.json", B)]);
        // Remove the first of two entries from the central directory.
        let first = memchr::memmem::find(&packed, CENTRAL).unwrap();
        let second = memchr::memmem::rfind(&packed, CENTRAL).unwrap();
        let removed = (second - first) as u32;
        packed.drain(first..second);
        let end = memchr::memmem::rfind(&packed, END).unwrap();
        (packed[end + 8], packed[end + 10]) = (1, 1);
        let size = u32_at(&packed, end + 12) - removed;
        packed[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
        assert_eq!(found(&packed), ("B b.json 0, A a.json 0".to_owned(), 1));
    }

    #[test]
    fn unread_entries_are_faults() {
        let sound = zip(&[("a.json", A)]);
        let central = memchr::memmem::find(&sound, CENTRAL).unwrap();
        let end = memchr::memmem::find(&sound, END).unwrap();
        let with = |at: usize, byte: u8| {
            let mut packed = sound.clone();
            packed[at] = byte;
            packed
        };
        let encrypted = with(central + 8, 1);
        let other_method = with(central + 10, 9);
        let other_sum = with(central + 16, sound[central + 16] ^ 1);
        let mut comment = with(end + 20, A.len() as u8);
        comment.extend(A);
        for packed in [encrypted, other_method, other_sum, comment] {
            assert_eq!(read(&packed).1.len(), 1, "{:?}", read(&packed));
        }
    }

    /// The headers in the central directory of an archive.
    fn headers(packed: &[u8]) -> Vec<Vec<u8>> {
        let starts: Vec<usize> = memchr::memmem::find_iter(packed, CENTRAL).collect();
        let end = memchr::memmem::rfind(packed, END).unwrap();
        let ends = starts.iter().skip(1).copied().chain([end]);
        starts.iter().zip(ends).map(|(start, end)| packed[*start..end].to_vec()).collect()
    }

    /// An archive with another central directory.
    fn with_headers(packed: &[u8], headers: &[Vec<u8>]) -> Vec<u8> {
        let start = memchr::memmem::find(packed, CENTRAL).unwrap();
        let mut end = packed[memchr::memmem::rfind(packed, END).unwrap()..].to_vec();
        let table = headers.concat();
        end[12..16].copy_from_slice(&(table.len() as u32).to_le_bytes());
        [&packed[..start], &table, &end].concat()
    }

    #[test]
    fn entries_that_overlap_are_read_once_and_reported() {
        let sound = zip(&[("a.json", A), ("b.json", B)]);
        let [a, b] = &headers(&sound)[..] else { panic!() };
        let with = |header: &Vec<u8>, at: usize, bytes: &[u8]| {
            let mut header = header.clone();
            header[at..at + bytes.len()].copy_from_slice(bytes);
            header
        };
        let start_of_b = u32_at(b, 42);
        let renamed = with(a, 46, b"c.json");
        let (long_a, long_b) = (with(a, 20, &[0xff, 0xff, 0, 0]), with(b, 20, &[0xff, 0xff, 0, 0]));
        let inside = with(b, 42, &(start_of_b + 1).to_le_bytes());
        let outside = with(b, 42, &(sound.len() as u32).to_le_bytes());
        let in_table = with(b, 42, &(start_of_b + 90).to_le_bytes());
        let both = "A a.json 0, B b.json 0";
        for (headers, events, faults) in [
            (vec![a.clone(), b.clone()], both, 0),
            (vec![b.clone(), a.clone()], "B b.json 0, A a.json 0", 0),
            (vec![a.clone(), renamed, b.clone()], both, 1),
            (vec![a.clone(), b.clone(), b.clone(), b.clone(), a.clone()], both, 3),
            // It is longer than its stream: what is behind it is read.
            (vec![long_a.clone(), b.clone()], both, 2),
            (vec![b.clone(), long_a], "B b.json 0, A a.json 0", 1),
            (vec![a.clone(), long_b], both, 1),
            (vec![a.clone(), b.clone(), inside], both, 1),
            (vec![a.clone(), b.clone(), outside], both, 1),
            (vec![a.clone(), b.clone(), in_table], both, 1),
        ] {
            let packed = with_headers(&sound, &headers);
            assert_eq!(found(&packed), (events.to_owned(), faults), "{:?}", read(&packed));
        }
    }

    #[test]
    fn streams_without_output_are_read_once_however_often_they_are_listed() {
        let empty = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast()).finish().unwrap();
        let mut packed = zip(&[("a", b"x"), ("b.json", B)]);
        let content = empty.repeat(3_000);
        let [mut a, b] = <[Vec<u8>; 2]>::try_from(headers(&packed)).unwrap();
        let local = packed[..31].to_vec();
        let rest = packed.split_off(u32_at(&b, 42) as usize);
        let shift = (31 + content.len()) as u32 - u32_at(&b, 42);
        a[10] = 12;
        a[16..28].fill(0);
        a[20..24].copy_from_slice(&(content.len() as u32).to_le_bytes());
        let b = [&b[..42], &(u32_at(&b, 42) + shift).to_le_bytes(), &b[46..]].concat();
        let mut packed = [&local[..], &content, &rest].concat();
        let end = memchr::memmem::rfind(&packed, END).unwrap();
        let table = u32_at(&packed, end + 16) + shift;
        packed[end + 16..end + 20].copy_from_slice(&table.to_le_bytes());
        let packed = with_headers(&packed, &[vec![a; 10_000].concat(), b]);
        let mut events = 0;
        let decoded = Decoder::new(1 << 20).decode(&packed, |_| events += 1);
        assert_eq!((events, decoded.faults.count()), (1, 9_999));
    }

    #[test]
    fn what_is_no_target_of_a_link_is_read() {
        let wide: Vec<u8> = str::from_utf8(B).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect();
        let event =
            r#"{"eventTime":"2026-01-10T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"B"}"#;
        let base64 = "eyJldmVudFRpbWUiOiIyMDI2LTAxLTEwVDEwOjAwOjAwWiIsImV2ZW50U291cmNlIjoiaWFtLmFtYXpvbmF3cy5jb20iLCJldmVudE5hbWUiOiJCIn0=";
        let long = format!("{}{event}", " ".repeat(5_000));
        for (target, count) in [
            (&b"../a.json"[..], 1),
            (&[b'x'; LONGEST_PATH], 1),
            (B, 2),
            (&wide, 2),
            (base64.as_bytes(), 2),
            (long.as_bytes(), 2),
            (format!("x\n{event}").as_bytes(), 2),
        ] {
            let sound = zip(&[("a.json", A), ("link", target)]);
            let [a, mut link] = <[Vec<u8>; 2]>::try_from(headers(&sound)).unwrap();
            link[5] = 3;
            link[38..42].copy_from_slice(&(0o120_777_u32 << 16).to_le_bytes());
            // The directory may tell another size.
            for size in [target.len() as u32, 5] {
                link[24..28].copy_from_slice(&size.to_le_bytes());
                let packed = with_headers(&sound, &[a.clone(), link.clone()]);
                let (found, faults, _) = read(&packed);
                let is_other = usize::from(size as usize != target.len());
                // Base64 without the names of a carrier may be a fault.
                assert_eq!(found.len() + faults.len(), count + is_other, "{size} {found:?} {faults:?}");
            }
        }
    }

    #[test]
    fn records_in_names_and_fields_of_an_entry_are_a_fault() {
        let event =
            r#"{"eventTime":"2026-01-10T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"B"}"#;
        assert_eq!(found(&zip(&[("a.json", A), (event, B)])).1, 1);
        let sound = zip(&[("a.json", A)]);
        let header = headers(&sound).remove(0);
        for at in [30, 32] {
            let mut header = [&header[..], event.as_bytes()].concat();
            header[at] = event.len() as u8;
            assert_eq!(found(&with_headers(&sound, &[header])), ("A a.json 0".to_owned(), 1));
        }
        // Only in the local header.
        let extra = format!("{event}{}", " ".repeat(300));
        let mut local = [&sound[..36], extra.as_bytes(), &sound[36..]].concat();
        local[28..30].copy_from_slice(&(extra.len() as u16).to_le_bytes());
        let end = memchr::memmem::rfind(&local, END).unwrap();
        let table = u32_at(&local, end + 16) + extra.len() as u32;
        local[end + 16..end + 20].copy_from_slice(&table.to_le_bytes());
        assert_eq!(found(&local), ("A a.json 0".to_owned(), 1));
        let table = memchr::memmem::find(&local, CENTRAL).unwrap();
        assert_eq!(found(&local[..table]), ("A a.json 0".to_owned(), 2));
    }

    #[test]
    fn apple_double_files_are_not_a_fault() {
        let double = b"\0\x05\x16\x07\0\x02\0\0Mac OS X        \0\0";
        let packed = zip(&[("a.json", A), ("__MACOSX/._a.json", double), ("._b.json", B)]);
        assert_eq!(found(&packed), ("A a.json 0, B ._b.json 0".to_owned(), 0));
    }
}
