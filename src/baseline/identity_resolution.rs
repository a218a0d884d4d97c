//! Joins principals that records name in two ways, as far as the whole archive proves it.
//!
//! A baseline keeps principals as their records name them, along with the links of whom a bare unique id names; both merge
//! exactly. Joining is done once, before questions, on the complete baseline: so merged shards give the same as one run. The
//! rules are in `docs/method.md`, "One principal in two forms".

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::dimension_value::sort_values;
use super::hit::sort_hits;
use super::single_event::{sort_insights, sort_root};
use super::{Baseline, Behaviour};
use crate::model::{Arn, ObservedPrincipal, PrincipalKey, Text, is_unique_id, sso_name};
use crate::observe::IdentityLinks;

/// Which principal of its account each name means.
#[derive(Debug)]
pub struct IdentityResolver<'b> {
    key: PrincipalKey,
    links: &'b IdentityLinks,
    /// ARNs of users by account and name; `None` if several users of the account have it.
    users: HashMap<(&'b str, &'b str), Option<&'b str>>,
    /// Unique ids by account and ARN; `None` if there are several, since a user or role was re-created. Only for the key `id`.
    ids: HashMap<(&'b str, &'b str), Option<&'b str>>,
}

impl<'b> IdentityResolver<'b> {
    /// What a baseline learnt with this key proves.
    pub fn new(baseline: &'b Baseline, key: PrincipalKey) -> Self {
        let mut resolver =
            Self { key, links: &baseline.identity_links, users: HashMap::new(), ids: HashMap::new() };
        for who in &baseline.principals {
            for arn in [Some(&who.key), who.arn.as_ref()].into_iter().flatten() {
                resolver.add_user(&who.account, arn);
            }
        }
        for (account, _, arn) in baseline.identity_links.iter() {
            resolver.add_user(account, arn);
        }
        // Identities from a credential report have no unique id.
        for (identity, _) in baseline.inventory.identities() {
            resolver.add_user(&identity.account, &identity.arn);
        }
        if key == PrincipalKey::Id {
            for (account, id, arn) in baseline.identity_links.certain() {
                insert_unless_ambiguous(&mut resolver.ids, (account, arn), id);
            }
        }
        resolver
    }

    fn add_user(&mut self, account: &'b str, arn: &'b str) {
        if let Some(name) = user_name(account, arn) {
            insert_unless_ambiguous(&mut self.users, (account, name), arn);
        }
    }

    /// The principal that a name of this account means, if it is a different one.
    pub fn find(&self, account: &str, name: &str) -> Option<Cow<'b, str>> {
        let arn = self.arn(account, name);
        match self.key {
            PrincipalKey::Arn | PrincipalKey::AccessKey => arn.map(Cow::Borrowed),
            PrincipalKey::Session => arn.map(Cow::Borrowed).or_else(|| self.session(account, name)),
            PrincipalKey::SsoUser => arn.map(Cow::Borrowed).or_else(|| self.sso_user(account, name)),
            PrincipalKey::Id => {
                let arn = arn.filter(|_| !is_unique_id(name));
                let known = self.ids.get(&(account, arn.unwrap_or(name))).copied().flatten();
                known.or(arn).map(Cow::Borrowed)
            }
        }
    }

    /// The ARN behind a bare unique id, and behind the name of a user.
    fn arn(&self, account: &str, name: &str) -> Option<&'b str> {
        if is_unique_id(name) {
            return self.links.arn(account, name);
        }
        let user = name.strip_prefix("IAMUser/")?;
        self.users.get(&(account, user)).copied().flatten()
    }

    /// The ARN of the session in `AROA…:session`, if the role is known. AWS builds it from the role's name, without its path
    /// (IAM User Guide, "IAM identifiers").
    fn session(&self, account: &str, name: &str) -> Option<Cow<'b, str>> {
        let (id, session) = role_session(name)?;
        let arn = Arn::parse(self.links.arn(account, id)?)?;
        let (partition, owner, role) = (arn.partition, arn.account, arn.iam_name("role")?);
        Some(format!("arn:{partition}:sts::{owner}:assumed-role/{role}/{session}").into())
    }

    /// The principal in `AROA…:session`: permission set and user if the role is known to be one of Identity Center, else the role.
    fn sso_user(&self, account: &str, name: &str) -> Option<Cow<'b, str>> {
        let (id, session) = role_session(name)?;
        let Some(arn) = self.links.arn(account, id) else { return Some(id.to_owned().into()) };
        let role = Arn::parse(arn).and_then(|arn| arn.iam_name("role"));
        Some(role.and_then(|role| sso_name(role, session)).map_or(Cow::Borrowed(arn), Cow::Owned))
    }
}

