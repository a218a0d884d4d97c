//! `triage --known`: what the user says matters.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, record, with};
use crate::program::{firstseen, stderr};
use crate::triage_reports::{incidents, intrusion, triage};

/// A rule for reads of one secret.
const RULE: &[u8] = b"\
- rule: Payment secret read
  desc: Somebody read the password of the payment database.
  condition: ct.name=GetSecretValue and json.value[/requestParameters/secretId] contains payments
  output: \"%ct.user.arn read it\"
  priority: CRITICAL
  source: aws_cloudtrail
";

/// Eva and Kim read secrets every fifth day, from the same place. On 12 April, as on any other day, but this time Eva reads
/// the one for payments.
fn insider() -> Archive {
    let mut archive = Archive::new()
        .object("rules/secret.yaml", RULE)
        .object("known.toml", b"rules = [\"payment secret *\"]\n");
    for day in ["03-01", "03-06", "03-11", "03-16", "03-21", "03-26", "03-31", "04-05", "04-12"] {
        let read = |user: &str| {
            let secret = if day == "04-12" && user == "eva" { "prod/payments" } else { "prod/web" };
            let read = record(&format!("2024-{day}T10:00:00Z"), user, "secretsmanager:GetSecretValue");
            with(read, json!({"requestParameters": {"secretId": secret}}))
        };
        archive =
            archive.delivered(&format!("2024{}T1005", day.replace('-', "")), &[read("eva"), read("kim")]);
    }
    archive
}

/// The answer of `triage` on the logs or a saved baseline of an archive.
fn asked(archive: &Archive, arguments: &[&str]) -> String {
    let output = firstseen(&[&["triage", "-q", "-f", "jsonl"], arguments].concat(), archive.path());
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_match_of_a_named_rule_makes_an_episode_where_nothing_else_is_new() {
    let archive = insider();
    let rules = ["AWSLogs", "--rules", "rules"];
    assert!(incidents(&asked(&archive, &rules)).is_empty());
    let found = incidents(&asked(&archive, &[&rules[..], &["--known", "known.toml"]].concat()));
    assert_eq!(found.len(), 1);
    let incident = &found[0];
    assert_eq!(incident["principal"], "arn:aws:iam::111122223333:user/eva");
    assert_eq!(
        (&incident["start"], &incident["parts"]),
        (&json!("2024-04-12T10:00:00Z"), &json!({"known": 10.0}))
    );
    assert_eq!(incident["findings"].as_array().unwrap().len(), 1);
    assert_eq!(incident["findings"][0]["finding"], "rule");
    assert_eq!(incident["members"][0]["rules"][0]["name"], "Payment secret read");
    let folder = TempDir::new().unwrap();
    let saved = folder.path().join("case.baseline");
    let saved = saved.to_str().unwrap();
    let indexed = firstseen(&["index", "AWSLogs", "--rules", "rules", "-o", saved, "-q"], archive.path());
    assert!(indexed.status.success(), "{}", stderr(&indexed));
    assert_eq!(incidents(&asked(&archive, &[saved, "--known", "known.toml"])), found);
    assert!(incidents(&asked(&archive, &[saved])).is_empty());
}

/// Two reads of secrets by one user within an hour, and the rule about one of them.
const CORRELATION: &[u8] = b"\
title: Two secrets
level: high
correlation: {type: event_count, rules: [one], group-by: [userIdentity.arn], timespan: 1h, condition: {gte: 2}}
---
{title: One secret, name: one, logsource: {product: aws}, detection: {s: {eventName: GetSecretValue}, condition: s}}
";

#[test]
fn a_named_correlation_makes_an_episode_where_it_was_completed() {
    let again = record("2024-04-12T10:20:00Z", "eva", "secretsmanager:GetSecretValue");
    let archive = insider()
        .delivered("20240412T1025", &[again])
        .object("rules/two.yml", CORRELATION)
        .object("two.toml", b"rules = [\"two *\"]\n")
        .object("one.toml", b"rules = [\"One secret\"]\n");
    let rules = ["AWSLogs", "--sigma", "rules/two.yml"];
    assert!(incidents(&asked(&archive, &rules)).is_empty());
    let found = incidents(&asked(&archive, &[&rules[..], &["--known", "two.toml"]].concat()));
    assert_eq!(found.len(), 1);
    let incident = &found[0];
    assert_eq!(
        (&incident["principal"], &incident["start"], &incident["parts"]),
        (
            &json!("arn:aws:iam::111122223333:user/eva"),
            &json!("2024-04-12T10:20:00Z"),
            &json!({"known": 10.0})
        )
    );
    assert_eq!(incident["findings"].as_array().unwrap().len(), 1);
    assert_eq!(incident["findings"][0]["rules"], "Two secrets");
    assert_eq!(incident["members"][0]["rules"][0]["name"], "Two secrets");
    // The rule that it counts reports nothing of its own.
    let output =
        firstseen(&[&["triage", "-q"], &rules[..], &["--known", "one.toml"]].concat(), archive.path());
    let warning = "--known, rules, One secret: it only serves correlations and reports nothing of its own";
    assert!(stderr(&output).contains(warning), "{}", stderr(&output));
    let output =
        firstseen(&[&["triage", "-q"], &rules[..], &["--known", "two.toml"]].concat(), archive.path());
    assert!(!stderr(&output).contains("--known"), "{}", stderr(&output));
}

#[test]
fn the_command_of_an_incident_shows_events_that_match_rules() {
    let archive = insider();
    let arguments = ["triage", "AWSLogs", "-q", "--rules", "rules", "--known", "known.toml"];
    let output = firstseen(&arguments, archive.path());
    let text = String::from_utf8(output.stdout).unwrap();
    let command = text.lines().find_map(|line| line.trim().strip_prefix("firstseen ")).unwrap();
    let shown = firstseen(&command.split(' ').collect::<Vec<_>>(), archive.path());
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("Payment secret read"), "{text}");
    assert!(shown.contains("  secretsmanager.amazonaws.com:GetSecretValue  ok  "), "{command}: {shown}");
}

