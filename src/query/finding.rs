//! Questions and findings: plain data.

use std::num::NonZero;

use crate::baseline::Hit;
use crate::model::{
    Correlation, Dimension, Location, ObservedPrincipal, PrincipalKind, RuleMetadata, Sighting, Text, Traits,
};
use crate::names::named;
use crate::query::{Filter, Severity};
use crate::time::{Span, Timestamp};

named! {
    /// Where the warmup clock of a principal starts.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum Anchor {
        /// At the principal's first sighting. The default.
        #[default]
        Principal = "principal",
        /// At the first event of the archive.
        Archive = "archive",
        /// At its creation, if the archive or the IAM inventory has it, and no sighting is earlier; else at its first sighting.
        Created = "created",
    }
}

named! {
    /// The basis of a principal's age.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum AgeBasis {
        /// Its first sighting.
        FirstSighting = "first-sighting",
        /// The first event of the archive.
        ArchiveStart = "archive-start",
        /// Its creation, from its record or the IAM inventory.
        Creation = "created",
    }
}

/// The start of a principal's age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// The event it is counted from.
    pub basis: AgeBasis,
    /// The time of that event.
    pub anchor_time: Timestamp,
}

/// How rare an action was when a principal did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rarity {
    /// How many other principals had done this action before.
    pub other_principals: u32,
    /// Whether no principal in the account had done this action before.
    pub first_for_account: bool,
    /// Whether no principal in the archive had done this action before.
    pub first_for_archive: bool,
}

impl Rarity {
    /// Of an action that only one principal has done.
    pub(super) const ALONE: Self =
        Self { other_principals: 0, first_for_account: true, first_for_archive: true };
}

named! {
    /// An order of findings.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum FindingOrder {
        /// By time, account, principal, action and kind. The default.
        #[default]
        Time = "time",
        /// The most severe first, and those of one severity by time and so on.
        Severity = "severity",
    }
}

named! {
    /// Kinds of findings.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum FindingKind {
        /// A behaviour's first sighting, at age ≥ N days.
        NewAction = "new-action",
        /// A principal's first sighting, at ≥ N days after the start of the archive.
        NewPrincipal = "new-principal",
        /// A sighting after a gap longer than the forget span, at age ≥ N days. Known to the hour.
        ReturningAction = "returning-action",
        /// The first success of an action of which all earlier calls of the principal had failed, at age ≥ N days.
        FirstSuccess = "first-success",
        /// An unusual rate of calls or errors found by CloudTrail Insights, regardless of the warmup.
        Insight = "insight",
        /// An hour in which an account's root user acted, regardless of the warmup.
        RootActivity = "root-activity",
        /// Events of one principal that match a rule and are not covered by another finding, regardless of the warmup.
        Rule = "rule",
        /// The first sighting of a network, at age ≥ N days, as for actions.
        NewNetwork = "new-network",
        /// The first sighting of a family of user agents.
        NewAgent = "new-agent",
        /// The first sighting of a Region.
        NewRegion = "new-region",
        /// The first sighting of a long-term access key.
        NewAccessKey = "new-access-key",
        /// The first sighting of a kind of error.
        NewError = "new-error",
        /// The first sighting of a role that AssumeRole asked for.
        NewTargetRole = "new-target-role",
        /// The first sighting in another account.
        NewTargetAccount = "new-target-account",
        /// The first request that a user sent as the principal, in a cluster.
        NewImpersonator = "new-impersonator",
        /// The first sighting of an autonomous system.
        NewAsn = "new-asn",
        /// The first sighting of a country.
        NewCountry = "new-country",
    }
}

impl FindingKind {
    /// The kinds that depend on settings, in order.
    pub const OF_SIGHTINGS: [Self; 3] = [Self::NewAction, Self::NewPrincipal, Self::ReturningAction];

    /// The kinds that are reported unless a question names others.
    pub const BY_DEFAULT: [Self; 4] =
        [Self::NewAction, Self::NewPrincipal, Self::ReturningAction, Self::RootActivity];

