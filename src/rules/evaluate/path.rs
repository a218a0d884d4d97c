//! Paths into a record: to one value, or to the values at the same path in each item of a list.

use std::borrow::Cow;

use super::event_context::{EventContext, Value};
use crate::decode::Json;

/// A path to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) struct Path {
    first: Box<str>,
    steps: Vec<Step>,
    sort: PathEnd,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A key, or the index of an item.
    Key(Box<str>),
    /// Every item of a list.
    Every,
}

/// How to read the value at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathEnd {
    /// One value; a list is read as its JSON text.
    One,
    /// A list of values, even if there is one or none.
    List,
    /// One or more values: lists are entered wherever they occur.
    Spread,
}

impl Path {
    /// Parses a JSON pointer (RFC 6901), with or without the first slash.
    pub(super) fn pointer(text: &str) -> Self {
        let key = |key: &str| key.replace("~1", "/").replace("~0", "~").into();
        let mut keys = text.strip_prefix('/').unwrap_or(text).split('/').map(key);
        let first = keys.next().unwrap_or_default();
        Self { first, steps: keys.map(Step::Key).collect(), sort: PathEnd::One }
    }

    /// Parses keys separated by dots, as in Sigma's field names.
    pub(in crate::rules) fn dotted(text: &str) -> Self {
        let mut keys = text.split('.').map(Box::from);
        let first = keys.next().unwrap_or_default();
        Self { first, steps: keys.map(Step::Key).collect(), sort: PathEnd::Spread }
    }

    /// Parses keys separated by slashes, where `*` is every item of a list, or the one at `index`.
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

    /// The keys, if the path has only keys.
    pub(in crate::rules) fn keys(&self) -> Option<Vec<&str>> {
        let keys = self.steps.iter().map(|step| match step {
            Step::Key(key) => Some(&**key),
            Step::Every => None,
        });
        std::iter::once(Some(&*self.first)).chain(keys).collect()
    }

    /// The value at the end of the path; `null` counts as absent.
    pub(in crate::rules) fn value<'r>(&self, event: &EventContext<'r>) -> Value<'r> {
        let found = self.find(event);
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

    /// The values at the end of the path.
    pub(in crate::rules) fn find<'r>(&self, event: &EventContext<'r>) -> Vec<Json<'r>> {
        let mut found: Vec<Json<'r>> = event.member(&self.first).into_iter().collect();
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

/// The items of a list without objects; any other value unchanged.
fn spread(value: Json<'_>) -> Vec<Json<'_>> {
    if !value.is_list() {
        return vec![value];
    }
    let items = value.items();
    let is_plain = !items.is_empty() && items.iter().all(|item| !item.is_object() && !item.is_list());
    if is_plain { items } else { vec![value] }
}

/// The texts of values.
pub(in crate::rules) fn texts<'r>(values: Vec<Json<'r>>) -> Vec<Cow<'r, str>> {
    values.into_iter().map(Json::text).collect()
}
