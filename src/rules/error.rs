//! What is wrong with a rule, and where.

use thiserror::Error;

/// One thing in a file of rules that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}, line {line}: {}{reason}", rule.as_deref().map(|rule| format!("{rule}: ")).unwrap_or_default())]
pub struct RuleError {
    /// The file's name.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// The rule, macro or list, in words.
    pub rule: Option<String>,
    /// What is wrong, and how it could be right.
    pub reason: String,
    /// Whether the file says that the rule may be left out for this (`skip-if-unknown-filter`).
    pub is_allowed: bool,
}

/// The most of a reason that is told, in characters.
const MOST_OF_REASON: usize = 500;

impl RuleError {
    pub(super) fn new(file: &str, line: usize, rule: Option<String>, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        // It may hold a name or a pattern of any length.
        if let Some((end, _)) = reason.char_indices().nth(MOST_OF_REASON) {
            reason.truncate(end);
            reason.push('…');
        }
        Self { file: file.to_owned(), line, rule, reason, is_allowed: false }
    }

    /// What it is about, without a path of this machine.
    pub fn title(&self) -> String {
        let file = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        self.rule.clone().unwrap_or_else(|| format!("{file}, line {}", self.line))
    }
}

/// What is wrong with a condition or an output, and at which of its characters, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConditionError {
    pub(super) at: usize,
    pub(super) reason: String,
    /// Whether it is nothing but a field that nobody knows.
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
    /// Whether nobody knows its name.
    pub(super) is_unknown: bool,
}

impl From<String> for FieldError {
    fn from(reason: String) -> Self {
        Self { reason, is_unknown: false }
    }
}

/// Longer names, in bytes, are none that somebody wrote, and comparing them takes its time.
const LONGEST: usize = 100;

/// The known name that somebody may have meant: the nearest one that differs in a few letters.
pub(super) fn similar<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let known = known.filter(|known| known.len().max(name.len()) <= LONGEST);
    let near = known.map(|known| (strsim::levenshtein(name, known), known)).min();
    match near {
        Some((far, known)) if far <= 1 + name.len() / 5 => format!("; did you mean '{known}'?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_told() {
        let known = ["ct.name", "ct.region"];
        assert_eq!(similar("ct.nmae", known.into_iter()), "; did you mean 'ct.name'?");
        assert_eq!(similar("proc.cmdline", known.into_iter()), "");
    }
}
