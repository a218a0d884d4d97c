//! One setting from a file or a preset. The key is the long name of a flag, and the values go through the parser of that
//! flag, so every value has one meaning.

use std::error::Error;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, FromArgMatches};
use firstseen::config::ConfigError;
use firstseen::names::{did_you_mean, nearest, shortened};

use super::super::exit::{Hint, UsageError};
use super::Settings;

/// The error of a file; `hint` says what the file should have.
pub(super) fn in_file(error: &ConfigError, path: &Path, hint: Hint) -> anyhow::Error {
    let ConfigError { line, reason } = error;
    anyhow::Error::new(UsageError(format!("{}, line {line}: {reason}", path.display()))).context(hint)
}

/// Whether a key is one of [`Settings`].
pub(super) fn is_setting(key: &str) -> bool {
    command().get_arguments().any(|flag| flag.get_long() == Some(key))
}

/// The settings from one key of [`Settings`]; all others stay unset.
///
/// # Errors
/// The problem with a value, without a line.
pub(super) fn setting(key: &str, values: &[String]) -> Result<Settings, String> {
    let read = command().try_get_matches_from(words(key, values));
    read.and_then(|matches| Settings::from_arg_matches(&matches)).map_err(|error| reason(key, &error))
}

/// Checks the values of a flag that one of these commands must take. Which other flags it needs is known only when it is used.
///
/// # Errors
/// The problem with a value in the first of the commands, without a line.
pub(super) fn check<'c>(
    commands: impl Iterator<Item = &'c Command>,
    key: &str,
    values: &[String],
) -> Result<(), String> {
    let mut problem = None;
    for command in commands {
        let flags = command.get_arguments().filter(|flag| flag.get_long().is_some()).cloned();
        let command = Command::new("flags").no_binary_name(true).disable_help_flag(true).args(flags);
        match command.try_get_matches_from(words(key, values)) {
            Err(error) if error.kind() != ErrorKind::MissingRequiredArgument => {
                problem.get_or_insert_with(|| reason(key, &error));
            }
            _ => return Ok(()),
        }
    }
    problem.map_or(Ok(()), Err)
}

fn command() -> Command {
    Settings::augment_args(Command::new("settings").no_binary_name(true).disable_help_flag(true))
}

/// The words of a command line that set a flag.
pub(super) fn words(key: &str, values: &[String]) -> impl Iterator<Item = String> {
    values.iter().map(move |value| format!("--{key}={value}"))
}

/// The error of an unknown key, with the most similar of the known ones.
pub(super) fn unknown<'n>(key: &str, known: impl Iterator<Item = &'n str>) -> String {
    format!("unknown setting '{}'{}", shortened(key), did_you_mean(nearest(key, known)))
}

/// The error of a flag's parser, in words for a file.
pub(super) fn reason(key: &str, error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    match error.kind() {
        ErrorKind::ArgumentConflict => format!("'{key}' takes one value, not a list"),
        _ => {
            let value = text(ContextKind::InvalidValue).unwrap_or_default();
            let why = error.source().map(ToString::to_string);
            let why = why.or(text(ContextKind::ValidValue).map(|values| format!("write one of {values}")));
            let why = why.unwrap_or_else(|| error.kind().to_string());
            let shown = shortened(&value);
            // It may repeat the value.
            let why = if shown == value { why } else { why.replace(&value, &shown) };
            format!("invalid value '{shown}' for '{key}': {why}")
        }
    }
}
