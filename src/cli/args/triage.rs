//! Flags that say what is ranked, and how.

use std::path::PathBuf;

use clap::Args;
use firstseen::query::RankedUnit;
use firstseen::time::{Bound, Span};

use super::filters::{FilterArgs, PrincipalArgs};
use super::named::named_arg;
use super::question::{AnchorArg, QuestionArgs};

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What counts as new")]
pub(crate) struct NewnessArgs {
    /// How long a principal must have been known before its new actions are reported, unless it is new itself [units: s, m,
    /// h, d, w, or their names; a bare number is days] [default: 30d]
    #[arg(long, value_name = "SPAN")]
    warmup: Option<Span>,
    /// Where the warmup clock of a principal starts [default: principal]
    #[arg(long, value_enum)]
    anchor: Option<AnchorArg>,
    /// Count only successful calls: a behaviour begins with its first success
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    only_success: Option<bool>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Reported period (limits neither scores nor what is learnt)")]
pub(crate) struct RankedPeriodArgs {
    /// Report only incidents with an episode that ends at this time or later
    #[arg(long, value_name = "TIME")]
    from: Option<Bound>,
    /// Report only incidents with an episode that begins at this time or earlier; a day counts to its end. --read-to limits
    /// what is learnt
    #[arg(long, value_name = "TIME")]
    to: Option<Bound>,
    #[command(flatten)]
    whom: PrincipalArgs,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Ranking")]
pub(crate) struct RankingArgs {
    /// How many to report [default: 10 as text, all in other formats]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    /// What is ranked [default: incident]
    #[arg(long, value_enum)]
    by: Option<UnitArg>,
    /// The longest gap between findings of one episode [default: 1h]
    #[arg(long, value_name = "SPAN")]
    episode_gap: Option<Span>,
    /// Score each episode only with what could be known when it ended. Otherwise a score also counts who does the same
    /// within the next week, and whether the principal goes on
    #[arg(long)]
    pub(crate) as_of_then: bool,
    /// Replace constants of the score by those of a TOML file, one per line: history = 0.5. docs/ranking.md lists them
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Raise episodes that touch what a TOML file lists: calls from outside your own networks, and principals, roles, actions
    /// and matches of rules that matter to you. docs/ranking.md has an example
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
}

named_arg! {
    /// What is ranked.
    UnitArg(RankedUnit) {
        Incident => "Episodes that belong together, by what they share",
        Episode => "New actions and values of one principal, close in time",
    }
}

impl NewnessArgs {
    /// These flags among those of a question.
    pub(crate) fn question(&self) -> QuestionArgs {
        QuestionArgs {
            warmup: self.warmup,
            anchor: self.anchor,
            only_success: self.only_success,
            ..QuestionArgs::default()
        }
    }
}

impl RankedPeriodArgs {
    /// These flags among those of a question.
    pub(crate) fn filters(&self) -> FilterArgs {
        FilterArgs { from: self.from, to: self.to, whom: self.whom.clone() }
    }
}

impl RankingArgs {
    /// What is ranked.
    pub(crate) fn unit(&self) -> RankedUnit {
        self.by.map_or(RankedUnit::default(), |unit| unit.0)
    }

    /// How many to report, if it is limited.
    pub(crate) fn top(&self) -> Option<usize> {
        self.top.and_then(|top| usize::try_from(top).ok())
    }

    /// The longest gap within an episode.
    pub(crate) fn gap(&self) -> Span {
        self.episode_gap.unwrap_or(Span::hours(1))
    }
}
