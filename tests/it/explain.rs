//! `explain`: what it says agrees with what `scan` reports, and what it blames is to blame.

use std::collections::BTreeSet;

use firstseen::query::HidingSetting;
use serde_json::{Value, json};

use crate::archive::{Archive, record, with};
use crate::program::{firstseen, firstseen_here, stderr};

const ARCHIVE: &str = "fixtures/small-archive";

/// Settings that hide something, each with the name of the setting.
const HIDING: [(&str, &[&str]); 12] = [
    ("min-severity", &["--min-severity", "medium"]),
    ("principal-kind", &["--principal-kind", "role"]),
    ("warmup", &["--warmup", "60d"]),
    ("report", &["--report", "new-principal"]),
    ("only-success", &["--only-success"]),
    ("from", &["--from", "2024-02-10"]),
    ("to", &["--to", "2024-03-01"]),
    ("read-to", &["--read-to", "2024-03-01"]),
    ("account", &["--account", "111122223333"]),
    ("region", &["--region", "us-east-1"]),
    ("ignore-action", &["--ignore-action", "iam:*,s3:*"]),
    ("only-mutating", &["--only-mutating"]),
];

fn answer(command: &str, flags: &[&str]) -> Value {
    let output = firstseen_here(&[&[command, ARCHIVE, "-q", "-f", "json"], flags].concat());
    assert!(output.status.success(), "{command} {flags:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

type Key = (String, String, String);

fn key(row: &Value) -> Key {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("account"), text("principal"), text("action"))
}

/// The first sightings that a scan reports.
fn reported(flags: &[&str]) -> BTreeSet<Key> {
    let answer = answer("scan", flags);
    let findings = answer["findings"].as_array().unwrap().iter();
    let is_first =
        |finding: &&Value| ["new-action", "new-principal"].map(Value::from).contains(&finding["finding"]);
    findings.filter(is_first).map(key).collect()
}

fn explanations(flags: &[&str]) -> Vec<Value> {
    let answer = answer("explain", &[&["--action", "*"], flags].concat());
    answer["explanations"].as_array().unwrap().clone()
}

/// The flags of these settings; a warmup of 0 unless they have one.
fn flags<'f>(settings: &[(&str, &[&'f str])]) -> Vec<&'f str> {
    let has_warmup = settings.iter().any(|(name, _)| *name == "warmup");
    let warmup: &[&str] = if has_warmup { &[] } else { &["--warmup", "0d"] };
    settings.iter().flat_map(|(_, flags)| *flags).chain(warmup).copied().collect()
}

#[test]
fn what_is_reported_is_what_scan_reports_and_what_is_blamed_is_to_blame() {
    let mut blamed = BTreeSet::new();
    let alone = HIDING.map(|setting| (setting.0, reported(&flags(&[setting]))));
    for (first, one) in HIDING.iter().enumerate() {
        for other in HIDING[first..].iter().take(3) {
            let settings = if one == other { vec![*one] } else { vec![*one, *other] };
            // The end of what is read is also given by --to.
            if settings.iter().any(|(name, _)| *name == "read-to")
                && settings.iter().any(|(name, _)| *name == "to")
            {
                continue;
            }
            let rows = explanations(&flags(&settings));
            let found: BTreeSet<Key> = rows.iter().filter(|row| row["reported"] == true).map(key).collect();
            assert_eq!(found, reported(&flags(&settings)), "{settings:?}");
            for row in rows.iter().filter(|row| row["reported"] == false) {
                let said: BTreeSet<&str> =
                    row["hidden_by"].as_str().unwrap().split("; ").filter(|name| !name.is_empty()).collect();
                let is_set = |name: &str| settings.iter().any(|(set, _)| *set == name);
                let hiding = alone.iter().filter(|(name, left)| is_set(name) && !left.contains(&key(row)));
                let hiding: BTreeSet<&str> = hiding.map(|(name, _)| *name).collect();
                assert_eq!(said, hiding, "{settings:?} {row}");
                blamed.extend(hiding.into_iter().map(str::to_owned));
            }
        }
    }
    assert_eq!(blamed.len(), HIDING.len(), "the archive has something for each setting to hide: {blamed:?}");
    // That of another test; and the names, which say what to explain.
    assert_eq!(blamed.len(), HidingSetting::ALL.len() - 3, "all settings are tried: {blamed:?}");
}

#[test]
fn principals_of_clusters_are_explained_as_scan_reports_them() {
    let archive = "fixtures/mixed-archive";
    let rows = |command: &str, name: &str, flags: &[&str]| -> Vec<Value> {
        let words = [&[command, archive, "-q", "-f", "json", "--warmup", "0d"], flags].concat();
        let output = firstseen_here(&words);
        assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer[name].as_array().unwrap().clone()
    };
    // The user of the cluster is that of the role behind it.
    let of_role = ["--principal", "deploy"];
    let found: BTreeSet<Key> = rows("scan", "findings", &of_role).iter().map(key).collect();
    assert!(found.iter().any(|(_, principal, _)| principal.starts_with("k8s:")), "{found:?}");
    let explained: BTreeSet<Key> = rows("explain", "explanations", &of_role).iter().map(key).collect();
    assert!(explained.is_superset(&found), "{explained:?}");
    let others = rows("explain", "explanations", &["--action", "*", "--source", "cloudtrail"]);
    let hidden: Vec<&Value> = others.iter().filter(|row| row["reported"] == false).collect();
    assert!(!hidden.is_empty() && hidden.iter().all(|row| row["hidden_by"] == "source"), "{hidden:?}");
}

