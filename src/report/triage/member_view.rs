//! An episode of an incident: who, when, from where, what, and its own score.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;

use super::bits::{PartsView, score};
use super::reason_view::ReasonView;
use crate::actions::service_of;
use crate::model::{Dimension, Sighting};
use crate::query::{AgeBasis, Episode, EpisodeFinding, Finding};
use crate::report::row::named;

/// An episode under its published names.
#[derive(Serialize)]
pub(super) struct MemberView<'a> {
    account: Option<&'a str>,
    principal: Option<&'a str>,
    principal_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_arn: Option<&'a str>,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    linked_principal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_to_iam: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor_time: Option<String>,
    new_principal: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sign_in: bool,
    first_seen: String,
    start: String,
    end: String,
    score: f64,
    parts: PartsView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<ReasonView<'a>>>,
    findings: usize,
    actions: BTreeSet<&'a str>,
    services: BTreeSet<&'a str>,
    classes: BTreeSet<&'static str>,
    regions: BTreeSet<&'a str>,
    networks: BTreeSet<Cow<'a, str>>,
    source_ips: BTreeSet<&'a str>,
    agents: BTreeSet<Cow<'a, str>>,
    access_keys: BTreeSet<&'a str>,
    sessions: BTreeSet<&'a str>,
    outcomes: Outcomes,
    rules: Vec<RuleView<'a>>,
}

/// How many of the new actions succeeded, and how many failed, when they were first done; and how many of these succeeded later.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Outcomes {
    pub(super) success: usize,
    pub(super) failure: usize,
    #[serde(skip_serializing_if = "is_zero")]
    succeeded_later: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A rule that events of the principal matched, and how many.
#[derive(Serialize)]
struct RuleView<'a> {
    name: &'a str,
    priority: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [Box<str>],
    events: u64,
}

impl<'a> MemberView<'a> {
    /// The episode, with the reasons of its score unless they are said elsewhere.
    pub(super) fn new(
        episode: &'a Episode<'a>,
        is_sign_in: bool,
        reasons: Option<Vec<ReasonView<'a>>>,
    ) -> Self {
        let first = episode.findings.first().map(|one| &one.finding);
        let age = first.and_then(|first| first.age);
        let who = episode.who;
        Self {
            account: named(&who.account),
            principal: named(&who.key),
            principal_kind: who.kind.name(),
            principal_arn: who.arn.as_deref(),
            source: who.kind.source().name(),
            linked_principal: first.and_then(|first| first.linked).map(|linked| &*linked.key),
            known_to_iam: first.and_then(|first| first.known_to_iam),
            anchor: age.map(|age| AgeBasis::name(age.basis)),
            anchor_time: age.map(|age| age.anchor_time.to_string()),
            new_principal: episode.is_new_principal,
            sign_in: is_sign_in,
            first_seen: episode.first_seen.to_string(),
            start: episode.start().to_string(),
            end: episode.end().to_string(),
            score: score(episode),
            parts: PartsView(episode.parts.iter().collect()),
            reasons,
            findings: episode.findings.len(),
            actions: new_actions(episode).filter_map(Finding::known_action).collect(),
            services: new_actions(episode).filter_map(Finding::known_action).map(service_of).collect(),
            classes: classes(episode).collect(),
            regions: texts(episode, Sighting::region).collect(),
            networks: values(episode, Dimension::Network),
            source_ips: texts(episode, Sighting::source_ip).collect(),
            agents: values(episode, Dimension::Agent),
            access_keys: texts(episode, Sighting::access_key_id).collect(),
            sessions: texts(episode, Sighting::session_name).collect(),
            outcomes: outcomes(episode),
            rules: episode
                .rules
                .iter()
                .map(|(rule, events)| RuleView {
                    name: &rule.name,
                    priority: rule.priority.name(),
                    tags: &rule.tags,
                    events: *events,
                })
                .collect(),
        }
    }
}

/// The findings of an episode that are new actions.
pub(super) fn new_actions<'e>(episode: &'e Episode<'e>) -> impl Iterator<Item = &'e Finding<'e>> {
    episode.findings.iter().filter(|one| one.surprise.is_some()).map(|one| &one.finding)
}

/// The classes of an episode's new actions.
pub(super) fn classes(episode: &Episode<'_>) -> impl Iterator<Item = &'static str> {
    episode.findings.iter().filter_map(|one| one.surprise?.class).map(|class| class.name())
}

/// A text of the evidence of each finding that has it.
fn texts<'e>(episode: &'e Episode<'e>, of: fn(&Sighting) -> Option<&str>) -> impl Iterator<Item = &'e str> {
    episode.findings.iter().filter_map(move |one| of(one.finding.evidence?))
}

/// The networks or agents from which the principal itself did what was found.
pub(super) fn values<'e>(episode: &'e Episode<'e>, dimension: Dimension) -> BTreeSet<Cow<'e, str>> {
    let value = |one: &'e EpisodeFinding<'e>| Some(Cow::Borrowed(&**one.origin.value(dimension)?));
    episode.findings.iter().filter_map(value).collect()
}

pub(super) fn outcomes(episode: &Episode<'_>) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for (finding, failed) in new_actions(episode).filter_map(|finding| Some((finding, finding.failed?))) {
        *(if failed { &mut outcomes.failure } else { &mut outcomes.success }) += 1;
        outcomes.succeeded_later += usize::from(finding.later_success().is_some());
    }
    outcomes
}
