//! Flags that say what is new.

use std::str::FromStr;

use clap::Args;
use firstseen::model::Dimension;
use firstseen::query::{Anchor, FindingKind};
use firstseen::time::{Span, TimeError};

use super::given;
use super::named::named_arg;

/// The warmup of a question that names none.
pub(crate) const DEFAULT_WARMUP: Span = Span::days(30);

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What is new")]
pub(crate) struct QuestionArgs {
    /// How long a principal must have been known before its new actions are reported [units: s, m, h,
    /// d, w, or their names; a bare number is days] [default: 30d]
    #[arg(long, value_name = "SPAN")]
    pub(crate) warmup: Option<Span>,
    /// After so long without a sighting, or never, a behaviour counts as new again (returning-action)
    /// [default: never]
    #[arg(long, value_name = "SPAN|never")]
    pub(crate) forget: Option<ForgetArg>,
    /// Where the warmup clock of a principal starts [default: principal]
    #[arg(long, value_enum)]
    pub(crate) anchor: Option<AnchorArg>,
    /// Which kinds of findings [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub(crate) report: Vec<FindingArg>,
    /// In which dimensions new values are reported, as findings of the kinds new-action, new-network and so on [default: action]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "DIMENSION,…")]
    pub(crate) dimension: Vec<DimensionArg>,
    /// Also list what CloudTrail Insights noticed, as findings of the kind insight, whatever the warmup
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) include_insights: Option<bool>,
    /// Leave out when root users acted (root-activity)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) no_root: Option<bool>,
    /// Count only successful calls: a behaviour begins with its first success
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) only_success: Option<bool>,
}

/// A span, or `never`, so that a flag can take back what a file or a preset says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForgetArg(pub(super) Option<Span>);

named_arg! {
    /// Where the warmup clock starts.
    AnchorArg(Anchor) {
        Principal => "At its first sighting",
        Archive => "At the first event of the archive",
        Created => "At its creation, by its CreateRole or CreateUser record or by --iam-inventory, else at its first sighting",
    }
}

named_arg! {
    /// A kind of findings, or all kinds except insight.
    FindingArg(FindingKind or "all" => "All but insight and the kinds of --dimension") {
        NewAction => "A principal's first use of an action, after its warmup",
        NewPrincipal => "A principal's first appearance, when the archive is older than the warmup",
        ReturningAction => "A principal's use of an action after a gap longer than --forget, known to the hour",
        RootActivity => "An hour in which an account's root user acted, whatever the warmup",
        Rule => "Events of a principal that a rule matched and that are no other finding, whatever the warmup",
        Insight => "What CloudTrail Insights noticed, whatever the warmup; all does not include it",
        NewNetwork => "A principal's first call from a network, after its warmup; of this and the next ones all includes none",
        NewAgent => "Its first call with a family of user agents",
        NewRegion => "Its first call in a Region",
        NewAccessKey => "Its first call with a long-term access key",
        NewError => "Its first error of a kind",
        NewTargetRole => "Its first AssumeRole of a role",
        NewTargetAccount => "Its first call in another account",
    }
}

named_arg! {
    /// A dimension, or the action.
    DimensionArg(Dimension or "action" => "The action") {
        Network => "The network of the caller: /24 of IPv4, /48 of IPv6, or the name of an AWS service",
        Agent => "The family of the user agent: program and operating system",
        Region => "The Region",
        AccessKey => "The long-term access key",
        Error => "The kind of error of a failed call",
        TargetRole => "The role that AssumeRole asks for",
        TargetAccount => "The account of the call, if it is not the principal's",
    }
}

impl QuestionArgs {
    /// These flags; what they leave open is as `below`.
    pub(crate) fn or(self, below: Self) -> Self {
        Self {
            warmup: self.warmup.or(below.warmup),
            forget: self.forget.or(below.forget),
            anchor: self.anchor.or(below.anchor),
            report: given(self.report, below.report),
            dimension: given(self.dimension, below.dimension),
            no_root: self.no_root.or(below.no_root),
            include_insights: self.include_insights.or(below.include_insights),
            only_success: self.only_success.or(below.only_success),
        }
    }

    /// How long a principal must have been known.
    pub(crate) fn warmup(&self) -> Span {
        self.warmup.unwrap_or(DEFAULT_WARMUP)
    }

    /// After how long a behaviour is forgotten.
    pub(crate) fn forget(&self) -> Option<Span> {
        self.forget.and_then(|ForgetArg(span)| span)
    }

    /// Where the warmup clock starts.
    pub(crate) fn anchor(&self) -> Anchor {
        self.anchor.map_or(Anchor::Principal, |arg| arg.0)
    }

    /// Kinds of findings wanted.
    pub(crate) fn report(&self) -> Vec<FindingKind> {
        let is_all = self.report.is_empty() || self.report.iter().any(|kind| kind.0.is_none());
        let default = [&FindingKind::OF_SIGHTINGS[..], &[FindingKind::RootActivity]].concat();
        let mut kinds = if is_all { default } else { Vec::new() };
        for kind in self.report.iter().filter_map(|kind| kind.0) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let asks_for_new = kinds.contains(&FindingKind::NewAction);
        if !self.dimension.is_empty() && !self.dimension.iter().any(|dimension| dimension.0.is_none()) {
            kinds.retain(|kind| *kind != FindingKind::NewAction);
        }
        for dimension in self.dimension.iter().filter_map(|dimension| dimension.0) {
            let kind = FindingKind::of_dimension(dimension);
            if asks_for_new && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if self.no_root == Some(true) {
            kinds.retain(|kind| *kind != FindingKind::RootActivity);
        }
        if self.include_insights == Some(true) && !kinds.contains(&FindingKind::Insight) {
            kinds.push(FindingKind::Insight);
        }
        kinds
    }

    /// Whether these flags leave open if what rules matched is reported, which it then is where there are rules.
    pub(crate) fn takes_rules(&self) -> bool {
        self.report.is_empty() || self.report.iter().any(|kind| kind.0.is_none())
    }

    /// Whether failed calls are no sightings.
    pub(crate) fn only_success(&self) -> bool {
        self.only_success.unwrap_or(false)
    }
}

impl FromStr for ForgetArg {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        if text == "never" { Ok(Self(None)) } else { text.parse().map(|span| Self(Some(span))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_and_a_kind_beside_it_are_both_reported() {
        let kinds = |report: &[FindingArg]| {
            let args = QuestionArgs { report: report.to_vec(), ..QuestionArgs::default() };
            args.report().into_iter().map(FindingKind::name).collect::<Vec<_>>().join(" ")
        };
        let all = "new-action new-principal returning-action root-activity";
        assert_eq!(kinds(&[]), all);
        assert_eq!(
            kinds(&[FindingArg(None), FindingArg(Some(FindingKind::Insight))]),
            format!("{all} insight")
        );
        assert_eq!(
            kinds(
                &[FindingKind::Insight, FindingKind::NewAction, FindingKind::Insight]
                    .map(|kind| FindingArg(Some(kind)))
            ),
            "insight new-action"
        );
    }
}
