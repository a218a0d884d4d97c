//! Reads any text: JSON, tables, log lines with JSON, and plain text with embedded JSON.

use super::json_stream::{self, JsonStream};
use super::sink::{Contents, TextContext};
use super::table::{self, TableKind};
use super::traces::{self, TraceKind};
use super::{encoded, envelope, loose, origin, partial_lines};
use crate::coverage::ObjectSkip;
use crate::decode::record::scanner::KeyPredictors;
use crate::decode::{FoundRecord, Verdict};

/// Visits every record of a text. `is_cut` says that its end is missing and that this was already reported.
pub(in crate::decode) fn read(
    text: &str,
    is_cut: bool,
    within: &TextContext<'_>,
    predictors: &mut KeyPredictors,
    visit: impl FnMut(FoundRecord<'_>),
) -> (Verdict, Contents) {
    let (verdict, mut contents) = if partial_lines::has_split_lines(text) {
        let _copy = within.ceiling.reserve_copy(text.len() as u64);
        read_as_it_begins(&partial_lines::joined(text), within, predictors, visit)
    } else {
        read_as_it_begins(text, within, predictors, visit)
    };
    if is_cut {
        // The truncation was already reported.
        contents.merge_cut_faults(<_>::default());
    }
    (verdict, contents)
}

/// Whether a text does not begin like any known format: it begins with words, or with bytes that are not
/// text.
pub(in crate::decode) fn is_unknown(text: &str) -> bool {
    let start = text.trim_ascii_start();
    !start.is_empty()
        && !start.starts_with(['{', '['])
        && json_stream::first_whole_record(text).is_none()
        && envelope::log_line(start).is_none()
        && table::table_kind(text).is_none()
}

/// The beginning of a text that Grafana exports: what all its lines have in common, as JSON.
const COMMON_LABELS: &str = "Common labels: ";

fn read_as_it_begins(
    text: &str,
    within: &TextContext<'_>,
    predictors: &mut KeyPredictors,
    visit: impl FnMut(FoundRecord<'_>),
) -> (Verdict, Contents) {
    let mut walker = JsonStream::new(text, within, predictors, visit);
    if let Some(at) = json_stream::first_whole_record(text) {
        walker.resume(at);
        return (Verdict::Records, walker.finish());
    }
    let start = text.trim_ascii_start();
    if let Some(labels) = start.strip_prefix(COMMON_LABELS) {
        let labels = labels.lines().next().and_then(|labels| origin::of_member("labels", labels));
        walker.sink().carrier = labels.map(|labels| labels.within(within.carrier.as_ref()));
    }
    match start.bytes().next() {
        None => (Verdict::Other(ObjectSkip::Empty), walker.finish()),
        Some(b'{' | b'[') => {
            walker.read_values(0);
            of_values(walker.finish())
        }
        Some(_) if envelope::log_line(start).is_some() => {
            walker.read_values(0);
            of_values(walker.finish())
        }
        Some(first) => match table::table_kind(text) {
            Some(TableKind::Events(table)) => {
                table::records(text, &table, walker.sink());
                let contents = &walker.sink().contents;
                let verdict = match table.fields {
                    Some(kind) if contents.records == 0 && contents.trace.is_some() => Verdict::Other(kind),
                    _ => Verdict::Records,
                };
                (verdict, walker.finish())
            }
            Some(TableKind::Fields { kind, trace, is_empty }) => {
                if !is_empty {
                    walker.sink().contents.add_trace(trace, 0);
                }
                (Verdict::Other(kind), walker.finish())
            }
            None if first == b'"' && json_stream::is_string_line(start) => {
                walker.read_values(0);
                of_values(walker.finish())
            }
            None => read_words(text, walker),
        },
    }
}

fn of_values(contents: Contents) -> (Verdict, Contents) {
    match contents.other {
        Some(other) if contents.records == 0 => (Verdict::Other(other), contents),
        _ => (Verdict::Records, contents),
    }
}

/// Reads a text that begins with words.
fn read_words<V: FnMut(FoundRecord<'_>)>(
    text: &str,
    mut walker: JsonStream<'_, '_, '_, V>,
) -> (Verdict, Contents) {
    let content = text.trim_ascii();
    let has_json = loose::has_json(text);
    let is_base64 = !has_json && envelope::classify_text(content) == Some(envelope::TextKind::Base64);
    if is_base64 && encoded::is_one_text(content) {
        let has_records = walker.sink().with_member("base64", |sink| sink.base64(text, 0));
        if has_records == Some(true) {
            return (Verdict::Records, walker.finish());
        }
    } else if has_json || encoded::has_words(text) {
        walker.read_words();
    }
    let is_read = walker.sink().contents.records > 0;
    let is_silent = !is_read && walker.sink().contents.trace.is_none();
    // A document may name the fields, unless their quotes are escaped for it: then it shows a record.
    let kind = if loose::is_document(text) { TraceKind::Shown } else { TraceKind::Words };
    let is_shown = || kind == TraceKind::Words || loose::has_escaped_names(text);
    if is_silent && is_shown() {
        let of_calls = traces::in_words(text).map(|at| (kind, at));
        if let Some((kind, at)) = of_calls.or_else(|| traces::of_clusters_in_words(text)) {
            walker.sink().contents.add_trace(kind, at);
        }
    }
    let verdict =
        if is_read { Verdict::Records } else { foreign_log(text).map_or(Verdict::NotJson, Verdict::Other) };
    (verdict, walker.finish())
}

/// Plain-text logs of other services, recognised by their first line.
fn foreign_log(text: &str) -> Option<ObjectSkip> {
    let mut words = text.split_ascii_whitespace();
    match (words.next()?, words.next()?) {
        // "Access log entries", Elastic Load Balancing user guides: a type and a time, or a time alone.
        ("http" | "https" | "h2" | "grpcs" | "ws" | "wss" | "tls", time) if time.starts_with("20") => {
            Some(ObjectSkip::LoadBalancer)
        }
        // "Flow log records", Amazon VPC user guide: a header line of field names.
        ("version", "account-id") => Some(ObjectSkip::FlowLogs),
        _ => None,
    }
}
