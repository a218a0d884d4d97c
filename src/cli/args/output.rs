//! Flags for the format and destination of the answer.

use std::path::PathBuf;

use clap::{Args, ColorChoice, ValueEnum};
use firstseen::report::{ExportFormat, Format};
use firstseen::scan::DEFAULT_MEMORY;

use super::super::exit::{Hint, UsageError};
use super::super::output::Output;
use super::super::output_guard::OutputGuard;
use super::byte_count;
use super::format::{ByExtension, FindingFormatArg, FormatArg, RankedFormatArg};

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Format of the answer [default: by the extension of FILE, else text]. Several formats, and asff, are written to the
    /// folder given with --output
    #[arg(long, short, value_enum, value_delimiter = ',', value_name = "FORMAT,…")]
    pub(crate) format: Vec<FindingFormatArg>,
    /// Write the answer to FILE, which appears only once it is complete, or to a folder [default: stdout]
    #[arg(long, short, value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Write CSV values unchanged, including invisible characters and formulas that a spreadsheet would run
    #[arg(long)]
    pub(crate) csv_raw: bool,
    #[command(flatten)]
    pub(crate) screen: ScreenArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Flags for the format and destination of an answer.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct AnswerOutputArgs {
    /// Format of the answer [default: by the extension of FILE, else text]
    #[arg(long, short, value_enum)]
    format: Option<FormatArg>,
    /// Write the answer to FILE, which appears only once it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write CSV values unchanged, including invisible characters and formulas that a spreadsheet would run
    #[arg(long)]
    csv_raw: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct RankedOutputArgs {
    /// Format of the answer [default: by the extension of FILE, else text]. asff is written to the folder given with --output
    #[arg(long, short, value_enum)]
    format: Option<RankedFormatArg>,
    /// Write the answer to FILE, which appears only once it is complete, or to a folder [default: stdout]
    #[arg(long, short, value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Write CSV values unchanged, including invisible characters and formulas that a spreadsheet would run
    #[arg(long)]
    csv_raw: bool,
    #[command(flatten)]
    pub(crate) screen: ScreenArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Flags for text on a terminal.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ScreenArgs {
    /// Write text for a terminal: coloured, wrapped to its width, summary first. auto does so if the answer goes to a terminal,
    /// without colours if NO_COLOR is set; always does so for any output; never only leaves out the colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, hide_default_value = true)]
    pub(crate) color: ColorChoice,
}

/// Flags for the resources and messages of a run that reads archives.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunArgs {
    /// Write all faults (everything that could not be read) to FILE, one JSON object per line
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Number of threads, at most 512 [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) threads: Option<u16>,
    /// Memory that all threads together may use for large objects; threads wait for it, and the answer stays the same
    /// [units: K, M, G] [default: a quarter of the memory of the machine or container]
    #[arg(long, value_name = "BYTES", value_parser = byte_count)]
    memory: Option<u64>,
    /// No progress or summary on stderr; warnings and faults are still printed
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl RunArgs {
    /// The memory budget for large objects.
    pub(crate) fn memory(&self) -> u64 {
        self.memory.unwrap_or_else(|| available_memory().map_or(DEFAULT_MEMORY, |available| available / 4))
    }

    /// Opens the file of `--faults`.
    pub(crate) fn faults(&self, guard: &mut OutputGuard) -> anyhow::Result<Option<Output>> {
        guard.open_if_named("--faults", self.faults.as_deref())
    }
}

/// The memory of the machine, or the limit of its container if lower.
fn available_memory() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    Some(system.total_memory().min(container)).filter(|memory| *memory > 0)
}

/// A format written as one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Own(Format),
    Export(ExportFormat),
    /// A page for a browser.
    Page,
    /// A file for spreadsheet programs, which is not text.
    Workbook,
}

/// The output formats of findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormats {
    /// One format, to a file or stdout.
    One(FileFormat),
    /// In a folder: several, or one of many files.
    Folder(Vec<FolderFormat>),
}

