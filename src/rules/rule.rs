//! One compiled rule.

use std::sync::Arc;

use super::evaluate::event_context::EventContext;
use super::evaluate::field::Field;
use super::evaluate::tree::Condition;
use super::language::output::Output;
use crate::model::RuleMetadata;
use crate::secrets::masked_url;

/// A rule that can be evaluated on events.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) metadata: Arc<RuleMetadata>,
    pub(super) condition: Condition,
    output: Output,
    /// Fields whose values correlations need.
    correlated: Vec<Field>,
}

impl Rule {
    pub(super) fn new(metadata: RuleMetadata, condition: Condition, output: Output) -> Self {
        Self { metadata: Arc::new(metadata), condition: condition.in_order(), output, correlated: Vec::new() }
    }

    /// A correlation, which no single event matches.
    pub(super) fn of_correlation(metadata: RuleMetadata) -> Self {
        Self::new(metadata, Condition::Any(Vec::new()), Output::default())
    }

    /// The rule as one whose events correlations count, with the fields whose values they need, and whether it also reports its
    /// own matches.
    pub(super) fn for_correlations(self, fields: Vec<(Box<str>, Field)>, reports: bool) -> Self {
        let (names, correlated) = fields.into_iter().unzip();
        let metadata = RuleMetadata { reports, correlated: names, ..(*self.metadata).clone() };
        Self { metadata: Arc::new(metadata), correlated, ..self }
    }

    /// The metadata of the rule.
    pub fn metadata(&self) -> &Arc<RuleMetadata> {
        &self.metadata
    }

    /// Whether an event matches the rule.
    pub fn matches(&self, event: &EventContext<'_>) -> bool {
        self.condition.holds(event)
    }

    /// The values of the output fields, and of the fields that correlations need.
    pub fn values(&self, event: &EventContext<'_>) -> Box<[Option<Box<str>>]> {
        let correlated = self.correlated.iter().map(|field| field.value(event).shown());
        let values = self.output.values(event).chain(correlated);
        // Of a request to a cluster, the URL may hold secrets; also in what a transformer makes of it.
        let without_secrets =
            |value: Box<str>| if event.kubernetes().is_some() { masked_url(&value).into() } else { value };
        values.map(|value| value.map(without_secrets)).collect()
    }
}
