//! The parts of a score for a new network, a new agent and a new impersonator.

use super::surprise::Context;
use super::{Count, Part, PartName, Reason};
use crate::baseline::{Behaviour, DimensionValue};
use crate::model::{Dimension, Text};
use crate::query::Question;
use crate::query::in_scope::active_hours;
use crate::time::{Day, Span, Timestamp};

/// Hours that a principal was active in, by day.
#[derive(Debug)]
pub(super) struct ActiveHours(Vec<(Day, u32)>);

impl ActiveHours {
    /// Those of a principal's behaviours that count for a question.
    pub(super) fn new(behaviours: &[Behaviour], question: &Question) -> Self {
        let mut days: Vec<(Day, u32)> = behaviours
            .iter()
            .flat_map(|behaviour| behaviour.days.iter())
            .map(|active| (active.day, active_hours(active, question)))
            .collect();
        days.sort_unstable_by_key(|(day, _)| *day);
        days.dedup_by(|(next, hours), (day, all)| {
            let is_same = next == day;
            if is_same {
                *all |= *hours;
            }
            is_same
        });
        Self(days)
    }

    /// The number of hours before the one of a time.
    pub(super) fn before(&self, time: Timestamp) -> u32 {
        let (day, hour) = time.day_and_hour();
        let earlier = self.0.partition_point(|(other, _)| *other < day);
        let whole: u32 = self.0[..earlier].iter().map(|(_, hours)| hours.count_ones()).sum();
        let of_day = self.0.get(earlier).filter(|(other, _)| *other == day);
        whole + of_day.map_or(0, |(_, hours)| (hours & ((1 << hour) - 1)).count_ones())
    }

    /// When the activity of a time began: the start of the hours without a break that lead to it. If these are more than those of a
    /// session, an hour before that time, since they say nothing of one session then.
    pub(super) fn began(&self, time: Timestamp) -> Timestamp {
        let hour = hour_number(time);
        match self.unbroken(|distance| hour - distance) {
            Some(before) => Timestamp::from_seconds((hour - before) * 3_600),
            None => Timestamp::from_micros(time.micros().saturating_sub(Span::hours(1).micros())),
        }
    }

    /// When the activity of a time ended: the end of the hours without a break that follow it. If these are more than those of a session,
    /// an hour after that time.
    pub(super) fn ended(&self, time: Timestamp) -> Timestamp {
        let hour = hour_number(time);
        match self.unbroken(|distance| hour + distance) {
            Some(after) => Timestamp::from_seconds((hour + after + 1) * 3_600),
            None => time.plus(Span::hours(1)),
        }
    }

    /// The number of active hours without a break, by their distance; none if they are those of a session or more.
    fn unbroken(&self, hour_at: impl Fn(i64) -> i64) -> Option<i64> {
        (1..=SESSION_HOURS).find(|distance| !self.has(hour_at(*distance))).map(|distance| distance - 1)
    }

    /// Whether the principal was active in an hour, counted from 1970-01-01.
    fn has(&self, number: i64) -> bool {
        let (day, hour) = (number.div_euclid(24), number.rem_euclid(24));
        let at = self.0.binary_search_by_key(&day, |(day, _)| i64::from(day.number()));
        at.is_ok_and(|at| self.0[at].1 >> hour & 1 == 1)
    }
}

/// The hour of a time, counted from 1970-01-01.
fn hour_number(time: Timestamp) -> i64 {
    let (day, hour) = time.day_and_hour();
    i64::from(day.number()) * 24 + i64::from(hour)
}

/// How long a session of a role or the console can last, in hours (STS API Reference, AssumeRole).
const SESSION_HOURS: i64 = 12;

/// A value of a principal, with the time of its first sighting that counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldValue<'b> {
    /// Its index in the baseline.
    pub(super) index: usize,
    pub(super) value: &'b DimensionValue,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// The values in one dimension that a principal ever had.
#[derive(Debug)]
pub(super) struct Held<'q, 'b> {
    pub(super) part: PartName,
    pub(super) values: &'q [HeldValue<'b>],
    pub(super) hours: &'q ActiveHours,
}