    /// The kind of findings about new values in a dimension.
    pub const fn of_dimension(dimension: Dimension) -> Self {
        match dimension {
            Dimension::Network => Self::NewNetwork,
            Dimension::Agent => Self::NewAgent,
            Dimension::Region => Self::NewRegion,
            Dimension::AccessKey => Self::NewAccessKey,
            Dimension::Error => Self::NewError,
            Dimension::TargetRole => Self::NewTargetRole,
            Dimension::TargetAccount => Self::NewTargetAccount,
            Dimension::Impersonator => Self::NewImpersonator,
            Dimension::Asn => Self::NewAsn,
            Dimension::Country => Self::NewCountry,
        }
    }

    /// The dimension of which findings of this kind report new values, if it is one of these.
    pub fn dimension(self) -> Option<Dimension> {
        Dimension::ALL.into_iter().find(|dimension| Self::of_dimension(*dimension) == self)
    }
}

/// A question about findings.
#[derive(Clone, Debug)]
pub struct Question {
    /// How long a principal must have been known before its new actions are reported.
    pub warmup: Span,
    /// After this long without a sighting, a behaviour counts as new again; never, if `None`.
    pub forget: Option<Span>,
    /// Where the warmup clock starts.
    pub anchor: Anchor,
    /// The kinds of findings to report.
    pub report: Vec<FindingKind>,
    /// Nothing earlier is reported.
    pub from: Option<Timestamp>,
    /// Nothing later is reported.
    pub to: Option<Timestamp>,
    /// Later events are ignored. Not needed if the archive was not read further than this.
    pub read_to: Option<Timestamp>,
    /// Failed calls do not count as sightings: a behaviour begins with its first success.
    pub only_success: bool,
    /// Whether every event that matches a rule is a separate finding, even if another finding covers it.
    pub all_matches: bool,
    /// Which findings are wanted.
    pub filter: Filter,
    /// Nothing less severe is reported.
    pub min_severity: Severity,
    /// The order of the findings.
    pub sort: FindingOrder,
}

impl Question {
    /// The warmup of a question that names none.
    pub const DEFAULT_WARMUP: Span = Span::days(30);
}

impl Default for Question {
    /// What `firstseen scan` asks without flags.
    fn default() -> Self {
        Self {
            warmup: Self::DEFAULT_WARMUP,
            forget: None,
            anchor: Anchor::default(),
            report: FindingKind::BY_DEFAULT.to_vec(),
            from: None,
            to: None,
            read_to: None,
            only_success: false,
            all_matches: false,
            filter: Filter::default(),
            min_severity: Severity::default(),
            sort: FindingOrder::default(),
        }
    }
}

/// One finding, with its evidence. Fields that do not apply to its kind, or are not known, are absent; `docs/formats.md` lists
/// the fields of each kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding<'b> {
    /// Its kind.
    pub kind: FindingKind,
    /// When it happened; for a returning action the start of the hour.
    pub time: Timestamp,
    /// The principal.
    pub who: &'b ObservedPrincipal,
    /// `eventSource:eventName`
    pub action: &'b Text,
    /// The new value of a dimension, if the finding is about one.
    pub value: Option<&'b Text>,
    /// For a returning action: the time from the start of the hour of the previous sighting to this one.
    pub gap_micros: Option<NonZero<i64>>,
    /// The start of the principal's age, if it had been seen; `None` for an insight, which is not about a single call.
    pub age: Option<Age>,
    /// Whether this call failed; for a returning action whether no call of the hour succeeded; `None` for an insight.
    pub failed: Option<bool>,
    /// The first success of this principal with this action, if there was one.
    pub first_success: Option<&'b Sighting>,
    /// Whether the call only read, if the record says so; for a returning action, from the first record of the behaviour.
    pub read_only: Option<bool>,
    /// The evidence. Baselines keep it for first sightings; for a returning action they keep only the hour.
    pub evidence: Option<&'b Sighting>,
    /// How rare the action was; only for first sightings and returns.
    pub rarity: Option<Rarity>,
    /// For a user of a Kubernetes cluster, or a session named by Insights: the CloudTrail principal, if known.
    pub linked: Option<&'b ObservedPrincipal>,
    /// The rules that its event matched, if any.
    pub matched: Option<Box<Matched<'b>>>,
    /// Whether the principal is in the IAM inventory; `None` without one, or if it does not cover such principals.
    pub known_to_iam: Option<bool>,
    /// Where the address of its event is; `None` until it is looked up, and if no database knows the address.
    pub location: Option<&'b Location>,
    /// What the digests of CloudTrail say of the object of its evidence; `None` until it is looked up, and for other logs.
    pub integrity: Option<Integrity>,
    /// How long its account and Region had been covered; `None` until it is [set](crate::query::set_covered), and if no object's
    /// name gives them.
    pub covered: Option<CoveredBefore>,
}

