//! The deliveries of one account and Region in the reported period.

use super::CoverageQuestion;
use super::gaps::{DayGap, HourGap, hour_gaps};
use crate::coverage::{Delivery, DeliveryDay, PlaceCoverage};
use crate::time::{Day, Timestamp};

/// The deliveries of one account and Region in the reported period, and the gaps in them.
#[derive(Clone, Debug, PartialEq)]
pub struct CoveredPlace<'a> {
    /// Account in the object keys.
    pub account: &'a str,
    /// Region in the object keys; of the audit log of a cluster `eks/` and its name.
    pub region: &'a str,
    /// Log objects read.
    pub objects: u64,
    /// Log objects of which nothing could be read.
    pub failed: u64,
    /// Records in the objects read.
    pub records: u64,
    /// Bytes of the objects read, as stored.
    pub stored_bytes: u64,
    /// The first delivery on the reported days.
    pub first: Option<Delivery>,
    /// The last delivery on the reported days.
    pub last: Option<Delivery>,
    /// The first and the last reported day that is not before the first object of all or after the last one, read or not.
    pub period: Option<(Day, Day)>,
    /// The reported days with objects, sorted.
    pub days: &'a [DeliveryDay],
    /// Gaps of days between the first and the last delivery that have a reported day.
    pub gaps: Vec<DayGap>,
    /// The same of hours, if the place delivers in most hours: see [`HOURLY_SHARE`](super::HOURLY_SHARE).
    pub hour_gaps: Option<Vec<HourGap>>,
}

impl<'a> CoveredPlace<'a> {
    pub(super) fn new(
        (account, region): &'a (String, String),
        place: &'a PlaceCoverage,
        question: &CoverageQuestion,
    ) -> Self {
        let days = reported_days(place, question);
        let sum = |of: fn(&DeliveryDay) -> u64| days.iter().map(of).fold(0, u64::saturating_add);
        // Objects without a day belong to no period but the whole.
        let is_whole = question.from.is_none() && question.to.is_none();
        let total = |whole: u64, of: fn(&DeliveryDay) -> u64| if is_whole { whole } else { sum(of) };
        let gaps = place.gaps().map(|(from, to)| DayGap { from, to, failed: failed(place, from, to) });
        let hours = hour_gaps(place.days.iter()).map(|mut gaps| {
            gaps.retain(|gap| question.overlaps(gap.from, Timestamp::from_micros(gap.to.micros() - 1)));
            gaps
        });
        let mut read = days.iter().filter(|day| day.objects > 0);
        let first = read.next();
        let last = read.next_back().or(first);
        Self {
            account,
            region,
            objects: total(place.objects, |day| day.objects),
            failed: total(place.failed, |day| day.failed),
            records: total(place.records, |day| day.records),
            stored_bytes: total(place.stored_bytes, |day| day.stored_bytes),
            first: first.map(|day| Delivery { day: day.day, hour: hour(day.hours, u32::trailing_zeros) }),
            last: last.map(last_delivery),
            period: period(place, question),
            days,
            gaps: gaps.filter(|gap| question.overlaps(gap.from.start(), gap.to.end())).collect(),
            hour_gaps: hours,
        }
    }
}

/// The last delivery of a day.
pub(super) fn last_delivery(day: &DeliveryDay) -> Delivery {
    Delivery { day: day.day, hour: hour(day.hours, |hours| 31 - hours.leading_zeros()) }
}

/// The first or last hour of a mask; none if no hour is known.
fn hour(hours: u32, which: fn(u32) -> u32) -> Option<u8> {
    if hours == 0 { None } else { u8::try_from(which(hours)).ok() }
}

/// The days that have an instant of the reported period.
fn reported_days<'a>(place: &'a PlaceCoverage, question: &CoverageQuestion) -> &'a [DeliveryDay] {
    let end = question.to.map_or(Day::from_number(i32::MAX), |to| to.day().next());
    place.days.between(question.from.map_or(Day::from_number(i32::MIN), Timestamp::day), end)
}

/// The reported days from the first object to the last.
fn period(place: &PlaceCoverage, question: &CoverageQuestion) -> Option<(Day, Day)> {
    let mut days = place.days.iter().map(|day| day.day);
    let first = days.next()?;
    let last = days.next_back().unwrap_or(first);
    let from = question.from.map_or(first, |from| from.day().max(first));
    let to = question.to.map_or(last, |to| to.day().min(last));
    (from <= to).then_some((from, to))
}

/// Objects of these days of which nothing could be read.
fn failed(place: &PlaceCoverage, from: Day, to: Day) -> u64 {
    place.days.between(from, to.next()).iter().map(|day| day.failed).sum()
}
