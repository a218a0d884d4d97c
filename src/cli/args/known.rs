//! Flags that say what is asked of the past, and of whom.

use clap::{Args, ValueEnum};
use firstseen::query::{By, Step};
use firstseen::time::Bound;

use super::filters::{FilterArgs, PrincipalArgs};
use super::question::{ForgetArg, QuestionArgs};

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
    pub(crate) forget: Option<ForgetArg>,
    /// What the answer is grouped by [default: principal; of a timeline: nothing]
    #[arg(long, value_enum)]
    pub(crate) by: Option<ByArg>,
    /// Counts over time, up to --at, instead of the behaviours themselves
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "diff")]
    pub(crate) timeline: Option<StepArg>,
    /// Count only successful calls: a behaviour begins with its first success
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) only_success: Option<bool>,
    #[command(flatten)]
    pub(crate) whom: PrincipalArgs,
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

impl KnownArgs {
    /// The settings that these flags give; the rest is left open.
    pub(crate) fn settings(&self) -> (QuestionArgs, FilterArgs) {
        let question =
            QuestionArgs { forget: self.forget, only_success: self.only_success, ..QuestionArgs::default() };
        (question, FilterArgs { whom: self.whom.clone(), ..FilterArgs::default() })
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
