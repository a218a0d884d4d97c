//! Splits a packed or large object into pieces.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use super::layout::{LONGEST_BEGINNING, Layout, last_cut, next_beginning};
use super::list::{self, Cut, Split};
use super::packing::{Packing, packing, unread_detail};
use super::piece::{Emit, PIECE, Piece, fault, nested_path};
use super::stream::{LimitedReader, PASSED_OVER, StreamError, Streams, Text};
use super::utf16::{Encoding, Transcoder};
use crate::coverage::{FaultKind, Position};
use crate::decode::ceiling::Ceiling;
use crate::decode::find::traces;
use crate::decode::{DecodeFault, DecodeFaults};
use crate::memory::Reservation;
use crate::parquet_headers;

/// The maximum depth of packings.
pub(in crate::decode) const DEEPEST: u32 = 5;

/// The number of first bytes needed to recognise a packing.
pub(in crate::decode) const HEAD: u64 = 512;

/// The length of the end of a part that is searched again with the next one, since a trace may span both.
const OVERLAP: usize = if PIECE / 4 < traces::WINDOW { PIECE / 4 } else { traces::WINDOW };

/// One pass through an object. It stops reading once no more pieces are wanted.
pub(super) struct Splitter<'e> {
    emit: &'e mut Emit<'e>,
    /// Memory to reuse for a piece, with its old contents.
    spare: Vec<u8>,
    pub(in crate::decode) ceiling: Ceiling,
    /// The number of bytes that may still be inflated.
    pub(in crate::decode) left: Rc<Cell<u64>>,
    pub(in crate::decode) faults: DecodeFaults,
    /// Whether no more pieces are wanted.
    pub(super) is_stopped: bool,
    /// Position of the second gzip member in the outermost stream.
    pub(in crate::decode) second_gzip: Option<u64>,
}

/// The path of the inner file, and the number of packings around it.
#[derive(Clone, Copy)]
pub(in crate::decode) struct FileContext<'n> {
    pub(in crate::decode) name: Option<&'n str>,
    pub(in crate::decode) depth: u32,
}

impl FileContext<'_> {
    /// The name of a piece that begins at this byte of the file.
    fn at(&self, at: u64) -> Option<Box<str>> {
        match at {
            0 => self.name.map(Box::from),
            at => nested_path(self.name, Some(&format!("@{at}"))).map(String::into_boxed_str),
        }
    }
}

/// The names of the files in an archive: a second file with the same name becomes `b.json#2`, to distinguish
/// their positions.
#[derive(Default)]
pub(in crate::decode) struct Names {
    /// The number of files by the hash of their name, since names may be long.
    counts: HashMap<u64, u32>,
}

impl Names {
    /// The name of a file in an archive.
    pub(in crate::decode) fn unique(&mut self, archive: Option<&str>, mut name: String) -> String {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let count = self.counts.entry(hasher.finish()).or_default();
        *count += 1;
        if *count > 1 {
            name.push_str(&format!("#{count}"));
        }
        nested_path(archive, Some(&name)).unwrap_or_default()
    }
}

/// A part of a long text.
struct LongTextPart {
    text: Text,
    hold: Option<Reservation>,
    /// The byte of the file at which it begins.
    at: u64,
    /// The number of its first bytes that repeat the wrapper of a list.
    repeated: usize,
}

impl LongTextPart {
    fn new(memory: Vec<u8>) -> Self {
        Self { text: Text::new(memory), hold: None, at: 0, repeated: 0 }
    }

    fn filled(&self) -> &[u8] {
        self.text.filled()
    }

    /// The position in the file of the byte at `end`.
    fn place_of(&self, end: usize) -> u64 {
        self.at + end.saturating_sub(self.repeated) as u64
    }
}

impl<'e> Splitter<'e> {
    pub(in crate::decode) fn new(ceiling: Ceiling, emit: &'e mut Emit<'e>) -> Self {
        let left = Rc::new(Cell::new(ceiling.limit));
        let (spare, faults) = (Vec::new(), DecodeFaults::default());
        Self { emit, spare, ceiling, left, faults, is_stopped: false, second_gzip: None }
    }

