//! Lays out JSON text: one member per line, or everything on one line. Keys, numbers and strings stay as written, and what is not
//! JSON is kept, since the text may be that of a broken record.

use crate::report::clean::for_json_in_terminal;
use crate::secrets::{Token, Tokens};

/// Deeper levels are not broken into lines, so that the layout of hostile text stays short.
const MOST_INDENTED: usize = 24;

/// JSON text for a terminal, one member or item per line.
pub(super) fn laid_out(text: &str) -> String {
    let mut out = String::with_capacity(2 * text.len());
    let mut depth = 0_usize;
    let mut tokens = Tokens::new(text).peekable();
    while let Some((_, token)) = tokens.next() {
        match token {
            Token::Open(bracket) => {
                out.push(bracket);
                depth += 1;
                if !matches!(tokens.peek(), Some((_, Token::Close(_)))) {
                    line(&mut out, depth);
                }
            }
            Token::Close(bracket) => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    line(&mut out, depth);
                }
                out.push(bracket);
            }
            Token::Comma => {
                out.push(',');
                line(&mut out, depth);
            }
            Token::Colon => out.push_str(": "),
            Token::Text(part) | Token::Other(part) => out.push_str(&for_json_in_terminal(part)),
        }
    }
    out
}

/// Ends a line.
fn line(out: &mut String, depth: usize) {
    if depth <= MOST_INDENTED {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

/// JSON text on one line; it must be JSON.
pub(super) fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (_, token) in Tokens::new(text) {
        match token {
            Token::Open(bracket) | Token::Close(bracket) => out.push(bracket),
            Token::Comma => out.push(','),
            Token::Colon => out.push(':'),
            Token::Text(part) | Token::Other(part) => out.push_str(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_layout_keeps_the_meaning() {
        let text = r#"{"a" :[1,{"b":[ ],"c":{}}, "x,\"y"],"d":1e400 ,"e":null}"#;
        let expected = "{\n  \"a\": [\n    1,\n    {\n      \"b\": [],\n      \"c\": {}\n    },\n    \"x,\\\"y\"\n  ],\n  \"d\": 1e400,\n  \"e\": null\n}";
        assert_eq!(laid_out(text), expected);
        assert_eq!(compact(expected), r#"{"a":[1,{"b":[],"c":{}},"x,\"y"],"d":1e400,"e":null}"#);
        let odd = "{\"a\":\"\u{202e}\u{1b}\"}";
        let shown = laid_out(odd);
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["a"], "\u{202e}\u{1b}");
    }

    #[test]
    fn hostile_text_stays_short_and_broken_text_is_kept() {
        let deep = "[".repeat(100_000);
        assert!(laid_out(&deep).len() < deep.len() + 2_000);
        let wide = format!("{}{}", "[".repeat(20), "1,".repeat(10_000));
        assert!(laid_out(&wide).len() < 30 * wide.len());
        assert_eq!(laid_out("}}x\"y"), "\n}\n}x\"y");
    }
}
