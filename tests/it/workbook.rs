//! Workbooks: what is in the sheets, and that nothing in them runs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};

use regex::Regex;
use serde_json::json;

use crate::archive::{Archive, record, with};
use crate::program::{firstseen, program, stderr};
use crate::triage_reports::intrusion;

/// The files of a workbook.
fn files(bytes: Vec<u8>) -> BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let read = |name: String| {
        let mut text = String::new();
        zip.by_name(&name).unwrap().read_to_string(&mut text).unwrap();
        (name, text)
    };
    names.into_iter().map(read).collect()
}

/// A cell: its style, its type and its content.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cell {
    style: String,
    kind: String,
    content: String,
}

/// The sheets by name: the rows, each with its cells by the column of the header.
fn sheets(files: &BTreeMap<String, String>) -> BTreeMap<String, Vec<BTreeMap<String, Cell>>> {
    let named = Regex::new(r#"<sheet name="([^"]*)" sheetId="(\d+)""#).unwrap();
    let row = Regex::new(r"(?s)<row [^>]*>(.*?)</row>").unwrap();
    let cell = Regex::new(
        r#"(?s)<c r="([A-Z]+)\d+"(?: s="(\d+)")?(?: t="(\w+)")?>(?:<is><t[^>]*>|<v>)(.*?)(?:</t></is>|</v>)</c>"#,
    )
    .unwrap();
    let mut sheets = BTreeMap::new();
    for found in named.captures_iter(&files["xl/workbook.xml"]) {
        let text = &files[&format!("xl/worksheets/sheet{}.xml", &found[2])];
        let mut rows = row.captures_iter(text).map(|row| {
            let cells = cell.captures_iter(row.get(1).unwrap().as_str());
            let part = |of: Option<regex::Match<'_>>| of.map_or(String::new(), |one| one.as_str().to_owned());
            let cells = cells.map(|of| {
                let content = of[4].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
                (of[1].to_owned(), Cell { style: part(of.get(2)), kind: part(of.get(3)), content })
            });
            cells.collect::<BTreeMap<_, _>>()
        });
        let header = rows.next().unwrap();
        let named = |row: BTreeMap<String, Cell>| {
            row.into_iter().map(|(column, cell)| (header[&column].content.clone(), cell)).collect()
        };
        sheets.insert(found[1].to_owned(), rows.map(named).collect());
    }
    sheets
}

fn workbook(archive: &Archive, arguments: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.xlsx");
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let output = program().args(words).arg("-o").arg(&path).current_dir(archive.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    fs::read(path).unwrap()
}

#[test]
fn a_scan_has_sheets_of_findings_coverage_and_settings() {
    let call = with(
        record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser"),
        json!({"eventID": "1e5", "recipientAccountId": "000123456789", "readOnly": false,
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::000123456789:user/eva", "accountId": "000123456789"}}),
    );
    let later = record("2024-03-01T10:00:00.25Z", "zoe", "iam:CreateUser");
    let archive =
        Archive::new().delivered("20240301T1005", &[call, later]).object("cut.json", b"{\"Records\": [");
    let path = tempfile::tempdir().unwrap();
    let path = path.path().join("report.xlsx");
    let output = program()
        .args(["scan", ".", "--warmup", "0d", "-o"])
        .arg(&path)
        .current_dir(archive.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let sheets = sheets(&files(fs::read(&path).unwrap()));
    assert_eq!(sheets.keys().collect::<Vec<_>>(), ["coverage", "faults", "findings", "places", "settings"]);
    let findings = &sheets["findings"];
    let eva = findings.iter().find(|row| row["account"].content == "000123456789").unwrap();
    // Days since 1899-12-30, so that spreadsheets calculate with them.
    let time = &eva["time (UTC)"];
    assert_eq!((&*time.kind, time.content.parse::<f64>().unwrap()), ("", 45_352.0 + 10.0 / 24.0));
    assert_eq!((&*eva["account"].kind, &*eva["event_id"].kind), ("inlineStr", "inlineStr"));
    assert_eq!(eva["event_id"].content, "1e5");
    assert_eq!((&*eva["read_only"].kind, &*eva["read_only"].content), ("b", "0"));
    assert_eq!((&*eva["record"].kind, &*eva["record"].content), ("", "0"));
    assert_eq!((&*eva["severity"].content, eva.get("error_code")), ("medium", None));
    let zoe = findings.iter().find(|row| row["principal"].content.ends_with("/zoe")).unwrap();
    assert!(zoe["time (UTC)"].style != time.style, "fractions of seconds are shown");
    assert_eq!((&*zoe["covered_days"].kind, &*zoe["gap_before"].kind), ("", ""));
    assert_eq!(sheets["faults"][0]["kind"].content, "json-truncated");
    let places = &sheets["places"];
    assert!(places.iter().any(|place| place["failed"].content == "0" && place["objects"].content == "1"));
    let read = sheets["coverage"].iter().find(|row| row["what"].content == "objects read").unwrap();
    assert_eq!(read["number"].content, "1");
    let warmup = sheets["settings"].iter().find(|row| row["setting"].content == "warmup").unwrap();
    assert_eq!(warmup["text"].content, "0d");
}

#[test]
fn texts_of_attackers_stay_texts() {
    let texts = [
        "=HYPERLINK(\"https://example.com\")",
        "+1+1",
        "@SUM(1)",
        "https://example.com/",
        "_x202E_txt",
        "<f>1</f>&lt;",
        "\u{202e}gpj\u{0}\u{1b}[31m",
        "\u{fffe}",
        "{=1}",
    ];
    let calls = (0..).zip(texts).map(|(second, text)| {
        with(
            record(&format!("2024-03-01T10:00:{second:02}Z"), &format!("u{second}"), "iam:CreateUser"),
            json!({ "userAgent": text }),
        )
    });
    let calls: Vec<_> = calls.collect();
    let archive = Archive::new().delivered("20240301T1005", &calls);
    let files = files(workbook(&archive, "scan . -q --warmup 0d --report new-action"));
    for (name, text) in &files {
        assert!(
            !text.contains("<f>") && !text.contains("<hyperlink") && !text.contains("External"),
            "{name}"
        );
    }
    let agents: Vec<String> =
        sheets(&files)["findings"].iter().map(|row| row["user_agent"].content.clone()).collect();
    assert_eq!(
        agents,
        [
            "=HYPERLINK(\"https://example.com\")",
            "+1+1",
            "@SUM(1)",
            "https://example.com/",
            // Excel reads `_x202E_` as the character.
            "_x005F_x202E_txt",
            "<f>1</f>&lt;",
            "\\u{202e}gpj\\u{0}\\u{1b}[31m",
            "\\u{fffe}",
            "{=1}",
        ]
    );
    assert!(files["xl/styles.xml"].contains("quotePrefix=\"1\""));
}

#[test]
fn a_ranking_has_sheets_of_incidents_and_findings() {
    let archive = intrusion();
    let bytes = workbook(&archive, "triage . -q");
    let sheets = sheets(&files(bytes.clone()));
    let names: Vec<_> = sheets.keys().collect();
    assert_eq!(names, ["coverage", "faults", "findings", "incidents", "places", "settings"]);
    let (incidents, findings) = (&sheets["incidents"], &sheets["findings"]);
    assert_eq!(incidents[0]["rank"].content, "1");
    assert_eq!((&*incidents[0]["start (UTC)"].kind, &*incidents[0]["score"].kind), ("", ""));
    let of_first = findings.iter().filter(|row| row["rank"].content == "1").count();
    assert_eq!(incidents[0]["findings"].content, of_first.to_string());
    assert!(findings.iter().any(|row| row.contains_key("bits") && row.contains_key("reason")));
    assert!(bytes == workbook(&archive, "triage . -q"), "the same archive gives the same bytes");
}

#[test]
fn a_workbook_can_be_one_of_several_formats_and_goes_through_pipes() {
    let archive = intrusion();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = program()
        .args(["scan", ".", "-q", "-f", "csv,xlsx,timesketch", "-o"])
        .arg(&out)
        .current_dir(archive.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(out.join("findings.csv").is_file() && out.join("findings.timesketch.jsonl").is_file());
    let piped = firstseen(&["scan", ".", "-q", "-f", "xlsx"], archive.path());
    assert!(piped.stdout == fs::read(out.join("findings.xlsx")).unwrap());
}
