//! Flags for what is read by commands that look at single records.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use firstseen::catalog::{DELIVERY_SLACK, LearningScope};
use firstseen::checksum::IndexedObjects;
use firstseen::scan::{DEFAULT_MAX_OBJECT_SIZE, ScanSettings};
use firstseen::source::{Archives, GivenArchive, ReadWindow, is_s3, is_stdin};
use firstseen::store::Saved;
use firstseen::time::{Bound, Span};

use super::super::exit::{Hint, UsageError, scan_error, store_error};
use super::super::input::try_archives;
use super::super::output_guard::OutputGuard;
use super::super::saved_name::is_saved;
use super::super::settings::FileArgs;
use super::super::threads;
use super::{ArchiveArgs, ConfiguredArchive, LearningArgs, RunArgs, S3Args, byte_count, check_window};

/// Where the records are.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// A folder, file, glob or s3://bucket/prefix with log objects; - for standard input; or a baseline made by index. Several archives
    /// may be named, one after another. May be left out if the file of --config describes archives
    #[arg(value_name = "SRC", required_unless_present = "config")]
    source: Option<PathBuf>,
    /// Where the archives of the baseline are now (repeatable) [default: where they were indexed]
    #[arg(long, value_name = "ARCHIVE")]
    archive: Vec<PathBuf>,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    s3: S3Args,
}

/// Where the records are, once baselines are opened.
pub(crate) struct Source {
    /// The archives that may be read.
    given: Vec<GivenArchive>,
    /// The baseline, if it is one.
    pub(crate) saved: Option<Saved>,
    /// Whether `--archive` says where the archives of the baseline are.
    pub(crate) is_elsewhere: bool,
    /// The first word, if it is not a source but something to look for in the archives of the file.
    pub(crate) word: Option<String>,
    /// The accounts of the file, for a command that takes accounts.
    pub(crate) accounts: Vec<String>,
    reading: ReadingArgs,
    s3: S3Args,
}

impl SourceArgs {
    /// Opens the baseline, if it is one. `more` are further archives on the command line. The archives are added to the inputs of the run.
    ///
    /// # Errors
    /// If `--archive` is given with an archive, or a baseline is named with others (wrong usage), or the baseline cannot be opened.
    pub(crate) fn source(&self, more: &[PathBuf], guard: &mut OutputGuard) -> anyhow::Result<Source> {
        let files = self.files.read(None)?;
        let s3 = self.s3.clone().or(files.s3);
        let reading = self.reading.clone().or(&files.learning);
        let is_source = |name: &&PathBuf| files.archives.is_empty() || may_be_source(name);
        let source = self.source.as_ref().filter(is_source);
        let word = self.source.as_ref().filter(|name| !is_source(name));
        let word = word.map(|word| word.to_string_lossy().into_owned());
        let is_elsewhere = !self.archive.is_empty();
        let sources: Vec<PathBuf> = source.into_iter().chain(more).cloned().collect();
        refuse_several_with_baseline(&sources)?;
        let saved = match source.filter(|name| is_saved(name)) {
            Some(name) => Some(Saved::open(name).map_err(store_error)?),
            None => None,
        };
        let given = match &saved {
            Some(_) if is_elsewhere => self.archive.iter().cloned().map(GivenArchive::at).collect(),
            Some(saved) => ConfiguredArchive::find(&files.archives, saved.archives(), &s3)?,
            None if is_elsewhere => {
                let what =
                    "--archive says where the archives of a baseline are, but SRC is an archive itself";
                return Err(UsageError(what.to_owned()).into());
            }
            None => ArchiveArgs::of(sources.clone()).and(&files.archives, &s3)?.given(&s3)?,
        };
        sources.iter().for_each(|name| guard.read_archive(name));
        guard.read_files("settings", self.files.files());
        given.iter().for_each(|archive| guard.read_archive(&archive.location));
        guard.take_mirror(&s3, given.iter().map(|archive| &archive.location))?;
        let accounts = files.filters.whom.account;
        Ok(Source { given, saved, is_elsewhere, word, accounts, reading, s3 })
    }

