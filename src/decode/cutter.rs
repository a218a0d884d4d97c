//! Goes through a packed or large object and hands out pieces of it, one after another.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use super::DecodeFault;
use super::inflate::GZIP_MAGIC;
use super::layout::{LONGEST_BEGINNING, Layout, last_cut};
use super::ocsf::PARQUET_MAGIC;
use super::packed::{Emit, Packing, Piece, ReadSeek, fault, joined, packing};
use super::stream::{GzipError, Limited, Members, Text};
use crate::coverage::FaultKind;

/// Packings in packings deeper than this are no log.
const DEEPEST: u32 = 5;

/// Texts are cut into pieces of this many bytes: many enough for all cores, large enough to cost nothing. In tests smaller, so
/// that there are some.
pub(super) const PIECE: usize = if cfg!(any(test, fuzzing)) { 4 << 10 } else { 16 << 20 };

/// As many first bytes tell how something is packed.
const HEAD: u64 = 512;

/// One way through an object. What is not wanted any more, nobody reads.
pub(super) struct Cutter<'e> {
    emit: &'e mut Emit<'e>,
    /// Memory for a piece, with whatever was in it.
    spare: Vec<u8>,
    limit: u64,
    /// How many bytes may still be inflated.
    left: Rc<Cell<u64>>,
    pub(super) faults: Vec<DecodeFault>,
    /// Whether no more is wanted.
    is_stopped: bool,
}

impl<'e> Cutter<'e> {
    pub(super) fn new(limit: u64, emit: &'e mut Emit<'e>) -> Self {
        let left = Rc::new(Cell::new(limit));
        Self { emit, spare: Vec::new(), limit, left, faults: Vec::new(), is_stopped: false }
    }

    /// Whatever a stream holds.
    pub(super) fn open(&mut self, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
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

    pub(super) fn zip(&mut self, file: &mut dyn ReadSeek, name: Option<&str>, depth: u32) {
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

    pub(super) fn broken(&mut self, name: Option<&str>, error: &io::Error) {
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

/// An error without the words that a library puts around it.
fn reason(error: &io::Error) -> String {
    error.get_ref().map_or_else(|| error.to_string(), ToString::to_string)
}
