//! What was done with access keys in Kubernetes clusters, whose audit logs name the key that a token was made with.

use std::collections::BTreeMap;

use super::EventPlace;
use super::counts::{ActionUse, Names, sum, sum_up};
use crate::model::Text;
use crate::time::Timestamp;

/// What was done with an access key in clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterUse {
    /// The first request.
    pub first: EventPlace,
    /// Time of the last one.
    pub last: Timestamp,
    /// Actions by name, without copies of records: a request counts once, however many of its stages were logged.
    pub actions: BTreeMap<Text, ActionUse>,
    /// Where the requests came from: networks, as in the dimension `network`.
    pub networks: Names,
    /// The clusters, as far as records or paths name them.
    pub clusters: Names,
    /// Who used it: ARNs, or names in the cluster where a record has none.
    pub users: Names,
}

impl ClusterUse {
    /// Nothing but a request at this place.
    pub(super) fn of(first: EventPlace) -> Self {
        Self {
            last: first.time,
            first,
            actions: BTreeMap::new(),
            networks: Names::default(),
            clusters: Names::default(),
            users: Names::default(),
        }
    }

    /// Number of requests, and of failed ones.
    pub fn counts(&self) -> ActionUse {
        sum(&self.actions)
    }

    /// Adds the use of the same key in other objects.
    pub(super) fn merge(&mut self, other: Self) {
        self.first = self.first.clone().min(other.first);
        self.last = self.last.max(other.last);
        sum_up(&mut self.actions, other.actions);
        self.networks.merge(other.networks);
        self.clusters.merge(other.clusters);
        self.users.merge(other.users);
    }
}
