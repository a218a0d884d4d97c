//! `triage` through the program: what all formats say, and that they say the same.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, audit_event, record, with};
use crate::program::{firstseen, firstseen_here, stderr};
use crate::triage::{acting, asking};

const FORMATS: &str = include_str!("../../docs/formats.md");

/// Six users who read every fifth day. On 15 April one of them comes from elsewhere with a session key and makes a key for another
/// one, which is used three hours later; on the 16th a third one, with an odd name, does something new.
pub(crate) fn intrusion() -> Archive {
    let mut archive = Archive::new();
    for day in ["03-01", "03-06", "03-11", "03-16", "03-21", "03-26", "03-31", "04-05", "04-10"] {
        let users = ["jo", "ann", "bob", "eva", "kim", ODD];
        let reads = users.map(|user| record(&format!("2024-{day}T10:00:00Z"), user, "s3:GetObject"));
        archive = archive.delivered(&format!("2024{}T1005", day.replace('-', "")), &reads);
    }
    let stolen = json!({
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "aws-cli/2.15 exe/x86_64.kali.2024",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAJO", "arn": "arn:aws:iam::111122223333:user/jo",
            "accountId": "111122223333", "accessKeyId": "ASIASTOLEN",
        },
    });
    let of_jo = |time: &str, action: &str| with(record(time, "jo", action), stolen.clone());
    let denied =
        with(of_jo("2024-04-15T10:05:00Z", "iam:AttachUserPolicy"), json!({"errorCode": "AccessDenied"}));
    let issued = json!({"responseElements": {"accessKey": {"accessKeyId": "AKIAISSUED", "userName": "ann"}}});
    let issuing = with(of_jo("2024-04-15T10:00:00Z", "iam:CreateAccessKey"), issued);
    let mut using = record("2024-04-15T13:00:00Z", "ann", "ec2:RunInstances");
    using["userIdentity"]["accessKeyId"] = json!("AKIAISSUED");
    let late = with(
        record("2024-04-16T10:00:00Z", ODD, "iam:ListUsers"),
        json!({"userAgent": "=cmd|' /C calc'!A0", "sourceIPAddress": "2001:db8:1::1"}),
    );
    archive
        .delivered("20240415T1010", &[issuing, denied])
        .delivered("20240415T1310", &[using])
        .delivered("20240416T1010", &[late])
}

/// A name with an invisible character, a quote, a wildcard and what a spreadsheet would run.
const ODD: &str = "=1;@x\u{202e}*it's";

