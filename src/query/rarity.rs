//! How rare a sighting was at its time: how many other principals had done the same action before.

use std::cmp::Ordering;
use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::in_scope::first_counted;
use super::{FindingKind, Question, Rarity};
use crate::baseline::Baseline;
use crate::model::InOrder;
use crate::time::Timestamp;

/// The rarity of each principal's first sighting of one action or value.
///
/// Takes the accounts of these principals in the order of their first sightings.
pub(super) fn rarities_in_order<'b>(accounts: impl Iterator<Item = &'b str>) -> impl Iterator<Item = Rarity> {
    let mut seen: HashSet<&str, FixedState> = HashSet::default();
    (0..).zip(accounts).map(move |(earlier, account)| Rarity {
        other_principals: earlier,
        first_for_account: seen.insert(account),
        first_for_archive: earlier == 0,
    })
}

/// The rarity of every behaviour.
#[derive(Debug)]
pub(super) struct Rarities {
    /// For the first sighting, by behaviour.
    first: Vec<Rarity>,
    /// By action and time: the first sightings of all principals; empty if no action returns.
    firsts: Vec<(u32, Timestamp)>,
}

impl Rarities {
    /// Computed from the sightings that count for this question.
    pub(super) fn new(baseline: &Baseline, question: &Question) -> Self {
        let sighting = |index: u32| first_counted(&baseline.behaviours[index as usize], question);
        let numbered = (0..).zip(&baseline.behaviours);
        let mut order: Vec<(u32, u32)> = numbered
            .filter(|(_, behaviour)| first_counted(behaviour, question).is_some())
            .map(|(index, behaviour)| (behaviour.action, index))
            .collect();
        order.sort_unstable_by(|left, right| {
            let by_sighting = || match (sighting(left.1), sighting(right.1)) {
                (Some(left), Some(right)) => left.order(right),
                _ => Ordering::Equal,
            };
            left.0.cmp(&right.0).then_with(by_sighting).then(left.1.cmp(&right.1))
        });
        let mut first = vec![Rarity::default(); baseline.behaviours.len()];
        let account_of = |index: usize| {
            let principal = baseline.behaviours[index].principal;
            &*baseline.principals[principal as usize].account
        };
        for same_action in order.chunk_by(|left, right| left.0 == right.0) {
            let indices = || same_action.iter().map(|(_, index)| *index as usize);
            for (index, rarity) in indices().zip(rarities_in_order(indices().map(account_of))) {
                first[index] = rarity;
            }
        }
        let asks_for_later =
            question.forget.is_some() || question.report.contains(&FindingKind::FirstSuccess);
        let of_laters = order.into_iter().filter(|_| asks_for_later);
        let firsts = of_laters.filter_map(|(action, index)| Some((action, sighting(index)?.time))).collect();
        Self { first, firsts }
    }

    /// The rarity of a behaviour's first sighting.
    pub(super) fn of_first(&self, behaviour: usize) -> Rarity {
        self.first[behaviour]
    }

    /// The rarity of a later sighting by a principal that has done this action before.
    pub(super) fn of_later(&self, action: u32, time: Timestamp) -> Rarity {
        let start = self.firsts.partition_point(|(other, _)| *other < action);
        let before = self.firsts[start..].partition_point(|first| *first < (action, time));
        let others = u32::try_from(before).unwrap_or(u32::MAX).saturating_sub(1);
        Rarity { other_principals: others, first_for_account: false, first_for_archive: false }
    }
}
