//! Questions to a baseline. Every one is a pure function of it; nobody in here knows files, gzip or JSON.

mod filter;
mod finding;
mod first_seen;
mod preset;
mod rarity;

pub use crate::baseline::Sighting;
pub use filter::{Filter, Pattern, PatternError};
pub use finding::{AgeBasis, Anchor, Finding, FindingKind, Question};
pub use first_seen::first_seen;
pub use preset::{Preset, PresetValues};
