//! What CloudTrail Insights noticed, kept beside the behaviours: it is no sighting of anybody.

use super::Sighting;
use crate::observe::ObservedPrincipal;

/// One thing that CloudTrail Insights noticed.
#[derive(Clone, Debug, PartialEq)]
pub struct InsightSighting {
    /// The account, and the caller with the highest part of it; `-` if that is not known.
    pub who: ObservedPrincipal,
    /// `eventSource:eventName` of the calls that were unusual.
    pub action: Box<str>,
    /// The record.
    pub sighting: Sighting,
}

impl InsightSighting {
    /// What two deliveries of one record share.
    fn identity(&self) -> impl Ord + use<'_> {
        (&self.who, self.sighting.time, &self.action, &self.sighting.event_id, &self.sighting.detail)
    }
}

/// Puts what was noticed into its one order, copies left out.
pub(super) fn sort(insights: &mut Vec<InsightSighting>) {
    insights.sort_by(|left, right| {
        let same = left.identity().cmp(&right.identity());
        same.then_with(|| left.sighting.order(&right.sighting))
    });
    insights.dedup_by(|next, kept| !next.sighting.event_id.is_empty() && next.identity() == kept.identity());
}
