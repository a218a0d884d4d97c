//! Evidence can be reopened: every sighting leads to its record.

use std::fs;
use std::path::Path;

use firstseen::learn::learn;
use firstseen::scan::{RecordAddress, ReopenError, ScanSettings, Silent, reopen};
use firstseen::source::{Archives, LARGE};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, log_path, record, settings, with, wrapped, zip};
use crate::shapes::{PACKINGS, Packing, WRAPPERS, Wrapper};

/// Reopens every `step`th first sighting of an archive and checks the event id of its record. Returns their
/// objects.
pub(crate) fn reopen_all(archives: &Archives, step: usize) -> Vec<String> {
    let settings = settings();
    let baseline = learn(archives, &settings, &Silent).unwrap().baseline;
    let firsts = baseline.behaviours.iter().map(|behaviour| &behaviour.first);
    let mut places = Vec::new();
    for sighting in firsts.step_by(step) {
        let event_id = sighting.event_id.text();
        let address = RecordAddress {
            archive: sighting.archive,
            object: &sighting.object,
            record: sighting.record,
            event_id: Some(&event_id),
        };
        let text = reopen(archives, &settings.scan(), &address, &Silent).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let id = value.get("eventID").or(value.get("auditID")).unwrap();
        assert_eq!(*id, *event_id, "{}", sighting.object);
        places.push(sighting.object.to_string());
    }
    assert!(!places.is_empty());
    places
}

fn open(folder: &Path) -> Archives {
    Archives::open(&[folder.to_owned()]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_sighting_reopens_in_every_wrapper_and_packing(
        files in prop::collection::vec(
            (
                prop::sample::select(&WRAPPERS[..]),
                prop::collection::vec(prop::sample::select(&PACKINGS[..]), 0..3),
                prop::collection::vec(0..60u32, 1..6),
            ),
            1..5,
        ),
        in_one in any::<bool>(),
    ) {
        let event = |number: &u32| {
            record(&format!("2024-01-01T00:00:{number:02}Z"), &format!("u{}", number % 3), &format!("s3:A{number}"))
        };
        let file = |(number, (wrapper, packings, events)): (usize, &(Wrapper, Vec<Packing>, Vec<u32>))| {
            let bytes = wrapper.wrap(&events.iter().map(event).collect::<Vec<_>>()).into_bytes();
            (format!("d!/{number}"), packings.iter().fold(bytes, |bytes, packing| packing.pack(&bytes)))
        };
        let files: Vec<(String, Vec<u8>)> = files.iter().enumerate().map(file).collect();
        let archive = match in_one {
            true => Archive::new().object("all!.zip", &zip(&files)),
            false => files.iter().fold(Archive::new(), |archive, (name, bytes)| archive.object(name, bytes)),
        };
        reopen_all(&open(archive.path()), 1);
    }
}

/// JSON lines of records with long parameters: more than one piece.
fn long_lines(user: &str) -> Vec<u8> {
    let padding = "x".repeat(1_000_000);
    let line = |number: u32| {
        let record = record(
            &format!("2024-03-01T00:{:02}:{:02}Z", number / 60, number % 60),
            user,
            &format!("s3:A{number}"),
        );
        with(record, json!({ "requestParameters": padding })).to_string() + "\n"
    };
    let lines: String = (0..20).map(line).collect();
    assert!(lines.len() as u64 > LARGE);
    lines.into_bytes()
}

#[test]
fn pieces_of_large_objects_reopen() {
    let archive = Archive::new()
        .object("big.jsonl", &long_lines("eva"))
        .object("big.zip", &zip(&[("deep/big.jsonl", long_lines("bob"))]));
    let places = reopen_all(&open(archive.path()), 5);
    for start in ["big.jsonl!@", "big.zip!deep/big.jsonl!@"] {
        assert!(places.iter().any(|place| place.starts_with(start)), "{start}: {places:?}");
    }
}

#[test]
fn single_files_globs_odd_names_and_audit_events_reopen() {
    let day = "20240309T0412";
    let event = |user: &str| audit_event("2024-03-09T04:00:00.000000Z", user, "list", "pods");
    let archive = Archive::new()
        .delivered(day, &[record("2024-03-09T04:00:00Z", "eva", "s3:GetObject")])
        .object("EKSLogs/111122223333/prod/a!b.jsonl", event("bob").to_string().as_bytes())
        .object("\\xff.json", &wrapped(&[record("2024-03-09T04:00:00Z", "tom", "s3:GetObject")]));
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let odd = std::ffi::OsStr::from_bytes(b"odd\xff\\x.json");
        let bytes = wrapped(&[record("2024-03-09T04:00:00Z", "odd", "s3:GetObject")]);
        fs::write(archive.path().join(odd), bytes).unwrap();
    }
    let places = reopen_all(&open(archive.path()), 1);
    assert_eq!(places.len(), if cfg!(target_os = "linux") { 4 } else { 3 });
    let single = archive.path().join(log_path(day, "0123456789abcdef"));
    let glob = archive.path().join("EKSLogs/*/prod");
    reopen_all(&Archives::open(&[single, glob]).unwrap(), 1);
}

#[test]
fn a_missing_or_changed_record_is_an_error() {
    let records = ["eva", "bob"].map(|user| record("2024-03-09T04:00:00Z", user, "s3:GetObject"));
    let files = [("x.json", wrapped(&records)), ("x.json", wrapped(&records[..1]))];
    let archive = Archive::new().object("a.zip", &zip(&files[..1])).object("b.json", &wrapped(&records));
    let archives = open(archive.path());
    let ids = records.each_ref().map(|record| record["eventID"].as_str().unwrap().to_owned());
    let said = |object: &str, record: u32, event_id: Option<&str>| {
        let address = RecordAddress { archive: 1, object, record, event_id };
        let error = reopen(&archives, &ScanSettings::default(), &address, &Silent).err();
        error.map_or(String::new(), |error| error.to_string())
    };
    assert_eq!(said("a.zip!x.json", 1, Some(&ids[1])), "");
    assert_eq!(said("a.zip!x.json", 1, None), "");
    let other = format!("'a.zip!x.json' does not hold the record: record 1 has the event id '{}'", ids[1]);
    assert_eq!(said("a.zip!x.json", 1, Some(&ids[0])), other);
    assert_eq!(said("a.zip!x.json", 2, None), "'a.zip!x.json' holds no record 2");
    assert_eq!(said("a.zip!y.json", 0, None), "'a.zip!y.json' holds no record 0");
    assert_eq!(said("c.zip!y.json", 0, None), "the archive no longer holds the object 'c.zip!y.json'");
    for outside in ["../b.json", "/etc/hostname", ".", ""] {
        assert!(said(outside, 0, None).starts_with("the archive no longer holds"), "{outside}");
    }
    let path = archive.path().join("b.json");
    fs::write(&path, &wrapped(&records)[..60]).unwrap();
    assert!(said("b.json", 1, None).starts_with("'b.json' cannot be read: "), "{}", said("b.json", 1, None));
    fs::remove_file(path).unwrap();
    assert_eq!(said("b.json", 0, Some(&ids[0])), "the archive no longer holds the object 'b.json'");
    let stdin = Archives::open(&["-".into()]).unwrap();
    let address = RecordAddress { archive: 1, object: "stdin", record: 0, event_id: None };
    let error = reopen(&stdin, &ScanSettings::default(), &address, &Silent).unwrap_err();
    assert!(matches!(error, ReopenError::Unread { .. }), "{error}");
}
