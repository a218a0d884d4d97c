//! Calls that change what is logged: which they are, and what they did.
//!
//! Sources: AWS CloudTrail API Reference, "Actions", "EventSelector" and "AdvancedFieldSelector"; Amazon EKS API Reference,
//! "UpdateClusterConfig". Calls that break a delivery in another service, such as `s3:DeleteBucket` or `s3:PutBucketPolicy`, are not
//! among them: most buckets hold no logs.

use std::collections::BTreeSet;

use crate::model::LoggingEffect;

/// A kind of call that changes what is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggingCall {
    /// Stops a trail or an event data store.
    Stop,
    /// Starts or restores one.
    Start,
    /// Deletes one.
    Delete,
    /// Creates one.
    Create,
    /// Changes settings of one.
    Update,
    /// Sets which events a trail logs.
    PutEventSelectors,
    /// Sets which Insights events are logged.
    PutInsightSelectors,
    /// Changes a cluster, which may switch its audit log.
    UpdateCluster,
}

impl LoggingCall {
    /// The kind of call with this `eventSource` and `eventName`, if it changes what is logged.
    ///
    /// ```
    /// use firstseen::event::LoggingCall;
    ///
    /// assert_eq!(LoggingCall::of("cloudtrail.amazonaws.com", "StopLogging"), Some(LoggingCall::Stop));
    /// assert_eq!(LoggingCall::of("cloudtrail.amazonaws.com", "LookupEvents"), None);
    /// ```
    #[inline]
    pub fn of(source: &str, name: &str) -> Option<Self> {
        match source {
            "cloudtrail.amazonaws.com" => Self::of_cloudtrail(name),
            "eks.amazonaws.com" => (name == "UpdateClusterConfig").then_some(Self::UpdateCluster),
            _ => None,
        }
    }

    fn of_cloudtrail(name: &str) -> Option<Self> {
        Some(match name {
            "StopLogging" | "StopEventDataStoreIngestion" => Self::Stop,
            "StartLogging" | "StartEventDataStoreIngestion" | "RestoreEventDataStore" => Self::Start,
            "DeleteTrail" | "DeleteEventDataStore" => Self::Delete,
            "CreateTrail" | "CreateEventDataStore" => Self::Create,
            "UpdateTrail" | "UpdateEventDataStore" => Self::Update,
            "PutEventSelectors" => Self::PutEventSelectors,
            "PutInsightSelectors" => Self::PutInsightSelectors,
            _ => return None,
        })
    }
}

/// The relevant parameters of such a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggingRequest {
    /// The trail or event data store, by name, id or ARN; the audit log of a cluster is `eks/` and its name.
    pub target: Option<String>,
    /// Settings that are on or off, under their names.
    pub switches: Vec<(&'static str, bool)>,
    /// The bucket to which logs go.
    pub bucket: Option<String>,
    /// The selectors of management events, if event selectors are set at all.
    pub selectors: Option<Vec<ManagementSelector>>,
    /// The number of kinds of Insights, if they are set.
    pub insights: Option<usize>,
    /// Whether the audit log of a cluster is on, if it is set.
    pub audit_log: Option<bool>,
}

/// A selector of management events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagementSelector {
    /// Whether it selects calls that only read.
    pub reads: bool,
    /// Whether it selects other calls.
    pub writes: bool,
    /// The services whose events it leaves out.
    pub excluded: Vec<String>,
    /// Other fields by which it leaves out events.
    pub fields: Vec<String>,
}

impl LoggingRequest {
    /// The switches that are read.
    pub const SWITCHES: [&'static str; 6] = [
        "isMultiRegionTrail",
        "includeGlobalServiceEvents",
        "multiRegionEnabled",
        "isOrganizationTrail",
        "organizationEnabled",
        "enableLogFileValidation",
    ];

