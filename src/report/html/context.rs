//! What a page shows beside its answer.

use crate::query::{ArchiveOverview, PrincipalActivity, ValueActivity};

/// What only a page shows, beside the answer that it is about.
#[derive(Clone, Debug, Default)]
pub struct PageContext<'a> {
    /// The archives or baselines as words of a command, quoted for a shell.
    pub source: String,
    /// Whether they are baselines, which keep no records.
    pub is_saved: bool,
    /// The whole command, likewise quoted.
    pub command_line: String,
    /// The archive in numbers.
    pub overview: ArchiveOverview,
    /// What the principals of the findings did in all.
    pub principals: Vec<PrincipalActivity<'a>>,
    /// Who had the actions and values of the findings in all.
    pub values: Vec<ValueActivity<'a>>,
}
