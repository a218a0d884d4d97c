//! `--geo-db` of the program.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use super::{Mmdb, example};
use crate::archive::{Archive, record, with};
use crate::program::{firstseen, stderr};

/// Eva's calls from four networks: two of one autonomous system, and one that no database knows.
fn archive() -> Archive {
    let call = |day: u8, address: &str| {
        let call = record(&format!("2024-03-{day:02}T10:00:00Z"), "eva", "s3:GetObject");
        with(call, json!({"sourceIPAddress": address, "eventID": format!("{day}")}))
    };
    let calls = [
        call(1, "198.51.100.7"),
        call(2, "203.0.113.7"),
        call(3, "2001:db8:7::1"),
        call(4, "192.0.2.1"),
        call(5, "203.0.113.9"),
    ];
    Archive::new()
        .delivered("20240301T1010", &calls)
        .object("geo/all.mmdb", &example().bytes())
        .object("geo/country.mmdb", &Mmdb::new("DBIP-Country-Lite", countries()).bytes())
}

fn countries() -> Vec<(&'static str, Value)> {
    vec![("203.0.113.0/24", json!({"country": {"iso_code": "CH"}}))]
}

fn run(archive: &Archive, arguments: &[&str]) -> Output {
    firstseen(arguments, archive.path())
}

fn scan(archive: &Archive, arguments: &[&str]) -> Output {
    run(archive, &[&["scan", "AWSLogs", "--warmup", "0d"], arguments].concat())
}

/// The findings of a run with `--format jsonl`: kind, value, day, and where the address is.
fn found(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let shown = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    rows.filter(|row| row["finding"].is_string())
        .map(|row| {
            let fields = ["finding", "value", "source_asn", "source_as_name", "source_country"];
            format!("{} {}", &shown(&row["time"])[8..10], fields.map(|field| shown(&row[field])).join(" "))
        })
        .collect()
}

