//! Paths of records found in unknown carriers.

use std::collections::BTreeMap;

/// Limit on the number of listed paths. The author of an object controls its paths.
pub const FOUND_PATHS_LISTED: usize = 50;

/// Limit on the length of a path, in characters; longer paths are cut.
pub const LONGEST_FOUND_PATH: usize = 200;

/// Paths of records found in unknown carriers, with the number of records on each. Their notation is in
/// `docs/formats.md`.
///
/// At most [`FOUND_PATHS_LISTED`] paths are listed, the first in alphabetical order, so the result does not
/// depend on the order in which objects are read.
///
/// ```
/// use firstseen::coverage::FoundPaths;
///
/// let mut found = FoundPaths::default();
/// found.add("hits.hits[]._source", 2);
/// found.add("Messages[].Body|detail", 1);
/// assert_eq!(found.total(), 3);
/// assert_eq!(found.listed().next(), Some(("Messages[].Body|detail", 1)));
/// assert_eq!(found.unlisted(), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPaths {
    listed: BTreeMap<Box<str>, u64>,
    unlisted: u64,
}

impl FoundPaths {
    /// Adds records on a path, which is cut to [`LONGEST_FOUND_PATH`] characters.
    pub fn add(&mut self, path: &str, records: u64) {
        if records == 0 {
            return;
        }
        let path = match path.char_indices().nth(LONGEST_FOUND_PATH) {
            Some((end, _)) => &format!("{}…", &path[..end]),
            None => path,
        };
        match self.listed.get_mut(path) {
            Some(count) => *count += records,
            None => drop(self.listed.insert(path.into(), records)),
        }
        if self.listed.len() > FOUND_PATHS_LISTED
            && let Some((_, records)) = self.listed.pop_last()
        {
            self.unlisted += records;
        }
    }

    /// Adds records on paths that are not listed.
    pub fn add_unlisted(&mut self, records: u64) {
        self.unlisted += records;
    }

    /// Adds all paths and records of `other`.
    pub fn merge(&mut self, other: Self) {
        for (path, records) in other.listed {
            self.add(&path, records);
        }
        self.unlisted += other.unlisted;
    }

    /// The same, with `way` in front of each path.
    #[must_use]
    pub fn under(self, way: &str) -> Self {
        let mut found = Self { unlisted: self.unlisted, ..Self::default() };
        for (path, records) in self.listed {
            let path = if path.is_empty() { way.to_owned() } else { format!("{way}|{path}") };
            found.add(&path, records);
        }
        found
    }

    /// The listed paths with their numbers of records, in alphabetical order.
    pub fn listed(&self) -> impl Iterator<Item = (&str, u64)> {
        self.listed.iter().map(|(path, records)| (&**path, *records))
    }

    /// Number of records on paths that are not listed.
    pub const fn unlisted(&self) -> u64 {
        self.unlisted
    }

    /// Number of all records found.
    pub fn total(&self) -> u64 {
        self.listed.values().sum::<u64>() + self.unlisted
    }
}
