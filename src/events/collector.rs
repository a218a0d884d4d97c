//! What one worker keeps of the events that may be wanted.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use super::filter::{CompiledEventFilter, Remembered};
use super::packed::{Extras, pack};
use super::runs::{MakeFile, Runs, SortedRuns};
use crate::decode::{object_in_cluster, resources};
use crate::event::AnyRecord;
use crate::learn::{EventTap, LearntEvent};
use crate::model::Text;
use crate::observe::Observations;

/// Shared by all workers.
pub(super) struct Shared<'s> {
    pub(super) filter: CompiledEventFilter,
    /// Whether the texts of records are kept.
    pub(super) raw: bool,
    pub(super) make: &'s MakeFile<'s>,
    /// The first failure to write a temporary file; it ends the run.
    pub(super) failure: Mutex<Option<io::Error>>,
}

impl Shared<'_> {
    pub(super) fn has_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn fail(&self, error: io::Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Keeps the events of one worker that may be wanted.
pub(super) struct Collector<'s> {
    shared: &'s Shared<'s>,
    known: Remembered,
    /// `None` once a temporary file could not be written: nothing more is kept, since the run ends.
    runs: Option<Runs>,
    /// Account and key of each principal, by its number.
    principals: Vec<(Text, Text)>,
    /// Names of the actions, by number.
    actions: Vec<Text>,
}

/// The events of one worker, and what its numbers mean.
#[derive(Debug)]
pub(super) struct WorkerEvents {
    pub(super) runs: SortedRuns,
    pub(super) principals: Vec<(Text, Text)>,
    pub(super) actions: Vec<Text>,
}

impl<'s> Collector<'s> {
    /// A collector that holds up to `limit` bytes of events in memory.
    pub(super) fn new(shared: &'s Shared<'s>, limit: usize) -> Self {
        let (principals, actions) = (Vec::new(), Vec::new());
        Self { shared, known: Remembered::default(), runs: Some(Runs::new(limit)), principals, actions }
    }

    pub(super) fn finish(self) -> WorkerEvents {
        let Self { runs, principals, actions, .. } = self;
        WorkerEvents { runs: runs.unwrap_or_else(|| Runs::new(0)).finish(), principals, actions }
    }
}

impl EventTap for Collector<'_> {
    fn event(&mut self, seen: &LearntEvent<'_>) {
        let Self { shared, known, .. } = self;
        let Some(runs) = &mut self.runs else { return };
        let filter = &shared.filter;
        if !filter.admits_time(seen.event.time) {
            return;
        }
        // The last stage of a request counts, which may be in another object: so those that are not wanted are kept, too.
        let is_request = matches!(seen.record, AnyRecord::Kubernetes(_)) && seen.fingerprint.is_some();
        let may_be_wanted = filter.may_admit(seen, known);
        if !may_be_wanted && !is_request {
            return;
        }
        let evidence = seen.evidence();
        let mut named: Vec<Cow<'_, str>> = Vec::new();
        let is_wanted = may_be_wanted && filter.admits_record(seen, &evidence, known) && {
            named = resources_of(seen);
            filter.admits_resources(seen, &named)
        };
        if !is_wanted && !is_request {
            return;
        }
        let place = runs.place(seen.place.archive, seen.place.object);
        let raw = (shared.raw && is_wanted).then_some(seen.text);
        let extras = Extras { place, is_wanted, resources: &named, raw };
        if let Err(error) = runs.add(shared.make, |out| pack(seen, &evidence, &extras, out)) {
            shared.fail(error);
            self.runs = None;
        }
    }

    fn end(&mut self, observed: &Observations) {
        let names = observed.principals.iter().map(|who| (who.account.clone(), who.key.clone()));
        self.principals = names.collect();
        self.actions = observed.actions.iter().map(|action| action.name().into()).collect();
    }
}

/// What a record names: of CloudTrail its ARNs, each once, in its order; of a cluster the object.
fn resources_of<'s>(seen: &LearntEvent<'s>) -> Vec<Cow<'s, str>> {
    let record = match seen.record {
        AnyRecord::CloudTrail(record) => record,
        AnyRecord::Kubernetes(record) => {
            return object_in_cluster(record, seen.text).map(Cow::Owned).into_iter().collect();
        }
    };
    let mut arns = Vec::new();
    resources(record, seen.text, &mut |arn| arns.push(arn));
    if arns.len() > 1 {
        let mut known = HashSet::with_capacity(arns.len());
        let is_new: Vec<bool> = arns.iter().map(|arn| known.insert(arn)).collect();
        let mut is_new = is_new.into_iter();
        arns.retain(|_| is_new.next() == Some(true));
    }
    arns
}
