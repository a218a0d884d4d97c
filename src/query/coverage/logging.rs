//! When logging was stopped or narrowed, from the calls that did it.

use std::collections::BTreeMap;

use super::CoverageQuestion;
use super::place::last_delivery;
use crate::baseline::LoggingChange;
use crate::coverage::{Coverage, Delivery};
use crate::model::{Arn, LoggingEffect, ObservedPrincipal, Sighting, last_part};
use crate::names::named;
use crate::time::{Span, Timestamp};

named! {
    /// What is missing during a span.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum LoggingSpanKind {
        /// Nothing was logged.
        Stopped = "stopped",
        /// Some events were not logged, see the detail of the call.
        Narrowed = "narrowed",
    }
}

/// The trail, event data store or cluster that a call was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoggingTarget<'a> {
    /// Its account: that of its ARN, else that of the caller.
    pub account: &'a str,
    /// Its Region: that of its ARN, else that of the call.
    pub region: &'a str,
    /// Its name, or the id of an event data store; of the audit log of a cluster `eks/` and its name. None if the record does not
    /// say; such calls are taken to be about one log.
    pub name: Option<&'a str>,
}

/// A call that changed what is logged, or tried to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeOfLogging<'a> {
    /// Who called.
    pub who: &'a ObservedPrincipal,
    /// `eventSource:eventName`
    pub action: &'a str,
    /// The evidence; its detail says what is left out.
    pub sighting: &'a Sighting,
    /// The log.
    pub target: LoggingTarget<'a>,
    /// What the call did, or would have done.
    pub effect: LoggingEffect,
    /// Number of records of the call: copies are counted.
    pub records: u64,
}

/// A time in which logging was stopped or narrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoggingSpan<'a> {
    /// What is missing.
    pub kind: LoggingSpanKind,
    /// The log.
    pub target: LoggingTarget<'a>,
    /// The call that began it.
    pub start: ChangeOfLogging<'a>,
    /// The call that ended it; none if the archive has none.
    pub end: Option<ChangeOfLogging<'a>>,
    /// Of a log that was stopped and not started: the last delivery for its account and Region, if that is later. So another log delivers
    /// there, or the call that started it is missing. None for an event data store, which delivers no objects.
    pub delivered_until: Option<Delivery>,
}

impl<'a> LoggingTarget<'a> {
    /// What a call was about. The name and the ARN of a trail mean the same.
    fn of(change: &'a LoggingChange) -> Self {
        let name = change.target.as_deref();
        match name.and_then(Arn::parse) {
            Some(arn) => {
                Self { account: arn.account, region: arn.region, name: Some(last_part(arn.resource)) }
            }
            None => Self {
                account: &change.event.who.account,
                region: change.event.sighting.region().unwrap_or_default(),
                name,
            },
        }
    }

    /// Whether it is the audit log of a cluster.
    pub fn is_of_cluster(&self) -> bool {
        self.name.is_some_and(|name| name.starts_with(CLUSTER))
    }

    /// The Region under which its deliveries are counted: that of the audit log of a cluster is its name.
    fn place_region(&self) -> &'a str {
        self.name.filter(|_| self.is_of_cluster()).unwrap_or(self.region)
    }
}

/// How the names of audit logs of clusters begin.
const CLUSTER: &str = "eks/";

impl<'a> ChangeOfLogging<'a> {
    fn new(change: &'a LoggingChange) -> Self {
        let LoggingChange { event, effect, records, .. } = change;
        let (who, action, sighting) = (&event.who, &*event.action, &event.sighting);
        Self { who, action, sighting, target: LoggingTarget::of(change), effect: *effect, records: *records }
    }
}

impl LoggingSpan<'_> {
    /// When it began.
    pub fn from(&self) -> Timestamp {
        self.start.sighting.time
    }

    /// When it ended.
    pub fn to(&self) -> Option<Timestamp> {
        self.end.map(|end| end.sighting.time)
    }
}

/// The calls in the reported period, successful or not, by time.
pub(super) fn reported_changes<'a>(
    changes: &'a [LoggingChange],
    question: &CoverageQuestion,
) -> Vec<ChangeOfLogging<'a>> {
    let is_wanted = |change: &ChangeOfLogging<'_>| {
        let ChangeOfLogging { target, sighting: Sighting { time, .. }, .. } = *change;
        question.is_wanted(target.account, target.place_region()) && question.overlaps(*time, *time)
    };
    changes.iter().map(ChangeOfLogging::new).filter(is_wanted).collect()
}

