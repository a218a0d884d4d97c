//! Evaluates conditions on events: fields, comparisons of their values, and the tree of checks.

pub(super) mod base64;
pub(super) mod case;
pub(super) mod comparison;
pub(super) mod decimal;
pub(super) mod event_context;
pub(super) mod field;
pub(super) mod known;
pub(super) mod part;
pub(super) mod path;
pub(super) mod transformer;
pub(super) mod tree;
