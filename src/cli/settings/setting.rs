//! One setting from a file or a preset: a key and its values in, settings out. The key is a flag's long name and the
//! values go through that flag's parser, so nothing is read in two ways.

use std::error::Error;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, FromArgMatches};

use super::Settings;

/// What is wrong with a file, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SettingError {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) reason: String,
}

/// The settings that one key makes; all others stay open.
///
/// # Errors
/// Says what is wrong with the key or a value, without a place.
pub(super) fn setting(key: &str, values: &[String]) -> Result<Settings, String> {
    let command =
        Settings::augment_args(Command::new("settings").no_binary_name(true).disable_help_flag(true));
    let known = command.get_arguments().any(|flag| flag.get_long() == Some(key));
    // An empty list says nothing, but not about a flag that does not exist.
    let values = if values.is_empty() && !known { &[String::new()] } else { values };
    let flags = values.iter().map(|value| format!("--{key}={value}"));
    let read = command.try_get_matches_from(flags).and_then(|matches| Settings::from_arg_matches(&matches));
    read.map_err(|error| reason(key, &error))
}

/// What a flag's parser said, in words for a file.
fn reason(key: &str, error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let similar = text(ContextKind::SuggestedArg).map(|flag| flag.trim_start_matches('-').to_owned());
            let similar = similar.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
            format!("there is no setting '{key}'{similar}")
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
