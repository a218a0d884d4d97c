//! All commands with a bucket as archive.

use std::fs;

use super::server::{Reply, Server, Setup, refuse};
use super::{Buckets, FIXTURE, expected, scan, stderr};
use crate::archive::{record, wrapped};

#[test]
fn an_index_of_a_bucket_reads_only_what_is_new() {
    let buckets = Buckets::new();
    let baseline = buckets.root().join("x.baseline");
    let gets = |server: &Server| server.requests().iter().filter(|request| request.is_get()).count();
    let index = |server: &Server| {
        let output = server.firstseen().args(["index", "s3://logs", "-o"]).arg(&baseline).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code == 0 || code == 3), "{}", stderr(&output));
        stderr(&output)
    };
    let key = buckets.log_keys()[0].clone();
    let refused = key.clone();
    let server = Setup::new(buckets.root())
        .plan(
            move |request| {
                if request.path.ends_with(&refused) { refuse(403, "AccessDenied") } else { Reply::Serve }
            },
        )
        .start();
    let said = index(&server);
    assert!(said.contains("access-denied"), "{said}");
    let first = gets(&server);
    assert!(first > 30);
    // Only refused objects are requested again.
    let server = Setup::new(buckets.root()).start();
    let said = index(&server);
    assert!(said.contains("1 object added"), "{said}");
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
    let id = "208234f4-2180-41af-adba-1642186fb9f8";
    let show = |archive: &str, wanted: &str| {
        let shown = server.firstseen().args(["show", archive, wanted, "--raw", "-q"]).output().unwrap();
        assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
        String::from_utf8(shown.stdout).unwrap()
    };
    let record = show(buckets.logs().to_str().unwrap(), id);
    let key = buckets.log_keys().into_iter().find(|key| key.contains("_20240310T1447Z_")).unwrap();
    assert!(record.contains(id) && show("s3://logs", id) == record);
    assert_eq!(show("s3://logs", &format!("s3://logs/{key}#0")), record);
    let trace = |archive: &str| {
        let traced =
            server.firstseen().args(["trace", archive, "alice", "-f", "jsonl", "-q"]).output().unwrap();
        assert_eq!(traced.status.code(), Some(0), "{}", stderr(&traced));
        // Skipped objects differ: a bucket is listed without the folders of other logs.
        let text = String::from_utf8(traced.stdout).unwrap();
        text.lines().filter(|line| line.starts_with("{\"credential\"")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(trace("s3://logs"), trace(buckets.logs().to_str().unwrap()));
    assert_eq!(trace("s3://logs").len(), 3);
    // A baseline may be of others, and name any bucket.
    let folder = tempfile::TempDir::new().unwrap();
    let baseline = folder.path().join("logs.baseline").display().to_string();
    let made = server.firstseen().args(["index", "s3://logs", "-o", &baseline]).output().unwrap();
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    for words in [&["trace", &baseline, "alice"][..], &["show", &baseline, id], &["events", &baseline]] {
        let run = |more: &[&str]| {
            let before = server.requests().len();
            let output = server.firstseen().args(words).args(more).output().unwrap();
            (output, server.requests().len() - before)
        };
        let (refused, requests) = run(&[]);
        assert_eq!((refused.status.code(), requests), (Some(2), 0), "{words:?}");
        assert!(stderr(&refused).contains("its logs are in the bucket 's3://logs'"), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("add --archive s3://logs;"), "{}", stderr(&refused));
        for more in [["--archive", "s3://logs"], ["--aws-region", "us-east-1"]] {
            let (read, requests) = run(&more);
            assert_eq!(read.status.code(), Some(0), "{words:?} {}", stderr(&read));
            assert!(requests > 0, "{words:?} {more:?}");
        }
    }
    let bench = server.firstseen().args(["bench", "s3://logs", "--runs", "1"]).output().unwrap();
    assert_eq!(bench.status.code(), Some(0), "{}", stderr(&bench));
    let saved = server.firstseen().args(["index", FIXTURE, "-o", "s3://logs/x.baseline"]).output().unwrap();
    assert_eq!(saved.status.code(), Some(2), "{}", stderr(&saved));
}

#[test]
fn findings_name_the_uri_of_the_object() {
    let buckets = Buckets::new();
    let zip = {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("inner/x.json", zip::write::SimpleFileOptions::default()).unwrap();
        let record = record("2024-01-05T00:00:00Z", "zipped", "s3:A");
        std::io::Write::write_all(&mut zip, &wrapped(&[record])).unwrap();
        zip.finish().unwrap().into_inner()
    };
    fs::write(buckets.logs().join("AWSLogs/a.zip"), zip).unwrap();
    let server = Setup::new(buckets.root()).start();
    let folder = tempfile::TempDir::new().unwrap();
    let baseline = folder.path().join("b.baseline").to_str().unwrap().to_owned();
    let made = server.firstseen().args(["index", "s3://logs/AWSLogs/", "-o", &baseline]).output().unwrap();
    assert!(made.status.success(), "{}", stderr(&made));
    for archive in ["s3://logs", "s3://logs/AWSLogs/", &baseline, "s3://logs/AWSLogs/a.zip"] {
        let ended = server
            .firstseen()
            .args(["scan", archive, "--warmup", "0d", "--format", "json"])
            .output()
            .unwrap();
        let json: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        let findings = json["findings"].as_array().unwrap();
        assert!(!findings.is_empty(), "{archive}");
        for finding in findings {
            let uri = finding["object_uri"].as_str().unwrap();
            assert!(buckets.root().join(uri.strip_prefix("s3://").unwrap()).is_file(), "{archive}: {uri}");
            assert!(finding["archive_name"].as_str().unwrap().starts_with("s3://logs"), "{archive}");
        }
        assert!(
            findings.iter().any(|finding| finding["object_uri"] == "s3://logs/AWSLogs/a.zip"),
            "{archive}"
        );
        let text = server.firstseen().args(["scan", archive, "--warmup", "0d"]).output().unwrap().stdout;
        assert!(
            String::from_utf8(text).unwrap().contains("    s3://logs/AWSLogs/a.zip!inner/x.json record 0")
        );
    }
}

#[test]
fn outputs_may_not_be_in_the_mirror_nor_the_mirror_in_an_archive() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let folder = tempfile::TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("mirror/logs")).unwrap();
    let local = wrapped(&[record("2024-01-05T00:00:00Z", "u", "s3:A")]);
    fs::create_dir(folder.path().join("local")).unwrap();
    fs::write(folder.path().join("local/x.json"), local).unwrap();
    for line in [
        "scan s3://logs --mirror mirror -f json -o mirror/x.json",
        "scan s3://logs --mirror mirror --faults mirror/logs/x.json",
        "scan s3://logs local --mirror local",
        "scan s3://logs local --mirror local/mirror",
        "scan s3://logs mirror/logs --mirror mirror",
        "index s3://logs local --mirror local/mirror -o x.baseline",
    ] {
        let ended = server.firstseen().args(line.split(' ')).current_dir(folder.path()).output().unwrap();
        assert_eq!(ended.status.code(), Some(2), "{line}: {}", stderr(&ended));
    }
    assert_eq!(super::files(folder.path()).len(), 1);
}

#[test]
fn the_requests_of_both_passes_of_a_verified_scan_are_counted() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).page(1000).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &["--verify"]);
    let requests = format!("S3: {} requests (", server.requests().len());
    assert!(stderr(&found).contains(&requests), "{requests}: {}", stderr(&found));
}
