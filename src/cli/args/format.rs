//! Output formats: from `--format`, or from the extension of the output file.

use std::path::Path;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use firstseen::report::{ExportFormat, Format};

use super::super::exit::{Hint, UsageError};

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

/// A format that the extension of an output can stand for.
pub(crate) trait ByExtension: ValueEnum {
    /// Extensions that stand for it.
    fn extensions(&self) -> &'static [&'static str];

    /// The format that `--format` names, else that of the extension of the output; text without one.
    ///
    /// # Errors
    /// If no format has the extension (wrong usage).
    fn of_output(named: Option<Self>, output: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(named) = named {
            return Ok(named);
        }
        let wanted = extension(output).unwrap_or(TEXT);
        let has_it = |format: &&Self| format.extensions().contains(&wanted);
        Self::value_variants().iter().find(has_it).cloned().ok_or_else(|| unknown_extension::<Self>(wanted))
    }
}

/// The extension of text.
const TEXT: &str = "txt";

/// The extension of an output; none for devices and pipes.
pub(super) fn extension(output: Option<&Path>) -> Option<&str> {
    output.filter(|path| !path.starts_with("/dev")).and_then(Path::extension).and_then(|end| end.to_str())
}

fn unknown_extension<F: ByExtension>(extension: &str) -> anyhow::Error {
    let known = F::value_variants().iter().flat_map(ByExtension::extensions);
    let known: Vec<String> = known.map(|extension| format!(".{extension}")).collect();
    let what = format!("the extension '.{extension}' is not a format: known are {}", known.join(", "));
    let hint = Hint("--format names the format of a file with any extension");
    anyhow::Error::new(UsageError(what)).context(hint)
}

impl ByExtension for FormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Csv => &["csv"],
            Self::Json => &["json"],
            Self::Jsonl => &["jsonl", "ndjson"],
            Self::Text => &[TEXT],
        }
    }
}

impl ByExtension for FindingFormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Answer(format) => format.extensions(),
            Self::Page => &["html"],
            Self::Workbook => &["xlsx"],
            // They are JSON, which has a format of its own.
            Self::Asff | Self::Export(_) => &[],
        }
    }
}

impl ByExtension for RankedFormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        self.0.extensions()
    }
}

impl FormatArg {
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
