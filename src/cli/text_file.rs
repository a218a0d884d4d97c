//! Text files that a user names: settings, rules, lists and tables.

use std::path::Path;

use anyhow::Context;
use firstseen::file;

use super::exit::Hint;

/// Reads a text file; `hint` says what it should be.
pub(crate) fn read_text(path: &Path, hint: Hint) -> anyhow::Result<String> {
    file::read_text(path).with_context(|| format!("cannot read '{}'", path.display())).context(hint)
}
