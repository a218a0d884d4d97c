//! Archives in S3: what a bucket answers is what its folder answers, whatever happens on the way.

pub(crate) mod server;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use firstseen::ingest::{DEFAULT_MAX_OBJECT_SIZE, IngestSettings, Silent, ingest};
use firstseen::source::{Archives, S3Settings};
use firstseen::synth::{Plan, synthesize};
use firstseen::time::Day;
use server::{Asked, Fate, SECRET_KEY, Server, Setup, refuse};

use crate::archive::{record, wrapped};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/small-archive");

/// A folder of buckets, `logs` among them, with a copy of the archive of the fixtures.
struct Buckets(TempDir);

impl Buckets {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        copy(Path::new(FIXTURE), &folder.path().join("logs"));
        Self(folder)
    }

    fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        Self(folder)
    }

    /// Some hundreds of objects.
    fn synthetic() -> Self {
        let buckets = Self::empty();
        let made = buckets.root().join("made");
        synthesize(&made, &Plan { bytes: 12 << 20, seed: 7, days: 60 }).unwrap();
        fs::remove_dir(buckets.logs()).unwrap();
        fs::rename(made, buckets.logs()).unwrap();
        buckets
    }

    /// The keys of the logs, in order.
    fn log_keys(&self) -> Vec<String> {
        let below =
            |path: String| path.strip_prefix(&format!("{}/", self.logs().display())).unwrap().to_owned();
        let is_log = |key: &String| key.contains("/CloudTrail/") && key.contains("_CloudTrail_");
        files(&self.logs()).into_iter().map(below).filter(is_log).collect()
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    /// The folder behind the bucket.
    fn logs(&self) -> PathBuf {
        self.root().join("logs")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// All files below a folder, in order.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path.to_str().unwrap().to_owned()) }
    }
    found.sort();
    found
}

fn learning() -> IngestSettings {
    IngestSettings {
        threads: 2,
        window: Default::default(),
        principal_key: Default::default(),
        max_object_size: DEFAULT_MAX_OBJECT_SIZE,
    }
}

/// All findings there are, as CSV.
fn scan(command: &mut Command, archive: &str, more: &[&str]) -> Output {
    command.args(["scan", archive, "--warmup", "0d", "--format", "csv"]).args(more).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What the folder behind a bucket answers.
fn expected(folder: &Path) -> Vec<u8> {
    let output = scan(&mut Command::new(env!("CARGO_BIN_EXE_firstseen")), folder.to_str().unwrap(), &[]);
    assert!(output.stdout.len() > 1_000);
    output.stdout
}

/// The number behind a word of the line about S3.
fn repeated(stderr: &str) -> u32 {
    let line = stderr.lines().find(|line| line.starts_with("S3: ")).unwrap();
    let word = line.split(", ").find_map(|part| part.strip_suffix(" repeated")).unwrap();
    word.parse().unwrap()
}

#[test]
fn a_bucket_answers_what_its_folder_answers_from_any_level() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let account = "AWSLogs/111122223333";
    for level in
        ["", "AWSLogs", account, &format!("{account}/CloudTrail"), &format!("{account}/CloudTrail/us-east-1")]
    {
        let found = scan(&mut server.firstseen(), &format!("s3://logs/{level}"), &[]);
        assert_eq!(found.status.code(), Some(0), "{level}: {}", stderr(&found));
        assert!(found.stdout == expected(&buckets.logs().join(level)), "{level}");
    }
}

