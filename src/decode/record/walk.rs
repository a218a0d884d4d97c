//! Walks JSON text key by key, without validating skipped values.
//!
//! Only brackets and strings of a skipped value must be balanced. Anything unusual in a used value ends the
//! walk with [`NeedsFallback`].

use super::key_predictor::{KeyPredictor, WalkState};
use super::simd::{end_of_plain_text, nested_end, quote_or_backslash};

/// The walk met something that only the fallback reader handles: an escape, malformed JSON or the end of the
/// text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::decode) struct NeedsFallback;

pub(super) type Walk<T> = Result<T, NeedsFallback>;

/// Calls `member` with each key from `at` and the position of its value, up to the `}` that ends the object;
/// returns the position after it.
pub(in crate::decode) fn members(text: &str, at: usize, mut member: impl FnMut(&str, usize)) -> Walk<usize> {
    let mut scanner = Scanner::new(text, at);
    scanner.members(|scanner, key| {
        member(key, scanner.at);
        scanner.skip()
    })?;
    Ok(scanner.at)
}

/// Like [`members`], with the start and the end of each value, and lenient about numbers as
/// [`lenient_value_end`] is.
pub(in crate::decode) fn member_spans(
    text: &str,
    at: usize,
    mut member: impl FnMut(&str, (usize, usize)),
) -> Walk<usize> {
    let mut scanner = Scanner::new(text, at);
    scanner.skip_blanks();
    if scanner.peek() == Some(b'}') {
        return Ok(scanner.at + 1);
    }
    scanner.members(|scanner, key| {
        let start = scanner.at;
        scanner.at = lenient_value_end(text, start)?;
        member(key, (start, scanner.at));
        Ok(())
    })?;
    Ok(scanner.at)
}

/// Position after the value at `at`, of any kind.
pub(in crate::decode) fn value_end(text: &str, at: usize) -> Walk<usize> {
    let mut scanner = Scanner::new(text, at);
    scanner.skip()?;
    Ok(scanner.at)
}

/// Like [`value_end`]; `NaN` and infinite numbers are values, too. They are not JSON, but many programs write
/// them.
pub(in crate::decode) fn lenient_value_end(text: &str, at: usize) -> Walk<usize> {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let sign = usize::from(matches!(rest.first(), Some(b'-' | b'+')));
    let names = [&b"NaN"[..], b"Infinity"];
    match names.iter().find(|name| rest[sign..].starts_with(name)) {
        Some(name) => Ok(at + sign + name.len()),
        None => value_end(text, at),
    }
}

/// The text at the end of a path of keys, as by [`Scanner::text_at`].
pub(super) fn text_at<'a>(json: &'a str, path: &[&str]) -> Walk<Option<&'a str>> {
    Scanner::new(json, 0).text_at(path)
}

/// The first key of the object that begins with the `{` at `start` and the position of its value.
pub(in crate::decode) fn first_key(text: &str, start: usize) -> Walk<(&str, usize)> {
    let mut scanner = Scanner::new(text, start + 1);
    let key = scanner.key()?;
    Ok((key, scanner.at))
}

/// Position of the first byte at or after `at` that is not JSON white space.
pub(in crate::decode) fn skip_blanks(text: &str, at: usize) -> usize {
    let mut scanner = Scanner::new(text, at);
    scanner.skip_blanks();
    scanner.at
}

/// Position of the first byte at or after `at` that is neither a space nor a tab.
pub(in crate::decode) fn skip_spaces(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The last character boundary at or before `at`.
pub(in crate::decode) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first and the last text of a list.
#[derive(Default)]
pub(super) struct FirstAndLast<'a> {
    pub(in crate::decode) first: Option<&'a str>,
    pub(in crate::decode) last: Option<&'a str>,
}

/// Why there is no text at a position.
enum NoText {
    /// There is another value, which was skipped.
    Absent,
    NeedsFallback,
}

/// A position in a text that can be advanced.
pub(super) struct Scanner<'a> {
    pub(in crate::decode) text: &'a str,
    bytes: &'a [u8],
    pub(in crate::decode) at: usize,
}

impl<'a> Scanner<'a> {
    pub(in crate::decode) fn new(text: &'a str, at: usize) -> Self {
        Self { text, bytes: text.as_bytes(), at }
    }

