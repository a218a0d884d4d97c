//! Turns flags into typed values, values into library calls, and results into output and an exit status.

mod access;
mod actions;
mod args;
mod bag;
mod baseline;
mod bench;
mod case;
mod cluster;
mod command_line;
mod completions;
mod coverage;
mod destination;
mod doctor;
mod event_destination;
mod events;
mod exit;
mod explain;
mod foreign_flag;
mod geo;
mod help;
mod index;
mod indexed;
mod input;
mod integrity;
mod inventory;
mod man;
mod merge;
mod messages;
mod output;
mod output_guard;
mod page;
mod partial_folder;
mod plan;
mod progress;
#[cfg(test)]
mod reference;
mod rules;
mod run_summary;
mod saved_name;
mod scan;
mod screen;
mod settings;
mod show;
mod signals;
mod synth;
mod temporary_folder;
mod text_file;
mod trace;
mod triage;
mod tune;
mod used_settings;
mod verify;
mod version;
mod warnings;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Command as Definition, CommandFactory, FromArgMatches, Parser, Subcommand};

/// Reports, with evidence, what every principal did for the first time, from archived CloudTrail and Kubernetes audit logs
///
/// Exit status: 0 everything was read; 1 no answer: an error, or no logs were found; 2 wrong usage; 3 answered, but some
/// input could not be read.
#[derive(Debug, Parser)]
#[command(name = "firstseen", version, long_version = version::LONG_VERSION.as_str(), max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(Box<scan::ScanArgs>),
    Triage(Box<triage::TriageArgs>),
    Rules(Box<rules::RulesArgs>),
    Events(Box<events::EventsArgs>),
    Show(Box<show::ShowArgs>),
    Trace(Box<trace::TraceArgs>),
    Baseline(Box<baseline::BaselineArgs>),
    Explain(Box<explain::ExplainArgs>),
    Coverage(Box<coverage::CoverageArgs>),
    Verify(Box<verify::VerifyArgs>),
    Index(Box<index::IndexArgs>),
    Merge(merge::MergeArgs),
    Plan(Box<plan::PlanArgs>),
    Tune(Box<tune::TuneArgs>),
    Bench(Box<bench::BenchArgs>),
    Doctor(Box<doctor::DoctorArgs>),
    Synth(synth::SynthArgs),
    Actions(actions::ActionsArgs),
    #[command(hide = true)]
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Man(man::ManArgs),
}

/// The one definition of all commands and flags: parsing, help, reference, completions and manual pages use it.
fn program() -> Definition {
    help::with_short_help(settings::with_undoable_switches(Cli::command()))
}

/// The command with its flags, from the command line and its configuration file.
fn command() -> anyhow::Result<Command> {
    let line: Vec<OsString> = std::env::args_os().collect();
    let matches = settings::matches(&program(), &line)?;
    Ok(Cli::from_arg_matches(&matches)?.command)
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let command = match command() {
        Ok(command) => command,
        Err(error) => return exit::code(Err(error)),
    };
    if let Err(error) = signals::listen() {
        return exit::code(Err(error));
    }
    let result = match command {
        Command::Scan(args) => scan::run(&args),
        Command::Triage(args) => triage::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Tune(args) => tune::run(&args),
        Command::Baseline(args) => baseline::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Index(args) => index::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Actions(args) => actions::run(&args),
        Command::Synth(args) => synth::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    exit::code(result)
}

/// The given number of threads, else one per core.
fn threads(wanted: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    wanted.map_or_else(cores, usize::from)
}