#[test]
fn nothing_is_lost_to_refusals_drops_and_answers_that_break_off() {
    let buckets = Buckets::synthetic();
    let expected = expected(&buckets.logs());
    // Every request fails once or twice; one in twenty breaks off.
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(|asked| match (asked.before, asked.number % 20) {
            (0 | 1, 0) => refuse(503, "SlowDown"),
            (0, 5) => Fate::Drop,
            (0 | 1, 10) if asked.is_get() => Fate::Cut(700),
            (0, 15) if asked.is_get() => Fate::Short(11),
            (0, 18) => refuse(500, "InternalError"),
            _ => Fate::Serve,
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(found.stdout == expected);
    let gets = server.asked().iter().filter(|asked| asked.is_get() && asked.before == 0).count();
    assert!(gets > 200 && repeated(&stderr(&found)) as usize > gets / 5, "{}", stderr(&found));
}

#[test]
fn an_answer_that_broke_off_goes_on_where_it_was() {
    let buckets = Buckets::synthetic();
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(|asked| if asked.is_get() && asked.before == 0 { Fate::Cut(1_000) } else { Fate::Serve })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    let asked = server.asked();
    let again: Vec<&Asked> = asked.iter().filter(|asked| asked.is_get() && asked.before == 1).collect();
    assert!(again.len() > 100);
    for asked in again {
        assert_eq!(asked.headers["range"], "bytes=1000-");
        assert!(asked.headers.contains_key("if-match"));
    }
}

#[test]
fn an_answer_that_stands_still_is_asked_for_again() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .public()
        .plan(|asked| match asked.before {
            0 if asked.is_get() && asked.number % 7 == 0 => Fate::Stall(100),
            _ => Fate::Serve,
        })
        .start();
    let settings = S3Settings {
        endpoint_url: Some(server.url.clone()),
        anonymous: true,
        patience: Duration::from_millis(400),
        ..S3Settings::default()
    };
    let stalled = || server.asked().iter().filter(|asked| asked.before > 0).count();
    let archives = Archives::open_with(&["s3://logs".into()], &settings).unwrap();
    let ingested = ingest(&archives, &learning(), &Silent).unwrap();
    let local = ingest(&Archives::open(&[buckets.logs()]).unwrap(), &learning(), &Silent).unwrap();
    assert_eq!(ingested.coverage.faults, []);
    assert_eq!(ingested.baseline, local.baseline);
    assert!(stalled() > 1);
}

#[test]
fn what_cannot_be_had_is_a_named_fault_and_the_rest_is_read() {
    let buckets = Buckets::new();
    let keys = buckets.log_keys();
    let archived = [
        (keys[5].clone(), "GLACIER"),
        (keys[6].clone(), "DEEP_ARCHIVE"),
        (keys[7].clone(), "INTELLIGENT_TIERING"),
    ];
    let fates: HashMap<String, Fate> = HashMap::from([
        (keys[0].clone(), refuse(403, "AccessDenied")),
        (keys[1].clone(), refuse(404, "NoSuchKey")),
        (
            keys[2].clone(),
            Fate::Refuse(
                403,
                "AccessDenied",
                "not authorized to perform: kms:Decrypt on the resource",
                vec![],
            ),
        ),
        (keys[3].clone(), refuse(400, "KMS.DisabledException")),
        (keys[4].clone(), Fate::Cut(50)),
    ]);
    let server = Setup::new(buckets.root())
        .classes(&archived)
        .plan(move |asked| match fates.get(asked.path.trim_start_matches("/logs/")) {
            Some(fate) if asked.is_get() => fate.clone(),
            _ => Fate::Serve,
        })
        .start();
    let faults = buckets.root().join("faults.jsonl");
    let found = scan(&mut server.firstseen(), "s3://logs", &["--faults", faults.to_str().unwrap()]);
    assert_eq!(found.status.code(), Some(3), "{}", stderr(&found));
    let faults = fs::read_to_string(faults).unwrap();
    let kinds: HashMap<String, String> = faults
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|fault| {
            (fault["object"].as_str().unwrap().to_owned(), fault["kind"].as_str().unwrap().to_owned())
        })
        .collect();
    let kind = |number: usize| kinds[&keys[number]].as_str();
    assert_eq!(
        [kind(0), kind(1), kind(2), kind(3)],
        ["access-denied", "missing", "kms-denied", "kms-denied"]
    );
    assert_eq!(
        [kind(5), kind(6), kind(7)],
        ["archived-glacier", "archived-deep-archive", "archived-intelligent-tiering"]
    );
    // What came of the object that always breaks off was made use of.
    assert!(faults.contains("given up after 6 attempts"), "{faults}");
    assert_eq!(kinds.len(), 8);
    // Two of the archived objects were told by their class: nobody asked for them.
    let asked = server.asked();
    let gets = |key: &str| asked.iter().filter(|asked| asked.is_get() && asked.path.ends_with(key)).count();
    assert_eq!([gets(&keys[5]), gets(&keys[6]), gets(&keys[7])], [0, 0, 1]);
    assert!(!asked.iter().any(|asked| asked.query.contains("restore")));
}