    /// Reads a stream of any kind.
    pub(in crate::decode) fn open(&mut self, stream: &mut dyn Read, name: Option<&str>, depth: u32) {
        let mut head = Vec::new();
        if let Err(error) = (&mut *stream).take(HEAD).read_to_end(&mut head) {
            return self.broken(name, &error);
        }
        let packing = packing(&head);
        if packing.is_some() && depth >= DEEPEST {
            return self.fault(name, FaultKind::PackingBroken, "packed too often");
        }
        // The metadata of Parquet is at the end.
        let is_table = head.starts_with(&parquet_headers::MAGIC);
        let encoding = Encoding::of(&head);
        let mut whole = Cursor::new(head).chain(stream);
        let whole: &mut dyn Read = &mut whole;
        let place = FileContext { name, depth: depth + u32::from(packing.is_some()) };
        match packing {
            None if is_table => self.read_whole(LongTextPart::new(Vec::new()), whole, place),
            None => match encoding {
                Some(encoding) => self.transcoded(&mut Transcoder::new(whole, encoding), place),
                None => self.text(whole, place),
            },
            Some(Packing::Streams) => self.streams(whole, place),
            Some(Packing::Tar) => self.tar(whole, name, place.depth),
            Some(Packing::Zip) => {
                self.read_whole(LongTextPart::new(Vec::new()), whole, FileContext { depth, ..place })
            }
            Some(Packing::Unread(sort)) => self.unsupported(name, sort),
        }
    }

    /// Notes the fault of an unsupported packing.
    pub(in crate::decode) fn unsupported(&mut self, name: Option<&str>, sort: &str) {
        self.fault(name, FaultKind::PackingBroken, &unread_detail(sort));
    }

    /// Reads the output of consecutive streams, up to the limit.
    fn streams(&mut self, stream: &mut dyn Read, place: FileContext<'_>) {
        let mut streams = match Streams::new(stream) {
            Ok(streams) => streams,
            Err(error) => return self.broken(place.name, &error),
        };
        self.inflate(&mut streams, place);
        if place.depth == 1 && place.name.is_none() {
            self.second_gzip = streams.second_gzip;
        }
        if streams.passed_over {
            self.fault(place.name, FaultKind::PackingBroken, PASSED_OVER);
        }
    }

    /// Reads the output of a decoder, up to the limit.
    pub(in crate::decode) fn inflate(&mut self, stream: &mut dyn Read, place: FileContext<'_>) {
        let mut limited = LimitedReader::new(stream, &self.left);
        self.open(&mut limited, place.name, place.depth);
        let LimitedReader { is_over, error, .. } = limited;
        self.note_end(place.name, is_over, error);
    }

    /// Notes the fault that ended a stream, if any.
    pub(in crate::decode) fn note_end(
        &mut self,
        name: Option<&str>,
        is_over: bool,
        error: Option<io::Error>,
    ) {
        if is_over {
            let detail = format!("more than {} bytes come out of it", self.ceiling.limit);
            self.fault(name, FaultKind::TooLarge, &detail);
        } else if let Some(error) = error {
            self.broken(name, &error);
        }
    }

    /// Reads a file in an archive: as a single piece, unless it is large.
    pub(in crate::decode) fn file(&mut self, file: &mut dyn Read, name: Option<&str>, depth: u32) {
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.clear();
        let read = (&mut *file).take(PIECE as u64 + 1).read_to_end(&mut bytes);
        if bytes.len() > PIECE {
            self.open(&mut Cursor::new(bytes).chain(file), name, depth);
        } else {
            self.emit_piece(Piece::file(bytes, name, depth, read.is_ok()));
        }
        if let Err(error) = read {
            self.broken(name, &error);
        }
    }

    /// Reads a text in UTF-16 or UTF-32.
    fn transcoded<R: Read>(&mut self, stream: &mut Transcoder<R>, place: FileContext<'_>) {
        self.text(stream, place);
        if stream.is_odd() {
            self.fault(place.name, FaultKind::InvalidUtf8, Transcoder::<R>::ODD);
        }
    }

