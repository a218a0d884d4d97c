//! `firstseen scan`: reads archives and reports what was new.

use std::path::PathBuf;

use clap::Args;
use firstseen::query::{Question, first_seen};
use firstseen::report::Report;
use firstseen::time::Bound;

use super::args::{FilterArgs, LearningArgs, OutputArgs, QuestionArgs, check_window};
use super::closing::Closing;
use super::exit::Answer;
use super::input::{Input, Reading};
use super::output::Output;
use super::used::used_settings;

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
    Closing::of(&coverage, &used, faults).end(args.output.quiet)
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
