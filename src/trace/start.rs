//! The credentials that match what is traced.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::{Credential, Holder, Issuance};
use crate::model::{Arn, identity_in_cluster, is_account_id, is_unique_id, last_part};
use crate::time::Timestamp;

impl Facts {
    /// The credentials that match an access key id, an event id, a session or a principal. The first of these that fits anything
    /// counts, so that a name never hides an id. If accounts are named, only credentials of these.
    pub(super) fn starts(&self, wanted: &str, accounts: &[String]) -> BTreeSet<Credential> {
        let mut starts = self.starts_of_all(self.without_cluster(wanted));
        let is_named = |account: &str| accounts.iter().any(|named| named == account);
        starts.retain(|start| accounts.is_empty() || self.account(start).is_some_and(is_named));
        starts
    }

    /// The account of whoever holds a credential: who used it, else for whom it was issued.
    pub(super) fn account(&self, credential: &Credential) -> Option<&str> {
        let used = self.uses.get(credential.id()).filter(|_| matches!(credential, Credential::Key(_)));
        let issued = || {
            let issuance = self.issued.get(credential)?;
            let to = issuance.issued_to.as_deref().and_then(Arn::parse);
            Some(to.map_or(&*issuance.account, |arn| arn.account))
        };
        let changed = || {
            let (_, event) = self.status_changes.get(credential.id())?.iter().next()?;
            Some(&*event.account)
        };
        let in_clusters =
            || Some(Arn::parse(self.cluster_uses.get(credential.id())?.users.kept.first()?)?.account);
        let known = used.map(|used| &*used.holder.who.account).or_else(issued);
        known.or_else(changed).or_else(in_clusters).filter(|account| is_account_id(account))
    }

    /// An identity of AWS without the cluster in which it acted, as other commands print it. Other users of a cluster are somebody else than
    /// who has their name in AWS.
    fn without_cluster<'n>(&self, wanted: &'n str) -> &'n str {
        let is_of_aws = |identity: &&str| {
            Arn::parse(identity).is_some()
                || is_unique_id(identity)
                || self.cluster_uses.contains_key(*identity)
        };
        identity_in_cluster(wanted).filter(is_of_aws).unwrap_or(wanted)
    }

    fn starts_of_all(&self, wanted: &str) -> BTreeSet<Credential> {
        let key = Credential::Key(wanted.into());
        let is_used = self.uses.contains_key(wanted) || self.cluster_uses.contains_key(wanted);
        if is_used || self.issued.contains_key(&key) || self.status_changes.contains_key(wanted) {
            return BTreeSet::from([key]);
        }
        if !self.of_event.is_empty() {
            return self.of_event.clone();
        }
        let aliases = self.aliases(wanted);
        let fits = |name: &str| aliases.names.contains(name);
        let exact = self.matching(fits, |credential, issuance| {
            // Another user or role may have had that name before.
            let used = self.uses.get(credential.id()).filter(|used| used.holder.principal_id.is_some());
            aliases.are_for(issuance) && used.is_none_or(|used| names(&used.holder).any(fits))
        });
        if !exact.is_empty() || wanted.is_empty() {
            return exact;
        }
        let role = wanted.strip_prefix("role/").map_or(wanted, last_part);
        self.matching(
            |name| last_part(name) == wanted || name.rsplit(':').next() == Some(wanted),
            // Sessions are issued for a role under its name, whatever its path.
            |_, issuance| role_of(issuance).is_some_and(|(_, name)| name == role),
        )
    }

    /// What is wanted, and its other names.
    fn aliases<'n>(&'n self, wanted: &'n str) -> Aliases<'n> {
        let used = self.uses.values().map(|used| &used.holder);
        let callers = self.issued.values().chain(self.users.values()).map(|issuance| &issuance.caller);
        let mut aliases = Aliases { names: BTreeSet::from([wanted]), arns: BTreeSet::from([wanted]) };
        for (arn, id) in used.chain(callers).flat_map(arns_and_ids) {
            if arn == wanted {
                aliases.names.insert(id);
            } else if id == wanted {
                aliases.arns.insert(arn);
            }
        }
        aliases
    }

    /// The credentials one of whose names fits, and those whose issuance does.
    fn matching(
        &self,
        fits: impl Fn(&str) -> bool,
        is_issued: impl Fn(&Credential, &Issuance) -> bool,
    ) -> BTreeSet<Credential> {
        let used = self.uses.iter().filter(|(_, used)| names(&used.holder).any(&fits));
        let in_clusters =
            self.cluster_uses.iter().filter(|(_, used)| used.users.kept.iter().any(|user| fits(user)));
        let used = used.map(|(key, _)| key).chain(in_clusters.map(|(key, _)| key));
        let used = used.map(|key| Credential::Key(key.clone()));
        let issued = self.issued.iter().filter(|(credential, issuance)| {
            // Whoever signs in gets the credential.
            let signs_in = matches!(credential, Credential::SignIn(_));
            let caller = names(&issuance.caller).filter(|_| signs_in);
            issued_to(issuance).chain(caller).any(&fits) || is_issued(credential, issuance)
        });
        used.chain(issued.map(|(credential, _)| credential.clone())).collect()
    }

    /// When a credential was issued, or first used.
    pub(super) fn time(&self, credential: &Credential) -> Option<Timestamp> {
        let issued = self.issued.get(credential).map(|issuance| issuance.event.time);
        let used = || self.uses.get(credential.id()).map(|used| used.first.time);
        issued.or_else(used).or_else(|| self.cluster_uses.get(credential.id()).map(|used| used.first.time))
    }
}

