//! Flags that say what is new.

use clap::{Args, ValueEnum};
use firstseen::query::{Anchor, FindingKind};
use firstseen::time::Span;

#[derive(Debug, Args)]
#[command(next_help_heading = "What is new")]
pub(crate) struct QuestionArgs {
    /// How long a principal must have been known before its new actions are reported [units: s, m, h, d, w]
    /// [default: 30d]
    #[arg(long, value_name = "SPAN")]
    pub(crate) warmup: Option<Span>,
    /// After so long without a sighting a behaviour counts as new again (returning-action) [default: never]
    #[arg(long, value_name = "SPAN")]
    pub(crate) forget: Option<Span>,
    /// Where the warmup clock of a principal starts [default: principal]
    #[arg(long, value_enum)]
    pub(crate) anchor: Option<AnchorArg>,
    /// Which kinds of findings [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub(crate) report: Vec<FindingArg>,
    /// Count only successful calls: a behaviour begins with its first success. Limits learning
    #[arg(long)]
    pub(crate) only_success: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AnchorArg {
    /// At its first sighting
    Principal,
    /// At the first event of the archive
    Archive,
    /// At its CreateRole or CreateUser record, if the archive holds one, else at its first sighting
    Created,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FindingArg {
    /// A principal's first use of an action, after its warmup
    NewAction,
    /// A principal's first appearance, when the archive is older than the warmup
    NewPrincipal,
    /// A principal's use of an action after a gap longer than --forget, known to the hour
    ReturningAction,
}

impl QuestionArgs {
    /// How long a principal must have been known.
    pub(crate) fn warmup(&self) -> Span {
        self.warmup.unwrap_or(Span::days(30))
    }

    /// Where the warmup clock starts.
    pub(crate) fn anchor(&self) -> Anchor {
        self.anchor.map_or(Anchor::Principal, AnchorArg::anchor)
    }

    /// Kinds of findings wanted.
    pub(crate) fn report(&self) -> Vec<FindingKind> {
        match &self.report[..] {
            [] => FindingKind::ALL.to_vec(),
            given => given.iter().map(|kind| kind.kind()).collect(),
        }
    }
}

impl AnchorArg {
    pub(super) fn anchor(self) -> Anchor {
        match self {
            Self::Principal => Anchor::Principal,
            Self::Archive => Anchor::Archive,
            Self::Created => Anchor::Created,
        }
    }
}

impl FindingArg {
    pub(super) fn kind(self) -> FindingKind {
        match self {
            Self::NewAction => FindingKind::NewAction,
            Self::NewPrincipal => FindingKind::NewPrincipal,
            Self::ReturningAction => FindingKind::ReturningAction,
        }
    }
}
