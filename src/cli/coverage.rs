//! `firstseen coverage`: what the archives cover, and where they have gaps.

use clap::Args;
use firstseen::coverage::Coverage;
use firstseen::names::{did_you_mean, nearest};
use firstseen::query::{CoverageQuestion, coverage};
use firstseen::report::CoverageReport;
use firstseen::time::Bound;

use super::args::{
    AnswerOutputArgs, ArchiveArgs, CoveredArgs, LearningArgs, RunArgs, S3Args, check_delivery_windows,
};
use super::exit::RunStatus;
use super::input::{Input, InputOptions};
use super::run_summary::RunSummary;
use super::settings::{FileArgs, Settings};
use super::used_settings::used_coverage_settings;

/// Report what was delivered, where gaps are, and who stopped logging
///
/// For each account and Region, by day. Reads archives in full, or a baseline that firstseen index made of them.
#[derive(Debug, Args)]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    archives: ArchiveArgs,

    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    covered: CoveredArgs,
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
pub(crate) fn run(args: &CoverageArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.wanted()?;
    let (filters, learning) = (&wanted.filters, &wanted.learning);
    check_delivery_windows(filters, learning)?;
    filters.whom.refuse_empty()?;
    let question = CoverageQuestion {
        from: filters.from.map(Bound::start),
        to: filters.to.map(Bound::end),
        accounts: filters.whom.account.clone(),
        regions: filters.whom.region.clone(),
    };
    let format = args.output.format()?;
    let archives = args.archives.and(&wanted.archives, &wanted.s3)?;
    let lists = archives.lists()?;
    let mut guard = wanted.guard(&args.files, &archives, &lists)?;
    let output = guard.open("--output", args.output.output.as_deref())?;
    let faults = args.run.faults(&mut guard)?;
    let reading = InputOptions { to: None, leaves_out_later: false, ..wanted.reading(&args.run) };
    let input = Input::read(&archives, &lists, &reading)?;
    let answer = coverage(&input.baseline, &input.coverage, &question);
    let settings = used_coverage_settings(&question, &input);
    let report = CoverageReport {
        settings: &settings,
        coverage: &input.coverage,
        archives: &input.archives,
        answer: &answer,
    };
    output.write(|out| report.write(format, out))?;
    RunSummary {
        read_from: settings.read_from.as_deref(),
        read_to: settings.read_to.as_deref().map(|read_to| (read_to, "--read-to")),
        ..RunSummary::of_input(&input, faults, &unmatched(&input.coverage, &question))
    }
    .end(args.run.quiet)
}

impl CoverageArgs {
    fn wanted(&self) -> anyhow::Result<Settings> {
        let flags = Settings {
            filters: self.covered.filters(),
            learning: self.learning.clone(),
            s3: self.s3.clone(),
            ..Settings::default()
        };
        Ok(flags.or(self.files.read(None)?))
    }
}

/// Warns of accounts and Regions of which there is no object.
fn unmatched(coverage: &Coverage, question: &CoverageQuestion) -> Vec<String> {
    let has_account = |wanted: &String| coverage.places.keys().any(|(account, _)| account == wanted);
    let has_region = |wanted: &String| coverage.places.keys().any(|(_, region)| region == wanted);
    let accounts = question.accounts.iter().filter(|wanted| !has_account(wanted));
    let regions = question.regions.iter().filter(|wanted| !has_region(wanted));
    let accounts = accounts.map(|name| format!("--account {name}: no object's name gives this account"));
    accounts
        .chain(regions.map(|name| {
            let known = coverage.places.keys().map(|(_, region)| &**region);
            let similar = did_you_mean(nearest(name, known));
            format!("--region {name}: no object's name gives this Region{similar}")
        }))
        .collect()
}