named! {
    /// What the digests of CloudTrail say of a log file. It is as small as this because there are many findings.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Integrity {
        /// A signature of CloudTrail proves it.
        Proven = "proven",
        /// It is as listed, and nothing contradicts it.
        Consistent = "consistent",
        /// It is not what the digests say.
        Mismatch = "mismatch",
        /// Its content could not be read.
        Unreadable = "unreadable",
        /// No digest lists it.
        Unlisted = "unlisted",
        /// It is as listed, but only in digests that are themselves contradicted.
        Unvouched = "unvouched",
        /// It was another one when its events were read than when it was verified.
        Changed = "changed",
    }
}

/// How long the account and Region of a finding had been covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoveredBefore {
    /// Days before that of the finding with an object that was read.
    pub days: u16,
    /// Days of the warmup before that of the finding, at least one, without such an object. Days before the first one do not count.
    pub gap_days: u16,
}

/// The rule matches of a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched<'b> {
    /// The rules that its event matched, the highest priority first.
    pub rules: Vec<Match<'b>>,
    /// The number of events they matched.
    pub count: u64,
    /// The time of the last event, if there are several.
    pub last_time: Option<Timestamp>,
}

/// A rule, and how an event matched it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match<'b> {
    /// The rule.
    pub rule: &'b RuleMetadata,
    /// The event; for a correlation one that completed it.
    pub hit: &'b Hit,
    /// The other events, if the rule is a correlation.
    pub correlated: Option<Correlated<'b>>,
}

/// The events that fulfilled a correlation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlated<'b> {
    /// The correlation.
    pub correlation: &'b Correlation,
    /// The first event.
    pub first: &'b Hit,
    /// Number of events.
    pub count: u64,
    /// The rule that the event which completed it matched.
    pub base: &'b RuleMetadata,
}

impl<'b> Correlated<'b> {
    /// The fields in which the events agree, and their values, given one of the events that matched [`Self::base`].
    fn group(&self, hit: &'b Hit) -> Vec<(&'b str, Option<&'b str>)> {
        let own = self.correlation.rules.iter().find(|rule| rule.key() == self.base.key());
        let places = own.map(|own| &own.group[..]).unwrap_or_default();
        let values = places.iter().map(|place| self.base.correlated_value(&hit.values, *place));
        self.correlation.group_by.iter().map(|name| &**name).zip(values).collect()
    }

    /// How many events there were, in which fields they agree, and where the first one is.
    fn output(&self, hit: &'b Hit) -> String {
        let mut facts = vec![format!("timespan {}", Span::of_micros(self.correlation.span_micros))];
        let group = self.group(hit);
        facts.extend(group.into_iter().map(|(name, value)| format!("{name}={}", value.unwrap_or("<NA>"))));
        let first = &self.first.sighting;
        format!(
            "{} events ({}), the first at {}, record {} of {}",
            self.count,
            facts.join(", "),
            first.time,
            first.record,
            first.object
        )
    }
}

