//! What every principal did for the first time after its warmup.
//!
//! The rules are those of `docs/method.md`, "Findings". `≥` is exact: a sighting N × 86,400 s after the anchor is
//! reported, one that is a microsecond younger is not.

use std::cmp::Ordering;

use crate::baseline::{Baseline, Behaviour, Sighting};
use crate::observe::PrincipalKind;
use crate::query::Filter;
use crate::time::{Span, Timestamp};

/// Where the warmup clock of a principal starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// At the principal's first sighting. The default.
    #[default]
    Principal,
    /// At the first event of the archive.
    Archive,
    /// At its creation, if the archive records it and no sighting is earlier; else at its first sighting.
    Created,
}

/// What a principal's age was counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeBasis {
    /// Its first sighting.
    FirstSighting,
    /// The first event of the archive.
    ArchiveStart,
    /// The record of its creation.
    Creation,
}

impl AgeBasis {
    /// The published name of this basis.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstSighting => "first-sighting",
            Self::ArchiveStart => "archive-start",
            Self::Creation => "created",
        }
    }
}

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A behaviour's first sighting, at age ≥ N days.
    NewAction,
    /// A principal's first sighting, at ≥ N days after the start of the archive.
    NewPrincipal,
}

impl FindingKind {
    /// All kinds, in their order.
    pub const ALL: [Self; 2] = [Self::NewAction, Self::NewPrincipal];

    /// The published name of this kind.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewAction => "new-action",
            Self::NewPrincipal => "new-principal",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// How long a principal must have been known before its new actions are reported.
    pub warmup: Span,
    /// Where the warmup clock starts.
    pub anchor: Anchor,
    /// Kinds of findings wanted.
    pub report: Vec<FindingKind>,
    /// Nothing earlier is reported.
    pub from: Option<Timestamp>,
    /// Nothing later is reported.
    pub to: Option<Timestamp>,
    /// Failed calls do not count as sightings: a behaviour begins with its first success.
    pub only_success: bool,
    /// Which findings are wanted.
    pub filter: Filter,
}

/// One thing to report, with its proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding<'b> {
    /// What it is.
    pub kind: FindingKind,
    /// When it happened.
    pub time: Timestamp,
    /// Account of the principal; `-` if unknown.
    pub account: &'b str,
    /// The principal in its account.
    pub principal: &'b str,
    /// Sort of principal.
    pub principal_kind: PrincipalKind,
    /// `eventSource:eventName`
    pub action: &'b str,
    /// Age of the principal, in microseconds.
    pub age_micros: i64,
    /// What the age is counted from.
    pub age_basis: AgeBasis,
    /// The instant the age is counted from.
    pub anchor_time: Timestamp,
    /// Whether this call failed.
    pub failed: bool,
    /// Time of the behaviour's first success, if there was one.
    pub first_success: Option<Timestamp>,
    /// Whether the call only read, if the record says so.
    pub read_only: Option<bool>,
    /// `awsRegion`
    pub region: Option<&'b str>,
    /// `errorCode`
    pub error_code: Option<&'b str>,
    /// `sourceIPAddress`
    pub source_ip: Option<&'b str>,
    /// `userAgent`
    pub user_agent: Option<&'b str>,
    /// Access key the call was signed with.
    pub access_key_id: Option<&'b str>,
    /// Session name of the role or federated session.
    pub session_name: Option<&'b str>,
    /// Unique id of the principal.
    pub principal_id: Option<&'b str>,
    /// `eventID`
    pub event_id: Option<&'b str>,
    /// Which of the given archives, counted from 1.
    pub archive: u32,
    /// Path of the log object below the archive's root.
    pub object: &'b str,
    /// Index of the record in the object.
    pub record: u32,
    /// Whether nobody in the account had done this action before.
    pub first_for_account: bool,
    /// Whether nobody in the archive had done this action before.
    pub first_for_archive: bool,
    /// How many other principals had done this action before.
    pub other_principals: u32,
}

/// All findings, sorted by time, account, principal, action and kind.
pub fn first_seen<'b>(baseline: &'b Baseline, question: &Question) -> Vec<Finding<'b>> {
    let sightings: Vec<Option<&Sighting>> =
        baseline.behaviours.iter().map(|behaviour| counted(behaviour, question.only_success)).collect();
    let Some(archive_start) = sightings.iter().flatten().map(|sighting| sighting.time).min() else {
        return Vec::new();
    };
    let rarities = rarities(baseline, &sightings);
    let mut findings = Vec::new();
    let mut start = 0;
    for behaviours in baseline.behaviours.chunk_by(|a, b| a.principal == b.principal) {
        let range = start..start + behaviours.len();
        start = range.end;
        let principal = PrincipalView {
            baseline,
            behaviours,
            sightings: &sightings[range.clone()],
            rarities: &rarities[range],
            archive_start,
        };
        principal.ask(question, &mut findings);
    }
    findings.sort_by(|left, right| report_order(left).cmp(&report_order(right)));
    findings
}

fn report_order<'f>(finding: &'f Finding<'_>) -> impl Ord + use<'f> {
    (finding.time, finding.account, finding.principal, finding.action, finding.kind)
}

