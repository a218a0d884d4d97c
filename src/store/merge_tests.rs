//! Merging by streaming, in tiny windows and groups of rows, gives the bytes of one run over all objects.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::writing::write_tables;
use super::{BaselineContents, MergeError, Saved};
use crate::baseline::{ActiveDay, Baseline, Behaviour, Days};
use crate::catalog::{ObjectEntry, RecordEntry, conflict_fault};
use crate::coverage::{Coverage, FaultKind, Outcome};
use crate::learn::LearnSettings;
use crate::model::{ObservedPrincipal, PrincipalKind, Sighting, SightingTexts, Stage};
use crate::observe::{Deduplicator, Fingerprint, KeptRecords, ObjectRecords, RecordPlace};
use crate::table::ROWS_PER_GROUP;
use crate::time::{Day, Timestamp};

/// An object: its number among all, archive, and what was in it.
#[derive(Clone, Debug)]
struct Object {
    number: usize,
    archive: &'static str,
    /// Day of delivery, if it is known.
    day: Option<i32>,
    /// Event id and content of its records; `None` if it could not be read.
    records: Option<Vec<(u64, u32)>>,
}

/// What a record is follows from its id and content, so that copies are alike.
fn entry((object, record): (u32, u32), (id, content): (u64, u32)) -> RecordEntry {
    RecordEntry {
        object,
        record,
        // Ids differ in their highest bits, as hashes do.
        fingerprint: Fingerprint::from_parts((id << 61, content << 2)),
        behaviour: (id % 2) as u32 * 2 + content % 2,
        day: Day::from_number(100 + (id % 3) as i32),
        failed: content == 2,
        is_copy: false,
    }
}

fn object_entry(object: &Object, archives: &[&str]) -> ObjectEntry {
    ObjectEntry {
        archive: archives.iter().position(|name| *name == object.archive).unwrap() as u32 + 1,
        path: format!("{:02}.json", 37 * object.number % 64).into(),
        delivered: object.day.map(|day| Day::from_number(day).start()),
        account: None,
        region: None,
        size: object.records.is_some().then_some(1),
        checksum: None,
        outcome: if object.records.is_some() { Outcome::Read } else { Outcome::Failed(FaultKind::Read) },
        records: object.records.as_ref().map_or(0, |records| records.len() as u64),
        span: None,
        faults: 0,
    }
}

/// What one run learns from objects: all records are compared at once, in memory.
fn learn(objects: &[Object], archives: &[&str]) -> BaselineContents {
    let mut known: Vec<(ObjectEntry, &Object)> =
        objects.iter().map(|object| (object_entry(object, archives), object)).collect();
    known.sort_by(|left, right| left.0.delivery_order().cmp(&right.0.delivery_order()));
    let mut records = Vec::new();
    for (number, (_, object)) in (0..).zip(&known) {
        let places = (0..).map(|record| (number, record));
        records.extend(places.zip(object.records.iter().flatten()).map(|(place, it)| entry(place, *it)));
    }
    let found = {
        let deduplicator = Deduplicator::default().keep_records(KeptRecords::All);
        for (number, (entry, _)) in (0..).zip(&known) {
            let mut of_object = ObjectRecords::new(0);
            for record in records.iter().filter(|record| record.object == number) {
                let place = RecordPlace { object: number, record: record.record };
                of_object.add(record.fingerprint, place, 0, record.failed);
            }
            deduplicator.add_object(number, entry.delivered.map(Timestamp::day), &mut of_object);
        }
        deduplicator.finish()
    };
    for (record, compared) in records.iter_mut().zip(&found.records) {
        assert_eq!((record.object, record.record), (compared.place.object, compared.place.record));
        record.is_copy = compared.is_copy;
    }
    let mut coverage = Coverage::default();
    coverage.objects.listed = known.len() as u64;
    coverage.objects.read = known.iter().filter(|(_, object)| object.records.is_some()).count() as u64;
    if coverage.objects.listed > coverage.objects.read {
        let failed = coverage.objects.listed - coverage.objects.read;
        coverage.objects.failed.insert(FaultKind::Read, failed);
    }
    coverage.records.total = records.len() as u64;
    coverage.records.duplicates = found.duplicates;
    coverage.records.counted = coverage.records.total - found.duplicates;
    for conflict in &found.conflicts {
        let object = |number: u32| (known[number as usize].0.archive, &*known[number as usize].0.path);
        coverage.fault(conflict_fault(conflict, object));
    }
    coverage.sort();
    let first_archive = archives.iter().position(|name| *name == "a").unwrap() as u32 + 1;
    let baseline = baseline(&mut records, first_archive);
    BaselineContents {
        learning: LearnSettings::default().scope(),
        archives: archives.iter().map(|name| (*name).to_owned()).collect(),
        baseline,
        coverage,
        objects: known.into_iter().map(|(entry, _)| entry).collect(),
        records: records.into(),
    }
}

