//! Makes texts from logs harmless to display, and invisible characters visible.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Cleans a text for CSV, so that no spreadsheet runs it as a formula and nothing is invisible.
///
/// - Characters are escaped as by [`for_terminal`].
/// - A text that starts with `=`, `+`, `-`, `@`, a tab or a line end, also after quotes or spaces and in
///   full-width form, gets a leading `'`.
/// - So does the text after a `;` or a `|`, which a spreadsheet may treat as delimiters.
///
/// Source: OWASP, "CSV Injection"; AWS gives the same warning for its own downloads.
///
/// ```
/// use firstseen::report::for_spreadsheet;
///
/// assert_eq!(for_spreadsheet("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
/// assert_eq!(for_spreadsheet("curl;=HYPERLINK(\"x\")"), "curl;'=HYPERLINK(\"x\")");
/// assert_eq!(for_spreadsheet("aws-cli/2.15"), "aws-cli/2.15");
/// ```
pub fn for_spreadsheet(text: &str) -> Cow<'_, str> {
    const SPLITTING: [char; 2] = [';', '|'];
    let visible = for_terminal(text);
    let splits = memchr::memchr2(b';', b'|', text.as_bytes()).is_some();
    let is_formula = begins_formula(text) || (splits && text.split(SPLITTING).skip(1).any(begins_formula));
    if !is_formula {
        return visible;
    }
    let mut inert = String::with_capacity(visible.len() + 2);
    for part in text.split_inclusive(SPLITTING) {
        if begins_formula(part) {
            inert.push('\'');
        }
        inert.push_str(&for_terminal(part));
    }
    Cow::Owned(inert)
}

/// Whether a spreadsheet would run a cell with this text.
fn begins_formula(text: &str) -> bool {
    let starts_formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let passed_over = |c: char| matches!(c, ' ' | '"' | '\'' | '\u{3000}') || is_invisible(c);
    text.starts_with(starts_formula) || text.trim_start_matches(passed_over).starts_with(starts_formula)
}

/// Cleans a text for a terminal: characters that are invisible, move the cursor or change the writing
/// direction are escaped as `\u{200b}`, so different texts look different. The backslash of a literal `\u{`
/// is escaped as `\u{5c}`.
///
/// ```
/// use firstseen::report::for_terminal;
///
/// assert_eq!(for_terminal("a\u{1b}[2Jb\u{202e}c\n"), r"a\u{1b}[2Jb\u{202e}c\u{a}");
/// assert_eq!(for_terminal("ad\u{200b}min"), r"ad\u{200b}min");
/// assert_eq!(for_terminal(r"CORP\jo"), r"CORP\jo");
/// ```
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    // Nearly all texts are plain, and this check is vectorised.
    let is_plain =
        text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~') & (byte != b'\\'));
    if is_plain {
        return Cow::Borrowed(text);
    }
    if !text.contains(is_invisible) && !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if is_escaped(text, at, c) {
            // Writing to a string cannot fail.
            let _ = write!(visible, r"\u{{{:x}}}", u32::from(c));
        } else {
            visible.push(c);
        }
    }
    Cow::Owned(visible)
}

/// The start of an escape.
const ESCAPE: &str = r"\u{";

/// Whether the character at a place of a text is escaped.
fn is_escaped(text: &str, at: usize, c: char) -> bool {
    is_invisible(c) || text[at..].starts_with(ESCAPE)
}

/// Cleans JSON text for a terminal: what [`for_terminal`] escapes is escaped as JSON does, so that its meaning stays the same.
///
/// ```
/// use firstseen::report::for_json_in_terminal;
///
/// assert_eq!(for_json_in_terminal("\"a\u{1b}[2J\u{e0041}\""), r#""a\u001b[2J\udb40\udc41""#);
/// ```
pub fn for_json_in_terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(visible, r"\u{unit:04x}");
            }
        } else {
            visible.push(c);
        }
    }
    Cow::Owned(visible)
}

