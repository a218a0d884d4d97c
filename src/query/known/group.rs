//! Arranges behaviours in groups and rows: by account, principal or action.

use std::collections::HashSet;

use roaring::RoaringBitmap;

use super::change::SelectedBehaviour;
use super::subject::account_numbers;
use super::{By, Change, Measure, PointInTime, Subject};
use crate::baseline::{Baseline, Behaviour};
use crate::query::iam::Iam;

/// One account, principal or action.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownGroup<'b> {
    /// Its account, principal or action.
    pub subject: Subject<'b>,
    /// Number of different principals in it.
    pub principals: u64,
    /// Number of different actions in it.
    pub actions: u64,
    /// Sorted by name.
    pub rows: Vec<KnownRow<'b>>,
}

/// One principal's action, or that of all principals of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownRow<'b> {
    /// Its subject and action.
    pub subject: Subject<'b>,
    /// How it changed, if requested.
    pub change: Option<Change>,
    /// Number of different principals in it.
    pub principals: u64,
    /// The numbers.
    pub measure: Measure,
    /// Whether the principal is in the IAM inventory; `None` without one, or if it does not cover such principals.
    pub known_to_iam: Option<bool>,
}

/// Groups behaviours, and combines those of one row.
pub(super) fn groups<'b>(
    baseline: &'b Baseline,
    by: By,
    point: &PointInTime,
    mut picked: Vec<SelectedBehaviour<'b>>,
) -> Vec<KnownGroup<'b>> {
    let (accounts, iam) = (account_numbers(baseline), Iam::new(baseline));
    let place = |picked: &SelectedBehaviour<'_>| group_ids(by, &accounts, picked.behaviour);
    picked.sort_by_key(place);
    let same_group = picked.chunk_by(|left, right| place(left).0 == place(right).0);
    let groups = same_group.map(|group| {
        let actions: RoaringBitmap = group.iter().map(|picked| picked.behaviour.action).collect();
        let same_row = group.chunk_by(|left, right| place(left) == place(right));
        KnownGroup {
            subject: Subject::group(baseline, by, group[0].behaviour),
            principals: principals(group),
            actions: actions.len(),
            rows: same_row.filter_map(|row| known_row((baseline, &iam), by, point, row)).collect(),
        }
    });
    groups.collect()
}

/// The number of a behaviour's group, and that of its row in the group.
pub(super) fn group_ids(by: By, accounts: &[u32], behaviour: &Behaviour) -> (u32, u32) {
    match by {
        By::Account => (accounts[behaviour.principal as usize], behaviour.action),
        By::Principal => (behaviour.principal, behaviour.action),
        By::Action => (behaviour.action, behaviour.principal),
    }
}

fn known_row<'b>(
    (baseline, iam): (&'b Baseline, &Iam<'b>),
    by: By,
    point: &PointInTime,
    row: &[SelectedBehaviour<'b>],
) -> Option<KnownRow<'b>> {
    let behaviours: Vec<&Behaviour> = row.iter().map(|picked| picked.behaviour).collect();
    let subject = Subject::row(baseline, by, row[0].behaviour);
    let who = &baseline.principals[row[0].behaviour.principal as usize];
    Some(KnownRow {
        subject,
        change: row[0].change,
        principals: principals(row),
        measure: point.measure(&behaviours)?,
        known_to_iam: subject.principal.and_then(|_| iam.knows(who)),
    })
}

fn principals(picked: &[SelectedBehaviour<'_>]) -> u64 {
    picked.iter().map(|picked| picked.behaviour.principal).collect::<HashSet<_>>().len() as u64
}
