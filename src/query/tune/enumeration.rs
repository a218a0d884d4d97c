//! The findings of the most sensitive setting, reduced to the data needed to count those of every other setting.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZero;
use std::ops::Range;

use super::KnownIncident;
use super::enumerated::EnumeratedFinding;
use super::members::Members;
use crate::baseline::Baseline;
use crate::query::compiled_filter::CompiledFilter;
use crate::query::first_seen::{Candidate, Origin, first_seen, of_sightings};
use crate::query::iam::Iam;
use crate::query::{Finding, FindingKind, Question, Severity};
use crate::time::{Day, Timestamp};

/// All findings that any setting with one anchor can report, in order.
#[derive(Debug)]
pub(super) struct Enumeration<'b> {
    pub(super) findings: Vec<EnumeratedFinding>,
    /// Their indices, by the age of the principal, oldest first.
    pub(super) by_age: Vec<u32>,
    /// Days with a finding, in order, with the indices of their findings.
    pub(super) days: Vec<(Day, Range<usize>)>,
    /// Account and key, sorted, so numbers are in the order of names.
    pub(super) principals: Vec<(&'b str, &'b str)>,
    /// For each principal, its index in [`Enumeration::accounts`].
    pub(super) account_of: Vec<u32>,
    /// Sorted.
    pub(super) accounts: Vec<&'b str>,
    /// For each incident the indices of its findings.
    pub(super) members: Vec<Vec<u32>>,
}

impl<'b> Enumeration<'b> {
    /// Evaluates the most sensitive setting.
    pub(super) fn new(baseline: &'b Baseline, asked: &Question, incidents: &[KnownIncident]) -> Self {
        let admission = CompiledFilter::new(Cow::Borrowed(&asked.filter));
        let severe = (asked.min_severity > Severity::default()).then(|| severe(baseline, asked));
        let mut findings = Vec::new();
        of_sightings((baseline, &Iam::new(baseline)), asked, &admission, &mut |candidate| {
            let Candidate { origin, known_micros, finding, .. } = candidate;
            let Origin::Behaviour(behaviour) = origin else { return };
            if severe.as_ref().is_some_and(|severe| !severe.contains(&identity(&finding))) {
                return;
            }
            let (principal, action) = baseline.behaviours[behaviour].ids();
            findings.push(EnumeratedFinding {
                time: finding.time,
                known_micros,
                gap_micros: finding.gap_micros.map(NonZero::get),
                principal,
                action,
                day: 0,
                kind: finding.kind,
                read_only: finding.read_only == Some(true),
            });
        });
        // Numbers of principals and actions are in the order of their names.
        findings.sort_by_key(|finding| (finding.time, finding.principal, finding.action, finding.kind));
        let days = number_days(&mut findings);
        let mut by_age: Vec<u32> = (0..).take(findings.len()).collect();
        by_age.sort_by_key(|index| std::cmp::Reverse(findings[*index as usize].known_micros));
        let mut accounts: Vec<&str> = baseline.principals.iter().map(|who| &*who.account).collect();
        accounts.dedup();
        let number = |account: &str| accounts.partition_point(|other| *other < account) as u32;
        let mut members = Members::new(&baseline.principals, &findings);
        Self {
            members: incidents.iter().map(|incident| members.of(incident)).collect(),
            findings,
            by_age,
            days,
            principals: baseline.principals.iter().map(|who| who.account_and_key()).collect(),
            account_of: baseline.principals.iter().map(|who| number(&who.account)).collect(),
            accounts,
        }
    }
}

/// What tells a finding from the others of one question.
type FindingIdentity<'b> = (Timestamp, &'b str, &'b str, &'b str, FindingKind);

fn identity<'b>(finding: &Finding<'b>) -> FindingIdentity<'b> {
    (finding.time, finding.account(), finding.principal(), finding.action, finding.kind)
}

/// The findings that are severe enough. A rule that their events match can raise their severity.
fn severe<'b>(baseline: &'b Baseline, asked: &Question) -> BTreeSet<FindingIdentity<'b>> {
    first_seen(baseline, asked).iter().map(identity).collect()
}

/// Sets the day number of each of the sorted findings.
fn number_days(findings: &mut [EnumeratedFinding]) -> Vec<(Day, Range<usize>)> {
    let mut days: Vec<(Day, Range<usize>)> = Vec::new();
    for (index, finding) in findings.iter_mut().enumerate() {
        match days.last_mut().filter(|(day, _)| *day == finding.time.day()) {
            Some((_, range)) => range.end = index + 1,
            None => days.push((finding.time.day(), index..index + 1)),
        }
        finding.day = days.len() as u32 - 1;
    }
    days
}