impl<'b> Match<'b> {
    /// The rule's output for the event.
    pub fn output(&self) -> String {
        match self.correlated {
            Some(correlated) => correlated.output(self.hit),
            None => self.rule.render_output(&self.hit.values),
        }
    }

    /// The output fields of the rule, or the fields of a correlation's group, with their values.
    pub fn fields(&self) -> Vec<(&'b str, Option<&'b str>)> {
        match self.correlated {
            Some(correlated) => correlated.group(self.hit),
            None => self.rule.fields().zip(self.hit.values.iter().map(Option::as_deref)).collect(),
        }
    }
}

impl Question {
    /// Whether a finding about one event is in the reported and known window.
    pub(super) fn is_in_window(&self, finding: &Finding<'_>) -> bool {
        self.is_time_in_window(finding.time)
    }

    /// Whether a time is in the reported and known window.
    pub(super) fn is_time_in_window(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time <= to) && self.knows(time)
    }
}

impl<'b> Finding<'b> {
    /// Account of the principal; `-` if unknown.
    pub fn account(&self) -> &'b str {
        &self.who.account
    }

    /// The principal in its account.
    pub fn principal(&self) -> &'b str {
        &self.who.key
    }

    /// The kind of principal; `None` for an insight, which names a caller without its kind, unless other records have it.
    pub fn principal_kind(&self) -> Option<PrincipalKind> {
        let kind = self.who.kind;
        (self.kind != FindingKind::Insight || kind != PrincipalKind::Unknown).then_some(kind)
    }

    /// The action; `None` for an insight whose record does not name the call.
    pub fn known_action(&self) -> Option<&'b str> {
        let action: &str = self.action;
        let is_known =
            self.kind != FindingKind::Insight || !(action.starts_with("-:") || action.ends_with(":-"));
        is_known.then_some(action)
    }

    /// `awsRegion` of the record, if it is known.
    pub fn region(&self) -> Option<&'b str> {
        self.evidence.and_then(|evidence| evidence.region())
    }

    /// Where the call of its event came from, as the record says: an address, the name of a service or `AWS Internal`.
    pub fn source_ip(&self) -> Option<&'b str> {
        self.evidence.and_then(|evidence| evidence.source_ip())
    }

    /// What dimensions read of its event, as far as the evidence has it: not whether an AWS service or the console made the call.
    pub fn traits(&self) -> Option<Traits<'b>> {
        self.evidence.map(|evidence| Traits {
            source_ip: evidence.source_ip(),
            user_agent: evidence.user_agent(),
            region: evidence.region(),
            access_key_id: evidence.access_key_id(),
            error_code: evidence.error_code(),
            impersonator: evidence.impersonated_by(),
            ..Traits::default()
        })
    }

    /// The first success of a call that had failed by then.
    pub fn later_success(&self) -> Option<&'b Sighting> {
        self.first_success.filter(|success| self.failed == Some(true) && success.time >= self.time)
    }

    /// Age of the principal, in microseconds.
    pub fn age_micros(&self) -> Option<i64> {
        self.age.map(|age| self.time.micros_since(age.anchor_time))
    }

    /// The rules that its event matched, the highest priority first.
    pub fn matched(&self) -> &[Match<'b>] {
        self.matched.as_ref().map_or(&[], |matched| &matched.rules)
    }

    /// The rule with the highest priority among those that its event matched.
    pub fn rule(&self) -> Option<&'b RuleMetadata> {
        self.matched().first().map(|one| one.rule)
    }

    /// How many events it covers; `None` if it is about an hour or a rate of calls, whose number is not known.
    pub fn count(&self) -> Option<u64> {
        match self.kind {
            FindingKind::NewAction | FindingKind::NewPrincipal | FindingKind::FirstSuccess => Some(1),
            kind if kind.dimension().is_some() => Some(1),
            FindingKind::Rule => self.matched.as_ref().map(|matched| matched.count),
            _ => None,
        }
    }

    /// The time of the last event, if it covers several.
    pub fn last_time(&self) -> Option<Timestamp> {
        self.matched.as_ref()?.last_time
    }
}
