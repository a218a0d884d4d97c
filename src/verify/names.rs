//! Names of objects, compared between S3 and a copy of it.

use crate::model::last_part;
use crate::source::{DigestName, ObjectKey};
use crate::time::Timestamp;

/// Extensions that a copy may add, lose or replace.
const PACKINGS: [&str; 4] = [".gz", ".zst", ".bz2", ".xz"];

/// A path without the extensions of compression.
fn plain(mut path: &str) -> &str {
    while let Some(shorter) = PACKINGS.iter().find_map(|end| path.strip_suffix(end)) {
        path = shorter;
    }
    path
}

/// The last part of a path, without the extensions of compression. Names of log files and digests are unique: they have an account, a
/// Region, a time, and a random text or a trail.
pub(super) fn stem(path: &str) -> &str {
    last_part(plain(path))
}

/// What the name of a digest says, however it is compressed.
pub(super) fn digest_name(path: &str) -> Option<DigestName<'_>> {
    DigestName::parse(plain(path))
}

/// What the path of a log file says, however it is compressed.
pub(super) fn log_name(path: &str) -> ObjectKey<'_> {
    ObjectKey::parse(plain(path))
}

/// Account and Region, and the time of delivery, if the path of a log file says all of them.
pub(super) fn log_place(path: &str) -> Option<((&str, &str), Timestamp)> {
    let name = log_name(path);
    name.account.zip(name.region).zip(name.delivered)
}

/// Whether a file of a copy lies where an object with this key would: one path is the end of the other, apart from compression.
pub(super) fn lies_at(path: &str, key: &str) -> bool {
    let folders =
        |path: &str| path.rsplit_once('/').map_or(String::new(), |(folders, _)| format!("/{folders}"));
    let (here, there) = (folders(path), folders(key));
    stem(path) == stem(key) && (here.ends_with(&there) || there.ends_with(&here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_file_does_not_depend_on_the_root_of_the_copy() {
        let key = "p/AWSLogs/1/CloudTrail/a.json.gz";
        for path in ["a.json", "CloudTrail/a.json.gz", "x/p/AWSLogs/1/CloudTrail/a.json.zst"] {
            assert!(lies_at(path, key), "{path}");
        }
        for path in ["b.json", "Trail/a.json.gz", "x/AWSLogs/2/CloudTrail/a.json.gz"] {
            assert!(!lies_at(path, key), "{path}");
        }
    }
}
