//! Evaluates a filter of behaviours once for every principal and every action.

use std::borrow::Cow;

use super::{ActionSets, PointInTime};
use crate::baseline::{Baseline, Behaviour};
use crate::query::Filter;
use crate::query::compiled_filter::CompiledFilter;

/// The results of a filter for one baseline.
pub(super) struct WantedBehaviours<'f> {
    filter: CompiledFilter<'f>,
    principals: Vec<bool>,
    actions: Vec<bool>,
}

impl<'f> WantedBehaviours<'f> {
    pub(super) fn new(baseline: &Baseline, filter: &'f Filter) -> Self {
        let principals = baseline.principals.iter();
        let actions = baseline.actions.iter();
        let filter = CompiledFilter::new(Cow::Borrowed(filter));
        Self {
            principals: principals.map(|who| filter.admits_principal(who)).collect(),
            actions: actions.map(|action| filter.admits_action(action)).collect(),
            filter,
        }
    }

    /// The wanted behaviours known at a point in time.
    pub(super) fn sets(&self, baseline: &Baseline, point: &PointInTime) -> ActionSets {
        ActionSets::of(baseline, |behaviour| self.begun(behaviour, point) && point.knows(behaviour))
    }

    /// Whether a behaviour passes the filter and had begun; region and read-only flag are those of its first sighting.
    pub(super) fn begun(&self, behaviour: &Behaviour, point: &PointInTime) -> bool {
        self.principals[behaviour.principal as usize]
            && self.actions[behaviour.action as usize]
            && point
                .first(behaviour)
                .is_some_and(|first| self.filter.admits_call(first.region(), first.read_only))
    }
}
