//! What a baseline has, compared with what was read of its archives.

use std::collections::HashSet;

use firstseen::catalog::ObjectEntry;
use firstseen::coverage::{Coverage, FaultKind, ObjectSkip};
use firstseen::events::LateObjects;
use firstseen::model::Text;
use firstseen::report::plural;
use firstseen::source::ReadWindow;
use firstseen::store::Saved;
use firstseen::time::Timestamp;

use super::exit::store_error;

/// Warns if fewer archives were read than the baseline has: `--archive` may name some of them.
pub(crate) fn too_few(saved: &Saved, read: &[String]) -> Option<String> {
    let (all, read) = (saved.archives().len(), read.len());
    (read < all).then(|| {
        let was = if read == 1 { "was" } else { "were" };
        format!(
            "the baseline has {all} archives, {read} {was} read: what only the others have is missing (name each of them with --archive)"
        )
    })
}

/// What was listed of the archives of a baseline.
pub(crate) struct Listed<'l> {
    /// Archive and path of each object.
    pub(crate) objects: &'l [(u32, Text)],
    pub(crate) coverage: &'l Coverage,
    /// What was to be read.
    pub(crate) window: &'l ReadWindow,
    /// What was to be read outside of the window.
    pub(crate) late: Option<&'l LateObjects>,
    /// Whether `--archive` says where the archives are, which may have other numbers then.
    pub(crate) is_elsewhere: bool,
}

/// Warnings of what a baseline has and was not read; none without a baseline.
///
/// # Errors
/// If the baseline cannot be read.
pub(crate) fn not_read(
    saved: Option<&Saved>,
    archives: &[String],
    read: &Listed<'_>,
) -> anyhow::Result<Vec<String>> {
    let Some(saved) = saved else { return Ok(Vec::new()) };
    Ok(too_few(saved, archives).into_iter().chain(gone(saved, read)?).collect())
}

/// Warns of objects that had records when they were indexed, were to be read, and are not there any more. Nothing is said if a folder
/// could not be listed, which is a fault.
///
/// # Errors
/// If the baseline cannot be read.
pub(crate) fn gone(saved: &Saved, read: &Listed<'_>) -> anyhow::Result<Option<String>> {
    let Listed { objects: listed, coverage, window, late, is_elsewhere } = *read;
    if coverage.faults.iter().any(|fault| fault.kind == FaultKind::List) {
        return Ok(None);
    }
    let number = |archive: u32| if is_elsewhere { 0 } else { archive };
    let listed: HashSet<(u32, &str)> =
        listed.iter().map(|(archive, path)| (number(*archive), &**path)).collect();
    // Of a bucket only folders of days may have been listed.
    let by_days = coverage.objects.unlisted.contains_key(&ObjectSkip::OutsideWindow);
    let objects = saved.objects().map_err(store_error)?;
    let is_gone = |object: &&ObjectEntry| {
        let is_there = listed.contains(&(number(object.archive), &*object.path));
        let is_inside = window.admits(object.delivered) || late.is_some_and(|late| late.has(&object.path));
        let is_wanted = is_inside && (!by_days || is_in_folder_of_day(object));
        object.records > 0 && is_wanted && !is_there
    };
    let gone: HashSet<(u32, &str)> =
        objects.iter().filter(is_gone).map(|object| (object.archive, &*object.path)).collect();
    Ok(gone.iter().min().map(|(_, first)| match gone.len() {
        1 => format!("'{first}' was indexed, and is not in the archive any more: its events are missing"),
        count => format!(
            "{} that were indexed are not in the archive any more, '{first}' among them: their events are missing",
            plural(count as u64, "object")
        ),
    }))
}

/// Whether an object lies in the folder `YYYY/MM/DD` of its delivery.
fn is_in_folder_of_day(object: &ObjectEntry) -> bool {
    let folder = |time: Timestamp| format!("/{}/", time.day().to_string().replace('-', "/"));
    object.delivered.is_some_and(|time| object.path.contains(&folder(time)))
}
