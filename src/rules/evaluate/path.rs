//! Paths into a record: to one value, or to the values at the same path in each item of a list.

use std::borrow::Cow;

use super::decimal::decimal;
use super::event_context::{EventContext, Value, with_escaped};
use crate::decode::Json;
use crate::model::LogSource;

/// Limit on lists within lists that are entered; each level is parsed again, and no event has as many.
const MAX_LISTS: u32 = 32;

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
    pub(in crate::rules) fn dotted(text: &str, source: LogSource) -> Self {
        let mut keys = dotted_keys(text, source).into_iter().map(Box::from);
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

    /// Number of keys.
    pub(super) fn len(&self) -> usize {
        1 + self.steps.len()
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
        if let (PathEnd::One | PathEnd::Spread, Some(single)) = (self.sort, self.single(event)) {
            return Value::some(single.map(Json::text));
        }
        let found = self.find(event);
        match self.sort {
            PathEnd::List => Value::list(found.into_iter().map(Json::text).collect()),
            PathEnd::One => Value::some(found.first().map(|value| value.text())),
            PathEnd::Spread => match &found[..] {
                [] => Value::Absent,
                [one] => Value::One(one.text()),
                _ => Value::list(found.into_iter().map(Json::text).collect()),
            },
        }
    }

    /// The same with the texts in an object that are written with escapes in its own text.
    pub(super) fn searched<'r>(&self, event: &EventContext<'r>) -> Value<'r> {
        match self.single(event) {
            Some(None) => Value::Absent,
            Some(Some(value)) if !value.is_object() => Value::One(value.text()),
            Some(Some(value)) => Value::list(with_escaped(value)),
            None => Value::list(self.find(event).into_iter().flat_map(with_escaped).collect()),
        }
    }

    /// The value at the end of the path, if there is one, or `null`, or nothing; none if there are lists, with which there may be several.
    fn single<'r>(&self, event: &EventContext<'r>) -> Option<Option<Json<'r>>> {
        match self.walk(event) {
            None => Some(None),
            Some((value, [])) if !value.is_list() => Some(Some(value).filter(|value| !value.is_null())),
            Some(_) => None,
        }
    }

    /// The values at the end of the path.
    pub(in crate::rules) fn find<'r>(&self, event: &EventContext<'r>) -> Vec<Json<'r>> {
        let mut found = self.reached(event);
        if self.sort == PathEnd::Spread {
            found = found.into_iter().flat_map(|value| spread(value, 0)).collect();
        }
        found.retain(|value| !value.is_null());
        found
    }

    /// Whether the record has the key at the end of the path, also with `null`.
    pub(super) fn is_present(&self, event: &EventContext<'_>) -> bool {
        !self.reached(event).is_empty()
    }

    /// The numbers at the end of the path, as [`decimal`] writes them.
    pub(super) fn numbers(&self, event: &EventContext<'_>) -> Value<'static> {
        let found = self.find(event);
        Value::list(found.into_iter().filter_map(|value| Some(decimal(value.as_str())?.into())).collect())
    }

    /// What the path leads to, `null` included.
    fn reached<'r>(&self, event: &EventContext<'r>) -> Vec<Json<'r>> {
        let Some((value, steps)) = self.walk(event) else { return Vec::new() };
        let mut found = vec![value];
        for step in steps {
            found = found.into_iter().flat_map(|value| self.follow(step, value)).collect();
        }
        found
    }

    /// Follows keys as far as they are those of objects. Returns the value there and the other steps.
    fn walk<'r>(&self, event: &EventContext<'r>) -> Option<(Json<'r>, &[Step])> {
        let mut member = event.find(&self.first)?;
        let mut steps = &self.steps[..];
        while let [Step::Key(key), behind @ ..] = steps
            && member.value.is_object()
        {
            member = match member.member(key) {
                // Collectors replace dots in names.
                None if key.contains('.') && event.kubernetes().is_some() => {
                    member.member(&key.replace('.', "_"))?
                }
                found => found?,
            };
            steps = behind;
        }
        Some((member.value, steps))
    }

    fn follow<'r>(&self, step: &Step, value: Json<'r>) -> Vec<Json<'r>> {
        match step {
            Step::Every => value.items(),
            Step::Key(key) if value.is_list() => match key.parse::<usize>() {
                Ok(index) => value.items().get(index).copied().into_iter().collect(),
                Err(_) if self.sort == PathEnd::Spread => {
                    spread(value, 0).into_iter().filter_map(|item| item.member(key)).collect()
                }
                Err(_) => Vec::new(),
            },
            Step::Key(key) => value.member(key).into_iter().collect(),
        }
    }
}