    /// Those that leave out events of their own account if they are off. `isOrganizationTrail` is not among them: the console sends
    /// it with every change of a trail, and it is off for most.
    const NARROWING: [&'static str; 3] =
        ["isMultiRegionTrail", "includeGlobalServiceEvents", "multiRegionEnabled"];

    /// What the call did; none if it is not about logs.
    pub fn effect(&self, call: LoggingCall) -> Option<LoggingEffect> {
        use LoggingEffect::{Changed, Created, Deleted, Narrowed, Started, Stopped, Widened};
        let off = |(name, on): &(&str, bool)| !on && Self::NARROWING.contains(name);
        let on = |(name, on): &(&str, bool)| *on && Self::NARROWING.contains(name);
        let limits = self.selectors.as_deref().map(limits);
        Some(match call {
            LoggingCall::Stop => Stopped,
            LoggingCall::Start => Started,
            LoggingCall::Delete => Deleted,
            LoggingCall::Create => Created,
            LoggingCall::UpdateCluster => match self.audit_log? {
                true => Started,
                false => Stopped,
            },
            LoggingCall::PutInsightSelectors => match self.insights {
                None => Changed,
                Some(0) => Narrowed,
                Some(_) => Widened,
            },
            LoggingCall::Update | LoggingCall::PutEventSelectors => match limits {
                Some(limits) if !limits.is_empty() => Narrowed,
                _ if self.switches.iter().any(off) => Narrowed,
                None if !self.switches.iter().any(on) => Changed,
                _ => Widened,
            },
        })
    }

    /// What is left out and which settings were given, in words; empty if there is nothing to say.
    ///
    /// ```
    /// use firstseen::event::{LoggingRequest, ManagementSelector};
    ///
    /// let writes = ManagementSelector { writes: true, ..ManagementSelector::default() };
    /// let request = LoggingRequest { selectors: Some(vec![writes]), ..LoggingRequest::default() };
    /// assert_eq!(request.detail(), "no read-only management events");
    /// ```
    pub fn detail(&self) -> String {
        let mut parts = self.selectors.as_deref().map(limits).unwrap_or_default();
        if self.insights == Some(0) {
            parts.push("no Insights events".to_owned());
        }
        parts.extend(self.switches.iter().map(|(name, on)| format!("{name}={on}")));
        parts.extend(self.bucket.iter().map(|bucket| format!("s3BucketName={bucket}")));
        parts.join("; ")
    }
}

/// Which management events no selector selects, in words.
fn limits(selectors: &[ManagementSelector]) -> Vec<String> {
    let is_whole = |selector: &&ManagementSelector| selector.fields.is_empty();
    let whole: Vec<&ManagementSelector> = selectors.iter().filter(is_whole).collect();
    if whole.is_empty() {
        let mut fields: Vec<&str> =
            selectors.iter().flat_map(|selector| &selector.fields).map(String::as_str).collect();
        fields.sort_unstable();
        fields.dedup();
        return vec![match fields.is_empty() {
            true => "no management events".to_owned(),
            false => format!("management events only by {}", fields.join(", ")),
        }];
    }
    let mut limits = Vec::new();
    if !whole.iter().any(|selector| selector.reads) {
        limits.push("no read-only management events".to_owned());
    }
    if !whole.iter().any(|selector| selector.writes) {
        limits.push("no write management events".to_owned());
    }
    let reads = excluded(&whole, |selector| selector.reads);
    let writes = excluded(&whole, |selector| selector.writes);
    let listed = |sources: Vec<&str>| (!sources.is_empty()).then(|| sources.join(", "));
    let both = listed(reads.intersection(&writes).copied().collect());
    limits.extend(both.map(|sources| format!("no management events of {sources}")));
    let reads_only = listed(reads.difference(&writes).copied().collect());
    limits.extend(reads_only.map(|sources| format!("no read-only management events of {sources}")));
    let writes_only = listed(writes.difference(&reads).copied().collect());
    limits.extend(writes_only.map(|sources| format!("no write management events of {sources}")));
    limits
}

/// The sources that all selectors of a kind of calls exclude.
fn excluded<'s>(
    selectors: &[&'s ManagementSelector],
    is_of_kind: fn(&ManagementSelector) -> bool,
) -> BTreeSet<&'s str> {
    let of_kind = || selectors.iter().filter(|selector| is_of_kind(selector));
    let is_nowhere = |source: &&String| of_kind().all(|selector| selector.excluded.contains(source));
    let first = of_kind().next().map_or(&[][..], |selector| &selector.excluded);
    first.iter().filter(is_nowhere).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selecting(selectors: &[ManagementSelector]) -> LoggingRequest {
        LoggingRequest { selectors: Some(selectors.to_vec()), ..LoggingRequest::default() }
    }

