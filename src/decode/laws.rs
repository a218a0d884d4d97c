//! Tests of carriers: kinds seen in practice, and random nestings of carriers, texts and packings.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::find::envelope::encode_base64;
use super::{DecodeFaults, Decoded, Decoder, LargeInput, Piece, split};
use crate::event::AnyRecord;
use crate::memory::Budget;

/// The name or audit id of each record, and the result.
pub(super) fn read(bytes: &[u8]) -> (Vec<String>, Decoded) {
    let mut names = Vec::new();
    let decoded = Decoder::new(1 << 24).decode(bytes, |found| {
        assert_eq!(
            (found.index_in_file as usize, found.index_in_object as usize),
            (names.len(), names.len())
        );
        names.push(match found.record {
            Ok(AnyRecord::CloudTrail(record)) => record.event_name.unwrap_or("-").to_owned(),
            Ok(AnyRecord::Kubernetes(record)) => record.audit_id.unwrap_or("-").to_owned(),
            Err(_) => "!".to_owned(),
        });
    });
    assert_eq!(decoded.records as usize, names.len());
    (names, decoded)
}

pub(super) fn kinds(decoded: &Decoded) -> Vec<&'static str> {
    decoded.faults.iter().map(|fault| fault.kind.name()).collect()
}

pub(super) fn paths(decoded: &Decoded) -> String {
    decoded.found.listed().map(|(path, records)| format!("{path} {records}")).collect::<Vec<_>>().join(", ")
}

pub(super) fn record(name: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::000011112222:user/ada","accountId":"000011112222"}},"eventTime":"2026-01-10T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{name}","requestParameters":{{"note":"a \"quoted\" {{ one"}},"eventID":"id-{name}","zz":"end-{name}"}}"#
    )
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

pub(super) fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    encode_base64(bytes, false)
}

pub(super) fn pretty(text: &str) -> String {
    serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
}

/// Checks the names of the records in each text, and the paths where they were found unless that is empty.
fn assert_found(cases: &[(String, &str, &str)]) {
    for (text, names, found) in cases {
        let (read, decoded) = read(text.as_bytes());
        assert_eq!(read.join(" "), *names, "{text}");
        assert_eq!(kinds(&decoded), [""; 0], "{text} {:?}", decoded.faults);
        if !found.is_empty() {
            assert_eq!(paths(&decoded), *found, "{text}");
        }
    }
}

