//! What a saved baseline lacks, as text and under its published names.

use std::collections::BTreeMap;

use serde::Serialize;

use super::plural;
use crate::coverage::{SomeShards, Unfinished};

/// How many missing shards are named.
const SHARDS_NAMED: usize = 10;

/// What a baseline lacks, under its published names. What does not apply is absent.
#[derive(Serialize)]
pub(super) struct UnfinishedView<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unread: &'a BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plans: Vec<PlanView<'a>>,
}

#[derive(Serialize)]
struct PlanView<'a> {
    plan: &'a str,
    shards: Vec<u32>,
    of: u32,
}

impl<'a> UnfinishedView<'a> {
    /// Nothing if nothing is missing.
    pub(super) fn new(unfinished: &'a Unfinished) -> Option<Self> {
        let plan = |(plan, SomeShards { shards, of }): (&'a String, &'a SomeShards)| PlanView {
            plan,
            shards: shards.iter().copied().collect(),
            of: *of,
        };
        let view = || Self { unread: &unfinished.unread, plans: unfinished.plans.iter().map(plan).collect() };
        (!unfinished.is_empty()).then(view)
    }
}

/// What a baseline lacks, in sentences without a full stop, and what to do about it. They have names of archives: clean them before showing them.
pub fn unfinished(unfinished: &Unfinished) -> Vec<String> {
    let unread = unfinished.unread.iter().map(|(archive, objects)| {
        let was = if *objects == 1 { "was" } else { "were" };
        let objects = plural(*objects, "object");
        format!("{objects} of '{archive}' {was} listed and not read, because index ended early: run it again, and it goes on from there")
    });
    unread.chain(unfinished.plans.values().map(missing)).collect()
}

/// Which shards of a plan are missing.
fn missing(shards: &SomeShards) -> String {
    let count = shards.missing_count() as usize;
    let named: Vec<String> = shards.missing().take(SHARDS_NAMED).map(|shard| shard.to_string()).collect();
    let more = match count.saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (shard, is) = if count == 1 { ("shard", "is") } else { ("shards", "are") };
    format!(
        "{shard} {}{more} of {} {is} missing: merge the baselines of all shards of the plan",
        named.join(", "),
        shards.of
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_shards_are_named_up_to_ten() {
        let some = |of, shards: &[u32]| SomeShards { shards: shards.iter().copied().collect(), of };
        assert_eq!(
            missing(&some(3, &[1, 3])),
            "shard 2 of 3 is missing: merge the baselines of all shards of the plan"
        );
        assert!(missing(&some(4, &[3])).starts_with("shards 1, 2, 4 of 4 are missing"));
        assert!(missing(&some(u32::MAX, &[])).contains("9, 10 and 4294967285 more of"));
    }
}
