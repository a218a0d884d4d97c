//! Base64 in plain text: the whole text, or lines, words and cells of it.

use std::ops::Range;

use super::json_stream::JsonStream;
use crate::decode::FoundRecord;

/// The beginnings of base64 of JSON objects and lists, and of gzip, zstd, xz, zip and bzip2.
const BEGINNINGS: [&str; 13] =
    ["eyJ", "eyA", "ewo", "ew0", "W3s", "WyJ", "Wwo", "Ww0", "H4sI", "KLUv", "/Td6", "UEsDB", "QlpoO"];

/// Shorter words cannot hold a record.
const SHORTEST: usize = 64;

/// Longer lines are not those of one text that was broken into lines, as by `base64` (76) or in PEM files (64).
const LONGEST_BROKEN: usize = 76;

/// Whether a text that begins like base64 is one base64 text, possibly broken into lines, and not one in each line.
pub(super) fn is_one_text(text: &str) -> bool {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines().next().map_or(0, str::len);
    let has_equal_lines = || {
        let mut shorter = lines().skip_while(|line| line.len() == first);
        shorter.next().is_none_or(|last| last.len() < first) && shorter.next().is_none()
    };
    first <= LONGEST_BROKEN
        || lines().skip(1).all(|line| !begins_text(line))
        || (has_equal_lines() && !lines().all(begins_text))
}

fn begins_text(word: &str) -> bool {
    word.len() >= SHORTEST && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
}

/// The words of a text that begin like base64 of a log, and their positions.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let separates = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ';' | '|' | '"' | '\'' | ':');
    let mut next = 0;
    let words = text.split(separates).map(move |word| {
        let at = next;
        next += word.len() + 1;
        (at, word)
    });
    // The value of `name=value`.
    let values = words.map(|(at, word)| match word.trim_end_matches('=').rfind('=') {
        Some(sign) => (at + sign + 1, &word[sign + 1..]),
        None => (at, word),
    });
    values.filter(|(_, word)| begins_text(word))
}

/// Whether a plain text may have base64 of a log.
pub(in crate::decode) fn has_words(text: &str) -> bool {
    text.len() >= SHORTEST
        && BEGINNINGS
            .iter()
            .any(|beginning| memchr::memmem::find(text.as_bytes(), beginning.as_bytes()).is_some())
        && words(text).next().is_some()
}

impl<'a, V: FnMut(FoundRecord<'_>)> JsonStream<'a, '_, '_, V> {
    /// Reads the base64 in a part of a plain text; returns whether it holds records.
    pub(super) fn read_base64_words(&mut self, part: Range<usize>) -> bool {
        let Some(text) = self.text.get(part.clone()).filter(|text| has_words(text)) else { return false };
        let was_found = std::mem::replace(&mut self.sink.is_found, true);
        let records = self.sink.contents.records;
        for (at, word) in words(text) {
            self.sink.with_member("|base64", |sink| sink.base64(word, part.start + at));
        }
        self.sink.is_found = was_found;
        self.sink.contents.records > records
    }
}
