//! Comparisons of values with the texts, numbers and patterns of a rule.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::FixedState;
use memchr::memmem;
use regex::{Regex, RegexBuilder};

use super::case::lower;
use super::decimal::{Decimal, decimal};
use super::event_context::Value;
use super::part::{Part, Parts};
use crate::model::AddressRange;

/// A set of texts.
pub(in crate::rules) type Texts = HashSet<Box<str>, FixedState>;

/// A comparison. Case-insensitive comparisons hold their text as [`lower`] gives it.
#[derive(Clone, Debug)]
pub(in crate::rules) enum Test {
    Exists,
    /// Whether the value exists and differs.
    Differs(Box<str>),
    Equals(Box<str>),
    EqualsAnyCase(Box<str>),
    Contains(Part),
    ContainsAnyCase(Part),
    /// Whether it contains one of these.
    ContainsOne(Parts),
    ContainsOneAnyCase(Parts),
    StartsWith(Box<str>),
    StartsWithAnyCase(Box<str>),
    EndsWith(Box<str>),
    EndsWithAnyCase(Box<str>),
    Matches(Pattern),
    ContainsBytes(Box<[u8]>),
    StartsWithBytes(Box<[u8]>),
    /// Whether a number is on the given side of another.
    Number(fn(Ordering) -> bool, Box<Decimal>),
    /// Whether a number is among these, as [`Decimal::key`] writes them.
    InNumbers(Texts),
    /// Whether all values are among these.
    In(Arc<Texts>),
    InAnyCase(Texts),
    /// Whether one of the values is among these.
    Intersects(Arc<Texts>),
    /// Whether a path is one of these folders, or in one.
    Below(Vec<Folder>),
    Network(AddressRange),
}

impl Test {
    /// Whether a value passes. Of several values one is enough, except for `in`, which all must pass. An
    /// absent value never passes.
    pub(in crate::rules) fn passes(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (_, Value::Absent) => false,
            (Self::Exists, _) => true,
            (_, Value::One(text)) => self.passes_text(text),
            (Self::In(_), several) => several.texts().iter().all(|text| self.passes_text(text)),
            (_, several) => several.texts().iter().any(|text| self.passes_text(text)),
        }
    }

    fn passes_text(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Differs(other) => *text != **other,
            Self::Equals(other) => *text == **other,
            Self::EqualsAnyCase(other) => is_same(text, other),
            Self::Contains(part) => part.is_in(text),
            Self::ContainsAnyCase(part) => part.is_in(&lower(text)),
            Self::ContainsOne(parts) => parts.one_is_in(text),
            Self::ContainsOneAnyCase(parts) => parts.one_is_in(&lower(text)),
            Self::StartsWith(part) => text.starts_with(&**part),
            Self::StartsWithAnyCase(part) => starts_with(text, part),
            Self::EndsWith(part) => text.ends_with(&**part),
            Self::EndsWithAnyCase(part) => ends_with(text, part),
            Self::ContainsBytes(part) => memmem::find(text.as_bytes(), part).is_some(),
            Self::StartsWithBytes(part) => text.as_bytes().starts_with(part),
            Self::Matches(pattern) => pattern.is_match(text),
            Self::Number(is_right, other) => {
                Decimal::parse(text).is_some_and(|number| is_right(number.cmp(other)))
            }
            Self::InNumbers(known) => decimal(text).is_some_and(|key| known.contains(&*key)),
            Self::In(known) | Self::Intersects(known) => known.contains(text),
            Self::InAnyCase(known) => known.contains(&*lower(text)),
            Self::Below(folders) => folders.iter().any(|folder| folder.has(text)),
            Self::Network(network) => network.contains(text),
        }
    }
}