/// Whether a character is invisible or looks like a space: controls; default ignorable characters
/// (DerivedCoreProperties.txt, 16.0); invisible format characters; line and paragraph separators; spaces that
/// are not wider than the ordinary space.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{1680}'
            | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Cleans a text for XML content and quoted attributes: escapes markup, and everything that [`for_terminal`]
/// escapes, which includes the characters that XML forbids.
///
/// ```
/// use firstseen::report::for_xml;
///
/// assert_eq!(for_xml("a<script>&\"\u{1b}"), r"a&lt;script&gt;&amp;&quot;\u{1b}");
/// ```
pub fn for_xml(text: &str) -> Cow<'_, str> {
    // XML 1.0, 2.2: of the characters that a Rust string can hold, controls, U+FFFE and U+FFFF are forbidden.
    let text = for_terminal(text);
    if !text.contains(|c: char| "&<>\"'".contains(c)) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
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

/// Cleans a text that may be owned by `clean`, which returns a text that is clean as it is.
pub(super) fn cleaned(text: Cow<'_, str>, clean: fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => clean(text),
        Cow::Owned(text) => Cow::Owned(match clean(&text) {
            Cow::Owned(cleaned) => cleaned,
            Cow::Borrowed(_) => text,
        }),
    }
}

/// Quotes a text as one word of a POSIX shell.
///
/// ```
/// use firstseen::report::for_shell;
///
/// assert_eq!(for_shell("30d"), "30d");
/// assert_eq!(for_shell("iam:*"), "'iam:*'");
/// assert_eq!(for_shell("it's"), r"'it'\''s'");
/// assert_eq!(for_shell(""), "''");
/// ```
pub fn for_shell(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', "'\\''")))
    }
}

/// Quotes a path as one word of a POSIX shell that no program takes for a flag.
///
/// ```
/// use firstseen::report::path_for_shell;
///
/// assert_eq!(path_for_shell("-rf/a.json"), "./-rf/a.json");
/// assert_eq!(path_for_shell("a b.json"), "'a b.json'");
/// assert_eq!(path_for_shell("-"), "-");
/// ```
pub fn path_for_shell(path: &str) -> Cow<'_, str> {
    match path.starts_with('-') && path != "-" {
        true => Cow::Owned(for_shell(&format!("./{path}")).into_owned()),
        false => for_shell(path),
    }
}

/// The last word of a command, after which no flag comes, so that it is not taken for one.
///
/// ```
/// use firstseen::report::last_word_for_shell;
///
/// assert_eq!(last_word_for_shell("-rf"), "-- -rf");
/// assert_eq!(last_word_for_shell("AKIAEXAMPLE"), "AKIAEXAMPLE");
/// ```
pub fn last_word_for_shell(text: &str) -> Cow<'_, str> {
    match text.starts_with('-') {
        true => Cow::Owned(format!("-- {}", for_shell(text))),
        false => for_shell(text),
    }
}

/// A flag with its value as words of a POSIX shell; a value that looks like a flag is attached to it.
///
/// ```
/// use firstseen::report::flag_for_shell;
///
/// assert_eq!(flag_for_shell("--principal", "it's"), r"--principal 'it'\''s'");
/// assert_eq!(flag_for_shell("--principal", "--quiet"), "--principal=--quiet");
/// ```
pub fn flag_for_shell(flag: &str, value: &str) -> String {
    let mark = if value.starts_with('-') { '=' } else { ' ' };
    format!("{flag}{mark}{}", for_shell(value))
}

