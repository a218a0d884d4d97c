//! Wrappers around records: API responses, subscriptions, event buses, search engines.
//!
//! Knows the field names of these carriers, not the records. Sources: CloudTrail API Reference
//! (`LookupEvents`), CloudWatch Logs User Guide ("Subscription filters", "Exporting log data to Amazon S3")
//! and API Reference (`FilterLogEvents`), Lambda Developer Guide (`awslogs.data`, `kinesis.data`),
//! EventBridge ("Events from AWS services via CloudTrail"), Elastic Common Schema (`event.original`,
//! `message`), Splunk's export (`result`, `_raw`), Logstash (`@timestamp`), `audit.k8s.io/v1` (`EventList`),
//! Logs Insights (`results` of `value`s), Filebeat (`kubernetes.audit`), Azure (`records`, `properties.log`);
//! many collectors use `data`, those of containers `log`.

use std::borrow::Cow;

use std::sync::LazyLock;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;

use super::flattened;
use super::origin::{self, CarrierOrigin};
use super::traces::TraceKind;
use crate::coverage::ObjectSkip;
use crate::decode::record::{audit, walk};
use crate::event::Record;

/// A place in a wrapper that may hold records, with the position of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum RecordLocation {
    /// A list of records.
    Records(usize),
    /// A list of records or wrappers.
    List(usize),
    /// A record or a wrapper.
    Object(usize),
    /// The JSON text of any of these in a JSON string.
    Text(usize),
    /// The same in base64, mostly compressed, as in Lambda and Kinesis.
    Base64(usize),
    /// The same as a list of its bytes, as in the journal of systemd.
    Bytes(usize),
}

/// The contents of an object that is not a CloudTrail record.
#[derive(Debug)]
pub(in crate::decode) struct ObjectContents {
    /// Whether it has an `auditID`, like a Kubernetes audit event.
    pub(super) is_audit_event: bool,
    /// Whether other fields confirm that.
    pub(super) is_audit_event_for_sure: bool,
    /// Whether its user or another part of an audit event is flattened: see [`flattened`].
    pub(super) hides_part: bool,
    /// Whether it is a row of a table whose columns are those of audit events, which can be rebuilt from it.
    pub(super) is_row: bool,
    /// Why it is known not to be an audit event, although it resembles one or should have one.
    pub(super) known_trace: Option<TraceKind>,
    /// The carrier, if the object names it.
    pub(in crate::decode) carrier: Option<CarrierOrigin>,
    /// In the order to try them; lists of records are in the order of the object.
    pub(in crate::decode) inner: Vec<NamedLocation>,
    /// The beginning and end of each value, in the order of the object.
    pub(super) spans: Vec<(usize, usize)>,
    /// Whether other members may hold records.
    pub(super) has_more: bool,
    /// Whether a member has the name of a record field.
    pub(super) is_telling: bool,
    /// The kind of the object if it has no records.
    pub(in crate::decode) kind: ObjectSkip,
    /// The position after it, unless it has no end or is malformed.
    pub(in crate::decode) end: Option<usize>,
}

/// A location and the name of its member.
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct NamedLocation {
    pub(in crate::decode) name: &'static str,
    pub(in crate::decode) inner: RecordLocation,
}

