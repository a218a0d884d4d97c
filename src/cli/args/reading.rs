//! Flags for what is read by commands that look at single records.

use std::path::{Path, PathBuf};

use clap::Args;
use firstseen::scan::{DEFAULT_MAX_OBJECT_SIZE, ScanSettings};
use firstseen::source::ReadWindow;
use firstseen::store::Saved;
use firstseen::time::{Bound, Span};

use super::super::exit::{UsageError, store_error};
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

impl SourceArgs {
    /// The source.
    pub(crate) fn name(&self) -> &Path {
        &self.source
    }

    /// Whether it is a baseline.
    pub(crate) fn is_saved(&self) -> bool {
        is_saved(&self.source)
    }

    /// Whether `--archive` says where the archives are.
    pub(crate) fn names_archives(&self) -> bool {
        !self.archive.is_empty()
    }

    /// The archives that may be read, which are added to the inputs of the run.
    ///
    /// # Errors
    /// If `--archive` is given with an archive (wrong usage), or the baseline cannot be opened.
    pub(crate) fn archives(&self, guard: &mut OutputGuard, s3: &S3Args) -> anyhow::Result<Vec<PathBuf>> {
        let names = match (self.is_saved(), self.names_archives()) {
            (true, false) => {
                let saved = Saved::open(&self.source).map_err(store_error)?;
                saved.archives().iter().map(PathBuf::from).collect()
            }
            (true, true) => self.archive.clone(),
            (false, false) => vec![self.source.clone()],
            (false, true) => {
                let what =
                    "--archive says where the archives of a baseline are, but SRC is an archive itself";
                return Err(UsageError(what.to_owned()).into());
            }
        };
        guard.read_archive(&self.source);
        names.iter().for_each(|name| guard.read_archive(name));
        guard.take_mirror(s3, &names)?;
        Ok(names)
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

    /// The limit on the size of an object, if given.
    pub(crate) fn max_object_size(&self) -> Option<u64> {
        self.max_object_size
    }
}