/// Whether the archive as a whole may show that a principal is another one than its record says. `key` is the principal key
/// used for learning.
pub fn may_be_resolved(who: &ObservedPrincipal, key: PrincipalKey) -> bool {
    let name = &*who.key;
    let is_bare = is_unique_id(name) || name.starts_with("IAMUser/") || role_session(name).is_some();
    is_bare || key == PrincipalKey::Id && name.starts_with("arn:")
}

/// The role's id and the session in `AROA…:session`.
fn role_session(name: &str) -> Option<(&str, &str)> {
    name.split_once(':').filter(|(id, _)| id.starts_with("AROA") && is_unique_id(id))
}

/// Notes a value of a name; `None` once there are several.
fn insert_unless_ambiguous<'b>(
    known: &mut HashMap<(&'b str, &'b str), Option<&'b str>>,
    name: (&'b str, &'b str),
    value: &'b str,
) {
    let only = known.entry(name).or_insert(Some(value));
    *only = only.filter(|known| *known == value);
}

/// The name in the ARN of a user of this account.
fn user_name<'a>(account: &str, arn: &'a str) -> Option<&'a str> {
    let is_ours = |arn: &Arn<'_>| arn.account == account && account.bytes().all(|byte| byte.is_ascii_digit());
    Arn::parse(arn).filter(is_ours)?.iam_name("user")
}

/// Account and key.
type PrincipalName = (Text, Text);

/// Names that mean a different principal, with that principal.
type Renamed = BTreeMap<PrincipalName, ObservedPrincipal>;

impl IdentityResolver<'_> {
    /// The principal that the names really mean; `None` if they mean what they say.
    fn rename(&self, who: &ObservedPrincipal) -> Option<ObservedPrincipal> {
        let key = self.find(&who.account, &who.key);
        let usual = who.arn.as_deref().unwrap_or(&who.key);
        let arn = self.arn(&who.account, usual);
        if key.is_none() && arn.is_none() {
            return None;
        }
        let (key, arn) = (key.as_deref().unwrap_or(&who.key), arn.unwrap_or(usual));
        Some(ObservedPrincipal {
            account: who.account.clone(),
            key: key.into(),
            kind: who.kind,
            arn: (key != arn).then(|| arn.into()),
        })
    }

    fn renamed(&self, baseline: &Baseline) -> Renamed {
        let logging = baseline.logging.kept.iter().map(|change| &change.event);
        let event = baseline.insights.iter().chain(&baseline.root).chain(logging).map(|event| &event.who);
        let beside = event
            .chain(baseline.hits.iter().map(|hit| &*hit.who))
            .chain(baseline.counted_hits.principals())
            // The principal as all records describe it, not as single events do.
            .filter(|who| {
                baseline
                    .principals
                    .binary_search_by(|known| known.account_and_key().cmp(&who.account_and_key()))
                    .is_err()
            });
        let all = baseline.principals.iter().chain(beside);
        let mut renamed = Renamed::new();
        for (who, new) in all.filter_map(|who| Some((who, self.rename(who)?))) {
            renamed.entry((who.account.clone(), who.key.clone())).or_insert(new);
        }
        renamed
    }

    fn renamed_creations(&self, baseline: &Baseline) -> Vec<(PrincipalName, PrincipalName)> {
        // Unique ids tell apart who had one name at different times.
        let names = baseline.creations.keys().filter(|(_, name)| !is_unique_id(name));
        let find = |name: &PrincipalName| {
            Some((name.clone(), (name.0.clone(), Text::from(&*self.find(&name.0, &name.1)?))))
        };
        names.filter_map(find).collect()
    }
}

