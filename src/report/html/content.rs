//! What a page is made from, whatever the question was.

use serde_json::Value;

use super::PageContext;
use super::timeline::{Mark, Novelty};
use crate::coverage::Coverage;
use crate::time::{Span, Timestamp};

/// What a card of a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Episodes that belong together, with a score.
    Incident,
    /// One principal with all its findings.
    Principal,
}

impl Unit {
    /// Its name on the page and in the ids of cards.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Principal => "principal",
        }
    }
}

/// What a page is made from. Its cards come beside it, since they are made one by one.
pub(super) struct Content<'a> {
    /// What its cards are about.
    pub(super) unit: Unit,
    /// The command that made it.
    pub(super) command: &'static str,
    pub(super) context: &'a PageContext<'a>,
    /// Names of the archives as given, by number.
    pub(super) archives: &'a [String],
    pub(super) coverage: &'a Coverage,
    /// The settings of the run under their published names.
    pub(super) settings: Value,
    pub(super) warmup: Span,
    /// How many findings there are in all.
    pub(super) findings: u64,
    /// Whether filters leave out anything.
    pub(super) is_filtered: bool,
    /// What one group is called, and several, and how many there are in all.
    pub(super) groups: ([&'static str; 2], u64),
    /// How many of the groups are wanted on the page.
    pub(super) wanted: usize,
    /// How many groups there are, or why there are none, in words.
    pub(super) total: String,
    /// Which facts are later than the groups that they are about, if any.
    pub(super) looks_ahead: Option<String>,
    /// All findings by time, for the timeline.
    pub(super) novelty: Vec<(Timestamp, Novelty)>,
    /// The groups by time, in their order.
    pub(super) marks: Vec<Mark>,
}
