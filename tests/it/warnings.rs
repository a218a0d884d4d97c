//! Warnings and errors beside the answer, also with `--quiet`: findings hidden by the warmup, archives
//! without events, unreadable files.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, audit_event, gzip, log_path, record, with, wrapped};
use crate::program::{firstseen, program, stderr};

fn scan(archive: &Path, more: &[&str]) -> Output {
    let mut command = program();
    command.arg("scan").arg(archive).args(more);
    command.output().unwrap()
}

/// Five days of an account with its root user and an intruder.
fn short_archive() -> Archive {
    let day = |day: u32, user: &str, action: &str| record(&format!("2024-03-0{day}T10:00:00Z"), user, action);
    let root = json!({"userIdentity": {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333", "principalId": "111122223333"}});
    let records = [
        day(1, "jo", "s3:GetObject"),
        day(2, "jo", "s3:PutObject"),
        with(day(3, "root", "iam:CreateUser"), root),
        day(4, "eve", "iam:CreateAccessKey"),
        day(5, "eve", "cloudtrail:StopLogging"),
    ];
    Archive::new().object(&log_path("20240305T1005", "x"), &gzip(&wrapped(&records)))
}

#[test]
fn the_warmup_warning_appears_beside_root_and_rule_findings_and_with_quiet() {
    let archive = short_archive();
    let found = |more: &[&str]| scan(archive.path(), more);
    // Five behaviours and three principals.
    let message = "warning: the input covers 4 days, less than the warmup of 30d (--warmup): 8 of 8 findings fall within \
        it and are not reported; --warmup 0d shows all of them, --warmup 1d shows 4 of 8";
    for more in [&[][..], &["--quiet"], &["--builtin-rules"], &["-q", "-f", "json", "-o", "/dev/null"]] {
        let ended = found(more);
        assert_eq!(ended.status.code(), Some(0));
        assert!(stderr(&ended).contains(message), "{more:?}: {}", stderr(&ended));
    }
    assert!(String::from_utf8(found(&["--builtin-rules"]).stdout).unwrap().contains("root-activity"));
    let count = |warmup: &str| {
        let json = found(&["--no-root", "-f", "json", "--warmup", warmup]).stdout;
        serde_json::from_slice::<Value>(&json).unwrap()["findings"].as_array().unwrap().len()
    };
    assert_eq!((count("0d"), count("1d"), count("30d")), (8, 4, 0));
    // With a filter, the numbers are those of the selected principals.
    let message = stderr(&found(&["--principal", "eve"]));
    assert!(message.contains("3 of 3 findings fall within"), "{message}");
    for more in
        [&["--warmup", "0d"][..], &["--report", "root-activity"], &["--report", "rule", "--builtin-rules"]]
    {
        assert!(!stderr(&found(more)).contains("warmup"), "{more:?}: {}", stderr(&found(more)));
    }
}

#[test]
fn a_saved_baseline_gives_the_same_warnings() {
    let archive = short_archive();
    let folder = TempDir::new().unwrap();
    let baseline = folder.path().join("case.baseline");
    let made = program().arg("index").arg(archive.path()).arg("-o").arg(&baseline).output().unwrap();
    assert!(made.status.success());
    let message = stderr(&scan(&baseline, &["-q"]));
    assert_eq!(message, stderr(&scan(archive.path(), &["-q"])));
    assert!(message.contains("8 of 8 findings fall within"), "{message}");
}

#[test]
fn the_warmup_warning_depends_on_the_age_of_principals() {
    let at = |day: u32, user: &str, action: &str| {
        record(&format!("2024-0{}-{:02}T10:00:00Z", 1 + day / 28, 1 + day % 28), user, action)
    };
    let old: Vec<Value> = (0..60).map(|day| at(day, "jo", &format!("s3:A{}", day / 8))).collect();
    let path = "x.json";
    let steady = Archive::new().object(path, &gzip(&wrapped(&old)));
    assert_eq!(stderr(&scan(steady.path(), &["-q"])), "");
    // Even old principals have most first sightings within their warmup: that is not a warning.
    let message = stderr(&scan(steady.path(), &[]));
    let note =
        "\nlearnt but not reported: 5 of 9 findings, within the warmup of 30d (--warmup 0d shows them)\n";
    assert!(message.contains(note) && !message.contains("warning"), "{message}");
    let young = (0..4).flat_map(|number| (50..53).map(move |day| (number, day)));
    let young = young.map(|(number, day)| at(day, &format!("new{number}"), &format!("ec2:B{day}")));
    let both: Vec<Value> = old.iter().cloned().chain(young).collect();
    let archive = Archive::new().object(path, &gzip(&wrapped(&both)));
    let message = stderr(&scan(archive.path(), &["-q"]));
    let expected = "4 of 5 principals had been known for less than the warmup of 30d (--warmup) when the input ended, after \
                    63 days";
    assert!(message.contains(expected) && message.contains("--warmup 0d shows all of them"), "{message}");
    // With --to, ages are those at its end.
    let early = stderr(&scan(steady.path(), &["-q", "--to", "2024-01-20"]));
    assert!(early.contains("the input covers 19 days, less than the warmup of 30d"), "{early}");
}

#[test]
fn tune_warns_about_warmups_longer_than_the_archive() {
    let archive = short_archive();
    let tune = |more: &[&str]| {
        let mut command = program();
        stderr(
            &command.arg("tune").arg(archive.path()).args(["-q", "-f", "csv"]).args(more).output().unwrap(),
        )
    };
    let message =
        "the input covers 4 days: no setting with a warmup of 7d or longer can report a first sighting";
    assert!(tune(&[]).contains(message), "{}", tune(&[]));
    assert!(tune(&["--warmups", "1d,7d"]).contains(message));
    assert_eq!(tune(&["--warmups", "0d,4d"]), "");
    let message = tune(&[
        "--warmups",
        "0d",
        "--incident",
        "2024-03-01..2024-03-02,mallory",
        "--principal-kind",
        "k8s-node",
    ]);
    assert!(message.contains("mallory: no principal matches 'mallory'"), "{message}");
    assert!(message.contains("--principal-kind k8s-node: no principal is of this kind"), "{message}");
}

#[test]
fn quiet_hides_neither_warnings_nor_faults() {
    let archive = short_archive().object("cut.json.gz", &gzip(&wrapped(&[])).repeat(1)[..12]);
    let folder = TempDir::new().unwrap();
    let baseline = folder.path().join("a.baseline").to_str().unwrap().to_owned();
    let root = archive.path().to_str().unwrap();
    let filters = [
        "--principal",
        "mallory",
        "--account",
        "999999999999",
        "--action",
        "x:Y",
        "--principal-kind",
        "k8s-node",
    ];
    let ignored = ["--ignore-action", "a:*,b:*,c:*,d:*,iam:*"];
    for command in [&["scan", "--warmup", "0d"][..], &["rules"], &["tune", "--warmups", "0d"], &["baseline"]]
    {
        let ended = program().args(command).arg(root).arg("-q").args(filters).args(ignored).output().unwrap();
        let message = stderr(&ended);
        assert_eq!(ended.status.code(), Some(3), "{command:?}: {message}");
        for part in [
            "faults: 1",
            "gzip-truncated: cut.json.gz",
            "warning: --principal mallory",
            "warning: --account 999999999999",
            "warning: --action x:Y",
            "warning: --principal-kind k8s-node",
            "warning: --ignore-action a:*, b:*, c:* and 1 more",
        ] {
            assert!(message.contains(part), "{command:?}, {part}: {message}");
        }
        assert!(!message.contains("objects:") && !message.contains("records:"), "{command:?}: {message}");
    }
    let index = ["index", root, "-q", "-o", &baseline];
    let message = stderr(&firstseen(&index, folder.path()));
    assert!(message.contains("gzip-truncated: cut.json.gz") && !message.contains("objects"), "{message}");
    let log = wrapped(&[record("2024-03-06T10:00:00Z", "jo", "s3:GetObject")]);
    let other = Archive::new().object("other.json", &log);
    let second = folder.path().join("b.baseline").to_str().unwrap().to_owned();
    firstseen(&["index", other.path().to_str().unwrap(), "-q", "-o", &second], folder.path());
    let message = stderr(&firstseen(&["merge", &baseline, &second, "-q", "-o", "c.baseline"], folder.path()));
    assert!(message.contains("cut.json.gz") && !message.contains("merged"), "{message}");
}

#[test]
fn a_list_of_ignored_actions_has_comments_and_is_named_in_warnings() {
    let archive = short_archive();
    let folder = TempDir::new().unwrap();
    let list = folder.path().join("quiet.txt");
    let answer = |text: &str, more: &[&str]| {
        std::fs::write(&list, text).unwrap();
        let ended = scan(
            archive.path(),
            &[&["--warmup", "0d", "-q", "-f", "csv", "--ignore-file", list.to_str().unwrap()], more].concat(),
        );
        assert!(ended.status.success(), "{}", stderr(&ended));
        (ended.stdout.clone(), stderr(&ended))
    };
    let plain = answer("iam:*\n", &[]);
    assert_eq!(answer("# all\niam:* # done by the hour #1\n", &[]), plain);
    assert_ne!(answer("# none\n", &[]).0, plain.0, "it hides something");
    let (_, said) = answer("a:*#b\nc:*\t#d\ne:*\nf:*\n", &["--ignore-action", "own:*"]);
    assert!(said.contains("warning: --ignore-action own:*: no action in the input matches\n"), "{said}");
    let of_file = "quiet.txt: no action in the input matches a:*#b, c:*, e:* and 1 more\n";
    assert!(said.contains("warning: --ignore-file ") && said.contains(of_file), "{said}");
}

#[test]
fn quiet_does_not_hide_omitted_rules() {
    let archive = short_archive().object("rules.txt", b"");
    let rules = archive.path().join("r.yaml");
    fs::write(
        &rules,
        "- rule: odd\n  condition: proc.name = x\n  desc: d\n  output: o\n  priority: INFO\n  source: aws_cloudtrail\n",
    )
    .unwrap();
    let ended = program()
        .args(["rules", "-q", "--builtin-rules", "--skip-unsupported", "--rules"])
        .args([&rules, archive.path()])
        .output()
        .unwrap();
    assert!(stderr(&ended).contains("left out"), "{}", stderr(&ended));
}

#[test]
fn an_archive_without_any_log_is_an_error() {
    let digest = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2024/03/01/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20240301T100000Z.json.gz";
    let config = "AWSLogs/111122223333/Config/eu-west-1/2024/3/1/ConfigHistory/x.json.gz";
    let notice = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2024-03-01T10:00:00Z", "s3": {}}]});
    for (name, content, message) in [
        ("a.json", &b"{\"a\": 1}"[..], "1 object skipped (other-json 1)"),
        ("a.jsonl", b"{\"a\": 1}\n{\"a\": 2}\n", "1 object skipped (other-json 1)"),
        ("notes.txt", b"not a log", "1 object skipped (not-a-log 1)"),
        ("empty.json", b"", "1 object skipped (empty 1)"),
        ("blank.json", b" \n\n", "1 object skipped (empty 1)"),
        (digest, b"{}", "1 object skipped (digest 1)"),
        (config, b"{}", "1 object skipped (config 1)"),
        ("n.json", notice.to_string().as_bytes(), "1 record skipped (s3-notification 1)"),
    ] {
        let archive = Archive::new().object(name, content);
        let folder = TempDir::new().unwrap();
        let root = archive.path().to_str().unwrap();
        for command in ["scan", "rules", "tune", "baseline", "index"] {
            let output = ["-o", if command == "index" { "x.baseline" } else { "x.json" }];
            let mut run = program();
            let ended = run.args([command, root]).args(output).current_dir(folder.path()).output().unwrap();
            let said = stderr(&ended);
            assert_eq!(ended.status.code(), Some(1), "{command} {name}: {said}");
            assert!(
                said.starts_with(&format!("error: no logs were found in '{root}': {message}\nhint: ")),
                "{said}"
            );
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{command} {name}");
        }
    }
}

#[test]
fn logs_without_a_matching_event_give_an_answer_with_a_warning() {
    let empty = Archive::new().object(&log_path("20240301T1005", "x"), &gzip(&wrapped(&[])));
    let none = "warning: no CloudTrail or Kubernetes event was found";
    for (ended, code, why) in [
        (scan(empty.path(), &["-q"]), 0, "; the logs contain no records"),
        (
            scan(short_archive().path(), &["-q", "--read-from", "2025-01-01"]),
            0,
            "; the input is outside --read-from",
        ),
        (
            scan(short_archive().path(), &["-q", "--to", "2020-01-01"]),
            0,
            "; the input is outside --read-from",
        ),
        (
            scan(short_archive().path(), &["-q", "--read-from", "2024-03-05T11:00"]),
            0,
            "; the input is outside --read-from",
        ),
        (
            scan(Archive::new().object("a.json", b"soon").path(), &["-q"]),
            3,
            "; possible logs could not be read",
        ),
    ] {
        let message = stderr(&ended);
        assert_eq!(ended.status.code(), Some(code), "{message}");
        assert!(message.contains(&format!("{none}{why}")), "{message}");
    }
}

#[test]
fn adding_to_an_index_keeps_its_contents() {
    let archive = short_archive();
    let folder = TempDir::new().unwrap();
    let foreign = Archive::new().object("a.json", b"{\"a\": 1}");
    let index = |root: &Path, more: &[&str]| {
        let mut command = program();
        command.arg("index").arg(root).args(["-o", "x.baseline"]).args(more).current_dir(folder.path());
        command.output().unwrap().status.code()
    };
    assert_eq!(index(foreign.path(), &[]), Some(1));
    assert_eq!(index(archive.path(), &[]), Some(0));
    assert_eq!(index(foreign.path(), &[]), Some(0));
    // Objects that are not logs come first, and are saved with the first log.
    let mixed = short_archive().object("a.json", b"{\"a\": 1}").object("b.json", b"{\"a\": 1}");
    fs::remove_dir_all(folder.path().join("x.baseline")).unwrap();
    assert_eq!(index(mixed.path(), &["--checkpoint-every", "1"]), Some(0));
    let message = stderr(&firstseen(&["scan", "x.baseline"], folder.path()));
    assert!(message.contains("objects: 3 listed = 1 read + 2 skipped (other-json 2)"), "{message}");
}

/// Runs the program as a user without read permissions.
#[cfg(unix)]
fn as_nobody(arguments: &[&str], folder: &Path) -> Output {
    use std::os::unix::process::CommandExt;
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = program();
    command.args(arguments).current_dir(folder);
    if is_root {
        command.uid(65_534).gid(65_534);
    }
    if let Ok(output) = command.output() {
        return output;
    }
    // That user may have no access to the original program.
    let copy = folder.join("program");
    fs::copy(env!("CARGO_BIN_EXE_firstseen"), &copy).unwrap();
    std::process::Command::new(copy)
        .args(arguments)
        .current_dir(folder)
        .uid(65_534)
        .gid(65_534)
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn unreadable_files_are_named_errors_not_empty_answers() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let log = wrapped(&[record("2024-03-01T10:00:00Z", "jo", "s3:GetObject")]);
    fs::create_dir(path("logs")).unwrap();
    fs::write(path("logs/x.json"), &log).unwrap();
    fs::write(path("one.json"), &log).unwrap();
    let made = firstseen(&["index", "one.json", "-o", "a.baseline"], folder.path());
    assert!(made.status.success(), "{}", stderr(&made));
    for copy in ["b.baseline", "c", "d", "e.baseline", "f"] {
        fs::create_dir(path(copy)).unwrap();
        for entry in fs::read_dir(path("a.baseline")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), path(copy).join(entry.file_name())).unwrap();
        }
    }
    fs::remove_file(path("e.baseline/manifest.json")).unwrap();
    fs::remove_file(path("f/behaviours.parquet")).unwrap();
    symlink("loop", path("loop")).unwrap();
    let close = |name: &str| fs::set_permissions(path(name), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["logs", "one.json", "b.baseline", "c/manifest.json", "d/activity.parquet"] {
        close(name);
    }
    for (name, message) in [
        ("logs", "error: the folder 'logs' cannot be listed\ncaused by: Permission denied"),
        ("logs/x.json", "error: archive 'logs/x.json' cannot be opened\ncaused by: Permission denied"),
        ("one.json", "error: archive 'one.json' cannot be opened\ncaused by: Permission denied"),
        (
            "a.baseline/manifest.json/x",
            "error: archive 'a.baseline/manifest.json/x' cannot be opened\ncaused by: Not a directory",
        ),
        ("loop", "error: archive 'loop' cannot be opened\ncaused by: Too many levels of symbolic links"),
        ("b.baseline", "error: cannot read 'b.baseline/manifest.json'\ncaused by: Permission denied"),
        ("c", "error: cannot read 'c/manifest.json'\ncaused by: Permission denied"),
        ("d", "error: cannot read 'd/activity.parquet'\ncaused by: Permission denied"),
        ("e.baseline", "error: the baseline is damaged: 'e.baseline/manifest.json': it is missing"),
        ("f", "error: cannot read 'f/behaviours.parquet'\ncaused by: No such file"),
    ] {
        for command in ["scan", "baseline"] {
            let ended = as_nobody(&[command, name], folder.path());
            assert!(stderr(&ended).starts_with(message), "{name}: {}", stderr(&ended));
            assert_eq!(ended.status.code(), Some(1), "{name}");
            assert!(ended.stdout.is_empty(), "{name}");
        }
    }
    fs::write(path("two.json"), &log).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    for (name, message) in [
        ("b.baseline", "b.baseline'\ncaused by: Permission denied"),
        ("c", "c/manifest.json'\ncaused by: Permission denied"),
    ] {
        let ended = as_nobody(&["index", "two.json", "-o", name], folder.path());
        assert!(
            stderr(&ended).starts_with("error: cannot read '") && stderr(&ended).contains(message),
            "{}",
            stderr(&ended)
        );
        assert_eq!(ended.status.code(), Some(1), "{name}");
    }
    for name in ["logs", "b.baseline"] {
        fs::set_permissions(path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_preset_that_needs_another_key_names_the_command_for_a_new_baseline() {
    let folder = TempDir::new().unwrap();
    let log = wrapped(&[record("2024-03-01T10:00:00Z", "jo", "s3:GetObject")]);
    fs::create_dir(folder.path().join("our logs")).unwrap();
    fs::write(folder.path().join("our logs/x.json"), &log).unwrap();
    fs::write(folder.path().join("one.json"), &log).unwrap();
    let run = |arguments: &[&str]| firstseen(arguments, folder.path());
    assert!(
        run(&["index", "our logs", "one.json", "-o", "case.baseline", "--read-from", "2024-01-01"])
            .status
            .success()
    );
    let refused = run(&["scan", "case.baseline", "--preset", "netflix-90"]);
    assert_eq!(refused.status.code(), Some(2));
    let command = "firstseen index one.json 'our logs' -o case-id.baseline --principal-key id --read-from 2024-01-01T00:00:00Z";
    assert!(stderr(&refused).contains(&format!(": {command}; or leave")), "{}", stderr(&refused));
    let mut shell = std::process::Command::new("sh");
    let line = command.replacen("firstseen", env!("CARGO_BIN_EXE_firstseen"), 1);
    assert!(shell.args(["-c", &line]).current_dir(folder.path()).status().unwrap().success());
    assert_eq!(run(&["scan", "case-id.baseline", "--preset", "netflix-90"]).status.code(), Some(0));
    let refused = run(&["tune", "case.baseline", "--principal-key", "session"]);
    assert!(
        stderr(&refused).contains("-o case-session.baseline --principal-key session"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn each_finding_names_its_archive() {
    let folder = TempDir::new().unwrap();
    for (archive, user) in [("a", "jo"), ("b", "eve")] {
        fs::create_dir(folder.path().join(archive)).unwrap();
        let log = wrapped(&[record("2024-03-01T10:00:00Z", user, "s3:GetObject")]);
        fs::write(folder.path().join(archive).join("x.json"), log).unwrap();
    }
    let run = |arguments: &[&str]| {
        let ended = firstseen(arguments, folder.path());
        assert!(ended.status.success(), "{}", stderr(&ended));
        String::from_utf8(ended.stdout).unwrap()
    };
    run(&["index", "./a", "b/", "-o", "c.baseline"]);
    for archives in [&["./a", "b/"][..], &["c.baseline"]] {
        let ask = |format| run(&[&["scan", "--warmup", "0d", "-f", format], archives].concat());
        let json: Value = serde_json::from_str(&ask("json")).unwrap();
        for finding in json["findings"].as_array().unwrap() {
            let archive = finding["archive_name"].as_str().unwrap();
            let object = folder.path().join(archive).join(finding["object"].as_str().unwrap());
            let user = finding["principal"].as_str().unwrap().rsplit('/').next().unwrap();
            assert!(fs::read_to_string(object).unwrap().contains(user));
            assert_eq!(finding["object_uri"], Value::Null);
        }
        let text = ask("text");
        assert!(text.contains("    a/x.json record 0") && text.contains("    b/x.json record 0"), "{text}");
        assert!(!text.contains(folder.path().to_str().unwrap()), "{text}");
    }
}

#[test]
fn the_suggested_flags_show_the_last_record_of_the_hour() {
    let archive = Archive::new().delivered(
        "20240501T1005",
        &[
            record("2024-01-01T10:00:00Z", "jo", "s3:GetObject"),
            record("2024-05-01T10:59:59.9Z", "jo", "s3:GetObject"),
        ],
    );
    let said = |more: &[&str]| String::from_utf8(scan(archive.path(), more).stdout).unwrap();
    let returning = said(&["--forget", "30d"]);
    let flags = returning.lines().find_map(|line| line.split_once("scan the archive with ")).unwrap().1;
    let flags: Vec<&str> = flags.split(' ').collect();
    assert!(said(&flags).contains("2024-05-01T10:59:59.9Z"), "{flags:?}: {}", said(&flags));
}

#[test]
fn a_log_that_no_rule_is_about_is_named() {
    let calls = short_archive();
    let request = audit_event("2024-03-01T10:00:00Z", "jo", "list", "pods").to_string();
    let requests = Archive::new().object("audit.log", request.as_bytes());
    let folder = TempDir::new().unwrap();
    let rules = folder.path().join("rules.yaml");
    let rule =
        "- rule: A\n  condition: ka.verb = delete\n  output: x\n  priority: INFO\n  source: k8s_audit\n";
    fs::write(&rules, rule).unwrap();
    let own = &["--rules", rules.to_str().unwrap()][..];
    let said = |command: &str, archive: &Archive, more: &[&str]| {
        let path = archive.path().to_str().unwrap();
        let output = firstseen(&[&[command, path], more].concat(), folder.path());
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    let (for_aws, for_clusters) =
        ("none of the rules is for CloudTrail", "none of the rules is for Kubernetes audit logs");
    for command in ["rules", "scan", "triage"] {
        assert!(said(command, &requests, &["--builtin-rules"]).contains(for_clusters), "{command}");
        assert!(said(command, &calls, own).contains(for_aws), "{command}");
        for (archive, more) in [(&calls, &["--builtin-rules"][..]), (&requests, own)] {
            assert!(!said(command, archive, more).contains("none of the rules"), "{command} {more:?}");
        }
    }
    assert!(!said("scan", &requests, &[]).contains("none of the rules"));
}

#[test]
fn the_name_of_a_cluster_is_not_empty() {
    let archive = short_archive();
    for name in ["", " "] {
        let output = scan(archive.path(), &["--k8s-cluster", name]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("write the name of a cluster"), "{}", stderr(&output));
    }
}
