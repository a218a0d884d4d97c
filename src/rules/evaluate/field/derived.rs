//! Fields derived from a record, rather than read from a single value.

use std::borrow::Cow;

use super::{Argument, Scanned};
use crate::decode::Json;
use crate::event::AnyRecord;
use crate::rules::evaluate::event_context::{EventContext, Value};
use crate::rules::evaluate::path::{Path, texts};

/// A derived field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Derived {
    /// Number of the event in its object.
    Number,
    /// Time of the event as Falco writes it, with nine digits of fraction.
    Time(TimeParts),
    /// Time of the event in nanoseconds since the epoch.
    Nanoseconds,
    /// Its seconds.
    Seconds,
    /// The rest of its nanoseconds.
    NanosecondsOfSecond,
    /// The source of events in Falco.
    Source,
    /// Whether Falco made the event itself, beside those it reads: never.
    IsAsync,
    /// What no event of a log has.
    Never,
    /// The record as in the log.
    Record,
    /// The record as in the log, and all texts in it.
    Words,
    /// Fewer texts, of which one contains what one of the words contains.
    Searched,
    /// The same in one case.
    Lowered,
    /// The Falco plugin for this kind of record.
    Plugin,
    /// One line with principal, action and source.
    Summary,
    /// The name of the user or role.
    User,
    /// The name of the session of a role, else the name of the user.
    OriginalUser,
    /// The account of the caller, else of the recipient.
    Account,
    ReadOnly,
    ManagementEvent,
    /// The source, if it is not an address.
    SourceDomain,
    S3Uri,
    Bytes {
        sent: bool,
        received: bool,
    },
    /// 1 for a call with this name.
    IsCall(&'static str),
    IsOtherCall,
    /// The `Name` tag of an instance.
    InstanceName,
    /// The images of the instances in the request, else in the response.
    ImageIds,
    /// The cluster, as an annotation names it.
    ClusterName,
    /// Names of the subjects of this kind in a binding.
    SubjectNames(&'static str),
    /// Service accounts in a binding, each behind its namespace.
    ServiceAccountsOfNamespaces,
    /// Whether a binding has a subject with this name.
    HasSubject,
    /// A URI parameter by name.
    UriParameter,
    PodName,
    FirstRepository,
    AnyPrivileged,
    VolumeTypes,
    /// Whether a host path is mounted.
    HasHostPath,
    OfContainers(OfContainers, &'static str),
}

/// What of a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum TimeParts {
    /// `22:13:20.000000000`
    Clock,
    /// `22:13:20`
    ClockInSeconds,
    /// `2023-11-14 22:13:20.000000000`
    DateAndClock,
    /// `2023-11-14 22:13:20`
    DateAndClockInSeconds,
    /// `2023-11-14T22:13:20.000000000+0000`
    Iso8601,
}

/// A value derived for each container of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum OfContainers {
    Repositories,
    HostPorts,
    EffectiveUsers,
    EffectiveGroups,
}