impl Test {
    /// How much it holds beside its check, see `Condition::size`; patterns have a limit of their own.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Exists | Self::Number(..) | Self::Network(_) | Self::Matches(_) => 0,
            Self::Differs(text)
            | Self::Equals(text)
            | Self::EqualsAnyCase(text)
            | Self::StartsWith(text)
            | Self::StartsWithAnyCase(text)
            | Self::EndsWith(text)
            | Self::EndsWithAnyCase(text) => text.len() / BYTES_OF_PART,
            Self::ContainsBytes(bytes) | Self::StartsWithBytes(bytes) => bytes.len() / BYTES_OF_PART,
            Self::Contains(part) | Self::ContainsAnyCase(part) => part.text().len() / BYTES_OF_PART,
            // All copies of the test share them.
            Self::In(_) | Self::Intersects(_) | Self::ContainsOne(_) | Self::ContainsOneAnyCase(_) => 0,
            Self::InAnyCase(texts) | Self::InNumbers(texts) => {
                texts.iter().map(|text| size_of_value(text)).sum()
            }
            Self::Below(folders) => folders.iter().map(Folder::size).sum(),
        }
    }

    /// The size of its compiled patterns in bytes.
    pub(in crate::rules) fn pattern_size(&self) -> usize {
        match self {
            Self::Matches(pattern) => pattern.size,
            Self::Below(folders) => folders.iter().map(Folder::pattern_size).sum(),
            _ => 0,
        }
    }
}

/// How many bytes of a text count as one more part of a condition.
const BYTES_OF_PART: usize = 64;

/// How many parts of a condition a value counts as: one, and more if it is long.
pub(in crate::rules) fn size_of_value(value: &str) -> usize {
    1 + value.len() / BYTES_OF_PART
}

/// A compiled regular expression, which all copies share.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Pattern {
    regex: Arc<Regex>,
    /// The least of [`pattern_sizes`] within which it compiles.
    pub(in crate::rules) size: usize,
}

impl Pattern {
    pub(in crate::rules) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// Limit on the size of one compiled regular expression, in bytes; `\w`, with the letters of all scripts,
/// takes some fifty thousand.
const MAX_PATTERN: usize = 2 << 20;

/// Limits on the size of a pattern that are tried in turn, since it cannot be asked for its size: 8 KiB, which nearly all have, and up to
/// the most that is allowed.
fn pattern_sizes() -> impl Iterator<Item = usize> {
    [8, 6, 4, 2, 0].into_iter().map(|shift| MAX_PATTERN >> shift)
}

/// Compiles a regular expression in which `.` also matches line ends.
///
/// # Errors
/// A short description of what is wrong.
pub(in crate::rules) fn regex(text: &str, any_case: bool) -> Result<Pattern, String> {
    let mut builder = RegexBuilder::new(text);
    builder.case_insensitive(any_case).dot_matches_new_line(true);
    let mut made = pattern_sizes().map(|size| {
        let regex = Arc::new(builder.size_limit(size).build()?);
        Ok(Pattern { regex, size })
    });
    let is_larger =
        |made: &Result<_, _>| matches!(made, Err(regex::Error::CompiledTooBig(size)) if *size < MAX_PATTERN);
    let made = made.find(|made| !is_larger(made)).unwrap_or(Err(regex::Error::CompiledTooBig(MAX_PATTERN)));
    made.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            "the compiled pattern is too large; use smaller repetition counts".to_owned()
        }
        // The last of many lines states the error.
        other => {
            let text = other.to_string();
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    })
}

/// The regular expression for a shell glob with `*`, `?` and `[…]`, where `*` also matches `/`.
pub(in crate::rules) fn glob(text: &str, any_case: bool) -> Result<Pattern, String> {
    let mut pattern = String::from("^");
    let mut rest = text;
    let mut may_hold_sets = true;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            '[' => match may_hold_sets.then(|| set_at(rest)).flatten() {
                Some(set) if set.contains("[:") => {
                    return Err("sets such as [:digit:] are not read".to_owned());
                }
                Some(set) => {
                    pattern.push_str(&set_of(set));
                    rest = &rest[set.len() + 1..];
                }
                None => {
                    may_hold_sets = false;
                    pattern.push_str("\\[");
                }
            },
            '\\' => {
                let escaped = rest.chars().next().unwrap_or('\\');
                pattern.push_str(&regex::escape(&escaped.to_string()));
                rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
            }
            _ => pattern.push_str(&regex::escape(&c.to_string())),
        }
    }
    pattern.push('$');
    regex(&pattern, any_case)
}

