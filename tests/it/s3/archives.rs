//! `[[archive]]`: buckets with different credentials, and folders, in one run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::access::assumed;
use super::server::{LoggedRequest, Reply, Server, Setup, refuse};
use super::{Buckets, FIXTURE, copy, stderr};
use crate::folder::files;
use crate::program::program;

const HUB: &str = "arn:aws:iam::999988887777:role/hub";
const AUDIT: &str = "arn:aws:iam::111122223333:role/audit";

/// Two buckets and a folder, each with the logs of one account, and a server that lets one role into each bucket.
struct Organization {
    folders: Buckets,
    server: Server,
}

/// The accounts of the fixture, in the buckets `logs` and `trail` and the folder `copied`.
const ACCOUNTS: [(&str, &str); 3] =
    [("logs", "000123456789"), ("trail", "111122223333"), ("copied", "444455556666")];

impl Organization {
    fn new() -> Self {
        Self::answering(|_| None)
    }

    /// Where `plan` says nothing, a role reads its bucket, and nobody else.
    fn answering(plan: impl Fn(&LoggedRequest) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let folders = Buckets::empty();
        for (folder, account) in ACCOUNTS {
            let place = folders.root().join(folder).join("AWSLogs").join(account);
            copy(&Path::new(FIXTURE).join("AWSLogs").join(account), &place);
        }
        let server = Setup::new(folders.root())
            .plan(move |request| plan(request).unwrap_or_else(|| by_role(request)))
            .start();
        Self { folders, server }
    }

