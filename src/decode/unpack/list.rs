//! Splits a long JSON text of one or a few values: between complete values, or between the elements of a
//! list.
//!
//! Pieces split between elements become complete texts: each begins with the start of the wrapper, with its
//! short texts and numbers, and ends with its closing brackets. So every piece of
//! `{"owner":"1","logEvents":[…]}` names the owner of the events. A record is never split, even if it has
//! long lists.

use super::layout::{LONGEST_BEGINNING, next_beginning};
use crate::decode::find::{envelope, origin};
use crate::decode::record::simd::{nested_end, quote_or_backslash};

/// Lists nested deeper than this are not split.
const DEEPEST: usize = 8;

/// Longer texts of a wrapper are not repeated in each piece, since they may hold records.
const LONGEST_REPEATED: usize = 256;

/// Nor are longer labels.
const LONGEST_LABELS: usize = 4 << 10;

/// The nesting depth that no meaningful JSON has.
const BOTTOMLESS: usize = 10_000;

/// The length of a value's beginning that is examined for this depth.
const SOUNDED: usize = 1 << 20;

/// Names that only members of records have, and that occur beside or above lists.
const OF_RECORDS: [&str; 19] = [
    "eventName",
    "eventSource",
    "eventVersion",
    "eventTime",
    "eventID",
    "userIdentity",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "resources",
    "addendum",
    "auditID",
    "requestObject",
    "responseObject",
    "objectRef",
    "annotations",
    "stageTimestamp",
    "requestReceivedTimestamp",
];

/// The place at which a text can be split.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::decode) enum Cut {
    /// After complete values, at this byte.
    Values(usize),
    /// At a comma between two elements.
    Elements(Split),
    /// After lines, since one begins with words.
    Lines,
    /// Nowhere in the text so far. `in_blanks` says that it ends with white space between values.
    Nowhere { in_blanks: bool },
    /// Malformed JSON at this byte.
    Broken(usize),
}

/// A split between two elements.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// Position of the comma.
    pub(in crate::decode) comma: usize,
    /// The brackets that complete the text before the comma.
    pub(in crate::decode) closing: Vec<u8>,
    /// The start of the wrapper, which completes the text after the comma.
    pub(in crate::decode) opening: Vec<u8>,
}

/// Finds the last place at which a text can be split.
pub(in crate::decode) fn cut(text: &[u8]) -> Cut {
    let mark = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let (mut at, mut values) = (blanks_end(text, mark), 0);
    loop {
        match text.get(at) {
            None if values > 0 => return Cut::Values(values),
            None => return Cut::Nowhere { in_blanks: true },
            Some(b'{' | b'[') => match nested_end(text, at) {
                Some(end) => {
                    values = end;
                    at = blanks_end(text, end);
                }
                None if values > 0 => return Cut::Values(values),
                None => return in_value(text, at),
            },
            Some(_) if begins_as_line(&text[at..]) => {
                return if values > 0 { Cut::Values(values) } else { Cut::Lines };
            }
            Some(_) => return Cut::Broken(at),
        }
    }
}

/// Whether more records of a list may follow the malformed JSON at `at`, so that they must be read together with what is
/// before them.
pub(in crate::decode) fn may_go_on(text: &[u8], at: usize) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(&text[at..], name).is_some();
    next_beginning(text, at).is_none() && (has(b"eventSource") || has(b"auditID"))
}

/// Whether a text begins like a log line with words before its value.
fn begins_as_line(text: &[u8]) -> bool {
    envelope::log_line(&String::from_utf8_lossy(&text[..text.len().min(LONGEST_BEGINNING)])).is_some()
}

/// Finds the place to split the value at `at`, which has no end yet.
fn in_value(text: &[u8], at: usize) -> Cut {
    if nests_too_deep(&text[at..text.len().min(at + SOUNDED)]) {
        return Cut::Broken(at);
    }
    let (mut at, mut way) = (at, OpenBrackets::default());
    for _ in 0..DEEPEST {
        let found = match text.get(at) {
            Some(b'[') => in_list(text, at, &mut way),
            Some(b'{') => in_object(text, at, &mut way),
            _ => CutSearch::Cut(Cut::Nowhere { in_blanks: false }),
        };
        match found {
            CutSearch::Deeper(inner) => at = inner,
            CutSearch::Cut(cut) => return cut,
        }
    }
    Cut::Nowhere { in_blanks: false }
}

/// The open brackets between the start of a text and a list in it.
#[derive(Default)]
struct OpenBrackets {
    opening: Vec<u8>,
    closing: Vec<u8>,
}

impl OpenBrackets {
    fn open(&mut self, beginning: &[u8], bracket: u8) {
        self.opening.extend(beginning);
        self.closing.insert(0, bracket);
    }
}

