//! `triage --labels`: where a ranking has known incidents.

use serde_json::{Value, json};

use crate::archive::Archive;
use crate::program::{firstseen, stderr};
use crate::triage_reports::{incidents, intrusion, section, triage};

/// The incident of the 15th as two of its events, the one of the 16th, and one that the archive does not have.
const LABELS: &str = "\
class,incident,eventID,eventTime,principal,action,note
theft,key stolen,2024-04-15T10:00:00Z-jo-iam:CreateAccessKey,,,,a
theft,key stolen,,2024-04-15T13:20:00Z,111122223333|arn:aws:iam::111122223333:user/ann,ec2:RunInstances,b
theft,=elsewhere,no-such-event,,,,c
,users listed,2024-04-16T10:00:00Z-=1;@x\u{202e}*it's-iam:ListUsers,,,,d
";

fn labelled() -> Archive {
    intrusion().object("labels.csv", LABELS.as_bytes())
}

fn lines(answer: &str) -> Vec<Value> {
    answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_labelled_incident_has_its_rank_and_noise() {
    let answer = triage(&labelled(), "--labels labels.csv -f json --by episode");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let by_episode = incidents(&triage(&labelled(), "-f jsonl --by episode"));
    let place = |start: &str| 1 + by_episode.iter().position(|one| one["start"] == start).unwrap() as u64;
    let best = place("2024-04-15T10:00:00Z").min(place("2024-04-15T13:00:00Z"));
    let late = place("2024-04-16T10:00:00Z");
    // All three episodes belong to labelled incidents.
    let mut expected = vec![
        (best, json!({"incident": "key stolen", "class": "theft", "events": 2, "rank": best, "noise": 0})),
        (late, json!({"incident": "users listed", "class": null, "events": 1, "rank": late, "noise": 0})),
    ];
    expected.sort_by_key(|(rank, _)| *rank);
    let mut expected: Vec<Value> = expected.into_iter().map(|(_, incident)| incident).collect();
    expected
        .push(json!({"incident": "=elsewhere", "class": "theft", "events": 1, "rank": null, "noise": null}));
    assert_eq!(answer["incidents"], json!(expected));
    let shares = &answer["shares"];
    assert_eq!((&shares[0]["incidents"], &shares[0]["found"]), (&json!(3), &json!(2)));
    assert_eq!(shares[0]["rank_share"], json!({"12": 0.667, "20": 0.667, "50": 0.667}));
    assert_eq!(shares[1]["class"], "theft");
    assert_eq!(shares[1]["noise_share"], json!({"5": 0.5, "15": 0.5, "50": 0.5}));
    assert_eq!(shares[1]["median_rank"], Value::Null);
}

#[test]
fn an_incident_of_several_episodes_takes_as_many_places() {
    let rows = lines(&triage(&labelled(), "--labels labels.csv -f jsonl"));
    let stolen = rows.iter().find(|row| row["incident"] == "key stolen").unwrap();
    assert_eq!((&stolen["rank"], &stolen["noise"]), (&json!(2), &json!(1)));
}

#[test]
fn an_event_may_belong_to_several_labelled_incidents() {
    let labels = "incident,eventID,eventTime,principal,action\n\
        one,2024-04-15T10:00:00Z-jo-iam:CreateAccessKey,,,\n\
        two,2024-04-15T10:00:00Z-jo-iam:CreateAccessKey,,,\n\
        three,,2024-04-15T12:59:00Z,111122223333|arn:aws:iam::111122223333:user/ann,ec2:RunInstances\n\
        four,,2024-04-15T13:20:00Z,111122223333|arn:aws:iam::111122223333:user/ann,ec2:RunInstances\n";
    let archive = intrusion().object("labels.csv", labels.as_bytes());
    let rows = lines(&triage(&archive, "--labels labels.csv -f jsonl --by episode"));
    let rank = |name: &str| rows.iter().find(|row| row["incident"] == name).unwrap()["rank"].clone();
    assert!(rank("one").is_u64() && rank("one") == rank("two"));
    assert!(rank("three").is_u64() && rank("three") == rank("four"));
}

#[test]
fn all_formats_say_the_same_and_clean_names() {
    let archive = labelled();
    let text = triage(&archive, "--labels labels.csv");
    assert!(text.starts_with("2 of 3 labelled incidents found among 3 places of the ranking\n"), "{text}");
    assert!(text.contains("\nrank 2, noise 1: incident key stolen (theft, 2 events)\n"), "{text}");
    assert!(text.contains("\nnot found: incident =elsewhere (theft, 1 event)\n"), "{text}");
    let csv = triage(&archive, "--labels labels.csv -f csv");
    assert!(csv.starts_with("incident,class,events,rank,noise\nkey stolen,theft,2,2,1\n"), "{csv}");
    assert!(csv.ends_with("\n'=elsewhere,theft,1,,\n"), "{csv}");
    let rows = lines(&triage(&archive, "--labels labels.csv -f jsonl"));
    assert_eq!(rows.iter().filter(|row| row.get("incident").is_some()).count(), 3);
    assert_eq!(rows.iter().filter(|row| row.get("found").is_some()).count(), 2);
    for field in rows[1..rows.len() - 1].iter().flat_map(|row| row.as_object().unwrap().keys()) {
        assert!(section().contains(&format!("`{field}`")), "{field} is missing in docs/formats.md");
    }
}

#[test]
fn a_report_about_labels_is_not_for_other_systems() {
    let archive = labelled();
    for arguments in ["-f ocsf", "-f asff -o out", "--top 3"] {
        let all = ["triage", ".", "--labels", "labels.csv"].into_iter().chain(arguments.split(' '));
        let output = firstseen(&all.collect::<Vec<_>>(), archive.path());
        assert_eq!(output.status.code(), Some(2), "{arguments}: {}", stderr(&output));
    }
    assert!(!archive.path().join("out").exists());
}
