//! Events that rules matched, kept beside the behaviours: each with its proof and what its rule tells of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Seen, Sighting};
use crate::observe::ObservedPrincipal;
use crate::rules::RuleHead;

/// The values of the fields of a rule's output in one event, in their order; none where there is no value.
pub type Values = Box<[Option<Box<str>>]>;

/// An event that a rule matched.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Index in [`super::Baseline::rules`].
    pub rule: u32,
    /// Who acted.
    pub who: Arc<ObservedPrincipal>,
    /// What was done.
    pub action: Arc<str>,
    /// The record. Rules that match one event share it.
    pub sighting: Arc<Sighting>,
    /// What the rule tells of it.
    pub values: Values,
}

impl Hit {
    /// What two deliveries of one record share, and all stages of one request.
    fn identity(&self) -> impl Ord + use<'_> {
        (self.rule, self.who.place(), self.sighting.time, &self.sighting.event_id, &self.action)
    }
}

/// Collects hits of one worker. What they share is kept once.
#[derive(Debug, Default)]
pub(super) struct Hits {
    found: Vec<Hit>,
    principals: BTreeSet<Arc<ObservedPrincipal>>,
    actions: BTreeSet<Arc<str>>,
}

impl Hits {
    /// Adds one event with the numbers of the rules that it matched.
    pub(super) fn add(
        &mut self,
        who: ObservedPrincipal,
        action: &str,
        seen: &Seen<'_>,
        rules: impl Iterator<Item = (u32, Values)>,
    ) {
        let who = shared(&mut self.principals, &who, || Arc::new(who.clone()));
        let action = shared(&mut self.actions, action, || action.into());
        let sighting = Arc::new(seen.to_sighting());
        self.found.extend(rules.map(|(rule, values)| Hit {
            rule,
            who: Arc::clone(&who),
            action: Arc::clone(&action),
            sighting: Arc::clone(&sighting),
            values,
        }));
    }

    /// All of them, in their one order.
    pub(super) fn finish(self) -> Vec<Hit> {
        let mut found = self.found;
        sort_hits(&mut found);
        found
    }
}

fn shared<T: ?Sized + Ord>(known: &mut BTreeSet<Arc<T>>, item: &T, new: impl FnOnce() -> Arc<T>) -> Arc<T> {
    if let Some(known) = known.get(item) {
        return Arc::clone(known);
    }
    let new = new();
    known.insert(Arc::clone(&new));
    new
}

/// Puts hits into their one order, by rule, principal and sighting, copies left out.
pub(super) fn sort_hits(hits: &mut Vec<Hit>) {
    hits.sort_by(|left, right| {
        let same = left.identity().cmp(&right.identity());
        let same = same.then_with(|| left.sighting.order(&right.sighting));
        same.then_with(|| left.who.cmp(&right.who)).then_with(|| left.values.cmp(&right.values))
    });
    hits.dedup_by(|next, kept| !next.sighting.event_id.is_empty() && next.identity() == kept.identity());
}

/// The order of rules.
pub(super) fn by_name(left: &Arc<RuleHead>, right: &Arc<RuleHead>) -> std::cmp::Ordering {
    left.name.cmp(&right.name)
}
