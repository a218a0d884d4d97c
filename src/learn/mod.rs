//! Learning: the visitor of a scan that fills a baseline, and what it needs for that.
//!
//! Every worker has a learner (`learn/learner.rs`), which owns what it collects; at the end their baselines are merged. The
//! result is the same for any number of threads and any order of objects. Knows nothing of questions or output.

mod aggregated;
mod gather;
mod hits;
mod learner;
mod object_learner;
mod part;
mod settings;
mod stage_matches;
mod stages;
mod tap;
mod values;
mod visitor;

use crate::baseline::Baseline;
use crate::catalog::Catalog;
use crate::coverage::Coverage;
use crate::observe::{Deduplicator, KeptRecords};
use crate::scan::{Progress, ScanError, ScanSettings, Scanned, scan, scan_listed, scan_until_stopped};
use crate::source::{Archives, Listing};
use gather::gather;
use learner::Learner;

pub use settings::LearnSettings;
pub use tap::{EventTap, LearntEvent};

/// Everything learnt, with the coverage of its sources.
#[derive(Debug)]
pub struct Learnt {
    /// Everything learnt, with principals as their records name them. Questions need it [`Baseline::resolved`].
    pub baseline: Baseline,
    /// What was read, skipped and lost.
    pub coverage: Coverage,
    /// The result for each object and record, as far as [`Keep`] says.
    pub catalog: Catalog,
}

/// What is kept of a run besides the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The baseline and its coverage.
    Baseline,
    /// Also what became of each object, with its checksum: the objects of the catalog.
    Objects,
    /// Also the catalog, so that objects can be added later: about 40 bytes a record.
    Catalog,
}

/// Learns from all archives.
///
/// # Errors
/// Same as [`scan`].
pub fn learn(
    archives: &Archives,
    settings: &LearnSettings,
    progress: &dyn Progress,
) -> Result<Learnt, ScanError> {
    learn_and_keep(archives, settings, Keep::Baseline, progress)
}

/// Learns from all archives, and keeps more than the baseline.
///
/// # Errors
/// Same as [`scan`].
pub fn learn_and_keep(
    archives: &Archives,
    settings: &LearnSettings,
    keep: Keep,
    progress: &dyn Progress,
) -> Result<Learnt, ScanError> {
    let learnt = learn_by((archives, settings), keep, &|_| (), |scanning, learner| {
        scan(archives, scanning, learner, progress)
    });
    learnt.map(|(learnt, _)| learnt)
}

/// Like [`learn_and_keep`], or from what was listed, and shows every event to the tap of its worker; returns the taps in the order
/// of the workers' numbers.
///
/// # Errors
/// Same as [`scan`].
pub fn learn_with<T: EventTap>(
    archives: &Archives,
    listing: Option<Listing>,
    settings: &LearnSettings,
    (keep, tap): (Keep, &(dyn Fn(u16) -> T + Sync)),
    progress: &dyn Progress,
) -> Result<(Learnt, Vec<T>), ScanError> {
    learn_by((archives, settings), keep, tap, |scanning, learner| match listing {
        Some(listing) => scan_listed(archives, listing, scanning, learner, progress),
        None => scan(archives, scanning, learner, progress),
    })
}

/// Learns from what was listed.
///
/// # Errors
/// Same as [`scan_listed`].
pub fn learn_listed(
    archives: &Archives,
    listing: Listing,
    settings: &LearnSettings,
    keep: Keep,
    progress: &dyn Progress,
) -> Result<Learnt, ScanError> {
    let learnt = learn_by((archives, settings), keep, &|_| (), |scanning, learner| {
        scan_listed(archives, listing, scanning, learner, progress)
    });
    learnt.map(|(learnt, _)| learnt)
}

/// Learns from what was listed, or from as much of it as was read when the run is ended early.
///
/// # Errors
/// Same as [`scan_until_stopped`].
pub fn learn_until_stopped(
    archives: &Archives,
    listing: Listing,
    settings: &LearnSettings,
    keep: Keep,
    progress: &dyn Progress,
) -> Result<Learnt, ScanError> {
    let learnt = learn_by((archives, settings), keep, &|_| (), |scanning, learner| {
        scan_until_stopped(archives, listing, scanning, learner, progress)
    });
    learnt.map(|(learnt, _)| learnt)
}

/// Makes the learner of a worker from the worker's number.
type MakeLearner<'m, 's, T> = dyn Fn(u16) -> Learner<'s, T> + Sync + 'm;

/// Learns from what a scan reads.
fn learn_by<T: EventTap>(
    (archives, settings): (&Archives, &LearnSettings),
    keep: Keep,
    tap: &(dyn Fn(u16) -> T + Sync),
    scan: impl for<'s> FnOnce(
        &ScanSettings,
        &MakeLearner<'_, 's, T>,
    ) -> Result<Scanned<Learner<'s, T>>, ScanError>,
) -> Result<(Learnt, Vec<T>), ScanError> {
    let kept = if keep == Keep::Catalog { KeptRecords::All } else { KeptRecords::None };
    let deduplicator = Deduplicator::default().keep_records(kept);
    let scanning = ScanSettings { checksums: keep != Keep::Baseline, ..settings.scan() };
    let scanned =
        scan(&scanning, &|number| Learner::new(number, (archives, settings), &deduplicator, tap(number)))?;
    let Scanned { visitors, listing, unread } = scanned;
    let collected = visitors.into_iter().map(Learner::collected).collect();
    Ok(gather(collected, deduplicator.finish(), keep, (listing, &unread)))
}
