//! `--netflix-config`: reads settings from the configuration of Netflix's `cloudtrail-anomaly`.
//!
//! Two keys of that file matter here: `roleAction.dayThreshold` and `roleAction.IgnoredActionsNotify`. All others configure
//! its tables and queues. That job compares ignored actions exactly, so an entry that can never match, such as a glob, is
//! an error here rather than a filter that the job does not have.

use std::path::Path;

use firstseen::yaml::{Node, Yaml, documents};

use super::super::exit::Hint;
use super::super::text_file::read_text;
use super::Settings;
use super::setting::{SettingError, setting};

const HINT: Hint = Hint(
    "roleAction takes dayThreshold, a number of days, and IgnoredActionsNotify, a list of eventSource:eventName",
);

/// Reads a configuration file.
pub(super) fn read(path: &Path) -> anyhow::Result<Settings> {
    let hint = Hint("--netflix-config takes the YAML file that cloudtrail-anomaly takes with --config");
    parse(&read_text(path, hint)?).map_err(|wrong| wrong.in_file(path, HINT))
}

/// Parses the text of a file.
pub(super) fn parse(text: &str) -> Result<Settings, SettingError> {
    let documents =
        documents(text).map_err(|error| SettingError { line: error.line, reason: error.reason })?;
    let role_action = documents.first().and_then(|root| root.get("roleAction"));
    let line = role_action.map_or(1, |role_action| role_action.line);
    let threshold = role_action.and_then(|role_action| role_action.get("dayThreshold"));
    let Some(threshold) = threshold else {
        return Err(SettingError { line, reason: "roleAction.dayThreshold is missing".to_owned() });
    };
    let days = days(threshold)?;
    let ignored = role_action.and_then(|role_action| role_action.get("IgnoredActionsNotify"));
    let entries = [
        ("preset", vec!["netflix-90".to_owned()]),
        ("warmup", vec![days.clone()]),
        ("forget", vec![days]),
        ("ignore-action", ignored.map(ignored_actions).transpose()?.unwrap_or_default()),
    ];
    let mut settings = Settings::default();
    for (key, values) in entries {
        settings = settings.or(setting(key, &values).map_err(|reason| SettingError { line, reason })?);
    }
    Ok(settings)
}

fn days(node: &Yaml) -> Result<String, SettingError> {
    let is_number = matches!(node.node, Node::Text { quoted: false, .. });
    let days = node.text().filter(|_| is_number).and_then(|days| days.parse::<u32>().ok());
    let reason = || "dayThreshold is not a whole number of days".to_owned();
    days.map(|days| format!("{days}d")).ok_or_else(|| SettingError { line: node.line, reason: reason() })
}

/// The entries of `IgnoredActionsNotify`; a key without a value means an empty list.
fn ignored_actions(node: &Yaml) -> Result<Vec<String>, SettingError> {
    if node.is_null() {
        return Ok(Vec::new());
    }
    let Some(entries) = node.list() else {
        return Err(SettingError {
            line: node.line,
            reason: "IgnoredActionsNotify is not a list".to_owned(),
        });
    };
    entries.iter().map(ignored_action).collect()
}

fn ignored_action(entry: &Yaml) -> Result<String, SettingError> {
    let text = entry.text().unwrap_or("(no text)");
    if is_action(text) {
        return Ok(text.to_owned());
    }
    let reason = format!("'{text}' is not an action such as sts.amazonaws.com:GetCallerIdentity");
    Err(SettingError { line: entry.line, reason })
}

/// Whether the text can be the `eventSource:eventName` of a record: a host name and a word.
fn is_action(text: &str) -> bool {
    let word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    text.split_once(':').is_some_and(|(source, name)| source.contains('.') && word(source) && word(name))
}
