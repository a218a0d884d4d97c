//! Objects of a listing as plain data, from which they are made again where they are read.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::log_object::{Location, Md5Sum};
use super::{Archives, LogObject, ObjectKey, Root};
use crate::coverage::FaultKind;
use crate::model::Text;

/// A listed object as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribedObject {
    /// Which of the archives, counted from 1.
    pub archive: u32,
    /// Path below the archive's root.
    pub path: String,
    /// Bytes as stored; 0 if unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub size: u64,
    /// MD5 of the content, in hexadecimal digits, if the listing of a bucket gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// The published name of the fault if it has to be restored before it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(size: &u64) -> bool {
    *size == 0
}

impl LogObject {
    /// Describes it; `size` is its bytes as stored, if they matter.
    pub fn describe(&self, size: u64) -> DescribedObject {
        let (md5, archived) = match &self.kept {
            Location::Remote { md5, archived, .. } => (md5.as_ref().map(hex), *archived),
            Location::File { .. } | Location::OddFile(_) => (None, None),
        };
        DescribedObject {
            archive: self.archive,
            path: self.path.to_string(),
            size,
            md5,
            archived: archived.map(|kind| kind.name().to_owned()),
        }
    }
}

impl Archives {
    /// Makes an object from its description; reading it shows whether it is still there. None if there is no such archive, or the path
    /// leaves it.
    pub fn described(&self, described: &DescribedObject) -> Option<LogObject> {
        let path = &*described.path;
        let root = self.root_of(described.archive).ok()?;
        let kept = match root {
            Root::Local(root) => {
                let leaves = |part| !matches!(part, Component::Normal(_) | Component::CurDir);
                if Path::new(path).components().any(leaves) && !root.folder.as_os_str().is_empty() {
                    return None;
                }
                match root.location(path) {
                    None | Some(Location::File { .. }) => Location::File { planned: described.size },
                    Some(odd) => odd,
                }
            }
            Root::Stdin | Root::Missing(_) => return None,
            Root::S3(_) => Location::Remote {
                size: described.size,
                etag: None,
                md5: described.md5.as_deref().and_then(from_hex),
                archived: described.archived.as_deref().and_then(FaultKind::from_name),
                is_mirrored: false,
            },
        };
        let above = root.above();
        let delivered = ObjectKey::parse_below(above.as_deref(), path).delivered;
        Some(LogObject { archive: described.archive, path: Text::from(path), delivered, above, kept })
    }
}

fn hex(md5: &Md5Sum) -> String {
    md5.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Md5Sum> {
    let digits = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
    Some(digits.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_sums_survive() {
        let md5: Md5Sum = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 254, 255];
        assert_eq!(from_hex(&hex(&md5)), Some(md5));
        assert_eq!(from_hex("00"), None);
        assert_eq!(from_hex(&"x".repeat(32)), None);
    }
}
