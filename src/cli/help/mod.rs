//! Help: commands by what people want, the flags that matter in the short form, and examples at the end.

mod examples;
mod short;

use std::fmt::Write;

use clap::Command as Definition;

use examples::EXAMPLES;
use short::SHORT;

/// The commands by what people want, in the order of an investigation.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Find what is new", &["scan", "triage", "rules"]),
    ("Look closer", &["events", "show", "trace", "baseline", "explain"]),
    ("Prove it", &["coverage", "verify", CASE.0]),
    ("Keep what was read", &["index", "merge", "plan"]),
    ("Measure and prepare", &["tune", "bench", "doctor", "synth", "actions"]),
];

/// What proves a whole answer is a flag, not a command.
const CASE: (&str, &str) = ("--case", "A flag of scan and triage: all that another examiner needs");

/// Gives the program grouped commands, and each command a short help and its examples.
pub(super) fn with_short_help(program: Definition) -> Definition {
    let template = template(&program);
    program.help_template(template).mut_subcommands(|command| with_examples(with_short_flags(command)))
}

/// The help of the program.
fn template(program: &Definition) -> String {
    let heading = program.get_styles().get_header();
    let mut text = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (group, names) in GROUPS {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{heading}{group}:{heading:#}\n{}", lines(program, names));
    }
    let _ = write!(text, "\n{heading}Options:{heading:#}\n{{options}}\n\n{AFTER}");
    text
}

/// What follows the groups.
const AFTER: &str = "firstseen COMMAND -h shows the flags that matter, and COMMAND --help all of them.\n\
    firstseen completions SHELL and firstseen man -o DIR make what a shell completes, and manual pages.";

/// One line for each command.
fn lines(program: &Definition, names: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        let about = program.find_subcommand(name).and_then(Definition::get_about).map(ToString::to_string);
        let about = about.unwrap_or_else(|| CASE.1.to_owned());
        let _ = writeln!(text, "  {name:<9} {about}");
    }
    text
}

/// Leaves the flags that matter most in the short help; a command without a list shows all.
fn with_short_flags(command: Definition) -> Definition {
    let Some((_, shown)) = SHORT.iter().find(|(name, _)| *name == command.get_name()) else { return command };
    command.mut_args(|flag| {
        let is_hidden = flag.get_long().is_some_and(|long| !shown.contains(&long));
        flag.hide_short_help(is_hidden)
    })
}

fn with_examples(command: Definition) -> Definition {
    let Some((_, examples)) = EXAMPLES.iter().find(|(name, _)| *name == command.get_name()) else {
        return command;
    };
    let heading = *command.get_styles().get_header();
    let mut text = format!("{heading}Examples:{heading:#}");
    for (words, what) in *examples {
        let _ = write!(text, "\n  {what}:\n    {words}");
    }
    command.after_help(text)
}

#[cfg(test)]
mod tests {
    use super::super::program;
    use super::*;

    /// The commands that are not hidden.
    fn commands(program: &Definition) -> impl Iterator<Item = &Definition> {
        program.get_subcommands().filter(|command| !command.is_hide_set())
    }

    #[test]
    fn every_command_is_in_one_group() {
        let program = program();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        grouped.retain(|name| *name != CASE.0);
        let known: Vec<&str> = commands(&program).map(Definition::get_name).collect();
        assert_eq!(grouped, known);
    }

    #[test]
    fn commands_take_one_line_each() {
        for line in template(&program()).lines().filter(|line| line.starts_with("  ")) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn short_help_shows_at_most_a_dozen_flags_that_exist() {
        let program = program();
        for (name, flags) in SHORT {
            let command = program.find_subcommand(name).unwrap_or_else(|| panic!("{name}"));
            for flag in flags {
                let is_there = command.get_arguments().any(|known| known.get_long() == Some(flag));
                assert!(is_there, "{name} --{flag}");
            }
        }
        for command in commands(&program) {
            let flags = command.get_arguments().filter(|flag| flag.get_long().is_some());
            let shown = flags.filter(|flag| !flag.is_hide_short_help_set()).count();
            assert!(shown <= 12, "{} shows {shown}", command.get_name());
        }
    }

    #[test]
    fn every_command_has_examples_that_parse() {
        let program = program();
        let names: Vec<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
        let known: Vec<&str> = commands(&program).map(Definition::get_name).collect();
        assert_eq!(names, known);
        for (name, examples) in EXAMPLES {
            assert!((1..=2).contains(&examples.len()), "{name}");
            for (words, _) in examples {
                let line = words.split(' ').map(|word| word.trim_matches('\''));
                let matches = program.clone().try_get_matches_from(line);
                let matches = matches.unwrap_or_else(|error| panic!("{words}: {error}"));
                assert_eq!(matches.subcommand_name(), Some(name), "{words}");
            }
        }
    }
}
