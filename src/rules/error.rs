//! Errors in rules, with their places.

use thiserror::Error;

use crate::names::nearest;
use crate::yaml::BrokenDocument;

/// A part of a rule file that cannot be used, or that is used and is probably not what was meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}, line {line}: {}{reason}", rule.as_deref().map(|rule| format!("{rule}: ")).unwrap_or_default())]
pub struct RuleError {
    /// Name of the file.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Description of the rule, macro or list.
    pub rule: Option<String>,
    /// What is wrong, and how to correct it.
    pub reason: String,
    /// Whether the file allows skipping the rule for this error (`skip-if-unknown-filter`).
    pub is_allowed: bool,
    /// Whether it is about all rules of a document, which cannot be read.
    pub is_of_document: bool,
}

/// Limit on the length of a reason, in characters.
const MOST_OF_REASON: usize = 500;

impl RuleError {
    pub(super) fn new(file: &str, line: usize, rule: Option<String>, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        // It may contain a name or a pattern of any length.
        if let Some((end, _)) = reason.char_indices().nth(MOST_OF_REASON) {
            reason.truncate(end);
            reason.push('…');
        }
        Self { file: file.to_owned(), line, rule, reason, is_allowed: false, is_of_document: false }
    }

    /// The error for a document that is no YAML.
    pub(super) fn of_document(file: &str, BrokenDocument { first, last, error }: BrokenDocument) -> Self {
        let rules = match last - first {
            0 => format!("all rules of line {first}"),
            _ => format!("all rules of lines {first} to {last}"),
        };
        Self { is_of_document: true, ..Self::new(file, error.line, Some(rules), error.reason) }
    }

    /// What the error is about, without local paths.
    pub fn title(&self) -> String {
        let file = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        match &self.rule {
            Some(rules) if self.is_of_document => format!("{file}, {rules}"),
            Some(rule) => rule.clone(),
            None => format!("{file}, line {}", self.line),
        }
    }
}

/// What was found in rule files.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// About parts that cannot be used.
    pub(super) errors: Vec<RuleError>,
    /// About rules that are used.
    pub(super) warnings: Vec<RuleError>,
}

/// An error in a condition or an output, with the position of its character, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConditionError {
    pub(super) at: usize,
    pub(super) reason: String,
    /// Whether the only problem is an unknown field.
    pub(super) is_unknown_field: bool,
}

impl ConditionError {
    pub(super) fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into(), is_unknown_field: false }
    }

    /// What is wrong with a field.
    pub(super) fn of_field(at: usize, FieldError { reason, is_unknown }: FieldError) -> Self {
        Self { at, reason, is_unknown_field: is_unknown }
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldError {
    pub(super) reason: String,
    /// Whether the name of the field is unknown.
    pub(super) is_unknown: bool,
}

impl From<String> for FieldError {
    fn from(reason: String) -> Self {
        Self { reason, is_unknown: false }
    }
}

/// A hint with the most similar known name, if it differs in only a few letters; else an empty text.
pub(super) fn similar<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    nearest(name, known).map_or(String::new(), |known| format!("; did you mean '{known}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_gives_a_suggestion() {
        let known = ["ct.name", "ct.region"];
        assert_eq!(similar("ct.nmae", known.into_iter()), "; did you mean 'ct.name'?");
        assert_eq!(similar("proc.cmdline", known.into_iter()), "");
    }
}
