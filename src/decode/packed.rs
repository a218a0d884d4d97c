//! Files in files, and files too large to be held: gzip, zstd and bzip2 streams, zip and tar archives of log objects, in any
//! nesting that somebody may have made, cut into pieces that can be read by themselves.
//!
//! The slow way: everything that is no plain gzip comes through here, and every object that is large. What comes out of it in
//! one go is an inner file, or a part of a text that ends with a line; nothing larger is held, but for texts that cannot
//! be cut: one JSON value over many lines, or tables.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::rc::Rc;

use flate2::bufread::GzDecoder;

use super::inflate::GZIP_MAGIC;
use super::lanes::nested_end;
use super::ocsf::PARQUET_MAGIC;
use super::table::{self, Table};
use super::wrapper::LogLine;
use super::{DecodeFault, Decoded, Decoder, FoundRecord, Verdict, container, walk, wrapper};
use crate::coverage::{FaultKind, ObjectSkip, Position};

/// Packings in packings deeper than this are no log.
const DEEPEST: u32 = 5;

/// Texts are cut into pieces of this many bytes: many enough for all cores, large enough to cost nothing. In tests smaller, so
/// that there are some.
const PIECE: usize = if cfg!(any(test, fuzzing)) { 4 << 10 } else { 16 << 20 };

/// As many first bytes tell how something is packed.
const HEAD: u64 = 512;

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// One stream, or several one after another.
    Gzip,
    /// One stream.
    Zstd,
    /// One stream.
    Bzip2,
    /// Many files.
    Zip,
    /// Many files.
    Tar,
}

/// How bytes are packed other than by gzip, by their first ones: RFC 8878; bzip2 "BZh" and a level; APPNOTE.TXT 4.3.7; POSIX
/// ustar.
pub(super) fn packing(bytes: &[u8]) -> Option<Packing> {
    match bytes.get(..4)? {
        [0x28, 0xb5, 0x2f, 0xfd] => Some(Packing::Zstd),
        [b'B', b'Z', b'h', b'1'..=b'9'] => Some(Packing::Bzip2),
        [b'P', b'K', 3 | 5, 4 | 6] => Some(Packing::Zip),
        _ if bytes.get(257..262) == Some(b"ustar") => Some(Packing::Tar),
        _ => None,
    }
}

/// A part of an object that can be read by itself.
#[derive(Debug)]
pub struct Piece {
    /// The file in the object, and behind its first piece the byte of it that this one begins with: `a.tar!b.jsonl!@16777216`.
    pub inner: Option<Box<str>>,
    bytes: Vec<u8>,
    /// In how many packings it lies.
    depth: u32,
    /// Whether it is a file, and nothing of it is missing.
    is_whole_file: bool,
}