    /// Whether the records come from standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.source.as_deref().is_some_and(is_stdin)
    }
}

/// A baseline is a source only by itself.
fn refuse_several_with_baseline(sources: &[PathBuf]) -> anyhow::Result<()> {
    match sources.iter().find(|name| is_saved(name)).filter(|_| sources.len() > 1) {
        None => Ok(()),
        Some(baseline) => {
            let baseline = baseline.display();
            let what = format!("'{baseline}' is a baseline, and several sources are named");
            Err(anyhow::Error::new(UsageError(what))
                .context(Hint("name archives only, or one baseline: firstseen merge makes one of several")))
        }
    }
}

/// Whether a name can be a source, and not an event or credential: it exists, or is a bucket, a pattern or standard input.
pub(crate) fn may_be_source(name: &Path) -> bool {
    let is_pattern = || name.to_string_lossy().contains(['*', '?', '[']);
    is_saved(name) || is_s3(name) || is_stdin(name) || name.exists() || is_pattern()
}

impl Source {
    /// Whether its archives are those of a baseline, where they were indexed.
    pub(crate) const fn is_where_indexed(&self) -> bool {
        self.saved.is_some() && !self.is_elsewhere
    }

    /// The settings of a scan. The limit on the size of objects is that of the baseline, unless another is given.
    ///
    /// # Errors
    /// If the window ends before it begins (wrong usage).
    pub(crate) fn settings(&self, run: &RunArgs) -> anyhow::Result<ScanSettings> {
        let Self { reading, .. } = self;
        let settings = reading.settings(run)?;
        let of_baseline = self.saved.as_ref().map(|saved| saved.scope().max_object_size);
        let max_object_size = reading.max_object_size.or(of_baseline).unwrap_or(settings.max_object_size);
        Ok(ScanSettings { max_object_size, ..settings })
    }

    /// Opens the archives.
    ///
    /// # Errors
    /// If the flags for S3 are wrong, or an archive cannot be opened.
    pub(crate) fn open(&self, settings: &ScanSettings) -> anyhow::Result<Archives> {
        let archives = try_archives((&self.given, &[]), settings.max_object_size, &self.s3)?;
        archives.map_err(|error| match self.saved.is_some() && !self.is_elsewhere {
            true => anyhow::Error::new(error).context(Hint(
                "the archive is not where it was indexed: say where it is now with --archive ARCHIVE or, if a file described it, name that with --config FILE",
            )),
            false => scan_error(error.into()),
        })
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
    /// These flags; unset ones come from a file.
    pub(crate) fn or(self, below: &LearningArgs) -> Self {
        Self {
            read_from: self.read_from.or(below.read_from),
            read_to: self.read_to.or(below.read_to),
            delivery_slack: self.delivery_slack.or(below.delivery_slack),
            max_object_size: self.max_object_size.or(below.max_object_size),
        }
    }

    /// These flags as a baseline was learnt.
    ///
    /// # Errors
    /// If one of them differs from it (wrong usage).
    pub(crate) fn like(self, baseline: &Path, learnt: &LearningScope) -> anyhow::Result<Self> {
        let Self { read_from, read_to, delivery_slack, max_object_size } = self;
        let asked =
            LearningArgs { read_from, read_to, delivery_slack, max_object_size, ..LearningArgs::default() };
        asked.check(baseline, learnt, false).context(Hint("leave that setting out"))?;
        Ok(Self {
            read_from: learnt.read_from.map(Bound::Instant),
            read_to: learnt.read_to.map(Bound::Instant),
            delivery_slack: Some(learnt.delivery_slack),
            max_object_size: Some(learnt.max_object_size),
        })
    }

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
                slack: self.delivery_slack.unwrap_or(DELIVERY_SLACK),
            },
            max_object_size: self.max_object_size.unwrap_or(DEFAULT_MAX_OBJECT_SIZE),
            memory: run.memory(),
            checksums: false,
        })
    }
}
