//! Reads IAM inventory files into plain data: answers of `aws iam get-account-authorization-details`,
//! `list-roles`, `list-users`, `get-role`, `get-user` and `get-credential-report`, as written by the CLI or
//! rearranged with jq.
//!
//! The content determines the form of a file and its account. Knows files and their forms; does not know logs
//! or questions. The supported forms, and which lists count as complete, are in `docs/formats.md`, "IAM
//! inventory".

mod answers;
mod date;
mod error;
mod files;
mod listing;
mod node;
mod page;
mod report;
mod text;

use std::path::{Path, PathBuf};

use crate::model::Inventory;

pub use error::{FileProblem, InventoryError};
use listing::Listings;

/// The IAM inventory read from files, and the files that were not used.
#[derive(Debug, Default)]
pub struct Collected {
    /// The inventory of all files read.
    pub inventory: Inventory,
    /// Warnings about files read, one sentence each, in the order of the files.
    pub remarks: Vec<(PathBuf, String)>,
    /// Files in folders that could not be used, with the reason.
    pub passed_over: Vec<(PathBuf, FileProblem)>,
}

/// Reads the given files, and all files below the given folders.
///
/// # Errors
/// If a given file cannot be read or holds no IAM answer, or if no file below a given folder holds one.
///
/// ```
/// use firstseen::inventory::collect;
///
/// let collected = collect(&["fixtures/iam-inventory".into()])?;
/// assert!(collected.inventory.accounts().contains("000123456789"));
/// # Ok::<(), firstseen::inventory::InventoryError>(())
/// ```
pub fn collect(paths: &[PathBuf]) -> Result<Collected, InventoryError> {
    let mut collected = Collected::default();
    for path in paths {
        let open = |source| InventoryError::Open { path: path.clone(), source };
        let about = path.metadata().map_err(open)?;
        let failed = |flaw| InventoryError::File { path: path.clone(), flaw };
        if about.is_dir() {
            collected.add_folder(path)?;
        } else if about.is_file() {
            collected.add_file(path).map_err(failed)?;
        } else {
            return Err(failed(FileProblem::NotAFile));
        }
    }
    Ok(collected)
}

impl Collected {
    fn add_folder(&mut self, folder: &Path) -> Result<(), InventoryError> {
        let open = |source| InventoryError::Open { path: folder.to_owned(), source };
        let (mut useful, mut passed_over) = (0, 0);
        for (path, flaw) in files::files_below(folder).map_err(open)? {
            match flaw.map_or_else(|| self.add_file(&path), Err) {
                Ok(()) => useful += 1,
                Err(flaw) => {
                    passed_over += 1;
                    self.passed_over.push((path, flaw));
                }
            }
        }
        if useful > 0 {
            return Ok(());
        }
        Err(InventoryError::Nothing { path: folder.to_owned(), passed_over })
    }

    fn add_file(&mut self, path: &Path) -> Result<(), FileProblem> {
        let text = text::text_of(files::opened(path)?)?;
        let read = Listings::of(&text)?;
        self.remarks.extend(read.remarks().into_iter().map(|remark| (path.to_owned(), remark)));
        self.inventory.merge(read.into_inventory());
        Ok(())
    }

    /// Number of unreadable files that may have held IAM data.
    pub fn lost(&self) -> usize {
        self.passed_over.iter().filter(|(_, flaw)| flaw.is_loss()).count()
    }
}
