//! `firstseen bench`: the cost of scanning an archive on this machine.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use firstseen::bench::{BenchPlan, measure, write_text};
use firstseen::learn::LearnSettings;
use firstseen::source::{Archives, is_stdin};
use firstseen::store::proven_files;
use firstseen::synth::{Plan, synthesize_unless};
use tempfile::TempDir;

use super::args::{S3Args, byte_count};
use super::exit::{Hint, RunStatus, UsageError, scan_error};
use super::output_guard::OutputGuard;
use super::{signals, threads};

/// Measure the cost of a scan on this machine
///
/// Of each stage, with each number of threads, and its memory.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Folders, files, globs or s3://bucket/prefix with log objects
    #[arg(value_name = "ARCHIVE", required_unless_present = "synthetic")]
    archives: Vec<PathBuf>,
    /// Measure a synthetic archive with this much JSON, which is removed afterwards [units: K, M, G]
    #[arg(long, value_name = "BYTES", value_parser = byte_count, conflicts_with = "archives")]
    synthetic: Option<u64>,
    /// Number of measured runs, after one warmup run
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Measure scans with 1 to this many threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Format of the measurements
    #[arg(short, long, default_value = "text")]
    format: FormatArg,
    /// Write the measurements to FILE, which appears only once it is complete [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// No progress on stderr, as with other commands: bench shows none, so that nothing disturbs what it measures
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    s3: S3Args,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Text,
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<RunStatus> {
    let mut guard = OutputGuard::new();
    args.archives.iter().for_each(|name| guard.read_archive(name));
    guard.take_mirror(&args.s3, &args.archives)?;
    let output = guard.open("--output", args.output.as_deref())?;
    signals::be_orderly(true);
    let synthetic = args.synthetic.map(synthetic_archive).transpose()?;
    let names = synthetic
        .as_ref()
        .map_or_else(|| args.archives.clone(), |folder| vec![folder.path().join("archive/AWSLogs")]);
    if names.iter().any(|name| is_stdin(name)) {
        return Err(UsageError(
            "bench reads its input many times, but standard input can be read only once".to_owned(),
        )
        .into());
    }
    let archives = Archives::open_with(&names, &args.s3.settings(&names)?)
        .map_err(|error| scan_error(error.into()))?
        .passing_over(proven_files);
    let settings = LearnSettings { threads: 1, ..Default::default() };
    let plan = BenchPlan { runs: args.runs, max_threads: threads(args.threads) };
    let measured = measure(&archives, &settings, &plan, &signals::interrupted);
    let measured = measured.map_err(|error| interrupted().unwrap_or_else(|| scan_error(error)))?;
    output.write(|out| match args.format {
        FormatArg::Text => write_text(&measured, out),
        FormatArg::Json => {
            serde_json::to_writer_pretty(&mut *out, &measured)?;
            out.write_all(b"\n")
        }
    })?;
    Ok(RunStatus::Complete)
}

/// Makes a synthetic archive in a temporary folder, which is removed on drop.
fn synthetic_archive(bytes: u64) -> anyhow::Result<TempDir> {
    let hint = Hint("set TMPDIR to a folder with free space for a tenth of the size");
    let folder = tempfile::Builder::new()
        .prefix("firstseen-bench-")
        .tempdir()
        .context("cannot create a folder for the synthetic archive")
        .context(hint)?;
    let plan = Plan { bytes, seed: 1, days: 120 };
    let made = synthesize_unless(&folder.path().join("archive"), &plan, &signals::interrupted);
    if let Some(error) = interrupted() {
        return Err(error);
    }
    made.context("cannot create the synthetic archive").context(hint)?;
    Ok(folder)
}

/// The error after Ctrl-C.
fn interrupted() -> Option<anyhow::Error> {
    signals::interrupted().then(|| anyhow::anyhow!("interrupted; nothing was measured"))
}
