//! Flags that say where the answer goes and how it looks.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use firstseen::report::Format;

use super::super::exit::UsageError;
use super::super::output::Output;

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Format of the answer [default: by the ending of FILE, else text]
    #[arg(long, short, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// Write the answer to FILE, which appears only when it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// With CSV: leave cells alone that a spreadsheet would run as a formula
    #[arg(long)]
    pub(crate) csv_raw: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// How a run that reads archives goes about it, and what it says beside its answer.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Write everything that could not be read to FILE, one JSON object a line
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Number of threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// No progress and no summary on stderr
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl RunArgs {
    /// Opens the file of `--faults`.
    pub(crate) fn faults(&self) -> anyhow::Result<Option<Output>> {
        self.faults.as_deref().map(|path| Output::open(Some(path))).transpose()
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatArg {
    Csv,
    Json,
    Jsonl,
    Text,
}

impl OutputArgs {
    /// `--format`, else what the output's name ends with, else text.
    pub(crate) fn format(&self) -> anyhow::Result<Format> {
        let format = match (self.format, ending(self.output.as_deref())) {
            (Some(format), _) => format,
            (None, None | Some("txt")) => FormatArg::Text,
            (None, Some("csv")) => FormatArg::Csv,
            (None, Some("json")) => FormatArg::Json,
            (None, Some("jsonl" | "ndjson")) => FormatArg::Jsonl,
            (None, Some(other)) => return Err(unknown_ending(other, "csv, json, jsonl or text")),
        };
        Ok(match format {
            FormatArg::Csv if self.csv_raw => Format::RawCsv,
            FormatArg::Csv => Format::Csv,
            FormatArg::Json => Format::Json,
            FormatArg::Jsonl => Format::JsonLines,
            FormatArg::Text => Format::Text,
        })
    }
}

/// What the name of an output file ends with; nothing for devices and pipes.
pub(crate) fn ending(output: Option<&Path>) -> Option<&str> {
    output.filter(|path| !path.starts_with("/dev")).and_then(Path::extension).and_then(|end| end.to_str())
}

/// An output whose name does not tell its format.
pub(crate) fn unknown_ending(ending: &str, formats: &str) -> anyhow::Error {
    UsageError(format!("'.{ending}' names no format: say --format {formats}")).into()
}