#[test]
fn entries_that_apply_add_bits_and_change_nothing_else() {
    let list = b"networks = [\"198.51.100.0/24\"]\nprincipals = [\"jo\", \"nobody\"]\nactions = [\"iam:Attach*\", \"s3:*\"]\n";
    let archive = intrusion().object("known.toml", list);
    let usual = incidents(&triage(&archive, "-f jsonl --by episode"));
    let answer = triage(&archive, "-f jsonl --by episode --known known.toml");
    let found = incidents(&answer);
    assert_eq!(found.len(), usual.len());
    let first = &found[0];
    let of_usual = usual.iter().find(|one| one["start"] == first["start"]).unwrap();
    let known = |incident: &Value| incident["parts"].get("known").cloned();
    assert_eq!((known(first), known(of_usual)), (Some(json!(25.0)), None));
    let bits = |incident: &Value| incident["score"].as_f64().unwrap();
    assert!((bits(first) - 25.0 - bits(of_usual)).abs() < 0.01);
    let reasons = first["reasons"].as_array().unwrap();
    let reason = reasons.iter().find(|reason| reason["part"] == "known").unwrap();
    let names: Vec<&str> =
        reason["assets"].as_array().unwrap().iter().map(|asset| asset["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["203.0.113.9 is outside the own networks", "principal jo", "action iam:Attach*"]);
    let settings = |answer: &str| {
        let header: Value = serde_json::from_str(answer.lines().next().unwrap()).unwrap();
        header["header"]["settings"].clone()
    };
    assert_eq!(settings(&answer)["known"], json!({"networks": 1, "principals": 2, "actions": 2}));
    assert!(settings(&triage(&archive, "-f jsonl")).get("known").is_none());
}

#[test]
fn a_rule_that_no_event_was_matched_against_is_reported() {
    let archive = insider();
    let output = firstseen(&["triage", "AWSLogs", "-q", "--known", "known.toml"], archive.path());
    assert!(output.status.success());
    assert!(
        stderr(&output).contains("--known: events were not matched against a rule 'payment secret *'"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn entries_that_match_nothing_are_a_warning() {
    let archive = insider();
    let list = "networks = ['192.0.2.0/24', '0.0.0.0/0']\nprincipals = ['eva', 'break-glass']\nroles = ['kim', '*/pay']\n\
                actions = ['secretsmanager:Get*', 'iam:CreateUzer']\n";
    std::fs::write(archive.path().join("list.toml"), list).unwrap();
    let output = firstseen(&["triage", "AWSLogs", "-q", "--known", "list.toml"], archive.path());
    assert_eq!(output.status.code(), Some(0));
    let said = stderr(&output);
    let glob = "no principal matches (a glob must match the whole name, or the part after its last /)";
    for warning in [
        "--known, networks, 192.0.2.0/24: nothing was first seen from there\n".to_owned(),
        format!("--known, principals, break-glass: {glob}\n"),
        format!("--known, roles, */pay: {glob}, and no call assumes such a role\n"),
        "--known, actions, iam:CreateUzer: no action in the input matches".to_owned(),
    ] {
        assert!(said.contains(&warning), "{said}");
    }
    for met in ["eva", "kim", "Get*", "0.0.0.0/0"] {
        assert!(!said.contains(met), "{met}: {said}");
    }
}

#[test]
fn calls_that_aws_made_are_not_foreign_and_have_no_network() {
    let archive = || Archive::new().object("known.toml", b"networks = [\"203.0.113.0/24\"]\n");
    let first = with(
        record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"),
        json!({"sourceIPAddress": "203.0.113.9", "userAgent": "Boto3/1.26"}),
    );
    let later = with(
        record("2024-05-01T10:00:00Z", "eva", "ec2:CreateSnapshot"),
        json!({"sourceIPAddress": "192.0.2.7", "userAgent": "Boto3/1.26"}),
    );
    let mut by_aws = later.clone();
    by_aws["userIdentity"]["invokedBy"] = json!("backup.amazonaws.com");
    let mut in_shell = with(later.clone(), json!({"userAgent": "aws-cli/2.13.5 exec-env/CloudShell"}));
    in_shell["sessionCredentialFromConsole"] = json!("true");
    let networks = |later: Value| {
        let archive = archive()
            .delivered("20240301T1005", std::slice::from_ref(&first))
            .delivered("20240501T1005", &[later]);
        let found = incidents(&asked(&archive, &["AWSLogs", "--known", "known.toml"]));
        (found[0]["parts"].get("known").cloned(), found[0]["members"][0]["networks"].clone())
    };
    assert_eq!(networks(later), (Some(json!(5.0)), json!(["192.0.2.0/24"])));
    assert_eq!(networks(by_aws), (None, json!([])));
    assert_eq!(networks(in_shell), (None, json!([])));
}

#[test]
fn what_is_new_in_the_warmup_has_no_part_in_an_episode_of_matches() {
    let read = |time: &str, address: &str| {
        let read = record(time, "eva", "secretsmanager:GetSecretValue");
        let secret = json!({"requestParameters": {"secretId": "prod/payments"}});
        with(with(read, secret), json!({"sourceIPAddress": address}))
    };
    let ordinary = ["2024-03-01T10:00:00Z", "2024-05-01T10:00:00Z"]
        .map(|time| with(record(time, "eva", "s3:GetObject"), json!({"sourceIPAddress": "203.0.113.9"})));
    let archive = Archive::new()
        .object("rules/secret.yaml", RULE)
        .object("known.toml", b"rules = [\"payment secret *\"]\n")
        .delivered("20240301T1005", &ordinary[..1])
        .delivered(
            "20240310T1005",
            &[read("2024-03-10T10:00:00Z", "203.0.113.9"), read("2024-03-10T10:20:00Z", "192.0.2.7")],
        )
        .delivered("20240501T1005", &ordinary[1..]);
    let found = incidents(&asked(&archive, &["AWSLogs", "--rules", "rules", "--known", "known.toml"]));
    assert_eq!(found[0]["parts"], json!({"known": 10.0}));
}
