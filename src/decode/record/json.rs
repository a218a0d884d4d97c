//! Access to any value of a record by its path in the text, for the few records of which more is needed than
//! the scanner reads. Nothing is built, and values off the path are skipped.

use std::borrow::Cow;

use super::surrogates::without_lone_surrogates;
use super::walk::{NeedsFallback, Scanner, Walk, lenient_value_end};
use crate::json_string::string_end;

/// The usual number of members of a record.
const USUAL_MEMBERS: usize = 32;

/// A value as a slice of JSON text. Only brackets and strings of its contents were checked; unreadable values
/// count as absent, and those behind them are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// The value in a text, with any white space around it.
    pub fn new(text: &'a str) -> Self {
        Self(text.trim_ascii())
    }

    /// Its JSON text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        self.0.starts_with('[')
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// The value of a key; the last one if the key is given twice.
    ///
    /// ```
    /// use firstseen::decode::Json;
    ///
    /// let json = Json::new(r#"{"a":{"b\u0063":[1,"x\ny"]},"z":null}"#);
    /// let list = json.member("a").unwrap().member("bc").unwrap();
    /// assert_eq!(list.items()[1].text(), "x\ny");
    /// assert_eq!(list.text(), r#"[1,"x\ny"]"#);
    /// assert!(json.member("z").unwrap().is_null());
    /// assert_eq!(json.member("y"), None);
    /// ```
    pub fn member(self, key: &str) -> Option<Self> {
        let mut found = None;
        self.walk_members(|known, value| {
            if known == key {
                found = Some(value);
            }
        });
        found
    }

    /// Keys and values of an object, in order; empty for anything else.
    pub fn members(self) -> Vec<(Cow<'a, str>, Self)> {
        let mut members = Vec::with_capacity(if self.is_object() { USUAL_MEMBERS } else { 0 });
        self.walk_members(|key, value| members.push((key, value)));
        members
    }

    /// Calls `member` with each key and value of an object, but not with malformed ones.
    fn walk_members(self, mut member: impl FnMut(Cow<'a, str>, Self)) {
        let mut scanner = Scanner::new(self.0, 0);
        if scanner.expect(b'{').is_err() {
            return;
        }
        while find_key(&mut scanner) {
            if let Ok((key, value)) = read_member(&mut scanner) {
                member(key.text(), value);
            }
        }
    }

    /// The items of a list, in order; empty for anything else.
    pub fn items(self) -> Vec<Self> {
        let mut items = Vec::new();
        let mut scanner = Scanner::new(self.0, 0);
        if scanner.expect(b'[').is_err() {
            return items;
        }
        while find_item(&mut scanner) {
            match slice(&mut scanner) {
                Ok(item) => items.push(Self(item)),
                Err(NeedsFallback) => pass_over(&mut scanner, b",]\"{["),
            }
        }
        items
    }

    /// The content of a string that is not empty; nothing of any other value.
    pub fn non_empty_string(self) -> Option<Cow<'a, str>> {
        self.0.starts_with('"').then(|| self.text()).filter(|text| !text.is_empty())
    }

    /// The content of a string; for any other value, its JSON text without white space.
    pub fn text(self) -> Cow<'a, str> {
        let Some(inner) = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return without_blanks(self.0);
        };
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let mended = without_lone_surrogates(self.0);
        // A text with an invalid escape is left unchanged.
        serde_json::from_str(&mended).map_or(Cow::Borrowed(inner), Cow::Owned)
    }
}

/// Goes to the next key of an object; false at its end. What is malformed before it is passed over: the scanner of records does not see it, so
/// it must not hide what comes behind it.
fn find_key(scanner: &mut Scanner<'_>) -> bool {
    loop {
        pass_over(scanner, b"\"{[}");
        match scanner.peek() {
            Some(b'"') => return true,
            Some(b'{' | b'[') if scanner.skip().is_ok() => {}
            _ => return false,
        }
    }
}

/// Goes to the next item of a list; false at its end.
fn find_item(scanner: &mut Scanner<'_>) -> bool {
    while matches!(scanner.peek(), Some(b' ' | b'\n' | b'\r' | b'\t' | b',')) {
        scanner.at += 1;
    }
    !matches!(scanner.peek(), None | Some(b']' | b'}'))
}

/// Advances to one of these bytes, or to the end.
fn pass_over(scanner: &mut Scanner<'_>, up_to: &[u8]) {
    while scanner.peek().is_some_and(|byte| !up_to.contains(&byte)) {
        scanner.at += 1;
    }
}