enum CutSearch {
    /// In the value at this position, which has no end either.
    Deeper(usize),
    Cut(Cut),
}

impl CutSearch {
    const NOTHING: Self = Self::Cut(Cut::Nowhere { in_blanks: false });
    const BLANKS: Self = Self::Cut(Cut::Nowhere { in_blanks: true });

    const fn broken(at: usize) -> Self {
        Self::Cut(Cut::Broken(at))
    }
}

fn in_list(text: &[u8], open: usize, way: &mut OpenBrackets) -> CutSearch {
    way.open(b"[", b']');
    let mut comma = None;
    let mut at = blanks_end(text, open + 1);
    let ending = loop {
        match value(text, at) {
            ValueEnd::Whole(end) => {
                let behind = blanks_end(text, end);
                match text.get(behind) {
                    Some(b',') => {
                        comma = Some(behind);
                        at = blanks_end(text, behind + 1);
                    }
                    Some(_) => break CutSearch::broken(behind),
                    None => break CutSearch::BLANKS,
                }
            }
            ValueEnd::Open => break CutSearch::Deeper(at),
            ValueEnd::Missing => break CutSearch::BLANKS,
            ValueEnd::None => break CutSearch::broken(at),
        }
    };
    match (comma, ending) {
        // Malformed JSON is reported at its position.
        (_, broken @ CutSearch::Cut(Cut::Broken(_))) | (None, broken) => broken,
        (Some(comma), _) => {
            let OpenBrackets { opening, closing } = std::mem::take(way);
            CutSearch::Cut(Cut::Elements(Split { comma, closing, opening }))
        }
    }
}

fn in_object(text: &[u8], open: usize, way: &mut OpenBrackets) -> CutSearch {
    let mut kept = vec![b'{'];
    let (mut has_owner, mut has_group) = (false, false);
    let mut at = blanks_end(text, open + 1);
    loop {
        let key_start = at;
        let key_end = match value(text, at) {
            ValueEnd::Whole(end) if text[at] == b'"' => end,
            ValueEnd::Whole(_) | ValueEnd::None => return CutSearch::broken(at),
            ValueEnd::Open => return CutSearch::NOTHING,
            ValueEnd::Missing => return CutSearch::BLANKS,
        };
        let key = &text[key_start + 1..key_end - 1];
        if OF_RECORDS.iter().any(|name| name.as_bytes() == key) {
            return CutSearch::NOTHING;
        }
        let colon = blanks_end(text, key_end);
        match text.get(colon) {
            Some(b':') => at = blanks_end(text, colon + 1),
            Some(_) => return CutSearch::broken(colon),
            None => return CutSearch::BLANKS,
        }
        match value(text, at) {
            ValueEnd::Whole(end) => {
                if is_repeated_in_pieces(&text[at..end]) || are_labels(key, &text[at..end]) {
                    has_owner |= key == b"owner";
                    has_group |= key == b"logGroup";
                    kept.extend(&text[key_start..end]);
                    kept.push(b',');
                }
                let behind = blanks_end(text, end);
                match text.get(behind) {
                    Some(b',') => at = blanks_end(text, behind + 1),
                    Some(_) => return CutSearch::broken(behind),
                    None => return CutSearch::BLANKS,
                }
            }
            // The owner of the events may follow them.
            ValueEnd::Open if key == b"logEvents" && !(has_owner && has_group) => return CutSearch::NOTHING,
            ValueEnd::Open => {
                kept.extend(&text[key_start..key_end]);
                kept.push(b':');
                way.open(&kept, b'}');
                return CutSearch::Deeper(at);
            }
            ValueEnd::Missing => return CutSearch::BLANKS,
            ValueEnd::None => return CutSearch::broken(at),
        }
    }
}

/// Whether a value of a wrapper is repeated in every piece: it may identify the wrapper, and cannot hold
/// records.
fn is_repeated_in_pieces(value: &[u8]) -> bool {
    value.len() <= LONGEST_REPEATED && !value.iter().any(|byte| matches!(byte, b'{' | b'[' | b'\\'))
}

/// Whether a member of a wrapper holds labels that may name the cluster of what is in the list, and no records.
fn are_labels(key: &[u8], value: &[u8]) -> bool {
    value.len() <= LONGEST_LABELS
        && str::from_utf8(key).is_ok_and(origin::may_tell)
        && str::from_utf8(value).is_ok_and(|value| !envelope::may_hide_records(value))
}

/// The end of a value.
enum ValueEnd {
    /// The value ends before this byte.
    Whole(usize),
    /// The value has not ended yet.
    Open,
    /// The text ends before the value.
    Missing,
    /// There is no valid value.
    None,
}

