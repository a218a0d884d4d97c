//! The anchors of principals' ages.

use super::iam::Iam;
use super::{Age, AgeBasis, Anchor};
use crate::baseline::Baseline;
use crate::model::ObservedPrincipal;
use crate::time::Timestamp;

/// The ages of the principals of a baseline, by the anchor of a question.
pub(super) struct Ages<'q, 'b> {
    pub(super) baseline: &'b Baseline,
    pub(super) iam: &'q Iam<'b>,
    pub(super) anchor: Anchor,
    pub(super) archive_start: Timestamp,
}

impl Ages<'_, '_> {
    /// The age of a principal that was first seen at this time.
    pub(super) fn of(&self, who: &ObservedPrincipal, first: Timestamp) -> Age {
        let (basis, anchor_time) = match self.anchor {
            Anchor::Principal => (AgeBasis::FirstSighting, first),
            Anchor::Archive => (AgeBasis::ArchiveStart, self.archive_start),
            Anchor::Created => {
                let name = (who.account.clone(), who.key.clone());
                let recorded = self.baseline.creations.get(&name).copied();
                let listed = self.iam.created(who, first);
                match recorded.into_iter().chain(listed).min() {
                    Some(created) if created <= first => (AgeBasis::Creation, created),
                    _ => (AgeBasis::FirstSighting, first),
                }
            }
        };
        Age { basis, anchor_time }
    }
}