/// The answer of `triage` with these arguments.
pub(crate) fn triage(archive: &Archive, arguments: &str) -> String {
    let arguments = [&["triage", ".", "-q"][..], &arguments.split_whitespace().collect::<Vec<_>>()].concat();
    let output = firstseen(&arguments, archive.path());
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The incidents of an answer as JSON lines.
pub(crate) fn incidents(lines: &str) -> Vec<Value> {
    let values = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    values.filter(|value| value.get("rank").is_some()).collect()
}

fn of_fixture() -> Vec<Value> {
    let output = firstseen_here(&["triage", "fixtures/small-archive", "-q", "-f", "jsonl"]);
    incidents(&String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_score_is_the_sum_of_its_parts() {
    let found = of_fixture();
    assert!(found.len() > 20);
    for incident in &found {
        let lead = incident["lead"].as_u64().unwrap() as usize - 1;
        let members = incident["members"].as_array().unwrap();
        assert_eq!(members[lead]["reasons"], Value::Null);
        let others = members.iter().enumerate().filter(|(index, _)| *index != lead).map(|(_, other)| other);
        for scored in [incident].into_iter().chain(others) {
            let parts = scored["parts"].as_object().unwrap();
            let sum: f64 = parts.values().map(|bits| bits.as_f64().unwrap()).sum();
            assert!((sum - scored["score"].as_f64().unwrap()).abs() < 1e-9, "{scored}");
            let reasons = scored["reasons"].as_array().unwrap();
            let of_reasons: Vec<(&str, &Value)> =
                reasons.iter().map(|reason| (reason["part"].as_str().unwrap(), &reason["bits"])).collect();
            assert_eq!(of_reasons.len(), parts.len());
            assert!(of_reasons.iter().all(|(part, bits)| parts[*part] == **bits), "{scored}");
        }
        assert_eq!(members[lead]["score"], incident["score"]);
        assert_eq!(members[lead]["parts"], incident["parts"]);
        assert_eq!(incident["episodes"], members.len());
        assert!(incident["findings"].as_array().unwrap().iter().all(|finding| !finding["member"].is_null()));
    }
}

#[test]
fn a_key_joins_the_one_who_made_it_to_the_one_who_used_it() {
    let archive = intrusion();
    let found = incidents(&triage(&archive, "-f jsonl"));
    assert_eq!(found.len(), 2);
    let first = &found[0];
    assert_eq!((first["rank"].as_u64(), first["episodes"].as_u64()), (Some(1), Some(2)));
    assert_eq!(first["links"][0]["kind"], "issued-key");
    assert_eq!(first["links"][0]["value"], "AKIAISSUED");
    assert_eq!(
        (&first["links"][0]["from"]["member"], &first["links"][0]["to"]["member"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(first["start"], "2024-04-15T10:00:00Z");
    assert_eq!(first["end"], "2024-04-15T13:00:00Z");
    let member = &first["members"][0];
    assert_eq!(member["outcomes"], json!({"success": 1, "failure": 1}));
    assert_eq!(member["networks"], json!(["203.0.113.0/24"]));
    let network =
        first["reasons"].as_array().unwrap().iter().find(|reason| reason["part"] == "network").unwrap();
    assert!(
        network["text"]
            .as_str()
            .unwrap()
            .starts_with("network 203.0.113.0/24: never seen in this archive before this episode")
    );
    assert_eq!(incidents(&triage(&archive, "-f jsonl --by episode")).len(), 3);
    let same_hour = incidents(&triage(&archive, "-f jsonl --by episode --episode-gap 30m"));
    assert!(same_hour.iter().all(|episode| episode["episodes"] == 1));
}

#[test]
fn rules_of_one_title_and_priority_are_in_the_order_of_their_ids() {
    let rules: String = (1..=16)
        .map(|number| {
            let names = ["CreateAccessKey", "AttachUserPolicy"][..1 + number % 2].join(", ");
            format!(
                "---\n{{title: Same, id: id-{number:02}, level: high, logsource: {{product: aws}}, \
                 detection: {{s: {{eventName: [{names}]}}, condition: s}}}}\n"
            )
        })
        .collect();
    let archive = intrusion().object("rules/same.yml", rules.as_bytes());
    let found = incidents(&triage(&archive, "-f jsonl --sigma rules/same.yml"));
    let events: Vec<u64> = found[0]["members"][0]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["events"].as_u64().unwrap())
        .collect();
    assert_eq!(events, [2, 1].repeat(8));
}

#[test]
fn what_is_shown_does_not_change_scores() {
    let archive = intrusion();
    let all = incidents(&triage(&archive, "-f jsonl --by episode"));
    let score_of = |start: &str, found: &[Value]| {
        found.iter().find(|one| one["start"] == start).map(|one| one["score"].clone())
    };
    let late = "2024-04-16T10:00:00Z";
    let filtered = incidents(&triage(&archive, "-f jsonl --by episode --action iam:ListUsers"));
    assert_eq!((filtered.len(), score_of(late, &filtered)), (1, score_of(late, &all)));
    let windowed = incidents(&triage(&archive, "-f jsonl --by episode --from 2024-04-16"));
    assert_eq!((windowed.len(), score_of(late, &windowed)), (1, score_of(late, &all)));
    assert_eq!(incidents(&triage(&archive, "-f jsonl --by episode --top 2")), all[..2]);
}

#[test]
fn the_end_of_the_period_ends_neither_learning_nor_what_scores_look_at() {
    // Jo goes on creating keys on the next day, so that this weakens the episode of the 15th.
    let again = record("2024-04-16T11:00:00Z", "jo", "iam:CreateAccessKey");
    let archive = intrusion().delivered("20240416T1105", &[again]);
    let early = |arguments: &str| {
        let found = incidents(&triage(&archive, &format!("-f jsonl --by episode {arguments}")));
        let found = found.into_iter().find(|one| one["start"] == "2024-04-15T10:00:00Z").unwrap();
        found["score"].as_f64().unwrap()
    };
    let (all, windowed) = (early(""), early("--to 2024-04-15T11:00:00Z"));
    assert_eq!(windowed, all);
    assert!(early("--read-to 2024-04-15T11:00:00Z") > all);
    let windowed = incidents(&triage(&archive, "-f jsonl --by episode --to 2024-04-15T11:00:00Z"));
    assert!(windowed.iter().all(|one| one["start"].as_str() <= Some("2024-04-15T11:00:00Z")));
    let header = triage(&archive, "-f jsonl --to 2024-04-15");
    let header: Value = serde_json::from_str(header.lines().next().unwrap()).unwrap();
    assert_eq!(header["header"]["settings"]["read_to"], Value::Null);
}

#[test]
fn csv_has_a_row_for_each_incident_and_a_column_for_each_part() {
    let output = firstseen_here(&["triage", "fixtures/small-archive", "-q", "-f", "csv"]);
    let mut reader = csv::Reader::from_reader(&*output.stdout);
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let found = of_fixture();
    assert_eq!(rows.len(), found.len());
    for (row, incident) in rows.iter().zip(&found) {
        let cell = |name: &str| row.get(header.iter().position(|header| header == name).unwrap()).unwrap();
        for part in ["size", "history", "network", "agent", "known"] {
            let bits = incident["parts"].get(part).map_or(String::new(), ToString::to_string);
            assert_eq!(cell(part).parse::<f64>().ok(), bits.parse::<f64>().ok(), "{part}");
        }
        for field in ["rank", "score", "severity", "account", "principal", "start", "end", "episodes"] {
            let value = &incident[field];
            assert_eq!(cell(field), value.as_str().map_or(value.to_string(), str::to_owned), "{field}");
        }
    }
    for column in &header {
        assert!(section().contains(&format!("`{column}`")), "{column} is missing in docs/formats.md");
    }
}

/// What `docs/formats.md` says about this command.
pub(crate) fn section() -> &'static str {
    let start = FORMATS.find("## Triage").unwrap();
    let rest = &FORMATS[start..];
    &rest[..rest[3..].find("\n## ").unwrap() + 3]
}

#[test]
fn every_field_is_documented() {
    let mut names = BTreeSet::new();
    for incident in incidents(&triage(&intrusion(), "-f jsonl")).iter().chain(&of_fixture()) {
        collect(incident, &mut names);
    }
    for name in names {
        let is_told = section().contains(&format!("`{name}`")) || FORMATS.contains(&format!("| `{name}` |"));
        assert!(is_told, "{name} is missing in docs/formats.md");
    }
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                names.insert(name.clone());
                collect(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}

#[test]
fn a_saved_baseline_and_any_number_of_threads_give_the_same_bytes() {
    let (archive, folder) = (intrusion(), TempDir::new().unwrap());
    let saved = folder.path().join("case.baseline");
    let path = saved.to_str().unwrap();
    let indexed = firstseen(&["index", ".", "-o", path, "-q"], archive.path());
    assert!(indexed.status.success(), "{}", stderr(&indexed));
    // A baseline has no events, so the commands for it are others.
    let is_command = |line: &&str| line.starts_with("   firstseen ") || line.contains(": firstseen trace ");
    let without_commands = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !is_command(line)).map(str::to_owned).collect()
    };
    for format in ["text", "csv", "json", "jsonl"] {
        let expected = triage(&archive, &format!("-f {format} --threads 1"));
        assert_eq!(triage(&archive, &format!("-f {format} --threads 3")), expected, "{format}");
        let of_saved = firstseen(&["triage", path, "-q", "-f", format], archive.path());
        let of_saved = String::from_utf8(of_saved.stdout).unwrap();
        assert_eq!(without_commands(&of_saved), without_commands(&expected), "{format}");
        assert_eq!(
            of_saved.matches(&format!("firstseen scan {path} ")).count(),
            expected.matches("firstseen events . ").count()
        );
    }
}

#[test]
fn hostile_names_are_cleaned() {
    let archive = intrusion();
    let (text, csv) = (triage(&archive, ""), triage(&archive, "-f csv"));
    for answer in [&text, &csv] {
        assert!(!answer.contains('\u{202e}') && answer.contains(r"\u{202e}"), "{answer}");
    }
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    for record in rows.records() {
        for part in record.unwrap().iter().flat_map(|cell| cell.split([';', '|'])) {
            assert!(!part.trim_start().starts_with(['=', '@', '+', '-']), "{part}");
        }
    }
    assert!(triage(&archive, "-f csv --csv-raw").contains('\u{202e}'));
    assert_eq!(
        incidents(&triage(&archive, "-f jsonl"))[1]["principal"],
        format!("arn:aws:iam::111122223333:user/{ODD}")
    );
}

#[test]
fn an_incident_has_at_most_eight_lines() {
    let output = firstseen_here(&["triage", "fixtures/small-archive", "-q", "--top", "999"]);
    for text in [String::from_utf8(output.stdout).unwrap(), triage(&intrusion(), "--builtin-rules")] {
        let blocks: Vec<&str> = text.split("\n\n").collect();
        assert!(blocks.len() > 3, "{text}");
        for block in &blocks[1..blocks.len() - 1] {
            assert!((4..=8).contains(&block.lines().count()), "{block}");
            assert!(block.lines().last().unwrap().starts_with("   firstseen events "), "{block}");
        }
    }
}

#[test]
fn the_start_of_an_incident_is_the_same_in_all_formats() {
    let archive = intrusion();
    let csv = triage(&archive, "-f csv");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let names = rows.headers().unwrap().clone();
    let place = |name: &str| names.iter().position(|known| known == name).unwrap();
    let times: Vec<String> = rows
        .records()
        .map(|row| row.unwrap())
        .map(|row| match (&row[place("start")], &row[place("end")]) {
            (start, end) if start == end => format!("), {start}"),
            (start, end) => format!("), {start} to {end}"),
        })
        .collect();
    let text = triage(&archive, "");
    let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("   user ")).collect();
    assert_eq!(heads.len(), times.len());
    assert!(heads.iter().zip(&times).all(|(head, time)| head.ends_with(time)), "{heads:?} {times:?}");
    assert!(times.contains(&"), 2024-04-15T10:00:00Z to 2024-04-15T13:00:00Z".to_owned()), "{times:?}");
}

#[test]
fn the_command_of_an_incident_begins_with_the_activity_that_led_to_it() {
    // What jo always does, in the hour before.
    let known = |minute: &str| record(&format!("2024-04-15T{minute}:00Z"), "jo", "s3:GetObject");
    let archive = intrusion()
        .delivered("20240415T0700", &[known("06:30")])
        .delivered("20240415T0910", &[known("08:50"), known("09:10")]);
    let text = triage(&archive, "--principal jo");
    assert!(text.contains("--from 2024-04-15T08:00:00Z --to 2024-04-15T14:00:00Z"), "{text}");
}

#[test]
fn the_command_of_an_incident_ends_with_the_activity_that_followed() {
    // What ann always does, until the evening and again at night.
    let known = |time: &str| record(&format!("2024-04-{time}:00Z"), "ann", "s3:GetObject");
    let archive =
        intrusion().delivered("20240415T1500", &[known("15T13:59"), known("15T14:40"), known("15T23:00")]);
    let command = |arguments: &str| {
        let text = triage(&archive, arguments);
        text.lines().find(|line| line.starts_with("   firstseen events ")).unwrap().to_owned()
    };
    assert!(command("--principal ann").ends_with(" --to 2024-04-15T15:00:00Z"), "{}", command(""));
    let read = command("--principal ann --read-to 2024-04-15T13:30:00Z");
    assert!(read.ends_with(" --to 2024-04-15T13:30:00Z"), "{read}");
    let found = incidents(&triage(&archive, "-f jsonl --principal ann"));
    assert_eq!(found[0]["end"], "2024-04-15T13:00:00Z");
}

#[test]
fn a_success_after_a_failure_is_told_and_is_in_the_window_of_the_command() {
    let again = |minute: &str| record(&format!("2024-04-15T{minute}:00Z"), "jo", "iam:AttachUserPolicy");
    let archive = intrusion().delivered("20240415T1105", &[again("12:30")]);
    // Fewer parts leave room for all actions.
    std::fs::write(archive.path().join("actions.toml"), "network = 0\nagent = 0\n").unwrap();
    let text = triage(&archive, "--by episode --episode-gap 3h --principal jo --weights actions.toml");
    let told =
        "iam:AttachUserPolicy failed (AccessDenied); first success 2024-04-15T12:30:00Z [permissions]: ";
    assert!(text.contains(told), "{text}");
    assert!(text.contains(" --to 2024-04-15T13:00:00Z\n"), "{text}");
    // Hours later it is not of the same episode.
    let text = triage(&archive, "--by episode --principal jo --weights actions.toml");
    assert!(text.contains(told) && text.contains(" --to 2024-04-15T11:00:00Z\n"), "{text}");
    let member = &incidents(&triage(&archive, "-f jsonl --principal jo"))[0]["members"][0];
    assert_eq!(member["outcomes"], json!({"success": 1, "failure": 1, "succeeded_later": 1}));
    let said = "1 succeeded, 1 failed, 1 of which succeeded later";
    assert!(triage(&archive, "-f html").contains(said));
    let page = firstseen(&["scan", ".", "-q", "-f", "html"], archive.path());
    assert!(String::from_utf8(page.stdout).unwrap().contains(", 1 of which succeeded later"));
    assert!(!triage(&intrusion(), "-f html").contains("succeeded later"));
}

/// What is printed for a shell is run by one.
#[cfg(unix)]
#[test]
fn printed_commands_find_hostile_names() {
    let user = "e\u{200b}va -x";
    let mut archive = Archive::new();
    let at = |day: &str| format!("-logs/{}", crate::archive::log_path(day, "0123456789abcdef"));
    for day in ["03-01", "03-06", "03-11", "03-16", "03-21", "03-26", "03-31", "04-05", "04-10"] {
        let read = record(&format!("2024-{day}T10:00:00Z"), user, "s3:GetObject");
        let path = at(&format!("2024{}T1005", day.replace('-', "")));
        archive = archive.object(&path, &crate::archive::gzip(&crate::archive::wrapped(&[read])));
    }
    let mut last = record("2024-04-15T10:00:00Z", user, "iam:CreateAccessKey");
    last["userIdentity"]["accessKeyId"] = json!("-rf");
    let archive =
        archive.object(&at("20240415T1005"), &crate::archive::gzip(&crate::archive::wrapped(&[last])));
    let run = |command: &str| {
        let script = format!("firstseen() {{ \"{}\" \"$@\"; }}; {command}", env!("CARGO_BIN_EXE_firstseen"));
        let output = Command::new("sh").args(["-c", &script]).current_dir(archive.path()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run("firstseen triage -q -- -logs");
    let events = text.lines().find(|line| line.starts_with("   firstseen events ./-logs ")).unwrap();
    assert!(run(events).contains("iam.amazonaws.com:CreateAccessKey"), "{events}");
    let (_, trace) = text.split_once("key -rf: ").unwrap();
    let trace = trace.lines().next().unwrap();
    assert_eq!(trace, "firstseen trace ./-logs -- -rf");
    assert!(run(trace).contains("-rf"));
    let next = run("firstseen doctor -q -- -logs");
    assert!(next.contains("firstseen triage ./-logs"), "{next}");
}

#[test]
fn an_incident_without_parts_has_no_sum() {
    let archive = intrusion();
    let none = "size = 0\nhistory = 0\nnetwork = 0\nagent = 0\n";
    std::fs::write(archive.path().join("none.toml"), none).unwrap();
    let text = triage(&archive, "--weights none.toml");
    assert!(text.contains("\n1. informational  0.00 bits\n"), "{text}");
}

#[test]
fn the_keys_of_an_incident_lead_to_a_trace() {
    let archive = intrusion();
    let text = triage(&archive, "");
    assert!(text.contains("\n   keys ASIASTOLEN, AKIAISSUED: firstseen trace . ASIASTOLEN\n"), "{text}");
    let traced = firstseen(&["trace", ".", "ASIASTOLEN", "-q"], archive.path());
    assert!(String::from_utf8(traced.stdout).unwrap().contains("key AKIAISSUED of user"));
    let run = |command: &str| {
        let output = firstseen(&command.split(' ').collect::<Vec<_>>(), archive.path());
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run("triage AWSLogs ./AWSLogs -q");
    let (_, trace) = text.split_once("\n   keys ASIASTOLEN, AKIAISSUED: firstseen ").unwrap();
    let trace = trace.lines().next().unwrap();
    assert_eq!(trace, "trace AWSLogs ./AWSLogs ASIASTOLEN");
    assert!(run(trace).contains("key AKIAISSUED of user"));
    // Of several baselines one must be made first.
    let months = "AWSLogs/111122223333/CloudTrail/eu-west-1/2024";
    run(&format!("index {months}/03 -o a.baseline -q"));
    run(&format!("index {months}/04 -o b.baseline -q"));
    let text = run("triage a.baseline b.baseline -q");
    assert!(text.contains("\n   keys ASIASTOLEN, AKIAISSUED\n"), "{text}");
    let how = text.lines().last().unwrap();
    let commands = how.strip_prefix("to trace a key, make one baseline of all: firstseen ").unwrap();
    let (merge, trace) = commands.split_once(", then firstseen ").unwrap();
    assert_eq!(merge, "merge a.baseline b.baseline -o all.baseline");
    run(merge);
    assert!(run(&trace.replace("KEY", "ASIASTOLEN")).contains("key AKIAISSUED of user"));
    // So it is of a list of files below a folder. The baseline of another list does not know where its files are.
    let list: String = walkdir::WalkDir::new(archive.path().join("AWSLogs"))
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| format!("{}\n", entry.path().display()))
        .collect();
    std::fs::write(archive.path().join("list.txt"), list).unwrap();
    let root = archive.path().display().to_string();
    let text = run(&format!("triage --files-from list.txt --archive-root {root} -q"));
    let how = text.lines().last().unwrap();
    let commands = how.strip_prefix("to trace a key, make one baseline of all: firstseen ").unwrap();
    let (index, trace) = commands.split_once(", then firstseen ").unwrap();
    run(&index.replace("all.baseline", "listed.baseline"));
    let trace = trace.replace("all.baseline", "listed.baseline").replace("KEY", "ASIASTOLEN");
    assert!(run(&trace).contains("key AKIAISSUED of user"));
    assert!(!run("triage --files-from list.txt -q").contains("to trace a key"));
    run("index --files-from list.txt -o list.baseline -q");
    let output = firstseen(&["trace", "list.baseline", "ASIASTOLEN"], archive.path());
    assert!(stderr(&output).contains("--archive FOLDER says where"), "{}", stderr(&output));
    let said = stderr(&firstseen(&["triage", "."], archive.path()));
    assert!(said.contains("--case DIR saves this ranking"), "{said}");
}

#[test]
fn the_keys_of_an_incident_are_shown_whatever_else_there_is() {
    let archive = intrusion();
    std::fs::write(archive.path().join("known.toml"), "networks = ['10.0.0.0/8']\n").unwrap();
    let text = triage(&archive, "--known known.toml --builtin-rules --by incident");
    let incident = text.split("\n\n").find(|block| block.contains(" known ")).unwrap();
    assert!(incident.lines().count() == 8 && incident.contains("\n   by the list of --known: "), "{text}");
    assert!(incident.contains("\n   keys ASIASTOLEN, AKIAISSUED: firstseen trace . ASIASTOLEN\n"), "{text}");
    assert!(incident.contains("\n   2 episodes: jo, ann (key created by jo)\n"), "{text}");
}

/// A chain of users, each of whom makes a key for the next one, who uses it.
fn chain(users: usize) -> Archive {
    let name = |user: usize| format!("user{user:02}");
    let records: Vec<Value> = (0..users)
        .map(|user| {
            let time = format!("2024-04-15T10:{user:02}:00Z");
            let key = json!({"accessKeyId": format!("AKIA{}", user + 1), "userName": name(user + 1)});
            let mut issuing = record(&time, &name(user), "iam:CreateAccessKey");
            issuing["userIdentity"]["accessKeyId"] = json!(format!("AKIA{user}"));
            with(issuing, json!({"responseElements": {"accessKey": key}}))
        })
        .collect();
    let ordinary = record("2024-01-01T10:00:00Z", "jo", "s3:GetObject");
    Archive::new().delivered("20240101T1005", &[ordinary]).delivered("20240415T1105", &records)
}

#[cfg(unix)]
#[test]
fn the_command_of_an_incident_names_twenty_principals_and_says_how_many_it_leaves_out() {
    for (users, named, rest) in [(6, 6, None), (20, 20, None), (23, 20, Some("3 more principals"))] {
        let archive = chain(users);
        let text = triage(&archive, "");
        let command = text.lines().find(|line| line.starts_with("   firstseen events ")).unwrap();
        assert_eq!(command.matches(" --principal ").count(), named, "{command}");
        assert_eq!(command.split_once(" # without ").map(|(_, rest)| rest), rest, "{command}");
        let page = triage(&archive, "-f html");
        assert_eq!(page.contains("# without 3 more principals"), rest.is_some());
        let output = Command::new("sh")
            .args(["-c", &command.replace("firstseen", env!("CARGO_BIN_EXE_firstseen"))])
            .current_dir(archive.path())
            .output()
            .unwrap();
        let events = String::from_utf8(output.stdout).unwrap();
        assert_eq!(events.matches("iam:CreateAccessKey").count(), named, "{events}");
    }
}

#[test]
fn a_trace_from_a_baseline_names_the_file_that_describes_its_archives() {
    let (archive, folder) = (intrusion(), TempDir::new().unwrap());
    let table = format!("[[archive]]\npath = '{}'\nlabel = 'prod'\n", archive.path().display());
    std::fs::write(folder.path().join("case.toml"), table).unwrap();
    let run = |command: &str| firstseen(&command.split(' ').collect::<Vec<_>>(), folder.path());
    assert!(run("index --config case.toml -o case.baseline -q").status.success());
    let output = run("triage case.baseline --config case.toml -q");
    let text = String::from_utf8(output.stdout).unwrap();
    let command = "trace case.baseline --config case.toml ASIASTOLEN";
    assert!(text.contains(&format!(": firstseen {command}\n")), "{text}");
    assert!(run(command).status.success(), "{}", stderr(&run(command)));
    for command in ["trace case.baseline ASIASTOLEN", "events case.baseline"] {
        let said = stderr(&run(command));
        assert!(said.contains("--archive ARCHIVE") && said.contains("--config FILE"), "{said}");
    }
}

#[test]
fn a_principal_that_is_new_in_the_archive_is_not_called_new() {
    let zoe = |time: &str, action: &str| record(time, "zoe", action);
    let archive = intrusion()
        .delivered("20240412T1000", &[zoe("2024-04-12T10:00:00Z", "iam:ListRoles")])
        .delivered("20240416T1000", &[zoe("2024-04-16T10:00:00Z", "iam:GetRole")]);
    let text = triage(&archive, "--principal zoe");
    let heads: BTreeSet<&str> =
        text.lines().filter_map(|line| line.split_once("user/zoe (")).map(|(_, head)| head).collect();
    let expected = [
        "account 111122223333), first seen in this archive on 2024-04-12, 2024-04-16T10:00:00Z",
        "account 111122223333), not seen in this archive before, 2024-04-12T10:00:00Z",
    ];
    assert_eq!(heads, BTreeSet::from(expected), "{text}");
    let members = incidents(&triage(&archive, "--principal zoe -f jsonl"));
    let seen = members.iter().map(|incident| &incident["members"][0]["first_seen"]);
    assert!(seen.clone().count() == 2 && seen.into_iter().all(|seen| seen == "2024-04-12T10:00:00Z"));
    let page = triage(&archive, "--principal zoe -f html");
    assert!(
        page.contains(", not seen in this archive before") && page.contains(", first seen in this archive <")
    );
}

#[test]
fn numbers_of_a_page_before_filters_are_called_so() {
    let archive = intrusion();
    let numbers = |page: &str| -> Vec<String> {
        let list = page.split("<ul class=\"numbers\">").nth(1).unwrap().split("</ul>").next().unwrap();
        let items = list.split("</strong>").skip(1);
        items.map(|item| item.split("</li>").next().unwrap().trim().to_owned()).collect()
    };
    let before =
        |page: &str| numbers(page).iter().map(|name| name.ends_with(", before filters")).collect::<Vec<_>>();
    assert_eq!(before(&triage(&archive, "-f html")), [false; 5]);
    for filter in ["--principal jo", "--from 2024-04-16"] {
        assert_eq!(before(&triage(&archive, &format!("-f html {filter}"))), [true, true, true, true, false]);
        let arguments = format!("scan . -q -f html {filter}");
        let page = firstseen(&arguments.split(' ').collect::<Vec<_>>(), archive.path());
        assert_eq!(before(&String::from_utf8(page.stdout).unwrap()), [true, true, true, false, false]);
    }
}

#[test]
fn what_is_counted_before_filters_is_said() {
    let archive = intrusion();
    let ends = |arguments: &str| {
        let text = triage(&archive, arguments);
        let lines: Vec<&str> = text.lines().collect();
        let words = |line: &str| line.split(':').next().unwrap().to_owned();
        let total = lines.iter().rfind(|line| line.contains("archive has")).map(|line| (*line).to_owned());
        (words(lines[0]), words(lines[1]), total.unwrap())
    };
    let all = ends("");
    assert_eq!((&*all.0, &*all.1), ("archive", "novelty"));
    assert_eq!(all.2, "2 incidents; the archive has 3 episodes with 10 findings in all dimensions");
    let some = ends("--principal jo");
    assert_eq!((&*some.0, &*some.1), ("archive, before filters", "novelty, before filters"));
    assert_eq!(
        some.2,
        "1 incident that passes the filters; the whole archive has 3 episodes with 10 findings in all dimensions"
    );
}

/// What the first command of a ranking's text prints, as JSON lines.
#[cfg(unix)]
fn answer_of_command(text: &str, folder: &std::path::Path) -> Vec<Value> {
    let command = text.lines().find_map(|line| line.trim().strip_prefix("firstseen ")).unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("exec {} {command} -f jsonl -q", env!("CARGO_BIN_EXE_firstseen"))])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
}

#[cfg(unix)]
#[test]
fn the_command_of_an_incident_shows_its_events() {
    // A name with an invisible character cannot be copied from a terminal.
    let archive = intrusion();
    let shown = answer_of_command(&triage(&archive, "--principal jo"), archive.path());
    let events: Vec<_> = shown.iter().filter_map(|line| line.get("event_id")).collect();
    let incident = &incidents(&triage(&archive, "-f jsonl --principal jo"))[0];
    let findings = incident["findings"].as_array().unwrap();
    assert!(events.len() >= 2 && findings.iter().all(|finding| events.contains(&&finding["event_id"])));
    let first = |line: &&Value| line["first_sighting"] == true;
    let new = |finding: &&Value| finding["finding"] == "new-action";
    assert_eq!(shown.iter().filter(first).count(), findings.iter().filter(new).count());
}

#[cfg(unix)]
#[test]
fn the_command_of_an_incident_in_a_baseline_shows_its_findings() {
    let (archive, folder) = (intrusion(), TempDir::new().unwrap());
    let saved = folder.path().join("case.baseline");
    let index = ["index", archive.path().to_str().unwrap(), "-o", saved.to_str().unwrap(), "-q"];
    assert!(firstseen(&index, folder.path()).status.success());
    let asked = |arguments: &[&str]| {
        let output = firstseen(&[&["triage", "case.baseline", "-q"], arguments].concat(), folder.path());
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = answer_of_command(&asked(&["--principal", "jo"]), folder.path());
    let key =
        |finding: &Value| [&finding["finding"], &finding["action"], &finding["value"]].map(Value::to_string);
    let shown: BTreeSet<_> = shown.iter().filter(|line| line.get("finding").is_some()).map(key).collect();
    let incident = &incidents(&asked(&["--principal", "jo", "-f", "jsonl"]))[0];
    let findings: BTreeSet<_> = incident["findings"].as_array().unwrap().iter().map(key).collect();
    assert_eq!(shown, findings);
}

#[test]
fn an_incident_is_one_finding_of_another_system() {
    let (archive, folder) = (intrusion(), TempDir::new().unwrap());
    let found = incidents(&triage(&archive, "-f jsonl"));
    let events: Vec<Value> =
        triage(&archive, "-f ocsf").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), found.len());
    assert_eq!(
        events[0]["finding_info"]["title"],
        "Unusual activity of jo: 2 first-seen actions, in an incident of 2 episodes"
    );
    assert_eq!(events[0]["unmapped"]["score"], found[0]["score"]);
    assert_eq!(events[0]["unmapped"]["findings"], Value::Null);
    assert_eq!(events[0]["count"], found[0]["findings"].as_array().unwrap().len());
    let out = folder.path().join("out");
    assert_eq!(triage(&archive, &format!("-f asff -o {}", out.display())), "");
    let batch = std::fs::read(out.join("asff/111122223333_eu-west-1_0001.json")).unwrap();
    let batch: Value = serde_json::from_slice(&batch).unwrap();
    let first = &batch["Findings"][0];
    assert_eq!(batch["Findings"].as_array().unwrap().len(), found.len());
    assert_eq!(
        (first["GeneratorId"].as_str(), first["Resources"][0]["Id"].as_str()),
        (Some("firstseen/triage"), Some("arn:aws:iam::111122223333:user/jo"))
    );
    let severity = first["FindingProviderFields"]["Severity"]["Label"].as_str().unwrap();
    assert_eq!(severity.to_lowercase(), found[0]["severity"]);
    assert_eq!(
        first["ProductFields"]["firstseen/score"],
        format!("{:.2}", found[0]["score"].as_f64().unwrap())
    );
    assert!(!batch.to_string().contains('\u{202e}'));
}

/// A month of a service account, and a day on which it comes from elsewhere and does much that has a class.
fn in_cluster() -> Archive {
    let event = |time: &str, verb: &str, resource: &str, subresource: Option<&str>| {
        let object = json!({"resource": resource, "subresource": subresource, "namespace": "shop"});
        let user = "system:serviceaccount:shop:web";
        with(audit_event(time, user, verb, resource), json!({"objectRef": object, "auditID": time}))
    };
    let days = (1..28).map(|day| event(&format!("2024-01-{day:02}T10:00:00Z"), "get", "configmaps", None));
    let stolen = [
        ("list", "secrets", None),
        ("create", "pods", Some("exec")),
        ("create", "serviceaccounts", None),
        ("create", "serviceaccounts", Some("token")),
        ("deletecollection", "events", None),
        ("get", "endpoints", None),
    ];
    let elsewhere = json!({"sourceIPs": ["203.0.113.9"], "userAgent": "curl/8.5.0"});
    let stolen = stolen.into_iter().zip(10..).map(|((verb, resource, subresource), minute)| {
        let time = format!("2024-03-10T10:{minute}:00Z");
        with(event(&time, verb, resource, subresource), elsewhere.clone())
    });
    let anonymous = audit_event("2024-03-10T11:00:00Z", "system:anonymous", "get", "pods");
    let anonymous = with(anonymous, json!({"sourceIPs": ["203.0.113.9"]}));
    let lines: String = days.chain(stolen).chain([anonymous]).map(|event| format!("{event}\n")).collect();
    Archive::new().object("audit.log", lines.as_bytes())
}

#[test]
fn new_actions_with_a_class_are_named_whatever_else_there_is() {
    let text = triage(&in_cluster(), "--top 1");
    for action in [
        "list core/secrets",
        "create core/pods/exec",
        "create core/serviceaccounts/token",
        "deletecollection core/events",
        "1 more new action",
        "network 203.0.113.0/24: never seen in this archive before this episode; agent curl",
    ] {
        assert!(text.contains(action), "{action}: {text}");
    }
    let incident: Vec<&str> = text.split("\n\n").nth(1).unwrap().lines().collect();
    assert!(incident.len() <= 8, "{text}");
    assert!(incident[1..7].iter().all(|line| line.chars().count() <= 140), "{text}");
}

#[test]
fn accounts_and_clusters_that_are_not_known_are_not_mentioned() {
    let text = triage(&in_cluster(), "--top 1");
    assert!(text.contains(", 2 principals, "), "{text}");
    assert!(text.contains(" 2 episodes: shop:web, system:anonymous (same network"), "{text}");
    assert!(!text.contains("no account") && !text.contains("in -"), "{text}");
    let named = triage(&in_cluster(), "--top 1 --k8s-cluster prod");
    assert!(named.contains(" 2 episodes in prod: shop:web, system:anonymous (same network"), "{named}");
}

#[test]
fn a_role_that_was_refused_is_asked_for_and_not_assumed() {
    let ordinary = record("2024-01-01T00:00:00Z", "eva", "s3:GetObject");
    let archive = || Archive::new().delivered("20240101T0005", std::slice::from_ref(&ordinary));
    let refused = with(asking("2024-03-10T00:00:00Z", "Deploy"), json!({"errorCode": "AccessDenied"}));
    let (later, acts) =
        (asking("2024-03-10T02:00:00Z", "Deploy"), acting("2024-03-10T04:00:00Z", "iam:ListUsers"));
    let told = |records: &[Value]| {
        let archive = archive().delivered("20240310T0405", records);
        let text = triage(&archive, "");
        let link = incidents(&triage(&archive, "-f jsonl"))[0]["links"][0]["text"].clone();
        (text.lines().find(|line| line.contains("2 episodes")).unwrap().trim().to_owned(), link)
    };
    let role = "arn:aws:iam::111122223333:role/Deploy";
    let eva = "arn:aws:iam::111122223333:user/eva";
    assert_eq!(
        told(&[refused.clone(), acts.clone()]),
        ("2 episodes: eva, Deploy (asked for by eva)".into(), json!(format!("{eva} asked for {role}")))
    );
    assert_eq!(
        told(&[refused, later, acts]),
        ("2 episodes: eva, Deploy (assumed by eva)".into(), json!(format!("{eva} assumed {role}")))
    );
}

/// The reason of a part of an episode that begins at a time.
fn reason(episodes: &[Value], start: &str, part: &str) -> String {
    let episode = episodes.iter().find(|one| one["start"] == start).unwrap();
    let mut reasons = episode["reasons"].as_array().unwrap().iter();
    reasons.find(|reason| reason["part"] == part).unwrap()["text"].as_str().unwrap().to_owned()
}

#[test]
fn reasons_say_nothing_of_what_came_within_an_episode_or_its_first_hour() {
    let from = |time: &str, user: &str, action: &str, address: &str| {
        with(record(time, user, action), json!({"sourceIPAddress": address}))
    };
    let ordinary = ["eva", "bob"].map(|user| record("2024-01-01T00:00:00Z", user, "s3:GetObject"));
    let archive = Archive::new().delivered("20240101T0005", &ordinary).delivered(
        "20240310T1105",
        &[
            // Bob comes from the network of Eva's episode before she does.
            from("2024-03-10T10:00:00Z", "eva", "ec2:CreateSnapshot", "198.51.100.1"),
            from("2024-03-10T10:20:00Z", "bob", "s3:GetObject", "203.0.113.7"),
            from("2024-03-10T10:40:00Z", "eva", "s3:GetObject", "203.0.113.7"),
            from("2024-03-10T12:00:00Z", "new", "ec2:CreateSnapshot", "198.51.100.1"),
            from("2024-03-10T12:50:00Z", "new", "ec2:CreateVolume", "192.0.2.7"),
        ],
    );
    let found = incidents(&triage(&archive, "-f jsonl --by episode --episode-gap 45m"));
    let network = reason(&found, "2024-03-10T12:50:00Z", "network");
    assert!(network.contains("this user had been active in no earlier hour"), "{network}");
    let network = reason(&found, "2024-03-10T12:00:00Z", "network");
    assert!(network.contains("this user had not been active before"), "{network}");
    let bob = reason(&found, "2024-03-10T10:20:00Z", "network");
    assert!(
        bob.starts_with("network 203.0.113.0/24: never seen in this archive before this episode"),
        "{bob}"
    );
    assert_eq!(
        reason(&found, "2024-03-10T10:00:00Z", "history"),
        "no episode with new actions had ended before"
    );
}

#[test]
fn principals_of_one_name_are_told_apart_by_their_accounts() {
    let role = |time: &str, account: &str, action: &str, key: &str| {
        let issuer = json!({"type": "Role", "principalId": format!("AROA{account}"), "accountId": account,
            "arn": format!("arn:aws:iam::{account}:role/admin"), "userName": "admin"});
        let mut call = record(time, "eva", action);
        call["recipientAccountId"] = json!(account);
        call["userIdentity"] = json!({"type": "AssumedRole", "principalId": format!("AROA{account}:s"),
            "accountId": account, "arn": format!("arn:aws:sts::{account}:assumed-role/admin/s"),
            "accessKeyId": key, "sessionContext": {"sessionIssuer": issuer}});
        call
    };
    let (one, other) = ("111122223333", "444455556666");
    let issued = json!({"responseElements": {"credentials": {"accessKeyId": "ASIATWO"}}});
    let ordinary =
        [one, other].map(|account| role("2024-01-01T00:00:00Z", account, "s3:GetObject", "ASIAOLD"));
    let pivot = [
        with(role("2024-03-10T00:00:00Z", one, "sts:AssumeRole", "ASIAONE"), issued),
        role("2024-03-10T02:00:00Z", other, "iam:ListUsers", "ASIATWO"),
    ];
    let archive = Archive::new().delivered("20240101T0005", &ordinary).delivered("20240310T0205", &pivot);
    let text = triage(&archive, "");
    let line = "2 episodes: role admin of 111122223333, role admin of 444455556666 \
                (session begun by role admin of 111122223333)";
    assert!(text.contains(line), "{text}");
}

#[test]
fn the_next_command_opens_logs_that_came_late() {
    let archive = Archive::new()
        .delivered("20240101T0010", &[record("2024-01-01T00:00:00Z", "late", "iam:ListUsers")])
        .delivered("20240301T0010", &[record("2024-02-10T00:00:00Z", "late", "iam:CreateUser")]);
    let run = |command: &str| firstseen(&command.split(' ').collect::<Vec<_>>(), archive.path());
    let text = triage(&archive, "");
    let command = text.lines().find_map(|line| line.strip_prefix("   firstseen events ")).unwrap();
    assert!(command.ends_with(" --delivery-slack 20d"), "{command}");
    let command = format!("events {command} -q");
    let shown = String::from_utf8(run(&command).stdout).unwrap();
    assert!(shown.contains("iam.amazonaws.com:CreateUser"), "{shown}");
    // By hand, the warning leads there.
    let by_hand = run("events . --from 2024-02-10 --to 2024-02-10 -q");
    assert!(stderr(&by_hand).contains("--delivery-slack 30d"), "{}", stderr(&by_hand));
    let wider = run("events . --from 2024-02-10 --to 2024-02-10 -q --delivery-slack 30d");
    assert!(stderr(&wider).is_empty() && wider.stdout.starts_with(b"2024-02-10"), "{}", stderr(&wider));
}

#[test]
fn what_new_means_without_failed_calls_is_said() {
    let note = "failed calls count as not seen (--only-success)";
    assert!(triage(&intrusion(), "--only-success").contains(note));
    assert!(!triage(&intrusion(), "").contains(note));
}
