//! No output overwrites an input or another output.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;

use crate::archive::{record, wrapped};
use crate::folder::put;
use crate::program::{firstseen, program, stderr};

/// A folder with an archive `logs`, a single log, and one of each other kind of input.
fn case() -> TempDir {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &[u8]| put(folder.path().join(name), text);
    let log = wrapped(&[
        record("2024-03-01T10:00:00Z", "jo", "s3:GetObject"),
        record("2024-04-20T10:00:00Z", "jo", "iam:CreateUser"),
    ]);
    put("logs/a/x.json", &log);
    put("logs/y.json", &log);
    put("one.json", &log);
    put("ignore.txt", b"iam:List*\n");
    put("settings.toml", b"warmup = '7d'\n");
    put("netflix.yaml", b"roleAction:\n  dayThreshold: 7\n");
    put("incidents.csv", b"from,to\n2024-04-20,2024-04-20\n");
    put("known.toml", b"actions = ['iam:*']\n");
    put("labels.csv", b"incident,event_id\na,b\n");
    put("list.txt", b"logs/y.json\nlogs/a\n");
    put("rules/r.yaml", b"- rule: r\n  condition: ct.name = CreateUser\n  desc: d\n  output: o\n  priority: INFO\n  source: aws_cloudtrail\n");
    let made = firstseen(&["index", "one.json", "-o", "old.baseline"], folder.path());
    assert!(made.status.success(), "{}", stderr(&made));
    folder
}

fn snapshot(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        } else {
            found.push((path.to_str().unwrap().to_owned(), fs::read(&path).unwrap_or_default()));
        }
    }
    found.sort();
    found
}

fn run(folder: &Path, line: &str) -> Output {
    firstseen(&line.split(' ').collect::<Vec<_>>(), folder)
}

#[cfg(unix)]
#[test]
fn inputs_are_refused_as_outputs_under_every_name_and_flag() {
    let folder = case();
    let path = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink(path("one.json"), path("link.json")).unwrap();
    std::os::unix::fs::symlink(path("logs"), path("logs-too")).unwrap();
    fs::hard_link(path("one.json"), path("hard.json")).unwrap();
    // An archive with links to a file and to a folder elsewhere.
    fs::create_dir_all(path("elsewhere/deep")).unwrap();
    fs::copy(path("one.json"), path("elsewhere/deep/z.json")).unwrap();
    fs::create_dir(path("linked")).unwrap();
    std::os::unix::fs::symlink(path("elsewhere"), path("linked/to")).unwrap();
    std::os::unix::fs::symlink(path("one.json"), path("linked/x.json")).unwrap();
    let before = snapshot(folder.path());
    let here = folder.path().file_name().unwrap().to_str().unwrap();
    for line in [
        "scan one.json -f json -o one.json",
        "scan one.json -f json -o ./one.json",
        &format!("scan one.json -f json -o ../{here}/one.json"),
        "scan one.json -f json -o link.json",
        "scan link.json -f json -o one.json",
        "scan one.json -f json -o hard.json",
        "scan one.json --faults one.json",
        "scan *.json -f json -o one.json",
        "scan logs/y.json logs/a -f json -o logs/y.json",
        "scan logs -f json -o logs/y.json",
        "scan logs -f json -o logs/a/x.json",
        "scan logs-too -f json -o logs/a/x.json",
        "scan logs -f json -o logs-too/a/x.json",
        "scan logs -f json -o logs/new.json",
        "scan logs --faults logs/a/new.jsonl",
        "scan logs -f csv,json -o logs/answer",
        "scan . -f csv -o answer.csv",
        "scan linked -f json -o one.json",
        "scan linked -f json -o elsewhere/deep/z.json",
        "scan --files-from list.txt -f json -o logs/y.json",
        "scan --files-from list.txt -f json -o logs/a/new.json",
        "scan --files-from list.txt -f json -o list.txt",
        "scan logs -f json -o ignore.txt --ignore-file ignore.txt",
        "scan logs -f json -o settings.toml --config settings.toml",
        "scan logs -f json --faults netflix.yaml --netflix-config netflix.yaml",
        "scan logs -f json -o rules/r.yaml --rules rules/r.yaml",
        "scan logs -f json -o rules/r.yaml --rules rules",
        "rules logs --rules rules --faults rules/r.yaml",
        "scan old.baseline -f json -o old.baseline/manifest.json",
        "scan old.baseline -f json -o old.baseline/new.json",
        "tune one.json -f csv -o one.json",
        "tune one.json --svg one.json",
        "tune logs --incidents incidents.csv --svg incidents.csv",
        "triage logs -f json -o known.toml --known known.toml",
        "triage logs -f csv -o labels.csv --labels labels.csv",
        "baseline one.json -f json -o one.json",
        "baseline old.baseline --faults old.baseline/faults.parquet",
        "bench one.json -f json -o one.json",
        "index logs -o new.baseline --faults logs/y.json",
        "index logs -o new.baseline --faults new.baseline/faults.jsonl",
        "index logs -o logs",
        "index one.json -o new.baseline --faults one.json",
        "merge old.baseline old.baseline -o old.baseline",
        "merge old.baseline old.baseline -o old.baseline/new.baseline",
    ] {
        let ended = run(folder.path(), line);
        assert_eq!(ended.status.code(), Some(2), "{line}: {}", stderr(&ended));
        assert!(stderr(&ended).contains("input of this run") || stderr(&ended).contains("overlap"), "{line}");
        assert!(ended.stdout.is_empty(), "{line}");
    }
    assert!(snapshot(folder.path()) == before, "something was written");
}

