//! Searches JSON without a known carrier for records: at any depth, in one pass, without recursion.
//!
//! An object is a CloudTrail record if it has the members `eventSource` (a host name, not `aws:…` as in
//! notifications), `eventName`, `eventTime`, and `userIdentity` or `recipientAccountId`. It is a Kubernetes
//! audit event if it has `auditID` and its `apiVersion` is of `audit.k8s.io`, or its `kind` is `Event` and it
//! has a `verb` or a `stage`. Nothing inside a record is searched. Texts that may hold JSON are found too;
//! the caller reads them.
//!
//! A value that looks like a record but cannot be read is a trace ([`RecordTrace`]). Malformed JSON is noted and
//! passed over: the search goes on at the next member or element, by the brackets outside strings.

use std::rc::Rc;

use super::envelope;
use super::origin::{self, CarrierOrigin};
use super::traces::{Clue, TraceKind, is_time};
use crate::decode::record::simd::nested_end;
use crate::decode::record::walk::{self, NeedsFallback};

/// The maximum search depth. Deeper values are skipped, and reported if they have traces of records.
pub(super) const DEEPEST_NESTING: usize = 500;

/// Members of a record that quote a request or a response: they contain no events.
const QUOTING: [&str; 8] = [
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "requestObject",
    "responseObject",
    "RequestObject",
    "ResponseObject",
];

/// Longer paths, and longer names in paths, are truncated.
const LONGEST_PATH: usize = 200;
const LONGEST_NAME: usize = 60;

/// The kind of a found value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum FoundKind {
    /// A record of CloudTrail.
    Record,
    /// A Kubernetes audit event.
    AuditEvent,
    /// A row of a table whose columns are those of audit events.
    Row,
    /// An audit event as typed values of OpenTelemetry.
    KeyValues,
    /// A JSON string that may hold either.
    Text(envelope::TextKind),
}

/// A found value, from `at` to `end`.
#[derive(Debug)]
pub(super) struct FoundValue {
    pub(in crate::decode) what: FoundKind,
    pub(in crate::decode) at: usize,
    pub(in crate::decode) end: usize,
    /// Its path from the searched value, for example `.hits[]._source`.
    pub(in crate::decode) path: Box<str>,
    /// Whether it is in a quoting member of an object that is not a record.
    is_quoted: bool,
    /// Where the innermost object around it that says so says that it is from.
    pub(in crate::decode) origin: Option<Rc<CarrierOrigin>>,
}

/// A value that looks like a record or part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordTrace {
    pub(in crate::decode) kind: TraceKind,
    pub(in crate::decode) at: usize,
    /// The list element that contains it, or the whole searched value. If a record is read there, the trace
    /// is explained.
    pub(in crate::decode) from: usize,
    pub(in crate::decode) to: usize,
}

/// The end of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SearchEnd {
    /// After the value.
    End(usize),
    /// At the end of the text, before the end of the value.
    Cut,
    /// At malformed JSON.
    Broken(usize),
}

/// The result of searching a value.
#[derive(Debug)]
pub(super) struct Search {
    /// Where it begins.
    pub(in crate::decode) start: usize,
    /// In the order of the text.
    pub(in crate::decode) finds: Vec<FoundValue>,
    pub(in crate::decode) traces: Vec<RecordTrace>,
    pub(in crate::decode) stop: SearchEnd,
    /// Whether the value itself is a record, possibly a malformed one.
    pub(in crate::decode) is_record: bool,
    /// The first malformed place outside the found records.
    pub(in crate::decode) broken: Option<usize>,
    /// Whether any place is malformed.
    pub(in crate::decode) is_malformed: bool,
    /// The first object in the place of a key: an object before it has no end.
    pub(in crate::decode) misplaced: Option<usize>,
}

impl Search {
    /// Where it ended in its text.
    pub(super) fn end_in(&self, text: &str) -> usize {
        match self.stop {
            SearchEnd::End(end) | SearchEnd::Broken(end) => end,
            SearchEnd::Cut => text.len(),
        }
    }
}

/// Searches the value at `at`. `skipped` are its members, in order, that are read elsewhere. A comma at `at`
/// counts as the opening bracket of an object.
pub(in crate::decode) fn search(text: &str, at: usize, skipped: &[(usize, usize)]) -> Search {
    run(text, at, skipped, false)
}

/// Like [`search`], for a value without an end: strings in it end at the end of their line.
pub(super) fn search_cut(text: &str, at: usize) -> Search {
    run(text, at, &[], true)
}