/// The content of a set, before its `]`. A `]` at its start, or after a `!` at its start, is a member, and so is one behind a backslash.
fn set_at(rest: &str) -> Option<&str> {
    let not = usize::from(rest.starts_with(['!', '^']));
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(not) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            ']' if at > not => return Some(&rest[..at]),
            _ => {}
        }
    }
    None
}

/// The set `[…]` of a glob in the syntax of regular expressions.
fn set_of(set: &str) -> String {
    let (not, set) = match set.strip_prefix(['!', '^']) {
        Some(rest) => ("^", rest),
        None => ("", set),
    };
    // The members, each with whether it is a dash that may make a range of those around it.
    let mut given: Vec<(char, bool)> = Vec::new();
    let mut chars = set.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => given.extend(chars.next().map(|escaped| (escaped, false))),
            _ => given.push((c, c == '-')),
        }
    }
    let mut members = String::new();
    let mut rest = &given[..];
    while let [(c, _), behind @ ..] = rest {
        members.push_str(&regex::escape(&c.to_string()));
        rest = behind;
        if let [(_, true), (last, _), behind @ ..] = rest {
            members.push('-');
            members.push_str(&regex::escape(&last.to_string()));
            rest = behind;
        }
    }
    format!("[{not}{members}]")
}

fn is_same(text: &str, lowered: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(lowered) } else { lower(text) == lowered }
}

fn starts_with(text: &str, lowered: &str) -> bool {
    match text.get(..lowered.len()) {
        Some(start) if text.is_ascii() => start.eq_ignore_ascii_case(lowered),
        _ => !text.is_ascii() && lower(text).starts_with(lowered),
    }
}

fn ends_with(text: &str, lowered: &str) -> bool {
    match text.len().checked_sub(lowered.len()).and_then(|at| text.get(at..)) {
        Some(end) if text.is_ascii() => end.eq_ignore_ascii_case(lowered),
        _ => !text.is_ascii() && lower(text).ends_with(lowered),
    }
}

/// Limit on the parts of a path of a rule; more are not legitimate, and each may be a pattern.
const MOST_PARTS_OF_PATH: usize = 1_000;

/// A path whose parts may be globs.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Folder {
    parts: Vec<PathPart>,
}

#[derive(Clone, Debug)]
enum PathPart {
    Named(Box<str>),
    Glob(Pattern),
}

impl Folder {
    /// Parses a path. Empty parts do not count.
    ///
    /// # Errors
    /// If a part with `*`, `?` or `[` is no glob, or there are too many parts.
    pub(in crate::rules) fn parse(path: &str) -> Result<Self, String> {
        if parts_of(path).count() > MOST_PARTS_OF_PATH {
            return Err(format!("a path has {MOST_PARTS_OF_PATH} parts at most"));
        }
        let part = |part: &str| match part.contains(['*', '?', '[']) {
            true => glob(part, false).map(PathPart::Glob),
            false => Ok(PathPart::Named(part.into())),
        };
        Ok(Self { parts: parts_of(path).map(part).collect::<Result<_, _>>()? })
    }

    /// Whether a path is this one or below it.
    fn has(&self, path: &str) -> bool {
        let mut given = parts_of(path);
        self.parts.iter().all(|part| match (part, given.next()) {
            (_, None) => false,
            (PathPart::Named(name), Some(given)) => **name == *given,
            (PathPart::Glob(pattern), Some(given)) => pattern.is_match(given),
        })
    }

    fn size(&self) -> usize {
        let of_part = |part: &PathPart| match part {
            PathPart::Named(name) => size_of_value(name),
            PathPart::Glob(_) => 1,
        };
        1 + self.parts.iter().map(of_part).sum::<usize>()
    }

