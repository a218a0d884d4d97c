//! One element of a rule file, its keys held to what there is.

use crate::rules::error::{RuleError, similar};
use crate::yaml::{Node, Yaml};

/// An element and where it stands; its keys are read one by one.
pub(super) struct Element<'y> {
    pub(super) file: &'y str,
    pub(super) yaml: &'y Yaml,
    /// `rule 'X'`, for errors.
    pub(super) title: String,
}

/// A text and the line it begins on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) file: Box<str>,
    pub(super) line: usize,
}

impl<'y> Element<'y> {
    pub(super) fn error(&self, line: usize, reason: impl Into<String>) -> RuleError {
        RuleError::new(self.file, line, Some(self.title.clone()), reason)
    }

    /// Refuses keys that are not among these.
    pub(super) fn only(&self, keys: &[&str]) -> Result<(), RuleError> {
        for (key, _) in self.yaml.map().unwrap_or_default() {
            let name = key.text().unwrap_or("(no text)");
            if !keys.contains(&name) {
                let near = similar(name, keys.iter().copied());
                return Err(self.error(key.line, format!("there is no key '{name}' here{near}")));
            }
        }
        Ok(())
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Result<Option<Placed>, RuleError> {
        let Some(value) = self.yaml.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
        let text = value.text().ok_or_else(|| self.error(value.line, format!("'{key}' is no text")))?;
        Ok(Some(Placed { text: text.trim().to_owned(), file: self.file.into(), line: value.line }))
    }

    /// The flag of a key.
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
