//! Of which Kubernetes clusters events were read, and from which folders: events do not name their cluster, so that those of several may be taken
//! for those of one.

use std::collections::BTreeSet;

/// The name of a cluster that nothing names.
pub const UNNAMED_CLUSTER: &str = "-";

/// At most so many are kept, the first in their order.
const MOST: usize = 1_000;

/// At most so many folders of a path are kept, the outermost.
const DEEPEST: usize = 4;

/// Digits of an account id (AWS Account Management Reference Guide, "View AWS account identifiers").
const ACCOUNT_ID: usize = 12;

/// Clusters, each with an archive and a folder of it in which events of it were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFolders(BTreeSet<ClusterFolder>);

/// A cluster in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterFolder {
    /// Its name, or [`UNNAMED_CLUSTER`].
    pub cluster: Box<str>,
    /// Number of the archive, counted from 1.
    pub archive: u32,
    /// Path of the folder below the archive's root, at most four folders; empty for the root.
    pub folder: Box<str>,
}

impl ClusterFolders {
    /// Adds the object of an archive in which events of a cluster were found.
    pub fn add_object(&mut self, cluster: &str, archive: u32, object: &str) {
        let folders = object.rsplit_once('/').map_or("", |(folders, _)| folders);
        let mut kept = Vec::new();
        for folder in folders.split('/').take(DEEPEST) {
            kept.push(folder);
            // Those below are of other times, which says nothing of clusters, and are many.
            if is_folder_of_time(folder) {
                break;
            }
        }
        let folder = kept.join("/");
        self.add(ClusterFolder { cluster: cluster.into(), archive, folder: folder.into() });
    }

    /// Adds a cluster in a folder.
    pub fn add(&mut self, one: ClusterFolder) {
        self.0.insert(one);
        if self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    /// Adds those of another coverage.
    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|one| self.add(one));
    }

    /// Gives archives other numbers.
    pub fn renumber(&mut self, number: impl Fn(&mut u32)) {
        let old = std::mem::take(&mut self.0);
        self.0 = old
            .into_iter()
            .map(|mut one| {
                number(&mut one.archive);
                one
            })
            .collect();
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &ClusterFolder> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a folder has the name of a day or an hour, or of a part of one: `2026`, `2026-03-01`, `y=2026`. An account id is none.
pub fn is_folder_of_time(folder: &str) -> bool {
    let value = folder.rsplit_once('=').map_or(folder, |(_, value)| value);
    let is_of_time = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'T' | b'Z');
    !value.is_empty() && value.len() != ACCOUNT_ID && value.bytes().all(is_of_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_are_kept_and_only_the_first_ones() {
        let mut folders = ClusterFolders::default();
        folders.add_object("-", 1, "a/b/c/d/e/audit.log");
        folders.add_object("-", 1, "audit.log");
        let kept: Vec<&str> = folders.iter().map(|one| &*one.folder).collect();
        assert_eq!(kept, ["", "a/b/c/d"]);
        for folder in ["x/2026/03/01", "x/y=2026/m=03", "x/2026/04/02/00"] {
            folders.add_object("-", 2, &format!("{folder}/audit.log"));
        }
        folders.add_object("-", 2, "111122223333/2026-03-01/a/audit.log");
        let of_second: Vec<&str> =
            folders.iter().filter(|one| one.archive == 2).map(|one| &*one.folder).collect();
        assert_eq!(of_second, ["111122223333/2026-03-01", "x/2026", "x/y=2026"]);
        (0..2_000).for_each(|number| folders.add_object(&format!("{number:04}"), 1, "x"));
        assert_eq!(folders.iter().count(), MOST);
        assert_eq!(&*folders.iter().last().unwrap().cluster, "0994");
    }
}
