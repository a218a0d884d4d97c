//! Events in time order, with everything that only the complete baseline shows.

use std::cmp::Ordering;
use std::io;

use super::collector::WorkerEvents;
use super::merge::merge;
use super::packed::{Packed, Placed};
use super::{Collected, EventAdmission};
use crate::baseline::{Baseline, IdentityResolver};
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
    /// The ARNs that the record names besides those of its caller.
    pub resources: Vec<&'e str>,
    /// The text of the record, if it was asked for.
    pub raw: Option<&'e str>,
}

impl Collected {
    /// Joins principals, as [`Baseline::resolved`] does.
    pub fn resolved(self) -> Events {
        let Self { baseline, coverage, workers, admission, key } = self;
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
        Events { baseline, coverage, workers, admission, principals }
    }
}

impl Events {
    /// Calls `take` with each event that matches, in the order of sightings (time, event id, archive, object, record).
    ///
    /// # Errors
    /// If a temporary file cannot be read, or if `take` fails.
    pub fn for_each(&self, take: &mut dyn FnMut(&Event<'_>) -> io::Result<()>) -> io::Result<()> {
        let links = CloudTrailLinks::new(&self.baseline);
        let mut firsts = Firsts::of(&self.baseline);
        let runs: Vec<_> = self.workers.iter().map(|worker| &worker.runs).collect();
        merge(&runs, |packed, number| {
            if !packed.is_wanted() {
                return Ok(());
            }
            let mut event = self.event(packed, number).ok_or_else(damaged)?;
            let EvidenceTexts { access_key_id, principal_id, impersonated_by, .. } = event.evidence;
            event.linked = links.find_by(event.who, [access_key_id, principal_id, impersonated_by]);
            if !self.admission.admits(event.who, event.linked) {
                return Ok(());
            }
            event.is_first_sighting =
                firsts.has(Placed { packed, places: &self.workers[number].runs.places });
            take(&event)
        })
    }

    /// An event of a worker, as far as it is known without others. `None` if its numbers mean nothing.
    fn event<'e>(&'e self, packed: Packed<'e>, worker: usize) -> Option<Event<'e>> {
        let WorkerEvents { runs, actions, .. } = &self.workers[worker];
        let who = (*self.principals[worker].get(packed.principal())?)?;
        let (archive, object) = runs.places.get(packed.place())?;
        let texts = packed.texts();
        Some(Event {
            time: packed.time(),
            who: &self.baseline.principals[who as usize],
            linked: None,
            action: actions.get(packed.action())?,
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

/// The first sightings of all behaviours in order, walked through as events come.
struct Firsts<'b> {
    rest: std::iter::Peekable<std::vec::IntoIter<&'b Sighting>>,
}

impl<'b> Firsts<'b> {
    fn of(baseline: &'b Baseline) -> Self {
        let mut all: Vec<&Sighting> = baseline.behaviours.iter().map(|behaviour| &*behaviour.first).collect();
        all.sort_unstable_by(|left, right| left.order(*right));
        Self { rest: all.into_iter().peekable() }
    }

    /// Whether an event is a first sighting. Events must be asked for in order.
    fn has(&mut self, event: Placed<'_>) -> bool {
        while let Some(first) = self.rest.peek() {
            match first.order(&event) {
                Ordering::Less => self.rest.next(),
                order => return order.is_eq(),
            };
        }
        false
    }
}
