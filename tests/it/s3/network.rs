//! Network failures.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use firstseen::learn::{LearnSettings, learn};
use firstseen::scan::{RecordAddress, ScanDepth, ScanSettings, Silent, list, reopen, take_steps};
use firstseen::source::{ArchiveError, Archives, S3Access, S3ProblemKind, S3Settings};

use crate::archive::{record, wrapped, zip};
use crate::reopened::reopen_all;

use super::server::{LoggedRequest, Reply, Server, Setup, Sums, refuse};
use super::{Buckets, expected, files, scan, stderr};

fn learning() -> LearnSettings {
    LearnSettings { threads: 2, ..Default::default() }
}

/// Unsigned access to a server.
fn public(server: &Server) -> S3Access {
    S3Access { endpoint_url: Some(server.url.clone()), anonymous: true, ..S3Access::default() }
}

/// Checks that objects read over the network equal the files.
fn reads_the_same(server: &Server, buckets: &Buckets, settings: S3Settings) {
    let settings = S3Settings { access: public(server), ..settings };
    let archives = Archives::open_with(&["s3://logs".into()], &settings).unwrap();
    let ingested = learn(&archives, &learning(), &Silent).unwrap();
    let local = learn(&Archives::open(&[buckets.logs()]).unwrap(), &learning(), &Silent).unwrap();
    assert_eq!(ingested.coverage.faults, []);
    assert!(ingested.baseline == local.baseline);
}

/// The number of retried requests, from the line about S3.
fn retried(stderr: &str) -> u32 {
    let line = stderr.lines().find(|line| line.starts_with("S3: ")).unwrap();
    let word = line.split(", ").find_map(|part| part.strip_suffix(" retried")).unwrap();
    word.parse().unwrap()
}

