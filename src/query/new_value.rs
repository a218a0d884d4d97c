//! First-seen values of dimensions other than the action: networks, agents, Regions and others.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::rarity::rarities_in_order;
use super::{FindingKind, Question, Rarity};
use crate::baseline::{Baseline, DimensionValue, ValueSighting};
use crate::model::{Dimension, InOrder};
use crate::time::Timestamp;

/// The rarity of every value's first sighting, by its index in the baseline; empty if no value is asked for.
pub(super) struct ValueRarities(Vec<Rarity>);

impl ValueRarities {
    /// Computed from the sightings that count for this question.
    pub(super) fn new(baseline: &Baseline, question: &Question) -> Self {
        if !question.report.iter().any(|kind| kind.dimension().is_some()) {
            return Self(Vec::new());
        }
        let values = &baseline.values;
        // Numbers are compared faster than texts; which value has which does not matter.
        let mut numbers: HashMap<(Dimension, &str), usize, FixedState> = HashMap::default();
        // By number: how many principals have the value.
        let mut holders: Vec<u32> = Vec::new();
        let mut order: Vec<ValueStart<'_>> = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let Some(first) = first_counted(value, question) else { continue };
            let new = numbers.len();
            let number = *numbers.entry((value.dimension, &value.value)).or_insert(new);
            if number == new {
                holders.push(0_u32);
            }
            holders[number] += 1;
            order.push(ValueStart { number, time: first.sighting.time, first, index });
        }
        // Most values have one holder.
        order.retain(|start| holders[start.number] > 1);
        order.sort_unstable_by(|left, right| {
            ((left.number, left.time).cmp(&(right.number, right.time)))
                .then_with(|| left.first.sighting.order(&*right.first.sighting))
                .then(left.index.cmp(&right.index))
        });
        let account_of = |index: usize| &*baseline.principals[values[index].principal as usize].account;
        let mut rarities = vec![Rarity::ALONE; values.len()];
        for same_value in order.chunk_by(|left, right| left.number == right.number) {
            let accounts = same_value.iter().map(|start| account_of(start.index));
            for (start, rarity) in same_value.iter().zip(rarities_in_order(accounts)) {
                rarities[start.index] = rarity;
            }
        }
        Self(rarities)
    }

    /// The rarity of a value's first sighting.
    pub(super) fn of(&self, value: usize) -> Option<Rarity> {
        self.0.get(value).copied()
    }
}

/// When a principal first had a value.
struct ValueStart<'b> {
    /// Of the value, whoever has it.
    number: usize,
    time: Timestamp,
    first: &'b ValueSighting,
    /// Index in the baseline.
    index: usize,
}

/// The first sighting of a value that counts.
pub(super) fn first_counted<'b>(value: &'b DimensionValue, question: &Question) -> Option<&'b ValueSighting> {
    value.beginning(question.only_success).filter(|first| question.knows(first.sighting.time))
}

/// The last sighting of a value as far as is known. A baseline keeps only the last one of all: if that does not count, the last sighting
/// of its principal that does.
pub(super) fn last_counted(
    value: &DimensionValue,
    question: &Question,
    last_of_principal: Option<Timestamp>,
) -> Timestamp {
    if question.knows(value.last) {
        return value.last;
    }
    let first = first_counted(value, question).map_or(value.first.sighting.time, |first| first.sighting.time);
    last_of_principal.map_or(first, |last| last.max(first))
}

impl FindingKind {
    /// Whether a finding of this kind depends on the age of its principal.
    pub(super) fn depends_on_age(self) -> bool {
        Self::OF_SIGHTINGS.contains(&self) || self.dimension().is_some()
    }
}
