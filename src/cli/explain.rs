//! `firstseen explain`: why something is reported or not.

use clap::Args;
use firstseen::query::explain;
use firstseen::report::ExplainReport;

use super::args::{AnswerOutputArgs, ArchiveArgs, LearningArgs, RuleArgs, RunArgs};
use super::exit::{RunStatus, UsageError};
use super::geo::{derive_values, geo_databases};
use super::input::{Input, InputOptions};
use super::run_summary::RunSummary;
use super::settings::SettingsArgs;
use super::used_settings::used_settings;
use super::warnings::unmatched_in;

/// Explain why scan reports an action of a principal or not, with dates
///
/// Names each setting that hides it, and what the archive lacks before it.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    archives: ArchiveArgs,

    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    output: AnswerOutputArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.settings.read()?;
    let mut question = wanted.question()?;
    if question.filter.principals.is_empty() && question.filter.actions.is_empty() {
        return Err(UsageError("give --principal, --action or both".to_owned()).into());
    }
    let format = args.output.format()?;
    let archives = args.archives.and(&wanted.archives, &wanted.s3)?;
    let lists = archives.lists()?;
    let mut guard = wanted.guard(args.settings.files(), &archives, &lists)?;
    guard.read_rules(args.rules.files());
    let output = guard.open("--output", args.output.output.as_deref())?;
    let faults = args.run.faults(&mut guard)?;
    let rules = args.rules.read()?;
    let databases = geo_databases(&wanted.geo, &question)?;
    // What a setting hides must have been read.
    let learning = LearningArgs { read_to: None, ..wanted.learning.clone() };
    let reading = InputOptions {
        learning: &learning,
        rules: rules.as_ref(),
        rules_are_of_file: args.rules.are_of_file(args.settings.files()),
        hits: question.explained_hits(learning.key()),
        from: None,
        to: None,
        ..wanted.reading(&args.run)
    };
    let mut input = Input::read(&archives, &lists, &reading)?;
    let not_derived = derive_values(&databases, &question, &mut input.baseline)?;
    if input.rules.is_some() {
        args.settings.add_rules(&mut question)?;
    }
    question.read_to = input.read_to(question.read_to);
    let answer = explain(&input.baseline, &question);
    let used = used_settings(wanted.preset(), &question, &input);
    let report = ExplainReport {
        settings: &used,
        coverage: &input.coverage,
        archives: &input.archives,
        answer: &answer,
    };
    output.write(|out| report.write(format, out))?;
    let mut warnings = unmatched_in(&input.baseline, &question.filter, &wanted.filters, wanted.preset());
    warnings.extend(not_derived);
    let summary = RunSummary::of(&input, &used, faults, warnings);
    if input.is_saved || question.read_to == input.settings.window.read_to {
        return summary.end(args.run.quiet);
    }
    let note = used.read_to.as_deref().map(|read_to| {
        format!("nothing after {read_to} counts (--read-to, --to); it was read only to be explained")
    });
    RunSummary { read_to: None, note, ..summary }.end(args.run.quiet)
}