#[test]
fn records_are_found_in_messages_and_search_results() {
    let (a, b) = (record("A"), record("B"));
    let qa = quoted(&a);
    let bus = format!(r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{a}}}"#);
    assert_found(&[
        (format!(r#"{{"attempts":4,"rawData":"{}"}}"#, base64(&gzip(a.as_bytes()))), "A", "rawData|base64 1"),
        (format!(r#"{{"rawData":"{}"}}"#, encode_base64(a.as_bytes(), true)), "A", "rawData|base64 1"),
        (
            format!(
                r#"{{"Messages":[{{"Body":{}}}]}}"#,
                quoted(&format!(r#"{{"Type":"Notification","Message":{}}}"#, quoted(&bus)))
            ),
            "A",
            "Messages[].Body|Message|detail 1",
        ),
        (
            format!(r#"{{"Records":[{{"eventSource":"aws:sqs","messageId":"1","body":{}}}]}}"#, quoted(&bus)),
            "A",
            "body|detail 1",
        ),
        (
            format!(r#"{{"Records":[{{"EventSource":"aws:sns","Sns":{{"Message":{qa}}}}}]}}"#),
            "A",
            "Sns.Message| 1",
        ),
        (
            format!(r#"{{"took":1,"hits":{{"hits":[{{"_source":{a}}},{{"_source":{b}}}]}}}}"#),
            "A B",
            "hits.hits[]._source 2",
        ),
        (
            format!(
                r#"{{"hits":{{"hits":[{{"fields":{{"event.original":[{qa}],"aws.cloudtrail.event_version":["1.08"]}}}}]}}}}"#
            ),
            "A",
            r#"hits.hits[].fields["event.original"][]| 1"#,
        ),
        (
            format!("{{\"index\":{{}}}}\n{{\"body\":{a}}}\n{{\"index\":{{}}}}\n{{\"body\":{b}}}\n"),
            "A B",
            "body 2",
        ),
    ]);
}

#[test]
fn records_are_found_in_rows_envelopes_and_logs() {
    let (a, b) = (record("A"), record("B"));
    let (qa, qb) = (quoted(&a), quoted(&b));
    assert_found(&[
        (format!(r#"{{"_id":"x","attributes":{a},"message":"words"}}"#), "A", "attributes 1"),
        (
            format!(r#"{{"QueryResultRows":[[{{"eventJson":{qa}}}],[{{"eventJson":{qb}}}]]}}"#),
            "A B",
            "QueryResultRows[][].eventJson| 2",
        ),
        (
            format!(
                r#"{{"ResultSet":{{"Rows":[{{"Data":[{{"VarCharValue":"raw"}}]}},{{"Data":[{{"VarCharValue":{qa}}}]}}]}}}}"#
            ),
            "A",
            "ResultSet.Rows[].Data[].VarCharValue| 1",
        ),
        (format!(r#"{{"time":1,"event":{qa}}}{{"event":{b}}}"#), "A B", "event| 1"),
        (
            format!(
                r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":{qa}}}}}]}}]}}]}}"#
            ),
            "A",
            "resourceLogs[].scopeLogs[].logRecords[].body.stringValue| 1",
        ),
        (
            format!(
                r#"{{"log":{{"entries":[{{"response":{{"content":{{"encoding":"base64","text":"{}"}}}}}}]}}}}"#,
                base64(format!(r#"{{"Events":[{{"CloudTrailEvent":{qa}}}]}}"#).as_bytes())
            ),
            "A",
            "log.entries[].response.content.text|base64|Events[].CloudTrailEvent| 1",
        ),
        (
            format!(r#"{{"cells":[{{"outputs":[{{"text":["[{}]"]}}]}}]}}"#, qa.trim_matches('"')),
            "A",
            "cells[].outputs[].text[]| 1",
        ),
        (
            format!(r#"{{"stream":"stdout","logs":"Jan 10 host app: {}"}}"#, qa.trim_matches('"')),
            "A",
            "logs|line 1",
        ),
    ]);
}

#[test]
fn records_are_found_in_texts_lists_and_lines() {
    let (a, b) = (record("A"), record("B"));
    let (qa, qb) = (quoted(&a), quoted(&b));
    assert_found(&[
        (format!("{qa}\n{qb}\n"), "A B", ""),
        (format!("[{qa},{qb}]"), "A B", ""),
        (
            format!("<134>Jan 10 10:00:00 host cloudtrail: {a}\n<134>Jan 10 10:00:01 host cloudtrail: {b}\n"),
            "A B",
            "",
        ),
        (format!("CEF:0|AWS|CloudTrail|1|x|y|3|msg={a}\n"), "A", ""),
        (format!("level=info json={qa} x=1\nlevel=info json={qb} x=2\n"), "A B", "line| 2"),
        (
            format!(
                "$ aws cloudtrail lookup-events\n{}\n",
                pretty(&format!(r#"{{"Events":[{{"CloudTrailEvent":{qa}}}]}}"#))
            ),
            "A",
            "",
        ),
        (format!("Events:\n- CloudTrailEvent: '{a}'\n  EventId: x\n"), "A", ""),
        (format!("2026-01-10T10:00:00Z app json={qa}\n2026-01-10T10:00:00Z {b}\n"), "A B", "line| 1"),
        (format!("{}\n", base64(&gzip(a.as_bytes()))), "A", ""),
        (format!(r#"{{"Records":[{a}],"Events":[{{"CloudTrailEvent":{qb}}}]}}"#), "A B", ""),
        (format!(r#"{{"Records":[{a}],"weird":[{b}]}}"#), "A B", "weird[] 1"),
        (format!(r#"{{"message":{qa},"other":{qb},"again":{qa}}}"#), "A B", "other| 1"),
        (
            format!(
                r#"{{"x":"{}"}}"#,
                base64(a.as_bytes())
                    .as_bytes()
                    .chunks(76)
                    .map(|line| std::str::from_utf8(line).unwrap())
                    .collect::<Vec<_>>()
                    .join("\\n")
            ),
            "A",
            "x|base64 1",
        ),
    ]);
}

#[test]
fn a_truncated_text_that_begins_like_base64_is_not_base64() {
    let begin = base64(&gzip(record("A").as_bytes()));
    for length in 40..44 {
        let text = format!("{{\"data\": \"{}\u{fffd}", &begin[..length]);
        let (read, decoded) = read(text.as_bytes());
        assert_eq!(read, [""; 0], "{text}");
        assert_eq!(kinds(&decoded), ["json-truncated"], "{text}");
    }
}

#[test]
fn events_in_cells_are_read_with_any_separator_and_quoting() {
    let (a, b) = (record("A"), record("B"));
    let (ca, cb) = (cell(&a), cell(&b));
    let backslashes = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    for text in [
        format!("timestamp,message\n1,{ca}\n2,{cb}\n"),
        format!("\"@timestamp\",\"event.original\"\n\"Jan 10, 2026 @ 10:00:00.000\",{ca}\n\"x, y\",{cb}\n"),
        format!("id;eventJson\n1;{ca}\n2;{cb}\n"),
        format!("time\teventJson\n1\t{ca}\n2\t{cb}\n"),
        format!("time|raw\n1|{ca}\n2|{cb}\n"),
        format!("1,{ca}\n2,{cb}\n"),
        format!("{ca},1\n{cb},2\n"),
        format!("whatever,_source\n1,{}\n2,{}\n", backslashes(&a), backslashes(&b)),
        format!("time\traw\n1\t{a}\n2\t{b}\n"),
        format!("eventjson,eventjson\n{ca},{cb}\n"),
        format!("eventjson,raw\n{ca},{ca}\n{cb},{cb}\n"),
        format!("n,{}\n1,{}\n", cell("[x]"), cell(&format!("[{a},{b}]"))),
    ] {
        let (names, decoded) = read(text.as_bytes());
        assert_eq!((names.join(" ").as_str(), kinds(&decoded)), ("A B", vec![]), "{text}");
    }
    let quoting = format!("eventJson,requestParameters\n{ca},{cb}\n");
    assert_eq!(read(quoting.as_bytes()).0, ["A"]);
}

#[test]
fn traces_of_unreadable_records_are_a_fault() {
    let deep = (0..12).fold(record("A"), |text, _| format!(r#"{{"x":{}}}"#, quoted(&text)));
    for text in [
        r#"{"aws.cloudtrail.event_version":"1.08","event.action":"CreateUser","@timestamp":"2026-01-10T10:00:00Z"}"#.to_owned(),
        r#"{"_source":{"@timestamp":"2026-01-10T10:00:00Z","aws":{"cloudtrail":{"event_version":"1.08","user_identity":{}}}}}"#.into(),
        r#"[{"TimeGenerated":"2026-01-10T10:00:00Z","EventName":"CreateUser","EventSource":"iam.amazonaws.com","UserIdentityArn":"x"}]"#.into(),
        r#"{"QueryResultRows":[[{"eventName":"CreateUser"},{"eventSource":"iam.amazonaws.com"},{"eventTime":"2026-01-10 10:00:00.000"}]]}"#.into(),
        r#"{"ResultSet":{"Rows":[{"Data":[{"VarCharValue":"eventname"},{"VarCharValue":"eventsource"},{"VarCharValue":"eventtime"}]},{"Data":[{"VarCharValue":"CreateUser"},{"VarCharValue":"iam.amazonaws.com"},{"VarCharValue":"2026-01-10T10:00:00Z"}]}]}}"#.into(),
        r#"{"class_uid":6003,"metadata":{"product":{"name":"CloudTrail","vendor_name":"AWS"}},"api":{"operation":"CreateUser"}}"#.into(),
        r#"{"x":{"apiVersion":"audit.k8s.io/v1","kind":"Event","verb":"get"}}"#.into(),
        "eventName;eventSource;eventTime\nCreateUser;iam.amazonaws.com;2026-01-10T10:00:00Z\n".into(),
        "Event name,Event time,User name,Event source\nCreateUser,2026-01-10T10:00:00Z,ada,iam.amazonaws.com\n".into(),
        "Events:\n- EventName: CreateUser\n  EventSource: iam.amazonaws.com\n  EventTime: '2026-01-10T10:00:00+00:00'\n".into(),
        "{'eventVersion': '1.08', 'eventTime': '2026-01-10T10:00:00Z', 'eventSource': 'iam.amazonaws.com', 'eventName': 'CreateUser'}".into(),
        format!("var x = {};\n", record("A")),
        format!("# A record\n\n```json\n{}\n```\n", record("A")),
        "\u{0}\u{1}rubbish \"eventTime\":\"2026-01-10T10:00:00Z\",\"eventName\":\"A\",\"eventSource\":\"iam.amazonaws.com\" \u{2}".into(),
        format!(r#"{{"x":1,"requestParameters":{}}}"#, record("A")),
        deep,
        (0..9).fold(format!(r#"{{"x":"{}"}}"#, base64(record("A").as_bytes())), |text, _| format!(r#"{{"x":{}}}"#, quoted(&text))),
        format!("{}{}{}", r#"{"a":"#.repeat(600), record("A"), "}".repeat(600)),
    ] {
        let (names, decoded) = read(text.as_bytes());
        assert!(names.iter().all(|name| name != "A"), "{text}");
        assert!(names == ["!"] || !decoded.faults.is_empty(), "{text} {decoded:?}");
    }
}

#[test]
fn known_formats_without_records_are_not_a_fault() {
    for text in [
        r#"{"Type":"Notification","TopicArn":"arn:x","Message":"{\"s3Bucket\":\"b\",\"s3ObjectKey\":[\"AWSLogs/x\"]}","Timestamp":"2026-01-10T10:00:00Z"}"#,
        r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"2026-01-10T10:00:00Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"x"},"requestParameters":{"sourceIPAddress":"192.0.2.1"},"s3":{"bucket":{"name":"b"}}}]}"#,
        r#"{"version":"0","detail-type":"GuardDuty Finding","detail":{"service":{"action":{"awsApiCallAction":{"api":"CreateUser","serviceName":"iam.amazonaws.com"}},"eventFirstSeen":"2026-01-10T10:00:00Z"}}}"#,
        r#"{"fileVersion":"1.0","configurationItems":[{"configuration":{"policy":"{\"Version\":\"2012-10-17\",\"Statement\":[]}"}}]}"#,
        r#"{"mappings":{"properties":{"eventName":{"type":"keyword"},"eventSource":{"type":"keyword"},"eventTime":{"type":"date"}}}}"#,
        r#"{"columns":["eventname","eventsource","eventtime"]}"#,
        r#"{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"Metadata"}]}"#,
        r#"{"detection":{"selection":{"eventSource":"iam.amazonaws.com","eventName":"CreateUser"}}}"#,
        "The eventSource: is the service, the eventName: is the call, the eventTime: is 2026-01-10T10:00:00Z.\n",
        "title: x\ndetection:\n  eventSource: iam.amazonaws.com\n  eventName: CreateUser\n",
    ] {
        let (_, decoded) = read(text.as_bytes());
        assert_eq!(kinds(&decoded), [""; 0], "{text} {:?}", decoded.faults);
    }
}

#[test]
fn records_quoted_in_a_record_are_not_read() {
    let inner = record("B");
    let plain = record("A");
    for quote in [
        inner.clone(),
        quoted(&inner),
        format!("[{}]", quoted(&inner)),
        quoted(&base64(&gzip(inner.as_bytes()))),
    ] {
        for member in ["requestParameters", "responseElements", "additionalEventData", "whatever"] {
            let outer = plain.replace(r#""eventID""#, &format!(r#""{member}":{quote},"eventID""#));
            for text in [
                outer.clone(),
                format!(r#"{{"Records":[{outer}]}}"#),
                format!(r#"{{"x":{outer}}}"#),
                format!(r#"{{"x":{}}}"#, quoted(&outer)),
            ] {
                let (names, decoded) = read(text.as_bytes());
                assert_eq!((names.join(" ").as_str(), kinds(&decoded)), ("A", vec![]), "{text}");
                let cut = &text.as_bytes()[..text.len() - 40];
                assert_eq!(read(cut).0, [""; 0], "{text}");
            }
        }
    }
    let nested = plain.replace(r#""eventID""#, &format!(r#""Records":[{inner}],"eventID""#));
    for text in [nested.clone(), format!(r#"{{"Records":[{nested}]}}"#), format!(r#"{{"x":{nested}}}"#)] {
        let (names, decoded) = read(text.as_bytes());
        assert_eq!((names.join(" ").as_str(), kinds(&decoded)), ("A", vec!["unknown-carrier"]), "{text}");
    }
}

#[test]
fn a_text_that_begins_inside_a_value_gives_the_following_records() {
    let (a, b) = (record("A"), record("B"));
    let text = format!(r#"{{"hits":[{{"_source":{a}}},{{"_source":{b}}}]}}"#);
    let start = text.find("eventName").unwrap();
    let (names, decoded) = read(&text.as_bytes()[start..]);
    assert_eq!((names.join(" ").as_str(), kinds(&decoded)), ("B", vec!["json-broken"]));
    let whole = format!("words {{\"a\":1}} then {a}\n");
    let (names, decoded) = read(whole.as_bytes());
    assert_eq!((names.join(" ").as_str(), kinds(&decoded)), ("A", vec![]));
    assert_eq!(kinds(&read(b"words {\"a\":1}},\n{\"b\":2}\n").1), [""; 0]);
}

#[test]
fn hostile_nesting_is_limited() {
    let texts = format!("[{}]", vec![quoted("{\"eventSource\":"); 20_000].join(","));
    for text in [
        "[".repeat(2_000_000),
        r#"{"a":"#.repeat(500_000),
        format!(r#"{{"x":{texts}}}"#),
        r#"x "{\"a\":"#.repeat(100_000),
        format!("eventSource {}", "{ ".repeat(300_000)),
    ] {
        read(text.as_bytes());
    }
    // The size of decoded base64 is limited.
    let bomb = base64(&gzip(&vec![b' '; 10 << 20]));
    let text = format!("{{\"x\":[{}]}}", vec![quoted(&bomb); 30].join(","));
    assert!(kinds(&read(text.as_bytes()).1).contains(&"too-large"));
}

#[test]
fn records_nested_too_deep_are_a_fault_in_any_wrapper() {
    let deep = (0..5).fold(record("A"), |text, _| format!(r#"{{"x":{}}}"#, quoted(&text)));
    let hidden = format!(r#"{{"detail":"{}"}}"#, base64(deep.as_bytes()));
    let text = (0..3).fold(hidden, |text, _| format!(r#"{{"body":{}}}"#, quoted(&text)));
    let (names, decoded) = read(text.as_bytes());
    assert_eq!((names.join(" ").as_str(), kinds(&decoded)), ("", vec!["unknown-carrier"]));
}

#[test]
fn a_truncated_element_of_records_gives_its_complete_records() {
    let text = format!(r#"{{"Records":[{{"id":7,"detail":[{},{}"#, record("A"), record("B"));
    let (names, decoded) = read(&text.as_bytes()[..text.len() - 9]);
    assert_eq!((names.join(" ").as_str(), kinds(&decoded)), ("A", vec!["json-truncated"]));
}

/// The number of records, and the faults, of a long text read from a stream in pieces.
pub(super) fn read_in_pieces(text: &str) -> (u32, Vec<&'static str>) {
    let (mut decoder, mut records, mut faults) = (Decoder::new(1 << 20), 0, DecodeFaults::default());
    let mut emit = |piece: Piece| {
        let decoded = decoder.decode_piece(&piece, &mut |_| records += 1);
        faults.append(decoded.faults);
        Some(Vec::new())
    };
    let budget = Budget::new(u64::MAX);
    let (more, _) = split(LargeInput::Stream(&mut text.as_bytes()), 1 << 20, &budget, &mut emit);
    faults.append(more);
    (records, faults.iter().map(|fault| fault.kind.name()).collect())
}

#[test]
fn a_long_text_in_an_unknown_format_with_traces_of_records_is_a_fault() {
    let audit = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"x"}"#;
    for trace in [record("A"), audit.to_owned()] {
        // After the first part, across its end, and far after it.
        for before in [5_000, 4_080, 100_000] {
            let words = "words without meaning ...\n".repeat(before / 26);
            let (records, faults) = read_in_pieces(&format!("{words}{trace}\n{words}"));
            assert_eq!(records, 0);
            assert!(faults.contains(&"unknown-carrier"), "{before} {trace} {faults:?}");
        }
    }
    let words = "eventSource and eventName are names of columns\n".repeat(2_000);
    assert_eq!(read_in_pieces(&words), (0, vec![]));
}

#[test]
fn the_size_of_decoded_base64_is_limited() {
    let lines = format!("{}\n", record("A")).repeat(1_000);
    let text = format!(r#"{{"x":"{}"}}"#, base64(&gzip(lines.as_bytes())));
    for (limit, is_limited) in [(1 << 20, false), (100_000, true)] {
        let decoded = Decoder::new(limit).decode(text.as_bytes(), |_| ());
        assert_eq!(kinds(&decoded).contains(&"too-large"), is_limited, "{decoded:?}");
        assert_eq!(decoded.records < 1_000, is_limited);
    }
}

/// A way to wrap JSON values.
#[derive(Clone, Debug)]
enum Wrap {
    Member(&'static str),
    List(&'static str),
    Text(&'static str),
    Texts(&'static str),
    Base64(&'static str),
    Packed(&'static str),
    Beside(&'static str),
    Pretty,
    Bare,
}

fn wraps() -> impl Strategy<Value = Wrap> {
    let names = prop::sample::select(vec![
        "detail",
        "Events",
        "events",
        "message",
        "CloudTrailEvent",
        "data",
        "Data",
        "_source",
        "body",
        "Body",
        "rawData",
        "hits",
        "a.b",
        "odd name",
        "x",
        "Records",
        "log",
        "items",
        "results",
        "event",
    ]);
    (0..9u8, names).prop_map(|(which, name)| match which {
        0 => Wrap::Member(name),
        1 => Wrap::List(name),
        2 => Wrap::Text(name),
        3 => Wrap::Texts(name),
        4 => Wrap::Base64(name),
        5 => Wrap::Packed(name),
        6 => Wrap::Beside(name),
        7 => Wrap::Pretty,
        _ => Wrap::Bare,
    })
}

fn wrapped(text: &str, wrap: &Wrap) -> String {
    let key = |name: &str| quoted(name);
    match wrap {
        Wrap::Member(name) => format!(r#"{{"id":7,{}:{text},"z":[null]}}"#, key(name)),
        Wrap::List(name) => format!(r#"{{{}:[{text}],"next":"y"}}"#, key(name)),
        Wrap::Text(name) => format!(r#"{{"id":"m",{}: {}}}"#, key(name), quoted(text)),
        Wrap::Texts(name) => format!(r#"{{{}:[{}]}}"#, key(name), quoted(text)),
        Wrap::Base64(name) => format!(r#"{{{}:"{}"}}"#, key(name), base64(text.as_bytes())),
        Wrap::Packed(name) => {
            format!(r#"{{{}:"{}"}}"#, key(name), encode_base64(&gzip(text.as_bytes()), true))
        }
        Wrap::Beside(name) => format!(
            r#"{{"first":"hello",{}:{{"inner":{text}}},"extra":{{}},"more":{{"kind":"x"}}}}"#,
            key(name)
        ),
        Wrap::Pretty => pretty(text),
        Wrap::Bare => format!("[{text}]"),
    }
}

/// A text in some format that contains the value.
fn outermost(value: &str, form: u8) -> Vec<u8> {
    match form {
        0 => value.as_bytes().to_vec(),
        1 => gzip(value.as_bytes()),
        2 => format!("{}\n", value.replace('\n', " ")).into_bytes(),
        3 => format!("<134>Jan 10 10:00:00 host app[1]: {}\n", value.replace('\n', " ")).into_bytes(),
        4 => format!("time;what\n1;{}\n", cell(value)).into_bytes(),
        5 => quoted(value).into_bytes(),
        6 => base64(value.as_bytes()).into_bytes(),
        _ => format!("2026-01-10T10:00:00Z stdout F {}\n", value.replace('\n', " ")).into_bytes(),
    }
}

/// A list of records, each quoting a record that is not an event.
fn batch(number: usize) -> String {
    let records: Vec<String> = (0..number)
        .map(|n| {
            let quotation = quoted(&record("Quoted"));
            record(&format!("N{n}"))
                .replace(r#""eventID""#, &format!(r#""responseElements":{{"x":{quotation}}},"eventID""#))
        })
        .collect();
    if number == 1 { records.concat() } else { format!("[{}]", records.join(",")) }
}

/// `PROPTEST_CASES` can increase it.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(600)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    /// Every record is read once, or a fault reports the loss.
    #[test]
    fn every_record_is_read_or_reported_lost_in_any_nesting(number in 1..4usize, wraps in prop::collection::vec(wraps(), 0..7), form in 0..8u8) {
        let value = wraps.iter().fold(batch(number), |text, wrap| wrapped(&text, wrap));
        let (mut names, decoded) = read(&outermost(&value, form));
        names.retain(|name| name.starts_with('N') || name == "Quoted");
        let expected: Vec<String> = (0..number).map(|n| format!("N{n}")).collect();
        let is_reported = !decoded.faults.is_empty() && names.iter().all(|name| expected.contains(name));
        prop_assert!(names == expected || is_reported, "{} {:?} {:?}", value, names, decoded);
        // Only depth and size are reasons not to read a record.
        if wraps.len() < 5 && form < 3 {
            prop_assert_eq!(&names, &expected, "{} {:?}", value, decoded);
        }
    }

    /// In a truncated text, complete records are read and the truncation is reported.
    #[test]
    fn complete_records_before_a_cut_are_read(
        number in 2..5usize,
        wraps in prop::collection::vec(wraps(), 0..4),
        form in prop::sample::select(vec![0u8, 2, 3, 7]),
        at in any::<prop::sample::Index>(),
    ) {
        let is_text = |wrap: &&Wrap| !matches!(wrap, Wrap::Base64(_) | Wrap::Packed(_));
        let value = wraps.iter().filter(is_text).fold(batch(number), |text, wrap| wrapped(&text, wrap));
        let whole = String::from_utf8(outermost(&value, form)).unwrap();
        let value_end = whole.trim_end().len();
        let cut = 1 + at.index(value_end - 1);
        prop_assume!(whole.is_char_boundary(cut));
        let (names, decoded) = read(&whole.as_bytes()[..cut]);
        let end = |n: usize| {
            let id = whole.find(&format!("end-N{n}")).unwrap();
            id + whole[id..].find('}').unwrap() + 1
        };
        for n in (0..number).filter(|n| end(*n) <= cut) {
            prop_assert!(names.contains(&format!("N{n}")), "{} of {} {:?} {:?}", cut, whole, names, decoded);
        }
        prop_assert!(!names.contains(&"Quoted".to_owned()));
        let has_begun = whole.find("eventSource").is_some_and(|at| at + 12 <= cut);
        prop_assert!(!has_begun || !decoded.faults.is_empty(), "{} of {} {:?}", cut, whole, decoded);
    }
}
