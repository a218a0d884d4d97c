//! What to read first: first-seen findings close in time as episodes, each with a score in bits, joined into incidents.
//!
//! `docs/ranking.md` has the method. Everything is a pure function of a baseline.

mod access_entries;
mod calls;
mod cluster_principals;
mod created;
mod episode;
mod family;
mod history;
mod impersonation;
mod incident;
mod incident_score;
mod known;
mod labels;
mod new_value;
mod population;
mod rules;
mod score;
mod service_accounts;
mod shared;
mod sign_in;
mod surprise;
mod weights;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

pub use incident_score::SEVERITY_STEP;
pub use known::{KnownAssetError, KnownAssets};
pub use labels::{
    LABEL_NOISES, LABEL_RANKS, Label, LabelReport, LabelShares, LabelledEvent, LabelledIncident, label_report,
};
pub use weights::{WeightError, Weights};

use self::episode::{EpisodeDraft, episodes};
use self::population::Population;
use super::compiled_filter::CompiledFilter;
use super::overview::archive_overview;
use super::{Anchor, ArchiveOverview, Filter, Finding, FindingKind, Question};
use crate::actions::Class;
use crate::baseline::Baseline;
use crate::model::{Dimension, ObservedPrincipal, RuleMetadata, Text};
use crate::names::named;
use crate::time::{Day, Span, Timestamp};

/// What to rank, and how.
#[derive(Clone, Debug)]
pub struct TriageQuestion {
    /// How long a principal must have been known before its first sightings count, unless it is new itself.
    pub warmup: Span,
    /// Where the warmup clock starts.
    pub anchor: Anchor,
    /// The longest gap between findings of one episode.
    pub gap: Span,
    /// Episodes that end earlier are not reported.
    pub from: Option<Timestamp>,
    /// Episodes that begin later are not reported.
    pub to: Option<Timestamp>,
    /// Later events are ignored.
    pub read_to: Option<Timestamp>,
    /// Failed calls do not count as sightings.
    pub only_success: bool,
    /// Only episodes with a finding that it admits are reported. It has no effect on scores.
    pub filter: Filter,
    /// The constants of the score.
    pub weights: Weights,
    /// What the user says matters.
    pub known: KnownAssets,
    /// Whether an episode is scored with nothing later than itself: what could have been known then.
    pub as_of_then: bool,
    /// What is ranked.
    pub by: RankedUnit,
}

named! {
    /// What is ranked.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum RankedUnit {
        /// Episodes that belong together are one.
        #[default]
        Incident = "incident",
        /// Every episode by itself.
        Episode = "episode",
    }
}

/// The ranking of an archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Triage<'b> {
    /// What was ranked, best first.
    pub incidents: Vec<Incident<'b>>,
    /// Facts about the archive.
    pub overview: Overview,
}

/// Facts about what was ranked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// All that counts.
    pub archive: ArchiveOverview,
    /// All episodes, whether reported or not.
    pub episodes: u64,
    /// Their findings.
    pub findings: u64,
    /// Findings of each day that has any, in order.
    pub novelty: Vec<(Day, u64)>,
}

/// One or more episodes that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident<'b> {
    /// Its episodes by start, at least one.
    pub episodes: Vec<Episode<'b>>,
    /// What joins them: one link fewer than episodes.
    pub links: Vec<Link<'b>>,
    /// The index of the episode that counts for the score of the incident; of others only network and agent may.
    pub lead: usize,
    /// The indices of the episodes that are of the same intruder as the leading one, with that, as far as links tell.
    same_as_lead: Vec<usize>,
    /// The indices of those that only say how the principals of others signed in.
    sign_ins: Vec<usize>,
}

/// What joins two episodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link<'b> {
    /// How they belong together.
    pub kind: LinkKind,
    /// The index of the episode that gave or assumed; if both only share something, of the earlier one.
    pub from: usize,
    /// The index of the other episode.
    pub to: usize,
    /// What joins them: a key or token, a network, or the user, role or service account that was created, opened or assumed.
    pub value: &'b str,
}

named! {
    /// What joins two episodes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum LinkKind {
        /// They used the same access key.
        AccessKey = "access-key",
        /// The first was given an access key, or a token of a cluster, that the other used.
        IssuedKey = "issued-key",
        /// The first created the principal of the other, gave it a password, or changed who may assume it.
        Creation = "creation",
        /// The first was given a token for the service account of the other, which acted for the first time after that.
        IssuedToken = "issued-token",
        /// The first admitted the principal of the other to its cluster.
        AccessEntry = "access-entry",
        /// The first acted as the principal of the other, for the first time.
        Impersonation = "impersonation",
        /// The first asked for the role of the other, see [`Incident::is_assumed`].
        AssumedRole = "assumed-role",
        /// They came from the same network, from which few ever came.
        Network = "network",
    }
}

