//! Finds the records in JSON text, in any wrapper.
//!
//! Reads `{"Records":[…]}`, bare arrays, single records, and any sequence of these, with or without line
//! breaks between them (JSON lines, also lines of batches); the wrappers of other carriers around any of
//! these ([`super::envelope`]); and any other JSON with records ([`super::finder`]). Malformed text is a
//! fault; reading continues at the next record if the end of the broken one can be found, or if another one
//! begins in the same list or line ([`super::damaged`]), otherwise at the next line.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::envelope::{self, LogLine};
use super::flattened::hides_caller;
use super::origin::{self, CarrierOrigin};
use super::sink::{self, Contents, Sink, TextContext};
use super::traces::{TraceKind, is_host};
use super::{finder, quoted, traces};
use crate::coverage::{FaultKind, ObjectSkip};
use crate::decode::FoundRecord;
use crate::decode::ceiling::Ceiling;
use crate::decode::record::audit::{self, ReadEvent};
use crate::decode::record::fallback;
use crate::decode::record::identity_cache::IdentityCache;
use crate::decode::record::scanner::{self, KeyPredictors};
use crate::decode::record::simd::nested_end;
use crate::decode::record::walk::{self, NeedsFallback};
use crate::event::{AnyRecord, AuditRecord, Record};

/// The budget for searching the end of broken values, as a multiple of the length of the text. Once it is
/// spent, each line is read separately, which keeps reading time linear for hostile input.
const SEARCH_BUDGET: usize = 16;

