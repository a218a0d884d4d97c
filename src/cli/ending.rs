//! How a command that read archives ends: what it used, what was read, and the exit status.

use std::io::{self, Write};

use firstseen::coverage::Coverage;
use firstseen::ingest::IngestSettings;
use firstseen::query::{Pattern, Question};
use firstseen::report::{UsedSettings, write_faults, write_summary};
use firstseen::time::Timestamp;

use super::exit::Answer;
use super::output::Output;

/// Writes the faults and, unless `quiet`, the account of the run.
pub(crate) fn conclude(
    coverage: &Coverage,
    used: &UsedSettings,
    faults: Option<Output>,
    quiet: bool,
) -> anyhow::Result<Answer> {
    if let Some(faults) = faults {
        faults.write(|out| write_faults(coverage, out))?;
    }
    if !quiet {
        let mut stderr = io::stderr().lock();
        write_summary(coverage, &mut stderr)?;
        write_limits(used, &mut stderr)?;
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
pub(crate) fn used_settings(question: &Question, settings: &IngestSettings) -> UsedSettings {
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
