//! Episodes of one principal, and the calls of their findings.

use std::collections::HashMap;

use super::Episode;
use crate::model::{PrincipalKind, Sighting};
use crate::query::Finding;
use crate::time::{Span, Timestamp};

/// How long a temporary key can last (STS API Reference, GetSessionToken: 36 hours; sessions of roles end after 12).
pub(super) const SESSION: Span = Span::hours(36);

/// How long after a principal was created or opened its first episode is still joined.
pub(super) const CREATION: Span = Span::days(7);

/// For each principal, by account and key, the indices of its episodes. None begins before the one before it has ended.
pub(super) type ByPrincipal<'b> = HashMap<(&'b str, &'b str), Vec<usize>>;

/// Those of a principal's episodes that end at a time or later, and begin at another or before.
pub(super) fn between(
    indices: &[usize],
    episodes: &[Episode<'_>],
    (from, to): (Timestamp, Timestamp),
) -> impl Iterator<Item = usize> {
    let first = indices.partition_point(|index| episodes[*index].end() < from);
    indices[first..].iter().copied().take_while(move |index| episodes[*index].start() <= to)
}

/// Those of another principal's episodes that begin after a call of an episode and soon after that has ended. The call is later than its
/// episode if it is the first success of one that failed.
pub(super) fn next_after(
    indices: &[usize],
    episodes: &[Episode<'_>],
    (from, time): (usize, Timestamp),
) -> impl Iterator<Item = usize> {
    let until = episodes[from].end().max(time).plus(CREATION);
    let next = between(indices, episodes, (time, until));
    next.filter(move |to| episodes[*to].start() >= time && is_of_others(episodes, from, *to))
}

/// The key with which a call was made.
pub(super) fn access_key<'b>(finding: &Finding<'b>) -> Option<&'b str> {
    finding.evidence?.access_key_id()
}

/// Whether two episodes are of different principals.
pub(super) fn is_of_others(episodes: &[Episode<'_>], one: usize, other: usize) -> bool {
    episodes[one].who != episodes[other].who
}

/// Whether an episode begins soon after another has ended.
pub(super) fn is_soon(earlier: &Episode<'_>, later: &Episode<'_>, within: Span) -> bool {
    later.start().micros_since(earlier.end()) <= within.micros()
}

/// The calls of the findings of episodes: their events and, of calls that failed, the first success soon after. Not those of nodes and the
/// control plane of a cluster, which request a token for every pod.
pub(super) fn calls<'e, 'b>(
    episodes: &'e [Episode<'b>],
) -> impl Iterator<Item = (usize, &'e Finding<'b>, &'b Sighting)> {
    let is_machinery =
        |kind: PrincipalKind| matches!(kind, PrincipalKind::K8sNode | PrincipalKind::K8sControlPlane);
    let acting = episodes.iter().enumerate().filter(move |(_, episode)| !is_machinery(episode.who.kind));
    let findings =
        acting.flat_map(|(from, episode)| episode.findings.iter().map(move |one| (from, &one.finding)));
    findings.flat_map(|(from, finding)| {
        let is_soon = |call: &&Sighting| call.time.micros_since(finding.time) <= CREATION.micros();
        let success = finding.later_success().filter(is_soon);
        [finding.evidence, success].into_iter().flatten().map(move |call| (from, finding, call))
    })
}
