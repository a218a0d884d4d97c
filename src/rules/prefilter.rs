//! Rules that a single text of a record excludes: by its user agent, for example, of which an archive holds few. Each of these
//! texts is asked but once which rules it leaves, so that rules that name no action cost next to nothing, too.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::EventContext;
use super::evaluate::field::Scanned;
use super::evaluate::tree::Known;
use super::rule::Rule;
use crate::model::LogSource;

/// Texts that few events bring anew, by the source of the record.
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

/// So many texts of one sort are remembered; then all are forgotten, which changes nothing but the speed.
pub(super) const MOST_TEXTS: usize = 20_000;

/// The text that excludes a rule unless it is one of a few: one that nobody ever sees does, and its absence does.
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

/// The rules of a set that one sort of text excludes, and what each such text leaves of them.
#[derive(Debug)]
pub(super) struct Prefilter {
    pub(super) text: Scanned,
    /// Numbers of the rules, sorted.
    pub(super) rules: Vec<u32>,
    left: HashMap<String, Box<[u32]>, FixedState>,
}

impl Prefilter {
    /// The screens of a set of rules.
    pub(super) fn all(rules: &[Rule]) -> Vec<Self> {
        let mut screens: Vec<Self> = Vec::new();
        for (number, rule) in (0..).zip(rules) {
            let Some(text) = of(rule) else { continue };
            match screens.iter_mut().find(|screen| screen.text == text) {
                Some(screen) => screen.rules.push(number),
                None => screens.push(Self { text, rules: vec![number], left: HashMap::default() }),
            }
        }
        screens
    }

    /// Those of its rules that the text of an event does not exclude; sorted.
    pub(super) fn left(&mut self, all: &[Rule], facts: &EventContext<'_>) -> &[u32] {
        let Self { text, rules, left } = self;
        // Where the text is missing it excludes them all.
        let Some(value) = text.text(facts) else { return &[] };
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
