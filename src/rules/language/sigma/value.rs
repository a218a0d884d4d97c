//! Compiles Sigma values with their modifiers to comparisons.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::names::shortened;
use crate::rules::evaluate::base64::{encoded, encoded_anywhere};
use crate::rules::evaluate::case::lower;
use crate::rules::evaluate::comparison::{Pattern, Test, regex};
use crate::rules::evaluate::decimal::Decimal;
use crate::rules::evaluate::part::Part;
use crate::rules::evaluate::transformer::Relation;
use crate::rules::language::regular_expression::{no_pattern, translated};

/// The modifiers after a field's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Modifiers {
    part: Anchoring,
    compare: Compare,
    /// Whether all values must match, not only one.
    pub(super) all: bool,
    pub(super) exists: bool,
    cased: bool,
    /// Flags of a regular expression.
    flags: String,
    /// Whether the value names another field of the event.
    pub(super) fieldref: bool,
    /// Whether the value has placeholders.
    pub(super) expand: bool,
    encoding: Encoding,
    base64: Option<Base64>,
}

/// The bytes that a text is encoded from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Encoding {
    #[default]
    Utf8,
    Utf16Le,
    Utf16Be,
    /// With a byte order mark.
    Utf16,
}

/// What is searched for in place of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Base64 {
    /// Its encoding.
    Whole,
    /// What the encoding of a longer text contains.
    Anywhere,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Anchoring {
    #[default]
    Whole,
    Start,
    End,
    Anywhere,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Compare {
    #[default]
    Text,
    Regex,
    Network,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Modifiers {
    /// Parses modifiers such as `contains|all`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut modifiers = Self::default();
        for word in text.split('|') {
            match word {
                "contains" => modifiers.part(Anchoring::Anywhere)?,
                "startswith" => modifiers.part(Anchoring::Start)?,
                "endswith" => modifiers.part(Anchoring::End)?,
                "all" => modifiers.all = true,
                "exists" => modifiers.exists = true,
                "cased" => modifiers.cased = true,
                "re" => modifiers.compare(Compare::Regex)?,
                "i" | "m" | "s" if modifiers.compare == Compare::Regex => modifiers.flags.push_str(word),
                "cidr" => modifiers.compare(Compare::Network)?,
                "lt" => modifiers.compare(Compare::Less)?,
                "lte" => modifiers.compare(Compare::LessOrEqual)?,
                "gt" => modifiers.compare(Compare::Greater)?,
                "gte" => modifiers.compare(Compare::GreaterOrEqual)?,
                "fieldref" => modifiers.fieldref = true,
                "expand" => modifiers.expand = true,
                "wide" | "utf16le" => modifiers.encoding(Encoding::Utf16Le)?,
                "utf16be" => modifiers.encoding(Encoding::Utf16Be)?,
                "utf16" => modifiers.encoding(Encoding::Utf16)?,
                "base64" => modifiers.base64(Base64::Whole)?,
                "base64offset" => modifiers.base64(Base64::Anywhere)?,
                "" => return Err("a modifier is empty".to_owned()),
                _ => return Err(format!("modifier '{word}' is not supported")),
            }
        }
        let is_of_texts = modifiers.part != Anchoring::Whole || modifiers.cased;
        let is_other = modifiers.compare != Compare::Text;
        let is_encoded = modifiers.base64.is_some();
        let compares = [is_of_texts, is_other, modifiers.exists].into_iter().filter(|it| *it).count();
        let is_excluded = (is_encoded || modifiers.fieldref) && (is_other || modifiers.exists)
            || modifiers.expand && (modifiers.fieldref || modifiers.exists);
        if compares > 1 || is_excluded || is_encoded && modifiers.fieldref {
            return Err(format!("modifiers '{text}' exclude each other"));
        }
        match modifiers.encoding {
            Encoding::Utf8 => Ok(modifiers),
            _ if is_encoded => Ok(modifiers),
            _ => Err("modifiers for UTF-16 need base64 or base64offset behind them".to_owned()),
        }
    }

    fn encoding(&mut self, encoding: Encoding) -> Result<(), String> {
        let known = std::mem::replace(&mut self.encoding, encoding);
        only_one(known == Encoding::Utf8 && self.base64.is_none())
    }

    fn base64(&mut self, base64: Base64) -> Result<(), String> {
        only_one(self.base64.replace(base64).is_none())
    }

    /// How a field is compared with another, if a value names one.
    pub(super) fn relation(&self) -> (Relation, bool) {
        let relation = match self.part {
            Anchoring::Whole => Relation::Equals,
            Anchoring::Start => Relation::StartsWith,
            Anchoring::End => Relation::EndsWith,
            Anchoring::Anywhere => Relation::Contains,
        };
        (relation, !self.cased)
    }

    /// The texts that are searched for in place of a value. Encoded is the text that it stands for, without its escapes.
    pub(super) fn encoded<'v>(&self, value: &'v str) -> Result<Vec<Cow<'v, str>>, String> {
        let Some(base64) = self.base64 else { return Ok(vec![Cow::Borrowed(value)]) };
        let parts = parts(value);
        let [GlobPart::Text(text)] = &parts[..] else {
            return Err(format!(
                "'{value}' has wildcards, which cannot be encoded in base64; write \\* and \\? for the characters"
            ));
        };
        let units = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let bytes = match self.encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => units(u16::to_le_bytes),
            Encoding::Utf16Be => units(u16::to_be_bytes),
            Encoding::Utf16 => [vec![0xff, 0xfe], units(u16::to_le_bytes)].concat(),
        };
        let (least, name) = match base64 {
            Base64::Whole => (1, "base64"),
            // Of a single byte nothing is left at some offsets.
            Base64::Anywhere => (2, "base64offset"),
        };
        if text.is_empty() || bytes.len() < least {
            return Err(format!(
                "'{value}' is too short for {name}: what it leaves to search for is in every text; search for a longer text"
            ));
        }
        Ok(match base64 {
            Base64::Whole => vec![encoded(&bytes).into()],
            Base64::Anywhere => encoded_anywhere(&bytes).map(Cow::Owned).into(),
        })
    }

    fn part(&mut self, part: Anchoring) -> Result<(), String> {
        let known = std::mem::replace(&mut self.part, part);
        only_one(known == Anchoring::Whole)
    }

    fn compare(&mut self, compare: Compare) -> Result<(), String> {
        let known = std::mem::replace(&mut self.compare, compare);
        only_one(known == Compare::Text)
    }

    /// Whether a null value is allowed, since no modifier says how to compare it.
    pub(super) fn takes_null(&self) -> bool {
        *self == Self { all: self.all, ..Self::default() }
    }

    /// Whether a value is compared with all of a text.
    pub(super) fn compares_all(&self) -> bool {
        self.part == Anchoring::Whole
            && self.compare == Compare::Text
            && self.base64.is_none()
            && !self.expand
    }

    /// The same modifiers for a value that may be anywhere in a record.
    pub(super) fn anywhere(self) -> Self {
        let part = if self.part == Anchoring::Whole { Anchoring::Anywhere } else { self.part };
        Self { part, ..self }
    }
}