fn value(text: &[u8], at: usize) -> ValueEnd {
    let end = match text.get(at) {
        None => return ValueEnd::Missing,
        Some(b'{' | b'[') => nested_end(text, at),
        Some(b'"') => string_end(text, at),
        // `NaN` and `Infinity` are not JSON, but common.
        Some(b'-' | b'0'..=b'9' | b'a'..=b'z' | b'N' | b'I') => {
            let rest = &text[at..];
            let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':') || byte.is_ascii_whitespace();
            rest.iter().position(is_end).map(|length| at + length)
        }
        Some(_) => return ValueEnd::None,
    };
    end.map_or(ValueEnd::Open, ValueEnd::Whole)
}

fn string_end(text: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        at = quote_or_backslash(text, at)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn blanks_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    rest.iter().position(|byte| !is_blank(byte)).map_or(text.len(), |length| from + length)
}

/// Whether a value is nested deeper than [`BOTTOMLESS`].
fn nests_too_deep(text: &[u8]) -> bool {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => match string_end(text, at) {
                Some(end) => at = end - 1,
                None => return false,
            },
            _ => {}
        }
        if depth > BOTTOMLESS {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two texts after a split.
    fn halves(text: &str) -> (String, String) {
        match cut(text.as_bytes()) {
            Cut::Elements(Split { comma, closing, opening }) => {
                let text = text.as_bytes();
                let halves = [[&text[..comma], &closing].concat(), [&opening, &text[comma + 1..]].concat()];
                let [left, right] = halves.map(|half| String::from_utf8(half).unwrap());
                (left, right)
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_list_is_split_and_its_wrapper_repeated() {
        for (text, left, right) in [
            ("[{},{},{", "[{},{}]", "[{"),
            (r#"{"Records":[{"a":[1,2]},{"b"#, r#"{"Records":[{"a":[1,2]}]}"#, r#"{"Records":[{"b"#),
            (
                r#"{"owner":"1", "long":{"x":[]},"logGroup":"g","logEvents": [ {}, {"#,
                r#"{"owner":"1", "long":{"x":[]},"logGroup":"g","logEvents": [ {}]}"#,
                r#"{"owner":"1","logGroup":"g","logEvents":[ {"#,
            ),
            (
                r#"{"took":1,"hits":{"total":2,"hits":[{},{}"#,
                r#"{"took":1,"hits":{"total":2,"hits":[{}]}}"#,
                r#"{"took":1,"hits":{"total":2,"hits":[{}"#,
            ),
            (r#"[{"Records":[1,2"#, r#"[{"Records":[1]}]"#, r#"[{"Records":[2"#),
            (
                r#"{"result":[{"stream":{"cluster":"a"},"other":{"x":1},"values":[1,2"#,
                r#"{"result":[{"stream":{"cluster":"a"},"other":{"x":1},"values":[1]}]}"#,
                r#"{"result":[{"stream":{"cluster":"a"},"values":[2"#,
            ),
            (
                r#"{"labels":{"auditID":"x"},"values":[1,2"#,
                r#"{"labels":{"auditID":"x"},"values":[1]}"#,
                r#"{"values":[2"#,
            ),
            (
                r#"{"Events":[],"x":"{","Records":[1,2,"#,
                r#"{"Events":[],"x":"{","Records":[1,2]}"#,
                r#"{"Records":["#,
            ),
        ] {
            let expected = (left.to_owned(), right.to_owned());
            assert_eq!(halves(text), expected, "{text}");
        }
    }

    #[test]
    fn a_record_is_not_split() {
        for text in [
            r#"{"eventName":"x","list":[1,2,3"#,
            r#"{"requestParameters":{"list":[1,2,3"#,
            r#"{"resources":[1,2,3"#,
            r#"{"logEvents":[1,2,3"#,
            r#"{"text":"1,2,3"#,
        ] {
            assert_eq!(cut(text.as_bytes()), Cut::Nowhere { in_blanks: false }, "{text}");
        }
    }

    #[test]
    fn complete_and_broken_values_are_distinguished() {
        assert_eq!(cut(b"{} [1]\n {\"a\""), Cut::Values(6));
        assert_eq!(cut(b"{}"), Cut::Values(2));
        assert_eq!(cut(b" "), Cut::Nowhere { in_blanks: true });
        assert_eq!(
            cut(b"[{},  "),
            Cut::Elements(Split { comma: 3, closing: b"]".into(), opening: b"[".into() })
        );
        assert_eq!(cut(b"{\"a\":[ "), Cut::Nowhere { in_blanks: true });
        assert_eq!(cut(b"{}\0\0"), Cut::Broken(2));
        assert_eq!(cut(b"[{} {}"), Cut::Broken(4));
        assert_eq!(cut("[".repeat(20_000).as_bytes()), Cut::Broken(0));
        assert_eq!(cut("{\"a\":".repeat(20_000).as_bytes()), Cut::Broken(0));
    }
}
