//! What archives cover: deliveries by day and hour, gaps, and who stopped or narrowed logging.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use firstseen::coverage::Coverage;
use firstseen::query::{CoverageQuestion, coverage};
use firstseen::time::{Bound, Day};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, gzip, record, settings, with, wrapped};
use crate::program::firstseen;

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";

/// A call of CloudTrail by a user, with these parameters.
fn call(time: &str, user: &str, name: &str, parameters: Value) -> Value {
    let change = json!({"requestParameters": parameters, "eventID": format!("{time}-{name}")});
    with(record(time, user, &format!("cloudtrail:{name}")), change)
}

/// The spans of an archive with these records: kind, target, start, end, caller and detail.
fn spans(records: &[Value]) -> Vec<String> {
    let learnt = Archive::new().delivered("20240309T0412", records).ingest(&settings());
    let answer = coverage(&learnt.baseline, &learnt.coverage, &CoverageQuestion::default());
    let shown = answer.logging_spans.iter().map(|span| {
        let to = span.to().map_or("-".to_owned(), |to| to.to_string());
        let start = span.start;
        let who = start.who.key.rsplit('/').next().unwrap();
        let detail = start.sighting.detail().unwrap_or("-");
        let target = span.target.name.unwrap_or("-");
        format!("{} {target} {} {to} {who} {detail}", span.kind.name(), span.from())
    });
    shown.collect()
}

#[test]
fn a_trail_is_stopped_until_it_is_started_under_any_of_its_names() {
    let records = [
        call("2024-03-09T01:00:00Z", "eva", "StopLogging", json!({"name": "main"})),
        call("2024-03-09T02:00:00Z", "jo", "StartLogging", json!({"name": "other"})),
        call("2024-03-09T03:00:00Z", "jo", "StartLogging", json!({"name": TRAIL})),
        call("2024-03-09T04:00:00Z", "eva", "DeleteTrail", json!({"name": TRAIL})),
        // A trail that was created logs nothing before it is started.
        call("2024-03-09T05:00:00Z", "jo", "CreateTrail", json!({"name": "main"})),
    ];
    assert_eq!(
        spans(&records),
        [
            "stopped main 2024-03-09T01:00:00Z 2024-03-09T03:00:00Z eva -",
            "stopped main 2024-03-09T04:00:00Z - eva -",
        ]
    );
}

#[test]
fn failed_attempts_are_listed_but_change_nothing() {
    let failed = json!({"errorCode": "AccessDenied"});
    let stop = call("2024-03-09T01:00:00Z", "eva", "StopLogging", json!({"name": "main"}));
    let start = call("2024-03-09T03:00:00Z", "jo", "StartLogging", json!({"name": "main"}));
    assert_eq!(spans(&[with(stop.clone(), failed.clone())]), [""; 0]);
    let open = [stop.clone(), with(start, failed.clone())];
    assert_eq!(spans(&open), ["stopped main 2024-03-09T01:00:00Z - eva -"]);
    let learnt = Archive::new().delivered("20240309T0412", &[with(stop, failed)]).ingest(&settings());
    let answer = coverage(&learnt.baseline, &learnt.coverage, &CoverageQuestion::default());
    let listed: Vec<_> = answer.logging_changes.iter().map(|change| change.effect.name()).collect();
    assert_eq!(listed, ["stopped"]);
}

#[test]
fn selectors_narrow_a_trail_until_they_select_all_events() {
    let select = |time, selectors: Value| {
        call(time, "eva", "PutEventSelectors", json!({"trailName": "main", "eventSelectors": selectors}))
    };
    let records = [
        select(
            "2024-03-09T01:00:00Z",
            json!([{"readWriteType": "ReadOnly", "includeManagementEvents": true}]),
        ),
        select("2024-03-09T02:00:00Z", json!([{"includeManagementEvents": false}])),
        select("2024-03-09T03:00:00Z", json!([{"readWriteType": "All", "includeManagementEvents": true}])),
        call(
            "2024-03-09T04:00:00Z",
            "jo",
            "UpdateTrail",
            json!({"name": TRAIL, "isMultiRegionTrail": false}),
        ),
        // Selectors do not widen what UpdateTrail narrowed.
        select("2024-03-09T05:00:00Z", json!([{"readWriteType": "All"}])),
        call("2024-03-09T06:00:00Z", "jo", "DeleteTrail", json!({"name": TRAIL})),
    ];
    assert_eq!(
        spans(&records),
        [
            "narrowed main 2024-03-09T01:00:00Z 2024-03-09T02:00:00Z eva no write management events",
            "narrowed main 2024-03-09T02:00:00Z 2024-03-09T03:00:00Z eva no management events",
            "narrowed main 2024-03-09T04:00:00Z 2024-03-09T06:00:00Z jo isMultiRegionTrail=false",
            "stopped main 2024-03-09T06:00:00Z - jo -",
        ]
    );
}