#[cfg(unix)]
#[test]
fn standard_input_that_is_a_file_is_an_input() {
    let folder = case();
    let log = fs::read(folder.path().join("one.json")).unwrap();
    let stdin = fs::File::open(folder.path().join("one.json")).unwrap();
    let ended = program()
        .args(["scan", "-", "-f", "json", "-o", "one.json"])
        .current_dir(folder.path())
        .stdin(Stdio::from(stdin))
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
    assert!(fs::read(folder.path().join("one.json")).unwrap() == log);
}

#[cfg(unix)]
#[test]
fn two_outputs_may_not_be_the_same_file() {
    let folder = case();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("there.json"), "old").unwrap();
    fs::create_dir(path("sub")).unwrap();
    std::os::unix::fs::symlink(path("there.json"), path("link.json")).unwrap();
    std::os::unix::fs::symlink(path("sub"), path("sub-too")).unwrap();
    for line in [
        "scan logs -f json -o same --faults same",
        "scan logs -f json -o same --faults ./same",
        "scan logs -f json -o sub/same --faults sub-too/same",
        "scan logs -f json -o sub/../same --faults same",
        "scan logs -f json -o there.json --faults link.json",
        "scan logs -f csv,json -o answer --faults answer/findings.csv",
        "scan logs -f csv,asff -o answer --faults answer/asff/x.json",
        "tune logs -f csv -o same --svg same",
        "tune logs --svg same --faults same",
        "baseline logs -f csv -o same --faults same",
    ] {
        let ended = run(folder.path(), line);
        assert_eq!(ended.status.code(), Some(2), "{line}: {}", stderr(&ended));
        assert!(!path("same").exists(), "{line}");
    }
    assert_eq!(fs::read_to_string(path("there.json")).unwrap(), "old");
}

#[cfg(unix)]
#[test]
fn outputs_may_be_streams_devices_or_new_files() {
    let folder = case();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("there.json"), "old").unwrap();
    for line in [
        "scan logs -f json -o there.json --faults new.jsonl",
        "scan logs -f json -o /dev/null --faults /dev/null",
        "scan logs -f csv,json -o answer --faults answer/faults.jsonl",
        "index logs -o logs/case.baseline",
        "scan logs -f json -o rules/new.json --rules rules",
        "scan logs/y.json -f json -o logs/beside.json",
    ] {
        let ended = run(folder.path(), line);
        assert_eq!(ended.status.code(), Some(0), "{line}: {}", stderr(&ended));
    }
    assert!(fs::read_to_string(path("there.json")).unwrap().starts_with('{'));
    for name in ["-", "/dev/stdout", "/dev/fd/1"] {
        let ended = run(folder.path(), &format!("scan one.json -f json -o {name}"));
        assert!(ended.status.success() && ended.stdout.starts_with(b"{"), "{name}: {}", stderr(&ended));
    }
    let ended = run(folder.path(), "scan one.json -q -f json -o /dev/stderr");
    assert!(ended.stdout.is_empty() && stderr(&ended).starts_with('{'), "{}", stderr(&ended));
    // A file opened by the shell is written to, not replaced.
    let open = fs::File::create(path("out.json")).unwrap();
    let same = open.try_clone().unwrap();
    let ended = program()
        .args(["scan", "one.json", "-f", "json", "-o", "/dev/stdout"])
        .current_dir(folder.path())
        .stdout(Stdio::from(open))
        .output()
        .unwrap();
    assert!(ended.status.success());
    assert!(same.metadata().unwrap().len() > 100);
    assert!(!path("-").exists());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_in_place() {
    let folder = case();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let ended = run(folder.path(), "scan one.json -f json -o pipe");
    assert!(ended.status.success(), "{}", stderr(&ended));
    assert!(reader.join().unwrap().starts_with('{'));
}

