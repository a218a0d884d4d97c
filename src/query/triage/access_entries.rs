//! Who was admitted to a cluster, by an access entry of EKS.

use super::calls::{CREATION, beginning, calls, is_of_others};
use super::cluster_principals::ClusterPrincipals;
use super::{Episode, Link, LinkKind};
use crate::model::identity_in_cluster;

/// Episodes that admitted a principal to a cluster, and its next episode there.
pub(super) fn of_access_entries<'b>(
    episodes: &[Episode<'b>],
    principals: &ClusterPrincipals<'_, 'b>,
) -> Vec<Link<'b>> {
    let mut links = Vec::new();
    for (from, _, call) in calls(episodes).filter(|_| !principals.is_empty()) {
        let Some(value) = call.issued().filter(|key| identity_in_cluster(key).is_some()) else { continue };
        // The call is later than its episode if it is the first success of one that failed.
        let until = episodes[from].end().max(call.time).plus(CREATION);
        for indices in principals.with_key(value) {
            let mut next = beginning(indices, episodes, (call.time, until));
            let next = next.find(|to| is_of_others(episodes, from, *to));
            links.extend(next.map(|to| Link { kind: LinkKind::AccessEntry, from, to, value }));
        }
    }
    links
}
