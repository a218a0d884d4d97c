//! The answer for people: a block for each archive.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Access, Examined, Inside, SavedSummary};
use crate::coverage::ObjectSkip;
use crate::doctor::{Checkup, Content, Estimate, Layout, Sample, SampledObject, Seen};
use crate::report::count::{counted, grouped, size};
use crate::report::{for_terminal, unfinished};

/// How many names of one kind are written.
const NAMES_WRITTEN: usize = 8;

pub(super) fn write(examined: &[Examined], out: &mut dyn Write) -> io::Result<()> {
    for (index, one) in examined.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let form = match one.form {
            "list" => "files of a list",
            "pattern" => "files that match a pattern",
            form => form,
        };
        writeln!(out, "{}: {form}", for_terminal(&one.name))?;
        match &one.inside {
            Inside::Archive(checkup, access) => archive(checkup, access.as_ref(), out)?,
            Inside::Baseline(saved) => baseline(saved, out)?,
            Inside::Unopened { reason, todo } => {
                field("error", reason, out)?;
                field("", &format!("do: {todo}"), out)?;
            }
        }
        match &one.command {
            Some(command) => field("next", command, out)?,
            None if matches!(one.inside, Inside::Unopened { .. }) => {}
            None => field("next", "nothing: see the remarks", out)?,
        }
    }
    Ok(())
}

/// One line: what it is about, and a text that is cleaned.
fn field(name: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {name:<11} {}", for_terminal(text))
}

fn archive(checkup: &Checkup, access: Option<&Access>, out: &mut dyn Write) -> io::Result<()> {
    let Checkup { seen, sample, estimate, remarks, .. } = checkup;
    if let Some(access) = access {
        field("credentials", &access.to_string(), out)?;
        field("permissions", &permissions(sample), out)?;
    }
    let layouts = seen.layouts.iter().map(|(layout, count)| format!("{} {count}", layout_in_words(*layout)));
    field("layout", &or_none(layouts.collect::<Vec<_>>().join(", ")), out)?;
    field("accounts", &names(&seen.accounts), out)?;
    field("Regions", &names(&seen.regions), out)?;
    let days = seen.delivered.map(|[first, last]| format!("{} to {}", first.day(), last.day()));
    field("deliveries", days.as_deref().unwrap_or("the names give no day"), out)?;
    field("objects", &objects(seen), out)?;
    field("digests", if checkup.has_digests() { "there are some" } else { "none" }, out)?;
    field("opened", &format!("{} of {}", sample.objects.len(), counted(seen.objects, "object")), out)?;
    opened(sample, out)?;
    if let Some(estimate) = estimate {
        field("a scan", &cost(estimate, access.is_some()), out)?;
    }
    for remark in remarks {
        field("remark", &remark.what, out)?;
        field("", &format!("do: {}", remark.todo), out)?;
        remark.lines.iter().try_for_each(|line| field("", &format!("  {line}"), out))?;
    }
    Ok(())
}

fn layout_in_words(layout: Layout) -> &'static str {
    match layout {
        Layout::AwsLogs => "AWSLogs/ACCOUNT",
        Layout::Organization => "AWSLogs/ORGANIZATION/ACCOUNT",
        Layout::EksExport => "EKSLogs/ACCOUNT/CLUSTER",
        Layout::SecurityLake => "Security Lake",
        Layout::Flat => "CloudTrail's names without its folders",
        Layout::Days => "folders of days",
        Layout::Other => "other",
    }
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

/// `3: a, b, c`.
fn names(names: &BTreeSet<String>) -> String {
    let first: Vec<&str> = names.iter().map(|name| &**name).take(NAMES_WRITTEN).collect();
    match names.len() {
        0 => "the names give none".to_owned(),
        count if count > NAMES_WRITTEN => {
            format!("{count}: {} and {} more", first.join(", "), count - NAMES_WRITTEN)
        }
        count => format!("{count}: {}", first.join(", ")),
    }
}