/// First-seen findings of one principal close in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode<'b> {
    /// The principal.
    pub who: &'b ObservedPrincipal,
    /// Whether the principal was new itself: first seen after the archive's warmup. Then all its first sightings count.
    pub is_new_principal: bool,
    /// The first sighting of the principal.
    pub first_seen: Timestamp,
    /// When the activity began that led to its first finding: the start of the hours without a break in which the principal was active
    /// until then, or an hour before that finding if these are more than a session can last.
    pub active_from: Timestamp,
    /// When the activity ended that its last finding, or a first success soon after it, was part of: the end of the hours without a break
    /// in which the principal was active from then on, or an hour after it if these are more than a session can last.
    pub active_until: Timestamp,
    /// Sorted by time.
    pub findings: Vec<EpisodeFinding<'b>>,
    /// The rules that events of the principal matched in its time, with their number; the highest priority first.
    pub rules: Vec<(&'b RuleMetadata, u64)>,
    /// The parts of its score; each is positive.
    pub parts: Vec<Part<'b>>,
}

/// A finding of an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeFinding<'b> {
    /// The finding: a new action, or a new value of a dimension.
    pub finding: Finding<'b>,
    /// Of a new action: how surprising it was.
    pub surprise: Option<Surprise>,
    /// From where it was done. Calls that AWS made for the principal have neither network nor agent.
    pub origin: FindingOrigin<'b>,
}

/// The network and the agent of a call, as far as they are those of its principal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FindingOrigin<'b> {
    /// The network.
    pub network: Option<&'b Text>,
    /// The family of the user agent.
    pub agent: Option<&'b Text>,
}

impl<'b> EpisodeFinding<'b> {
    /// The address from which the principal itself made the call.
    pub fn own_address(&self) -> Option<&'b str> {
        self.finding.source_ip().filter(|_| self.origin.network.is_some())
    }
}

impl<'b> FindingOrigin<'b> {
    /// The value in one of the two dimensions; none in others.
    pub fn value(&self, dimension: Dimension) -> Option<&'b Text> {
        match dimension {
            Dimension::Network => self.network,
            Dimension::Agent => self.agent,
            _ => None,
        }
    }
}

/// How surprising a new action was, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surprise {
    /// The bits it contributes, after all corrections.
    pub bits: f64,
    /// What the action is good for.
    pub class: Option<Class>,
    /// How many of all other principals that were known by then had done it before.
    pub among_all: Count,
    /// The same among those of the same kind.
    pub among_kind: Count,
    /// The same among those of the same family: roles or users of the same name, in any account.
    pub among_family: Count,
    /// Members of the family that began it within the window.
    pub mates: u32,
    /// Actions of the same class that the principal had done before.
    pub used: u32,
    /// Whether the principal had used the service before.
    pub is_service_familiar: bool,
    /// Whether the principal did it on a later day, too; `None` if nothing later was looked at.
    pub stays: Option<bool>,
}

/// Some of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub some: u32,
    /// Of how many.
    pub all: u32,
}

impl Count {
    /// The share, with `weight` more observations in which it is `wider`; without any observation `wider` itself.
    fn share(self, wider: f64, weight: f64) -> f64 {
        let all = f64::from(self.all) + weight;
        if all > 0.0 { (f64::from(self.some) + weight * wider) / all } else { wider }
    }
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<'b> {
    /// Its value in bits.
    pub bits: f64,
    /// What it was computed from.
    pub reason: Reason<'b>,
}

named! {
    /// Names of the parts of a score.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum PartName {
        /// How surprising the new actions were, in all.
        Size = "size",
        /// How seldom episodes were as surprising before.
        History = "history",
        /// A new network.
        Network = "network",
        /// A new family of user agents.
        Agent = "agent",
        /// A new impersonator, in a cluster.
        Impersonator = "impersonator",
        /// What the user's own list of assets says.
        Known = "known",
    }
}