/// The spans that overlap the reported period, by their start. Failed calls begin and end none.
pub(super) fn reported_spans<'a>(
    changes: &'a [LoggingChange],
    coverage: &Coverage,
    question: &CoverageQuestion,
) -> Vec<LoggingSpan<'a>> {
    let mut logs: BTreeMap<LoggingTarget<'a>, LogState<'a>> = BTreeMap::new();
    for change in changes.iter().map(ChangeOfLogging::new).filter(|change| !change.sighting.failed) {
        logs.entry(change.target).or_default().apply(change);
    }
    let mut spans: Vec<LoggingSpan<'a>> =
        logs.into_iter().flat_map(|(target, log)| log.finish(target)).collect();
    spans.retain(|span| {
        let to = span.to().unwrap_or(Timestamp::from_micros(i64::MAX));
        question.is_wanted(span.target.account, span.target.place_region())
            && question.overlaps(span.from(), to)
    });
    let is_open = |span: &&mut LoggingSpan<'_>| {
        span.kind == LoggingSpanKind::Stopped && span.end.is_none() && !is_of_data_store(span.start)
    };
    for span in spans.iter_mut().filter(is_open) {
        span.delivered_until = delivered_after(coverage, span.target, span.from());
    }
    spans.sort_by_key(|span| (span.from(), span.target, span.kind));
    spans
}

/// Whether a call is about an event data store, which delivers no objects.
fn is_of_data_store(change: ChangeOfLogging<'_>) -> bool {
    change.action.contains("EventDataStore")
}

/// The last delivery for the account and Region of a log, if it is more than an hour after a time, so that it holds later events.
fn delivered_after(coverage: &Coverage, target: LoggingTarget<'_>, time: Timestamp) -> Option<Delivery> {
    let place = coverage.places.get(&(target.account.to_owned(), target.place_region().to_owned()))?;
    let last = last_delivery(place.days.iter().rfind(|day| day.objects > 0)?);
    // The earliest time that it may have.
    let delivered = last.hour.map_or(last.day.start(), |hour| last.day.hour(hour));
    (delivered > time.plus(Span::hours(1))).then_some(last)
}

/// The state of one log after some calls.
#[derive(Default)]
struct LogState<'a> {
    stopped: Option<ChangeOfLogging<'a>>,
    /// By action: what one narrowed, only the same one widens.
    narrowed: BTreeMap<&'a str, ChangeOfLogging<'a>>,
    /// Kind, start and end.
    done: Vec<(LoggingSpanKind, ChangeOfLogging<'a>, Option<ChangeOfLogging<'a>>)>,
}

impl<'a> LogState<'a> {
    fn apply(&mut self, change: ChangeOfLogging<'a>) {
        let action = change.action;
        match change.effect {
            LoggingEffect::Stopped => {
                self.stopped.get_or_insert(change);
            }
            LoggingEffect::Deleted => {
                self.stopped.get_or_insert(change);
                let narrowed = std::mem::take(&mut self.narrowed);
                self.done.extend(
                    narrowed.into_values().map(|start| (LoggingSpanKind::Narrowed, start, Some(change))),
                );
            }
            LoggingEffect::Started => {
                let start = self.stopped.take();
                self.done.extend(start.map(|start| (LoggingSpanKind::Stopped, start, Some(change))));
            }
            LoggingEffect::Narrowed => {
                let known = self.narrowed.get(action).map(|before| before.sighting.detail());
                if known != Some(change.sighting.detail()) {
                    let before = self.narrowed.insert(action, change);
                    self.done.extend(before.map(|start| (LoggingSpanKind::Narrowed, start, Some(change))));
                }
            }
            LoggingEffect::Widened => {
                let start = self.narrowed.remove(action);
                self.done.extend(start.map(|start| (LoggingSpanKind::Narrowed, start, Some(change))));
            }
            // A trail that was created logs nothing before it is started.
            LoggingEffect::Created | LoggingEffect::Changed => {}
        }
    }

    fn finish(self, target: LoggingTarget<'a>) -> impl Iterator<Item = LoggingSpan<'a>> {
        let stopped = self.stopped.into_iter().map(|start| (LoggingSpanKind::Stopped, start, None));
        let narrowed = self.narrowed.into_values().map(|start| (LoggingSpanKind::Narrowed, start, None));
        let all = self.done.into_iter().chain(stopped).chain(narrowed);
        all.map(move |(kind, start, end)| LoggingSpan { kind, target, start, end, delivered_until: None })
    }
}
