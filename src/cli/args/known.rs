//! Flags that say what is asked of the past, and of whom.

use clap::Args;
use firstseen::query::{By, Step};
use firstseen::time::Bound;

use super::filters::{FilterArgs, PrincipalArgs};
use super::named::named_arg;
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
    #[arg(long, value_name = "SPAN|never")]
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

named_arg! {
    /// The grouping of an answer.
    ByArg(By) {
        Account => "The principals of an account taken together",
        Principal => "What each principal does",
        Action => "Who does each action",
    }
}

named_arg! {
    /// The length of a period.
    StepArg(Step) {
        Day => "From midnight UTC on",
        Week => "From Monday on",
        Month => "From the first on",
    }
}

impl KnownArgs {
    /// The settings that these flags give; the rest is left open.
    pub(crate) fn settings(&self) -> (QuestionArgs, FilterArgs) {
        let question =
            QuestionArgs { forget: self.forget, only_success: self.only_success, ..QuestionArgs::default() };
        (question, FilterArgs { whom: self.whom.clone(), ..FilterArgs::default() })
    }
}
