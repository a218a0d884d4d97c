//! Large objects are read in pieces by all workers, with the same result as small ones.

use std::io::Write;

use firstseen::coverage::FaultKind;
use firstseen::learn::{Keep, LearnSettings, Learnt, learn_listed};
use firstseen::query::first_seen;
use firstseen::scan::{Silent, list};
use firstseen::source::{Archives, LARGE};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::archive::{Archive, log_path, question, record, settings, with, wrapped, zip};

/// Records of a few users with long parameters: enough for several pieces.
fn records() -> Vec<Value> {
    let padding = "x".repeat(5_000);
    let record = |number: usize| {
        let time =
            format!("2024-{:02}-{:02}T{:02}:00:00Z", 1 + number / 1_400, 1 + number / 50 % 28, number % 24);
        let (user, action) =
            (format!("u{}", number % 7), format!("s3:Action{}", number % 97 + number / 1_000));
        let id = format!("{}", number - usize::from(number % 500 == 499) * 300);
        with(record(&time, &user, &action), json!({"requestParameters": padding, "eventID": id}))
    };
    (0..7_000).map(record).collect()
}

fn lines(records: &[Value]) -> Vec<u8> {
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    assert!(text.len() as u64 > 2 * LARGE);
    text.into_bytes()
}

/// Gzip without compression, so the stored bytes are large, too.
fn stored_gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Behaviours without the place of their evidence, and counts.
fn learnt(Learnt { baseline, coverage, .. }: &Learnt) -> (Vec<String>, [u64; 4]) {
    let behaviour = |behaviour: &firstseen::baseline::Behaviour| {
        let first = (behaviour.first.time, &behaviour.first.event_id);
        let (principal, action) = (behaviour.principal, behaviour.action);
        format!(
            "{principal} {action} {first:?} {} {:?} {:?}",
            behaviour.count(),
            behaviour.last,
            behaviour.days
        )
    };
    let records = &coverage.records;
    let counts = [records.total, records.counted, records.duplicates, coverage.fault_count];
    (baseline.behaviours.iter().map(behaviour).collect(), counts)
}

#[test]
fn a_large_object_gives_the_same_as_small_ones() {
    let records = records();
    let batches: Vec<(String, Vec<u8>)> = records
        .chunks(500)
        .enumerate()
        .map(|(number, chunk)| (format!("p/{number}.json"), wrapped(chunk)))
        .collect();
    let small = batches.iter().fold(Archive::new(), |archive, (name, bytes)| archive.object(name, bytes));
    let expected = learnt(&small.ingest(&settings()));
    assert_eq!(expected.1[0], 7_000);
    assert!(expected.1[3] > 0);
    let text = lines(&records);
    for (name, bytes) in [
        ("x.ndjson", text.clone()),
        ("x.ndjson.gz", stored_gzip(&text)),
        ("x.tar", tar(&[("deep/x.ndjson".to_owned(), text.clone())])),
        ("x.tar.gz", stored_gzip(&tar(&batches))),
        ("x.zip", zip(&batches)),
        (
            "y.zip",
            zip(&[("x.ndjson".to_owned(), text.clone()), ("readme.txt".to_owned(), b"hello".to_vec())]),
        ),
        ("one.json", wrapped(&records)),
    ] {
        assert!(bytes.len() as u64 > LARGE, "{name}");
        let archive = Archive::new().object(name, &bytes);
        let one = archive.ingest(&LearnSettings { threads: 1, ..settings() });
        assert_eq!(learnt(&one), expected, "{name}");
        let several = archive.ingest(&LearnSettings { threads: 3, ..settings() });
        assert_eq!(several.baseline, one.baseline, "{name}");
        assert_eq!(several.coverage, one.coverage, "{name}");
    }
}

#[test]
fn evidence_names_the_piece_that_holds_the_record() {
    let mut records = records();
    records.push(record("2025-01-01T00:00:00Z", "late", "iam:CreateUser"));
    let text = lines(&records);
    let archive = Archive::new().object("a/x.ndjson", &text);
    let baseline = archive.ingest(&settings()).baseline;
    let mut asked = question(0);
    asked.from = Some("2025-01-01T00:00:00Z".parse::<firstseen::time::Bound>().unwrap().start());
    let findings = first_seen(&baseline, &asked);
    let evidence = findings[0].evidence.unwrap();
    let (_, byte) = evidence.object.split_once("a/x.ndjson!@").unwrap();
    let piece = std::str::from_utf8(&text[byte.parse().unwrap()..]).unwrap();
    let line = piece.lines().nth(evidence.record as usize).unwrap();
    assert_eq!(line, records.last().unwrap().to_string());
}

#[test]
fn the_catalog_lists_a_large_object_once() {
    let (records, day) = (records(), "20240309T0412");
    let archive =
        Archive::new().object(&log_path(day, "aaaa"), &lines(&records)).delivered(day, &records[..10]);
    let settings = LearnSettings { threads: 3, ..settings() };
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let listing = list(&archives, &settings.scan(), &Silent).unwrap();
    let ingested = learn_listed(&archives, listing, &settings, Keep::Catalog, &Silent).unwrap();
    let [first, second] = &ingested.catalog.objects[..] else { panic!("{:?}", ingested.catalog.objects) };
    let large = if first.records > 10 { first } else { second };
    let bytes = std::fs::read(archive.path().join(&*large.path)).unwrap();
    assert_eq!(large.checksum, Some(firstseen::checksum::Checksum::of(&bytes)));
    assert_eq!((large.size, large.records), (Some(bytes.len() as u64), 7_000));
    assert!(ingested.catalog.records.is_sorted_by_key(|record| (record.object, record.record)));
    assert_eq!(ingested.catalog.records.len(), 7_010);
    assert_eq!(ingested.catalog.records.iter().filter(|record| record.is_copy).count() as u64, 10);
}

#[test]
fn a_truncated_large_object_is_read_up_to_the_cut() {
    let text = lines(&records());
    let packed = stored_gzip(&text);
    let archive = Archive::new().object("x.ndjson.gz", &packed[..packed.len() - 1_000_000]);
    let coverage = archive.ingest(&settings()).coverage;
    assert!(coverage.records.counted > 6_000, "{:?}", coverage.records);
    assert_eq!(coverage.objects.read_in_part, 1);
    assert!(
        coverage.faults.iter().any(|fault| fault.kind == FaultKind::GzipTruncated),
        "{:?}",
        coverage.faults
    );
    let noise: Vec<u8> = (0..20_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let archive = Archive::new().object("x.bin", &noise).object("y.json", &noise);
    let coverage = archive.ingest(&settings()).coverage;
    assert_eq!((coverage.objects.skipped.len(), coverage.objects.failed.len()), (1, 1));
}
