//! `--netflix-config`: the configuration of Netflix's `cloudtrail-anomaly`.
//!
//! Two keys of that file matter here: `roleAction.dayThreshold` and `roleAction.IgnoredActionsNotify`. All others configure
//! its tables and queues. That job compares ignored actions exactly, so an entry that can never match, such as a glob, is
//! an error here rather than a filter that the job does not have.

use super::ConfigError;
use crate::names::shortened;
use crate::yaml::{Node, Yaml, documents};

/// What that configuration says about findings.
///
/// ```
/// use firstseen::config::NetflixConfig;
///
/// let config = NetflixConfig::parse("roleAction:\n  dayThreshold: 60\n")?;
/// assert_eq!((config.day_threshold, config.ignored_actions.len()), (60, 0));
/// # Ok::<(), firstseen::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetflixConfig {
    /// `dayThreshold`
    pub day_threshold: u32,
    /// `IgnoredActionsNotify`, as `eventSource:eventName`
    pub ignored_actions: Vec<String>,
    /// The line of `roleAction`, counted from 1.
    pub line: usize,
}

impl NetflixConfig {
    /// Parses the text of a file.
    ///
    /// # Errors
    /// If it is not YAML, or one of the two keys is missing or malformed.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let documents =
            documents(text).map_err(|error| ConfigError { line: error.line, reason: error.reason })?;
        let role_action = documents.first().and_then(|root| root.get("roleAction"));
        let line = role_action.map_or(1, |role_action| role_action.line);
        let threshold = role_action.and_then(|role_action| role_action.get("dayThreshold"));
        let Some(threshold) = threshold else {
            return Err(ConfigError { line, reason: "roleAction.dayThreshold is missing".to_owned() });
        };
        let day_threshold = days(threshold)?;
        let ignored = role_action.and_then(|role_action| role_action.get("IgnoredActionsNotify"));
        let ignored_actions = ignored.map(ignored_actions).transpose()?.unwrap_or_default();
        Ok(Self { day_threshold, ignored_actions, line })
    }
}

fn days(node: &Yaml) -> Result<u32, ConfigError> {
    let is_number = matches!(node.node, Node::Text { quoted: false, .. });
    let days = node.text().filter(|_| is_number).and_then(|days| days.parse().ok());
    let reason = || "dayThreshold is not a whole number of days".to_owned();
    days.ok_or_else(|| ConfigError { line: node.line, reason: reason() })
}

/// The entries of `IgnoredActionsNotify`; a key without a value means an empty list.
fn ignored_actions(node: &Yaml) -> Result<Vec<String>, ConfigError> {
    if node.is_null() {
        return Ok(Vec::new());
    }
    let Some(entries) = node.list() else {
        return Err(ConfigError { line: node.line, reason: "IgnoredActionsNotify is not a list".to_owned() });
    };
    entries.iter().map(ignored_action).collect()
}

fn ignored_action(entry: &Yaml) -> Result<String, ConfigError> {
    let text = entry.text().unwrap_or("(no text)");
    if is_action(text) {
        return Ok(text.to_owned());
    }
    let reason =
        format!("'{}' is not an action such as sts.amazonaws.com:GetCallerIdentity", shortened(text));
    Err(ConfigError { line: entry.line, reason })
}

/// Whether the text can be the `eventSource:eventName` of a record: a host name and a word.
fn is_action(text: &str) -> bool {
    let word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    text.split_once(':').is_some_and(|(source, name)| source.contains('.') && word(source) && word(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_line() {
        let ignored =
            |entry: &str| format!("roleAction:\n  dayThreshold: 90\n  IgnoredActionsNotify: {entry}\n");
        for (text, line, reason) in [
            ("aws: {}".to_owned(), 1, "roleAction.dayThreshold is missing"),
            ("aws: {}\nroleAction:\n  x: 1".to_owned(), 3, "roleAction.dayThreshold is missing"),
            ("roleAction:\n  dayThreshold: soon".to_owned(), 2, "dayThreshold is not a whole number of days"),
            ("roleAction:\n  dayThreshold: -1".to_owned(), 2, "dayThreshold is not a whole number of days"),
            (ignored("x"), 3, "IgnoredActionsNotify is not a list"),
            (ignored("[sts:*]"), 3, "'sts:*' is not an action such as sts.amazonaws.com:GetCallerIdentity"),
            (
                ignored("[GetUser]"),
                3,
                "'GetUser' is not an action such as sts.amazonaws.com:GetCallerIdentity",
            ),
        ] {
            let wrong = NetflixConfig::parse(&text).err();
            assert_eq!(wrong, Some(ConfigError { line, reason: reason.to_owned() }), "{text}");
        }
        assert_eq!(NetflixConfig::parse("a: [1\nb").err().map(|wrong| wrong.line > 0), Some(true));
    }
}