impl Derived {
    pub(super) fn takes(self) -> Argument {
        match self {
            Self::UriParameter | Self::HasHostPath | Self::HasSubject => Argument::Needed,
            Self::OfContainers(..) => Argument::Index,
            _ => Argument::None,
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(
            self,
            Self::Number
                | Self::Nanoseconds
                | Self::Seconds
                | Self::NanosecondsOfSecond
                | Self::Bytes { .. }
                | Self::IsCall(_)
                | Self::IsOtherCall
        )
    }

    pub(super) fn value<'a>(self, argument: Option<&str>, event: &'a EventContext<'_>) -> Value<'a> {
        match self {
            Self::Number => Value::One(event.number.to_string().into()),
            Self::Time(parts) => Value::some(time(event, parts)),
            Self::Nanoseconds => Value::One((i128::from(event.time.micros()) * 1000).to_string().into()),
            Self::Seconds => Value::One(event.time.micros().div_euclid(1_000_000).to_string().into()),
            Self::NanosecondsOfSecond => {
                Value::One((event.time.micros().rem_euclid(1_000_000) * 1_000).to_string().into())
            }
            Self::Source => Value::One(source(event).into()),
            Self::IsAsync => Value::One("false".into()),
            Self::Never => Value::Absent,
            Self::Record => Value::One(Json::new(event.text).text()),
            Self::Words => Value::Shared(event.words()),
            Self::Searched => Value::Shared(event.searched()),
            Self::Lowered => Value::Shared(event.lowered()),
            Self::Plugin => Value::One(plugin(event).into()),
            Self::Summary => Value::One(summary(event).into()),
            Self::User => Value::some(user(event)),
            Self::OriginalUser => Value::some(original_user(event)),
            Self::ImageIds => Value::list(texts(image_ids(event))),
            Self::ClusterName => Value::some(cluster_name(event).map(Json::text)),
            Self::SubjectNames(kind) => Value::list(texts(subjects(kind, event, |it| present(it, "name")))),
            Self::ServiceAccountsOfNamespaces => Value::list(subjects("ServiceAccount", event, |it| {
                let (namespace, name) = (present(it, "namespace")?, present(it, "name")?);
                Some(format!("{}:{}", namespace.text(), name.text()).into())
            })),
            Self::HasSubject => has_subject(event, argument.unwrap_or_default()),
            Self::Account => {
                let accounts = event.cloudtrail().map(|it| [it.identity.account_id, it.recipient_account]);
                Value::some(accounts.into_iter().flatten().flatten().find(|account| !account.is_empty()))
            }
            Self::ReadOnly => Value::some(read_only(event).map(|yes| yes.to_string())),
            Self::ManagementEvent => {
                let is_one = event.member("managementEvent").is_some_and(|value| value.text() == "true");
                Value::One(is_one.to_string().into())
            }
            Self::SourceDomain => {
                let source = event.cloudtrail().and_then(|record| record.source_ip);
                Value::some(source.filter(|source| source.parse::<std::net::IpAddr>().is_err()))
            }
            Self::S3Uri => Value::some(s3_uri(event)),
            Self::Bytes { sent, received } => Value::some(bytes(event, sent, received)),
            Self::IsCall(name) => Value::some((event_name(event) == Some(name)).then_some("1")),
            Self::IsOtherCall => {
                Value::some((!matches!(event_name(event), Some("GetObject" | "PutObject"))).then_some("1"))
            }
            Self::InstanceName => Value::some(instance_name(event)),
            Self::UriParameter => Value::some(uri_parameter(event, argument.unwrap_or_default())),
            Self::PodName => Value::some(pod_name(event)),
            Self::FirstRepository => {
                let image =
                    at("requestObject/spec/containers/0/image", event).first().map(|image| image.text());
                Value::some(image.map(|image| repository(&image).to_owned()))
            }
            Self::AnyPrivileged => any_privileged(event),
            Self::VolumeTypes => {
                let volumes = at("requestObject/spec/volumes/*", event);
                let keys = volumes.into_iter().flat_map(Json::members).map(|(key, _)| key);
                Value::list(keys.filter(|key| key != "name").collect())
            }
            Self::HasHostPath => has_host_path(event, argument.unwrap_or_default()),
            Self::OfContainers(what, list) => of_containers(what, list, argument, event),
        }
    }
}

/// The values at a path, in which `*` stands for every item of a list.
fn at<'r>(path: &str, event: &EventContext<'r>) -> Vec<Json<'r>> {
    Path::list(path, None).find(event)
}

/// The value of a key, unless it is `null`.
fn present<'r>(value: Json<'r>, key: &str) -> Option<Json<'r>> {
    value.member(key).filter(|found| !found.is_null())
}

/// The time of an event in a form of libsinsp (`sinsp_utils::ts_to_string`, `ts_to_iso_8601`).
fn time(event: &EventContext<'_>, parts: TimeParts) -> Option<String> {
    let shown = event.time.to_string();
    let (date, clock) = shown.split_once('T')?;
    let clock = clock.get(..8)?;
    let nanoseconds = event.time.micros().rem_euclid(1_000_000) * 1_000;
    Some(match parts {
        TimeParts::Clock => format!("{clock}.{nanoseconds:09}"),
        TimeParts::ClockInSeconds => clock.to_owned(),
        TimeParts::DateAndClockInSeconds => format!("{date} {clock}"),
        TimeParts::DateAndClock => format!("{date} {clock}.{nanoseconds:09}"),
        TimeParts::Iso8601 => format!("{date}T{clock}.{nanoseconds:09}+0000"),
    })
}

