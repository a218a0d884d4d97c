//! The state of each worker while learning, and its result.

use std::sync::Arc;

use super::{EventTap, LearnSettings};
use crate::baseline::Builder;
use crate::catalog::ObjectEntry;
use crate::observe::{Deduplicator, ObjectRecords, Observer};
use crate::rules::Matcher;
use crate::source::Archives;

/// The state of one worker while learning.
pub(super) struct Learner<'s, T> {
    /// What is read.
    pub(super) archives: &'s Archives,
    pub(super) settings: &'s LearnSettings,
    pub(super) observer: Observer,
    pub(super) builder: Builder,
    /// Matches events against rules, if there are any.
    pub(super) matcher: Option<Matcher>,
    pub(super) number: u16,
    /// Shared by all workers.
    pub(super) deduplicator: &'s Deduplicator,
    /// Entries of the objects read, if the catalog is kept.
    pub(super) entries: Vec<ObjectEntry>,
    /// Memory for the records of the next object.
    pub(super) spare: Option<ObjectRecords>,
    /// Is shown every event.
    pub(super) tap: T,
}

/// What one worker has learnt.
pub(super) struct WorkerResult<T> {
    pub(super) worker: u16,
    pub(super) observer: Observer,
    pub(super) builder: Builder,
    pub(super) entries: Vec<ObjectEntry>,
    pub(super) tap: T,
}

impl<'s, T: EventTap> Learner<'s, T> {
    pub(super) fn new(
        number: u16,
        (archives, settings): (&'s Archives, &'s LearnSettings),
        deduplicator: &'s Deduplicator,
        tap: T,
    ) -> Self {
        let rules = settings.rules.as_ref();
        let metadata =
            rules.map(|rules| rules.rules().iter().map(|rule| Arc::clone(rule.metadata())).collect());
        Self {
            archives,
            settings,
            observer: Observer::default(),
            builder: Builder::new(metadata.unwrap_or_default(), settings.hits.clone(), settings.dimensions),
            matcher: rules.map(|rules| Matcher::new(Arc::clone(rules))),
            number,
            deduplicator,
            entries: Vec::new(),
            spare: None,
            tap,
        }
    }

    /// The result, once all objects were read.
    pub(super) fn collected(self) -> WorkerResult<T> {
        let Self { number, observer, builder, entries, tap, .. } = self;
        WorkerResult { worker: number, observer, builder, entries, tap }
    }
}
