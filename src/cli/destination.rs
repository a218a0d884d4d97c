//! The destination of findings: a file, stdout, or a folder with one file per format.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ColorChoice;
use firstseen::report::{
    AsffBatches, ExportFormat, Format, PageContext, Report, Screen, TriageReport, plural,
};

use super::args::{FileFormat, FolderFormat, OutputArgs, OutputFormats};
use super::exit::{Hint, UsageError};
use super::output::Output;
use super::output_guard::{OutputGuard, check_folder};
use super::partial_folder::PartialFolder;
use super::screen::screen;

/// The destination of findings. It is opened before anything is read, so a bad path fails at once.
pub(crate) enum Destination {
    /// With the terminal that it is shown on, if it is text and shown on one.
    One(FileFormat, Output, Option<Screen>),
    Folder(PathBuf, Vec<FolderFormat>),
}

/// An answer that can be written in formats of other systems, too.
pub(crate) trait Answer {
    /// Writes it as text for a terminal.
    fn show(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()>;

    /// Writes it as one file.
    fn write(&self, format: FileFormat, out: &mut dyn Write) -> io::Result<()>;

    /// Its findings in Security Hub's format, and the number of those whose account is not known.
    fn asff(&self) -> (AsffBatches<'_>, usize);
}

/// Findings, with what a page shows beside them, and the command that found them.
pub(crate) struct FindingsAnswer<'a> {
    pub(crate) report: Report<'a>,
    pub(crate) command: &'static str,
    pub(crate) page: PageContext<'a>,
}

impl Answer for FindingsAnswer<'_> {
    fn show(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        self.report.show(screen, out)
    }

    fn write(&self, format: FileFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            FileFormat::Own(format) => self.report.write(format, out),
            FileFormat::Export(format) => self.report.write_export(format, out),
            FileFormat::Workbook => self.report.write_workbook(out),
            FileFormat::Page => self.report.write_html(self.command, &self.page, out),
        }
    }

    fn asff(&self) -> (AsffBatches<'_>, usize) {
        self.report.asff()
    }
}

/// A ranking, with what a page shows beside it.
pub(crate) struct RankingAnswer<'a> {
    pub(crate) report: TriageReport<'a>,
    pub(crate) page: PageContext<'a>,
}

impl Answer for RankingAnswer<'_> {
    fn show(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        self.report.show(screen, out)
    }

    fn write(&self, format: FileFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            FileFormat::Own(format) => self.report.write(format, out),
            FileFormat::Export(ExportFormat::Ocsf) => self.report.write_ocsf(out),
            FileFormat::Export(ExportFormat::Timesketch) => self.report.write_timesketch(out),
            // `triage` does not offer formats of single calls.
            FileFormat::Export(ExportFormat::Sns | ExportFormat::Falco) => {
                Err(io::ErrorKind::Unsupported.into())
            }
            FileFormat::Page => self.report.write_html(&self.page, out),
            FileFormat::Workbook => self.report.write_workbook(out),
        }
    }

    fn asff(&self) -> (AsffBatches<'_>, usize) {
        self.report.asff()
    }
}

impl Destination {
    /// Opens that of findings.
    ///
    /// # Errors
    /// As [`Destination::open`].
    pub(crate) fn of_findings(args: &OutputArgs, guard: &mut OutputGuard) -> anyhow::Result<Self> {
        Self::open(args.formats()?, args.output.as_deref(), args.screen.color, guard)
    }

    /// Opens the file, stdout or the folder.
    ///
    /// # Errors
    /// If it cannot be written, is an input or another output, or does not fit the format.
    pub(crate) fn open(
        formats: OutputFormats,
        output: Option<&Path>,
        color: ColorChoice,
        guard: &mut OutputGuard,
    ) -> anyhow::Result<Self> {
        match (formats, output) {
            (OutputFormats::One(single), output) => {
                let output = guard.open("--output", output)?;
                if single == FileFormat::Workbook && output.is_terminal() {
                    let error = UsageError("a workbook is not text for a terminal".to_owned());
                    return Err(anyhow::Error::new(error).context(Hint("name a file: -o findings.xlsx")));
                }
                let is_text = single == FileFormat::Own(Format::Text);
                let screen = if is_text { screen(&output, color) } else { None };
                Ok(Self::One(single, output, screen))
            }
            (OutputFormats::Folder(formats), Some(folder)) => {
                check_folder("--output", folder)?;
                for format in &formats {
                    match format {
                        FolderFormat::File(_, name) => guard.take("--output", &folder.join(name), false)?,
                        FolderFormat::Asff => guard.take("--output", &folder.join(ASFF), true)?,
                    }
                }
                open_folder(folder)?;
                Ok(Self::Folder(folder.to_owned(), formats))
            }
            (OutputFormats::Folder(_), None) => {
                let what = "several formats, and asff, need a folder: name it with --output".to_owned();
                Err(UsageError(what).into())
            }
        }
    }

