//! Descends from the start of each archive to the days of its Regions, by common prefixes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::archive::{Archive, ListedObject, join, leave};
use super::bucket::decode;
use super::layout::{Level, are_years, is_listed, level, region_above, skip};
use super::pagination::Pagination;
use super::session_state::SessionState;
use crate::source::Listing;

/// Once an archive has this many unknown folders, those that contain more of them are listed completely: that takes
/// fewer requests than looking into each.
const MOST_UNKNOWN_FOLDERS: usize = 100;

/// The result of the walk.
#[derive(Default)]
pub(super) struct WalkResult {
    pub(super) objects: Vec<ListedObject>,
    pub(super) days: Vec<Days>,
    pub(super) listing: Listing,
}

/// A folder of days.
#[derive(Debug)]
pub(super) struct Days {
    pub(super) archive: Archive,
    /// The prefix to list: the folder, or a part of it.
    pub(super) prefix: String,
    /// The folder that holds the years.
    pub(super) root: String,
    /// Whether it was found by listing, so that the objects beside the years are known.
    pub(super) is_looked_at: bool,
    /// The folder of another service that contains it, of which only objects named like logs are listed.
    pub(super) within: Option<Arc<str>>,
}

/// A listed folder.
struct Folder {
    archive: Archive,
    prefix: String,
    within: Option<Arc<str>>,
    folders: BTreeSet<String>,
    objects: Vec<ListedObject>,
    listing: Listing,
}

/// Lists everything above the days of all Regions.
pub(super) async fn walk_prefixes(archives: Vec<Archive>, state: &SessionState) -> WalkResult {
    let mut walk =
        PrefixWalk { state, result: WalkResult::default(), tasks: JoinSet::new(), unknown: HashMap::new() };
    for archive in archives {
        let start = archive.bucket.start();
        if archive.bucket.is_single() {
            walk.list(archive, start, None, false);
        } else {
            walk.go(archive, start, None);
        }
    }
    while let Some(done) = walk.tasks.join_next().await {
        match done {
            Ok(folder) => walk.take(folder),
            // What it would have found is not known.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }
    walk.result
}

struct PrefixWalk<'s> {
    state: &'s SessionState,
    result: WalkResult,
    tasks: JoinSet<Folder>,
    /// The number of unknown folders of each archive, by its number.
    unknown: HashMap<u32, usize>,
}

impl PrefixWalk<'_> {
    /// Lists a folder, or defers it if it is one of days.
    fn go(&mut self, archive: Archive, prefix: String, within: Option<Arc<str>>) {
        match (level(&prefix), region_above(&prefix)) {
            (Level::Days | Level::Leaf, Some(root)) => {
                let root = root.to_owned();
                self.result.days.push(Days { archive, prefix, root, is_looked_at: false, within });
            }
            (Level::Unknown, _) => {
                *self.unknown.entry(archive.number).or_default() += 1;
                self.list(archive, prefix, within, true);
            }
            (Level::Leaf, None) => self.list(archive, prefix, within, false),
            _ => self.list(archive, prefix, within, true),
        }
    }

    fn list(&mut self, archive: Archive, prefix: String, within: Option<Arc<str>>, by_folder: bool) {
        self.tasks.spawn_on(archive.list_folder(prefix, within, by_folder), &self.state.handle);
    }

    /// Takes the content of a folder, and descends.
    fn take(&mut self, folder: Folder) {
        let Folder { archive, prefix, within, folders, objects, listing } = folder;
        let level = level(&prefix);
        let names = || folders.iter().map(|folder| folder[prefix.len()..].trim_end_matches('/'));
        let is_known = |name: &str| matches!(name, "AWSLogs" | "EKSLogs") || name.starts_with("o-");
        let is_unknown = level == Level::Unknown && !names().any(is_known);
        let unknown = self.unknown.get(&archive.number).map_or(0, |before| before + folders.len());
        if is_unknown && !folders.is_empty() && !are_years(names()) && unknown > MOST_UNKNOWN_FOLDERS {
            // Objects found beside the folders are listed again.
            self.list(archive, prefix.clone(), within, false);
            return;
        }
        self.result.objects.extend(objects);
        join(&mut self.result.listing, listing);
        if is_unknown && are_years(names()) {
            let root = prefix.clone();
            self.result.days.push(Days { archive, prefix: root.clone(), root, is_looked_at: true, within });
            return;
        }
        for name in names() {
            let below = match skip(level, name).filter(|reason| !archive.bucket.lists(*reason)) {
                Some(reason) if within.is_none() => {
                    leave(&mut self.result.listing, reason);
                    Some(Arc::from(name))
                }
                _ => within.clone(),
            };
            self.go(archive.clone(), format!("{prefix}{name}/"), below);
        }
    }
}

impl Archive {
    /// Lists all pages below a prefix, with or without the content of folders below it.
    async fn list_folder(self, prefix: String, within: Option<Arc<str>>, by_folder: bool) -> Folder {
        let (folders, objects, listing) = (BTreeSet::new(), Vec::new(), Listing::default());
        let mut folder = Folder { archive: self, prefix, within, folders, objects, listing };
        let (mut token, mut pagination) = (None, Pagination::default());
        loop {
            let Folder { archive, prefix, within, folders, objects, listing } = &mut folder;
            let delimiter = by_folder.then(|| "/".to_owned());
            let page = archive.bucket.page(|list| {
                let list = list.prefix(prefix.as_str()).set_delimiter(delimiter);
                list.set_continuation_token(token.clone())
            });
            let page = match page.await {
                Ok(page) => page,
                Err(failure) => {
                    archive.fault(listing, prefix, failure);
                    return folder;
                }
            };
            for common in page.common_prefixes().iter().filter_map(|common| common.prefix()) {
                let common = decode(common, &page);
                if common.len() > prefix.len() && common.starts_with(&**prefix) && folders.insert(common) {
                    pagination.found_folder();
                }
            }
            let is_wanted = |key: &str| is_listed(within.as_deref(), key);
            objects.extend(archive.listed_objects(&page, &mut pagination, is_wanted, listing));
            token = match pagination.next(&page, token.as_deref()) {
                Ok(None) => return folder,
                Ok(next) => next,
                Err(detail) => {
                    archive.fault_of(listing, prefix, detail);
                    return folder;
                }
            };
        }
    }
}
