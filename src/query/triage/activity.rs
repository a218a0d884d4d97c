//! What each principal of a ranking did in all, for a table beside the incidents.

use std::collections::{BTreeMap, BTreeSet};

use super::{Triage, TriageQuestion};
use crate::baseline::Baseline;
use crate::model::{Dimension, ObservedPrincipal};
use crate::query::in_scope::{events, first_counted};
use crate::query::new_value;
use crate::time::Timestamp;

/// What a principal did in the whole archive, new or not, as far as the question counts it.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalActivity<'b> {
    /// The principal.
    pub who: &'b ObservedPrincipal,
    /// Its first sighting.
    pub first: Timestamp,
    /// Its last sighting.
    pub last: Timestamp,
    /// Different actions.
    pub actions: u64,
    /// Different networks. None, if no networks were learnt.
    pub networks: u64,
    /// Events, without copies.
    pub events: u64,
}

/// The activity of all principals with a reported episode, sorted by account and key.
pub fn principal_activities<'b>(
    baseline: &'b Baseline,
    question: &TriageQuestion,
    ranked: &Triage<'_>,
) -> Vec<PrincipalActivity<'b>> {
    let question = &question.of_findings();
    let episodes = ranked.incidents.iter().flat_map(|incident| &incident.episodes);
    let wanted: BTreeSet<u32> =
        episodes.filter_map(|episode| baseline.principal_number(episode.who)).collect();
    let mut found: BTreeMap<u32, PrincipalActivity<'b>> = BTreeMap::new();
    for behaviour in baseline.behaviours.iter().filter(|one| wanted.contains(&one.principal)) {
        let Some(sighting) = first_counted(behaviour, question) else { continue };
        let (first, last) = (sighting.time, question.last_known(behaviour.last));
        let activity = found.entry(behaviour.principal).or_insert_with(|| PrincipalActivity {
            who: &baseline.principals[behaviour.principal as usize],
            first,
            last,
            actions: 0,
            networks: 0,
            events: 0,
        });
        activity.first = activity.first.min(first);
        activity.last = activity.last.max(last);
        activity.actions += 1;
        activity.events += events(behaviour, question);
    }
    let networks = baseline.values.iter().filter(|value| value.dimension == Dimension::Network);
    for value in networks.filter(|value| new_value::first_counted(value, question).is_some()) {
        if let Some(activity) = found.get_mut(&value.principal) {
            activity.networks += 1;
        }
    }
    found.into_values().collect()
}