/// Reads the text of one Kubernetes audit event. Does nothing if it is not one.
pub fn with_audit_event(text: &str, use_record: impl FnOnce(&AuditRecord<'_>)) {
    match audit::record(text, 0) {
        Ok(read) => use_record(&read.record),
        Err(NeedsFallback) => drop(fallback::with_audit_record(text, |record| use_record(&record))),
    }
}

/// Beginnings of records and wrappers in the common key orders; the first record of a list may be incomplete.
pub(super) const BEGINNINGS: [&str; 4] =
    [r#"{"eventVersion":"#, r#"{"awsRegion":"#, r#"{"CloudTrailEvent":"#, quoted::AUDIT_BEGINNING];

/// Position of the first complete record in a text that begins inside a record; `None` if it does not.
pub(in crate::decode) fn first_whole_record(text: &str) -> Option<usize> {
    if matches!(text.trim_ascii_start().bytes().next(), None | Some(b'{' | b'[')) {
        return None;
    }
    let mut from = 0;
    loop {
        let places = BEGINNINGS
            .iter()
            .filter_map(|beginning| memmem::find(text.as_bytes().get(from..)?, beginning.as_bytes()));
        let first = from + places.min()?;
        // The text before it must end like a record, not like a text that quotes one.
        let before = text[..first].trim_ascii_end();
        let is_on_own_line = before.ends_with('}') && text[before.len()..first].contains('\n');
        if let (false, Some(behind)) = (is_on_own_line, quoted::end_of_quote(text, first)) {
            from = behind;
            continue;
        }
        if envelope::labels_before(before).is_some() {
            return None;
        }
        let before = before.strip_suffix(',').unwrap_or(before).trim_ascii_end();
        return (before.ends_with('}') && before.contains('"')).then_some(first);
    }
}

/// Visits every record of a JSON text inside `depth` wrappers.
pub(in crate::decode) fn records(
    text: &str,
    depth: u32,
    ceiling: &Ceiling,
    predictors: &mut KeyPredictors,
    visit: impl FnMut(FoundRecord<'_>),
) -> Contents {
    let room = sink::base64_budget(text.len());
    let within = TextContext {
        depth,
        is_strict: false,
        ceiling,
        base64_left: &room,
        path: "",
        is_found: false,
        carrier: None,
    };
    let mut walker = JsonStream::new(text, &within, predictors, visit);
    walker.read_values(0);
    walker.finish()
}

/// Whether the first line of a text is a JSON string that may hold records.
pub(in crate::decode) fn is_string_line(text: &str) -> bool {
    let Ok(end) = walk::value_end(text, 0) else { return false };
    let ends_line = matches!(text.as_bytes().get(walk::skip_spaces(text, end)), None | Some(b'\n' | b'\r'));
    ends_line && text.get(1..end - 1).is_some_and(|content| envelope::classify_text(content).is_some())
}

/// The length of a truncated text that is searched for its id.
const LONGEST_GLIMPSE: usize = 1_000;

/// Reading cannot continue here; the fault is already noted.
pub(super) struct Unreadable {
    pub(in crate::decode) at: usize,
}

/// Reads a text.
pub(super) struct JsonStream<'a, 'h, 'w, V> {
    pub(in crate::decode) text: &'a str,
    pub(in crate::decode) sink: Sink<'h, 'w, V>,
    identities: IdentityCache<'a>,
    pub(in crate::decode) budget: usize,
    /// The part of a line, up to its end, examined last. An object is often one line: searching the end of
    /// the line again for every odd record would take quadratic time.
    line: Range<usize>,
    /// Whether the beginning of the text is missing, so that a list may end that never began.
    pub(super) is_resumed: bool,
    /// Where the last search for an element behind damage began.
    pub(super) searched: usize,
    /// Up to where it is known whether values are quoted by an event whose beginning is missing, and whether they are: see [`quoted`].
    pub(super) judged: (usize, bool),
}

impl<'a, 'h, 'w, V: FnMut(FoundRecord<'_>)> JsonStream<'a, 'h, 'w, V> {
    pub(in crate::decode) fn new(
        text: &'a str,
        within: &TextContext<'w>,
        predictors: &'h mut KeyPredictors,
        visit: V,
    ) -> Self {
        Self {
            text,
            sink: Sink::new(within, predictors, visit),
            identities: IdentityCache::default(),
            budget: text.len().saturating_mul(SEARCH_BUDGET),
            line: 0..0,
            is_resumed: false,
            searched: 0,
            judged: (0, false),
        }
    }

    pub(in crate::decode) fn sink(&mut self) -> &mut Sink<'h, 'w, V> {
        &mut self.sink
    }

    /// Ends the text and returns its contents.
    pub(in crate::decode) fn finish(mut self) -> Contents {
        if self.sink.depth == 0 || !self.sink.is_found {
            self.sink.contents.report_traces();
        }
        self.sink.contents
    }

    /// Reads a text whose beginning is missing, from the first complete record.
    pub(super) fn resume(&mut self, at: usize) {
        let detail = format!("the text begins in the middle of a record; read from byte {at} on");
        self.sink.contents.fault(FaultKind::JsonBroken, 0, &detail);
        self.is_resumed = true;
        self.read_values(at);
    }

    /// Reads top-level values one after another.
    pub(in crate::decode) fn read_values(&mut self, from: usize) {
        let mut at = walk::skip_blanks(self.text, from);
        let mut is_row = false;
        let mut line_origin: Option<CarrierOrigin> = None;
        while at < self.text.len() {
            let records = self.sink.contents.records;
            let scope = self.scope(at);
            let around = line_origin.take().map(|origin| {
                let outer = self.sink.carrier.take();
                self.sink.carrier = Some(origin.within(outer.as_ref()));
                outer
            });
            let read = match scope.as_bytes()[at] {
                b'{' => self.read_top_object(scope, at),
                b'[' if envelope::behind_brackets(&scope[at..]).is_none() => {
                    self.read_elements(scope, at, Self::read_element)
                }
                b',' | b']' | b'}' if self.is_resumed => Ok(at + 1),
                b'"' => self.string(scope, at),
                _ => match envelope::log_line(&scope[at..]) {
                    Some(LogLine::Value(behind)) => {
                        is_row = envelope::is_cli_row(&scope[at..]);
                        line_origin =
                            envelope::labels_before(&scope[at..at + behind]).and_then(origin::of_labels);
                        at += behind;
                        continue;
                    }
                    Some(LogLine::Words) => {
                        let end = self.line_end(at);
                        let is_of_events =
                            self.sink.contents.records > 0 && envelope::is_cli_row(&scope[at..]);
                        if !self.read_words_line(at..end) && !is_of_events {
                            if let Some(found) = traces::legacy_line(&scope[at..end]) {
                                self.sink.contents.add_trace(TraceKind::LegacyAudit, at + found);
                            }
                            self.sink.count_other(ObjectSkip::OtherLog);
                        }
                        at = walk::skip_blanks(self.text, end);
                        continue;
                    }
                    None => Err(self.broken(at, "neither an object nor an array")),
                },
            };
            if let Some(outer) = around {
                self.sink.carrier = outer;
            }
            at = match read {
                Ok(end) if std::mem::take(&mut is_row) => self.skip_columns(end),
                Ok(end) => end,
                Err(lost) => match self.next_record(at, lost.at, records) {
                    Some(next) => next,
                    None => self.next_line(at, lost.at),
                },
            };
            at = walk::skip_blanks(self.text, at);
        }
    }

    /// Skips the columns after a value in a row of the AWS CLI's text output. Returns where to continue.
    fn skip_columns(&mut self, end: usize) -> usize {
        if self.text.as_bytes().get(end) != Some(&b'\t') {
            return end;
        }
        let line = self.line_end(end);
        self.read_words_line(end..line);
        line
    }

    /// The end of the line that contains `at`.
    pub(in crate::decode) fn line_end(&mut self, at: usize) -> usize {
        if !self.line.contains(&at) {
            self.line = at..line_end(self.text, at);
        }
        self.line.end
    }

    /// The text in which the end of a value at `at` is searched: all of it, or its line once the search
    /// budget is spent.
    pub(super) fn scope(&mut self, at: usize) -> &'a str {
        if self.budget > 0 { self.text } else { &self.text[..self.line_end(at)] }
    }

    /// Where to continue after a value that began at `start` broke at `lost`: the next line that begins like
    /// a value.
    fn next_line(&mut self, start: usize, lost: usize) -> usize {
        self.budget = self.budget.saturating_sub(self.text.len() - start);
        let mut at = lost;
        loop {
            at = line_end(self.text, at) + 1;
            match self.text.as_bytes().get(at) {
                None => return self.text.len(),
                Some(b'{' | b'[' | b'"') => return at,
                Some(_) if envelope::log_line(&self.text[at..]).is_some() => return at,
                Some(_) => {}
            }
        }
    }

    /// Reads a top-level object: a wrapper, a record or something else.
    fn read_top_object(&mut self, scope: &'a str, at: usize) -> Result<usize, Unreadable> {
        if let Some(value) = records_list(scope, at) {
            let end = self.read_elements(scope, value, Self::record)?;
            return self.read_rest_of_wrapper(scope, end);
        }
        self.read_element(scope, at)
    }

    /// Reads a wrapper or a record; counts anything else as other.
    pub(in crate::decode) fn read_element(&mut self, scope: &'a str, at: usize) -> Result<usize, Unreadable> {
        match scope.as_bytes().get(at) {
            Some(b'{') => {}
            // Logs Insights results are lists of lists.
            Some(b'[') if self.sink.depth < sink::DEEPEST => {
                self.sink.depth += 1;
                let end = self.read_elements(scope, at, Self::read_listed_value);
                self.sink.depth -= 1;
                return end;
            }
            Some(b'[') => return self.search_value(scope, at),
            Some(b'"') => return self.string(scope, at),
            _ if self.sink.is_strict => return self.read_listed_value(scope, at),
            _ => return self.record(scope, at),
        }
        if audit::begins_as_usual(&scope[at..])
            && let Ok(ReadEvent { record, end, is_plain }) = audit::record(scope, at)
            && record.looks_like_one()
            && !record.user.is_absent()
        {
            self.sink.visit_audit_event(&scope[at..end], &record, is_plain);
            return Ok(end);
        }
        let mut record = Record::default();
        match scanner::record(scope, at, self.sink.predictors, &mut self.identities, &mut record) {
            Ok(read) if self.is_record(&record) && !hides_caller(&record, scope, at) => {
                self.cloudtrail(scope, at, read, &mut record);
                Ok(read.end)
            }
            Ok(read) if record.looks_like_one() && !self.sink.is_strict => {
                self.read_uncertain_object(scope, at, read.end, Some(record));
                Ok(read.end)
            }
            Ok(read) => self.read_other_object(scope, at, read.end),
            Err(NeedsFallback) => match self.end_of(scope, at) {
                Ok(end) => self.fall_back(scope, at, end, false),
                Err(lost) => Err(self.read_cut_value(scope, at, lost)),
            },
        }
    }

    /// Whether an object is certainly a record, by the fields that were read. More fields are required if the
    /// context does not promise records.
    #[inline(always)]
    pub(super) fn is_record(&self, record: &Record<'_>) -> bool {
        let has = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        match record.event_source {
            Some(source) if self.sink.is_strict => {
                let has_time = has(record.event_time);
                is_host(source) && has(record.event_name) && has_time && record.tells_who()
            }
            Some(source) => !source.is_empty() && !source.starts_with("aws:") && has(record.event_name),
            None => {
                let is_summary = matches!(record.event_category, Some("Insight" | "Aggregated"));
                is_summary && (!self.sink.is_strict || record.tells_who())
            }
        }
    }

    #[inline(always)]
    fn cloudtrail(&mut self, scope: &'a str, at: usize, read: scanner::Extent, record: &mut Record<'a>) {
        envelope::restore_logstash_time(record, scope, at);
        if let Some(nested) = read.nested {
            self.nested(scope, nested);
        }
        self.sink.visit_record(&scope[at..read.end], Ok(AnyRecord::CloudTrail(record)));
    }

    /// Notes a list called `Records` inside a record: it is not searched for events.
    fn nested(&mut self, scope: &str, at: usize) {
        if !finder::search(scope, at, &[]).finds.is_empty() {
            self.sink.contents.add_trace(TraceKind::Nested, at);
        }
    }

    /// Reads an object that partly looks like a record, but has no action: it may be a wrapper.
    pub(super) fn read_uncertain_object(
        &mut self,
        scope: &'a str,
        at: usize,
        end: usize,
        record: Option<Record<'a>>,
    ) {
        let (records, others, other) =
            (self.sink.contents.records, self.sink.contents.others, self.sink.contents.other);
        let found = envelope::inspect(scope, at);
        self.read_object_contents(scope, at, &found);
        if self.sink.contents.records > records {
            return;
        }
        (self.sink.contents.others, self.sink.contents.other) = (others, other);
        let slice = &scope[at..end];
        match record {
            Some(record) if hides_caller(&record, scope, at) => {
                self.sink.contents.add_trace(TraceKind::Flattened, at);
            }
            Some(mut record) => {
                envelope::restore_logstash_time(&mut record, scope, at);
                self.sink.visit_record(slice, Ok(AnyRecord::CloudTrail(&record)));
            }
            None => self.read_with_fallback(slice, at),
        }
    }

    /// Reads an element of a list of any values.
    pub(in crate::decode) fn read_listed_value(
        &mut self,
        scope: &'a str,
        at: usize,
    ) -> Result<usize, Unreadable> {
        if matches!(scope.as_bytes().get(at), Some(b'{' | b'[' | b'"')) {
            return self.read_element(scope, at);
        }
        self.sink.count_other(ObjectSkip::OtherJson);
        walk::lenient_value_end(scope, at)
            .map_err(|NeedsFallback| self.broken(at, "neither a value nor the end of the list"))
    }

    /// Reads a JSON string, which may hold records.
    fn string(&mut self, scope: &'a str, at: usize) -> Result<usize, Unreadable> {
        let Ok(end) = walk::value_end(scope, at) else {
            let lost = self.truncated(at);
            return Err(self.read_cut_value(scope, at, lost));
        };
        let literal = &scope[at..end];
        let traces = self.sink.contents.trace;
        let read = match envelope::classify_text(&literal[1..literal.len() - 1]) {
            Some(envelope::TextKind::Json) if !self.sink.is_strict => self.sink.with_member("", |sink| {
                let text = envelope::unquote(literal);
                text.is_some_and(|text| sink.text(&text, at, false) > 0)
            }),
            Some(candidate) => self.sink.candidate(literal, candidate, at),
            None => false,
        };
        if !read && self.sink.contents.trace == traces {
            self.sink.count_other(ObjectSkip::OtherJson);
        }
        Ok(end)
    }

    /// Reads an element of `Records`.
    pub(in crate::decode) fn record(&mut self, scope: &'a str, at: usize) -> Result<usize, Unreadable> {
        if scope.as_bytes().get(at) == Some(&b'[') {
            let (records, others) = (self.sink.contents.records, self.sink.contents.others);
            let end = self.read_element(scope, at)?;
            if self.sink.contents.records == records {
                self.sink.contents.others = others;
                self.sink.visit_record(&scope[at..end], Err("not an object"));
            }
            return Ok(end);
        }
        if scope.as_bytes().get(at) != Some(&b'{') {
            if scope.as_bytes().get(at) == Some(&b'"') && walk::value_end(scope, at).is_err() {
                return self.string(scope, at);
            }
            let end = walk::lenient_value_end(scope, at)
                .map_err(|NeedsFallback| self.broken(at, "neither a value nor the end of the list"))?;
            let literal = &scope[at..end];
            let candidate = envelope::classify_text(literal.trim_matches('"'));
            let read = candidate.is_some_and(|candidate| self.sink.candidate(literal, candidate, at));
            if !read {
                self.sink.visit_record(literal, Err("not an object"));
            }
            return Ok(end);
        }
        let mut record = Record::default();
        if let Ok(read) = scanner::record(scope, at, self.sink.predictors, &mut self.identities, &mut record)
        {
            if self.is_record(&record) && !hides_caller(&record, scope, at) {
                self.cloudtrail(scope, at, read, &mut record);
                return Ok(read.end);
            }
            let begins_line = at > 0 && scope.as_bytes().get(at - 1) == Some(&b'\n');
            if begins_line && !record.looks_like_one() && records_list(scope, at).is_some() {
                // The previous batch was truncated between two records, and this line begins the next batch.
                let lost = self.broken(at, "a batch of records inside another");
                return Err(Unreadable { at: lost.at.saturating_sub(1) });
            }
            if !record.looks_like_one() && envelope::inspect(scope, at).is_audit_event {
                return self.read_other_object(scope, at, read.end);
            }
            self.read_uncertain_object(scope, at, read.end, Some(record));
            return Ok(read.end);
        }
        match self.end_of(scope, at) {
            Ok(end) => self.fall_back(scope, at, end, true),
            Err(lost) => Err(self.read_cut_value(scope, at, lost)),
        }
    }

    /// Reads the record at `at` with the fallback reader.
    pub(super) fn read_with_fallback(&mut self, slice: &str, at: usize) {
        let read = fallback::with_record(slice, |record| {
            let mut record = record;
            if hides_caller(&record, slice, 0) {
                return self.sink.contents.add_trace(TraceKind::Flattened, at);
            }
            envelope::restore_logstash_time(&mut record, slice, 0);
            self.sink.visit_record(slice, Ok(AnyRecord::CloudTrail(&record)));
        });
        if let Err(reason) = read {
            return self.sink.visit_record(slice, Err(&reason));
        }
        let mut nested = None;
        let _ = walk::members(slice, 1, |key, value| {
            if key == "Records" && slice.as_bytes().get(value) == Some(&b'[') {
                nested = Some(value);
            }
        });
        if let Some(nested) = nested {
            self.nested(slice, nested);
        }
    }

    /// Reads a Kubernetes audit event.
    pub(super) fn audit_event(&mut self, slice: &str) {
        if let Ok(read) = audit::record(slice, 0) {
            return self.sink.visit_audit_event(slice, &read.record, read.is_plain);
        }
        let visit = |record: AuditRecord<'_>| self.sink.visit_audit_event(slice, &record, false);
        if let Err(reason) = fallback::with_audit_record(slice, visit) {
            self.sink.visit_record(slice, Err(&reason));
        }
    }

    /// Reads a record found by the finder.
    pub(super) fn found_record(&mut self, slice: &'a str, at: usize) {
        let mut record = Record::default();
        match scanner::record(slice, 0, self.sink.predictors, &mut self.identities, &mut record) {
            Ok(read) if read.end == slice.len() && !hides_caller(&record, slice, 0) => {
                self.cloudtrail(slice, 0, read, &mut record);
            }
            _ => self.read_with_fallback(slice, at),
        }
    }

    /// Reads the elements of the array at `at`, each by `read`.
    pub(in crate::decode) fn read_elements(
        &mut self,
        scope: &'a str,
        at: usize,
        read: fn(&mut Self, &'a str, usize) -> Result<usize, Unreadable>,
    ) -> Result<usize, Unreadable> {
        let bytes = scope.as_bytes();
        let mut at = walk::skip_blanks(scope, at + 1);
        if bytes.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        loop {
            if at >= bytes.len() {
                return Err(self.truncated(at));
            }
            let (element, records) = (at, self.sink.contents.records);
            match read(self, scope, at) {
                Ok(end) => at = walk::skip_blanks(scope, end),
                Err(lost) => {
                    at = self.next_element(scope, element, lost.at, records).ok_or(lost)?;
                    continue;
                }
            }
            match bytes.get(at) {
                Some(b',') => at = walk::skip_blanks(scope, at + 1),
                Some(b']') => return Ok(at + 1),
                Some(_) => {
                    let lost = self.broken(at, "neither a comma nor the end of the list");
                    at = self.next_element_behind(scope, element, at).ok_or(lost)?;
                }
                None => return Err(self.truncated(at)),
            }
        }
    }

    /// Reads the members after the list of records in a wrapper: they may hold records, too.
    fn read_rest_of_wrapper(&mut self, scope: &'a str, at: usize) -> Result<usize, Unreadable> {
        let at = walk::skip_blanks(scope, at);
        match scope.as_bytes().get(at) {
            Some(b'}') => Ok(at + 1),
            Some(b',') => {
                // The remaining members are read like an object that begins with the comma.
                let found = envelope::inspect(scope, at);
                let Some(end) = found.end else {
                    let lost = self.broken(at, "malformed members behind the records");
                    return Err(self.read_cut_value(scope, at, lost));
                };
                let (others, other) = (self.sink.contents.others, self.sink.contents.other);
                self.read_object_contents(scope, at, &found);
                (self.sink.contents.others, self.sink.contents.other) = (others, other);
                Ok(end)
            }
            Some(_) => Err(self.broken(at, "neither a comma nor the end of the object")),
            None => Err(self.truncated(at)),
        }
    }

    /// The end of the value at `at`, which the scanner could not read. If it does not end on its line and the
    /// next line begins like another value, it is truncated.
    fn end_of(&mut self, scope: &str, at: usize) -> Result<usize, Unreadable> {
        let bytes = scope.as_bytes();
        let line = self.line_end(at).min(scope.len());
        if let Some(end) = nested_end(&bytes[..line], at) {
            return Ok(end);
        }
        let cut = matches!(bytes.get(line + 1), Some(b'{' | b'['));
        let end = if cut { None } else { nested_end(bytes, at) };
        end.ok_or_else(|| self.truncated_at(at, line))
    }

    pub(in crate::decode) fn broken(&mut self, at: usize, detail: &str) -> Unreadable {
        self.fault(FaultKind::JsonBroken, at, detail);
        Unreadable { at }
    }

    pub(in crate::decode) fn truncated(&mut self, at: usize) -> Unreadable {
        self.truncated_at(at, at)
    }

    /// Notes that the value at `at` has no end; reading may continue after `behind`.
    fn truncated_at(&mut self, at: usize, behind: usize) -> Unreadable {
        let detail = cut_detail(self.text.get(at..).unwrap_or_default());
        self.fault(FaultKind::JsonTruncated, at, &detail);
        Unreadable { at: behind }
    }

    fn fault(&mut self, kind: FaultKind, at: usize, detail: &str) {
        self.sink.contents.fault(kind, at, detail);
    }
}

/// What to say of a value without an end: if it is an audit event, its id helps to find it elsewhere.
pub(super) fn cut_detail(value: &str) -> String {
    match audit::audit_id_of_cut(&value[..walk::floor(value, LONGEST_GLIMPSE)]) {
        Some(id) => format!("the JSON text of audit event {id} ends too early"),
        None => "the JSON text ends too early".to_owned(),
    }
}

/// Position of the list of records, if it is the first member of the object at `at`.
fn records_list(scope: &str, at: usize) -> Option<usize> {
    match walk::first_key(scope, at) {
        Ok(("Records", value)) if scope.as_bytes().get(value) == Some(&b'[') => Some(value),
        _ => None,
    }
}

/// Position of the next `\n` at or after `at`, or the end of the text.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    memchr(b'\n', rest).map_or(text.len(), |offset| at + offset)
}
