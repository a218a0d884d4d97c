//! The findings of the most sensitive setting, cut down to what every other setting is counted from.

use std::collections::BTreeSet;

use super::Incident;
use crate::query::{Finding, FindingKind};
use crate::time::Day;

/// What is needed of one finding.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) day: Day,
    pub(super) kind: FindingKind,
    pub(super) known_micros: i64,
    pub(super) gap_micros: Option<i64>,
    pub(super) read_only: bool,
    /// Index in [`Enumeration::principals`].
    pub(super) principal: u32,
    /// Index in [`Enumeration::accounts`].
    pub(super) account: u32,
}

/// All findings that any setting with one anchor can report, in their order.
#[derive(Debug)]
pub(super) struct Enumeration<'b> {
    pub(super) findings: Vec<Noted>,
    /// Account and key, sorted, so that the smaller number has the smaller name.
    pub(super) principals: Vec<(&'b str, &'b str)>,
    /// Sorted.
    pub(super) accounts: Vec<&'b str>,
    /// For each incident the indices of its findings.
    pub(super) members: Vec<Vec<u32>>,
}

impl<'b> Enumeration<'b> {
    pub(super) fn new(findings: &[Finding<'b>], incidents: &[Incident]) -> Self {
        let name = |finding: &Finding<'b>| (finding.account, finding.principal);
        let principals = sorted(findings.iter().map(name));
        let accounts = sorted(findings.iter().map(|finding| finding.account));
        let noted = findings.iter().map(|finding| Noted {
            day: finding.time.day(),
            kind: finding.kind,
            known_micros: finding.known_micros,
            gap_micros: finding.gap_micros,
            read_only: finding.read_only == Some(true),
            principal: place(&principals, &name(finding)),
            account: place(&accounts, &finding.account),
        });
        let members = incidents.iter().map(|incident| {
            let numbered = (0..).zip(findings);
            numbered.filter(|(_, finding)| incident.covers(finding)).map(|(index, _)| index).collect()
        });
        Self { findings: noted.collect(), members: members.collect(), principals, accounts }
    }
}

fn sorted<T: Ord>(names: impl Iterator<Item = T>) -> Vec<T> {
    names.collect::<BTreeSet<T>>().into_iter().collect()
}

/// The number of a name that is among the sorted ones.
fn place<T: Ord>(names: &[T], name: &T) -> u32 {
    names.partition_point(|other| other < name) as u32
}
