//! What rules matched in requests to clusters that have not ended yet.
//!
//! A rule may be about a stage of a request that is not the last one. Its match waits, like the stage itself, for the record
//! that says how the request ended.

use std::collections::{BTreeMap, HashMap};

use super::stages::RequestKey;
use crate::baseline::Values;
use crate::event::AuditRecord;
use crate::model::Stage;

/// Numbers of the rules that an event matched, and the values they report.
pub(super) type RuleMatches = Vec<(u32, Values)>;

/// Matches in the stages of requests that have not ended yet.
#[derive(Debug, Default)]
pub(super) struct StageMatches(HashMap<RequestKey, BTreeMap<u32, (Stage, Values)>>);

impl StageMatches {
    /// Adds the matches of one stage. If two stages match one rule, the later has more information.
    pub(super) fn add(&mut self, request: RequestKey, stage: Stage, matches: RuleMatches) {
        let of_request = self.0.entry(request).or_default();
        for (rule, values) in matches {
            let known = of_request.get(&rule);
            if known.is_none_or(|(known, _)| stage <= *known) {
                of_request.insert(rule, (stage, values));
            }
        }
    }

    /// The matches of a request.
    pub(super) fn take(&mut self, record: &AuditRecord<'_>) -> RuleMatches {
        if self.0.is_empty() {
            return Vec::new();
        }
        let matches = RequestKey::of(record).and_then(|request| self.0.remove(&request));
        matches.into_iter().flatten().map(|(rule, (_, values))| (rule, values)).collect()
    }
}