#[test]
fn what_is_wrong_is_said_with_what_to_do_and_without_secrets() {
    let buckets = Buckets::new();
    let refused = |fate: Fate| Setup::new(buckets.root()).plan(move |_| fate.clone()).start();
    let plain = Setup::new(buckets.root()).start();
    let expired = refused(refuse(400, "ExpiredToken"));
    let skewed = refused(refuse(403, "RequestTimeTooSkewed"));
    // Server, archive, flags, environment (empty: taken away), what is said, and what to do.
    type Case<'a> = (&'a Server, &'a str, &'a [&'a str], &'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: Vec<Case<'_>> = vec![
        (&plain, "s3://nowhere", &[], &[], "NoSuchBucket", "check the name of the bucket"),
        (
            &plain,
            "s3://logs/AWSLogs/1",
            &[],
            &[],
            "no object of the bucket 'logs' lies below",
            "a prefix is a folder",
        ),
        (&plain, "s3://", &[], &[], "the name of the bucket is missing", "write s3://bucket"),
        (&plain, "s3://logs/*/x", &[], &[], "patterns are for files", "write s3://bucket"),
        (&plain, "s3://logs", &[], &[("AWS_ACCESS_KEY_ID", "")], "", "give --profile"),
        (
            &plain,
            "s3://logs",
            &[],
            &[("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")],
            "InvalidAccessKeyId",
            "aws sts get-caller-identity",
        ),
        (
            &plain,
            "s3://logs",
            &[],
            &[("AWS_SECRET_ACCESS_KEY", "wrong-secret")],
            "SignatureDoesNotMatch",
            "aws sts get-caller-identity",
        ),
        (&plain, "s3://logs", &["--no-sign-request"], &[], "AccessDenied", "s3:ListBucket"),
        (&plain, "s3://logs", &["--profile", "missing"], &[], "", "give --profile"),
        (&expired, "s3://logs", &[], &[], "ExpiredToken", "get new credentials"),
        (&skewed, "s3://logs", &[], &[], "RequestTimeTooSkewed", "set the clock"),
        (&plain, "s3://logs", &["--endpoint-url", "http://127.0.0.1:9"], &[], "", "check the network"),
        (
            &plain,
            "s3://logs",
            &["--aws-region", "not a region"],
            &[],
            "is no AWS Region",
            "correct that setting",
        ),
    ];
    for (server, archive, flags, environment, said, hint) in cases {
        let mut command = server.firstseen();
        for (name, value) in environment {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        let output = scan(&mut command, archive, flags);
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{archive} {flags:?}: {stderr}");
        assert!(
            stderr.contains(said) && stderr.contains(hint),
            "{archive} {flags:?} {environment:?}: {stderr}"
        );
        assert!(!stderr.contains(SECRET_KEY) && !stderr.contains("wrong-secret"), "{stderr}");
    }
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    for (flags, said) in [
        (&["--role-arn", "role/x"][..], "write arn:aws:iam::123456789012:role/name"),
        (&["--external-id", "abc"], "1 --external-id for 0 --role-arn"),
        (&["--role-arn", "arn:aws:iam::123456789012:role/x", "--external-id", "a b"], "2 to 1224"),
        (&["--no-sign-request", "--profile", "x"], "uses no credentials"),
        (&["--endpoint-url", "localhost:9000"], "write https://host"),
    ] {
        let output = scan(&mut Command::new(env!("CARGO_BIN_EXE_firstseen")), "s3://logs", flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    let output = scan(&mut Command::new(env!("CARGO_BIN_EXE_firstseen")), FIXTURE, &["--mirror", "x"]);
    assert!(stderr(&output).contains("--mirror keeps objects of S3"), "{}", stderr(&output));
}

#[test]
fn credentials_that_end_in_the_middle_leave_an_answer() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|asked| if asked.number > 25 { refuse(400, "ExpiredToken") } else { Fate::Serve })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert_eq!(found.status.code(), Some(3));
    assert!(stderr(&found).contains("credentials-expired"), "{}", stderr(&found));
    assert!(found.stdout.len() > 100);
}

#[test]
fn a_bucket_in_another_region_is_found() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|asked| {
            if asked.headers["authorization"].contains("/eu-central-1/s3/") {
                return Fate::Serve;
            }
            let region = vec![("x-amz-bucket-region", "eu-central-1".to_owned())];
            Fate::Refuse(301, "PermanentRedirect", "must be addressed using the specified endpoint", region)
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    assert_eq!(
        server.asked().iter().filter(|asked| asked.headers["authorization"].contains("us-east-1")).count(),
        1
    );
}

#[test]
fn the_requester_pays_on_every_request_or_on_none() {
    let buckets = Buckets::new();
    for flags in [&["--request-payer"][..], &[]] {
        let server = Setup::new(buckets.root()).start();
        scan(&mut server.firstseen(), "s3://logs", flags);
        let asked = server.asked();
        assert!(asked.len() > 30);
        for asked in asked {
            let payer = asked.headers.get("x-amz-request-payer").map(String::as_str);
            assert_eq!(payer, (!flags.is_empty()).then_some("requester"), "{}", asked.path);
        }
    }
}

#[test]
fn a_public_bucket_is_read_without_a_signature() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).public().start();
    let mut command = server.firstseen();
    let found = scan(&mut command, "s3://logs", &["--no-sign-request"]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    assert!(server.asked().iter().all(|asked| !asked.headers.contains_key("authorization")));
}

