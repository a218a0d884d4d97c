//! The grid of settings to try, and which findings each of them reports.

use super::enumerated::EnumeratedFinding;
use crate::names::named;
use crate::query::Anchor;
use crate::time::Span;

named! {
    /// Which calls are reported.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum Calls {
        /// All calls.
        #[default]
        All = "all",
        /// All except those marked read-only, as with [`Filter::only_mutating`](crate::query::Filter).
        Mutating = "mutating",
    }
}

/// The settings to try: every combination of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TuneGrid {
    /// How long a principal must have been known.
    pub warmups: Vec<Span>,
    /// After how long a behaviour counts as new again; never, if `None`.
    pub forgets: Vec<Option<Span>>,
    /// Where the warmup clock starts.
    pub anchors: Vec<Anchor>,
    /// Which calls are reported.
    pub calls: Vec<Calls>,
}

/// One combination of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// How long a principal must have been known.
    pub warmup: Span,
    /// After how long a behaviour counts as new again.
    pub forget: Option<Span>,
    /// Where the warmup clock starts.
    pub anchor: Anchor,
    /// Which calls are reported.
    pub calls: Calls,
}

impl Default for TuneGrid {
    /// Warmups from 0 to 180 days, forget spans from 7 to 90 days and never, all anchors, all and mutating calls.
    fn default() -> Self {
        let warmups = [0, 1, 3, 7, 14, 21, 28, 30, 45, 60, 90, 120, 150, 180];
        let forgets = [7, 14, 30, 60, 90];
        Self {
            warmups: warmups.map(Span::days).to_vec(),
            forgets: [None].into_iter().chain(forgets.map(|days| Some(Span::days(days)))).collect(),
            anchors: vec![Anchor::Principal, Anchor::Archive, Anchor::Created],
            calls: vec![Calls::All, Calls::Mutating],
        }
    }
}

impl TuneGrid {
    /// The maximum number of settings. More would take hours, with an answer too long to read.
    pub const MOST_SETTINGS: usize = 100_000;

    /// Number of settings.
    pub fn size(&self) -> usize {
        let parts = [self.warmups.len(), self.forgets.len(), self.anchors.len(), self.calls.len()];
        parts.into_iter().fold(1, usize::saturating_mul)
    }

    /// The settings with one anchor: for each of calls and forget, in this order, those of all warmups.
    pub(super) fn settings(&self, anchor: Anchor) -> impl Iterator<Item = Vec<Setting>> + '_ {
        self.calls.iter().flat_map(move |&calls| {
            self.forgets.iter().map(move |&forget| {
                let setting = |&warmup| Setting { warmup, forget, anchor, calls };
                self.warmups.iter().map(setting).collect()
            })
        })
    }

    /// The forget span with the most findings.
    pub(super) fn shortest_forget(&self) -> Option<Span> {
        self.forgets.iter().copied().flatten().min()
    }
}

impl Setting {
    /// Whether this setting also reports a finding of the most sensitive setting.
    pub(super) fn reports(&self, finding: &EnumeratedFinding) -> bool {
        let long_ago = |gap: i64| self.forget.is_some_and(|forget| gap > forget.micros());
        finding.known_micros >= self.warmup.micros()
            && finding.gap_micros.is_none_or(long_ago)
            && !(self.calls == Calls::Mutating && finding.read_only)
    }
}
