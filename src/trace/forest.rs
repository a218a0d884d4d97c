//! The credentials that belong to what is traced, as trees: each after the one that issued it.

use std::collections::{BTreeSet, VecDeque};

use super::contradiction::{Contradiction, contradictions};
use super::facts::{Facts, Use};
use super::links::Links;
use super::owner::{IssuedKey, KeysOfUsers, OwnerCreation};
use super::{ClusterUse, Credential, Issuance, Origin, StatusChanges, TraceLimits};

/// A credential in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRow {
    /// The credential.
    pub credential: Credential,
    /// Number of credentials before it.
    pub depth: u32,
    /// The credential that issued it.
    pub parent: Option<Credential>,
    /// Whether that follows from time and identity only, not from an access key in a record.
    pub is_inferred: bool,
    /// Why it is the first of its tree; `None` if it is not.
    pub origin: Option<Origin>,
    /// Whether it matches what is traced.
    pub is_traced: bool,
    /// The event that issued it.
    pub issuance: Option<Issuance>,
    /// The event that created the user for whom a long-term key or a password is, or another user of that name.
    pub owner_created: Option<OwnerCreation>,
    /// Of a long-term key that no event in the archive issued: the keys that were issued to its user.
    pub issued_instead: Vec<IssuedKey>,
    /// When it was deleted, or made inactive or active, if it is a long-term key.
    pub status_changes: StatusChanges,
    /// What was done with it in AWS; `None` if it is no key, or was not used.
    pub used: Option<Use>,
    /// What was done with it in Kubernetes clusters.
    pub used_in_clusters: Option<ClusterUse>,
    /// What its use and the events that issued and ended it say of each other.
    pub contradictions: Vec<Contradiction>,
    /// Number of credentials that it issued and that are not shown: they are not on the way to what is traced, or too far below it.
    pub left_out: u64,
}

/// Rows, and how many were left out.
pub(super) struct Forest {
    pub(super) rows: Vec<TraceRow>,
    pub(super) left_out: u64,
}

impl Forest {
    pub(super) fn new(
        facts: &Facts,
        links: &Links,
        starts: &BTreeSet<Credential>,
        limits: TraceLimits,
    ) -> Self {
        let Selection { shown: selected, roots, beyond } = Selection::new(facts, links, starts, limits.depth);
        let keys_of_users = KeysOfUsers::new(facts);
        let mut rows: Vec<TraceRow> = Vec::new();
        let mut left_out = beyond;
        // The next credentials, the first one last.
        let mut open: Vec<(&Credential, u32)> = roots.into_iter().rev().map(|root| (root, 0)).collect();
        while let Some((credential, depth)) = open.pop() {
            let issued = links.after(credential);
            let shown: Vec<&Credential> = issued.iter().filter(|one| selected.contains(one)).collect();
            open.extend(shown.iter().rev().map(|one| (*one, depth.saturating_add(1))));
            if rows.len() == limits.rows {
                left_out += 1;
                continue;
            }
            let link = links.before(credential);
            let issuance = facts.issued.get(credential);
            let is_key = matches!(credential, Credential::Key(_));
            let used = facts.uses.get(credential.id()).filter(|_| is_key);
            let in_clusters = facts.cluster_uses.get(credential.id()).filter(|_| is_key);
            let changes = facts.status_changes.get(credential.id()).filter(|_| is_key);
            rows.push(TraceRow {
                credential: credential.clone(),
                depth,
                parent: link.map(|link| link.parent.clone()),
                is_inferred: link.is_some_and(|link| link.is_inferred),
                origin: link.is_none().then(|| links.origin(facts, credential)),
                is_traced: starts.contains(credential),
                issuance: issuance.cloned(),
                owner_created: facts.owner_created(credential),
                issued_instead: keys_of_users.issued_instead(facts, credential).to_vec(),
                status_changes: changes.cloned().unwrap_or_default(),
                used: used.cloned(),
                used_in_clusters: in_clusters.cloned(),
                contradictions: contradictions(issuance, (used, in_clusters), changes),
                left_out: (issued.len() - shown.len()) as u64,
            });
        }
        Self { rows, left_out }
    }
}

/// Which credentials are shown.
struct Selection<'l> {
    shown: BTreeSet<&'l Credential>,
    /// Those without one before them, by time.
    roots: Vec<&'l Credential>,
    /// Number of credentials below the deepest level.
    beyond: u64,
}

impl<'l> Selection<'l> {
    fn new(facts: &Facts, links: &'l Links, starts: &'l BTreeSet<Credential>, depth: u32) -> Self {
        let mut shown: BTreeSet<&Credential> = BTreeSet::new();
        let mut beyond: BTreeSet<&Credential> = BTreeSet::new();
        // Level by level, so that each is met at its lowest level first.
        let mut open: VecDeque<(&Credential, u32)> = starts.iter().map(|start| (start, 0)).collect();
        while let Some((credential, level)) = open.pop_front() {
            if shown.contains(credential) || beyond.contains(credential) {
                continue;
            }
            if level > depth {
                beyond.insert(credential);
            } else {
                shown.insert(credential);
            }
            open.extend(links.after(credential).iter().map(|one| (one, level.saturating_add(1))));
        }
        let mut roots: BTreeSet<(Option<_>, &Credential)> = BTreeSet::new();
        for start in starts {
            let mut at = start;
            while let Some(link) = links.before(at) {
                at = &link.parent;
                // What is above a credential that is already shown is shown, too.
                if !shown.insert(at) {
                    break;
                }
            }
            if links.before(at).is_none() {
                roots.insert((facts.time(at), at));
            }
        }
        beyond.retain(|credential| !shown.contains(credential));
        Self { shown, roots: roots.into_iter().map(|(_, root)| root).collect(), beyond: beyond.len() as u64 }
    }
}
