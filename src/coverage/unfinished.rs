//! What a saved baseline lacks of what was listed for it.

use std::collections::{BTreeMap, BTreeSet};

/// What a saved baseline lacks: objects of runs that ended early, and shards of plans that are not merged yet.
///
/// ```
/// use firstseen::coverage::{SomeShards, Unfinished};
///
/// let with = |shard| {
///     let mut unfinished = Unfinished::default();
///     unfinished.add_shards("plan".to_owned(), SomeShards::one(shard, 3));
///     unfinished
/// };
/// let mut merged = with(1);
/// merged.merge(with(3));
/// assert_eq!(merged.plans["plan"].missing().collect::<Vec<_>>(), [2]);
/// merged.merge(with(2));
/// assert!(merged.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Objects that were listed and not read, because a run ended early, by the name of their archive.
    pub unread: BTreeMap<String, u64>,
    /// Plans of which only some shards are in the baseline, by their ids.
    pub plans: BTreeMap<String, SomeShards>,
}

/// Some of the shards of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SomeShards {
    /// Their numbers, from 1.
    pub shards: BTreeSet<u32>,
    /// How many the plan has.
    pub of: u32,
}

impl SomeShards {
    /// One of so many.
    pub fn one(shard: u32, of: u32) -> Self {
        Self { shards: BTreeSet::from([shard]), of }
    }

    /// The numbers of the others.
    pub fn missing(&self) -> impl Iterator<Item = u32> {
        (1..=self.of).filter(|number| !self.shards.contains(number))
    }

    /// How many others there are.
    pub fn missing_count(&self) -> u32 {
        self.of.saturating_sub(u32::try_from(self.shards.len()).unwrap_or(u32::MAX))
    }
}

impl Unfinished {
    /// Whether nothing is known to be missing.
    pub fn is_empty(&self) -> bool {
        self.unread.is_empty() && self.plans.is_empty()
    }

    /// Number of objects that were not read.
    pub fn unread_objects(&self) -> u64 {
        self.unread.values().fold(0, |sum, objects| sum.saturating_add(*objects))
    }

    /// Adds shards of a plan. One whose shards are all there is forgotten.
    pub fn add_shards(&mut self, plan: String, shards: SomeShards) {
        let known =
            self.plans.entry(plan.clone()).or_insert(SomeShards { shards: BTreeSet::new(), of: shards.of });
        known.shards.extend(shards.shards);
        if known.missing_count() == 0 {
            self.plans.remove(&plan);
        }
    }

    /// Adds what another baseline lacks, and what it has of plans.
    pub fn merge(&mut self, other: Self) {
        for (archive, objects) in other.unread {
            let known = self.unread.entry(archive).or_default();
            *known = known.saturating_add(objects);
        }
        for (plan, shards) in other.plans {
            self.add_shards(plan, shards);
        }
    }
}