fn plugin(event: &EventContext<'_>) -> &'static str {
    match event.record {
        AnyRecord::CloudTrail(_) => "cloudtrail",
        AnyRecord::Kubernetes(_) => "k8saudit",
    }
}

fn source(event: &EventContext<'_>) -> &'static str {
    match event.record {
        AnyRecord::CloudTrail(_) => "aws_cloudtrail",
        AnyRecord::Kubernetes(_) => "k8s_audit",
    }
}

fn event_name<'a>(event: &'a EventContext<'_>) -> Option<&'a str> {
    event.cloudtrail()?.event_name
}

/// The user as named by the plugin, by type of identity.
fn user<'a>(event: &'a EventContext<'_>) -> Option<Cow<'a, str>> {
    let identity = &event.cloudtrail()?.identity;
    let name = |path| at(path, event).first().map(|name| name.text());
    match identity.identity_type? {
        "Root" | "IAMUser" => name("userIdentity/userName"),
        "AWSService" => identity.invoked_by.map(Cow::Borrowed),
        "AssumedRole" => {
            let issuer = name("userIdentity/sessionContext/sessionIssuer/userName");
            Some(issuer.unwrap_or(Cow::Borrowed("AssumedRole")))
        }
        sort @ ("AWSAccount" | "FederatedUser") => Some(Cow::Owned(sort.to_owned())),
        _ => None,
    }
}

/// The name of the session of a role, from its ARN or its unique id; the name of any other user.
fn original_user<'a>(event: &'a EventContext<'_>) -> Option<Cow<'a, str>> {
    let identity = &event.cloudtrail()?.identity;
    if identity.identity_type != Some("AssumedRole") {
        return at("userIdentity/userName", event).first().map(|name| name.text());
    }
    let of_arn = identity.arn.and_then(|arn| match arn.split('/').collect::<Vec<_>>()[..] {
        [_, _, session] => Some(session),
        _ => None,
    });
    let of_id = || identity.principal_id.and_then(|id| id.split_once(':')).map(|(_, session)| session);
    of_arn.or_else(of_id).map(Cow::Borrowed)
}

fn image_ids<'r>(event: &EventContext<'r>) -> Vec<Json<'r>> {
    const PLACES: [&str; 3] = [
        "requestParameters/instancesSet/items/*/imageId",
        "requestParameters/imagesSet/items/*/imageId",
        "responseElements/instancesSet/items/*/imageId",
    ];
    PLACES.into_iter().map(|place| at(place, event)).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The annotation that forwarders of managed clusters add.
fn cluster_name<'r>(event: &EventContext<'r>) -> Option<Json<'r>> {
    let annotations = event.member("annotations")?;
    ["cluster.name", "cluster_name", "clusterName"].into_iter().find_map(|key| present(annotations, key))
}

/// What `read` finds in the subjects of this kind in a binding.
fn subjects<'r, T>(kind: &str, event: &EventContext<'r>, read: impl Fn(Json<'r>) -> Option<T>) -> Vec<T> {
    let all = at("requestObject/subjects/*", event).into_iter();
    let is_meant = |it: &Json<'r>| it.member("kind").is_some_and(|known| known.text() == kind);
    all.filter(is_meant).filter_map(read).collect()
}

fn has_subject<'a>(event: &EventContext<'a>, wanted: &str) -> Value<'a> {
    let names = at("requestObject/subjects/*/name", event);
    if names.is_empty() {
        return Value::Absent;
    }
    Value::One(names.iter().any(|name| name.text() == wanted).to_string().into())
}

/// As stated by the record, else inferred from the name of the call.
fn read_only(event: &EventContext<'_>) -> Option<bool> {
    const CHANGES: [&str; 41] = [
        "Start",
        "Stop",
        "Create",
        "Destroy",
        "Delete",
        "Add",
        "Remove",
        "Terminate",
        "Put",
        "Associate",
        "Disassociate",
        "Attach",
        "Detach",
        "Open",
        "Close",
        "Wipe",
        "Update",
        "Upgrade",
        "Unlink",
        "Assign",
        "Unassign",
        "Suspend",
        "Set",
        "Run",
        "Register",
        "Deregister",
        "Reboot",
        "Purchase",
        "Modify",
        "Initialize",
        "Enable",
        "Disable",
        "Cancel",
        "Admin",
        "Activate",
        "Deactivate",
        "Revoke",
        "Authorize",
        "Restore",
        "Import",
        "Send",
    ];
    let record = event.cloudtrail()?;
    let by_name = || record.event_name.map(|name| !CHANGES.iter().any(|verb| name.starts_with(verb)));
    record.read_only.or_else(by_name)
}

fn summary(event: &EventContext<'_>) -> String {
    let text = |scanned: Scanned| match scanned.value(event) {
        Value::One(text) => text.into_owned(),
        _ => "<NA>".to_owned(),
    };
    match event.record {
        AnyRecord::CloudTrail(record) => {
            let user = user(event).unwrap_or(Cow::Borrowed("<NA>"));
            let failed = if record.error_code.is_some() { "!" } else { "" };
            let way = if read_only(event) == Some(false) { "→" } else { "←" };
            format!("{user} via {} {failed}{way} {}", text(Scanned::SourceIp), text(Scanned::EventName))
        }
        AnyRecord::Kubernetes(_) => {
            format!("{} {} {}", text(Scanned::UserName), text(Scanned::Verb), text(Scanned::RequestUri))
        }
    }
}

