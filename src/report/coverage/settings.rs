//! The settings of a question about coverage, published so the run can be repeated.

use serde::Serialize;

/// The published settings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CoverageSettings {
    /// `--from`, as the first instant of the window
    pub from: Option<String>,
    /// `--to`, as the last instant of the window
    pub to: Option<String>,
    /// `--account`
    pub account: Vec<String>,
    /// `--region`
    pub region: Vec<String>,
    /// `--principal-key`
    pub principal_key: String,
    /// `--read-from`, as the first instant learnt from
    pub read_from: Option<String>,
    /// `--read-to`, as the last instant learnt from
    pub read_to: Option<String>,
    /// `--delivery-slack`
    pub delivery_slack: String,
    /// `--max-object-size`, in bytes
    pub max_object_size: u64,
}