fn run(text: &str, at: usize, skipped: &[(usize, usize)], is_cut: bool) -> Search {
    let mut finder = Finder {
        text,
        bytes: text.as_bytes(),
        at,
        skipped,
        is_cut,
        stack: Vec::new(),
        finds: Vec::new(),
        without_origin: Vec::new(),
        traces: Vec::new(),
        has_time: false,
        last_text: (0, 0),
        is_record: false,
        broken: None,
        is_malformed: false,
        misplaced: None,
    };
    let start = at;
    let stop = match finder.values() {
        Ok(()) => SearchEnd::End(finder.at),
        Err(NeedsFallback) if finder.at >= text.len() => SearchEnd::Cut,
        Err(NeedsFallback) => SearchEnd::Broken(finder.at),
    };
    finder.finish(start, stop)
}

/// An open object or list.
struct Frame {
    start: usize,
    is_list: bool,
    /// Whether it is a list element, or the searched value itself.
    is_element: bool,
    is_quoted: bool,
    /// The name of the current member, without its quotes.
    key: (usize, usize),
    members: u32,
    clues: Clue,
    /// The number of values found before it.
    finds: usize,
    trace: Option<(TraceKind, usize)>,
    /// Whether its own members are malformed.
    is_broken: bool,
    /// The first malformed place in it.
    broken: Option<usize>,
    /// Where its members say that what is in it is from.
    origin: Option<CarrierOrigin>,
    /// Whether it is in a group of labels, which is examined as a whole.
    is_of_labels: bool,
}

struct Finder<'t, 's> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    skipped: &'s [(usize, usize)],
    is_cut: bool,
    stack: Vec<Frame>,
    finds: Vec<FoundValue>,
    /// Those of them that no object around them says the origin of, in their order.
    without_origin: Vec<usize>,
    traces: Vec<RecordTrace>,
    /// Whether any text is a time.
    has_time: bool,
    /// The last text that is a value, without its quotes.
    last_text: (usize, usize),
    is_record: bool,
    broken: Option<usize>,
    is_malformed: bool,
    misplaced: Option<usize>,
}

impl Finder<'_, '_> {
    /// Walks one value.
    fn values(&mut self) -> Result<(), NeedsFallback> {
        let mut is_value = true;
        loop {
            let value = if is_value { self.value() } else { Ok(true) };
            let has_ended = value.and_then(|has_ended| Ok(has_ended && self.end_value()?));
            is_value = match has_ended {
                Ok(true) => return Ok(()),
                Ok(false) => true,
                Err(NeedsFallback) => self.recover()?,
            };
        }
    }

