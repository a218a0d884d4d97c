//! The end of a string in JSON, whatever is wrong with the rest of the text.

/// Position after the string that begins at `start`, or the end of the text if it is not closed.
pub(crate) fn string_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_quote_ends_no_string() {
        for (text, end) in [
            (r#""a", 1"#, 3),
            (r#""""#, 2),
            (r#""a\"b" "#, 6),
            (r#""a\\" "#, 5),
            (r#""\é""#, 5),
            (r#""open"#, 5),
            (r#""open\"#, 6),
            ("\"", 1),
        ] {
            assert_eq!(string_end(text, 0), end, "{text}");
        }
    }
}
