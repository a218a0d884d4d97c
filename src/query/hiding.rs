//! Which settings hide a first sighting: each is tried alone, and the others without it. One that makes it disappear hides it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::first_seen::first_seen;
use super::{Finding, FindingKind, Question};
use crate::baseline::Baseline;
use crate::names::named;

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

/// The settings of a question that may hide first sightings.
pub(super) struct Hiding<'q, 'b> {
    baseline: &'b Baseline,
    question: &'q Question,
    /// The same question without anything that hides one.
    open: &'q Question,
    /// What is reported with each setting alone.
    with: Vec<Tried<'b>>,
    /// What is reported without each setting; found once it is asked for.
    without: OnceCell<Vec<Tried<'b>>>,
}

/// What is reported if a setting is tried.
struct Tried<'b> {
    setting: HidingSetting,
    reported: BTreeSet<Key<'b>>,
}

impl<'q, 'b> Hiding<'q, 'b> {
    /// Tries each setting of a question alone.
    pub(super) fn new(baseline: &'b Baseline, question: &'q Question, open: &'q Question) -> Self {
        let tried = |setting: HidingSetting| {
            let mut alone = open.clone();
            setting.copy(question, question, &mut alone);
            Tried { setting, reported: reported(baseline, &alone) }
        };
        let with = HidingSetting::of_explanations().map(tried).collect();
        Self { baseline, question, open, with, without: OnceCell::new() }
    }

    /// The settings each of which hides a first sighting, whatever the others are.
    pub(super) fn alone(&self, key: &Key<'b>) -> Vec<HidingSetting> {
        let hides = |tried: &&Tried<'b>| !tried.reported.contains(key);
        self.with.iter().filter(hides).map(|tried| tried.setting).collect()
    }

    /// The settings without any of which it would be reported.
    pub(super) fn together(&self, key: &Key<'b>) -> Vec<HidingSetting> {
        let shows = |tried: &&Tried<'b>| tried.reported.contains(key);
        let without = self.without.get_or_init(|| self.without_each());
        without.iter().filter(shows).map(|tried| tried.setting).collect()
    }

    fn without_each(&self) -> Vec<Tried<'b>> {
        let all = Question { forget: None, all_matches: false, ..self.question.clone() };
        let tried = |setting: HidingSetting| {
            let mut others = all.clone();
            setting.copy(self.question, self.open, &mut others);
            Tried { setting, reported: reported(self.baseline, &others) }
        };
        HidingSetting::of_explanations().map(tried).collect()
    }
}

/// Account and key of a principal, and an action.
pub(super) type Key<'b> = (&'b str, &'b str, &'b str);

pub(super) fn key_of<'b>(finding: &Finding<'b>) -> Key<'b> {
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

/// Whether findings of this kind are about first sightings of actions.
pub(super) fn is_of_first_sighting(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::NewAction | FindingKind::NewPrincipal)
}