#[test]
fn a_dimension_that_needs_a_database_is_an_error_as_in_scan() {
    let flags = ["--action", "*", "--report", "new-asn"];
    let said =
        |command: &str| stderr(&firstseen_here(&[&[command, ARCHIVE], &flags[..]].concat())).to_owned();
    assert!(said("explain").contains("geolocation database"), "{}", said("explain"));
    assert_eq!(said("explain"), said("scan"));
}

#[test]
fn several_settings_can_hide_together_what_none_hides_alone() {
    // The first call fails early in March, within a Region; the first success is in another.
    let call = |day: &str, region: &str, error: Option<&str>| {
        let call = record(&format!("2024-03-{day}T10:00:00Z"), "jo", "iam:CreateUser");
        with(call, json!({"awsRegion": region, "errorCode": error}))
    };
    let archive = Archive::new()
        .delivered("20240301T1005", &[record("2024-03-01T10:00:00Z", "jo", "s3:GetObject")])
        .delivered("20240310T1005", &[call("10", "eu-west-1", Some("AccessDenied"))])
        .delivered("20240320T1005", &[call("20", "us-east-1", None)]);
    let explain = |flags: &[&str]| {
        let all = [&["explain", ".", "-q", "--action", "CreateUser", "--warmup", "0d"], flags].concat();
        let output = firstseen(&all, archive.path());
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(explain(&["--region", "eu-west-1"]).contains("reported: new-action at 2024-03-10T10:00:00Z"));
    assert!(explain(&["--only-success"]).contains("reported: new-action at 2024-03-20T10:00:00Z"));
    let both = explain(&["--region", "eu-west-1", "--only-success"]);
    assert!(
        both.contains("not reported: no setting alone hides its first sighting, but several together do: --only-success, --region"),
        "{both}"
    );
}

#[test]
fn a_saved_baseline_gives_the_same_explanation() {
    let folder = tempfile::TempDir::new().unwrap();
    let saved = folder.path().join("case.baseline");
    let saved = saved.to_str().unwrap();
    assert!(firstseen_here(&["index", ARCHIVE, "-o", saved, "-q"]).status.success());
    let explain = |source: &str| {
        let flags = ["--principal", "builder", "--to", "2024-02-20", "--read-to", "2024-03-01"];
        let output = firstseen_here(&[&["explain", source, "-q"], &flags[..]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(explain(saved), explain(ARCHIVE));
}

#[test]
fn explain_must_know_what() {
    let output = firstseen_here(&["explain", ARCHIVE]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("give --principal, --action or both"), "{}", stderr(&output));
}

#[test]
fn a_finding_of_a_rule_does_not_report_an_action_as_new() {
    let flags =
        ["--action", "StopLogging", "--principal", "data-pipeline", "--warmup", "300d", "--builtin-rules"];
    let output = firstseen_here(&[&["explain", ARCHIVE, "-q"], &flags[..]].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("    reported: rule at 2024-03-10T14:42:50Z\n    not reported as new: the principal"),
        "{said}"
    );
    assert!(said.ends_with("1 behaviour, 0 reported as new\n"), "{said}");
    let output = firstseen_here(&[&["explain", ARCHIVE, "-q", "-f", "json"], &flags[..]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = &answer["explanations"][0];
    assert_eq!((&row["reported"], &row["findings"]), (&false.into(), &"rule".into()));
}

#[test]
fn rules_count_as_in_scan() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (config, saved) = (path("case.toml"), path("case.baseline"));
    let severe = ["--min-severity", "high", "--report", "new-action"];
    std::fs::write(&config, "builtin-rules = true\nmin-severity = 'high'\nreport = ['new-action']\n")
        .unwrap();
    assert!(firstseen_here(&["index", ARCHIVE, "-o", &saved, "-q", "--config", &config]).status.success());
    let of_file = ["--config", &config];
    let of_flags = [&severe[..], &["--builtin-rules"]].concat();
    let expected = reported(&of_file);
    assert!(expected.iter().any(|(_, _, action)| action.ends_with(":StopLogging")), "{expected:?}");
    assert_ne!(expected, reported(&severe), "rules raise severities");
    for (source, flags) in
        [(ARCHIVE, &of_file[..]), (ARCHIVE, &of_flags), (&saved, &of_file), (&saved, &severe)]
    {
        let words = [&["explain", source, "-q", "-f", "json", "--action", "*"], flags].concat();
        let output = firstseen_here(&words);
        assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let rows = answer["explanations"].as_array().unwrap();
        let found: BTreeSet<Key> = rows.iter().filter(|row| row["reported"] == true).map(key).collect();
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn what_is_read_only_to_be_explained_is_not_said_to_be_unread() {
    let folder = tempfile::TempDir::new().unwrap();
    let saved = folder.path().join("case.baseline");
    let saved = saved.to_str().unwrap();
    let index = ["index", ARCHIVE, "-o", saved, "-q", "--read-to", "2024-03-01"];
    assert!(firstseen_here(&index).status.success());
    let said = |source: &str, end: &str| {
        stderr(&firstseen_here(&["explain", source, "--principal", "builder", "--read-to", end]))
    };
    let earlier = said(ARCHIVE, "2024-02-20");
    assert!(
        earlier.contains("nothing after 2024-02-20T23:59:59.999999Z counts (--read-to, --to); it was read")
    );
    assert!(!earlier.contains("not learnt"), "{earlier}");
    // A baseline was not read for this question.
    assert!(
        said(saved, "2024-02-20")
            .contains("events after 2024-02-20T23:59:59.999999Z do not count (--read-to, --to)")
    );
    let scanned = stderr(&firstseen_here(&["scan", saved, "--to", "2024-02-20"]));
    assert!(scanned.contains("events after 2024-02-20T23:59:59.999999Z do not count"), "{scanned}");
    // A baseline has nothing later than its own end.
    assert!(said(saved, "2024-03-01").contains("events after 2024-03-01T23:59:59.999999Z were not learnt"));
}
