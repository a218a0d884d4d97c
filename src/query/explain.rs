//! Why a behaviour is reported, or is not.
//!
//! The answer is found by asking, not by a second set of rules: first with nothing that could hide a first sighting, then with
//! the settings that may hide it ([`Hiding`]).

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::compiled_filter::CompiledFilter;
use super::filter::action_names;
use super::first_seen::{Candidate, Origin, first_seen, of_sightings};
use super::hiding::{Hiding, HidingSetting, Key, is_of_first_sighting, key_of};
use super::iam::Iam;
use super::{Filter, Finding, FindingKind, Question, Severity};
use crate::baseline::{Baseline, Behaviour, HitRetention};
use crate::model::{ObservedPrincipal, PrincipalKey, Text, last_part};
use crate::names::nearest;
use crate::time::{Span, Timestamp};

/// Why the behaviours of a subject are reported or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanations<'b> {
    /// One for each principal and action that the subject names, sorted by them.
    pub behaviours: Vec<Explanation<'b>>,
    /// If there are none: why.
    pub absence: Option<Absence<'b>>,
}

/// Why one principal's action is reported or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'b> {
    /// The principal.
    pub who: &'b ObservedPrincipal,
    /// The action.
    pub action: &'b Text,
    /// All that the archive has of it.
    pub behaviour: &'b Behaviour,
    /// What is reported of it.
    pub findings: Vec<Finding<'b>>,
    /// The finding about its first sighting that there would be if nothing hid it.
    pub unhidden: Option<Finding<'b>>,
    /// How long the principal, or for a new principal the archive, had been known then, in microseconds.
    pub known_micros: Option<i64>,
    /// The first time at which a first sighting of this principal is after the warmup.
    pub warmup_end: Option<Timestamp>,
    /// If it is not reported: the settings each of which hides its first sighting, whatever the others are.
    pub hidden_by: Vec<HidingSetting>,
    /// If none of them does alone: those that hide it together, so that it would be reported without any of them.
    pub hidden_together: Vec<HidingSetting>,
}

impl Explanation<'_> {
    /// Whether its first sighting is reported as new. A finding of another kind, such as one of a rule, may be about the same event.
    pub fn is_reported(&self) -> bool {
        self.findings.iter().any(|finding| is_of_first_sighting(finding.kind))
    }
}

/// Why there is nothing to explain.
#[derive(Clone, Debug, PartialEq)]
pub enum Absence<'b> {
    /// No principal has such a name; perhaps this one is meant.
    NoPrincipal(Option<&'b ObservedPrincipal>),
    /// No action has such a name; perhaps this one is meant.
    NoAction(Option<&'b Text>),
    /// Principals and actions have such names, but none of these principals did any of these actions.
    Never {
        /// How many principals have such a name.
        principals: u64,
        /// Others that did such an action, by their first sightings.
        others: Vec<(&'b ObservedPrincipal, Timestamp)>,
    },
}

/// Explains the behaviours that the filter's principals and actions name; its other parts are settings like all others.
pub fn explain<'b>(baseline: &'b Baseline, question: &Question) -> Explanations<'b> {
    let asked = Asked::new(baseline, question);
    let open = unhidden(question);
    let candidates = asked.candidates(&open);
    let hiding = Hiding::new(baseline, question, &open);
    let mut findings: BTreeMap<Key<'b>, Vec<Finding<'b>>> = BTreeMap::new();
    for finding in first_seen(baseline, question) {
        findings.entry(key_of(&finding)).or_default().push(finding);
    }
    // With the rules that their events matched.
    let mut unhidden: BTreeMap<(Key<'b>, FindingKind), Finding<'b>> = first_seen(baseline, &open)
        .into_iter()
        .map(|finding| ((key_of(&finding), finding.kind), finding))
        .collect();
    let mut behaviours = Vec::new();
    for (index, behaviour) in asked.behaviours(&candidates) {
        let (who, action) = asked.names(behaviour);
        let key = (&*who.account, &*who.key, &**action);
        let candidate = candidates.get(&index);
        let known_since = candidate.map(|candidate| candidate.finding.time.micros() - candidate.known_micros);
        let mut explanation = Explanation {
            who,
            action,
            behaviour,
            findings: findings.remove(&key).unwrap_or_default(),
            unhidden: candidate.and_then(|candidate| unhidden.remove(&(key, candidate.finding.kind))),
            known_micros: candidate.map(|candidate| candidate.known_micros),
            warmup_end: known_since
                .map(|since| Timestamp::from_micros(since.saturating_add(question.warmup.micros()))),
            hidden_by: Vec::new(),
            hidden_together: Vec::new(),
        };
        if !explanation.is_reported() {
            explanation.hidden_by = hiding.alone(&key);
            if explanation.hidden_by.is_empty() {
                explanation.hidden_together = hiding.together(&key);
            }
        }
        behaviours.push(explanation);
    }
    Explanations { absence: behaviours.is_empty().then(|| asked.absence(question)), behaviours }
}

impl Question {
    /// Which events that rules matched must be kept to [`explain`] this question, whatever hides them; `key` is the principal key used for
    /// learning.
    pub fn explained_hits(&self, key: PrincipalKey) -> HitRetention {
        Self { all_matches: true, ..unhidden(self) }.hit_retention(key)
    }
}

/// The question without anything that can hide a first sighting.
fn unhidden(question: &Question) -> Question {
    Question {
        warmup: Span::default(),
        min_severity: Severity::default(),
        report: vec![FindingKind::NewAction, FindingKind::NewPrincipal],
        forget: None,
        from: None,
        to: None,
        read_to: None,
        only_success: false,
        all_matches: false,
        filter: Filter {
            principals: question.filter.principals.clone(),
            actions: question.filter.actions.clone(),
            ..Filter::default()
        },
        ..question.clone()
    }
}

/// The subject of a question in a baseline.
struct Asked<'b> {
    baseline: &'b Baseline,
    iam: Iam<'b>,
    /// The numbers of principals and actions that it names.
    principals: BTreeSet<u32>,
    actions: BTreeSet<u32>,
}

