//! What a rule says of itself: its name, how much it matters, and what its findings tell.

use crate::names::named;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::LogSource;

named! {
    /// How much a rule's findings matter, in the levels of syslog, which are Falco's. The first matters most.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Priority {
        /// The system is of no use any more.
        Emergency = "emergency",
        /// Somebody must act at once.
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
        /// For whoever writes rules.
        Debug = "debug",
    }
}

impl Priority {
    /// The one that a rule file of Falco means, in any case.
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

    /// The one that a level of Sigma means.
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
        /// Rules of Falco.
        Falco = "falco",
        /// Rules of Sigma.
        Sigma = "sigma",
    }
}

/// One part of what a rule tells of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputPart {
    /// As it stands.
    Text(Box<str>),
    /// The value of a field, under the name that the rule calls it by.
    Field(Box<str>),
}

/// A rule without its condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMetadata {
    /// What it is called; no other rule of a set is called the same.
    pub name: Box<str>,
    /// How much it matters.
    pub priority: Priority,
    /// Its tags, in their order.
    pub tags: Vec<Box<str>>,
    /// Whose records it is about.
    pub source: LogSource,
    /// In a sentence what it finds.
    pub description: Box<str>,
    /// The language it was written in.
    pub language: Language,
    /// What it tells of an event it matches.
    pub output: Vec<OutputPart>,
}

impl RuleMetadata {
    /// Names of the fields of its output, in their order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.output.iter().filter_map(|part| match part {
            OutputPart::Field(name) => Some(&**name),
            OutputPart::Text(_) => None,
        })
    }

    /// Its output with these values of its fields; `<NA>` where there is none.
    pub fn render_output(&self, values: &[Option<Box<str>>]) -> String {
        let mut values = values.iter();
        let mut told = String::new();
        for part in &self.output {
            match part {
                OutputPart::Text(text) => told.push_str(text),
                OutputPart::Field(_) => {
                    told.push_str(values.next().and_then(Option::as_deref).unwrap_or("<NA>"));
                }
            }
        }
        told
    }
}
