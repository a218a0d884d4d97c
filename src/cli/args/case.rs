//! The flag that writes a case.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct CaseArgs {
    /// Also write everything that another examiner needs to DIR, which must be new or empty: the answer in all forms, coverage, faults,
    /// settings and the files they name, every object read with its SHA-256, and a manifest in BagIt form, which sha256sum -c checks
    #[arg(long, value_name = "DIR")]
    pub(crate) case: Option<PathBuf>,
}