impl Piece {
    /// Its length in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its memory, for another piece.
    pub fn into_memory(self) -> Vec<u8> {
        self.bytes
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

/// Cuts an object into pieces that `emit` takes, in their order. Gives the faults that lie in no piece. No more than `limit`
/// bytes are inflated, or held at once.
pub fn cut(source: Source<'_>, limit: u64, emit: &mut Emit<'_>) -> Vec<DecodeFault> {
    let mut cutter = Cutter::new(limit, emit);
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
    cutter.faults
}

/// Visits every record in what is packed.
pub(super) fn decode(
    packing: Packing,
    bytes: &[u8],
    limit: u64,
    depth: u32,
    visit: &mut dyn FnMut(FoundRecord<'_>),
) -> Decoded {
    let mut sum: Option<Decoded> = None;
    let mut emit = |piece: Piece| {
        let before = sum.as_ref().map_or(0, |sum| sum.records);
        let mut renumbered =
            |found: FoundRecord<'_>| visit(FoundRecord { number: before + found.number, ..found });
        let visit: &mut dyn FnMut(FoundRecord<'_>) = &mut renumbered;
        let decoded = Decoder::nested(limit, piece.depth).decode_piece(&piece, visit);
        match &mut sum {
            Some(sum) => sum.add(decoded),
            None => sum = Some(decoded),
        }
        Some(piece.into_memory())
    };
    let mut cutter = Cutter::new(limit, &mut emit);
    match packing {
        Packing::Zip => cutter.zip(&mut Cursor::new(bytes), None, depth + 1),
        _ => cutter.open(&mut Cursor::new(bytes), None, depth),
    }
    let faults = cutter.faults;
    let nothing = if faults.is_empty() { Verdict::Other(ObjectSkip::Empty) } else { Verdict::NotJson };
    let mut decoded = sum.unwrap_or_else(|| Decoded::nothing(nothing));
    decoded.faults.extend(faults);
    decoded
}

impl Decoder {
    /// Visits every record of a piece. Records are numbered from 0 in it.
    pub fn decode_piece(&mut self, piece: &Piece, visit: &mut dyn FnMut(FoundRecord<'_>)) -> Decoded {
        let Piece { inner: name, bytes, depth, is_whole_file } = piece;
        let name = name.as_deref();
        let mut renamed = |found: FoundRecord<'_>| match found.inner {
            None => visit(FoundRecord { inner: name, ..found }),
            inner => visit(FoundRecord { inner: joined(name, inner).as_deref(), ..found }),
        };
        let renamed: &mut dyn FnMut(FoundRecord<'_>) = &mut renamed;
        let outside = std::mem::replace(&mut self.depth, *depth);
        let mut decoded = self.decode(bytes, renamed);
        self.depth = outside;
        for fault in &mut decoded.faults {
            fault.inner = joined(name, fault.inner.as_deref()).map(String::into_boxed_str);
        }
        if decoded.verdict == Verdict::NotJson && *is_whole_file && name.is_some_and(claims_log) {
            decoded.faults.push(fault(name, FaultKind::NotJson, "the content is not JSON"));
        }
        decoded
    }
}

impl Decoded {
    /// Adds the account of another part of the same object.
    pub fn add(&mut self, more: Self) {
        let Self { verdict, json_bytes, records, others, faults } = more;
        self.others += others + u64::from(verdict != Verdict::Records && verdict != Verdict::NotJson);
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

struct Cutter<'e> {
    emit: &'e mut Emit<'e>,
    /// Memory for a piece, with whatever was in it.
    spare: Vec<u8>,
    limit: u64,
    /// How many bytes may still be inflated.
    left: Rc<Cell<u64>>,
    faults: Vec<DecodeFault>,
    /// Whether no more is wanted.
    is_stopped: bool,
}

impl<'e> Cutter<'e> {
    fn new(limit: u64, emit: &'e mut Emit<'e>) -> Self {
        let left = Rc::new(Cell::new(limit));
        Self { emit, spare: Vec::new(), limit, left, faults: Vec::new(), is_stopped: false }
    }

    /// Whatever a stream holds.
    fn open(&mut self, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
        let mut head = Vec::new();
        if let Err(error) = (&mut *stream).take(HEAD).read_to_end(&mut head) {
            return self.broken(name, &error);
        }
        let packing = if head.starts_with(&GZIP_MAGIC) { Some(Packing::Gzip) } else { packing(&head) };
        if packing.is_some() && depth >= DEEPEST {
            return self.fault(name, FaultKind::PackingBroken, "packed too often");
        }
        // Their table of contents stands at their end.
        let is_table = head.starts_with(&PARQUET_MAGIC);
        let mut whole = Cursor::new(head).chain(stream);
        let whole: &mut dyn Read = &mut whole;
        let depth = depth + u32::from(packing.is_some());
        match packing {
            None if is_table => self.held(Vec::new(), whole, name, depth),
            None => self.text(whole, name, depth),
            Some(Packing::Gzip) => self.inflate(&mut Members::new(whole), name, depth),
            Some(Packing::Zstd) => match zstd::stream::read::Decoder::new(whole) {
                Ok(mut stream) => self.inflate(&mut stream, name, depth),
                Err(error) => self.broken(name, &error),
            },
            Some(Packing::Bzip2) => self.inflate(&mut bzip2::read::MultiBzDecoder::new(whole), name, depth),
            Some(Packing::Tar) => self.tar(whole, name, depth),
            Some(Packing::Zip) => self.held(Vec::new(), whole, name, depth - 1),
        }
    }

    /// What comes out of a decoder, up to the ceiling.
    fn inflate(&mut self, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
        let mut limited = Limited::new(stream, &self.left);
        self.open(&mut limited, name, depth);
        let Limited { is_over, error, .. } = limited;
        self.ended(name, is_over, error);
    }

    /// Notes how a stream ended.
    fn ended(&mut self, name: Option<&str>, is_over: bool, error: Option<io::Error>) {
        if is_over {
            let detail = format!("more than {} bytes come out of it", self.limit);
            self.fault(name, FaultKind::TooLarge, &detail);
        } else if let Some(error) = error {
            self.broken(name, &error);
        }
    }

    fn zip(&mut self, file: &mut dyn ReadSeek, name: Option<&str>, depth: u32) {
        if depth > DEEPEST {
            return self.fault(name, FaultKind::PackingBroken, "packed too often");
        }
        let mut archive = match zip::ZipArchive::new(file) {
            Ok(archive) => archive,
            Err(error) => return self.fault(name, FaultKind::PackingBroken, &error.to_string()),
        };
        for index in 0..archive.len() {
            let listed = archive.name_for_index(index).and_then(Result::ok).map(Cow::into_owned);
            match archive.by_index(index) {
                Ok(mut file) if file.is_file() => {
                    let inner = String::from_utf8_lossy(file.name_raw()).into_owned();
                    let inner = joined(name, Some(&inner));
                    let mut limited = Limited::new(&mut file, &self.left);
                    self.file(&mut limited, inner.as_deref(), depth);
                    let Limited { is_over, error, .. } = limited;
                    self.ended(inner.as_deref(), is_over, error);
                }
                Ok(_) => {}
                Err(error) => {
                    let inner = joined(name, listed.as_deref());
                    self.fault(inner.as_deref(), FaultKind::PackingBroken, &error.to_string());
                }
            }
            if self.is_stopped {
                return;
            }
        }
    }

    fn tar(&mut self, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
        let mut archive = tar::Archive::new(stream);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.broken(name, &error),
        };
        for entry in entries {
            match entry {
                Ok(mut entry) => {
                    let sort = entry.header().entry_type();
                    let inner = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                    let inner = joined(name, Some(&inner));
                    if sort.is_file() || sort.is_contiguous() || sort.is_gnu_sparse() {
                        self.file(&mut entry, inner.as_deref(), depth);
                    } else if entry.size() > 0 && !(sort.is_pax_global_extensions() || sort.is_dir()) {
                        let detail =
                            format!("an entry of the sort '{}' is not read", sort.as_byte().escape_ascii());
                        self.fault(inner.as_deref(), FaultKind::PackingBroken, &detail);
                    }
                }
                // What follows cannot be found.
                Err(error) => return self.broken(name, &error),
            }
            if self.is_stopped {
                return;
            }
        }
    }

    /// A file in an archive: a piece by itself, unless it is large.
    fn file(&mut self, file: &mut dyn Read, name: Option<&str>, depth: u32) {
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.clear();
        let read = (&mut *file).take(PIECE as u64 + 1).read_to_end(&mut bytes);
        if bytes.len() > PIECE {
            self.open(&mut Cursor::new(bytes).chain(file), name, depth);
        } else {
            self.piece(bytes, name.map(Box::from), depth, read.is_ok());
        }
        if let Err(error) = read {
            self.broken(name, &error);
        }
    }

    /// A text, which is cut behind lines if it is long and made of such.
    fn text(&mut self, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
        let mut text = Text::new(std::mem::take(&mut self.spare));
        if let Err(error) = text.fill(stream, PIECE) {
            self.broken(name, &error);
        }
        if text.filled < PIECE {
            return self.piece(text.into_bytes(), name.map(Box::from), depth, true);
        }
        match Layout::of(text.filled()) {
            Layout::Lines => self.lines(text, stream, name, depth),
            Layout::OneValue => self.held(text.into_bytes(), stream, name, depth),
            // Its beginning tells what it is.
            Layout::Other => self.piece(text.into_bytes(), name.map(Box::from), depth, true),
        }
    }

    fn lines(&mut self, mut text: Text, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
        let (mut at, mut searched) = (0u64, 0);
        let place = |at: u64| match at {
            0 => name.map(Box::from),
            at => joined(name, Some(&format!("@{at}"))).map(String::into_boxed_str),
        };
        while !self.is_stopped {
            match last_cut(text.filled(), searched) {
                Some(end) => {
                    let mut rest = Text::new(std::mem::take(&mut self.spare));
                    rest.push(&text.filled()[end..]);
                    text.filled = end;
                    self.piece(std::mem::replace(&mut text, rest).into_bytes(), place(at), depth, false);
                    at += end as u64;
                    searched = 0;
                }
                None if text.filled as u64 >= self.limit => {
                    let detail = format!("a line is longer than {} bytes", self.limit);
                    self.fault(name, FaultKind::TooLarge, &detail);
                    return self.piece(text.into_bytes(), place(at), depth, false);
                }
                // A line may have been met in its middle.
                None => searched = text.filled.saturating_sub(2 * LONGEST_BEGINNING),
            }
            let wanted = if text.filled < PIECE { PIECE } else { text.filled + PIECE };
            if let Err(error) = text.fill(stream, wanted) {
                self.broken(name, &error);
            }
            if text.filled < wanted {
                return self.piece(text.into_bytes(), place(at), depth, false);
            }
        }
    }

    /// What cannot be cut: held as a whole, up to the ceiling.
    fn held(&mut self, mut bytes: Vec<u8>, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
        let room = self.limit.saturating_add(1).saturating_sub(bytes.len() as u64);
        let read = stream.take(room).read_to_end(&mut bytes);
        let is_over = bytes.len() as u64 > self.limit;
        if is_over {
            bytes.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        }
        self.piece(bytes, name.map(Box::from), depth, read.is_ok() && !is_over);
        if is_over {
            let detail = format!("more than {} bytes that cannot be read in pieces", self.limit);
            self.fault(name, FaultKind::TooLarge, &detail);
        } else if let Err(error) = read {
            self.broken(name, &error);
        }
    }

    fn piece(&mut self, bytes: Vec<u8>, inner: Option<Box<str>>, depth: u32, is_whole_file: bool) {
        if !self.is_stopped {
            let spare = (self.emit)(Piece { inner, bytes, depth, is_whole_file });
            self.is_stopped = spare.is_none();
            self.spare = spare.unwrap_or_default();
        }
    }

    fn broken(&mut self, name: Option<&str>, error: &io::Error) {
        let (kind, detail) = match error.get_ref().and_then(|error| error.downcast_ref::<GzipError>()) {
            Some(GzipError { kind, detail }) => (*kind, detail.clone()),
            None => (FaultKind::PackingBroken, reason(error)),
        };
        self.fault(name, kind, &detail);
    }

    fn fault(&mut self, name: Option<&str>, kind: FaultKind, detail: &str) {
        self.faults.push(fault(name, kind, detail));
    }
}

/// How a long text can be cut.
#[derive(Debug, PartialEq, Eq)]
enum Layout {
    /// Behind lines: each holds whole values.
    Lines,
    /// Not at all.
    OneValue,
    /// It is none of ours.
    Other,
}

impl Layout {
    /// Of a text that begins so.
    fn of(text: &[u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
        let first = text.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        if holds_whole_values(first) {
            return Self::Lines;
        }
        // A text that was cut off a longer one begins in mid-record; what follows has lines, or is one.
        if let Some(at) = container::resumption(&String::from_utf8_lossy(text)) {
            let rest = text.get(at..).unwrap_or_default();
            let next = rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
            return if holds_whole_values(next) { Self::Lines } else { Self::OneValue };
        }
        let head = String::from_utf8_lossy(&text[..text.len().min(4_096)]);
        match (text.first(), table::table(&head)) {
            // What follows blanks without an end is not known.
            (None | Some(b'{' | b'['), _) | (_, Some(Table::Events(_))) => Self::OneValue,
            _ => Self::Other,
        }
    }
}

/// Whether a line holds values, and the end of the last of them is its own.
fn holds_whole_values(line: &[u8]) -> bool {
    let Some(line) = line.strip_suffix(b"\n") else { return false };
    let text = String::from_utf8_lossy(line);
    let start = match wrapper::log_line(&text) {
        Some(LogLine::Value(behind)) => behind,
        Some(LogLine::Words) => return true,
        None => 0,
    };
    let (line, mut at) = (text.as_bytes(), start);
    while let Some(b'{' | b'[') = line.get(at) {
        match nested_end(line, at) {
            Some(end) => at = walk::skip_blanks(&text, end),
            None => return false,
        }
    }
    at > start && at == line.len()
}

/// As much of a line tells whether it is one of a log.
const LONGEST_BEGINNING: usize = 64;

/// The last place behind `from` and a line where a value begins that is not an element of a list.
fn last_cut(text: &[u8], from: usize) -> Option<usize> {
    let mut end = text.len();
    while let Some(line_end) = memchr::memrchr(b'\n', &text[from..end]).map(|at| from + at) {
        let begins = match text.get(line_end + 1) {
            Some(b'{' | b'[') => true,
            Some(b'0'..=b'9' | b'A'..=b'Z') => {
                let line = &text[line_end + 1..text.len().min(line_end + LONGEST_BEGINNING)];
                wrapper::log_line(&String::from_utf8_lossy(line)).is_some()
            }
            _ => false,
        };
        let before = || text[..line_end].iter().rev().find(|byte| !byte.is_ascii_whitespace());
        if begins && !matches!(before(), Some(b',' | b'[')) {
            return Some(line_end + 1);
        }
        end = line_end;
    }
    None
}

/// Bytes in memory that is used again and again, so that it is not cleared for each piece.
struct Text {
    bytes: Vec<u8>,
    filled: usize,
}

impl Text {
    /// Nothing yet, in the memory of something else.
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, filled: 0 }
    }

    fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }

    fn push(&mut self, more: &[u8]) {
        self.make_room(self.filled + more.len());
        self.bytes[self.filled..self.filled + more.len()].copy_from_slice(more);
        self.filled += more.len();
    }

    /// Reads on until there are so many bytes, or no more come.
    fn fill(&mut self, stream: &mut dyn Read, length: usize) -> io::Result<()> {
        while self.filled < length {
            // Grows with what comes: most texts are far shorter than a piece.
            if self.filled == self.bytes.len() {
                self.make_room(length.min((2 * self.filled).max(CHUNK)));
            }
            let end = self.bytes.len().min(length);
            match stream.read(&mut self.bytes[self.filled..end]) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn make_room(&mut self, length: usize) {
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
    }
}

/// A stream up to a ceiling; an error ends it, and is kept.
struct Limited<'s> {
    stream: &'s mut dyn Read,
    left: Rc<Cell<u64>>,
    is_over: bool,
    error: Option<io::Error>,
}

impl<'s> Limited<'s> {
    fn new(stream: &'s mut dyn Read, left: &Rc<Cell<u64>>) -> Self {
        Self { stream, left: Rc::clone(left), is_over: false, error: None }
    }
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.error.is_some() || self.is_over || buffer.is_empty() {
            return Ok(0);
        }
        let left = self.left.get();
        // One byte more tells whether there is more than there may be.
        let room = buffer.len().min(usize::try_from(left.saturating_add(1)).unwrap_or(usize::MAX));
        match self.stream.read(&mut buffer[..room]) {
            Ok(read) => {
                self.is_over = read as u64 > left;
                let read = read.min(usize::try_from(left).unwrap_or(usize::MAX));
                self.left.set(left - read as u64);
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.error = Some(error);
                Ok(0)
            }
        }
    }
}

/// Gzip members one after another, as [`super::inflate`] takes them.
struct Members<R: Read> {
    member: Option<GzDecoder<BufReader<R>>>,
}

/// What was wrong with them.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
struct GzipError {
    kind: FaultKind,
    detail: String,
}

/// How much of a stored stream is read at once.
const CHUNK: usize = 256 << 10;

impl<R: Read> Members<R> {
    fn new(stream: R) -> Self {
        Self { member: Some(GzDecoder::new(BufReader::with_capacity(CHUNK, stream))) }
    }

    /// Goes on behind a member that has ended.
    fn next_member(mut stream: BufReader<R>) -> io::Result<Option<GzDecoder<BufReader<R>>>> {
        use std::io::BufRead;
        loop {
            let rest = match stream.fill_buf() {
                // What asked would think that this is the end.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                rest => rest?,
            };
            let padding = rest.iter().take_while(|byte| **byte == 0).count();
            match rest.first() {
                None => return Ok(None),
                Some(byte) if *byte == GZIP_MAGIC[0] => return Ok(Some(GzDecoder::new(stream))),
                // Tapes and some tools pad with zeros.
                Some(0) => stream.consume(padding),
                Some(_) => {
                    let detail = "bytes after the last gzip member".to_owned();
                    return Err(io::Error::other(GzipError { kind: FaultKind::GzipTrailing, detail }));
                }
            }
        }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer).map_err(|error| {
                let kind = match error.kind() {
                    io::ErrorKind::UnexpectedEof => FaultKind::GzipTruncated,
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => FaultKind::GzipCorrupt,
                    _ => return error,
                };
                io::Error::other(GzipError { kind, detail: error.to_string() })
            })?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            if let Some(member) = self.member.take() {
                self.member = Self::next_member(member.into_inner())?;
            }
        }
        Ok(0)
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

    /// The pieces of an object as name and length, and the faults.
    fn pieces(bytes: &[u8]) -> (Vec<(String, usize)>, Vec<String>) {
        let mut pieces = Vec::new();
        let mut emit = |piece: Piece| {
            pieces.push((piece.inner.as_deref().unwrap_or(".").to_owned(), piece.size()));
            Some(piece.into_memory())
        };
        let faults = cut(Source::File(&mut Cursor::new(bytes)), 1 << 20, &mut emit);
        let streamed = cut(Source::Stream(&mut &*bytes), 1 << 20, &mut |_| Some(Vec::new()));
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
        let mixed = format!("{}rubbish {{\n\n{}\r\n{}", long(200), long(150), &long(100)[..2_990]);
        for text in [long(700), batches, timed, mixed] {
            let whole = Decoder::new(1 << 20).decode(text.as_bytes(), |_| {});
            let (mut sum, mut decoder) = (Decoded::empty(), Decoder::new(1 << 20));
            let mut count = 0;
            cut(Source::Stream(&mut text.as_bytes()), 1 << 20, &mut |piece| {
                sum.add(decoder.decode_piece(&piece, &mut |_| ()));
                count += 1;
                Some(piece.into_memory())
            });
            assert!(count > 2, "{count}");
            assert_eq!((sum.records, sum.json_bytes), (whole.records, whole.json_bytes));
            assert_eq!(sum.faults.len(), whole.faults.len(), "{:?} {:?}", sum.faults, whole.faults);
        }
    }

    #[test]
    fn what_cannot_be_cut_is_held_and_what_is_no_log_is_not() {
        let value =
            format!("{{\n\"Records\":[{}]}}", long(300).replace("}\n", "},\n").trim_end_matches(",\n"));
        assert_eq!(pieces(value.as_bytes()).0, [(".".to_owned(), value.len())]);
        let table = format!("eventjson\n{}", "x\n".repeat(3_000));
        assert_eq!(pieces(table.as_bytes()).0, [(".".to_owned(), table.len())]);
        let words = "some words\n".repeat(1_000);
        assert_eq!(pieces(words.as_bytes()).0, [(".".to_owned(), PIECE)]);
        let blanks = format!("{}{}", "{\"a\":1}\n", " ".repeat(2 << 20));
        let (found, faults) = pieces(blanks.as_bytes());
        assert_eq!((found.len(), faults), (1, vec!["too-large".to_owned()]));
    }

    #[test]
    fn nobody_cuts_on_when_no_more_is_wanted() {
        let mut seen = 0;
        let packed = tar(&[("a", &long(600).into_bytes()), ("b", C)]);
        cut(Source::Stream(&mut &*packed), 1 << 20, &mut |_| {
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