    #[inline]
    pub(in crate::decode) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    pub(in crate::decode) fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Walk<()> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(NeedsFallback)
        }
    }

    /// Reads a key, its colon and the white space around them; ends at the value.
    #[inline]
    fn key(&mut self) -> Walk<&'a str> {
        self.skip_blanks();
        let key = self.string()?;
        self.skip_blanks();
        self.expect(b':')?;
        self.skip_blanks();
        Ok(key)
    }

    /// Reads a string without escapes, and without control characters, which JSON does not have in strings: a text with a line end may be two.
    #[inline(always)]
    fn string(&mut self) -> Walk<&'a str> {
        self.expect(b'"')?;
        let start = self.at;
        let end = end_of_plain_text(self.bytes, start).ok_or(NeedsFallback)?;
        if self.bytes[end] != b'"' {
            return Err(NeedsFallback);
        }
        self.at = end + 1;
        self.text.get(start..end).ok_or(NeedsFallback)
    }

    /// Walks an object; `member` is called at each value and must skip it.
    #[inline]
    pub(super) fn object(&mut self, member: impl FnMut(&mut Self, &'a str) -> Walk<()>) -> Walk<()> {
        self.expect(b'{')?;
        self.skip_blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        self.members(member)
    }

    /// Walks members up to the closing `}`.
    #[inline]
    fn members(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Walk<()>) -> Walk<()> {
        loop {
            let key = self.key()?;
            member(self, key)?;
            if self.end_member()? {
                return Ok(());
            }
        }
    }

    /// Skips the comma or bracket after a member; returns whether the object has ended.
    #[inline(always)]
    fn end_member(&mut self) -> Walk<bool> {
        self.skip_blanks();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            Some(b'}') => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(NeedsFallback),
        }
    }

    /// Walks an object whose members usually have the same order; `member` is called at each value and must
    /// skip it. `field` identifies a key.
    #[inline(always)]
    pub(super) fn object_in_order<F: Copy>(
        &mut self,
        order: &mut KeyPredictor<F>,
        field: impl Fn(&str) -> F,
        mut member: impl FnMut(&mut Self, F) -> Walk<()>,
    ) -> Walk<()> {
        self.expect(b'{')?;
        let mut step = WalkState::START;
        let mut first = true;
        loop {
            let found = match order.predict(&mut step, self.bytes, self.at) {
                Some((found, behind_colon)) => {
                    self.at = behind_colon;
                    self.skip_blanks();
                    found
                }
                None => {
                    let start = self.at;
                    self.skip_blanks();
                    if first && self.peek() == Some(b'}') {
                        self.at += 1;
                        return Ok(());
                    }
                    let key = self.key()?;
                    order.learn(&mut step, &self.bytes[start..self.at], key, &field)
                }
            };
            member(self, found)?;
            if self.end_member()? {
                return Ok(());
            }
            first = false;
        }
    }

    /// Like `object`, but skips a value that is not one.
    #[inline]
    pub(super) fn object_or_other(&mut self, member: impl FnMut(&mut Self, &'a str) -> Walk<()>) -> Walk<()> {
        if self.peek() == Some(b'{') { self.object(member) } else { self.skip() }
    }

    /// Reads a text; any other value counts as absent.
    #[inline(always)]
    pub(in crate::decode) fn text(&mut self) -> Walk<Option<&'a str>> {
        match self.try_text() {
            Ok(text) => Ok(Some(text)),
            Err(NoText::Absent) => Ok(None),
            Err(NoText::NeedsFallback) => Err(NeedsFallback),
        }
    }

    /// Reads a text. Its result fits into two registers, which that of [`Scanner::text`] does not: saves a twentieth of reading a record.
    #[inline(never)]
    fn try_text(&mut self) -> Result<&'a str, NoText> {
        if self.peek() == Some(b'"') {
            return self.string().map_err(|NeedsFallback| NoText::NeedsFallback);
        }
        Err(self.skip().map_or(NoText::NeedsFallback, |()| NoText::Absent))
    }

    /// Reads the text at the end of a path of keys; any other value counts as absent. Of a key that is given twice the last value counts.
    pub(super) fn text_at(&mut self, path: &[&str]) -> Walk<Option<&'a str>> {
        let Some((first, rest)) = path.split_first() else { return self.text() };
        let mut found = None;
        self.object_or_other(|scanner, key| {
            if key == *first {
                found = scanner.text_at(rest)?;
                Ok(())
            } else {
                scanner.skip()
            }
        })?;
        Ok(found)
    }

    /// Reads the texts of a list, or a single text; any other value counts as an empty list.
    pub(in crate::decode) fn first_and_last(&mut self) -> Walk<FirstAndLast<'a>> {
        let mut listed = FirstAndLast::default();
        if self.peek() != Some(b'[') {
            let single = self.text()?;
            return Ok(FirstAndLast { first: single, last: single });
        }
        self.at += 1;
        self.skip_blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(listed);
        }
        loop {
            self.skip_blanks();
            if let Some(text) = self.text()? {
                listed.first = listed.first.or(Some(text));
                listed.last = Some(text);
            }
            self.skip_blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(listed);
                }
                _ => return Err(NeedsFallback),
            }
        }
    }

    /// Reads `true`, `false` or their texts; any other value counts as absent.
    pub(in crate::decode) fn flag(&mut self) -> Walk<Option<bool>> {
        let start = self.at;
        let value = if self.peek() == Some(b'"') {
            self.string()?
        } else {
            self.skip()?;
            &self.text[start..self.at]
        };
        Ok(value.parse().ok())
    }

    /// Skips a value of any kind.
    #[inline]
    pub(in crate::decode) fn skip(&mut self) -> Walk<()> {
        match self.peek() {
            Some(b'"') => self.skip_string(),
            Some(b'{' | b'[') => {
                self.at = nested_end(self.bytes, self.at).ok_or(NeedsFallback)?;
                Ok(())
            }
            _ => self.skip_scalar(),
        }
    }

    #[inline]
    fn skip_string(&mut self) -> Walk<()> {
        self.at += 1;
        loop {
            let hit = quote_or_backslash(self.bytes, self.at).ok_or(NeedsFallback)?;
            if self.bytes[hit] == b'"' {
                self.at = hit + 1;
                return Ok(());
            }
            self.at = hit + 2;
        }
    }

    /// Skips a number, `true`, `false` or `null`.
    #[inline]
    fn skip_scalar(&mut self) -> Walk<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'a'..=b'z' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E')) {
            self.at += 1;
        }
        if self.at == start { Err(NeedsFallback) } else { Ok(()) }
    }
}
