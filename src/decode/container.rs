//! Finds the records in a piece of JSON text, whatever they are wrapped in.
//!
//! Takes `{"Records":[…]}`, bare arrays, single records, and any number of these one after another, with or without
//! line ends between them (JSON lines, also lines of batches); and the wrappers of other carriers around any of these
//! ([`super::wrapper`]). What is malformed is a fault; reading goes on behind it: at the next record if its end can be
//! found, else at the next line.

use std::ops::Range;
use std::rc::Rc;

use memchr::{memchr, memmem};

use super::callers::Callers;
use super::lanes::nested_end;
use super::scanner::{self, Habits};
use super::walk::{self, Surprise};
use super::wrapper::{self, Carrier, Inner, LogLine};
use super::{DecodeFault, Decoder, FoundRecord, Verdict, audit, careful};
use crate::coverage::{FaultKind, ObjectSkip, Position};
use crate::event::{AnyRecord, AuditRecord, Record};

/// How many times over its own length a text may be searched in vain for the end of broken values. After that
/// every line stands for itself, so that reading time stays linear in hostile input.
const SEARCH_BUDGET: usize = 16;

/// What a text turned out to hold besides the records that were visited.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Records visited.
    pub(super) records: u32,
    /// Top-level values that are no records, and what the first of them is.
    pub(super) others: u64,
    pub(super) other: Option<ObjectSkip>,
    pub(super) faults: Vec<DecodeFault>,
}