    /// Reads a text, and splits it if it is long.
    fn text(&mut self, stream: &mut dyn Read, place: FileContext<'_>) {
        let mut long = LongTextPart::new(std::mem::take(&mut self.spare));
        loop {
            if !self.fill(&mut long, stream, PIECE, place) {
                return self.emit_rest(long, place);
            }
            let goes_on = match Layout::of(long.filled()) {
                Layout::Lines => self.lines(&mut long, stream, place),
                Layout::Values => self.values(&mut long, stream, place),
                Layout::OneValue => return self.read_whole(long, stream, place),
                // The beginning decides, except for a self-extracting archive.
                Layout::Other if memchr::memmem::find(long.filled(), b"PK\x03\x04").is_some() => {
                    return self.read_whole(long, stream, place);
                }
                Layout::Other => return self.scan_foreign_text(long, stream, place),
            };
            if !goes_on || self.is_stopped {
                return;
            }
        }
    }

    /// Handles a text that is not a log, judging by its beginning. The rest is only searched for traces of
    /// records.
    fn scan_foreign_text(&mut self, long: LongTextPart, stream: &mut dyn Read, place: FileContext<'_>) {
        let mut rest = LongTextPart::new(Vec::new());
        let border = long.text.filled.saturating_sub(OVERLAP);
        rest.at = long.place_of(border);
        rest.text.push(&long.filled()[border..]);
        self.emit_rest(long, place);
        // Traces entirely in the beginning were already reported.
        let mut from = traces::in_bytes(rest.filled()).map_or(0, |_| rest.text.filled);
        while !self.is_stopped {
            let goes_on = self.fill(&mut rest, stream, PIECE, place);
            if let Some(at) = traces::in_bytes(&rest.filled()[from..]) {
                return self.unread_records(rest.place_of(from + at), place);
            }
            if !goes_on {
                return;
            }
            let dropped = rest.text.filled - OVERLAP;
            rest.at = rest.place_of(dropped);
            rest.text.drop_first(dropped);
            from = 0;
        }
    }

    fn unread_records(&mut self, at: u64, place: FileContext<'_>) {
        let detail = "field names of a record and a time, in a long text of which only the beginning is read";
        let fault = fault(place.name, FaultKind::UnknownCarrier, detail);
        self.faults.push(DecodeFault { position: Position::Byte(at), ..fault });
    }

    /// Reads until there are `wanted` bytes, and returns whether there are. An error is noted and ends the
    /// stream.
    fn fill(
        &mut self,
        long: &mut LongTextPart,
        stream: &mut dyn Read,
        wanted: usize,
        place: FileContext<'_>,
    ) -> bool {
        if long.hold.is_none() {
            long.hold = self.ceiling.reserve_for(wanted as u64);
        }
        // In steps, since clearing memory makes it count as used.
        while long.text.filled < wanted {
            let step = wanted.min(long.text.filled + PIECE);
            if let Err(error) = long.text.fill(stream, step) {
                self.broken(place.name, &error);
            }
            if long.text.filled < step {
                return false;
            }
        }
        true
    }

    /// Splits lines of complete values. Returns whether the text continues in another layout.
    fn lines(&mut self, long: &mut LongTextPart, stream: &mut dyn Read, place: FileContext<'_>) -> bool {
        let mut searched = 0;
        while !self.is_stopped {
            match last_cut(long.filled(), searched) {
                Some(end) => {
                    self.emit_until_cut(long, (end, end), (&[], &[]), place);
                    searched = 0;
                }
                None if is_one_long_value(long.filled()) => return true,
                None if long.text.filled as u64 >= self.ceiling.available() => {
                    self.too_large(long, "a line is longer than", place);
                    return false;
                }
                // The text may end inside a line.
                None => searched = long.text.filled.saturating_sub(2 * LONGEST_BEGINNING),
            }
            if blank_tail(long.filled()) > PIECE / 2 {
                self.drop_blanks(long);
                searched = searched.min(long.text.filled);
            }
            let wanted = if long.text.filled < PIECE { PIECE } else { long.text.filled + PIECE };
            if !self.fill(long, stream, wanted, place) {
                self.emit_rest(std::mem::replace(long, LongTextPart::new(Vec::new())), place);
                return false;
            }
        }
        false
    }

