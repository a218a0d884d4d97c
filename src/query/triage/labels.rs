//! How well a ranking finds incidents that are known: for those who have labelled ones.

use std::collections::{BTreeMap, HashMap};

use super::{Incident, Triage};
use crate::actions::short_name;
use crate::query::Finding;
use crate::time::{Span, Timestamp};

/// An event that is known to belong to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The name of the incident.
    pub incident: String,
    /// The class of the incident, if it has one.
    pub class: Option<String>,
    /// The event.
    pub event: LabelledEvent,
}

/// How a label names its event. An event id decides; without one, or if no finding has it, the rest does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledEvent {
    /// `eventID`
    pub id: Option<String>,
    /// When it happened, give or take an hour.
    pub time: Option<Timestamp>,
    /// Account of the principal; any, if `None`.
    pub account: Option<String>,
    /// The principal's key.
    pub principal: Option<String>,
    /// The action, as findings name it, or with the short name of the service.
    pub action: Option<String>,
}

/// How far the times of a label and a finding may be apart, if the event id does not decide.
const TOLERANCE: Span = Span::hours(1);

/// Where a ranking has the labelled incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelReport {
    /// Each labelled incident, by name.
    pub incidents: Vec<LabelledIncident>,
    /// Over all of them.
    pub all: LabelShares,
    /// By class, if the labels have classes.
    pub classes: BTreeMap<String, LabelShares>,
}

/// Where a ranking has a labelled incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledIncident {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: Option<String>,
    /// Number of its labels.
    pub events: u64,
    /// The best place of the ranking that has any of its events; an incident of several episodes takes as many places, and is at
    /// the last of them. `None` if no place has.
    pub rank: Option<u64>,
    /// The places up to it that no labelled incident needs.
    pub noise: Option<u64>,
}

/// Shares of labelled incidents with a good rank.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelShares {
    /// Number of incidents.
    pub incidents: u64,
    /// Those that were found at any place.
    pub found: u64,
    /// The median rank; incidents that were not found count as last. `None` if it is one of these.
    pub median_rank: Option<f64>,
    /// The median noise, likewise.
    pub median_noise: Option<f64>,
    /// For each of [`LABEL_RANKS`] the number of incidents with at most this rank.
    pub by_rank: [u64; LABEL_RANKS.len()],
    /// For each of [`LABEL_NOISES`] the number of incidents with at most this noise.
    pub by_noise: [u64; LABEL_NOISES.len()],
}

/// Ranks for which [`LabelShares`] counts incidents.
pub const LABEL_RANKS: [u64; 3] = [12, 20, 50];

/// Amounts of noise for which [`LabelShares`] counts incidents.
pub const LABEL_NOISES: [u64; 3] = [5, 15, 50];

/// Compares a ranking with labels.
pub fn label_report(ranked: &Triage<'_>, labels: &[Label]) -> LabelReport {
    let index = LabelIndex::new(labels);
    let mut incidents = index.unplaced(labels);
    let (mut place, mut needed) = (0, 0);
    for incident in &ranked.incidents {
        place += incident.places() as u64;
        let names = index.names(incident);
        needed += u64::from(!names.is_empty());
        for name in names {
            let labelled = incidents.get_mut(name).filter(|labelled| labelled.rank.is_none());
            if let Some(labelled) = labelled {
                labelled.rank = Some(place);
                labelled.noise = Some(place - needed);
            }
        }
    }
    let incidents: Vec<LabelledIncident> = incidents.into_values().collect();
    let mut classes: BTreeMap<String, Vec<&LabelledIncident>> = BTreeMap::new();
    for incident in &incidents {
        if let Some(class) = &incident.class {
            classes.entry(class.clone()).or_default().push(incident);
        }
    }
    LabelReport {
        all: LabelShares::new(&incidents.iter().collect::<Vec<_>>()),
        classes: classes.into_iter().map(|(class, of_class)| (class, LabelShares::new(&of_class))).collect(),
        incidents,
    }
}