fn s3_uri(event: &EventContext<'_>) -> Option<String> {
    let request = event.member("requestParameters")?;
    Some(format!("s3://{}/{}", present(request, "bucketName")?.text(), present(request, "key")?.text()))
}

fn bytes(event: &EventContext<'_>, sent: bool, received: bool) -> Option<String> {
    let data = event.member("additionalEventData")?;
    let count = |key: &str| data.member(key)?.text().parse::<f64>().ok();
    let sent = if sent { count("bytesTransferredIn") } else { None };
    let received = if received { count("bytesTransferredOut") } else { None };
    let all = sent.into_iter().chain(received).reduce(|one, other| one + other)?;
    Some((all as u64).to_string())
}

fn instance_name<'a>(event: &'a EventContext<'_>) -> Option<Cow<'a, str>> {
    let items = at("requestParameters/tagSpecificationSet/items/*", event);
    let of_instances = items
        .into_iter()
        .filter(|item| item.member("resourceType").is_some_and(|sort| sort.text() == "instance"));
    let mut tags = of_instances.filter_map(|item| item.member("tags")).flat_map(Json::items);
    let name = tags.find(|tag| tag.member("key").is_some_and(|key| key.text() == "Name"))?;
    present(name, "value").map(Json::text)
}

/// The first URI parameter with this name.
fn uri_parameter(event: &EventContext<'_>, name: &str) -> Option<String> {
    let (_, query) = event.kubernetes()?.request_uri?.split_once('?')?;
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(known, _)| unescaped(known) == name).map(|(_, value)| unescaped(value))
}

/// Decodes a part of a URI: `%` escapes, and `+` for spaces.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = behind.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The pod that a request targets.
fn pod_name<'a>(event: &'a EventContext<'_>) -> Option<Cow<'a, str>> {
    let record = event.kubernetes()?;
    let name = |path| at(path, event).first().map(|name| name.text());
    match record.object.resource {
        Some("pods") => name("objectRef/name").or_else(|| name("responseObject/metadata/name")),
        _ => None,
    }
}

/// An image without tag and digest, cut at the first colon as in Falco.
fn repository(image: &str) -> &str {
    let name = image.split(':').next().unwrap_or(image);
    name.split('@').next().unwrap_or(name)
}

fn any_privileged<'a>(event: &EventContext<'a>) -> Value<'a> {
    if at("requestObject/spec/containers", event).is_empty() {
        return Value::Absent;
    }
    let flags = at("requestObject/spec/containers/*/securityContext/privileged", event);
    Value::One(flags.iter().any(|flag| flag.text() == "true").to_string().into())
}

fn has_host_path<'a>(event: &EventContext<'a>, wanted: &str) -> Value<'a> {
    let paths = at("requestObject/spec/volumes/*/hostPath/path", event);
    if paths.is_empty() {
        return Value::Absent;
    }
    let is_wanted = |path: &str| match wanted.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == wanted,
    };
    Value::One(paths.iter().any(|path| is_wanted(&path.text())).to_string().into())
}

fn of_containers<'a>(
    what: OfContainers,
    list: &str,
    index: Option<&str>,
    event: &EventContext<'a>,
) -> Value<'a> {
    let index = index.and_then(|index| index.parse().ok());
    let containers = Path::list(&format!("requestObject/spec/{list}/*"), index).find(event);
    let effective = |key: &str| {
        let of_pod = at("requestObject/spec/securityContext", event).first().and_then(|it| present(*it, key));
        let of = |container: &Json<'a>| {
            let own = container.member("securityContext").and_then(|it| present(it, key));
            own.or(of_pod).map_or(Cow::Borrowed("0"), Json::text)
        };
        containers.iter().map(of).collect()
    };
    Value::list(match what {
        OfContainers::Repositories => {
            let images = containers.iter().filter_map(|container| present(*container, "image"));
            texts(images.collect()).iter().map(|image| Cow::Owned(repository(image).to_owned())).collect()
        }
        OfContainers::HostPorts => {
            let ports = containers.iter().filter_map(|it| it.member("ports")).flat_map(Json::items);
            texts(
                ports
                    .filter_map(|port| present(port, "hostPort").or(present(port, "containerPort")))
                    .collect(),
            )
        }
        OfContainers::EffectiveUsers => effective("runAsUser"),
        OfContainers::EffectiveGroups => effective("runAsGroup"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uri_parameters_and_image_repositories_are_parsed() {
        assert_eq!(unescaped("a%20b+c%2"), "a b c%2");
        assert_eq!(repository("gcr.io/x/y:1.2@sha256:00"), "gcr.io/x/y");
        assert_eq!(repository("falcosecurity/falco"), "falcosecurity/falco");
    }
}
