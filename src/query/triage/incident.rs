//! Incidents: episodes that belong together, by what the baseline proves.
//!
//! Joining must be earned, since an incident of several episodes takes as long to read as they do: only what one intruder leaves
//! behind joins episodes, not what colleagues share.

use std::collections::HashMap;

use super::{Episode, Incident, Link, LinkKind};
use crate::baseline::Baseline;
use crate::model::{Arn, Dimension};
use crate::query::{Finding, FindingKind};
use crate::time::{Span, Timestamp};

/// How long a session of a role can last (IAM User Guide, "Update the maximum session duration for a role": 12 hours).
const SESSION: Span = Span::hours(12);

/// How many principals may ever have come from a network whose use joins episodes.
const FEW: u32 = 3;

/// How long after its creation a principal's first episode is still joined to its creator's.
const CREATION: Span = Span::days(7);

/// Joins episodes, which are sorted by start, into incidents in the order of their first episodes.
pub(super) fn incidents<'b>(baseline: &'b Baseline, episodes: Vec<Episode<'b>>) -> Vec<Incident<'b>> {
    let mut links = links(baseline, &episodes);
    links.sort_by_key(|link| (link.to, link.from, link.kind));
    let roots = join(episodes.len(), &mut links);
    let mut incidents: Vec<Incident<'b>> = Vec::new();
    let mut place_of: HashMap<usize, usize> = HashMap::new();
    let mut index_in = vec![0; episodes.len()];
    for (index, episode) in episodes.into_iter().enumerate() {
        let place = *place_of.entry(roots[index]).or_insert_with(|| {
            incidents.push(Incident { episodes: Vec::new(), links: Vec::new(), lead: 0 });
            incidents.len() - 1
        });
        let incident = &mut incidents[place];
        index_in[index] = incident.episodes.len();
        incident.episodes.push(episode);
    }
    for link in links {
        let incident = &mut incidents[place_of[&roots[link.to]]];
        incident.links.push(Link { from: index_in[link.from], to: index_in[link.to], ..link });
    }
    for incident in &mut incidents {
        let scores: Vec<f64> = incident.episodes.iter().map(Episode::score).collect();
        let best =
            (0..scores.len()).reduce(|best, next| if scores[next] > scores[best] { next } else { best });
        incident.lead = best.unwrap_or_default();
    }
    incidents
}

/// For each episode the smallest index of its incident. Keeps only the links that joined something.
fn join(episodes: usize, links: &mut Vec<Link<'_>>) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..episodes).collect();
    links.retain(|link| {
        let (from, to) = (root(&mut parents, link.from), root(&mut parents, link.to));
        parents[from.max(to)] = from.min(to);
        from != to
    });
    (0..episodes).map(|index| root(&mut parents, index)).collect()
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

/// All links between episodes of different principals, from the earlier to the later one.
fn links<'b>(baseline: &'b Baseline, episodes: &[Episode<'b>]) -> Vec<Link<'b>> {
    let mut links = of_keys(episodes);
    links.extend(of_creations(baseline, episodes));
    links.extend(of_roles(episodes));
    links.extend(of_networks(baseline, episodes));
    links
}

/// Episodes in which the same temporary key was used: they are of one session.
fn of_keys<'b>(episodes: &[Episode<'b>]) -> Vec<Link<'b>> {
    let mut last: HashMap<&'b str, usize> = HashMap::new();
    let mut links = Vec::new();
    for (to, episode) in episodes.iter().enumerate() {
        for key in episode.findings.iter().filter_map(|one| temporary_key(&one.finding)) {
            if let Some(from) = last.insert(key, to)
                && is_of_others(episodes, from, to)
            {
                links.push(Link { kind: LinkKind::AccessKey, from, to, value: key });
            }
        }
    }
    links
}

/// The key of a session with which a call was made.
fn temporary_key<'b>(finding: &Finding<'b>) -> Option<&'b str> {
    finding.evidence?.access_key_id().filter(|key| key.starts_with("ASIA"))
}

