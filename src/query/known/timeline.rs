//! Counts over time: for each day, week or month, the new behaviours, those known at its end, and the sightings.

use thiserror::Error;

use super::group::group_ids;
use super::subject::account_numbers;
use super::wanted_behaviours::WantedBehaviours;
use super::{By, CountRange, KnownQuestion, PointInTime, Subject};
use crate::baseline::{Baseline, Behaviour};
use crate::names::named;
use crate::time::{Day, Span, Timestamp};

named! {
    /// The length of a period.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Step {
        /// A UTC day.
        Day = "day",
        /// A week that begins on Monday.
        Week = "week",
        /// A calendar month.
        Month = "month",
    }
}

impl Step {
    /// The first day of the period that contains a day.
    fn start(self, day: Day) -> Day {
        match self {
            Self::Day => day,
            Self::Week => day.monday(),
            Self::Month => day.first_of_month(),
        }
    }

    /// The first day of the next period, given that of this one.
    fn next(self, start: Day) -> Day {
        let longest = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
        };
        self.start(Day::from_number(start.number().saturating_add(longest)))
    }
}

/// One series for each group.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline<'b> {
    /// The subject; nothing is fixed if it covers all principals.
    pub subject: Subject<'b>,
    /// From the period of the first sighting to that of the requested time, without gaps.
    pub periods: Vec<Period>,
}

/// The figures of one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub start: Day,
    /// Only earlier sightings count: the end of the period, or the requested time within it.
    pub end: Timestamp,
    /// Number of behaviours first seen in it.
    pub new: u64,
    /// Number of behaviours known at its end.
    pub known: u64,
    /// Number of sightings.
    pub sightings: CountRange,
    /// Failed calls among them.
    pub errors: CountRange,
}

/// Limit on the periods of one series: 400 years of days, or the months of all times that a record can have. Only forged or broken times need
/// more.
const MOST_PERIODS: usize = 150_000;

/// Limit on the periods of all series together, which take up to 640 MB: 5,000 principals with five years of days each have nine million.
const MOST_PERIODS_OF_ALL: usize = 10_000_000;

/// A timeline would have too many periods.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TooManyPeriods {
    /// One series is too long.
    #[error("from {first} to {last} there are more than {MOST_PERIODS} periods of a {}", step.name())]
    OfOne {
        /// The first day of its first period.
        first: Day,
        /// The last day of its last one.
        last: Day,
        /// Their length.
        step: Step,
    },
    /// All series together are.
    #[error("all groups have more than {MOST_PERIODS_OF_ALL} periods of a {} together", .0.name())]
    OfAll(Step),
}

/// Counts over time until the requested time or the end of the archive, whichever is earlier; in total, or by group.
///
/// # Errors
/// If there are too many periods.
pub fn timeline<'b>(
    baseline: &'b Baseline,
    question: &KnownQuestion,
    step: Step,
    by: Option<By>,
) -> Result<Vec<Timeline<'b>>, TooManyPeriods> {
    let end = KnownQuestion { at: None, ..question.clone() }.point(baseline);
    let Some(end) = end.map(|end| question.at_time(question.at.map_or(end.time, |at| at.min(end.time))))
    else {
        return Ok(Vec::new());
    };
    let wanted = WantedBehaviours::new(baseline, &question.filter);
    let accounts = account_numbers(baseline);
    let group = |behaviour: &Behaviour| by.map(|by| group_ids(by, &accounts, behaviour).0);
    let begun = baseline.behaviours.iter().filter(|behaviour| wanted.begun(behaviour, &end));
    let mut behaviours: Vec<&Behaviour> = begun.collect();
    behaviours.sort_by_key(|behaviour| group(behaviour));
    let same_group = behaviours.chunk_by(|left, right| group(left) == group(right));
    let mut left = MOST_PERIODS_OF_ALL;
    let timelines = same_group.map(|behaviours| {
        let series = Series::new(&end, step, behaviours)?;
        left = left.checked_sub(series.periods.len()).ok_or(TooManyPeriods::OfAll(step))?;
        Ok(Timeline {
            subject: by.map_or(Subject::default(), |by| Subject::group(baseline, by, behaviours[0])),
            periods: series.fill(behaviours),
        })
    });
    timelines.collect()
}

/// Periods being filled.
struct Series<'p> {
    end: &'p PointInTime,
    periods: Vec<Period>,
    /// By period: how many more behaviours are known at its end than at the end of the previous one.
    rises: Vec<i64>,
}

impl<'p> Series<'p> {
    /// Empty periods from the first sighting to the end.
    fn new(end: &'p PointInTime, step: Step, behaviours: &[&Behaviour]) -> Result<Self, TooManyPeriods> {
        let firsts = behaviours.iter().filter_map(|behaviour| end.first(behaviour));
        let first = firsts.map(|first| step.start(first.time.day())).min();
        let starts = std::iter::successors(first, |start| {
            Some(step.next(*start)).filter(|next| next.start() < end.time && next > start)
        });
        let periods: Vec<Period> = starts
            .map(|start| Period {
                start,
                end: step.next(start).start().min(end.time),
                new: 0,
                known: 0,
                sightings: CountRange::default(),
                errors: CountRange::default(),
            })
            .take(MOST_PERIODS + 1)
            .collect();
        match periods.first() {
            Some(Period { start: first, .. }) if periods.len() > MOST_PERIODS => {
                let last = Timestamp::from_micros(end.time.micros().saturating_sub(1)).day();
                Err(TooManyPeriods::OfOne { first: *first, last, step })
            }
            _ => Ok(Self { rises: vec![0; periods.len() + 1], periods, end }),
        }
    }

    fn fill(mut self, behaviours: &[&Behaviour]) -> Vec<Period> {
        for behaviour in behaviours {
            self.add(behaviour);
        }
        let mut known = 0;
        for (period, rise) in self.periods.iter_mut().zip(&self.rises) {
            known += rise;
            period.known = known.unsigned_abs();
        }
        // The last one may end within a day, where hours are not enough.
        if let Some(last) = self.periods.last_mut() {
            last.known = behaviours.iter().filter(|behaviour| self.end.knows(behaviour)).count() as u64;
        }
        self.periods
    }

    fn add(&mut self, behaviour: &Behaviour) {
        let Some(first) = self.end.first(behaviour) else { return };
        let began = self.period(first.time);
        self.periods[began].new += 1;
        for active in self.end.begun_days(behaviour) {
            let index = self.period(active.day.start());
            let (count, errors) = (self.end.count(behaviour, active), self.end.errors(behaviour, active));
            self.periods[index].sightings += count;
            self.periods[index].errors += errors;
        }
        match self.end.forget {
            None => self.rises[began] += 1,
            Some(forget) => self.remember(behaviour, forget),
        }
    }

    /// Marks the periods at whose end a behaviour is not forgotten. All except the last end with a day, so the last hour of
    /// each day decides.
    fn remember(&mut self, behaviour: &Behaviour, forget: Span) {
        let mut filled = 0;
        for active in behaviour.days.iter() {
            let Some(hour) = active.hour_starts(self.end.only_success).last() else { continue };
            let from = self.periods.partition_point(|period| period.end <= active.day.start()).max(filled);
            let to = self.periods.partition_point(|period| period.end <= hour.plus(forget));
            if from < to {
                self.rises[from] += 1;
                self.rises[to] -= 1;
                filled = to;
            }
        }
    }

    /// The index of the period that contains a time.
    fn period(&self, time: Timestamp) -> usize {
        self.periods.partition_point(|period| period.start.start() <= time).saturating_sub(1)
    }
}
