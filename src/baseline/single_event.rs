//! Notes kept beside the behaviours, for what sightings do not show: events of CloudTrail Insights, and the hours in which a
//! root user acted.

use crate::model::{InOrder, ObservedPrincipal, Sighting, Text};
use crate::time::Timestamp;

/// An event kept as a whole: one of CloudTrail Insights, or one of a root user.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleEvent {
    /// The principal and its account; `-` if unknown.
    pub who: ObservedPrincipal,
    /// `eventSource:eventName`
    pub action: Text,
    /// The record.
    pub sighting: Sighting,
}

impl SingleEvent {
    /// What copies of one record share.
    fn identity(&self) -> impl Ord + use<'_> {
        (&self.who, self.sighting.time, &self.action, &self.sighting.event_id, self.sighting.detail())
    }

    /// Account and hour in which a root user acted, and the kind of session.
    fn hour(&self) -> impl Ord + use<'_> {
        (&self.who.account, self.sighting.detail(), hour(self.sighting.time))
    }
}

/// The start of the hour of a time.
pub(super) fn hour(time: Timestamp) -> Timestamp {
    let (day, hour) = time.day_and_hour();
    day.hour(hour)
}

/// Sorts events of Insights and removes copies.
pub(super) fn sort_insights(insights: &mut Vec<SingleEvent>) {
    insights.sort_by(|left, right| {
        let same = left.identity().cmp(&right.identity());
        same.then_with(|| left.sighting.order(&right.sighting))
    });
    insights.dedup_by(|next, kept| !next.sighting.event_id.is_empty() && next.identity() == kept.identity());
}

/// Sorts the hours of root users, and keeps the first record of each.
pub(super) fn sort_root(root: &mut Vec<SingleEvent>) {
    root.sort_by(|left, right| {
        let same = left.hour().cmp(&right.hour());
        same.then_with(|| left.sighting.order(&right.sighting)).then_with(|| left.who.cmp(&right.who))
    });
    root.dedup_by(|next, kept| next.hour() == kept.hour());
}
