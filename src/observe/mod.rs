//! Turns events into small numbers: principals and actions become ids, and copies of a record are recognised.
//!
//! Knows events; does not know files or JSON.

mod content_length;
mod duplicates;
mod identity_links;
mod interner;

use std::collections::BTreeSet;

use crate::event::{Event, IdentityLink, Principal, action_name};
use crate::model::{ObservedPrincipal, Text};
use interner::Interner;

pub use duplicates::{
    ComparedRecord, Conflict, Deduplicator, DuplicateCount, DuplicatesFound, Fingerprint, KeptRecords,
    ObjectRecords, RecordPlace,
};
pub use identity_links::IdentityLinks;

/// A principal, in the numbering of one [`Observer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(pub u32);

/// An action, in the numbering of one [`Observer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u32);

/// An action that was observed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedAction {
    /// `eventSource:eventName`, or the name alone if there is no source.
    name: Box<str>,
    source_length: u32,
}

impl ObservedAction {
    /// `eventSource:eventName`, for example `iam.amazonaws.com:CreateUser`, or `create core/pods/exec`.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn new(source: &str, name: &str) -> Self {
        let source_length = u32::try_from(source.len()).unwrap_or(u32::MAX);
        Self { name: action_name(source, name).into(), source_length }
    }

    fn is(&self, source: &str, name: &str) -> bool {
        self.source_length as usize == source.len()
            && self.name.len() == source.len() + usize::from(!source.is_empty()) + name.len()
            && self.name.starts_with(source)
            && self.name.ends_with(name)
    }
}

/// Numbers principals and actions in the order in which they are met. One for each worker.
#[derive(Debug, Default)]
pub struct Observer {
    principals: Interner<ObservedPrincipal>,
    actions: Interner<ObservedAction>,
    /// The accounts of the principals, each once.
    accounts: BTreeSet<Text>,
    links: IdentityLinks,
    /// For each principal its last link, which most of its records repeat.
    last_links: Vec<Option<LastLink>>,
}

/// Everything that an [`Observer`] met.
#[derive(Debug, Default)]
pub struct Observations {
    /// Indexed by [`PrincipalId`].
    pub principals: Vec<ObservedPrincipal>,
    /// Indexed by [`ActionId`].
    pub actions: Vec<ObservedAction>,
    /// What the records prove about unique ids.
    pub identity_links: IdentityLinks,
}

/// A link to compare with.
#[derive(Debug)]
struct LastLink {
    unique_id: Text,
    /// `None` if it is the principal's key.
    arn: Option<Text>,
}

impl LastLink {
    fn is(&self, who: &Principal<'_>, link: IdentityLink<'_>) -> bool {
        // The key is usually the same text that the record proves; then no comparison is needed.
        let is_arn = match &self.arn {
            Some(arn) => *arn == link.arn,
            None => std::ptr::eq(&*who.key, link.arn) || who.key == link.arn,
        };
        is_arn && *self.unique_id == *link.unique_id
    }
}

impl Observer {
    /// The ids of an event's principal and action. Allocates only for new ones.
    pub fn observe(&mut self, event: &Event<'_>) -> (PrincipalId, ActionId) {
        let who = &event.principal;
        let accounts = &mut self.accounts;
        let principal = self.principals.intern(
            &(who.account, &*who.key),
            |known| *known.key == *who.key && *known.account == *who.account,
            || ObservedPrincipal {
                account: shared(accounts, who.account),
                key: (&*who.key).into(),
                kind: who.kind,
                arn: who.arn.as_deref().map(Text::from),
            },
        );
        self.principals[principal].absorb(who.kind, who.arn.as_deref());
        if let Some(link) = who.identity_link {
            self.note_link(principal, who, link);
        }
        let action = self.actions.intern(
            &(event.source, &*event.name),
            |known| known.is(event.source, &event.name),
            || ObservedAction::new(event.source, &event.name),
        );
        (PrincipalId(principal), ActionId(action))
    }

    /// The ids of an event's principal and action, if both were observed before.
    pub fn find(&self, event: &Event<'_>) -> Option<(PrincipalId, ActionId)> {
        let who = &event.principal;
        let principal = self.principals.find(&(who.account, &*who.key), |known| {
            *known.key == *who.key && *known.account == *who.account
        });
        let is_it = |known: &ObservedAction| known.is(event.source, &event.name);
        let action = self.actions.find(&(event.source, &*event.name), is_it);
        Some((PrincipalId(principal?), ActionId(action?)))
    }

    #[inline]
    fn note_link(&mut self, principal: u32, who: &Principal<'_>, link: IdentityLink<'_>) {
        let index = principal as usize;
        if self.last_links.get(index).and_then(Option::as_ref).is_some_and(|last| last.is(who, link)) {
            return;
        }
        let is_key = *who.key == *link.arn;
        let arn = if is_key { self.principals[principal].key.clone() } else { link.arn.into() };
        let unique_id = self.links.share(who.account, link.unique_id, &arn);
        if self.last_links.len() <= index {
            self.last_links.resize_with(index + 1, || None);
        }
        self.last_links[index] = Some(LastLink { unique_id, arn: (!is_key).then_some(arn) });
    }

    /// Everything that was met.
    pub fn finish(self) -> Observations {
        let Self { principals, actions, links, accounts: _, last_links: _ } = self;
        Observations {
            principals: principals.into_items(),
            actions: actions.into_items(),
            identity_links: links,
        }
    }
}

/// The known text that equals this one.
fn shared(known: &mut BTreeSet<Text>, text: &str) -> Text {
    if let Some(known) = known.get(text) {
        return known.clone();
    }
    let new = Text::from(text);
    known.insert(new.clone());
    new
}
