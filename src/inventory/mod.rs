//! Files that tell what IAM knows → plain data: answers of `aws iam get-account-authorization-details`, `list-roles`,
//! `list-users`, `get-role`, `get-user` and `get-credential-report` as the CLI writes them, or taken apart and put together
//! again with jq.
//!
//! What a file is, its content says, and so does it whose account it is about. Knows files and their forms; does not know logs
//! or questions. What is read, and what counts as a whole list, is in `docs/formats.md`, "IAM inventory".

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

pub use error::{Flaw, InventoryError};
use listing::Listings;

/// What files told of IAM, and what of them told nothing.
#[derive(Debug, Default)]
pub struct Collected {
    /// All that they told.
    pub inventory: Inventory,
    /// What should make one doubt a file that was read, as a sentence; in the order of the files.
    pub remarks: Vec<(PathBuf, String)>,
    /// Files in folders that could not be used.
    pub passed_over: Vec<(PathBuf, Flaw)>,
}

/// Reads these files, and all files below these folders.
///
/// # Errors
/// If a file that is named cannot be read or says nothing of IAM, or no file below a folder does.
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
            collected.folder(path)?;
        } else if about.is_file() {
            collected.file(path).map_err(failed)?;
        } else {
            return Err(failed(Flaw::NotAFile));
        }
    }
    Ok(collected)
}

impl Collected {
    fn folder(&mut self, folder: &Path) -> Result<(), InventoryError> {
        let open = |source| InventoryError::Open { path: folder.to_owned(), source };
        let (mut told, mut passed_over) = (0, 0);
        for (path, flaw) in files::files_below(folder).map_err(open)? {
            match flaw.map_or_else(|| self.file(&path), Err) {
                Ok(()) => told += 1,
                Err(flaw) => {
                    passed_over += 1;
                    self.passed_over.push((path, flaw));
                }
            }
        }
        if told > 0 {
            return Ok(());
        }
        Err(InventoryError::Nothing { path: folder.to_owned(), passed_over })
    }

    fn file(&mut self, path: &Path) -> Result<(), Flaw> {
        let text = text::text_of(files::bytes_of(path)?)?;
        let read = Listings::of(&text)?;
        self.remarks.extend(read.remarks().into_iter().map(|remark| (path.to_owned(), remark)));
        self.inventory.merge(read.into_inventory());
        Ok(())
    }

    /// Number of files that may have told more of IAM and could not be read.
    pub fn lost(&self) -> usize {
        self.passed_over.iter().filter(|(_, flaw)| flaw.is_loss()).count()
    }
}
