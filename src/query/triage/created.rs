//! Whom a call created or opened, as far as unique ids tell: a name can be given again, an id never is.

use std::collections::HashMap;

use super::Episode;
use crate::baseline::Baseline;
use crate::model::is_unique_id;
use crate::query::Finding;
use crate::time::Timestamp;

/// The unique ids of the users and roles whose creation is recorded.
pub(super) struct CreatedIds<'b> {
    /// When each was created, by account and id.
    times: HashMap<(&'b str, &'b str), Timestamp>,
    /// Those that were created in an account at one time.
    ids: HashMap<(&'b str, Timestamp), Vec<&'b str>>,
}

/// A call that created a user or role of an account, or opened one that there was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'f> {
    pub(super) account: &'f str,
    pub(super) time: Timestamp,
    pub(super) is_creation: bool,
}

impl<'b> CreatedIds<'b> {
    pub(super) fn new(baseline: &'b Baseline) -> Self {
        let mut created = Self { times: HashMap::new(), ids: HashMap::new() };
        for ((account, key), time) in baseline.creations.iter().filter(|((_, key), _)| is_unique_id(key)) {
            created.times.insert((account, key), *time);
            created.ids.entry((account, *time)).or_default().push(key);
        }
        created
    }

    /// Whether the ids of an episode, from a call on, are all of others than those that it created or opened. Without ids it may be them.
    pub(super) fn contradict(&self, opening: Opening<'_>, episode: &Episode<'_>) -> bool {
        let findings = episode.findings.iter().map(|one| &one.finding);
        let later = findings.filter(|finding| finding.time >= opening.time);
        let mut ids = later.filter_map(id_of).peekable();
        ids.peek().is_some() && ids.all(|id| self.is_another(opening, id))
    }

    /// Whether an id is of another user or role than the call created or opened.
    fn is_another(&self, Opening { account, time, is_creation }: Opening<'_>, id: &str) -> bool {
        match self.times.get(&(account, id)) {
            Some(created) if is_creation => *created != time,
            Some(created) => *created > time,
            None => is_creation && self.ids.contains_key(&(account, time)),
        }
    }
}

/// The unique id of whoever made a call.
fn id_of<'b>(finding: &Finding<'b>) -> Option<&'b str> {
    finding.evidence?.principal_id().filter(|id| is_unique_id(id))
}
