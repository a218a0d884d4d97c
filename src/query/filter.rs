//! Which findings are wanted. Filters limit what is reported and never what is learnt from.

use std::str::FromStr;

use glob::MatchOptions;
use thiserror::Error;

use super::Finding;
use crate::observe::{LogSource, ObservedPrincipal, PrincipalKind};

/// A glob over names: `*`, `?` and `[…]`, where `*` also matches `/` and `:`.
///
/// ```
/// use firstseen::query::Pattern;
///
/// let pattern: Pattern = "iam:Create*".parse().unwrap();
/// assert!(pattern.matches_action("iam.amazonaws.com:CreateUser"));
/// let pattern: Pattern = "Deploy".parse().unwrap();
/// assert!(pattern.matches_principal("arn:aws:iam::111122223333:role/ci/Deploy"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(glob::Pattern);

/// A malformed glob.
#[derive(Debug, Error)]
#[error("'{text}' is not a valid pattern: {reason}")]
pub struct PatternError {
    text: String,
    reason: &'static str,
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let malformed = |reason| PatternError { text: text.to_owned(), reason };
        match glob::Pattern::new(text) {
            Ok(pattern) => Ok(Self(pattern)),
            Err(error) => Err(malformed(error.msg)),
        }
    }
}

impl Pattern {
    /// The text this pattern was made of.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Matches `iam.amazonaws.com:CreateUser`, its short form `iam:CreateUser` or the bare `CreateUser`, in any
    /// case: IAM takes action names in any case, too.
    pub fn matches_action(&self, action: &str) -> bool {
        let (source, name) = action.split_once(':').unwrap_or(("", action));
        let service = source.split('.').next().unwrap_or(source);
        self.matches_text(action, false)
            || self.matches_text(name, false)
            || self.matches_text(&format!("{service}:{name}"), false)
            || without_namespace(action).is_some_and(|action| self.matches_text(action, false))
    }

    /// Matches the whole key or what follows its last `/`.
    pub fn matches_principal(&self, key: &str) -> bool {
        let name = key.rsplit('/').next().unwrap_or(key);
        self.matches_text(key, true) || self.matches_text(name, true)
    }

    /// Whether a principal is meant, by its key or by its ARN.
    pub fn matches(&self, who: &ObservedPrincipal) -> bool {
        let names = [
            Some(&*who.key),
            in_cluster(&who.key),
            who.arn.as_deref(),
            who.arn.as_deref().and_then(in_cluster),
        ];
        names.into_iter().flatten().any(|name| self.matches_principal(name))
    }

    fn matches_text(&self, text: &str, case_sensitive: bool) -> bool {
        let options = MatchOptions {
            case_sensitive,
            require_literal_separator: false,
            require_literal_leading_dot: false,
        };
        self.0.matches_with(text, options)
    }
}

/// Which findings are wanted. An empty list wants everything.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Accounts of the principal.
    pub accounts: Vec<String>,
    /// Regions of the sighting.
    pub regions: Vec<String>,
    /// Where their records come from.
    pub sources: Vec<LogSource>,
    /// Sorts of principals.
    pub kinds: Vec<PrincipalKind>,
    /// Principals, see [`Pattern::matches_principal`].
    pub principals: Vec<Pattern>,
    /// Actions, see [`Pattern::matches_action`].
    pub actions: Vec<Pattern>,
    /// Actions that are learnt and not reported.
    pub ignored_actions: Vec<Pattern>,
    /// Leave out calls that say they only read.
    pub only_mutating: bool,
}

impl Filter {
    /// Whether a finding is wanted.
    pub fn admits(&self, finding: &Finding<'_>) -> bool {
        (self.admits_principal(finding.who) || self.admits_behind(finding))
            && self.admits_action(finding.action)
            && self.admits_call(finding.region(), finding.read_only)
    }

    /// Whether what is wanted of a finding is whoever is behind its principal: that one in CloudTrail.
    fn admits_behind(&self, finding: &Finding<'_>) -> bool {
        let is_named = |linked| self.principals.iter().any(|pattern| pattern.matches(linked));
        finding.linked.is_some_and(is_named) && self.admits_sort(finding.who)
    }

    /// Whether anything of a principal is wanted.
    pub(super) fn admits_principal(&self, who: &ObservedPrincipal) -> bool {
        self.admits_sort(who) && any(&self.principals, |pattern| pattern.matches(who))
    }

    /// Whether anything of principals like this is wanted, whatever they are called.
    fn admits_sort(&self, who: &ObservedPrincipal) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&who.kind))
            && (self.sources.is_empty() || self.sources.contains(&who.kind.source()))
            && (self.accounts.is_empty() || self.accounts.iter().any(|wanted| **wanted == *who.account))
    }

    /// Whether an action is wanted.
    pub(super) fn admits_action(&self, action: &str) -> bool {
        any(&self.actions, |pattern| pattern.matches_action(action))
            && !self.ignored_actions.iter().any(|pattern| pattern.matches_action(action))
    }

    /// Whether a sighting is wanted by what its record says of the call.
    pub(super) fn admits_call(&self, region: Option<&str>, read_only: Option<bool>) -> bool {
        (self.regions.is_empty() || self.regions.iter().any(|wanted| Some(wanted.as_str()) == region))
            && !(self.only_mutating && read_only == Some(true))
    }
}

/// The identity behind the name of a cluster.
fn in_cluster(key: &str) -> Option<&str> {
    key.strip_prefix("k8s:")?.split_once('/').map(|(_, identity)| identity)
}

/// `get core/pods` of `get core/pods in shop`.
fn without_namespace(action: &str) -> Option<&str> {
    let (verb, rest) = action.split_once(' ')?;
    let (resource, _) = rest.split_once(" in ")?;
    Some(&action[..verb.len() + 1 + resource.len()])
}

/// Whether one of the patterns matches, or there is none.
fn any(patterns: &[Pattern], matches: impl Fn(&Pattern) -> bool) -> bool {
    patterns.is_empty() || patterns.iter().any(matches)
}
