//! Baselines on disk: a folder of plain Parquet tables that any engine can read, and a manifest with their checksums.
//!
//! A [`BaselineContents`] is everything a run learnt; a [`BaselineFolder`] saves it, written beside and renamed into place; [`Saved`]
//! opens it; [`BaselineContents::merge`] merges two exactly as if all their objects had been read at once. Knows what is stored;
//! does not know archives, gzip, JSON logs or questions. The tables are described in `docs/formats.md`.

mod activity;
mod behaviours;
mod beside;
mod copies;
mod deliveries;
mod error;
mod evidence;
mod faults;
mod file_chunks;
mod folder;
mod hits;
mod identity_links;
mod inventory;
mod logging;
mod manifest;
mod map;
mod merge;
#[cfg(test)]
mod merge_tests;
mod objects;
mod principals;
mod reading;
mod received;
mod recognized;
mod record_rows;
mod records;
mod saved;
mod single_events;
mod table;
mod table_file;
mod validate;
mod values;
mod writing;

use crate::baseline::Baseline;
use crate::catalog::{LearningScope, ObjectEntry};
use crate::coverage::Coverage;

pub use error::{MergeError, StoreError};
pub use folder::BaselineFolder;
pub use recognized::proven_files;
pub use record_rows::{Records, Rows};
pub use saved::{Saved, is_baseline};

/// Version of the tables and the manifest. Other versions are refused.
pub const STORE_VERSION: u32 = 12;

/// Everything a run learnt, ready to be saved or added to.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineContents {
    /// The settings it was learnt with.
    pub learning: LearningScope,
    /// Names of the archives, in the order of their numbers.
    pub archives: Vec<String>,
    /// Everything learnt, with principals as their records name them: not [`Baseline::resolved`].
    pub baseline: Baseline,
    /// What was read, skipped and lost.
    pub coverage: Coverage,
    /// Every listed object, in delivery order.
    pub objects: Vec<ObjectEntry>,
    /// Every counted record with an event id.
    pub records: Records,
}
