//! JSON embedded in plain text: lines that begin with a time, a priority or names (`<134>Jan 10 … cloudtrail:
//! {…}`, `level=info json={…}`), responses after the command that printed them, YAML with JSON, and texts
//! whose beginning is missing.
//!
//! Only objects with all required fields of a record are read. Records shown in a document (Markdown, HTML)
//! or a program (`x = {…}`) are reported but not read: they may not be real events.

use std::ops::Range;

use super::envelope::{self, TextKind};
use super::finder::{self, Search, SearchEnd};
use super::json_stream::{self, JsonStream};
use super::quoted;
use super::traces::{self, TraceKind};
use crate::coverage::FaultKind;
use crate::decode::FoundRecord;
use crate::decode::record::simd::nested_end;
use crate::decode::record::walk;

/// The length of the beginning that is examined to recognise a document.
const GLIMPSE: usize = 64 << 10;

/// Whether a text is a document that may show records: Markdown with code blocks or headings,
/// reStructuredText, HTML.
pub(super) fn is_document(text: &str) -> bool {
    let head = &text[..walk::floor(text, GLIMPSE)];
    let start = head.trim_start().as_bytes();
    let is_tag = matches!(start, [b'<', b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z', ..]);
    let is_of_document = |line: &str| {
        let line = line.trim_start();
        line.starts_with("```")
            || line.starts_with("~~~")
            || line.starts_with(".. code")
            || (line.starts_with('#') && line.trim_start_matches('#').starts_with(' '))
    };
    is_tag || head.lines().any(is_of_document)
}

/// Whether a document has the name of a record's field in escaped quotes.
pub(super) fn has_escaped_names(text: &str) -> bool {
    ["&quot;eventSource&quot;", "&#34;eventSource&#34;"].iter().any(|name| text.contains(name))
}

/// Whether a text contains names that occur only in records, or beginnings of records.
pub(super) fn seems_to_have_records(text: &str) -> bool {
    envelope::names_a_record(text) || text.contains("eventVersion") || text.contains("userIdentity")
}

/// Whether a plain text may contain JSON.
pub(super) fn has_json(text: &str) -> bool {
    memchr::memchr(b'{', text.as_bytes()).is_some()
}

/// Whether a value is part of a program, by the text before it.
fn is_of_program(before: &str) -> bool {
    let before = before.trim_end_matches(['\'', '"', '`']);
    let behind_blanks = before.trim_end_matches(' ');
    behind_blanks.ends_with('(')
        || (behind_blanks.ends_with('=') && behind_blanks.len() < before.len())
        || behind_blanks.ends_with("return")
}

impl<'a, V: FnMut(FoundRecord<'_>)> JsonStream<'a, '_, '_, V> {
    /// Reads the JSON values in the whole text.
    pub(super) fn read_words(&mut self) {
        self.read_words_in(0..self.text.len());
    }

    /// Reads the JSON values in a part of the text; returns whether any hold records.
    pub(super) fn read_words_in(&mut self, part: Range<usize>) -> bool {
        let length = self.sink.trail.len();
        self.sink.trail.push_str("line");
        let any = self.read_values_in_words(part);
        self.sink.trail.truncate(length);
        any
    }

    fn read_values_in_words(&mut self, part: Range<usize>) -> bool {
        let text = &self.text[..part.end];
        let is_document = is_document(&text[part.start..]);
        let (mut at, mut any) = (part.start, false);
        let mut unread = part.start;
        while let Some(open) = memchr::memchr2(b'{', b'[', &text.as_bytes()[at..]).map(|open| at + open) {
            any |= !is_document && self.read_base64_words(at..open);
            let (was_any, marks) = (any, self.sink.contents.marks());
            let end = self.read_value_in_words(text, open, is_document, &mut any);
            let has_start = !any || was_any || !self.report_missing_start(&text[part.start..open]);
            if self.sink.contents.marks() != marks {
                if has_start && !is_document {
                    self.report_unread(unread..open);
                }
                unread = end;
            }
            at = end;
        }
        any |= !is_document && self.read_base64_words(at..part.end);
        if !is_document {
            self.report_unread(unread..part.end);
        }
        any
    }

    /// Whether a value is an audit event that is inside the request of another one, which begins elsewhere.
    fn is_quoted(&mut self, text: &str, value: Range<usize>) -> bool {
        let (until, is_quoted) = self.judged;
        if value.end <= until {
            return is_quoted;
        }
        if !text[value.clone()].contains("auditID") {
            return false;
        }
        let line = &text[..self.line_end(value.start).min(text.len()).max(value.end)];
        self.judged = match quoted::behind(line, value.end) {
            Ok(until) => (until, false),
            Err(until) => (until, true),
        };
        self.judged.1
    }

    /// Reads the value at `open`, if it is one; returns the position after it, or after its bracket.
    fn read_value_in_words(
        &mut self,
        text: &'a str,
        open: usize,
        is_document: bool,
        any: &mut bool,
    ) -> usize {
        // In a JSON string, the quotes of an object are escaped.
        if text[..open].ends_with('"') && text[open + 1..].trim_start().starts_with("\\\"") {
            let Ok(end) = walk::value_end(text, open - 1) else { return open + 1 };
            if self.is_quoted(text, open..end) {
                return end;
            }
            *any |= self.sink.candidate(&text[open - 1..end], TextKind::Json, open);
            return end;
        }
        let line = self.line_end(open).min(text.len());
        let scope = if self.budget > 0 { text } else { &text[..line] };
        let Some(end) = nested_end(scope.as_bytes(), open) else {
            if self.budget == 0 {
                // The rest of a line with too many brackets is skipped.
                return self.skip_costly_line(open, line);
            }
            self.budget = self.budget.saturating_sub(scope.len() - open);
            return self.read_cut_value_in_words(scope, open, any);
        };
        if self.is_quoted(scope, open..end) {
            return end;
        }
        let search = finder::search(&scope[..end], open, &[]);
        // A broken record that ends in another line may have no end of its own.
        let is_pretty = || text[open + 1..line].trim().is_empty();
        let is_one_record = || search.is_record && (end <= line || is_pretty());
        if search.stop != SearchEnd::End(end) || (search.is_malformed && !is_one_record()) {
            if self.budget == 0 {
                return self.skip_costly_line(open, line);
            }
            self.budget = self.budget.saturating_sub(end - open);
            return open + 1;
        }
        if is_document || is_of_program(&text[..open]) {
            self.report_document_records(&search);
        } else {
            *any |= self.read_finds(scope, search, false);
        }
        end
    }

    /// Skips the rest of a line that would take too long; returns its end.
    fn skip_costly_line(&mut self, open: usize, line: usize) -> usize {
        if seems_to_have_records(&self.text[open..line]) {
            self.sink.contents.add_trace(TraceKind::Words, open);
        }
        line
    }

    /// Reports records shown in a document.
    fn report_document_records(&mut self, search: &Search) {
        if let Some(find) = search.finds.iter().find(|find| !matches!(find.what, finder::FoundKind::Text(_)))
        {
            self.sink.contents.add_trace(TraceKind::Shown, find.at);
        }
    }

    /// Reads the complete parts of a value without an end, if they are valid JSON.
    fn read_cut_value_in_words(&mut self, scope: &'a str, open: usize, any: &mut bool) -> usize {
        let search = finder::search_cut(scope, open);
        let stop = search.end_in(scope);
        let is_line_end = matches!(scope.as_bytes().get(stop), None | Some(b'\n'));
        let seems_record = *any || seems_to_have_records(&scope[open..stop]);
        if !is_line_end || stop <= open + 1 || !seems_record {
            return open + 1;
        }
        let detail = json_stream::cut_detail(&scope[open..stop]);
        self.sink.contents.fault(FaultKind::JsonTruncated, open, &detail);
        let faults = self.sink.contents.fault_marks();
        *any |= self.read_finds(scope, search, false);
        self.sink.contents.merge_cut_faults(faults);
        stop
    }

    /// Reports field names of records between the values that were read or reported.
    fn report_unread(&mut self, part: Range<usize>) {
        if let Some(at) = self.text.get(part.clone()).and_then(traces::between_values) {
            self.sink.contents.add_trace(TraceKind::Words, part.start + at);
        }
    }

    /// Reports a text that begins inside a value, judging by the text before the first complete value. Returns
    /// whether it does.
    fn report_missing_start(&mut self, before: &str) -> bool {
        let count = |brackets: [u8; 2]| before.bytes().filter(|byte| brackets.contains(byte)).count();
        let is_cut =
            before.contains('"') && count(*b"}]") > count(*b"{[") && self.sink.contents.faults.is_empty();
        if is_cut {
            let detail = "the text begins in the middle of a value; read from the first whole one on";
            self.sink.contents.fault(FaultKind::JsonBroken, 0, detail);
        }
        is_cut
    }
}