/// What a part was computed from.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason<'b> {
    /// [`PartName::Size`]
    Size {
        /// New actions.
        actions: u32,
        /// Their services.
        services: u32,
        /// Changes without a class among them; many of these weaken all.
        ordinary_changes: u32,
        /// The surprise of all together, with diminishing returns, in bits.
        surprise: f64,
    },
    /// [`PartName::History`]: earlier episodes that were as surprising.
    History {
        /// Of all principals.
        among_all: Count,
        /// Of principals of the same kind.
        among_kind: Count,
        /// Of the same family.
        among_family: Count,
        /// Of the principal itself.
        own: Count,
    },
    /// [`PartName::Network`], [`PartName::Agent`] or [`PartName::Impersonator`]
    NewValue {
        /// Which of them.
        part: PartName,
        /// The network, agent or impersonator.
        value: &'b Text,
        /// The others that had it before, among all principals known by then.
        among_all: Count,
        /// Other principals that first had it within the window.
        recent_others: u32,
        /// Hours in which the principal was active before.
        active_hours: u32,
        /// Hours among them in which it had a new value of this dimension.
        earlier_new: u32,
        /// Whether the principal had it later, too; `None` if nothing later was looked at.
        stays: Option<bool>,
    },
    /// [`PartName::Known`]: entries of the user's list that apply.
    Known(Vec<KnownAsset>),
}

/// An entry of the user's own list of assets, and what it adds.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownAsset {
    /// The entry, as in the list.
    pub name: String,
    /// Its weight, in bits.
    pub bits: f64,
}

impl PartName {
    /// The part for new values of a dimension, if there is one.
    pub fn of_dimension(dimension: Dimension) -> Option<Self> {
        new_value::SCORED.iter().find(|(scored, _)| *scored == dimension).map(|(_, part)| *part)
    }
}

impl Part<'_> {
    /// Its name.
    pub fn name(&self) -> PartName {
        match &self.reason {
            Reason::Size { .. } => PartName::Size,
            Reason::History { .. } => PartName::History,
            Reason::NewValue { part, .. } => *part,
            Reason::Known(_) => PartName::Known,
        }
    }
}

impl<'b> Episode<'b> {
    /// Its score in bits: the sum of its parts.
    pub fn score(&self) -> f64 {
        self.parts.iter().map(|part| part.bits).sum()
    }

    /// Its score as published: the sum of its parts, each in hundredths of a bit.
    pub fn published_score(&self) -> f64 {
        published_bits(self.parts.iter().map(|part| part.bits))
    }

    /// The part of its score with this name, if it has it.
    pub fn part(&self, name: PartName) -> Option<&Part<'b>> {
        self.parts.iter().find(|part| part.name() == name)
    }

    /// The time of its first finding.
    pub fn start(&self) -> Timestamp {
        self.findings.first().map_or(Timestamp::from_micros(i64::MAX), |first| first.finding.time)
    }

    /// The time of its last finding.
    pub fn end(&self) -> Timestamp {
        self.findings.last().map_or(Timestamp::from_micros(i64::MIN), |last| last.finding.time)
    }
}

impl<'b> Triage<'b> {
    /// The findings of all episodes.
    pub fn findings(&self) -> impl Iterator<Item = &Finding<'b>> + Clone {
        self.incidents.iter().flat_map(Incident::findings).map(|one| &one.finding)
    }

    /// The same, to be changed.
    pub fn findings_mut(&mut self) -> impl Iterator<Item = &mut Finding<'b>> {
        let episodes = self.incidents.iter_mut().flat_map(|incident| &mut incident.episodes);
        episodes.flat_map(|episode| &mut episode.findings).map(|one| &mut one.finding)
    }
}

impl<'b> Incident<'b> {
    /// The episode that counts for the score.
    pub fn leading(&self) -> &Episode<'b> {
        &self.episodes[self.lead]
    }

    /// The findings of all episodes.
    pub fn findings(&self) -> impl Iterator<Item = &EpisodeFinding<'b>> + Clone {
        self.episodes.iter().flat_map(|episode| &episode.findings)
    }

    /// Of a link to a role that one asked for: whether a call for it succeeded before the end of the role's episode.
    pub fn is_assumed(&self, link: &Link<'_>) -> bool {
        let end = self.episodes[link.to].end();
        let findings = self.episodes[link.from].findings.iter().map(|one| &one.finding);
        let mut calls = findings.filter(|finding| {
            finding.kind == FindingKind::of_dimension(Dimension::TargetRole)
                && finding.value.is_some_and(|role| **role == *link.value)
        });
        calls.any(|call| {
            call.failed != Some(true) || call.later_success().is_some_and(|success| success.time <= end)
        })
    }

    /// Times of its first and last finding.
    pub fn span(&self) -> Range<Timestamp> {
        let ends = self.episodes.iter().map(Episode::end);
        self.episodes[0].start()..ends.max().unwrap_or(self.episodes[0].end())
    }
}

