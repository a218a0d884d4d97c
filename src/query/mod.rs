//! Questions to a baseline. Each is a pure function of the baseline and knows nothing about files, gzip or JSON.

mod age;
mod cloudtrail_links;
mod compiled_filter;
mod correlations;
mod filter;
mod finding;
mod first_seen;
mod globs;
mod history;
mod hits;
mod iam;
mod in_scope;
mod known;
mod new_value;
mod preset;
mod rarity;
mod severity;
mod single_event;
mod triage;
mod tune;
mod warmup_effect;

pub use filter::{Filter, Pattern, PatternError};
pub use finding::{
    Age, AgeBasis, Anchor, Correlated, Finding, FindingKind, Match, Matched, Question, Rarity,
};
pub use first_seen::{first_seen, first_seen_with_warmup_effect};
pub use known::{
    ActionSets, By, Change, CountRange, KnownActions, KnownGroup, KnownQuestion, KnownRow, Measure, Period,
    PointInTime, Step, Subject, Timeline, changes, known, timeline,
};
pub use preset::{Preset, PresetValues};
pub use severity::Severity;
pub use triage::{
    Count, Episode, EpisodeFinding, Incident as RankedIncident, KnownAsset, KnownAssetError, KnownAssets,
    LABEL_NOISES, LABEL_RANKS, Label, LabelReport, LabelShares, LabelledEvent, LabelledIncident, Link,
    LinkKind, Overview, Part, PartName, PrincipalActivity, RankedUnit, Reason, SEVERITY_STEP, Surprise,
    Triage, TriageQuestion, WeightError, Weights, label_report, principal_activities, triage,
};
pub use tune::{
    Calls, Daily, Incident, IncidentFindings, IncidentOutcome, NOISY_NAMED, Noise, NoisyAccount,
    NoisyPrincipal, ObservedSpan, Setting, TuneGrid, Tuning, TuningRow, WorstDay, tune,
};
pub use warmup_effect::WarmupEffect;
