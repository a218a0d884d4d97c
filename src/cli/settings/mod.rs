//! The sources of settings. Flags override `--config`, which overrides `--netflix-config`, which overrides `--preset`,
//! which overrides the defaults.
//!
//! Each source is a partial [`Settings`]; [`Settings::or`] layers one over another. Values from files and presets go through
//! the parsers of the flags ([`setting`]), so a value means the same in every source.

mod archive_table;
mod config;
mod file_flags;
mod netflix;
mod preset;
mod settable;
mod setting;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use firstseen::baseline::HitRetention;
use firstseen::query::{FindingKind, Preset, Question};
use firstseen::source::FileList;
use firstseen::time::Bound;

use super::args::{
    ArchiveArgs, ConfiguredArchive, FilterArgs, GeoArgs, LearningArgs, QuestionArgs, RunArgs, S3Args,
    SeverityArgs, check_windows, given,
};
use super::input::InputOptions;
use super::output_guard::OutputGuard;
use config::ConfigFile;
pub(crate) use config::{read_known, read_weights};
pub(crate) use file_flags::{matches, with_undoable_switches};
pub(crate) use preset::PresetArg;
use setting::setting;

/// All settings of a question: flags, and the files and presets they name. A command that asks a question flattens
/// this and calls [`SettingsArgs::read`].
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    flags: Settings,
}

/// Configuration files.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Configuration files and presets (flags override them)")]
pub(crate) struct FileArgs {
    /// Read settings from a TOML file. Its keys are the long names of flags; those of other commands are passed over.
    /// docs/firstseen.toml lists them all. Overrides --netflix-config
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().map(ConfigFile::named))]
    config: Option<ConfigFile>,
    /// Read dayThreshold and IgnoredActionsNotify from the configuration of Netflix's cloudtrail-anomaly; implies
    /// --preset netflix-90. Overrides --preset
    #[arg(long, value_name = "FILE")]
    netflix_config: Option<PathBuf>,
}

/// The settings of one source, with gaps, or of all sources together.
///
/// A command that only reads archives has no question: it flattens [`FileArgs`], [`LearningArgs`] and [`S3Args`], and
/// layers these over the files.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Settings {
    /// Emulate another product; see docs/method.md. Overrides only the defaults
    #[arg(long, value_enum, help_heading = "Configuration files and presets (flags override them)")]
    pub(crate) preset: Option<PresetArg>,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
    #[command(flatten)]
    pub(crate) geo: GeoArgs,
    #[command(flatten)]
    pub(crate) learning: LearningArgs,
    #[command(flatten)]
    pub(crate) filters: FilterArgs,
    #[command(flatten)]
    pub(crate) severity: SeverityArgs,
    #[command(flatten)]
    pub(crate) s3: S3Args,
    /// The archives of a file.
    #[arg(skip)]
    pub(crate) archives: Vec<ConfiguredArchive>,
}

impl SettingsArgs {
    /// Reads the files and layers flags, files and preset.
    pub(crate) fn read(&self) -> anyhow::Result<Settings> {
        Ok(self.flags.clone().or(self.files.read(self.flags.preset)?))
    }

    /// The configuration files.
    pub(crate) fn files(&self) -> &FileArgs {
        &self.files
    }

    /// Adds the findings of rules to a question whose events were matched against some: see [`QuestionArgs::takes_rules`]. Flags
    /// and the file of `--config` count, and a preset does not: its kinds do not exclude rules.
    pub(crate) fn add_rules(&self, question: &mut Question) -> anyhow::Result<()> {
        let named = match &self.files.config {
            Some(file) => self.flags.question.clone().or(file.settings()?.question),
            None => self.flags.question.clone(),
        };
        if named.takes_rules() && !question.report.contains(&FindingKind::Rule) {
            question.report.push(FindingKind::Rule);
        }
        Ok(())
    }
}

impl FileArgs {
    /// The paths of the files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.config.iter().map(ConfigFile::path).chain(&self.netflix_config)
    }

    /// The file of `--config`.
    pub(crate) fn config(&self) -> Option<&Path> {
        self.config.as_ref().map(|file| &**file.path())
    }

    /// Whether a flag that is no [`Settings`], such as those for rules, was set by the file of `--config`.
    pub(crate) fn sets(&self, key: &str) -> bool {
        self.config.as_ref().is_some_and(|file| file.sets(key))
    }

    /// The settings of the files and the preset; `preset` is the one named by a flag.
    pub(crate) fn read(&self, preset: Option<PresetArg>) -> anyhow::Result<Settings> {
        let config = self.config.as_ref().map(ConfigFile::settings).transpose()?;
        let netflix = self.netflix_config.as_deref().map(netflix::read).transpose()?;
        let files = config.unwrap_or_default().or(netflix.unwrap_or_default());
        let preset = preset.or(files.preset);
        Ok(files.or(preset.map(PresetArg::settings).transpose()?.unwrap_or_default()))
    }
}

impl Settings {
    /// These settings; unset ones come from `below`.
    pub(crate) fn or(self, below: Self) -> Self {
        Self {
            preset: self.preset.or(below.preset),
            question: self.question.or(below.question),
            geo: self.geo.or(below.geo),
            learning: self.learning.or(below.learning),
            filters: self.filters.or(below.filters),
            severity: self.severity.or(below.severity),
            s3: self.s3.or(below.s3),
            archives: given(self.archives, below.archives),
        }
    }

    /// The input options of a question that leaves out events after `--read-to` and `--to`.
    pub(crate) fn reading<'a>(&'a self, run: &'a RunArgs) -> InputOptions<'a> {
        InputOptions {
            learning: &self.learning,
            s3: &self.s3,
            to: self.filters.to,
            from: self.filters.from,
            leaves_out_later: true,
            rules: None,
            rules_are_of_file: false,
            hits: HitRetention::All,
            dimensions: self.question.report().into_iter().filter_map(FindingKind::dimension).collect(),
            with_objects: false,
            run,
        }
    }

    /// A guard for the archives and the files of these settings, so that no output replaces them.
    ///
    /// # Errors
    /// If a mirror would be inside an archive.
    pub(crate) fn guard(
        &self,
        files: &FileArgs,
        archives: &ArchiveArgs,
        lists: &[FileList],
    ) -> anyhow::Result<OutputGuard> {
        let mut guard = OutputGuard::new();
        guard.read_archives(archives, lists);
        guard.read_files("settings", files.files());
        guard.read_files("ignored actions", &self.filters.whom.ignore_file);
        guard.read_files("IAM inventory", &self.learning.iam_inventory);
        guard.read_files("geolocation database", &self.geo.geo_db);
        guard.take_mirror(&self.s3, archives.names())?;
        Ok(guard)
    }

    /// The named or implied preset.
    pub(crate) fn preset(&self) -> Option<Preset> {
        self.preset.and_then(|arg| arg.0)
    }

    /// The question.
    pub(crate) fn question(&self) -> anyhow::Result<Question> {
        let Self { question, learning, filters, .. } = self;
        check_windows(filters, learning)?;
        Ok(Question {
            warmup: question.warmup(),
            forget: question.forget(),
            anchor: question.anchor(),
            report: question.report(),
            from: filters.from.map(Bound::start),
            to: filters.to.map(Bound::end),
            read_to: learning.read_to.or(filters.to).map(Bound::end),
            only_success: question.only_success(),
            all_matches: false,
            filter: filters.whom.filter()?,
            min_severity: self.severity.minimum(),
            sort: self.severity.order(),
        })
    }
}
