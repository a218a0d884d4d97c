//! Lists files: all below the starts of an archive, through any links.
//!
//! Listing a large tree takes as long as reading its folders one after another; several threads read some at a time. The
//! result does not depend on their number, except for its order, which is not relied on.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use walkdir::{DirEntry, WalkDir};

use super::local::Root;
use super::log_object::Location;
use super::{Listing, LogObject, ObjectKey, OwnFiles, shown_text};
use crate::coverage::{Fault, FaultKind, ObjectSkip, Position};
use crate::model::Text;

/// Called after each file with their number; returns whether to go on.
type OnFile<'f> = &'f mut dyn FnMut(u64) -> bool;

/// Folders per thread, so that no thread is left with a large one while the others are done.
const FOLDERS_EACH: usize = 32;

/// Adds the objects of all archives, each with its number, to the listing.
pub(super) fn list(
    roots: &[(u32, &Root)],
    own_files: OwnFiles,
    threads: usize,
    listing: &mut Listing,
    found: OnFile<'_>,
) {
    // Only then can one file belong to two archives; and which of them gets it must not depend on timing.
    let overlaps = |root: &Root| root.starts.len() > 1 && !root.is_in_parts;
    let overlap_possible = roots.len() > 1 || roots.iter().any(|(_, root)| overlaps(root));
    let mut seen = HashSet::new();
    let mut own = OwnFileCache::new(own_files);
    let mut walks: Vec<Walk<'_>> = Vec::new();
    for &(archive, root) in roots {
        let walk = Walk { archive, root, above: root.above(), start: &root.folder };
        walks.extend(root.starts.iter().map(|start| Walk { start, ..walk.clone() }));
        for below in &root.missing {
            let path = root.folder.join(below);
            if let Err(error) = path.symlink_metadata() {
                listing.coverage.fault(walk.fault_at(&path, error.to_string()));
            }
        }
    }
    if overlap_possible {
        walks.sort_by_cached_key(|walk| depth(walk.start));
    }
    for walk in walks {
        let ended = if overlap_possible {
            let mut is_twice = |file: &Path| file.canonicalize().is_ok_and(|real| !seen.insert(real));
            walk.files(walk.start, usize::MAX, (listing, &mut own), &mut is_twice, found).map(drop)
        } else {
            walk.files_at_once(threads, (listing, &mut own), found)
        };
        if ended.is_none() {
            return;
        }
    }
}

/// How deep a file or folder is: an outer folder comes before what is in it, and so gets the files that are in both.
fn depth(start: &Path) -> usize {
    start.canonicalize().map_or(usize::MAX, |real| real.components().count())
}

/// Which files of a folder are not logs but were written by this program.
struct OwnFileCache {
    files: OwnFiles,
    /// By folder.
    known: HashMap<PathBuf, Vec<OsString>>,
}

impl OwnFileCache {
    fn new(files: OwnFiles) -> Self {
        Self { files, known: HashMap::new() }
    }

    /// Whether a file is skipped. A folder with such a file is counted once.
    fn has(&mut self, file: &Path, listing: &mut Listing) -> bool {
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return false };
        if !may_be_own(name) {
            return false;
        }
        let files = self.files;
        let known = self.known.entry(folder.to_owned()).or_insert_with(|| {
            let found = files(folder);
            if !found.is_empty() {
                *listing.coverage.objects.unlisted.entry(ObjectSkip::SavedBaseline).or_default() += 1;
            }
            found
        });
        known.iter().any(|own| own == name)
    }
}

/// Whether this program writes files of this name; that alone says nothing of the content.
fn may_be_own(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b".parquet") || name == b"manifest.json"
}

/// Whether this is a lock of this program, or an unwritten output. An empty file hides nothing.
fn is_empty_placeholder(entry: &DirEntry) -> bool {
    let is_named_so = entry.file_name().as_encoded_bytes().starts_with(b".firstseen-");
    is_named_so && entry.file_type().is_file() && entry.metadata().is_ok_and(|metadata| metadata.len() == 0)
}

/// The links below a folder, and below their targets: targets are read as if they were in the folder.
pub fn links_below(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = WalkDir::new(folder).follow_links(true).into_iter().filter_map(Result::ok);
    entries.filter(DirEntry::path_is_symlink).map(DirEntry::into_path)
}

/// The files below a folder, links to files included, in the order of their names; of a file, itself.
pub fn files_below(path: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = WalkDir::new(path).sort_by_file_name().into_iter().filter_map(Result::ok);
    entries.map(DirEntry::into_path).filter(|path| !path.is_dir())
}

/// A file or folder of an archive, with everything in it.
#[derive(Clone)]
struct Walk<'r> {
    archive: u32,
    root: &'r Root,
    above: Option<Text>,
    start: &'r Path,
}

