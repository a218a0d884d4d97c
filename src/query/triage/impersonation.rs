//! Who acted as whom in a cluster.

use super::calls::{SESSION, between, is_of_others};
use super::cluster_principals::ClusterPrincipals;
use super::{Episode, Link, LinkKind};
use crate::model::Dimension;
use crate::query::FindingKind;
use crate::time::{Span, Timestamp};

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
            let within = (before(finding.time, SESSION), finding.time);
            let latest = between(indices, episodes, within).filter(|from| is_of_others(episodes, *from, to));
            links.extend(latest.last().map(|from| Link { kind: LinkKind::Impersonation, from, to, value }));
        }
    }
    links
}

fn before(time: Timestamp, span: Span) -> Timestamp {
    Timestamp::from_micros(time.micros().saturating_sub(span.micros()))
}