#[test]
fn event_data_stores_and_audit_logs_of_clusters_stop_too() {
    let store = "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/ab-12";
    let update = |time: &str, logging: Value| {
        let parameters = json!({"name": "prod", "logging": logging});
        let change = json!({"requestParameters": parameters, "eventID": format!("{time}-u")});
        with(record(time, "eva", "eks:UpdateClusterConfig"), change)
    };
    let audit = |enabled: bool| json!({"clusterLogging": [{"types": ["api", "audit"], "enabled": enabled}]});
    let records = [
        call("2024-03-09T01:00:00Z", "eva", "StopEventDataStoreIngestion", json!({"eventDataStore": store})),
        update("2024-03-09T02:00:00Z", audit(false)),
        update("2024-03-09T03:00:00Z", Value::Null),
        update("2024-03-09T04:00:00Z", audit(true)),
        call(
            "2024-03-09T05:00:00Z",
            "jo",
            "StartEventDataStoreIngestion",
            json!({"eventDataStore": "ab-12"}),
        ),
    ];
    assert_eq!(
        spans(&records),
        [
            "stopped ab-12 2024-03-09T01:00:00Z 2024-03-09T05:00:00Z eva -",
            "stopped eks/prod 2024-03-09T02:00:00Z 2024-03-09T04:00:00Z eva -",
        ]
    );
}

#[test]
fn a_question_limits_days_calls_and_places() {
    let stop = call("2024-03-09T01:00:00Z", "eva", "StopLogging", json!({"name": "main"}));
    let any = record("2024-03-07T01:00:00Z", "eva", "s3:GetObject");
    let archive = Archive::new().delivered("20240307T0412", &[any]).delivered("20240309T0412", &[stop]);
    let learnt = archive.ingest(&settings());
    let asked = |from: &str, to: &str, region: &str| {
        let question = CoverageQuestion {
            from: from.parse().ok().map(Bound::start),
            to: to.parse().ok().map(Bound::end),
            accounts: vec!["111122223333".to_owned()],
            regions: vec![region.to_owned()],
        };
        let answer = coverage(&learnt.baseline, &learnt.coverage, &question);
        let objects: u64 = answer.places.iter().map(|place| place.objects).sum();
        let gaps: usize = answer.places.iter().map(|place| place.gaps.len()).sum();
        (objects, gaps, answer.logging_changes.len(), answer.logging_spans.len())
    };
    assert_eq!(asked("", "", "eu-west-1"), (2, 1, 1, 1));
    assert_eq!(asked("", "", "us-east-1"), (0, 0, 0, 0));
    assert_eq!(asked("2024-03-08", "", "eu-west-1"), (1, 1, 1, 1));
    assert_eq!(asked("2024-03-09", "", "eu-west-1"), (1, 0, 1, 1));
    assert_eq!(asked("", "2024-03-08", "eu-west-1"), (1, 1, 0, 0));
    assert_eq!(asked("2024-03-20", "", "eu-west-1"), (0, 0, 0, 1), "still stopped");
}

