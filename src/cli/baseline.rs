//! `firstseen baseline`: what every principal was known to do at a point in time.

use std::io::{self, Write};

use clap::Args;
use firstseen::baseline::Baseline;
use firstseen::learn::LearnSettings;
use firstseen::query::{By, KnownQuestion, TooManyPeriods, changes, known, timeline};
use firstseen::report::{FilterSettings, KnownAnswer, KnownReport, KnownSettings, UsedInventory};
use firstseen::time::{Bound, Timestamp};

use super::args::{AnswerOutputArgs, ArchiveArgs, KnownArgs, LearningArgs, RunArgs, S3Args, check_window};
use super::exit::{Hint, RunStatus, UsageError};
use super::input::{Input, InputOptions};
use super::messages::messages;
use super::run_summary::RunSummary;
use super::settings::{FileArgs, Settings};
use super::warnings::unmatched_in;

/// Report what every principal was known to do at a point in time
///
/// Also what changed between two. Reads archives in full, or a baseline that firstseen index made of them.
#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    #[command(flatten)]
    archives: ArchiveArgs,

    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    known: KnownArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    s3: S3Args,
    #[command(flatten)]
    output: AnswerOutputArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// Runs the command.
pub(crate) fn run(args: &BaselineArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.wanted()?;
    check_window("--read-from, --read-to", wanted.learning.read_from, wanted.learning.read_to)?;
    let question = args.known.question(&wanted)?;
    let format = args.output.format()?;
    let archives = args.archives.and(&wanted.archives, &wanted.s3)?;
    let lists = archives.lists()?;
    let mut guard = wanted.guard(&args.files, &archives, &lists)?;
    let output = guard.open("--output", args.output.output.as_deref())?;
    let faults = args.run.faults(&mut guard)?;
    let reading = InputOptions { to: None, leaves_out_later: false, ..wanted.reading(&args.run) };
    let Input {
        baseline, coverage, settings, is_saved, traffic, accounts, archives, inventory_files, ..
    } = Input::read(&archives, &lists, &reading)?;
    let answer = args.known.ask(&baseline, &question)?;
    let used = used_settings(&args.known, &question, &settings, &baseline);
    let report = KnownReport { settings: &used, coverage: &coverage, answer: &answer };
    output.write(|out| report.write(format, out))?;
    write_inexact(&answer, &args.known, question.forget.is_some(), &mut messages())?;
    let closing = RunSummary {
        read_from: used.read_from.as_deref(),
        read_to: used.read_to.as_deref().map(|read_to| (read_to, "--read-to")),
        only_success: used.only_success,
        is_saved,
        traffic,
        accounts,
        archives: &archives,
        inventory: Some(&baseline.inventory),
        lost_inventory: inventory_files.lost,
        warnings: [
            inventory_files.warnings,
            unmatched_in(&baseline, &question.filter, &wanted.filters, None),
        ]
        .concat(),
        ..RunSummary::new(&coverage, faults)
    };
    closing.end(args.run.quiet)
}

impl BaselineArgs {
    fn wanted(&self) -> anyhow::Result<Settings> {
        let (question, filters) = self.known.settings();
        let (learning, s3) = (self.learning.clone(), self.s3.clone());
        let flags = Settings { question, filters, learning, s3, ..Settings::default() };
        Ok(flags.or(self.files.read(None)?))
    }
}

impl KnownArgs {
    fn question(&self, wanted: &Settings) -> anyhow::Result<KnownQuestion> {
        if let (Some(at), Some(diff)) = (self.at, self.diff)
            && at.start() >= diff.start()
        {
            return Err(UsageError("--diff takes a time after that of --at".to_owned()).into());
        }
        Ok(KnownQuestion {
            at: self.at.map(Bound::start),
            forget: wanted.question.forget(),
            only_success: wanted.question.only_success(),
            filter: wanted.filters.whom.filter()?,
        })
    }

    fn ask<'b>(&self, baseline: &'b Baseline, question: &KnownQuestion) -> anyhow::Result<KnownAnswer<'b>> {
        let by = self.by.map(|by| by.0);
        Ok(match (self.timeline, self.diff) {
            (Some(step), _) => {
                let periods = timeline(baseline, question, step.0, by).map_err(too_many)?;
                KnownAnswer::Timeline(periods)
            }
            (None, Some(later)) => {
                KnownAnswer::Changes(changes(baseline, question, later.start(), by.unwrap_or_default()))
            }
            (None, None) => KnownAnswer::Known(known(baseline, question, by.unwrap_or_default())),
        })
    }
}

fn too_many(error: TooManyPeriods) -> anyhow::Error {
    anyhow::Error::new(UsageError(format!("--timeline: {error}"))).context(Hint(
        "--timeline month has fewer periods, --read-from and --read-to leave out events with times far from all others, and filters such as --account leave out groups",
    ))
}

/// Explains why numbers in the answer are not exact.
fn write_inexact(
    answer: &KnownAnswer<'_>,
    asked: &KnownArgs,
    forgets: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let within_hour = |bound: Bound| {
        let (day, hour) = bound.start().day_and_hour();
        day.hour(hour) != bound.start()
    };
    let rows = answer.inexact_rows();
    if rows > 0 {
        writeln!(
            out,
            "counts are kept by day: {} a range, since a given time is within a day; --read-to makes them exact",
            if rows == 1 { "1 row shows".to_owned() } else { format!("{rows} rows show") }
        )?;
    }
    if forgets && asked.at.into_iter().chain(asked.diff).any(within_hour) {
        writeln!(
            out,
            "--forget works in whole hours, and a given time is within an hour: an action seen again only in that hour may \
             count as forgotten"
        )?;
    }
    Ok(())
}

/// The settings of a run, as published.
fn used_settings(
    args: &KnownArgs,
    question: &KnownQuestion,
    settings: &LearnSettings,
    baseline: &Baseline,
) -> KnownSettings {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let by = args.by.map(|by| by.0);
    let by = if args.timeline.is_some() { by } else { Some(by.unwrap_or(By::Principal)) };
    KnownSettings {
        at: time(question.time(baseline)),
        diff: time(args.diff.map(Bound::start)),
        forget: question.forget.map(|span| span.to_string()),
        by: by.map(|by| by.name().to_owned()),
        timeline: args.timeline.map(|step| step.0.name().to_owned()),
        only_success: question.only_success,
        principal_key: settings.principal_key.name().to_owned(),
        k8s_namespace_in_key: settings.namespace_in_key,
        read_from: time(settings.window.read_from),
        read_to: time(settings.window.read_to),
        delivery_slack: settings.window.slack.to_string(),
        filter: FilterSettings::new(&question.filter),
        max_object_size: settings.max_object_size,
        iam_inventory: UsedInventory::new(&baseline.inventory),
    }
}