impl Walk<'_> {
    /// Adds all files with several threads. `None` if `found` said to stop.
    fn files_at_once(
        &self,
        threads: usize,
        (listing, own): (&mut Listing, &mut OwnFileCache),
        found: OnFile<'_>,
    ) -> Option<()> {
        let mut folders = self.files(self.start, 0, (listing, own), &mut |_| false, found)?;
        let enough = if threads > 1 { threads * FOLDERS_EACH } else { 1 };
        while !folders.is_empty() && folders.len() < enough {
            let mut below = Vec::new();
            for folder in &folders {
                below.extend(self.files(folder, 1, (listing, own), &mut |_| false, found)?);
            }
            folders = below;
        }
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let listed = AtomicU64::new(listing.coverage.objects.listed);
        let own_files = own.files;
        // All files of one folder are listed by the same thread.
        let work = |found: OnFile<'_>| {
            let (mut part, mut own) = (Listing::default(), OwnFileCache::new(own_files));
            let mut goes_on = |_| {
                let all = listed.fetch_add(1, Ordering::Relaxed) + 1;
                found(all) && !stopped.load(Ordering::Relaxed)
            };
            while let Some(folder) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                if self
                    .files(folder, usize::MAX, (&mut part, &mut own), &mut |_| false, &mut goes_on)
                    .is_none()
                {
                    stopped.store(true, Ordering::Relaxed);
                    break;
                }
            }
            part
        };
        thread::scope(|scope| {
            // If a thread cannot be started, the others take its folders.
            let spawn = |_| thread::Builder::new().spawn_scoped(scope, || work(&mut |_| true)).ok();
            let others: Vec<_> = (1..threads.min(folders.len())).filter_map(spawn).collect();
            listing.absorb(work(found));
            for other in others {
                listing.absorb(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
        (!stopped.into_inner()).then_some(())
    }

    /// Adds the files in `from` and its folders, down to a depth; returns the folders at that depth. `None` if `found` said to
    /// stop.
    fn files(
        &self,
        from: &Path,
        depth: usize,
        (listing, own): (&mut Listing, &mut OwnFileCache),
        is_twice: &mut dyn FnMut(&Path) -> bool,
        found: OnFile<'_>,
    ) -> Option<Vec<PathBuf>> {
        let mut folders = Vec::new();
        let walk = WalkDir::new(from).follow_links(true).max_depth(depth).sort_by_file_name();
        let mut walk = walk.into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    listing.coverage.fault(self.fault(&error));
                    continue;
                }
            };
            let is_folder = entry.file_type().is_dir();
            // A folder at the last depth has not been opened.
            let is_open = is_folder && entry.depth() < depth;
            let is_circle = is_folder && self.leads_back(&entry);
            if is_circle {
                listing.coverage.fault(self.fault_at(entry.path(), CIRCLE.to_owned()));
            }
            if is_circle {
                if is_open {
                    walk.skip_current_dir();
                }
            } else if is_folder {
                if !is_open {
                    folders.push(entry.into_path());
                }
            } else if !is_empty_placeholder(&entry) && !own.has(entry.path(), listing) {
                listing.coverage.objects.listed += 1;
                let twice = is_twice(entry.path());
                self.add(listing, &entry, twice);
                if !found(listing.coverage.objects.listed) {
                    return None;
                }
            }
        }
        Some(folders)
    }

    /// Whether this link leads to a folder that contains it. Within one walk that is already detected, but not above its start.
    fn leads_back(&self, entry: &DirEntry) -> bool {
        let top = if self.root.is_in_parts { &self.root.folder } else { self.start };
        if !entry.path_is_symlink() || entry.path() == top {
            return false;
        }
        let Ok(real) = entry.path().canonicalize() else { return false };
        let mut above = entry.path().ancestors().skip(1).take_while(|above| above.starts_with(top));
        above.any(|above| above.canonicalize().is_ok_and(|above| above == real))
    }

    /// Adds one file to the objects to read or to those skipped. Its size is not queried: on a tree of tiny objects
    /// that alone cost a tenth of a scan.
    fn add(&self, listing: &mut Listing, entry: &DirEntry, twice: bool) {
        let below = entry.path().strip_prefix(&self.root.folder).unwrap_or(entry.path());
        let path = slash_path(below);
        let key = ObjectKey::parse_below(self.above.as_deref(), &path);
        let skip = if twice {
            Some(ObjectSkip::ListedTwice)
        } else if !entry.file_type().is_file() {
            Some(ObjectSkip::NotAFile)
        } else {
            key.skip
        };
        let kept = if Path::new(&path) == below {
            Location::File { planned: 0 }
        } else {
            Location::OddFile(below.into())
        };
        let delivered = key.delivered;
        let above = self.above.clone();
        let object = LogObject { archive: self.archive, path: path.into(), delivered, above, kept };
        match skip {
            Some(reason) => listing.skip(object, reason),
            None => listing.objects.push(object),
        }
    }

    fn fault(&self, error: &walkdir::Error) -> Fault {
        let detail = match (error.io_error(), error.loop_ancestor()) {
            (Some(error), _) => error.to_string(),
            (None, Some(_)) => CIRCLE.to_owned(),
            (None, None) => "cannot be listed".to_owned(),
        };
        self.fault_at(error.path().unwrap_or(Path::new("")), detail)
    }

    fn fault_at(&self, path: &Path, detail: String) -> Fault {
        let below = slash_path(path.strip_prefix(&self.root.folder).unwrap_or(path));
        Fault {
            archive: self.archive,
            // The archive's own folder has no path below itself.
            object: if below.is_empty() { ".".to_owned() } else { below },
            position: Position::Whole,
            kind: FaultKind::List,
            detail,
        }
    }
}

const CIRCLE: &str = "a link that leads back to a folder above it";

/// A path as text with `/` as separator on every system.
fn slash_path(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| shown_text(part.as_os_str())).collect();
    let mut joined = parts.join("/");
    // The root is a part by itself.
    if joined.starts_with("//") {
        joined.remove(0);
    }
    joined
}
