//! The state of each worker while learning, and its result.

use std::sync::Arc;

use super::LearnSettings;
use crate::baseline::Builder;
use crate::ledger::ObjectEntry;
use crate::observe::{Copies, Handover, Observer};
use crate::rules::Matcher;

/// The state of one worker while learning.
pub(super) struct Learner<'s> {
    pub(super) settings: &'s LearnSettings,
    pub(super) observer: Observer,
    pub(super) builder: Builder,
    /// Matches events against rules, if there are any.
    pub(super) matcher: Option<Matcher>,
    pub(super) number: u16,
    /// Shared by all workers.
    pub(super) copies: &'s Copies,
    /// Entries of the objects read, if the ledger is kept.
    pub(super) entries: Vec<ObjectEntry>,
    /// Memory for the records of the next object.
    pub(super) spare: Option<Handover>,
}

/// What one worker has learnt.
pub(super) struct Collected {
    pub(super) worker: u16,
    pub(super) observer: Observer,
    pub(super) builder: Builder,
    pub(super) entries: Vec<ObjectEntry>,
}

impl<'s> Learner<'s> {
    pub(super) fn new(number: u16, settings: &'s LearnSettings, copies: &'s Copies) -> Self {
        let rules = settings.rules.as_ref();
        let metadata =
            rules.map(|rules| rules.rules().iter().map(|rule| Arc::clone(rule.metadata())).collect());
        Self {
            settings,
            observer: Observer::default(),
            builder: Builder::with_rules(metadata.unwrap_or_default(), settings.hits.clone()),
            matcher: rules.map(|rules| Matcher::new(Arc::clone(rules))),
            number,
            copies,
            entries: Vec::new(),
            spare: None,
        }
    }

    /// The result, once all objects were read.
    pub(super) fn collected(self) -> Collected {
        let Self { number, observer, builder, entries, .. } = self;
        Collected { worker: number, observer, builder, entries }
    }
}
