//! Requests to clusters of which only the first stage is known.
//!
//! That stage shows neither how a request ended nor the impersonated user, so it may belong to another behaviour than the later ones.
//! Within an object it waits for them; in another object, or in another baseline, they may still be found. So these requests
//! are kept by themselves while baselines are made and merged, and become behaviours when the baseline is complete.

use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;

use super::{ActiveDay, Baseline, Behaviour, Days, SingleEvent};
use crate::model::{InOrder, ObservedPrincipal, Text};
use crate::observe::Fingerprint;

/// A request of which only the first stage is known.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedRequest {
    /// Who asked for what, and the first of its records.
    pub event: SingleEvent,
    /// Number of records, without copies. None are left if a later stage was found.
    pub count: u64,
}

impl ReceivedRequest {
    /// Adds records of the same request.
    pub(super) fn absorb(&mut self, other: Self) {
        self.count += other.count;
        if other.event.sighting.order(&self.event.sighting).is_lt() {
            self.event = other.event;
        }
    }

    fn behaviour(&self, principal: u32, action: u32) -> Behaviour {
        let sighting = &self.event.sighting;
        let (day, hour) = sighting.time.day_and_hour();
        let mut days = Days::default();
        days.push(ActiveDay {
            day,
            hours: 1 << hour,
            success_hours: 0,
            count: self.count,
            errors: self.count,
        });
        Behaviour {
            principal,
            action,
            first: Arc::new(sighting.clone()),
            first_success: None,
            last: sighting.time,
            days,
        }
    }
}

/// Requests by the fingerprints of their first stages.
pub type ReceivedRequests = BTreeMap<Fingerprint, ReceivedRequest>;

/// Adds a request to others.
pub(super) fn add_received(
    requests: &mut ReceivedRequests,
    fingerprint: Fingerprint,
    request: ReceivedRequest,
) {
    match requests.entry(fingerprint) {
        Entry::Vacant(none) => {
            none.insert(request);
        }
        Entry::Occupied(known) => known.into_mut().absorb(request),
    }
}

impl Baseline {
    /// The baseline in which these requests are behaviours, each an attempt that failed.
    #[must_use]
    pub(super) fn with_received(mut self) -> Self {
        let mut received = std::mem::take(&mut self.received);
        received.retain(|_, request| request.count > 0);
        if received.is_empty() { self } else { self.merge(of_requests(received.values())).baseline }
    }

    /// Drops principals and actions that only these requests have: they may prove to be of others.
    pub(super) fn without_unused(mut self) -> Self {
        if self.received.is_empty() {
            return self;
        }
        let (mut principals, mut actions) = (Used::of(&self.principals), Used::of(&self.actions));
        for behaviour in &self.behaviours {
            principals.add(behaviour.principal);
            actions.add(behaviour.action);
        }
        let (principals, actions) = (principals.keep(&mut self.principals), actions.keep(&mut self.actions));
        for behaviour in &mut self.behaviours {
            behaviour.principal = principals[behaviour.principal as usize];
            behaviour.action = actions[behaviour.action as usize];
        }
        self.values.iter_mut().for_each(|value| value.renumber(&principals, &actions));
        self
    }
}

/// Which items of a list are used.
struct Used(Vec<bool>);

impl Used {
    fn of<T>(all: &[T]) -> Self {
        Self(vec![false; all.len()])
    }

    fn add(&mut self, index: u32) {
        self.0[index as usize] = true;
    }

    /// Drops the others; returns for each old index the new one.
    fn keep<T>(self, all: &mut Vec<T>) -> Vec<u32> {
        let mut is_used = self.0.iter();
        all.retain(|_| is_used.next() == Some(&true));
        let mut kept = 0;
        let number = |is_used: &bool| {
            let number = kept;
            kept += u32::from(*is_used);
            number
        };
        self.0.iter().map(number).collect()
    }
}

/// The baseline of requests alone.
fn of_requests<'r>(requests: impl Iterator<Item = &'r ReceivedRequest> + Clone) -> Baseline {
    let mut principals: Vec<ObservedPrincipal> =
        requests.clone().map(|request| request.event.who.clone()).collect();
    principals.sort_by(|left, right| left.account_and_key().cmp(&right.account_and_key()));
    principals.dedup_by(|next, kept| {
        let is_same = next.account_and_key() == kept.account_and_key();
        if is_same {
            kept.absorb(next.kind, next.arn.as_deref());
        }
        is_same
    });
    let mut actions: Vec<Text> = requests.clone().map(|request| request.event.action.clone()).collect();
    actions.sort_unstable();
    actions.dedup();
    let mut baseline = Baseline { principals, actions, ..Baseline::default() };
    let behaviour = |request: &ReceivedRequest| {
        let principal = baseline.find_principal(request.event.who.account_and_key());
        let action = baseline.actions.binary_search(&request.event.action).ok();
        Some(request.behaviour(principal?, u32::try_from(action?).ok()?))
    };
    let mut behaviours: Vec<Behaviour> = requests.filter_map(behaviour).collect();
    behaviours.sort_by_key(Behaviour::ids);
    Behaviour::join_same(&mut behaviours);
    baseline.behaviours = behaviours;
    baseline
}
