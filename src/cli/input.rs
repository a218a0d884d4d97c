//! What a command works on: archives, read from one end to the other.

use std::path::PathBuf;

use firstseen::baseline::Baseline;
use firstseen::coverage::Coverage;
use firstseen::ingest::{IngestError, IngestSettings, Ingested, ingest};
use firstseen::source::Archives;

use super::exit::ingest_error;
use super::progress::Bar;

/// A baseline, and what it was learnt from.
pub(crate) struct Input {
    pub(crate) baseline: Baseline,
    pub(crate) coverage: Coverage,
    /// The settings that it was learnt with.
    pub(crate) settings: IngestSettings,
}

impl Input {
    /// Reads everything that was named, with a bar unless `quiet`.
    pub(crate) fn read(names: &[PathBuf], settings: &IngestSettings, quiet: bool) -> anyhow::Result<Self> {
        let progress = Bar::new(quiet)?;
        let archives = Archives::open(names).map_err(IngestError::from);
        let ingested = archives.and_then(|archives| ingest(&archives, settings, &progress));
        progress.clear();
        let Ingested { baseline, coverage, ledger: _ } = ingested.map_err(ingest_error)?;
        Ok(Self { baseline, coverage, settings: settings.clone() })
    }
}
