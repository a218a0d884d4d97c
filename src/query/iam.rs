//! What IAM knew of a principal: whether it was there, and since when. The rules are in `docs/method.md`, "What IAM knows".

use std::collections::{HashMap, HashSet};

use crate::baseline::Baseline;
use crate::model::{
    Arn, IamKind, Inventory, LogSource, ObservedPrincipal, PrincipalKind, is_unique_id, last_part,
    without_cluster,
};
use crate::time::Timestamp;

/// The inventory of a baseline, by all that a principal may be called.
#[derive(Debug, Default)]
pub(super) struct Iam<'b> {
    inventory: Option<&'b Inventory>,
    /// By account and ARN: the earliest creation of anyone who had it.
    arns: HashMap<(&'b str, &'b str), Option<Timestamp>>,
    /// The same of those of whom no unique id is known.
    arns_alone: HashMap<(&'b str, &'b str), Option<Timestamp>>,
    /// By account and unique id.
    ids: HashMap<(&'b str, &'b str), Option<Timestamp>>,
    /// Names without their path, which are unique in their account.
    names: HashSet<(&'b str, IamKind, &'b str)>,
    /// Accounts with someone of whom no unique id is known.
    accounts_alone: HashSet<&'b str>,
    /// First sightings by account and key, if unique ids are missing.
    firsts: HashMap<(&'b str, &'b str), Timestamp>,
}

/// What identifies a principal among those that IAM knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name<'n> {
    /// `AIDA…` or `AROA…`, and the ARN, if the records hold one.
    Id(&'n str, Option<&'n str>),
    /// With its path.
    Arn(&'n str),
    /// Without its path, which session ARNs and clusters do not have.
    Bare(&'n str),
}

impl<'b> Iam<'b> {
    /// What a baseline holds of IAM.
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
                let who = baseline.principals[behaviour.principal as usize].place();
                let first = iam.firsts.entry(who).or_insert(behaviour.first.time);
                *first = behaviour.first.time.min(*first);
            }
        }
        iam
    }

    /// Whether IAM knew a principal, if that can be said: only of users and roles, and only where all of its kind in its
    /// account were listed.
    pub(super) fn knows(&self, who: &ObservedPrincipal) -> Option<bool> {
        let (inventory, account, (kind, name)) = (self.inventory?, account_of(who), name_of(who)?);
        if !inventory.lists(account, kind) {
            return None;
        }
        match name {
            Name::Arn(arn) => Some(self.arns.contains_key(&(account, arn))),
            Name::Bare(name) => Some(self.names.contains(&(account, kind, name))),
            Name::Id(id, _) if self.ids.contains_key(&(account, id)) => Some(true),
            Name::Id(_, Some(arn)) => Some(self.may_be(who, account, arn)),
            // Whoever has no unique id in the inventory may be this one.
            Name::Id(_, None) => (!self.accounts_alone.contains(account)).then_some(false),
        }
    }

    /// Whether someone whose unique id IAM did not say may be this principal: nobody acts before being created, and a name
    /// belongs to one at a time.
    fn may_be(&self, who: &ObservedPrincipal, account: &str, arn: &str) -> bool {
        let Some(created) = self.arns_alone.get(&(account, arn)) else { return false };
        let first = self.firsts.get(&who.place());
        created.zip(first.copied()).is_none_or(|(created, first)| created <= first)
    }

    /// When a principal was created that was first seen at this time, if IAM said so; never later than that.
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

/// The account of a principal's ARN, which need not be that of the record; else that of the record.
fn account_of(who: &ObservedPrincipal) -> &str {
    let account = Arn::of_principal(who.arn.as_deref().unwrap_or(&who.key)).map(|arn| arn.account);
    account.filter(|account| !account.is_empty()).unwrap_or(&who.account)
}

/// Which list of IAM a principal would be in, and under which name.
fn name_of(who: &ObservedPrincipal) -> Option<(IamKind, Name<'_>)> {
    use PrincipalKind::{Anonymous, Federated, Root, Service};
    if matches!(who.kind, Root | Federated | Service | Anonymous) {
        return None;
    }
    let key = without_cluster(&who.key);
    let arn = who.arn.as_deref().map(without_cluster);
    if is_unique_id(key) {
        let kind = if key.starts_with("AIDA") { IamKind::User } else { IamKind::Role };
        return Some((kind, Name::Id(key, arn)));
    }
    if let Some(name) = key.strip_prefix("IAMUser/") {
        return Some((IamKind::User, Name::Bare(name)));
    }
    // One person of Identity Center has a role in every account, and a new one with every assignment.
    if key.starts_with("sso:") {
        return None;
    }
    let arn = arn.unwrap_or(key);
    let parts = Arn::parse(arn).filter(|parts| matches!(parts.service, "iam" | "sts"))?;
    let (sort, path) = parts.typed_resource()?;
    let (kind, name) = match sort {
        // Behind the name stands that of the session.
        "assumed-role" => (IamKind::Role, Name::Bare(path.split('/').next().unwrap_or(path))),
        "role" if who.kind.source() == LogSource::Eks => (IamKind::Role, Name::Bare(last_part(path))),
        "user" if who.kind.source() == LogSource::Eks => (IamKind::User, Name::Bare(last_part(path))),
        "role" => (IamKind::Role, Name::Arn(arn)),
        "user" => (IamKind::User, Name::Arn(arn)),
        _ => return None,
    };
    // Names in IAM have no colon: `aws:ec2-instance` is a role that it does not know.
    (!path.contains(':')).then_some((kind, name))
}
