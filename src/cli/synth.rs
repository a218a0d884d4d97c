//! `firstseen synth`: generates a synthetic archive.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use firstseen::synth::{Plan, synthesize};

use super::exit::{Hint, RunStatus, UsageError};
use super::output_guard::OutputGuard;

/// Generate a realistic archive with planted first-seen actions
///
/// The same seed gives the same archive.
#[derive(Debug, Args)]
pub(crate) struct SynthArgs {
    /// New folder for AWSLogs/ and ground-truth.csv
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Approximate size of the JSON in gigabytes
    #[arg(long, default_value_t = 0.05)]
    gb: f64,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of days in the archive
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(2..=3650))]
    days: u32,
}

/// Runs the command.
pub(crate) fn run(args: &SynthArgs) -> anyhow::Result<RunStatus> {
    if !(args.gb > 0.0 && args.gb <= 10_000.0) {
        return Err(UsageError("--gb takes a number above 0 and up to 10000".to_owned()).into());
    }
    OutputGuard::new().take("OUT", &args.out, true)?;
    let plan = Plan { bytes: (args.gb * 1e9) as u64, seed: args.seed, days: args.days };
    synthesize(&args.out, &plan)
        .with_context(|| format!("cannot create an archive in '{}'", args.out.display()))
        .context(Hint("name a folder that does not exist yet"))?;
    Ok(RunStatus::Complete)
}
