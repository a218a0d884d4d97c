//! What is collected of an archive: every credential, the event that issued it, and a summary of its use.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Credential, EventPlace, Holder, Issuance};
use crate::model::Text;
use crate::time::Timestamp;

/// How many networks of a credential are kept: an attacker may come from any number.
const NETWORKS_KEPT: usize = 32;

/// Everything collected.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The use of access keys, by their ids.
    pub(super) uses: HashMap<Text, Use>,
    /// The event that issued each credential.
    pub(super) issued: BTreeMap<Credential, Issuance>,
    /// The credentials that the traced event used, or else issued.
    pub(super) of_event: BTreeSet<Credential>,
    /// Whether the traced event was met.
    pub(super) has_met_event: bool,
    /// Whether any record says that its credentials are of a console session, as those since version 1.08 do.
    pub(super) tells_console: bool,
}

/// What was done with an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The first event.
    pub first: EventPlace,
    /// Who made it.
    pub holder: Holder,
    /// Time of the last event.
    pub last: Timestamp,
    /// Whether the credentials are those of a console session.
    pub is_from_console: bool,
    /// Actions by name, without copies of records.
    pub actions: BTreeMap<Text, ActionUse>,
    /// Where the calls came from.
    pub networks: Networks,
}

/// How often an action was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionUse {
    /// Number of events.
    pub count: u64,
    /// Failed ones among them.
    pub errors: u64,
}

/// Networks, as in the dimension `network`; of many only the first in sorted order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// The networks.
    pub kept: BTreeSet<Text>,
    /// Whether there are more.
    pub has_more: bool,
}

impl Networks {
    /// Adds a network.
    pub(super) fn add(&mut self, network: Text) {
        self.kept.insert(network);
        if self.kept.len() > NETWORKS_KEPT {
            self.kept.pop_last();
            self.has_more = true;
        }
    }
}

impl Use {
    /// Number of events, and of failed ones.
    pub fn counts(&self) -> ActionUse {
        self.actions.values().fold(ActionUse::default(), |sum, action| ActionUse {
            count: sum.count + action.count,
            errors: sum.errors + action.errors,
        })
    }
}
