//! Turns the bytes of one log object into records.
//!
//! Knows gzip and JSON, but not where the bytes came from. A broken record is counted and skipped; a broken
//! object gives the records before the break; decoding never fails as a whole. [`crate::event`] interprets
//! the records.
//!
//! Modules, from the bottom up: `record` reads one record, `find` finds the records in a text, `unpack` opens
//! packings and splits large objects, and `ocsf` turns table rows back into records. A [`Decoder`] examines
//! an object and picks among them.

mod ceiling;
mod content;
#[cfg(any(test, fuzzing))]
pub mod differential;
mod faults;
mod find;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod laws_of_damage;
mod ocsf;
mod record;
mod unpack;

use std::collections::BTreeMap;
use std::sync::Arc;

use ceiling::Ceiling;

use crate::coverage::{FaultKind, FoundPaths, ObjectSkip};
use crate::event::AnyRecord;
use crate::memory::{Budget, FREE};
use crate::parquet_headers;
use find::sink::{self, TextContext};
use find::{envelope, text};
use record::scanner::KeyPredictors;
use unpack::gzip::{Inflater, Plain, inflate};
use unpack::packing::{Packing, packing, porous_packing, unread_detail};
use unpack::{Packed, Unpacked, apple_double, piece, utf8, zip_file};

pub use content::{CONTENT_HELD, Content, ContentEnd, stream_content};
pub use faults::{DecodeFault, DecodeFaults};
pub use find::json_stream::with_audit_event;
pub use find::origin::CarrierOrigin;
pub use record::addresses::source_addresses;
pub use record::credential::{credential_in_cluster, issued_in_cluster};
pub use record::insight::insight;
pub use record::issued::issued;
pub use record::json::Json;
pub use record::logging::logging_request;
pub use record::object_name::object_in_cluster;
pub use record::resources::resources;
pub use record::target_role::target_role;
pub use unpack::piece::{Emit, Piece};
pub use unpack::{LargeInput, ReadSeek, split};

/// Gzip that inflates to more than this is read in pieces. Smaller in tests, to exercise that.
const WHOLE: u64 = if cfg!(any(test, fuzzing)) { 1 << 20 } else { FREE };

/// One record found in an object.
#[derive(Debug)]
pub struct FoundRecord<'a> {
    /// Index in its file (the object, or a file in it), counted from 0.
    pub index_in_file: u32,
    /// Index in its object, counted from 0.
    pub index_in_object: u32,
    /// The file in the object that contains it, `a.zip!b.json` for files in files; `None` for the object itself.
    pub inner: Option<&'a str>,
    /// Its JSON text.
    pub text: &'a str,
    /// The carrier, if the wrapper names it.
    pub carrier: Option<&'a CarrierOrigin>,
    /// The parsed record, or the reason why it cannot be read.
    pub record: Result<AnyRecord<'a>, &'a str>,
}

/// The kind of content of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Records, or at least a wrapper for them; possibly none at all.
    Records,
    /// Readable, but without events.
    Other(ObjectSkip),
    /// Not JSON.
    NotJson,
}

/// The result for one object.
#[derive(Debug)]
pub struct Decoded {
    /// The kind of content.
    pub verdict: Verdict,
    /// Bytes of JSON text.
    pub json_bytes: u64,
    /// Records visited.
    pub records: u32,
    /// Values that are not records.
    pub others: u64,
    /// Inner files without records, by reason.
    pub skipped_inside: BTreeMap<ObjectSkip, u64>,
    /// Paths of records outside known carriers.
    pub found: FoundPaths,
    /// Faults of the object; those of single records went to the visitor.
    pub faults: DecodeFaults,
}

impl Decoded {
    /// The result for an empty object.
    pub fn empty() -> Self {
        Self::nothing(Verdict::Other(ObjectSkip::Empty))
    }

