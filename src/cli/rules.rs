//! `firstseen rules`: matches every event against rules and reports the matches.

use clap::Args;
use firstseen::query::{Anchor, FindingKind, Question, first_seen, rules_that_matched, set_covered};
use firstseen::report::{Format, Report, write_rule_counts};
use firstseen::time::Span;

use super::args::{
    ArchiveArgs, FileFormat, FilterArgs, LearningArgs, OutputArgs, QuestionArgs, RuleArgs, S3Args,
    SeverityArgs,
};
use super::destination::{Destination, FindingsAnswer};
use super::exit::{Hint, RunStatus};
use super::input::{Input, InputOptions};
use super::messages::messages;
use super::page::page_context;
use super::run_summary::RunSummary;
use super::saved_name::is_saved;
use super::settings::{FileArgs, Settings};
use super::used_settings::used_settings;
use super::warnings::{unmatched_in, window, without_rules};

/// Report events that match rules: Falco, Sigma or built-in
///
/// Without --rules and --sigma the built-in rules are used. Events of one principal that match one rule are one
/// finding, with their count and the first and last event.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    #[command(flatten)]
    archives: ArchiveArgs,
    #[command(flatten)]
    rules: RuleArgs,
    /// Report every matching event, not only the first for each rule and principal
    #[arg(long, help_heading = "Rules")]
    all_matches: bool,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    filters: FilterArgs,
    /// Report only successful calls
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL",
        help_heading = "Filters (limit what is reported, not what is learnt)"
    )]
    only_success: Option<bool>,
    #[command(flatten)]
    severity: SeverityArgs,
    #[command(flatten)]
    s3: S3Args,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub(crate) fn run(args: &RulesArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.wanted()?;
    let question = args.question(&wanted)?;
    let archives = args.archives.and(&wanted.archives, &wanted.s3)?;
    let lists = archives.lists()?;
    let mut guard = wanted.guard(&args.files, &archives, &lists)?;
    guard.read_rules(args.rules.files());
    let destination = Destination::of_findings(&args.output, &mut guard)?;
    let faults = args.output.run.faults(&mut guard)?;
    let builtin_rules = args.rules.builtin_rules
        || !args.rules.are_named() && !archives.names().iter().any(|name| is_saved(name));
    let rules = RuleArgs { builtin_rules, ..args.rules.clone() }.read()?;
    let reading = InputOptions {
        rules: rules.as_ref(),
        rules_are_of_file: args.rules.are_of_file(&args.files),
        hits: question.hit_retention(wanted.learning.key()),
        ..wanted.reading(&args.output.run)
    };
    let input = Input::read(&archives, &lists, &reading)?;
    if input.rules.is_none() && input.other_rules.is_none() {
        return Err(anyhow::anyhow!("this baseline was made without rules, so it has no matches")
            .context(Hint("firstseen index takes rules: --builtin-rules, --rules or --sigma")));
    }
    let question = Question { read_to: input.read_to(question.read_to), ..question };
    let mut findings = first_seen(&input.baseline, &question);
    let covered = (question.warmup, input.last_delivery(question.read_to));
    set_covered(&input.coverage, covered, findings.iter_mut());
    let used = used_settings(None, &question, &input);
    let report =
        Report { settings: &used, coverage: &input.coverage, archives: &input.archives, findings: &findings };
    let is_for_people = destination.is_only_on_stdout(FileFormat::Own(Format::Text));
    let has_page = destination.includes(FileFormat::Page);
    let page = page_context(has_page, &archives, (&input, &question), findings.iter());
    let warning = destination.write(&FindingsAnswer { report, command: "rules", page })?;
    if is_for_people && !args.output.run.quiet {
        let matched = rules_that_matched(&input.baseline, &question);
        write_rule_counts(&input.baseline.rules, &matched, &findings, &mut messages())?;
    }
    let mut warnings = unmatched_in(&input.baseline, &question.filter, &wanted.filters, None);
    warnings.extend(without_rules(&input.baseline, &question.filter));
    warnings.extend(window(&input.coverage, &question));
    warnings.extend(warning);
    RunSummary::of(&input, &used, faults, warnings).end(args.output.run.quiet)
}

impl RulesArgs {
    /// The settings that matches of rules share with other questions.
    fn wanted(&self) -> anyhow::Result<Settings> {
        let flags = Settings {
            question: QuestionArgs { only_success: self.only_success, ..QuestionArgs::default() },
            learning: self.learning.clone(),
            filters: self.filters.clone(),
            severity: self.severity.clone(),
            s3: self.s3.clone(),
            ..Settings::default()
        };
        Ok(flags.or(self.files.read(None)?))
    }

    fn question(&self, wanted: &Settings) -> anyhow::Result<Question> {
        Ok(Question {
            warmup: Span::default(),
            forget: None,
            anchor: Anchor::Principal,
            report: vec![FindingKind::Rule],
            all_matches: self.all_matches,
            ..wanted.question()?
        })
    }
}
