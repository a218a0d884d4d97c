//! The settings of a run, published so the run can be repeated.

use serde::Serialize;

use crate::checksum::Checksum;
use crate::model::{IamKind, Inventory};
use crate::query::{Filter, Pattern};

/// The published settings of a run. They do not depend on the machine or the current folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsedSettings {
    /// `--warmup`
    pub warmup: String,
    /// `--forget`
    pub forget: Option<String>,
    /// `--anchor`
    pub anchor: String,
    /// `--principal-key`
    pub principal_key: String,
    /// `--k8s-cluster`
    pub k8s_cluster: Option<String>,
    /// `--k8s-namespace-in-key`
    pub k8s_namespace_in_key: bool,
    /// `--report`
    pub report: Vec<String>,
    /// `--from`, as the first instant of the window
    pub from: Option<String>,
    /// `--to`, as the last instant of the window
    pub to: Option<String>,
    /// `--read-from`, as the first instant learnt from
    pub read_from: Option<String>,
    /// `--read-to`, given or implied by `--to`, as the last instant learnt from
    pub read_to: Option<String>,
    /// `--delivery-slack`
    pub delivery_slack: String,
    /// `--only-success`
    pub only_success: bool,
    /// The filter of findings.
    #[serde(flatten)]
    pub filter: FilterSettings,
    /// `--max-object-size`, in bytes
    pub max_object_size: u64,
    /// The rules applied to events, if any.
    pub rules: Option<UsedRules>,
    /// The IAM inventory, if any.
    pub iam_inventory: Option<UsedInventory>,
    /// The databases of `--geo-db`, in order.
    pub geo_db: Vec<UsedGeoDatabase>,
    /// `--all-matches`
    pub all_matches: bool,
    /// `--min-severity`
    pub min_severity: String,
    /// `--sort`
    pub sort: String,
    /// `--preset`, given or implied by `--netflix-config`; the other settings include its values
    pub preset: Option<String>,
}

/// The IAM inventory (`--iam-inventory`, or saved with a baseline), as published with the settings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsedInventory {
    /// The accounts in the inventory.
    pub accounts: Vec<String>,
    /// Number of users, by ARN and unique id.
    pub users: usize,
    /// Number of roles, by ARN and unique id.
    pub roles: usize,
    /// Checksum of the whole inventory, in order.
    pub sha256: String,
}

impl UsedInventory {
    /// Summarises an inventory; none if it is empty.
    pub fn new(inventory: &Inventory) -> Option<Self> {
        let count = |kind| inventory.identities().filter(|(identity, _)| identity.kind == kind).count();
        let accounts = inventory.accounts();
        (!accounts.is_empty()).then(|| Self {
            accounts: accounts.into_iter().map(String::from).collect(),
            users: count(IamKind::User),
            roles: count(IamKind::Role),
            sha256: Checksum::of(inventory.to_string().as_bytes()).to_string(),
        })
    }
}

/// A geolocation database (`--geo-db`), as published with the settings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsedGeoDatabase {
    /// Its type, from its metadata: `GeoLite2-ASN`.
    #[serde(rename = "type")]
    pub database_type: String,
    /// The UTC day on which it was built, from its metadata.
    pub built: String,
    /// The dimensions of which it has values: `asn`, `country`.
    pub dimensions: Vec<String>,
    /// Checksum of the file.
    pub sha256: String,
}

/// Rules, as published with the settings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsedRules {
    /// Number of rules.
    pub count: usize,
    /// Checksum of the texts of the files and the names of the rules.
    pub sha256: String,
    /// Parts left out, with `--skip-unsupported`.
    pub left_out: Vec<String>,
}

/// A filter, as published with the settings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FilterSettings {
    /// `--only-mutating`
    pub only_mutating: bool,
    /// `--account`
    pub account: Vec<String>,
    /// `--region`
    pub region: Vec<String>,
    /// `--source`
    pub source: Vec<String>,
    /// `--principal-kind`
    pub principal_kind: Vec<String>,
    /// `--principal`
    pub principal: Vec<String>,
    /// `--action`
    pub action: Vec<String>,
    /// `--ignore-action` and the lines of `--ignore-file`
    pub ignore_action: Vec<String>,
}

impl FilterSettings {
    /// Converts a filter to its published form.
    pub fn new(filter: &Filter) -> Self {
        let texts = |patterns: &[Pattern]| {
            patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect::<Vec<_>>()
        };
        Self {
            only_mutating: filter.only_mutating,
            account: filter.accounts.clone(),
            region: filter.regions.clone(),
            source: filter.sources.iter().map(|source| source.name().to_owned()).collect(),
            principal_kind: filter.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
            principal: texts(&filter.principals),
            action: texts(&filter.actions),
            ignore_action: texts(&filter.ignored_actions),
        }
    }
}
