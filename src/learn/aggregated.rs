//! Requests to clusters that two servers logged in one object: what the aggregated server says is not learnt from.
//!
//! The API server of the cluster knows the client: its address, and who impersonated the user. The aggregated server sees another
//! master as the last address, and only the effective user. So records that may be its own wait until the object ends, and are dropped if that of
//! the API server is there. In different objects both are copies, as in different logs of one request.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::stages::{HeldRecord, visit_held};
use crate::decode::{FoundRecord, source_addresses};
use crate::event::AuditRecord;
use crate::time::{Span, Timestamp};

/// How far the clocks of two masters may differ.
const CLOCKS: Span = Span::of_micros(2_000_000);

/// Bytes of records that wait at once, at most, but for one record.
const MOST_HELD: usize = 32 << 20;

/// With so many requests within [`CLOCKS`] of each other, all alike, a record is compared.
const MOST_COMPARED: usize = 64;

/// The requests of one object that two servers may have logged, by what both say alike.
#[derive(Debug, Default)]
pub(super) struct Aggregated {
    requests: HashMap<(Box<str>, Box<str>), BTreeMap<Arrival, Logged>>,
    /// Bytes of the records that wait.
    held: usize,
}

/// The addresses that a request came by, joined, and when.
type Arrival = (Box<str>, Timestamp);

/// What one server logged of a request: a record for each stage.
#[derive(Debug, Default)]
struct Logged {
    /// Number of addresses.
    addresses: usize,
    uid: Option<Box<str>>,
    /// The status that it ended with, if a record says so.
    code: Option<u16>,
    /// Whether it was refused, and so not handed on.
    is_forbidden: bool,
    /// Numbers of the rules that its records match.
    rules: BTreeSet<u32>,
    /// Those that may be of an aggregated server.
    waiting: Vec<HeldRecord>,
}

impl Logged {
    /// Whether this may be what the API server logged of a request of which an aggregated server logged that: both ended alike, and
    /// the rules that match that match this, too, so that no match is lost.
    fn may_be_original(&self, copy: &Self) -> bool {
        (copy.uid.is_none() || self.uid == copy.uid)
            && self.code == copy.code
            && !self.is_forbidden
            && copy.rules.is_subset(&self.rules)
    }
}

impl Aggregated {
    /// Whether so much waits that it should [end](Self::finish) before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.held > MOST_HELD
    }

    /// Notes a record and the numbers of the rules that it matches; true if it waits.
    pub(super) fn waits(
        &mut self,
        record: &AuditRecord<'_>,
        found: &FoundRecord<'_>,
        rules: impl Iterator<Item = u32>,
    ) -> bool {
        let audit_id = record.audit_id.filter(|id| !id.is_empty());
        let Some(((id, common), (time, _))) = audit_id.zip(record.common_to_servers()).zip(record.time())
        else {
            return false;
        };
        let addresses = source_addresses(found.text);
        let arrival = (addresses.join(" ").into(), time);
        let alike = self.requests.entry((id.into(), common.into())).or_default();
        let logged = alike.entry(arrival).or_default();
        logged.addresses = addresses.len();
        logged.uid = record.user.uid.filter(|uid| !uid.is_empty()).map(Box::from);
        logged.code = record.code.or(logged.code);
        logged.is_forbidden |= record.decision == Some("forbid");
        logged.rules.extend(rules);
        let may_wait = addresses.len() > 1 && record.impersonator().is_none();
        if may_wait {
            logged.waiting.push(HeldRecord::of(found));
            self.held += found.text.len();
        }
        may_wait
    }

    /// Passes every record that waits to `take`, in order, except those of which the API server logged the request, too. Returns the
    /// number of these.
    pub(super) fn finish(self, take: impl FnMut(&AuditRecord<'_>, &FoundRecord<'_>)) -> u64 {
        let (mut kept, mut dropped) = (Vec::new(), 0);
        for requests in self.requests.into_values() {
            let copies = copies(&requests);
            for (arrival, Logged { waiting, .. }) in requests {
                match copies.contains(&arrival) {
                    true => dropped += waiting.len() as u64,
                    false => kept.extend(waiting),
                }
            }
        }
        visit_held(kept, take);
        dropped
    }
}

/// Which of these are what an aggregated server logged of another of them. Each is that of one other, so that a client who repeats
/// a request with its id hides none.
fn copies(requests: &BTreeMap<Arrival, Logged>) -> BTreeSet<Arrival> {
    let mut copies = BTreeSet::new();
    if requests.len() < 2 {
        return copies;
    }
    let mut free: BTreeSet<&Arrival> = requests.keys().collect();
    let mut handed_on = BTreeSet::new();
    let mut waiting: Vec<_> = requests.iter().filter(|(_, logged)| !logged.waiting.is_empty()).collect();
    // What came by most addresses first: a request through a proxy may look like the copy of another, but has one itself.
    waiting.sort_by_key(|((addresses, time), logged)| (usize::MAX - logged.addresses, *time, addresses));
    for (arrival @ (addresses, time), logged) in waiting {
        let Some((before, _)) = addresses.rsplit_once(' ').filter(|_| !handed_on.contains(arrival)) else {
            continue;
        };
        let from: Arrival = (before.into(), time.minus(CLOCKS));
        let to: Arrival = (before.into(), time.plus(CLOCKS));
        let is_it =
            |other: &&&Arrival| requests.get(**other).is_some_and(|other| other.may_be_original(logged));
        let original = free.range::<&Arrival, _>(&from..=&to).take(MOST_COMPARED).find(is_it).copied();
        if let Some(original) = original {
            free.remove(original);
            handed_on.insert(original.clone());
            copies.insert(arrival.clone());
        }
    }
    copies
}
