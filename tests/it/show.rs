//! `firstseen show`: the records of findings, from archives and baselines.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, gzip, record, with, wrapped, zip};
use crate::folder::files;
use crate::program::{firstseen, program, stderr};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/small-archive");

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// JSON lines of a successful run, without header and coverage.
fn rows(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    let text = stdout(output);
    let values = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    values.filter(|value| value.get("header").is_none() && value.get("coverage").is_none()).collect()
}

/// Shows what is named on standard input.
fn show_all(source: &str, folder: &Path, wanted: &[String], more: &[&str]) -> Output {
    let mut child = program()
        .args(["show", source, "-", "--quiet"])
        .args(more)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(wanted.join("\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The small archive in a zip, a large object that is read in pieces, and audit events.
fn archive() -> Archive {
    let packed: Vec<(String, Vec<u8>)> = files(Path::new(FIXTURE)).into_iter().collect();
    let padding = "x".repeat(1_000_000);
    let line = |number: u32| {
        let time = format!("2024-03-01T00:{number:02}:00Z");
        let one = record(&time, &format!("u{}", number % 7), &format!("s3:A{number}"));
        with(one, json!({ "requestParameters": {"x": padding} })).to_string() + "\n"
    };
    let lines: String = (0..17).map(line).collect();
    let audit: Vec<String> = ["list", "get", "watch"]
        .iter()
        .map(|verb| audit_event("2024-03-09T04:00:00.000000Z", "eva", verb, "pods").to_string())
        .collect();
    Archive::new()
        .object("all.zip", &zip(&packed))
        .object("big.jsonl", lines.as_bytes())
        .object("EKSLogs/111122223333/prod/a.jsonl", audit.join("\n").as_bytes())
}

/// Checks that a record is that of a finding.
fn check(finding: &Value, shown: &Value) {
    let event = &shown["event"];
    let place = |value: &Value| (value["object"].clone(), value["record"].clone(), value["archive"].clone());
    assert_eq!(place(finding), place(shown));
    let is_audit = finding["source"] == "kubernetes";
    let fields: &[(&str, &str)] = if is_audit {
        &[("event_id", "/auditID"), ("user_agent", "/userAgent"), ("time", "/requestReceivedTimestamp")]
    } else {
        &[
            ("event_id", "/eventID"),
            ("region", "/awsRegion"),
            ("source_ip", "/sourceIPAddress"),
            ("user_agent", "/userAgent"),
            ("error_code", "/errorCode"),
            ("read_only", "/readOnly"),
            ("access_key_id", "/userIdentity/accessKeyId"),
            ("time", "/eventTime"),
        ]
    };
    for (field, path) in fields {
        let of_record = event.pointer(path).unwrap_or(&Value::Null);
        let same = match *field {
            "time" => of_record.as_str().unwrap()[..19] == finding["time"].as_str().unwrap()[..19],
            _ => *of_record == finding[*field],
        };
        assert!(same, "{field}: {of_record} is not {}", finding[*field]);
    }
    if !is_audit {
        let (source, name) = (event["eventSource"].as_str().unwrap(), event["eventName"].as_str().unwrap());
        assert_eq!(finding["action"], format!("{source}:{name}"));
    }
}

#[test]
fn two_hundred_findings_lead_to_their_records() {
    let archive = archive();
    let scanned = firstseen(&["scan", ".", "--warmup", "0d", "-f", "jsonl", "-q"], archive.path());
    let findings = rows(&scanned);
    // Every nth one, so that all kinds of objects are among them.
    let step = findings.len() / 200;
    let chosen: Vec<&Value> = findings
        .iter()
        .step_by(step.max(1))
        .filter(|finding| finding["event_id"].is_string() && finding["object"].is_string())
        .collect();
    assert!(chosen.len() >= 200, "{}", findings.len());
    let of = |start: &str| chosen.iter().any(|one| one["object"].as_str().unwrap().starts_with(start));
    assert!(of("all.zip!AWSLogs") && of("big.jsonl!@") && of("EKSLogs"));
    let id = |finding: &&Value| finding["event_id"].as_str().unwrap().to_owned();
    let place = |finding: &&Value| format!("{}#{}", finding["object"].as_str().unwrap(), finding["record"]);
    let ids: Vec<String> = chosen.iter().map(id).collect();
    let places: Vec<String> = chosen.iter().map(place).collect();
    let outside = Archive::new();
    let baseline = outside.path().join("x.baseline");
    let indexed = firstseen(&["index", ".", "-q", "-o", baseline.to_str().unwrap()], archive.path());
    assert_eq!(indexed.status.code(), Some(0), "{}", stderr(&indexed));
    let baseline = baseline.to_str().unwrap();
    let mut answers = Vec::new();
    for (source, wanted, state) in [
        (".", &ids, Value::Null),
        (".", &places, Value::Null),
        (baseline, &ids, true.into()),
        (baseline, &places, true.into()),
    ] {
        let shown = show_all(source, archive.path(), wanted, &["-f", "jsonl"]);
        let records = rows(&shown);
        assert_eq!(records.len(), chosen.len());
        for (finding, record) in chosen.iter().zip(&records) {
            check(finding, record);
            assert_eq!(record["object_unchanged"], state);
        }
        answers.push(records);
    }
    let moved = show_all(
        baseline,
        outside.path(),
        &ids,
        &["-f", "jsonl", "--archive", archive.path().to_str().unwrap()],
    );
    for (finding, record) in chosen.iter().zip(rows(&moved)) {
        check(finding, &record);
        assert_eq!(record["object_unchanged"], true);
    }
    let again = show_all(".", archive.path(), &ids, &["-f", "jsonl", "--threads", "7"]);
    assert_eq!(rows(&again), answers[0], "the number of threads makes no difference");
}

#[test]
fn a_record_is_shown_as_delivered() {
    let text = r#"{ "eventTime":"2024-03-01T10:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole", "eventID":"e1","n":1e400,"x":"\u0041 é",
 "responseElements":{"credentials":{"accessKeyId":"ASIAEXAMPLE","sessionToken":"IQoJb3Jp"}} }"#;
    let archive = Archive::new().object("a.json", format!("[{text}]").as_bytes());
    let raw = |more: &[&str]| {
        let shown = firstseen(&[&["show", ".", "e1", "--raw", "-q"], more].concat(), archive.path());
        assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
        stdout(&shown)
    };
    assert_eq!(raw(&["--unmask"]), format!("{text}\n"));
    assert_eq!(raw(&[]), format!("{text}\n").replace("IQoJb3Jp", "(masked)"));
    let said = stderr(&firstseen(&["show", ".", "a.json#0"], archive.path()));
    assert_eq!(said, "1 secret is masked (--unmask shows it)\n");
    let file = archive.path().join("x").with_extension("jsonl");
    let refused = firstseen(&["show", ".", "e1", "-o", file.to_str().unwrap()], archive.path());
    assert_eq!(refused.status.code(), Some(2), "an output in the archive");
}

#[test]
fn a_changed_object_is_said_to_have_changed() {
    let records: Vec<Value> =
        ["eva", "bob"].map(|user| record("2024-03-09T04:00:00Z", user, "s3:GetObject")).to_vec();
    let ids: Vec<&str> = records.iter().map(|record| record["eventID"].as_str().unwrap()).collect();
    let archive = Archive::new().object("logs/a.json", &wrapped(&records));
    firstseen(&["index", "logs", "-q", "-o", "x.baseline"], archive.path());
    let show = |wanted: &str| firstseen(&["show", "x.baseline", wanted, "-q"], archive.path());
    assert_eq!(show(ids[1]).status.code(), Some(0));
    // The same records, in another file.
    fs::write(archive.path().join("logs/a.json"), gzip(&wrapped(&records))).unwrap();
    let changed = show(ids[1]);
    assert_eq!(changed.status.code(), Some(3));
    assert!(stdout(&changed).contains("the object has CHANGED"), "{}", stdout(&changed));
    assert!(stderr(&changed).contains("'a.json' is not the object that was indexed"), "{}", stderr(&changed));
    // Another record at that place.
    fs::write(archive.path().join("logs/a.json"), wrapped(&records[1..])).unwrap();
    let changed = show(ids[0]);
    assert_eq!((changed.status.code(), stdout(&changed)), (Some(1), String::new()));
    assert!(
        stderr(&changed).contains("'a.json' does not hold the record: record 0 has the event id"),
        "{}",
        stderr(&changed)
    );
    fs::remove_file(archive.path().join("logs/a.json")).unwrap();
    assert!(stderr(&show("a.json#0")).contains("'a.json' was indexed, but 'logs' no longer has it"));
    fs::remove_dir(archive.path().join("logs")).unwrap();
    assert!(stderr(&show(ids[0])).contains("hint: the archive is not where it was indexed"));
}

#[test]
fn what_became_of_an_object_is_said_under_every_name_of_it() {
    let records = ["eva", "bob"].map(|user| record("2024-03-09T04:00:00Z", user, "s3:GetObject"));
    let archive = Archive::new()
        .object("logs/a.json", &wrapped(&records[..1]))
        .object("logs/b.json", &wrapped(&records[1..]))
        .object("other/b.json", &wrapped(&records[..1]));
    firstseen(&["index", "logs", "other", "-q", "-o", "x.baseline"], archive.path());
    let said = |wanted: &str| {
        let shown = firstseen(&["show", "x.baseline", wanted, "-q"], archive.path());
        (shown.status.code(), stderr(&shown).lines().next().unwrap_or_default().to_owned())
    };
    assert_eq!(said("logs/a.json#0"), (Some(0), String::new()));
    // Nothing has changed: the number is wrong.
    let wrong = "error: 'a.json' holds no record 99: the object is as it was indexed";
    assert_eq!(said("a.json#99"), (Some(1), wrong.to_owned()));
    // The object of another archive is another object.
    fs::copy(archive.path().join("other/b.json"), archive.path().join("logs/b.json")).unwrap();
    let (code, warning) = said("logs/b.json#0");
    assert_eq!(code, Some(3));
    assert!(warning.contains("'b.json' is not the object that was indexed"), "{warning}");
    fs::write(archive.path().join("logs/a.json"), wrapped(&records)).unwrap();
    assert_eq!(said("logs/a.json#1").0, Some(3));
    assert!(said("a.json#99").1.ends_with("and is not the object that was indexed: its SHA-256 is another"));
    fs::remove_file(archive.path().join("logs/a.json")).unwrap();
    let gone = "error: 'logs/a.json' was indexed, but 'logs', 'other' no longer has it";
    assert_eq!(said("logs/a.json#0"), (Some(1), gone.to_owned()));
}

#[test]
fn a_change_of_logging_is_found_in_a_baseline() {
    let stop = |hour: u32| record(&format!("2024-03-09T0{hour}:00:00Z"), "eva", "cloudtrail:StopLogging");
    let archive = Archive::new().object("logs/a.json", &wrapped(&[stop(1), stop(2), stop(3)]));
    firstseen(&["index", "logs", "-q", "-o", "x.baseline"], archive.path());
    let id = stop(3)["eventID"].as_str().unwrap().to_owned();
    let shown = rows(&firstseen(&["show", "x.baseline", &id, "-f", "jsonl", "-q"], archive.path()));
    assert_eq!((&shown[0]["record"], &shown[0]["object_unchanged"]), (&json!(2), &json!(true)));
}

#[test]
fn faults_of_single_objects_are_written() {
    let one = record("2024-03-09T04:00:00Z", "eva", "s3:GetObject");
    let archive = Archive::new().object("logs/a.json", format!("[{one},7]").as_bytes());
    for (wanted, code) in [("a.json#0", 0), ("a.json#9", 1)] {
        let shown = firstseen(&["show", "logs", wanted, "-q", "--faults", "f.jsonl"], archive.path());
        assert_eq!(shown.status.code(), Some(code), "{}", stderr(&shown));
        let faults = fs::read_to_string(archive.path().join("f.jsonl")).unwrap();
        assert_eq!(faults.lines().count(), 1, "{faults}");
        fs::remove_file(archive.path().join("f.jsonl")).unwrap();
    }
}

#[test]
fn what_a_baseline_does_not_know_is_looked_for_in_the_archive() {
    let times = ["2024-03-09T04:00:00Z", "2024-03-09T05:00:00Z"];
    let records = times.map(|time| record(time, "eva", "s3:GetObject"));
    let later = records[1]["eventID"].as_str().unwrap();
    let archive = Archive::new().object("logs/a.json", &wrapped(&records));
    firstseen(&["index", "logs", "-q", "-o", "x.baseline"], archive.path());
    let unknown = firstseen(&["show", "x.baseline", later], archive.path());
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("the baseline does not know where event"), "{}", stderr(&unknown));
    let found =
        firstseen(&["show", "x.baseline", later, "--archive", "logs", "-f", "jsonl", "-q"], archive.path());
    assert_eq!(rows(&found)[0]["event"]["eventTime"], times[1]);
    let refused = firstseen(&["show", "x.baseline", later, "-o", "logs/out.jsonl"], archive.path());
    assert_eq!(refused.status.code(), Some(2), "the archives of a baseline are inputs: {}", stderr(&refused));
    let partly = firstseen(&["show", "logs", later, "nobody", "--raw"], archive.path());
    assert_eq!((partly.status.code(), stdout(&partly).lines().count()), (Some(3), 1));
    assert!(stderr(&partly).contains("warning: no record has the event id 'nobody'"), "{}", stderr(&partly));
}

#[test]
fn copies_are_named_and_differing_ones_are_a_warning() {
    let first = record("2024-03-09T04:00:00Z", "eva", "s3:GetObject");
    let id = first["eventID"].as_str().unwrap();
    let forged = with(first.clone(), json!({"sourceIPAddress": "203.0.113.9"}));
    let archive = Archive::new()
        .object("b.json", &wrapped(std::slice::from_ref(&first)))
        .object("a.json", &wrapped(&[first.clone(), first.clone()]))
        .object("c.json", &wrapped(&[forged]));
    let shown = firstseen(&["show", ".", id], archive.path());
    assert_eq!(shown.status.code(), Some(3));
    let text = stdout(&shown);
    let heads: Vec<&str> = text.lines().take_while(|line| *line != "{").collect();
    let expected = [
        "a.json record 0",
        "    also in a.json record 1",
        "    also in b.json record 0",
        "    also in c.json record 0, with OTHER content",
    ];
    assert_eq!([&heads[..1], &heads[2..]].concat(), expected);
    assert!(stderr(&shown).contains("is in other places with other content"), "{}", stderr(&shown));
}

#[test]
fn events_of_other_owners_and_other_requests_are_no_copies() {
    let of = |account: &str| {
        let one = record("2024-03-09T04:00:00Z", &format!("eva{account}"), "s3:GetObject");
        with(one, json!({"eventID": "e1", "recipientAccountId": account}))
    };
    let request = |verb: &str, uri: &str| {
        let one = audit_event("2024-03-09T04:00:00.000000Z", "eva", verb, "pods");
        with(one, json!({"auditID": "q1", "requestURI": uri}))
    };
    let lines: Vec<String> = [request("get", "/a"), request("delete", "/b"), request("get", "/a")]
        .map(|one| one.to_string())
        .to_vec();
    let archive = Archive::new()
        .object("logs/a.json", &wrapped(&[of("111122223333")]))
        .object("logs/b.json", &wrapped(&[of("444455556666"), of("111122223333")]))
        .object("logs/EKSLogs/111122223333/prod/c.jsonl", lines.join("\n").as_bytes());
    // The two requests are a fault for it.
    firstseen(&["index", "logs", "-q", "-o", "x.baseline"], archive.path());
    for source in ["logs", "x.baseline"] {
        let shown = firstseen(&["show", source, "e1", "q1", "-f", "jsonl", "-q"], archive.path());
        let found = rows(&shown);
        let place = |row: &Value| format!("{}#{}", row["object"].as_str().unwrap(), row["record"]);
        let places: Vec<String> = found.iter().map(place).collect();
        let requests = ["EKSLogs/111122223333/prod/c.jsonl#0", "EKSLogs/111122223333/prod/c.jsonl#1"];
        assert_eq!(places, [&["a.json#0", "b.json#0"][..], &requests].concat(), "{source}");
        assert!(found.iter().all(|row| row["copies_differ"] == false), "{source}");
        if source == "logs" {
            let copies: Vec<usize> =
                found.iter().map(|row| row["copies"].as_array().unwrap().len()).collect();
            assert_eq!(copies, [1, 0, 1, 0]);
        }
    }
}

#[test]
fn names_as_they_are_printed_lead_to_their_records() {
    // Each is the first event of somebody.
    let one = |id: &str| with(record("2024-03-09T04:00:00Z", id, "s3:GetObject"), json!({ "eventID": id }));
    let names = ["z\u{200b}w.json", "-a.json", " blank.json", "'q.json", r"literal\u{200b}.json"];
    let archive = names.iter().fold(Archive::new(), |archive, name| {
        archive.object(&format!("logs/{name}"), &wrapped(&[one(&format!("id of {name}"))]))
    });
    let wanted = [
        r"z\u{200b}w.json#0",
        "'-a.json#0",
        " blank.json#0",
        "'q.json#0",
        r"literal\u{5c}u{200b}.json#0",
        r"id of z\u{200b}w.json",
    ];
    let found = rows(&show_all("logs", archive.path(), &wanted.map(str::to_owned), &["-f", "jsonl"]));
    let objects: Vec<&str> = found.iter().map(|row| row["object"].as_str().unwrap()).collect();
    assert_eq!(objects, [&names[..], &names[..1]].concat());
    firstseen(&["index", "logs", "-q", "-o", "x.baseline"], archive.path());
    let known = firstseen(
        &["show", "x.baseline", r"id of z\u{200b}w.json", r"z\u{200b}w.json#0", "-q"],
        archive.path(),
    );
    assert_eq!(known.status.code(), Some(0), "{}", stderr(&known));
}

#[test]
fn a_differing_copy_is_noticed_among_many() {
    let first = record("2024-03-09T04:00:00Z", "eva", "s3:GetObject");
    let forged = with(first.clone(), json!({"sourceIPAddress": "203.0.113.9"}));
    let copies = [vec![first.clone(); 20], vec![forged]].concat();
    let archive = Archive::new().object("a.json", &wrapped(&copies));
    let id = first["eventID"].as_str().unwrap();
    let shown = firstseen(&["show", ".", id, "-q"], archive.path());
    assert_eq!(shown.status.code(), Some(3), "{}", stderr(&shown));
    assert!(stdout(&shown).contains("and in 10 more places\n    some of these have OTHER content"));
    let lines = firstseen(&["show", ".", id, "-q", "-f", "jsonl"], archive.path());
    assert!(stdout(&lines).contains(r#""more_copies":10,"copies_differ":true"#), "{}", stdout(&lines));
}

#[test]
fn the_last_stage_of_a_request_is_shown() {
    let stage = |name: &str| {
        with(
            audit_event("2024-03-09T04:00:00.000000Z", "eva", "get", "pods"),
            json!({"stage": name, "auditID": "q1"}),
        )
    };
    let lines: Vec<String> = ["RequestReceived", "ResponseComplete", "ResponseStarted"]
        .map(|name| stage(name).to_string())
        .to_vec();
    let archive = Archive::new().object("EKSLogs/111122223333/prod/a.jsonl", lines.join("\n").as_bytes());
    let shown = rows(&firstseen(&["show", ".", "q1", "-f", "jsonl", "-q"], archive.path()));
    assert_eq!((&shown[0]["event"]["stage"], &shown[0]["record"]), (&json!("ResponseComplete"), &json!(1)));
    assert_eq!(shown[0]["copies"], json!([]));
}

#[test]
fn hostile_records_are_shown_and_harmless() {
    let odd = with(
        record("2024-03-09T04:00:00Z", "eva", "s3:GetObject"),
        json!({"userAgent": "\u{1b}[31m\u{202e}x", "eventID": "o1"}),
    );
    let deep =
        format!("{{\"eventName\":\"A\",\"eventID\":\"o2\",\"x\":{}{}}}", "[".repeat(900), "]".repeat(900));
    let broken = r#"{"eventVersion":"1.08","eventTime":"2024-03-09T04:00:00Z","eventSource":"s3.amazonaws.com","eventName":"A","eventID":"o3","x":tru}"#;
    let text = format!("{{\"Records\":[{odd},{deep},{broken}]}}");
    let archive = Archive::new().object("a.json", text.as_bytes());
    let shown = firstseen(&["show", ".", "a.json#0", "a.json#1", "a.json#2"], archive.path());
    let text = stdout(&shown);
    assert!(text.contains(r#""userAgent": "\u001b[31m\u202ex""#), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    let lines = rows(&firstseen(&["show", ".", "a.json#0", "a.json#2", "-f", "jsonl"], archive.path()));
    assert_eq!(lines[0]["event"]["userAgent"], "\u{1b}[31m\u{202e}x");
    assert_eq!((&lines[1]["event"], &lines[1]["text"]), (&Value::Null, &json!(broken)));
}

#[test]
fn places_with_the_name_of_the_archive_are_found() {
    let archive =
        Archive::new().object("logs/a.json", &wrapped(&[record("2024-03-09T04:00:00Z", "eva", "s3:A")]));
    let shown = firstseen(&["show", "logs", "logs/a.json#0", "-q"], archive.path());
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    for (wanted, said) in [
        (&["a.json#7"][..], "error: 'a.json' holds no record 7"),
        (&["../a.json#0"], "error: 'logs' has no object '../a.json'"),
        (&["x", "--archive", "y"], "error: --archive says where the archives of a baseline are"),
        (&["-", "-"], "error: standard input can be read only once"),
    ] {
        let shown = firstseen(&[&["show", "logs"], wanted].concat(), archive.path());
        assert!(stderr(&shown).starts_with(said), "{}", stderr(&shown));
    }
}

#[test]
fn a_column_of_a_table_names_what_to_show() {
    let one =
        |id: &str| with(record("2024-03-09T04:00:00Z", "eva", "s3:GetObject"), json!({ "eventID": id }));
    let archive = Archive::new().object("x.json", &wrapped(&[one("a,b"), one("say \"x\""), one("plain")]));
    // As csvcut and others write it: without an id, with quotes, and not quoted.
    let wanted = ["\"\"", "\"a,b\"", "\"say \"\"x\"\"\"", "plain", "\"\"", "gone", "gone"];
    let shown = show_all("x.json", archive.path(), &wanted.map(str::to_owned), &["--raw"]);
    assert_eq!(shown.status.code(), Some(3), "{}", stderr(&shown));
    assert_eq!(stdout(&shown).lines().count(), 3);
    assert_eq!(stderr(&shown).matches("no record has the event id 'gone'").count(), 1, "{}", stderr(&shown));
}
