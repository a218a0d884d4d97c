//! Names of temporary files beside a baseline that is written or replaced.

use std::path::{Path, PathBuf};

/// `.firstseen-NAME.<end>` in the folder of NAME.
pub(super) fn hidden_path(path: &Path, end: &str) -> PathBuf {
    let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    path.with_file_name(format!(".firstseen-{name}.{end}"))
}
