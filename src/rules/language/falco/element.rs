//! One element of a rule file, with checks of its keys.

use crate::rules::error::{ConditionError, RuleError, similar};
use crate::yaml::{Node, Yaml};

/// An element and its place; keys are read one by one.
pub(super) struct Element<'y> {
    pub(super) file: &'y str,
    pub(super) yaml: &'y Yaml,
    /// `rule 'X'`, for errors.
    pub(super) title: String,
}

/// A text, possibly with texts appended by other elements.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LocatedText {
    pub(super) text: String,
    first: TextPart,
    /// The appended parts, in order.
    more: Vec<TextPart>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
struct TextPart {
    /// Number of characters before the part.
    from: usize,
    file: Box<str>,
    /// Line on which the part begins.
    line: usize,
}

impl LocatedText {
    /// Appends another text.
    pub(super) fn append(&mut self, more: Self) {
        self.text.push(' ');
        let before = self.text.chars().count();
        self.text.push_str(&more.text);
        let parts = std::iter::once(more.first).chain(more.more);
        self.more.extend(parts.map(|part| TextPart { from: part.from + before, ..part }));
    }

    /// The error for a flaw in the text, which is this part of an element.
    pub(super) fn error(&self, title: &str, part: &str, flaw: ConditionError) -> RuleError {
        let found = self.more.iter().rev().find(|part| part.from < flaw.at);
        let TextPart { from, file, line } = found.unwrap_or(&self.first);
        let reason = format!("{part}, character {}: {}", flaw.at - from, flaw.reason);
        let error = RuleError::new(file, *line, Some(title.to_owned()), reason);
        RuleError { is_allowed: flaw.is_unknown_field, ..error }
    }

    /// The error for a flaw of the text as a whole.
    pub(super) fn wrong(&self, title: &str, reason: String) -> RuleError {
        RuleError::new(&self.first.file, self.first.line, Some(title.to_owned()), reason)
    }
}

impl<'y> Element<'y> {
    pub(super) fn error(&self, line: usize, reason: impl Into<String>) -> RuleError {
        RuleError::new(self.file, line, Some(self.title.clone()), reason)
    }

    /// Refuses keys other than these.
    pub(super) fn only(&self, keys: &[&str]) -> Result<(), RuleError> {
        self.only_in(self.yaml, "", keys)
    }

    /// Refuses keys of a part other than these.
    pub(super) fn only_in(&self, yaml: &Yaml, part: &str, keys: &[&str]) -> Result<(), RuleError> {
        for (key, _) in yaml.map().unwrap_or_default() {
            let name = key.text().unwrap_or("(no text)");
            if !keys.contains(&name) {
                let near = similar(name, keys.iter().copied());
                return Err(self.error(key.line, format!("{part}there is no key '{name}' here{near}")));
            }
        }
        Ok(())
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Result<Option<LocatedText>, RuleError> {
        let Some(value) = self.yaml.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
        let text = value.text().ok_or_else(|| self.error(value.line, format!("'{key}' is no text")))?;
        let first = TextPart { from: 0, file: self.file.into(), line: value.line };
        Ok(Some(LocatedText { text: text.trim().to_owned(), first, more: Vec::new() }))
    }

    /// The boolean of a key.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, RuleError> {
        let Some(value) = self.yaml.get(key) else { return Ok(None) };
        let wrong = || self.error(value.line, format!("'{key}' is neither true nor false"));
        value.flag().ok_or_else(wrong).map(Some)
    }

    /// The texts of a key that is a list.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, RuleError> {
        let Some(value) = self.yaml.get(key) else { return Ok(None) };
        let wrong = |line| self.error(line, format!("'{key}' is no list of texts"));
        let items = match &value.node {
            Node::Null => &[],
            Node::List(items) => &items[..],
            _ => return Err(wrong(value.line)),
        };
        let text = |item: &Yaml| item.text().map(str::to_owned).ok_or_else(|| wrong(item.line));
        items.iter().map(text).collect::<Result<_, _>>().map(Some)
    }
}
