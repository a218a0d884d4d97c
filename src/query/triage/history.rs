//! How seldom earlier episodes were as surprising: among all, and among the kind, the family and the principal itself.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::population::Groups;
use super::{Count, Part, Reason, Weights};
use crate::time::Timestamp;

/// Two surprises that differ by less are equal: sums of the same bits in another order.
const EQUAL: f64 = 1e-9;

/// The surprises of some episodes, and how many of these have ended: a Fenwick tree over their sorted list.
#[derive(Debug, Default)]
struct Circle {
    /// Of all episodes, whether they have ended or not; sorted.
    surprises: Vec<f64>,
    /// Sums of ended episodes over ranges of that list.
    ended: Vec<u32>,
    all_ended: u32,
}

impl Circle {
    fn new(mut surprises: Vec<f64>) -> Self {
        surprises.sort_by(f64::total_cmp);
        Self { ended: vec![0; surprises.len() + 1], surprises, all_ended: 0 }
    }

    /// Marks an episode as ended.
    fn end(&mut self, surprise: f64) {
        self.all_ended += 1;
        let mut node = self.surprises.partition_point(|known| *known < surprise) + 1;
        while let Some(sum) = self.ended.get_mut(node) {
            *sum += 1;
            node += node & node.wrapping_neg();
        }
    }

    /// How many of the ended episodes were as surprising.
    fn at_least(&self, surprise: f64) -> Count {
        let mut node = self.surprises.partition_point(|known| *known < surprise - EQUAL);
        let mut less = 0;
        while node > 0 {
            less += self.ended[node];
            node &= node - 1;
        }
        Count { some: self.all_ended - less, all: self.all_ended }
    }
}

/// An episode with new actions.
#[derive(Clone, Copy, Debug)]
pub(super) struct PastEpisode {
    pub(super) principal: u32,
    pub(super) groups: Groups,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// Of all its new actions, in bits.
    pub(super) surprise: f64,
}

/// A circle of principals, from wide to narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scope {
    All,
    Kind(u32),
    Family(u32),
    Own(u32),
}

impl PastEpisode {
    fn scopes(&self) -> [Scope; 4] {
        let Groups { kind, family } = self.groups;
        [Scope::All, Scope::Kind(kind), Scope::Family(family), Scope::Own(self.principal)]
    }
}

/// The part of each episode's score for what was known of earlier ones when it began; they must be sorted by start.
pub(super) fn histories(episodes: &[PastEpisode], weights: &Weights) -> Vec<Part<'static>> {
    let mut circles = circles(episodes);
    let mut pending: BinaryHeap<Reverse<(Timestamp, usize)>> = BinaryHeap::new();
    let mut parts = Vec::with_capacity(episodes.len());
    for (index, episode) in episodes.iter().enumerate() {
        while let Some(Reverse((end, ended))) = pending.peek().copied() {
            if end >= episode.start {
                break;
            }
            pending.pop();
            for scope in episodes[ended].scopes() {
                circles.entry(scope).or_default().end(episodes[ended].surprise);
            }
        }
        let [among_all, among_kind, among_family, own] = episode.scopes().map(|scope| {
            circles.get(&scope).map_or(Count::default(), |circle| circle.at_least(episode.surprise))
        });
        parts.push(Part {
            bits: weights.history * bits(among_all, [among_kind, among_family, own], weights),
            reason: Reason::History { among_all, among_kind, among_family, own },
        });
        pending.push(Reverse((episode.end, index)));
    }
    parts
}

fn circles(episodes: &[PastEpisode]) -> HashMap<Scope, Circle> {
    let mut surprises: HashMap<Scope, Vec<f64>> = HashMap::new();
    for episode in episodes {
        for scope in episode.scopes() {
            surprises.entry(scope).or_default().push(episode.surprise);
        }
    }
    surprises.into_iter().map(|(scope, surprises)| (scope, Circle::new(surprises))).collect()
}

/// The bits of a history: the share of all earlier episodes that were as surprising, corrected by narrower and narrower circles.
///
/// A narrower circle says nothing if nobody of the wider one was ever as surprising.
fn bits(among_all: Count, narrower: [Count; 3], weights: &Weights) -> f64 {
    let mut share = f64::from(among_all.some + 1) / f64::from(among_all.all + 2);
    let mut wider = among_all;
    for circle in narrower {
        if wider.some == 0 {
            break;
        }
        share = circle.share(share, weights.prior);
        if share < LEAST {
            share = HALF / (f64::from(circle.all) + 1.0);
        }
        wider = circle;
    }
    -share.log2()
}

/// The smallest share, which only a prior of almost nothing leads to. It says that the prior is missing, not how rare an episode is.
const LEAST: f64 = 1.0 / (1_u64 << 50) as f64;

/// How many episodes count in place of none then, as for principals that did an action: nothing is impossible.
const HALF: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;

    fn count(some: u32, all: u32) -> Count {
        Count { some, all }
    }

    #[test]
    fn the_rarer_the_history_the_more_bits() {
        let bits = |all, narrower| bits(all, narrower, &Weights::default());
        let seldom = bits(count(1, 100), [count(1, 10), count(1, 2), count(0, 2)]);
        let usual = bits(count(90, 100), [count(9, 10), count(2, 2), count(2, 2)]);
        assert!(seldom > usual && usual >= 0.0);
        let never = bits(count(0, 100), [count(0, 10), count(0, 2), count(0, 2)]);
        assert_eq!(never, 102_f64.log2());
    }

    #[test]
    fn without_a_prior_nothing_is_impossible() {
        let weights = Weights { prior: 0.0, ..Weights::default() };
        let history = bits(count(1, 100), [count(0, 7), count(0, 2), count(0, 2)], &weights);
        assert_eq!(history, 16_f64.log2());
    }

    #[test]
    fn an_episode_counts_once_it_has_ended() {
        let groups = Groups { kind: 0, family: 0 };
        let episode = |start, end, surprise| {
            let [start, end] = [start, end].map(Timestamp::from_seconds);
            PastEpisode { principal: 0, groups, start, end, surprise }
        };
        let episodes =
            [episode(0, 10, 5.0), episode(10, 11, 4.0), episode(11, 12, 4.5), episode(20, 20, 5.0)];
        let parts = histories(&episodes, &Weights::default());
        let own = parts.iter().map(|part| match &part.reason {
            Reason::History { own, .. } => *own,
            _ => count(9, 9),
        });
        assert_eq!(own.collect::<Vec<_>>(), [count(0, 0), count(0, 0), count(1, 1), count(1, 3)]);
    }
}
