//! Text files that a user names: settings, rules, lists and tables.

use std::path::Path;

use anyhow::Context;
use firstseen::file;

use super::exit::Hint;

/// Reads a text file; `hint` says what it should be.
pub(crate) fn read_text(path: &Path, hint: Hint) -> anyhow::Result<String> {
    file::read_text(path).with_context(|| format!("cannot read '{}'", path.display())).context(hint)
}

/// A reader of a CSV table with a header, with or without a byte order mark; cells are trimmed, and rows may be short.
pub(crate) fn csv_reader(text: &str) -> csv::Reader<&[u8]> {
    let text = text.trim_start_matches('\u{feff}');
    csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes())
}
