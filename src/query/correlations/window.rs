//! What a correlation must know of the events in its span.

use std::collections::HashMap;

use super::Member;
use crate::model::{Correlation, CorrelationKind};

/// The events of one group in the span that ends at an instant.
pub(super) struct Window<'c, 'b> {
    correlation: &'c Correlation,
    /// Number of distinct events.
    events: u64,
    /// Number of events with each value.
    values: HashMap<&'b str, u64>,
    /// Number of events of each rule.
    of_rule: Vec<u64>,
    /// The latest beginning, in microseconds, of events that match the rules up to this one in order.
    beginnings: Vec<Option<i64>>,
}

impl<'c, 'b> Window<'c, 'b> {
    pub(super) fn new(correlation: &'c Correlation) -> Self {
        let rules = correlation.rules.len();
        Self {
            correlation,
            events: 0,
            values: HashMap::new(),
            of_rule: vec![0; rules],
            beginnings: vec![None; rules],
        }
    }

    /// Adds the members of one instant.
    pub(super) fn add(&mut self, instant: &[Member<'b>]) {
        for member in instant {
            self.events += u64::from(member.is_new_event);
            self.of_rule[member.place] += 1;
            if let Some(value) = member.counted {
                *self.values.entry(value).or_default() += 1;
            }
        }
        if self.correlation.kind == CorrelationKind::TemporalOrdered {
            let time = instant.first().map(|member| member.time().micros());
            // In the order of the rules, so that events of one instant count in any order.
            for place in 0..self.beginnings.len() {
                if instant.iter().any(|member| member.place == place) {
                    let before = if place == 0 { time } else { self.beginnings[place - 1] };
                    self.beginnings[place] = self.beginnings[place].max(before);
                }
            }
        }
    }

    /// Removes a member that is before the span.
    pub(super) fn remove(&mut self, member: &Member<'b>) {
        self.events -= u64::from(member.is_new_event);
        self.of_rule[member.place] -= 1;
        if let Some(value) = member.counted
            && let Some(count) = self.values.get_mut(value)
        {
            *count -= 1;
            if *count == 0 {
                self.values.remove(value);
            }
        }
    }

    /// Whether the events fulfil the correlation, given the begin of the span in microseconds.
    pub(super) fn is_fulfilled(&self, begin: i64) -> bool {
        let count = match self.correlation.kind {
            CorrelationKind::EventCount => self.events,
            CorrelationKind::ValueCount => self.values.len() as u64,
            CorrelationKind::Temporal => self.of_rule.iter().filter(|count| **count > 0).count() as u64,
            CorrelationKind::TemporalOrdered => {
                return self.beginnings.last().copied().flatten().is_some_and(|first| first >= begin);
            }
        };
        self.correlation.admits(count)
    }

    /// Number of distinct events.
    pub(super) fn events(&self) -> u64 {
        self.events
    }
}
