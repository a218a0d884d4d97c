//! How often something was done, and by or from whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Text;

/// How many networks of a credential are kept, and how many ARNs: an attacker may come from any number.
const NAMES_KEPT: usize = 32;

/// How often an action was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionUse {
    /// Number of events.
    pub count: u64,
    /// Failed ones among them.
    pub errors: u64,
}

/// Names; of many only the first in sorted order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The names.
    pub kept: BTreeSet<Text>,
    /// Whether there are more.
    pub has_more: bool,
}

impl Names {
    /// Adds a name.
    pub(super) fn add(&mut self, name: Text) {
        self.kept.insert(name);
        if self.kept.len() > NAMES_KEPT {
            self.kept.pop_last();
            self.has_more = true;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        other.kept.into_iter().for_each(|name| self.add(name));
        self.has_more |= other.has_more;
    }
}

/// The sum of all actions.
pub(super) fn sum(actions: &BTreeMap<Text, ActionUse>) -> ActionUse {
    actions.values().fold(ActionUse::default(), |sum, action| ActionUse {
        count: sum.count + action.count,
        errors: sum.errors + action.errors,
    })
}

/// Adds actions that were done elsewhere.
pub(super) fn sum_up(actions: &mut BTreeMap<Text, ActionUse>, more: BTreeMap<Text, ActionUse>) {
    for (action, more) in more {
        let known = actions.entry(action).or_default();
        known.count += more.count;
        known.errors += more.errors;
    }
}
