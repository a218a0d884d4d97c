//! Paths into a record: one value, or all that lie at the same place of each item of a list.

use std::borrow::Cow;

use super::event_context::{EventContext, Value};
use crate::decode::Json;

/// The way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) struct Path {
    first: Box<str>,
    steps: Vec<Step>,
    sort: PathEnd,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A key, or the number of an item.
    Key(Box<str>),
    /// Every item of a list.
    Every,
}

/// What is at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathEnd {
    /// One value; a list is the text that it is.
    One,
    /// A list of values, even if it holds one or none.
    List,
    /// One value or several: lists are gone into wherever they lie.
    Spread,
}

impl Path {
    /// A JSON pointer (RFC 6901), whose first slash may be missing.
    pub(super) fn pointer(text: &str) -> Self {
        let key = |key: &str| key.replace("~1", "/").replace("~0", "~").into();
        let mut keys = text.strip_prefix('/').unwrap_or(text).split('/').map(key);
        let first = keys.next().unwrap_or_default();
        Self { first, steps: keys.map(Step::Key).collect(), sort: PathEnd::One }
    }

    /// Keys with dots between them, as Sigma names fields.
    pub(in crate::rules) fn dotted(text: &str) -> Self {
        let mut keys = text.split('.').map(Box::from);
        let first = keys.next().unwrap_or_default();
        Self { first, steps: keys.map(Step::Key).collect(), sort: PathEnd::Spread }
    }

    /// Keys with slashes between them, where `*` is every item of a list, or the one with this index.
    pub(in crate::rules) fn list(text: &str, index: Option<u32>) -> Self {
        let mut keys = text.split('/');
        let first = keys.next().unwrap_or_default().into();
        let mut index = index;
        let step = |key: &str| match (key, index.take_if(|_| key == "*")) {
            ("*", Some(index)) => Step::Key(index.to_string().into()),
            ("*", None) => Step::Every,
            _ => Step::Key(key.into()),
        };
        Self { first, steps: keys.map(step).collect(), sort: PathEnd::List }
    }

    /// Its keys, if there is nothing else in it.
    pub(in crate::rules) fn keys(&self) -> Option<Vec<&str>> {
        let keys = self.steps.iter().map(|step| match step {
            Step::Key(key) => Some(&**key),
            Step::Every => None,
        });
        std::iter::once(Some(&*self.first)).chain(keys).collect()
    }

    /// What lies at its end. What is `null` is not there.
    pub(in crate::rules) fn value<'r>(&self, facts: &EventContext<'r>) -> Value<'r> {
        let found = self.find(facts);
        match self.sort {
            PathEnd::List => Value::list(found.into_iter().map(Json::text).collect()),
            PathEnd::One => Value::some(found.first().map(|value| value.text())),
            PathEnd::Spread => match &found[..] {
                [] => Value::Absent,
                [one] => Value::One(one.text()),
                _ => Value::Many(found.into_iter().map(Json::text).collect()),
            },
        }
    }

    /// The values at its end.
    pub(in crate::rules) fn find<'r>(&self, facts: &EventContext<'r>) -> Vec<Json<'r>> {
        let mut found: Vec<Json<'r>> = facts.member(&self.first).into_iter().collect();
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| self.follow(step, value)).collect();
        }
        if self.sort == PathEnd::Spread {
            found = found.into_iter().flat_map(spread).collect();
        }
        found.retain(|value| !value.is_null());
        found
    }

    fn follow<'r>(&self, step: &Step, value: Json<'r>) -> Vec<Json<'r>> {
        match step {
            Step::Every => value.items(),
            Step::Key(key) if value.is_list() => {
                let items = value.items();
                match key.parse::<usize>() {
                    Ok(index) => items.get(index).copied().into_iter().collect(),
                    Err(_) if self.sort == PathEnd::Spread => {
                        items.into_iter().filter_map(|item| item.member(key)).collect()
                    }
                    Err(_) => Vec::new(),
                }
            }
            Step::Key(key) => value.member(key).into_iter().collect(),
        }
    }
}

/// The items of a list that holds no objects; anything else as it is.
fn spread(value: Json<'_>) -> Vec<Json<'_>> {
    if !value.is_list() {
        return vec![value];
    }
    let items = value.items();
    let is_plain = !items.is_empty() && items.iter().all(|item| !item.is_object() && !item.is_list());
    if is_plain { items } else { vec![value] }
}

/// Texts of values.
pub(in crate::rules) fn texts<'r>(values: Vec<Json<'r>>) -> Vec<Cow<'r, str>> {
    values.into_iter().map(Json::text).collect()
}
