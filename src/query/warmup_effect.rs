//! The findings that a warmup hides, so that a short archive is not mistaken for a quiet one.

use super::Question;
use super::in_scope::last_counted;
use crate::baseline::Baseline;
use crate::time::{Span, Timestamp};

/// The effect of the warmup: hidden first sightings, and returns with a forget span, of principals that were not known for long
/// enough. Counted after all filters and within the window of the question; for the least severity without that of rules.
///
/// Its numbers are those of the question with a warmup of 0: `hidden` more findings than with its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarmupEffect {
    /// The warmup of the question.
    pub warmup: Span,
    /// From the first to the last sighting, in microseconds; `None` without a sighting.
    pub covered_micros: Option<i64>,
    /// Findings about sightings with a warmup of 0.
    pub all: u64,
    /// Those among them that the warmup hides.
    pub hidden: u64,
    /// Those among them of principals still in their warmup when the sightings ended.
    pub of_young: u64,
    /// Principals with such findings.
    pub principals: u64,
    /// Those among them still in their warmup when the sightings ended.
    pub young: u64,
    /// A shorter warmup: a quarter of the covered time or of the warmup, whichever is shorter, so some findings are reported.
    pub shorter: Span,
    /// Findings about sightings with the shorter warmup.
    pub with_shorter: u64,
    /// Whether the question asks for anything that depends on the warmup.
    is_asked: bool,
    /// The last sighting, or the end of the window.
    end: Option<Timestamp>,
    is_young: bool,
    is_counted: bool,
}

impl WarmupEffect {
    /// An effect with zero counts; `start` is the first sighting.
    pub(super) fn new(baseline: &Baseline, question: &Question, start: Option<Timestamp>) -> Self {
        let end = baseline.behaviours.iter().filter_map(|behaviour| last_counted(behaviour, question)).max();
        let covered_micros = start.zip(end).map(|(start, end)| end.micros_since(start));
        Self {
            warmup: question.warmup,
            covered_micros,
            all: 0,
            hidden: 0,
            of_young: 0,
            principals: 0,
            young: 0,
            shorter: Span::within(covered_micros.unwrap_or(0).min(question.warmup.micros()) / 4),
            with_shorter: 0,
            is_asked: question.report.iter().any(|kind| kind.depends_on_age()),
            end: end.into_iter().chain(question.to).min().filter(|_| end.is_some()),
            is_young: false,
            is_counted: false,
        }
    }

    /// Starts the next principal, whose age begins at `anchor`.
    pub(super) fn begin_principal(&mut self, anchor: Timestamp) {
        self.is_young = self.end.is_some_and(|end| end.micros_since(anchor) < self.warmup.micros());
        self.is_counted = false;
    }

    /// Counts a finding with a warmup of 0, by the age compared with the warmup.
    pub(super) fn count(&mut self, known_micros: i64) {
        if !self.is_counted {
            self.is_counted = true;
            self.principals += 1;
            self.young += u64::from(self.is_young);
        }
        let is_hidden = known_micros < self.warmup.micros();
        self.all += 1;
        self.hidden += u64::from(is_hidden);
        self.of_young += u64::from(is_hidden && self.is_young);
        self.with_shorter += u64::from(known_micros >= self.shorter.micros());
    }

    /// Whether the archive read is shorter than the warmup.
    pub fn is_too_short(&self) -> bool {
        self.covered_micros.is_some_and(|covered| covered < self.warmup.micros())
    }

    /// Whether most principals were still in their warmup when the sightings ended.
    pub fn is_of_young(&self) -> bool {
        self.young * 2 > self.principals
    }

    /// Whether the warmup hides so much that an answer without a note would mislead: the archive is shorter than the warmup, most
    /// principals were still in their warmup when the archive ended, or most findings with a warmup of 0 are of such principals.
    pub fn is_misleading(&self) -> bool {
        let is_much = self.hidden > 0 && (self.is_of_young() || self.of_young * 2 > self.all);
        self.is_asked && (self.is_too_short() || is_much)
    }
}
