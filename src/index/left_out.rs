//! What a baseline already has, left out of a listing: the rest can be indexed elsewhere and merged into it.

use std::collections::BTreeSet;

use super::known_objects::{KnownObjects, archive_numbers};
use crate::catalog::ObjectEntry;
use crate::coverage::{Coverage, Fault, FaultKind};
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
    let known_faults: BTreeSet<_> = coverage.faults.iter().map(|fault| identity(fault, names)).collect();
    listing.coverage.drop_faults(|fault| known_faults.contains(&identity(fault, archives.names())));
    LeftOut { known, unread }
}

/// What tells a fault from others, whatever the number of its archive.
fn identity<'f>(fault: &'f Fault, names: &'f [String]) -> (Option<&'f str>, FaultKind, &'f str, &'f str) {
    let name = (fault.archive as usize).checked_sub(1).and_then(|index| names.get(index));
    (name.map(String::as_str), fault.kind, &fault.object, &fault.detail)
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