/// Counted records of each day, and failed ones among them.
type DayCounts = BTreeMap<Day, (u64, u64)>;

/// The behaviours of records, which get their numbers.
fn baseline(records: &mut [RecordEntry], archive: u32) -> Baseline {
    let mut counts: BTreeMap<u32, DayCounts> = BTreeMap::new();
    for record in &*records {
        let count = counts.entry(record.behaviour).or_default().entry(record.day).or_default();
        count.0 += u64::from(!record.is_copy);
        count.1 += u64::from(!record.is_copy && record.failed);
    }
    let numbers: Vec<u32> = counts.keys().copied().collect();
    for record in records {
        record.behaviour = numbers.binary_search(&record.behaviour).unwrap() as u32;
    }
    let pairs: Vec<(u32, u32)> = numbers.iter().map(|number| (number / 2, number % 2)).collect();
    let used = |of: fn(&(u32, u32)) -> u32| {
        let mut all: Vec<u32> = pairs.iter().map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (principals, actions) = (used(|pair| pair.0), used(|pair| pair.1));
    let behaviour = |(pair, days): (&(u32, u32), &DayCounts)| {
        let (first, last) = (*days.keys().next().unwrap(), *days.keys().next_back().unwrap());
        let first = Arc::new(sighting(first.start(), archive));
        let mut active = Days::default();
        for (day, (count, errors)) in days {
            active.push(ActiveDay { day: *day, hours: 1, success_hours: 1, count: *count, errors: *errors });
        }
        Behaviour {
            principal: principals.binary_search(&pair.0).unwrap() as u32,
            action: actions.binary_search(&pair.1).unwrap() as u32,
            first_success: Some(Arc::clone(&first)),
            first,
            last: last.start(),
            days: active,
        }
    };
    let principal = |number: &u32| ObservedPrincipal {
        account: "111122223333".into(),
        key: format!("user/{number}").into(),
        kind: PrincipalKind::User,
        arn: None,
    };
    Baseline {
        behaviours: pairs.iter().zip(counts.values()).map(behaviour).collect(),
        principals: principals.iter().map(principal).collect(),
        actions: actions.iter().map(|number| format!("s3.amazonaws.com:Get{number}").into()).collect(),
        ..Baseline::default()
    }
}

fn sighting(time: Timestamp, archive: u32) -> Sighting {
    Sighting {
        time,
        event_id: "1".into(),
        archive,
        object: "a.json".into(),
        record: 0,
        failed: false,
        read_only: None,
        stage: Stage::default(),
        texts: SightingTexts::new(Default::default()),
    }
}

fn save(contents: &BaselineContents, place: &Path, rows_per_group: usize) {
    std::fs::create_dir(place).unwrap();
    write_tables(contents, place, rows_per_group).unwrap();
}

fn any_object() -> impl Strategy<Value = Object> {
    let records = prop::collection::vec((0..8u64, 0..3u32), 0..6);
    let day = prop_oneof![1 => Just(None), 4 => (0..5i32).prop_map(Some)];
    (prop_oneof![Just("a"), Just("b")], day, prop::option::weighted(0.8, records))
        .prop_map(|(archive, day, records)| Object { number: 0, archive, day, records })
}

/// Objects, and in which of three parts each is.
fn any_parts() -> impl Strategy<Value = Vec<(Object, usize)>> {
    prop::collection::vec((any_object(), 0..3usize), 0..16).prop_map(|mut parts| {
        parts.iter_mut().enumerate().for_each(|(number, part)| part.0.number = number);
        parts
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn merging_in_tiny_windows_equals_one_run(
        parts in any_parts(), at_once in 1..9u64, rows_per_group in 1..5usize, saved in any::<[bool; 3]>(),
    ) {
        let place = TempDir::new().unwrap();
        let all: Vec<Object> = parts.iter().map(|(object, _)| object.clone()).collect();
        let whole = learn(&all, &["a", "b"]);
        let part = |number: usize| {
            let objects: Vec<Object> =
                parts.iter().filter(|(_, part)| *part == number).map(|(object, _)| object.clone()).collect();
            if !saved[number] {
                // In memory, archives may be in any order.
                return learn(&objects, &["b", "a"]);
            }
            let path = place.path().join(number.to_string());
            save(&learn(&objects, &["a", "b"]), &path, rows_per_group);
            Saved::open(&path).unwrap().contents().unwrap()
        };
        let [first, second, third] = [0, 1, 2].map(part);
        let mut merged = first.clone().join(second.clone()).unwrap().join(third.clone()).unwrap();
        merged.compare_copies(at_once).unwrap();
        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(&third.merge(first).unwrap().merge(second).unwrap(), &whole);
        save(&merged, &place.path().join("merged"), ROWS_PER_GROUP);
        save(&whole, &place.path().join("whole"), ROWS_PER_GROUP);
        for file in std::fs::read_dir(place.path().join("whole")).unwrap() {
            let name = file.unwrap().file_name();
            let read = |folder: &str| std::fs::read(place.path().join(folder).join(&name)).unwrap();
            prop_assert!(read("merged") == read("whole"), "{:?}", name);
        }
    }
}

/// Two objects on one day with the same record.
fn two_with_a_copy() -> [BaselineContents; 2] {
    [0, 1].map(|number| {
        let records = Some(vec![(1, 1), (2, 1)]);
        learn(&[Object { number, archive: "a", day: Some(1), records }], &["a"])
    })
}

#[test]
fn records_that_do_not_fit_their_behaviours_are_damage() {
    let [left, right] = two_with_a_copy();
    let merged = left.clone().merge(right.clone()).unwrap();
    assert_eq!(merged.coverage.records.duplicates, 2);
    // A copy on a day on which its behaviour did not occur.
    let mut records: Vec<RecordEntry> = std::iter::from_fn({
        let mut rows = right.records.rows();
        move || rows.next_row().unwrap()
    })
    .collect();
    records[0].day = records[0].day.next();
    records[1].day = records[1].day.next();
    let strange = BaselineContents { records: records.clone().into(), ..right.clone() };
    assert!(matches!(left.clone().merge(strange), Err(MergeError::Damaged)));
    // A copy that is not counted.
    let mut uncounted = right.clone();
    uncounted.baseline.behaviours.iter_mut().for_each(|behaviour| {
        behaviour.days.iter_mut().for_each(|day| day.count = 0);
    });
    let mut uncounted_left = left.clone();
    uncounted_left.baseline = uncounted.baseline.clone();
    assert!(matches!(uncounted_left.merge(uncounted), Err(MergeError::Damaged)));
    // Records of an object that the baseline does not know.
    records.iter_mut().for_each(|record| record.object = 7);
    let homeless = BaselineContents { records: records.into(), ..right };
    assert!(homeless.merge(left).is_err());
}

#[test]
fn a_saved_table_with_numbers_beyond_its_baseline_is_damage() {
    let place = TempDir::new().unwrap();
    let [left, right] = two_with_a_copy();
    let path = place.path().join("forged");
    let merged = left.clone().merge(right.clone()).unwrap();
    save(&merged, &path, 1);
    let saved = Saved::open(&path).unwrap();
    for limits in [(1, 2), (2, 1)] {
        let records = saved.record_table(limits).unwrap().into();
        let forged = BaselineContents { records, ..merged.clone() };
        let other = learn(&[], &["a"]);
        assert!(matches!(forged.merge(other), Err(MergeError::Store(_))), "{limits:?}");
    }
}
