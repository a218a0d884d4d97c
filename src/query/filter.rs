//! Filters of findings. They limit what is reported, not what is learnt.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::OnceLock;

use glob::MatchOptions;
use thiserror::Error;

use crate::actions::unversioned;
use crate::model::{
    LogSource, ObservedPrincipal, PrincipalKind, RuleMetadata, identity_in_cluster, last_part,
    with_escapes_as,
};

/// A glob over names: `*`, `?` and `[…]`, where `*` also matches `/` and `:`. `\u{…}` is the character with this number, as outputs
/// print those that cannot be seen.
///
/// ```
/// use firstseen::query::Pattern;
///
/// let pattern: Pattern = "iam:Create*".parse().unwrap();
/// assert!(pattern.matches_action("iam.amazonaws.com:CreateUser"));
/// let pattern: Pattern = "Deploy".parse().unwrap();
/// assert!(pattern.matches_principal("arn:aws:iam::111122223333:role/ci/Deploy"));
/// let pattern: Pattern = r"ad\u{200b}m*".parse().unwrap();
/// assert!(pattern.matches_principal("ad\u{200b}min"));
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<str>,
    /// Compiled on first use, since it takes much more memory than the text; never for a text without wildcards.
    glob: OnceLock<Box<glob::Pattern>>,
}

/// A malformed glob.
#[derive(Debug, Error)]
#[error("'{text}' is not a valid pattern: {reason}")]
pub struct PatternError {
    text: String,
    reason: &'static str,
}

/// Maximum number of `*`: matching recurses once for each.
const MOST_STARS: usize = 100;

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let malformed = |reason| PatternError { text: text.chars().take(200).collect(), reason };
        let text = with_escapes_as(text, push_literal);
        let text = text.as_str();
        if text.bytes().filter(|byte| *byte == b'*').count() > MOST_STARS {
            return Err(malformed("it has more than 100 '*'"));
        }
        let is_malformed = if has_wildcards(text) { glob::Pattern::new(text).err() } else { None };
        match is_malformed {
            None => Ok(Self { text: text.into(), glob: OnceLock::new() }),
            Some(error) => Err(malformed(error.msg)),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// The text of this pattern.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The only text that it matches, if it has no wildcards.
    pub(super) fn literal(&self) -> Option<&str> {
        Some(&*self.text).filter(|text| !has_wildcards(text))
    }

    /// Matches `iam.amazonaws.com:CreateUser`, its short form `iam:CreateUser` or the bare `CreateUser`, ignoring case:
    /// IAM ignores the case of action names, too. A version of the API in the name may be left out.
    pub fn matches_action(&self, action: &str) -> bool {
        action_names(action).iter().any(|name| self.matches_text(name, false))
    }

    /// Matches the whole key or the part after its last `/`.
    pub fn matches_principal(&self, key: &str) -> bool {
        names_of_key(key).into_iter().any(|name| self.matches_text(name, true))
    }

    /// Whether it matches a principal, by its key or by its ARN.
    pub fn matches(&self, who: &ObservedPrincipal) -> bool {
        principal_names(who).into_iter().any(|name| self.matches_text(name, true))
    }

    /// Matches the name of a rule, in any case.
    pub fn matches_rule(&self, rule: &RuleMetadata) -> bool {
        self.matches_text(&rule.name, false)
    }

    pub(super) fn matches_text(&self, text: &str, case_sensitive: bool) -> bool {
        if !has_wildcards(&self.text) {
            return if case_sensitive { *text == *self.text } else { text.eq_ignore_ascii_case(&self.text) };
        }
        let options = MatchOptions {
            case_sensitive,
            require_literal_separator: false,
            require_literal_leading_dot: false,
        };
        let made = || Box::new(glob::Pattern::new(&self.text).unwrap_or_default());
        self.glob.get_or_init(made).matches_with(text, options)
    }
}

/// Adds a character to a glob that matches it alone.
fn push_literal(c: char, glob: &mut String) {
    match c {
        '*' | '?' | '[' => glob.extend(['[', c, ']']),
        other => glob.push(other),
    }
}

fn has_wildcards(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The names of an action in patterns.
pub(super) fn action_names(action: &str) -> Vec<Cow<'_, str>> {
    let (source, name) = action.split_once(':').unwrap_or(("", action));
    let service = source.split('.').next().unwrap_or(source);
    let mut names = vec![action.into(), name.into(), Cow::Owned(format!("{service}:{name}"))];
    if let Some(bare) = unversioned(name) {
        names.extend([action[..action.len() - name.len() + bare.len()].into(), bare.into()]);
        names.push(Cow::Owned(format!("{service}:{bare}")));
    }
    names.extend(without_namespace(action).map(Cow::Borrowed));
    names
}

/// The names of a principal in patterns: its key and its ARN, each whole and as the part after the last `/`.
pub(super) fn principal_names(who: &ObservedPrincipal) -> Vec<&str> {
    let keys = [
        Some(&*who.key),
        identity_in_cluster(&who.key),
        who.arn.as_deref(),
        who.arn.as_deref().and_then(identity_in_cluster),
    ];
    keys.into_iter().flatten().flat_map(names_of_key).collect()
}

fn names_of_key(key: &str) -> [&str; 2] {
    [key, last_part(key)]
}

/// Which findings are wanted. An empty list wants everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Accounts of the principal.
    pub accounts: Vec<String>,
    /// Regions of the sighting.
    pub regions: Vec<String>,
    /// Log sources.
    pub sources: Vec<LogSource>,
    /// Kinds of principals.
    pub kinds: Vec<PrincipalKind>,
    /// Principals, see [`Pattern::matches_principal`].
    pub principals: Vec<Pattern>,
    /// Actions, see [`Pattern::matches_action`].
    pub actions: Vec<Pattern>,
    /// Actions that are learnt but not reported.
    pub ignored_actions: Vec<Pattern>,
    /// Exclude calls that are marked read-only.
    pub only_mutating: bool,
}

/// `get core/pods` of `get core/pods in shop`.
fn without_namespace(action: &str) -> Option<&str> {
    let (verb, rest) = action.split_once(' ')?;
    let (resource, _) = rest.split_once(" in ")?;
    Some(&action[..verb.len() + 1 + resource.len()])
}
