//! Rule languages, compiled to conditions and outputs.

pub(super) mod condition;
pub(super) mod falco;
pub(super) mod output;
mod regular_expression;
pub(super) mod sigma;
