//! The principals of clusters that have episodes, found by their names.

use std::collections::HashMap;

use super::Episode;
use super::calls::ByPrincipal;
use crate::model::{PrincipalKind, identity_in_cluster};

/// The principals of clusters that have episodes.
pub(super) struct ClusterPrincipals<'e, 'b> {
    /// By key the episodes of each that has it: clusters of several accounts of AWS may have one name.
    by_key: HashMap<&'b str, Vec<&'e [usize]>>,
}

impl<'e, 'b> ClusterPrincipals<'e, 'b> {
    pub(super) fn new(by_principal: &'e ByPrincipal<'b>) -> Self {
        let mut by_key: HashMap<&'b str, Vec<&'e [usize]>> = HashMap::new();
        for ((_, key), indices) in by_principal {
            if identity_in_cluster(key).is_some() {
                by_key.entry(key).or_default().push(indices);
            }
        }
        Self { by_key }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The episodes of each principal with this key.
    pub(super) fn with_key(&self, key: &str) -> impl Iterator<Item = &'e [usize]> {
        self.by_key.get(key).into_iter().flatten().copied()
    }

    /// The episodes of whoever has this name in the cluster of an episode.
    pub(super) fn named(&self, name: &str, episodes: &[Episode<'_>], of: usize) -> Option<&'e [usize]> {
        let who = episodes[of].who;
        let cluster = who.key.strip_suffix(identity_in_cluster(&who.key)?)?;
        let named = self.by_key.get(&*format!("{cluster}{name}"))?;
        let principal = |indices: &[usize]| indices.first().map(|index| episodes[*index].who);
        let is_of_same =
            |indices: &&&[usize]| principal(indices).is_some_and(|other| other.account == who.account);
        // An IAM identity may be of another account than the cluster.
        let is_iam = |indices: &[usize]| {
            who.kind == PrincipalKind::K8sIam
                || principal(indices).is_some_and(|other| other.kind == PrincipalKind::K8sIam)
        };
        let only = || named.first().filter(|indices| named.len() == 1 && is_iam(indices));
        named.iter().find(is_of_same).or_else(only).copied()
    }
}
