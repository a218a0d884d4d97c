//! Incidents: episodes that belong together, by what the baseline proves.
//!
//! Joining must be earned, since an incident of several episodes takes as long to read as they do: only what one intruder leaves
//! behind joins episodes, not what colleagues share.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::access_entries::of_access_entries;
use super::calls::{
    ByPrincipal, CREATION, SESSION, access_key, between, calls, is_of_others, is_soon, next_after,
};
use super::cluster_principals::ClusterPrincipals;
use super::created::{CreatedIds, Opening};
use super::impersonation::of_impersonators;
use super::population::Population;
use super::service_accounts::of_service_accounts;
use super::shared::{Shared, Side};
use super::{Episode, Incident, Link, LinkKind};
use crate::baseline::Baseline;
use crate::model::{AddressRange, Arn, Dimension, is_service_account, is_temporary_key};
use crate::query::FindingKind;
use crate::time::Timestamp;

/// How many principals may ever have come from a network whose use joins episodes; as of then, by the end of the later one.
const FEW: u32 = 3;

/// Joins episodes, which are sorted by start, into incidents in the order of their first episodes.
pub(super) fn incidents<'b>(
    baseline: &'b Baseline,
    (population, as_of_then): (&Population, bool),
    episodes: Vec<Episode<'b>>,
) -> Vec<Incident<'b>> {
    let mut links = links(baseline, (population, as_of_then), &episodes);
    links.sort_by_key(|link| (link.to, link.from, link.kind));
    let roots = join(episodes.len(), &mut links);
    let mut joined: Vec<(Vec<Episode<'b>>, Vec<Link<'b>>)> = Vec::new();
    let mut place_of: HashMap<usize, usize> = HashMap::new();
    let mut index_in = vec![0; episodes.len()];
    for (index, episode) in episodes.into_iter().enumerate() {
        let place = *place_of.entry(roots[index]).or_insert_with(|| {
            joined.push((Vec::new(), Vec::new()));
            joined.len() - 1
        });
        let (members, _) = &mut joined[place];
        index_in[index] = members.len();
        members.push(episode);
    }
    for link in links {
        let (_, links) = &mut joined[place_of[&roots[link.to]]];
        links.push(Link { from: index_in[link.from], to: index_in[link.to], ..link });
    }
    joined.into_iter().map(|(members, links)| Incident::new(members, links)).collect()
}

/// For each episode the smallest index of its incident. Keeps only the links that joined something.
pub(super) fn join(episodes: usize, links: &mut Vec<Link<'_>>) -> Vec<usize> {
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

/// All links between episodes of different principals.
fn links<'b>(
    baseline: &'b Baseline,
    (population, as_of_then): (&Population, bool),
    episodes: &[Episode<'b>],
) -> Vec<Link<'b>> {
    let mut links = of_keys(episodes);
    links.extend(of_issued_keys(episodes));
    let by_principal = by_principal(episodes);
    links.extend(of_opened(baseline, episodes, &by_principal));
    let principals = ClusterPrincipals::new(&by_principal);
    links.extend(of_service_accounts(episodes, &principals));
    links.extend(of_access_entries(episodes, &principals));
    links.extend(of_impersonators(episodes, &principals));
    links.extend(of_roles(episodes, &by_principal));
    links.extend(of_networks(baseline, (population, as_of_then), episodes));
    links
}

fn by_principal<'b>(episodes: &[Episode<'b>]) -> ByPrincipal<'b> {
    let mut all = ByPrincipal::new();
    for (index, episode) in episodes.iter().enumerate() {
        all.entry(episode.who.account_and_key()).or_default().push(index);
    }
    all
}

/// Episodes in which the same temporary key was used: they are of one session. A long-term key is of one user, who is another
/// principal in a cluster.
fn of_keys<'b>(episodes: &[Episode<'b>]) -> Vec<Link<'b>> {
    let mut uses: HashMap<&'b str, Shared<'b>> = HashMap::new();
    let mut links = Vec::new();
    for (to, episode) in episodes.iter().enumerate() {
        let keys: BTreeSet<&'b str> =
            episode.findings.iter().filter_map(|one| access_key(&one.finding)).collect();
        for value in keys {
            let side = match is_temporary_key(value) {
                true => Side::Principal(episode.who.account_and_key()),
                false => Side::Log(episode.who.kind.source()),
            };
            let joined = uses.entry(value).or_default().add(episodes, (to, side));
            links.extend(joined.map(|from| Link { kind: LinkKind::AccessKey, from, to, value }));
        }
    }
    links
}

