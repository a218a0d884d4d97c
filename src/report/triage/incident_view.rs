//! An incident: its rank and score, its episodes, what joins them, and all their findings.

use std::collections::BTreeSet;

use serde::Serialize;

use super::bits::PartsView;
use super::finding_view::FindingView;
use super::member_view::{MemberView, classes};
use super::reason_view::ReasonView;
use super::words::of_link;
use crate::query::{Episode, Incident, Link, Part, Weights};
use crate::report::row::named;

/// How much of an incident a page shows.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct MostOfIncident {
    pub(in crate::report) episodes: usize,
    pub(in crate::report) findings: usize,
}

/// How much of an incident a page leaves out.
#[derive(Serialize)]
pub(super) struct LeftOut {
    episodes: usize,
    links: usize,
    findings: usize,
}

/// An incident under its published names, see `docs/formats.md`.
#[derive(Serialize)]
pub(super) struct IncidentView<'a> {
    rank: usize,
    score: f64,
    severity: &'static str,
    parts: PartsView<'a>,
    reasons: Vec<ReasonView<'a>>,
    account: Option<&'a str>,
    principal: Option<&'a str>,
    principal_kind: &'static str,
    start: String,
    end: String,
    classes: BTreeSet<&'static str>,
    episodes: usize,
    lead: usize,
    members: Vec<MemberView<'a>>,
    links: Vec<LinkView<'a>>,
    findings: Vec<FindingView<'a>>,
}

/// What joins two episodes.
#[derive(Serialize)]
struct LinkView<'a> {
    kind: &'static str,
    from: LinkedView<'a>,
    to: LinkedView<'a>,
    value: &'a str,
    text: String,
}

/// One of two joined episodes, by its number in the incident.
#[derive(Serialize)]
struct LinkedView<'a> {
    member: usize,
    account: Option<&'a str>,
    principal: Option<&'a str>,
}

impl<'a> IncidentView<'a> {
    pub(super) fn new(
        rank: usize,
        incident: &'a Incident<'a>,
        (archives, weights): (&'a [String], &'a Weights),
    ) -> Self {
        let (first, span) = (incident.episodes[0].who, incident.span());
        Self {
            rank,
            score: incident.published_score(),
            severity: incident.severity().name(),
            parts: PartsView(incident.parts().map(|(_, part)| part).collect()),
            reasons: reasons(incident, weights),
            account: named(&first.account),
            principal: named(&first.key),
            principal_kind: first.kind.name(),
            start: span.start.to_string(),
            end: span.end.to_string(),
            classes: incident.episodes.iter().flat_map(classes).collect(),
            episodes: incident.places(),
            lead: incident.lead + 1,
            members: members(incident, weights),
            links: incident.links.iter().map(|link| LinkView::new(link, incident)).collect(),
            findings: findings(incident, archives, weights),
        }
    }
}

impl IncidentView<'_> {
    /// Leaves out episodes after the first ones, links to these, and findings after the first ones.
    pub(super) fn cut(&mut self, most: MostOfIncident) -> LeftOut {
        let (episodes, links, findings) = (self.members.len(), self.links.len(), self.findings.len());
        self.members.truncate(most.episodes);
        self.links.retain(|link| link.from.member.max(link.to.member) <= most.episodes);
        self.findings.truncate(most.findings);
        LeftOut {
            episodes: episodes - self.members.len(),
            links: links - self.links.len(),
            findings: findings - self.findings.len(),
        }
    }
}

impl<'a> LinkView<'a> {
    fn new(link: &Link<'a>, incident: &'a Incident<'a>) -> Self {
        let linked = |index: usize| {
            let who = incident.episodes[index].who;
            LinkedView { member: index + 1, account: named(&who.account), principal: named(&who.key) }
        };
        Self {
            kind: link.kind.name(),
            from: linked(link.from),
            to: linked(link.to),
            value: link.value,
            text: of_link(link, incident),
        }
    }
}

/// What each part of an incident's score was computed from.
fn reasons<'a>(incident: &'a Incident<'a>, weights: &Weights) -> Vec<ReasonView<'a>> {
    let reason = |(index, part): (usize, &'a Part<'a>)| {
        let view = ReasonView::new(part, &incident.episodes[index], weights);
        if index == incident.lead { view } else { view.of_member(index + 1) }
    };
    incident.parts().map(reason).collect()
}

/// The episodes. If the reasons of the leading one are those of the incident, they are not repeated.
fn members<'a>(incident: &'a Incident<'a>, weights: &Weights) -> Vec<MemberView<'a>> {
    let of_lead_only = incident.parts().all(|(index, _)| index == incident.lead);
    let of_member = |(index, episode): (usize, &'a Episode<'a>)| {
        let reason = |part: &'a Part<'a>| ReasonView::new(part, episode, weights);
        let is_said = index == incident.lead && of_lead_only;
        let reasons = (!is_said).then(|| episode.parts.iter().map(reason).collect());
        MemberView::new(episode, incident.is_sign_in(index), reasons)
    };
    incident.episodes.iter().enumerate().map(of_member).collect()
}

/// The findings of all episodes by time.
pub(super) fn findings<'a>(
    incident: &'a Incident<'a>,
    archives: &'a [String],
    weights: &'a Weights,
) -> Vec<FindingView<'a>> {
    let of_member = |(index, episode): (usize, &'a Episode<'a>)| {
        episode.findings.iter().map(move |one| FindingView { member: index + 1, one, archives, weights })
    };
    let mut findings: Vec<FindingView<'a>> =
        incident.episodes.iter().enumerate().flat_map(of_member).collect();
    findings.sort_by_key(|view| view.one.finding.time);
    findings
}
