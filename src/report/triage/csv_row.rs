//! An incident as one row: one column for each part, lists joined by semicolons.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;

use super::bits::{part, rounded};
use super::member_view::{classes, new_actions, outcomes, values};
use super::words::{of_link, of_part};
use crate::model::{Dimension, Sighting};
use crate::query::{Episode, Finding, Incident, PartName, Weights};
use crate::report::columns::row;
use crate::report::row::{NOT_NAMED, named};
use crate::time::Timestamp;

row! {
    /// One incident under its published field names, see `docs/formats.md`. An absent value is empty.
    #[derive(Serialize)]
    pub(super) struct IncidentRow<'a> {
        rank: usize,
        score: f64,
        severity: &'static str,
        size: Option<f64>,
        history: Option<f64>,
        network: Option<f64>,
        agent: Option<f64>,
        impersonator: Option<f64>,
        known: Option<f64>,
        account: Option<Cow<'a, str>>,
        principal: Option<Cow<'a, str>>,
        principal_kind: &'static str,
        new_principal: bool,
        start: Timestamp,
        end: Timestamp,
        episodes: usize,
        findings: usize,
        success: usize,
        failure: usize,
        classes: String,
        actions: String,
        regions: String,
        networks: String,
        agents: String,
        access_keys: String,
        rules: String,
        principals: String,
        reasons: String,
        links: String,
    }
}

impl<'a> IncidentRow<'a> {
    /// The row, its texts cleaned by `clean`.
    pub(super) fn new(
        rank: usize,
        incident: &'a Incident<'a>,
        clean: fn(&str) -> Cow<'_, str>,
        weights: &Weights,
    ) -> Self {
        let (first, span) = (&incident.episodes[0], incident.span());
        let outcomes = || incident.episodes.iter().map(outcomes);
        let classes: BTreeSet<&str> = incident.episodes.iter().flat_map(classes).collect();
        let names = incident.episodes.iter().map(|episode| named(&episode.who.key).unwrap_or(NOT_NAMED));
        let reasons = incident.parts().map(|(index, part)| {
            let text = of_part(part, &incident.episodes[index], weights);
            format!("{} {:.2}: {text}", part.name().name(), rounded(part.bits))
        });
        let [size, history, network, agent, impersonator, known] =
            PartName::ALL.map(|name| part(incident, name));
        let [actions, regions, networks, agents, access_keys, rules] =
            lists(incident).map(|list| joined(list.iter().map(|text| &**text), clean));
        Self {
            rank,
            score: incident.published_score(),
            severity: incident.severity().name(),
            size,
            history,
            network,
            agent,
            impersonator,
            known,
            account: named(&first.who.account).map(clean),
            principal: named(&first.who.key).map(clean),
            principal_kind: first.who.kind.name(),
            new_principal: first.is_new_principal,
            start: span.start,
            end: span.end,
            episodes: incident.places(),
            findings: incident.findings().count(),
            success: outcomes().map(|outcomes| outcomes.success).sum(),
            failure: outcomes().map(|outcomes| outcomes.failure).sum(),
            classes: joined(classes.into_iter(), clean),
            actions,
            regions,
            networks,
            agents,
            access_keys,
            rules,
            principals: joined(names, clean),
            reasons: clean(&reasons.collect::<Vec<_>>().join("; ")).into_owned(),
            links: clean(
                &incident.links.iter().map(|link| of_link(link, incident)).collect::<Vec<_>>().join("; "),
            )
            .into_owned(),
        }
    }
}

/// What occurred in the episodes: new actions, Regions, networks, agents, access keys and rules.
fn lists<'a>(incident: &'a Incident<'a>) -> [BTreeSet<Cow<'a, str>>; 6] {
    let mut lists: [BTreeSet<Cow<'a, str>>; 6] = Default::default();
    for episode in &incident.episodes {
        let [actions, regions, networks, agents, keys, rules] = &mut lists;
        actions.extend(new_actions(episode).filter_map(Finding::known_action).map(Cow::Borrowed));
        regions.extend(evidence(episode).filter_map(|evidence| evidence.region()).map(Cow::Borrowed));
        networks.extend(values(episode, Dimension::Network));
        agents.extend(values(episode, Dimension::Agent));
        keys.extend(evidence(episode).filter_map(|evidence| evidence.access_key_id()).map(Cow::Borrowed));
        rules.extend(episode.rules.iter().map(|(rule, _)| Cow::Borrowed(&*rule.name)));
    }
    lists
}

fn evidence<'a>(episode: &'a Episode<'a>) -> impl Iterator<Item = &'a Sighting> {
    episode.findings.iter().filter_map(|one| one.finding.evidence)
}

/// Texts joined by semicolons and cleaned.
fn joined<'t>(texts: impl Iterator<Item = &'t str>, clean: fn(&str) -> Cow<'_, str>) -> String {
    clean(&texts.collect::<Vec<_>>().join("; ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns::Row;

    #[test]
    fn parts_have_their_columns_in_order() {
        assert_eq!(IncidentRow::names()[3..3 + PartName::ALL.len()], PartName::ALL.map(PartName::name));
    }
}
