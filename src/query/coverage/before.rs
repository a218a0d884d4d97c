//! How long the account and Region of a finding had been covered.

use std::collections::HashMap;

use crate::coverage::Coverage;
use crate::query::{CoveredBefore, Finding};
use crate::time::{Day, Span};

/// Notes in each finding how long its account and Region had been covered. These are the account of the principal and the Region of
/// the record; nothing is noted if no object's name gives them. Objects delivered after the day `last` do not count: of an archive they are
/// not read, but a saved baseline may have them.
pub fn set_covered<'f, 'b: 'f>(
    coverage: &Coverage,
    (warmup, last): (Span, Option<Day>),
    findings: impl Iterator<Item = &'f mut Finding<'b>>,
) {
    let counts = |day: &Day| last.is_none_or(|last| *day <= last);
    let places = coverage.places.iter().map(|((account, region), place)| {
        let days = place.days.covered().take_while(counts);
        ((&**account, &**region), days.map(Day::number).collect::<Vec<i32>>())
    });
    let covered: HashMap<(&str, &str), Vec<i32>> = places.filter(|(_, days)| !days.is_empty()).collect();
    for finding in findings {
        let place = finding.region().map(|region| (finding.account(), region));
        let days = place.and_then(|place| covered.get(&place));
        finding.covered = days.map(|days| before(days, finding.time.day(), warmup));
    }
}

/// Counts the covered days before a day, and those that are missing in the warmup before it.
fn before(covered: &[i32], day: Day, warmup: Span) -> CoveredBefore {
    let day = day.number();
    let until = |day: i32| covered.partition_point(|known| *known < day);
    let window = warmup.whole_days().max(1);
    let first = covered.first().copied().unwrap_or(day);
    let start = day.saturating_sub(window).max(first);
    let found = until(day) - until(start.min(day));
    let wanted = usize::try_from(i64::from(day) - i64::from(start)).unwrap_or(0);
    let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    CoveredBefore { days: number(until(day)), gap_days: number(wanted.saturating_sub(found)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(covered: &[i32], day: i32, warmup: u32) -> (u16, u16) {
        let before = before(covered, Day::from_number(day), Span::days(warmup));
        (before.days, before.gap_days)
    }

    #[test]
    fn only_days_before_count() {
        assert_eq!(counted(&[10, 11, 12, 13], 12, 30), (2, 0));
        assert_eq!(counted(&[10, 11, 12, 13], 20, 30), (4, 6));
        assert_eq!(counted(&[10], 10, 30), (0, 0));
        assert_eq!(counted(&[10], 5, 30), (0, 0));
    }

    #[test]
    fn gaps_are_those_of_the_warmup() {
        let days = [0, 1, 5, 6, 7, 8];
        assert_eq!(counted(&days, 9, 30), (6, 3));
        assert_eq!(counted(&days, 9, 5), (6, 1));
        assert_eq!(counted(&days, 9, 4), (6, 0));
        assert_eq!(counted(&days, 4, 0), (2, 1), "at least one day");
        assert_eq!(counted(&days, 2, 0), (2, 0));
    }
}
