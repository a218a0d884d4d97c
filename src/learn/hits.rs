//! Which rules an event matched, and the values they report.

use super::object_learner::{ObjectLearner, is_in_window, observed_principal, sighting_of};
use super::stage_matches::RuleMatches;
use super::stages::{RequestKey, StageDecision};
use super::tap::evidence_of;
use super::{EventTap, LearnSettings};
use crate::decode::FoundRecord;
use crate::event::{AuditRecord, AuditSettings, Event};
use crate::observe::{ActionId, PrincipalId};
use crate::rules::{Candidates, EventContext, Matcher};
use crate::time::Timestamp;

impl<'r, 's, T: EventTap> ObjectLearner<'_, 'r, 's, T> {
    /// Matches an event of this time against the rules that could apply.
    pub(super) fn rule_matches(
        &mut self,
        time: Timestamp,
        found: &FoundRecord<'_>,
        candidates: impl FnOnce(&mut Matcher) -> Candidates,
    ) -> RuleMatches {
        let is_too_early = self.learner.settings.rules_from.is_some_and(|from| time < from);
        let (Some(matcher), Ok(record), false) = (self.learner.matcher.as_mut(), &found.record, is_too_early)
        else {
            return Vec::new();
        };
        let candidates = candidates(matcher);
        if candidates.is_empty() {
            return Vec::new();
        }
        let event = EventContext::new(*record, found.text, found.index_in_file + 1, time);
        let matching = matcher.matching(&candidates, &event);
        matching.into_iter().map(|number| (number, matcher.rule(number).values(&event))).collect()
    }

    /// Matches one stage of a request against rules.
    pub(super) fn matches_of_stage(
        &mut self,
        record: &AuditRecord<'_>,
        found: &FoundRecord<'_>,
    ) -> RuleMatches {
        let candidates = self.learner.matcher.as_mut().map(|matcher| matcher.of_request(record));
        let Some(candidates) = candidates.filter(|found| !found.is_empty()) else { return Vec::new() };
        let time = record.time().map(|(time, _)| time);
        let time = time.filter(|time| is_in_window(&self.learner.settings.window, *time));
        time.map_or(Vec::new(), |time| self.rule_matches(time, found, |_| candidates))
    }

    /// Keeps the matches of a stage until the last stage; those of a stage after the last are noted at once.
    pub(super) fn keep_matches(
        &mut self,
        record: &AuditRecord<'_>,
        found: &FoundRecord<'_>,
        matches: RuleMatches,
        (request, decision): (Option<RequestKey>, StageDecision),
    ) {
        if matches.is_empty() {
            return;
        }
        let is_late =
            |request: &RequestKey| decision == StageDecision::Drop && self.part.stages.has_ended(request);
        match request.filter(|request| !is_late(request)) {
            Some(request) => self.part.matches.add(request, record.stage(), matches),
            None => {
                if let Some(event) = self.event_of_stage(record, found) {
                    self.add_hits(self.learner.observer.find(&event), &event, found, matches);
                }
            }
        }
    }

    /// One stage as an event of its own, if it lies in the learning window.
    fn event_of_stage<'f>(&self, record: &AuditRecord<'f>, found: &FoundRecord<'f>) -> Option<Event<'f>>
    where
        'r: 'f,
        's: 'f,
    {
        let LearnSettings { principal_key: key, namespace_in_key, .. } = *self.learner.settings;
        let event = record.interpret(self.cluster(found), AuditSettings { key, namespace_in_key }).ok()?;
        is_in_window(&self.learner.settings.window, event.time).then_some(event)
    }

    /// Notes the rules that an event matched.
    pub(super) fn add_hits(
        &mut self,
        pair: Option<(PrincipalId, ActionId)>,
        event: &Event<'_>,
        found: &FoundRecord<'_>,
        matches: RuleMatches,
    ) {
        let (false, Ok(record)) = (matches.is_empty(), &found.record) else { return };
        let sighting =
            sighting_of(event, self.part.inner.place(self.context, found), evidence_of(*record, found.text));
        self.learner.builder.add_hits(
            pair,
            (&observed_principal(event), &event.action()),
            &sighting,
            matches.into_iter(),
        );
    }
}
