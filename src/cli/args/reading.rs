//! Flags for what is read by commands that look at single records.

use std::path::{Path, PathBuf};

use clap::Args;
use firstseen::checksum::IndexedObjects;
use firstseen::scan::{DEFAULT_MAX_OBJECT_SIZE, ScanSettings};
use firstseen::source::{Archives, ReadWindow, S3Settings};
use firstseen::store::{Saved, proven_files};
use firstseen::time::{Bound, Span};

use super::super::exit::{Hint, UsageError, scan_error, store_error};
use super::super::input::is_saved;
use super::super::output_guard::OutputGuard;
use super::super::threads;
use super::{RunArgs, S3Args, byte_count, check_window};

/// Where the records are.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// A folder, file, glob or s3://bucket/prefix with log objects; - for standard input; or a baseline made by index
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// Where the archives of the baseline are now (repeatable) [default: where they were indexed]
    #[arg(long, value_name = "ARCHIVE")]
    archive: Vec<PathBuf>,
}

/// Where the records are, once baselines are opened.
pub(crate) struct Source {
    /// The archives that may be read.
    names: Vec<PathBuf>,
    /// The baseline, if it is one.
    pub(crate) saved: Option<Saved>,
    /// Whether `--archive` says where the archives of the baseline are.
    pub(crate) is_elsewhere: bool,
}

impl SourceArgs {
    /// The source.
    pub(crate) fn name(&self) -> &Path {
        &self.source
    }

    /// Opens the baseline, if it is one. The archives are added to the inputs of the run.
    ///
    /// # Errors
    /// If `--archive` is given with an archive (wrong usage), or the baseline cannot be opened.
    pub(crate) fn source(&self, guard: &mut OutputGuard, s3: &S3Args) -> anyhow::Result<Source> {
        let is_elsewhere = !self.archive.is_empty();
        let saved = match is_saved(&self.source) {
            true => Some(Saved::open(&self.source).map_err(store_error)?),
            false => None,
        };
        let names = match &saved {
            Some(_) if is_elsewhere => self.archive.clone(),
            Some(saved) => saved.archives().iter().map(PathBuf::from).collect(),
            None if is_elsewhere => {
                let what =
                    "--archive says where the archives of a baseline are, but SRC is an archive itself";
                return Err(UsageError(what.to_owned()).into());
            }
            None => vec![self.source.clone()],
        };
        guard.read_archive(&self.source);
        names.iter().for_each(|name| guard.read_archive(name));
        guard.take_mirror(s3, &names)?;
        Ok(Source { names, saved, is_elsewhere })
    }
}

impl Source {
    /// The settings of a scan. The limit on the size of objects is that of the baseline, unless another is given.
    ///
    /// # Errors
    /// If the window ends before it begins (wrong usage).
    pub(crate) fn settings(&self, reading: &ReadingArgs, run: &RunArgs) -> anyhow::Result<ScanSettings> {
        let settings = reading.settings(run)?;
        let of_baseline = self.saved.as_ref().map(|saved| saved.scope().max_object_size);
        let max_object_size = reading.max_object_size.or(of_baseline).unwrap_or(settings.max_object_size);
        Ok(ScanSettings { max_object_size, ..settings })
    }

    /// Opens the archives.
    ///
    /// # Errors
    /// If the flags for S3 are wrong, or an archive cannot be opened.
    pub(crate) fn open(&self, settings: &ScanSettings, s3: &S3Args) -> anyhow::Result<Archives> {
        let s3 = S3Settings { max_object_size: settings.max_object_size, ..s3.settings(&self.names)? };
        let archives = Archives::open_with(&self.names, &s3);
        let archives = archives.map_err(|error| match self.saved.is_some() && !self.is_elsewhere {
            true => anyhow::Error::new(error).context(Hint(
                "the archive is not where it was indexed: say where it is now with --archive ARCHIVE",
            )),
            false => scan_error(error.into()),
        })?;
        Ok(archives.passing_over(proven_files))
    }

    /// The objects of the baseline when they were indexed; none if the source is an archive.
    ///
    /// # Errors
    /// If the baseline cannot be read.
    pub(crate) fn indexed(&self) -> anyhow::Result<IndexedObjects> {
        let Some(saved) = &self.saved else { return Ok(IndexedObjects::default()) };
        let objects = saved.objects().map_err(store_error)?;
        let known =
            objects.iter().filter_map(|object| Some((object.archive, &*object.path, object.checksum?)));
        let known = IndexedObjects::new(known);
        Ok(if self.is_elsewhere { known.elsewhere() } else { known })
    }
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct ReadingArgs {
    /// Do not open objects delivered before this time, less --delivery-slack
    #[arg(long, value_name = "TIME")]
    read_from: Option<Bound>,
    /// Do not open objects delivered after this time, plus --delivery-slack; a day counts to its end
    #[arg(long, value_name = "TIME")]
    read_to: Option<Bound>,
    /// How long before and after its events an object may be delivered [default: 2d]
    #[arg(long, value_name = "SPAN")]
    delivery_slack: Option<Span>,
    /// Do not decompress any object beyond this many bytes [units: K, M, G] [default: 4G, or as in the baseline]
    #[arg(long, value_name = "BYTES", value_parser = byte_count)]
    max_object_size: Option<u64>,
}

impl ReadingArgs {
    /// The settings of a scan.
    ///
    /// # Errors
    /// If the window ends before it begins (wrong usage).
    pub(crate) fn settings(&self, run: &RunArgs) -> anyhow::Result<ScanSettings> {
        check_window("--read-from, --read-to", self.read_from, self.read_to)?;
        Ok(ScanSettings {
            threads: threads(run.threads),
            window: ReadWindow {
                read_from: self.read_from.map(Bound::start),
                read_to: self.read_to.map(Bound::end),
                slack: self.delivery_slack.unwrap_or(Span::days(2)),
            },
            max_object_size: self.max_object_size.unwrap_or(DEFAULT_MAX_OBJECT_SIZE),
            memory: run.memory(),
            checksums: false,
        })
    }
}
