//! Holds conditions against events: fields, how their values are compared, and the tree of checks.

pub(super) mod comparison;
pub(super) mod facts;
pub(super) mod field;
pub(super) mod path;
pub(super) mod tree;