    /// Whether this is the only format.
    pub(crate) fn is_only(&self, format: FileFormat) -> bool {
        matches!(self, Self::One(one, ..) if *one == format)
    }

    /// Whether this is one of the formats.
    pub(crate) fn includes(&self, format: FileFormat) -> bool {
        match self {
            Self::One(one, ..) => *one == format,
            Self::Folder(_, formats) => {
                formats.iter().any(|one| matches!(one, FolderFormat::File(one, _) if *one == format))
            }
        }
    }

    /// Whether this is the only format, on standard output.
    pub(crate) fn is_only_on_stdout(&self, format: FileFormat) -> bool {
        matches!(self, Self::One(one, Output::Stdout, _) if *one == format)
    }

    /// Writes an answer that has no formats of other systems; [`OutputFormats::check_own`] refuses these before anything is
    /// read.
    pub(crate) fn write_own(
        self,
        write: impl FnOnce(Format, &mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Self::One(FileFormat::Own(format), output, _) => output.write(|out| write(format, out)),
            Self::One(..) | Self::Folder(..) => anyhow::bail!("this answer has no such format"),
        }
    }

    /// Writes everything. Returns a warning, if any.
    pub(crate) fn write(self, report: &impl Answer) -> anyhow::Result<Option<String>> {
        match self {
            Self::One(_, output, Some(screen)) => output.write(|out| report.show(screen, out)).map(|()| None),
            Self::One(single, output, None) => write_one(report, single, output).map(|()| None),
            Self::Folder(folder, formats) => {
                let mut warning = None;
                for format in formats {
                    match format {
                        FolderFormat::File(single, name) => {
                            write_one(report, single, Output::open(&folder.join(name))?)?;
                        }
                        FolderFormat::Asff => warning = write_asff(report, &folder)?,
                    }
                }
                Ok(warning)
            }
        }
    }
}

fn write_one(report: &impl Answer, single: FileFormat, output: Output) -> anyhow::Result<()> {
    output.write(|out| report.write(single, out))
}

/// Creates the folder, or checks that it is empty: files of an earlier run must not be mistaken for this run's.
pub(crate) fn open_folder(folder: &Path) -> anyhow::Result<()> {
    let hint = Hint("name a new or empty folder that you can write to");
    let cannot = || format!("cannot write to '{}'", folder.display());
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        // Only creating a file proves that files can be created.
        Ok(true) => tempfile::tempfile_in(folder).with_context(cannot).context(hint).map(drop),
        Ok(false) => {
            let error = UsageError(format!("the folder '{}' is not empty", folder.display()));
            Err(anyhow::Error::new(error).context(hint))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).with_context(cannot).context(hint)
        }
        Err(error) => Err(anyhow::Error::new(error).context(cannot()).context(hint)),
    }
}

/// Writes the batches of Security Hub into `asff` in a folder: all of them, or none.
fn write_asff(report: &impl Answer, folder: &Path) -> anyhow::Result<Option<String>> {
    let (batches, without_account) = report.asff();
    let cannot = || format!("cannot write to '{}'", folder.display());
    let partial = PartialFolder::below(folder).with_context(cannot)?;
    let place = partial.path().join(ASFF);
    fs::create_dir(&place).with_context(cannot)?;
    for batch in batches {
        let path = place.join(format!("{}_{}_{:04}.json", batch.account, batch.region, batch.number));
        // The folder is new and may get a file per account, so files are not synced to disk.
        fs::write(path, batch.json).with_context(cannot)?;
    }
    partial.finish().with_context(cannot)?;
    let left_out = plural(without_account as u64, "finding");
    let warning = "is known: Security Hub does not accept them, and they are not in asff/";
    Ok((without_account > 0).then(|| format!("{left_out} of which no account of AWS {warning}")))
}

/// The folder of batches for Security Hub.
const ASFF: &str = "asff";