    /// Passes over malformed JSON; returns whether a value begins here, or else the previous one has ended.
    /// Brackets and quotes count as in [`nested_end`], so that the value ends at the same place.
    fn recover(&mut self) -> Result<bool, NeedsFallback> {
        let is_end = self.is_cut || self.at >= self.bytes.len();
        let Some(frame) = self.stack.last_mut().filter(|_| !is_end) else { return Err(NeedsFallback) };
        self.is_malformed = true;
        frame.is_broken = true;
        frame.broken.get_or_insert(self.at);
        let is_list = frame.is_list;
        if !is_list && self.bytes[self.at] == b'{' && self.bytes[..self.at].trim_ascii_end().ends_with(b",") {
            self.misplaced.get_or_insert(self.at);
        }
        // A list with names is an object with a wrong bracket.
        if is_list && self.bytes[self.at] == b':' {
            frame.is_list = false;
            self.at += 1;
            self.skip_blanks();
            self.set_key(self.last_text);
            return Ok(true);
        }
        loop {
            match self.bytes.get(self.at) {
                None => return Err(self.note_cut()),
                Some(b',') => return Ok(false),
                Some(b'{' | b'[') => return Ok(true),
                Some(b'}') if !is_list => return Ok(false),
                Some(b']') if is_list => return Ok(false),
                Some(b'}' | b']') => {
                    self.at += 1;
                    self.close();
                    return Ok(false);
                }
                Some(b'"') => {
                    let key = (self.at + 1, self.string_end()? - 1);
                    self.skip_blanks();
                    if !is_list && self.bytes.get(self.at) == Some(&b':') {
                        self.at += 1;
                        self.skip_blanks();
                        self.set_key(key);
                        return Ok(true);
                    }
                }
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
    }

    fn set_key(&mut self, key: (usize, usize)) {
        if let Some(frame) = self.stack.last_mut() {
            frame.key = key;
            frame.members += 1;
        }
    }

    /// Skips or enters a value; returns whether it has ended.
    fn value(&mut self) -> Result<bool, NeedsFallback> {
        let start = self.at;
        if let (1, Some((from, to))) = (self.stack.len(), self.skipped.first())
            && *from == start
        {
            (self.at, self.skipped) = (*to, &self.skipped[1..]);
            return Ok(true);
        }
        match self.bytes.get(start) {
            Some(b'{' | b'[') if self.stack.len() >= DEEPEST_NESTING => {
                self.at = nested_end(self.bytes, start).ok_or_else(|| self.note_cut())?;
                if envelope::may_hide_records(&self.text[start..self.at]) {
                    self.add_trace(TraceKind::TooDeep, start);
                }
                Ok(true)
            }
            Some(b'{' | b'[') => self.open(self.bytes[start] == b'['),
            Some(b',') if self.stack.is_empty() => self.open(false),
            Some(b'"') => self.string().map(|()| true),
            Some(_) => {
                self.at = walk::lenient_value_end(self.text, start)?;
                self.scalar(start);
                Ok(true)
            }
            None => Err(NeedsFallback),
        }
    }

    fn note_cut(&mut self) -> NeedsFallback {
        self.at = self.bytes.len();
        NeedsFallback
    }

    fn skip_blanks(&mut self) {
        self.at = walk::skip_blanks(self.text, self.at);
    }

    fn open(&mut self, is_list: bool) -> Result<bool, NeedsFallback> {
        let parent = self.stack.last();
        let begins_labels = |parent: &Frame| !parent.is_list && origin::is_group(self.key_of(parent));
        let is_of_labels = parent.is_some_and(|parent| parent.is_of_labels || begins_labels(parent));
        let quotes = parent.is_some_and(|parent| !parent.is_list && QUOTING.contains(&self.key_of(parent)));
        self.stack.push(Frame {
            start: self.at,
            is_list,
            is_element: parent.is_none_or(|parent| parent.is_list),
            is_quoted: quotes || parent.is_some_and(|parent| parent.is_quoted),
            key: (0, 0),
            members: 0,
            clues: Clue::NONE,
            finds: self.finds.len(),
            trace: None,
            is_broken: false,
            broken: None,
            origin: None,
            is_of_labels,
        });
        self.at += 1;
        self.skip_blanks();
        match self.bytes.get(self.at) {
            Some(b'}' | b']') => {
                self.at += 1;
                self.close();
                Ok(true)
            }
            _ => self.next().map(|()| false),
        }
    }

    /// Advances to the next value; in an object, past its name.
    fn next(&mut self) -> Result<(), NeedsFallback> {
        let Some(Frame { is_list: false, .. }) = self.stack.last() else { return Ok(()) };
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(NeedsFallback);
        }
        let key = (self.at + 1, self.string_end()? - 1);
        self.set_key(key);
        self.skip_blanks();
        if self.bytes.get(self.at) != Some(&b':') {
            return Err(NeedsFallback);
        }
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    /// Continues after a value; returns whether the search has ended.
    fn end_value(&mut self) -> Result<bool, NeedsFallback> {
        loop {
            let Some(frame) = self.stack.last() else { return Ok(true) };
            let end = if frame.is_list { b']' } else { b'}' };
            self.skip_blanks();
            if self.bytes.get(self.at) == Some(&b',') {
                self.at += 1;
                self.skip_blanks();
                // A trailing comma is not JSON, but common.
                if self.bytes.get(self.at) != Some(&end) {
                    return self.next().map(|()| false);
                }
            }
            if self.bytes.get(self.at) != Some(&end) {
                return Err(NeedsFallback);
            }
            self.at += 1;
            self.close();
        }
    }

    /// Position after the string that begins here.
    fn string_end(&mut self) -> Result<usize, NeedsFallback> {
        let start = self.at;
        let end = walk::value_end(self.text, start);
        let length = end.as_ref().map_or(self.bytes.len(), |end| *end) - start;
        let line = if self.is_cut { memchr::memchr(b'\n', &self.bytes[start..start + length]) } else { None };
        match (end, line) {
            (Ok(end), None) => {
                self.at = end;
                Ok(end)
            }
            (_, line) => {
                self.at = line.map_or(self.bytes.len(), |line| start + line);
                self.string_was_cut(start, self.at);
                Err(NeedsFallback)
            }
        }
    }

    /// Adds a truncated string, which may hold records, too.
    fn string_was_cut(&mut self, start: usize, end: usize) {
        if let Some(candidate) = envelope::classify_text(&self.text[start + 1..end]) {
            self.add_find(FoundKind::Text(candidate), start, end);
        }
    }

    fn string(&mut self) -> Result<(), NeedsFallback> {
        let start = self.at;
        let end = self.string_end()?;
        let content = &self.text[start + 1..end - 1];
        self.last_text = (start + 1, end - 1);
        self.has_time |= is_time(content);
        let clue = match self.stack.last() {
            Some(frame) if !frame.is_list => {
                let key = self.key_of(frame);
                Clue::of_member(key, content) | Clue::of_flattened(key, &self.text[start..end])
            }
            _ => Clue::NONE,
        } | Clue::of_value(content);
        self.add_origin((start, end));
        if let Some(frame) = self.stack.last_mut() {
            frame.clues |= clue;
        }
        if let Some(candidate) = envelope::classify_text(content) {
            self.add_find(FoundKind::Text(candidate), start, end);
        }
        Ok(())
    }

    fn scalar(&mut self, start: usize) {
        let is_value = !self.text[start..].starts_with("null");
        let clue = match self.stack.last() {
            Some(frame) if !frame.is_list && is_value => Clue::of_number(self.key_of(frame)),
            _ => Clue::NONE,
        };
        if let Some(frame) = self.stack.last_mut() {
            frame.clues |= clue;
        }
    }

    /// Closes the innermost open object or list.
    fn close(&mut self) {
        let Some(mut frame) = self.stack.pop() else { return };
        let kind = if frame.is_list { None } else { kind_of(&frame) };
        if self.stack.is_empty() {
            self.is_record = kind.is_some();
        }
        if let Some(kind) = kind {
            self.add_part(&mut frame, kind);
        } else if let Some(kind) = frame.clues.trace(frame.is_list) {
            frame.trace = frame.trace.or(Some((kind, frame.start)));
        }
        self.add_clues_to_parent(&frame);
        if self.stack.last().is_some_and(|parent| !parent.is_of_labels) {
            self.add_origin((frame.start, self.at));
        }
        self.give_origin(&mut frame);
        let broken = self.stack.last_mut().map_or(&mut self.broken, |parent| &mut parent.broken);
        *broken = broken.or(frame.broken);
        match (frame.trace, self.stack.last_mut()) {
            (Some((kind, at)), Some(parent)) if !frame.is_element => {
                parent.trace = parent.trace.or(Some((kind, at)));
            }
            (Some((kind, at)), _) => {
                self.traces.push(RecordTrace { kind, at, from: frame.start, to: self.at });
            }
            (None, _) => {}
        }
    }

    /// Adds a record and removes values and traces found inside it.
    fn add_part(&mut self, frame: &mut Frame, what: FoundKind) {
        self.finds.truncate(frame.finds);
        while self.without_origin.pop_if(|number| *number >= frame.finds).is_some() {}
        while self.traces.last().is_some_and(|trace| trace.from >= frame.start) {
            self.traces.pop();
        }
        frame.trace = None;
        frame.broken = None;
        self.add_find(what, frame.start, self.at);
    }

    /// Adds the clues of a value to those of its parent.
    fn add_clues_to_parent(&mut self, frame: &Frame) {
        let Some(parent) = self.stack.last() else { return };
        let key = if parent.is_list { "" } else { self.key_of(parent) };
        let clue = if parent.is_list {
            // Query results are rows of objects with one member each, or of names and values.
            let row = if !frame.is_list && frame.members == 1 { Clue::ROW } else { Clue::NAMED };
            frame.clues & row
        } else {
            let of_list = || {
                let list = &self.text[frame.start..self.at];
                Clue::of_flattened_part(key, list) | Clue::of_list(key, list, frame.clues)
            };
            let flat = if frame.is_list { of_list() } else { Clue::NONE };
            Clue::of_nested(key, frame.clues, frame.members) | flat
        };
        if let Some(parent) = self.stack.last_mut() {
            parent.clues |= clue;
        }
    }

    /// Adds what the current member says of where what is beside it is from.
    fn add_origin(&mut self, value: (usize, usize)) {
        let Some(frame) = self.stack.last().filter(|frame| !frame.is_list) else { return };
        let Some(origin) = origin::of_member(self.key_of(frame), &self.text[value.0..value.1]) else {
            return;
        };
        if let Some(frame) = self.stack.last_mut() {
            frame.origin = CarrierOrigin::better(frame.origin.take(), Some(origin));
        }
    }

    /// Gives its origin to all values that were found in an object and have none of an inner one.
    fn give_origin(&mut self, frame: &mut Frame) {
        let Some(origin) = frame.origin.take().map(Rc::new) else { return };
        while let Some(number) = self.without_origin.pop_if(|number| *number >= frame.finds) {
            if let Some(find) = self.finds.get_mut(number) {
                find.origin = Some(Rc::clone(&origin));
            }
        }
    }

    fn add_find(&mut self, what: FoundKind, at: usize, end: usize) {
        let parent = self.stack.last();
        let is_quoted = parent.is_some_and(|parent| {
            parent.is_quoted || (!parent.is_list && QUOTING.contains(&self.key_of(parent)))
        });
        let path = self.path();
        self.without_origin.push(self.finds.len());
        self.finds.push(FoundValue { what, at, end, path, is_quoted, origin: None });
    }

    fn add_trace(&mut self, kind: TraceKind, at: usize) {
        if let Some(frame) = self.stack.last_mut() {
            frame.trace = frame.trace.or(Some((kind, at)));
        }
    }

    fn key_of(&self, frame: &Frame) -> &str {
        self.text.get(frame.key.0..frame.key.1).unwrap_or_default()
    }

    /// The path of the current value.
    fn path(&self) -> Box<str> {
        let mut path = String::new();
        for frame in &self.stack {
            if frame.is_list {
                path.push_str("[]")
            } else {
                push_name(&mut path, self.key_of(frame))
            }
            if path.len() > LONGEST_PATH {
                path.push('…');
                break;
            }
        }
        path.into_boxed_str()
    }

    /// Decides which found values count.
    fn finish(mut self, start: usize, stop: SearchEnd) -> Search {
        if !matches!(stop, SearchEnd::End(_)) {
            // Values found inside a truncated record do not count.
            if let Some(record) = self.stack.iter().find(|frame| frame.clues.may_be_record()) {
                self.finds.truncate(record.finds);
            }
            let traces = self.stack.iter().filter_map(|frame| frame.trace);
            self.traces.extend(traces.map(|(kind, at)| RecordTrace { kind, at, from: start, to: self.at }));
        }
        let broken = self.broken.or_else(|| self.stack.iter().find_map(|frame| frame.broken));
        while let Some(mut frame) = self.stack.pop() {
            self.give_origin(&mut frame);
        }
        let Self { mut finds, mut traces, at, has_time, text, is_record, is_malformed, misplaced, .. } = self;
        let is_whole = matches!(stop, SearchEnd::End(_));
        finds.retain(|find| {
            let has_traces = match find.what {
                FoundKind::Text(_) => envelope::names_a_record(&text[find.at..find.end]),
                _ => true,
            };
            if find.is_quoted && has_traces && is_whole {
                traces.push(RecordTrace { kind: TraceKind::Quoted, at: find.at, from: start, to: at });
            }
            !find.is_quoted
        });
        traces.retain(|trace| has_time || !trace.kind.needs_time());
        Search { start, finds, traces, stop, is_record, broken, is_malformed, misplaced }
    }
}

/// The kind of record that an object is. One with malformed members is a broken record if it looks like one.
fn kind_of(frame: &Frame) -> Option<FoundKind> {
    let clues = frame.clues;
    let is_broken_record = frame.is_broken && clues.may_be_record();
    if clues.is_row() && !frame.is_broken {
        Some(FoundKind::Row)
    } else if clues.has(Clue::KEY_VALUES) && !frame.is_broken {
        Some(FoundKind::KeyValues)
    } else if clues.is_record() || clues.has(Clue::INSIGHT) {
        Some(FoundKind::Record)
    } else if clues.is_audit_event() || (is_broken_record && clues.has_audit_id()) {
        Some(FoundKind::AuditEvent)
    } else {
        is_broken_record.then_some(FoundKind::Record)
    }
}

/// Adds the name of a member to a path. Unusual names are in brackets and quotes: `["event.original"]`.
pub(super) fn push_name(path: &mut String, name: &str) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '$');
    let end = name.char_indices().nth(LONGEST_NAME).map_or(name.len(), |(at, _)| at);
    let mark = if end < name.len() { "…" } else { "" };
    if !name.is_empty() && name.chars().all(is_plain) {
        let dot = if path.is_empty() || path.ends_with('|') { "" } else { "." };
        path.extend([dot, &name[..end], mark]);
    } else {
        path.extend(["[\"", &name[..end], mark, "\"]"]);
    }
}
