//! Labelled incidents: their findings, and how many of them a setting reports.

use std::fmt;

use crate::model::ObservedPrincipal;
use crate::query::{FindingKind, HidingSetting, Pattern};
use crate::time::{Span, Timestamp};

/// In microseconds.
const HOUR: i64 = Span::hours(1).micros();

/// Activity that the user knows of, which should be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownIncident {
    /// Its name.
    pub name: String,
    /// Its parts, at least one: a finding of any of them is one of the incident.
    pub parts: Vec<IncidentPart>,
    /// How many of its findings a setting must report to be suggested.
    pub keep: Keep,
}

/// A period of an incident, and who acted in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentPart {
    /// Its first instant.
    pub from: Timestamp,
    /// Its last instant.
    pub to: Timestamp,
    /// The account of its principal; any account if `None`.
    pub account: Option<String>,
    /// Its principal, see [`Pattern::matches_principal`]; any principal if `None`.
    pub principal: Option<Pattern>,
}

/// How many findings of an incident must be reported, of those that any setting can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So many, or all if there are fewer.
    Count(usize),
    /// So many percent, rounded up.
    Percent(u8),
}

impl Default for Keep {
    /// One finding.
    fn default() -> Self {
        Self::Count(1)
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(out, "{count}"),
            Self::Percent(percent) => write!(out, "{percent}%"),
        }
    }
}

impl Keep {
    /// How many findings that are, of `all`: at least one, if there is one.
    fn of(self, all: usize) -> usize {
        let wanted = match self {
            Self::Count(count) => count,
            Self::Percent(percent) => all.saturating_mul(percent.into()).div_ceil(100),
        };
        wanted.max(1).min(all)
    }
}

/// An incident, and its number of findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentFindings {
    /// The label.
    pub incident: KnownIncident,
    /// Its actions: findings of the most sensitive setting in its time and by its principals. Without any, no setting
    /// can report it.
    pub findings: usize,
    /// How many of them are read-only calls.
    pub read_only: usize,
    /// If it has none: those that there would be without filters.
    pub hidden: Option<HiddenFindings>,
}

/// The findings of an incident that filters hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenFindings {
    /// How many the most sensitive setting has without any filter; none if nothing of its time was read.
    pub findings: usize,
    /// The filters each of which hides all of them; if there is none, those that do so together.
    pub by: Vec<HidingSetting>,
}

impl IncidentFindings {
    /// How many of its findings a setting must report to be suggested; none if it has none.
    pub fn needed(&self) -> usize {
        self.incident.keep.of(self.findings)
    }
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

impl KnownIncident {
    /// Its first instant; `None` without parts.
    pub fn from(&self) -> Option<Timestamp> {
        self.parts.iter().map(|part| part.from).min()
    }

    /// Its last instant.
    pub fn to(&self) -> Option<Timestamp> {
        self.parts.iter().map(|part| part.to).max()
    }

    /// The principal of all its parts, if they have the same one.
    pub fn principal(&self) -> Option<&Pattern> {
        let (first, others) = self.parts.split_first()?;
        let is_one = others.iter().all(|part| part.principal == first.principal);
        first.principal.as_ref().filter(|_| is_one)
    }
}

impl IncidentPart {
    /// The possible times of its findings, both ends included: those of returning actions are the starts of hours.
    pub(super) fn times(&self) -> (Timestamp, Timestamp) {
        (Timestamp::from_micros(self.from.micros().saturating_sub(HOUR)), self.to)
    }

    /// Whether a finding is in its time. A returning action is known to the hour: one common instant is enough.
    pub(super) fn covers(&self, kind: FindingKind, time: Timestamp) -> bool {
        let last = match kind {
            FindingKind::ReturningAction => Timestamp::from_micros(time.micros() + HOUR - 1),
            _ => time,
        };
        time <= self.to && last >= self.from
    }

    /// Whether its principal may be this one.
    pub(super) fn is_by(&self, who: &ObservedPrincipal) -> bool {
        self.account.as_ref().is_none_or(|account| *who.account == **account)
            && self.principal.as_ref().is_none_or(|pattern| pattern.matches(who))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_kept_is_never_nothing_nor_more_than_there_is() {
        let of = |keep: Keep| [0, 1, 2, 17].map(|all| keep.of(all));
        assert_eq!(of(Keep::default()), [0, 1, 1, 1]);
        assert_eq!(of(Keep::Count(5)), [0, 1, 2, 5]);
        assert_eq!(of(Keep::Percent(50)), [0, 1, 1, 9]);
        assert_eq!(of(Keep::Percent(1)), [0, 1, 1, 1]);
        assert_eq!(of(Keep::Percent(100)), [0, 1, 2, 17]);
    }
}
