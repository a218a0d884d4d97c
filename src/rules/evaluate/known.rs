//! Texts that are known before an event is evaluated.

use super::event_context::Value;
use super::field::{Field, Scanned};

/// Texts shared by a group of events: those with the same CloudTrail action, the same verb and resource, or
/// the same user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) struct Known<'k>(pub(in crate::rules) &'k [(Scanned, Option<&'k str>)]);

impl<'k> Known<'k> {
    /// The value of a field, if it is known.
    pub(super) fn value(&self, field: &Field) -> Option<Value<'k>> {
        let Field::Scanned(own) = field else { return None };
        let text = match own {
            Scanned::ShortSource => {
                let (_, source) = self.0.iter().find(|(scanned, _)| *scanned == Scanned::EventSource)?;
                source.map(Scanned::short)
            }
            _ => self.0.iter().find(|(scanned, _)| scanned == own)?.1,
        };
        Some(Value::some(text))
    }
}
