//! Writes traced credentials: as a tree for people, JSON, JSON lines, or a Mermaid diagram.

mod mermaid;
mod text;
mod view;
mod words;

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use crate::trace::{TraceQuestion, Traced};
use view::CredentialView;

/// How traced credentials are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// One JSON value per line.
    JsonLines,
    /// A flowchart of Mermaid.
    Mermaid,
}

/// Traced credentials, ready to write.
#[derive(Debug)]
pub struct TraceReport<'a> {
    /// What was asked for.
    pub question: &'a TraceQuestion<'a>,
    /// What was found.
    pub traced: &'a Traced,
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
}

/// The settings under their published names.
#[derive(Serialize)]
struct TraceSettings<'a> {
    traced: &'a str,
    account: &'a [String],
    depth: u32,
    limit: usize,
    matched: usize,
    left_out: u64,
}

impl TraceReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: TraceFormat, out: &mut dyn Write) -> io::Result<()> {
        let TraceQuestion { wanted, accounts, limits } = *self.question;
        let settings = TraceSettings {
            traced: wanted,
            account: accounts,
            depth: limits.depth,
            limit: limits.rows,
            matched: self.traced.matched,
            left_out: self.traced.left_out,
        };
        let source = (&settings, &self.traced.coverage);
        let rows = self.traced.rows.iter().map(CredentialView::new);
        match format {
            TraceFormat::Text => text::write(self, out),
            TraceFormat::Mermaid => mermaid::write(self, out),
            TraceFormat::Json => json::write(source, ("credentials", rows), out),
            TraceFormat::JsonLines => json::write_lines(source, rows, out),
        }
    }
}