fn only_one(is_first: bool) -> Result<(), String> {
    if is_first { Ok(()) } else { Err("two of its modifiers exclude each other".to_owned()) }
}

/// The test for a value.
pub(super) fn test(value: &str, modifiers: &Modifiers) -> Result<Test, String> {
    let than = |is_right| match Decimal::of_rule(value) {
        Some(number) => Ok(Test::Number(is_right, Box::new(number))),
        None => Err(format!("'{}' is no number", shortened(value))),
    };
    let pattern =
        |made: Result<Pattern, String>| made.map(Test::Matches).map_err(|reason| no_pattern(value, &reason));
    match modifiers.compare {
        Compare::Regex => {
            let lines = if modifiers.flags.contains('s') { "" } else { "-s" };
            let made = translated(value);
            pattern(made.and_then(|made| regex(&format!("(?{}{lines}){made}", modifiers.flags), false)))
        }
        Compare::Network => value
            .parse()
            .map(Test::Network)
            .map_err(|_| format!("'{value}' is no network such as 10.0.0.0/8")),
        Compare::Less => than(Ordering::is_lt),
        Compare::LessOrEqual => than(Ordering::is_le),
        Compare::Greater => than(Ordering::is_gt),
        Compare::GreaterOrEqual => than(Ordering::is_ge),
        Compare::Text => {
            let mut parts = parts(value);
            let at_start = matches!(modifiers.part, Anchoring::End | Anchoring::Anywhere);
            let at_end = matches!(modifiers.part, Anchoring::Start | Anchoring::Anywhere);
            if at_start && parts.first() != Some(&GlobPart::Any) {
                parts.insert(0, GlobPart::Any);
            }
            if at_end && parts.last() != Some(&GlobPart::Any) {
                parts.push(GlobPart::Any);
            }
            text_test(&parts, modifiers.cased, pattern)
        }
    }
}

/// A part of a text with wildcards.
#[derive(Clone, Debug, PartialEq)]
enum GlobPart {
    Text(String),
    /// `?`
    One,
    /// `*`
    Any,
}

/// Splits a text at its wildcards; a backslash escapes wildcards and itself.
fn parts(value: &str) -> Vec<GlobPart> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let wild = match c {
            '*' => GlobPart::Any,
            '?' => GlobPart::One,
            '\\' if chars.peek().is_some_and(|next| "*?\\".contains(*next)) => {
                text.extend(chars.next());
                continue;
            }
            _ => {
                text.push(c);
                continue;
            }
        };
        if !text.is_empty() {
            parts.push(GlobPart::Text(std::mem::take(&mut text)));
        }
        if wild != GlobPart::Any || parts.last() != Some(&GlobPart::Any) {
            parts.push(wild);
        }
    }
    if !text.is_empty() || parts.is_empty() {
        parts.push(GlobPart::Text(text));
    }
    parts
}

