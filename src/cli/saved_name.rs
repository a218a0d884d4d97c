//! Tells baselines from archives by name.

use std::path::Path;

use firstseen::source::is_s3;
use firstseen::store::is_baseline;

/// Whether a name means a baseline: it is one, or it is local and ends in `.baseline`.
pub(crate) fn is_saved(name: &Path) -> bool {
    is_baseline(name) || (!is_s3(name) && name.extension().is_some_and(|end| end == "baseline"))
}
