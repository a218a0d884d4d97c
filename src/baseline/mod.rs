//! The waist of the program: everything remembered about who did what.
//!
//! The modules before it know nothing of questions; those after it nothing of files, gzip or JSON. A [`Builder`] takes
//! sightings under the numbers of one observer; [`Baseline::merge`] joins the baselines of several. Its size grows with
//! the number of behaviours, not with the number of events; only events that rules matched may all be kept ([`HitRetention`]).

mod activity;
mod builder;
mod derived_values;
mod dimension_value;
mod hit;
mod hit_collector;
mod hit_counts;
mod identity_resolution;
mod inventory;
mod logging;
mod merge;
mod received;
mod recent_traits;
mod sighting;
mod single_event;
mod value_collector;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Inventory, ObservedPrincipal, RuleMetadata, Sighting, Text};
use crate::observe::IdentityLinks;
use crate::time::Timestamp;

pub use activity::{ActiveDay, Days};
pub use builder::{Builder, Built, RowId};
pub use dimension_value::{DimensionValue, ValueSighting};
pub use hit::{Hit, HitFilter, HitRetention, Relevance, Values};
pub use hit_counts::{CountedHits, HitGroup};
pub use identity_resolution::{IdentityResolver, may_be_resolved};
pub use logging::{LOGGING_CHANGES_KEPT, LoggingChange, LoggingChanges};
pub use merge::Merged;
pub use received::{ReceivedRequest, ReceivedRequests};
pub use sighting::{Moment, SightingPlace, SightingRef};
pub use single_event::SingleEvent;

/// Everything remembered: principals, actions and behaviours, in an order that does not depend on how they were found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// Sorted by account and key.
    pub principals: Vec<ObservedPrincipal>,
    /// `eventSource:eventName`, sorted.
    pub actions: Vec<Text>,
    /// Sorted by principal and action.
    pub behaviours: Vec<Behaviour>,
    /// Values that principals had in other dimensions than the action, sorted by principal, dimension and value. Empty unless
    /// dimensions were learnt. Those of derived dimensions are added by [`Baseline::derive_values`].
    pub values: Vec<DimensionValue>,
    /// Requests to clusters of which only the first stage is known so far; [`Baseline::resolved`] makes behaviours of them.
    pub received: ReceivedRequests,
    /// By account and key: the earliest creation of a role or user that the archive records; also by its unique id, if a record says it.
    pub creations: BTreeMap<(Text, Text), Timestamp>,
    /// Proofs of whom a bare unique id names; see [`Baseline::resolved`].
    pub identity_links: IdentityLinks,
    /// Events of CloudTrail Insights, sorted by caller and time.
    pub insights: Vec<SingleEvent>,
    /// The hours in which a root user acted, each with its first record; sorted by account.
    pub root: Vec<SingleEvent>,
    /// Calls that changed what is logged.
    pub logging: LoggingChanges,
    /// The rules that events were matched against, sorted by name and id.
    pub rules: Vec<Arc<RuleMetadata>>,
    /// Events that matched a rule, sorted by rule, principal and time; each event once for each rule. All of them, unless some
    /// were only [counted](Self::counted_hits).
    pub hits: Vec<Hit>,
    /// Events that matched a rule, counted by rule and principal, including those in [`Self::hits`]; empty unless
    /// [`HitRetention::FirstAndCount`] was set.
    pub counted_hits: CountedHits,
    /// The IAM inventory, if one was given.
    pub inventory: Inventory,
}

impl Baseline {
    /// The number of a principal, if it is in the baseline.
    pub fn principal_number(&self, who: &ObservedPrincipal) -> Option<u32> {
        self.find_principal(who.account_and_key())
    }

    /// The number of the principal with this account and key, if it is in the baseline.
    pub fn find_principal(&self, account_and_key: (&str, &str)) -> Option<u32> {
        let place = |known: &ObservedPrincipal| known.account_and_key().cmp(&account_and_key);
        self.principals.binary_search_by(place).ok().map(|number| number as u32)
    }

    /// Every sighting that is kept: of behaviours, values, insights, root users, changes of logging and rule matches.
    /// Some are in it more than once.
    pub fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        let of_behaviours = self
            .behaviours
            .iter()
            .flat_map(|behaviour| [Some(&behaviour.first), behaviour.first_success.as_ref()]);
        let of_values = self
            .values
            .iter()
            .flat_map(|value| [Some(&value.first), value.first_success.as_ref()])
            .flatten()
            .map(|value| &*value.sighting);
        let of_logging = self.logging.kept.iter().map(|change| &change.event);
        let of_events = self.insights.iter().chain(&self.root).chain(of_logging).map(|event| &event.sighting);
        let of_requests = self.received.values().map(|request| &request.event.sighting);
        let of_hits = self.hits.iter().map(|hit| &*hit.sighting);
        of_behaviours
            .flatten()
            .map(|sighting| &**sighting)
            .chain(of_values)
            .chain(of_events)
            .chain(of_requests)
            .chain(of_hits)
    }

    /// The hits of a rule.
    pub fn hits_of(&self, rule: u32) -> &[Hit] {
        let start = self.hits.partition_point(|hit| hit.rule < rule);
        let end = self.hits.partition_point(|hit| hit.rule <= rule);
        &self.hits[start..end]
    }

    /// Whether the rule of a hit reports its matches.
    pub fn is_reported(&self, hit: &Hit) -> bool {
        self.rules[hit.rule as usize].reports
    }

    /// The behaviours of a principal, by its number.
    pub fn behaviours_of(&self, principal: u32) -> &[Behaviour] {
        let start = self.behaviours.partition_point(|behaviour| behaviour.principal < principal);
        let end = self.behaviours.partition_point(|behaviour| behaviour.principal <= principal);
        &self.behaviours[start..end]
    }
}

/// One principal doing one action.
#[derive(Clone, Debug, PartialEq)]
pub struct Behaviour {
    /// Index in [`Baseline::principals`].
    pub principal: u32,
    /// Index in [`Baseline::actions`].
    pub action: u32,
    /// The first sighting, successful or not.
    pub first: Arc<Sighting>,
    /// The first successful sighting.
    pub first_success: Option<Arc<Sighting>>,
    /// Time of the last sighting.
    pub last: Timestamp,
    /// The days on which it occurred, with their hours; sorted by day.
    pub days: Days,
}

impl Behaviour {
    /// Number of sightings, without copies.
    pub fn count(&self) -> u64 {
        self.days.iter().map(|day| day.count).sum()
    }

    /// Number of failed calls among them.
    pub fn errors(&self) -> u64 {
        self.days.iter().map(|day| day.errors).sum()
    }

    /// The first sighting; with `only_success` the first success.
    pub fn beginning(&self, only_success: bool) -> Option<&Sighting> {
        if only_success { self.first_success.as_deref() } else { Some(&*self.first) }
    }
}
