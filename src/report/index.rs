//! What a run of `firstseen index` added to a baseline, as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use crate::coverage::Coverage;

/// What became of the objects of a run. The fields are published, see `docs/formats.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct IndexedObjects {
    /// Objects that the baseline had.
    pub known: u64,
    /// New ones that were read as logs.
    pub read: u64,
    /// New ones that are no logs, or outside the window.
    pub skipped: u64,
    /// Those that could not be read.
    pub failed: u64,
    /// Those of which the baseline has an earlier version with other content.
    pub replaced: u64,
}

/// What became of the objects of an archive in a run. All archives together have the numbers of the run. The fields are published, see `docs/formats.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexedArchive {
    /// Its number in this run, from 1.
    pub archive: u32,
    /// Its name.
    pub name: String,
    /// New objects that were read as logs.
    pub read: u64,
    /// New ones that are no logs, or outside the window.
    pub skipped: u64,
    /// Those that could not be read.
    pub failed: u64,
    /// Bytes as stored of all that were opened, logs or not.
    pub bytes: u64,
}

/// The summary of a run, ready to write.
#[derive(Debug)]
pub struct IndexReport<'a> {
    /// The folder of the baseline, as given.
    pub baseline: &'a str,
    /// What became of the objects of the run.
    pub objects: IndexedObjects,
    /// What became of the objects of each archive.
    pub archives: &'a [IndexedArchive],
    /// The coverage of the whole baseline.
    pub coverage: &'a Coverage,
}

impl IndexReport<'_> {
    /// Writes one JSON document.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write_head(&json::NoSettings {}, self.coverage, out)?;
        json::write_field("baseline", &self.baseline, out)?;
        json::write_field("objects", &self.objects, out)?;
        json::write_field("archives", &self.archives, out)?;
        out.write_all(b"\n}\n")
    }
}
