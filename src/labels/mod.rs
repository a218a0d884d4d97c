//! Incidents that the user knows of → plain data: labelled events, which measure a ranking, and periods, which tune settings. Finds columns by the
//! names in the header. The texts are CSV with or without a byte order mark; cells are trimmed, and rows may be short.

mod event;
mod period;
mod rows;

use std::fmt;

pub use event::{parse_labels, unused_in_labels};
pub use period::{parse_incident, parse_incidents, unused_in_incidents};

/// What is wrong in a file of incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelError {
    /// The first line of the row, counted from 1, if it is about a row.
    pub line: Option<usize>,
    /// The column, if it is about one.
    pub column: Option<&'static str>,
    /// What is wrong.
    pub reason: String,
}

impl LabelError {
    /// An error that is not about a row.
    fn new(reason: impl Into<String>) -> Self {
        Self { line: None, column: None, reason: reason.into() }
    }
}

impl fmt::Display for LabelError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(out, "line {line}, column {column}: {}", self.reason),
            (Some(line), None) => write!(out, "line {line}: {}", self.reason),
            (None, _) => out.write_str(&self.reason),
        }
    }
}

impl std::error::Error for LabelError {}