/// A format in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FolderFormat {
    /// One file, with its name.
    File(FileFormat, &'static str),
    /// ASFF, which has files of its own.
    Asff,
}

impl OutputArgs {
    /// The formats of the findings: from `--format`, else by the extension of the output.
    pub(crate) fn formats(&self) -> anyhow::Result<OutputFormats> {
        let one = match &self.format[..] {
            [] => FindingFormatArg::of_output(None, self.output.as_deref())?,
            [one] => *one,
            several => {
                if let Some(twice) = twice(several) {
                    let name =
                        twice.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
                    return Err(UsageError(format!("--format names {name} twice")).into());
                }
                return Ok(OutputFormats::Folder(several.iter().map(|one| self.in_folder(*one)).collect()));
            }
        };
        Ok(match self.in_folder(one) {
            FolderFormat::File(format, _) => OutputFormats::One(format),
            FolderFormat::Asff => OutputFormats::Folder(vec![FolderFormat::Asff]),
        })
    }

    /// A format as one of several in a folder.
    fn in_folder(&self, format: FindingFormatArg) -> FolderFormat {
        match format {
            FindingFormatArg::Asff => FolderFormat::Asff,
            FindingFormatArg::Page => FolderFormat::File(FileFormat::Page, "findings.html"),
            FindingFormatArg::Workbook => FolderFormat::File(FileFormat::Workbook, "findings.xlsx"),
            FindingFormatArg::Answer(format) => {
                let name = match format {
                    FormatArg::Csv => "findings.csv",
                    FormatArg::Json => "findings.json",
                    FormatArg::Jsonl => "findings.jsonl",
                    FormatArg::Text => "findings.txt",
                };
                FolderFormat::File(FileFormat::Own(format.format(self.csv_raw)), name)
            }
            FindingFormatArg::Export(format) => {
                let name = match format {
                    ExportFormat::Ocsf => "findings.ocsf.jsonl",
                    ExportFormat::Sns => "findings.sns.jsonl",
                    ExportFormat::Falco => "findings.falco.jsonl",
                    ExportFormat::Timesketch => "findings.timesketch.jsonl",
                };
                FolderFormat::File(FileFormat::Export(format), name)
            }
        }
    }
}

/// The first format that is named before.
fn twice(formats: &[FindingFormatArg]) -> Option<&FindingFormatArg> {
    (1..formats.len()).find(|at| formats[..*at].contains(&formats[*at])).map(|at| &formats[at])
}

impl OutputFormats {
    /// Refuses formats of other systems.
    ///
    /// # Errors
    /// If there is one (wrong usage); `flag` is why.
    pub(crate) fn check_own(&self, flag: &str) -> anyhow::Result<()> {
        if matches!(self, Self::One(FileFormat::Own(_))) {
            return Ok(());
        }
        let what = format!("{flag} makes a report that no other system reads");
        Err(anyhow::Error::new(UsageError(what)).context(Hint("use --format csv, json, jsonl or text")))
    }
}

impl RankedOutputArgs {
    /// The format of the ranking: `--format`, else by the extension of the output.
    pub(crate) fn formats(&self) -> anyhow::Result<OutputFormats> {
        let RankedFormatArg(format) = RankedFormatArg::of_output(self.format, self.output.as_deref())?;
        Ok(OutputFormats::One(match format {
            FindingFormatArg::Answer(format) => FileFormat::Own(format.format(self.csv_raw)),
            FindingFormatArg::Asff => return Ok(OutputFormats::Folder(vec![FolderFormat::Asff])),
            FindingFormatArg::Export(format) => FileFormat::Export(format),
            FindingFormatArg::Page => FileFormat::Page,
            FindingFormatArg::Workbook => FileFormat::Workbook,
        }))
    }
}

impl AnswerOutputArgs {
    /// The format of the answer: `--format`, else by the extension of the output.
    pub(crate) fn format(&self) -> anyhow::Result<Format> {
        Ok(FormatArg::of_output(self.format, self.output.as_deref())?.format(self.csv_raw))
    }
}
