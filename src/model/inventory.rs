//! An inventory of IAM users and roles, which complements the logs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{IamIdentity, IamKind};
use crate::time::Timestamp;

/// An IAM inventory: identities with their creation times, and for which accounts and kinds it is complete.
///
/// The inventories of several files, accounts or days merge to their union. If an identity has two creation times,
/// the earlier one counts; an ARN with two unique ids was deleted and re-created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    known: BTreeMap<IamIdentity, Option<Timestamp>>,
    listed: BTreeSet<(Box<str>, IamKind)>,
}

impl Inventory {
    /// Adds an identity, and its creation time if known.
    pub fn add(&mut self, identity: IamIdentity, created: Option<Timestamp>) {
        let known = self.known.entry(identity).or_insert(created);
        *known = known.iter().copied().chain(created).min();
    }

    /// Notes that the list of a kind in an account is complete.
    pub fn mark_complete(&mut self, account: &str, kind: IamKind) {
        self.listed.insert((account.into(), kind));
    }

    /// Adds another inventory. Commutative, associative and idempotent.
    pub fn merge(&mut self, other: Self) {
        for (identity, created) in other.known {
            self.add(identity, created);
        }
        self.listed.extend(other.listed);
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.listed.is_empty()
    }

    /// The identities in order, each with its creation time if known.
    pub fn identities(&self) -> impl Iterator<Item = (&IamIdentity, Option<Timestamp>)> {
        self.known.iter().map(|(identity, created)| (identity, *created))
    }

    /// The accounts and kinds with complete lists, in order.
    pub fn complete_lists(&self) -> impl Iterator<Item = (&str, IamKind)> {
        self.listed.iter().map(|(account, kind)| (&**account, *kind))
    }

    /// Whether the list of a kind in an account is complete.
    pub fn is_complete(&self, account: &str, kind: IamKind) -> bool {
        self.listed.contains(&(account.into(), kind))
    }

    /// Whether this inventory includes all of another.
    pub fn covers(&self, other: &Self) -> bool {
        let mut both = self.clone();
        both.merge(other.clone());
        both == *self
    }

    /// The accounts in this inventory.
    pub fn accounts(&self) -> BTreeSet<&str> {
        let known = self.known.keys().map(|identity| &*identity.account);
        known.chain(self.complete_lists().map(|(account, _)| account)).collect()
    }
}

impl fmt::Display for Inventory {
    /// One line for each identity and each complete list, with tab-separated fields: equal inventories give equal text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (account, kind) in self.complete_lists() {
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
