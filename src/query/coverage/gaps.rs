//! Days and hours without a delivery, between others with one.

use crate::coverage::DeliveryDay;
use crate::time::{Day, Span, Timestamp};

/// A place is expected to deliver every hour if it did in at least this share of the hours between its first and its last
/// delivery. CloudTrail delivers about every five minutes, but nothing while nobody calls (CloudTrail User Guide, "Finding your
/// CloudTrail log files"), so an hour without a delivery means something only where they are rare.
pub const HOURLY_SHARE: f64 = 0.75;

/// The shortest time between the first and the last delivery, in hours, after which a place is expected to deliver every hour.
pub const LEAST_HOURLY_SPAN: i64 = 48;

/// The shortest gap of a place that delivers every hour, in hours.
pub const LEAST_GAP_HOURS: i64 = 2;

/// Days in a row without an object that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayGap {
    /// The first of them.
    pub from: Day,
    /// The last of them.
    pub to: Day,
    /// Objects delivered on them of which nothing could be read.
    pub failed: u64,
}

impl DayGap {
    /// Number of its days.
    pub fn days(&self) -> i64 {
        i64::from(self.to.number()) - i64::from(self.from.number()) + 1
    }
}

/// Hours in a row without an object that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourGap {
    /// Start of the first of them.
    pub from: Timestamp,
    /// End of the last of them.
    pub to: Timestamp,
}

impl HourGap {
    /// Number of its hours.
    pub fn hours(&self) -> i64 {
        self.to.micros_since(self.from) / HOUR_MICROS
    }
}

const HOUR_MICROS: i64 = Span::hours(1).micros();

/// The gaps of hours, if the place delivers in most hours. The hours of a day are unknown if the name of no object gives one; such a
/// day has no gap.
pub(super) fn hour_gaps<'d>(days: impl Iterator<Item = &'d DeliveryDay>) -> Option<Vec<HourGap>> {
    let mut gaps = Vec::new();
    let mut known = 0_i64;
    let mut span: Option<(i64, i64)> = None;
    for day in days.filter(|day| day.objects > 0) {
        let midnight = i64::from(day.day.number()) * 24;
        let hours = match day.hours {
            0 => ALL_HOURS,
            hours => hours & ALL_HOURS,
        };
        known += i64::from((day.hours & ALL_HOURS).count_ones());
        for hour in (0..24).filter(|hour| hours & 1 << hour != 0).map(|hour| midnight + hour) {
            if let Some((_, last)) = span.filter(|(_, last)| hour - last > LEAST_GAP_HOURS) {
                gaps.push(HourGap { from: start(last + 1), to: start(hour) });
            }
            span = Some((span.map_or(hour, |(first, _)| first), hour));
        }
    }
    let (first, last) = span?;
    let all = last - first + 1;
    (all >= LEAST_HOURLY_SPAN && known as f64 >= HOURLY_SHARE * all as f64).then_some(gaps)
}

/// One bit for each hour of a day.
const ALL_HOURS: u32 = (1 << 24) - 1;

/// The start of an hour, counted from 1970-01-01.
fn start(hour: i64) -> Timestamp {
    Timestamp::from_seconds(hour * 3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i32, hours: u32) -> DeliveryDay {
        DeliveryDay { objects: 1, hours, ..DeliveryDay::empty(Day::from_number(number)) }
    }

    fn shown(days: &[DeliveryDay]) -> Option<Vec<String>> {
        let gaps = hour_gaps(days.iter())?;
        Some(gaps.iter().map(|gap| format!("{} {} {}", gap.from, gap.to, gap.hours())).collect())
    }

    #[test]
    fn a_place_that_delivers_every_hour_has_gaps_of_hours() {
        let mut days =
            vec![day(0, ALL_HOURS), day(1, ALL_HOURS & !(1 << 5)), day(2, ALL_HOURS & !(0b11 << 7))];
        assert_eq!(shown(&days).unwrap(), ["1970-01-03T07:00:00Z 1970-01-03T09:00:00Z 2"]);
        // Over midnight, and a whole day.
        days.extend([day(3, ALL_HOURS & !(1 << 23)), day(5, ALL_HOURS & !1)]);
        days.extend((6..20).map(|number| day(number, ALL_HOURS)));
        assert_eq!(shown(&days).unwrap()[1], "1970-01-04T23:00:00Z 1970-01-06T01:00:00Z 26");
    }

    #[test]
    fn a_quiet_place_has_none() {
        // 18 of 24 hours.
        let most = 0x3_ffff;
        assert_eq!(
            shown(&[day(0, ALL_HOURS), day(1, most), day(2, most), day(3, ALL_HOURS)]).map(|it| it.len()),
            Some(2)
        );
        assert_eq!(shown(&[day(0, 1), day(1, 1), day(3, ALL_HOURS)]), None);
        assert_eq!(shown(&[day(0, ALL_HOURS)]), None, "too short");
        assert_eq!(shown(&[]), None);
    }

    #[test]
    fn hours_that_no_name_gives_are_no_gap() {
        assert_eq!(shown(&[day(0, 0), day(1, 0), day(2, 0)]), None);
        let days: Vec<_> =
            (0..9).map(|number| day(number, if number == 4 { 0 } else { ALL_HOURS })).collect();
        assert_eq!(shown(&days).unwrap(), [""; 0]);
    }
}
