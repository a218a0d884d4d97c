//! The table `activity`: one row for each day of each behaviour.

use super::error::TableError;
use super::table::Table;
use crate::baseline::{ActiveDay, Baseline, Behaviour, Days};
use crate::table::Column;

pub(super) const SCHEMA: &str = "message activity {
    required int64 behaviour;
    required binary account (STRING);
    required binary principal (STRING);
    required binary action (STRING);
    required int32 day (DATE);
    required int32 hours;
    required int32 success_hours;
    required int64 count;
    required int64 errors;
}";

/// A day of the behaviour with this number.
pub(super) type Row<'b> = (i64, &'b Behaviour, &'b ActiveDay);

pub(super) fn rows(baseline: &Baseline) -> impl Iterator<Item = Row<'_>> {
    (0..)
        .zip(&baseline.behaviours)
        .flat_map(|(number, behaviour)| behaviour.days.iter().map(move |day| (number, behaviour, day)))
}

pub(super) fn columns<'b>(baseline: &'b Baseline, rows: &[Row<'b>]) -> Vec<Column<'b>> {
    let principal = |behaviour: &Behaviour| &baseline.principals[behaviour.principal as usize];
    let action = |behaviour: &Behaviour| &*baseline.actions[behaviour.action as usize];
    vec![
        Column::Long(rows.iter().map(|(number, ..)| Some(*number)).collect()),
        Column::Text(rows.iter().map(|(_, behaviour, _)| Some(&*principal(behaviour).account)).collect()),
        Column::Text(rows.iter().map(|(_, behaviour, _)| Some(&*principal(behaviour).key)).collect()),
        Column::Text(rows.iter().map(|(_, behaviour, _)| Some(action(behaviour))).collect()),
        Column::Int(rows.iter().map(|(.., day)| Some(day.day.number())).collect()),
        Column::Int(rows.iter().map(|(.., day)| Some(day.hours as i32)).collect()),
        Column::Int(rows.iter().map(|(.., day)| Some(day.success_hours as i32)).collect()),
        Column::Long(rows.iter().map(|(.., day)| Some(day.count as i64)).collect()),
        Column::Long(rows.iter().map(|(.., day)| Some(day.errors as i64)).collect()),
    ]
}

/// Gives each behaviour its days; their totals must equal `counts`.
pub(super) fn read(
    table: &Table,
    behaviours: &mut [Behaviour],
    counts: &[(u64, u64)],
) -> Result<(), TableError> {
    let mut reader = DayReader { behaviours, current: 0, days: Vec::new() };
    for group in table.by_group()? {
        reader.read(&group)?;
    }
    reader.end_behaviour();
    let sum = |behaviour: &Behaviour, of: fn(&ActiveDay) -> u64| {
        behaviour.days.iter().map(of).try_fold(0, u64::checked_add)
    };
    let adds_up = |(behaviour, counts): (&Behaviour, &(u64, u64))| {
        (sum(behaviour, |day| day.count), sum(behaviour, |day| day.errors))
            == (Some(counts.0), Some(counts.1))
    };
    if behaviours.iter().zip(counts).all(adds_up) {
        Ok(())
    } else {
        Err("its counts are not those of the behaviours".into())
    }
}

/// Collects the days of one behaviour after another.
struct DayReader<'b> {
    behaviours: &'b mut [Behaviour],
    /// The behaviour of the last row.
    current: usize,
    /// Its days so far.
    days: Vec<ActiveDay>,
}

impl DayReader<'_> {
    /// Adds the days of a group of rows.
    fn read(&mut self, table: &Table) -> Result<(), TableError> {
        let numbers = table.numbers::<usize>("behaviour")?;
        let days = table.days("day")?;
        let (hours, success_hours) = (masks(table, "hours")?, masks(table, "success_hours")?);
        let (count, errors) = (table.numbers::<u64>("count")?, table.numbers::<u64>("errors")?);
        for (row, number) in numbers.into_iter().enumerate() {
            if number >= self.behaviours.len() {
                return Err(TableError::value("behaviour"));
            }
            if number > self.current {
                self.end_behaviour();
                self.current = number;
            }
            let day = ActiveDay {
                day: days[row],
                hours: hours[row],
                success_hours: success_hours[row],
                count: count[row],
                errors: errors[row],
            };
            if number < self.current || self.days.last().is_some_and(|before| before.day >= day.day) {
                return Err("its rows are not sorted".into());
            }
            self.days.push(day);
        }
        Ok(())
    }

    fn end_behaviour(&mut self) {
        if let Some(behaviour) = self.behaviours.get_mut(self.current) {
            behaviour.days = Days::from(&self.days[..]);
        }
        self.days.clear();
    }
}

/// Masks of the 24 hours of a day.
fn masks(table: &Table, name: &str) -> Result<Vec<u32>, TableError> {
    let mask =
        |mask: Option<i32>| mask.and_then(|mask| u32::try_from(mask).ok()).filter(|mask| *mask < 1 << 24);
    table.ints(name)?.into_iter().map(|value| mask(value).ok_or_else(|| TableError::value(name))).collect()
}
