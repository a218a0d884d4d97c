//! Which objects of a listing a baseline already has.

use std::collections::{HashMap, HashSet};

use crate::catalog::ObjectEntry;
use crate::coverage::{FaultKind, Outcome};
use crate::scan::{Checksums, Progress};
use crate::source::{Archives, Listing, LogObject};
use crate::store::BaselineContents;

/// The objects of a baseline, by the archive's name and the object's path. There may be several versions of each.
type ObjectVersions<'k> = HashMap<(&'k str, &'k str), Vec<&'k ObjectEntry>>;

/// What a baseline knows of some archives.
pub(super) struct KnownObjects<'k> {
    archives: &'k Archives,
    versions: ObjectVersions<'k>,
}

impl<'k> KnownObjects<'k> {
    /// `objects` are those of a baseline whose archives have these names.
    pub(super) fn new((names, objects): (&'k [String], &'k [ObjectEntry]), archives: &'k Archives) -> Self {
        let mut versions = ObjectVersions::new();
        for entry in objects {
            let name = (entry.archive as usize).checked_sub(1).and_then(|index| names.get(index));
            if let Some(name) = name {
                versions.entry((name, &entry.path)).or_default().push(entry);
            }
        }
        Self { archives, versions }
    }

    /// The listed objects of which the baseline has versions. Standard input is excluded: it can be read only once.
    pub(super) fn known_in(&self, listing: &Listing) -> Vec<LogObject> {
        let is_known = |object: &&LogObject| self.name(object) != "-" && !self.versions(object).is_empty();
        listing.objects.iter().filter(is_known).cloned().collect()
    }

    /// Removes known objects from the listing; returns their number. An object skipped both then and now is known by
    /// its name; one to be read is known only if it was read. Then checksums decide if there are any, else sizes.
    pub(super) fn forget(
        &self,
        listing: &mut Listing,
        checksums: Option<&Checksums>,
        progress: &dyn Progress,
    ) -> u64 {
        listing.forget(
            |object| {
                let mut versions = self.versions(object).iter();
                !progress.stopped() && versions.any(|entry| self.is_same(object, entry, checksums))
            },
            |skipped| self.versions(&skipped.object).iter().any(|entry| entry.size.is_none()),
        )
    }

    /// The listed objects, none of them known, of which the baseline read versions with other content.
    pub(super) fn replaced_in(&self, listing: &Listing) -> Vec<String> {
        let was_read = |object: &&LogObject| {
            self.name(object) != "-"
                && self
                    .versions(object)
                    .iter()
                    .any(|entry| matches!(entry.outcome, Outcome::Read | Outcome::ReadInPart(_)))
        };
        listing.objects.iter().filter(was_read).map(|object| object.path.to_string()).collect()
    }

    /// Removes listed objects that could not be read before; returns their number.
    pub(super) fn forget_unread(&self, listing: &mut Listing) -> u64 {
        listing
            .forget(|object| self.versions(object).iter().any(|entry| entry.outcome.is_absence()), |_| false)
    }

    fn name(&self, object: &LogObject) -> &str {
        &self.archives.names()[object.archive as usize - 1]
    }

    fn versions<'v>(&'v self, object: &'v LogObject) -> &'v [&'v ObjectEntry] {
        self.versions.get(&(self.name(object), &*object.path)).map_or(&[], Vec::as_slice)
    }

    /// Whether an object to read is still the one that the baseline read.
    fn is_same(&self, object: &LogObject, entry: &ObjectEntry, checksums: Option<&Checksums>) -> bool {
        match (entry.outcome, entry.size, checksums) {
            (outcome, ..) if outcome.is_absence() => false,
            (_, None, _) => false,
            // It was not fetched because of its size, and the ceiling is that of the baseline.
            (Outcome::Failed(FaultKind::TooLarge), Some(0), _) => true,
            (_, Some(_), Some(checksums)) => checksums
                .get(&(object.archive, object.path.clone()))
                .is_some_and(|checksum| Some(*checksum) == entry.checksum),
            (_, Some(size), None) => self.archives.size(object).is_ok_and(|now| now == size),
        }
    }
}

/// The listed objects that are to be read, with the numbers of their archives in a baseline; without those whose archives it does not
/// have.
pub(super) fn listed_in<'l>(
    names: &[String],
    archives: &Archives,
    listing: &'l Listing,
) -> impl Iterator<Item = (u32, &'l str)> {
    let number = |name: &String| (1..).zip(names).find(|(_, known)| *known == name).map(|(number, _)| number);
    let numbers: Vec<Option<u32>> = archives.names().iter().map(number).collect();
    let of_baseline = move |object: &'l LogObject| {
        let number = numbers.get((object.archive as usize).checked_sub(1)?)?;
        Some(((*number)?, &*object.path))
    };
    listing.objects.iter().filter_map(of_baseline)
}

/// The numbers of some archives in a baseline.
pub(super) fn archive_numbers(names: &[String], archives: &Archives) -> HashSet<u32> {
    let named = archives.names();
    (1..).zip(names).filter(|(_, name)| named.contains(name)).map(|(number, _)| number).collect()
}

/// Counts unlisted folders once, however often archives are listed. They are not distinguished by archive: if only some
/// archives of the baseline are listed, the earlier count stays.
pub(super) fn replace_unlisted(stored: &mut BaselineContents, archives: &Archives, listing: &mut Listing) {
    let again = archive_numbers(&stored.archives, archives).len();
    if again == stored.archives.len() {
        stored.coverage.objects.unlisted = std::mem::take(&mut listing.coverage.objects.unlisted);
    } else if again > 0 {
        listing.coverage.objects.unlisted.clear();
    }
}

/// An object of a baseline that is not in a listing.
pub(super) fn not_in(stored: &BaselineContents, archives: &Archives, listing: &Listing) -> Option<String> {
    let skipped = listing.skipped.iter().map(|skipped| &skipped.object);
    let name = |number: u32, names: &[String]| names.get((number as usize).checked_sub(1)?).cloned();
    let listed: HashSet<(Option<String>, &str)> = listing
        .objects
        .iter()
        .chain(skipped)
        .map(|object| (name(object.archive, archives.names()), &*object.path))
        .collect();
    let mut objects = stored.objects.iter();
    let other =
        objects.find(|entry| !listed.contains(&(name(entry.archive, &stored.archives), &*entry.path)));
    other.map(|entry| entry.path.to_string())
}

/// Whether a run read only standard input that had been read before. That is known only afterwards.
pub(super) fn is_known_stream(stored: &BaselineContents, read: &BaselineContents) -> bool {
    let [only] = &read.objects[..] else { return false };
    let is_it = |entry: &ObjectEntry| entry.path == only.path && entry.checksum == only.checksum;
    read.archives == ["-"] && stored.objects.iter().any(is_it)
}