impl Baseline {
    /// The baseline with identical principals joined, as far as it proves that, and with the [requests](super::ReceivedRequest) of
    /// which no later stage was found. Call this once, before any question, when all baselines have been merged: a joined one
    /// must not be merged or saved, since more links or stages could make it wrong.
    ///
    /// `key` is the principal key used for learning.
    #[must_use]
    pub fn resolved(self, key: PrincipalKey) -> Self {
        self.with_received().with_principals_joined(key)
    }

    fn with_principals_joined(mut self, key: PrincipalKey) -> Self {
        let resolver = IdentityResolver::new(&self, key);
        let (renamed, creations) = (resolver.renamed(&self), resolver.renamed_creations(&self));
        for (old, new) in creations {
            if let Some(time) = self.creations.remove(&old) {
                let earliest = self.creations.entry(new).or_insert(time);
                *earliest = time.min(*earliest);
            }
        }
        if !renamed.is_empty() {
            self.join_behaviours(&renamed);
        }
        self.join_events_and_hits(&renamed);
        self
    }

    fn join_behaviours(&mut self, renamed: &Renamed) {
        let mut principals: Vec<(ObservedPrincipal, usize)> = std::mem::take(&mut self.principals)
            .into_iter()
            .zip(0..)
            .map(|(who, index)| (renamed_or(renamed, who), index))
            .collect();
        principals.sort_by(|(left, _), (right, _)| left.account_and_key().cmp(&right.account_and_key()));
        let mut rank_of = vec![0; principals.len()];
        for (who, index) in principals {
            match self.principals.last_mut() {
                Some(known) if known.account_and_key() == who.account_and_key() => {
                    known.absorb(who.kind, who.arn.as_deref())
                }
                _ => self.principals.push(who),
            }
            rank_of[index] = u32::try_from(self.principals.len() - 1).unwrap_or(u32::MAX);
        }
        for value in &mut self.values {
            value.principal = rank_of[value.principal as usize];
        }
        sort_values(&mut self.values);
        for behaviour in &mut self.behaviours {
            behaviour.principal = rank_of[behaviour.principal as usize];
        }
        self.behaviours.sort_by_key(Behaviour::ids);
        Behaviour::join_same(&mut self.behaviours);
    }

    /// Joins the data beside the behaviours. Whom rules matched is decided by all records of the principal, not by one.
    fn join_events_and_hits(&mut self, renamed: &Renamed) {
        let principals = &self.principals;
        let known = |who: ObservedPrincipal| {
            let at = principals.binary_search_by(|known| known.account_and_key().cmp(&who.account_and_key()));
            at.map_or(who, |at| principals[at].clone())
        };
        let mut meant: HashMap<(&str, &str), Arc<ObservedPrincipal>> =
            renamed.iter().map(|(old, new)| ((&*old.0, &*old.1), Arc::new(known(new.clone())))).collect();
        let logging = self.logging.kept.iter_mut().map(|change| &mut change.event);
        for event in self.insights.iter_mut().chain(&mut self.root).chain(logging) {
            if let Some(who) = meant.get(&event.who.account_and_key()) {
                event.who = (**who).clone();
            }
        }
        for who in self.hits.iter().map(|hit| &*hit.who).chain(self.counted_hits.principals()) {
            let at = principals.binary_search_by(|known| known.account_and_key().cmp(&who.account_and_key()));
            if let Some(known) = at.ok().map(|at| &principals[at]).filter(|known| *known != who) {
                meant.entry(known.account_and_key()).or_insert_with(|| Arc::new(known.clone()));
            }
        }
        for hit in &mut self.hits {
            if let Some(who) = meant.get(&hit.who.account_and_key()) {
                hit.who = Arc::clone(who);
            }
        }
        self.counted_hits = std::mem::take(&mut self.counted_hits).renamed(&meant);
        sort_insights(&mut self.insights);
        sort_root(&mut self.root);
        self.logging.sort();
        sort_hits(&mut self.hits);
    }
}

fn renamed_or(renamed: &Renamed, who: ObservedPrincipal) -> ObservedPrincipal {
    renamed.get(&(who.account.clone(), who.key.clone())).cloned().unwrap_or(who)
}
