//! The severity of a finding.

use super::{Finding, FindingKind, Severity};
use crate::model::Priority;

impl Severity {
    fn of_priority(priority: Priority) -> Self {
        match priority {
            Priority::Emergency | Priority::Alert | Priority::Critical => Self::Critical,
            Priority::Error => Self::High,
            Priority::Warning => Self::Medium,
            Priority::Notice => Self::Low,
            Priority::Informational | Priority::Debug => Self::Informational,
        }
    }

    /// The severity of a finding regardless of rules.
    pub(super) fn without_rules(finding: &Finding<'_>) -> Self {
        let is_new = finding.rarity.is_some_and(|rarity| rarity.first_for_account);
        match finding.kind {
            FindingKind::Rule => Self::Informational,
            FindingKind::RootActivity => Self::High,
            FindingKind::Insight => Self::Medium,
            _ if finding.read_only == Some(true) => Self::Informational,
            _ if is_new && finding.failed == Some(false) => Self::Medium,
            _ => Self::Low,
        }
    }
}

impl Finding<'_> {
    /// Its own severity, or that of a rule its event matched if higher.
    pub fn severity(&self) -> Severity {
        let own = Severity::without_rules(self);
        self.rule().map_or(own, |rule| own.max(Severity::of_priority(rule.priority)))
    }
}
