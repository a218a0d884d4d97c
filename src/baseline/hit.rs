//! Events that rules matched, kept beside the behaviours: each with its evidence and output values, or, if that suffices, the
//! first, the last and the number for each rule and principal.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::SightingRef;
use crate::model::{InOrder, ObservedPrincipal, RuleMetadata, SharedTexts, Sighting, Text};

/// The values of a rule's output fields in one event, in order; `None` where there is no value.
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
    /// The values of the rule's output fields.
    pub values: Values,
}

impl Hit {
    /// What copies of one record share, and all stages of one request.
    fn identity(&self) -> impl Ord + use<'_> {
        (self.rule, self.who.account_and_key(), self.sighting.time, &self.sighting.event_id, &self.action)
    }

    /// The order of hits of any rules by event: by time, principal and sighting.
    pub fn event_order(&self, other: &Self) -> Ordering {
        self.event().cmp(&other.event()).then_with(|| self.sighting.order(&*other.sighting))
    }

    /// Whether a hit, of any rule, is about the same event.
    pub fn is_same_event(&self, other: &Self) -> bool {
        let is_same_record = || self.sighting.order(&*other.sighting).is_eq();
        self.event() == other.event() && (!self.sighting.event_id.is_empty() || is_same_record())
    }

    fn event(&self) -> impl Ord + use<'_> {
        (self.sighting.time, self.who.account_and_key(), &self.sighting.event_id, &self.action)
    }

    /// The order of hits: by rule, principal and sighting.
    pub fn order(&self, other: &Self) -> Ordering {
        let same = self.identity().cmp(&other.identity());
        let same = same.then_with(|| self.sighting.order(&*other.sighting));
        same.then_with(|| self.who.cmp(&other.who)).then_with(|| self.values.cmp(&other.values))
    }
}

/// Which of the events that rules matched will be queried, as far as known while they are read.
pub trait HitFilter: fmt::Debug + Send + Sync {
    /// Whether an event of a principal will be queried.
    fn relevance(&self, who: &ObservedPrincipal, action: &str, sighting: &SightingRef<'_>) -> Relevance;
}

/// Whether an event will be queried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relevance {
    /// It is.
    Yes,
    /// It is not, since the filters of the question leave it out.
    LeftOut,
    /// It is not, since it is outside the window of the question.
    Outside,
    /// That depends on the identity behind the principal, by the access key, the unique id or the role of the event.
    IfLinked,
}

impl Relevance {
    /// Whether it is certain that it will not be queried.
    pub(super) fn is_none(self) -> bool {
        matches!(self, Self::LeftOut | Self::Outside)
    }
}

/// Which of the events that rules matched are kept.
#[derive(Clone, Debug, Default)]
pub enum HitRetention {
    /// Every one, with its evidence: any question can be asked later. Takes some 500 bytes for each.
    #[default]
    All,
    /// Every one that will be queried.
    Relevant(Arc<dyn HitFilter>),
    /// Of those that will be queried the first, the last and the number, for each rule and principal; and in full those that are
    /// the evidence of a behaviour. Takes 16 bytes for each event, to recognise copies.
    FirstAndCount(Arc<dyn HitFilter>),
}

impl HitRetention {
    /// Whether an event will be queried.
    pub(super) fn relevance(
        &self,
        who: &ObservedPrincipal,
        action: &str,
        sighting: &SightingRef<'_>,
    ) -> Relevance {
        match self {
            Self::All => Relevance::Yes,
            Self::Relevant(filter) | Self::FirstAndCount(filter) => filter.relevance(who, action, sighting),
        }
    }
}

/// Principals and texts of hits, each stored once.
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
        sighting: &SightingRef<'_>,
        rules: impl Iterator<Item = (u32, Values)>,
    ) -> impl Iterator<Item = Hit> {
        let who = self.principal(who);
        let action = self.texts.get(action);
        let sighting = Arc::new(sighting.to_sighting(&mut self.texts));
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

/// Sorts hits by rule, principal and sighting, and removes copies.
pub(super) fn sort_hits(hits: &mut Vec<Hit>) {
    hits.sort_by(Hit::order);
    hits.dedup_by(|next, kept| !next.sighting.event_id.is_empty() && next.identity() == kept.identity());
}

/// The order of rules.
pub(super) fn by_key(left: &Arc<RuleMetadata>, right: &Arc<RuleMetadata>) -> Ordering {
    left.key().cmp(&right.key())
}
