//! The archive in numbers.

use std::collections::BTreeSet;

use super::Question;
use super::in_scope::{events, first_counted, last_counted};
use crate::baseline::Baseline;
use crate::model::Text;
use crate::time::Timestamp;

/// What the events that count for a question are, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArchiveOverview {
    /// Times of the first and last sighting.
    pub span: Option<[Timestamp; 2]>,
    /// Accounts of principals.
    pub accounts: u64,
    /// Principals.
    pub principals: u64,
    /// Events, without copies.
    pub events: u64,
}

/// The archive in numbers.
pub fn archive_overview(baseline: &Baseline, question: &Question) -> ArchiveOverview {
    let counted = || {
        let first = |behaviour| first_counted(behaviour, question).map(|first| (behaviour, first.time));
        baseline.behaviours.iter().filter_map(first)
    };
    let first = counted().map(|(_, first)| first).min();
    let last = counted().filter_map(|(behaviour, _)| last_counted(behaviour, question)).max();
    let principals: BTreeSet<u32> = counted().map(|(behaviour, _)| behaviour.principal).collect();
    let account = |principal: &u32| &baseline.principals[*principal as usize].account;
    let accounts: BTreeSet<&Text> =
        principals.iter().map(account).filter(|account| ***account != *"-").collect();
    ArchiveOverview {
        span: first.zip(last).map(|(first, last)| [first, last]),
        accounts: accounts.len() as u64,
        principals: principals.len() as u64,
        events: counted().map(|(behaviour, _)| events(behaviour, question)).sum(),
    }
}
