//! Events in, small numbers out: principals and actions become ids, copies of a record are told apart.
//!
//! Knows events; does not know files or JSON.

mod duplicates;
mod interner;

use crate::event::Event;
use interner::Interner;

pub use crate::event::{Evidence, LogSource, PrincipalKey, PrincipalKind, Stage};
pub use duplicates::{
    Compared, Conflict, Copies, Findings as CopiesFound, Fingerprint, Handover, RecordPlace, Surplus,
};

/// A principal, in the numbering of one [`Observer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(pub u32);

/// An action, in the numbering of one [`Observer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u32);

/// A principal that was observed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedPrincipal {
    /// Its account, as text; `-` if unknown.
    pub account: Box<str>,
    /// What identifies it in its account.
    pub key: Box<str>,
    /// Sort of principal. If records disagree, the first in the order of [`PrincipalKind`].
    pub kind: PrincipalKind,
    /// What it is called under the key `arn`, if the key is another; of several names the first.
    pub arn: Option<Box<str>>,
}

impl ObservedPrincipal {
    /// Takes note of what another record says of the same principal.
    pub fn absorb(&mut self, kind: PrincipalKind, arn: Option<&str>) {
        self.kind = self.kind.min(kind);
        if let Some(arn) = arn
            && self.arn.as_deref().is_none_or(|known| arn < known)
        {
            self.arn = Some(arn.into());
        }
    }

    /// What principals are sorted by: account and key.
    pub fn place(&self) -> (&str, &str) {
        (&self.account, &self.key)
    }
}

/// An action that was observed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedAction {
    /// `eventSource:eventName`, or the name alone where there is no source.
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
        let name = if source.is_empty() { name.into() } else { format!("{source}:{name}").into() };
        Self { name, source_length }
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
}

impl Observer {
    /// The ids of an event's principal and action. Allocates only for those not met before.
    pub fn observe(&mut self, event: &Event<'_>) -> (PrincipalId, ActionId) {
        let who = &event.principal;
        let principal = self.principals.intern(
            &(who.account, &*who.key),
            |known| *known.key == *who.key && *known.account == *who.account,
            || ObservedPrincipal {
                account: who.account.into(),
                key: (&*who.key).into(),
                kind: who.kind,
                arn: who.arn.as_deref().map(Box::from),
            },
        );
        self.principals[principal].absorb(who.kind, who.arn.as_deref());
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

    /// All principals and actions, each at the index that is its id.
    pub fn into_tables(self) -> (Vec<ObservedPrincipal>, Vec<ObservedAction>) {
        (self.principals.into_items(), self.actions.into_items())
    }
}
