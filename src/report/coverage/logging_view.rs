//! Changes of logging under their published names.

use serde::Serialize;

use super::place_view::shown;
use crate::model::Sighting;
use crate::query::{ChangeOfLogging, LoggingSpan, LoggingTarget};
use crate::report::row::{named, outcome};

/// A call that changed what is logged, or tried to.
#[derive(Serialize)]
pub(super) struct LoggingChangeView<'a> {
    time: String,
    effect: &'static str,
    #[serde(flatten)]
    target: TargetView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    action: &'a str,
    outcome: &'static str,
    #[serde(flatten)]
    caller: CallerView<'a>,
    records: u64,
}

/// A time in which logging was stopped or narrowed.
#[derive(Serialize)]
pub(super) struct LoggingSpanView<'a> {
    kind: &'static str,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_until: Option<String>,
    #[serde(flatten)]
    target: TargetView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    start: CallView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<CallView<'a>>,
}

/// What a call was about.
#[derive(Serialize)]
struct TargetView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_region: Option<&'a str>,
}

/// The call that began or ended a span.
#[derive(Serialize)]
struct CallView<'a> {
    action: &'a str,
    #[serde(flatten)]
    caller: CallerView<'a>,
}

/// Who called, and the evidence, under the names of findings.
#[derive(Serialize)]
struct CallerView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    principal_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    archive: u32,
    object: &'a str,
    record: u32,
}

impl<'a> LoggingChangeView<'a> {
    pub(super) fn new(change: &ChangeOfLogging<'a>) -> Self {
        let sighting = change.sighting;
        Self {
            time: sighting.time.to_string(),
            effect: change.effect.name(),
            target: TargetView::new(change.target),
            detail: sighting.detail(),
            action: change.action,
            outcome: outcome(sighting.failed),
            caller: CallerView::new(change),
            records: change.records,
        }
    }
}

impl<'a> LoggingSpanView<'a> {
    pub(super) fn new(span: &LoggingSpan<'a>) -> Self {
        Self {
            kind: span.kind.name(),
            from: span.from().to_string(),
            to: span.to().map(|to| to.to_string()),
            delivered_until: span.delivered_until.map(shown),
            target: TargetView::new(span.target),
            detail: span.start.sighting.detail(),
            start: CallView::new(&span.start),
            end: span.end.as_ref().map(CallView::new),
        }
    }
}

impl<'a> TargetView<'a> {
    fn new(LoggingTarget { account, region, name }: LoggingTarget<'a>) -> Self {
        let target_region = Some(region).filter(|region| !region.is_empty());
        Self { target: name, target_account: named(account), target_region }
    }
}

impl<'a> CallView<'a> {
    fn new(change: &ChangeOfLogging<'a>) -> Self {
        Self { action: change.action, caller: CallerView::new(change) }
    }
}

impl<'a> CallerView<'a> {
    fn new(change: &ChangeOfLogging<'a>) -> Self {
        let ChangeOfLogging { who, sighting, .. } = *change;
        let text = |of: fn(&'a Sighting) -> Option<&'a str>| of(sighting);
        Self {
            account: named(&who.account),
            principal: named(&who.key),
            principal_kind: who.kind.name(),
            region: text(Sighting::region),
            source_ip: text(Sighting::source_ip),
            user_agent: text(Sighting::user_agent),
            access_key_id: text(Sighting::access_key_id),
            session_name: text(Sighting::session_name),
            error_code: text(Sighting::error_code),
            event_id: Some(sighting.event_id.text().into_owned()).filter(|id| !id.is_empty()),
            archive: sighting.archive,
            object: &sighting.object,
            record: sighting.record,
        }
    }
}
