//! The rules that events of a principal matched during an episode.

use std::collections::{BTreeMap, HashMap};

use super::Episode;
use crate::baseline::{Baseline, Hit};
use crate::query::correlations::occurrences;
use crate::time::Timestamp;

/// Adds to each episode the rules that its principal's events matched in its time.
pub(super) fn add_rules<'b>(
    baseline: &'b Baseline,
    knows: impl Fn(Timestamp) -> bool,
    episodes: &mut [Episode<'b>],
) {
    if baseline.hits.is_empty() {
        return;
    }
    let mut of_principal: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, episode) in episodes.iter().enumerate() {
        of_principal.entry(episode.who.account_and_key()).or_default().push(index);
    }
    // By number, so that rules of one title and priority have an order, too.
    let mut counts: Vec<BTreeMap<u32, u64>> = vec![BTreeMap::new(); episodes.len()];
    let hits = baseline.hits.iter().filter(|hit| baseline.is_reported(hit)).map(|hit| (hit.rule, hit));
    // A correlation counts where it was completed, also before the reported window: an episode may begin there.
    let completed = occurrences(baseline, None, knows).into_iter().map(|it| (it.rule, it.completed_by));
    for (rule, Hit { who, sighting, .. }) in hits.chain(completed) {
        let Some(own) = of_principal.get(&who.account_and_key()) else { continue };
        // Episodes of a principal do not overlap, and are in order.
        let begun = own.partition_point(|index| episodes[*index].start() <= sighting.time);
        let last = begun.checked_sub(1).map(|last| own[last]);
        if let Some(index) = last.filter(|index| sighting.time <= episodes[*index].end()) {
            *counts[index].entry(rule).or_default() += 1;
        }
    }
    for (episode, counts) in episodes.iter_mut().zip(counts) {
        let rules = counts.into_iter().map(|(rule, count)| (&*baseline.rules[rule as usize], count));
        episode.rules = rules.collect();
        episode.rules.sort_by_key(|(rule, _)| (rule.priority, &rule.name));
    }
}