/// An answer of STS with credentials that end after so many seconds.
fn assumed(asked: &Asked, seconds: i64) -> Fate {
    let name = &asked.form["RoleArn"];
    let key = format!("ASIA{}", name.rsplit('/').next().unwrap().to_uppercase());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let end = firstseen::time::Timestamp::from_seconds(now + seconds);
    Fate::Xml(format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
         <Arn>arn:aws:sts::1:assumed-role/x/y</Arn><AssumedRoleId>AROA:y</AssumedRoleId></AssumedRoleUser><Credentials>\
         <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{SECRET_KEY}</SecretAccessKey><SessionToken>token-{key}\
         </SessionToken><Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ))
}

const HUB: &str = "arn:aws:iam::999988887777:role/hub";
const CUSTOMER: &str = "arn:aws:iam::111122223333:role/audit/customer";

#[test]
fn roles_form_a_chain_and_the_last_one_gets_the_external_id() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|asked| match asked.form.get("RoleArn").map(String::as_str) {
            None => Fate::Serve,
            Some(HUB) if !asked.form.contains_key("ExternalId") => assumed(asked, 3600),
            Some(CUSTOMER) if asked.form.get("ExternalId").is_some_and(|id| id == "case-4711") => {
                assumed(asked, 3600)
            }
            Some(_) => refuse(403, "AccessDenied"),
        })
        .start();
    let roles = ["--role-arn", HUB, "--role-arn", CUSTOMER, "--external-id"];
    let found = scan(&mut server.firstseen(), "s3://logs", &[&roles[..], &["case-4711"]].concat());
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    for asked in server.asked() {
        let signed = &asked.headers["authorization"];
        match asked.form.get("RoleArn").map(String::as_str) {
            Some(HUB) => assert!(signed.contains("AKIAIOSFODNN7EXAMPLE")),
            Some(_) => assert!(signed.contains("ASIAHUB")),
            None => assert!(
                signed.contains("ASIACUSTOMER")
                    && asked.headers["x-amz-security-token"] == "token-ASIACUSTOMER"
            ),
        }
        if !asked.form.is_empty() {
            assert_eq!(asked.form["RoleSessionName"], "firstseen-log-import");
        }
    }
    let refused = scan(&mut server.firstseen(), "s3://logs", &[&roles[..], &["case-0"]].concat());
    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("AccessDenied") && said.contains("check --role-arn and --external-id"), "{said}");
}

#[test]
fn sessions_are_renewed_before_they_end() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|asked| match asked.form.is_empty() {
            // The SDK renews ten seconds before the end.
            false => assumed(asked, 11),
            true => Fate::Slow(Duration::from_millis(150)),
        })
        .start();
    let flags = ["--role-arn", HUB, "--concurrency", "2"];
    let found = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    let sessions = server.asked().iter().filter(|asked| !asked.form.is_empty()).count();
    assert!((2..10).contains(&sessions), "{sessions}");
}

