//! The behaviours in an answer: those that are known, or those that differ between two times.

use super::{ActionSets, By};
use crate::baseline::{Baseline, Behaviour};
use crate::names::named;

named! {
    /// How a set of known actions changed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Change {
        /// Known at the later time only.
        Gained = "gained",
        /// Known at the earlier time only.
        Lost = "lost",
    }
}

/// A behaviour in the answer.
#[derive(Clone, Copy)]
pub(super) struct SelectedBehaviour<'b> {
    pub(super) behaviour: &'b Behaviour,
    pub(super) change: Option<Change>,
}

/// All behaviours in the sets.
pub(super) fn all_known<'b>(baseline: &'b Baseline, sets: &ActionSets) -> Vec<SelectedBehaviour<'b>> {
    let known = |behaviour: &&Behaviour| sets.principal(behaviour.principal).contains(behaviour.action);
    let behaviours = baseline.behaviours.iter().filter(known);
    behaviours.map(|behaviour| SelectedBehaviour { behaviour, change: None }).collect()
}

/// The behaviours that differ between the sets of principals, or of whole accounts.
pub(super) fn changed<'b>(
    baseline: &'b Baseline,
    earlier: &ActionSets,
    later: &ActionSets,
    by: By,
) -> Vec<SelectedBehaviour<'b>> {
    let mut picked = Vec::new();
    let mut behaviours = baseline.behaviours.iter().peekable();
    let mut start = 0;
    for scope in
        baseline.principals.chunk_by(|left, right| by == By::Account && left.account == right.account)
    {
        let end = start + scope.len();
        let (before, after) = (earlier.union(start..end), later.union(start..end));
        let (gained, lost) = (&after - &before, &before - &after);
        while let Some(behaviour) = behaviours.next_if(|behaviour| (behaviour.principal as usize) < end) {
            let (who, action) = (behaviour.principal, behaviour.action);
            let change = if gained.contains(action) && later.principal(who).contains(action) {
                Change::Gained
            } else if lost.contains(action) && earlier.principal(who).contains(action) {
                Change::Lost
            } else {
                continue;
            };
            picked.push(SelectedBehaviour { behaviour, change: Some(change) });
        }
        start = end;
    }
    picked
}
