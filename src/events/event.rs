//! Events in time order, with everything that only the complete baseline shows.

use std::cmp::Ordering;
use std::io;

use super::collector::WorkerEvents;
use super::merge::merge;
use super::packed::{Packed, Place, Texts};
use super::{Collected, EventAdmission};
use crate::baseline::{Baseline, IdentityResolver};
use crate::coverage::Coverage;
use crate::model::{EventIdRef, InOrder, ObservedPrincipal, Sighting, SightingTexts, Text};
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
    principals: Vec<Vec<Option<usize>>>,
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
    texts: Texts<'e>,
}

/// Names the texts of evidence by their position in [`Sighting::TEXTS`].
macro_rules! evidence {
    ($($(#[$about:meta])* $name:ident)+) => {
        impl<'e> Event<'e> {
            $($(#[$about])*
            pub fn $name(&self) -> Option<&'e str> {
                const INDEX: usize = position(stringify!($name));
                self.texts.evidence(INDEX)
            })+
        }
    };
}

evidence! {
    /// `awsRegion`
    region
    /// Where the call came from: an address, a service name or `AWS Internal`.
    source_ip
    /// `userAgent`
    user_agent
    /// `errorCode`, or the reason of a status.
    error_code
    /// Access key the call was signed with.
    access_key_id
    /// Session name of the role or federated session; the pod that uses a service account.
    session_name
    /// Unique id of the IAM identity that acted.
    principal_id
    /// The real user, if the call was made as another.
    impersonated_by
    /// The URI of a request to a Kubernetes cluster. For a call on behalf of an IAM Identity Center user: that user.
    detail
    /// What the call issued.
    issued
}

impl<'e> Event<'e> {
    /// `eventID` or `auditID`; empty if the record has none.
    pub fn event_id(&self) -> &'e str {
        self.texts.event_id
    }

    /// `errorMessage`
    pub fn error_message(&self) -> Option<&'e str> {
        self.texts.error_message()
    }

    /// `recipientAccountId`: whose log the record is from.
    pub fn recipient_account(&self) -> Option<&'e str> {
        self.texts.recipient_account()
    }

    /// The ARNs that the record names besides those of its caller.
    pub fn resources(&self) -> &[&'e str] {
        &self.texts.resources
    }

    /// The text of the record, if it was asked for.
    pub fn raw(&self) -> Option<&'e str> {
        self.texts.raw()
    }
}

/// The position of a text of evidence.
const fn position(name: &str) -> usize {
    let mut index = 0;
    while index < SightingTexts::COUNT {
        if is_same(Sighting::TEXTS[index].0.as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("evidence has no such text")
}

const fn is_same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
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
        let index = |(account, key): &(Text, Text)| {
            let known = &baseline.principals;
            known.binary_search_by(|who| who.account_and_key().cmp(&(&**account, &**key))).ok()
        };
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
            let worker = &self.workers[number];
            let who = self.principals[number].get(packed.principal()).copied().flatten();
            let (Some(who), Some(action)) = (who, worker.actions.get(packed.action())) else { return Ok(()) };
            let Some(place) = worker.runs.places.get(packed.place()) else { return Ok(()) };
            let mut event = Event {
                time: packed.time(),
                who: &self.baseline.principals[who],
                linked: None,
                action,
                is_first_sighting: false,
                failed: packed.failed(),
                read_only: packed.read_only(),
                archive: place.0,
                object: &place.1,
                record: packed.record(),
                texts: packed.texts(),
            };
            let identity = [event.access_key_id(), event.principal_id(), event.impersonated_by()];
            event.linked = links.find_by(event.who, identity);
            if !self.admission.admits(event.who, event.linked) {
                return Ok(());
            }
            event.is_first_sighting = firsts.has(packed, place);
            take(&event)
        })
    }
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
    fn has(&mut self, packed: Packed<'_>, place: &Place) -> bool {
        while let Some(first) = self.rest.peek() {
            match compare(first, packed, place) {
                Ordering::Less => self.rest.next(),
                order => return order.is_eq(),
            };
        }
        false
    }
}

/// Compares a sighting with an event.
fn compare(first: &Sighting, packed: Packed<'_>, (archive, object): &Place) -> Ordering {
    let event_id = || EventIdRef::from(std::str::from_utf8(packed.event_id()).unwrap_or_default());
    (first.time.cmp(&packed.time()))
        .then_with(|| InOrder::event_id(first).cmp(&event_id()))
        .then_with(|| first.stage.cmp(&packed.stage()))
        .then_with(|| InOrder::place(first).cmp(&(*archive, &**object, packed.record())))
}
