//! Who was admitted to a cluster, by an access entry of EKS.

use super::calls::{calls, next_after};
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
        for indices in principals.with_key(value) {
            let next = next_after(indices, episodes, (from, call.time)).next();
            links.extend(next.map(|to| Link { kind: LinkKind::AccessEntry, from, to, value }));
        }
    }
    links
}
