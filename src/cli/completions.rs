//! `firstseen completions`: what a shell needs to complete the commands and flags.

use clap::Args;
use clap_complete::Shell;

use super::exit::RunStatus;
use super::output::Output;
use super::program;

/// Print a script with which a shell completes commands and flags
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<RunStatus> {
    // Made in memory: the crate panics if writing fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program(), "firstseen", &mut script);
    Output::Stdout.write(|out| out.write_all(&script))?;
    Ok(RunStatus::Complete)
}