/// The items of a list, and those of the lists in it; any other value, and an empty list, unchanged.
fn spread(value: Json<'_>, depth: u32) -> Vec<Json<'_>> {
    let items = if value.is_list() && depth < MAX_LISTS { value.items() } else { Vec::new() };
    if items.is_empty() {
        return vec![value];
    }
    items.into_iter().flat_map(|item| spread(item, depth + 1)).collect()
}

/// The keys of a path written with dots. Maps from names to texts, whose names have dots themselves, are the last but one: what
/// follows them is one key.
fn dotted_keys(text: &str, source: LogSource) -> Vec<&str> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some((key, behind)) = rest.split_once('.') {
        keys.push(key);
        rest = behind;
        if source != LogSource::Kubernetes {
            continue;
        }
        match &keys[..] {
            ["annotations"] | [.., "metadata", "annotations" | "labels"] => break,
            // Here each name has a list of texts.
            ["user" | "impersonatedUser", "extra"] => {
                if let Some((name, index)) = rest.rsplit_once('.')
                    && index.parse::<usize>().is_ok()
                {
                    keys.push(name);
                    rest = index;
                }
                break;
            }
            _ => {}
        }
    }
    keys.push(rest);
    keys
}

/// The texts of values.
pub(in crate::rules) fn texts<'r>(values: Vec<Json<'r>>) -> Vec<Cow<'r, str>> {
    values.into_iter().map(Json::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_are_one_key_where_only_names_can_follow() {
        let keys = |text| dotted_keys(text, LogSource::Kubernetes);
        assert_eq!(
            keys("annotations.authorization.k8s.io/decision"),
            ["annotations", "authorization.k8s.io/decision"]
        );
        assert_eq!(
            keys("requestObject.spec.template.metadata.labels.app.kubernetes.io/name"),
            ["requestObject", "spec", "template", "metadata", "labels", "app.kubernetes.io/name"]
        );
        assert_eq!(keys("user.extra.a.io/b"), ["user", "extra", "a.io/b"]);
        assert_eq!(keys("user.extra.a.io/b.0"), ["user", "extra", "a.io/b", "0"]);
        assert_eq!(keys("requestObject.spec.labels.a"), ["requestObject", "spec", "labels", "a"]);
        assert_eq!(keys("annotations"), ["annotations"]);
        assert_eq!(dotted_keys("annotations.a.b", LogSource::CloudTrail), ["annotations", "a", "b"]);
    }

    #[test]
    fn lists_in_lists_are_entered_up_to_a_limit() {
        let texts = |text: &str| -> Vec<String> {
            spread(Json::new(text), 0).into_iter().map(|item| item.text().into_owned()).collect()
        };
        assert_eq!(texts(r#"["v", {"y": 1}, [["w"], []], null]"#), ["v", r#"{"y":1}"#, "w", "[]", "null"]);
        assert_eq!(texts("{}"), ["{}"]);
        let deep = |lists: usize| format!("{}1{}", "[".repeat(lists), "]".repeat(lists));
        assert_eq!(texts(&deep(MAX_LISTS as usize)), ["1"]);
        assert_eq!(texts(&deep(MAX_LISTS as usize + 2)), ["[[1]]"]);
    }
}
