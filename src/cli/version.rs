//! What `--version` says: which program this is, and which forms it writes.

use std::sync::LazyLock;

use firstseen::report::FORMAT_VERSION;
use firstseen::store::STORE_VERSION;

/// The commit that the program was built from; none if it was not built in a checkout.
const COMMIT: Option<&str> = option_env!("FIRSTSEEN_COMMIT");

/// The optional parts, and whether they were built.
const FEATURES: [(&str, bool); 2] =
    [("libdeflate", cfg!(feature = "libdeflate")), ("s3", cfg!(feature = "s3"))];

/// The version, what was built, and the numbers of docs/versions.md.
pub(super) static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let features: Vec<&str> = FEATURES.iter().filter(|(_, built)| *built).map(|(name, _)| *name).collect();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    let version = env!("CARGO_PKG_VERSION");
    let commit = COMMIT.map_or(String::new(), |commit| format!("\ncommit: {commit}"));
    format!(
        "{version}{commit}\nfeatures: {features}\nformat of saved baselines: {STORE_VERSION}\n\
         format of published fields: {FORMAT_VERSION}"
    )
});