#[test]
fn a_window_lists_only_what_it_must() {
    let buckets = Buckets::empty();
    let day = |number: i32| Day::from_number(19_700 + number).to_string();
    for number in 0..400 {
        let (day, folder) = (day(number), day(number).replace('-', "/"));
        for region in ["eu-west-1", "us-east-1"] {
            for minute in 0..3 {
                let name = format!(
                    "111122223333_CloudTrail_{region}_{}T010{minute}Z_aaaa{minute}.json.gz",
                    day.replace('-', "")
                );
                let path =
                    buckets.logs().join(format!("AWSLogs/111122223333/CloudTrail/{region}/{folder}/{name}"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let record =
                    record(&format!("{day}T01:00:0{minute}Z"), region, &format!("s3:A{number}x{minute}"));
                fs::write(path, wrapped(&[record])).unwrap();
            }
        }
    }
    for folder in ["Config", "CloudTrail-Digest", "CloudTrail-Insight"] {
        let path =
            buckets.logs().join(format!("AWSLogs/111122223333/{folder}/eu-west-1/2024/01/01/x.json.gz"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}").unwrap();
    }
    let server = Setup::new(buckets.root()).page(1000).start();
    let (since, until) = (day(200), day(202));
    let window = ["--since", &since, "--until", &until];
    let found = scan(&mut server.firstseen(), "s3://logs", &window);
    let local =
        scan(&mut Command::new(env!("CARGO_BIN_EXE_firstseen")), buckets.logs().to_str().unwrap(), &window);
    assert!(found.stdout == local.stdout && found.stdout.len() > 1_000, "{}", stderr(&found));
    let lists = |server: &Server| server.asked().iter().filter(|asked| asked.is_list()).count();
    // Whether there is anything; the levels down to the Regions; the days of the two Regions, in one page each.
    assert_eq!(lists(&server), 1 + 4 + 2, "{}", stderr(&found));
    // Three days, and two on either side since logs may come late.
    assert_eq!(server.asked().iter().filter(|asked| asked.is_get()).count(), 7 * 2 * 3);
    let told = "not listed, or only in part: 5 folders (config 1, digest 1, insights 1, outside-window 2)";
    assert!(stderr(&found).contains(told), "{}", stderr(&found));
    // --from must not shorten what is learnt; --to says that nothing later is needed.
    for (flag, gets) in [("--from", 400 * 2 * 3), ("--to", 203 * 2 * 3)] {
        let server = Setup::new(buckets.root()).page(1000).start();
        scan(&mut server.firstseen(), "s3://logs", &[flag, &day(200)]);
        assert_eq!(server.asked().iter().filter(|asked| asked.is_get()).count(), gets, "{flag}");
    }
}

#[test]
fn organizations_and_control_tower_are_found_from_the_root() {
    let buckets = Buckets::empty();
    let tree = |prefix: &str| copy(&Path::new(FIXTURE).join("AWSLogs"), &buckets.logs().join(prefix));
    tree("AWSLogs/o-ab12cd34ef");
    tree("o-ab12cd34ef/AWSLogs/o-ab12cd34ef");
    tree("some/prefix/AWSLogs");
    let server = Setup::new(buckets.root()).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
}

#[test]
fn other_trees_are_read_as_they_are_on_disk() {
    let buckets = Buckets::empty();
    let put = |path: &str, time: &str, action: &str| {
        let path = buckets.logs().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, wrapped(&[record(time, "u", action)])).unwrap();
    };
    put("export.json", "2024-01-03T00:00:00Z", "s3:A");
    put("by day/2024/01/02/part+1%.json", "2024-01-02T00:00:00Z", "s3:B");
    put("by day/2024/01/03/part.json", "2024-01-03T00:00:00Z", "s3:C");
    put("AWSLogs/111122223333/CloudTrail/eu-west-1/notes.json", "2024-01-01T00:00:00Z", "s3:D");
    put("AWSLogs/111122223333/loose.json", "2024-01-01T00:00:01Z", "s3:E");
    for number in 0..120 {
        put(
            &format!("wide/{number}/x.json"),
            &format!("2024-02-01T00:00:00.{number:03}Z"),
            &format!("s3:W{number}"),
        );
    }
    let server = Setup::new(buckets.root()).page(50).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    assert!(stderr(&found).contains("objects: 125 listed = 125 read"), "{}", stderr(&found));
    let single = scan(&mut server.firstseen(), "s3://logs/export.json", &[]);
    assert!(stderr(&single).contains("objects: 1 listed = 1 read"), "{}", stderr(&single));
}

#[test]
fn buckets_and_folders_mix_and_no_object_is_read_twice() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let run = |archives: &[&str]| {
        let mut command = server.firstseen();
        command.args(["scan", "--warmup", "0d", "--format", "csv"]).args(archives).output().unwrap()
    };
    let twice = run(&["s3://logs/AWSLogs/111122223333", "s3://logs"]);
    assert!(twice.stdout == expected(&buckets.logs()), "{}", stderr(&twice));
    assert!(stderr(&twice).contains("listed-twice 1"), "{}", stderr(&twice));
    // The folder holds copies of what the bucket holds: each counts once.
    let mixed = run(&["s3://logs", FIXTURE]);
    assert_eq!(mixed.status.code(), Some(0));
    assert!(
        stderr(&mixed).contains("objects: 78 listed") || stderr(&mixed).contains("620 counted"),
        "{}",
        stderr(&mixed)
    );
}

#[test]
fn a_mirror_is_read_in_place_of_the_bucket() {
    let buckets = Buckets::new();
    let mirror = buckets.root().join("mirror");
    let flags = ["--mirror", mirror.to_str().unwrap()];
    let broken =
        Setup::new(buckets.root())
            .plan(|asked| {
                if asked.is_get() && asked.number % 3 == 0 {
                    refuse(403, "AccessDenied")
                } else {
                    Fate::Serve
                }
            })
            .start();
    let first = scan(&mut broken.firstseen(), "s3://logs", &flags);
    assert_eq!(first.status.code(), Some(3), "{}", stderr(&first));
    let had = broken.asked().iter().filter(|asked| asked.is_get()).count();
    // The second run fetches what the first one missed, and the digests beside it; the third one nothing.
    let server = Setup::new(buckets.root()).start();
    let second = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert!(second.stdout == expected(&buckets.logs()), "{}", stderr(&second));
    let fetched = server.asked().iter().filter(|asked| asked.is_get()).count();
    assert!(0 < fetched && fetched < had, "{fetched} of {had}");
    let third = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert!(third.stdout == second.stdout);
    assert_eq!(server.asked().iter().filter(|asked| asked.is_get()).count(), fetched);
    // The copy is an archive by itself, with its digests.
    assert!(expected(&mirror.join("logs")) == second.stdout);
    let digests =
        |folder: &Path| files(folder).iter().filter(|path| path.contains("CloudTrail-Digest")).count();
    assert!(digests(&buckets.logs()) > 0);
    assert_eq!(digests(&mirror.join("logs")), digests(&buckets.logs()));
    let side = fs::read_to_string(mirror.join(".firstseen-mirror/logs.jsonl")).unwrap();
    for line in side.lines().filter(|line| !line.is_empty()) {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let bytes = fs::read(mirror.join("logs").join(entry["key"].as_str().unwrap())).unwrap();
        assert_eq!(entry["size"], bytes.len());
        assert_eq!(entry["sha256"], firstseen::checksum::Checksum::of(&bytes).to_string());
        assert!(entry["etag"].as_str().is_some_and(|etag| etag.len() > 60));
        assert_eq!(entry["metadata"][0][0], "signature");
    }
}

#[test]
fn a_mirror_keeps_what_an_object_was_before() {
    let buckets = Buckets::new();
    let mirror = buckets.root().join("mirror");
    let flags = ["--mirror", mirror.to_str().unwrap()];
    let server = Setup::new(buckets.root()).start();
    scan(&mut server.firstseen(), "s3://logs", &flags);
    let key = &buckets.log_keys()[0];
    let before = fs::read(mirror.join("logs").join(key)).unwrap();
    fs::write(buckets.logs().join(key), wrapped(&[record("2024-01-01T00:00:00Z", "eve", "s3:Changed")]))
        .unwrap();
    let found = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    assert!(stderr(&found).contains("1 added"), "{}", stderr(&found));
    let replaced = files(&mirror.join(".firstseen-mirror/replaced"));
    assert_eq!(replaced.len(), 1);
    assert_eq!(fs::read(&replaced[0]).unwrap(), before);
}

#[test]
fn a_mirror_that_cannot_be_written_is_a_fault_and_no_loss() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let mirror = buckets.root().join("mirror");
    fs::create_dir_all(mirror.join("logs")).unwrap();
    // A file where a folder should be.
    fs::write(mirror.join("logs/AWSLogs"), "").unwrap();
    let found = scan(&mut server.firstseen(), "s3://logs", &["--mirror", mirror.to_str().unwrap()]);
    assert!(found.stdout == expected(&buckets.logs()));
    assert_eq!(found.status.code(), Some(3));
    assert!(stderr(&found).contains("not-kept"), "{}", stderr(&found));
}

