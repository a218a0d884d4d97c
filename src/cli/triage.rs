//! `firstseen triage`: ranks what is new, most surprising first.

use clap::Args;
use firstseen::model::Dimensions;
use firstseen::query::{KnownAssets, Question, TriageQuestion, Weights, triage};
use firstseen::report::{Format, TriageReport};

use super::args::{
    ArchiveArgs, FileFormat, FilterArgs, GeoArgs, LearningArgs, NewnessArgs, RankedOutputArgs, RankingArgs,
    RuleArgs, S3Args,
};
use super::destination::Destination;
use super::exit::RunStatus;
use super::input::{Input, InputOptions};
use super::run_summary::RunSummary;
use super::settings::{FileArgs, Settings, read_weights};
use super::used_settings::used_settings;
use super::warnings::{nothing_ranked, unmatched, window};

/// Read archives and rank what is new by how surprising it is, as incidents, with reasons
#[derive(Debug, Args)]
pub(crate) struct TriageArgs {
    #[command(flatten)]
    archives: ArchiveArgs,

    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    ranking: RankingArgs,
    #[command(flatten)]
    newness: NewnessArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    filters: FilterArgs,
    #[command(flatten)]
    s3: S3Args,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    output: RankedOutputArgs,
}

/// How many incidents the text shows.
const SHOWN: usize = 10;

/// Runs the command.
pub(crate) fn run(args: &TriageArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.wanted()?;
    let mut base = wanted.question()?;
    let weights = args.ranking.weights.as_deref().map(read_weights).transpose()?.unwrap_or_default();
    let lists = args.archives.lists()?;
    let mut guard = wanted.guard(&args.files, &args.archives, &lists)?;
    guard.read_files("weights", args.ranking.weights.as_slice());
    guard.read_rules(args.rules.files());
    let destination = Destination::open(args.output.formats()?, args.output.output.as_deref(), &mut guard)?;
    let shown = destination.has(FileFormat::Own(Format::Text)).then_some(SHOWN);
    let faults = args.output.run.faults(&mut guard)?;
    let rules = args.rules.read()?;
    // The window limits what is reported: an episode may begin before it, and what comes later tells deployments from
    // intrusions.
    let reading = InputOptions {
        rules: rules.as_ref(),
        from: None,
        to: None,
        dimensions: Dimensions::ALL,
        ..wanted.reading(&args.output.run)
    };
    let input = Input::read(&args.archives, &lists, &reading)?;
    base.read_to = base.read_to.into_iter().chain(input.settings.window.read_to).min();
    let Input { baseline, coverage, .. } = &input;
    let question = args.ranking.question(&base, weights);
    let triage = triage(baseline, &question);
    let used = used_settings(wanted.preset(), &base, &input);
    let top = args.ranking.top.or(shown);
    let report = TriageReport {
        settings: &used,
        coverage,
        archives: &input.archives,
        source: &args.archives.words(),
        question: &question,
        top,
        triage: &triage,
    };
    let warning = destination.write(&report)?;
    let mut warnings = unmatched(baseline, &base.filter, wanted.preset());
    warnings.extend(window(coverage, &base));
    warnings.extend(warning);
    warnings.extend(nothing_ranked(&triage.overview, question.warmup));
    RunSummary::of(&input, &used, faults, warnings).end(args.output.run.quiet)
}

impl TriageArgs {
    /// The settings that a ranking shares with other questions.
    fn wanted(&self) -> anyhow::Result<Settings> {
        let flags = Settings {
            preset: None,
            geo: GeoArgs::default(),
            question: self.newness.question(),
            learning: self.learning.clone(),
            filters: self.filters.clone(),
            s3: self.s3.clone(),
        };
        Ok(flags.or(self.files.read(None)?))
    }
}

impl RankingArgs {
    /// The question of a ranking.
    fn question(&self, base: &Question, weights: Weights) -> TriageQuestion {
        TriageQuestion {
            warmup: base.warmup,
            anchor: base.anchor,
            gap: self.gap(),
            from: base.from,
            to: base.to,
            read_to: base.read_to,
            only_success: base.only_success,
            filter: base.filter.clone(),
            weights,
            known: KnownAssets::default(),
            as_of_then: self.as_of_then,
            by: self.unit(),
        }
    }
}
