//! Traces of records that cannot be read: record names as keys or columns, with a valid time.

use std::ops::{BitAnd, BitOr, BitOrAssign};

use memchr::memmem;

use super::flattened;
use crate::decode::record::audit;
use crate::decode::record::walk::floor;

/// The kind of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum TraceKind {
    /// The fields of a record under other names, or flattened: it cannot be restored exactly.
    Flattened,
    /// A row or a table of single fields.
    Columns,
    /// An OCSF event as JSON.
    Ocsf,
    /// A request to a Kubernetes cluster in OCSF.
    OcsfAudit,
    /// A request to a cluster as Google Cloud logs it.
    Gke,
    /// A table of single fields of requests to a cluster.
    AuditColumns,
    /// A request to the API of Rancher.
    Rancher,
    /// A line of the format that audit logs of clusters had before JSON.
    LegacyAudit,
    /// An entry of the journal of systemd whose message was left out.
    Journal,
    /// `audit.k8s.io` without the required fields of an event.
    AuditEvent,
    /// Nested too deep in wrappers, lists or texts.
    TooDeep,
    /// A record in the parameters of an object that is not one.
    Quoted,
    /// A list `Records` inside a record.
    Nested,
    /// A record shown in a document or a program.
    Shown,
    /// The names of a record as keys, in a text that is not JSON.
    Words,
}

impl TraceKind {
    /// The text of the fault.
    pub(in crate::decode) const fn detail(self) -> &'static str {
        match self {
            Self::Flattened => {
                "a record whose fields were renamed or flattened, so that it cannot be rebuilt faithfully; export the original records"
            }
            Self::Columns => {
                "a table of single fields of records, which do not say for certain who acted; export whole events as JSON (in the console: Download as JSON; in Lake: eventJson)"
            }
            Self::Ocsf => "OCSF events as JSON; they are read from Parquet only",
            Self::OcsfAudit => {
                "a request to a Kubernetes cluster in OCSF, which cannot be rebuilt faithfully; read the audit log itself"
            }
            Self::Gke => {
                "a request to a cluster in an audit log of Google Cloud, which is not read; GKE exports no audit.k8s.io events, so such a log has to be searched where it is (Logs Explorer, BigQuery)"
            }
            Self::AuditColumns => {
                "a table of single fields of requests to a cluster, from which they cannot be rebuilt faithfully; export whole audit events as JSON"
            }
            Self::Rancher => {
                "a request in the audit log of Rancher's API, which has no audit.k8s.io events and is not read; what reached a cluster is in the audit log of its API server"
            }
            Self::LegacyAudit => {
                "a line of the legacy format of audit logs, which is not read; --audit-log-format=json, the default since Kubernetes 1.8, writes events"
            }
            Self::Journal => {
                "an entry of the journal without its message, which journalctl leaves out if it is long; export the journal with --all (journalctl --all --output json)"
            }
            Self::AuditEvent => "an audit.k8s.io object that is not a complete audit event",
            Self::TooDeep => "something that looks like a record is nested too deeply to be read",
            Self::Quoted => "a record inside the request or response of an object that is not a record",
            Self::Nested => {
                "a record contains a list of records, which CloudTrail does not write; the list was not read"
            }
            Self::Shown => "a document or program that quotes records; they were not read",
            Self::Words => "field names of a record and a time, in a text that cannot be read",
        }
    }

    /// Whether it counts only with a time.
    pub(super) const fn needs_time(self) -> bool {
        matches!(self, Self::Columns | Self::AuditColumns)
    }
}

/// Clues from the members of an object, or the elements of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clue(u64);