/// Reads the text of one Kubernetes audit event again. Nothing happens if it is none.
pub fn with_audit_event(text: &str, use_record: impl FnOnce(&AuditRecord<'_>)) {
    match audit::record(text, 0) {
        Ok((record, _)) => use_record(&record),
        Err(Surprise) => drop(careful::with_audit_record(text, |record| use_record(&record))),
    }
}

/// What records begin with, however they are sorted; of a list the first of them may be cut off.
const BEGINNINGS: [&str; 4] =
    [r#"{"eventVersion":"#, r#"{"awsRegion":"#, r#"{"CloudTrailEvent":"#, r#"{"kind":"Event","#];

/// Where the first whole record of a text begins that was cut off a longer one, in mid-record; none if it was not.
pub(super) fn resumption(text: &str) -> Option<usize> {
    if matches!(text.trim_ascii_start().bytes().next(), None | Some(b'{' | b'[')) {
        return None;
    }
    let first = BEGINNINGS
        .iter()
        .filter_map(|beginning| memmem::find(text.as_bytes(), beginning.as_bytes()))
        .min()?;
    // What is before it ends like a record does, and not like a text that shows one.
    let before = text[..first].trim_ascii_end();
    let before = before.strip_suffix(',').unwrap_or(before).trim_ascii_end();
    (before.ends_with('}') && before.contains('"')).then_some(first)
}

/// As [`records`], from a record on that stands in a list or on a line.
pub(super) fn resumed(
    text: &str,
    at: usize,
    depth: u32,
    habits: &mut Habits,
    visit: impl FnMut(FoundRecord<'_>),
) -> Contents {
    let mut walker = Walker::new(text, depth, habits, visit);
    walker.is_resumed = true;
    walker.values(at);
    walker.contents
}

/// Visits every record of `text`, which lies in `depth` wrappers.
pub(super) fn records(
    text: &str,
    depth: u32,
    habits: &mut Habits,
    visit: impl FnMut(FoundRecord<'_>),
) -> Contents {
    let mut walker = Walker::new(text, depth, habits, visit);
    walker.values(0);
    walker.contents
}

/// Wrappers in wrappers, and texts in texts, are looked into this deep: a subscription's message in a line of a search
/// result in a list is four.
const DEEPEST: u32 = 8;

/// What comes out of base64 and gzip in a record of a stream, at most; Kinesis takes records of up to 10 MB.
const LARGEST_INSIDE: u64 = 256 << 20;

/// How far into a text that was cut its id is looked for.
const LONGEST_GLIMPSE: usize = 1_000;

/// Reading cannot go on here; the fault is already noted.
struct Lost {
    at: usize,
}

struct Walker<'a, 'h, V> {
    text: &'a str,
    visit: V,
    habits: &'h mut Habits,
    callers: Callers<'a>,
    contents: Contents,
    budget: usize,
    /// Part of a line, up to its end, looked at last. An object is often one line: searching its end anew for every
    /// odd record in it would take quadratic time.
    line: Range<usize>,
    /// How many wrappers are around what is read.
    depth: u32,
    /// Who handed over what is read.
    carrier: Option<Rc<Carrier>>,
    /// Whether the beginning of the text is missing, so that a list may end that never began.
    is_resumed: bool,
}

impl<'a, 'h, V> Walker<'a, 'h, V> {
    fn new(text: &'a str, depth: u32, habits: &'h mut Habits, visit: V) -> Self {
        Self {
            text,
            visit,
            habits,
            callers: Callers::default(),
            contents: Contents::default(),
            budget: text.len().saturating_mul(SEARCH_BUDGET),
            line: 0..0,
            depth,
            carrier: None,
            is_resumed: false,
        }
    }
}

impl<'a, V: FnMut(FoundRecord<'_>)> Walker<'a, '_, V> {
    /// One top-level value after another.
    fn values(&mut self, from: usize) {
        let mut at = walk::skip_blanks(self.text, from);
        while at < self.text.len() {
            let scope = self.scope(at);
            let read = match scope.as_bytes()[at] {
                b'{' => self.top_object(scope, at),
                b'[' => self.elements(scope, at, Self::element),
                b',' | b']' | b'}' if self.is_resumed => Ok(at + 1),
                _ => match wrapper::log_line(&scope[at..]) {
                    Some(LogLine::Value(behind)) => {
                        at += behind;
                        continue;
                    }
                    Some(LogLine::Words) => {
                        self.other(ObjectSkip::OtherLog);
                        at = walk::skip_blanks(self.text, self.line_end(at));
                        continue;
                    }
                    None => Err(self.broken(at, "neither an object nor an array")),
                },
            };
            at = match read {
                Ok(end) => end,
                Err(lost) => self.next_line(at, lost.at),
            };
            at = walk::skip_blanks(self.text, at);
        }
    }

    /// Position of the end of the line that `at` lies in.
    fn line_end(&mut self, at: usize) -> usize {
        if !self.line.contains(&at) {
            self.line = at..line_end(self.text, at);
        }
        self.line.end
    }

    /// The text a value at `at` may reach into: all of it, or its line once the search budget is spent.
    fn scope(&mut self, at: usize) -> &'a str {
        if self.budget > 0 { self.text } else { &self.text[..self.line_end(at)] }
    }

    /// Where to go on after a value that began at `start` was lost at `lost`: the next line that begins like one.
    fn next_line(&mut self, start: usize, lost: usize) -> usize {
        self.budget = self.budget.saturating_sub(self.text.len() - start);
        let mut at = lost;
        loop {
            at = line_end(self.text, at) + 1;
            match self.text.as_bytes().get(at) {
                None => return self.text.len(),
                Some(b'{' | b'[') => return at,
                Some(_) if wrapper::log_line(&self.text[at..]).is_some() => return at,
                Some(_) => {}
            }
        }
    }

    /// An object that is not an element of an array: a wrapper, a record or something else.
    fn top_object(&mut self, scope: &'a str, at: usize) -> Result<usize, Lost> {
        if let Some(value) = records_list(scope, at) {
            let end = self.elements(scope, value, Self::record)?;
            return self.rest_of_wrapper(scope, end);
        }
        self.element(scope, at)
    }

    /// A wrapper or a record; anything else is noted as such.
    fn element(&mut self, scope: &'a str, at: usize) -> Result<usize, Lost> {
        match scope.as_bytes().get(at) {
            Some(b'{') => {}
            // Answers of Logs Insights are lists of lists.
            Some(b'[') if self.depth < DEEPEST => {
                self.depth += 1;
                let end = self.elements(scope, at, Self::listed);
                self.depth -= 1;
                return end;
            }
            _ => return self.record(scope, at),
        }
        if audit::begins_as_usual(&scope[at..])
            && let Ok((record, end)) = audit::record(scope, at)
            && record.looks_like_one()
        {
            self.found(&scope[at..end], Ok(AnyRecord::Kubernetes(&record)));
            return Ok(end);
        }
        let mut record = Record::default();
        match scanner::record(scope, at, self.habits, &mut self.callers, &mut record) {
            Ok(end) if record.looks_like_one() => {
                wrapper::complete(&mut record, scope, at);
                self.found(&scope[at..end], Ok(AnyRecord::CloudTrail(&record)));
                Ok(end)
            }
            Ok(end) => self.other_object(scope, at, end),
            Err(Surprise) => {
                let end = self.end_of(scope, at)?;
                match careful::with_record(&scope[at..end], |record| record.looks_like_one()) {
                    Ok(false) => self.other_object(scope, at, end),
                    Ok(true) | Err(_) => {
                        self.careful(&scope[at..end]);
                        Ok(end)
                    }
                }
            }
        }
    }

    /// An element of a list that may be about anything.
    fn listed(&mut self, scope: &'a str, at: usize) -> Result<usize, Lost> {
        if matches!(scope.as_bytes().get(at), Some(b'{' | b'[')) {
            return self.element(scope, at);
        }
        self.other(ObjectSkip::OtherJson);
        walk::value_end(scope, at)
            .map_err(|Surprise| self.broken(at, "neither a value nor the end of the list"))
    }

    /// An element of `Records`.
    fn record(&mut self, scope: &'a str, at: usize) -> Result<usize, Lost> {
        if scope.as_bytes().get(at) != Some(&b'{') {
            let end = walk::value_end(scope, at)
                .map_err(|Surprise| self.broken(at, "neither a value nor the end of the list"))?;
            self.found(&scope[at..end], Err("not an object"));
            return Ok(end);
        }
        let mut record = Record::default();
        if let Ok(end) = scanner::record(scope, at, self.habits, &mut self.callers, &mut record) {
            if !record.looks_like_one() && records_list(scope, at).is_some() {
                // The batch before it was cut between two records, and this is the next one's line.
                let lost = self.broken(at, "a batch of records inside another");
                return Err(Lost { at: lost.at.saturating_sub(1) });
            }
            if !record.looks_like_one() && wrapper::inside(scope, at).is_audit_event {
                self.audit_event(&scope[at..end]);
                return Ok(end);
            }
            wrapper::complete(&mut record, scope, at);
            self.found(&scope[at..end], Ok(AnyRecord::CloudTrail(&record)));
            return Ok(end);
        }
        let end = self.end_of(scope, at)?;
        self.careful(&scope[at..end]);
        Ok(end)
    }

    fn careful(&mut self, slice: &str) {
        let read = careful::with_record(slice, |record| {
            let mut record = record;
            wrapper::complete(&mut record, slice, 0);
            self.found(slice, Ok(AnyRecord::CloudTrail(&record)));
        });
        if let Err(reason) = read {
            self.found(slice, Err(&reason));
        }
    }

    /// A Kubernetes audit event.
    fn audit_event(&mut self, slice: &str) {
        let mut visit = |record: AuditRecord<'_>| self.found(slice, Ok(AnyRecord::Kubernetes(&record)));
        if let Ok((record, _)) = audit::record(slice, 0) {
            return visit(record);
        }
        if let Err(reason) = careful::with_audit_record(slice, visit) {
            self.found(slice, Err(&reason));
        }
    }

    fn found(&mut self, text: &str, record: Result<AnyRecord<'_>, &str>) {
        let index = self.contents.records;
        self.contents.records += 1;
        let carrier = self.carrier.as_deref();
        (self.visit)(FoundRecord { index, number: index, inner: None, text, carrier, record });
    }

    /// Something that is no record.
    fn other(&mut self, kind: ObjectSkip) {
        self.contents.others += 1;
        self.contents.other.get_or_insert(kind);
    }

    /// The elements of the array at `at`, each read by `read`.
    fn elements(
        &mut self,
        scope: &'a str,
        at: usize,
        read: fn(&mut Self, &'a str, usize) -> Result<usize, Lost>,
    ) -> Result<usize, Lost> {
        let bytes = scope.as_bytes();
        let mut at = walk::skip_blanks(scope, at + 1);
        if bytes.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        loop {
            if at >= bytes.len() {
                return Err(self.truncated(at));
            }
            at = read(self, scope, at)?;
            at = walk::skip_blanks(scope, at);
            match bytes.get(at) {
                Some(b',') => at = walk::skip_blanks(scope, at + 1),
                Some(b']') => return Ok(at + 1),
                Some(_) => return Err(self.broken(at, "neither a comma nor the end of the list")),
                None => return Err(self.truncated(at)),
            }
        }
    }

    /// What follows the list of records in its wrapper. Another list of records is read too.
    fn rest_of_wrapper(&mut self, scope: &'a str, at: usize) -> Result<usize, Lost> {
        let at = walk::skip_blanks(scope, at);
        match scope.as_bytes().get(at) {
            Some(b'}') => Ok(at + 1),
            Some(b',') => {
                // The rest of the members has the form of an object whose bracket is the comma.
                let mut lists = Vec::new();
                let end = walk::members(scope, at + 1, |key, value| {
                    if key == "Records" && scope.as_bytes().get(value) == Some(&b'[') {
                        lists.push(value);
                    }
                })
                .map_err(|Surprise| self.broken(at, "malformed members behind the records"))?;
                for list in lists {
                    self.elements(scope, list, Self::record)?;
                }
                Ok(end)
            }
            Some(_) => Err(self.broken(at, "neither a comma nor the end of the object")),
            None => Err(self.truncated(at)),
        }
    }

    /// An object that is no record: a wrapper, or nothing of ours.
    fn other_object(&mut self, scope: &'a str, at: usize, end: usize) -> Result<usize, Lost> {
        let found = wrapper::inside(scope, at);
        if found.is_audit_event {
            self.audit_event(&scope[at..end]);
            return Ok(end);
        }
        let carrier = self.carrier.clone();
        if let Some(found) = found.carrier {
            self.carrier = Some(Rc::new(found));
        }
        let (records, other) = (self.contents.records, self.contents.other);
        let mut is_wrapper = false;
        if self.depth < DEEPEST {
            self.depth += 1;
            for inner in found.inner {
                is_wrapper |= self.inner(scope, inner)?;
                // The same event may stand in several places of one wrapper.
                if self.contents.records > records && !matches!(inner, Inner::Records(_)) {
                    break;
                }
            }
            self.depth -= 1;
        }
        self.carrier = carrier;
        if self.contents.records == records && found.kind != ObjectSkip::OtherJson {
            // What the wrapper is says more than what is in it.
            self.contents.other = other.or(Some(found.kind));
        }
        if !is_wrapper {
            self.other(found.kind);
        }
        Ok(end)
    }

    /// Reads what a wrapper holds; says whether it is something that can hold records.
    fn inner(&mut self, scope: &'a str, inner: Inner) -> Result<bool, Lost> {
        match inner {
            Inner::Records(at) => self.elements(scope, at, Self::record).map(|_| true),
            Inner::List(at) => self.elements(scope, at, Self::listed).map(|_| true),
            Inner::Object(at) => {
                let others = self.contents.others;
                self.element(scope, at)?;
                // What it is not is said of the wrapper.
                let is_wrapper = self.contents.others == others;
                self.contents.others = others;
                Ok(is_wrapper)
            }
            Inner::Text(at) => Ok(self.inner_text(scope, at)),
            Inner::Base64(at) => Ok(self.inner_bytes(scope, at)),
        }
    }

    /// Reads what the base64 in the JSON string at `at` stands for.
    fn inner_bytes(&mut self, scope: &'a str, at: usize) -> bool {
        let Some(bytes) = wrapper::bytes_at(scope, at) else { return false };
        let (first, carrier) = (self.contents.records, self.carrier.clone());
        let visit = &mut self.visit;
        let mut visit = |found: FoundRecord<'_>| {
            let index = first + found.number;
            let carrier = found.carrier.or(carrier.as_deref());
            visit(FoundRecord { index, number: index, inner: None, carrier, ..found });
        };
        let visit: &mut dyn FnMut(FoundRecord<'_>) = &mut visit;
        let decoded = Decoder::nested(LARGEST_INSIDE, self.depth).decode(&bytes, visit);
        self.contents.records += decoded.records;
        let position = Position::Byte(at as u64);
        self.contents
            .faults
            .extend(decoded.faults.into_iter().map(|fault| DecodeFault { position, ..fault }));
        decoded.verdict == Verdict::Records
    }

    /// Reads the JSON text in the JSON string at `at`, if it is one.
    fn inner_text(&mut self, scope: &'a str, at: usize) -> bool {
        let Some(text) = wrapper::text_at(scope, at) else { return false };
        if !text.trim_ascii_start().starts_with(['{', '[']) {
            return false;
        }
        let first = self.contents.records;
        let visit = &mut self.visit;
        let mut visit = |found: FoundRecord<'_>| {
            let index = first + found.index;
            visit(FoundRecord { index, number: index, ..found });
        };
        let visit: &mut dyn FnMut(FoundRecord<'_>) = &mut visit;
        let mut walker = Walker::new(&text, self.depth, &mut *self.habits, visit);
        walker.carrier = self.carrier.clone();
        walker.values(0);
        let Contents { records, others, faults, .. } = walker.contents;
        self.contents.records += records;
        // Where in the text would help nobody: it begins here.
        let position = Position::Byte(at as u64);
        self.contents.faults.extend(faults.into_iter().map(|fault| DecodeFault { position, ..fault }));
        records > 0 || others == 0
    }

    /// End of the value at `at`, which the scanner could not read. Within its line if it ends there; a line that
    /// does not end its value is cut if the next one begins like a value of its own.
    fn end_of(&mut self, scope: &str, at: usize) -> Result<usize, Lost> {
        let bytes = scope.as_bytes();
        let line = self.line_end(at).min(scope.len());
        if let Some(end) = nested_end(&bytes[..line], at) {
            return Ok(end);
        }
        let cut = matches!(bytes.get(line + 1), Some(b'{' | b'['));
        let end = if cut { None } else { nested_end(bytes, at) };
        end.ok_or_else(|| self.truncated_at(at, line))
    }

    fn broken(&mut self, at: usize, detail: &str) -> Lost {
        self.fault(FaultKind::JsonBroken, at, detail);
        Lost { at }
    }

    fn truncated(&mut self, at: usize) -> Lost {
        self.truncated_at(at, at)
    }

    /// The value at `at` has no end; reading may go on behind `behind`.
    fn truncated_at(&mut self, at: usize, behind: usize) -> Lost {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let beginning = String::from_utf8_lossy(&rest[..rest.len().min(LONGEST_GLIMPSE)]);
        match audit::glimpse(&beginning) {
            Some(id) => {
                let detail = format!("the JSON text of audit event {id} ends too early");
                self.fault(FaultKind::JsonTruncated, at, &detail);
            }
            None => self.fault(FaultKind::JsonTruncated, at, "the JSON text ends too early"),
        }
        Lost { at: behind }
    }

    fn fault(&mut self, kind: FaultKind, at: usize, detail: &str) {
        let detail = detail.to_owned();
        self.contents.faults.push(DecodeFault {
            kind,
            position: Position::Byte(at as u64),
            inner: None,
            detail,
        });
    }
}

/// Position of the list of records, if the object at `at` begins with one.
fn records_list(scope: &str, at: usize) -> Option<usize> {
    match walk::first_key(scope, at) {
        Ok(("Records", value)) if scope.as_bytes().get(value) == Some(&b'[') => Some(value),
        _ => None,
    }
}

/// Position of the line's end at or after `at`: its `\n`, or the end of the text.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    memchr(b'\n', rest).map_or(text.len(), |offset| at + offset)
}
