//! Settings of learning.

use std::sync::Arc;

use crate::baseline::HitRetention;
use crate::catalog::{AppliedRules, LearningScope};
use crate::model::{Dimensions, PrincipalKey};
use crate::rules::RuleSet;
use crate::scan::{DEFAULT_MAX_OBJECT_SIZE, DEFAULT_MEMORY, ScanSettings};
use crate::source::ReadWindow;
use crate::time::Timestamp;

/// Settings of learning. None of them affect what is reported.
#[derive(Clone, Debug)]
pub struct LearnSettings {
    /// Number of worker threads, at least 1.
    pub threads: usize,
    /// Which objects are opened, and which events are learnt from.
    pub window: ReadWindow,
    /// Which events belong to the same principal.
    pub principal_key: PrincipalKey,
    /// Whether the same action in another Kubernetes namespace is another action.
    pub namespace_in_key: bool,
    /// The Kubernetes cluster of audit events that do not name one.
    pub cluster: Option<String>,
    /// No object is inflated to more than this many bytes.
    pub max_object_size: u64,
    /// Bytes that all threads together may hold for large objects: see [`crate::memory`]. Only decides what waits.
    pub memory: u64,
    /// The rules to match events against.
    pub rules: Option<Arc<RuleSet>>,
    /// Events before this time are not matched against rules.
    pub rules_from: Option<Timestamp>,
    /// What is kept of the events that rules matched.
    pub hits: HitRetention,
    /// The dimensions whose values are kept, besides the action.
    pub dimensions: Dimensions,
}

impl Default for LearnSettings {
    /// One thread, and everything is learnt from.
    fn default() -> Self {
        Self {
            threads: 1,
            window: ReadWindow::default(),
            principal_key: PrincipalKey::default(),
            namespace_in_key: false,
            cluster: None,
            max_object_size: DEFAULT_MAX_OBJECT_SIZE,
            memory: DEFAULT_MEMORY,
            rules: None,
            rules_from: None,
            hits: HitRetention::All,
            dimensions: Dimensions::default(),
        }
    }
}

impl LearnSettings {
    /// Settings that learn like another run. Properties of single objects, such as their cluster, are not included, nor are
    /// its rules.
    pub fn like(learning: &LearningScope, threads: usize) -> Self {
        Self {
            threads,
            window: ReadWindow {
                read_from: learning.read_from,
                read_to: learning.read_to,
                slack: learning.delivery_slack,
            },
            principal_key: learning.principal_key,
            namespace_in_key: learning.namespace_in_key,
            cluster: None,
            max_object_size: learning.max_object_size,
            memory: DEFAULT_MEMORY,
            rules: None,
            rules_from: None,
            hits: HitRetention::All,
            dimensions: learning.dimensions,
        }
    }

    /// The settings that decide how objects are read.
    pub fn scan(&self) -> ScanSettings {
        let Self { threads, window, max_object_size, memory, .. } = *self;
        ScanSettings { threads, window, max_object_size, memory, checksums: false }
    }

    /// The settings that decide what is learnt.
    pub fn scope(&self) -> LearningScope {
        LearningScope {
            principal_key: self.principal_key,
            namespace_in_key: self.namespace_in_key,
            read_from: self.window.read_from,
            read_to: self.window.read_to,
            delivery_slack: self.window.slack,
            max_object_size: self.max_object_size,
            dimensions: self.dimensions,
            rules: self.rules.as_ref().map(|rules| AppliedRules {
                checksum: rules.checksum(),
                left_out: rules.left_out().to_vec(),
            }),
        }
    }
}
