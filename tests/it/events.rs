//! `firstseen events`: the events themselves, in order, copies once, first sightings marked.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use firstseen::events::{EventFilter, EventRequest, Events, collect};
use firstseen::learn::LearnSettings;
use firstseen::query::{Filter, first_seen};
use firstseen::report::{EventFormat, EventReport, EventRow, EventSettings};
use firstseen::scan::Silent;
use firstseen::source::Archives;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, log_path, question, record, settings, with, wrapped};
use crate::laws::{any_objects, archive};
use crate::program::{firstseen, program, stderr};

/// The events of an archive.
fn events(archive: &Archive, learning: &LearnSettings, request: &EventRequest) -> Events {
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let make = || tempfile::tempfile();
    collect(&archives, learning, request, &make, &Silent).unwrap().resolved()
}

/// Enough memory for any test.
fn asked(filter: EventFilter) -> EventRequest {
    EventRequest { filter, memory: 1 << 20, ..EventRequest::default() }
}

fn written(events: &Events, format: EventFormat) -> String {
    let settings = EventSettings::default();
    let mut out = Vec::new();
    let written = EventReport { settings: &settings, archives: &[], events }.write(format, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    if format == EventFormat::JsonLines {
        assert_eq!(text.lines().count() as u64, written.events + 2);
    }
    text
}

/// The rows of all events, as JSON.
fn rows(events: &Events) -> Vec<Value> {
    let lines = written(events, EventFormat::JsonLines);
    let parsed = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    parsed.filter(|row: &Value| row.get("time").is_some()).collect()
}

fn all(archive: &Archive) -> Vec<Value> {
    rows(&events(archive, &settings(), &asked(EventFilter::default())))
}

/// A text of a row; empty if it is absent.
fn text<'r>(row: &'r Value, field: &str) -> &'r str {
    row[field].as_str().unwrap_or_default()
}

