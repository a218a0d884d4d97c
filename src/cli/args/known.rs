//! Flags that say what is asked of the past, and of whom.

use clap::{Args, ValueEnum};
use firstseen::query::{By, Filter, Pattern, Step};
use firstseen::time::{Bound, Span};

use super::filters::{KindArg, kinds};

#[derive(Debug, Args)]
#[command(next_help_heading = "What is asked")]
pub(crate) struct KnownArgs {
    /// What was known before this time; a day counts from its start [default: after the last event]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Bound>,
    /// What was gained and lost between --at and this later time; a day counts from its start
    #[arg(long, value_name = "TIME", requires = "at")]
    pub(crate) diff: Option<Bound>,
    /// After so long without a sighting a behaviour is no longer known [default: never]
    #[arg(long, value_name = "SPAN")]
    pub(crate) forget: Option<Span>,
    /// What the answer is grouped by [default: principal; of a timeline: nothing]
    #[arg(long, value_enum)]
    pub(crate) by: Option<ByArg>,
    /// Counts over time, up to --at, instead of the behaviours themselves
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "diff")]
    pub(crate) timeline: Option<StepArg>,
    /// Count only successful calls: a behaviour begins with its first success. Limits learning
    #[arg(long)]
    pub(crate) only_success: bool,
    #[command(flatten)]
    pub(crate) whom: WhomArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Of whom (these limit reporting, never learning)")]
pub(crate) struct WhomArgs {
    /// Only principals of this account (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "ID,…")]
    pub(crate) account: Vec<String>,
    /// Only this kind of principal (repeatable)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub(crate) kind: Vec<KindArg>,
    /// Only principals whose key, or its part behind the last slash, matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) principal: Vec<Pattern>,
    /// Only matching actions, such as 'iam:*' or 'iam.amazonaws.com:Create*' (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "GLOB,…")]
    pub(crate) action: Vec<Pattern>,
    /// Leave these actions out (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "GLOB,…")]
    pub(crate) ignore_action: Vec<Pattern>,
    /// Leave out behaviours whose first call says that it only reads
    #[arg(long)]
    pub(crate) only_mutating: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ByArg {
    /// The principals of an account taken together
    Account,
    /// What each principal does
    Principal,
    /// Who does each action
    Action,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StepArg {
    Day,
    /// From Monday on
    Week,
    Month,
}

impl WhomArgs {
    /// The filter of behaviours.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            accounts: self.account.clone(),
            regions: Vec::new(),
            kinds: kinds(&self.kind),
            principals: self.principal.clone(),
            actions: self.action.clone(),
            ignored_actions: self.ignore_action.clone(),
            only_mutating: self.only_mutating,
        }
    }
}

impl ByArg {
    /// The grouping itself.
    pub(crate) fn by(self) -> By {
        match self {
            Self::Account => By::Account,
            Self::Principal => By::Principal,
            Self::Action => By::Action,
        }
    }
}

impl StepArg {
    /// The step itself.
    pub(crate) fn step(self) -> Step {
        match self {
            Self::Day => Step::Day,
            Self::Week => Step::Week,
            Self::Month => Step::Month,
        }
    }
}
