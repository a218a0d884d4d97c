//! `--config`: the flags of a command that its configuration file sets.
//!
//! Keys of [`Settings`](super::Settings) are layered; all others become flags of the command line, before those that are there. So a
//! value goes through the parser of its flag, and a flag of any command is a key without code of its own.

use std::any::TypeId;
use std::ffi::OsString;
use std::io::{self, Write};
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
    let given = match parsed(program, line) {
        Ok(given) => given,
        Err(error) => return Err(ended(&explained(error, program, line))),
    };
    let Some((name, of_command)) = given.subcommand() else { return Ok(given) };
    let command = program.find_subcommand(name).filter(|command| flag(command, "config").is_some());
    let Some(command) = command else { return Ok(given) };
    let Some(file) = of_command.get_one::<ConfigFile>("config") else { return Ok(given) };
    let file = file.clone().read()?;
    let (mut flags, mut keys) = (Vec::new(), Vec::new());
    for entry in file.entries()? {
        if is_named(words_of_flags(line), &entry.key) {
            continue;
        }
        let words = flags_of(command, of_command, entry, file.folder());
        if !words.is_empty() {
            flags.extend(words);
            keys.push(entry.key.clone());
        }
    }
    let file = file.with_flags(keys);
    let Some(place) = line.iter().skip(1).position(|word| word == name) else { return Ok(given) };
    let (before, behind) = line.split_at(place + 2);
    let line: Vec<OsString> = before.iter().cloned().chain(flags).chain(behind.iter().cloned()).collect();
    // A file can be a pipe, which is read once.
    let path = file.path().display().to_string();
    let read = move |_: PathBuf| file.clone();
    let program = program.clone().mut_subcommand(name, |command| {
        command.mut_arg("config", |flag| flag.value_parser(PathBufValueParser::new().map(read.clone())))
    });
    parsed(&program, &line).map_err(|error| {
        let text = error.to_string();
        let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let what = lines.join(" ");
        let what = what.trim_start_matches("error: ");
        UsageError(format!("the flags given and those in {path} do not fit: {what}")).into()
    })
}

/// Prints what clap says of a line, which is its help or an error, and ends the program.
///
/// # Errors
/// If help, the answer of such a run, cannot be written.
#[expect(clippy::exit, reason = "as clap::Error::exit, which does not say whether it could print")]
fn ended(said: &clap::Error) -> anyhow::Error {
    let printed = said.print().and_then(|()| io::stdout().flush());
    match printed {
        Err(error) if !said.use_stderr() => anyhow::Error::new(error).context("cannot write to stdout"),
        _ => std::process::exit(said.exit_code()),
    }
}

/// Parses a command line, without switches that it turns off.
fn parsed(program: &Command, line: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let name = line.iter().skip(1).find(|word| !word.as_encoded_bytes().starts_with(b"-"));
    let command = name.and_then(|name| program.find_subcommand(name));
    let Some(command) = command.filter(|command| flag(command, "config").is_some()) else {
        return program.clone().try_get_matches_from(line);
    };
    let flags = words_of_flags(line);
    let kept = |word: &&OsString| !is_turned_off(command, flags, word);
    let kept = flags.iter().filter(kept).chain(&line[flags.len()..]);
    program.clone().try_get_matches_from(kept)
}

/// The words of a line that can be flags.
fn words_of_flags(line: &[OsString]) -> &[OsString] {
    &line[..line.iter().position(|word| word == "--").unwrap_or(line.len())]
}

/// Whether a word turns a switch off that would else exclude or need other flags: clap looks at names, not at values. A switch that is given twice
/// stays, so that this is an error as for all flags.
fn is_turned_off(command: &Command, words: &[OsString], word: &OsString) -> bool {
    let name = word.to_str().and_then(|word| word.strip_prefix("--")?.strip_suffix("=false"));
    let Some(switch) = name.and_then(|name| flag(command, name)).filter(|flag| is_switch(flag)) else {
        return false;
    };
    let long = switch.get_long().unwrap_or_default();
    if words.iter().filter(|other| names(other, long)).count() > 1 {
        return false;
    }
    // Some switches are not simply off without the flag: a file or a preset may turn them on. They stay, unless another flag replaces them.
    let is_off_anyway = switch.get_default_values() == ["false"];
    let is_replaced = |other: &Arg| {
        excludes(command, switch, other) && other.get_long().is_some_and(|other| is_named(words, other))
    };
    is_off_anyway || command.get_arguments().any(is_replaced)
}

/// Whether a flag takes only true and false.
fn is_switch(flag: &Arg) -> bool {
    flag.get_value_parser().type_id() == TypeId::of::<bool>()
}

/// Whether a word is this long flag, with or without a value.
fn names(word: &OsString, long: &str) -> bool {
    let rest = word.to_str().and_then(|word| word.strip_prefix("--")?.strip_prefix(long));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// Whether any of these words is this long flag.
fn is_named(words: &[OsString], long: &str) -> bool {
    words.iter().any(|word| names(word, long))
}

/// Whether one of two flags excludes the other.
fn excludes(command: &Command, one: &Arg, other: &Arg) -> bool {
    let excludes = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|excluded| excluded.get_id() == other.get_id())
    };
    excludes(one, other) || excludes(other, one)
}

/// The words that set the flag of an entry; none if the command has no such flag or value, or the line has it or one that excludes it.
fn flags_of(command: &Command, given: &ArgMatches, entry: &Entry, folder: &Path) -> Vec<OsString> {
    let Some(flag) = flag(command, &entry.key).filter(|_| !is_setting(&entry.key)) else { return Vec::new() };
    let is_given = |flag: &Arg| given.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine);
    let is_off =
        |flag: &Arg| is_switch(flag) && given.get_one::<bool>(flag.get_id().as_str()) == Some(&false);
    let is_overridden = command
        .get_arguments()
        .filter(|other| is_given(other))
        .any(|other| other.get_id() == flag.get_id() || !is_off(other) && excludes(command, flag, other));
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
