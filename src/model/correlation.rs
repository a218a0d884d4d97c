//! Correlations: rules about several events, each of which matches a rule of its own.
//!
//! Source: the Sigma correlation rules specification 2.0.

use serde::{Deserialize, Serialize};

use crate::names::named;

named! {
    /// What a correlation asks of the events in its time span.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum CorrelationKind {
        /// How many events there are.
        EventCount = "event_count",
        /// How many distinct values of a field there are.
        ValueCount = "value_count",
        /// How many of the rules are matched.
        Temporal = "temporal",
        /// Whether all rules are matched, in the order given.
        TemporalOrdered = "temporal_ordered",
    }
}

named! {
    /// How a number is compared with that of a condition.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum CountOperator {
        /// Greater.
        Greater = "gt",
        /// Greater or equal.
        GreaterOrEqual = "gte",
        /// Less.
        Less = "lt",
        /// Less or equal.
        LessOrEqual = "lte",
        /// Equal.
        Equal = "eq",
        /// Not equal.
        NotEqual = "neq",
    }
}

impl CountOperator {
    /// Whether a count compares so with a limit.
    pub fn holds(self, count: u64, limit: u64) -> bool {
        match self {
            Self::Greater => count > limit,
            Self::GreaterOrEqual => count >= limit,
            Self::Less => count < limit,
            Self::LessOrEqual => count <= limit,
            Self::Equal => count == limit,
            Self::NotEqual => count != limit,
        }
    }
}

/// What several events must have in common, and what must hold for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correlation {
    /// What is asked of the events.
    pub kind: CorrelationKind,
    /// The rules whose events are counted, in order.
    pub rules: Vec<BaseRule>,
    /// Names of the fields or aliases in which the events must agree.
    pub group_by: Vec<Box<str>>,
    /// The time between the first and the last event, in microseconds, is no longer than this.
    pub span_micros: i64,
    /// Limits on the number, all of which must hold.
    pub condition: Vec<(CountOperator, u64)>,
}

/// A rule whose events a correlation counts, with the places of values among [`super::RuleMetadata::correlated`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRule {
    /// Its name.
    pub name: Box<str>,
    /// Its id.
    pub id: Box<str>,
    /// Where the value of each field of the group is, in the order of [`Correlation::group_by`].
    pub group: Vec<u32>,
    /// Where the value is whose distinct values are counted.
    pub counted: Option<u32>,
}

impl BaseRule {
    /// What identifies it in a rule set, as [`super::RuleMetadata::key`].
    pub fn key(&self) -> (&str, &str) {
        (&self.name, &self.id)
    }
}

impl Correlation {
    /// Whether a number satisfies the condition.
    pub fn admits(&self, count: u64) -> bool {
        self.condition.iter().all(|(operator, limit)| operator.holds(count, *limit))
    }
}
