//! Who acted as whom in a cluster.

use super::calls::{SESSION, is_of_others};
use super::cluster_principals::ClusterPrincipals;
use super::{Episode, Link, LinkKind};
use crate::model::Dimension;
use crate::query::FindingKind;

/// Episodes in which somebody impersonated the principal for the first time, and the latest episode of that one: it begins by then, and
/// ends at most a session before.
pub(super) fn of_impersonators<'b>(
    episodes: &[Episode<'b>],
    principals: &ClusterPrincipals<'_, 'b>,
) -> Vec<Link<'b>> {
    let mut links = Vec::new();
    for (to, episode) in episodes.iter().enumerate().filter(|_| !principals.is_empty()) {
        for finding in episode.findings.iter().map(|one| &one.finding) {
            let is_impersonator = finding.kind == FindingKind::of_dimension(Dimension::Impersonator);
            let Some(value) = finding.value.filter(|_| is_impersonator) else { continue };
            let Some(indices) = principals.named(value, episodes, to) else { continue };
            let begun = indices.partition_point(|index| episodes[*index].start() <= finding.time);
            let is_recent =
                |from: &usize| finding.time.micros_since(episodes[*from].end()) <= SESSION.micros();
            let latest = indices[..begun].last().copied().filter(is_recent);
            let latest = latest.filter(|from| is_of_others(episodes, *from, to));
            links.extend(latest.map(|from| Link { kind: LinkKind::Impersonation, from, to, value }));
        }
    }
    links
}
