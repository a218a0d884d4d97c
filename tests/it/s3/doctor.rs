//! `firstseen doctor` with buckets: credentials, permissions, and mistakes.

use std::process::Output;

use super::server::{ACCESS_KEY, Reply, SECRET_KEY, Server, Setup, refuse};
use super::{Buckets, stderr};

fn doctor(server: &Server, flags: &[&str]) -> Output {
    server.firstseen().args(["doctor", "s3://logs", "-q"]).args(flags).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_bucket_is_listed_and_a_sample_of_it_is_read() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let output = doctor(&server, &["--aws-region", "us-east-1"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    for expected in [
        "s3://logs: bucket\n",
        &format!(
            "credentials the default chain (environment, profile, container, instance); access key {ACCESS_KEY}\n"
        ),
        "  permissions it may be listed, and 16 of 16 objects may be read\n",
        "  digests     there are some\n",
        "  accounts    3: 000123456789, 111122223333, 444455556666\n",
        "until the bucket has answered",
        "  next        firstseen index s3://logs --aws-region us-east-1 -o logs.baseline && firstseen triage logs.baseline\n",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert!(!said.contains(SECRET_KEY));
    let gets = server.requests().iter().filter(|request| request.is_get()).count();
    assert!(gets <= 2 * 16, "{gets}");
}

#[test]
fn objects_that_may_not_be_read_are_told_apart() {
    let buckets = Buckets::new();
    let kms =
        Reply::Refuse(403, "AccessDenied", "not authorized to perform: kms:Decrypt on the resource", vec![]);
    for (reply, name, todo) in [
        (kms, "kms-denied", "do: let the identity use the key that encrypts the objects: kms:Decrypt"),
        (refuse(403, "AccessDenied"), "access-denied", "do: let the identity read the objects: s3:GetObject"),
    ] {
        let server = Setup::new(buckets.root())
            .plan(move |request| if request.is_get() { reply.clone() } else { Reply::Serve })
            .start();
        let output = doctor(&server, &[]);
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{said}{}", stderr(&output));
        for expected in ["it may be listed, but none of 16 objects may be read", name, todo] {
            assert!(said.contains(expected), "{expected}\n{said}");
        }
        assert!(said.contains("  next        nothing: see the remarks\n"), "{said}");
    }
}

#[test]
fn a_bucket_that_cannot_be_listed_is_an_error_with_advice() {
    let buckets = Buckets::new();
    let plain = Setup::new(buckets.root()).start();
    let denied = Setup::new(buckets.root()).plan(|_| refuse(403, "AccessDenied")).start();
    let moved = Setup::new(buckets.root()).plan(|_| refuse(301, "PermanentRedirect")).start();
    for (server, remove_key, said, todo) in [
        (&plain, true, "no credentials were found", "give --profile NAME"),
        (&denied, false, "AccessDenied", "the identity needs s3:ListBucket on the bucket"),
        (&moved, false, "PermanentRedirect", "give the Region of the bucket with --aws-region"),
    ] {
        let mut command = server.firstseen();
        if remove_key {
            command.env_remove("AWS_ACCESS_KEY_ID");
        }
        let output = command.args(["doctor", "s3://logs", "-q"]).output().unwrap();
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("s3://logs") && error.contains(said) && error.contains(todo), "{error}");
    }
}

#[test]
fn an_archive_of_a_file_that_cannot_be_opened_leaves_the_others() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let folder = tempfile::TempDir::new().unwrap();
    let dead = "[[archive]]\nlabel = \"dead\"\nbucket = \"nowhere\"\n";
    let alive = "[[archive]]\nlabel = \"alive\"\nbucket = \"logs\"\n";
    let run = |file: &str| {
        std::fs::write(folder.path().join("c.toml"), file).unwrap();
        let mut command = server.firstseen();
        command.args(["doctor", "--config", "c.toml", "-q"]).current_dir(folder.path()).output().unwrap()
    };
    let output = run(&format!("{dead}{alive}"));
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{said}{}", stderr(&output));
    for expected in [
        "s3://nowhere: bucket\n  error       archive 'dead (s3://nowhere)' cannot be opened: NoSuchBucket",
        "\n              do: check the name of the bucket",
        "s3://logs: bucket\n  credentials",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    // Nothing at all is no answer.
    let output = run(dead);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}
