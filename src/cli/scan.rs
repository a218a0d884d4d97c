//! `firstseen scan`: reads archives and reports what is new.

use clap::Args;
use firstseen::query::{FindingKind, Question, first_seen_with_warmup_effect, set_covered};
use firstseen::report::{Report, UsedSettings};

use super::args::{ArchiveArgs, OutputArgs, RuleArgs};
use super::destination::Destination;
use super::exit::RunStatus;
use super::geo::{derive_values, geo_databases, locate, set_locations};
use super::input::{Input, InputOptions};
use super::run_summary::RunSummary;
use super::settings::SettingsArgs;
use super::used_settings::{used_geo_databases, used_settings};
use super::warnings::{learnt_in_warmup, returns_without_region, unmatched, warmup, window};

/// Read archives and report what every principal did for the first time after its warmup
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    archives: ArchiveArgs,

    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    rules: RuleArgs,
    /// Report every event that matches a rule: not only the first for each rule and principal, and also those covered by
    /// another finding
    #[arg(long, help_heading = "Rules")]
    all_matches: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.settings.read()?;
    let mut question = Question { all_matches: args.all_matches, ..wanted.question()? };
    let lists = args.archives.lists()?;
    let mut guard = wanted.guard(args.settings.files(), &args.archives, &lists)?;
    guard.read_rules(args.rules.files());
    let destination = Destination::open(args.output.formats()?, args.output.output.as_deref(), &mut guard)?;
    let faults = args.output.run.faults(&mut guard)?;
    let rules = args.rules.read()?;
    let databases = geo_databases(&wanted.geo, &question)?;
    let reading = InputOptions {
        rules: rules.as_ref(),
        hits: question.hit_retention(wanted.learning.key()),
        ..wanted.reading(&args.output.run)
    };
    let mut input = Input::read(&args.archives, &lists, &reading)?;
    let not_derived = derive_values(&databases, &question, &mut input.baseline)?;
    if input.rules.is_some() && args.settings.takes_rules() {
        question.report.push(FindingKind::Rule);
    }
    question.read_to = question.read_to.into_iter().chain(input.settings.window.read_to).min();
    let Input { baseline, coverage, .. } = &input;
    let (mut findings, effect) = first_seen_with_warmup_effect(baseline, &question);
    let locations = locate(&databases, findings.iter())?;
    set_locations(&locations, findings.iter_mut());
    set_covered(coverage, question.warmup, findings.iter_mut());
    let used = UsedSettings {
        geo_db: used_geo_databases(&databases),
        ..used_settings(wanted.preset(), &question, &input)
    };
    let report = Report { settings: &used, coverage, archives: &input.archives, findings: &findings };
    let warning = destination.write(&report)?;
    let mut warnings = unmatched(baseline, &question.filter, wanted.preset());
    warnings.extend(not_derived);
    warnings.extend(returns_without_region(&question, question.forget.is_some()));
    warnings.extend(window(coverage, &question));
    warnings.extend(warmup(&effect));
    warnings.extend(warning);
    let note = learnt_in_warmup(&effect);
    RunSummary { note, geo: Some(&databases), ..RunSummary::of(&input, &used, faults, warnings) }
        .end(args.output.run.quiet)
}
