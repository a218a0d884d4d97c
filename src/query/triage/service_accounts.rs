//! Service accounts of clusters: which episode created one or requested a token for it, and which acts as it.

use super::calls::{access_key, calls, next_after};
use super::cluster_principals::ClusterPrincipals;
use super::{Episode, Link, LinkKind};
use crate::model::{Sighting, identity_in_cluster, is_of_cluster, is_service_account, service_account};
use crate::query::Finding;
use crate::time::Timestamp;

/// The action that requests a token.
const TOKEN_REQUEST: &str = "create core/serviceaccounts/token";

/// Episodes that created a service account or requested a token for it, and the next episode of that account in the same cluster. A
/// request joins if the account acts for the first time after it.
pub(super) fn of_service_accounts<'b>(
    episodes: &[Episode<'b>],
    principals: &ClusterPrincipals<'_, 'b>,
) -> Vec<Link<'b>> {
    let next_of = |name: &str, call: (usize, Timestamp)| {
        next_after(principals.named(name, episodes, call.0)?, episodes, call).next()
    };
    let mut links = Vec::new();
    for (from, finding, call) in calls(episodes).filter(|_| !principals.is_empty()) {
        if let Some(value) = call.issued().filter(|issued| is_service_account(issued)) {
            let next = next_of(value, (from, call.time));
            links.extend(next.map(|to| Link { kind: LinkKind::Creation, from, to, value }));
        }
        let Some(name) = token_requested(finding, call) else { continue };
        let next = next_of(&name, (from, call.time));
        if let Some(to) = next.filter(|to| may_have(&episodes[*to], call)) {
            let value = identity_in_cluster(&episodes[to].who.key).unwrap_or_default();
            links.push(Link { kind: LinkKind::IssuedToken, from, to, value });
        }
    }
    links
}

/// The user name of the service account for which a call got a token. The path of the request names it.
fn token_requested(finding: &Finding<'_>, call: &Sighting) -> Option<String> {
    let rest = finding.action.strip_prefix(TOKEN_REQUEST)?;
    let is_it = rest.is_empty() || rest.starts_with(" in ");
    let (path, query) = call.detail()?.split_once('?').unwrap_or((call.detail()?, ""));
    let (namespace, name) = path.strip_prefix("/api/v1/namespaces/")?.split_once("/serviceaccounts/")?;
    let name = name.strip_suffix("/token")?;
    let is_one = |name: &str| !name.is_empty() && !name.contains('/');
    let succeeded = is_it && !call.failed && !query.contains("dryRun=");
    (succeeded && is_one(namespace) && is_one(name)).then(|| service_account(namespace, name))
}

/// Whether the account of an episode acts for the first time after a token was requested for it, by itself, and not only with other
/// tokens as far as their ids are known.
fn may_have(episode: &Episode<'_>, request: &Sighting) -> bool {
    let findings = || episode.findings.iter().map(|one| &one.finding);
    let mut own = findings().filter_map(|finding| finding.evidence);
    let acts_itself = own.any(|evidence| evidence.impersonated_by().is_none());
    let mut tokens = findings().filter_map(access_key).filter(|id| is_of_cluster(id)).peekable();
    let is_another = |id: &str| tokens.peek().is_some() && !tokens.any(|used| used == id);
    episode.first_seen >= request.time && acts_itself && !request.issued().is_some_and(is_another)
}
