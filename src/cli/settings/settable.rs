//! Which long flags a configuration file can set.

use clap::{Arg, Command};

/// Long flags that a file cannot set, and why.
pub(super) const NOT_IN_FILES: [(&str, &str); 20] = [
    ("config", "a file does not name another"),
    ("netflix-config", "a file does not name another"),
    ("files-from", "what is read is named on the command line, as ARCHIVE is"),
    ("archive-root", "what is read is named on the command line, as ARCHIVE is"),
    ("archive", "an archive is a table, [[archive]], with a path or a bucket"),
    ("shard", "what is read is named on the command line, as ARCHIVE is"),
    ("shard-number", "what is read is named on the command line, as ARCHIVE is"),
    ("not-in", "how a plan divides is said on the command line"),
    ("shards", "how a plan divides is said on the command line"),
    ("shard-bytes", "how a plan divides is said on the command line"),
    ("synthetic", "what is read is named on the command line, as ARCHIVE is"),
    ("runs", "how often to measure is said on the command line"),
    ("check", "a file that checks would never plan"),
    ("unmask", "secrets are shown only when the command line asks for them"),
    ("case", "runs with one file would write to the same folder"),
    ("output", "runs with one file would replace each other's answers"),
    ("summary", "runs with one file would replace each other's summaries"),
    ("faults", "runs with one file would replace each other's faults"),
    ("svg", "runs with one file would replace each other's charts"),
    ("help", "it answers in place of the command"),
];

/// Why a file cannot set a flag.
pub(super) fn why_not(key: &str) -> Option<&'static str> {
    NOT_IN_FILES.iter().find(|(name, _)| *name == key).map(|(_, why)| *why)
}

/// The commands that take a configuration file.
pub(super) fn configurable(program: &Command) -> impl Iterator<Item = &Command> {
    program.get_subcommands().filter(|command| flag(command, "config").is_some())
}

/// The flag of a command with this long name.
pub(super) fn flag<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|flag| flag.get_long() == Some(name))
}

/// The long flags that files can set, of all commands.
pub(super) fn settable(program: &Command) -> impl Iterator<Item = (&Command, &Arg)> {
    let flags =
        configurable(program).flat_map(|command| command.get_arguments().map(move |flag| (command, flag)));
    flags.filter(|(_, flag)| flag.get_long().is_some_and(|name| why_not(name).is_none()))
}
