//! Looks up principals in the IAM inventory: existence and creation. The rules are in `docs/method.md`, "What IAM knows".

use std::collections::{HashMap, HashSet};

use crate::baseline::Baseline;
use crate::model::{
    Arn, IamKind, Inventory, LogSource, ObservedPrincipal, PrincipalKind, is_unique_id, last_part,
    without_cluster,
};
use crate::time::Timestamp;

/// The IAM inventory of a baseline, by all names of a principal.
#[derive(Debug, Default)]
pub(super) struct Iam<'b> {
    inventory: Option<&'b Inventory>,
    /// By account and ARN: the earliest creation of any identity with it.
    arns: HashMap<(&'b str, &'b str), Option<Timestamp>>,
    /// The same for identities without a known unique id.
    arns_alone: HashMap<(&'b str, &'b str), Option<Timestamp>>,
    /// By account and unique id.
    ids: HashMap<(&'b str, &'b str), Option<Timestamp>>,
    /// Names without path, which are unique in their account.
    names: HashSet<(&'b str, IamKind, &'b str)>,
    /// Accounts with an identity without a known unique id.
    accounts_alone: HashSet<&'b str>,
    /// First sightings by account and key, if unique ids are missing.
    firsts: HashMap<(&'b str, &'b str), Timestamp>,
}

/// What identifies a principal in the IAM inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IamName<'n> {
    /// `AIDA…` or `AROA…`, and the ARN, if the records have one.
    Id(&'n str, Option<&'n str>),
    /// An ARN with path.
    Arn(&'n str),
    /// A name without path, since session ARNs and clusters have none.
    Bare(&'n str),
}

impl<'b> Iam<'b> {
    /// Indexes the IAM inventory of a baseline.
    pub(super) fn new(baseline: &'b Baseline) -> Self {
        let mut iam = Self::default();
        if baseline.inventory.is_empty() {
            return iam;
        }
        iam.inventory = Some(&baseline.inventory);
        for (identity, created) in baseline.inventory.identities() {
            let (account, arn) = (&*identity.account, &*identity.arn);
            earliest(&mut iam.arns, (account, arn), created);
            match &identity.unique_id {
                Some(id) => earliest(&mut iam.ids, (account, id), created),
                None => {
                    earliest(&mut iam.arns_alone, (account, arn), created);
                    iam.accounts_alone.insert(account);
                }
            }
            let name = last_part(arn);
            iam.names.insert((account, identity.kind, name));
        }
        if !iam.arns_alone.is_empty() {
            for behaviour in &baseline.behaviours {
                let who = baseline.principals[behaviour.principal as usize].account_and_key();
                let first = iam.firsts.entry(who).or_insert(behaviour.first.time);
                *first = behaviour.first.time.min(*first);
            }
        }
        iam
    }

    /// Whether a principal is in the IAM inventory, if known: only for users and roles, and only where the list of its
    /// kind in its account is complete.
    pub(super) fn knows(&self, who: &ObservedPrincipal) -> Option<bool> {
        let (inventory, account, (kind, name)) = (self.inventory?, account_of(who), name_of(who)?);
        if !inventory.is_complete(account, kind) {
            return None;
        }
        match name {
            IamName::Arn(arn) => Some(self.arns.contains_key(&(account, arn))),
            IamName::Bare(name) => Some(self.names.contains(&(account, kind, name))),
            IamName::Id(id, _) if self.ids.contains_key(&(account, id)) => Some(true),
            IamName::Id(_, Some(arn)) => Some(self.may_be(who, account, arn)),
            // An identity without a unique id in the inventory may be this one.
            IamName::Id(_, None) => (!self.accounts_alone.contains(account)).then_some(false),
        }
    }

    /// Whether an identity without a known unique id may be this principal: no one acts before being created, and a name
    /// belongs to one identity at a time.
    fn may_be(&self, who: &ObservedPrincipal, account: &str, arn: &str) -> bool {
        let Some(created) = self.arns_alone.get(&(account, arn)) else { return false };
        let first = self.firsts.get(&who.account_and_key());
        created.zip(first.copied()).is_none_or(|(created, first)| created <= first)
    }

    /// The creation time of a principal that was first seen at `first`, if in the inventory; never later than that.
    pub(super) fn created(&self, who: &ObservedPrincipal, first: Timestamp) -> Option<Timestamp> {
        let account = account_of(who);
        let created = |arn| self.arns_alone.get(&(account, arn)).copied().flatten();
        let found = if is_unique_id(&who.key) {
            let by_id = self.ids.get(&(account, &*who.key)).copied().flatten();
            let by_arn = who.arn.as_deref().and_then(created);
            by_id.into_iter().chain(by_arn.filter(|created| *created <= first)).min()
        } else {
            self.arns.get(&(account, &*who.key)).copied().flatten()
        };
        found.filter(|created| *created <= first)
    }
}

/// Keeps the earliest of the known times.
fn earliest<'b>(
    times: &mut HashMap<(&'b str, &'b str), Option<Timestamp>>,
    key: (&'b str, &'b str),
    created: Option<Timestamp>,
) {
    let known = times.entry(key).or_insert(created);
    *known = known.iter().copied().chain(created).min();
}

/// The account in a principal's ARN, which may differ from that of the record; else that of the record.
fn account_of(who: &ObservedPrincipal) -> &str {
    let account = Arn::of_principal(who.arn.as_deref().unwrap_or(&who.key)).map(|arn| arn.account);
    account.filter(|account| !account.is_empty()).unwrap_or(&who.account)
}

/// The IAM list that a principal would be in, and its name there.
fn name_of(who: &ObservedPrincipal) -> Option<(IamKind, IamName<'_>)> {
    use PrincipalKind::{Anonymous, Federated, Root, Service};
    if matches!(who.kind, Root | Federated | Service | Anonymous) {
        return None;
    }
    let key = without_cluster(&who.key);
    let arn = who.arn.as_deref().map(without_cluster);
    if is_unique_id(key) {
        let kind = if key.starts_with("AIDA") { IamKind::User } else { IamKind::Role };
        return Some((kind, IamName::Id(key, arn)));
    }
    if let Some(name) = key.strip_prefix("IAMUser/") {
        return Some((IamKind::User, IamName::Bare(name)));
    }
    // One Identity Center user has a role in every account, and a new one with every assignment.
    if key.starts_with("sso:") {
        return None;
    }
    let arn = arn.unwrap_or(key);
    let parts = Arn::parse(arn).filter(|parts| matches!(parts.service, "iam" | "sts"))?;
    let (sort, path) = parts.typed_resource()?;
    let (kind, name) = match sort {
        // The session name follows.
        "assumed-role" => (IamKind::Role, IamName::Bare(path.split('/').next().unwrap_or(path))),
        "role" if who.kind.source() == LogSource::Kubernetes => {
            (IamKind::Role, IamName::Bare(last_part(path)))
        }
        "user" if who.kind.source() == LogSource::Kubernetes => {
            (IamKind::User, IamName::Bare(last_part(path)))
        }
        "role" => (IamKind::Role, IamName::Arn(arn)),
        "user" => (IamKind::User, IamName::Arn(arn)),
        _ => return None,
    };
    // IAM names have no colon: `aws:ec2-instance` is a role that IAM does not list.
    (!path.contains(':')).then_some((kind, name))
}
