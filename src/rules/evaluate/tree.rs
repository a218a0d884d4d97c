//! Compiled conditions: a tree of checks, evaluated on an event, or on all events with some known texts.

use super::comparison::Test;
use super::event_context::EventContext;
use super::known::Known;
use super::transformer::{FieldCheck, TransformedField};

/// A condition that can be evaluated on an event. An empty `All` always holds, an empty `Any` or `One` never.
#[derive(Clone, Debug)]
pub(in crate::rules) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// Exactly one of them.
    One(Vec<Self>),
    Not(Box<Self>),
    Check(Check),
    Fields(Box<FieldCheck>),
}

/// A field and the test of its value.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Check {
    pub(in crate::rules) field: TransformedField,
    pub(in crate::rules) test: Test,
}

impl Condition {
    /// Whether an event satisfies the condition.
    pub(in crate::rules) fn holds(&self, event: &EventContext<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(event)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(event)),
            Self::One(parts) => parts.iter().filter(|part| part.holds(event)).take(2).count() == 1,
            Self::Not(part) => !part.holds(event),
            Self::Check(check) => check.holds(event),
            Self::Fields(check) => check.holds(event),
        }
    }

    /// Whether events with these known texts satisfy the condition; none if that depends on other values.
    pub(in crate::rules) fn of_known(&self, known: &Known<'_>) -> Option<bool> {
        let some = |parts: &[Self], decides: bool| {
            let mut all = Some(!decides);
            for part in parts {
                match part.of_known(known) {
                    Some(holds) if holds == decides => return Some(decides),
                    Some(_) => {}
                    None => all = None,
                }
            }
            all
        };
        match self {
            Self::All(parts) => some(parts, false),
            Self::Any(parts) => some(parts, true),
            Self::One(parts) => {
                let known: Vec<Option<bool>> = parts.iter().map(|part| part.of_known(known)).collect();
                match known.iter().filter(|holds| **holds == Some(true)).count() {
                    2.. => Some(false),
                    _ if known.contains(&None) => None,
                    holding => Some(holding == 1),
                }
            }
            Self::Not(part) => part.of_known(known).map(|holds| !holds),
            Self::Check(check) => check.of_known(known),
            Self::Fields(check) => check.of_known(known),
        }
    }

    /// Number of parts: checks, and values of sets. Long texts and paths count as several.
    pub(in crate::rules) fn size(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::One(parts) => {
                1 + parts.iter().map(Self::size).sum::<usize>()
            }
            Self::Not(part) => 1 + part.size(),
            Self::Check(check) => 1 + check.field.field.size() + check.test.size(),
            Self::Fields(check) => 1 + check.left.field.size() + check.right.field.size(),
        }
    }

    /// The same condition with cheap checks before expensive ones, and with nested `All` and `Any` flattened.
    pub(in crate::rules) fn in_order(self) -> Self {
        let sorted = |mut parts: Vec<Self>| {
            parts.sort_by_key(Self::cost);
            parts
        };
        match self {
            Self::All(parts) => Self::All(sorted(parts.into_iter().flat_map(Self::conjuncts).collect())),
            Self::Any(parts) => Self::Any(sorted(parts.into_iter().flat_map(Self::disjuncts).collect())),
            Self::One(parts) => Self::One(sorted(parts.into_iter().map(Self::in_order).collect())),
            Self::Not(part) => Self::Not(Box::new(part.in_order())),
            other => other,
        }
    }

    /// The parts that must all hold, each in order.
    fn conjuncts(self) -> Vec<Self> {
        match self.in_order() {
            Self::All(parts) => parts,
            other => vec![other],
        }
    }

    /// The parts of which one must hold, each in order.
    fn disjuncts(self) -> Vec<Self> {
        match self.in_order() {
            Self::Any(parts) => parts,
            other => vec![other],
        }
    }

    /// Cost of evaluation; 0 if all fields are scanned anyway.
    fn cost(&self) -> u8 {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::One(parts) => {
                parts.iter().map(Self::cost).max().unwrap_or(0)
            }
            Self::Not(part) => part.cost(),
            Self::Check(check) => check.field.field.cost(),
            Self::Fields(check) => check.cost(),
        }
    }
}

impl Check {
    fn holds(&self, event: &EventContext<'_>) -> bool {
        self.test.passes(&self.field.value(event))
    }

    fn of_known(&self, known: &Known<'_>) -> Option<bool> {
        Some(self.test.passes(&self.field.of_known(known)?))
    }
}
