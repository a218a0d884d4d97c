//! Labelled incidents: what they hold, and what a setting still shows of them.

use super::daily::nearest_rank;
use super::enumeration::Noted;
use crate::query::{Finding, FindingKind, Pattern};
use crate::time::Timestamp;

/// In microseconds.
const HOUR: i64 = 3_600_000_000;

/// A time in which something happened that ought to be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What it is called.
    pub name: String,
    /// Its first instant.
    pub from: Timestamp,
    /// Its last instant.
    pub to: Timestamp,
    /// Who did it, see [`Pattern::matches_principal`]; anyone, if there is none.
    pub principal: Option<Pattern>,
}

/// An incident, and what there is to see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The label.
    pub incident: Incident,
    /// Its actions: findings of the most sensitive setting in its time and by its principals. Without any, no
    /// setting can report it.
    pub findings: usize,
}

/// What one setting shows of one incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// How many of the incident's findings are reported.
    pub reported: usize,
    /// All findings of the setting on a day with a reported finding of the incident: the median of these days.
    pub alerts_per_day: Option<usize>,
    /// The same on the worst of these days.
    pub alerts_on_worst_day: Option<usize>,
}

impl Incident {
    /// Whether a finding belongs to it. A returning action is known to the hour: one common instant is enough.
    pub(super) fn covers(&self, finding: &Finding<'_>) -> bool {
        let last = match finding.kind {
            FindingKind::ReturningAction => Timestamp::from_micros(finding.time.micros() + HOUR - 1),
            _ => finding.time,
        };
        let inside = finding.time <= self.to && last >= self.from;
        inside && self.principal.as_ref().is_none_or(|pattern| pattern.matches(finding.who))
    }
}

impl Sight {
    /// Given the incident's reported findings and all findings of the setting by day, both in their order.
    pub(super) fn new(reported: &[&Noted], by_day: &[&[&Noted]]) -> Self {
        let days = reported.chunk_by(|left, right| left.day == right.day);
        let mut alerts: Vec<usize> = days
            .map(|same_day| {
                let at = by_day.partition_point(|other| other[0].day < same_day[0].day);
                by_day[at].len()
            })
            .collect();
        alerts.sort_unstable();
        Self {
            reported: reported.len(),
            alerts_per_day: nearest_rank(50, alerts.len() as u64, &alerts),
            alerts_on_worst_day: alerts.last().copied(),
        }
    }
}
