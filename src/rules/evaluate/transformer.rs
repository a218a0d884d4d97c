//! Transformers of values, and checks that compare two fields of one event.
//!
//! Source: "Transform operators" in Falco's documentation, and `sinsp_filter_transformers` of falcosecurity/libs.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use super::base64::decoded;
use super::case::lower;
use super::decimal::Decimal;
use super::event_context::{EventContext, Value};
use super::field::Field;
use super::known::Known;
use crate::model::last_part;
use crate::names::named;

named! {
    /// A transformer of a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(in crate::rules) enum Transformer {
        /// Lower case.
        Lower = "tolower",
        /// Upper case.
        Upper = "toupper",
        /// The text that the value encodes in base64; absent if it is no such text.
        Base64 = "b64",
        /// What follows the last slash.
        Basename = "basename",
        /// The number of items of a list, or of bytes of a text.
        Length = "len",
    }
}

impl Transformer {
    fn apply<'a>(self, value: Value<'a>) -> Value<'a> {
        match (self, value) {
            (_, Value::Absent) => Value::Absent,
            (Self::Length, Value::One(text)) => Value::One(text.len().to_string().into()),
            (Self::Length, several) => Value::One(several.texts().len().to_string().into()),
            (_, Value::One(text)) => Value::some(self.of_text(text)),
            (_, Value::Many(texts)) => {
                Value::list(texts.into_iter().filter_map(|text| self.of_text(text)).collect())
            }
            (_, Value::Shared(texts)) => {
                Value::list(texts.iter().filter_map(|text| self.of_text(text.clone())).collect())
            }
        }
    }

    fn of_text(self, text: Cow<'_, str>) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Lower => text.to_lowercase().into(),
            Self::Upper => text.to_uppercase().into(),
            Self::Base64 => decoded(&text)?.into(),
            Self::Basename => last_part(&text).to_owned().into(),
            Self::Length => text.len().to_string().into(),
        })
    }
}

/// Applies transformers to a value, the first one first.
fn transformed<'a>(transformers: &[Transformer], value: Value<'a>) -> Value<'a> {
    transformers.iter().fold(value, |value, transformer| transformer.apply(value))
}

/// A field with its transformers, the innermost first.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) struct TransformedField {
    pub(in crate::rules) field: Field,
    pub(in crate::rules) transformers: Vec<Transformer>,
}

impl TransformedField {
    /// The field itself, without transformers.
    pub(in crate::rules) fn plain(field: Field) -> Self {
        Self { field, transformers: Vec::new() }
    }

    /// Whether its value is a number wherever there is one.
    pub(in crate::rules) fn is_number(&self) -> bool {
        match self.transformers.last() {
            Some(last) => *last == Transformer::Length,
            None => self.field.is_number(),
        }
    }

    pub(in crate::rules) fn value<'a>(&'a self, event: &'a EventContext<'_>) -> Value<'a> {
        transformed(&self.transformers, self.field.value(event))
    }

    /// Its value in events with known texts; none if it is not known.
    pub(super) fn of_known<'k>(&self, known: &Known<'k>) -> Option<Value<'k>> {
        Some(transformed(&self.transformers, known.value(&self.field)?))
    }
}

/// How the value of one field is compared with that of another.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) enum Relation {
    Equals,
    Differs,
    Contains,
    StartsWith,
    EndsWith,
    /// Both are numbers, the first on the given side of the second.
    Number(fn(Ordering) -> bool),
}

/// A comparison of two fields of one event.
#[derive(Clone, Debug)]
pub(in crate::rules) struct FieldCheck {
    pub(in crate::rules) left: TransformedField,
    pub(in crate::rules) right: TransformedField,
    pub(in crate::rules) relation: Relation,
    pub(in crate::rules) any_case: bool,
}

impl FieldCheck {
    /// Whether the values of an event compare so. Of several values one pair is enough; an absent value never does.
    pub(super) fn holds(&self, event: &EventContext<'_>) -> bool {
        self.passes(&self.left.value(event), &self.right.value(event))
    }

    /// The same for events with known texts; none if that depends on other values.
    pub(super) fn of_known(&self, known: &Known<'_>) -> Option<bool> {
        match (self.left.of_known(known), self.right.of_known(known)) {
            (Some(left), Some(right)) => Some(self.passes(&left, &right)),
            (Some(Value::Absent), _) | (_, Some(Value::Absent)) => Some(false),
            _ => None,
        }
    }

    /// Cost of evaluation.
    pub(super) fn cost(&self) -> u8 {
        self.left.field.cost().max(self.right.field.cost())
    }

    fn passes(&self, left: &Value<'_>, right: &Value<'_>) -> bool {
        if let (Relation::Equals, [_, _, ..]) = (self.relation, left.texts()) {
            let right: HashSet<Cow<'_, str>> = right.texts().iter().map(|text| self.cased(text)).collect();
            return left.texts().iter().any(|left| right.contains(&self.cased(left)));
        }
        let right: Vec<Cow<'_, str>> = right.texts().iter().map(|text| self.cased(text)).collect();
        left.texts().iter().any(|left| {
            let left = self.cased(left);
            right.iter().any(|right| self.relation.holds(&left, right))
        })
    }

    fn cased<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.any_case { lower(text) } else { Cow::Borrowed(text) }
    }
}

impl Relation {
    fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equals => left == right,
            Self::Differs => left != right,
            Self::Contains => left.contains(right),
            Self::StartsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
            Self::Number(is_right) => {
                let numbers = Decimal::parse(left).zip(Decimal::parse(right));
                numbers.is_some_and(|(left, right)| is_right(left.cmp(&right)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transformers_change_texts() {
        let one = |transformer: Transformer, text: &str| transformer.apply(Value::One(text.into())).shown();
        assert_eq!(one(Transformer::Base64, "aGk=").as_deref(), Some("hi"));
        assert_eq!(one(Transformer::Base64, "aGk").as_deref(), Some("hi"));
        assert_eq!(one(Transformer::Base64, "not base64"), None);
        assert_eq!(one(Transformer::Basename, "/a/b.txt").as_deref(), Some("b.txt"));
        assert_eq!(one(Transformer::Basename, "/a/").as_deref(), Some(""));
        assert_eq!(one(Transformer::Basename, "a").as_deref(), Some("a"));
        assert_eq!(one(Transformer::Length, "abc").as_deref(), Some("3"));
        let list = Value::list(vec!["a".into(), "b".into()]);
        assert_eq!(Transformer::Length.apply(list).shown().as_deref(), Some("2"));
    }
}
