//! Broken, odd and malicious input.

use firstseen::coverage::{FaultKind, ObjectSkip, Position, RecordSkip};
use firstseen::learn::LearnSettings;
use firstseen::query::first_seen;
use firstseen::report::{Format, Report, UsedSettings};
use serde_json::{Value, json};

use crate::archive::{Archive, gzip, log_path, question, record, settings, with, wrapped};

fn one(change: Value) -> Archive {
    Archive::new()
        .delivered("20240301T1005", &[with(record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser"), change)])
}

fn principal(archive: &Archive) -> (String, String) {
    let baseline = archive.ingest(&settings()).baseline;
    (baseline.principals[0].account.to_string(), baseline.principals[0].key.to_string())
}

#[test]
fn incomplete_identities_still_give_a_principal() {
    let account = || "111122223333".to_owned();
    for (identity, key) in [
        (json!(null), "-"),
        (json!("text"), "-"),
        (json!({}), "-"),
        (
            json!({"type": "AssumedRole", "principalId": "AROA:s", "sessionContext": {"sessionIssuer": {}}}),
            "AROA:s",
        ),
        (json!({"type": "AssumedRole", "arn": "a", "sessionContext": null}), "a"),
        (json!({"type": null, "arn": "", "invokedBy": "ec2.amazonaws.com"}), "ec2.amazonaws.com"),
        (json!({"type": 7, "arn": ["x"], "principalId": {"x": 1}}), "-"),
    ] {
        assert_eq!(
            principal(&one(json!({"userIdentity": identity}))),
            (account(), key.to_owned()),
            "{identity}"
        );
    }
    assert_eq!(principal(&one(json!({"userIdentity": "ABSENT", "recipientAccountId": "ABSENT"}))).0, "-");
}

#[test]
fn unknown_versions_fields_and_event_types_are_read() {
    for change in [
        json!({"eventVersion": "1.12", "newField": {"x": [1, 2]}}),
        json!({"eventVersion": "1.2"}),
        json!({"eventCategory": "NetworkActivity", "eventType": "AwsVpceEvent", "userAgent": "ABSENT",
               "requestParameters": "ABSENT", "readOnly": "ABSENT", "errorCode": "VpceAccessDenied"}),
        json!({"awsRegion": "us-gov-west-1", "userIdentity": {"type": "IAMUser", "arn": "arn:aws-us-gov:iam::1:user/x"}}),
        json!({"awsRegion": "cn-north-1", "userIdentity": {"type": "IAMUser", "arn": "arn:aws-cn:iam::1:user/x"}}),
        json!({"awsRegion": "eusc-de-east-1", "userIdentity": {"type": "IAMUser", "arn": "arn:aws-eusc:iam::1:user/x"}}),
    ] {
        assert_eq!(one(change.clone()).ingest(&settings()).coverage.records.counted, 1, "{change}");
    }
}

#[test]
fn records_that_are_not_events_are_counted_by_reason() {
    let skipped = |change: Value| one(change).ingest(&settings()).coverage.records.skipped;
    let insight = json!({"eventSource": "ABSENT", "eventName": "ABSENT", "eventCategory": "Insight"});
    assert_eq!(skipped(insight)[&RecordSkip::Insight], 1);
    let aggregated = json!({"eventName": "ABSENT", "eventTime": "ABSENT", "eventType": "AwsAggregatedEvent"});
    assert_eq!(skipped(aggregated)[&RecordSkip::Aggregated], 1);
    assert_eq!(skipped(json!({"eventSource": "aws:s3"}))[&RecordSkip::Notification], 1);
    assert_eq!(skipped(json!({"eventName": ""}))[&RecordSkip::NoAction], 1);
}

#[test]
fn an_unreadable_time_is_a_fault_of_its_record() {
    for time in
        [json!(null), json!("2024-03-01 10:00"), json!("soon"), json!(7), json!("2024-03-01T10:00:60Z")]
    {
        let coverage = one(json!({"eventTime": time})).ingest(&settings()).coverage;
        assert_eq!(coverage.records.faulty[&FaultKind::RecordTime], 1, "{time}");
    }
}

#[test]
fn unused_fields_may_hold_any_json() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for odd in ["1e400", "-123456789012345678901234567890123456789012345678901234567890", &deep] {
        // The escape sends the record to the fallback reader.
        let text = format!(
            r#"{{"Records":[{{"eventTime":"2024-03-01T10:00:00Z","eventSource":"a","event\u004eame":"b","x":{odd}}},{{"eventTime":"2024-03-01T10:00:00Z","eventSource":"a","eventName":"c","x":{odd}}}]}}"#
        );
        let coverage = Archive::new().object("a.json", text.as_bytes()).ingest(&settings()).coverage;
        assert_eq!((coverage.records.counted, coverage.fault_count), (2, 0));
    }
}

#[test]
fn objects_without_events_are_skipped_by_reason() {
    let archive = Archive::new()
        .delivered("20240301T1005", &[record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser")])
        .object("digest.json.gz", &gzip(br#"{"digestS3Object":"x","logFiles":[]}"#))
        .object("config.json", br#"{"fileVersion":"1.0","configurationItems":[{}]}"#)
        .object("empty.json.gz", b"")
        .object("README.txt", b"hello")
        .object("AWSLogs/111122223333/elasticloadbalancing/x.log.gz", &gzip(b"h2 2024"));
    let objects = archive.ingest(&settings()).coverage.objects;
    let expected = [
        ObjectSkip::Digest,
        ObjectSkip::Config,
        ObjectSkip::LoadBalancer,
        ObjectSkip::Empty,
        ObjectSkip::NotALog,
    ];
    assert_eq!(objects.skipped.keys().copied().collect::<Vec<_>>(), expected);
    assert_eq!((objects.listed, objects.read), (6, 1));
}

#[test]
fn a_broken_object_is_a_fault_and_the_run_goes_on() {
    let good = wrapped(&[record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser")]);
    let archive = Archive::new()
        .object("garbage.json.gz", b"\x1f\x8bgarbage")
        .object("noise.json", b"noise")
        .object("cut.json.gz", &gzip(&good)[..60])
        .object("half.json", &good[..good.len() - 3])
        .object("whole.json.gz", &good);
    let coverage = archive.ingest(&settings()).coverage;
    let faults: Vec<_> =
        coverage.faults.iter().map(|fault| (fault.object.as_str(), fault.kind.name())).collect();
    assert_eq!(
        faults,
        [
            ("cut.json.gz", "gzip-truncated"),
            ("garbage.json.gz", "gzip-corrupt"),
            ("half.json", "json-truncated"),
            ("noise.json", "not-json"),
        ]
    );
    assert_eq!((coverage.objects.read, coverage.records.counted), (1, 1));
}

#[test]
fn a_gzip_bomb_is_too_large() {
    let bomb = gzip(&vec![b' '; 20_000_000]);
    let settings = LearnSettings { max_object_size: 1_000_000, ..settings() };
    let coverage = Archive::new().object("bomb.json.gz", &bomb).ingest(&settings).coverage;
    assert_eq!(coverage.objects.failed[&FaultKind::TooLarge], 1);
}

#[test]
fn a_million_faults_are_counted_but_not_all_listed() {
    let text = format!("[{}7]", "7,".repeat(99_999));
    let coverage = Archive::new().object("a.json", text.as_bytes()).ingest(&settings()).coverage;
    assert_eq!(
        (coverage.records.total, coverage.fault_count, coverage.faults.len()),
        (100_000, 100_000, 1_000)
    );
}

#[cfg(unix)]
#[test]
fn odd_file_names_are_read_and_symlink_loops_are_faults() {
    use std::os::unix::ffi::OsStrExt;
    let good = wrapped(&[record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser")]);
    let archive = Archive::new();
    std::fs::write(archive.path().join(std::ffi::OsStr::from_bytes(b"a\xff.json")), &good).unwrap();
    std::os::unix::fs::symlink(archive.path(), archive.path().join("circle")).unwrap();
    let coverage = archive.ingest(&settings()).coverage;
    assert_eq!((coverage.objects.read, coverage.fault_count), (1, 1));
    assert_eq!(coverage.faults[0].kind, FaultKind::List);
}

#[test]
fn hostile_texts_are_escaped_in_csv_and_text_and_unchanged_in_json() {
    let mut hostile = record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser");
    hostile["userAgent"] = json!("=HYPERLINK(\"http://evil.example\")");
    hostile["sourceIPAddress"] = json!("a\u{1b}[31mb\u{202e}");
    hostile["userIdentity"] = json!({
        "type": "AssumedRole", "accountId": "000123456789", "principalId": "AROAX:@x",
        "arn": "arn:aws:sts::000123456789:assumed-role/R/=1+1"});
    hostile["recipientAccountId"] = json!("000123456789");
    let path = log_path("20240301T1005", "x");
    let ingested = Archive::new().object(&path, &wrapped(&[hostile])).ingest(&settings());
    let findings = first_seen(&ingested.baseline, &question(0));
    let report = Report {
        settings: &UsedSettings::default(),
        coverage: &ingested.coverage,
        archives: &[],
        findings: &findings,
    };
    let written = |format| {
        let mut out = Vec::new();
        report.write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let csv = written(Format::Csv);
    assert!(csv.contains(r#","'=HYPERLINK(""http://evil.example"")","#), "{csv}");
    assert!(!csv.contains(['\u{1b}', '\u{202e}']) && csv.contains(r"a\u{1b}[31mb\u{202e}"), "{csv}");
    assert!(csv.contains(",'=1+1,") && csv.contains(",000123456789,"), "{csv}");
    assert!(written(Format::RawCsv).contains(",=1+1,"));
    let text = written(Format::Text);
    assert!(!text.contains(['\u{1b}', '\u{202e}']) && text.contains(r"a\u{1b}[31mb\u{202e}"), "{text}");
    let json: Value = serde_json::from_str(&written(Format::Json)).unwrap();
    assert_eq!(json["findings"][0]["source_ip"], "a\u{1b}[31mb\u{202e}");
    assert_eq!(json["findings"][0]["account"], "000123456789");
    assert_eq!(json["findings"][0]["error_code"], Value::Null);
    assert_eq!(json["format_version"], 2);
    for line in written(Format::JsonLines).lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}

#[test]
fn a_second_gzip_member_in_a_cloudtrail_log_is_read_and_reported() {
    let member = |action: &str| gzip(&wrapped(&[record("2024-03-09T04:00:00Z", "jo", action)]));
    let both = [member("s3:A"), member("s3:B")].concat();
    let stream = Archive::new().object("firehose/x.gz", &both).ingest(&settings()).coverage;
    assert_eq!((stream.records.counted, stream.faults.len()), (2, 0));
    let path = log_path("20240309T0412", "aaaa");
    let coverage = Archive::new().object(&path, &both).ingest(&settings()).coverage;
    assert_eq!((coverage.records.counted, coverage.objects.read_in_part), (2, 0));
    let [fault] = &coverage.faults[..] else { panic!("{:?}", coverage.faults) };
    assert_eq!(fault.kind, FaultKind::GzipExtraMember);
    assert_eq!(fault.position, Position::StoredByte(member("s3:A").len() as u64));
}

#[test]
fn lookup_events_are_ordered_by_event_time_not_by_local_time() {
    let event = |time: &str, local: &str, action: &str| {
        let event = record(time, "jo", action);
        json!({"EventTime": local, "Username": "x", "ReadOnly": "false", "CloudTrailEvent": event.to_string()})
    };
    // Newest first, as the API returns them; -08:00 as AWS CLI 2 prints local times.
    let page = json!({"Events": [
        event("2024-03-09T04:00:00Z", "2024-03-08T20:00:00-08:00", "s3:B"),
        event("2024-03-09T01:00:00Z", "2024-03-08T17:00:00-08:00", "s3:A"),
    ]});
    let archive = Archive::new().object("lookup.json", page.to_string().as_bytes());
    assert_eq!(
        archive.ask(&question(0)),
        [
            "new-action 2024-03-09T01:00:00Z jo s3.amazonaws.com:A",
            "new-action 2024-03-09T04:00:00Z jo s3.amazonaws.com:B",
        ]
    );
}

#[test]
fn a_table_with_a_struct_as_identity_is_an_unknown_carrier() {
    let table = "# Execution Time: 1 Query Statement: SELECT *\n\"eventtime\",\"eventname\",\"useridentity\"\n\
        \"2024-03-09 04:00:00.000\",\"CreateUser\",\"{type=IAMUser, arn=arn:aws:iam::111122223333:user/jo}\"\n";
    let coverage = Archive::new().object("lake.csv", table.as_bytes()).ingest(&settings()).coverage;
    assert_eq!((coverage.records.total, coverage.fault_count), (0, 1));
    assert_eq!(coverage.objects.failed[&FaultKind::UnknownCarrier], 1);
}

#[test]
fn hostile_json_paths_are_limited_in_length_and_number() {
    let object = |n: usize| {
        let path = format!("{n:04}{}", "x".repeat(300));
        json!({ path: { "a": record("2024-03-09T04:00:00Z", "jo", "iam:CreateUser") } }).to_string()
    };
    let found = |numbers: &mut dyn Iterator<Item = usize>| {
        let archive = numbers
            .fold(Archive::new(), |archive, n| archive.object(&format!("{n}.json"), object(n).as_bytes()));
        archive.ingest(&settings()).coverage.found
    };
    let whole = found(&mut (0..120));
    assert_eq!((whole.total(), whole.listed().count(), whole.unlisted()), (120, 50, 70));
    assert!(whole.listed().all(|(path, _)| path.chars().count() <= 201));
    let (mut odd, even) =
        (found(&mut (0..120).filter(|n| n % 2 == 1)), found(&mut (0..120).filter(|n| n % 2 == 0)));
    odd.merge(even);
    assert_eq!(odd, whole);
}
