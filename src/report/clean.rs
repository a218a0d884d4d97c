//! Makes texts from logs harmless for the one who reads them.

use std::borrow::Cow;

/// A text that no spreadsheet runs as a formula: one that begins with `=`, `+`, `-`, `@`, a tab or a line end, also
/// behind quotes or blanks and in full-width form, gets a leading `'`.
///
/// Source: OWASP, "CSV Injection"; AWS warns of the same for its own downloads.
///
/// ```
/// use firstseen::report::for_spreadsheet;
///
/// assert_eq!(for_spreadsheet("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
/// assert_eq!(for_spreadsheet("aws-cli/2.15"), "aws-cli/2.15");
/// ```
pub fn for_spreadsheet(text: &str) -> Cow<'_, str> {
    let starts_formula = |c: char| "=+-@\t\r\n＝＋－＠".contains(c);
    let passed_over = |c: char| matches!(c, ' ' | '"' | '\'' | '\u{a0}' | '\u{feff}' | '\u{3000}');
    let runs =
        text.starts_with(starts_formula) || text.trim_start_matches(passed_over).starts_with(starts_formula);
    if runs { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A text without control characters and without characters that turn the direction of writing.
///
/// ```
/// use firstseen::report::for_terminal;
///
/// assert_eq!(for_terminal("a\u{1b}[2Jb\u{202e}c\n"), "a[2Jbc");
/// ```
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    // Unicode Standard Annex 9, table of directional formatting characters; U+2028 and U+2029 break lines.
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(harmful) {
        Cow::Owned(text.chars().filter(|c| !harmful(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// A text that XML takes as text, also between quotes: without what is markup and without characters it forbids.
///
/// ```
/// use firstseen::report::for_xml;
///
/// assert_eq!(for_xml("a<script>&\"\u{1b}"), "a&lt;script&gt;&amp;&quot;");
/// ```
pub fn for_xml(text: &str) -> Cow<'_, str> {
    // XML 1.0, 2.2: of the characters a Rust text can hold, controls, U+FFFE and U+FFFF are none.
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    if !text.contains(|c: char| forbidden(c) || "&<>\"'".contains(c)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars().filter(|c| !forbidden(*c)) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_inert_in_every_disguise() {
        for text in ["=1+1", "+1", "-1", "@x", "\t=1", "\r", " =1", "\" =1", "＝1", "\u{feff}@x"] {
            assert!(for_spreadsheet(text).starts_with('\''), "{text:?}");
        }
        for text in ["", "1+1", "a=b", "000123456789", "Mozilla/5.0 (X11)"] {
            assert_eq!(for_spreadsheet(text), text);
        }
    }
}
