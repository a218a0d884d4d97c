//! The destination of findings: a file, stdout, or a folder with one file per format.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use firstseen::report::Report;

use super::args::{FileFormat, OutputArgs, OutputFormats};
use super::exit::{Hint, UsageError};
use super::output::Output;
use super::output_guard::OutputGuard;

/// The destination of findings. It is opened before anything is read, so a bad path fails at once.
pub(crate) enum Destination {
    One(FileFormat, Output),
    Folder(PathBuf, Vec<Option<(FileFormat, &'static str)>>),
}

impl Destination {
    pub(crate) fn open(args: &OutputArgs, guard: &mut OutputGuard) -> anyhow::Result<Self> {
        match (args.formats()?, &args.output) {
            (OutputFormats::One(single), output) => {
                Ok(Self::One(single, guard.open("--output", output.as_deref())?))
            }
            (OutputFormats::Folder(formats), Some(folder)) => {
                for format in &formats {
                    let name = format.map_or("asff", |(_, name)| name);
                    guard.take("--output", &folder.join(name), format.is_none())?;
                }
                open_folder(folder)?;
                Ok(Self::Folder(folder.clone(), formats))
            }
            (OutputFormats::Folder(_), None) => {
                let what = "several formats, and asff, need a folder: name it with --output".to_owned();
                Err(UsageError(what).into())
            }
        }
    }

    /// Whether this is the only format, on standard output.
    pub(crate) fn is(&self, format: FileFormat) -> bool {
        matches!(self, Self::One(one, Output::Stdout) if *one == format)
    }

    /// Writes everything. Returns a warning, if any.
    pub(crate) fn write(self, report: &Report<'_>) -> anyhow::Result<Option<String>> {
        match self {
            Self::One(single, output) => write_one(report, single, output).map(|()| None),
            Self::Folder(folder, formats) => {
                let mut warning = None;
                for format in formats {
                    match format {
                        Some((single, name)) => {
                            write_one(report, single, Output::open(&folder.join(name))?)?;
                        }
                        None => warning = write_asff(report, &folder.join("asff"))?,
                    }
                }
                Ok(warning)
            }
        }
    }
}

fn write_one(report: &Report<'_>, single: FileFormat, output: Output) -> anyhow::Result<()> {
    output.write(|out| match single {
        FileFormat::Own(format) => report.write(format, out),
        FileFormat::Export(format) => report.write_export(format, out),
    })
}

/// Creates the folder, or checks that it is empty: batches of an earlier run must not be mistaken for this run's.
fn open_folder(folder: &Path) -> anyhow::Result<()> {
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

fn write_asff(report: &Report<'_>, folder: &Path) -> anyhow::Result<Option<String>> {
    let (batches, without_account) = report.asff();
    fs::create_dir_all(folder).with_context(|| format!("cannot create '{}'", folder.display()))?;
    for batch in batches {
        let path = folder.join(format!("{}_{}_{:04}.json", batch.account, batch.region, batch.number));
        // The folder is new and may get a file per account, so files are not synced to disk.
        fs::write(&path, batch.json).with_context(|| format!("cannot write '{}'", path.display()))?;
    }
    let warning = "findings have no account, so Security Hub does not accept them: they are not in asff/";
    Ok((without_account > 0).then(|| format!("{without_account} {warning}")))
}
