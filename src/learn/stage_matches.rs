//! What rules matched in requests to clusters that have not ended yet.
//!
//! A rule may be about a stage of a request that is not the last one. Its match waits, like the stage itself, for the record
//! that says how the request ended.

use std::collections::{BTreeMap, HashMap};

use crate::baseline::Values;
use crate::model::Stage;

/// Numbers of the rules that an event matched, and the values they report.
pub(super) type RuleMatches = Vec<(u32, Values)>;

/// Matches in the stages of requests that have not ended yet, by audit id.
#[derive(Debug, Default)]
pub(super) struct StageMatches(HashMap<Box<str>, BTreeMap<u32, (Stage, Values)>>);

impl StageMatches {
    /// Adds the matches of one stage. If two stages match one rule, the later has more information.
    pub(super) fn add(&mut self, audit_id: &str, stage: Stage, matches: RuleMatches) {
        let of_request = self.0.entry(audit_id.into()).or_default();
        for (rule, values) in matches {
            let known = of_request.get(&rule);
            if known.is_none_or(|(known, _)| stage <= *known) {
                of_request.insert(rule, (stage, values));
            }
        }
    }

    /// The matches of a request.
    pub(super) fn take(&mut self, audit_id: Option<&str>) -> RuleMatches {
        let matches = audit_id.filter(|_| !self.0.is_empty()).and_then(|id| self.0.remove(id));
        matches.into_iter().flatten().map(|(rule, (_, values))| (rule, values)).collect()
    }
}