/// Examines the object at `at`.
pub(in crate::decode) fn inspect(scope: &str, at: usize) -> ObjectContents {
    let mut found = ObjectContents {
        is_audit_event: false,
        is_audit_event_for_sure: false,
        hides_part: false,
        is_row: false,
        known_trace: None,
        carrier: None,
        inner: Vec::new(),
        spans: Vec::new(),
        has_more: false,
        is_telling: false,
        kind: ObjectSkip::OtherJson,
        end: None,
    };
    let (mut owner, mut log_group, mut log, mut label) = (None, None, None, None);
    let (mut is_of_audit, mut is_event) = (false, false);
    let (mut is_of_journal, mut lacks_message, mut is_of_rancher, mut is_of_google) =
        (false, false, false, false);
    let mut columns = 0;
    let (mut whole, mut flat) = ([false; audit::PART_COUNT], [false; audit::PART_COUNT]);
    let mut ranked: Vec<(u8, NamedLocation)> = Vec::new();
    let walked = walk::member_spans(scope, at + 1, |key, value| {
        let (start, end) = value;
        let text = || scope[start..end].trim_matches('"');
        if let Some(place) = known_location(key, scope, start) {
            ranked.push(place);
            found.spans.push(value);
            return;
        }
        match key {
            "auditID" => found.is_audit_event = scope[start..].starts_with('"'),
            "owner" => owner = Some(start),
            "logGroup" => log_group = Some(start),
            "@log" => log = Some(start),
            "apiVersion" => is_of_audit = text().starts_with("audit.k8s.io/"),
            "kind" => is_event = text() == "Event",
            "AuditId" | "RequestUri" | "Verb" | "User" => columns += 1,
            "__REALTIME_TIMESTAMP" => is_of_journal = true,
            "MESSAGE" => lacks_message = text() == "null",
            "user" => is_of_rancher |= is_user_of_rancher(&scope[start..end]),
            "responseStatus" => is_of_rancher |= is_status_of_rancher(&scope[start..end]),
            "protopayload_auditlog" | "protoPayload" => {
                is_of_google |= memmem::find(&scope.as_bytes()[start..end], b"\"k8s.io\"").is_some();
            }
            _ => found.kind = foreign_kind(key).unwrap_or(found.kind),
        }
        found.has_more |= may_hold_records(&scope[start..end]);
        found.is_telling |= is_record_key(key);
        let value = &scope[start..end];
        label = CarrierOrigin::better(label.take(), origin::of_member(key, value));
        flattened::whole_part(key, value).into_iter().for_each(|part| whole[part] = true);
        flattened::flattened_part(key, value).into_iter().for_each(|part| flat[part] = true);
    });
    found.end = walked.ok();
    if found.end.is_none() {
        (ranked, found.spans, found.has_more) = (Vec::new(), Vec::new(), true);
    }
    found.hides_part = flat.iter().zip(whole).any(|(is_flat, is_whole)| *is_flat && !is_whole);
    found.is_audit_event_for_sure = found.is_audit_event && (is_of_audit || is_event);
    found.is_row = columns == 4;
    let may_be_of_rancher = found.is_audit_event && !found.is_audit_event_for_sure && ranked.is_empty();
    found.known_trace = match () {
        () if is_of_journal && lacks_message => Some(TraceKind::Journal),
        () if may_be_of_rancher && is_of_rancher => Some(TraceKind::Rancher),
        () if is_of_google => Some(TraceKind::Gke),
        () => None,
    };
    ranked.sort_by_key(|(rank, _)| *rank);
    found.inner = ranked.into_iter().map(|(_, named)| named).collect();
    let text = |value: Option<usize>| string_at(scope, value?);
    let subscription = text(owner).zip(text(log_group));
    found.carrier = subscription
        .map(|(account, log_group)| CarrierOrigin::of_log_group(&account, &log_group))
        .or_else(|| CarrierOrigin::of_insights(&text(log)?))
        .or(label);
    found
}

/// Whether a user is one of Rancher's API: it has a `name` and a `group`, where one of a cluster has a `username` and `groups`.
fn is_user_of_rancher(user: &str) -> bool {
    user.starts_with('{') && user.contains("\"group\"") && !user.contains("\"username\"")
}

