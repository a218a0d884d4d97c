//! The settings of a run of `events`, published so the run can be repeated.

use serde::Serialize;

use crate::events::EventFilter;
use crate::query::Pattern;
use crate::report::{FilterSettings, UsedInventory};

/// The published settings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventSettings {
    /// `--principal-key`
    pub principal_key: String,
    /// `--k8s-cluster`
    pub k8s_cluster: Option<String>,
    /// `--k8s-namespace-in-key`
    pub k8s_namespace_in_key: bool,
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
    /// The filter of events.
    #[serde(flatten)]
    pub filter: EventFilterSettings,
    /// `--max-object-size`, in bytes
    pub max_object_size: u64,
    /// The IAM inventory, if any.
    pub iam_inventory: Option<UsedInventory>,
}

/// A filter of events, as published with the settings of a run. Lists include the lines of their files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventFilterSettings {
    /// The filters that findings have, too.
    #[serde(flatten)]
    pub base: FilterSettings,
    /// `--ip`
    pub ip: Vec<String>,
    /// `--access-key`
    pub access_key: Vec<String>,
    /// `--session`
    pub session: Vec<String>,
    /// `--user-agent`
    pub user_agent: Vec<String>,
    /// `--error`
    pub error: Vec<String>,
    /// `--event-id`
    pub event_id: Vec<String>,
    /// `--resource`
    pub resource: Vec<String>,
    /// `--text`
    pub text: Vec<String>,
}

impl EventFilterSettings {
    /// Converts a filter to its published form.
    pub fn new(filter: &EventFilter) -> Self {
        let texts = |patterns: &[Pattern]| {
            patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect::<Vec<_>>()
        };
        Self {
            base: FilterSettings::new(&filter.base),
            ip: filter.addresses.iter().map(ToString::to_string).collect(),
            access_key: texts(&filter.access_keys),
            session: texts(&filter.sessions),
            user_agent: texts(&filter.user_agents),
            error: texts(&filter.errors),
            event_id: texts(&filter.event_ids),
            resource: texts(&filter.resources),
            text: filter.texts.clone(),
        }
    }
}
