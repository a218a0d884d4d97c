//! Output formats: from `--format`, or from the extension of the output file.

use std::path::Path;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use firstseen::report::{ExportFormat, Format};

use super::super::exit::UsageError;

/// A format of any answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// For spreadsheets
    Csv,
    /// One document
    Json,
    /// One value per line
    Jsonl,
    /// Human-readable
    Text,
}

/// A format of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FindingFormatArg {
    /// One of the formats of any answer.
    Answer(FormatArg),
    /// Many files, one for each account and Region.
    Asff,
    /// One file, for another system.
    Export(ExportFormat),
    /// A page for a browser.
    Page,
    /// A file for spreadsheet programs.
    Workbook,
}

/// A format of ranked incidents: those of findings, but without formats of single calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RankedFormatArg(pub(crate) FindingFormatArg);

impl ValueEnum for RankedFormatArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self(FindingFormatArg::Answer(FormatArg::Csv)),
            Self(FindingFormatArg::Answer(FormatArg::Json)),
            Self(FindingFormatArg::Answer(FormatArg::Jsonl)),
            Self(FindingFormatArg::Answer(FormatArg::Text)),
            Self(FindingFormatArg::Asff),
            Self(FindingFormatArg::Export(ExportFormat::Ocsf)),
            Self(FindingFormatArg::Export(ExportFormat::Timesketch)),
            Self(FindingFormatArg::Workbook),
            Self(FindingFormatArg::Page),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        self.0.to_possible_value()
    }
}

impl FindingFormatArg {
    /// The format by the extension of the output; text for stdout.
    pub(super) fn of_output(output: Option<&Path>) -> anyhow::Result<Self> {
        match ending(output) {
            Some("html") => Ok(Self::Page),
            Some("xlsx") => Ok(Self::Workbook),
            _ => FormatArg::of_output(output).map(Self::Answer),
        }
    }
}

impl FormatArg {
    /// The format by the extension of the output; text for stdout.
    pub(super) fn of_output(output: Option<&Path>) -> anyhow::Result<Self> {
        Ok(match ending(output) {
            None | Some("txt") => Self::Text,
            Some("csv") => Self::Csv,
            Some("json") => Self::Json,
            Some("jsonl" | "ndjson") => Self::Jsonl,
            Some(other) => return Err(unknown_ending(other, "csv, json, jsonl or text")),
        })
    }

    /// The format; with `csv_raw`, CSV is not made safe for spreadsheets.
    pub(super) fn format(self, csv_raw: bool) -> Format {
        match self {
            Self::Csv if csv_raw => Format::RawCsv,
            Self::Csv => Format::Csv,
            Self::Json => Format::Json,
            Self::Jsonl => Format::JsonLines,
            Self::Text => Format::Text,
        }
    }
}

impl ValueEnum for FindingFormatArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Answer(FormatArg::Csv),
            Self::Answer(FormatArg::Json),
            Self::Answer(FormatArg::Jsonl),
            Self::Answer(FormatArg::Text),
            Self::Asff,
            Self::Export(ExportFormat::Ocsf),
            Self::Export(ExportFormat::Sns),
            Self::Export(ExportFormat::Falco),
            Self::Page,
            Self::Export(ExportFormat::Timesketch),
            Self::Workbook,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Answer(format) => return format.to_possible_value(),
            Self::Asff => {
                ("asff", "AWS Security Finding Format, for Security Hub: files per account and Region")
            }
            Self::Page => ("html", "A page for a browser: one file that needs no network"),
            Self::Export(ExportFormat::Ocsf) => ("ocsf", "OCSF Detection Findings 1.3.0, one per line"),
            Self::Export(ExportFormat::Sns) => {
                ("sns", "Messages of Netflix's cloudtrail-anomaly: one per principal, one per line")
            }
            Self::Export(ExportFormat::Falco) => {
                ("falco-json", "Alerts in Falco's JSON format, one per line")
            }
            Self::Export(ExportFormat::Timesketch) => {
                ("timesketch", "Events of a timeline in Timesketch, one per line")
            }
            Self::Workbook => ("xlsx", "A workbook for Excel and other spreadsheet programs"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// The extension of an output; none for devices and pipes.
pub(crate) fn ending(output: Option<&Path>) -> Option<&str> {
    output.filter(|path| !path.starts_with("/dev")).and_then(Path::extension).and_then(|end| end.to_str())
}

/// The error for an extension that is not a format.
pub(crate) fn unknown_ending(ending: &str, formats: &str) -> anyhow::Error {
    UsageError(format!("the extension '.{ending}' is not a format: use --format {formats}")).into()
}
