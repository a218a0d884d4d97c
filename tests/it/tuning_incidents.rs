//! Incidents of `firstseen tune`: what hides them, where they are listed, and what it costs to keep them.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{firstseen_here, stderr};

const ARCHIVE: &str = "fixtures/small-archive";
const INCIDENT: [&str; 2] = ["--incident", "2024-03-10..2024-03-10,data-pipeline"];

fn tune(flags: &[&str]) -> (String, String) {
    let output = firstseen_here(&[&["tune", ARCHIVE], flags].concat());
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}

fn tune_json(flags: &[&str]) -> Value {
    serde_json::from_str(&tune(&[flags, &["-f", "json", "-q"]].concat()).0).unwrap()
}

fn file(place: &TempDir, name: &str, text: &str) -> String {
    let path = place.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_filter_that_hides_an_incident_is_named() {
    let place = TempDir::new().unwrap();
    let config = file(&place, "case.toml", "account = ['999999999999']\n");
    let all = tune_json(&INCIDENT)["incidents"][0]["findings"].clone();
    assert!(all.as_u64() > Some(0));
    for (flags, by) in [
        (&["--action", "s3:*"][..], json!(["action"])),
        (&["--min-severity", "critical"], json!(["min-severity"])),
        (&["--config", &config], json!(["account"])),
        (&["--principal", "nobody-*", "--region", "eu-west-9"], json!(["region", "principal"])),
    ] {
        let flags = [&INCIDENT[..], flags].concat();
        let incident = &tune_json(&flags)["incidents"][0];
        assert_eq!(
            (&incident["findings"], &incident["hidden"], &incident["hidden_by"]),
            (&json!(0), &all, &by)
        );
        let (text, said) = tune(&flags);
        let names: Vec<&str> = by.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let names: Vec<String> = names.iter().map(|name| format!("--{name}")).collect();
        assert!(
            text.contains(&format!("hidden, 0 of {all} findings pass {}; no basis", names.join(" and "))),
            "{text}"
        );
        assert!(said.contains("hidden by") && !said.contains("no setting can report it"), "{said}");
    }
    // What was not read could be anything.
    let unread = [&INCIDENT[..], &["--to", "2024-03-09"]].concat();
    let (text, said) = tune(&unread);
    assert!(
        text.contains("nothing of its time was read (--to)") && said.contains("was read (--to)"),
        "{text}{said}"
    );
    // Nothing hides what is not there.
    let nothing = ["--incident", "2024-03-10..2024-03-10,nobody", "--action", "s3:*"];
    assert_eq!(tune_json(&nothing)["incidents"][0]["hidden_by"], Value::Null);
    assert!(tune(&nothing).0.contains("nothing to see, even with warmup 0d"));
}

#[test]
fn only_mutating_is_one_setting_however_it_is_asked_for() {
    let place = TempDir::new().unwrap();
    let config = file(&place, "case.toml", "only-mutating = true\n");
    // Calls of both kinds, and only read-only ones.
    for incident in ["2024-03-01..2024-03-10", "2024-03-20..2024-03-20,*"] {
        let of = |flags: &[&str]| tune(&[&["-q", "--incident", incident], flags].concat());
        let calls = of(&["--calls", "mutating"]);
        assert_eq!(of(&["--only-mutating"]), calls);
        assert_eq!(of(&["--config", &config]), calls);
        let json = |flags: &[&str]| tune_json(&[&["--incident", incident], flags].concat());
        assert_eq!(json(&["--only-mutating"]), json(&["--calls", "mutating"]));
    }
}

#[test]
fn severity_of_a_file_counts_and_is_in_the_suggestion() {
    let place = TempDir::new().unwrap();
    let config = file(&place, "case.toml", "min-severity = 'medium'\n");
    let flags = ["--warmups", "30d", "--forgets", "never", "--anchors", "principal", "--calls", "all"];
    let answer = tune_json(&[&flags[..], &INCIDENT, &["--config", &config]].concat());
    assert_eq!(answer["settings"]["min_severity"], "medium");
    let kinds = "new-action,new-principal,returning-action";
    let scan = ["scan", ARCHIVE, "-q", "-f", "json", "--report", kinds, "--min-severity", "medium"];
    let scan: Value = serde_json::from_slice(&firstseen_here(&scan).stdout).unwrap();
    assert_eq!(answer["rows"][0]["findings"], scan["findings"].as_array().unwrap().len());
    let command = answer["suggestion_command"].as_str().unwrap();
    assert!(command.contains(" --min-severity medium"), "{command}");
}

#[test]
fn rows_with_one_name_are_one_incident() {
    let place = TempDir::new().unwrap();
    let rows = "name,from,to,principal\nbreak-in,2024-03-10,2024-03-10,data-pipeline\nother,2024-03-01,2024-03-02,\n\
                break-in,2024-03-06,2024-03-06,*root\n";
    let answer = tune_json(&["--incidents", &file(&place, "incidents.csv", rows)]);
    let incidents = answer["incidents"].as_array().unwrap();
    let [first, second] = &incidents[..] else { panic!("{incidents:?}") };
    assert_eq!(
        (&first["name"], &first["parts"], &second["name"]),
        (&json!("break-in"), &json!(2), &json!("other"))
    );
    assert_eq!((&first["from"], &first["principal"]), (&json!("2024-03-06T00:00:00Z"), &Value::Null));
}

#[test]
fn labels_of_triage_are_incidents() {
    let place = TempDir::new().unwrap();
    let scan =
        firstseen_here(&["scan", ARCHIVE, "-q", "-f", "json", "--from", "2024-03-10", "--to", "2024-03-10"]);
    let scan: Value = serde_json::from_slice(&scan.stdout).unwrap();
    let finding = &scan["findings"][0];
    let text = |field: &str| finding[field].as_str().unwrap();
    let (time, account, principal) = (text("time"), text("account"), text("principal"));
    let rows = format!(
        "attack,eventTime,principal,action,eventID\n7,{time},{account}|{principal},x,e\n7,{time},{account}|{principal},y,f\n\
         8,{time},111111111111|{principal},x,g\n"
    );
    let labels = file(&place, "labels.csv", &rows);
    let answer = tune_json(&["--incidents", &labels]);
    let incidents = answer["incidents"].as_array().unwrap();
    let [seven, eight] = &incidents[..] else { panic!("{incidents:?}") };
    assert_eq!((&seven["name"], &eight["name"], &eight["findings"]), (&json!("7"), &json!("8"), &json!(0)));
    assert!(seven["findings"].as_u64() > Some(0));
    // The file also serves triage.
    assert!(firstseen_here(&["triage", ARCHIVE, "-q", "--labels", &labels]).status.success());
    for (text, why) in [
        ("incident,event_id\na,e1\n", "only firstseen triage --labels by event_id"),
        ("start,end\na,b\n", "the header must name from and to"),
    ] {
        let output = firstseen_here(&["tune", ARCHIVE, "--incidents", &file(&place, "wrong.csv", text)]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains(why) && stderr(&output).contains("incident, time, principal and action"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_budget_chooses_between_findings_and_incidents() {
    let grid = ["--warmups", "0d,7d,30d,60d", "--forgets", "never", "--anchors", "principal"];
    let incidents = ["--incident", "2024-01-05..2024-01-20", "--incident", "2024-03-20..2024-03-20"];
    let flags = [&grid[..], &INCIDENT, &incidents].concat();
    let answer = tune_json(&flags);
    let choices = answer["trade_off"].as_array().unwrap();
    assert!(choices.len() > 1, "{choices:?}");
    for choice in choices {
        assert_eq!(choice["kept"].as_array().unwrap().len() + choice["lost"].as_array().unwrap().len(), 3);
    }
    let best = &choices[choices.len() - 1];
    assert_eq!(best["kept"].as_array().unwrap().len(), 3);
    let text = tune(&flags).0;
    assert!(text.contains("Findings per week against incidents"), "{text}");
    let rate = best["per_week"].as_f64().unwrap();
    assert!(
        text.contains(&format!(" {rate:.1} {:>8}    3 of 3  --warmup", best["findings"].as_u64().unwrap())),
        "{text}"
    );
    let csv = tune(&[&flags[..], &["-f", "csv", "-q"]].concat()).0;
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let place = |name: &str, header: &csv::StringRecord| header.iter().position(|one| one == name).unwrap();
    let header = rows.headers().unwrap().clone();
    let (weekly, kept) = (place("per_week", &header), place("incidents_kept", &header));
    let rows: Vec<_> = rows.records().map(|row| row.unwrap()).collect();
    assert!(rows.iter().any(|row| row[kept] == *"3" && row[weekly] == rate.to_string()), "{csv}");
}

#[test]
fn rules_raise_severities_as_in_scan() {
    let place = TempDir::new().unwrap();
    let severe = "min-severity = 'high'\nreport = ['new-action']\n";
    let config = file(&place, "rules.toml", &format!("builtin-rules = true\n{severe}"));
    let without = file(&place, "none.toml", severe);
    let grid = ["--warmups", "30d", "--forgets", "never", "--anchors", "principal", "--calls", "all"];
    let answer = |config: &str, flags: &[&str]| {
        tune_json(&[&grid[..], &INCIDENT, &["--config", config], flags].concat())
    };
    let found = |config: &str| {
        let scan = firstseen_here(&["scan", ARCHIVE, "-q", "-f", "json", "--config", config]);
        let scan: Value = serde_json::from_slice(&scan.stdout).unwrap();
        scan["findings"].as_array().unwrap().iter().filter(|it| it["finding"] == "new-action").count()
    };
    assert_ne!(found(&config), found(&without), "rules raise severities");
    let with_rules = answer(&config, &[]);
    assert_eq!(with_rules["rows"][0]["findings"], found(&config));
    assert_eq!(answer(&without, &[])["rows"][0]["findings"], found(&without));
    assert_eq!(answer(&without, &["--builtin-rules"])["rows"], with_rules["rows"]);
    // The command that it suggests has them, too.
    let command = with_rules["suggestion_command"].as_str().unwrap();
    assert!(command.contains(" --min-severity high --builtin-rules"), "{command}");
    // An incident before the window is hidden by --from alone: the rules matched its events.
    let said = tune(&[&grid[..], &INCIDENT, &["--config", &config, "--from", "2024-03-20"]].concat()).1;
    assert!(said.contains("is hidden by --from\n") || said.contains("are hidden by --from\n"), "{said}");
}

#[test]
fn columns_that_mean_nothing_are_named() {
    let place = TempDir::new().unwrap();
    let refused = |flags: &[&str]| {
        let output = firstseen_here(&[&["tune", ARCHIVE], flags].concat());
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        stderr(&output)
    };
    let row = "2024-03-10,2024-03-10,data-pipeline";
    // It would be an incident of all principals.
    let misspelt = file(&place, "misspelt.csv", &format!("from,to,principle\n{row}\n"));
    let said = refused(&["--incidents", &misspelt]);
    assert!(
        said.contains("misspelt.csv: the header has no column 'principle'; did you mean 'principal'?"),
        "{said}"
    );
    let more = file(&place, "more.csv", &format!("from,to,principal,account,a,b,c\n{row},,,,\n"));
    let warning = "more.csv: the columns account, a, b and 1 more mean nothing here and are passed over";
    assert!(tune(&["--incidents", &more]).1.contains(warning));
    let labels = file(&place, "labels.csv", "incident,event_id,ticket\na,e1,7\n");
    let said = stderr(&firstseen_here(&["triage", ARCHIVE, "-q", "--labels", &labels]));
    assert!(said.contains("labels.csv: the column ticket means nothing here and is passed over"), "{said}");
    // A file without rows, and what to keep of no incidents.
    let empty = file(&place, "empty.csv", "from,to,principal\n");
    assert!(refused(&["--incidents", &empty]).contains("empty.csv: it has no incidents"));
    assert!(refused(&["--keep", "80%"]).contains("name them with --incident or --incidents"));
    let config = file(&place, "keep.toml", "keep = '80%'\n");
    tune(&["--config", &config]);
}
