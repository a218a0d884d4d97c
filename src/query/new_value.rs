//! First-seen values of dimensions other than the action: networks, agents, Regions and others.

use super::rarity::rarities_in_order;
use super::{FindingKind, Question, Rarity};
use crate::baseline::{Baseline, DimensionValue, ValueSighting};
use crate::model::{Dimension, InOrder};

/// The rarity of every value's first sighting, by its index in the baseline; empty if no value is asked for.
pub(super) struct ValueRarities(Vec<Rarity>);

impl ValueRarities {
    /// Computed from the sightings that count for this question.
    pub(super) fn new(baseline: &Baseline, question: &Question) -> Self {
        if !question.report.iter().any(|kind| kind.dimension().is_some()) {
            return Self(Vec::new());
        }
        let values = &baseline.values;
        let mut order: Vec<(&DimensionValue, &ValueSighting, usize)> = values
            .iter()
            .enumerate()
            .filter_map(|(index, value)| Some((value, first_counted(value, question)?, index)))
            .collect();
        order.sort_by(|(left, first, at), (right, other, behind)| {
            (what(left).cmp(&what(right)))
                .then_with(|| first.sighting.order(&*other.sighting))
                .then(at.cmp(behind))
        });
        let account_of = |value: &DimensionValue| &*baseline.principals[value.principal as usize].account;
        let mut rarities = vec![Rarity::default(); values.len()];
        for same_value in order.chunk_by(|(left, ..), (right, ..)| what(left) == what(right)) {
            let accounts = same_value.iter().map(|(value, ..)| account_of(value));
            for ((.., index), rarity) in same_value.iter().zip(rarities_in_order(accounts)) {
                rarities[*index] = rarity;
            }
        }
        Self(rarities)
    }

    /// The rarity of a value's first sighting.
    pub(super) fn of(&self, value: usize) -> Option<Rarity> {
        self.0.get(value).copied()
    }
}

/// What a value is, whoever has it.
fn what(value: &DimensionValue) -> (Dimension, &str) {
    (value.dimension, &value.value)
}

/// The first sighting of a value that counts.
pub(super) fn first_counted<'b>(value: &'b DimensionValue, question: &Question) -> Option<&'b ValueSighting> {
    value.beginning(question.only_success).filter(|first| question.knows(first.sighting.time))
}

impl FindingKind {
    /// Whether a finding of this kind depends on the age of its principal.
    pub(super) fn depends_on_age(self) -> bool {
        Self::OF_SIGHTINGS.contains(&self) || self.dimension().is_some()
    }
}
