//! `--config`: the flags of a command that its configuration file sets.
//!
//! Keys of [`Settings`](super::Settings) are layered; all others become flags of the command line, before those that are there. So a
//! value goes through the parser of its flag, and a flag of any command is a key without code of its own.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use firstseen::config::Entry;

use super::super::exit::UsageError;
use super::super::foreign_flag::explained;
use super::config::ConfigFile;
use super::settable::flag;
use super::setting::{check, is_setting};

/// Lets every switch of the commands that take a file be given as `--switch=false`, so that a flag overrides the file.
pub(crate) fn with_undoable_switches(program: Command) -> Command {
    let undoable = |switch: Arg| match switch.get_action() {
        ArgAction::SetTrue => switch
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .default_value("false")
            .hide_default_value(true)
            .value_name("BOOL")
            .value_parser(value_parser!(bool)),
        _ => switch,
    };
    program.mut_subcommands(|command| match flag(&command, "config") {
        Some(_) => command.mut_args(undoable),
        None => command,
    })
}

/// Parses the command line, with the flags that its configuration file sets. Ends the program if the line is wrong or asks for
/// help, as [`Command::get_matches`] does.
///
/// # Errors
/// If the file cannot be read, or its flags do not fit.
pub(crate) fn matches(program: &Command, line: &[OsString]) -> anyhow::Result<ArgMatches> {
    let given = program.clone().try_get_matches_from(line);
    let given = given.unwrap_or_else(|error| explained(error, program).exit());
    let Some((name, of_command)) = given.subcommand() else { return Ok(given) };
    let command = program.find_subcommand(name).filter(|command| flag(command, "config").is_some());
    let Some(command) = command else { return Ok(given) };
    let Some(file) = of_command.get_one::<ConfigFile>("config") else { return Ok(given) };
    let file = file.clone().read()?;
    let (mut flags, mut keys) = (Vec::new(), Vec::new());
    for entry in file.entries()? {
        let words = flags_of(command, of_command, entry, file.folder());
        if !words.is_empty() {
            flags.extend(words);
            keys.push(entry.key.clone());
        }
    }
    let file = file.with_flags(keys);
    let Some(place) = line.iter().skip(1).position(|word| word == name) else { return Ok(given) };
    let (before, behind) = line.split_at(place + 2);
    let line = before.iter().cloned().chain(flags).chain(behind.iter().cloned());
    // A file can be a pipe, which is read once.
    let path = file.path().display().to_string();
    let read = move |_: PathBuf| file.clone();
    let program = program.clone().mut_subcommand(name, |command| {
        command.mut_arg("config", |flag| flag.value_parser(PathBufValueParser::new().map(read.clone())))
    });
    program.try_get_matches_from(line).map_err(|error| {
        let text = error.to_string();
        let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let what = lines.join(" ");
        let what = what.trim_start_matches("error: ");
        UsageError(format!("the flags given and those in {path} do not fit: {what}")).into()
    })
}

/// The words that set the flag of an entry; none if the command has no such flag or value, or the line has it or one that excludes it.
fn flags_of(command: &Command, given: &ArgMatches, entry: &Entry, folder: &Path) -> Vec<OsString> {
    let Some(flag) = flag(command, &entry.key).filter(|_| !is_setting(&entry.key)) else { return Vec::new() };
    let is_given = |flag: &Arg| given.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine);
    let excludes = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|excluded| excluded.get_id() == other.get_id())
    };
    let is_overridden = command
        .get_arguments()
        .filter(|other| is_given(other))
        .any(|other| other.get_id() == flag.get_id() || excludes(flag, other) || excludes(other, flag));
    if is_overridden {
        return Vec::new();
    }
    // Another command takes the value, as in a format that this one does not have.
    if check(std::iter::once(command), &entry.key, &entry.values).is_err() {
        return Vec::new();
    }
    let word = |value: &String| {
        let mut word = OsString::from(format!("--{}=", entry.key));
        word.push(placed(flag, value, folder));
        word
    };
    entry.values.iter().map(word).collect()
}

/// A value; a path in it is relative to the folder of the file.
fn placed(flag: &Arg, value: &str, folder: &Path) -> OsString {
    let takes_lists = flag.get_value_names().unwrap_or_default().iter().any(|name| name.ends_with("|@FILE"));
    match value.strip_prefix('@') {
        Some(list) if takes_lists && !list.starts_with('@') => {
            let mut word = OsString::from("@");
            word.push(folder.join(list));
            word
        }
        _ if flag.get_value_parser().type_id() == TypeId::of::<PathBuf>() => folder.join(value).into(),
        _ => value.into(),
    }
}