/// The sighting that a behaviour begins with.
fn counted(behaviour: &Behaviour, only_success: bool) -> Option<&Sighting> {
    if only_success { behaviour.first_success.as_deref() } else { Some(&behaviour.first) }
}

/// How rare a behaviour's first sighting was at its time.
#[derive(Clone, Copy, Default)]
struct Rarity {
    other_principals: u32,
    first_for_account: bool,
}

/// The rarity of every behaviour.
fn rarities(baseline: &Baseline, sightings: &[Option<&Sighting>]) -> Vec<Rarity> {
    let mut order: Vec<(u32, &Sighting, usize)> = baseline
        .behaviours
        .iter()
        .zip(sightings)
        .enumerate()
        .filter_map(|(index, (behaviour, sighting))| Some((behaviour.action, (*sighting)?, index)))
        .collect();
    order.sort_by(|left, right| match left.0.cmp(&right.0) {
        Ordering::Equal => left.1.order(right.1),
        unequal => unequal,
    });
    let mut rarities = vec![Rarity::default(); sightings.len()];
    let account_of = |index: usize| {
        let principal = baseline.behaviours[index].principal;
        &*baseline.principals[principal as usize].account
    };
    for same_action in order.chunk_by(|left, right| left.0 == right.0) {
        let mut accounts = std::collections::HashSet::new();
        for (earlier, (_, _, index)) in (0..).zip(same_action) {
            let first_for_account = accounts.insert(account_of(*index));
            rarities[*index] = Rarity { other_principals: earlier, first_for_account };
        }
    }
    rarities
}

/// One principal with all its behaviours.
struct PrincipalView<'q, 'b> {
    baseline: &'b Baseline,
    behaviours: &'b [Behaviour],
    sightings: &'q [Option<&'b Sighting>],
    rarities: &'q [Rarity],
    archive_start: Timestamp,
}

impl<'b> PrincipalView<'_, 'b> {
    fn ask(&self, question: &Question, findings: &mut Vec<Finding<'b>>) {
        let indexed = self.sightings.iter().enumerate();
        let first = indexed
            .filter_map(|(index, sighting)| Some((index, (*sighting)?)))
            .min_by(|(_, left), (_, right)| left.order(right));
        let Some((first_index, first)) = first else { return };
        let anchor = self.anchor(question.anchor, first.time);
        let mut report = |kind, index: usize, since: Timestamp| {
            let Some(sighting) = self.sightings[index] else { return };
            let in_window = question.from.is_none_or(|from| sighting.time >= from)
                && question.to.is_none_or(|to| sighting.time <= to);
            if !in_window || sighting.time.micros_since(since) < question.warmup.micros() {
                return;
            }
            let finding = self.finding(kind, index, sighting, anchor);
            if question.filter.admits(&finding) {
                findings.push(finding);
            }
        };
        if question.report.contains(&FindingKind::NewPrincipal) {
            report(FindingKind::NewPrincipal, first_index, self.archive_start);
        }
        if question.report.contains(&FindingKind::NewAction) {
            for index in 0..self.behaviours.len() {
                report(FindingKind::NewAction, index, anchor.1);
            }
        }
    }

    fn anchor(&self, anchor: Anchor, first: Timestamp) -> (AgeBasis, Timestamp) {
        match anchor {
            Anchor::Principal => (AgeBasis::FirstSighting, first),
            Anchor::Archive => (AgeBasis::ArchiveStart, self.archive_start),
            Anchor::Created => {
                let principal = &self.baseline.principals[self.behaviours[0].principal as usize];
                let name = (principal.account.clone(), principal.key.clone());
                match self.baseline.creations.get(&name) {
                    Some(created) if *created <= first => (AgeBasis::Creation, *created),
                    _ => (AgeBasis::FirstSighting, first),
                }
            }
        }
    }

    fn finding(
        &self,
        kind: FindingKind,
        index: usize,
        sighting: &'b Sighting,
        (age_basis, anchor_time): (AgeBasis, Timestamp),
    ) -> Finding<'b> {
        let behaviour = &self.behaviours[index];
        let principal = &self.baseline.principals[behaviour.principal as usize];
        let rarity = self.rarities[index];
        Finding {
            kind,
            time: sighting.time,
            account: &principal.account,
            principal: &principal.key,
            principal_kind: principal.kind,
            action: &self.baseline.actions[behaviour.action as usize],
            age_micros: sighting.time.micros_since(anchor_time),
            age_basis,
            anchor_time,
            failed: sighting.failed,
            first_success: behaviour.first_success.as_ref().map(|success| success.time),
            read_only: sighting.read_only,
            region: sighting.region.as_deref(),
            error_code: sighting.error_code.as_deref(),
            source_ip: sighting.source_ip.as_deref(),
            user_agent: sighting.user_agent.as_deref(),
            access_key_id: sighting.access_key_id.as_deref(),
            session_name: sighting.session_name.as_deref(),
            principal_id: sighting.principal_id.as_deref(),
            event_id: Some(&*sighting.event_id).filter(|id| !id.is_empty()),
            archive: sighting.archive,
            object: &sighting.object,
            record: sighting.record,
            first_for_account: rarity.first_for_account,
            first_for_archive: rarity.other_principals == 0,
            other_principals: rarity.other_principals,
        }
    }
}