#[test]
fn refusals_drops_and_cut_answers_lose_nothing() {
    let buckets = Buckets::synthetic();
    let expected = expected(&buckets.logs());
    // Every request fails once or twice; one in twenty breaks off.
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(|request| match (request.before, request.number % 20) {
            (0 | 1, 0) => refuse(503, "SlowDown"),
            (0, 5) => Reply::Drop,
            (0 | 1, 10) if request.is_get() => Reply::Cut(700),
            (0, 15) if request.is_get() => Reply::Short(11),
            (0, 18) => refuse(500, "InternalError"),
            _ => Reply::Serve,
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(found.stdout == expected);
    let gets = server.requests().iter().filter(|request| request.is_get() && request.before == 0).count();
    assert!(gets > 200 && retried(&stderr(&found)) as usize > gets / 5, "{}", stderr(&found));
}

#[test]
fn a_cut_answer_resumes_where_it_ended() {
    let buckets = Buckets::synthetic();
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(
            |request| if request.is_get() && request.before == 0 { Reply::Cut(1_000) } else { Reply::Serve },
        )
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    let requests = server.requests();
    let again: Vec<&LoggedRequest> =
        requests.iter().filter(|request| request.is_get() && request.before == 1).collect();
    assert!(again.len() > 100);
    for request in again {
        assert_eq!(request.headers["range"], "bytes=1000-");
        assert!(request.headers.contains_key("if-match"));
    }
}

#[test]
fn a_stalled_answer_is_requested_again() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .public()
        .plan(|request| match request.before {
            0 if request.is_get() && request.number % 7 == 0 => Reply::Stall(100),
            _ => Reply::Serve,
        })
        .start();
    let patience = Duration::from_millis(400);
    reads_the_same(&server, &buckets, S3Settings { patience, ..S3Settings::default() });
    let stalled = server.requests().iter().filter(|request| request.before > 0).count();
    assert!(stalled > 1);
}

#[test]
fn unavailable_objects_are_faults_and_the_rest_is_read() {
    let buckets = Buckets::new();
    let keys = buckets.log_keys();
    let archived = [
        (keys[5].clone(), "GLACIER"),
        (keys[6].clone(), "DEEP_ARCHIVE"),
        (keys[7].clone(), "INTELLIGENT_TIERING"),
    ];
    let replies: HashMap<String, Reply> = HashMap::from([
        (keys[0].clone(), refuse(403, "AccessDenied")),
        (keys[1].clone(), refuse(404, "NoSuchKey")),
        (
            keys[2].clone(),
            Reply::Refuse(
                403,
                "AccessDenied",
                "not authorized to perform: kms:Decrypt on the resource",
                vec![],
            ),
        ),
        (keys[3].clone(), refuse(400, "KMS.DisabledException")),
        (keys[4].clone(), Reply::Cut(50)),
    ]);
    let server = Setup::new(buckets.root())
        .classes(&archived)
        .plan(move |request| match replies.get(request.path.trim_start_matches("/logs/")) {
            Some(reply) if request.is_get() => reply.clone(),
            _ => Reply::Serve,
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
    // Each attempt at the object that is always cut resumed where the last one ended.
    assert!(faults.contains("given up after 6 attempts"), "{faults}");
    assert_eq!(kinds.len(), 8);
    // Two of the archived objects were recognized by their storage class and not requested.
    let requests = server.requests();
    let gets =
        |key: &str| requests.iter().filter(|request| request.is_get() && request.path.ends_with(key)).count();
    assert_eq!([gets(&keys[5]), gets(&keys[6]), gets(&keys[7])], [0, 0, 1]);
    assert!(!requests.iter().any(|request| request.query.contains("restore")));
}

#[test]
fn concurrency_is_limited_and_a_slow_object_delays_no_other() {
    let buckets = Buckets::synthetic();
    let mut others: Vec<String> = buckets.log_keys().iter().map(|key| format!("/logs/{key}")).collect();
    let slow = others.remove(0);
    let under_way = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let server = Setup::new(buckets.root())
        .page(1000)
        .public()
        .plan(move |request| match request.path == slow && request.before == 0 {
            true => Reply::Behind(others.clone()),
            false => Reply::Serve,
        })
        .gauge(Arc::clone(&under_way))
        .start();
    let patience = Duration::from_secs(60);
    reads_the_same(&server, &buckets, S3Settings { patience, concurrency: 4, ..S3Settings::default() });
    let most = under_way.1.load(Ordering::Relaxed);
    assert!((2..=4).contains(&most), "{most}");
    // Waiting for the slow object would have led to timeouts and retries.
    assert!(server.requests().iter().all(|request| request.before == 0));
}

#[test]
fn temporary_list_failures_lose_no_region() {
    let buckets = Buckets::synthetic();
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(|request| match request.before {
            // More failures than the SDK retries.
            0..14 if request.is_list() && request.query.contains("us-east-1") => refuse(500, "InternalError"),
            0..12 if request.is_list() && request.query.contains("eu-west-1") => Reply::Drop,
            _ => Reply::Serve,
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(found.stdout == expected(&buckets.logs()));
}

#[test]
fn bytes_with_a_wrong_checksum_are_fetched_again() {
    let buckets = Buckets::synthetic();
    for sums in [Sums::Md5, Sums::Sha256] {
        let server = Setup::new(buckets.root())
            .page(1000)
            .sums(sums)
            .plan(|request| match (request.is_get(), request.before, request.number % 3) {
                (true, 0, 0) => Reply::Corrupt,
                // The first part is intact, the rest is corrupt.
                (true, 0, 1) => Reply::Cut(100),
                (true, 1, 1) if request.headers.contains_key("range") => Reply::Corrupt,
                _ => Reply::Serve,
            })
            .start();
        let found = scan(&mut server.firstseen(), "s3://logs", &[]);
        assert_eq!(found.status.code(), Some(0), "{sums:?}: {}", stderr(&found));
        assert!(found.stdout == expected(&buckets.logs()), "{sums:?}");
        let again = server.requests().iter().filter(|request| request.is_get() && request.before > 0).count();
        assert!(again > 100, "{sums:?}: {again}");
    }
}

#[test]
fn bytes_with_a_persistent_wrong_checksum_are_a_fault_and_not_kept() {
    let buckets = Buckets::new();
    let key = buckets.log_keys()[4].clone();
    for (sums, said) in [(Sums::Md5, "the MD5 of the bytes"), (Sums::Sha256, "the SHA-256 of the bytes")] {
        let spoilt = key.clone();
        let server = Setup::new(buckets.root())
            .sums(sums)
            .plan(move |request| match request.is_get() && request.path.ends_with(&spoilt) {
                true => Reply::Corrupt,
                false => Reply::Serve,
            })
            .start();
        let mirror = buckets.root().join(format!("mirror-{sums:?}"));
        let found = scan(&mut server.firstseen(), "s3://logs", &["--mirror", mirror.to_str().unwrap()]);
        assert_eq!(found.status.code(), Some(3), "{}", stderr(&found));
        let message = format!("read: s3://logs/{key}: {said}");
        assert!(stderr(&found).contains(&message) && stderr(&found).contains("twice"), "{}", stderr(&found));
        assert!(!files(&mirror).iter().any(|path| path.ends_with(&key) || path.ends_with(".part")));
        let gets = server
            .requests()
            .iter()
            .filter(|request| request.is_get() && request.path.ends_with(&key))
            .count();
        assert_eq!(gets, 2);
    }
}

#[test]
fn an_etag_that_is_not_an_md5_is_not_a_checksum() {
    let buckets = Buckets::new();
    let kms = || Reply::With("x-amz-server-side-encryption", "aws:kms".to_owned());
    let customer = || Reply::With("x-amz-server-side-encryption-customer-algorithm", "AES256".to_owned());
    let server = Setup::new(buckets.root())
        .page(1000)
        .sums(Sums::Md5)
        .plan(move |request| match (request.is_get(), request.number % 2) {
            (true, 0) => kms(),
            (true, _) => customer(),
            _ => Reply::Serve,
        })
        .start();
    // Between listing and reading, the content changes and the size does not.
    let logs = buckets.logs();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&logs), "{}", stderr(&found));
    assert_eq!(found.status.code(), Some(0));
}

#[test]
fn an_object_that_changed_since_it_was_listed_is_a_fault() {
    let buckets = Buckets::new();
    let key = buckets.log_keys()[4].clone();
    let (path, changed) = (buckets.logs().join(&key), key.clone());
    let size = fs::metadata(&path).unwrap().len() as usize;
    let server = Setup::new(buckets.root())
        .page(1000)
        .sums(Sums::Md5)
        .plan(move |request| {
            if request.is_get() && request.path.ends_with(&changed) {
                fs::write(&path, vec![b' '; size]).unwrap();
            }
            Reply::Serve
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert_eq!(found.status.code(), Some(3));
    assert!(
        stderr(&found).contains(&format!("read: s3://logs/{key}: it was listed with the ETag")),
        "{}",
        stderr(&found)
    );
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_that_waits_for_the_network() {
    let buckets = Buckets::new();
    let answers_never = Duration::from_secs(3_600);
    for stands_still in [true, false] {
        let server = Setup::new(buckets.root())
            .plan(move |request| match request.is_get() || stands_still {
                true => Reply::Slow(answers_never),
                false => Reply::Serve,
            })
            .start();
        let mut command = server.firstseen();
        command.args(["scan", "s3://logs"]).stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        while !server.requests().iter().any(|request| request.is_get() || stands_still) {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(1));
        assert!(stderr(&ended).starts_with("error: interrupted"), "{}", stderr(&ended));
    }
}

#[test]
fn an_object_above_the_size_limit_is_not_fetched() {
    let buckets = Buckets::new();
    let key = buckets.log_keys()[2].clone();
    fs::write(buckets.logs().join(&key), vec![b' '; 3 << 20]).unwrap();
    let server = Setup::new(buckets.root()).start();
    let baseline = buckets.root().join("x.baseline");
    for _ in 0..2 {
        let mut command = server.firstseen();
        command.args(["index", "s3://logs", "--max-object-size", "2M", "-o"]).arg(&baseline);
        let said = stderr(&command.output().unwrap());
        assert!(
            said.contains("1 failed (too-large 1)") && said.contains("not fetched: it has 3145728"),
            "{said}"
        );
    }
    assert!(!server.requests().iter().any(|request| request.path.ends_with(&key)));
}

#[test]
fn evidence_in_a_bucket_reopens_without_listing_the_bucket() {
    let buckets = Buckets::new();
    let record = record("2024-03-09T04:00:00Z", "eva", "s3:GetObject");
    fs::write(buckets.logs().join("a b.zip"), zip(&[("x.json", wrapped(&[record]))])).unwrap();
    let server = Setup::new(buckets.root()).public().start();
    let settings = S3Settings { access: public(&server), ..S3Settings::default() };
    let archives = Archives::open_with(&["s3://logs".into()], &settings).unwrap();
    let before = server.requests().len();
    let address = RecordAddress { archive: 1, object: "a b.zip!x.json", record: 0, event_id: None };
    let text = reopen(&archives, &ScanSettings::default(), &address, &Silent).unwrap();
    assert!(text.contains("user/eva"), "{text}");
    let requests = server.requests();
    let counts =
        (requests[before..].iter().filter(|request| request.is_list()).count(), requests.len() - before);
    assert_eq!(counts, (1, 2));
    reopen_all(&archives, 7);
    let gone = RecordAddress { object: "gone.json", ..address };
    let error = reopen(&archives, &ScanSettings::default(), &gone, &Silent).unwrap_err();
    assert_eq!(error.to_string(), "the archive no longer holds the object 'gone.json'");
}

#[test]
fn partial_scans_fetch_ahead_like_a_full_scan() {
    let buckets = Buckets::synthetic();
    let under_way = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let late = |request: &LoggedRequest| {
        if request.is_get() { Reply::Slow(Duration::from_millis(20)) } else { Reply::Serve }
    };
    let server = Setup::new(buckets.root()).public().plan(late).gauge(Arc::clone(&under_way)).start();
    let settings = S3Settings { access: public(&server), ..S3Settings::default() };
    let archives = Archives::open_with(&["s3://logs".into()], &settings).unwrap();
    let scanning = ScanSettings::default();
    for steps in [ScanDepth::Read, ScanDepth::Inflate] {
        let listing = list(&archives, &scanning, &Silent).unwrap();
        under_way.1.store(0, Ordering::Relaxed);
        let before = server.requests().iter().filter(|request| request.is_get()).count();
        let objects = listing.objects.len();
        take_steps(&archives, listing, &scanning, steps, &Silent).unwrap();
        let fetched = server.requests().iter().filter(|request| request.is_get()).count() - before;
        assert_eq!(fetched, objects, "{steps:?}");
        assert!(under_way.1.load(Ordering::Relaxed) > 1, "{steps:?}");
    }
}

#[test]
fn a_list_that_breaks_off_is_requested_as_long_as_any_other() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(|request| match request.before {
            // More often than the SDK repeats it.
            0..7 if request.is_list() && request.query.contains("us-east-1") => Reply::Cut(300),
            _ => Reply::Serve,
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(found.stdout == expected(&buckets.logs()));
}

/// The faults of listing a bucket without one of its folders, of which no whole list comes.
fn faults_of_partial_lists(reply: Reply) -> Vec<String> {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .public()
        .page(1000)
        .plan(move |request| {
            match request.is_list() && request.query.contains("111122223333%2FCloudTrail%2Fus-east-1") {
                true => reply.clone(),
                false => Reply::Serve,
            }
        })
        .start();
    let outage = Duration::from_millis(500);
    let settings = S3Settings { access: public(&server), outage, ..S3Settings::default() };
    let archives = Archives::open_with(&["s3://logs".into()], &settings).unwrap();
    let learnt = learn(&archives, &learning(), &Silent).unwrap();
    // Everything else is read.
    assert!(learnt.coverage.objects.listed > 5, "{:?}", learnt.coverage.objects);
    learnt.coverage.faults.iter().map(|fault| format!("{}: {}", fault.object, fault.detail)).collect()
}

#[test]
fn a_list_that_never_comes_whole_is_a_fault_that_says_so() {
    let faults = faults_of_partial_lists(Reply::Cut(300));
    assert_eq!(faults.len(), 1, "{faults:?}");
    let said = faults[0].contains("us-east-1/: the answer broke off: ");
    assert!(said && !faults[0].contains("HTTP status 200"), "{faults:?}");
}

#[test]
fn a_list_without_an_end_is_requested_again_and_never_taken_for_a_whole_one() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .page(1000)
        .plan(|request| match (request.is_list() && request.query.contains("us-east-1"), request.before) {
            (true, 0) => Reply::ShortAfter("Contents"),
            (true, 1) => Reply::ShortAfter("Key"),
            _ => Reply::Serve,
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(found.stdout == expected(&buckets.logs()));
    assert!(
        server.requests().iter().any(|request| request.query.contains("us-east-1") && request.before == 2)
    );
    for tag in ["Contents", "Key"] {
        let faults = faults_of_partial_lists(Reply::ShortAfter(tag));
        assert_eq!(faults.len(), 1, "{faults:?}");
        let said = faults[0].contains("us-east-1/: the answer broke off: the document has no end");
        assert!(said, "{faults:?}");
    }
}

#[test]
fn a_store_that_refuses_or_loses_the_first_requests_is_asked_again() {
    let buckets = Buckets::new();
    for reply in [refuse(503, "SlowDown"), refuse(500, "InternalError"), Reply::Drop, Reply::Cut(100)] {
        let said = format!("{reply:?}");
        let first = reply.clone();
        let server = Setup::new(buckets.root())
            .plan(move |request| if request.number < 7 { first.clone() } else { Reply::Serve })
            .start();
        let found = scan(&mut server.firstseen(), "s3://logs", &[]);
        assert_eq!(found.status.code(), Some(0), "{said}: {}", stderr(&found));
        assert!(found.stdout == expected(&buckets.logs()), "{said}");
    }
}

#[test]
fn a_store_that_only_refuses_is_said_to_be_overloaded() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).public().plan(|_| refuse(503, "SlowDown")).start();
    let patience = Duration::from_millis(300);
    let settings = S3Settings { access: public(&server), patience, ..S3Settings::default() };
    let error = Archives::open_with(&["s3://logs".into()], &settings).unwrap_err();
    let ArchiveError::S3 { problem, .. } = error else { panic!("{error}") };
    assert_eq!(problem.kind, S3ProblemKind::Busy, "{}", problem.detail);
    assert!(server.requests().len() > 3);
}

#[test]
fn an_object_is_not_joined_from_two_versions() {
    let buckets = Buckets::new();
    for etag in [Some("\"feedfeedfeedfeedfeedfeedfeedfeed-2\""), None] {
        let server = Setup::new(buckets.root())
            .page(1000)
            .plan(move |request| match request.before {
                0 if request.is_get() => Reply::Cut(100),
                1 if request.is_get() && request.headers.contains_key("range") => Reply::Other(etag),
                _ => Reply::Serve,
            })
            .start();
        let found = scan(&mut server.firstseen(), "s3://logs", &[]);
        assert_eq!(found.status.code(), Some(0), "{etag:?}: {}", stderr(&found));
        assert!(found.stdout == expected(&buckets.logs()), "{etag:?}");
        let again = |request: &&LoggedRequest| request.is_get() && request.before == 2;
        assert!(server.requests().iter().filter(again).all(|request| !request.headers.contains_key("range")));
        assert!(server.requests().iter().any(|request| again(&request)), "{etag:?}");
    }
}

#[test]
fn a_key_that_cannot_be_used_is_told_from_one_that_must_not_be() {
    let buckets = Buckets::new();
    let denied = || Reply::Refuse(403, "AccessDenied", "not authorized to perform: kms:Decrypt", vec![]);
    for (reply, hint) in
        [(refuse(400, "KMS.DisabledException"), "its owner can enable it"), (denied(), "needs kms:Decrypt")]
    {
        let server = Setup::new(buckets.root())
            .plan(move |request| if request.is_get() { reply.clone() } else { Reply::Serve })
            .start();
        let found = scan(&mut server.firstseen(), "s3://logs", &[]);
        assert!(stderr(&found).contains(hint), "{}", stderr(&found));
    }
}
