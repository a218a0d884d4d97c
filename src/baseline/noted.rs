//! What is worth a note beside the behaviours, since no sighting of a behaviour tells it: what CloudTrail Insights noticed, and
//! the hours in which a root user acted.

use crate::model::{InOrder, ObservedPrincipal, Sighting, Text};
use crate::time::Timestamp;

/// One thing that was noted.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted {
    /// The account, and who it was; `-` if that is not known.
    pub who: ObservedPrincipal,
    /// `eventSource:eventName`
    pub action: Text,
    /// The record.
    pub sighting: Sighting,
}

impl Noted {
    /// What two deliveries of one record share.
    fn identity(&self) -> impl Ord + use<'_> {
        (&self.who, self.sighting.time, &self.action, &self.sighting.event_id, self.sighting.detail())
    }

    /// Account and hour in which a root user acted, and in what sort of session.
    fn hour(&self) -> impl Ord + use<'_> {
        (&self.who.account, self.sighting.detail(), hour(self.sighting.time))
    }
}

/// The start of the hour of a time.
pub(super) fn hour(time: Timestamp) -> Timestamp {
    let (day, hour) = time.day_and_hour();
    day.hour(hour)
}

/// Puts what Insights noticed into its one order, copies left out.
pub(super) fn sort_insights(insights: &mut Vec<Noted>) {
    insights.sort_by(|left, right| {
        let same = left.identity().cmp(&right.identity());
        same.then_with(|| left.sighting.order(&right.sighting))
    });
    insights.dedup_by(|next, kept| !next.sighting.event_id.is_empty() && next.identity() == kept.identity());
}

/// Puts the hours of root users into their one order, each with its first record.
pub(super) fn sort_root(root: &mut Vec<Noted>) {
    root.sort_by(|left, right| {
        let same = left.hour().cmp(&right.hour());
        same.then_with(|| left.sighting.order(&right.sighting)).then_with(|| left.who.cmp(&right.who))
    });
    root.dedup_by(|next, kept| next.hour() == kept.hour());
}
