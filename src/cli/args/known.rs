//! Flags of `baseline`: points in time, grouping and filters.

use clap::Args;
use firstseen::query::{By, Step};
use firstseen::time::Bound;

use super::filters::{FilterArgs, PrincipalArgs};
use super::named::named_arg;
use super::question::{ForgetArg, QuestionArgs};

#[derive(Debug, Args)]
#[command(next_help_heading = "Query")]
pub(crate) struct KnownArgs {
    /// Report what was known before this time; a day counts from its start [default: after the last event]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Bound>,
    /// Report what was gained and lost between --at and this later time; a day counts from its start
    #[arg(long, value_name = "TIME", requires = "at")]
    pub(crate) diff: Option<Bound>,
    /// How long after its last sighting a behaviour is forgotten [default: never]
    #[arg(long, value_name = "SPAN|never")]
    pub(crate) forget: Option<ForgetArg>,
    /// How to group the answer [default: principal; a timeline is not grouped]
    #[arg(long, value_enum)]
    pub(crate) by: Option<ByArg>,
    /// Report counts over time, up to --at, instead of the behaviours themselves
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
        Account => "All principals of an account together",
        Principal => "The actions of each principal",
        Action => "The principals of each action",
    }
}

named_arg! {
    /// The length of a period.
    StepArg(Step) {
        Day => "From midnight UTC",
        Week => "From Monday",
        Month => "From the first of the month",
    }
}

impl KnownArgs {
    /// The settings from these flags; the others stay unset.
    pub(crate) fn settings(&self) -> (QuestionArgs, FilterArgs) {
        let question =
            QuestionArgs { forget: self.forget, only_success: self.only_success, ..QuestionArgs::default() };
        (question, FilterArgs { whom: self.whom.clone(), ..FilterArgs::default() })
    }
}
