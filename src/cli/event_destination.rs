//! The destination of events: a file, stdout, or a folder with files by account and day.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use firstseen::report::{EventFormat, EventReport, EventsWritten};

use super::args::EventOutputArgs;
use super::destination::open_folder;
use super::exit::{Hint, UsageError};
use super::output::Output;
use super::output_guard::OutputGuard;
use super::partial_folder::PartialFolder;
use super::settings::FileArgs;

/// Where events go.
pub(crate) enum EventDestination {
    File(Output),
    /// Files by account and day.
    Folder(PathBuf),
}

impl EventDestination {
    /// Opened before anything is read, so a bad path fails at once. Also returns the format.
    pub(crate) fn open(
        args: &EventOutputArgs,
        files: &FileArgs,
        guard: &mut OutputGuard,
    ) -> anyhow::Result<(Self, EventFormat)> {
        let partitions = args.partitions(files)?;
        let (output, format) = (args.output.as_deref(), args.format(partitions)?);
        if let Some(folder) = output.filter(|_| partitions) {
            guard.take("--output", folder, true)?;
            open_folder(folder)?;
            return Ok((Self::Folder(folder.to_owned()), format));
        }
        let output = guard.open("--output", output)?;
        let format = match format {
            EventFormat::Parquet if output.is_terminal() => {
                let error = UsageError("a Parquet file is not text for a terminal".to_owned());
                return Err(anyhow::Error::new(error).context(Hint("name a file: -o events.parquet")));
            }
            EventFormat::Records { .. } => EventFormat::Records { is_for_terminal: output.is_terminal() },
            other => other,
        };
        Ok((Self::File(output), format))
    }

    /// Writes the events.
    pub(crate) fn write(
        self,
        report: &EventReport<'_>,
        format: EventFormat,
    ) -> anyhow::Result<EventsWritten> {
        match self {
            Self::File(output) => {
                let mut written = EventsWritten::default();
                output.write(|out| {
                    written = report.write(format, out)?;
                    Ok(())
                })?;
                Ok(written)
            }
            Self::Folder(folder) => {
                let cannot = || format!("cannot write to '{}'", folder.display());
                let partial = PartialFolder::below(&folder).with_context(cannot)?;
                let append = &mut |path: &str, bytes: &[u8]| append(&partial.path().join(path), bytes);
                let written = report.write_partitions(append).with_context(cannot)?;
                partial.finish().with_context(cannot)?;
                Ok(written)
            }
        }
    }
}

/// Adds bytes to a file, which is created with its folder.
fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let open = options.create(true).append(true);
    let mut file = match open.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            open.open(path)?
        }
        opened => opened?,
    };
    file.write_all(bytes)
}