    fn nothing(verdict: Verdict) -> Self {
        Self {
            verdict,
            json_bytes: 0,
            records: 0,
            others: 0,
            skipped_inside: BTreeMap::new(),
            found: FoundPaths::default(),
            faults: DecodeFaults::default(),
        }
    }
}

/// Decodes objects one after another, reusing its memory. One per worker.
#[derive(Debug)]
pub struct Decoder {
    inflater: Inflater,
    plain: Plain,
    spare: Plain,
    predictors: KeyPredictors,
    ceiling: Ceiling,
    /// The number of packings and wrappers around the object.
    depth: u32,
    /// Whether nothing indicates a log. Then only JSON objects with all required fields count as records.
    is_strict: bool,
    /// Position of the second gzip member in the last decoded object.
    second_member: Option<u64>,
    /// The number of bytes inflated for it.
    inflated: u64,
}

impl Decoder {
    /// A decoder that inflates an object to at most `max_object_size` bytes.
    pub fn new(max_object_size: u64) -> Self {
        Self::with_budget(max_object_size, &Budget::new(u64::MAX))
    }

    /// Like [`Decoder::new`], with a memory budget shared among decoders of large objects.
    pub fn with_budget(max_object_size: u64, budget: &Arc<Budget>) -> Self {
        Self {
            inflater: Inflater::new(),
            plain: Plain::default(),
            spare: Plain::default(),
            predictors: KeyPredictors::default(),
            ceiling: Ceiling::new(max_object_size, budget),
            depth: 0,
            is_strict: false,
            second_member: None,
            inflated: 0,
        }
    }

    /// A decoder for files inside `depth` packings.
    fn nested(max_object_size: u64, depth: u32) -> Self {
        Self { depth, ..Self::new(max_object_size) }
    }

    /// Like [`Decoder::nested`], for the contents of data that is already in memory.
    fn nested_in(ceiling: Ceiling, depth: u32) -> Self {
        Self { ceiling, ..Self::nested(0, depth) }
    }

    /// Only inflates an object: the first step of [`Decoder::decode`].
    pub fn inflate<'d>(&'d mut self, stored: &'d [u8]) -> &'d [u8] {
        let Self { inflater, plain, spare, ceiling, .. } = self;
        inflate(inflater, (plain, spare), stored, ceiling.limit.min(WHOLE), &mut None, &mut None)
    }

    /// Position of the second gzip member in the stored bytes of the last decoded object, if it had one.
    pub fn second_member(&self) -> Option<u64> {
        self.second_member
    }

