//! Text files in which a user says what a run should do → plain data, with the line of what is wrong: settings, constants of the score,
//! known assets, the configuration of Netflix's `cloudtrail-anomaly`, and lists. Knows the forms of files, not the flags that take their values. The
//! only room that knows TOML.
//!
//! ```
//! use firstseen::config::Document;
//!
//! let document = Document::parse("warmup = '30d'\n[[archive]]\nbucket = 'logs'\n")?;
//! assert_eq!((&*document.entries[0].key, &document.entries[0].values[..]), ("warmup", &["30d".to_owned()][..]));
//! assert_eq!((document.archives[0].line, &*document.archives[0].keys[0].name), (2, "bucket"));
//! # Ok::<(), firstseen::config::ConfigError>(())
//! ```

mod document;
mod known;
mod list;
mod netflix;
mod toml_text;
mod weights;

use thiserror::Error;

pub use document::{ArchiveTable, Document, Entry, TableKey};
pub use known::parse_known;
pub use list::{list_lines, list_lines_without_comments};
pub use netflix::NetflixConfig;
pub use weights::parse_weights;

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct ConfigError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}