/// A glob that matches this text. Each character that [`for_terminal`] would escape is `?`, since a command is copied as it is printed.
pub(super) fn literal_glob(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped(text, at, c) => glob.push('?'),
            '*' | '?' | '[' => glob.extend(['[', c, ']']),
            other => glob.push(other),
        }
    }
    glob
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::before_printing;

    #[test]
    fn disguised_formulas_are_inert() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@x",
            "\t=1",
            "\r",
            " =1",
            "\" =1",
            "＝1",
            "\u{feff}@x",
            "\u{200b}=1",
            "\u{1b}=1",
            "\n=1",
        ] {
            assert!(for_spreadsheet(text).starts_with('\''), "{text:?}");
        }
        for text in
            ["", "1+1", "a=b", "000123456789", "Mozilla/5.0 (X11; Linux x86_64)", "a|b", "x;y=1", "a; b"]
        {
            assert_eq!(for_spreadsheet(text), text);
        }
    }

    #[test]
    fn formulas_after_a_delimiter_are_inert() {
        for (text, inert) in [
            ("x;=1", "x;'=1"),
            ("x|@SUM(A1)", "x|'@SUM(A1)"),
            ("x; \"=1", "x;' \"=1"),
            ("=1;=2;3;-4", "'=1;'=2;3;'-4"),
            ("a;\u{feff}=1", r"a;'\u{feff}=1"),
            ("a\t=1", r"a\u{9}=1"),
            ("a\r\n=1", r"a\u{d}\u{a}=1"),
        ] {
            assert_eq!(for_spreadsheet(text), inert, "{text:?}");
        }
    }

    #[test]
    fn invisible_characters_are_escaped_by_number() {
        for c in [
            '\0',
            '\u{7}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{2069}',
            '\u{206f}',
            '\u{feff}',
            '\u{180e}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
            '\u{e0100}',
            '\u{1d173}',
        ] {
            assert_eq!(for_terminal(&format!("a{c}b")), format!(r"a\u{{{:x}}}b", u32::from(c)));
        }
        assert_eq!(for_terminal(r"a\u{200b}"), r"a\u{5c}u{200b}");
        for text in ["größe", "名前\u{3000}", r"C:\users\jo", "🙂", "e\u{301}"] {
            assert_eq!(for_terminal(text), text);
        }
    }

    /// Texts with many special characters.
    fn hostile() -> impl Strategy<Value = String> {
        let marks = r"[\x00-\x1f\x7f-\x9f\u{a0}\u{ad}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{e0000}-\u{e007f}=+@;|,'{}<>&u \\\x22-]";
        proptest::collection::vec(
            prop_oneof![marks.prop_map(String::from), any::<char>().prop_map(String::from)],
            0..24,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn what_is_printed_leads_back(text in hostile()) {
            let visible = for_terminal(&text);
            prop_assert!(*visible == text || before_printing(&visible).any(|name| name == text));
            let cell = for_spreadsheet(&text);
            // A `'` of the text itself is taken for one of ours.
            let is_own = text.split([';', '|']).any(|part| part.starts_with('\''));
            prop_assert!(is_own || *cell == text || before_printing(&cell).any(|name| name == text), "{cell:?}");
        }

        #[test]
        fn no_output_contains_invisible_characters(text in hostile()) {
            for shown in [for_terminal(&text), for_spreadsheet(&text), for_xml(&text)] {
                prop_assert!(!shown.contains(is_invisible), "{shown:?}");
            }
        }

        #[test]
        fn different_texts_look_different(left in hostile(), right in hostile(), c in any::<char>(), at in 0..8_usize) {
            let mut other: Vec<char> = left.chars().collect();
            other.insert(at.min(other.len()), c);
            for other in [right, other.into_iter().collect()] {
                prop_assert_eq!(left == other, for_terminal(&left) == for_terminal(&other));
                prop_assert_eq!(left == other, for_xml(&left) == for_xml(&other));
            }
        }

        #[test]
        fn no_part_of_a_cell_is_a_formula(text in hostile()) {
            for part in for_spreadsheet(&text).split([';', '|']) {
                prop_assert!(part.starts_with('\'') || !begins_formula(part), "{part:?} of {text:?}");
            }
        }

        #[test]
        fn xml_text_contains_no_markup(text in hostile()) {
            let shown = for_xml(&text).replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            let shown = shown.replace("&quot;", "").replace("&#39;", "");
            prop_assert!(!shown.contains(['<', '>', '&', '"', '\'']), "{shown:?}");
        }
    }
}
