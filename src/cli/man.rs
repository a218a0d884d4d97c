//! `firstseen man`: manual pages, one for each command.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::destination::open_folder;
use super::exit::RunStatus;
use super::output_guard::OutputGuard;
use super::program;

/// Write manual pages, one for each command
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// New or empty folder for the pages
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &ManArgs) -> anyhow::Result<RunStatus> {
    OutputGuard::new().take("--output", &args.output, true)?;
    open_folder(&args.output)?;
    clap_mangen::generate_to(program(), &args.output)
        .with_context(|| format!("cannot write to '{}'", args.output.display()))?;
    Ok(RunStatus::Complete)
}