/// Episodes of principals that first came from the same network soon after another, if few ever came from it: as of then, few by then.
fn of_networks<'b>(
    baseline: &'b Baseline,
    (population, as_of_then): (&Population, bool),
    episodes: &[Episode<'b>],
) -> Vec<Link<'b>> {
    let networks =
        baseline.values.iter().enumerate().filter(|(_, value)| value.dimension == Dimension::Network);
    let indices: HashMap<&str, usize> = networks.map(|(index, value)| (&*value.value, index)).collect();
    let mut last: HashMap<&'b str, usize> = HashMap::new();
    let mut links = Vec::new();
    for (to, episode) in episodes.iter().enumerate() {
        // What Identity Center does for a person comes from no network of the person.
        let own = episode.findings.iter().filter(|one| one.origin.network.is_some());
        for finding in own.map(|one| &one.finding) {
            let is_network = finding.kind == FindingKind::of_dimension(Dimension::Network);
            let Some(network) = finding.value.filter(|value| is_network && is_range(value)) else { continue };
            // The end is part of the episode.
            let last_micros = if as_of_then { episode.end().micros().saturating_add(1) } else { i64::MAX };
            let until = Timestamp::from_micros(last_micros);
            if indices.get(&**network).is_none_or(|index| population.holders(*index, until) > FEW) {
                continue;
            }
            if let Some(from) = last.insert(network, to)
                && is_of_others(episodes, from, to)
                && is_soon(&episodes[from], episode, SESSION)
            {
                links.push(Link { kind: LinkKind::Network, from, to, value: network });
            }
        }
    }
    links
}

/// Whether a network is a range of addresses. That of a service is its name, which the service has in every account.
fn is_range(network: &str) -> bool {
    network.parse::<AddressRange>().is_ok()
}

/// What a call issued: an access key, a token of a cluster, or a user or role that it created or opened.
#[derive(Clone, Copy)]
struct Issued<'b> {
    /// The index of the episode.
    from: usize,
    time: Timestamp,
    /// The account of the caller.
    account: &'b str,
    /// The id of the key or token, or the identity, which has a slash.
    value: &'b str,
}

/// What the calls of episodes issued, but service accounts.
fn issued<'b>(episodes: &[Episode<'b>]) -> Vec<Issued<'b>> {
    let issued = calls(episodes).filter_map(|(from, finding, call)| {
        let value = call.issued().filter(|value| !is_service_account(value))?;
        Some(Issued { from, time: call.time, account: finding.account(), value })
    });
    issued.collect()
}

/// Episodes that were given an access key, and the first one of each other principal that used it soon after: a user and the same user in a
/// cluster are two. A call that was refused at first is one of two episodes if its first success is a finding, too; both were given the key.
fn of_issued_keys<'b>(episodes: &[Episode<'b>]) -> Vec<Link<'b>> {
    let issuers = issuers(episodes);
    let mut links = Vec::new();
    let mut is_used: HashSet<(&'b str, (&str, &str))> = HashSet::new();
    for (to, episode) in episodes.iter().enumerate().filter(|_| !issuers.is_empty()) {
        for finding in episode.findings.iter().map(|one| &one.finding) {
            let Some(key) = access_key(finding) else { continue };
            let Some(issuers) = issuers.get(key) else { continue };
            let within = if is_temporary_key(key) { SESSION } else { CREATION };
            let begun = issuers.partition_point(|issued| issued.time <= finding.time);
            let is_in_time = |issued: &&Issued<'b>| finding.time.micros_since(issued.time) <= within.micros();
            let given: BTreeSet<usize> = issuers[begun.saturating_sub(ISSUERS)..begun]
                .iter()
                .filter(is_in_time)
                .map(|issued| issued.from)
                .filter(|from| is_of_others(episodes, *from, to))
                .collect();
            if let Some(Issued { value, .. }) = issuers.first().filter(|_| !given.is_empty())
                && is_used.insert((value, episode.who.account_and_key()))
            {
                let link = |from| Link { kind: LinkKind::IssuedKey, from, to, value };
                links.extend(given.into_iter().map(link));
            }
        }
    }
    links
}