#[test]
fn new_autonomous_systems_and_countries_are_reported() {
    let archive = archive();
    let asked = [
        "--geo-db",
        "geo/all.mmdb",
        "--dimension",
        "asn,country",
        "--report",
        "new-asn",
        "--format",
        "jsonl",
    ];
    let output = scan(&archive, &asked);
    let expected = [
        "01 new-asn AS64500 AS64500 Example DE",
        "01 new-country DE AS64500 Example DE",
        "02 new-asn AS64501 AS64501 Documentation DE",
        "03 new-country US AS64500 Example US",
    ];
    assert_eq!(found(&output), expected, "{}", stderr(&output));
    let header: Value =
        serde_json::from_slice(output.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let [used] = header["header"]["settings"]["geo_db"].as_array().unwrap().as_slice() else {
        panic!("{header}")
    };
    assert_eq!(used["type"], "ipinfo example.mmdb");
    assert_eq!(used["built"], "2026-11-24");
    assert_eq!(used["dimensions"], json!(["asn", "country"]));
    assert_eq!(used["sha256"].as_str().unwrap().len(), 64);
    assert!(
        stderr(&output)
            .contains("\ngeolocation database: ipinfo example.mmdb of 2026-11-24 (asn, country)\n")
    );
}

#[test]
fn a_saved_baseline_answers_like_the_archive() {
    let archive = archive();
    let indexed = run(&archive, &["index", "AWSLogs", "-o", "a.baseline"]);
    assert!(indexed.status.success(), "{}", stderr(&indexed));
    let asked = ["--geo-db", "geo/all.mmdb", "--dimension", "asn,country,network", "--format", "jsonl"];
    let from_archive = scan(&archive, &asked);
    let from_baseline = run(&archive, &[&["scan", "a.baseline", "--warmup", "0d"], &asked[..]].concat());
    assert_eq!(found(&from_baseline), found(&from_archive), "{}", stderr(&from_baseline));
    // Four networks, two autonomous systems, two countries, and the principal itself.
    assert_eq!(found(&from_archive).len(), 9);
}

#[test]
fn every_finding_says_where_its_address_is() {
    let archive = archive();
    let asked = ["--geo-db", "geo/country.mmdb", "--geo-db", "geo/all.mmdb", "--dimension", "network"];
    let text = scan(&archive, &asked);
    let text = String::from_utf8(text.stdout).unwrap();
    for expected in [
        "  new-network 203.0.113.0/24  ",
        ", ip 203.0.113.7 (AS64501 Documentation, CH), ",
        ", ip 198.51.100.7 (AS64500 Example, DE), ",
        ", ip 192.0.2.1, ",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let csv = scan(&archive, &[&asked[..], &["--report", "new-network", "--format", "csv"]].concat());
    let csv = String::from_utf8(csv.stdout).unwrap();
    let comma = |line: &str, last: usize| line.match_indices(',').nth_back(last).unwrap().0;
    let ends: Vec<&str> = csv.lines().map(|line| &line[comma(line, 9)..comma(line, 3)]).collect();
    assert_eq!(
        ends,
        [
            ",value,source_asn,source_as_name,source_country,issued,severity",
            ",198.51.100.0/24,AS64500,Example,DE,,medium",
            ",203.0.113.0/24,AS64501,Documentation,CH,,medium",
            ",2001:db8:7::/48,AS64500,Example,US,,medium",
            ",192.0.2.0/24,,,,,medium",
        ]
    );
    let without = scan(&archive, &["--dimension", "network", "--format", "jsonl"]);
    assert!(found(&without).iter().all(|row| row.ends_with(" - - -")));
}

#[test]
fn people_see_the_name_of_a_new_autonomous_system() {
    let archive = archive();
    let output = scan(&archive, &["--geo-db", "geo/all.mmdb", "--dimension", "asn", "--report", "new-asn"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("  new-asn AS64501 Documentation  s3.amazonaws.com:GetObject  user "), "{text}");
    let asked = ["--geo-db", "geo/all.mmdb", "--report", "new-asn", "--format", "falco-json"];
    let text = String::from_utf8(scan(&archive, &asked).stdout).unwrap();
    assert!(text.contains("eva had a new autonomous system: AS64501 Documentation, with "), "{text}");
}

#[test]
fn a_dimension_without_its_database_is_wrong_usage() {
    let archive = archive();
    for (arguments, expected) in [
        (
            &["--dimension", "asn"][..],
            "error: the dimension asn needs a geolocation database\nhint: name a database of autonomous systems with --geo-db, ",
        ),
        (
            &["--report", "new-country"],
            "error: the dimension country needs a geolocation database\nhint: name a database of countries with --geo-db, ",
        ),
        (
            &["--dimension", "country,asn", "--geo-db", "geo/country.mmdb"],
            "error: no --geo-db has the dimension asn: DBIP-Country-Lite of 2026-11-24 (country)\nhint: ",
        ),
        (
            &["--geo-db", "s3://bucket/x.mmdb"],
            "error: --geo-db takes local files, not 's3://bucket/x.mmdb'\nhint: ",
        ),
        (
            &["--geo-db", "geo/all.mmdb", "--output", "geo/all.mmdb", "--format", "csv"],
            "error: --output 'geo/all.mmdb' is an input of this run: geolocation database 'geo/all.mmdb'\nhint: ",
        ),
    ] {
        let output = scan(&archive, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).starts_with(expected), "{arguments:?}: {}", stderr(&output));
    }
    let index = run(&archive, &["index", "AWSLogs", "-o", "a.baseline", "--geo-db", "geo/all.mmdb"]);
    assert_eq!(index.status.code(), Some(2), "nothing of a database is saved");
}

#[test]
fn a_database_that_knows_no_network_of_the_input_is_reported() {
    let elsewhere = Mmdb::new("any", vec![("192.0.3.0/24", json!({"country_code": "FR"}))]);
    let archive = archive().object("geo/elsewhere.mmdb", &elsewhere.bytes());
    let output = scan(&archive, &["--geo-db", "geo/elsewhere.mmdb", "--report", "new-country", "--quiet"]);
    assert_eq!(
        stderr(&output),
        "warning: --geo-db: no network in the input has a value in the dimension country\n"
    );
}

#[test]
fn a_file_that_is_no_database_is_an_error() {
    let archive = archive().object("geo/odd.mmdb", b"{}");
    for (file, expected) in [
        ("geo/odd.mmdb", "error: 'geo/odd.mmdb' is no MaxMind DB file: "),
        ("geo/none.mmdb", "error: cannot read 'geo/none.mmdb'\ncaused by: "),
    ] {
        let output = scan(&archive, &["--geo-db", file]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).starts_with(expected), "{}", stderr(&output));
        assert!(stderr(&output).contains("\nhint: --geo-db takes a MaxMind DB file (.mmdb)"));
    }
}

#[test]
fn a_config_names_databases_beside_it() {
    let archive = archive();
    fs::write(archive.path().join("geo/config.toml"), "geo-db = 'all.mmdb'\ndimension = 'country'\n")
        .unwrap();
    let output =
        scan(&archive, &["--config", "geo/config.toml", "--report", "new-country", "--format", "jsonl"]);
    let expected = ["01 new-country DE AS64500 Example DE", "03 new-country US AS64500 Example US"];
    assert_eq!(found(&output), expected, "{}", stderr(&output));
    let flag = [
        "--config",
        "geo/config.toml",
        "--geo-db",
        "geo/country.mmdb",
        "--report",
        "new-country",
        "--format",
        "jsonl",
    ];
    assert_eq!(found(&scan(&archive, &flag)), ["02 new-country CH - - CH"]);
}

#[test]
fn incidents_say_where_their_addresses_are_and_keep_their_scores() {
    let archive = archive();
    let triage = |arguments: &[&str]| {
        let output = run(&archive, &[&["triage", "AWSLogs", "--warmup", "0d", "-q"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = triage(&["--geo-db", "geo/all.mmdb", "--by", "episode"]);
    assert!(text.contains("network 203.0.113.0/24 (AS64501 Documentation, DE)"), "{text}");
    let lines = |arguments: &[&str]| -> Vec<Value> {
        triage(&[&["-f", "jsonl"], arguments].concat())
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let (placed, usual) = (lines(&["--geo-db", "geo/all.mmdb"]), lines(&[]));
    assert_eq!(placed[0]["header"]["settings"]["geo_db"][0]["type"], "ipinfo example.mmdb");
    let scores = |lines: &[Value]| lines.iter().map(|line| line["parts"].clone()).collect::<Vec<_>>();
    assert_eq!(scores(&placed), scores(&usual));
    let findings = |lines: &[Value]| {
        let of = |line: &Value| line["findings"].as_array().cloned().unwrap_or_default();
        lines.iter().flat_map(of).filter(|finding| finding["source_asn"] == "AS64500").count()
    };
    assert_eq!((findings(&placed) > 0, findings(&usual)), (true, 0));
}
