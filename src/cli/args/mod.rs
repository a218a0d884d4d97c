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
pub(crate) use output::{AnswerOutputArgs, FileFormat, OutputArgs, OutputFormats, RankedOutputArgs, RunArgs};
pub(crate) use question::{DEFAULT_WARMUP, QuestionArgs};
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

/// The list from a flag, or `below` if it is empty. Lists replace each other; they are never combined.
pub(crate) fn given<T>(list: Vec<T>, below: Vec<T>) -> Vec<T> {
    if list.is_empty() { below } else { list }
}
