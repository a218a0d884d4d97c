//! The user for whom a long-term key or a password is: who created it, and which keys were issued to it.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::{Credential, Issuance};
use crate::model::{Arn, Text, is_temporary_key};
use crate::time::Timestamp;

/// What the archive says of the creation of the user for whom a credential is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerCreation {
    /// The event that created this user, as far as ids tell.
    Owner(Issuance),
    /// The event that created a user of this name, and the id of that user, which is another than that of whoever used the key. So the
    /// name was given again.
    Namesake(Issuance, Text),
}

impl OwnerCreation {
    /// The event.
    pub const fn event(&self) -> &Issuance {
        match self {
            Self::Owner(event) | Self::Namesake(event, _) => event,
        }
    }
}

/// A key that was issued to a user, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssuedKey {
    /// When it was issued.
    pub time: Timestamp,
    /// Its id.
    pub key: Text,
}

/// The long-term keys that were issued to users, by account and name.
pub(super) struct KeysOfUsers<'f>(BTreeMap<(&'f str, &'f str), Vec<IssuedKey>>);

impl<'f> KeysOfUsers<'f> {
    pub(super) fn new(facts: &'f Facts) -> Self {
        let mut keys: BTreeMap<(&str, &str), Vec<IssuedKey>> = BTreeMap::new();
        for (credential, issuance) in &facts.issued {
            let Credential::Key(key) = credential else { continue };
            let Some(name) = issuance.issued_to.as_deref().and_then(|to| to.strip_prefix("user/")) else {
                continue;
            };
            let issued = IssuedKey { time: issuance.event.time, key: key.clone() };
            keys.entry((&issuance.account, name)).or_default().push(issued);
        }
        keys.values_mut().for_each(|keys| keys.sort());
        Self(keys)
    }

    /// The keys that were issued to the user of a long-term key that no event issued.
    pub(super) fn issued_instead(&self, facts: &'f Facts, credential: &Credential) -> &[IssuedKey] {
        let is_without_event = is_long_term(credential) && !facts.issued.contains_key(credential);
        let owner = facts.owner(credential).filter(|_| is_without_event);
        owner.and_then(|owner| self.0.get(&owner)).map_or(&[], Vec::as_slice)
    }
}

fn is_long_term(credential: &Credential) -> bool {
    matches!(credential, Credential::Key(key) if !is_temporary_key(key))
}

impl Facts {
    /// Account and name of the user for whom a long-term key or a password is.
    fn owner(&self, credential: &Credential) -> Option<(&str, &str)> {
        if !is_long_term(credential) && !matches!(credential, Credential::Password(_)) {
            return None;
        }
        match self.issued.get(credential) {
            Some(issuance) => {
                Some((&issuance.account, issuance.issued_to.as_deref()?.strip_prefix("user/")?))
            }
            None => {
                let arn = Arn::parse(self.uses.get(credential.id())?.holder.arn.as_deref()?)?;
                Some((arn.account, arn.iam_name("user")?))
            }
        }
    }

    /// What is known of the creation of that user: the last event before the credential that created one of its name, and of its id if
    /// both ids are known.
    pub(super) fn owner_created(&self, credential: &Credential) -> Option<OwnerCreation> {
        let (account, name) = self.owner(credential)?;
        let user =
            |micros| (Text::from(account), Text::from(name), Timestamp::from_micros(micros), Text::from(""));
        let after = self.time(credential)?.micros().saturating_add(1);
        let caller = self.uses.get(credential.id()).and_then(|used| used.holder.principal_id.as_ref());
        let is_owner = |id: &Text| id.is_empty() || caller.is_none_or(|caller| caller == id);
        let before = || self.users.range(user(i64::MIN)..user(after)).rev();
        let owner = before().find(|((.., id), _)| is_owner(id));
        let namesake = before().next().filter(|_| owner.is_none());
        let of_owner = owner.map(|(_, creation)| OwnerCreation::Owner(creation.clone()));
        of_owner.or_else(|| {
            namesake.map(|((.., id), creation)| OwnerCreation::Namesake(creation.clone(), id.clone()))
        })
    }
}
