//! Flags for the severity and the order of findings.

use clap::Args;
use firstseen::query::{FindingOrder, Severity};

use super::named::named_arg;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Severity and order")]
pub(crate) struct SeverityArgs {
    /// Only findings of this severity or a higher one; docs/formats.md says which have which [default: informational]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    min_severity: Option<SeverityArg>,
    /// Order of the findings [default: time]
    #[arg(long, value_enum, value_name = "ORDER")]
    sort: Option<OrderArg>,
}

named_arg! {
    /// A severity.
    SeverityArg(Severity) {
        Informational => "For information: read-only calls, and rules of low priority",
        Low => "Worth a look",
        Medium => "Investigate soon: actions that nobody in the account had done before",
        High => "Investigate now: root activity, and rules of the priority error",
        Critical => "Act at once: rules of the priority critical or above",
    }
}

named_arg! {
    /// An order of findings.
    OrderArg(FindingOrder) {
        Time => "By time, account, principal, action and kind",
        Severity => "The most severe first, and those of one severity by time",
    }
}

impl SeverityArgs {
    /// The least severity of what is counted, for a command whose findings have no order.
    pub(crate) fn at_least(min_severity: Option<SeverityArg>) -> Self {
        Self { min_severity, sort: None }
    }

    /// These flags; unset ones come from `below`.
    pub(crate) fn or(self, below: Self) -> Self {
        Self { min_severity: self.min_severity.or(below.min_severity), sort: self.sort.or(below.sort) }
    }

    /// Nothing less severe is reported.
    pub(crate) fn minimum(&self) -> Severity {
        self.min_severity.map_or(Severity::default(), |severity| severity.0)
    }

    /// The order of the findings.
    pub(crate) fn order(&self) -> FindingOrder {
        self.sort.map_or(FindingOrder::default(), |order| order.0)
    }
}
