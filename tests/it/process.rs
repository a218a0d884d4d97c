//! The program as a process: working folder, pipes, signals, and files left behind.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::archive::{Archive, gzip, record, wrapped};
use crate::program::{program, without_archive};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/small-archive");

fn scan(archive: &str, folder: &Path, more: &[&str]) -> Output {
    program().args(["scan", archive, "--format", "json"]).args(more).current_dir(folder).output().unwrap()
}

#[test]
fn the_answer_is_the_same_in_any_folder_and_for_any_number_of_threads() {
    let above = Path::new(FIXTURE).parent().unwrap();
    let expected = scan(FIXTURE, Path::new("/"), &["--threads", "1"]).stdout;
    assert!(expected.len() > 1_000);
    // Only the name of the archive depends on how it was given.
    let expected = without_archive(&expected);
    for (archive, folder, threads) in [
        ("small-archive", above, "1"),
        (".", Path::new(FIXTURE), "2"),
        ("../fixtures/small-archive/", above, "8"),
    ] {
        let answer = scan(archive, folder, &["--threads", threads]).stdout;
        assert!(without_archive(&answer) == expected, "{archive}");
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = program()
        .args(["scan", FIXTURE, "--warmup", "0d", "--format", "json", "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 1];
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap()), (Some(0), String::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    for command in [&["-o", "/dev/full"][..], &[]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let status = program()
            .args(["scan", FIXTURE, "--quiet"])
            .args(command)
            .stdout(full)
            .stderr(Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(1));
    }
}

#[test]
fn output_replaces_a_file_in_one_step_and_an_error_leaves_it_alone() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out.csv");
    fs::write(&out, "old").unwrap();
    let run = |archive: &str| {
        let mut command = program();
        command.args(["scan", archive, "--quiet", "-o"]).arg(&out).stderr(Stdio::null());
        command.status().unwrap().code()
    };
    assert_eq!(run("no-such-archive"), Some(1));
    assert_eq!(fs::read_to_string(&out).unwrap(), "old");
    assert_eq!(run(FIXTURE), Some(0));
    assert!(fs::read_to_string(&out).unwrap().starts_with("finding,time,account,"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_run_is_an_error_and_leaves_no_file() {
    let records: Vec<_> =
        (0..200).map(|day| record("2024-03-01T10:00:00Z", &format!("user{day}"), "s3:GetObject")).collect();
    let object = gzip(&wrapped(&records).repeat(100));
    let archive =
        (0..200).fold(Archive::new(), |archive, number| archive.object(&format!("{number}.json"), &object));
    let folder = TempDir::new().unwrap();
    let mut command = program();
    command.arg("scan").arg(archive.path()).args(["--threads", "1", "-o"]).arg(folder.path().join("out.csv"));
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    wait_until(&mut child, || fs::read_dir(folder.path()).unwrap().count() == 1);
    // The worker runs beside the main thread and the signal thread.
    let threads = format!("/proc/{}/task", child.id());
    wait_until(&mut child, || fs::read_dir(&threads).unwrap().count() >= 3);
    send("-INT", &child);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8(ended.stderr).unwrap().starts_with("error: interrupted"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn an_index_that_is_stopped_saves_what_it_has_and_goes_on_from_there() {
    let archive = (0..300).fold(Archive::new(), |archive, number| {
        let one =
            |user: u32| record("2024-03-01T10:00:00Z", &format!("user{user}"), &format!("s3:Get{number}"));
        archive.object(&format!("{number}.json"), &wrapped(&(0..100).map(one).collect::<Vec<_>>()))
    });
    let folder = TempDir::new().unwrap();
    let index = |output: &str| {
        let mut command = program();
        command
            .arg("index")
            .arg(archive.path())
            .args(["--threads", "1", "-o"])
            .arg(folder.path().join(output));
        command.stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut child = index("case.baseline");
    let reading = format!("/proc/{}/io", child.id());
    let read = || {
        let io = fs::read_to_string(&reading).unwrap_or_default();
        io.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse::<u64>().ok()).unwrap_or_default()
    };
    // Some objects, of more than 20 MB.
    wait_until(&mut child, || read() > 2_000_000);
    send("-TERM", &child);
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("contains everything that was read") && said.contains("it resumes from there"),
        "{said}"
    );
    let files = |name: &str| {
        let files = fs::read_dir(folder.path().join(name)).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> =
            files.map(|path| (path.file_name().unwrap().to_owned(), fs::read(path).unwrap())).collect();
        files.sort();
        files
    };
    let run = |arguments: &[&str]| {
        let ended = program().args(arguments).current_dir(folder.path()).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    let (status, said) = run(&["merge", "case.baseline", "-o", "all.baseline"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("'case.baseline' is unfinished") && said.contains("run the same firstseen index again"),
        "{said}"
    );
    for asked in [
        &["merge", "--unfinished", "case.baseline", "-o", "all.baseline", "-q"][..],
        &["scan", "case.baseline", "-q"],
    ] {
        let (status, said) = run(asked);
        assert!(
            status == Some(3) && said.contains("listed and not read, because index ended early"),
            "{said}"
        );
    }
    let ended = index("case.baseline").wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    let numbers = said.split(|sign: char| !sign.is_ascii_digit()).filter_map(|word| word.parse::<u32>().ok());
    let [added, known] = numbers.take(2).collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(added > 0 && known > 0 && added + known == 300, "{said}");
    assert_eq!(index("anew.baseline").wait().unwrap().code(), Some(0));
    assert!(files("case.baseline") == files("anew.baseline"));
}

/// Waits for a condition while the process is running.
#[cfg(target_os = "linux")]
fn wait_until(child: &mut std::process::Child, mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[cfg(unix)]
fn send(signal: &str, child: &std::process::Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[cfg(unix)]
fn pipe_in(folder: &Path, name: &str) -> std::path::PathBuf {
    let pipe = folder.join(name);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_that_waits_for_standard_input() {
    for signal in ["-INT", "-TERM"] {
        let folder = TempDir::new().unwrap();
        let mut child = program()
            .args(["scan", "-", "-o"])
            .arg(folder.path().join("out.csv"))
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // More than a pipe buffers: once it is written, the input is being read.
        stdin.write_all(&vec![b' '; 1 << 18]).unwrap();
        send(signal, &child);
        let ended = child.wait_with_output().unwrap();
        drop(stdin);
        assert_eq!(ended.status.code(), Some(1));
        assert!(String::from_utf8(ended.stderr).unwrap().starts_with("error: interrupted"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_reading_of_a_list_at_once_and_leaves_no_file() {
    use std::os::unix::process::ExitStatusExt;
    for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
        let folder = TempDir::new().unwrap();
        let mut child = program()
            .args(["scan", "--files-from", "-", "-o"])
            .arg(folder.path().join("out.csv"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // More than a pipe buffers: once it is written, the list is being read.
        stdin.write_all(&vec![b'x'; 1 << 20]).unwrap();
        send(signal, &child);
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        drop(stdin);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[cfg(all(unix, feature = "s3"))]
#[test]
fn a_second_signal_kills_a_blocked_run_at_once() {
    use std::os::unix::process::ExitStatusExt;
    let folder = TempDir::new().unwrap();
    // The AWS SDK blocks when it opens a pipe.
    let pipe = pipe_in(folder.path(), "config");
    let mut child = program()
        .args(["scan", "s3://bucket", "-o"])
        .arg(folder.path().join("out.csv"))
        .env("AWS_CONFIG_FILE", &pipe)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let writer = File::options().write(true).open(&pipe).unwrap();
    send("-INT", &child);
    send("-TERM", &child);
    let ended = child.wait().unwrap();
    drop(writer);
    assert!(matches!(ended.signal(), Some(2 | 15)), "{ended}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the pipe is left");
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_in_place_of_files_are_rejected_without_blocking() {
    let folder = TempDir::new().unwrap();
    let pipe = pipe_in(folder.path(), "pipe");
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("device")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    for (name, said) in [("pipe", "it is a pipe"), ("device", "it is a device"), ("socket", "it is a socket")]
    {
        for flag in [
            "--rules",
            "--sigma",
            "--config",
            "--netflix-config",
            "--ignore-file",
            "--files-from",
            "--incidents",
        ] {
            let asked = if flag == "--incidents" { "tune" } else { "scan" };
            let mut command = program();
            command.args([asked, FIXTURE, flag, name]).current_dir(folder.path());
            let output = command.output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains(said) && stderr.contains(name), "{flag} {name}: {stderr}");
            assert!(matches!(output.status.code(), Some(1 | 2)), "{flag} {name}: {stderr}");
        }
    }
    // In an archive they are counted as skipped.
    fs::write(folder.path().join("log.json"), wrapped(&[record("2024-03-01T10:00:00Z", "u", "s3:A")]))
        .unwrap();
    let found = scan(".", folder.path(), &[]);
    let answer: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(answer["coverage"]["objects"]["skipped"]["not-a-file"], 3);
    assert_eq!(answer["coverage"]["records"]["counted"], 1);
    // In place of a table of a baseline.
    let index = ["index", FIXTURE, "-o", "case.baseline"];
    assert!(program().args(index).current_dir(folder.path()).output().unwrap().status.success());
    let table = folder.path().join("case.baseline/behaviours.parquet");
    fs::remove_file(&table).unwrap();
    fs::rename(&pipe, &table).unwrap();
    let answer = scan("case.baseline", folder.path(), &[]);
    assert_eq!(answer.status.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn files_opened_by_the_shell_are_read() {
    let with = |arguments: &[&str], input: &str| with_input(arguments, input.as_bytes());
    let plain = with(&["scan", ".", "--ignore-action", "*List*"], "");
    assert_eq!(plain.status.code(), Some(0));
    for name in ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
        let ignored = with(&["scan", ".", "--ignore-file", name], "*List*\n");
        assert!(ignored.stdout == plain.stdout, "{name}: {}", String::from_utf8_lossy(&ignored.stderr));
        let listed = with(&["scan", "--files-from", name], "AWSLogs\n").stdout;
        // Only the name of the archive differs.
        let listed = String::from_utf8(listed).unwrap().replace(&format!(",{name},"), ",.,");
        assert!(listed.as_bytes() == with(&["scan", "."], "").stdout, "{name}");
    }
}

#[test]
fn faults_are_listed_in_a_file_of_their_own() {
    let folder = TempDir::new().unwrap();
    let faults = folder.path().join("faults.jsonl");
    let hostile = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/hostile");
    let status = program().args(["scan", hostile, "--quiet", "--faults"]).arg(&faults).status().unwrap();
    assert_eq!(status.code(), Some(3));
    let lines = fs::read_to_string(&faults).unwrap();
    let kinds: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kinds, ["gzip-truncated", "json-truncated", "record-time", "gzip-corrupt"]);
}

#[test]
fn bench_makes_its_own_archive_and_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let measured = program()
        .args(["bench", "--synthetic", "2M", "--runs", "1", "--threads", "2", "--format", "json", "--quiet"])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(measured.status.success(), "{measured:?}");
    let measured: serde_json::Value = serde_json::from_slice(&measured.stdout).unwrap();
    assert!(measured["json_bytes"].as_u64().unwrap() > 1_000_000);
    assert_eq!(measured["threads"].as_array().unwrap().len(), 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn bench_needs_an_archive_or_a_size_and_not_both() {
    for wrong in
        [&["bench"][..], &["bench", FIXTURE, "--synthetic", "1M"], &["bench", FIXTURE, "--runs", "0"]]
    {
        assert_eq!(program().args(wrong).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_scan_with_the_suggestion_of_tune_finds_what_tune_counted() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("own.toml"),
        "forget = \"20d\"\nanchor = \"archive\"\nonly-mutating = true\n",
    )
    .unwrap();
    for more in [
        &["--config", "own.toml"][..],
        &["--config", "own.toml", "--calls", "all", "--account", "111122223333,444455556666"],
        &["--preset", "escu", "--from", "2024-02-01"],
        &["--preset", "sumo", "--action", "iam:*", "--ignore-action", "*List*", "--only-success"],
    ] {
        let arguments = ["tune", FIXTURE, "--format", "json", "--incident", "2024-02-01..2024-03-30"];
        let tuned = program().args(arguments).args(more).current_dir(folder.path()).output().unwrap();
        assert_eq!(tuned.status.code(), Some(0), "{}", String::from_utf8_lossy(&tuned.stderr));
        let tuned: serde_json::Value = serde_json::from_slice(&tuned.stdout).unwrap();
        let command = tuned["suggestion_command"].as_str().unwrap();
        let words = command.strip_prefix("firstseen scan ARCHIVE ").unwrap().replace('\'', "");
        let scanned = scan(FIXTURE, folder.path(), &words.split(' ').collect::<Vec<_>>());
        let scanned: serde_json::Value = serde_json::from_slice(&scanned.stdout).unwrap();
        let found = scanned["findings"].as_array().unwrap().len();
        assert_eq!(tuned["suggestion"]["findings"], found, "{command}");
        assert!(found > 0, "{command}");
    }
}

#[test]
fn a_principal_keyed_by_id_is_also_found_by_name() {
    let by_id = ["--principal-key", "id", "--warmup", "0d"];
    let named = scan(FIXTURE, Path::new("/"), &[&by_id[..], &["--principal", "data-pipeline"]].concat());
    let answer: serde_json::Value = serde_json::from_slice(&named.stdout).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    for finding in findings {
        assert!(finding["principal"].as_str().unwrap().starts_with("AROA"), "{finding}");
        assert!(finding["principal_arn"].as_str().unwrap().ends_with(":role/data-pipeline"), "{finding}");
    }
}

/// Runs the program in the folder of the fixture with this standard input.
fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = program()
        .args(arguments)
        .args(["--warmup", "0d", "--format", "csv"])
        .current_dir(FIXTURE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // If the program does not read it, writing fails.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    output
}

#[test]
fn standard_input_is_an_archive_of_one_object() {
    let record = |user: &str| record("2024-01-01T00:00:00Z", user, "s3:A");
    let object = gzip(&wrapped(&[record("u"), record("v")]));
    let archive = Archive::new().object("x.json.gz", &object);
    let from_file = program()
        .args(["scan", archive.path().to_str().unwrap(), "--warmup", "0d", "--format", "csv"])
        .output()
        .unwrap();
    let from_stdin = with_input(&["scan", "-"], &object);
    assert_eq!(from_stdin.status.code(), Some(0));
    let expected = without_archive(&from_file.stdout).replace(",x.json.gz,", ",stdin,");
    assert_eq!(without_archive(&from_stdin.stdout), expected);
    assert_eq!(with_input(&["scan", "-", "--files-from", "-"], b"").status.code(), Some(2));
    assert_eq!(program().args(["bench", "-"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn a_list_of_files_is_an_archive() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path.strip_prefix(FIXTURE).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut names = Vec::new();
    walk(Path::new(FIXTURE), &mut names);
    let whole = with_input(&["scan", "."], b"");
    for (end, begin) in [("\n", ""), ("\0", ""), ("\r\n", ""), ("\n", "\n")] {
        let list = format!("{begin}{}{end}", names.join(end));
        let listed = with_input(&["scan", "--files-from", "-"], list.as_bytes());
        assert_eq!(listed.status.code(), Some(0), "{}", String::from_utf8_lossy(&listed.stderr));
        assert!(without_archive(&listed.stdout) == without_archive(&whole.stdout));
    }
    let missing = with_input(&["scan", "--files-from", "-"], b"AWSLogs\nnot-there.json\n");
    assert_eq!(missing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("list: not-there.json"));
    for (list, said) in [("\n\n", "names no file"), ("s3://b/x\n", "lists take local files only")] {
        let refused = with_input(&["scan", "--files-from", "-"], list.as_bytes());
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(said));
    }
}