/// Whether a result is one of Rancher's API: `"200 OK"`.
fn is_status_of_rancher(status: &str) -> bool {
    let code = status.strip_prefix('"').and_then(|status| status.get(..3));
    code.is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The priority and location of a known member that may hold records.
fn known_location(key: &str, scope: &str, value: usize) -> Option<(u8, NamedLocation)> {
    let list = |name| (1, NamedLocation { name, inner: RecordLocation::List(value) });
    let object = |name| (2, NamedLocation { name, inner: RecordLocation::Object(value) });
    let text = |rank, name| (rank, NamedLocation { name, inner: RecordLocation::Text(value) });
    Some(match (key, scope.as_bytes().get(value)?) {
        ("Records", b'[') => (0, NamedLocation { name: "Records", inner: RecordLocation::Records(value) }),
        ("Events", b'[') => list("Events"),
        ("events", b'[') => list("events"),
        ("logEvents", b'[') => list("logEvents"),
        ("data", b'[') => list("data"),
        ("items", b'[') => list("items"),
        ("results", b'[') => list("results"),
        ("records", b'[') => list("records"),
        ("detail", b'{') => object("detail"),
        ("event", b'{') => object("event"),
        ("_source", b'{') => object("_source"),
        ("result", b'{') => object("result"),
        ("data", b'{') => object("data"),
        ("awslogs", b'{') => object("awslogs"),
        ("kinesis", b'{') => object("kinesis"),
        ("kubernetes", b'{') => object("kubernetes"),
        ("audit", b'{') => object("audit"),
        ("properties", b'{') => object("properties"),
        ("CloudTrailEvent", b'"') => text(3, "CloudTrailEvent"),
        ("event.original", b'"') => text(3, "event.original"),
        ("original", b'"') => text(3, "original"),
        ("_raw", b'"') => text(3, "_raw"),
        ("message", b'"') => text(4, "message"),
        ("@message", b'"') => text(4, "@message"),
        ("log", b'"') => text(4, "log"),
        ("value", b'"') => text(4, "value"),
        ("data", b'"') => (5, NamedLocation { name: "data", inner: RecordLocation::Base64(value) }),
        ("MESSAGE", b'[') if begins_with_number(scope, value) => {
            (4, NamedLocation { name: "MESSAGE", inner: RecordLocation::Bytes(value) })
        }
        ("Data", b'"') => (5, NamedLocation { name: "Data", inner: RecordLocation::Base64(value) }),
        _ => return None,
    })
}

fn begins_with_number(scope: &str, list: usize) -> bool {
    let first = scope.as_bytes().get(walk::skip_blanks(scope, list + 1));
    first.is_some_and(u8::is_ascii_digit)
}

/// Objects and lists up to this length are checked for record names before they are searched.
const SMALL: usize = 4_000;

/// Whether an unknown member may hold records, or traces of records.
fn may_hold_records(value: &str) -> bool {
    match value.as_bytes() {
        [b'{' | b'[', ..] if value.len() < SMALL => {
            let has_long_text = || value.split('"').any(|text| text.len() >= BASE64_GLIMPSE);
            let has_name = || ["vent", "udit", "CloudTrail"].iter().any(|part| value.contains(part));
            value.len() > SHORTEST && (has_name() || has_long_text())
        }
        [b'{' | b'[', ..] => true,
        [b'"', .., b'"'] => classify_text(&value[1..value.len() - 1]).is_some(),
        _ => false,
    }
}

/// Whether a name is that of a record field.
fn is_record_key(key: &str) -> bool {
    ["eventsource", "eventname", "eventversion", "apiversion", "auditid", "requesturi"]
        .iter()
        .any(|name| crate::decode::find::traces::ends_like(key, name))
}

/// The kind of a foreign object, by one of its keys.
fn foreign_kind(key: &str) -> Option<ObjectSkip> {
    Some(match key {
        "digestS3Object" | "digestStartTime" => ObjectSkip::Digest,
        "hashSignature" => ObjectSkip::LakeResult,
        "configurationItems" | "configSnapshotId" => ObjectSkip::Config,
        "s3ObjectKey" | "TopicArn" | "messageType" => ObjectSkip::Notice,
        _ => return None,
    })
}

/// The content of the JSON string at `at`.
pub(super) fn string_at(scope: &str, at: usize) -> Option<Cow<'_, str>> {
    let end = walk::value_end(scope, at).ok()?;
    unquote(scope.get(at..end)?)
}

/// The content of a JSON string, which may be truncated.
pub(super) fn unquote(literal: &str) -> Option<Cow<'_, str>> {
    let rest = literal.strip_prefix('"')?;
    let (content, is_whole) = match rest.strip_suffix('"') {
        Some(content) if walk::value_end(literal, 0) == Ok(literal.len()) => (content, true),
        _ => (rest, false),
    };
    if !content.contains('\\') {
        return Some(Cow::Borrowed(content));
    }
    if is_whole && let Ok(text) = serde_json::from_str(literal) {
        return Some(Cow::Owned(text));
    }
    Some(Cow::Owned(unescape_leniently(content)))
}

