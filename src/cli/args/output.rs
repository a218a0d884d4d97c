//! Flags that say where the answer goes and how it looks.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use firstseen::report::{Exchange, Format};
use firstseen::scan::DEFAULT_MEMORY;

use super::super::claims::Claims;
use super::super::exit::UsageError;
use super::super::output::Output;
use super::byte_count;

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Format of the answer [default: by the ending of FILE, else text]. Several of them, and asff, are written into a
    /// folder, --output
    #[arg(long, short, value_enum, value_delimiter = ',', value_name = "FORMAT,…")]
    pub(crate) format: Vec<FormatArg>,
    /// Write the answer to FILE, which appears only when it is complete, or into a folder [default: stdout]
    #[arg(long, short, value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// With CSV: leave texts as they are, also what a spreadsheet would run as a formula and what cannot be seen
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
    /// Number of threads, 512 at most [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) threads: Option<u16>,
    /// Memory that all threads together may hold for large objects: others wait, and the answer is the same [units: K, M, G]
    /// [default: a quarter of what there is]
    #[arg(long, value_name = "BYTES", value_parser = byte_count)]
    memory: Option<u64>,
    /// No progress and no summary on stderr; warnings and the list of faults stay
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl RunArgs {
    /// The budget of memory for large objects.
    pub(crate) fn memory(&self) -> u64 {
        self.memory.unwrap_or_else(|| available_memory().map_or(DEFAULT_MEMORY, |available| available / 4))
    }

    /// Opens the file of `--faults`.
    pub(crate) fn faults(&self, claims: &mut Claims) -> anyhow::Result<Option<Output>> {
        claims.open_if_named("--faults", self.faults.as_deref())
    }
}

/// Memory of this machine, or of the container that this runs in, if that has less.
fn available_memory() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    Some(system.total_memory().min(container)).filter(|memory| *memory > 0)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// For spreadsheets
    Csv,
    /// One document
    Json,
    /// One value a line
    Jsonl,
    /// For people
    Text,
    /// AWS Security Finding Format, for Security Hub: a file for each account and Region (findings only)
    Asff,
    /// OCSF Detection Findings 1.3.0, one a line (findings only)
    Ocsf,
    /// The message of Netflix' cloudtrail-anomaly for each principal, one a line (findings only)
    Sns,
    /// Alerts as Falco writes them, one a line (findings only)
    FalcoJson,
}

/// A format that is one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Own(Format),
    Exchange(Exchange),
}

/// What findings are written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormats {
    /// One format, to a file or stdout.
    One(FileFormat),
    /// Several, into a folder; each with the name of its file. None stands for ASFF, which is files of its own.
    Folder(Vec<Option<(FileFormat, &'static str)>>),
}

impl OutputArgs {
    /// `--format`, else what the output's name ends with, else text: for answers that are no findings.
    pub(crate) fn format(&self) -> anyhow::Result<Format> {
        match self.wanted()? {
            OutputFormats::One(FileFormat::Own(format)) => Ok(format),
            _ => {
                Err(UsageError("this answer is written as one of csv, json, jsonl or text".to_owned()).into())
            }
        }
    }

    /// What findings are written as.
    pub(crate) fn wanted(&self) -> anyhow::Result<OutputFormats> {
        let one = match (&self.format[..], ending(self.output.as_deref())) {
            ([one], _) => *one,
            ([], None | Some("txt")) => FormatArg::Text,
            ([], Some("csv")) => FormatArg::Csv,
            ([], Some("json")) => FormatArg::Json,
            ([], Some("jsonl" | "ndjson")) => FormatArg::Jsonl,
            ([], Some(other)) => return Err(unknown_ending(other, "csv, json, jsonl or text")),
            (several, _) => {
                return Ok(OutputFormats::Folder(several.iter().map(|one| self.single(*one)).collect()));
            }
        };
        Ok(match self.single(one) {
            Some((single, _)) => OutputFormats::One(single),
            None => OutputFormats::Folder(vec![None]),
        })
    }

    /// The format that is one file, with its name in a folder of several.
    fn single(&self, format: FormatArg) -> Option<(FileFormat, &'static str)> {
        Some(match format {
            FormatArg::Csv if self.csv_raw => (FileFormat::Own(Format::RawCsv), "findings.csv"),
            FormatArg::Csv => (FileFormat::Own(Format::Csv), "findings.csv"),
            FormatArg::Json => (FileFormat::Own(Format::Json), "findings.json"),
            FormatArg::Jsonl => (FileFormat::Own(Format::JsonLines), "findings.jsonl"),
            FormatArg::Text => (FileFormat::Own(Format::Text), "findings.txt"),
            FormatArg::Ocsf => (FileFormat::Exchange(Exchange::Ocsf), "findings.ocsf.jsonl"),
            FormatArg::Sns => (FileFormat::Exchange(Exchange::Sns), "findings.sns.jsonl"),
            FormatArg::FalcoJson => (FileFormat::Exchange(Exchange::Falco), "findings.falco.jsonl"),
            FormatArg::Asff => return None,
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
