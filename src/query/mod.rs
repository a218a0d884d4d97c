//! Questions to a baseline. Every one is a pure function of it; nobody in here knows files, gzip or JSON.

mod filter;
mod first_seen;

pub use filter::{Filter, Pattern, PatternError};
pub use first_seen::{AgeBasis, Anchor, Finding, FindingKind, Question, first_seen};