impl<'b> Asked<'b> {
    fn new(baseline: &'b Baseline, question: &Question) -> Self {
        let open = unhidden(question);
        let admission = CompiledFilter::new(Cow::Borrowed(&open.filter));
        let numbered = (0..).zip(&baseline.principals);
        let principals = numbered.filter(|(_, who)| admission.admits_name(who)).map(|(number, _)| number);
        let numbered = (0..).zip(&baseline.actions);
        let actions =
            numbered.filter(|(_, action)| admission.admits_action(action)).map(|(number, _)| number);
        Self {
            baseline,
            iam: Iam::new(baseline),
            principals: principals.collect(),
            actions: actions.collect(),
        }
    }

    /// The behaviours that it names, with their indices: by their own principals, or as `candidates` by those behind them.
    fn behaviours(
        &self,
        candidates: &BTreeMap<usize, Candidate<'b>>,
    ) -> impl Iterator<Item = (usize, &'b Behaviour)> {
        self.baseline.behaviours.iter().enumerate().filter(|(index, behaviour)| {
            let is_named =
                self.principals.contains(&behaviour.principal) && self.actions.contains(&behaviour.action);
            is_named || candidates.contains_key(index)
        })
    }

    fn names(&self, behaviour: &Behaviour) -> (&'b ObservedPrincipal, &'b Text) {
        let Baseline { principals, actions, .. } = self.baseline;
        (&principals[behaviour.principal as usize], &actions[behaviour.action as usize])
    }

    /// What a question would report of first sightings without a warmup, by behaviour. The first action of a principal can be
    /// reported as two kinds: here as the one that needs the shorter warmup.
    fn candidates(&self, question: &Question) -> BTreeMap<usize, Candidate<'b>> {
        let admission = CompiledFilter::new(Cow::Borrowed(&question.filter));
        let mut found: BTreeMap<usize, Candidate<'b>> = BTreeMap::new();
        of_sightings((self.baseline, &self.iam), question, &admission, &mut |candidate| {
            let is_first = is_of_first_sighting(candidate.finding.kind);
            if let (Origin::Behaviour(index), true) = (candidate.origin, is_first) {
                match found.entry(index) {
                    Entry::Vacant(entry) => drop(entry.insert(candidate)),
                    Entry::Occupied(mut entry) if candidate.known_micros > entry.get().known_micros => {
                        entry.insert(candidate);
                    }
                    Entry::Occupied(_) => {}
                }
            }
        });
        found
    }

    /// Why no behaviour has these names.
    fn absence(&self, question: &Question) -> Absence<'b> {
        let Filter { principals, actions, .. } = &question.filter;
        if self.principals.is_empty() {
            let asked = principals.first().map_or("", |pattern| pattern.as_str());
            let known = self.baseline.principals.iter();
            let names =
                known.clone().map(|who| &*who.key).chain(known.clone().map(|who| last_part(&who.key)));
            let name = nearest(asked, names);
            let mut known =
                known.filter(|who| name.is_some_and(|name| *who.key == *name || last_part(&who.key) == name));
            return Absence::NoPrincipal(known.next());
        }
        if self.actions.is_empty() {
            let asked = actions.first().map_or("", |pattern| pattern.as_str());
            let known = self.baseline.actions.iter();
            let is_named = |action: &&Text, name: &str| action_names(action).iter().any(|own| *own == name);
            let names: Vec<Cow<'_, str>> = known.clone().flat_map(|action| action_names(action)).collect();
            let name = nearest(asked, names.iter().map(|name| &**name));
            return Absence::NoAction(
                name.and_then(|name| known.clone().find(|action| is_named(action, name))),
            );
        }
        let mut others: Vec<(&'b ObservedPrincipal, Timestamp)> = self
            .baseline
            .behaviours
            .iter()
            .filter(|behaviour| self.actions.contains(&behaviour.action))
            .map(|behaviour| (self.names(behaviour).0, behaviour.first.time))
            .collect();
        others.sort_by_key(|(who, time)| (*time, who.account_and_key()));
        Absence::Never { principals: self.principals.len() as u64, others }
    }
}
