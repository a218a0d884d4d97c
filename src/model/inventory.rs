//! What IAM knew of its users and roles when somebody asked it: plain data beside what the logs tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{IamIdentity, IamKind};
use crate::time::Timestamp;

/// What IAM knew: identities with the times of their creation, and of which accounts and kinds it listed all.
///
/// The inventories of several files, accounts or days merge to what all of them know. The same identity with two times of
/// creation was created at the earlier one; an ARN with two unique ids was deleted and made again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    known: BTreeMap<IamIdentity, Option<Timestamp>>,
    listed: BTreeSet<(Box<str>, IamKind)>,
}

impl Inventory {
    /// Notes that IAM knew an identity, and when that was created, if it says so.
    pub fn add(&mut self, identity: IamIdentity, created: Option<Timestamp>) {
        let known = self.known.entry(identity).or_insert(created);
        *known = known.iter().copied().chain(created).min();
    }

    /// Notes that all identities of a kind in an account were listed, so that IAM knew no other.
    pub fn list(&mut self, account: &str, kind: IamKind) {
        self.listed.insert((account.into(), kind));
    }

    /// Adds what another inventory knows. Commutative, associative, and without effect the second time.
    pub fn merge(&mut self, other: Self) {
        for (identity, created) in other.known {
            self.add(identity, created);
        }
        self.listed.extend(other.listed);
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.listed.is_empty()
    }

    /// The identities in their order, each with the time of its creation if that is known.
    pub fn identities(&self) -> impl Iterator<Item = (&IamIdentity, Option<Timestamp>)> {
        self.known.iter().map(|(identity, created)| (identity, *created))
    }

    /// The accounts and kinds of which all were listed, in their order.
    pub fn listed(&self) -> impl Iterator<Item = (&str, IamKind)> {
        self.listed.iter().map(|(account, kind)| (&**account, *kind))
    }

    /// Whether all of a kind in an account were listed.
    pub fn lists(&self, account: &str, kind: IamKind) -> bool {
        self.listed.contains(&(account.into(), kind))
    }

    /// Whether another inventory knows nothing that this one does not.
    pub fn covers(&self, other: &Self) -> bool {
        let mut both = self.clone();
        both.merge(other.clone());
        both == *self
    }

    /// The accounts that anything is known of.
    pub fn accounts(&self) -> BTreeSet<&str> {
        let known = self.known.keys().map(|identity| &*identity.account);
        known.chain(self.listed().map(|(account, _)| account)).collect()
    }
}

impl fmt::Display for Inventory {
    /// One line for each identity and each whole list, with tabs between what is known of it: the same text for the same
    /// knowledge.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (account, kind) in self.listed() {
            writeln!(f, "{account}\t{}", kind.name())?;
        }
        for (identity, created) in self.identities() {
            let IamIdentity { account, kind, arn, unique_id } = identity;
            let created = created.map_or(String::new(), |created| created.to_string());
            let unique_id = unique_id.as_deref().unwrap_or_default();
            writeln!(f, "{account}\t{}\t{arn}\t{unique_id}\t{created}", kind.name())?;
        }
        Ok(())
    }
}
