//! The credentials that match what is traced.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::{Credential, Holder, Issuance};
use crate::model::{Arn, last_part};
use crate::time::Timestamp;

impl Facts {
    /// The credentials that match an access key id, an event id, a session or a principal. The first of these that fits anything
    /// counts, so that a name never hides an id.
    pub(super) fn starts(&self, wanted: &str) -> BTreeSet<Credential> {
        let key = Credential::Key(wanted.into());
        if self.uses.contains_key(wanted) || self.issued.contains_key(&key) {
            return BTreeSet::from([key]);
        }
        if !self.of_event.is_empty() {
            return self.of_event.clone();
        }
        let user = Arn::parse(wanted).and_then(|arn| Some((arn.account, arn.iam_name("user")?)));
        let is_for_user = |issuance: &Issuance| {
            let name = issuance.issued_to.as_deref().and_then(|to| to.strip_prefix("user/"));
            name.is_some() && name.map(|name| (&*issuance.account, name)) == user
        };
        let exact = self.matching(|name| name == wanted, is_for_user);
        if !exact.is_empty() || wanted.is_empty() {
            return exact;
        }
        self.matching(|name| last_part(name) == wanted || name.rsplit(':').next() == Some(wanted), |_| false)
    }

    /// The credentials one of whose names fits, and those whose issuance does.
    fn matching(
        &self,
        fits: impl Fn(&str) -> bool,
        is_issued: impl Fn(&Issuance) -> bool,
    ) -> BTreeSet<Credential> {
        let used = self.uses.iter().filter(|(_, used)| names(&used.holder).any(&fits));
        let used = used.map(|(key, _)| Credential::Key(key.clone()));
        let issued = self.issued.iter().filter(|(credential, issuance)| {
            // Whoever signs in gets the credential.
            let signs_in = matches!(credential, Credential::SignIn(_));
            let caller = names(&issuance.caller).filter(|_| signs_in);
            issued_to(issuance).chain(caller).any(&fits) || is_issued(issuance)
        });
        used.chain(issued.map(|(credential, _)| credential.clone())).collect()
    }

    /// When a credential was issued, or first used.
    pub(super) fn time(&self, credential: &Credential) -> Option<Timestamp> {
        let issued = self.issued.get(credential).map(|issuance| issuance.event.time);
        issued.or_else(|| self.uses.get(credential.id()).map(|used| used.first.time))
    }
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
    [to, session].into_iter().flatten()
}
