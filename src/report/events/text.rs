//! Events as a timeline, one line each, to be read or pasted into a report.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::events::Event;
use crate::model::LogSource;
use crate::report::for_terminal;
use crate::report::place::shown_object;
use crate::report::row::{NOT_NAMED, credential, named};

/// Writes the line of one event: time, whether it is a first sighting, action, outcome and principal, and then what the record
/// has of address, Region, session, access key, ARNs or object, URI and event id.
pub(super) fn write_line(event: &Event<'_>, archives: &[String], out: &mut dyn Write) -> io::Result<()> {
    let clean = for_terminal;
    let mark = if event.is_first_sighting { "first" } else { "again" };
    let who = named(&event.who.key).unwrap_or(NOT_NAMED);
    let (action, kind) = (clean(event.action), event.who.kind.name());
    write!(out, "{}  {mark}  {action}  {}  {kind} {}", event.time, outcome(event), clean(who))?;
    let of_place = |account: &&str| !event.who.key.contains(*account);
    let evidence = event.evidence;
    let is_request = event.who.kind.source() == LogSource::Kubernetes;
    let resources = match &event.resources[..] {
        [] => None,
        [one] => Some(Cow::Borrowed(*one)),
        [one, more @ ..] => Some(Cow::Owned(format!("{one} and {} more", more.len()))),
    };
    let facts = [
        ("account", named(&event.who.account).filter(of_place).map(Cow::Borrowed)),
        ("ip", evidence.source_ip.map(Cow::Borrowed)),
        ("forwarded for", evidence.forwarded_for.map(Cow::Borrowed)),
        ("region", evidence.region.map(Cow::Borrowed)),
        ("session", evidence.session_name.map(Cow::Borrowed)),
        (evidence.access_key_id.map_or("key", credential), evidence.access_key_id.map(Cow::Borrowed)),
        ("impersonated by", evidence.impersonated_by.map(Cow::Borrowed)),
        ("issued", evidence.issued.map(Cow::Borrowed)),
        ("on", resources),
        ("uri", evidence.detail.filter(|_| is_request).map(Cow::Borrowed)),
    ];
    let mut mark = "  ";
    for (name, value) in facts {
        if let Some(value) = value {
            write!(out, "{mark}{name} {}", clean(&value))?;
            mark = ", ";
        }
    }
    match event.event_id {
        "" => {
            let object = shown_object(archives, event.archive, event.object);
            writeln!(out, "  {} record {}", clean(&object), event.record)
        }
        id => writeln!(out, "  {}", clean(id)),
    }
}

fn outcome<'e>(event: &Event<'e>) -> Cow<'e, str> {
    match event.evidence.error_code {
        _ if !event.failed => "ok".into(),
        Some(code) => format!("failed: {}", for_terminal(code)).into(),
        None => "failed".into(),
    }
}
