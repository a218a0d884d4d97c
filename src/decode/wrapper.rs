//! What other carriers wrap around records: API answers, subscriptions, event buses, search engines.
//!
//! Knows the names of their fields and nothing of records. Sources: CloudTrail API Reference (`LookupEvents`), CloudWatch Logs
//! User Guide ("Subscription filters", "Exporting log data to Amazon S3") and API Reference (`FilterLogEvents`), Lambda
//! Developer Guide (`awslogs.data`, `kinesis.data`), EventBridge
//! ("Events from AWS services via CloudTrail"), Elastic Common Schema (`event.original`, `message`), Splunk's export (`result`,
//! `_raw`), Logstash (`@timestamp`), `audit.k8s.io/v1` (`EventList`), Logs Insights (`results` of `value`s),
//! Filebeat (`kubernetes.audit`), Azure (`records`, `properties.log`); `data` is what collectors call what they collect, `log` what
//! those of containers do.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::walk;
use crate::coverage::ObjectSkip;
use crate::event::Record;

/// Where records may be in a wrapper; each has the position of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// A list of records.
    Records(usize),
    /// A list of records or wrappers.
    List(usize),
    /// A record or a wrapper.
    Object(usize),
    /// The JSON text of any of these, in a JSON string.
    Text(usize),
    /// The same in base64, mostly inflated: what Lambda and Kinesis hand over.
    Base64(usize),
}

/// What an object that is no record of CloudTrail holds.
#[derive(Debug)]
pub(super) struct Inside {
    /// Whether it is a Kubernetes audit event.
    pub(super) is_audit_event: bool,
    /// Who handed it over, if it says so.
    pub(super) carrier: Option<Carrier>,
    /// In the order in which they are to be tried; that of the object for lists of records.
    pub(super) inner: Vec<Inner>,
    /// What the object is if there are no records in it.
    pub(super) kind: ObjectSkip,
}

/// Who handed records over: the account and the log group of a CloudWatch Logs subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// `owner`
    pub account: Box<str>,
    /// `logGroup`
    pub log_group: Box<str>,
}

/// Looks into the object at `at`.
pub(super) fn inside(scope: &str, at: usize) -> Inside {
    let bytes = scope.as_bytes();
    let mut kind = ObjectSkip::OtherJson;
    let (mut is_audit_event, mut owner, mut log_group) = (false, None, None);
    let mut ranked: Vec<(u8, Inner)> = Vec::new();
    let walked = walk::members(scope, at + 1, |key, value| {
        let inner = match (key, bytes.get(value)) {
            ("Records", Some(b'[')) => (0, Inner::Records(value)),
            ("Events" | "events" | "logEvents" | "data" | "items" | "results" | "records", Some(b'[')) => {
                (1, Inner::List(value))
            }
            (
                "detail" | "event" | "_source" | "result" | "data" | "awslogs" | "kinesis" | "kubernetes"
                | "audit" | "properties",
                Some(b'{'),
            ) => (2, Inner::Object(value)),
            ("CloudTrailEvent" | "event.original" | "original" | "_raw", Some(b'"')) => {
                (3, Inner::Text(value))
            }
            ("message" | "@message" | "log" | "value", Some(b'"')) => (4, Inner::Text(value)),
            ("data" | "Data", Some(b'"')) => (5, Inner::Base64(value)),
            (_, first) => {
                match (key, first) {
                    ("auditID", Some(b'"')) => is_audit_event = true,
                    ("owner", Some(b'"')) => owner = Some(value),
                    ("logGroup", Some(b'"')) => log_group = Some(value),
                    _ => kind = kind_of(key).unwrap_or(kind),
                }
                return;
            }
        };
        ranked.push(inner);
    });
    if walked.is_err() {
        ranked.clear();
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    let text = |value: Option<usize>| value.and_then(|value| text_at(scope, value)).map(Box::from);
    let carrier = text(owner).zip(text(log_group));
    Inside {
        is_audit_event,
        carrier: carrier.map(|(account, log_group)| Carrier { account, log_group }),
        inner: ranked.into_iter().map(|(_, inner)| inner).collect(),
        kind,
    }
}

/// What an object with this key is.
fn kind_of(key: &str) -> Option<ObjectSkip> {
    Some(match key {
        "digestS3Object" | "digestStartTime" => ObjectSkip::Digest,
        "hashSignature" => ObjectSkip::LakeResult,
        "configurationItems" | "configSnapshotId" => ObjectSkip::Config,
        "s3ObjectKey" | "TopicArn" | "messageType" => ObjectSkip::Notice,
        _ => return None,
    })
}

/// The content of the JSON string at `at`.
pub(super) fn text_at(scope: &str, at: usize) -> Option<Cow<'_, str>> {
    let end = walk::value_end(scope, at).ok()?;
    let literal = scope.get(at..end)?;
    if literal.contains('\\') {
        return serde_json::from_str(literal).ok().map(Cow::Owned);
    }
    literal.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
}

/// The bytes behind the base64 in the JSON string at `at`.
pub(super) fn bytes_at(scope: &str, at: usize) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text_at(scope, at)?.as_bytes()).ok()
}

/// Gives a record of Logstash its time, which takes `eventTime` away and puts `@timestamp` in its place.
pub(super) fn complete<'a>(record: &mut Record<'a>, scope: &'a str, at: usize) {
    if record.event_time.is_some() {
        return;
    }
    let mut time = None;
    // Whatever surprises the walk leaves the record as it is.
    let _ = walk::members(scope, at + 1, |key, value| {
        if key == "@timestamp" {
            time = Some(value);
        }
    });
    if let Some(Cow::Borrowed(time)) = time.and_then(|value| text_at(scope, value)) {
        record.event_time = Some(time);
    }
}

/// How much of a line is looked through for the value behind its words.
const LONGEST_PREFIX: usize = 400;

/// A line of a log that begins with words, and not with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogLine {
    /// A value begins so many bytes behind the start of the line.
    Value(usize),
    /// Words only.
    Words,
}

/// What a text begins with, if that is a line of a log: a time and words, as CloudWatch Logs exports (`<time> <message>`) and tails
/// (`<time> <stream> <message>`) and container runtimes write them (`<time> stdout F <message>`); `EVENTS` and fields between
/// tabs, as AWS CLI prints them; or a line of klog (`I0102 03:04:05.000000 …`), the logger of Kubernetes.
pub(super) fn log_line(text: &str) -> Option<LogLine> {
    const TIME: &[u8] = b"dddd-dd-dd?dd:dd:dd";
    const KLOG: &[u8] = b"?dddd dd:dd:dd.";
    let fits = |shape: &[u8]| {
        let fit = |(byte, shape): (&u8, &u8)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'?' => byte.is_ascii_alphabetic() || *byte == b' ',
            shape => byte == shape,
        };
        text.len() > shape.len() && text.as_bytes().iter().zip(shape).all(fit)
    };
    if fits(KLOG) {
        return Some(LogLine::Words);
    }
    if !fits(TIME) && !text.starts_with("EVENTS\t") {
        return None;
    }
    let head = &text.as_bytes()[..text.len().min(LONGEST_PREFIX)];
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let begins = |pair: &[u8]| matches!(pair, [b' ' | b'\t', b'{' | b'[']);
    let value = line.windows(2).position(begins).map(|at| at + 1);
    // Words in brackets are no value; a list that is one holds objects.
    let is_value = |at: &usize| line[*at] == b'{' || matches!(line.get(at + 1), Some(b'{' | b']'));
    Some(value.filter(is_value).map_or(LogLine::Words, LogLine::Value))
}
