//! What a warmup leaves out of an answer, so that nobody takes a short archive for a quiet one.

use super::counted::counted;
use super::{FindingKind, Question};
use crate::baseline::Baseline;
use crate::time::{Span, Timestamp};

/// What waits behind the warmup: first sightings, and returns with a forget span, of principals that had not been known for
/// long enough. Counted after all filters and within the window of the question.
///
/// Its numbers are those of the question with a warmup of 0: `hidden` more findings than with its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The warmup of the question.
    pub warmup: Span,
    /// From the first to the last sighting, in microseconds; nothing without a sighting.
    pub covered_micros: Option<i64>,
    /// Findings about sightings with a warmup of 0.
    pub all: u64,
    /// Of these: the ones that the warmup leaves out.
    pub hidden: u64,
    /// Of these: the ones of principals that had not come of age when the sightings ended.
    pub of_young: u64,
    /// Principals that the findings are of.
    pub principals: u64,
    /// Of these: the ones that had not come of age when the sightings ended.
    pub young: u64,
    /// A quarter of what is covered or of the warmup, whichever is shorter: one that leaves time to report something.
    pub shorter: Span,
    /// Findings about sightings with that warmup.
    pub with_shorter: u64,
    /// Whether anything that the warmup decides about is asked for.
    is_asked: bool,
    /// The last sighting, or the end of the window.
    end: Option<Timestamp>,
    is_young: bool,
    is_counted: bool,
}

impl Waiting {
    /// Nothing counted yet; `start` is the first sighting.
    pub(super) fn new(baseline: &Baseline, question: &Question, start: Option<Timestamp>) -> Self {
        let known = baseline.behaviours.iter().filter(|behaviour| counted(behaviour, question).is_some());
        let end = known.map(|behaviour| question.last_known(behaviour.last)).max();
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
            is_asked: FindingKind::OF_SIGHTINGS.iter().any(|kind| question.report.contains(kind)),
            end: end.into_iter().chain(question.to).min().filter(|_| end.is_some()),
            is_young: false,
            is_counted: false,
        }
    }

    /// What is counted from now on is of a principal whose age begins at `anchor`.
    pub(super) fn begin_principal(&mut self, anchor: Timestamp) {
        self.is_young = self.end.is_some_and(|end| end.micros_since(anchor) < self.warmup.micros());
        self.is_counted = false;
    }

    /// Counts a finding with a warmup of 0, by what is held against the warmup.
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

    /// Whether what was read is shorter than the warmup.
    pub fn is_too_short(&self) -> bool {
        self.covered_micros.is_some_and(|covered| covered < self.warmup.micros())
    }

    /// Whether most principals had not come of age when the sightings ended.
    pub fn is_of_young(&self) -> bool {
        self.young * 2 > self.principals
    }

    /// Whether the warmup hides so much that an answer without a word about it would mislead: what was read is shorter than
    /// it, most principals had not come of age when it ended, or most findings of a warmup of 0 are of such principals.
    pub fn is_misleading(&self) -> bool {
        let is_much = self.hidden > 0 && (self.is_of_young() || self.of_young * 2 > self.all);
        self.is_asked && (self.is_too_short() || is_much)
    }
}
