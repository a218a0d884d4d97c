//! Which of the events that rules matched one worker keeps.

use std::collections::HashSet;
use std::sync::Arc;

use super::hit::{Shared, sort_hits};
use super::hit_counts::{Counter, GroupId};
use super::{CountedHits, Hit, HitRetention, Relevance, SightingRef, Values};
use crate::model::{BaseRule, ObservedPrincipal, PrincipalKind, RuleMetadata};
use crate::observe::{ActionId, PrincipalId};

/// Number of hits kept in full before those that are no longer evidence are pruned.
const MANY: usize = 1 << 12;

/// Principal and action of an event, if the observer knows them.
pub(super) type BehaviourIds = Option<(PrincipalId, ActionId)>;

/// Collects hits.
#[derive(Debug, Default)]
pub(super) struct HitCollector {
    kept: HitRetention,
    /// Whether correlations need the hits of each rule: then they are kept in full, whatever else is asked. Empty without
    /// correlations.
    is_correlated: Vec<bool>,
    shared: Shared,
    full: Vec<FullHit>,
    /// Number of hits in full after the last pruning.
    pruned: usize,
    counter: Counter,
}

/// A hit that is kept in full.
#[derive(Debug)]
struct FullHit {
    hit: Hit,
    pair: BehaviourIds,
    /// Its group, if it is counted.
    group: Option<GroupId>,
}

impl HitCollector {
    pub(super) fn new(rules: &[Arc<RuleMetadata>], kept: HitRetention) -> Self {
        let correlations = rules.iter().filter_map(|rule| rule.correlation.as_ref());
        let bases: HashSet<_> = correlations.flat_map(|it| &it.rules).map(BaseRule::key).collect();
        let is_correlated = match bases.is_empty() {
            true => Vec::new(),
            false => rules.iter().map(|rule| bases.contains(&rule.key())).collect(),
        };
        Self { kept, is_correlated, ..Self::default() }
    }

    /// Adds one event with the numbers of the rules that it matched. `is_evidence` says whether it is the first so far of a
    /// behaviour or of an hour of a root user.
    pub(super) fn add(
        &mut self,
        event: (BehaviourIds, &ObservedPrincipal, &str),
        sighting: &SightingRef<'_>,
        is_evidence: impl FnOnce() -> bool,
        rules: impl Iterator<Item = (u32, Values)>,
    ) {
        if self.is_correlated.is_empty() {
            return self.add_asked(event, sighting, is_evidence, rules);
        }
        let (correlated, rules): (Vec<_>, Vec<_>) = rules.partition(|(rule, _)| self.is_correlated(*rule));
        let (pair, who, action) = event;
        if !correlated.is_empty() {
            let hits = self.shared.hits(who, action, sighting, correlated.into_iter());
            self.full.extend(hits.map(|hit| FullHit { hit, pair, group: None }));
        }
        if !rules.is_empty() {
            self.add_asked(event, sighting, is_evidence, rules.into_iter());
        }
    }

    fn is_correlated(&self, rule: u32) -> bool {
        self.is_correlated.get(rule as usize).is_some_and(|is_correlated| *is_correlated)
    }

    /// Adds one event with rules that no correlation needs, as far as it is asked for.
    fn add_asked(
        &mut self,
        (pair, who, action): (BehaviourIds, &ObservedPrincipal, &str),
        sighting: &SightingRef<'_>,
        is_evidence: impl FnOnce() -> bool,
        rules: impl Iterator<Item = (u32, Values)>,
    ) {
        let asked = self.kept.relevance(who, action, sighting);
        if asked.is_none() {
            let rules = rules.collect();
            return self.add_not_asked((pair, who, action), sighting, is_evidence, (asked, rules));
        }
        if !matches!(self.kept, HitRetention::FirstAndCount(_)) {
            let hits = self.shared.hits(who, action, sighting, rules);
            self.full.extend(hits.map(|hit| FullHit { hit, pair, group: None }));
            return;
        }
        let is_evidence = is_evidence();
        let mut groups = Vec::new();
        let counter = &mut self.counter;
        let needed: Vec<(u32, Values)> = rules
            .filter(|(rule, _)| {
                let group = counter.count(*rule, (who, action), sighting, asked);
                let is_needed = is_evidence || counter.may_be_first(group, sighting);
                groups.extend(is_needed.then_some(group));
                is_needed
            })
            .collect();
        if needed.is_empty() {
            return;
        }
        for (hit, group) in self.shared.hits(who, action, sighting, needed.into_iter()).zip(groups) {
            if is_evidence {
                self.full.push(FullHit { hit, pair, group: Some(group) });
            } else {
                self.counter.add_rest(group, hit);
            }
        }
    }

    /// Adds one event that is not asked for: only actions of root users are findings all the same, even where only successful calls
    /// count as sightings.
    fn add_not_asked(
        &mut self,
        (pair, who, action): (BehaviourIds, &ObservedPrincipal, &str),
        sighting: &SightingRef<'_>,
        is_evidence: impl FnOnce() -> bool,
        (asked, rules): (Relevance, Vec<(u32, Values)>),
    ) {
        if asked == Relevance::LeftOut {
            rules.iter().for_each(|(rule, _)| self.counter.leave_out(*rule));
        }
        if who.kind == PrincipalKind::Root && is_evidence() {
            let hits = self.shared.hits(who, action, sighting, rules.into_iter());
            self.full.extend(hits.map(|hit| FullHit { hit, pair, group: None }));
        }
    }

    /// Whether enough hits are kept in full to prune those that are no longer evidence.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.kept, HitRetention::FirstAndCount(_)) && self.full.len() > MANY.max(2 * self.pruned)
    }

    /// Keeps in full only those that are evidence.
    pub(super) fn prune(&mut self, is_evidence: impl Fn(BehaviourIds, &Hit) -> bool) {
        for FullHit { hit, pair, group } in std::mem::take(&mut self.full) {
            match group {
                _ if self.is_correlated(hit.rule) => self.full.push(FullHit { hit, pair, group }),
                _ if is_evidence(pair, &hit) => self.full.push(FullHit { hit, pair, group }),
                Some(group) => self.counter.add_rest(group, hit),
                // It will not be queried.
                None => {}
            }
        }
        self.pruned = self.full.len();
    }

    /// The hits in full, sorted, and those that were counted.
    pub(super) fn finish(self) -> (Vec<Hit>, CountedHits) {
        let mut full = self.full.into_iter().map(|full| full.hit).collect();
        sort_hits(&mut full);
        (full, self.counter.finish())
    }
}
