//! `firstseen tune`: shows what every setting would have reported, from one pass over the archives.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use firstseen::query::{FindingKind, tune};
use firstseen::report::{TuneFormat, TuneReport};

use super::args::{
    ArchiveArgs, ByExtension, FilterArgs, GridArgs, IncidentArgs, LearningArgs, QuestionArgs, RuleArgs,
    RunArgs, S3Args, SeverityArgs,
};
use super::exit::{RunStatus, UsageError};
use super::input::{Input, InputOptions};
use super::run_summary::RunSummary;
use super::settings::{FileArgs, PresetArg, Settings};
use super::used_settings::used_settings;
use super::warnings::{returns_without_region, unmatched_in, unseen_incidents, warmups, window};

/// Show what every warmup, forget span and anchor would have reported
///
/// Counts are per day and per principal. Reads archives in full, or a baseline that firstseen index made of them.
#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    archives: ArchiveArgs,

    #[command(flatten)]
    files: FileArgs,
    /// Emulate another product: its kinds, outcomes and principal key; the grid replaces its other settings. See
    /// docs/method.md
    #[arg(long, value_enum, help_heading = "Configuration files and presets (flags override them)")]
    preset: Option<PresetArg>,
    #[command(flatten)]
    grid: GridArgs,
    #[command(flatten)]
    incidents: IncidentArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    filters: FilterArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    s3: S3Args,
    #[command(flatten)]
    output: TuneOutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
struct TuneOutputArgs {
    /// Format of the answer [default: by the extension of FILE, else text]
    #[arg(long, short, value_enum)]
    format: Option<FormatArg>,
    /// Write the answer to FILE, which appears only once it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also draw findings per day against warmup, as SVG, to FILE
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    /// A chart, a selection of the settings, the noisiest principals, and the incidents
    Text,
    /// One row per setting
    Csv,
    /// Everything
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &TuneArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.wanted()?;
    let mut base = wanted.question()?;
    // The counts of other kinds are the same in every setting.
    base.report.retain(|kind| FindingKind::OF_SIGHTINGS.contains(kind));
    if base.report.is_empty() {
        let kinds = FindingKind::OF_SIGHTINGS.map(FindingKind::name).join(", ");
        return Err(UsageError(format!(
            "tune counts findings of these kinds: {kinds}; --report names none of them"
        ))
        .into());
    }
    // It is one of the settings to try, so that an incident which it hides counts as lost. Flags override files: `--calls` replaces it.
    let only_mutating = std::mem::take(&mut base.filter.only_mutating) && !args.grid.names_calls();
    let grid = args.grid.grid(only_mutating)?;
    let (incidents, unused) = args.incidents.read(&args.files)?;
    let format = args.output.format()?;
    let archives = args.archives.and(&wanted.archives, &wanted.s3)?;
    let lists = archives.lists()?;
    let mut guard = wanted.guard(&args.files, &archives, &lists)?;
    guard.read_files("incidents", args.incidents.files());
    guard.read_rules(args.rules.files());
    let output = guard.open("--output", args.output.output.as_deref())?;
    let svg = guard.open_if_named("--svg", args.output.svg.as_deref())?;
    let faults = args.output.run.faults(&mut guard)?;
    let rules = args.rules.read()?;
    let reading = InputOptions {
        rules: rules.as_ref(),
        rules_are_of_file: args.rules.are_of_file(&args.files),
        hits: base.tuned_hits(wanted.learning.key()),
        // An incident may be before it: then its findings are those that --from hides.
        from: None,
        ..wanted.reading(&args.output.run)
    };
    let input = Input::read(&archives, &lists, &reading)?;
    base.read_to = input.read_to(base.read_to);
    let Input { baseline, coverage, .. } = &input;
    let tuning = tune(baseline, &base, &grid, &incidents);
    let used = used_settings(wanted.preset(), &base, &input);
    // A baseline has the matches of its rules.
    let rules = if input.is_saved { Vec::new() } else { args.rules.words() };
    let report = TuneReport {
        source: &archives.words(),
        settings: &used,
        coverage,
        rules: &rules,
        grid: &grid,
        tuning: &tuning,
    };
    output.write(|out| report.write(format, out))?;
    if let Some(svg) = svg {
        svg.write(|out| report.write_svg(out))?;
    }
    let mut warnings = unmatched_in(baseline, &base.filter, &wanted.filters, wanted.preset());
    warnings.extend(unused);
    warnings.extend(returns_without_region(&base, grid.forgets.iter().any(Option::is_some)));
    warnings.extend(window(coverage, &base));
    warnings.extend(warmups(&tuning, args.grid.names_warmups()));
    warnings.extend(unseen_incidents(baseline, &tuning));
    RunSummary::of(&input, &used, faults, warnings).end(args.output.run.quiet)
}

impl TuneArgs {
    /// The settings shared by the whole grid.
    fn wanted(&self) -> anyhow::Result<Settings> {
        let question = QuestionArgs {
            report: self.grid.report.clone(),
            only_success: self.grid.only_success,
            ..QuestionArgs::default()
        };
        let flags = Settings {
            preset: self.preset,
            question,
            learning: self.learning.clone(),
            filters: self.filters.clone(),
            severity: SeverityArgs::at_least(self.grid.min_severity),
            s3: self.s3.clone(),
            ..Settings::default()
        };
        Ok(flags.or(self.files.read(self.preset)?))
    }
}

impl ByExtension for FormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Text => &["txt"],
            Self::Csv => &["csv"],
            Self::Json => &["json"],
        }
    }
}

impl TuneOutputArgs {
    /// `--format`, else by the extension of the output, else text.
    fn format(&self) -> anyhow::Result<TuneFormat> {
        Ok(match FormatArg::of_output(self.format, self.output.as_deref())? {
            FormatArg::Text => TuneFormat::Text,
            FormatArg::Csv => TuneFormat::Csv,
            FormatArg::Json => TuneFormat::Json,
        })
    }
}
