//! Metadata of a rule: its name, its priority, and the output of its findings.

use crate::names::named;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Correlation, LogSource};

named! {
    /// The priority of a rule's findings, in the levels of syslog, as in Falco. The first is the most important.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Priority {
        /// The system is unusable.
        Emergency = "emergency",
        /// Action must be taken at once.
        Alert = "alert",
        /// Sigma: `critical`.
        Critical = "critical",
        /// Sigma: `high`.
        Error = "error",
        /// Sigma: `medium`.
        Warning = "warning",
        /// Sigma: `low`.
        Notice = "notice",
        /// Sigma: `informational`.
        Informational = "informational",
        /// For rule authors.
        Debug = "debug",
    }
}

impl Priority {
    /// Parses the priority in a Falco rule file, in any case.
    ///
    /// ```
    /// use firstseen::model::Priority;
    ///
    /// assert_eq!(Priority::from_falco("INFO"), Some(Priority::Informational));
    /// assert!(Priority::Critical < Priority::Warning);
    /// ```
    pub fn from_falco(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match &*name {
            "info" => Some(Self::Informational),
            "warn" => Some(Self::Warning),
            _ => Self::from_name(&name),
        }
    }

    /// Parses a Sigma level.
    pub fn from_level(level: &str) -> Option<Self> {
        Some(match level {
            "critical" => Self::Critical,
            "high" => Self::Error,
            "medium" => Self::Warning,
            "low" => Self::Notice,
            "informational" => Self::Informational,
            _ => return None,
        })
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

named! {
    /// The language a rule was written in.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Language {
        /// Falco rules.
        Falco = "falco",
        /// Sigma rules.
        Sigma = "sigma",
    }
}

/// One part of a rule's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputPart {
    /// Literal text.
    Text(Box<str>),
    /// The value of a field, under its name in the rule.
    Field(Box<str>),
}

/// A rule without its condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMetadata {
    /// Its name.
    pub name: Box<str>,
    /// Tells rules of one name apart: the id of a Sigma rule, or a checksum of one without an id; empty for Falco's rules,
    /// whose names are unique.
    pub id: Box<str>,
    /// Its priority.
    pub priority: Priority,
    /// Its tags, in order.
    pub tags: Vec<Box<str>>,
    /// The log source it applies to.
    pub source: LogSource,
    /// What it finds, in a sentence.
    pub description: Box<str>,
    /// The language it was written in.
    pub language: Language,
    /// Its output for an event that it matches.
    pub output: Vec<OutputPart>,
    /// Whether its matches are reported; those of a rule that only serves correlations are not.
    pub reports: bool,
    /// Names of the fields whose values correlations need. They follow those of the output.
    pub correlated: Vec<Box<str>>,
    /// Set if the rule is a correlation: then it is about several events that other rules match.
    pub correlation: Option<Correlation>,
}

impl RuleMetadata {
    /// What identifies it in a rule set: name and id. Rules are sorted by this.
    pub fn key(&self) -> (&str, &str) {
        (&self.name, &self.id)
    }

    /// The number of values that are kept of an event that it matches.
    pub fn values(&self) -> usize {
        self.fields().count() + self.correlated.len()
    }

    /// The value of a field that correlations need, by its place in [`Self::correlated`], among all values of an event.
    pub fn correlated_value<'v>(&self, values: &'v [Option<Box<str>>], place: u32) -> Option<&'v str> {
        values.get(self.fields().count() + place as usize)?.as_deref()
    }

    /// Names of the fields of its output, in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.output.iter().filter_map(|part| match part {
            OutputPart::Field(name) => Some(&**name),
            OutputPart::Text(_) => None,
        })
    }

    /// Its output with these field values; `<NA>` for missing ones.
    pub fn render_output(&self, values: &[Option<Box<str>>]) -> String {
        let mut values = values.iter();
        let mut line = String::new();
        for part in &self.output {
            match part {
                OutputPart::Text(text) => line.push_str(text),
                OutputPart::Field(_) => {
                    line.push_str(values.next().and_then(Option::as_deref).unwrap_or("<NA>"));
                }
            }
        }
        line
    }
}
