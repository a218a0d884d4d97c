//! The deliveries of an account and Region over time, as a line of shades for a terminal.

use crate::coverage::DeliveryDay;
use crate::report::triage::days_in_column;
use crate::time::Day;

/// Shades from few records to many.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];

/// A column without an object.
const NONE: char = '.';

/// A column with objects of which none could be read.
const UNREADABLE: char = '!';

/// The columns of all strips.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    first: Day,
    count: usize,
    /// Days in a column.
    step: i64,
}

/// What was delivered in a column.
#[derive(Clone, Copy, Default)]
struct Cell {
    objects: u64,
    failed: u64,
    records: u64,
}

impl Columns {
    /// Columns from the first day to the last.
    pub(super) fn new((first, last): (Day, Day)) -> Self {
        let days = i64::from(last.number()) - i64::from(first.number()) + 1;
        let step = days_in_column(days);
        Self { first, count: usize::try_from((days - 1) / step + 1).unwrap_or(0), step }
    }

    /// What a column is, in words.
    pub(super) fn legend(&self) -> String {
        let each = match self.step {
            1 => "a day".to_owned(),
            7 => "a week".to_owned(),
            days => format!("{} weeks", days / 7),
        };
        let shades: String = SHADES.iter().collect();
        format!(
            "each column is {each} from {}; {shades} few to many records, {NONE} no object, {UNREADABLE} none could be read",
            self.first
        )
    }

    /// The strip of days; the darkest shade is that of the column with most records.
    pub(super) fn strip(&self, days: &[DeliveryDay]) -> String {
        let mut cells = vec![Cell::default(); self.count];
        for day in days {
            let column = (i64::from(day.day.number()) - i64::from(self.first.number())) / self.step;
            if let Some(cell) = usize::try_from(column).ok().and_then(|column| cells.get_mut(column)) {
                cell.objects = cell.objects.saturating_add(day.objects);
                cell.failed = cell.failed.saturating_add(day.failed);
                cell.records = cell.records.saturating_add(day.records);
            }
        }
        let most = cells.iter().map(|cell| cell.records).max().unwrap_or(0);
        cells.iter().map(|cell| cell.shade(most)).collect()
    }
}

impl Cell {
    fn shade(self, most: u64) -> char {
        match self {
            Self { objects: 0, failed: 0, .. } => NONE,
            Self { objects: 0, .. } => UNREADABLE,
            Self { records, .. } => {
                let scaled = u128::from(records) * SHADES.len() as u128;
                let height = scaled.div_ceil(u128::from(most.max(1))) as usize;
                SHADES[height.saturating_sub(1).min(SHADES.len() - 1)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i32, objects: u64, failed: u64, records: u64) -> DeliveryDay {
        DeliveryDay { objects, failed, records, ..DeliveryDay::empty(Day::from_number(number)) }
    }

    #[test]
    fn shades_tell_few_records_from_many() {
        let columns = Columns::new((Day::from_number(0), Day::from_number(6)));
        let days = [day(0, 1, 0, 1), day(1, 1, 0, 50), day(3, 0, 2, 0), day(4, 1, 0, 100), day(5, 1, 0, 0)];
        assert_eq!(columns.strip(&days), "░▒.!█░.");
    }

    #[test]
    fn the_legend_says_what_a_column_is() {
        for (last, each) in [(59, "a day from"), (365, "a week from"), (40_000, "96 weeks from")] {
            let legend = Columns::new((Day::from_number(0), Day::from_number(last))).legend();
            assert!(legend.starts_with(&format!("each column is {each} 1970-01-01;")), "{legend}");
        }
    }

    #[test]
    fn any_period_fits_in_a_line() {
        for last in [0, 59, 60, 365, 40_000, 2_932_896] {
            let columns = Columns::new((Day::from_number(0), Day::from_number(last)));
            let strip = columns.strip(&[day(last, 1, 0, 9)]);
            assert!(strip.chars().count() <= 60 && strip.ends_with('█'), "{last}");
        }
    }
}
