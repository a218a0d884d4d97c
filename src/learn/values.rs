//! The values of an event in dimensions other than the action.

use super::EventTap;
use super::object_learner::{ObjectLearner, moment_of, sighting_of};
use super::tap::evidence_of;
use crate::decode::{FoundRecord, target_role};
use crate::event::{AnyRecord, Event};
use crate::model::{Dimension, Traits};
use crate::observe::{ActionId, PrincipalId};

impl<T: EventTap> ObjectLearner<'_, '_, '_, T> {
    /// Learns the values of an event that has been learnt. Only called if dimensions are learnt.
    pub(super) fn learn_values(
        &mut self,
        pair: (PrincipalId, ActionId),
        event: &Event<'_>,
        record: AnyRecord<'_>,
        found: &FoundRecord<'_>,
    ) {
        let dimensions = self.learner.settings.dimensions;
        let (role, code, impersonator);
        let traits = match record {
            AnyRecord::CloudTrail(record) => {
                let is_read = dimensions.contains(Dimension::TargetRole) && record.assumes_role();
                role = is_read.then(|| target_role(record, found.text)).flatten();
                Traits { target_role: role.as_deref(), ..record.traits(event.principal.account) }
            }
            AnyRecord::Kubernetes(record) => {
                code = record.error_code();
                impersonator = record.impersonator();
                Traits { impersonator: impersonator.as_deref(), ..record.traits(code.as_deref()) }
            }
        };
        let place = self.part.inner.place(self.context, found);
        let sighting = || sighting_of(event, place, evidence_of(record, found.text));
        self.learner.builder.add_values(pair, moment_of(event), &traits, sighting);
    }
}