/// The content of a string that a strict parser rejects: truncated in an escape, with a lone surrogate, or
/// with line breaks.
fn unescape_leniently(content: &str) -> String {
    let mut text = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escape) = rest.chars().next() else { break };
        rest = &rest[escape.len_utf8()..];
        match escape {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' | 'f' => text.push(' '),
            'u' => {
                let Some((code, behind)) = code_unit(rest) else { break };
                rest = behind;
                let low =
                    rest.strip_prefix("\\u").and_then(code_unit).filter(|_| (0xd800..0xdc00).contains(&code));
                let pair = low
                    .and_then(|(low, behind)| Some((char::decode_utf16([code, low]).next()?.ok()?, behind)));
                match pair {
                    Some((one, behind)) => {
                        text.push(one);
                        rest = behind;
                    }
                    None => text.push(char::from_u32(code.into()).unwrap_or('\u{fffd}')),
                }
            }
            other => text.push(other),
        }
    }
    text.push_str(rest);
    text
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let digits = text.get(..4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, &text[4..]))
}

/// The possible kinds of a text outside known carriers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    /// JSON.
    Json,
    /// Lines or a table with JSON.
    Words,
    /// Base64 of any of these, possibly packed.
    Base64,
}

/// Shorter texts cannot hold a record.
const SHORTEST: usize = 40;

/// The length of the beginning that is examined to detect base64.
const BASE64_GLIMPSE: usize = 64;

/// The number of characters in it that need not be base64: the text may be damaged.
const MOST_STRAY: usize = 2;

/// The possible kind of a text, or of the content of a JSON string with its escapes.
pub(super) fn classify_text(content: &str) -> Option<TextKind> {
    if content.len() < SHORTEST {
        return None;
    }
    let begins = |c: char| c.is_ascii_whitespace() || matches!(c, '\\' | '"' | '\u{feff}');
    let mut head = content.trim_start_matches(begins);
    // Escaped white space.
    while let Some(rest) = head.strip_prefix(['n', 'r', 't']) {
        let rest = rest.trim_start_matches(begins);
        if !rest.starts_with(['{', '[', 'n', 'r', 't']) {
            break;
        }
        head = rest;
    }
    if head.starts_with(['{', '[']) {
        return Some(TextKind::Json);
    }
    if names_a_record(content) {
        return Some(TextKind::Words);
    }
    looks_like_base64(content).then_some(TextKind::Base64)
}

/// Whether a text contains a name that occurs only in records.
pub(in crate::decode) fn names_a_record(text: &str) -> bool {
    static NAMES: LazyLock<[memmem::Finder<'_>; 2]> =
        LazyLock::new(|| [memmem::Finder::new("eventSource"), memmem::Finder::new("auditID")]);
    NAMES.iter().any(|name| name.find(text.as_bytes()).is_some())
}

/// Whether a text that is not read further may hold records, also in base64.
pub(in crate::decode) fn may_hide_records(text: &str) -> bool {
    names_a_record(text) || text.split(['"', '\\']).any(looks_like_base64)
}

/// Whether a text begins like the base64 of a log: it has the right alphabet, and the decoded bytes begin
/// like a packing or a text.
fn looks_like_base64(content: &str) -> bool {
    let content = strip_data_uri(content);
    if content.len() < BASE64_GLIMPSE {
        return false;
    }
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r' | b' ' | b'\\' | b'=');
    let glimpse = &content.as_bytes()[..BASE64_GLIMPSE];
    if glimpse.iter().filter(|byte| !is_of_it(byte) && !is_break(byte)).count() > MOST_STRAY {
        return false;
    }
    let start: Vec<u8> = content.bytes().filter(is_of_it).take(16).collect();
    let Some(start) = decode_base64(std::str::from_utf8(&start).unwrap_or_default()) else { return false };
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    match start.get(..4) {
        _ if begins_packed(&start) => true,
        Some([0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0xef, 0xbb, 0xbf, _] | [b'{' | b'[', 0, ..]) => true,
        _ => start.len() >= 8 && start.iter().all(is_text),
    }
}

/// Whether bytes begin like gzip, zstd, zip or xz.
pub(super) fn begins_packed(bytes: &[u8]) -> bool {
    matches!(
        bytes.get(..4),
        Some([0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd] | [b'P', b'K', 3, 4] | [0xfd, b'7', b'z', b'X'])
    )
}

/// The text without a prefix such as `data:application/json;base64,`.
fn strip_data_uri(content: &str) -> &str {
    match content.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        Some((kind, rest)) if kind.len() <= 100 => rest,
        _ => content,
    }
}