impl BitOr for Clue {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Clue {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOrAssign for Clue {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Clue {
    pub(super) const NONE: Self = Self(0);
    const SOURCE: Self = Self(1);
    const NAME: Self = Self(1 << 1);
    const TIME: Self = Self(1 << 2);
    const WHO: Self = Self(1 << 3);
    const VERSION: Self = Self(1 << 4);
    /// Insights and aggregated events have no source of their own.
    pub(super) const INSIGHT: Self = Self(1 << 5 | 1 << 3);
    const CATEGORY: Self = Self(1 << 5);
    const AUDIT_ID: Self = Self(1 << 6);
    const AUDIT_API: Self = Self(1 << 7);
    const EVENT_KIND: Self = Self(1 << 8);
    const OTHER_KIND: Self = Self(1 << 9);
    const STAGE: Self = Self(1 << 10);
    /// Similar names: `aws.cloudtrail.eventName`, `event_name`.
    const LIKE_NAME: Self = Self(1 << 11);
    const LIKE_SOURCE: Self = Self(1 << 12);
    const LIKE_TIME: Self = Self(1 << 13);
    const LIKE: Self = Self(7 << 11);
    /// Field names as values.
    const NAMED_NAME: Self = Self(1 << 14);
    const NAMED_SOURCE: Self = Self(1 << 15);
    const NAMED_TIME: Self = Self(1 << 16);
    const NAMED_CALL: Self = Self(7 << 14);
    pub(super) const NAMED: Self = Self(7 << 14 | 3 << 42 | 1 << 46);
    /// Clues that a row passes to its list.
    pub(super) const ROW: Self = Self(7 << 14 | 7 << 11 | 3 << 42 | 1 << 46);
    /// `aws.cloudtrail.event_version`, and members of `cloudtrail`.
    const CLOUDTRAIL: Self = Self(1 << 17);
    const ANY_VERSION: Self = Self(1 << 18);
    const PRODUCT: Self = Self(1 << 19);
    const VENDOR: Self = Self(1 << 20);
    const OCSF: Self = Self(1 << 21);
    /// `userIdentity` as an object, and in another form: see [`super::flattened`].
    const CALLER: Self = Self(1 << 22);
    const FLAT_CALLER: Self = Self(1 << 23);
    /// The first bits of the parts of an audit event, in the order of [`audit::part`]: as objects, and in another form.
    const PART: u32 = 24;
    const FLAT_PART: u32 = Self::PART + audit::PART_COUNT as u32;
    /// `AuditId` and `RequestUri` as in Azure's tables, `kubernetes.audit.requestURI`.
    const LIKE_AUDIT_ID: Self = Self(1 << 40);
    const LIKE_URI: Self = Self(1 << 41);
    const LIKE_AUDIT: Self = Self(3 << 40);
    /// `requestURI` and `user.username` as values.
    const NAMED_URI: Self = Self(1 << 42);
    const NAMED_USER: Self = Self(1 << 43);
    const NAMED_AUDIT: Self = Self(3 << 42);
    /// `auditID` as a value.
    const NAMED_AUDIT_ID: Self = Self(1 << 46);
    const NAMED_EVENT: Self = Self(1 << 42 | 1 << 46);
    /// `values` of names and typed values, in which an audit event is.
    pub(super) const KEY_VALUES: Self = Self(1 << 47);
    /// `AuditId`, `RequestUri`, `Verb` and `User`, all as in Azure's tables.
    const ROW_ID: Self = Self(1 << 48);
    const ROW_URI: Self = Self(1 << 49);
    const ROW_VERB: Self = Self(1 << 50);
    const ROW_USER: Self = Self(1 << 51);
    const ROW_OF_AZURE: Self = Self(15 << 48);
    /// `"serviceName": "k8s.io"`, and of an audit log of Google Cloud.
    const GKE_SERVICE: Self = Self(1 << 44);
    const GOOGLE_AUDIT: Self = Self(1 << 45);
    const GKE: Self = Self(3 << 44);

