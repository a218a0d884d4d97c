//! `firstseen scan`: reads archives and reports what was new.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use firstseen::ingest::IngestSettings;
use firstseen::query::{Pattern, Preset, Question, first_seen};
use firstseen::report::{Report, UsedSettings, write_faults, write_summary};
use firstseen::time::Timestamp;

use super::args::OutputArgs;
use super::exit::Answer;
use super::input::Input;
use super::output::Output;
use super::settings::SettingsArgs;

/// Read archives and report what every principal did for the first time after its warmup
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Folders, files or globs that hold log objects
    #[arg(required = true, value_name = "ARCHIVE")]
    archives: Vec<PathBuf>,

    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<Answer> {
    let wanted = args.settings.read()?;
    let question = wanted.question()?;
    let settings = wanted.ingest(args.output.threads);
    let output = Output::open(args.output.output.as_deref())?;
    let faults = args.output.faults.as_deref().map(|path| Output::open(Some(path))).transpose()?;
    let Input { baseline, coverage, settings } = Input::read(&args.archives, &settings, args.output.quiet)?;
    let findings = first_seen(&baseline, &question);
    let used = used_settings(wanted.preset(), &question, &settings);
    let report = Report { settings: &used, coverage: &coverage, findings: &findings };
    output.write(|out| report.write(args.output.format(), out))?;
    if let Some(faults) = faults {
        faults.write(|out| write_faults(&coverage, out))?;
    }
    if !args.output.quiet {
        let mut stderr = io::stderr().lock();
        write_summary(&coverage, &mut stderr)?;
        write_limits(&used, &mut stderr)?;
        if coverage.records.counted == 0 {
            writeln!(stderr, "warning: not a single CloudTrail event was found")?;
        }
    }
    Ok(if coverage.fault_count == 0 { Answer::Complete } else { Answer::WithFaults })
}

/// Says what was not learnt from on purpose.
fn write_limits(used: &UsedSettings, out: &mut dyn Write) -> io::Result<()> {
    if let Some(since) = &used.since {
        writeln!(out, "learnt from nothing before {since}: what is older counts as new (--since)")?;
    }
    if let Some(until) = &used.until {
        writeln!(out, "learnt from nothing after {until} (--until, --to)")?;
    }
    if used.only_success {
        writeln!(out, "learnt from successful calls only (--only-success)")?;
    }
    Ok(())
}

/// The settings of a run as they are published.
fn used_settings(preset: Option<Preset>, question: &Question, settings: &IngestSettings) -> UsedSettings {
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
        preset: preset.map(|preset| preset.name().to_owned()),
    }
}
