//! Flags that several commands share, by topic.

mod archives;
mod case;
mod coverage;
mod events;
mod filters;
mod format;
mod geo;
mod grid;
mod incidents;
mod known;
mod labels;
mod learning;
mod named;
mod output;
mod question;
mod reading;
mod rules;
mod s3;
mod severity;
mod shard;
mod triage;
mod verify;

use firstseen::time::Bound;

use super::exit::{Hint, UsageError};

pub(crate) use archives::{ArchiveArgs, ConfiguredArchive};
pub(crate) use case::CaseArgs;
pub(crate) use coverage::CoveredArgs;
pub(crate) use events::{EventFilterArgs, EventOutputArgs};
pub(crate) use filters::FilterArgs;
pub(crate) use format::ByExtension;
pub(crate) use geo::GeoArgs;
pub(crate) use grid::GridArgs;
pub(crate) use incidents::IncidentArgs;
pub(crate) use known::KnownArgs;
pub(crate) use labels::LabelArgs;
pub(crate) use learning::{LearningArgs, byte_count, cluster_name};
pub(crate) use named::named_arg;
pub(crate) use output::{
    AnswerOutputArgs, FileFormat, FolderFormat, OutputArgs, OutputFormats, RankedOutputArgs, RunArgs,
};
pub(crate) use question::QuestionArgs;
pub(crate) use reading::{ReadingArgs, Source, SourceArgs, may_be_source};
pub(crate) use rules::RuleArgs;
pub(crate) use s3::{AccessArgs, S3Args, warn_of_mirror};
pub(crate) use severity::SeverityArgs;
pub(crate) use shard::ShardArgs;
pub(crate) use triage::{NewnessArgs, RankedPeriodArgs, RankingArgs};
pub(crate) use verify::ProofArgs;

/// Refuses a window that ends before it begins.
pub(crate) fn check_window(flags: &str, from: Option<Bound>, to: Option<Bound>) -> anyhow::Result<()> {
    match (from, to) {
        (Some(from), Some(to)) if from.start() > to.end() => {
            let (from, to) = (from.start(), to.end());
            let what = format!("{flags}: the window ends before it begins: it is from {from} to {to}");
            Err(anyhow::Error::new(UsageError(what)).context(Hint("exchange the two times")))
        }
        _ => Ok(()),
    }
}

/// Refuses windows of what is reported and of what is learnt that end before they begin, each by itself and both together.
pub(crate) fn check_windows(filters: &FilterArgs, learning: &LearningArgs) -> anyhow::Result<()> {
    check_window("--from, --to", filters.from, filters.to)?;
    check_window("--read-from, --read-to", learning.read_from, learning.read_to)?;
    check_both("--read-from, --to", learning.read_from, filters.to)?;
    check_both("--from, --read-to", filters.from, learning.read_to)
}

/// The same where days of delivery are reported: objects are read from some days before the window of what is learnt to some after it.
pub(crate) fn check_delivery_windows(filters: &FilterArgs, learning: &LearningArgs) -> anyhow::Result<()> {
    check_window("--from, --to", filters.from, filters.to)?;
    check_window("--read-from, --read-to", learning.read_from, learning.read_to)?;
    let slack = learning.slack();
    let read_from = learning.read_from.map(|from| Bound::Day(from.start().minus(slack).day()));
    let read_to = learning.read_to.map(|to| Bound::Day(to.end().plus(slack).day()));
    check_both("--read-from less --delivery-slack, --to", read_from, filters.to)?;
    check_both("--from, --read-to plus --delivery-slack", filters.from, read_to)
}

/// Refuses the begin of one window after the end of the other: what would be reported is not learnt.
fn check_both(flags: &str, from: Option<Bound>, to: Option<Bound>) -> anyhow::Result<()> {
    let (Some(from), Some(to)) = (from.map(Bound::start), to.map(Bound::end)) else { return Ok(()) };
    if from <= to {
        return Ok(());
    }
    let what =
        format!("{flags}: nothing is in both windows: one begins at {from}, and the other ends at {to}");
    Err(anyhow::Error::new(UsageError(what)).context(Hint(
        "--read-from and --read-to limit what is learnt, --from and --to what of it is reported",
    )))
}

/// Why an empty value of a filter is refused.
pub(crate) const EMPTY_VALUE: &str = "an empty value matches nothing, or everything";

/// Refuses empty values of the filter of a flag.
pub(crate) fn refuse_empty<'v>(
    flag: &str,
    mut values: impl Iterator<Item = &'v str>,
) -> Result<(), UsageError> {
    match values.any(str::is_empty) {
        true => Err(UsageError(format!("{flag}: {EMPTY_VALUE}"))),
        false => Ok(()),
    }
}

/// The list from a flag, or `below` if it is empty. Lists replace each other; they are never combined.
pub(crate) fn given<T>(list: Vec<T>, below: Vec<T>) -> Vec<T> {
    if list.is_empty() { below } else { list }
}
