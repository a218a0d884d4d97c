//! Questions to a baseline. Each is a pure function of the baseline and the coverage, and knows nothing about files, gzip or JSON.

mod activity;
mod age;
mod cloudtrail_links;
mod compiled_filter;
mod correlations;
mod coverage;
mod event_admission;
mod explain;
mod filter;
mod finding;
mod first_seen;
mod globs;
mod hiding;
mod history;
mod hits;
mod iam;
mod in_scope;
mod judge;
mod known;
mod new_value;
mod overview;
mod preset;
mod rarity;
mod severity;
mod single_event;
mod triage;
mod tune;
mod warmup_effect;

pub use activity::{PrincipalActivity, ValueActivity, ValueField, principal_activities, value_activities};
pub use cloudtrail_links::CloudTrailLinks;
pub use coverage::{
    ChangeOfLogging, CoverageAnswer, CoverageQuestion, CoveredPlace, DayGap, HOURLY_SHARE, HourGap,
    LEAST_GAP_HOURS, LEAST_HOURLY_SPAN, LoggingSpan, LoggingSpanKind, LoggingTarget, coverage, set_covered,
};
pub use event_admission::{EventAdmission, Patterns};
pub use explain::{Absence, Explanation, Explanations, explain};
pub use filter::{Filter, Pattern, PatternError};
pub use finding::{
    Age, AgeBasis, Anchor, Correlated, CoveredBefore, Finding, FindingKind, FindingOrder, Integrity, Match,
    Matched, Question, Rarity,
};
pub use first_seen::{first_seen, first_seen_with_warmup_effect};
pub use hiding::HidingSetting;
pub use hits::rules_that_matched;
pub use known::{
    ActionSets, By, Change, CountRange, KnownActions, KnownGroup, KnownQuestion, KnownRow, Measure, Period,
    PointInTime, Step, Subject, Timeline, TooManyPeriods, changes, known, timeline,
};
pub use overview::{ArchiveOverview, archive_overview};
pub use preset::{Preset, PresetValues};
pub use severity::Severity;
pub use triage::{
    Count, Episode, EpisodeFinding, Incident, KnownAsset, KnownAssetError, KnownAssets, LABEL_NOISES,
    LABEL_RANKS, Label, LabelReport, LabelShares, LabelledEvent, LabelledIncident, Link, LinkKind, Overview,
    Part, PartName, RankedUnit, Reason, SEVERITY_STEP, Surprise, Triage, TriageQuestion, WeightError,
    Weights, label_report, published_bits, triage,
};
pub use tune::{
    Calls, Daily, HiddenFindings, IncidentFindings, IncidentOutcome, IncidentPart, Keep, KnownIncident,
    NOISY_NAMED, Noise, NoisyAccount, NoisyPrincipal, ObservedSpan, Setting, TradeOff, TuneGrid, Tuning,
    TuningRow, WorstDay, tune,
};
pub use warmup_effect::WarmupEffect;
