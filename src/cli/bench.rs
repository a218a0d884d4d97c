//! `firstseen bench`: the cost of scanning an archive on this machine.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use firstseen::bench::{BenchPlan, MeasureError, measure, write_text};
use firstseen::learn::LearnSettings;
use firstseen::source::{GivenArchive, is_stdin};
use firstseen::synth::{Plan, synthesize_unless};
use tempfile::TempDir;

use super::args::{ArchiveArgs, S3Args, byte_count};
use super::exit::{Hint, RunStatus, UsageError, scan_error};
use super::input::open_archives;
use super::output_guard::OutputGuard;
use super::saved_name::is_saved;
use super::settings::FileArgs;
use super::warnings::nothing_found;
use super::{signals, threads};

/// Measure the cost of a scan on this machine
///
/// Of each stage, with each number of threads, and its memory.
#[derive(Debug, Args)]
#[command(mut_arg("names", |names| {
    names
        .help("Folders, files, globs or s3://bucket/prefix with log objects")
        .required_unless_present_any(["synthetic", "files_from", "config"])
        .conflicts_with("synthetic")
}))]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    archives: ArchiveArgs,
    #[command(flatten)]
    files: FileArgs,
    /// Measure a synthetic archive with this much JSON, which is removed afterwards [units: K, M, G]
    #[arg(long, value_name = "BYTES", value_parser = byte_count, conflicts_with = "files_from")]
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
    let files = args.files.read(None)?;
    let s3 = args.s3.clone().or(files.s3);
    let named = match args.synthetic {
        Some(_) => None,
        None => Some(args.archives.and(&files.archives, &s3)?),
    };
    if named.iter().flat_map(|named| named.names()).any(|name| is_stdin(name)) {
        return Err(UsageError(
            "bench reads its input many times, but standard input can be read only once".to_owned(),
        )
        .into());
    }
    if let Some(saved) = named.iter().flat_map(|named| named.names()).find(|name| is_saved(name)) {
        let what = format!("'{}' is a baseline, and bench measures how archives are read", saved.display());
        return Err(anyhow::Error::new(UsageError(what)).context(Hint("name the archives it was made from")));
    }
    let lists = named.as_ref().map_or_else(|| Ok(Vec::new()), ArchiveArgs::lists)?;
    let mut guard = OutputGuard::new();
    guard.read_files("settings", args.files.files());
    if let Some(named) = &named {
        guard.read_archives(named, &lists);
        guard.take_mirror(&s3, named.names())?;
    }
    let output = guard.open("--output", args.output.as_deref())?;
    signals::be_orderly(true);
    let synthetic = args.synthetic.map(synthetic_archive).transpose()?;
    let given = match &named {
        Some(named) => named.given(&s3)?,
        None => {
            synthetic.iter().map(|folder| GivenArchive::at(folder.path().join("archive/AWSLogs"))).collect()
        }
    };
    // Measurements without one of the archives would be those of others.
    let given: Vec<GivenArchive> = given.into_iter().map(GivenArchive::required).collect();
    let archives = open_archives((&given, &lists), LearnSettings::default().max_object_size, &s3)?;
    let settings = LearnSettings { threads: 1, ..Default::default() };
    let plan = BenchPlan { runs: args.runs, max_threads: threads(args.threads) };
    let measured = measure(&archives, &settings, &plan, &signals::interrupted);
    let measured = measured.map_err(|error| {
        interrupted().unwrap_or_else(|| match error {
            MeasureError::Scan(error) => scan_error(error),
            MeasureError::NoLogs(coverage) => nothing_found(&coverage, archives.names()),
        })
    })?;
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
