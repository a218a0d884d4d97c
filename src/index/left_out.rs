//! What a baseline already has, left out of a listing: the rest can be indexed elsewhere and merged into it.

use super::known_objects::{KnownObjects, archive_numbers};
use crate::catalog::ObjectEntry;
use crate::coverage::{Coverage, Fault};
use crate::source::{Archives, Listing};

/// What was left out of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Objects that the baseline has.
    pub known: u64,
    /// Those of which it has only that they could not be read. [`index`](super::index) tries them again.
    pub unread: u64,
}

/// Leaves out of a listing what a baseline has, given as the names of its archives, its objects and its coverage. What is indexed of
/// the rest, merged into the baseline, is what [`index`](super::index) makes of it, unless something that could not be listed or read before can
/// be now.
pub fn leave_out(
    listing: &mut Listing,
    archives: &Archives,
    (names, objects, coverage): (&[String], &[ObjectEntry], &Coverage),
) -> LeftOut {
    let known_objects = KnownObjects::new((names, objects), archives);
    let unread = known_objects.forget_unread(listing);
    let known = unread + known_objects.forget(listing, None, &crate::scan::Silent);
    leave_out_folders(listing, archives, (names, coverage));
    let name = |number: u32, names: &[String]| names.get((number as usize).checked_sub(1)?).cloned();
    let is_known = |fault: &Fault| {
        let archive = name(fault.archive, archives.names());
        let mut known = coverage.faults.iter();
        known.any(|known| {
            (known.kind, &known.object, &known.detail) == (fault.kind, &fault.object, &fault.detail)
                && name(known.archive, names) == archive
        })
    };
    listing.coverage.drop_faults(is_known);
    LeftOut { known, unread }
}

/// Counts unlisted folders once. They are not distinguished by archive: if only some archives of the baseline are listed, its count
/// stays.
fn leave_out_folders(listing: &mut Listing, archives: &Archives, (names, coverage): (&[String], &Coverage)) {
    let again = archive_numbers(names, archives).len();
    let unlisted = &mut listing.coverage.objects.unlisted;
    if again == names.len() {
        for (reason, count) in &mut *unlisted {
            let known = coverage.objects.unlisted.get(reason).copied().unwrap_or_default();
            *count = count.saturating_sub(known);
        }
        unlisted.retain(|_, count| *count > 0);
    } else if again > 0 {
        unlisted.clear();
    }
}