    /// A configuration file with these lines.
    fn config(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folders.root().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The file that describes all three archives.
    fn all(&self) -> PathBuf {
        self.config("all.toml", &[LOGS, TRAIL, COPIED].concat())
    }

    fn run(&self, words: &[&str]) -> Output {
        self.server.firstseen().current_dir(self.folders.root()).args(words).output().unwrap()
    }

    /// The baseline of a file's archives.
    fn index(&self, config: &Path, name: &str, more: &[&str]) -> PathBuf {
        let baseline = self.folders.root().join(name);
        let words = ["index", "--config", config.to_str().unwrap(), "-o", baseline.to_str().unwrap()];
        let output = self.run(&[&words[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        baseline
    }
}

const LOGS: &str = "[[archive]]\nlabel = 'mine'\nbucket = 'logs'\nprefix = 'AWSLogs/'\n\
                    role-arn = 'arn:aws:iam::999988887777:role/hub'\n";
const TRAIL: &str = "[[archive]]\nlabel = 'theirs'\npath = 's3://trail'\n\
                     role-arn = ['arn:aws:iam::999988887777:role/hub', 'arn:aws:iam::111122223333:role/audit']\n\
                     external-id = 'case-4711'\nrole-session-name = 'case-4711'\n";
const COPIED: &str = "[[archive]]\nlabel = 'copied by hand'\npath = 'copied'\n";

fn by_role(request: &LoggedRequest) -> Reply {
    let form = |name: &str| request.form.get(name).map(String::as_str);
    match (form("RoleArn"), form("ExternalId"), form("RoleSessionName")) {
        (Some(HUB), None, Some(_)) | (Some(AUDIT), Some("case-4711"), Some("case-4711")) => {
            return assumed(request, 3600);
        }
        (Some(_), ..) => return refuse(403, "AccessDenied"),
        _ => {}
    }
    let signed = &request.headers["authorization"];
    let is_let_in = (request.path.starts_with("/logs") && signed.contains("ASIAHUB"))
        || (request.path.starts_with("/trail") && signed.contains("ASIAAUDIT"));
    if is_let_in { Reply::Serve } else { refuse(403, "AccessDenied") }
}

#[test]
fn buckets_with_different_roles_and_a_folder_give_what_their_baselines_give_merged() {
    let of = Organization::new();
    let together = of.index(&of.all(), "all.baseline", &[]);
    let sessions = of.server.requests().iter().filter(|request| !request.form.is_empty()).count();
    let apart = [("logs", LOGS), ("trail", TRAIL), ("copied", COPIED)].map(|(name, table)| {
        let config = of.config(&format!("{name}.toml"), table);
        of.index(&config, &format!("{name}.baseline"), &[]).to_str().unwrap().to_owned()
    });
    let merged = of.folders.root().join("merged.baseline");
    let words = ["merge", &*apart[0], &*apart[1], &*apart[2], "-o", merged.to_str().unwrap()];
    assert_eq!(of.run(&words).status.code(), Some(0));
    assert!(files(&together) == files(&merged));
    // One for the first archive, and two for the chain of the second.
    assert_eq!(sessions, 3);
    let scanned = of.run(&["scan", "--config", of.all().to_str().unwrap(), "-f", "csv", "--warmup", "0d"]);
    let asked = of.run(&["scan", merged.to_str().unwrap(), "-f", "csv", "--warmup", "0d"]);
    assert!(scanned.stdout.len() > 1_000 && scanned.stdout == asked.stdout, "{}", stderr(&scanned));
    let said = stderr(&scanned);
    let lines = said.lines().filter(|line| line.starts_with("archive "));
    let lines: Vec<&str> = lines.map(|line| line.split_inclusive('(').next().unwrap()).collect();
    assert_eq!(lines, ["archive 1: copied by hand (", "archive 2: mine (", "archive 3: theirs ("]);
}

#[test]
fn a_labelled_archive_that_moves_is_not_read_again() {
    let of = Organization::new();
    let table = |path: &str| format!("[[archive]]\nlabel = 'mine'\npath = '{path}'\nk8s-cluster = 'x'\n");
    let remote = of.config("remote.toml", &LOGS.replace("prefix = 'AWSLogs/'\n", ""));
    of.index(&remote, "mine.baseline", &[]);
    let local = of.config("local.toml", &table("logs"));
    let again = ["index", "--config", local.to_str().unwrap(), "-o", "mine.baseline"];
    let again = of.run(&again);
    // The digest, whose folder is not listed in a bucket.
    let said = stderr(&again);
    assert!(said.starts_with("0 objects added, 1 skipped, 13 already in the baseline\n"), "{said}");
}

#[test]
fn shards_of_configured_archives_merge_to_one_run() {
    let of = Organization::new();
    let config = of.all();
    let whole = of.index(&config, "all.baseline", &[]);
    let plan = of.folders.root().join("plan.jsonl");
    let words = ["plan", "--config", config.to_str().unwrap(), "--shards", "3", "-o", plan.to_str().unwrap()];
    let planned = of.run(&words);
    assert_eq!(planned.status.code(), Some(0), "{}", stderr(&planned));
    let shards = (1..=3).map(|number| {
        let shard = ["--shard", plan.to_str().unwrap(), "--shard-number", &number.to_string()];
        of.index(&config, &format!("{number}.baseline"), &shard).to_str().unwrap().to_owned()
    });
    let shards: Vec<String> = shards.collect();
    let merged = of.folders.root().join("merged.baseline");
    let words = ["merge", &*shards[0], &*shards[1], &*shards[2], "-o", merged.to_str().unwrap()];
    assert_eq!(of.run(&words).status.code(), Some(0));
    assert!(files(&whole) == files(&merged));
    // Without the file nobody knows what a label means.
    let alone = ["index", "--shard", plan.to_str().unwrap(), "--shard-number", "1", "-o", "x.baseline"];
    let alone = of.run(&alone);
    assert_eq!(alone.status.code(), Some(1));
    assert!(stderr(&alone).contains("give the same --config"), "{}", stderr(&alone));
}

#[test]
fn every_command_that_reads_archives_reads_those_of_the_file() {
    let of = Organization::new();
    let config = of.all();
    let config = config.to_str().unwrap();
    let events = of.run(&["events", "--config", config, "-f", "csv", "-q"]);
    let text = String::from_utf8(events.stdout).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let column = rows.headers().unwrap().iter().position(|name| name == "event_id").unwrap();
    let of_key = rows.headers().unwrap().iter().position(|name| name == "access_key_id").unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let ids: Vec<String> = rows.iter().map(|row| row[column].to_owned()).collect();
    let key = rows.iter().map(|row| row[of_key].to_owned()).find(|key| !key.is_empty()).unwrap();
    assert!(ids.len() > 500, "{}", ids.len());
    let baseline = of.index(Path::new(config), "all.baseline", &[]);
    let baseline = baseline.to_str().unwrap();
    let commands: [&[&str]; 9] = [
        &["triage"],
        &["rules"],
        &["tune"],
        &["baseline"],
        &["coverage"],
        &["explain", "--action", "*"],
        &["show", &ids[0]],
        &["show", &ids[0], &ids[400]],
        &["trace", &key],
    ];
    for words in commands {
        let output = of.run(&[words, &["--config", config]].concat());
        assert_eq!(output.status.code(), Some(0), "{words:?} {}", stderr(&output));
        assert!(!output.stdout.is_empty(), "{words:?}");
    }
    // What a baseline calls by a label is found by the file, and the file's archives are not added to it.
    for words in [&["show", baseline, &ids[0]][..], &["trace", baseline, &key], &["events", baseline]] {
        let output = of.run(&[words, &["--config", config]].concat());
        assert_eq!(output.status.code(), Some(0), "{words:?} {}", stderr(&output));
    }
    let verified = of.run(&["verify", "--config", config]);
    assert!(String::from_utf8_lossy(&verified.stdout).contains("log files: "), "{}", stderr(&verified));
}

#[test]
fn archives_of_the_line_are_added_and_flags_fill_what_a_table_leaves_out() {
    let of = Organization::new();
    let config = of.config("bucket.toml", "[[archive]]\nlabel = 'mine'\nbucket = 'logs'\n");
    let config = config.to_str().unwrap();
    let found = of.run(&["scan", "copied", "--config", config, "--role-arn", HUB]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(
        stderr(&found).contains("archive 1: copied (8 objects, ")
            && stderr(&found).contains("\narchive 2: mine (13 objects"),
        "{}",
        stderr(&found)
    );
    // Without the role, that archive is a fault, and the other one is read.
    let denied = of.run(&["scan", "copied", "--config", config]);
    assert_eq!(denied.status.code(), Some(3));
    let said = stderr(&denied);
    assert!(said.contains("archive 'mine (s3://logs)' cannot be opened: AccessDenied"), "{said}");
}

#[test]
fn credentials_that_end_in_one_archive_end_only_there() {
    let of = Organization::answering(|request| {
        let is_log = request.is_get() && request.path.starts_with("/trail");
        is_log.then(|| refuse(400, "ExpiredToken"))
    });
    let found = of.run(&["scan", "--config", of.all().to_str().unwrap(), "--warmup", "0d", "-f", "csv"]);
    assert_eq!(found.status.code(), Some(3), "{}", stderr(&found));
    let mut rows = csv::Reader::from_reader(&found.stdout[..]);
    let column = rows.headers().unwrap().iter().position(|name| name == "archive_name").unwrap();
    let archives: BTreeSet<String> = rows.records().map(|row| row.unwrap()[column].to_owned()).collect();
    assert_eq!(archives.iter().map(String::as_str).collect::<Vec<_>>(), ["copied by hand", "mine"]);
    assert!(
        stderr(&found).contains("credentials-expired: theirs/AWSLogs/111122223333/"),
        "{}",
        stderr(&found)
    );
}

#[test]
fn buckets_with_one_name_in_two_stores_are_two_archives_and_not_mirrored_together() {
    let (first, second) = (Buckets::new(), Buckets::empty());
    copy(&Path::new(FIXTURE).join("AWSLogs/111122223333"), &second.logs().join("AWSLogs/111122223333"));
    let (one, two) = (Setup::new(first.root()).start(), Setup::new(second.root()).start());
    let table = |label: &str, server: &Server| {
        format!("[[archive]]\nlabel = '{label}'\nbucket = 'logs'\nendpoint-url = '{}'\n", server.url)
    };
    let config = first.root().join("two.toml");
    fs::write(&config, table("a", &one) + &table("b", &two)).unwrap();
    let words = ["scan", "--config", config.to_str().unwrap()];
    let found = one.firstseen().args(words).output().unwrap();
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(
        one.requests().iter().any(LoggedRequest::is_get) && two.requests().iter().any(LoggedRequest::is_get)
    );
    let mirror = first.root().join("mirror");
    let kept = one.firstseen().args(words).arg("--mirror").arg(&mirror).output().unwrap();
    assert_eq!(kept.status.code(), Some(1));
    assert!(stderr(&kept).contains("two stores have a bucket 'logs'"), "{}", stderr(&kept));
}

#[test]
fn an_archive_inside_another_is_listed_once_whatever_their_labels_are() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let config = buckets.root().join("nested.toml");
    let inner = "[[archive]]\nlabel = 'a'\npath = 's3://logs/AWSLogs/111122223333'\n";
    fs::write(&config, format!("{inner}[[archive]]\nlabel = 'b'\nbucket = 'logs'\n")).unwrap();
    let found = server.firstseen().args(["scan", "--config", config.to_str().unwrap()]).output().unwrap();
    let said = stderr(&found);
    assert!(said.contains("objects: 36 listed") && said.contains("listed-twice 1"), "{said}");
}

#[test]
fn a_check_says_which_archives_can_be_read_and_which_permission_is_missing() {
    let of = Organization::answering(|request| {
        let kms = "User: arn:aws:sts::111122223333:assumed-role/audit/x is not authorized to perform: kms:Decrypt on resource: \
                   arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let is_log = request.is_get() && request.path.starts_with("/trail");
        is_log.then(|| Reply::Refuse(403, "AccessDenied", kms, Vec::new()))
    });
    let more = "[[archive]]\nlabel = 'denied'\nbucket = 'logs'\nprefix = 'AWSLogs'\n\
                [[archive]]\nlabel = 'role'\nbucket = 'logs'\nrole-arn = 'arn:aws:iam::444455556666:role/none'\n\
                [[archive]]\npath = 'gone'\n";
    let config = of.config("check.toml", &[LOGS, TRAIL, COPIED, more].concat());
    let words = ["plan", "--check", "--config", config.to_str().unwrap()];
    let checked = of.run(&[&words[..], &["-f", "json"]].concat());
    assert_eq!(checked.status.code(), Some(3), "{}", stderr(&checked));
    let answer: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    let rows = answer["archives"].as_array().unwrap();
    let of_row = |name: &str| rows.iter().find(|row| row["archive"] == name).unwrap();
    let said = |name: &str| {
        let row = of_row(name);
        let problem = &row["problem"];
        (
            row["can_list"] == true,
            row["can_read"] == true,
            problem["permission"].as_str(),
            problem["resource"].as_str(),
        )
    };
    assert_eq!(said("mine"), (true, true, None, None));
    // The words of firstseen doctor.
    let identity = of_row("mine")["identity"].as_str().unwrap();
    let origin = format!(
        "the default chain (environment, profile, container, instance), then role {HUB}; access key "
    );
    assert!(identity.starts_with(&origin), "{identity}");
    assert_eq!(said("copied by hand"), (true, true, None, None));
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    assert_eq!(said("theirs"), (true, false, Some("kms:Decrypt"), Some(key)));
    assert_eq!(said("denied"), (false, false, Some("s3:ListBucket"), Some("arn:aws:s3:::logs")));
    let role = "arn:aws:iam::444455556666:role/none";
    assert_eq!(said("role"), (false, false, Some("sts:AssumeRole"), Some(role)));
    let gone = of.folders.root().join("gone");
    assert_eq!(said(gone.to_str().unwrap()), (false, false, None, None));
    assert!(rows.iter().all(|row| row["problem"].is_null() == (row["can_read"] == true)));
    let text = String::from_utf8(of.run(&words).stdout).unwrap();
    assert!(text.contains("  needs s3:ListBucket on arn:aws:s3:::logs\n"), "{text}");
    assert!(text.ends_with("6 archives: 2 can be read, 4 cannot\n"), "{text}");
}

#[test]
fn a_check_reads_one_byte_of_the_newest_log_and_finds_it_by_few_requests() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).page(1000).start();
    let checked = server.firstseen().args(["plan", "--check", "s3://logs"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let requests = server.requests();
    let gets: Vec<&LoggedRequest> = requests.iter().filter(|request| request.is_get()).collect();
    assert_eq!(gets.len(), 1);
    assert_eq!(gets[0].headers["range"], "bytes=0-0");
    assert!(gets[0].path.contains("_CloudTrail_"), "{}", gets[0].path);
    assert!(requests.len() <= 12, "{}", requests.len());
}

#[test]
fn an_object_that_may_not_be_read_needs_get_object() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| if request.is_get() { refuse(403, "AccessDenied") } else { Reply::Serve })
        .start();
    let checked = server.firstseen().args(["plan", "--check", "s3://logs/AWSLogs"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(3));
    let text = String::from_utf8(checked.stdout).unwrap();
    assert!(text.contains("  list  yes\n"), "{text}");
    assert!(text.contains("  needs s3:GetObject on arn:aws:s3:::logs/AWSLogs/*\n"), "{text}");
}

#[test]
fn a_check_of_folders_needs_no_network() {
    let checked = program().args(["plan", "--check", FIXTURE]).output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let text = String::from_utf8(checked.stdout).unwrap();
    assert!(text.contains("  list  yes\n  read  yes: AWSLogs/"), "{text}");
    let empty = Buckets::empty();
    let checked = program().args(["plan", "--check"]).arg(empty.logs()).output().unwrap();
    assert_eq!(checked.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("no log object was found"));
    let list = program().args(["plan", "--check", "-"]).output().unwrap();
    assert_eq!(list.status.code(), Some(2));
}
