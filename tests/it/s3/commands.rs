//! Commands on buckets.

use super::server::{Fate, Server, Setup, refuse};
use super::{Buckets, FIXTURE, expected, scan, stderr};

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
