//! Excludes rules by a single text of a record, for example the user agent, which has few distinct values in
//! an archive. The remaining rules are determined once per text, so rules without an action cost almost
//! nothing, too.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::EventContext;
use super::evaluate::field::Scanned;
use super::evaluate::known::Known;
use super::rule::Rule;
use crate::model::LogSource;

/// Texts with few distinct values, by log source.
const TEXTS: [(LogSource, &[Scanned]); 2] = [
    (
        LogSource::CloudTrail,
        &[
            Scanned::IdentityType,
            Scanned::ErrorCode,
            Scanned::UserAgent,
            Scanned::Arn,
            Scanned::SourceIp,
            Scanned::EventType,
        ],
    ),
    (LogSource::Kubernetes, &[Scanned::UserName, Scanned::UserAgent, Scanned::Stage, Scanned::Subresource]),
];

/// Capacity of the cache of one field. When it is full it is cleared, which affects only the speed.
pub(super) const MOST_TEXTS: usize = 20_000;

/// The field that excludes a rule for all but a few texts: both an impossible text and a missing one exclude
/// the rule.
pub(super) fn of(rule: &Rule) -> Option<Scanned> {
    let texts = TEXTS.into_iter().find(|(source, _)| *source == rule.metadata.source)?.1;
    let excludes = |text: &&Scanned| {
        [Some("\u{0}"), None].into_iter().all(|value| {
            let known = [(**text, value)];
            rule.condition.of_known(&Known(&known)) == Some(false)
        })
    };
    texts.iter().find(excludes).copied()
}

/// The rules of a set that one field can exclude, with a cache of the remaining rules for each of its texts.
#[derive(Debug)]
pub(super) struct Prefilter {
    pub(super) text: Scanned,
    /// Numbers of the rules, sorted.
    pub(super) rules: Vec<u32>,
    left: HashMap<String, Box<[u32]>, FixedState>,
}

impl Prefilter {
    /// The prefilters of a set of rules.
    pub(super) fn all(rules: &[Rule]) -> Vec<Self> {
        let mut prefilters: Vec<Self> = Vec::new();
        for (number, rule) in (0..).zip(rules) {
            let Some(text) = of(rule) else { continue };
            match prefilters.iter_mut().find(|prefilter| prefilter.text == text) {
                Some(prefilter) => prefilter.rules.push(number),
                None => prefilters.push(Self { text, rules: vec![number], left: HashMap::default() }),
            }
        }
        prefilters
    }

    /// The rules that the text of an event does not exclude, sorted.
    pub(super) fn left(&mut self, all: &[Rule], event: &EventContext<'_>) -> &[u32] {
        let Self { text, rules, left } = self;
        // A missing text excludes them all.
        let Some(value) = text.text(event) else { return &[] };
        if left.len() >= MOST_TEXTS {
            left.clear();
        }
        left.entry_ref(value).or_insert_with(|| {
            let known = [(*text, Some(value))];
            let could =
                |number: &u32| all[*number as usize].condition.of_known(&Known(&known)) != Some(false);
            rules.iter().copied().filter(could).collect()
        })
    }
}