    fn judged(request: &LoggingRequest, call: LoggingCall) -> (&'static str, String) {
        (request.effect(call).unwrap().name(), request.detail())
    }

    #[test]
    fn selectors_narrow_a_trail_by_what_none_of_them_selects() {
        let all = ManagementSelector { reads: true, writes: true, ..ManagementSelector::default() };
        let reads = ManagementSelector { writes: false, ..all.clone() };
        let writes = ManagementSelector { reads: false, ..all.clone() };
        let without = ManagementSelector { excluded: vec!["kms.amazonaws.com".to_owned()], ..all.clone() };
        let some = ManagementSelector { fields: vec!["eventName".to_owned()], ..all.clone() };
        let judged =
            |selectors: &[ManagementSelector]| judged(&selecting(selectors), LoggingCall::PutEventSelectors);
        let narrowed = |detail: &str| ("narrowed", detail.to_owned());
        assert_eq!(judged(&[]), narrowed("no management events"));
        assert_eq!(judged(std::slice::from_ref(&reads)), narrowed("no write management events"));
        assert_eq!(judged(std::slice::from_ref(&writes)), narrowed("no read-only management events"));
        assert_eq!(
            judged(std::slice::from_ref(&without)),
            narrowed("no management events of kms.amazonaws.com")
        );
        assert_eq!(judged(std::slice::from_ref(&some)), narrowed("management events only by eventName"));
        let reads_without = ManagementSelector { writes: false, ..without.clone() };
        let writes_without = ManagementSelector { reads: false, ..without.clone() };
        assert_eq!(
            judged(&[reads_without.clone(), writes.clone()]),
            narrowed("no read-only management events of kms.amazonaws.com")
        );
        assert_eq!(
            judged(&[reads.clone(), writes_without.clone()]),
            narrowed("no write management events of kms.amazonaws.com")
        );
        assert_eq!(
            judged(&[reads_without, writes_without]),
            narrowed("no management events of kms.amazonaws.com")
        );
        for selectors in [&[all.clone()][..], &[reads, writes], &[without, all.clone()], &[some, all]] {
            assert_eq!(judged(selectors), ("widened", String::new()));
        }
    }

    #[test]
    fn settings_of_a_trail_narrow_it_if_they_leave_out_events() {
        let updated = |switches: &[(&'static str, bool)]| {
            let request = LoggingRequest { switches: switches.to_vec(), ..LoggingRequest::default() };
            judged(&request, LoggingCall::Update)
        };
        assert_eq!(
            updated(&[("isMultiRegionTrail", false)]),
            ("narrowed", "isMultiRegionTrail=false".into())
        );
        assert_eq!(updated(&[("isMultiRegionTrail", true)]).0, "widened");
        assert_eq!(updated(&[("isOrganizationTrail", false)]).0, "changed");
        assert_eq!(updated(&[]), ("changed", String::new()));
    }

    #[test]
    fn only_the_audit_log_of_a_cluster_counts() {
        let updated = |audit_log| {
            LoggingRequest { audit_log, ..LoggingRequest::default() }.effect(LoggingCall::UpdateCluster)
        };
        assert_eq!(updated(None), None);
        assert_eq!(updated(Some(false)), Some(LoggingEffect::Stopped));
        assert_eq!(updated(Some(true)), Some(LoggingEffect::Started));
    }
}
