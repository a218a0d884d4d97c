//! Labelled incidents: their findings, and how many of them a setting reports.

use crate::model::ObservedPrincipal;
use crate::query::{FindingKind, Pattern};
use crate::time::Timestamp;

/// In microseconds.
const HOUR: i64 = 3_600_000_000;

/// A period with activity that should be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its name.
    pub name: String,
    /// Its first instant.
    pub from: Timestamp,
    /// Its last instant.
    pub to: Timestamp,
    /// Its principal, see [`Pattern::matches_principal`]; any principal if `None`.
    pub principal: Option<Pattern>,
}

/// An incident, and its number of findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentFindings {
    /// The label.
    pub incident: Incident,
    /// Its actions: findings of the most sensitive setting in its time and by its principals. Without any, no setting
    /// can report it.
    pub findings: usize,
}

/// The findings of one incident that one setting reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncidentOutcome {
    /// How many of the incident's findings are reported.
    pub reported: usize,
    /// The median, over the days with a reported finding of the incident, of all findings of the setting.
    pub alerts_per_day: Option<usize>,
    /// The same on the worst of these days.
    pub alerts_on_worst_day: Option<usize>,
}

impl Incident {
    /// The possible times of its findings, both ends included: those of returning actions are the starts of hours.
    pub(super) fn times(&self) -> (Timestamp, Timestamp) {
        (Timestamp::from_micros(self.from.micros().saturating_sub(HOUR)), self.to)
    }

    /// Whether a finding belongs to it. A returning action is known to the hour: one common instant is enough.
    pub(super) fn covers(&self, kind: FindingKind, time: Timestamp, who: &ObservedPrincipal) -> bool {
        let last = match kind {
            FindingKind::ReturningAction => Timestamp::from_micros(time.micros() + HOUR - 1),
            _ => time,
        };
        let inside = time <= self.to && last >= self.from;
        inside && self.principal.as_ref().is_none_or(|pattern| pattern.matches(who))
    }
}