    pub(in crate::decode) const fn has(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    /// The clues of a member whose value is a text.
    pub(super) fn of_member(key: &str, text: &str) -> Self {
        if text.is_empty() {
            return Self::NONE;
        }
        let exact = match key {
            "eventSource" if is_host(text) => Self::SOURCE,
            "eventName" => Self::NAME,
            "eventTime" => Self::TIME,
            "recipientAccountId" => Self::WHO,
            "eventVersion" => Self::VERSION,
            "eventCategory" if matches!(text, "Insight" | "Aggregated") => Self::CATEGORY,
            "auditID" => Self::AUDIT_ID,
            "apiVersion" if text.starts_with("audit.k8s.io/") => Self::AUDIT_API,
            "kind" if text == "Event" => Self::EVENT_KIND,
            "kind" => Self::OTHER_KIND,
            "verb" | "stage" => Self::STAGE,
            "name" if text == "CloudTrail" => Self::PRODUCT,
            "vendor_name" if text == "AWS" => Self::VENDOR,
            "serviceName" if text == "k8s.io" => Self::GKE_SERVICE,
            "@type" if text.ends_with("google.cloud.audit.AuditLog") => Self::GOOGLE_AUDIT,
            "AuditId" => Self::ROW_ID,
            "RequestUri" => Self::ROW_URI,
            "Verb" => Self::ROW_VERB,
            "User" => Self::ROW_USER,
            _ => Self::NONE,
        };
        exact | Self::like(key, text)
    }

    /// The clue of a member that is a part of who acted, or all of it in another form than an object.
    pub(super) fn of_flattened(key: &str, value: &str) -> Self {
        if flattened::is_part_of_caller(key, value) {
            return Self::FLAT_CALLER;
        }
        Self::of_flattened_part(key, value)
    }

    /// The clue of a member that is a part of an audit event in another form than an object, or flattened.
    pub(super) fn of_flattened_part(key: &str, value: &str) -> Self {
        flattened::flattened_part(key, value).map_or(Self::NONE, |part| Self(1 << Self::FLAT_PART << part))
    }

    /// The clues of a member whose name resembles that of a record field.
    fn like(key: &str, text: &str) -> Self {
        if ends_like(key, "eventname") {
            return Self::LIKE_NAME;
        }
        if ends_like(key, "eventsource") && is_host(text) {
            return Self::LIKE_SOURCE;
        }
        if (ends_like(key, "time") || ends_like(key, "timestamp") || ends_like(key, "timegenerated"))
            && is_time(text)
        {
            return Self::LIKE_TIME;
        }
        if ends_like(key, "auditid") {
            return Self::LIKE_AUDIT_ID;
        }
        if ends_like(key, "requesturi") {
            return Self::LIKE_URI;
        }
        if ends_like(key, "eventversion") {
            return if ends_like(key, "cloudtraileventversion") {
                Self::CLOUDTRAIL
            } else {
                Self::ANY_VERSION
            };
        }
        Self::NONE
    }

    /// The clues of a member whose value is a number.
    pub(super) fn of_number(key: &str) -> Self {
        match key {
            "eventTime" => Self::TIME | Self::LIKE_TIME,
            "recipientAccountId" => Self::WHO,
            _ if ends_like(key, "eventtime") => Self::LIKE_TIME,
            _ => Self::of_flattened_part(key, "0"),
        }
    }

    /// The clues of a text, regardless of its name.
    pub(super) fn of_value(text: &str) -> Self {
        if text.len() > 40 {
            return Self::NONE;
        }
        let is = |name| ends_like(text, name);
        match text.as_bytes().last() {
            Some(b'e' | b'E') if is("eventname") => Self::NAMED_NAME,
            Some(b'e' | b'E') if is("eventsource") => Self::NAMED_SOURCE,
            Some(b'e' | b'E') if is("eventtime") => Self::NAMED_TIME,
            Some(b'e' | b'E') if is("userusername") => Self::NAMED_USER,
            Some(b'i' | b'I') if is("requesturi") => Self::NAMED_URI,
            Some(b'd' | b'D') if is("auditid") => Self::NAMED_AUDIT_ID,
            _ => Self::NONE,
        }
    }

    /// The clues of a member that is an object or a list with clues of its own.
    pub(super) fn of_nested(key: &str, clues: Self, members: u32) -> Self {
        match key {
            "userIdentity" if members > 0 => Self::WHO | Self::CALLER,
            // MongoDB Extended JSON writes times as objects.
            "eventTime" => Self::TIME,
            "product" if clues.has(Self::PRODUCT | Self::VENDOR) => Self::OCSF,
            "metadata" if clues.has(Self::OCSF) => Self::OCSF,
            _ if ends_like(key, "cloudtrail") && clues.has(Self::ANY_VERSION) => Self::CLOUDTRAIL,
            // In BigQuery, the type is part of the name.
            _ if ends_like(key, "protopayloadauditlog") && clues.has(Self::GKE_SERVICE) => Self::GKE,
            "User" if members > 0 => Self::ROW_USER,
            // In search engine responses, every value is a list.
            _ if ends_like(key, "cloudtraileventversion") => Self::CLOUDTRAIL,
            _ if members > 0 => audit::part(key).map_or(Self::NONE, |part| Self(1 << Self::PART << part)),
            _ => Self::NONE,
        }
    }

    /// The clues of a member that is a list: in search engine responses, every value is one.
    pub(super) fn of_list(key: &str, list: &str, clues: Self) -> Self {
        if key == "values" && clues.has(Self::NAMED_EVENT) {
            return Self::KEY_VALUES;
        }
        let is_empty = || list[1..list.len() - 1].trim_ascii().is_empty();
        let like = if ends_like(key, "auditid") {
            Self::LIKE_AUDIT_ID
        } else if ends_like(key, "requesturi") {
            Self::LIKE_URI
        } else {
            return Self::NONE;
        };
        if is_empty() { Self::NONE } else { like }
    }

    pub(super) const fn is_row(self) -> bool {
        self.has(Self::ROW_OF_AZURE)
    }

    pub(super) const fn is_record(self) -> bool {
        self.has(Self(1 | 1 << 1 | 1 << 2 | 1 << 3))
            && (self.has(Self::CALLER) || !self.has(Self::FLAT_CALLER))
    }

    /// Whether the user or another part of an audit event is there, but flattened.
    const fn hides_part(self) -> bool {
        let parts = (1 << audit::PART_COUNT) - 1;
        let (whole, flat) = (self.0 >> Self::PART & parts, self.0 >> Self::FLAT_PART & parts);
        flat & !whole != 0
    }

    pub(super) const fn is_audit_event(self) -> bool {
        self.has(Self::AUDIT_ID)
            && !self.hides_part()
            && (self.has(Self::AUDIT_API) || (self.has(Self::EVENT_KIND) && self.has(Self::STAGE)))
    }

    pub(super) const fn has_audit_id(self) -> bool {
        self.has(Self::AUDIT_ID)
    }

    /// Whether it may be a record, if it is still open or malformed.
    pub(super) const fn may_be_record(self) -> bool {
        (self.0 & 0b1_1111).count_ones() >= 2
            || self.has(Self::AUDIT_ID)
            || (self.has(Self::AUDIT_API) && !self.has(Self::OTHER_KIND))
    }

    pub(in crate::decode) const fn trace(self, is_list: bool) -> Option<TraceKind> {
        if self.has(Self::LIKE) {
            return Some(if is_list { TraceKind::Columns } else { TraceKind::Flattened });
        }
        if self.has(Self::NAMED_CALL) {
            return Some(TraceKind::Columns);
        }
        if self.has(Self::NAMED_AUDIT) || self.has(Self::NAMED_EVENT) {
            return Some(TraceKind::AuditColumns);
        }
        if self.has(Self::GKE) {
            return Some(TraceKind::Gke);
        }
        if self.has(Self::LIKE_AUDIT) && !self.has(Self::AUDIT_ID) {
            return Some(TraceKind::Flattened);
        }
        if self.has(Self::CLOUDTRAIL) || (self.has(Self::AUDIT_ID) && self.hides_part()) {
            return Some(TraceKind::Flattened);
        }
        if self.has(Self::AUDIT_API) && !self.has(Self::OTHER_KIND) {
            return Some(TraceKind::AuditEvent);
        }
        // Members of `metadata` only pass the clue on; the event itself has more clues.
        if self.has(Self::OCSF) && !self.has(Self::PRODUCT) { Some(TraceKind::Ocsf) } else { None }
    }
}

/// Whether a name ends in these letters, ignoring separators: `aws.event_name` ends in `eventname`.
pub(super) fn ends_like(name: &str, letters: &str) -> bool {
    let mut rest = name.bytes().rev().filter(u8::is_ascii_alphanumeric);
    letters.bytes().rev().all(|letter| rest.next().is_some_and(|byte| byte.eq_ignore_ascii_case(&letter)))
}

/// Whether a text is a host name such as `iam.amazonaws.com`, not a notification source such as `aws:s3`.
pub(super) fn is_host(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    text.len() <= 253 && text.contains('.') && text.bytes().all(is_part)
}

/// Whether a text begins with a time such as `2024-03-01T10:00:00`, with a `T` or a space.
pub(in crate::decode) fn is_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-dd?dd:dd";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'?' => matches!(byte, b'T' | b't' | b' '),
        shape => byte == shape,
    };
    text.len() >= SHAPE.len() && text.as_bytes().iter().zip(SHAPE).all(fits)
}

/// Spellings of `eventSource` as a key.
const SOURCES: [&[u8]; 7] = [
    b"eventSource",
    b"EventSource",
    b"event_source",
    b"eventsource",
    b"Event source",
    b"event source",
    b"event-source",
];

/// The maximum distance of the other two keys from the source.
pub(in crate::decode) const WINDOW: usize = 16 << 10;

/// The maximum number of occurrences of `eventSource` that are examined.
const MOST_LOOKED_AT: usize = 1_000;

/// Position of a record's names as keys, with a host and a time, in a text that is not JSON: YAML, printed
/// objects, broken JSON.
pub(super) fn in_words(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    SOURCES.iter().filter_map(|source| in_words_as(text, bytes, source)).min()
}

fn in_words_as(text: &str, bytes: &[u8], source: &[u8]) -> Option<usize> {
    let mut places = memmem::find_iter(bytes, source).take(MOST_LOOKED_AT);
    places.find(|at| is_source(text, *at, source.len()))
}

/// Position and kind of traces of requests to clusters, in a text that is not JSON: an audit event or one of Google Cloud as YAML, or a line of
/// the legacy format.
pub(super) fn of_clusters_in_words(text: &str) -> Option<(TraceKind, usize)> {
    let bytes = text.as_bytes();
    let near = |at: usize| floor(text, at.saturating_sub(WINDOW))..floor(text, at.saturating_add(WINDOW));
    let has = |at: usize, name: &str, begins: &str| {
        let near = &text[near(at)];
        memmem::find_iter(near.as_bytes(), name)
            .take(MOST_BETWEEN)
            .any(|at| value_after(near, at + name.len()).starts_with(begins))
    };
    let first = |what: &str, fits: &dyn Fn(usize) -> bool| {
        memmem::find_iter(bytes, what).take(MOST_LOOKED_AT).find(|at| fits(*at))
    };
    let google = first("google.cloud.audit.AuditLog", &|at| has(at, "serviceName", "k8s.io"));
    let event = first("audit.k8s.io/v", &|at| has(at, "requestURI", "/") && has(at, "auditID", ""));
    let found = google.map(|at| (TraceKind::Gke, at)).or(event.map(|at| (TraceKind::Words, at)));
    found.or_else(|| legacy_line(text).map(|at| (TraceKind::LegacyAudit, at)))
}

/// Where the legacy format of audit logs begins in a text: `AUDIT: id="…" ip="…" method="…" …`, and later `AUDIT: id="…" response="200"`.
pub(super) fn legacy_line(text: &str) -> Option<usize> {
    memmem::find_iter(text.as_bytes(), "AUDIT: id=\"").take(MOST_LOOKED_AT).find(|at| {
        let rest = &text[*at..floor(text, at + 100)];
        let mut behind = rest.split("\" ").skip(1);
        behind.next().is_some_and(|next| next.starts_with("ip=\"") || next.starts_with("response=\""))
    })
}

/// The maximum number of occurrences that are examined between two values.
const MOST_BETWEEN: usize = 100;

/// Like [`in_words`], for the text between values that were read: only names in quotes count, since the fields of a
/// record may be shown before it. Also finds those of an audit event.
pub(super) fn between_values(text: &str) -> Option<usize> {
    const SOURCE: &str = "eventSource";
    const AUDIT_ID: &str = "auditID";
    let bytes = text.as_bytes();
    let quoted = |name: &str| {
        let is_quoted = |at: &usize| *at > 0 && matches!(bytes[*at - 1], b'"' | b'\'');
        memmem::find_iter(bytes, name.as_bytes()).filter(is_quoted).take(MOST_BETWEEN).collect::<Vec<_>>()
    };
    let of_source = quoted(SOURCE).into_iter().find(|at| is_source(text, *at, SOURCE.len()));
    let of_audit = quoted(AUDIT_ID).into_iter().find(|at| {
        let near = at.saturating_sub(WINDOW)..bytes.len().min(at.saturating_add(WINDOW));
        !value_after(text, at + AUDIT_ID.len()).is_empty()
            && memmem::find(&bytes[near], b"audit.k8s.io/v").is_some()
    });
    of_source.into_iter().chain(of_audit).min()
}

/// Whether the name at `at` is a key with a host as value, as in records.
fn is_source(text: &str, at: usize, length: usize) -> bool {
    let value = value_after(text, at + length);
    let host = value.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).next();
    host.is_some_and(|host| is_host(host) && !host.ends_with('.')) && has_others(text, at)
}

/// Position of a trace of records in unread bytes: as in [`in_words`], or the names of an audit event.
pub(in crate::decode) fn in_bytes(bytes: &[u8]) -> Option<usize> {
    let near = |at: usize| (at.saturating_sub(WINDOW), bytes.len().min(at.saturating_add(WINDOW)));
    let of_source = |source: &&[u8]| {
        let mut places = memmem::find_iter(bytes, source).take(MOST_LOOKED_AT);
        places.find(|at| {
            let (from, to) = near(*at);
            let before = String::from_utf8_lossy(&bytes[from..*at]);
            let text = format!("{before}{}", String::from_utf8_lossy(&bytes[*at..to]));
            is_source(&text, before.len(), source.len())
        })
    };
    let of_audit = memmem::find_iter(bytes, b"audit.k8s.io/v").take(MOST_LOOKED_AT).find(|at| {
        let (from, to) = near(*at);
        memmem::find(&bytes[from..to], b"auditID").is_some()
    });
    SOURCES.iter().filter_map(of_source).chain(of_audit).min()
}

/// Whether `eventName` and `eventTime` are nearby.
fn has_others(text: &str, at: usize) -> bool {
    let (from, to) = (floor(text, at.saturating_sub(WINDOW)), floor(text, at.saturating_add(WINDOW)));
    // In a URL, times have their colons escaped.
    let near = text[from..to].to_ascii_lowercase().replace("%3a", ":");
    let has = |name: &str, fits: fn(&str) -> bool| {
        [name.to_owned(), name.replace("event", "event_"), name.replace("event", "event ")].iter().any(
            |name| {
                memmem::find_iter(near.as_bytes(), name).any(|at| fits(value_after(&near, at + name.len())))
            },
        )
    };
    has("eventname", |value| value.starts_with(|c: char| c.is_ascii_alphanumeric()))
        && has("eventtime", is_time)
}

/// The text after a key: empty if no colon or equals sign follows.
fn value_after(text: &str, at: usize) -> &str {
    let rest = behind_quotes(text.get(at..).unwrap_or_default());
    let signs = ["=>", ":", "=", "%3A", "%3a"];
    signs.iter().find_map(|sign| rest.strip_prefix(sign)).map_or("", behind_quotes)
}

/// The text behind quotes, also as in XML and in URLs.
fn behind_quotes(mut text: &str) -> &str {
    loop {
        let plain = text.trim_start_matches(['"', '\'', '\\', ' ']);
        let quotes = ["&quot;", "&#34;", "%22", "%20"];
        match quotes.iter().find_map(|quote| plain.strip_prefix(quote)) {
            Some(rest) => text = rest,
            None => return plain,
        }
    }
}
