//! Finds one object by its name, without listing the others.

use std::borrow::Cow;
use std::path::{Component, Path};
use std::sync::Arc;

use super::local;
use super::log_object::Location;
use super::{Archives, LogObject, ObjectKey, ReadError, Root, name_bytes, unescaped};
use crate::coverage::FaultKind;
use crate::model::Text;

impl Archives {
    /// The object of an archive that has this path now; `None` if there is none. Its content may have changed.
    ///
    /// # Errors
    /// If the archive cannot be accessed, or is standard input, which can be read only once.
    pub fn find(&self, archive: u32, path: &str) -> Result<Option<LogObject>, ReadError> {
        match self.root_of(archive)? {
            Root::Local(root) => Ok(root.location(path).map(|kept| LogObject {
                archive,
                path: Text::from(path),
                delivered: ObjectKey::parse_below(root.above().as_deref(), path).delivered,
                above: root.above(),
                kept,
            })),
            Root::Stdin => Err(ReadError {
                kind: FaultKind::Read,
                detail: "standard input can be read only once".to_owned(),
            }),
            Root::S3(bucket) => bucket.find(archive, path),
            Root::Missing(error) => Err(error.into()),
        }
    }
}

impl Archives {
    /// The name of an object as it is stored. Its path shows bytes that are not UTF-8 as `\xFF`, but a name may have such a text itself: which of
    /// both it is, the file says, if it is there.
    pub fn stored_name<'p>(&self, archive: u32, path: &'p str) -> Cow<'p, [u8]> {
        match self.root_of(archive) {
            Ok(Root::Local(root)) => match root.location(path) {
                Some(Location::OddFile(odd)) => Cow::Owned(odd.as_os_str().as_encoded_bytes().to_vec()),
                Some(_) => Cow::Borrowed(path.as_bytes()),
                None => name_bytes(path),
            },
            Ok(Root::S3(_) | Root::Stdin) => Cow::Borrowed(path.as_bytes()),
            Ok(Root::Missing(_)) | Err(_) => name_bytes(path),
        }
    }
}

impl local::Root {
    /// How the file with this path below the root is represented, if it exists.
    pub(super) fn location(&self, path: &str) -> Option<Location> {
        let plain = Path::new(path);
        if self.has(plain) {
            return Some(Location::File { planned: 0 });
        }
        let odd = unescaped(path).filter(|odd| self.has(odd))?;
        Some(Location::OddFile(Arc::from(odd)))
    }

    /// Whether a path is that of a file of the archive, and does not leave it.
    fn has(&self, path: &Path) -> bool {
        let leads_up = path.components().any(|part| part == Component::ParentDir);
        let leads_away = path.is_absolute() && !self.folder.as_os_str().is_empty();
        let file = self.folder.join(path);
        let is_of_archive =
            !leads_up && !leads_away && self.starts.iter().any(|start| file.starts_with(start));
        is_of_archive && file.is_file()
    }
}