    /// The size of its compiled patterns in bytes.
    pub(in crate::rules) fn pattern_size(&self) -> usize {
        let of_part = |part: &PathPart| if let PathPart::Glob(pattern) = part { pattern.size } else { 0 };
        self.parts.iter().map(of_part).sum()
    }
}

/// The parts of a path that are not empty.
fn parts_of(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::evaluate::case::{folded, only};

    fn one(text: &str) -> Value<'_> {
        Value::One(text.into())
    }

    #[test]
    fn globs_match_as_in_a_shell() {
        let matches = |pattern: &str, text: &str| glob(pattern, false).unwrap().is_match(text);
        assert!(matches("/etc/*.d/?[a-c]", "/etc/a/b.d/xb"));
        assert!(!matches("/etc/*.d/?[!a-c]", "/etc/a/b.d/xb"));
        assert!(matches("a[]b]c", "a]c") && matches("a[b", "a[b") && matches("\\*.x", "*.x"));
        assert!(
            matches("[!]b]", "c") && !matches("[!]b]", "]") && matches("[é]x", "éx") && matches("x\\", "x\\")
        );
        assert!(glob("GET*", true).unwrap().is_match("getUser"));
        let members = |pattern: &str| ["a", "]", "b", "-", "\\"].map(|text| matches(pattern, text));
        assert_eq!(members(r"[a\]b]"), [true, true, true, false, false]);
        assert_eq!(members(r"[a\-\\]"), [true, false, false, true, true]);
        assert_eq!(members(r"[!\]]"), [true, false, true, true, true]);
        assert_eq!(members("[a-]"), [true, false, false, true, false]);
        assert_eq!(members("[+--]"), [false, false, false, true, false]);
        assert_eq!(members("[a&&b]"), [true, false, true, false, false]);
    }

    #[test]
    fn an_absent_value_passes_no_test() {
        for test in [Test::Exists, Test::Differs("a".into()), Test::In(Arc::default())] {
            assert!(!test.passes(&Value::Absent));
        }
    }

    #[test]
    fn one_of_several_values_must_pass_and_all_for_in() {
        let known: Arc<Texts> = Arc::new(["a".into(), "b".into()].into_iter().collect());
        let values = Value::list(vec!["a".into(), "c".into()]);
        assert!(Test::Intersects(known.clone()).passes(&values));
        assert!(!Test::In(known.clone()).passes(&values));
        assert!(Test::In(known).passes(&Value::list(vec!["a".into(), "b".into()])));
        assert!(Test::Equals("c".into()).passes(&values));
    }

    #[test]
    fn numbers_and_networks_are_compared_as_such() {
        let less = Test::Number(Ordering::is_lt, Box::new(Decimal::parse("10").unwrap()));
        assert!(less.passes(&one("9.5")) && !less.passes(&one("10")) && !less.passes(&one("x")));
        assert!(!less.passes(&one("-inf")) && !less.passes(&one("nan")));
        let is_in = |address, text: &str| Test::Network(text.parse().unwrap()).passes(&one(address));
        assert!(is_in("10.9.8.7", "10.0.0.0/8") && !is_in("11.0.0.1", "10.0.0.0/8"));
        assert!(is_in("10.9.8.7", "10.255.0.1/8"));
        assert!(is_in("1.2.3.4", "0.0.0.0/0") && !is_in("::1", "0.0.0.0/0"));
        assert!(is_in("2001:db8::1", "2001:db8::/32") && !is_in("AWS Internal", "::1"));
        assert!(is_in("10.0.0.1", "10.0.0.1") && !is_in("10.0.0.2", "10.0.0.1"));
        for text in ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "::/129", ""] {
            assert!(text.parse::<AddressRange>().is_err(), "{text}");
        }
    }

    /// As `path_prefix_map` of libsinsp does.
    #[test]
    fn paths_are_compared_part_by_part() {
        let below =
            |folder: &str, path: &str| Test::Below(vec![Folder::parse(folder).unwrap()]).passes(&one(path));
        for (folder, path) in [
            ("/etc/", "/etc/passwd"),
            ("/etc", "/etc"),
            ("/etc/foo", "/etc//foo/x"),
            ("/etc/foo", "etc/foo"),
            ("etc//foo", "/etc/foo/"),
            ("/", "/x"),
            ("/", ""),
            ("/etc/*/bar", "/etc/foo/bar"),
            ("/etc/*/bar", "/etc/foo/bar/x/y"),
            ("/etc/h?st[a-s]", "/etc/hosts"),
        ] {
            assert!(below(folder, path), "{folder} {path}");
        }
        for (folder, path) in [
            ("/etc", "/etcetera"),
            ("/etc/foo", "/etc"),
            ("/etc/*/bar", "/etc/bar"),
            ("/etc/*/bar", "/etc/a/b/bar"),
            ("/etc/*", "/etc"),
            ("/etc/x", "/ETC/x"),
        ] {
            assert!(!below(folder, path), "{folder} {path}");
        }
        assert!(Folder::parse("/etc/[[:digit:]]").is_err());
        assert!(Folder::parse(&"/*".repeat(1_001)).is_err());
    }

    #[test]
    fn case_insensitive_comparison_covers_accented_letters() {
        assert!(Test::StartsWithAnyCase("get".into()).passes(&one("GetUser")));
        assert!(Test::EndsWithAnyCase("é".into()).passes(&one("CAFÉ")));
        assert!(Test::ContainsAnyCase(Part::new("tu.")).passes(&one("gEtU.ser")));
        assert!(!Test::EndsWithAnyCase("user".into()).passes(&one("é")));
    }

    #[test]
    fn ways_to_compare_in_any_case_agree() {
        let agree = |part: &str, text: &str| {
            let lowered: Box<str> = lower(part).into();
            let pattern = |text: &str| regex(text, true).unwrap();
            let part = regex::escape(part);
            for (test, pattern) in [
                (Test::StartsWithAnyCase(lowered.clone()), pattern(&format!("^{part}"))),
                (Test::EndsWithAnyCase(lowered.clone()), pattern(&format!("{part}$"))),
                (Test::ContainsAnyCase(Part::new(&lowered)), pattern(&part)),
                (Test::EqualsAnyCase(lowered.clone()), pattern(&format!("^{part}$"))),
                (Test::InAnyCase([lowered].into_iter().collect()), pattern(&format!("^{part}$"))),
            ] {
                assert_eq!(test.passes(&one(text)), pattern.is_match(text), "{test:?} {text}");
            }
        };
        for part in ["ΑΣ", "ας", "K", "k", "ſ", "S", "İ", "i\u{307}", "ı", "ß", "ẞ", "ss", "µ", "É"]
        {
            for text in [
                "ΑΣΑ", "ΑΣ", "σας", "Kelvin", "\u{212a}", "ſo", "İ", "i\u{307}", "I", "ß", "STRASSE", "μ",
                "é",
            ] {
                agree(part, text);
            }
        }
    }

    /// Covers the scripts with two cases that have been complete for long.
    #[test]
    fn letters_are_folded_as_in_patterns() {
        let ranges =
            ['\0'..='\u{587}', '\u{10a0}'..='\u{13ff}', '\u{1e00}'..='\u{2189}', '\u{fb00}'..='\u{ff5a}'];
        let cased = |c: &char| only(c.to_lowercase()) != Some(*c) || only(c.to_uppercase()) != Some(*c);
        let letters: String = ranges.into_iter().flatten().filter(cased).collect();
        for letter in letters.chars() {
            let pattern = regex(&regex::escape(&letter.to_string()), true).unwrap();
            let same: String = pattern.regex.find_iter(&letters).map(|found| found.as_str()).collect();
            let own: String = letters.chars().filter(|other| folded(*other) == folded(letter)).collect();
            assert_eq!(own, same, "{letter}");
        }
    }
}
