//! Values that are on one line each, for every reader.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes one value on a line.
pub(super) fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, OnLine))?;
    out.write_all(b"\n")
}

/// JSON without characters that are line ends for some readers: U+0085, U+2028 and U+2029 are escaped, which means the same. JSON
/// itself escapes the others.
struct OnLine;

impl Formatter for OnLine {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        write_without_line_ends(fragment, out)
    }
}

/// Writes the text of JSON with escapes in place of what may be a line end, which stands only in its strings.
pub(super) fn write_without_line_ends<W: ?Sized + Write>(json: &str, out: &mut W) -> io::Result<()> {
    // The first bytes of the three; nearly all texts have neither.
    if memchr::memchr2(0xc2, 0xe2, json.as_bytes()).is_none() {
        return out.write_all(json.as_bytes());
    }
    for part in json.split_inclusive(['\u{85}', '\u{2028}', '\u{2029}']) {
        let end = part.chars().next_back().filter(|c| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'));
        match end {
            Some(end) => {
                out.write_all(&part.as_bytes()[..part.len() - end.len_utf8()])?;
                write!(out, "\\u{:04x}", u32::from(end))?;
            }
            None => out.write_all(part.as_bytes())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_on_one_line_for_every_reader() {
        let value = serde_json::json!({"a\u{2028}": ["\u{85}b\u{2029}\u{2028}", "é\n–"]});
        let mut out = Vec::new();
        line(&value, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, concat!(r#"{"a\u2028":["\u0085b\u2029\u2028","é\n–"]}"#, "\n"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