#[test]
fn an_index_of_a_bucket_reads_only_what_is_new() {
    let buckets = Buckets::new();
    let baseline = buckets.root().join("x.baseline");
    let gets = |server: &Server| server.asked().iter().filter(|asked| asked.is_get()).count();
    let index = |server: &Server| {
        let output = server.firstseen().args(["index", "s3://logs", "-o"]).arg(&baseline).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code == 0 || code == 3), "{}", stderr(&output));
        stderr(&output)
    };
    let key = buckets.log_keys()[0].clone();
    let refused = key.clone();
    let server = Setup::new(buckets.root())
        .plan(
            move |asked| {
                if asked.path.ends_with(&refused) { refuse(403, "AccessDenied") } else { Fate::Serve }
            },
        )
        .start();
    let said = index(&server);
    assert!(said.contains("access-denied"), "{said}");
    let first = gets(&server);
    assert!(first > 30);
    // What was refused is tried again, and nothing else.
    let server = Setup::new(buckets.root()).start();
    let said = index(&server);
    assert!(said.contains("1 objects added"), "{said}");
    assert_eq!(gets(&server), 1);
    index(&server);
    assert_eq!(gets(&server), 1);
    let found = scan(&mut server.firstseen(), baseline.to_str().unwrap(), &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
}