/// Decodes base64 in either alphabet, with or without padding and line breaks.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const ANY_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);
    let text = strip_data_uri(text.trim_ascii());
    let has_blanks = text.bytes().any(|byte| byte.is_ascii_whitespace());
    let text = if has_blanks {
        Cow::Owned(text.split_ascii_whitespace().collect::<String>())
    } else {
        Cow::Borrowed(text)
    };
    let engine = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    engine.decode(text.as_bytes()).ok()
}

/// The characters of damaged base64 before the damage that form bytes, without line breaks, and the place of the damage. `None` if it
/// does not begin like the base64 of a log.
pub(super) fn whole_base64(text: &str) -> Option<(String, usize)> {
    let text = strip_data_uri(text.trim_ascii());
    if !looks_like_base64(text) {
        return None;
    }
    // Both alphabets have two characters of their own.
    let is_for_url =
        text.bytes().find(|byte| b"+/-_".contains(byte)).is_some_and(|byte| b"-_".contains(&byte));
    let own = if is_for_url { b"-_" } else { b"+/" };
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || own.contains(byte);
    let place = text.bytes().position(|byte| !is_of_it(&byte) && !byte.is_ascii_whitespace());
    let place = place.unwrap_or(text.len());
    let mut start: String = text[..place].split_ascii_whitespace().collect();
    start.truncate(complete_groups(&start).len());
    Some((start, place))
}

/// Truncated base64 without the trailing characters that do not form a byte.
pub(super) fn complete_groups(text: &str) -> &str {
    let length = text.trim_end_matches('=').len();
    // Line breaks would shift the groups of four; this loses a byte or two of a truncated text. If it is not
    // base64, the cut may be inside a character; then the text is unchanged.
    text.get(..length - usize::from(length % 4 == 1)).unwrap_or(text)
}

/// Restores the time of a Logstash record: Logstash replaces `eventTime` by `@timestamp`.
pub(super) fn restore_logstash_time<'a>(record: &mut Record<'a>, scope: &'a str, at: usize) {
    if record.event_time.is_some() {
        return;
    }
    let mut time = None;
    // If the walk fails, the record is unchanged.
    let _ = walk::members(scope, at + 1, |key, value| {
        if key == "@timestamp" {
            time = Some(value);
        }
    });
    if let Some(Cow::Borrowed(time)) = time.and_then(|value| string_at(scope, value)) {
        record.event_time = Some(time);
    }
}

/// The length of a line's beginning in which a value is searched.
const LONGEST_PREFIX: usize = 400;

/// A log line that does not begin with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum LogLine {
    /// A value begins at this offset in the line.
    Value(usize),
    /// No value.
    Words,
}

/// Whether a text begins with a row of the text output of the AWS CLI, for `lookup-events` and `filter-log-events`.
/// Its columns are in the order of their names, so that others follow the event.
pub(in crate::decode) fn is_cli_row(text: &str) -> bool {
    ["EVENTS\t", "RESOURCES\t", "NEXTTOKEN\t", "SEARCHEDLOGSTREAMS\t"].iter().any(|row| text.starts_with(row))
}

/// The first line of a text, if it is a log line: with a time, as in CloudWatch Logs exports (`<time>
/// <message>`) and tails (`<time> <stream> <message>`) and from container runtimes (`<time> stdout F
/// <message>`); [a row of the AWS CLI](is_cli_row); from klog (`I0102 03:04:05.000000 …`),
/// the logger of Kubernetes; or with words in brackets before its own (`[pod/kube-apiserver-a/kube-apiserver] …`).
pub(in crate::decode) fn log_line(text: &str) -> Option<LogLine> {
    const TIME: &[u8] = b"dddd-dd-dd?dd:dd:dd";
    const KLOG: &[u8] = b"?dddd dd:dd:dd.";
    let behind = behind_all_brackets(text);
    let fits = |shape: &[u8]| {
        let fit = |(byte, shape): (&u8, &u8)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'?' => byte.is_ascii_alphabetic() || *byte == b' ',
            shape => byte == shape,
        };
        let rest = &text.as_bytes()[behind..];
        rest.len() > shape.len() && rest.iter().zip(shape).all(fit)
    };
    if fits(KLOG) {
        return Some(LogLine::Words);
    }
    if behind == 0 && !fits(TIME) && !is_cli_row(text) {
        return None;
    }
    let head = &text.as_bytes()[..text.len().min(behind + LONGEST_PREFIX)];
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let begins = |pair: &[u8]| matches!(pair, [b' ' | b'\t', b'{' | b'[']);
    // The byte before is the blank behind the brackets.
    let from = behind.saturating_sub(1);
    let value = line.get(from..)?.windows(2).position(begins).map(|at| from + at + 1);
    if let Some(behind) = value.and_then(|at| behind_labels(text, at)) {
        return Some(LogLine::Value(behind));
    }
    Some(value.filter(|at| begins_value(line, *at)).map_or(LogLine::Words, LogLine::Value))
}