fn text_test(
    parts: &[GlobPart],
    cased: bool,
    pattern: impl Fn(Result<Pattern, String>) -> Result<Test, String>,
) -> Result<Test, String> {
    let lowered = |text: &str| lower(text).into();
    Ok(match parts {
        [GlobPart::Any] => Test::Exists,
        [GlobPart::Text(text)] if cased => Test::Equals(text.as_str().into()),
        [GlobPart::Text(text)] => Test::EqualsAnyCase(lowered(text)),
        [GlobPart::Text(text), GlobPart::Any] if cased => Test::StartsWith(text.as_str().into()),
        [GlobPart::Text(text), GlobPart::Any] => Test::StartsWithAnyCase(lowered(text)),
        [GlobPart::Any, GlobPart::Text(text)] if cased => Test::EndsWith(text.as_str().into()),
        [GlobPart::Any, GlobPart::Text(text)] => Test::EndsWithAnyCase(lowered(text)),
        [GlobPart::Any, GlobPart::Text(text), GlobPart::Any] if cased => Test::Contains(Part::new(text)),
        [GlobPart::Any, GlobPart::Text(text), GlobPart::Any] => {
            Test::ContainsAnyCase(Part::new(&lower(text)))
        }
        _ => {
            let part = |part: &GlobPart| match part {
                GlobPart::Text(text) => regex::escape(text),
                GlobPart::One => ".".to_owned(),
                GlobPart::Any => ".*".to_owned(),
            };
            let all: String = parts.iter().map(part).collect();
            return pattern(regex(&format!("^{all}$"), !cased));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::evaluate::event_context::Value;

    fn passes(modifiers: &str, value: &str, text: &str) -> bool {
        let modifiers =
            if modifiers.is_empty() { Modifiers::default() } else { Modifiers::parse(modifiers).unwrap() };
        test(value, &modifiers).unwrap().passes(&Value::One(text.into()))
    }

    #[test]
    fn comparison_ignores_case_unless_cased() {
        assert!(passes("", "CreateUser", "createuser") && !passes("cased", "CreateUser", "createuser"));
        assert!(
            passes("contains", "admin", "TheAdministrator") && !passes("contains|cased", "admin", "Admin")
        );
        assert!(passes("startswith", "Get", "getUser") && passes("endswith", "USER", "getUser"));
    }

    #[test]
    fn wildcards_match_text_and_can_be_escaped() {
        assert!(passes("", "Get*User?", "GetTheUsers") && !passes("", "Get*User?", "GetTheUser"));
        assert!(passes("", r"a\*b", "a*b") && !passes("", r"a\*b", "axb"));
        assert!(
            passes("", r"C:\\x\y", r"c:\x\y")
                && passes("contains", "a.b", "xa.by")
                && !passes("contains", "a.b", "axb")
        );
        assert!(passes("", "*", "") && passes("", "", "") && !passes("", "", "a"));
    }

    #[test]
    fn contradictory_modifiers_are_refused() {
        let why = |text| Modifiers::parse(text).unwrap_err();
        assert_eq!(why("windash"), "modifier 'windash' is not supported");
        assert_eq!(why("wide|contains"), "modifiers for UTF-16 need base64 or base64offset behind them");
        assert_eq!(why("contains|"), "a modifier is empty");
        for text in [
            "startswith|endswith",
            "re|cidr",
            "contains|re",
            "re|contains",
            "exists|contains",
            "cased|re",
            "base64|re",
            "fieldref|exists",
            "base64|base64offset",
            "base64|wide",
        ] {
            assert!(why(text).contains("exclude each other"), "{text}");
        }
        for text in ["nan", "infinity", "inf", "x"] {
            assert!(test(text, &Modifiers::parse("gt").unwrap()).is_err(), "{text}");
        }
        assert!(
            Modifiers::parse("all").unwrap().takes_null()
                && !Modifiers::parse("contains").unwrap().takes_null()
        );
    }

    #[test]
    fn patterns_networks_and_numbers_are_compared_as_such() {
        assert!(
            passes("re", "^Get.+r$", "GetUser")
                && !passes("re", "^get", "GetUser")
                && passes("re|i", "^get", "GetUser")
        );
        assert!(
            passes("cidr", "10.0.0.0/8", "10.1.2.3") && passes("gte", "3", "3") && !passes("lt", "3", "3")
        );
        assert!(
            !passes("re", "^a.b$", "a\nb")
                && passes("re|s", "^a.b$", "a\nb")
                && passes("re|i|s", "A.b", "a\nb")
        );
        let re = Modifiers::parse("re").unwrap();
        assert!(test("(?=x)", &re).unwrap_err().starts_with("'(?=x)' is no pattern"));
    }
}