/// How many issuances of one key are looked at before a use of it: a key is issued once, and more are copies or forged.
const ISSUERS: usize = 16;

/// By key the calls that issued it, sorted by time.
fn issuers<'b>(episodes: &[Episode<'b>]) -> HashMap<&'b str, Vec<Issued<'b>>> {
    let mut issuers: HashMap<&'b str, Vec<Issued<'b>>> = HashMap::new();
    for issued in issued(episodes).into_iter().filter(|issued| !issued.value.contains('/')) {
        issuers.entry(issued.value).or_default().push(issued);
    }
    issuers.values_mut().for_each(|of_key| of_key.sort_by_key(|issued| (issued.time, issued.from)));
    issuers
}

/// Episodes that created a user or role, gave it a password, or changed who may assume it, and the next episode of each principal that it
/// is, in CloudTrail or in a cluster: of that name, and not of another id.
fn of_opened<'b>(
    baseline: &'b Baseline,
    episodes: &[Episode<'b>],
    by_principal: &ByPrincipal<'b>,
) -> Vec<Link<'b>> {
    let created = CreatedIds::new(baseline);
    let mut by_name: HashMap<(&str, &str, &str), Vec<&[usize]>> = HashMap::new();
    for ((account, key), indices) in by_principal {
        for what in ["user", "role"] {
            if let Some(name) = Arn::of_principal(key).and_then(|arn| arn.iam_name(what)) {
                by_name.entry((account, what, name)).or_default().push(indices);
            }
        }
    }
    let mut links = Vec::new();
    for Issued { from, time, account, value } in
        issued(episodes).into_iter().filter(|it| it.value.contains('/'))
    {
        let Some((account, what, name)) = identity_named(value, account) else { continue };
        let opening = Opening { account, time, is_creation: Arn::parse(value).is_some() };
        for indices in by_name.get(&(account, what, name)).into_iter().flatten() {
            let mut others = next_after(indices, episodes, (from, time));
            let next = others.find(|to| !created.contradict(opening, &episodes[*to]));
            links.extend(next.map(|to| Link { kind: LinkKind::Creation, from, to, value }));
        }
    }
    links
}

/// Account, type and name of an identity: of its ARN, or `user/NAME` in the account of the caller.
fn identity_named<'n>(identity: &'n str, account: &'n str) -> Option<(&'n str, &'n str, &'n str)> {
    match Arn::parse(identity) {
        Some(arn) => {
            let named = |what: &'static str| Some((arn.account, what, arn.iam_name(what)?));
            named("user").or_else(|| named("role"))
        }
        None => identity.split_once('/').map(|(what, name)| (account, what, name)),
    }
}

/// Episodes that asked for a role for the first time, and the first episode in which that role acted within a session of it and from the
/// same address. What AWS does for somebody comes from none.
fn of_roles<'b>(episodes: &[Episode<'b>], by_principal: &ByPrincipal<'b>) -> Vec<Link<'b>> {
    let mut times: HashMap<(usize, &str), Vec<Timestamp>> = HashMap::new();
    for (index, episode) in episodes.iter().enumerate() {
        for one in &episode.findings {
            let Some(address) = one.own_address() else { continue };
            times.entry((index, address)).or_default().push(one.finding.time);
        }
    }
    let came = |index: usize, address: &'b str, [from, to]: [Timestamp; 2]| {
        let times = times.get(&(index, address)).map_or(&[][..], |times| times);
        times.get(times.partition_point(|time| *time < from)).is_some_and(|time| *time <= to)
    };
    let mut links = Vec::new();
    for (from, episode) in episodes.iter().enumerate() {
        for one in &episode.findings {
            let finding = &one.finding;
            if finding.kind != FindingKind::of_dimension(Dimension::TargetRole) {
                continue;
            }
            let (Some(role), Some(address)) = (finding.value, one.own_address()) else { continue };
            let Some(arn) = Arn::parse(role) else { continue };
            let Some(indices) = by_principal.get(&(arn.account, &**role)) else { continue };
            let within = [finding.time, finding.time.plus(SESSION)];
            let next = between(indices, episodes, within.into())
                .find(|to| is_of_others(episodes, from, *to) && came(*to, address, within));
            links.extend(next.map(|to| Link { kind: LinkKind::AssumedRole, from, to, value: role }));
        }
    }
    links
}