/// Labels by what identifies their events.
struct LabelIndex<'l> {
    /// The names of the incidents that have an event.
    ids: HashMap<&'l str, Vec<&'l str>>,
    /// By principal and short action.
    calls: HashMap<(&'l str, String), Vec<LabelledCall<'l>>>,
}

/// What else is known of a labelled event without an id.
struct LabelledCall<'l> {
    time: Timestamp,
    account: Option<&'l str>,
    /// The name of the incident.
    incident: &'l str,
}

impl<'l> LabelIndex<'l> {
    fn new(labels: &'l [Label]) -> Self {
        let mut index = Self { ids: HashMap::new(), calls: HashMap::new() };
        for Label { incident, event, .. } in labels {
            if let Some(id) = &event.id {
                index.ids.entry(id).or_default().push(incident);
            }
            if let (Some(time), Some(principal), Some(action)) = (event.time, &event.principal, &event.action)
            {
                let calls = index.calls.entry((principal, short_name(action))).or_default();
                calls.push(LabelledCall { time, account: event.account.as_deref(), incident });
            }
        }
        index
    }

    /// All labelled incidents, not yet found.
    fn unplaced(&self, labels: &'l [Label]) -> BTreeMap<&'l str, LabelledIncident> {
        let mut incidents: BTreeMap<&str, LabelledIncident> = BTreeMap::new();
        for Label { incident, class, .. } in labels {
            let named = || LabelledIncident {
                name: incident.clone(),
                class: class.clone(),
                events: 0,
                rank: None,
                noise: None,
            };
            incidents.entry(incident).or_insert_with(named).events += 1;
        }
        incidents
    }

    /// The labelled incidents that have an event of this one.
    fn names(&self, incident: &Incident<'_>) -> Vec<&'l str> {
        let findings = incident.episodes.iter().flat_map(|episode| &episode.findings);
        let mut names: Vec<&str> = findings.flat_map(|one| self.names_of(&one.finding)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The labelled incidents that have the event of a finding: those with its id, else those with such a call at about that time.
    fn names_of(&self, finding: &Finding<'_>) -> Vec<&'l str> {
        let id = finding.evidence.map(|evidence| evidence.event_id.text());
        if let Some(names) = id.and_then(|id| self.ids.get(&*id)) {
            return names.clone();
        }
        let calls = self.calls.get(&(finding.principal(), short_name(finding.action)));
        let fits = |call: &&LabelledCall<'_>| {
            let apart = finding.time.micros_since(call.time).abs();
            apart <= TOLERANCE.micros() && call.account.is_none_or(|account| account == finding.account())
        };
        calls.into_iter().flatten().filter(fits).map(|call| call.incident).collect()
    }
}

impl LabelShares {
    fn new(incidents: &[&LabelledIncident]) -> Self {
        let ranks: Vec<Option<u64>> = incidents.iter().map(|incident| incident.rank).collect();
        let noises: Vec<Option<u64>> = incidents.iter().map(|incident| incident.noise).collect();
        let within = |values: &[Option<u64>], most: u64| {
            values.iter().flatten().filter(|value| **value <= most).count() as u64
        };
        Self {
            incidents: incidents.len() as u64,
            found: ranks.iter().flatten().count() as u64,
            by_rank: LABEL_RANKS.map(|most| within(&ranks, most)),
            by_noise: LABEL_NOISES.map(|most| within(&noises, most)),
            median_rank: median(ranks),
            median_noise: median(noises),
        }
    }
}

/// The median, with absent values as the largest.
fn median(values: Vec<Option<u64>>) -> Option<f64> {
    let mut known: Vec<u64> = values.iter().flatten().copied().collect();
    known.sort_unstable();
    let middle = |index: usize| known.get(index).map(|value| *value as f64);
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => middle(odd / 2),
        even => Some((middle(even / 2 - 1)? + middle(even / 2)?) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_that_was_not_found_counts_as_last() {
        assert_eq!(median(vec![Some(3), None, Some(1)]), Some(3.0));
        assert_eq!(median(vec![Some(3), Some(4)]), Some(3.5));
        assert_eq!(median(vec![None, None, Some(1)]), None);
        assert_eq!(median(Vec::new()), None);
    }
}
