//! `firstseen scan`: reads archives and reports what was new.

use std::path::PathBuf;

use clap::Args;
use firstseen::ingest::IngestSettings;
use firstseen::query::{Pattern, Question, first_seen};
use firstseen::report::{Report, UsedSettings, write_faults};
use firstseen::time::{Bound, Timestamp};

use super::args::{FilterArgs, LearningArgs, OutputArgs, QuestionArgs, check_window};
use super::closing::Closing;
use super::exit::Answer;
use super::input::{Input, Reading};
use super::output::Output;

/// Read archives and report what every principal did for the first time after its warmup
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Folders, files or globs that hold log objects; or baselines made by index
    #[arg(required = true, value_name = "ARCHIVE")]
    archives: Vec<PathBuf>,

    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    filters: FilterArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<Answer> {
    let mut question = args.question()?;
    let output = Output::open(args.output.output.as_deref())?;
    let faults = args.output.faults.as_deref().map(|path| Output::open(Some(path))).transpose()?;
    let reading = Reading {
        learning: &args.learning,
        to: args.filters.to,
        leaves_out_later: true,
        threads: args.output.threads,
        quiet: args.output.quiet,
    };
    let Input { baseline, coverage, settings } = Input::read(&args.archives, &reading)?;
    question.until = question.until.into_iter().chain(settings.window.until).min();
    let findings = first_seen(&baseline, &question);
    let used = used_settings(&question, &settings);
    let report = Report { settings: &used, coverage: &coverage, findings: &findings };
    output.write(|out| report.write(args.output.format(), out))?;
    if let Some(faults) = faults {
        faults.write(|out| write_faults(&coverage, out))?;
    }
    let closing = Closing {
        coverage: &coverage,
        since: used.since.as_deref(),
        until: used.until.as_deref().map(|until| (until, "--until, --to")),
        only_success: used.only_success,
    };
    closing.end(args.output.quiet)
}

impl ScanArgs {
    fn question(&self) -> anyhow::Result<Question> {
        let (question, filters, learning) = (&self.question, &self.filters, &self.learning);
        check_window("--from, --to", filters.from, filters.to)?;
        check_window("--since, --until", learning.since, learning.until)?;
        Ok(Question {
            warmup: question.warmup(),
            forget: question.forget,
            anchor: question.anchor(),
            report: question.report(),
            from: filters.from.map(Bound::start),
            to: filters.to.map(Bound::end),
            until: learning.until.or(filters.to).map(Bound::end),
            only_success: question.only_success,
            filter: filters.filter()?,
        })
    }
}

/// The settings of a run as they are published.
fn used_settings(question: &Question, settings: &IngestSettings) -> UsedSettings {
    let filter = &question.filter;
    let texts = |patterns: &[Pattern]| patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect();
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    UsedSettings {
        warmup: question.warmup.to_string(),
        forget: question.forget.map(|span| span.to_string()),
        anchor: question.anchor.name().to_owned(),
        principal_key: settings.principal_key.name().to_owned(),
        report: question.report.iter().map(|kind| kind.name().to_owned()).collect(),
        from: time(question.from),
        to: time(question.to),
        since: time(settings.window.since),
        until: time(question.until),
        delivery_slack: settings.window.slack.to_string(),
        only_success: question.only_success,
        only_mutating: filter.only_mutating,
        account: filter.accounts.clone(),
        region: filter.regions.clone(),
        kind: filter.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        principal: texts(&filter.principals),
        action: texts(&filter.actions),
        ignore_action: texts(&filter.ignored_actions),
        max_object_size: settings.max_object_size,
    }
}