fn objects(seen: &Seen) -> String {
    let reasons = |skips: &BTreeMap<ObjectSkip, u64>| {
        skips.iter().map(|(skip, count)| format!("{} {count}", skip.name())).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("{} to read, {} as stored", grouped(seen.objects), size(seen.bytes));
    let skipped: u64 = seen.skipped.values().sum();
    if skipped > 0 {
        text.push_str(&format!("; {} skipped by name ({})", grouped(skipped), reasons(&seen.skipped)));
    }
    if !seen.unlisted.is_empty() {
        text.push_str(&format!("; folders passed over ({})", reasons(&seen.unlisted)));
    }
    text
}

/// What the opened objects are: a line for each content, with the first object that has it.
fn opened(sample: &Sample, out: &mut dyn Write) -> io::Result<()> {
    let mut contents: Vec<(&'static str, u64, &SampledObject)> = Vec::new();
    for object in &sample.objects {
        let name = object.content.name();
        match contents.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, count, _)) => *count += 1,
            None => contents.push((name, 1, object)),
        }
    }
    for (name, count, first) in contents {
        let what = match first.content {
            Content::Logs(_) | Content::NoEvents => "logs",
            Content::Other(_) => "no logs",
            Content::Unreadable(_) => "not read",
        };
        field("", &format!("{what}: {name} {count}, first {}", first.path), out)?;
    }
    Ok(())
}

fn cost(estimate: &Estimate, is_bucket: bool) -> String {
    let requests = match is_bucket {
        true => format!("; at least {} until the bucket has answered", time(estimate.request_seconds)),
        false => String::new(),
    };
    format!(
        "about {} of JSON, {}; {} of one core{requests}; about {} of memory, {} for each further thread, {} for each principal",
        size(estimate.json_bytes),
        counted(estimate.records, "record"),
        time(estimate.cpu_seconds),
        size(estimate.memory_bytes),
        size(Estimate::MEMORY_PER_THREAD),
        size(Estimate::MEMORY_PER_PRINCIPAL),
    )
}

/// `about 40 s`, `about 3 min`, `about 2 h`.
fn time(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..120 => format!("about {seconds} s"),
        120..7_200 => format!("about {} min", seconds.div_ceil(60)),
        _ => format!("about {} h", seconds.div_ceil(3_600)),
    }
}

/// What listing and reading the sample tell.
fn permissions(sample: &Sample) -> String {
    let opened = sample.objects.len();
    let read = sample.objects.iter().filter(|object| !object.content.is_denied()).count();
    match (opened, read) {
        (0, _) => "it may be listed; no object was read".to_owned(),
        (_, 0) => format!("it may be listed, but none of {} may be read", counted(opened as u64, "object")),
        _ => format!("it may be listed, and {read} of {} may be read", counted(opened as u64, "object")),
    }
}

fn baseline(saved: &SavedSummary, out: &mut dyn Write) -> io::Result<()> {
    let SavedSummary { archives, coverage, principals, behaviours, principal_key } = saved;
    field("made of", &archives.join(", "), out)?;
    let behaviours = counted(*behaviours as u64, "behaviour");
    let principals = counted(*principals as u64, "principal");
    field("has", &format!("{principals} (by {principal_key}), {behaviours}"), out)?;
    let (events, objects) = (coverage.records.counted, coverage.objects.read);
    field("read", &format!("{} in {}", counted(events, "event"), counted(objects, "object")), out)?;
    if let (Some(first), Some(last)) = (coverage.first_event, coverage.last_event) {
        field("events", &format!("{first} to {last}"), out)?;
    }
    let faults = match coverage.fault_count {
        0 => "none".to_owned(),
        count => format!("{}: firstseen coverage lists them", grouped(count)),
    };
    for what in unfinished(&coverage.unfinished) {
        field("unfinished", &what, out)?;
    }
    field("faults", &faults, out)
}
