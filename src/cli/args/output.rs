//! Flags that say where the answer goes and how it looks.

use std::path::PathBuf;

use clap::Args;
use firstseen::report::{ExportFormat, Format};
use firstseen::scan::DEFAULT_MEMORY;

use super::super::output::Output;
use super::super::output_guard::OutputGuard;
use super::byte_count;
use super::format::{FindingFormatArg, FormatArg};

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Format of the answer [default: by the ending of FILE, else text]. Several of them, and asff, are written into a
    /// folder, --output
    #[arg(long, short, value_enum, value_delimiter = ',', value_name = "FORMAT,…")]
    pub(crate) format: Vec<FindingFormatArg>,
    /// Write the answer to FILE, which appears only when it is complete, or into a folder [default: stdout]
    #[arg(long, short, value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// With CSV: leave texts as they are, also what a spreadsheet would run as a formula and what cannot be seen
    #[arg(long)]
    pub(crate) csv_raw: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct KnownOutputArgs {
    /// Format of the answer [default: by the ending of FILE, else text]
    #[arg(long, short, value_enum)]
    format: Option<FormatArg>,
    /// Write the answer to FILE, which appears only when it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// With CSV: leave texts as they are, also what a spreadsheet would run as a formula and what cannot be seen
    #[arg(long)]
    csv_raw: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// How a run that reads archives goes about it, and what it says beside its answer.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
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
    pub(crate) fn faults(&self, guard: &mut OutputGuard) -> anyhow::Result<Option<Output>> {
        guard.open_if_named("--faults", self.faults.as_deref())
    }
}

/// Memory of this machine, or of the container that this runs in, if that has less.
fn available_memory() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    Some(system.total_memory().min(container)).filter(|memory| *memory > 0)
}

/// A format that is one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Own(Format),
    Export(ExportFormat),
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
    /// The formats of the findings: those of `--format`, else that of the output's name.
    pub(crate) fn formats(&self) -> anyhow::Result<OutputFormats> {
        let one = match &self.format[..] {
            [] => FindingFormatArg::Answer(FormatArg::of_output(self.output.as_deref())?),
            [one] => *one,
            several => {
                return Ok(OutputFormats::Folder(several.iter().map(|one| self.file(*one)).collect()));
            }
        };
        Ok(match self.file(one) {
            Some((format, _)) => OutputFormats::One(format),
            None => OutputFormats::Folder(vec![None]),
        })
    }

    /// A format that is one file, with the file's name in a folder of several.
    fn file(&self, format: FindingFormatArg) -> Option<(FileFormat, &'static str)> {
        Some(match format {
            FindingFormatArg::Asff => return None,
            FindingFormatArg::Answer(format) => {
                let name = match format {
                    FormatArg::Csv => "findings.csv",
                    FormatArg::Json => "findings.json",
                    FormatArg::Jsonl => "findings.jsonl",
                    FormatArg::Text => "findings.txt",
                };
                (FileFormat::Own(format.format(self.csv_raw)), name)
            }
            FindingFormatArg::Export(format) => {
                let name = match format {
                    ExportFormat::Ocsf => "findings.ocsf.jsonl",
                    ExportFormat::Sns => "findings.sns.jsonl",
                    ExportFormat::Falco => "findings.falco.jsonl",
                };
                (FileFormat::Export(format), name)
            }
        })
    }
}

impl KnownOutputArgs {
    /// The format of the answer: `--format`, else that of the output's name.
    pub(crate) fn format(&self) -> anyhow::Result<Format> {
        let format = self.format.map_or_else(|| FormatArg::of_output(self.output.as_deref()), Ok)?;
        Ok(format.format(self.csv_raw))
    }
}
