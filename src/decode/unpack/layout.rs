//! Whether and where a long text can be split.

use crate::decode::find::envelope::LogLine;
use crate::decode::find::table::{self, TableKind};
use crate::decode::find::{encoded, envelope, json_stream, partial_lines};
use crate::decode::record::simd::nested_end;
use crate::decode::record::walk;

/// The way in which a long text can be split.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// After lines: each holds complete values.
    Lines,
    /// After values, or between the elements of a list: see [`super::list`].
    Values,
    /// Not at all.
    OneValue,
    /// It is not a log.
    Other,
}

impl Layout {
    /// The layout of a text with this beginning.
    pub(in crate::decode) fn of(text: &[u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
        let first = text.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        if holds_whole_values(first) || partial_lines::is_partial(first) {
            return Self::Lines;
        }
        if envelope::behind_brackets(&String::from_utf8_lossy(first)).is_some() {
            return Self::Lines;
        }
        // If there is only white space, the format is not known yet.
        if matches!(text.first(), None | Some(b'{' | b'[')) {
            return Self::Values;
        }
        // A text that starts inside a record; the rest is lines or one line.
        if let Some(at) = json_stream::first_whole_record(&String::from_utf8_lossy(text)) {
            let rest = text.get(at..).unwrap_or_default();
            let next = rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
            return if holds_whole_values(next) { Self::Lines } else { Self::OneValue };
        }
        let head = String::from_utf8_lossy(&text[..text.len().min(4_096)]);
        match table::table_kind(&head) {
            Some(TableKind::Events(_)) => Self::OneValue,
            // Lines with any words before their values.
            None if envelope::names_a_record(&String::from_utf8_lossy(first)) => Self::Lines,
            // Base64 has no place to split it.
            None if encoded::has_words(&head) => Self::OneValue,
            _ => Self::Other,
        }
    }
}

/// Whether a line consists of complete values.
fn holds_whole_values(line: &[u8]) -> bool {
    let Some(line) = line.strip_suffix(b"\n") else { return false };
    let text = String::from_utf8_lossy(line);
    let start = match envelope::log_line(&text) {
        Some(LogLine::Value(behind)) => behind,
        Some(LogLine::Words) => return true,
        None => 0,
    };
    if text.starts_with('"') {
        return json_stream::is_string_line(&text);
    }
    let (line, mut at) = (text.as_bytes(), start);
    while let Some(b'{' | b'[') = line.get(at) {
        match nested_end(line, at) {
            Some(end) => at = walk::skip_blanks(&text, end),
            None => return false,
        }
    }
    at > start && at == line.len()
}

/// The length of a line's beginning that is needed to recognise a log line.
pub(super) const LONGEST_BEGINNING: usize = 64;

/// Whether a value, or the words before a value, begin at this byte.
fn begins_value(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(b'{' | b'[' | b'"') => true,
        Some(b'0'..=b'9' | b'A'..=b'Z') => {
            let line = &text[at..text.len().min(at + LONGEST_BEGINNING)];
            envelope::log_line(&String::from_utf8_lossy(line)).is_some()
        }
        _ => false,
    }
}

/// The first line after `from` that begins like a value, or like the words before a value.
pub(super) fn next_beginning(text: &[u8], from: usize) -> Option<usize> {
    let begins = |at: &usize| begins_value(text, *at);
    memchr::memchr_iter(b'\n', text.get(from..)?).map(|at| from + at + 1).find(begins)
}

/// The last line start after `from` at which a value begins that is not a list element.
pub(super) fn last_cut(text: &[u8], from: usize) -> Option<usize> {
    let mut end = text.len();
    while let Some(line_end) = memchr::memrchr(b'\n', &text[from..end]).map(|at| from + at) {
        let before = || text[..line_end].iter().rev().find(|byte| !byte.is_ascii_whitespace());
        let begins = begins_value(text, line_end + 1) || text.get(line_end + 1) == Some(&b'<');
        if begins && !matches!(before(), Some(b',' | b'[')) && !partial_lines::is_continued(&text[..line_end])
        {
            return Some(line_end + 1);
        }
        end = line_end;
    }
    None
}
