//! Events in time order, with everything that only the complete baseline shows.

use std::io;

use super::collector::WorkerEvents;
use super::merge::merge;
use super::packed::{Packed, Placed};
use super::{Collected, EventAdmission};
use crate::baseline::{Baseline, Behaviour, IdentityResolver};
use crate::coverage::Coverage;
use crate::model::{EvidenceTexts, InOrder, ObservedPrincipal, Sighting, Text};
use crate::query::CloudTrailLinks;
use crate::time::Timestamp;

/// All events that may match, and the baseline that decides which do.
#[derive(Debug)]
pub struct Events {
    /// With principals joined.
    pub baseline: Baseline,
    /// What was read, skipped and lost.
    pub coverage: Coverage,
    workers: Vec<WorkerEvents>,
    admission: EventAdmission,
    /// For each worker and number of a principal, its index in the baseline.
    principals: Vec<Vec<Option<u32>>>,
    /// The same for actions.
    actions: Vec<Vec<Option<u32>>>,
    knows_more: bool,
}

/// One event.
#[derive(Debug)]
pub struct Event<'e> {
    /// When the call was completed.
    pub time: Timestamp,
    /// Who acted.
    pub who: &'e ObservedPrincipal,
    /// For a user of a cluster: the CloudTrail principal behind it.
    pub linked: Option<&'e ObservedPrincipal>,
    /// The name of the action.
    pub action: &'e str,
    /// Whether it is the first sighting of its principal with its action.
    pub is_first_sighting: bool,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether the call only read, if the record says so.
    pub read_only: Option<bool>,
    /// Number of the archive, counted from 1.
    pub archive: u32,
    /// Path of the log object below the archive's root.
    pub object: &'e str,
    /// Index of the record in the object.
    pub record: u32,
    /// `eventID` or `auditID`; empty if the record has none.
    pub event_id: &'e str,
    /// The texts of its evidence.
    pub evidence: EvidenceTexts<'e>,
    /// `errorMessage`
    pub error_message: Option<&'e str>,
    /// `recipientAccountId`: whose log the record is from.
    pub recipient_account: Option<&'e str>,
    /// The ARNs that the record names besides those of its caller; of a request to a cluster the object.
    pub resources: Vec<&'e str>,
    /// The text of the record, if it was asked for.
    pub raw: Option<&'e str>,
}

impl Collected {
    /// Adds what is known of the same archives, of which perhaps only a part was read: then first sightings are those of both
    /// together. Archives may have other numbers and places there, so an event is recognised by its time and id.
    #[must_use]
    pub fn knowing(self, known: Baseline) -> Self {
        Self { baseline: self.baseline.merge(known).baseline, knows_more: true, ..self }
    }

    /// Joins principals, as [`Baseline::resolved`] does.
    pub fn resolved(self) -> Events {
        let Self { baseline, coverage, listed: _, workers, admission, key, knows_more } = self;
        let resolver = IdentityResolver::new(&baseline, key);
        let meant = |(account, key): &(Text, Text)| {
            let name = resolver.find(account, key).map_or_else(|| key.clone(), |name| Text::from(&*name));
            (account.clone(), name)
        };
        let names: Vec<Vec<(Text, Text)>> =
            workers.iter().map(|worker| worker.principals.iter().map(meant).collect()).collect();
        let baseline = baseline.resolved(key);
        let index = |(account, key): &(Text, Text)| baseline.find_principal((account, key));
        let principals = names.iter().map(|names| names.iter().map(index).collect()).collect();
        let number = |action: &Text| baseline.actions.binary_search(action).ok().map(|at| at as u32);
        let actions = workers.iter().map(|worker| worker.actions.iter().map(number).collect()).collect();
        Events { baseline, coverage, workers, admission, principals, actions, knows_more }
    }
}

impl Events {
    /// Calls `take` with each event that matches, in the order of sightings (time, event id, archive, object, record).
    ///
    /// # Errors
    /// If a temporary file cannot be read, or if `take` fails.
    pub fn for_each(&self, take: &mut dyn FnMut(&Event<'_>) -> io::Result<()>) -> io::Result<()> {
        let links = CloudTrailLinks::new(&self.baseline);
        let mut firsts = Firsts::of(self);
        let runs: Vec<_> = self.workers.iter().map(|worker| &worker.runs).collect();
        merge(&runs, |packed, number| {
            if !packed.is_wanted() {
                return Ok(());
            }
            let behaviour = self.behaviour(packed, number).ok_or_else(damaged)?;
            let mut event = self.event(packed, number, behaviour).ok_or_else(damaged)?;
            let EvidenceTexts { access_key_id, principal_id, impersonated_by, .. } = event.evidence;
            event.linked = links.find_by(event.who, [access_key_id, principal_id, impersonated_by]);
            if !self.admission.admits(event.who, event.linked) {
                return Ok(());
            }
            let places = &self.workers[number].runs.places;
            event.is_first_sighting = firsts.has(behaviour, Placed { packed, places });
            take(&event)
        })
    }

    /// The numbers of principal and action of an event.
    fn behaviour(&self, packed: Packed<'_>, worker: usize) -> Option<(u32, u32)> {
        let principal = *self.principals[worker].get(packed.principal())?;
        let action = *self.actions[worker].get(packed.action())?;
        principal.zip(action)
    }

    /// An event of a worker, as far as it is known without others.
    fn event<'e>(
        &'e self,
        packed: Packed<'e>,
        worker: usize,
        (who, action): (u32, u32),
    ) -> Option<Event<'e>> {
        let (archive, object) = self.workers[worker].runs.places.get(packed.place())?;
        let texts = packed.texts();
        Some(Event {
            time: packed.time(),
            who: &self.baseline.principals[who as usize],
            linked: None,
            action: &self.baseline.actions[action as usize],
            is_first_sighting: false,
            failed: packed.failed(),
            read_only: packed.read_only(),
            archive: *archive,
            object,
            record: packed.record(),
            event_id: packed.event_id(),
            evidence: texts.evidence(),
            error_message: texts.error_message(),
            recipient_account: texts.recipient_account(),
            raw: texts.raw(),
            resources: texts.resources,
        })
    }
}

/// Events are never left out silently.
fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a temporary file of events was changed by something else")
}

/// Finds the first sightings among events.
struct Firsts<'e> {
    events: &'e Events,
    /// For each behaviour of the baseline, whether its first sighting was found.
    found: Vec<bool>,
}

impl<'e> Firsts<'e> {
    fn of(events: &'e Events) -> Self {
        Self { events, found: vec![false; events.baseline.behaviours.len()] }
    }

    /// Whether an event is the first sighting of its principal and action.
    fn has(&mut self, behaviour: (u32, u32), event: Placed<'_>) -> bool {
        let behaviours = &self.events.baseline.behaviours;
        let Ok(at) = behaviours.binary_search_by_key(&behaviour, Behaviour::ids) else { return false };
        let first = &*behaviours[at].first;
        let is_it = if self.events.knows_more { is_same(first, &event) } else { first.order(&event).is_eq() };
        is_it && !std::mem::replace(&mut self.found[at], true)
    }
}

/// Whether a sighting is an event, wherever each has it from.
fn is_same(first: &Sighting, event: &Placed<'_>) -> bool {
    first.time == event.time()
        && InOrder::event_id(first) == event.event_id()
        // Versions of an event with other content have the same id.
        && first.failed == event.packed.failed()
        && (!first.event_id.is_empty() || InOrder::place(first) == event.place())
}
