//! The number of findings that a setting would have reported on each day.

use crate::query::Question;
use crate::time::{Day, Span, Timestamp};

/// Findings per UTC day, over the days on which the setting could have reported anything; a day without a finding
/// counts as 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daily<'b> {
    /// Number of days: from the first event of the archive plus the warmup, or earlier if a principal is known to be older, to the last
    /// sighting, within the reported window.
    pub days: u64,
    /// Findings on all of them.
    pub findings: usize,
    /// The median by nearest rank; `None` without a day.
    pub median: Option<usize>,
    /// The 95th percentile by nearest rank.
    pub p95: Option<usize>,
    /// The day with the most findings; the first if there are several.
    pub worst: Option<WorstDay<'b>>,
}

/// The day with the most findings, and its noisiest principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstDay<'b> {
    /// The day.
    pub day: Day,
    /// Its findings.
    pub findings: usize,
    /// Account of the principal with the most of them.
    pub account: &'b str,
    /// That principal; the first by account and name if there are several.
    pub principal: &'b str,
    /// How many of them are of that principal.
    pub principal_findings: usize,
}

/// First and last sighting of a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedSpan {
    /// Time of the first sighting.
    pub first: Timestamp,
    /// Time of the last one.
    pub last: Timestamp,
}

impl ObservedSpan {
    /// First and last day on which a finding could be reported after this warmup; inverted if there is none. The age of the oldest principal
    /// counts from `oldest`.
    pub(super) fn days_after(&self, warmup: Span, oldest: Timestamp, question: &Question) -> (Day, Day) {
        // Only a principal whose creation is known can be older than the archive.
        let old_enough = self.first.min(oldest).plus(warmup).max(self.first);
        let first = question.from.map_or(old_enough, |from| from.max(old_enough));
        let last = question.to.map_or(self.last, |to| to.min(self.last));
        (first.day(), last.day())
    }
}

impl<'b> Daily<'b> {
    /// Computed from the sorted numbers of findings of the days with findings, and the first and last day that count.
    pub(super) fn new(counts: &[usize], span: Option<(Day, Day)>, worst: Option<WorstDay<'b>>) -> Self {
        let length = span.map_or(0, |(first, last)| i64::from(last.number()) - i64::from(first.number()) + 1);
        let days = u64::try_from(length).unwrap_or(0).max(counts.len() as u64);
        Self {
            days,
            findings: counts.iter().sum(),
            median: nearest_rank(50, days, counts),
            p95: nearest_rank(95, days, counts),
            worst,
        }
    }

    /// Findings per day on average; `None` without a day.
    pub fn mean(&self) -> Option<f64> {
        (self.days > 0).then(|| self.findings as f64 / self.days as f64)
    }
}

/// The smallest value that at least `percent` of `total` values do not exceed. `counts` are the values above 0,
/// sorted; all others are 0.
pub(super) fn nearest_rank(percent: u64, total: u64, counts: &[usize]) -> Option<usize> {
    let rank = (total * percent).div_ceil(100).checked_sub(1)?;
    let zeros = total - counts.len() as u64;
    Some(rank.checked_sub(zeros).map_or(0, |index| counts[index as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_include_days_without_findings() {
        assert_eq!(nearest_rank(50, 0, &[]), None);
        assert_eq!(nearest_rank(50, 1, &[]), Some(0));
        assert_eq!(nearest_rank(50, 1, &[4]), Some(4));
        assert_eq!(nearest_rank(50, 2, &[4]), Some(0), "the lower of two in the middle");
        assert_eq!(nearest_rank(50, 3, &[4, 5]), Some(4));
        assert_eq!(nearest_rank(95, 20, &[7]), Some(0));
        assert_eq!(nearest_rank(95, 20, &[7, 9]), Some(7));
        assert_eq!(nearest_rank(95, 100, &[1, 2, 3, 4, 5, 6]), Some(1));
        assert_eq!(nearest_rank(100, 3, &[1, 2, 3]), Some(3));
    }

    #[test]
    fn a_percentile_is_the_smallest_value_with_enough_values_at_or_below_it() {
        for total in 1..40_u64 {
            for above in 0..=total {
                let counts: Vec<usize> = (1..=above as usize).map(|number| number / 2 + 1).collect();
                let mut all = vec![0; (total - above) as usize];
                all.extend(&counts);
                for percent in [50, 95] {
                    let enough = |value: usize| {
                        all.iter().filter(|other| **other <= value).count() as u64 * 100 >= percent * total
                    };
                    let expected = all.iter().copied().find(|value| enough(*value));
                    assert_eq!(nearest_rank(percent, total, &counts), expected);
                }
            }
        }
    }
}
