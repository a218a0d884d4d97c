//! What IAM knew of its users and roles when somebody asked it: plain data beside what the logs tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Baseline;
use crate::names::named;
use crate::observe::is_unique_id;
use crate::time::Timestamp;

named! {
    /// What an ARN of IAM names.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum IamKind {
        /// An account's root user.
        Root = "root",
        /// A user.
        User = "user",
        /// A role of any sort.
        Role = "role",
    }
}

/// A root user, user or role as IAM names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IamIdentity {
    /// Its account, twelve digits.
    pub account: Box<str>,
    /// What it is.
    pub kind: IamKind,
    /// Its ARN, with its path.
    pub arn: Box<str>,
    /// Its unique id (`AIDA…`, `AROA…`). Credential reports hold none.
    pub unique_id: Option<Box<str>>,
}

impl IamIdentity {
    /// The user, role or root user that an ARN of IAM names, without a unique id.
    ///
    /// ```
    /// use firstseen::baseline::{IamIdentity, IamKind};
    ///
    /// let role = IamIdentity::of_arn("arn:aws-cn:iam::000123456789:role/ci/Deploy").unwrap();
    /// assert_eq!((&*role.account, role.kind), ("000123456789", IamKind::Role));
    /// assert_eq!(IamIdentity::of_arn("arn:aws:iam::000123456789:group/Admins"), None);
    /// ```
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let [Some("arn"), Some(partition), Some("iam"), Some(""), Some(account), Some(resource)] =
            std::array::from_fn(|_| parts.next())
        else {
            return None;
        };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let kind = match resource.split_once('/') {
            None if resource == "root" => IamKind::Root,
            Some(("user", name)) if !name.is_empty() => IamKind::User,
            Some(("role", name)) if !name.is_empty() => IamKind::Role,
            _ => return None,
        };
        (is_account && partition.starts_with("aws")).then(|| Self {
            account: account.into(),
            kind,
            arn: arn.into(),
            unique_id: None,
        })
    }
}

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

impl Baseline {
    /// Adds what IAM knew: also whom a unique id names, which proves who is whom in records.
    pub fn add_inventory(&mut self, inventory: Inventory) {
        for (identity, _) in inventory.identities() {
            if let Some(id) = identity.unique_id.as_deref().filter(|id| is_unique_id(id)) {
                self.proofs.add(&identity.account, id, &identity.arn);
            }
        }
        self.inventory.merge(inventory);
    }
}