/// Bits as published: the sum of parts, each rounded to hundredths. It has no negative zero.
pub fn published_bits(parts: impl IntoIterator<Item = f64>) -> f64 {
    parts.into_iter().map(|bits| (bits * 100.0).round() as i64).sum::<i64>() as f64 / 100.0
}

/// Ranks the episodes of a baseline.
///
/// ```
/// use firstseen::baseline::Baseline;
/// use firstseen::query::{TriageQuestion, triage};
///
/// let baseline = Baseline::default();
/// let ranked = triage(&baseline, &TriageQuestion::default());
/// assert!(ranked.incidents.is_empty());
/// ```
pub fn triage<'b>(baseline: &'b Baseline, question: &TriageQuestion) -> Triage<'b> {
    let asked = question.of_findings();
    let population = Population::new(baseline, &asked);
    let drafts = episodes(baseline, (question, &asked), &population);
    let overview = overview(baseline, &asked, &drafts);
    let mut scored = score::scored(baseline, (question, &asked), &population, drafts);
    rules::add_rules(baseline, |time| asked.knows(time), &mut scored);
    let admission = CompiledFilter::new(Cow::Borrowed(&question.filter));
    let mut incidents: Vec<Incident<'b>> = match question.by {
        RankedUnit::Episode => scored.into_iter().map(Incident::of_one).collect(),
        RankedUnit::Incident => incident::incidents(baseline, (&population, question.as_of_then), scored),
    };
    incidents.retain(|incident| {
        let mut episodes = incident.episodes.iter();
        episodes.any(|episode| question.is_in_window(episode) && is_admitted(episode, &admission))
    });
    // As published, so that ranks agree with what can be seen. Incidents are in the order of their first episodes, which ties keep.
    let scored = |incident: Incident<'b>| ((incident.published_score(), incident.score()), incident);
    let mut scored: Vec<((f64, f64), Incident<'b>)> = incidents.into_iter().map(scored).collect();
    scored.sort_by(|(left, _), (right, _)| right.0.total_cmp(&left.0).then(right.1.total_cmp(&left.1)));
    let incidents = scored.into_iter().map(|(_, incident)| incident).collect();
    Triage { incidents, overview }
}

fn is_admitted(episode: &Episode<'_>, admission: &CompiledFilter<'_>) -> bool {
    episode.findings.iter().any(|one| admission.admits(&one.finding))
}

impl TriageQuestion {
    /// Whether an episode overlaps the reported window.
    fn is_in_window(&self, episode: &Episode<'_>) -> bool {
        self.from.is_none_or(|from| episode.end() >= from) && self.to.is_none_or(|to| episode.start() <= to)
    }
}

impl Default for TriageQuestion {
    fn default() -> Self {
        Self {
            warmup: Question::DEFAULT_WARMUP,
            anchor: Anchor::default(),
            gap: Span::hours(1),
            from: None,
            to: None,
            read_to: None,
            only_success: false,
            filter: Filter::default(),
            weights: Weights::default(),
            known: KnownAssets::default(),
            as_of_then: false,
            by: RankedUnit::default(),
        }
    }
}

impl<'b> Incident<'b> {
    fn of_one(episode: Episode<'b>) -> Self {
        Self::new(vec![episode], Vec::new())
    }
}

fn overview(baseline: &Baseline, asked: &Question, drafts: &[EpisodeDraft<'_>]) -> Overview {
    let mut novelty: BTreeMap<Day, u64> = BTreeMap::new();
    for (_, finding) in drafts.iter().flat_map(|draft| &draft.findings) {
        *novelty.entry(finding.time.day()).or_default() += 1;
    }
    Overview {
        archive: archive_overview(baseline, asked),
        episodes: drafts.len() as u64,
        findings: novelty.values().sum(),
        novelty: novelty.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_as_printed_is_the_sum_of_what_is_printed() {
        for none in [published_bits([]), published_bits([-0.0]), published_bits([-0.001])] {
            assert!(none.is_sign_positive(), "it is not printed as -0.00");
        }
        // 19.996 in all.
        assert_eq!(published_bits([16.186, 3.81]), 20.0);
    }
}
