//! The examples in the help of each command, run as they are printed.

use std::fs;

use tempfile::TempDir;

use crate::archive::{record, wrapped};
use crate::folder::put;
use crate::program::{firstseen, program, stderr};

/// The words of the examples of a command, without those for a shell: quotes, which are around whole words.
fn examples(command: &str) -> Vec<Vec<String>> {
    let help = program().args([command, "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, examples) = help.split_once("Examples:").unwrap_or_else(|| panic!("{command}"));
    let lines = examples.lines().map(str::trim).filter_map(|line| line.strip_prefix("firstseen "));
    lines.map(|line| line.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect()).collect()
}

/// The commands, as the help of the program lists them.
fn commands() -> Vec<String> {
    let help = String::from_utf8(program().arg("--help").output().unwrap().stdout).unwrap();
    let names = help.lines().filter_map(|line| line.strip_prefix("  "));
    let names = names.filter_map(|line| line.split(' ').next());
    names.filter(|name| !name.is_empty() && !name.starts_with('-')).map(str::to_owned).collect()
}

/// A folder with what the examples name.
fn prepared() -> TempDir {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &[u8]| put(folder.path().join(name), text);
    let day = |time: &str| wrapped(&[record(time, "alice", "iam:CreateUser")]);
    put("logs/AWSLogs/111122223333/CloudTrail/us-east-1/2024/01/05/a.json", &day("2024-01-05T10:00:00Z"));
    put("logs/AWSLogs/111122223333/CloudTrail/us-east-1/2024/03/05/b.json", &day("2024-03-05T10:00:00Z"));
    put("rules/rule.yml", b"title: t\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  s:\n    eventName: CreateUser\n  condition: s\n");
    put("keys.json", b"{\"PublicKeyList\": []}");
    put("incidents.csv", b"from,to\n2024-03-05,2024-03-06\n");
    for (name, day) in [("case", ""), ("january", "/2024/01"), ("february", "/2024/03")] {
        let logs = format!("logs/AWSLogs/111122223333/CloudTrail/us-east-1{day}");
        let made = firstseen(&["index", &logs, "-q", "-o", &format!("{name}.baseline")], folder.path());
        assert!(made.status.success(), "{}", stderr(&made));
    }
    fs::remove_dir_all(folder.path().join("case.baseline")).unwrap();
    let made = firstseen(&["index", "logs", "-q", "-o", "case.baseline"], folder.path());
    assert!(made.status.success(), "{}", stderr(&made));
    folder
}

/// Whether an example can be run here: buckets are elsewhere, and what generates gigabytes takes long.
fn can_run(words: &[String]) -> bool {
    !words.iter().any(|word| word.starts_with("s3://")) && !matches!(&*words[0], "bench" | "synth")
}

#[test]
fn every_example_of_the_help_is_a_command_that_is_not_refused() {
    let folder = prepared();
    let commands = commands();
    assert!(commands.len() >= 18, "{commands:?}");
    let mut run = 0;
    for words in commands.iter().flat_map(|command| examples(command)).filter(|words| can_run(words)) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = firstseen(&words, folder.path());
        let said = stderr(&ended);
        assert!(matches!(ended.status.code(), Some(0 | 1 | 3)), "{words:?}: {said}");
        // What an example looks for may not be in these logs, but all files are there.
        let is_absent = ["no record has", "does not know", "nothing in the archive", "no digests were found"]
            .iter()
            .any(|what| said.contains(what));
        assert!(ended.status.code() != Some(1) || is_absent, "{words:?}: {said}");
        run += 1;
    }
    assert!(run >= 20, "{run}");
}
