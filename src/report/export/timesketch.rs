//! Findings as events of a timeline in Timesketch, one JSON object per line.
//!
//! Source: "Import from JSON or CSV" in Timesketch's user guide: `message`, `datetime` and `timestamp_desc` are mandatory, `timestamp`
//! is in microseconds, and further fields are free. `data_type` is Plaso's name for the kind of an event.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::words::title;
use crate::query::{Finding, FindingKind};
use crate::report::json_line::line;
use crate::report::{FindingRow, Report, as_it_is};

/// The most bytes of a text: the longest term of Lucene (`IndexWriter.MAX_TERM_LENGTH`). A keyword that is longer is not indexed.
const MOST_BYTES: usize = 32_766;

/// An event of a timeline.
#[derive(Serialize)]
pub(in crate::report) struct Event {
    message: String,
    datetime: String,
    /// Microseconds since the epoch.
    timestamp: i64,
    timestamp_desc: &'static str,
    data_type: &'static str,
    /// The published fields that have a value; none is an object or a list.
    #[serde(flatten)]
    fields: Map<String, Value>,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| Event::new(finding, report.archives)?.write(out))
}

impl Event {
    /// The event of a finding.
    ///
    /// # Errors
    /// None that is known: if a field cannot be written as JSON.
    pub(in crate::report) fn new(finding: &Finding<'_>, archives: &[String]) -> io::Result<Self> {
        let mut event = Self {
            message: cut(title(finding)),
            // Some importers know offsets, but not `Z`.
            datetime: finding.time.to_string().replace('Z', "+00:00"),
            timestamp: finding.time.micros(),
            timestamp_desc: meaning(finding.kind),
            data_type: "firstseen:finding",
            fields: Map::new(),
        };
        if let Value::Object(row) = serde_json::to_value(FindingRow::new(finding, archives, as_it_is))? {
            row.into_iter().for_each(|(name, value)| event.add(&name, value));
        }
        Ok(event)
    }

    /// Adds a field, if it has a value.
    pub(in crate::report) fn add(&mut self, name: &str, value: impl Into<Value>) {
        let value = match value.into() {
            Value::Null => return,
            Value::String(text) => Value::String(cut(text)),
            other => other,
        };
        self.fields.insert(name.to_owned(), value);
    }

    /// Writes it as one line.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub(in crate::report) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        line(self, out)
    }
}

/// What the time of a finding is.
fn meaning(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::ReturningAction => "Seen Again",
        FindingKind::RootActivity => "Root Activity",
        FindingKind::Rule => "First Match",
        FindingKind::Insight => "Start Time",
        _ => "First Seen",
    }
}

/// A text that is a keyword: if it is too long, its beginning and `…`.
fn cut(text: String) -> String {
    const END: &str = "…";
    if text.len() <= MOST_BYTES {
        return text;
    }
    let mut end = MOST_BYTES - END.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned() + END
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_to_the_limit_of_a_keyword() {
        assert_eq!(cut("é".repeat(MOST_BYTES / 2)).len(), MOST_BYTES);
        for long in ["é".repeat(MOST_BYTES), "名".repeat(MOST_BYTES), "a".repeat(MOST_BYTES + 1)] {
            let text = cut(long);
            assert!(
                text.ends_with('…') && (MOST_BYTES - 3..=MOST_BYTES).contains(&text.len()),
                "{}",
                text.len()
            );
        }
    }
}
