//! One compiled rule.

use std::sync::Arc;

use super::evaluate::event_context::EventContext;
use super::evaluate::tree::Condition;
use super::language::output::Output;
use crate::model::RuleMetadata;

/// A rule that can be evaluated on events.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) metadata: Arc<RuleMetadata>,
    pub(super) condition: Condition,
    output: Output,
}

impl Rule {
    pub(super) fn new(metadata: RuleMetadata, condition: Condition, output: Output) -> Self {
        Self { metadata: Arc::new(metadata), condition: condition.in_order(), output }
    }

    /// The metadata of the rule.
    pub fn metadata(&self) -> &Arc<RuleMetadata> {
        &self.metadata
    }

    /// Whether an event matches the rule.
    pub fn matches(&self, event: &EventContext<'_>) -> bool {
        self.condition.holds(event)
    }

    /// The values of the output fields.
    pub fn values(&self, event: &EventContext<'_>) -> Box<[Option<Box<str>>]> {
        self.output.values(event)
    }
}