    /// Visits every record of an object, in order.
    ///
    /// ```
    /// use firstseen::decode::Decoder;
    ///
    /// let object = br#"{"Records":[{"eventName":"CreateUser"},{"eventName":"#;
    /// let mut names = Vec::new();
    /// let decoded = Decoder::new(1 << 20).decode(object, |found| {
    ///     let record = found.record.unwrap().cloudtrail().unwrap();
    ///     names.extend(record.event_name.map(str::to_owned));
    /// });
    /// assert_eq!(names, ["CreateUser"]);
    /// assert_eq!(decoded.faults[0].kind.name(), "json-truncated");
    /// ```
    pub fn decode(&mut self, stored: &[u8], mut visit: impl FnMut(FoundRecord<'_>)) -> Decoded {
        let mut fault = None;
        let Self { inflater, plain, spare, predictors, ceiling, depth, is_strict, second_member, inflated } =
            self;
        *second_member = None;
        let limit = ceiling.limit.min(WHOLE);
        let bytes = inflate(inflater, (plain, spare), stored, limit, second_member, &mut fault);
        *inflated = bytes.len() as u64;
        let is_long =
            limit < ceiling.limit && fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::TooLarge);
        if let Some(packing) = if is_long { Some(Packing::Streams) } else { packing(bytes) } {
            let bytes = if is_long { stored } else { bytes };
            let packed = Packed { packing, bytes, ceiling, depth: *depth, is_strict: *is_strict };
            let Unpacked { mut decoded, second_gzip, inflated: more } = unpack::decode(&packed, &mut visit);
            *inflated += more;
            if is_long {
                *second_member = second_gzip;
            } else if let Some(fault) = fault {
                decoded.faults.push_front(fault);
            }
            return decoded;
        }
        // A fuzzer reports a panic as a crash, even if it is caught.
        if !cfg!(fuzzing) && bytes.starts_with(&parquet_headers::MAGIC) {
            let mut decoded = ocsf::decode(bytes, ceiling, *depth, predictors, &mut visit);
            fault.into_iter().for_each(|fault| decoded.faults.push_front(fault));
            return decoded;
        }
        if apple_double::is_apple_double(bytes) {
            let faults = fault.into_iter().collect();
            return Decoded { faults, ..Decoded::nothing(Verdict::Other(ObjectSkip::NotALog)) };
        }
        // Every byte that is not UTF-8 becomes three bytes.
        let copy = ceiling.reserve_copy(3 * bytes.len() as u64);
        let (text, odd) = utf8::text(bytes, fault.is_some(), ceiling.limit);
        if text::is_unknown(&text) && zip_file::ends_as_archive(bytes) {
            drop(copy);
            let packed =
                Packed { packing: Packing::Zip, bytes, ceiling, depth: *depth, is_strict: *is_strict };
            let Unpacked { mut decoded, inflated: more, .. } = unpack::decode(&packed, &mut visit);
            *inflated += more;
            fault.into_iter().for_each(|fault| decoded.faults.push_front(fault));
            return decoded;
        }
        let ceiling = match &copy {
            Some(hold) => &ceiling.for_contents(text.len() as u64, Some(hold)),
            None => ceiling,
        };
        let room = sink::base64_budget(text.len());
        let within = TextContext {
            depth: *depth,
            is_strict: *is_strict,
            ceiling,
            base64_left: &room,
            path: "",
            is_found: *is_strict,
            carrier: None,
        };
        let mut decoded = decode_text(&text, (fault, odd), &within, predictors, visit);
        if let Some(name) = porous_packing(bytes) {
            decoded.faults.push_front(piece::fault(None, FaultKind::PackingBroken, &unread_detail(name)));
        }
        decoded
    }
}

