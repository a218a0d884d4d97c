//! Flags that define what counts as new.

use std::str::FromStr;

use clap::Args;
use firstseen::model::Dimension;
use firstseen::query::{Anchor, FindingKind, Question};
use firstseen::time::{Span, TimeError};

use super::given;
use super::named::named_arg;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What counts as new")]
pub(crate) struct QuestionArgs {
    /// How long a principal must have been known before its new actions are reported [units: s, m, h,
    /// d, w, or their names; a bare number is days] [default: 30d]
    #[arg(long, value_name = "SPAN")]
    pub(crate) warmup: Option<Span>,
    /// How long after its last sighting a behaviour counts as new again (returning-action), or never [default: never]
    #[arg(long, value_name = "SPAN|never")]
    pub(crate) forget: Option<ForgetArg>,
    /// Where the warmup clock of a principal starts [default: principal]
    #[arg(long, value_enum)]
    pub(crate) anchor: Option<AnchorArg>,
    /// Kinds of findings to report [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub(crate) report: Vec<FindingArg>,
    /// Dimensions whose new values to report, as findings of the kinds new-action, new-network and so on, besides the
    /// other kinds of --report [default: action]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "DIMENSION,…")]
    pub(crate) dimension: Vec<DimensionArg>,
    /// Also report CloudTrail Insights events, as findings of the kind insight, regardless of the warmup
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) include_insights: Option<bool>,
    /// Do not report the activity of root users (root-activity)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) no_root: Option<bool>,
    /// Count only successful calls: a behaviour begins with its first success
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) only_success: Option<bool>,
}

/// A span, or `never`, so that a flag can undo a file or preset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForgetArg(pub(super) Option<Span>);

named_arg! {
    /// Where the warmup clock starts.
    AnchorArg(Anchor) {
        Principal => "At its first sighting",
        Archive => "At the first event of the archive",
        Created => "At its creation, from its CreateRole or CreateUser record or --iam-inventory, else at its first sighting",
    }
}

named_arg! {
    /// A kind of finding, or all kinds except insight.
    FindingArg(FindingKind or "all" => "All but insight and the kinds of --dimension") {
        NewAction => "A principal's first use of an action, after its warmup",
        NewPrincipal => "A principal's first appearance, when the archive is older than the warmup",
        ReturningAction => "A principal's use of an action after a gap longer than --forget, exact to the hour",
        RootActivity => "An hour in which an account's root user acted, regardless of the warmup",
        Rule => "Events of a principal that match a rule and are not already covered by another finding, regardless of the warmup",
        FirstSuccess => "A principal's first success of an action after failed calls only, after its warmup; not included in all",
        Insight => "A CloudTrail Insights event, regardless of the warmup; not included in all",
        NewNetwork => "A principal's first call from a network, after its warmup; not included in all, and neither are the kinds below",
        NewAgent => "A principal's first call with a family of user agents",
        NewRegion => "A principal's first call in a Region",
        NewAccessKey => "A principal's first call with a long-term access key",
        NewError => "A principal's first error of a kind",
        NewTargetRole => "A principal's first AssumeRole call for a role",
        NewTargetAccount => "A principal's first call in an account other than its own",
        NewImpersonator => "In a cluster: the first request that a user sent as the principal",
        NewAsn => "A principal's first call from an autonomous system; needs --geo-db",
        NewCountry => "A principal's first call from a country; needs --geo-db",
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
        TargetRole => "The role in a call of AssumeRole",
        TargetAccount => "The account of the call, if it is not the principal's",
        Impersonator => "In a cluster: the user that impersonated the principal",
        Asn => "The autonomous system of the caller's network; needs --geo-db",
        Country => "The country of the caller's network; needs --geo-db",
    }
}

impl QuestionArgs {
    /// These flags; unset ones come from `below`.
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
        self.warmup.unwrap_or(Question::DEFAULT_WARMUP)
    }

    /// How long after its last sighting a behaviour is forgotten.
    pub(crate) fn forget(&self) -> Option<Span> {
        self.forget.and_then(|ForgetArg(span)| span)
    }

    /// Where the warmup clock starts.
    pub(crate) fn anchor(&self) -> Anchor {
        self.anchor.map_or(Anchor::default(), |arg| arg.0)
    }

    /// The kinds of findings to report.
    pub(crate) fn report(&self) -> Vec<FindingKind> {
        let is_all = self.report.is_empty() || self.report.iter().any(|kind| kind.0.is_none());
        let mut kinds = if is_all { FindingKind::BY_DEFAULT.to_vec() } else { Vec::new() };
        for kind in self.report.iter().filter_map(|kind| kind.0) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let is_without_action = self.dimension.iter().all(|dimension| dimension.0.is_some());
        kinds.retain(|kind| {
            *kind != FindingKind::NewAction || self.dimension.is_empty() || !is_without_action
        });
        for dimension in &self.dimension {
            let kind = dimension.0.map_or(FindingKind::NewAction, FindingKind::of_dimension);
            if !kinds.contains(&kind) {
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

    /// Whether `--report` names this kind.
    pub(crate) fn names(&self, kind: FindingKind) -> bool {
        self.report.iter().any(|named| named.0 == Some(kind))
    }

    /// Whether rule matches are reported if there are rules: `--report` is not given or contains `all`.
    pub(crate) fn takes_rules(&self) -> bool {
        self.report.is_empty() || self.report.iter().any(|kind| kind.0.is_none())
    }

    /// Whether only successful calls count as sightings.
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
    fn dimensions_decide_which_new_values_are_reported() {
        let kinds = |report: &[FindingKind], dimension: &[Option<Dimension>]| {
            let args = QuestionArgs {
                report: report.iter().map(|kind| FindingArg(Some(*kind))).collect(),
                dimension: dimension.iter().map(|dimension| DimensionArg(*dimension)).collect(),
                ..QuestionArgs::default()
            };
            args.report()
        };
        let (root, network) = (FindingKind::RootActivity, Some(Dimension::Network));
        assert_eq!(kinds(&[root], &[network]), [root, FindingKind::NewNetwork]);
        assert_eq!(kinds(&[FindingKind::NewAction], &[network]), [FindingKind::NewNetwork]);
        assert_eq!(kinds(&[root], &[None, network]), [root, FindingKind::NewAction, FindingKind::NewNetwork]);
        assert_eq!(kinds(&[FindingKind::NewNetwork], &[network]), [FindingKind::NewNetwork]);
    }

    #[test]
    fn all_can_be_combined_with_other_kinds() {
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