/// The order of events.
fn order(row: &Value) -> (firstseen::time::Timestamp, &str, u64, &str, u64) {
    let time = firstseen::time::Timestamp::parse(text(row, "time")).unwrap();
    let number = |field: &str| row[field].as_u64().unwrap();
    (time, text(row, "event_id"), number("archive"), text(row, "object"), number("record"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn every_counted_record_is_an_event_and_first_sightings_are_those_of_scan(objects in any_objects()) {
        let archive = archive(&objects);
        let learnt = archive.ingest(&settings());
        let rows = all(&archive);
        prop_assert_eq!(rows.len() as u64, learnt.coverage.records.counted);
        prop_assert!(rows.is_sorted_by(|left, right| order(left) < order(right)));
        let found = first_seen(&learnt.baseline, &question(0));
        let found: BTreeSet<_> = found
            .iter()
            .map(|finding| {
                let evidence = finding.evidence.unwrap();
                (finding.principal().to_owned(), finding.action.to_string(), evidence.object.to_string(), evidence.record)
            })
            .collect();
        let marked = rows.iter().filter(|row| row["first_sighting"] == true);
        let marked: Vec<_> = marked
            .map(|row| {
                let texts = ["principal", "action", "object"].map(|field| text(row, field).to_owned());
                let [principal, action, object] = texts;
                (principal, action, object, u32::try_from(row["record"].as_u64().unwrap()).unwrap())
            })
            .collect();
        prop_assert_eq!(marked.len(), found.len());
        prop_assert_eq!(marked.into_iter().collect::<BTreeSet<_>>(), found);
    }

    #[test]
    fn with_a_baseline_of_the_same_archive_everything_is_as_without(objects in any_objects(), from in 0..20i64) {
        let archive = archive(&objects);
        let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
        let read = |learning: &LearnSettings| {
            let make = || tempfile::tempfile();
            collect(&archives, learning, &asked(EventFilter::default()), &make, &Silent).unwrap()
        };
        let from = firstseen::time::Timestamp::from_seconds(1_704_067_200 + from * 86_400);
        let whole = read(&settings());
        let known = whole.baseline.clone();
        let expected = rows(&whole.resolved());
        prop_assert_eq!(&rows(&read(&settings()).knowing(known.clone()).resolved()), &expected);
        // Only a part is read. The copy of an event that is first in order may be in an object that is not.
        let mut part = settings();
        part.window.read_from = Some(from);
        let fields = |rows: Vec<Value>| -> Vec<_> {
            let after = rows.into_iter().filter(|row| order(row).0 >= from);
            let field = |row: &Value| ["time", "principal", "action", "event_id", "first_sighting"].map(|name| row[name].clone());
            after.map(|row| field(&row)).collect()
        };
        let found = fields(rows(&read(&part).knowing(known).resolved()));
        let expected = fields(expected);
        prop_assert!(found.iter().all(|row| expected.contains(row)), "{found:?} {expected:?}");
    }

    #[test]
    fn filtering_while_reading_is_filtering_all_events(
        objects in any_objects(), user in 0..5usize, action in 0..4usize, account in 0..3usize, only_failed: bool,
        from in prop::option::of(0..20i64), event_id: bool,
    ) {
        let archive = archive(&objects);
        let user = ["eva", "bob", "*o*", "nobody", ""][user];
        let action = ["iam:*", "ec2:RunInstances", "List*", ""][action];
        let account = ["111122223333", "000123456789", ""][account];
        let start = from.map(|day| firstseen::time::Timestamp::from_seconds(1_704_067_200 + day * 86_400));
        let globs = |text: &str| [text].into_iter().filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect();
        let base = Filter {
            principals: globs(user),
            actions: globs(action),
            accounts: [account].into_iter().filter(|text| !text.is_empty()).map(String::from).collect(),
            ..Filter::default()
        };
        let filter = EventFilter {
            base: base.clone(),
            from: start,
            errors: globs(if only_failed { "accessd*" } else { "" }),
            event_ids: globs(if event_id { "*-eva-*" } else { "" }),
            ..EventFilter::default()
        };
        let wanted = |row: &Value| {
            let principal = base.principals.iter().all(|glob| glob.matches_principal(text(row, "principal")));
            let action = base.actions.iter().all(|glob| glob.matches_action(text(row, "action")));
            principal
                && action
                && (account.is_empty() || text(row, "account") == account)
                && (!only_failed || text(row, "error_code") == "AccessDenied")
                && (!event_id || text(row, "event_id").contains("-eva-"))
                && start.is_none_or(|from| order(row).0 >= from)
        };
        let expected: Vec<Value> = all(&archive).into_iter().filter(wanted).collect();
        prop_assert_eq!(rows(&events(&archive, &settings(), &asked(filter))), expected);
    }

    #[test]
    fn neither_threads_nor_memory_change_a_byte(objects in any_objects(), memory in 0..4000u64, threads in 1..4usize) {
        let archive = archive(&objects);
        let filter = EventFilter::default();
        let one = events(&archive, &settings(), &asked(filter.clone()));
        let request = EventRequest { filter, memory, ..EventRequest::default() };
        let several = events(&archive, &LearnSettings { threads, ..settings() }, &request);
        for format in [EventFormat::Text, EventFormat::Csv, EventFormat::Json] {
            prop_assert_eq!(written(&one, format), written(&several, format));
        }
    }
}

#[test]
fn the_documented_fields_are_those_of_the_rows() {
    let formats = include_str!("../../docs/formats.md");
    let section = formats.split("\n## ").find(|section| section.starts_with("Events\n")).unwrap();
    let documented = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(documented.collect::<Vec<_>>(), EventRow::COLUMNS);
    let athena = section.split("events (").nth(1).unwrap().split(',');
    for (field, athena) in EventRow::COLUMNS.iter().zip(athena) {
        assert!(athena.trim().starts_with(&format!("{field} ")), "{field}: {athena}");
    }
}

fn call(hour: u8, user: &str, action: &str, changes: Value) -> Value {
    with(record(&format!("2024-03-01T{hour:02}:00:00Z"), user, action), changes)
}

fn logged(records: &[Value]) -> Archive {
    Archive::new().object("a.json", &wrapped(records))
}

/// Ids of the events that match.
fn ids(archive: &Archive, filter: EventFilter) -> Vec<String> {
    let found = rows(&events(archive, &settings(), &asked(filter)));
    found.iter().map(|row| text(row, "event_id").to_owned()).collect()
}

#[test]
fn each_filter_finds_its_events() {
    let identity = json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/jo", "accountId": "111122223333",
        "accessKeyId": "ASIAOTHER", "principalId": "AROAEXAMPLE01:jo",
    });
    let archive = logged(&[
        call(1, "eva", "s3:GetObject", json!({"eventID": "ip", "sourceIPAddress": "203.0.113.77"})),
        call(2, "eva", "s3:GetObject", json!({"eventID": "service", "sourceIPAddress": "ec2.amazonaws.com"})),
        call(3, "eva", "s3:GetObject", json!({"eventID": "role", "userIdentity": identity})),
        call(4, "eva", "s3:GetObject", json!({"eventID": "agent", "userAgent": "aws-cli/2 Kali"})),
        call(
            5,
            "eva",
            "s3:GetObject",
            json!({"eventID": "denied", "errorCode": "AccessDenied", "errorMessage": "not allowed: x"}),
        ),
        call(
            6,
            "eva",
            "s3:GetObject",
            json!({"eventID": "arn", "resources": [{"ARN": "arn:aws:s3:::plans/q1"}]}),
        ),
        call(
            7,
            "eva",
            "s3:GetObject",
            json!({"eventID": "text", "requestParameters": {"bucketName": "Plans \"q2\""}}),
        ),
    ]);
    let one = |text: &str| vec![text.parse().unwrap()];
    let range = |text: &str| vec![text.parse().unwrap()];
    let base = EventFilter::default;
    for (filter, found) in [
        (EventFilter { addresses: range("203.0.113.0/24"), ..base() }, &["ip"][..]),
        (EventFilter { access_keys: one("ASIA*"), ..base() }, &["role"]),
        (EventFilter { sessions: one("jo"), ..base() }, &["role"]),
        (EventFilter { sessions: one("JO"), ..base() }, &[]),
        (EventFilter { user_agents: one("*kali*"), ..base() }, &["agent"]),
        (EventFilter { errors: one("accessdenied"), ..base() }, &["denied"]),
        (EventFilter { errors: one("Not allowed*"), ..base() }, &["denied"]),
        (EventFilter { event_ids: one("i?"), ..base() }, &["ip"]),
        (EventFilter { resources: one("arn:aws:s3:::plans/*"), ..base() }, &["arn"]),
        (EventFilter { texts: vec!["plans".to_owned()], ..base() }, &["arn", "text"]),
        (EventFilter { texts: vec!["plans \"q2".to_owned(), "nothing".to_owned()], ..base() }, &["text"]),
        (EventFilter { texts: vec!["plans".to_owned()], errors: one("*"), ..base() }, &[]),
    ] {
        assert_eq!(ids(&archive, filter.clone()), found, "{filter:?}");
    }
}

