//! Flags for the grid of settings to try.

use clap::Args;
use firstseen::query::{Calls, TuneGrid};
use firstseen::time::Span;

use super::super::exit::{Hint, UsageError};
use super::named::named_arg;
use super::question::{AnchorArg, FindingArg, ForgetArg};
use super::severity::SeverityArg;

#[derive(Debug, Args)]
#[command(next_help_heading = "Settings to try (in every combination)")]
pub(crate) struct GridArgs {
    /// How long a principal must have been known [default: 0d,1d,3d,7d,14d,21d,28d,30d,45d,60d,90d,120d,150d,180d]
    #[arg(long, value_delimiter = ',', value_name = "SPAN,…")]
    warmups: Vec<Span>,
    /// How long after its last sighting a behaviour counts as new again, or never [default: never,7d,14d,30d,60d,90d]
    #[arg(long, value_delimiter = ',', value_name = "SPAN,…")]
    forgets: Vec<ForgetArg>,
    /// Where the warmup clock of a principal starts [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ANCHOR,…")]
    anchors: Vec<AnchorArg>,
    /// Calls to report [default: both]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CALLS,…", conflicts_with = "only_mutating")]
    calls: Vec<CallsArg>,
    /// Kinds of findings to count, in all settings; tune counts only new-action, new-principal and returning-action
    /// [default: all three]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub(crate) report: Vec<FindingArg>,
    /// Count only successful calls, in all settings: a behaviour begins with its first success
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) only_success: Option<bool>,
    /// Count only findings of this severity or a higher one, in all settings [default: informational]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) min_severity: Option<SeverityArg>,
}

named_arg! {
    /// Calls to report.
    CallsArg(Calls) {
        All => "All calls",
        Mutating => "All but read-only calls, as with --only-mutating",
    }
}

impl GridArgs {
    /// Whether `--calls` is given.
    pub(crate) fn names_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Whether `--warmups` is given.
    pub(crate) fn names_warmups(&self) -> bool {
        !self.warmups.is_empty()
    }

    /// The settings to try, without duplicates; spans in ascending order.
    pub(crate) fn grid(&self, only_mutating: bool) -> anyhow::Result<TuneGrid> {
        let usual = TuneGrid::default();
        let mut warmups = given(&self.warmups, |warmup| *warmup, usual.warmups);
        let mut forgets = given(&self.forgets, |forget| forget.0, usual.forgets);
        warmups.sort_unstable();
        forgets.sort_unstable();
        let calls = if only_mutating { vec![Calls::Mutating] } else { usual.calls };
        let grid = TuneGrid {
            warmups,
            forgets,
            anchors: given(&self.anchors, |anchor| anchor.0, usual.anchors),
            calls: given(&self.calls, |calls| calls.0, calls),
        };
        let (size, most) = (grid.size(), TuneGrid::MOST_SETTINGS);
        if size > most {
            let hint = Hint("name fewer --warmups, --forgets, --anchors or --calls");
            let error = UsageError(format!("the grid has {size} settings; the maximum is {most}"));
            return Err(anyhow::Error::new(error).context(hint));
        }
        Ok(grid)
    }
}

/// The given values without duplicates, or the defaults if there are none.
fn given<A, T: PartialEq>(args: &[A], value: impl Fn(&A) -> T, usual: Vec<T>) -> Vec<T> {
    let mut values = Vec::new();
    for value in args.iter().map(value) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.is_empty() { usual } else { values }
}
