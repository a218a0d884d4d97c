//! Where a list of objects is divided.

use std::ops::Range;

use super::ShardCount;
use crate::time::Day;

/// Where each shard ends, from the costs and delivery days of all objects in the order of delivery. There is at least one shard, and
/// only a shard of nothing is empty.
pub(super) fn cut(costs: &[u64], days: &[Option<Day>], count: ShardCount) -> Vec<usize> {
    let total = sum(costs);
    let shards = match count {
        ShardCount::Exactly(shards) => u128::from(shards.max(1)),
        ShardCount::ByCost(cost) => total.div_ceil(u128::from(cost.max(1))).max(1),
    };
    let share = total.div_ceil(shards).max(1);
    let mut ends = Vec::new();
    let (mut before, mut current) = (0, None);
    for unit in units(costs, days, share) {
        let cost = sum(&costs[unit.clone()]);
        // The shard in whose share the middle of the unit lies.
        let shard = (before + cost / 2) / share;
        if current.is_some_and(|current| shard > current) {
            ends.push(unit.start);
        }
        current = Some(shard);
        before += cost;
    }
    ends.push(costs.len());
    ends
}

/// What stays together, as ranges of objects: a day, or an object of a day that costs more than a share.
fn units(costs: &[u64], days: &[Option<Day>], share: u128) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    days.chunk_by(|left, right| left == right).flat_map(move |day| {
        let range = start..start + day.len();
        start = range.end;
        let step = if sum(&costs[range.clone()]) > share { 1 } else { range.len() };
        range.step_by(step).map(move |start| start..start + step)
    })
}

fn sum(costs: &[u64]) -> u128 {
    costs.iter().copied().map(u128::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Divides objects that all cost 10, with this many on each day.
    fn cut_days(objects: &[usize], count: ShardCount) -> Vec<usize> {
        let days = (0..).zip(objects);
        let days: Vec<Option<Day>> =
            days.flat_map(|(day, count)| vec![Some(Day::from_number(day)); *count]).collect();
        cut(&vec![10; days.len()], &days, count)
    }

    #[test]
    fn days_stay_together() {
        assert_eq!(cut_days(&[2, 2, 2, 2], ShardCount::Exactly(2)), [4, 8]);
        assert_eq!(cut_days(&[3, 3, 3], ShardCount::Exactly(2)), [3, 9]);
        assert_eq!(cut_days(&[1, 1, 1, 1], ShardCount::ByCost(20)), [2, 4]);
    }

    #[test]
    fn a_day_that_is_more_than_a_share_is_divided() {
        assert_eq!(cut_days(&[8], ShardCount::Exactly(4)), [2, 4, 6, 8]);
        assert_eq!(cut_days(&[1, 8, 1], ShardCount::Exactly(2)), [5, 10]);
    }

    #[test]
    fn there_are_no_more_shards_than_objects() {
        assert_eq!(cut_days(&[1, 1], ShardCount::Exactly(9)), [1, 2]);
        assert_eq!(cut_days(&[], ShardCount::Exactly(9)), [0]);
        assert_eq!(cut(&[u64::MAX, u64::MAX], &[None, None], ShardCount::ByCost(1)), [1, 2]);
        assert_eq!(cut(&[0, 0], &[None, None], ShardCount::Exactly(3)), [2]);
    }

    #[test]
    fn shards_have_about_the_same_cost() {
        for shards in 1..20 {
            let ends = cut_days(&[7; 100], ShardCount::Exactly(shards));
            assert_eq!(ends.len(), shards as usize);
            let starts = std::iter::once(&0).chain(&ends);
            let sizes = starts.zip(&ends).map(|(start, end)| (end - start) as f64);
            let share = 700.0 / f64::from(shards);
            assert!(sizes.into_iter().all(|size| (size - share).abs() <= 7.0), "{ends:?}");
        }
    }
}