#[test]
fn a_bare_id_is_found_by_the_arn_that_another_record_proves() {
    let bare = json!({"type": "AWSAccount", "principalId": "AIDAEVAEXAMPLE01", "accountId": "111122223333"});
    let named = json!({
        "type": "IAMUser", "principalId": "AIDAEVAEXAMPLE01", "arn": "arn:aws:iam::111122223333:user/eva",
        "accountId": "111122223333", "userName": "eva",
    });
    let archive = logged(&[
        call(
            1,
            "eva",
            "s3:GetObject",
            json!({"eventID": "bare", "userIdentity": bare, "recipientAccountId": "444455556666"}),
        ),
        call(2, "eva", "s3:GetObject", json!({"eventID": "named", "userIdentity": named})),
        call(3, "bob", "s3:GetObject", json!({"eventID": "other"})),
    ]);
    let base = Filter { principals: vec!["eva".parse().unwrap()], ..Filter::default() };
    let found = rows(&events(&archive, &settings(), &asked(EventFilter { base, ..EventFilter::default() })));
    let told: Vec<_> = found
        .iter()
        .map(|row| (text(row, "event_id"), text(row, "principal"), row["first_sighting"] == true))
        .collect();
    let eva = "arn:aws:iam::111122223333:user/eva";
    assert_eq!(told, [("bare", eva, true), ("named", eva, false)]);
}

/// An audit event of one request at a stage.
fn stage(name: &str, changes: Value) -> Value {
    let event = audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    with(with(event, json!({ "stage": name })), changes)
}

#[test]
fn an_earlier_stage_in_another_object_does_not_stand_in_for_the_last_one() {
    let received = stage("RequestReceived", json!({"responseStatus": "ABSENT"}));
    let complete = stage("ResponseComplete", json!({"impersonatedUser": {"username": "bob"}}));
    let object = |value: &Value| value.to_string().into_bytes();
    let archive = Archive::new().object("a", &object(&received)).object("b", &object(&complete));
    let only = all(&archive);
    assert_eq!(only.len(), 1);
    assert_eq!((text(&only[0], "principal"), text(&only[0], "impersonated_by")), ("k8s:-/bob", "jo"));
    let failed = EventFilter { errors: vec!["*".parse().unwrap()], ..EventFilter::default() };
    assert_eq!(ids(&archive, failed), [""; 0]);
    let by_jo = Filter { principals: vec!["jo".parse().unwrap()], ..Filter::default() };
    assert_eq!(ids(&archive, EventFilter { base: by_jo, ..EventFilter::default() }), [""; 0]);
}

#[test]
fn records_come_as_delivered_each_on_a_line() {
    let spread = serde_json::to_string_pretty(&call(2, "eva", "s3:PutObject", json!({}))).unwrap();
    let plain = "{ \"eventVersion\": \"1.11\", \"eventTime\": \"2024-03-01T01:00:00Z\", \"eventSource\": \"a.b\", \"eventName\": \"c\" }";
    let archive = Archive::new().object("a.json", format!("{{\"Records\": [{spread}, {plain}]}}").as_bytes());
    let request = EventRequest { raw: true, ..asked(EventFilter::default()) };
    let found = events(&archive, &settings(), &request);
    let records = written(&found, EventFormat::Records { is_for_terminal: false });
    let compact = call(2, "eva", "s3:PutObject", json!({}));
    let (first, second) = records.trim_end().split_once('\n').unwrap();
    assert_eq!(first, plain);
    assert!(!second.contains('\n') && !second.contains("\": \""), "{second}");
    assert_eq!(serde_json::from_str::<Value>(second).unwrap(), compact);
}

