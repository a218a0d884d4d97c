//! The settings of a question about the past, published so the run can be repeated.

use serde::Serialize;

use crate::report::{FilterSettings, UsedInventory};

/// The published settings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KnownSettings {
    /// `--at`, given or the first full second after the last event
    pub at: Option<String>,
    /// `--diff`
    pub diff: Option<String>,
    /// `--forget`
    pub forget: Option<String>,
    /// `--by`; for a timeline only if given
    pub by: Option<String>,
    /// `--timeline`
    pub timeline: Option<String>,
    /// `--only-success`
    pub only_success: bool,
    /// `--principal-key`
    pub principal_key: String,
    /// `--k8s-namespace-in-key`
    pub k8s_namespace_in_key: bool,
    /// `--read-from`, as the first instant learnt from
    pub read_from: Option<String>,
    /// `--read-to`, as the last instant learnt from
    pub read_to: Option<String>,
    /// `--delivery-slack`
    pub delivery_slack: String,
    /// The filter of behaviours.
    #[serde(flatten)]
    pub filter: FilterSettings,
    /// `--max-object-size`, in bytes
    pub max_object_size: u64,
    /// The IAM inventory, if any.
    pub iam_inventory: Option<UsedInventory>,
}