/// Visits every record of a text. `fault` was found earlier: if there is one, the end of the text is
/// missing. `odd` is the fault of invalid UTF-8, which counts only if the text is a log.
#[inline]
fn decode_text(
    text: &str,
    (fault, odd): (Option<DecodeFault>, Option<DecodeFault>),
    within: &TextContext<'_>,
    predictors: &mut KeyPredictors,
    visit: impl FnMut(FoundRecord<'_>),
) -> Decoded {
    let is_strict = within.is_strict;
    let (verdict, mut contents) = text::read(text, fault.is_some(), within, predictors, visit);
    let mut own = contents.all_faults(!is_strict || contents.records > 0 || envelope::names_a_record(text));
    contents.report_traces();
    own.append(contents.faults);
    // Bytes that are not text need no fault about UTF-8.
    let is_log = contents.records > 0 || !own.is_empty() || (!is_strict && text.starts_with(['{', '[']));
    let odd = odd.filter(|_| is_log || (!is_strict && verdict == Verdict::Records));
    let mut faults: DecodeFaults = fault.into_iter().chain(odd).collect();
    faults.append(own);
    Decoded {
        verdict,
        json_bytes: text.len() as u64,
        records: contents.records,
        others: if verdict == Verdict::Records { contents.others } else { 0 },
        skipped_inside: BTreeMap::new(),
        found: contents.found,
        faults,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// The event names, the verdict, and the kinds of faults.
    fn read(bytes: &[u8]) -> (String, Verdict, Vec<&'static str>) {
        let mut names = Vec::new();
        let decoded = Decoder::new(1 << 24).decode(bytes, |found| {
            assert_eq!(found.index_in_file as usize, names.len());
            names.push(match found.record {
                Ok(AnyRecord::CloudTrail(record)) => record.event_name.unwrap_or("-").to_owned(),
                Ok(AnyRecord::Kubernetes(record)) => record.audit_id.unwrap_or("-").to_owned(),
                Err(_) => "!".to_owned(),
            });
        });
        assert_eq!(decoded.records as usize, names.len());
        let faults = decoded.faults.iter().map(|fault| fault.kind.name()).collect();
        (names.join(" "), decoded.verdict, faults)
    }

    fn names(text: &str) -> String {
        let (names, verdict, faults) = read(text.as_bytes());
        assert_eq!((verdict, faults), (Verdict::Records, vec![]), "{text}");
        names
    }

    #[test]
    fn every_wrapper_gives_its_records() {
        let (a, b) = (r#"{"eventName":"A"}"#, r#"{"eventName":"B","x":{"y":["}"]}}"#);
        let batch = format!(r#"{{"Records":[{a},{b}]}}"#);
        for text in [
            batch.clone(),
            format!("\u{feff}{batch}\n"),
            format!(r#"{{"x":[1],"Records":[{a},{b}]}}"#),
            format!(r#"{{"Records":[{a},{b}],"x":[1]}}"#),
            format!(r#"{{"Records":[{a}],"x":1,"Records":[{b}]}}"#),
            format!("[{a},{b}]"),
            format!("[\n  {a} ,\n  {b}\n]\n"),
            format!("{a}\n{b}\n"),
            format!("{a}\r\n\r\n{b}"),
            format!("{a}{b}"),
            format!("{{\"Records\":[{a}]}}\n{{\"Records\":[{b}]}}\n"),
            format!("[{a}]\n[{b}]"),
            format!("[{{\"Records\":[{a}]}},{{\"Records\":[{b}]}}]"),
            format!("{{\n \"Records\": [\n  {{\n   \"eventName\": \"A\"\n  }},\n  {b}\n ]\n}}"),
        ] {
            assert_eq!(names(&text), "A B", "{text}");
        }
        assert_eq!(names(r#"{"Records":[]}"#), "");
        assert_eq!(names("[]"), "");
    }

    /// A text as a JSON string.
    fn quoted(text: &str) -> String {
        serde_json::to_string(text).unwrap()
    }

    #[test]
    fn every_carrier_gives_its_records() {
        let (a, b) = (r#"{"eventName":"A","x":"\n"}"#, r#"{"eventName":"B","x":{"y":["}"]}}"#);
        let (qa, qb) = (quoted(a), quoted(b));
        let bus = |detail: &str| {
            format!(r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{detail}}}"#)
        };
        let log = |first: &str, second: &str| {
            format!(
                r#"{{"messageType":"DATA_MESSAGE","owner":"1","logEvents":[{{"id":"1","message":{first}}},{{"id":"2","message":{second}}}]}}"#
            )
        };
        for text in [
            // LookupEvents: one page, two pages, and one event per line.
            format!(
                r#"{{"Events":[{{"EventId":"1","CloudTrailEvent":{qa}}},{{"CloudTrailEvent":{qb}}}],"NextToken":"x"}}"#
            ),
            format!(r#"{{"Events":[{{"CloudTrailEvent":{qa}}}]}}{{"Events":[{{"CloudTrailEvent":{qb}}}]}}"#),
            format!("{{\"EventId\":\"1\",\"CloudTrailEvent\":{qa}}}\n{{\"CloudTrailEvent\":{qb}}}\n"),
            // CloudWatch Logs subscriptions: one message, two messages without a line break, and whole
            // batches.
            log(&qa, &qb),
            format!("{}{}", log(&qa, &quoted(" ")), log(&quoted("no JSON"), &qb)),
            log(&quoted(&format!(r#"{{"Records":[{a},{b}]}}"#)), &quoted("[]")),
            // filter-log-events, and an export task.
            format!(
                r#"{{"events":[{{"logStreamName":"s","message":{qa}}},{{"message":{qb}}}],"searchedLogStreams":[]}}"#
            ),
            format!("2026-01-01T10:00:00.000Z {a}\n2026-01-01T10:00:01.000Z {b}\n"),
            // EventBridge: one event per line, and a list.
            format!("{}\n{}", bus(a), bus(b)),
            format!("[{},{}]", bus(a), bus(b)),
            // Elastic (may keep the text twice) and its search results; Splunk; Logs Insights.
            format!(r#"{{"event":{{"original":{qa}}},"message":{qa}}} {{"message":{qb}}}"#),
            format!(r#"{{"event.original":{qa}}}{{"_source":{{"message":{qb}}}}}"#),
            format!("{{\"preview\":false,\"result\":{{\"_raw\":{qa}}}}}\n{{\"_raw\":{qb}}}"),
            format!(r#"[{{"@timestamp":"x","@message":{qa}}},{{"@message":{qb}}}]"#),
            // Wrapped by collectors.
            format!(r#"[{{"data":{}}},{{"data":{b}}}]"#, bus(a)),
        ] {
            assert_eq!(read(text.as_bytes()).0, "A B", "{text}");
            assert_eq!(read(&gzip(text.as_bytes())).0, "A B", "{text}");
            assert_eq!(read(text.as_bytes()).2, [""; 0], "{text}");
        }
    }

    #[test]
    fn values_after_a_line_prefix_are_read() {
        let (a, b) = (r#"{"eventName":"A","x":"[1] {"}"#, r#"{"eventName":"B"}"#);
        for text in [
            format!("2026-01-01T10:00:00.000Z {a}\n2026-01-01T10:00:01.000Z {b}\n"),
            format!(
                "2026-01-01T10:00:00.000000+00:00 a-stream {a}\n2026-01-01T10:00:00.000000+00:00 s [x] y\n2026-01-01T10:00:00+00:00 s {b}"
            ),
            format!(
                "2026-01-01T10:00:00.123456789Z stdout F {a}\n2026-01-01T10:00:00.123456789Z stderr F {b}\n"
            ),
            format!("[pod/kube-apiserver-a/kube-apiserver] {a}\n[pod/kube-apiserver-a/kube-apiserver] {b}\n"),
            format!(
                "[pod/a/b] I0102 03:04:05.000000 1 x.go:1] hi\n[pod/a/b] {a}\n[pod/a/b] words\n[pod/a/b] {b}"
            ),
            format!("[pod/a/b] 2026-01-01T10:00:00.1Z {a}\n[pod/a/b] 2026-01-01T10:00:00.2Z {b}\n"),
            format!("[2026-02-20T10:00:00Z] {a}\n[2026-02-20 10:00:00,5]\t[{b}]\n"),
            format!("[INFO] {a}\n[n1] [audit] event: {b}\n"),
            format!("{a}\n[n1] {b}\n"),
            // Numbers in brackets; and lists, which are no words.
            format!("[1] {a}\n[] {b}"),
            format!("[17, 2] [{a}]\n[3]\t{b}\n"),
            format!("[ {a},\n  {b} ]\n"),
            format!("EVENTS\t1\t2\tstream\t{a}\nEVENTS\t1\t2\tstream\twords\nEVENTS\t1\t2\tstream\t{b}\n"),
            format!(
                "I0102 03:04:05.000000      10 server.go:1] words {{x}}\n{a}\nW0102 03:04:05.000000  words\n{b}\n"
            ),
            format!("{a}\nE0102 03:04:05.000000      10 words\n{b}\n"),
            format!(
                r#"{{"results":[[{{"field":"@timestamp","value":"2026"}},{{"field":"@message","value":{}}}],[{{"field":"@message","value":{}}}]]}}"#,
                quoted(a),
                quoted(b)
            ),
            format!(
                r#"[[{{"field":"@message","value":{}}}],[{{"field":"@message","value":{}}}]]"#,
                quoted(a),
                quoted(b)
            ),
            format!(
                r#"{{"records":[{{"category":"kube-audit","properties":{{"log":{}}}}},{{"properties":{{"log":{}}}}}]}}"#,
                quoted(a),
                quoted(b)
            ),
            format!(r#"{{"kubernetes":{{"audit":{a}}}}} {{"kubernetes":{{"audit":{b}}}}}"#),
            format!("@timestamp,@message\n2026-01-01 10:00:00.000,{}\n2026,{}\n", csv_cell(a), csv_cell(b)),
        ] {
            assert_eq!(read(text.as_bytes()).0, "A B", "{text}");
            assert_eq!(read(text.as_bytes()).2, [""; 0], "{text}");
        }
        let words = "I0102 03:04:05.000000      10 server.go:1] words\n2026-01-01T10:00:00Z more [words]\n";
        assert_eq!(read(words.as_bytes()).1, Verdict::Other(ObjectSkip::OtherLog));
        let cut = format!("[\n  {a},\n  {}", &b[..9]);
        assert_eq!(read(cut.as_bytes()), ("A".to_owned(), Verdict::Records, vec!["json-truncated"]));
        let many = "[a] ".repeat(1 << 20) + b;
        assert_eq!(read(many.as_bytes()).2, [""; 0]);
    }

    fn csv_cell(text: &str) -> String {
        format!("\"{}\"", text.replace('"', "\"\""))
    }

    #[test]
    fn base64_encoded_data_is_read() {
        use base64::Engine;
        let encode = |bytes: &[u8]| base64::prelude::BASE64_STANDARD.encode(bytes);
        let log = format!(r#"{{"logEvents":[{{"message":{}}}]}}"#, quoted(r#"{"eventName":"A"}"#));
        let lambda = format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, encode(&gzip(log.as_bytes())));
        assert_eq!(read(lambda.as_bytes()).0, "A");
        let kinesis = |data: &str| format!(r#"{{"Records":[],"x":1}}{{"kinesis":{{"data":"{data}"}}}}"#);
        assert_eq!(read(kinesis(&encode(br#"{"eventName":"B"}"#)).as_bytes()).0, "B");
        assert_eq!(read(kinesis("no base64").as_bytes()).0, "");
        // Data nested too deep is not read.
        let mut nested = br#"{"eventName":"A"}"#.to_vec();
        for _ in 0..20 {
            nested = format!(r#"{{"data":"{}"}}"#, encode(&gzip(&nested))).into_bytes();
        }
        assert_eq!(read(&nested).0, "");
        let mut tables = br#"{"eventName":"A"}"#.to_vec();
        for _ in 0..10 {
            tables =
                format!("eventjson\n\"{{\"\"data\"\":\"\"{}\"\"}}\"\n", encode(&gzip(&tables))).into_bytes();
        }
        assert_eq!(read(&tables).0, "");
    }

    #[test]
    fn a_carrier_without_events_is_recognized() {
        let other = |text: &str| read(text.as_bytes()).1;
        let probe =
            r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","message":"CWL CONTROL MESSAGE"}]}"#;
        assert_eq!(other(probe), Verdict::Other(ObjectSkip::Notice));
        assert_eq!(other(r#"{"events":[1,2,{"x":1}]}"#), Verdict::Other(ObjectSkip::OtherJson));
        assert_eq!(other(r#"{"logEvents":[]}"#), Verdict::Records);
        assert_eq!(other(r#"{"message":"hello"}"#), Verdict::Other(ObjectSkip::OtherJson));
    }

    #[test]
    fn a_truncated_text_in_a_carrier_is_a_fault() {
        let cut = quoted(r#"{"eventName":"B","x":"[Truncated..."#);
        let text = format!(
            r#"{{"logEvents":[{{"message":{}}},{{"message":{cut}}}]}}"#,
            quoted(r#"{"eventName":"A"}"#)
        );
        assert_eq!(read(text.as_bytes()), ("A".to_owned(), Verdict::Records, vec!["json-truncated"]));
    }

    #[test]
    fn deeply_nested_wrappers_are_not_read() {
        let nested =
            format!("{}{{\"eventName\":\"A\"}}{}", "{\"detail\":".repeat(200_000), "}".repeat(200_000));
        assert_eq!(read(nested.as_bytes()).0, "");
        let mut text = r#"{"eventName":"A"}"#.to_owned();
        for _ in 0..12 {
            text = format!(r#"{{"message":{}}}"#, quoted(&text));
        }
        assert_eq!(read(text.as_bytes()).0, "");
    }

    #[test]
    fn a_logstash_record_without_a_time_gets_its_timestamp() {
        let mut times = Vec::new();
        let text = r#"{"@timestamp":"2020-01-01T00:00:00Z","eventName":"A"} {"eventName":"B\u0042","@timestamp":"x"}"#;
        Decoder::new(1 << 20).decode(text.as_bytes(), |found| {
            let record = found.record.unwrap().cloudtrail().unwrap();
            times.extend(record.event_time.map(str::to_owned));
        });
        assert_eq!(times, ["2020-01-01T00:00:00Z", "x"]);
    }

    #[test]
    fn nested_and_repeated_gzip_is_read() {
        let text = br#"{"eventName":"A"}"#;
        assert_eq!(read(&gzip(text)).0, "A");
        assert_eq!(read(&gzip(&gzip(text))).0, "A");
        let members: Vec<u8> = (0..500).flat_map(|_| gzip(text)).collect();
        assert_eq!(read(&members).0.matches('A').count(), 500);
    }

    #[test]
    fn a_broken_record_does_not_lose_its_neighbours() {
        let (names, _, faults) =
            read(br#"{"Records":[{"eventName":"A"},{"eventName" "B"},{"eventName":"C"},7,null]}"#);
        assert_eq!((names.as_str(), faults), ("A ! C ! !", vec![]));
    }

    #[test]
    fn a_broken_line_does_not_lose_the_next_ones() {
        let text = "{\"eventName\":\"A\"}\n{\"eventName\":\"B\nrubbish\n{\"eventName\":\"C\"}\n{\"Records\":[{\"eventName\":\"D\"},{\"eve\n{\"Records\":[{\"eventName\":\"E\"}]}\n";
        let (names, _, faults) = read(text.as_bytes());
        assert_eq!((names.as_str(), faults.len()), ("A C D E", 2));
    }

    #[test]
    fn a_batch_cut_between_two_records_does_not_lose_the_next_batch() {
        let text = "{\"Records\":[{\"eventName\":\"A\"},\n{\"Records\":[{\"eventName\":\"B\"}]}\n";
        let (names, _, faults) = read(text.as_bytes());
        assert_eq!((names.as_str(), faults), ("A B", vec!["json-broken"]));
    }

    #[test]
    fn records_before_a_cut_are_kept() {
        let text = br#"{"Records":[{"eventName":"A"},{"eventName":"B"},{"eventName":"C","x":"y"}]}"#;
        for length in 0..text.len() - 1 {
            let (names, _, faults) = read(&text[..length]);
            assert!("A B C".starts_with(&names), "{length}: {names}");
            if length > 12 {
                assert_eq!(faults, ["json-truncated"], "{length}");
            }
        }
        let noise: String = (0..4_000u32).map(|n| format!(r#"{{"eventName":"n{}"}},"#, n * 7_919)).collect();
        let stored = gzip(format!(r#"{{"Records":[{noise}"#).as_bytes());
        let (names, _, faults) = read(&stored[..stored.len() - 20]);
        assert!(names.starts_with("n0 n7919"));
        assert_eq!(faults, ["gzip-truncated"]);
    }

    #[test]
    fn a_text_that_begins_inside_a_record_gives_the_following_ones() {
        let record =
            |name: &str| format!(r#"{{"eventVersion":"1.11","eventName":"{name}","x":{{"y":"z"}}}}"#);
        let batch = format!(r#"{{"Records":[{},{},{}]}}"#, record("A"), record("B"), record("C"));
        let lines = format!("{}\n{}\n{}\n", record("A"), record("B"), record("C"));
        for text in [batch, lines] {
            let second = text.find(r#"{"eventVersion":"1.11","eventName":"B""#).unwrap();
            for start in [second - 20, second - 12, second - 5] {
                let (names, verdict, faults) = read(&text.as_bytes()[start..]);
                assert_eq!((names.as_str(), verdict, faults), ("B C", Verdict::Records, vec!["json-broken"]));
            }
        }
        let shown = format!("A record looks like \"this\":\n\n```json\n{}\n```\n", record("A"));
        assert_eq!(read(shown.as_bytes()).1, Verdict::NotJson);
        assert_eq!(read(format!("x = {}", record("A")).as_bytes()).1, Verdict::NotJson);
    }

    #[test]
    fn objects_without_events_are_recognised() {
        let other = |text: &str| read(text.as_bytes()).1;
        assert_eq!(other(""), Verdict::Other(ObjectSkip::Empty));
        assert_eq!(other(" \n"), Verdict::Other(ObjectSkip::Empty));
        assert_eq!(other(r#"{"awsAccountId":"1","digestS3Object":"x"}"#), Verdict::Other(ObjectSkip::Digest));
        assert_eq!(
            other(r#"{"fileVersion":"1","configurationItems":[]}"#),
            Verdict::Other(ObjectSkip::Config)
        );
        assert_eq!(other(r#"{"s3Bucket":"b","s3ObjectKey":["k"]}"#), Verdict::Other(ObjectSkip::Notice));
        assert_eq!(other(r#"{"Records":{}}"#), Verdict::Other(ObjectSkip::OtherJson));
        assert_eq!(other("https 2024-03-09T00:00:00Z app/x"), Verdict::Other(ObjectSkip::LoadBalancer));
        assert_eq!(other("MZ"), Verdict::NotJson);
    }

    #[test]
    fn invalid_utf8_is_a_fault_and_the_rest_is_read() {
        let (names, _, faults) = read(b"{\"Records\":[{\"eventName\":\"A\xff\"},{\"eventName\":\"B\"}]}");
        assert_eq!((names.as_str(), faults), ("A\u{fffd} B", vec!["invalid-utf8"]));
    }

    #[test]
    fn reading_time_is_linear_in_hostile_input() {
        // Each line opens a value that never ends: searching each one to the end of the text would take
        // hours.
        let text = "{\"a\":{\n".repeat(400_000);
        let (names, _, faults) = read(text.as_bytes());
        assert_eq!(names, "");
        assert_eq!(faults.len(), crate::coverage::FAULTS_LISTED_PER_OBJECT);
        // All these records need the fallback reader, and they are on one line.
        let records = r#"{"eventName":"a\n"},"#.repeat(200_000);
        assert_eq!(read(format!("{{\"Records\":[{records}null]}}").as_bytes()).2.len(), 0);
        let values = format!("{}{}", "{\n".repeat(40), "{}".repeat(500_000));
        assert!(read(values.as_bytes()).2.len() >= 40);
        // Each group of labels could be examined again for those around it.
        let labels =
            format!("[{}]", vec![r#"{"labels":"#.repeat(400) + "1" + &"}".repeat(400); 500].join(","));
        assert_eq!(read(labels.as_bytes()).2.len(), 0);
        let mixed =
            format!("[{}]", vec![r#"{"labels":{"x":"#.repeat(240) + "1" + &"}}".repeat(240); 500].join(","));
        assert_eq!(read(mixed.as_bytes()).2.len(), 0);
        let lines = "2026-01-01T10:00:00Z {a=\"".repeat(200_000) + "\n";
        read(lines.as_bytes());
        read(("2026-01-01T10:00:00Z {a=\"".to_owned() + &"b".repeat(30) + "\n").repeat(50_000).as_bytes());
        let brackets = "[".repeat(1_000_000);
        assert_eq!(read(brackets.as_bytes()).2.len(), 1);
    }
}
