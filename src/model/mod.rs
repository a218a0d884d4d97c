//! Plain data that all modules share: principals, ARNs, evidence, metadata of rules, IAM inventories. No logic of any module.

mod address_range;
mod agent;
mod arn;
mod correlation;
mod dimension;
mod event_id;
mod evidence;
mod iam;
mod inventory;
mod location;
mod logging;
mod order;
mod partition;
mod principal;
mod printed;
mod rule;
mod text;

pub use address_range::{AddressRange, AddressRangeError};
pub use arn::{
    Arn, cluster_of_key, identity_in_cluster, is_account_id, is_of_cluster, is_service_account, last_part,
    service_account, service_account_parts, without_cluster,
};
pub use correlation::{BaseRule, Correlation, CorrelationKind, CountOperator};
pub use dimension::{Dimension, Dimensions, Traits, is_temporary_key};
pub use event_id::{EventId, EventIdRef};
pub use evidence::{Evidence, EvidenceTexts, Sighting, SightingTexts, Stage};
pub use iam::{IamIdentity, IamKind, is_unique_id, sso_name};
pub use inventory::Inventory;
pub use location::Location;
pub use logging::LoggingEffect;
pub use order::InOrder;
pub use partition::{global_region, partition_of};
pub use principal::{LogSource, ObservedPrincipal, PrincipalKey, PrincipalKind};
pub use printed::{before_printing, with_escapes_as, without_escapes};
pub use rule::{Language, OutputPart, Priority, RuleMetadata};
pub use text::{SharedTexts, Text};