    /// Splits values that span many lines or share one. Returns whether the text continues in another layout.
    fn values(&mut self, long: &mut LongTextPart, stream: &mut dyn Read, place: FileContext<'_>) -> bool {
        while !self.is_stopped {
            let mut wanted = PIECE;
            match list::cut(long.filled()) {
                Cut::Values(end) => self.emit_until_cut(long, (end, end), (&[], &[]), place),
                Cut::Elements(Split { comma, closing, opening }) => {
                    self.emit_until_cut(long, (comma, comma + 1), (&closing, &opening), place);
                }
                Cut::Lines => return true,
                Cut::Broken(at) if !list::may_go_on(long.filled(), at) => {
                    return self.broken_value(long, at, stream, place);
                }
                Cut::Broken(_) | Cut::Nowhere { .. }
                    if long.text.filled as u64 > self.ceiling.available() =>
                {
                    self.too_large(long, "a value that cannot be cut is longer than", place);
                    return false;
                }
                cut @ (Cut::Broken(_) | Cut::Nowhere { .. }) => {
                    let in_blanks = cut == Cut::Nowhere { in_blanks: true };
                    if in_blanks && blank_tail(long.filled()) > PIECE / 2 {
                        self.drop_blanks(long);
                    }
                    let most = usize::try_from(self.ceiling.available()).unwrap_or(usize::MAX);
                    wanted = (2 * long.text.filled).clamp(PIECE, most.saturating_add(1).max(PIECE));
                }
            }
            if !self.fill(long, stream, wanted, place) {
                self.emit_rest(std::mem::replace(long, LongTextPart::new(Vec::new())), place);
                return false;
            }
        }
        false
    }

    /// Continues after a value that is malformed at `at`, with the next line that begins like a value; the
    /// text before that line is emitted as far as it was read, and then skipped. Returns whether more text is
    /// to be split.
    fn broken_value(
        &mut self,
        long: &mut LongTextPart,
        at: usize,
        stream: &mut dyn Read,
        place: FileContext<'_>,
    ) -> bool {
        if let Some(end) = next_beginning(long.filled(), at) {
            self.emit_until_cut(long, (end, end), (&[], &[]), place);
            return true;
        }
        let end = long.text.filled;
        self.emit_until_cut(long, (end, end), (&[], &[]), place);
        while self.fill(long, stream, PIECE, place) && !self.is_stopped {
            let next = next_beginning(long.filled(), 0);
            let end = next.unwrap_or(long.text.filled - LONGEST_BEGINNING);
            long.at = long.place_of(end);
            long.text.drop_first(end);
            if next.is_some() {
                return true;
            }
        }
        match next_beginning(long.filled(), 0) {
            Some(end) if !self.is_stopped => {
                long.at = long.place_of(end);
                long.text.drop_first(end);
                self.emit_rest(std::mem::replace(long, LongTextPart::new(Vec::new())), place);
                false
            }
            _ => false,
        }
    }

    /// Emits the text before a split and keeps the rest.
    fn emit_until_cut(
        &mut self,
        long: &mut LongTextPart,
        (end, next): (usize, usize),
        (closing, opening): (&[u8], &[u8]),
        place: FileContext<'_>,
    ) {
        let mut rest = LongTextPart::new(std::mem::take(&mut self.spare));
        rest.text.push(opening);
        rest.text.push(&long.filled()[next..]);
        rest.repeated = opening.len();
        rest.at = long.place_of(next);
        long.text.filled = end;
        let before = std::mem::replace(long, rest);
        let (name, mut repeated) = (place.at(before.at), before.repeated);
        let mut bytes = self.piece_text(before.text, &mut repeated);
        bytes.extend(closing);
        // The comma belongs to no piece.
        let added = (repeated + closing.len()).saturating_sub(next - end);
        let mut hold = before.hold;
        if let Some(hold) = &mut hold {
            hold.shrink_to(bytes.len() as u64);
        }
        if long.hold.is_none() {
            long.hold = self.ceiling.reserve_for(long.text.filled as u64);
        }
        self.emit_piece(Piece {
            inner: name,
            bytes,
            depth: place.depth,
            is_whole_file: false,
            repeated,
            added,
            hold,
        });
    }

