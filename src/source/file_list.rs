//! Lists of files: separate archives, or parts of one.

use std::path::{Component, Path, PathBuf};

use super::{normalized, shown_name};

/// A list of files that is an archive, or a part of one.
#[derive(Clone, Debug)]
pub struct FileList {
    /// The name of the archive.
    pub(super) name: String,
    /// The folder of the archive that it is a part of, if any.
    pub(super) root: Option<PathBuf>,
    /// Its files, as named from the working directory; folders stand for all files in them.
    pub(super) paths: Vec<PathBuf>,
}

impl FileList {
    /// A list that is an archive with this name. The paths of its objects are those in the list.
    pub fn archive(name: String, paths: Vec<PathBuf>) -> Self {
        Self { name, root: None, paths }
    }

    /// A list of files below the folder `root`, which is the archive. It has the name of that archive, and the paths of
    /// its objects are relative to the folder; so baselines of several lists merge into the one of the whole archive.
    ///
    /// # Errors
    /// Returns a path that is not below the folder, as both are written.
    pub fn part_of(root: &Path, paths: &[PathBuf]) -> Result<Self, PathBuf> {
        let (name, root) = (shown_name(root), normalized(root));
        let below = |path: &PathBuf| {
            let path = normalized(path);
            let is_below = path.strip_prefix(&root).is_ok_and(|below| {
                below.is_relative() && below.components().all(|part| part != Component::ParentDir)
            });
            if is_below { Ok(path) } else { Err(path) }
        };
        let paths = paths.iter().map(below).collect::<Result<_, _>>()?;
        Ok(Self { name, root: Some(root), paths })
    }

    /// The folder of the archive that it is a part of, if any.
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// Its files, and folders that stand for all files in them.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_an_archive_is_below_its_folder() {
        let part = |root: &str, path: &str| {
            FileList::part_of(root.as_ref(), &[path.into()]).map(|list| (list.name, list.paths))
        };
        let listed = |name: &str, path: &str| Ok((name.to_owned(), vec![PathBuf::from(path)]));
        assert_eq!(part("./logs/", "logs/a.json"), listed("logs", "logs/a.json"));
        assert_eq!(part(".", "./logs/./a.json"), listed(".", "logs/a.json"));
        assert_eq!(part("/logs", "/logs"), listed("/logs", "/logs"));
        for (root, path) in [("logs", "logs2/a"), ("logs", "logs/../a"), ("logs", "/logs/a"), (".", "/a")] {
            assert_eq!(part(root, path), Err(path.into()), "{root} {path}");
        }
    }
}
