//! Languages of rules: their texts in, conditions and outputs out.

pub(super) mod condition;
pub(super) mod falco;
pub(super) mod output;
pub(super) mod sigma;
