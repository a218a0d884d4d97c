//! The history of the principals of findings without a warmup: their age, and whether the same action had succeeded.

use std::collections::HashMap;

use super::age::Ages;
use super::iam::Iam;
use super::in_scope::{first_counted, first_success};
use super::{Age, Finding, Question};
use crate::baseline::{Baseline, Behaviour};
use crate::model::ObservedPrincipal;
use crate::time::Timestamp;

/// The behaviours of a baseline, by principal.
pub(super) struct History<'q, 'b> {
    baseline: &'b Baseline,
    question: &'q Question,
    /// `None` without a sighting.
    ages: Option<Ages<'q, 'b>>,
    /// Cached results, by the number of the principal.
    known: HashMap<u32, Option<Age>>,
}

impl<'q, 'b> History<'q, 'b> {
    /// For a baseline whose first sighting is at `archive_start`.
    pub(super) fn new(
        (baseline, iam): (&'b Baseline, &'q Iam<'b>),
        question: &'q Question,
        archive_start: Option<Timestamp>,
    ) -> Self {
        let anchor = question.anchor;
        let ages = archive_start.map(|archive_start| Ages { baseline, iam, anchor, archive_start });
        Self { baseline, question, ages, known: HashMap::new() }
    }

    /// Adds the history of its principal to a finding.
    pub(super) fn extend(&mut self, finding: Finding<'b>) -> Finding<'b> {
        let Some((number, behaviours)) = self.behaviours(finding.who) else { return finding };
        let action = self.baseline.actions.binary_search(finding.action).ok();
        let same = action.and_then(|action| {
            let at = behaviours.binary_search_by_key(&(action as u32), |behaviour| behaviour.action).ok()?;
            Some(&behaviours[at])
        });
        let age = self.age(number, behaviours, finding.who);
        Finding {
            // With only_success, a principal is known from its first success on; before that it has no age.
            age: age.filter(|age| age.anchor_time <= finding.time),
            first_success: same.and_then(|behaviour| first_success(behaviour, self.question)),
            ..finding
        }
    }

    /// A principal's number and behaviours.
    fn behaviours(&self, who: &ObservedPrincipal) -> Option<(u32, &'b [Behaviour])> {
        let number = self.baseline.principal_number(who)?;
        Some((number, self.baseline.behaviours_of(number)))
    }

    fn age(&mut self, number: u32, behaviours: &[Behaviour], who: &ObservedPrincipal) -> Option<Age> {
        let Self { question, ages, known, .. } = self;
        *known.entry(number).or_insert_with(|| {
            let sightings = behaviours.iter().filter_map(|behaviour| first_counted(behaviour, question));
            let first = sightings.map(|sighting| sighting.time).min()?;
            Some(ages.as_ref()?.of(who, first))
        })
    }
}