#[test]
fn logs_that_still_arrive_after_a_stop_are_noticed() {
    let stop = call("2024-03-07T04:00:00Z", "eva", "StopLogging", json!({"name": "main"}));
    let any = record("2024-03-09T01:00:00Z", "eva", "s3:GetObject");
    let shown = |archive: Archive, more: &[&str]| {
        let output = firstseen(&[&["coverage", ".", "-q"], more].concat(), archive.path());
        String::from_utf8(output.stdout).unwrap()
    };
    let stopped = || Archive::new().delivered("20240307T0412", std::slice::from_ref(&stop));
    let alone = shown(stopped(), &[]);
    assert!(alone.contains("from 2024-03-07T04:00:00Z to the end\n"), "{alone}");
    let both = || stopped().delivered("20240309T0112", std::slice::from_ref(&any));
    let text = shown(both(), &[]);
    assert!(text.contains("still arrived until 2024-03-09T01"), "{text}");
    assert!(shown(both(), &["-f", "json"]).contains(r#""delivered_until":"2024-03-09T01"#));
    // Ends are those of the reported days.
    let later = shown(both(), &["--from", "2024-03-08", "-f", "json"]);
    assert!(later.contains(r#""first":"2024-03-09T01"#), "{later}");
}

#[test]
fn a_stopped_audit_log_is_compared_with_deliveries_of_its_own_cluster() {
    let logging = json!({"clusterLogging": [{"types": ["audit"], "enabled": false}]});
    let change = json!({"requestParameters": {"name": "prod", "logging": logging}, "eventID": "u"});
    let stop = with(record("2024-03-07T04:00:00Z", "eva", "eks:UpdateClusterConfig"), change);
    let any = record("2024-03-09T01:00:00Z", "eva", "s3:GetObject");
    let logs = || {
        Archive::new()
            .delivered("20240307T0412", std::slice::from_ref(&stop))
            .delivered("20240309T0112", std::slice::from_ref(&any))
    };
    let of_cluster = |archive: Archive, cluster: &str, day: &str| {
        let event = audit_event(&format!("2024-03-{day}T01:00:00Z"), "admin", "list", "pods");
        let name = format!("EKSLogs/111122223333/{cluster}/2024/03/{day}/01/x-1-2024-03-{day}-01-05-00-uuid");
        archive.object(&name, &gzip(event.to_string().as_bytes()))
    };
    let shown = |archive: &Archive, more: &[&str]| {
        let output = firstseen(&[&["coverage", ".", "-q"], more].concat(), archive.path());
        String::from_utf8(output.stdout).unwrap()
    };
    let stopped = of_cluster(of_cluster(logs(), "prod", "07"), "other", "09");
    let text = shown(&stopped, &[]);
    assert!(text.contains("stopped: eks/prod") && text.contains(" to the end\n"), "{text}");
    let still = of_cluster(of_cluster(logs(), "prod", "07"), "prod", "09");
    let text = shown(&still, &[]);
    assert!(text.contains("but logs of this cluster still arrived until 2024-03-09T01"), "{text}");
    // The Region of the audit log of a cluster is its name.
    let spans = |region: &str| {
        let answer: Value =
            serde_json::from_str(&shown(&stopped, &["--region", region, "-f", "json"])).unwrap();
        (
            answer["logging_spans"].as_array().unwrap().len(),
            answer["logging_changes"].as_array().unwrap().len(),
        )
    };
    assert_eq!((spans("eks/prod"), spans("eks/other"), spans("eu-west-1")), ((1, 1), (0, 0), (0, 0)));
}

#[test]
fn deliveries_say_nothing_of_a_stopped_event_data_store() {
    let store = "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/ab-12";
    let parameters = json!({"eventDataStore": store});
    let stop = call("2024-03-07T04:00:00Z", "eva", "StopEventDataStoreIngestion", parameters);
    let any = record("2024-03-09T01:00:00Z", "eva", "s3:GetObject");
    let archive = Archive::new().delivered("20240307T0412", &[stop]).delivered("20240309T0112", &[any]);
    let learnt = archive.ingest(&settings());
    let answer = coverage(&learnt.baseline, &learnt.coverage, &CoverageQuestion::default());
    assert_eq!(answer.logging_spans.len(), 1);
    assert_eq!(answer.logging_spans[0].delivered_until, None);
}

#[test]
fn a_half_character_does_not_hide_a_narrowing_of_logging() {
    let parameters = json!({"trailName": "main", "eventSelectors": [{"includeManagementEvents": false}]});
    let hidden = call("2024-03-09T01:00:00Z", "eva", "PutEventSelectors", parameters);
    let text = hidden.to_string().replace("\"main\"", r#""main\ud800""#);
    let archive = Archive::new().object("a.json", format!("[{text}]").as_bytes());
    let learnt = archive.ingest(&settings());
    let answer = coverage(&learnt.baseline, &learnt.coverage, &CoverageQuestion::default());
    let span = answer.logging_spans[0];
    assert_eq!(span.target.name, Some("main\u{fffd}"));
    assert_eq!(span.start.sighting.detail(), Some("no management events"));
}

#[test]
fn a_place_that_delivers_every_hour_has_gaps_of_hours() {
    let mut archive = Archive::new();
    for hour in (0..72).filter(|hour| !(30..33).contains(hour)) {
        let minute = format!("2024030{}T{:02}05", 1 + hour / 24, hour % 24);
        archive = archive.delivered(&minute, &[]);
    }
    let shown = firstseen(&["coverage", ".", "--quiet"], archive.path());
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("0 gaps of days, 1 gap of hours"), "{shown}");
    assert!(shown.contains("no delivery: 2024-03-02T06:00:00Z to 2024-03-02T09:00:00Z (3 hours)"), "{shown}");
}

/// An object: account, Region, day, hour, number of records, and whether it is broken.
type Delivered = (u8, u8, u8, u8, u8, bool);

fn any_deliveries() -> impl Strategy<Value = Vec<Delivered>> {
    prop::collection::vec((0..2u8, 0..2u8, 0..9u8, 0..24u8, 0..4u8, prop::bool::weighted(0.2)), 1..12)
}

fn place((account, region, ..): &Delivered) -> (String, String) {
    (format!("11112222333{account}"), ["eu-west-1", "us-east-1"][usize::from(*region)].to_owned())
}

/// An archive of those objects whose number is in a part.
fn archive(objects: &[Delivered], is_in_part: impl Fn(usize) -> bool) -> Archive {
    let mut archive = Archive::new();
    for (number, object) in objects.iter().enumerate().filter(|(number, _)| is_in_part(*number)) {
        let (.., day, hour, records, is_broken) = object;
        let ((account, region), day) = (place(object), day + 1);
        let calls = (0..*records).map(|index| {
            let name = ["StopLogging", "StartLogging", "PutEventSelectors"][usize::from(index % 3)];
            call(&format!("2024-03-{day:02}T{hour:02}:00:0{index}Z"), "eva", name, json!({"name": account}))
        });
        let bytes = gzip(&wrapped(&calls.collect::<Vec<_>>()));
        let name =
            format!("{account}_CloudTrail_{region}_202403{day:02}T{hour:02}10Z_unique{number}.json.gz");
        archive = archive.object(&name, if *is_broken { b"broken" } else { &bytes });
    }
    archive
}

/// Objects, failed objects, records and hours of each place and day.
type Counted = BTreeMap<((String, String), Day), (u64, u64, u64, BTreeSet<u8>)>;

fn counted(coverage: &Coverage) -> Counted {
    let days = coverage.places.iter().flat_map(|(place, covered)| {
        covered.days.iter().map(move |day| {
            let hours = (0..24).filter(|hour| day.hours & 1 << hour != 0).collect();
            ((place.clone(), day.day), (day.objects, day.failed, day.records, hours))
        })
    });
    days.collect()
}

fn naive(objects: &[Delivered]) -> Counted {
    let mut counted = Counted::new();
    for object in objects {
        let (.., day, hour, records, is_broken) = object;
        let day: Day = format!("2024-03-{:02}", day + 1).parse().unwrap();
        let (read, failed, found, hours) = counted.entry((place(object), day)).or_default();
        if *is_broken {
            *failed += 1;
        } else {
            *read += 1;
            *found += u64::from(*records);
            hours.insert(*hour);
        }
    }
    counted
}

/// The answer of the command, in one format.
fn answered(source: &str, format: &str, folder: &Path) -> String {
    let output = firstseen(&["coverage", source, "--format", format, "--quiet"], folder);
    String::from_utf8(output.stdout).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn days_are_those_of_the_naive_model(objects in any_deliveries(), threads in 1..4usize) {
        let settings = firstseen::learn::LearnSettings { threads, ..settings() };
        let learnt = archive(&objects, |_| true).ingest(&settings);
        prop_assert_eq!(counted(&learnt.coverage), naive(&objects));
        for place in learnt.coverage.places.values() {
            let sum = |of: fn(&firstseen::coverage::DeliveryDay) -> u64| place.days.iter().map(of).sum::<u64>();
            prop_assert_eq!(sum(|day| day.stored_bytes), place.stored_bytes);
            prop_assert_eq!(sum(|day| day.objects), place.objects);
            // No gap has an object that was read, and each day between two such days is in a gap or has one.
            let in_gaps: i32 = place.gaps().map(|(from, to)| to.number() - from.number() + 1).sum();
            let covered = place.days.covered().count() as i32;
            let span = place.span().map_or(0, |(first, last)| last.number() - first.number() + 1);
            prop_assert_eq!(covered + in_gaps, span);
        }
    }

    #[test]
    fn parts_merge_into_the_whole(objects in any_deliveries()) {
        let whole = archive(&objects, |_| true).ingest(&settings());
        // Each part has at least one file.
        let part = |part| archive(&objects, |number| number % 2 == part).object("note.txt", b"").ingest(&settings());
        let (mut left, right) = (part(0), part(1));
        left.coverage.merge(right.coverage);
        prop_assert_eq!(&left.coverage.places, &whole.coverage.places);
        let merged = left.baseline.merge(right.baseline).baseline;
        prop_assert_eq!(&merged.logging, &whole.baseline.logging);
    }
}

#[test]
fn a_saved_baseline_gives_the_same_answer() {
    let objects =
        [(0, 0, 1, 3, 3, false), (0, 1, 2, 4, 2, false), (1, 0, 7, 0, 1, true), (1, 0, 8, 9, 2, false)];
    let logs = archive(&objects, |_| true);
    let folder = tempfile::tempdir().unwrap();
    std::fs::rename(logs.path(), folder.path().join("logs")).unwrap();
    assert_eq!(firstseen(&["index", "logs", "-o", "x.baseline"], folder.path()).status.code(), Some(3));
    for format in ["text", "csv", "json", "jsonl"] {
        let [archive, saved] = ["logs", "x.baseline"].map(|source| answered(source, format, folder.path()));
        assert!(!archive.is_empty());
        assert_eq!(archive, saved, "{format}");
    }
}