#[test]
fn line_ends_in_strings_do_not_break_lines() {
    let record = call(1, "eva", "s3:GetObject", json!({"additionalEventData": {"note": "TEXT"}})).to_string();
    let broken = record.replace("TEXT", "one\ntwo\rthree");
    let archive = Archive::new().object("a.json", format!("{{\"Records\": [{broken}]}}").as_bytes());
    let request = EventRequest { raw: true, ..asked(EventFilter::default()) };
    let records =
        written(&events(&archive, &settings(), &request), EventFormat::Records { is_for_terminal: false });
    assert!(records.lines().count() == 1 && !records.contains('\r'), "{records:?}");
    assert_eq!(
        serde_json::from_str::<Value>(&records).unwrap()["additionalEventData"]["note"],
        "one\ntwo\rthree"
    );
}

#[test]
fn records_are_clean_on_a_terminal() {
    let archive = logged(&[call(1, "eva", "s3:GetObject", json!({"userAgent": "a\u{202e}b"}))]);
    let request = EventRequest { raw: true, ..asked(EventFilter::default()) };
    let found = events(&archive, &settings(), &request);
    let records = written(&found, EventFormat::Records { is_for_terminal: true });
    assert!(records.contains(r"a\u202eb") && !records.contains('\u{202e}'), "{records}");
}

#[test]
fn records_are_not_written_to_files_of_other_formats() {
    let archive = logged(&[call(1, "eva", "s3:GetObject", json!({}))]);
    for (name, status) in [("x.parquet", 2), ("x.csv", 2), ("x.jsonl", 0), ("x.log", 0)] {
        let folder = tempfile::tempdir().unwrap();
        let output =
            firstseen(&["events", archive.path().to_str().unwrap(), "--raw", "-o", name], folder.path());
        assert_eq!(output.status.code(), Some(status), "{name}: {}", stderr(&output));
        assert_eq!(folder.path().join(name).exists(), status == 0);
    }
}

#[test]
fn tables_that_this_program_wrote_are_no_logs_and_no_faults() {
    let forged = call(2, "mallory", "s3:DeleteBucket", json!({})).to_string();
    let archive = logged(&[call(1, "eva", "s3:GetObject", json!({"userAgent": forged}))]);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let logs = archive.path().to_str().unwrap();
    for arguments in [["events", logs, "-o", "x.parquet"], ["index", logs, "-o", "x.baseline"]] {
        let output = firstseen(&arguments, folder);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    }
    std::fs::copy(archive.path().join("a.json"), folder.join("a.json")).unwrap();
    std::fs::remove_file(folder.join("x.baseline/manifest.json")).unwrap();
    let output = firstseen(&["scan", ".", "--warmup", "0d"], folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("records: 1 = 1 counted"), "{}", stderr(&output));
}

#[test]
fn a_record_with_very_many_arns_takes_little_time() {
    let arns: Vec<String> = (0..100_000).map(|number| format!("arn:aws:s3:::bucket-{number:09}")).collect();
    let twice = [&arns[..], &arns[..]].concat();
    let archive = logged(&[call(1, "eva", "s3:GetObject", json!({"requestParameters": {"all": twice}}))]);
    let resources = vec!["arn:aws:s3:::bucket-000099999".parse().unwrap()];
    let begun = std::time::Instant::now();
    let found =
        rows(&events(&archive, &settings(), &asked(EventFilter { resources, ..EventFilter::default() })));
    assert_eq!(found[0]["resources"], json!(arns));
    // Comparing each with each took minutes.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn a_temporary_file_that_cannot_be_made_ends_the_run() {
    let archive =
        logged(&(0..20).map(|hour| call(hour, "eva", "s3:GetObject", json!({}))).collect::<Vec<_>>());
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let made = AtomicUsize::new(0);
    let make = || {
        made.fetch_add(1, Ordering::Relaxed);
        Err::<File, _>(io::Error::from(io::ErrorKind::StorageFull))
    };
    let request = EventRequest { memory: 0, ..EventRequest::default() };
    let error = collect(&archives, &settings(), &request, &make, &Silent).unwrap_err();
    assert_eq!(error.to_string(), "the temporary file for events cannot be written");
    // Nothing is kept after the first failure.
    assert_eq!(made.into_inner(), 1);
}

