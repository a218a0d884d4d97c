//! Hits in saved baselines.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::firstseen_here;

const ARCHIVE: &str = "fixtures/small-archive";
const RULES: &str = "fixtures/rules/team.yaml";

/// The findings of a run as JSON.
fn findings(args: &[&str]) -> Vec<Value> {
    let output = firstseen_here(&[args, &["-q", "-f", "jsonl"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let values = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    values.filter(|value| value["finding"].is_string()).collect()
}

/// Indexes the archive with these flags. Returns the path of the baseline.
fn index(place: &TempDir, flags: &[&str]) -> String {
    let path = place.path().join("case.baseline").to_str().unwrap().to_owned();
    let output = firstseen_here(&[&["index", ARCHIVE, "-o", &path], flags].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

fn refused(args: &[&str]) -> String {
    let output = firstseen_here(args);
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_baseline_gives_the_rule_findings_of_the_archive() {
    let place = TempDir::new().unwrap();
    let baseline = index(&place, &["--rules", RULES, "--builtin-rules"]);
    let rules = ["--rules", RULES, "--builtin-rules"];
    let window = ["scan", "--from", "2024-02-20", "--to", "2024-03-15"];
    // Some places deliver only later.
    let early = ["scan", "--to", "2024-02-14", "--warmup", "0d"];
    for question in [
        &["scan"][..],
        &["scan", "--warmup", "60d"],
        &window,
        &early,
        &["rules"],
        &["rules", "--all-matches"],
    ] {
        let (command, flags) = question.split_first().unwrap();
        let saved = findings(&[&[*command, &baseline], flags].concat());
        assert!(!saved.is_empty());
        assert_eq!(saved, findings(&[&[*command, ARCHIVE], flags, &rules].concat()), "{question:?}");
    }
}

#[test]
fn adding_to_a_baseline_requires_the_same_rules() {
    let place = TempDir::new().unwrap();
    let baseline = index(&place, &["--rules", RULES]);
    index(&place, &["--rules", RULES]);
    let other = ["index", ARCHIVE, "-o", &baseline];
    assert!(refused(&other).contains("made with rules, but none are given"));
    let other = [&other[..], &["--builtin-rules"]].concat();
    assert!(refused(&other).contains("made with other rules"));
    let place = TempDir::new().unwrap();
    let baseline = index(&place, &[]);
    assert!(refused(&["index", ARCHIVE, "-o", &baseline, "--builtin-rules"]).contains("made without rules"));
}

#[test]
fn a_baseline_cannot_evaluate_rules() {
    let place = TempDir::new().unwrap();
    let baseline = index(&place, &[]);
    for command in ["scan", "rules"] {
        assert!(refused(&[command, &baseline, "--builtin-rules"]).contains("contains no records"));
    }
    let output = firstseen_here(&["rules", &baseline]);
    assert_eq!(output.status.code(), Some(1), "no rule could have matched");
    assert!(String::from_utf8(output.stderr).unwrap().contains("made without rules"));
}

/// Writes a configuration file with these keys. Returns its path.
fn config(place: &TempDir, keys: &str) -> String {
    let path = place.path().join("case.toml");
    std::fs::write(&path, keys).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The keys that name the rules of a team, from any folder.
fn team_rules() -> String {
    format!("rules = [{:?}]\n", Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES))
}

#[test]
fn one_file_serves_the_command_that_makes_a_baseline_and_those_that_ask_it() {
    let place = TempDir::new().unwrap();
    let keys = format!("builtin-rules = true\nverify = true\n{}", team_rules());
    let config = config(&place, &keys);
    let baseline = index(&place, &["--config", &config]);
    for command in ["scan", "triage", "rules"] {
        let output = firstseen_here(&[command, &baseline, "--config", &config, "-f", "json"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        // Nothing is said of rules; what does not apply to a baseline is.
        assert_eq!(said.contains("warning: verify of --config is passed over"), command == "scan", "{said}");
        assert!(!said.contains("rules"), "{said}");
    }
    let of_file = findings(&["rules", &baseline, "--config", &config]);
    assert!(!of_file.is_empty());
    assert_eq!(of_file, findings(&["rules", ARCHIVE, "--config", &config]));
    // The saved rules may also be named by flags.
    assert_eq!(of_file, findings(&["rules", &baseline, "--builtin-rules", "--rules", RULES]));
}

#[test]
fn rules_of_a_file_that_are_not_the_saved_ones_are_a_warning() {
    let place = TempDir::new().unwrap();
    let config = config(&place, &team_rules());
    let ask = |baseline: &str, flags: &[&str]| {
        let output = firstseen_here(&[&["rules", baseline, "--config", &config, "-q"], flags].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let baseline = index(&place, &["--builtin-rules"]);
    let (code, said) = ask(&baseline, &[]);
    assert_eq!(code, Some(0));
    assert!(said.contains("made with other rules than those of --config"), "{said}");
    assert_eq!(findings(&["rules", &baseline]), findings(&["rules", &baseline, "--config", &config]));
    // A rule of the command line was asked for now, so it is not passed over.
    let (code, said) = ask(&baseline, &["--sigma", "fixtures/rules/sigma.yml"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("contains no records") && said.contains("has the matches of other rules"),
        "{said}"
    );
    let place = TempDir::new().unwrap();
    let (code, said) = ask(&index(&place, &[]), &[]);
    assert_eq!(code, Some(0));
    assert!(said.contains("made without rules, so those of --config match nothing"), "{said}");
    assert_eq!(said.matches("warning:").count(), 1, "{said}");
}

#[test]
fn a_rule_folder_loads_all_its_files() {
    let folder = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    std::fs::copy(root.join(RULES), folder.path().join("deep/b.yaml")).unwrap();
    let text = "- rule: Key made\n  enabled: false\n";
    std::fs::write(folder.path().join("deep/c.yml"), text).unwrap();
    std::fs::write(folder.path().join("deep/readme.txt"), "no rules").unwrap();
    let found = findings(&["rules", ARCHIVE, "--rules", folder.path().to_str().unwrap()]);
    let names: Vec<&str> = found.iter().map(|finding| finding["rules"].as_str().unwrap()).collect();
    assert_eq!(names, ["Trail changed"]);
}

#[test]
fn report_hides_rule_findings_and_a_preset_does_not() {
    let kinds = |flags: &[&str]| {
        let found = findings(&[&["scan", ARCHIVE, "--rules", RULES, "--warmup", "300d"], flags].concat());
        found.iter().filter(|finding| finding["finding"] == "rule").count()
    };
    assert_eq!(kinds(&[]), 2);
    // The preset selects roles, also for rule findings.
    assert_eq!(kinds(&["--preset", "escu"]), 1);
    assert_eq!(kinds(&["--report", "all"]), 2);
    assert_eq!(kinds(&["--report", "new-action"]), 0);
    let place = TempDir::new().unwrap();
    let config = place.path().join("team.toml").to_str().unwrap().to_owned();
    let in_file = |report: &str, flags: &[&str]| {
        std::fs::write(&config, format!("report = {report}\n")).unwrap();
        kinds(&[&["--config", &config], flags].concat())
    };
    assert_eq!(in_file("['new-action']", &[]), 0);
    assert_eq!(in_file("['new-action']", &["--report", "all"]), 2);
    for report in ["['all']", "['rule']", "['all', 'rule']"] {
        assert_eq!(in_file(report, &[]), 2, "{report}");
        assert_eq!(in_file(report, &["--report", "new-action"]), 0, "{report}");
    }
}

#[test]
fn rules_are_listed_once_in_the_settings() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("team.toml").to_str().unwrap().to_owned();
    std::fs::write(&config, "report = ['rule']\n").unwrap();
    for (command, list) in [("scan", "findings"), ("explain", "explanations")] {
        for report in [&["--report", "all,rule"][..], &["--report", "rule"], &["--config", &config]] {
            let head = [command, ARCHIVE, "--rules", RULES, "--action", "*", "-q", "-f", "json"];
            let output = firstseen_here(&[&head, report].concat());
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(answer[list].is_array());
            let kinds = answer["settings"]["report"].as_array().unwrap();
            assert_eq!(kinds.iter().filter(|kind| *kind == "rule").count(), 1, "{command} {report:?}");
        }
    }
}

#[test]
fn only_success_applies_to_rules() {
    let place = TempDir::new().unwrap();
    let failures = |flags: &[&str]| {
        let found = findings(&[&["rules", ARCHIVE, "--builtin-rules", "--all-matches"], flags].concat());
        assert!(!found.is_empty());
        found.iter().filter(|finding| finding["outcome"] == "failure").count()
    };
    assert!(failures(&[]) > 0);
    assert_eq!(failures(&["--only-success"]), 0);
    let file = config(&place, "only-success = true\n");
    assert_eq!(failures(&["--config", &file]), 0);
    assert!(failures(&["--config", &file, "--only-success=false"]) > 0);
}

#[test]
fn omitted_rules_stay_in_the_baseline() {
    let place = TempDir::new().unwrap();
    let flags = ["--rules", "fixtures/rules/broken.yaml", "--skip-unsupported"];
    let baseline = index(&place, &flags);
    let left_out = |args: &[&str]| {
        let output = firstseen_here(&[args, &["-q", "-f", "json"]].concat());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["settings"]["rules"]["left_out"].clone()
    };
    assert_eq!(left_out(&["rules", &baseline]), serde_json::json!(["rule 'Misspelt'"]));
    assert_eq!(left_out(&["rules", &baseline]), left_out(&[&["scan", ARCHIVE][..], &flags].concat()));
}

/// The line that accounts for all rules.
fn account(args: &[&str]) -> String {
    let said = String::from_utf8(firstseen_here(args).stderr).unwrap();
    said.lines().find(|line| line.starts_with("rules: ")).unwrap_or_default().to_owned()
}

#[test]
fn every_rule_is_accounted_for() {
    let place = TempDir::new().unwrap();
    let saved = index(&place, &["--builtin-rules"]);
    let of = |flags: &[&str]| {
        let direct = account(&[&["rules", ARCHIVE], flags].concat());
        assert_eq!(account(&[&["rules", ARCHIVE, "--all-matches"], flags].concat()), direct, "{flags:?}");
        assert_eq!(account(&[&["rules", &saved], flags].concat()), direct, "{flags:?}");
        direct
    };
    let all = of(&[]);
    let numbers = |line: &str| {
        let words = line.split_whitespace().filter_map(|word| word.trim_end_matches(':').parse::<u32>().ok());
        words.collect::<Vec<_>>()
    };
    let [rules, matched, silent] = numbers(&all)[..] else { panic!("{all}") };
    assert!(matched > 2 && rules == matched + silent, "{all}");
    let filters: [&[&str]; 4] = [
        &["--min-severity", "high"],
        &["--account", "444455556666"],
        &["--principal", "nobody"],
        &["--principal-kind", "root"],
    ];
    for filter in filters {
        let line = of(filter);
        let [_, shown, left_out, still_silent] = numbers(&line)[..] else { panic!("{line}") };
        assert!(line.contains(" matched only what filters leave out "), "{line}");
        assert_eq!((shown + left_out, still_silent), (matched, silent), "{filter:?}: {line}");
    }
    // What is outside the window is not left out by filters.
    assert_eq!(numbers(&of(&["--from", "2025-01-01"])), [rules, 0, rules]);
}
