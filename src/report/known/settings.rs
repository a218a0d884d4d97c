//! What led to an answer about the past, so that it can be repeated.

use serde::Serialize;

use crate::report::{FilterSettings, UsedInventory};

/// The settings of a run, as they are published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KnownSettings {
    /// `--at`, given or the first full second after the last event
    pub at: Option<String>,
    /// `--diff`
    pub diff: Option<String>,
    /// `--forget`
    pub forget: Option<String>,
    /// `--by`; of a timeline only if it was given
    pub by: Option<String>,
    /// `--timeline`
    pub timeline: Option<String>,
    /// `--only-success`
    pub only_success: bool,
    /// `--principal-key`
    pub principal_key: String,
    /// `--k8s-namespace-in-key`
    pub k8s_namespace_in_key: bool,
    /// `--read-from`, as the first instant that was learnt from
    pub read_from: Option<String>,
    /// `--read-to`, as the last instant that was learnt from
    pub read_to: Option<String>,
    /// `--delivery-slack`
    pub delivery_slack: String,
    /// Whose and which behaviours were wanted.
    #[serde(flatten)]
    pub filter: FilterSettings,
    /// `--max-object-size`, in bytes
    pub max_object_size: u64,
    /// What IAM knew, if it was asked.
    pub iam_inventory: Option<UsedInventory>,
}
