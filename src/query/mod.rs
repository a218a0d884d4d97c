//! Questions to a baseline. Each is a pure function of it and knows nothing of files, gzip or JSON.

mod admission;
mod age;
mod counted;
mod filter;
mod finding;
mod first_seen;
mod globs;
mod hits;
mod iam;
mod known;
mod links;
mod noted;
mod past;
mod preset;
mod rarity;
mod severity;
mod tune;
mod waiting;

pub use filter::{Filter, Pattern, PatternError};
pub use finding::{Age, AgeBasis, Anchor, Finding, FindingKind, Match, Matched, Question, Rarity};
pub use first_seen::{first_seen, first_seen_and_waiting};
pub use known::{
    ActionSets, By, Change, Group, Known, KnownQuestion, KnownRow, Measure, Period, PointInTime, Step,
    Subject, Tally, Timeline, changes, known, timeline,
};
pub use preset::{Preset, PresetValues};
pub use severity::Severity;
pub use tune::{
    Calls, Daily, Incident, Labelled, NOISY_NAMED, Noise, NoisyAccount, NoisyPrincipal, Observed, Setting,
    Sight, TuneGrid, Tuning, TuningRow, WorstDay, tune,
};
pub use waiting::Waiting;