#[test]
fn the_folder_without_room_for_events_is_named() {
    let archive = logged(&[call(1, "eva", "s3:GetObject", json!({}))]);
    let run = |arguments: &[&str]| {
        let path = archive.path().to_str().unwrap();
        let all = [&["events", path, "--memory", "1"], arguments].concat();
        let output = program().args(all).env("TMPDIR", "/no/such/folder").current_dir("/").output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let (status, message) = run(&[]);
    assert_eq!(status, Some(1), "{message}");
    assert!(message.contains("for events beyond half of --memory, in '/no/such/folder'"), "{message}");
    assert!(message.contains("set TMPDIR"), "{message}");
    // Standard output has no folder either.
    assert!(run(&["-o", "-"]).1.contains("set TMPDIR"));
}

#[test]
fn files_by_account_and_day_have_all_events() {
    let strange = json!({"type": "Unknown", "accountId": "../../x", "principalId": "p"});
    let archive = logged(&[
        call(1, "eva", "s3:GetObject", json!({})),
        call(2, "eva", "s3:PutObject", json!({})),
        call(3, "eva", "s3:PutObject", json!({"userIdentity": strange})),
        record("2024-03-02T00:00:00Z", "eva", "s3:GetObject"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let run = |output: &str| {
        let path = archive.path().to_str().unwrap();
        firstseen(&["events", path, "--partition", "-o", output, "--quiet"], folder.path())
    };
    let output = run("parts");
    assert!(output.status.success(), "{}", stderr(&output));
    for (path, rows) in [
        ("account=111122223333/day=2024-03-01", 2),
        ("account=111122223333/day=2024-03-02", 1),
        ("account=%2E%2E%2F%2E%2E%2Fx/day=2024-03-01", 1),
    ] {
        let file = File::open(folder.path().join("parts").join(path).join("events.parquet")).unwrap();
        let reader = parquet::file::reader::SerializedFileReader::new(file).unwrap();
        let metadata = parquet::file::reader::FileReader::metadata(&reader);
        assert_eq!(metadata.file_metadata().num_rows(), rows, "{path}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    // Files of two runs are never mixed.
    assert_eq!(run("parts").status.code(), Some(2));
}

#[test]
fn lists_of_values_come_from_files() {
    let archive = logged(&[
        call(1, "eva", "s3:GetObject", json!({"eventID": "1", "sourceIPAddress": "203.0.113.77"})),
        call(2, "eva", "s3:GetObject", json!({"eventID": "2", "sourceIPAddress": "198.51.100.9"})),
        call(3, "eva", "s3:GetObject", json!({"eventID": "3", "userAgent": "@me"})),
    ]);
    let lists = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let path = archive.path().to_str().unwrap();
        let all = [&["events", path, "--format", "csv", "--quiet"], arguments].concat();
        firstseen(&all, lists.path())
    };
    let ids = |output: &std::process::Output| -> Vec<String> {
        let mut rows = csv::Reader::from_reader(&output.stdout[..]);
        let column = rows.headers().unwrap().iter().position(|name| name == "event_id").unwrap();
        rows.records().map(|row| row.unwrap()[column].to_owned()).collect()
    };
    std::fs::write(lists.path().join("ips.txt"), "\u{feff}# known\r\n203.0.113.77 \r\n\r\n192.0.2.0/24\n")
        .unwrap();
    assert_eq!(ids(&run(&["--ip", "@ips.txt"])), ["1"]);
    assert_eq!(ids(&run(&["--ip", "@ips.txt", "--ip", "198.51.100.8/29"])), ["1", "2"]);
    assert_eq!(ids(&run(&["--user-agent", "@@me"])), ["3"]);
    std::fs::write(lists.path().join("bad.txt"), "203.0.113.77\nec2.amazonaws.com\n").unwrap();
    std::fs::write(lists.path().join("none.txt"), "# nothing\n").unwrap();
    for (value, message) in [
        ("@bad.txt", "--ip: bad.txt, line 2: 'ec2.amazonaws.com' is neither an IP address nor a range"),
        ("@none.txt", "--ip: the list names nothing to look for"),
        ("", "--ip: an empty value"),
    ] {
        let output = run(&["--ip", value]);
        assert_eq!(output.status.code(), Some(2), "{value}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}

/// Two versions of an event have the same id and time. What a filter leaves out does not make the other one the first.
#[test]
fn with_a_baseline_a_filter_makes_no_other_version_of_an_event_the_first() {
    let event = with(record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"), json!({ "eventID": "one" }));
    let denied = with(event.clone(), json!({ "errorCode": "AccessDenied", "awsRegion": "us-east-1" }));
    let empty = with(event.clone(), json!({ "eventID": "two", "errorCode": "" }));
    let archive = Archive::new().delivered("20240301T1005", &[event, denied, empty]);
    let work = tempfile::tempdir().unwrap();
    let (logs, saved) = (archive.path().to_str().unwrap(), "b.baseline");
    // Two versions of an event are a conflict.
    assert_eq!(firstseen(&["index", logs, "-q", "-o", saved], work.path()).status.code(), Some(3));
    let told = |source: &str, error: &str| {
        let output = firstseen(&["events", source, "-q", "-f", "jsonl", "--error", error], work.path());
        let rows = String::from_utf8(output.stdout).unwrap();
        let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter_map(|row| row.get("first_sighting").and_then(Value::as_bool)).collect::<Vec<_>>()
    };
    for error in ["AccessDenied", "*"] {
        assert_eq!(told(logs, error), [false], "{error}");
        assert_eq!(told(saved, error), [false], "{error}");
    }
}

#[test]
fn a_baseline_says_what_was_first_and_its_archive_is_read_for_the_events() {
    let day =
        |day: u8, user: &str, action: &str| record(&format!("2024-03-{day:02}T10:00:00Z"), user, action);
    let bare = json!({"type": "AWSAccount", "principalId": "AIDAEVAEXAMPLE01", "accountId": "111122223333"});
    let named = json!({
        "type": "IAMUser", "principalId": "AIDAEVAEXAMPLE01", "arn": "arn:aws:iam::111122223333:user/eva",
        "accountId": "111122223333", "userName": "eva",
    });
    let early = [
        with(day(1, "eva", "s3:GetObject"), json!({ "userIdentity": named })),
        day(1, "bob", "s3:GetObject"),
    ];
    let late = [
        with(
            day(20, "eva", "s3:GetObject"),
            json!({ "userIdentity": bare, "recipientAccountId": "444455556666" }),
        ),
        day(20, "bob", "s3:PutObject"),
        day(20, "bob", "s3:PutObject"),
    ];
    let archive = Archive::new().delivered("20240301T1005", &early).delivered("20240320T1005", &late);
    let work = tempfile::tempdir().unwrap();
    let (logs, moved) = (work.path().join("logs"), work.path().join("moved"));
    let copied = std::process::Command::new("cp").arg("-r").args([archive.path(), &logs]).status().unwrap();
    assert!(copied.success());
    let run = |arguments: &[&str]| firstseen(arguments, work.path());
    assert!(run(&["index", "logs", "-o", "b.baseline"]).status.success());
    let told = |arguments: &[&str]| -> (Vec<Value>, String) {
        let output = run(&[&["events", "-f", "jsonl", "--from", "2024-03-15"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let parsed = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let rows = parsed.filter(|row| row.get("time").is_some()).map(|mut row| {
            row.as_object_mut().unwrap().remove("archive_name");
            row
        });
        (rows.collect(), stderr(&output))
    };
    let (expected, _) = told(&["logs"]);
    let marks: Vec<_> = expected.iter().map(|row| row["first_sighting"] == true).collect();
    assert_eq!(marks.iter().filter(|is_first| **is_first).count(), 1, "{expected:?}");
    let (found, summary) = told(&["b.baseline"]);
    assert_eq!(found, expected);
    assert!(summary.contains("2 listed = 1 read + 1 skipped"), "{summary}");
    // The filter is exact: whom the bare id names is only in the baseline.
    assert_eq!(told(&["b.baseline", "--principal", "eva"]).0, told(&["logs", "--principal", "eva"]).0);
    std::fs::rename(&logs, &moved).unwrap();
    let gone = run(&["events", "b.baseline"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(stderr(&gone).contains("--archive ARCHIVE"), "{}", stderr(&gone));
    assert_eq!(told(&["b.baseline", "--archive", "moved"]).0, expected);
    for (arguments, message) in [
        (&["moved", "--archive", "moved"][..], "ARCHIVE is an archive itself"),
        (&["b.baseline", "moved"], "events takes archives, or one baseline"),
        (
            &["b.baseline", "--archive", "moved", "--principal-key", "id"],
            "was learnt with --principal-key arn",
        ),
    ] {
        let output = run(&[&["events"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}

/// A baseline of two archives, each with an event of a day in March and one a week later.
fn baseline_of_two_archives() -> Archive {
    let objects = [("one", "ann"), ("two", "bob")].into_iter().flat_map(|(archive, user)| {
        [1_u8, 8].map(move |day| {
            let event = record(&format!("2024-03-{day:02}T10:00:00Z"), user, "s3:GetObject");
            let path = format!("{archive}/{}", log_path(&format!("202403{day:02}T1005"), "0123456789abcdef"));
            (path, wrapped(&[with(event, json!({"eventID": format!("{user}-{day}")}))]))
        })
    });
    let archive = objects.fold(Archive::new(), |archive, (path, bytes)| archive.object(&path, &bytes));
    let indexed = firstseen(&["index", "one", "two", "-q", "-o", "b.baseline"], archive.path());
    assert!(indexed.status.success(), "{}", stderr(&indexed));
    archive
}

#[test]
fn fewer_archives_than_the_baseline_has_are_no_silent_nothing() {
    let archive = baseline_of_two_archives();
    let told = |arguments: &[&str]| {
        let output = firstseen(arguments, archive.path());
        (output.status.code(), stderr(&output))
    };
    let few = "the baseline has 2 archives, 1 was read: what only the others have is missing";
    for (arguments, code) in [
        (&["events", "b.baseline", "--archive", "one", "--principal", "bob", "-q"][..], 3),
        (&["trace", "b.baseline", "bob", "--archive", "one", "-q"], 1),
        (&["show", "b.baseline", "bob-8", "--archive", "one", "-q"], 1),
        (&["show", "b.baseline", "ann-8", "bob-8", "--archive", "one", "-q"], 3),
    ] {
        let (status, said) = told(arguments);
        assert_eq!(status, Some(code), "{arguments:?}: {said}");
        assert!(said.contains(few), "{arguments:?}: {said}");
    }
    for arguments in [
        &["events", "b.baseline", "--archive", "one", "--archive", "two", "-q"][..],
        &["trace", "b.baseline", "AKIAEXAMPLE", "--archive", "two", "--archive", "one", "-q"],
        &["show", "b.baseline", "ann-8", "--archive", "one", "-q"],
    ] {
        let (status, said) = told(arguments);
        assert_eq!((status, said.contains("the baseline has")), (Some(0), false), "{arguments:?}: {said}");
    }
}

#[test]
fn objects_of_a_baseline_that_are_gone_are_counted() {
    let archive = baseline_of_two_archives();
    let gone = log_path("20240308T1005", "0123456789abcdef");
    let told = |arguments: &[&str]| {
        let output = firstseen(arguments, archive.path());
        (output.status.code(), stderr(&output))
    };
    assert_eq!(told(&["events", "b.baseline", "-q"]).0, Some(0));
    std::fs::remove_file(archive.path().join("two").join(&gone)).unwrap();
    // The other archive has an object of this name.
    let one = format!("'{gone}' was indexed, and is not in the archive any more");
    let both = ["--archive", "one", "--archive", "two"];
    for (arguments, code) in [
        (&["events", "b.baseline", "-q"][..], 3),
        (&["trace", "b.baseline", "AKIAEXAMPLE", "-q"], 3),
        (&["trace", "b.baseline", "nobody", "-q"], 1),
    ] {
        let (status, said) = told(arguments);
        assert_eq!(status, Some(code), "{arguments:?}: {said}");
        assert!(said.contains(&one), "{arguments:?}: {said}");
    }
    // It was not to be read.
    assert_eq!(told(&["events", "b.baseline", "-q", "--to", "2024-03-01"]).0, Some(0));
    std::fs::remove_file(archive.path().join("one").join(&gone)).unwrap();
    for arguments in [
        [&["events", "b.baseline", "-q"][..], &both].concat(),
        [&["show", "b.baseline", "ann-9", "-q"][..], &both].concat(),
    ] {
        let (_, said) = told(&arguments);
        assert!(said.contains("2 objects that were indexed are not in the archive any more"), "{said}");
    }
}

#[test]
fn the_window_of_a_question_is_not_that_of_learning() {
    let archive = baseline_of_two_archives();
    let told = |arguments: &[&str]| {
        let all = [&["events", "-f", "json"], arguments].concat();
        let output = firstseen(&all, archive.path());
        assert!(output.status.success(), "{}", stderr(&output));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        (answer["settings"]["read_from"].clone(), answer["settings"]["from"].clone(), stderr(&output))
    };
    let inside = ["--from", "2024-03-05"];
    let from_archives = told(&[&["one", "two"][..], &inside].concat());
    let from_baseline = told(&[&["b.baseline"][..], &inside].concat());
    assert_eq!((&from_baseline.0, &from_baseline.1), (&from_archives.0, &from_archives.1));
    assert_eq!(from_baseline.0, Value::Null);
    assert!(!from_baseline.2.contains("not learnt"), "{}", from_baseline.2);
    let outside = ["--from", "2025-01-01"];
    let ends = "the input ends at 2024-03-08T10:00:00Z, before the window of --from begins";
    assert!(told(&[&["one", "two"][..], &outside].concat()).2.contains(ends));
    let said = told(&[&["b.baseline"][..], &outside].concat()).2;
    assert!(said.contains(ends) && said.contains("the input is outside --from and --to"), "{said}");
    // A baseline that was learnt from a later time on says so.
    let later = ["index", "one", "-q", "--read-from", "2024-03-05", "-o", "late.baseline"];
    assert!(firstseen(&later, archive.path()).status.success());
    let late = told(&["late.baseline", "--from", "2024-03-08"]);
    assert_eq!(late.0, "2024-03-05T00:00:00Z");
    assert!(late.2.contains("events before 2024-03-05T00:00:00Z were not learnt"), "{}", late.2);
}

#[test]
fn a_baseline_knows_where_events_are_that_were_delivered_late() {
    let event = |day: u8, id: &str, user: &str| {
        with(record(&format!("2024-03-{day:02}T10:00:00Z"), user, "s3:GetObject"), json!({ "eventID": id }))
    };
    let archive = Archive::new()
        .delivered("20240301T1005", &[event(1, "early", "ann")])
        .delivered("20240306T1005", &[event(6, "other", "eve")])
        .delivered("20240310T1005", &[event(2, "late", "bob"), event(10, "after", "bob")]);
    let work = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = firstseen(arguments, work.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
    };
    let logs = archive.path().to_str().unwrap();
    run(&["index", logs, "-q", "-o", "b.baseline"]);
    let ids = |arguments: &[&str]| {
        let window = ["events", "-f", "csv", "--from", "2024-03-02", "--to", "2024-03-02"];
        let (rows, said) = run(&[&window, arguments].concat());
        let found: Vec<_> =
            ["early", "late", "after", "other"].into_iter().filter(|id| rows.contains(id)).collect();
        (found.join(" "), said)
    };
    let (found, said) = ids(&["b.baseline"]);
    assert_eq!(found, "late");
    // No other object that was delivered outside is opened.
    assert!(said.contains("3 listed = 2 read + 1 skipped"), "{said}");
    assert_eq!(ids(&["b.baseline", "--archive", logs]).0, "late");
    assert_eq!(ids(&["b.baseline", "--read-to", "2024-03-10"]).0, "late");
    assert_eq!(ids(&["b.baseline", "--read-to", "2024-03-04"]).0, "");
    assert_eq!(ids(&[logs]).0, "");
    assert_eq!(ids(&[logs, "--read-to", "2024-03-10"]).0, "late");
    std::fs::remove_file(archive.path().join(log_path("20240310T1005", "0123456789abcdef"))).unwrap();
    let window = ["events", "b.baseline", "--from", "2024-03-02", "--to", "2024-03-02"];
    let gone = firstseen(&window, work.path());
    assert_eq!(gone.status.code(), Some(3), "{}", stderr(&gone));
    assert!(stderr(&gone).contains("is not in the archive any more"), "{}", stderr(&gone));
}

#[test]
fn requests_to_clusters_are_found_and_shown_by_object_uri_and_status() {
    let object = |id: &str, resource: &str, name: Option<&str>, changes: Value| {
        let object = json!({"resource": resource, "namespace": "shop", "name": name});
        let event = audit_event("2026-01-02T03:04:05Z", "jo", "get", resource);
        with(with(event, json!({"auditID": id, "objectRef": object})), changes)
    };
    let denied = json!({"responseStatus": {"code": 403, "status": "Failure", "reason": "Forbidden"}});
    let requests = [
        object(
            "web",
            "pods",
            Some("web-0"),
            json!({"requestURI": "/api/v1/namespaces/shop/pods/web-0/log?a\u{1b}=b"}),
        ),
        object("all", "secrets", None, denied),
    ];
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let archive = Archive::new().object("audit.log", lines.as_bytes());
    let by_resource = |pattern: &str| {
        ids(&archive, EventFilter { resources: vec![pattern.parse().unwrap()], ..EventFilter::default() })
    };
    assert_eq!(by_resource("shop/web-*"), ["web"]);
    assert_eq!(by_resource("shop/*"), ["all", "web"]);
    assert_eq!(by_resource("shop/"), ["all"]);
    assert_eq!(by_resource("/api/v1/namespaces/shop/pods/web-0/log"), ["web"]);
    assert_eq!(by_resource("*secrets?limit=500"), ["all"]);
    assert_eq!(by_resource("web-0"), [""; 0]);
    for (error, found) in [("403", &["all"][..]), ("forbidden", &["all"]), ("*", &["all"]), ("200", &[])] {
        let filter = EventFilter { errors: vec![error.parse().unwrap()], ..EventFilter::default() };
        assert_eq!(ids(&archive, filter), found, "{error}");
    }
    let timeline = written(&events(&archive, &settings(), &asked(EventFilter::default())), EventFormat::Text);
    assert!(
        timeline.contains(", on shop/web-0, uri /api/v1/namespaces/shop/pods/web-0/log?a\\u{1b}=b  web"),
        "{timeline}"
    );
}

#[test]
fn filters_take_texts_as_they_are_printed() {
    let odd = |id: &str, key: &str, user: &str| {
        let mut call = with(record("2024-03-01T00:00:00Z", user, "s3:GetObject"), json!({ "eventID": id }));
        call["userIdentity"]["accessKeyId"] = json!(key);
        call
    };
    let calls = [
        odd("1", "AKIA\u{2028}x", "ad\u{200b}min"),
        odd("2", r"AKIA\u{2028}x", r"ad\u{200b}min"),
        odd("3", "AKIA*x", "admin"),
    ];
    let archive = Archive::new().object("x.json", &wrapped(&calls));
    let ids = |flags: &[&str]| {
        let command = [&["events", "x.json", "-q", "-f", "jsonl"][..], flags].concat();
        let shown = firstseen(&command, archive.path());
        let text = String::from_utf8(shown.stdout).unwrap();
        let rows = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        rows.filter_map(|row| row["event_id"].as_str().map(str::to_owned)).collect::<Vec<_>>().join(",")
    };
    assert_eq!(ids(&["--access-key", r"AKIA\u{2028}x"]), "1");
    assert_eq!(ids(&["--access-key", r"*\u{2028}*"]), "1");
    assert_eq!(ids(&["--access-key", r"AKIA\u{5c}u{2028}x"]), "2");
    assert_eq!(ids(&["--access-key", r"AKIA\u{2a}x"]), "3");
    assert_eq!(ids(&["--principal", r"ad\u{200b}min"]), "1");
    let traced = firstseen(&["trace", "x.json", r"AKIA\u{2028}x", "-q"], archive.path());
    assert!(traced.status.success(), "{}", stderr(&traced));
    assert!(
        String::from_utf8(traced.stdout).unwrap().contains(r"AKIA\u{5c}u{2028}x"),
        "the literal name comes first"
    );
    let one = Archive::new().object("x.json", &wrapped(&calls[..1]));
    for wanted in [r"AKIA\u{2028}x", r"ad\u{200b}min"] {
        let traced = firstseen(&["trace", "x.json", wanted, "-q"], one.path());
        assert!(traced.status.success(), "{wanted}: {}", stderr(&traced));
    }
}
