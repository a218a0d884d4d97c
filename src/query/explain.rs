//! Why a behaviour is reported, or is not.
//!
//! The answer is found by asking, not by a second set of rules: first with nothing that could hide a first sighting, then with
//! each setting alone. A setting that makes it disappear hides it.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::compiled_filter::CompiledFilter;
use super::filter::action_names;
use super::first_seen::{Candidate, Origin, first_seen, of_sightings};
use super::iam::Iam;
use super::{Filter, Finding, FindingKind, Question, Severity};
use crate::baseline::{Baseline, Behaviour, HitRetention};
use crate::model::{ObservedPrincipal, PrincipalKey, Text, last_part};
use crate::names::{named, nearest};
use crate::time::{Span, Timestamp};

named! {
    /// A setting that can hide a first sighting. The names are those of the flags.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum HidingSetting {
        /// It came before the principal, or for a new principal the archive, had been known for long enough.
        Warmup = "warmup",
        /// It is not a finding of a kind that is reported.
        Report = "report",
        /// It is less severe than what is reported.
        MinSeverity = "min-severity",
        /// All calls failed, and failed ones do not count.
        OnlySuccess = "only-success",
        /// It is earlier than what is reported.
        From = "from",
        /// It is later than what is reported.
        To = "to",
        /// It is later than what counts.
        ReadTo = "read-to",
        /// Its principal is of another account.
        Account = "account",
        /// It was in another Region.
        Region = "region",
        /// It is from another log source.
        Source = "source",
        /// Its principal is of another kind.
        PrincipalKind = "principal-kind",
        /// The action is one of those that are learnt, but not reported.
        IgnoreAction = "ignore-action",
        /// The call only read.
        OnlyMutating = "only-mutating",
        /// Its principal has another name.
        Principal = "principal",
        /// The action has another name.
        Action = "action",
    }
}

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
    let left_with = |setting: HidingSetting| {
        let mut alone = open.clone();
        setting.copy(question, question, &mut alone);
        (setting, reported(baseline, &alone))
    };
    let left_alone: Vec<(HidingSetting, BTreeSet<Key<'b>>)> =
        HidingSetting::of_explanations().map(left_with).collect();
    let all = Question { forget: None, all_matches: false, ..question.clone() };
    let left_without = LazyCell::new(|| {
        let left = |setting: HidingSetting| {
            let mut others = all.clone();
            setting.copy(question, &open, &mut others);
            (setting, reported(baseline, &others))
        };
        HidingSetting::of_explanations().map(left).collect::<Vec<_>>()
    });
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
            let settings =
                |left: &[(HidingSetting, BTreeSet<Key<'b>>)], is_left: bool| -> Vec<HidingSetting> {
                    left.iter()
                        .filter(|(_, left)| left.contains(&key) == is_left)
                        .map(|(setting, _)| *setting)
                        .collect()
                };
            explanation.hidden_by = settings(&left_alone, false);
            if explanation.hidden_by.is_empty() {
                explanation.hidden_together = settings(&left_without, true);
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

/// Account and key of a principal, and an action.
type Key<'b> = (&'b str, &'b str, &'b str);

fn key_of<'b>(finding: &Finding<'b>) -> Key<'b> {
    (finding.account(), finding.principal(), finding.action)
}

/// The first sightings that a question reports.
fn reported<'b>(baseline: &'b Baseline, question: &Question) -> BTreeSet<Key<'b>> {
    let findings = first_seen(baseline, question);
    findings.iter().filter(|finding| is_of_first_sighting(finding.kind)).map(key_of).collect()
}

impl HidingSetting {
    /// Those that can hide what an explanation is about: its principals and actions are named.
    fn of_explanations() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|setting| !matches!(setting, Self::Principal | Self::Action))
    }

    /// Copies it from one question to another; `asked` is the one that is explained.
    pub(super) fn copy(self, asked: &Question, from: &Question, into: &mut Question) {
        // What is reported no further than this is not read further either, unless it is said.
        let is_read_to_implied = asked.read_to == asked.to;
        let (set, filter) = (&from.filter, &mut into.filter);
        match self {
            Self::Warmup => into.warmup = from.warmup,
            Self::Report => into.report.clone_from(&from.report),
            Self::MinSeverity => into.min_severity = from.min_severity,
            Self::OnlySuccess => into.only_success = from.only_success,
            Self::From => into.from = from.from,
            Self::To => {
                into.to = from.to;
                if is_read_to_implied {
                    into.read_to = from.read_to;
                }
            }
            Self::ReadTo if is_read_to_implied => {}
            Self::ReadTo => into.read_to = from.read_to,
            Self::Account => filter.accounts.clone_from(&set.accounts),
            Self::Region => filter.regions.clone_from(&set.regions),
            Self::Source => filter.sources.clone_from(&set.sources),
            Self::PrincipalKind => filter.kinds.clone_from(&set.kinds),
            Self::IgnoreAction => filter.ignored_actions.clone_from(&set.ignored_actions),
            Self::OnlyMutating => filter.only_mutating = set.only_mutating,
            Self::Principal => filter.principals.clone_from(&set.principals),
            Self::Action => filter.actions.clone_from(&set.actions),
        }
    }
}

fn is_of_first_sighting(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::NewAction | FindingKind::NewPrincipal)
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