/// Whether two episodes are of different principals.
fn is_of_others(episodes: &[Episode<'_>], one: usize, other: usize) -> bool {
    episodes[one].who != episodes[other].who
}

/// Episodes of principals that first came from the same network soon after another, if few ever came from it.
fn of_networks<'b>(baseline: &'b Baseline, episodes: &[Episode<'b>]) -> Vec<Link<'b>> {
    let mut holders: HashMap<&str, u32> = HashMap::new();
    for value in baseline.values.iter().filter(|value| value.dimension == Dimension::Network) {
        *holders.entry(&value.value).or_default() += 1;
    }
    let mut last: HashMap<&'b str, usize> = HashMap::new();
    let mut links = Vec::new();
    for (to, episode) in episodes.iter().enumerate() {
        for finding in episode.findings.iter().map(|one| &one.finding) {
            let is_network = finding.kind == FindingKind::of_dimension(Dimension::Network);
            let Some(network) = finding.value.filter(|_| is_network) else { continue };
            if holders.get(&**network).is_none_or(|holders| *holders > FEW) {
                continue;
            }
            if let Some(from) = last.insert(network, to)
                && is_of_others(episodes, from, to)
                && episode.start().micros_since(episodes[from].end()) <= SESSION.micros()
            {
                links.push(Link { kind: LinkKind::Network, from, to, value: network });
            }
        }
    }
    links
}

/// Episodes that created a user or role, and the first episode of that principal.
fn of_creations<'b>(baseline: &'b Baseline, episodes: &[Episode<'b>]) -> Vec<Link<'b>> {
    let mut creators: HashMap<(&str, Timestamp), usize> = HashMap::new();
    for (index, episode) in episodes.iter().enumerate() {
        for finding in episode.findings.iter().map(|one| &one.finding) {
            if CREATIONS.contains(&&**finding.action) && finding.kind == FindingKind::NewAction {
                creators.insert((&episode.who.account, finding.time), index);
            }
        }
    }
    let mut links = Vec::new();
    let mut is_joined: HashMap<(&str, &str), ()> = HashMap::new();
    for (to, episode) in episodes.iter().enumerate().filter(|(_, episode)| episode.is_new_principal) {
        if is_joined.insert(episode.who.account_and_key(), ()).is_some() {
            continue;
        }
        let name = (episode.who.account.clone(), episode.who.key.clone());
        let Some(created) = baseline.creations.get(&name) else { continue };
        let from = creators.get(&(&*episode.who.account, *created));
        let is_soon = episode.start().micros_since(*created) <= CREATION.micros();
        if let Some(from) = from.filter(|from| **from != to && is_soon) {
            links.push(in_order(LinkKind::Creation, *from, to, &episode.who.key));
        }
    }
    links
}

/// The calls whose time a creation has.
const CREATIONS: [&str; 2] = ["iam.amazonaws.com:CreateUser", "iam.amazonaws.com:CreateRole"];

/// Episodes that assumed a role for the first time, and an episode of that role that began within a session of it, from the same
/// network.
fn of_roles<'b>(episodes: &[Episode<'b>]) -> Vec<Link<'b>> {
    let mut of_role: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, episode) in episodes.iter().enumerate() {
        of_role.entry(episode.who.account_and_key()).or_default().push(index);
    }
    let mut links = Vec::new();
    for (from, episode) in episodes.iter().enumerate() {
        for finding in episode.findings.iter().map(|one| &one.finding) {
            if finding.kind != FindingKind::of_dimension(Dimension::TargetRole) {
                continue;
            }
            let Some(role) = finding.value else { continue };
            let Some(arn) = Arn::parse(role) else { continue };
            let candidates = of_role.get(&(arn.account, &**role)).into_iter().flatten();
            let next = candidates.copied().find(|to| {
                let other = &episodes[*to];
                let is_soon = other.end() >= finding.time && other.start() <= finding.time.plus(SESSION);
                *to != from && is_soon && is_same_address(finding, other)
            });
            if let Some(to) = next {
                links.push(in_order(LinkKind::AssumedRole, from, to, role));
            }
        }
    }
    links
}

/// Whether calls of an episode came from the address of a finding.
fn is_same_address(finding: &Finding<'_>, other: &Episode<'_>) -> bool {
    let address =
        |finding: &Finding<'_>| finding.evidence.and_then(|evidence| evidence.source_ip().map(str::to_owned));
    let own = address(finding);
    own.is_some() && other.findings.iter().any(|one| address(&one.finding) == own)
}

fn in_order(kind: LinkKind, one: usize, other: usize, value: &str) -> Link<'_> {
    Link { kind, from: one.min(other), to: one.max(other), value }
}
