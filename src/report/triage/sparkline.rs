//! How much was new over time, as one line of blocks for a terminal.

use crate::query::Overview;
use crate::report::count::counted;
use crate::time::Day;

/// Blocks by height; nothing is a dot.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The most columns.
const COLUMNS: i64 = 60;

/// Two lines: the blocks, and their scale in words; none if nothing was new. `before` says that filters do not apply.
pub(super) fn lines(overview: &Overview, before: &str) -> Option<[String; 2]> {
    let [first, last] = overview.archive.span?;
    let (first, last) = (first.day(), last.day());
    let days = i64::from(last.number()) - i64::from(first.number()) + 1;
    let step = days_in_column(days);
    let mut sums = vec![0_u64; usize::try_from((days - 1) / step + 1).ok()?];
    for (day, findings) in &overview.novelty {
        let column = (i64::from(day.number()) - i64::from(first.number())) / step;
        *sums.get_mut(usize::try_from(column).ok()?)? += findings;
    }
    let most = sums.iter().copied().max().filter(|most| *most > 0)?;
    let highest = sums.iter().position(|sum| *sum == most)? as i64;
    let blocks: String = sums.iter().map(|sum| block(*sum, most)).collect();
    let each = match step {
        1 => "day".to_owned(),
        7 => "week".to_owned(),
        days => format!("{} weeks", days / 7),
    };
    let day = Day::from_number(i32::try_from(i64::from(first.number()) + highest * step).ok()?);
    Some([
        format!("novelty{before}: {blocks}"),
        format!("   each {each} from {first}; █ is {} ({day}), . none", counted(most, "finding")),
    ])
}

/// Days in a column of a period of `days` days: one, or as many whole weeks as needed.
pub(in crate::report) fn days_in_column(days: i64) -> i64 {
    if days <= COLUMNS { 1 } else { (days - 1) / (7 * COLUMNS) * 7 + 7 }
}

fn block(sum: u64, most: u64) -> char {
    match (u128::from(sum) * BLOCKS.len() as u128).div_ceil(u128::from(most)) {
        0 => '.',
        height => BLOCKS[(height as usize - 1).min(BLOCKS.len() - 1)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::ArchiveOverview;
    use crate::report::width::width;

    fn overview(days: i32, novelty: &[(i32, u64)]) -> Overview {
        let novelty = novelty.iter().map(|(day, sum)| (Day::from_number(*day), *sum)).collect();
        let span = Some([Day::from_number(0).start(), Day::from_number(days - 1).end()]);
        let archive = ArchiveOverview { span, ..ArchiveOverview::default() };
        Overview { archive, novelty, ..Overview::default() }
    }

    #[test]
    fn a_short_archive_has_a_column_a_day() {
        let [blocks, scale] = lines(&overview(4, &[(1, 1), (2, 16)]), "").unwrap();
        assert_eq!(blocks, "novelty: .▁█.");
        assert!(scale.ends_with("each day from 1970-01-01; █ is 16 findings (1970-01-03), . none"));
    }

    #[test]
    fn every_archive_fits_in_a_terminal() {
        for days in [1, 60, 61, 366, 420, 421, 36_500, 365_000] {
            let lines = lines(&overview(days, &[(days - 1, 1_000_000)]), "").unwrap();
            assert!(lines[0].ends_with('█'), "{days}");
            assert!(lines.iter().all(|line| width(line) <= 80), "{lines:?}");
        }
    }

    #[test]
    fn nothing_new_has_no_line() {
        assert_eq!(lines(&overview(4, &[]), ""), None);
        assert_eq!(lines(&Overview::default(), ""), None);
    }
}
