//! Events that rules matched, kept beside the behaviours: each with its proof and what its rule tells of it; or, where nobody asks
//! for every one, the first, the last and the number for each rule and principal.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::Seen;
use crate::model::{InOrder, ObservedPrincipal, RuleMetadata, SharedTexts, Sighting, Text};

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
    pub action: Text,
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

    /// The one order of hits: by rule, principal and sighting.
    pub fn order(&self, other: &Self) -> Ordering {
        let same = self.identity().cmp(&other.identity());
        let same = same.then_with(|| self.sighting.order(&*other.sighting));
        same.then_with(|| self.who.cmp(&other.who)).then_with(|| self.values.cmp(&other.values))
    }
}

/// Which of the events that rules matched somebody will ask for, as far as this is known while they are read.
pub trait HitFilter: fmt::Debug + Send + Sync {
    /// Whether an event of a principal is asked for.
    fn asks_for(&self, who: &ObservedPrincipal, action: &str, seen: &Seen<'_>) -> Asked;
}

/// Whether an event is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That depends on who is behind the principal, by the access key, the unique id or the role of the event.
    IfLinked,
}

/// What is kept of the events that rules matched.
#[derive(Clone, Debug, Default)]
pub enum HitsKept {
    /// Every one, with its proof: any question can be asked later. Takes some 500 bytes for each.
    #[default]
    Every,
    /// Every one that is asked for.
    EveryAsked(Arc<dyn HitFilter>),
    /// Of those that are asked for the first, the last and the number, for each rule and principal; and in full those that are the
    /// evidence of a behaviour. Takes 16 bytes for each event, by which copies are told.
    FirstAndCount(Arc<dyn HitFilter>),
}

impl HitsKept {
    /// Whether an event is asked for.
    pub(super) fn asks_for(&self, who: &ObservedPrincipal, action: &str, seen: &Seen<'_>) -> Asked {
        match self {
            Self::Every => Asked::Yes,
            Self::EveryAsked(filter) | Self::FirstAndCount(filter) => filter.asks_for(who, action, seen),
        }
    }
}

/// Principals and texts of hits, each kept once.
#[derive(Debug, Default)]
pub(super) struct Shared {
    principals: BTreeSet<Arc<ObservedPrincipal>>,
    texts: SharedTexts,
}

impl Shared {
    /// The hits of one event, one for each rule.
    pub(super) fn hits(
        &mut self,
        who: &ObservedPrincipal,
        action: &str,
        seen: &Seen<'_>,
        rules: impl Iterator<Item = (u32, Values)>,
    ) -> impl Iterator<Item = Hit> {
        let who = self.principal(who);
        let action = self.texts.get(action);
        let sighting = Arc::new(seen.to_sighting(&mut self.texts));
        rules.map(move |(rule, values)| Hit {
            rule,
            who: Arc::clone(&who),
            action: action.clone(),
            sighting: Arc::clone(&sighting),
            values,
        })
    }

    fn principal(&mut self, who: &ObservedPrincipal) -> Arc<ObservedPrincipal> {
        if let Some(known) = self.principals.get(who) {
            return Arc::clone(known);
        }
        let new = Arc::new(who.clone());
        self.principals.insert(Arc::clone(&new));
        new
    }
}

/// Puts hits into their one order, by rule, principal and sighting, copies left out.
pub(super) fn sort_hits(hits: &mut Vec<Hit>) {
    hits.sort_by(Hit::order);
    hits.dedup_by(|next, kept| !next.sighting.event_id.is_empty() && next.identity() == kept.identity());
}

/// The order of rules.
pub(super) fn by_name(left: &Arc<RuleMetadata>, right: &Arc<RuleMetadata>) -> Ordering {
    left.name.cmp(&right.name)
}