#[test]
fn every_command_takes_a_bucket() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    for command in [&["tune", "--format", "csv"][..], &["baseline", "--format", "csv"]] {
        let run = |archive: &str| server.firstseen().args(command).arg(archive).output().unwrap();
        let (bucket, folder) = (run("s3://logs"), run(buckets.logs().to_str().unwrap()));
        assert_eq!(bucket.status.code(), Some(0), "{}", stderr(&bucket));
        assert!(bucket.stdout == folder.stdout && bucket.stdout.len() > 100, "{command:?}");
    }
    let bench = server.firstseen().args(["bench", "s3://logs", "--runs", "1"]).output().unwrap();
    assert_eq!(bench.status.code(), Some(0), "{}", stderr(&bench));
    let saved = server.firstseen().args(["index", FIXTURE, "-o", "s3://logs/x.baseline"]).output().unwrap();
    assert_eq!(saved.status.code(), Some(2), "{}", stderr(&saved));
}

#[test]
fn no_more_requests_than_allowed_are_under_way_and_a_slow_object_holds_nobody_up() {
    let buckets = Buckets::synthetic();
    let slow = buckets.log_keys()[0].clone();
    let under_way = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(move |asked| match asked.path.ends_with(&slow) {
            true => Fate::Slow(Duration::from_millis(1_500)),
            false => Fate::Serve,
        })
        .gauge(Arc::clone(&under_way))
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &["--concurrency", "4"]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    let most = under_way.1.load(Ordering::Relaxed);
    assert!((2..=4).contains(&most), "{most}");
    // All others were answered while the slow one was not.
    let done = server.done();
    let slow_one = done.iter().position(|path| path.ends_with(&buckets.log_keys()[0])).unwrap();
    assert!(slow_one > done.len() / 2, "{slow_one} of {}", done.len());
}

#[test]
fn objects_are_read_while_others_are_listed() {
    let buckets = Buckets::synthetic();
    let server = Setup::new(buckets.root()).page(20).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    let asked = server.asked();
    let first_get = asked.iter().position(Asked::is_get).unwrap();
    assert!(asked[first_get..].iter().filter(|asked| asked.is_list()).count() > 3);
}