/// The key that begins here, and its value.
fn read_member<'a>(scanner: &mut Scanner<'a>) -> Walk<(Json<'a>, Json<'a>)> {
    let key = Json(slice(scanner)?);
    scanner.skip_blanks();
    scanner.expect(b':')?;
    scanner.skip_blanks();
    Ok((key, Json(slice(scanner)?)))
}

/// The slice of the value that begins here. `NaN` and infinite numbers are values, too: many programs write them.
fn slice<'a>(scanner: &mut Scanner<'a>) -> Walk<&'a str> {
    let start = scanner.at;
    scanner.at = lenient_value_end(scanner.text, start)?;
    scanner.text.get(start..scanner.at).ok_or(NeedsFallback)
}

/// JSON text without the white space between tokens.
fn without_blanks(text: &str) -> Cow<'_, str> {
    let is_blank = |c: char| matches!(c, ' ' | '\n' | '\r' | '\t');
    let bytes = text.as_bytes();
    if memchr::memchr3(b' ', b'\n', b'\t', bytes).is_none() && memchr::memchr(b'\r', bytes).is_none() {
        return Cow::Borrowed(text);
    }
    let mut compact = String::new();
    // The end of the text copied to `compact`, and of the text examined.
    let (mut taken, mut at) = (0, 0);
    while at < text.len() {
        let end = at + memchr::memchr(b'"', &bytes[at..]).unwrap_or(text.len() - at);
        if text[at..end].contains(is_blank) {
            compact.push_str(&text[taken..at]);
            compact.extend(text[at..end].chars().filter(|c| !is_blank(*c)));
            taken = end;
        }
        at = string_end(text, end);
    }
    if taken == 0 && compact.is_empty() {
        return Cow::Borrowed(text);
    }
    compact.push_str(&text[taken..]);
    Cow::Owned(compact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_values_are_missing() {
        for text in ["", "{", "{\"a\"", "{\"a\":", "{\"a\":}", "7", "[", "\"\\"] {
            let json = Json::new(text);
            assert_eq!(json.member("b"), None, "{text}");
            assert!(json.items().is_empty() && json.text().len() <= text.len());
        }
        assert_eq!(Json::new("[1,").items().len(), 1);
        assert_eq!(Json::new(r#"{"a":1,"a":2}"#).member("a").unwrap().text(), "2");
    }

    /// The scanner of records passes such values, so nothing may be hidden behind them.
    #[test]
    fn values_behind_malformed_ones_are_read() {
        for malformed in [
            "\"x\":NaN",
            "\"x\":-Infinity",
            "\"x\" 1",
            "x:1",
            "'x':1",
            "'x':\"b\"",
            "\"x\":1,",
            "\"x\":TRUE",
            "\"x\":1;",
            "\"x\"",
            "\"x\":",
            "\"x\":é",
            "{\"b\":1}",
            "\"x\":[1 2] [\"b\"]",
        ] {
            let text = format!("{{{malformed},\"b\":\"found\"}}");
            assert_eq!(Json::new(&text).member("b").map(Json::text).as_deref(), Some("found"), "{text}");
            assert!(Json::new(&text).members().len() <= 3);
            let list = format!("[{malformed},\"b\"]");
            assert_eq!(
                Json::new(&list).items().last().map(|last| last.text()).as_deref(),
                Some("b"),
                "{list}"
            );
        }
        assert_eq!(Json::new("{\"x\":NaN}").member("x").unwrap().text(), "NaN");
        assert_eq!(Json::new("{\"a\":1 \"b\":2}").member("b").unwrap().text(), "2");
        assert_eq!(Json::new("[TRUE,1]").items().len(), 1);
    }

    #[test]
    fn white_space_between_tokens_is_ignored() {
        let json = Json::new("\n { \"a b\" : [ 1 , {\"c\\\" d\": \" e \"} ] , \"f\" : 1e400 } ");
        assert_eq!(json.member("a b").unwrap().text(), r#"[1,{"c\" d":" e "}]"#);
        assert_eq!(json.member("f").unwrap().text(), "1e400");
        assert_eq!(json.members().len(), 2);
        assert_eq!(json.member("a b").unwrap().items()[1].member("c\" d").unwrap().text(), " e ");
    }

    #[test]
    fn escapes_are_decoded_and_a_lone_surrogate_is_replaced() {
        assert_eq!(Json::new(r#""\u00e9\ud83d\ude00 \ud83d!""#).text(), "é😀 \u{fffd}!");
    }
}