/// The maximum length of the labels in a line.
const LONGEST_LABELS: usize = 4 << 10;

/// Where a value begins behind the labels at `at`, as `logcli` writes them between the time and the line: `{cluster="prod", job="audit"} {…`.
fn behind_labels(text: &str, at: usize) -> Option<usize> {
    let rest = text.as_bytes().get(at..text.len().min(at + LONGEST_LABELS))?;
    // Nearly all lines have a JSON object here.
    if !rest.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'}')) {
        return None;
    }
    let (mut end, mut is_value) = (0, false);
    loop {
        match rest.get(end)? {
            b'\n' => return None,
            b'\\' => end += 1,
            b'"' => is_value = !is_value,
            b'}' if !is_value => break,
            _ => {}
        }
        end += 1;
    }
    let is_labels = end == 1 || labels_before(text.get(..at + end + 1)?).is_some();
    let value = at + end + 2;
    let line = text.as_bytes().get(..text.len().min(value + LONGEST_PREFIX))?;
    let is_separate = matches!(rest.get(end + 1), Some(b' ' | b'\t'));
    (is_labels && is_separate && matches!(line.get(value), Some(b'{' | b'[')) && begins_value(line, value))
        .then_some(value)
}

/// The labels at the end of a text, as in [`behind_labels`]. They begin with a name, an equals sign and a quote, as no JSON does.
pub(super) fn labels_before(text: &str) -> Option<&str> {
    let text = text.trim_end_matches([' ', '\t']);
    let line = &text[memchr::memrchr(b'\n', text.as_bytes()).map_or(0, |at| at + 1)..];
    let labels = line.strip_suffix("\"}").and_then(|_| line.get(line.find('{')?..))?;
    let (name, _) = labels.get(1..)?.split_once("=\"")?;
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b':');
    (!name.is_empty() && name.bytes().all(is_of_name)).then_some(labels)
}

/// Where a line goes on behind all words in brackets at its beginning.
fn behind_all_brackets(text: &str) -> usize {
    let mut behind = 0;
    while behind < LONGEST_PREFIX
        && let Some(more) = behind_brackets(&text[behind..])
    {
        behind += more;
    }
    behind
}

/// Whether the bracket at `at` in a line begins a value. Words in brackets are not one: a list must hold objects.
fn begins_value(line: &[u8], at: usize) -> bool {
    match (line[at], line[at + 1..].trim_ascii_start().first()) {
        (b'{', next) => matches!(next, None | Some(b'"' | b'}')),
        (_, next) => matches!(next, Some(b'{' | b']')),
    }
}

/// Where a line goes on behind words in brackets at its beginning and the blanks after them: a time, a level, a number, the pod that `kubectl
/// logs --prefix` names. A list of objects, lists or texts is none.
pub(in crate::decode) fn behind_brackets(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('[')?;
    let is_of_words = |byte: &&u8| !matches!(byte, b'"' | b'[' | b']' | b'{' | b'}' | b'\n' | b'\r');
    let length = rest.as_bytes().iter().take(LONGEST_PREFIX).take_while(is_of_words).count();
    let words = rest.get(..length)?;
    let behind = rest[length..].strip_prefix(']')?;
    let goes_on = behind.trim_start_matches([' ', '\t']);
    let has_words = words.bytes().any(|byte| byte.is_ascii_alphanumeric());
    let is_prefix = goes_on.len() < behind.len() && !goes_on.starts_with(['\n', '\r']) && !goes_on.is_empty();
    (is_prefix && has_words).then(|| text.len() - goes_on.len())
}

/// Bytes as base64 of the standard alphabet, or of that of URLs without padding.
#[cfg(test)]
pub(in crate::decode) fn encode_base64(bytes: &[u8], for_url: bool) -> String {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    if for_url { BASE64_URL_SAFE_NO_PAD.encode(bytes) } else { BASE64_STANDARD.encode(bytes) }
}
