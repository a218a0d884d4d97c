//! One setting from a file or a preset. The key is the long name of a flag, and the values go through the parser of that
//! flag, so every value has one meaning.

use std::error::Error;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, FromArgMatches};

use super::super::exit::{Hint, UsageError};
use super::Settings;

/// A problem in a file, with its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SettingError {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) reason: String,
}

impl SettingError {
    /// The error of the file that it is in; `hint` says what the file should have.
    pub(super) fn in_file(self, path: &Path, hint: Hint) -> anyhow::Error {
        let Self { line, reason } = self;
        anyhow::Error::new(UsageError(format!("{}, line {line}: {reason}", path.display()))).context(hint)
    }
}

/// The settings from one key; all others stay unset.
///
/// # Errors
/// The problem with the key or a value, without a line.
pub(super) fn setting(key: &str, values: &[String]) -> Result<Settings, String> {
    let command =
        Settings::augment_args(Command::new("settings").no_binary_name(true).disable_help_flag(true));
    let known = command.get_arguments().any(|flag| flag.get_long() == Some(key));
    // An empty list sets nothing, but an unknown key is an error even with an empty list.
    let values = if values.is_empty() && !known { &[String::new()] } else { values };
    let flags = values.iter().map(|value| format!("--{key}={value}"));
    let read = command.try_get_matches_from(flags).and_then(|matches| Settings::from_arg_matches(&matches));
    read.map_err(|error| reason(key, &error))
}

/// The name most similar to an unknown one, if any is similar.
pub(super) fn similar(name: &str, known: &'static [&'static str]) -> Option<String> {
    let flags = known.iter().map(|known| Arg::new(*known).long(*known));
    let command = Command::new("names").no_binary_name(true).disable_help_flag(true).args(flags);
    suggested(&command.try_get_matches_from([format!("--{name}=")]).err()?)
}

/// The suggestion for an unknown name.
pub(super) fn did_you_mean(name: String) -> String {
    format!("; did you mean '{name}'?")
}

/// The flag that the parser suggests, without its dashes.
fn suggested(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::SuggestedArg)? {
        ContextValue::String(flag) => Some(flag.trim_start_matches('-').to_owned()),
        _ => None,
    }
}

/// The error of a flag's parser, in words for a file.
fn reason(key: &str, error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            format!("unknown setting '{key}'{}", suggested(error).map_or(String::new(), did_you_mean))
        }
        ErrorKind::ArgumentConflict => format!("'{key}' takes one value, not a list"),
        _ => {
            let value = text(ContextKind::InvalidValue).unwrap_or_default();
            let why = error.source().map(ToString::to_string);
            let why = why.or(text(ContextKind::ValidValue).map(|values| format!("write one of {values}")));
            format!(
                "invalid value '{value}' for '{key}': {}",
                why.unwrap_or_else(|| error.kind().to_string())
            )
        }
    }
}
