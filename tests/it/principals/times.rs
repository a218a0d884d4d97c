//! Time formats.

use std::collections::BTreeMap;

use firstseen::coverage::Remark;
use firstseen::learn::Learnt;
use firstseen::model::PrincipalKey;
use serde_json::{Value, json};

use super::joining::index;
use super::{by, user};
use crate::archive::{Archive, audit_event, settings, wrapped};
use crate::program::firstseen;

#[test]
fn times_in_other_formats_are_read_with_a_remark() {
    let at = |time: &str, name: &str| by(user(name, "AIDAEXAMPLE01"), time, "s3:A");
    let records = [
        at("2024-03-09T04:00:00Z", "a"),
        at("2024-03-09 04:00:00", "b"),
        at("2024-03-09T04:00:00.000", "c"),
        at("2024-03-09T04:00:00z", "d"),
        at("2024-03-08 23:00:00-0500", "e"),
        at("2024-03-09T05:00:00+01:00", "f"),
        at("9 March 2024 04:00:00", "g"),
    ];
    let archive = Archive::new().delivered("20240309T0412", &records);
    let Learnt { baseline, coverage, .. } = archive.ingest(&settings());
    let remarks = BTreeMap::from([(Remark::TimeForm, 2), (Remark::TimeWithoutZone, 2)]);
    assert_eq!((coverage.records.counted, coverage.fault_count), (6, 1));
    assert_eq!(coverage.records.remarks, remarks);
    assert!(baseline.behaviours.iter().all(|one| one.first.time.to_string() == "2024-03-09T04:00:00Z"));
    // Remarks are saved in the baseline and summed by merging.
    let other = Archive::new().object("other.json", &wrapped(&[at("2024-03-10 04:00:00", "h")]));
    let key = PrincipalKey::Arn;
    let merged = index(&[&archive], key).merge(index(&[&other], key)).unwrap();
    assert_eq!(merged.coverage.records.remarks[&Remark::TimeWithoutZone], 3);
    assert_eq!(merged, index(&[&other, &archive], key));
}

#[test]
fn remarks_appear_in_the_run_summary_and_in_json() {
    let archive = Archive::new().object(
        "logs/a.json",
        &wrapped(&[
            by(user("eva", "AIDAEXAMPLE01"), "2024-03-09 04:00:00", "s3:A"),
            by(user("eva", "AIDAEXAMPLE01"), "2024-03-09T04:00:00+0000", "s3:B"),
        ]),
    );
    let ended = firstseen(&["scan", "logs", "--format", "json"], archive.path());
    assert_eq!(ended.status.code(), Some(0));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("\nread with a remark: 2 records (time-form 1, time-without-zone 1)\n"), "{said}");
    let answer: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(answer["coverage"]["records"]["remarks"], json!({"time-form": 1, "time-without-zone": 1}));
}

#[test]
fn audit_events_may_have_times_in_other_formats() {
    let event = |time| audit_event(time, "jo", "list", "pods");
    let archive = Archive::new().object(
        "audit.jsonl",
        format!("{}\n{}\n", event("2024-03-09T04:00:00.000000Z"), event("2024-03-09 05:00:00.5")).as_bytes(),
    );
    let Learnt { baseline, coverage, .. } = archive.ingest(&settings());
    assert_eq!(coverage.records.remarks, BTreeMap::from([(Remark::TimeWithoutZone, 1)]));
    assert_eq!(baseline.behaviours[0].last.to_string(), "2024-03-09T05:00:00.5Z");
}
