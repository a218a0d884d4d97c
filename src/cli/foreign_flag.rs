//! A flag or a list of values that the command does not take, but others do, or that has another name: the error says which.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};

/// The error of a command line. For a flag, or several values of one, that other commands take it names these, instead of advice to pass the flag
/// as a value or to take one with a similar name.
pub(crate) fn explained(mut error: Error, program: &Command, words: &[OsString]) -> Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return error };
    let value = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => value.as_str(),
        _ => "",
    };
    let long = flag.split_once(' ').map_or(&**flag, |(long, _)| long).to_owned();
    let command = words.iter().find_map(|word| program.find_subcommand(word));
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => match meant(&long, command) {
            Some(flag) => Some(format!("the flag for that is '{flag}'")),
            None => {
                commands_with(program, &long, |_| true).map(|names| format!("'{long}' is a flag of {names}"))
            }
        },
        ErrorKind::InvalidValue if value.contains(',') => {
            let takes_lists = |flag: &Arg| flag.get_value_delimiter() == Some(',');
            commands_with(program, &long, takes_lists)
                .map(|names| format!("'{long}' takes one value here, and several with {names}"))
        }
        _ => None,
    };
    if let Some(tip) = tip {
        // What clap suggests in its place would be a guess, and its usage shows that.
        if error.remove(ContextKind::SuggestedArg).is_some() {
            error.remove(ContextKind::Usage);
        }
        error.remove(ContextKind::SuggestedValue);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

/// The flag of a command that does what one of other commands or programs does.
fn meant(flag: &str, command: Option<&Command>) -> Option<&'static str> {
    const NAMES: [(&[&str], &str); 9] = [
        (&["since", "after", "start", "start-time"], "--from"),
        (&["until", "before", "end", "end-time"], "--to"),
        (&["json", "csv", "html"], "--format"),
        (&["key", "access-key-id"], "--access-key"),
        (&["user", "role", "arn"], "--principal"),
        (&["event", "event-name"], "--action"),
        (&["as-of"], "--at"),
        (&["out", "output-file"], "--output"),
        (&["limit", "max"], "--top"),
    ];
    let flag = flag.strip_prefix("--")?;
    let (_, meant) = NAMES.iter().find(|(names, _)| names.contains(&flag))?;
    let long = meant.strip_prefix("--");
    command?.get_arguments().any(|own| own.get_long() == long).then_some(*meant)
}

/// The commands that have such a long flag, in words, without those that help does not list; none if there are none.
fn commands_with(program: &Command, flag: &str, is_meant: impl Fn(&Arg) -> bool) -> Option<String> {
    let long = flag.strip_prefix("--")?;
    let has_flag =
        |command: &&Command| command.get_arguments().any(|own| own.get_long() == Some(long) && is_meant(own));
    let listed = program.get_subcommands().filter(|command| !command.is_hide_set());
    let commands: Vec<&str> = listed.filter(has_flag).map(Command::get_name).collect();
    let (last, others) = commands.split_last()?;
    Some(match others {
        [] => (*last).to_owned(),
        _ => format!("{} and {last}", others.join(", ")),
    })
}
