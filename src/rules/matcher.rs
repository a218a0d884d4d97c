//! Finds the rules that an event matches. For each action, the candidate rules are determined once; most
//! actions have none, and their events cost almost nothing. A [`Prefilter`] then removes the candidates that
//! a single text excludes.

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::evaluate::field::Scanned;
use super::evaluate::known::Known;
use super::prefilter::{MOST_TEXTS, Prefilter};
use super::rule::Rule;
use super::{EventContext, RuleSet};
use crate::event::AuditRecord;
use crate::model::LogSource;

/// Placeholder for a missing verb or resource, which differs from an empty one.
const NONE: &str = "\0";

/// Evaluates the rules of a set on events. Each worker has its own.
#[derive(Debug)]
pub struct Matcher {
    rules: Arc<RuleSet>,
    prefilters: Vec<Prefilter>,
    /// Candidate rules for each CloudTrail action, by its number.
    of_action: Vec<Option<Candidates>>,
    /// Candidate rules for each verb and resource.
    of_request: HashMap<String, HashMap<String, Candidates, FixedState>, FixedState>,
}

/// Numbers of the rules that a group of events may match, sorted.
#[derive(Clone, Debug, Default)]
pub struct Candidates(Arc<CandidateParts>);

#[derive(Debug, Default)]
struct CandidateParts {
    /// Rules without a prefilter.
    plain: Vec<u32>,
    /// The other rules, by the number of their prefilter.
    screened: Vec<(usize, Vec<u32>)>,
}

impl Candidates {
    /// Whether there are no candidates.
    pub fn is_empty(&self) -> bool {
        self.0.plain.is_empty() && self.0.screened.is_empty()
    }
}

impl Matcher {
    /// A matcher with empty caches.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        let prefilters = Prefilter::all(&rules.rules);
        Self { rules, prefilters, of_action: Vec::new(), of_request: HashMap::default() }
    }

    /// The rules that a CloudTrail action may match. `number` must be unique to the action.
    #[inline]
    pub fn of_action(&mut self, number: u32, source: &str, name: &str) -> Candidates {
        let number = number as usize;
        if number >= self.of_action.len() {
            self.of_action.resize(number + 1, None);
        }
        let Self { rules, prefilters, of_action, .. } = self;
        let found = of_action[number].get_or_insert_with(|| {
            let known = [(Scanned::EventName, Some(name)), (Scanned::EventSource, Some(source))];
            candidates(rules, prefilters, LogSource::CloudTrail, &Known(&known))
        });
        found.clone()
    }

    /// The rules that a Kubernetes API request may match.
    pub fn of_request(&mut self, record: &AuditRecord<'_>) -> Candidates {
        let texts @ [verb, resource] = [record.verb, record.object.resource];
        let Self { rules, prefilters, of_request, .. } = self;
        let asked = || {
            let known = [(Scanned::Verb, verb), (Scanned::Resource, resource)];
            candidates(rules, prefilters, LogSource::Kubernetes, &Known(&known))
        };
        // A client may name any resource, including this placeholder, ...
        if texts.contains(&Some(NONE)) {
            return asked();
        }
        let of_verb = of_request.entry_ref(verb.unwrap_or(NONE)).or_default();
        // ... and any number of them.
        if of_verb.len() >= MOST_TEXTS {
            of_verb.clear();
        }
        of_verb.entry_ref(resource.unwrap_or(NONE)).or_insert_with(asked).clone()
    }

    /// Numbers of the rules that an event matches, sorted. `candidates` are those of its action or request.
    pub fn matching(&mut self, candidates: &Candidates, event: &EventContext<'_>) -> Vec<u32> {
        let Self { rules, prefilters, .. } = self;
        let CandidateParts { plain, screened } = &*candidates.0;
        let all = &rules.rules;
        let fulfils = |number: &&u32| all[**number as usize].matches(event);
        let mut matching: Vec<u32> = plain.iter().filter(fulfils).copied().collect();
        for (prefilter, own) in screened {
            let left = prefilters[*prefilter].left(all, event);
            let (few, many) = if left.len() < own.len() { (left, &own[..]) } else { (&own[..], left) };
            let both = few.iter().filter(|number| many.binary_search(number).is_ok());
            matching.extend(both.filter(fulfils));
        }
        matching.sort_unstable();
        matching
    }

    /// The rule with a number.
    pub fn rule(&self, number: u32) -> &Rule {
        &self.rules.rules[number as usize]
    }
}

fn candidates(rules: &RuleSet, prefilters: &[Prefilter], source: LogSource, known: &Known<'_>) -> Candidates {
    let could = |rule: &Rule| rule.metadata.source == source && rule.condition.of_known(known) != Some(false);
    let mut parts = CandidateParts::default();
    for (number, _) in (0..).zip(&rules.rules).filter(|(_, rule)| could(rule)) {
        match prefilters.iter().position(|prefilter| prefilter.rules.binary_search(&number).is_ok()) {
            None => parts.plain.push(number),
            Some(prefilter) => match parts.screened.iter_mut().find(|(known, _)| *known == prefilter) {
                Some((_, own)) => own.push(number),
                None => parts.screened.push((prefilter, vec![number])),
            },
        }
    }
    Candidates(Arc::new(parts))
}
