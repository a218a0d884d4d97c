//! A flag that the command does not have, but others do: the error says which.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// The error of a command line; for a flag of other commands it names these, instead of advice to pass the flag as a value.
pub(crate) fn explained(mut error: Error, program: &Command) -> Error {
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) if error.kind() == ErrorKind::UnknownArgument => flag.clone(),
        _ => return error,
    };
    let commands: Vec<&str> = commands_with(program, &flag);
    if let Some((last, others)) = commands.split_last() {
        let names = match others {
            [] => (*last).to_owned(),
            _ => format!("{} and {last}", others.join(", ")),
        };
        let tip = StyledStr::from(format!("'{flag}' is a flag of {names}"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// The commands that have a long flag, without those that help does not list.
fn commands_with<'p>(program: &'p Command, flag: &str) -> Vec<&'p str> {
    let Some(long) = flag.strip_prefix("--") else { return Vec::new() };
    let has_flag = |command: &&Command| command.get_arguments().any(|own| own.get_long() == Some(long));
    let listed = program.get_subcommands().filter(|command| !command.is_hide_set());
    listed.filter(has_flag).map(Command::get_name).collect()
}
