//! Evaluates all settings that differ only in their warmup in one pass, from the longest to the shortest: each reports the
//! findings of the previous one, and a few more.

use super::daily::nearest_rank;
use super::enumerated::EnumeratedFinding;
use super::enumeration::Enumeration;
use super::noise::{Noise, noisiest};
use super::{Daily, IncidentOutcome, ObservedSpan, Setting, TuningRow, WorstDay};
use crate::query::{FindingKind, Question};
use crate::time::Timestamp;

/// The findings reported by the settings so far.
pub(super) struct Sweep<'e, 'b> {
    all: &'e Enumeration<'b>,
    /// From when the age of the oldest principal with findings counts.
    oldest: Timestamp,
    /// How many of [`Enumeration::by_age`] were processed.
    next: usize,
    findings: usize,
    of_kind: [usize; FindingKind::OF_SIGHTINGS.len()],
    of_day: Vec<usize>,
    of_principal: Vec<usize>,
    of_account: Vec<usize>,
    /// Counts of one day; all 0 between uses.
    scratch: Vec<usize>,
}

impl<'e, 'b> Sweep<'e, 'b> {
    pub(super) fn new(all: &'e Enumeration<'b>) -> Self {
        let anchors =
            all.findings.iter().map(|one| Timestamp::from_micros(one.time.micros() - one.known_micros));
        Self {
            all,
            oldest: anchors.min().unwrap_or(Timestamp::from_micros(i64::MAX)),
            next: 0,
            findings: 0,
            of_kind: [0; FindingKind::OF_SIGHTINGS.len()],
            of_day: vec![0; all.days.len()],
            of_principal: vec![0; all.principals.len()],
            of_account: vec![0; all.accounts.len()],
            scratch: vec![0; all.principals.len()],
        }
    }

    /// The row of a setting that differs from the previous one only in a shorter warmup.
    pub(super) fn row(
        &mut self,
        setting: Setting,
        observed: Option<ObservedSpan>,
        base: &Question,
    ) -> TuningRow<'b> {
        self.grow(setting);
        let span = observed.map(|observed| observed.days_after(setting.warmup, self.oldest, base));
        let sights = self.all.members.iter().map(|members| self.incident_outcome(members, setting)).collect();
        let mut counts: Vec<usize> = self.of_day.iter().copied().filter(|count| *count > 0).collect();
        counts.sort_unstable();
        TuningRow {
            setting,
            findings: self.findings,
            of_kind: self.of_kind,
            suppressed: self.all.findings.len() - self.findings,
            daily: Daily::new(&counts, span, self.worst_day(setting)),
            noise: Noise::new(self.all, &self.of_principal, &self.of_account),
            incidents: sights,
        }
    }

    /// Adds the findings that are old enough now.
    fn grow(&mut self, setting: Setting) {
        while let Some(index) = self.all.by_age.get(self.next) {
            let finding = &self.all.findings[*index as usize];
            if finding.known_micros < setting.warmup.micros() {
                return;
            }
            self.next += 1;
            if setting.reports(finding) {
                self.add(finding);
            }
        }
    }

    fn add(&mut self, finding: &EnumeratedFinding) {
        self.findings += 1;
        for (kind, count) in FindingKind::OF_SIGHTINGS.iter().zip(&mut self.of_kind) {
            *count += usize::from(*kind == finding.kind);
        }
        self.of_day[finding.day as usize] += 1;
        self.of_principal[finding.principal as usize] += 1;
        self.of_account[self.all.account_of[finding.principal as usize] as usize] += 1;
    }

    /// The first of the days with the most findings.
    fn worst_day(&mut self, setting: Setting) -> Option<WorstDay<'b>> {
        let (at, findings) = noisiest(&self.of_day, 1).first().map(|(findings, at)| (*at, *findings))?;
        let (day, range) = self.all.days[at].clone();
        let reported = self.all.findings[range].iter().filter(|finding| setting.reports(finding));
        let mut most = (0, 0);
        for finding in reported.clone() {
            let count = &mut self.scratch[finding.principal as usize];
            *count += 1;
            if *count > most.0 || *count == most.0 && finding.principal < most.1 {
                most = (*count, finding.principal);
            }
        }
        for finding in reported {
            self.scratch[finding.principal as usize] = 0;
        }
        let (principal_findings, number) = most;
        let (account, principal) = self.all.principals[number as usize];
        Some(WorstDay { day, findings, account, principal, principal_findings })
    }

    /// The reported findings of an incident, given the indices of its findings.
    fn incident_outcome(&self, members: &[u32], setting: Setting) -> IncidentOutcome {
        let members = members.iter().map(|index| &self.all.findings[*index as usize]);
        let days: Vec<u32> =
            members.filter(|finding| setting.reports(finding)).map(|finding| finding.day).collect();
        let same_day = days.chunk_by(|left, right| left == right);
        let mut alerts: Vec<usize> = same_day.map(|same| self.of_day[same[0] as usize]).collect();
        alerts.sort_unstable();
        IncidentOutcome {
            reported: days.len(),
            alerts_per_day: nearest_rank(50, alerts.len() as u64, &alerts),
            alerts_on_worst_day: alerts.last().copied(),
        }
    }
}