impl<'b> Held<'_, 'b> {
    /// The part for the most surprising of the values that are new in an episode and findings of it, if there is any with bits.
    pub(super) fn part(&self, context: &Context<'_>, is_found: impl Fn(&str) -> bool) -> Option<Part<'b>> {
        let is_new = |held: &&HeldValue<'b>| {
            held.first >= context.start && held.first <= context.end && is_found(&held.value.value)
        };
        let past = (self.hours.before(context.start), self.earlier_new(context.start));
        let parts = self.values.iter().filter(is_new).map(|held| self.of_value(held, past, context));
        let best = parts.reduce(|best, next| if next.bits > best.bits { next } else { best });
        best.filter(|part| part.bits > 0.0)
    }

    /// The part for a value of a principal that was active in so many hours before, and had new values in so many of them.
    fn of_value(
        &self,
        held: &HeldValue<'b>,
        (active_hours, earlier_new): (u32, u32),
        context: &Context<'_>,
    ) -> Part<'b> {
        let weights = context.weights;
        let [all, ..] = context.population.others(context.principal, context.start);
        let holders = context.population.holders(held.index, context.start);
        let [from, to] = context.window();
        let holders_at = |time| context.population.holders(held.index, time);
        let recent_others = holders_at(to) - holders_at(from) - u32::from(to > context.start);
        let stays = (!context.as_of_then).then(|| held.last > context.end.plus(Span::days(1)));
        let steadiness = (f64::from(active_hours + 2) / f64::from(earlier_new + 1)).log2().max(0.0);
        let rarity = (f64::from(all + 1) / f64::from(holders + 1)).log2().max(0.0);
        let others = 1.0 + weights.others * f64::from(recent_others).min(weights.others_max);
        let mut bits = weights.steadiness * steadiness + weights.rarity * rarity / others;
        if stays == Some(true) {
            bits *= weights.stays;
        }
        bits *= match self.part {
            PartName::Network => weights.network,
            PartName::Agent => weights.agent,
            _ => weights.impersonator,
        };
        let value: &'b Text = &held.value.value;
        let among_all = Count { some: holders, all };
        let part = self.part;
        Part {
            bits,
            reason: Reason::NewValue {
                part,
                value,
                among_all,
                recent_others,
                active_hours,
                earlier_new,
                stays,
            },
        }
    }

    /// Hours before a time in which the principal had a new value.
    fn earlier_new(&self, time: Timestamp) -> u32 {
        let earlier = self.values.iter().filter(|held| held.first < time);
        let mut hours: Vec<(Day, u8)> = earlier.map(|held| held.first.day_and_hour()).collect();
        hours.sort_unstable();
        hours.dedup();
        hours.len() as u32
    }
}

/// The dimensions with a part in the score.
pub(super) const SCORED: [(Dimension, PartName); 3] = [
    (Dimension::Network, PartName::Network),
    (Dimension::Agent, PartName::Agent),
    (Dimension::Impersonator, PartName::Impersonator),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: &[(i32, u32)]) -> ActiveHours {
        ActiveHours(days.iter().map(|(day, hours)| (Day::from_number(*day), *hours)).collect())
    }

    #[test]
    fn activity_begins_after_a_break_or_an_hour_before_if_there_is_none_for_long() {
        let began =
            |hours: &ActiveHours, time: &str| hours.began(Timestamp::parse(time).unwrap()).to_string();
        let over_midnight = hours(&[(0, 0b11 << 22), (1, 0b101)]);
        assert_eq!(began(&over_midnight, "1970-01-02T00:30:00Z"), "1970-01-01T22:00:00Z");
        assert_eq!(began(&over_midnight, "1970-01-02T02:10:00Z"), "1970-01-02T02:00:00Z");
        let always = hours(&[(0, 0xff_ffff), (1, 0xff_ffff)]);
        assert_eq!(began(&always, "1970-01-01T11:10:00Z"), "1970-01-01T00:00:00Z");
        assert_eq!(began(&always, "1970-01-01T12:10:00Z"), "1970-01-01T11:10:00Z");
    }

    #[test]
    fn activity_ends_before_a_break_or_an_hour_later_if_there_is_none_for_long() {
        let ended =
            |hours: &ActiveHours, time: &str| hours.ended(Timestamp::parse(time).unwrap()).to_string();
        let over_midnight = hours(&[(0, 0b11 << 22), (1, 0b101)]);
        assert_eq!(ended(&over_midnight, "1970-01-01T22:30:00Z"), "1970-01-02T01:00:00Z");
        assert_eq!(ended(&over_midnight, "1970-01-02T02:10:00Z"), "1970-01-02T03:00:00Z");
        let always = hours(&[(0, 0xff_ffff), (1, 0xff_ffff)]);
        assert_eq!(ended(&always, "1970-01-02T12:10:00Z"), "1970-01-03T00:00:00Z");
        assert_eq!(ended(&always, "1970-01-02T11:10:00Z"), "1970-01-02T12:10:00Z");
    }
}
