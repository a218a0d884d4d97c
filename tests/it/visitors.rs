//! A scan works with any visitor, not only with the one that learns.

use std::collections::BTreeMap;

use firstseen::coverage::{Coverage, Outcome};
use firstseen::decode::FoundRecord;
use firstseen::scan::{
    CurrentObject, ObjectContext, ObjectResult, ScanSettings, Scanned, Silent, Visitor, scan,
};
use firstseen::source::{Archives, LARGE, LogObject};
use serde_json::json;

use crate::archive::{Archive, gzip, record, with, wrapped};

/// The result of one object: the texts of its records, the outcome, and its faults.
#[derive(Debug, PartialEq)]
struct Object {
    records: Vec<String>,
    outcome: Outcome,
    faults: Vec<String>,
}

/// Collects the records of every object.
struct Texts {
    /// Wants only objects whose path ends with this.
    end: &'static str,
    objects: BTreeMap<String, Object>,
}

impl Visitor for Texts {
    type Part = Vec<String>;

    fn wants(&self, object: &LogObject) -> bool {
        object.path.ends_with(self.end)
    }

    fn begin_piece(&mut self, _: &CurrentObject<'_>) -> Vec<String> {
        Vec::new()
    }

    fn record(&mut self, part: &mut Vec<String>, found: &FoundRecord<'_>, context: &mut ObjectContext<'_>) {
        part.push(found.text.to_owned());
        context.coverage.records.counted += u64::from(found.record.is_ok());
    }

    fn join_pieces(before: &mut Vec<String>, next: Vec<String>, records: u32) {
        assert_eq!(before.len(), records as usize);
        before.extend(next);
    }

    fn end_object(&mut self, part: Vec<String>, object: &ObjectResult<'_>, _: &mut Coverage) {
        assert_eq!((part.len() as u64, object.faults.len() as u64), (object.records, object.fault_count));
        let faults = object.faults.iter().map(|fault| fault.kind.name().to_owned()).collect();
        let read = Object { records: part, outcome: object.outcome, faults };
        assert!(self.objects.insert(object.current.object.path.to_string(), read).is_none());
    }
}

fn texts(archive: &Archive, end: &'static str, threads: usize) -> (BTreeMap<String, Object>, Coverage) {
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let settings = ScanSettings { threads, ..ScanSettings::default() };
    let make = |_| Texts { end, objects: BTreeMap::new() };
    let Scanned { visitors, listing, .. } = scan(&archives, &settings, &make, &Silent).unwrap();
    assert_eq!(visitors.len(), threads);
    assert!(listing.coverage.sums_hold(), "{:?}", listing.coverage);
    (visitors.into_iter().flat_map(|visitor| visitor.objects).collect(), listing.coverage)
}

#[test]
fn a_visitor_sees_every_record_of_every_object_in_order() {
    let padding = "x".repeat(9_000);
    let long = |number| {
        let record = record("2024-03-01T00:00:00Z", "eva", "s3:GetObject");
        with(record, json!({"eventID": format!("{number}"), "requestParameters": padding})).to_string()
    };
    let long: Vec<String> = (0..4_000).map(long).collect();
    let lines = long.join("\n");
    assert!(lines.len() as u64 > LARGE);
    let short = [record("2024-03-02T00:00:00Z", "eva", "s3:PutObject")];
    let archive = Archive::new()
        .object("large.jsonl", lines.as_bytes())
        .object("small.json.gz", &gzip(&wrapped(&short)))
        .object("broken.json", br#"{"Records":[{"eventName":"A","eventTime":"#)
        .object("notes.txt", b"hello");
    let (objects, coverage) = texts(&archive, "", 1);
    assert_eq!(objects["large.jsonl"].records, long);
    assert_eq!(objects["small.json.gz"].records, [short[0].to_string()]);
    assert_eq!(objects["broken.json"].faults, ["json-truncated"]);
    assert_eq!(objects["notes.txt"].records, [""; 0]);
    assert!(matches!(objects["notes.txt"].outcome, Outcome::Skipped(_)));
    for threads in [2, 3] {
        assert_eq!(texts(&archive, "", threads), (texts(&archive, "", 1).0, coverage.clone()));
    }
}

#[test]
fn an_object_the_visitor_does_not_want_counts_as_not_listed() {
    let records = [record("2024-03-02T00:00:00Z", "eva", "s3:PutObject")];
    let archive = Archive::new()
        .object("a.json", &wrapped(&records))
        .object("b.json", &wrapped(&records))
        .object("b.jsonl", b"not read, and so no fault");
    let (objects, coverage) = texts(&archive, "b.json", 2);
    assert_eq!(objects.keys().collect::<Vec<_>>(), ["b.json"]);
    assert_eq!((coverage.objects.listed, coverage.objects.read, coverage.fault_count), (1, 1, 0));
}