    /// The text of a piece. If it does not begin with a value, an empty list is put before it, so that it is
    /// read as JSON like the rest of the text.
    fn piece_text(&mut self, text: Text, repeated: &mut usize) -> Vec<u8> {
        match text.filled().trim_ascii_start() {
            // Lines of words and JSON strings are read like the first line.
            [b'{' | b'[' | b'"' | b'<' | 0xef, ..] | [] => text.into_bytes(),
            begins
                if crate::decode::find::envelope::log_line(&String::from_utf8_lossy(
                    &begins[..begins.len().min(LONGEST_BEGINNING)],
                ))
                .is_some() =>
            {
                text.into_bytes()
            }
            _ => {
                *repeated += 2;
                [b"[]", text.filled()].concat()
            }
        }
    }

    /// Emits the rest of a text.
    fn emit_rest(&mut self, long: LongTextPart, place: FileContext<'_>) {
        let LongTextPart { text, mut hold, at, mut repeated } = long;
        if let Some(hold) = &mut hold {
            hold.shrink_to(text.filled as u64);
        }
        let is_part = at > 0;
        if is_part && text.filled().trim_ascii().is_empty() {
            return;
        }
        let bytes = if is_part { self.piece_text(text, &mut repeated) } else { text.into_bytes() };
        let piece = Piece {
            inner: place.at(at),
            bytes,
            depth: place.depth,
            is_whole_file: !is_part,
            repeated,
            added: repeated,
            hold,
        };
        self.emit_piece(piece);
    }

    fn too_large(&mut self, long: &mut LongTextPart, what: &str, place: FileContext<'_>) {
        let detail = format!("{what} {} bytes", self.ceiling.available());
        self.fault(place.name, FaultKind::TooLarge, &detail);
        self.emit_rest(std::mem::replace(long, LongTextPart::new(Vec::new())), place);
    }

    /// Drops white space, of any length.
    fn drop_blanks(&mut self, long: &mut LongTextPart) {
        let dropped = blank_tail(long.filled()) - 1;
        long.text.filled -= dropped;
        long.at += dropped as u64;
    }

    /// Reads a text that cannot be split: it is held as a whole, up to the limit.
    fn read_whole(&mut self, mut long: LongTextPart, stream: &mut dyn Read, place: FileContext<'_>) {
        let most = usize::try_from(self.ceiling.available()).unwrap_or(usize::MAX);
        loop {
            let wanted = (2 * long.text.filled).clamp(PIECE, most.saturating_add(1).max(PIECE));
            if !self.fill(&mut long, stream, wanted, place) {
                return self.emit_rest(long, place);
            }
            if long.text.filled > most {
                long.text.filled = most;
                return self.too_large(&mut long, "what cannot be read in pieces is longer than", place);
            }
        }
    }

    fn emit_piece(&mut self, piece: Piece) {
        if !self.is_stopped {
            let spare = (self.emit)(piece);
            self.is_stopped = spare.is_none();
            self.spare = spare.unwrap_or_default();
        }
    }

    pub(in crate::decode) fn broken(&mut self, name: Option<&str>, error: &io::Error) {
        let (kind, detail) = match error.get_ref().and_then(|error| error.downcast_ref::<StreamError>()) {
            Some(StreamError { kind, detail }) => (*kind, detail.clone()),
            None => (FaultKind::PackingBroken, reason(error)),
        };
        self.fault(name, kind, &detail);
    }

    pub(in crate::decode) fn fault(&mut self, name: Option<&str>, kind: FaultKind, detail: &str) {
        self.faults.push(fault(name, kind, detail));
    }
}

/// Whether a text is the beginning of one value without a line break.
fn is_one_long_value(text: &[u8]) -> bool {
    text.len() >= PIECE && matches!(text.first(), Some(b'{' | b'[')) && memchr::memchr(b'\n', text).is_none()
}

/// The length of the white space at the end of a text.
fn blank_tail(text: &[u8]) -> usize {
    text.len() - text.trim_ascii_end().len()
}

/// The message of an error, without the prefix of a library.
fn reason(error: &io::Error) -> String {
    error.get_ref().map_or_else(|| error.to_string(), ToString::to_string)
}