/// What is wanted under all of its names.
struct Aliases<'n> {
    /// How holders are named: of an ARN also its unique ids.
    names: BTreeSet<&'n str>,
    /// For whom credentials are issued: of a unique id also its ARNs.
    arns: BTreeSet<&'n str>,
}

impl Aliases<'_> {
    /// Whether a credential was issued for one of the users, roles or sessions.
    fn are_for(&self, issuance: &Issuance) -> bool {
        let Some(to) = issuance.issued_to.as_deref() else { return false };
        let named = |kind| {
            let arns = self.arns.iter().filter_map(|arn| Arn::parse(arn));
            arns.filter_map(move |arn| Some((arn.account, arn.iam_name(kind)?)))
        };
        match to.strip_prefix("user/") {
            Some(user) => named("user").any(|known| known == (&*issuance.account, user)),
            None => {
                self.arns.contains(to)
                    || role_of(issuance).is_some_and(|role| named("role").any(|known| known == role))
            }
        }
    }
}

/// Account and name of the role for which a session was issued.
fn role_of(issuance: &Issuance) -> Option<(&str, &str)> {
    let to = Arn::parse(issuance.issued_to.as_deref()?)?;
    let (role, _) = to.assumed_role()?;
    Some((to.account, last_part(role)))
}

/// The ARN and the unique id of a principal, and of its session.
fn arns_and_ids(holder: &Holder) -> impl Iterator<Item = (&str, &str)> {
    let id = holder.principal_id.as_deref();
    let key = &*holder.who.key;
    // A record without a session issuer shows only the session: the unique id is that of the role, which has other sessions.
    let is_role_or_user = Arn::parse(key).is_none_or(|arn| arn.assumed_role().is_none());
    let of_principal =
        Some(key).filter(|_| is_role_or_user).zip(id.map(|id| id.split_once(':').map_or(id, |(id, _)| id)));
    let of_session = holder.arn.as_deref().zip(id);
    [of_principal, of_session]
        .into_iter()
        .flatten()
        .filter(|(arn, id)| Arn::parse(arn).is_some() && !id.is_empty())
}

/// The names of a holder: principal, ARN, unique id with and without session, and session.
fn names(holder: &Holder) -> impl Iterator<Item = &str> {
    let id = holder.principal_id.as_deref();
    let unique_id = id.and_then(|id| id.split_once(':')).map(|(unique_id, _)| unique_id);
    [Some(&*holder.who.key), holder.arn.as_deref(), id, unique_id, holder.session.as_deref()]
        .into_iter()
        .flatten()
}

/// The names of whom a credential was issued for.
fn issued_to(issuance: &Issuance) -> impl Iterator<Item = &str> {
    let to = issuance.issued_to.as_deref();
    let session = to.and_then(Arn::parse).and_then(|arn| arn.assumed_role()).map(|(_, session)| session);
    let id = issuance.issued_to_id.as_deref();
    let unique_id = id.and_then(|id| id.split_once(':')).map(|(unique_id, _)| unique_id);
    [to, session, id, unique_id].into_iter().flatten()
}
