//! What is collected of an archive: every credential, the event that issued it, and a summary of its use.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::clusters::ClusterUse;
use super::counts::{ActionUse, Names, sum};
use super::session::Session;
use super::status::StatusChanges;
use super::{Credential, EventPlace, Holder, Issuance};
use crate::model::Text;
use crate::time::Timestamp;

/// Everything collected.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The use of access keys, by their ids.
    pub(super) uses: HashMap<Text, Use>,
    /// Their use in Kubernetes clusters.
    pub(super) cluster_uses: HashMap<Text, ClusterUse>,
    /// The event that issued each credential.
    pub(super) issued: BTreeMap<Credential, Issuance>,
    /// When keys were deleted, or made inactive or active.
    pub(super) status_changes: HashMap<Text, StatusChanges>,
    /// When passwords were deleted: account and name of the user, and the time.
    pub(super) ended_passwords: BTreeSet<(Text, Text, Timestamp)>,
    /// The events that created users.
    pub(super) users: BTreeMap<CreatedUser, Issuance>,
    /// The credentials that the traced event used, or else issued.
    pub(super) of_event: BTreeSet<Credential>,
    /// Whether the traced event was met.
    pub(super) has_met_event: bool,
    /// Whether it is a request to a cluster.
    pub(super) has_met_request: bool,
    /// Whether any record says that its credentials are of a console session, as those since version 1.08 do.
    pub(super) tells_console: bool,
    /// Objects that are not those that were indexed: archive and path.
    pub(super) changed: BTreeSet<(u32, Text)>,
}

/// A user that was created: account, name, time, and its id, which is empty if the event does not say it.
pub(super) type CreatedUser = (Text, Text, Timestamp, Text);

/// What was done with an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The first event.
    pub first: EventPlace,
    /// Who made it.
    pub holder: Holder,
    /// What that event says of the session, if the key is one of a session.
    pub session: Session,
    /// Time of the last event.
    pub last: Timestamp,
    /// Whether the credentials are those of a console session.
    pub is_from_console: bool,
    /// Actions by name, without copies of records.
    pub actions: BTreeMap<Text, ActionUse>,
    /// Where the calls came from: networks, as in the dimension `network`.
    pub networks: Names,
    /// The ARNs of those who used it: more than one contradict each other.
    pub arns: Names,
}

impl Use {
    /// Number of events, and of failed ones.
    pub fn counts(&self) -> ActionUse {
        sum(&self.actions)
    }
}
