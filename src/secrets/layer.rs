//! A text without its escapes, and where each byte of it comes from. So what is found in JSON within strings, or in a URL within a URL,
//! can be replaced in the text that holds it, with every other byte as it was.

use std::ops::Range;

/// A text in which escapes are replaced by what they stand for.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) text: String,
    /// Where each byte of the text begins in the text with escapes; then the end of that.
    origins: Vec<usize>,
    /// Writes a text with escapes again.
    escape: fn(&str) -> String,
}

impl Layer {
    /// The content of a JSON string; `None` if nothing in it is escaped. An escape that is not one of JSON stays.
    pub(super) fn unescaped(text: &str) -> Option<Self> {
        text.contains('\\').then(|| Self::new(text, escaped, escape)).flatten()
    }

    /// A text without percent-encoding; `None` if it has none. Only plain characters are decoded: names consist of them.
    pub(super) fn percent_decoded(text: &str) -> Option<Self> {
        text.contains('%').then(|| Self::new(text, percent_encoded, percent_encode)).flatten()
    }

    /// `decode` gives the character that an escape at the start of a text stands for, and the length of the escape.
    fn new(
        text: &str,
        decode: fn(&str) -> Option<(char, usize)>,
        escape: fn(&str) -> String,
    ) -> Option<Self> {
        let mut layer = Self { text: String::with_capacity(text.len()), origins: Vec::new(), escape };
        let (mut at, mut has_escapes) = (0, false);
        while let Some(next) = text[at..].chars().next() {
            let found = decode(&text[at..]);
            has_escapes |= found.is_some();
            let (c, length) = found.unwrap_or((next, next.len_utf8()));
            layer.text.push(c);
            layer.origins.resize(layer.text.len(), at);
            at += length;
        }
        layer.origins.push(text.len());
        has_escapes.then_some(layer)
    }

    /// The range in the text with escapes.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        self.origins[range.start]..self.origins[range.end]
    }

    /// A replacement as it is written in the text with escapes.
    pub(super) fn written(&self, replacement: &str) -> String {
        (self.escape)(replacement)
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', r#"\""#)
}

fn percent_encode(text: &str) -> String {
    text.replace('%', "%25").replace('"', "%22")
}

/// The escape of JSON at the start of a text. Half of a surrogate pair is U+FFFD.
fn escaped(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('\\')?;
    let c = match rest.chars().next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        c @ ('"' | '\\' | '/') => c,
        'u' => {
            let first = unit(text)?;
            let pair = text.get(6..).and_then(unit).map(|second| [first, second]);
            let pair = pair.and_then(|pair| char::decode_utf16(pair).next()?.ok());
            let is_pair = pair.is_some_and(|c| c.len_utf16() == 2);
            let alone = char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
            return Some((pair.filter(|_| is_pair).unwrap_or(alone), if is_pair { 12 } else { 6 }));
        }
        _ => return None,
    };
    Some((c, 2))
}

/// The code unit that `\uXXXX` at the start of a text stands for.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// The percent-encoded character at the start of a text.
fn percent_encoded(text: &str) -> Option<(char, usize)> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16).ok().filter(|byte| is_hex && byte.is_ascii())?;
    Some((char::from(byte), 3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_decoded_and_the_rest_stays() {
        let shown = |layer: Option<Layer>| layer.map(|layer| layer.text);
        let text = r#"a\"\\\u0041\n\ud83d\ude00\ud800x\q\u12"#;
        assert_eq!(shown(Layer::unescaped(text)).unwrap(), "a\"\\A\n😀\u{fffd}x\\q\\u12");
        assert_eq!(shown(Layer::percent_decoded("%7b%22é%zz%ff%2")).unwrap(), "{\"é%zz%ff%2");
        for plain in ["", "abc", "é", "100% of"] {
            assert!(Layer::unescaped(plain).is_none() && Layer::percent_decoded(plain).is_none());
        }
    }

    proptest! {
        #[test]
        fn every_part_has_its_origin(text in r#"(\\["u\\n]|u00|22|%|é|\\ud83d|\\ude00|x){0,20}"#) {
            for layer in [Layer::unescaped(&text), Layer::percent_decoded(&text)].into_iter().flatten() {
                prop_assert_eq!(layer.origin(&(0..layer.text.len())), 0..text.len());
                let ends = layer.text.char_indices().map(|(at, c)| at..at + c.len_utf8());
                let parts: String = ends.map(|range| &text[layer.origin(&range)]).collect();
                prop_assert_eq!(parts, text.clone());
            }
        }
    }
}