#[test]
fn no_output_is_written_to_a_folder_that_is_named_like_a_bucket() {
    let folder = case();
    let before = snapshot(folder.path());
    for arguments in [
        &["triage", "logs", "--case", "s3://b/case"][..],
        &["scan", "logs", "-o", "s3://b/findings.csv"],
        &["scan", "logs", "-f", "csv,json", "-o", "s3://b/findings"],
        &["scan", "logs", "--faults", "s3://b/faults.jsonl"],
        &["events", "logs", "-f", "parquet", "--partition", "-o", "s3://b/events"],
        &["index", "logs", "-o", "s3://b/new.baseline"],
        &["merge", "old.baseline", "old.baseline", "-o", "s3://b/new.baseline"],
        &["synth", "s3://b/synth", "--gb", "0.001"],
        &["man", "-o", "s3://b/man"],
    ] {
        let output = firstseen(arguments, folder.path());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("'s3://b/"), "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(snapshot(folder.path()), before);
}

#[cfg(unix)]
#[test]
fn two_outputs_may_not_go_to_one_stream() {
    let folder = case();
    for line in [
        "scan logs -f jsonl --faults -",
        "scan logs -f jsonl -o - --faults /dev/stdout",
        "scan logs -f jsonl --faults /dev/fd/1",
        "scan logs -f json -o /dev/stderr --faults /dev/fd/2",
        "tune logs -f csv --svg -",
        "tune logs -f csv -o tuning.csv --svg - --faults -",
        "index logs -o new.baseline --summary - --faults -",
    ] {
        let ended = run(folder.path(), line);
        assert_eq!(ended.status.code(), Some(2), "{line}: {}", stderr(&ended));
        assert!(ended.stdout.is_empty() && stderr(&ended).contains("goes"), "{line}: {}", stderr(&ended));
    }
    // A file behind a stream, under its own name.
    let open = fs::File::create(folder.path().join("all.txt")).unwrap();
    let ended = program()
        .args(["scan", "logs", "--faults", "all.txt"])
        .current_dir(folder.path())
        .stdout(Stdio::from(open))
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
    for line in [
        "scan logs -f jsonl -o new.jsonl --faults -",
        "scan logs -f jsonl --faults /dev/stderr",
        "index logs -o new.baseline --faults -",
    ] {
        let ended = run(folder.path(), line);
        assert!(ended.status.success(), "{line}: {}", stderr(&ended));
    }
}

#[cfg(unix)]
#[test]
fn no_folder_is_named_like_a_stream() {
    let folder = case();
    let before = snapshot(folder.path());
    for line in [
        "scan logs -f asff -o -",
        "scan logs -f csv,json -o /dev/stdout",
        "triage logs -f asff -o -",
        "triage logs --case -",
        "events logs -f parquet --partition -o -",
        "index logs -o -",
        "merge old.baseline old.baseline -o -",
        "synth - --gb 0.001",
        "man -o -",
    ] {
        let ended = run(folder.path(), line);
        assert_eq!(ended.status.code(), Some(2), "{line}: {}", stderr(&ended));
        assert!(stderr(&ended).contains("takes a folder"), "{line}: {}", stderr(&ended));
    }
    assert_eq!(snapshot(folder.path()), before);
}

#[cfg(unix)]
#[test]
fn what_is_replaced_keeps_its_permissions_and_its_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = case();
    let path = |name: &str| folder.path().join(name);
    let mode = |name: &str| path(name).metadata().unwrap().permissions().mode() & 0o7777;
    let put = |name: &str, mode: u32| {
        fs::write(path(name), "old").unwrap();
        fs::set_permissions(path(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    put("secret.json", 0o600);
    put("evidence.json", 0o444);
    symlink("later/answer.json", path("link.json")).unwrap();
    fs::create_dir(path("later")).unwrap();
    for name in ["secret.json", "link.json"] {
        let ended = run(folder.path(), &format!("scan one.json -o {name}"));
        assert!(ended.status.success(), "{name}: {}", stderr(&ended));
        assert!(fs::read_to_string(path(name)).unwrap().starts_with('{'), "{name}");
    }
    assert_eq!(mode("secret.json"), 0o600);
    assert!(path("link.json").is_symlink() && path("later/answer.json").is_file());
    let ended = run(folder.path(), "scan one.json -o evidence.json");
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr(&ended).contains("it is read-only"), "{}", stderr(&ended));
    assert_eq!(
        (fs::read_to_string(path("evidence.json")).unwrap(), mode("evidence.json")),
        ("old".to_owned(), 0o444)
    );
    // What a link leads to is an output, also before it is there.
    symlink("new.json", path("second.json")).unwrap();
    let ended = run(folder.path(), "scan one.json -o second.json --faults new.json");
    assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
    symlink("logs/new.json", path("third.json")).unwrap();
    let ended = run(folder.path(), "scan logs -o third.json");
    assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
}

#[cfg(target_os = "linux")]
#[test]
fn a_status_is_that_of_the_answer_and_not_of_messages() {
    let folder = case();
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").unwrap());
    let mut scan = program();
    scan.args(["scan", "logs", "-o", "answer.csv"]).current_dir(folder.path()).stderr(full());
    assert_eq!(scan.status().unwrap().code(), Some(0));
    assert!(folder.path().join("answer.csv").exists());
    for line in [&["--help"][..], &["scan", "-h"], &["--version"], &["scan", "logs"]] {
        let ended = program().args(line).current_dir(folder.path()).stdout(full()).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{line:?}: {}", stderr(&ended));
    }
}
