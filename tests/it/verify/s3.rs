//! Verifying a bucket, whose metadata has the signatures.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::{hours, trail::Bucket};
use crate::program::stderr;
use crate::s3::server::{Reply, Server, Setup, refuse};

/// A store with the bucket `logs`, the copy behind it, and the keys beside it.
fn store(bucket: &Bucket, trail: &super::Trail) -> (Server, TempDir) {
    let root = TempDir::new().unwrap();
    fs::rename(bucket.copy().keep(), root.path().join("logs")).unwrap();
    fs::write(root.path().join("keys.json"), trail.keys()).unwrap();
    let signature = |(key, metadata): (&String, &serde_json::Value)| {
        (key.clone(), metadata["signature"].as_str().unwrap().to_owned())
    };
    let signatures: HashMap<String, String> = bucket.signatures.iter().map(signature).collect();
    (Setup::new(root.path()).signatures(signatures).start(), root)
}

fn verify(server: &Server, root: &TempDir, archive: &str, flags: &[&str]) -> (Option<i32>, String) {
    let mut command = server.firstseen();
    let arguments = ["verify", archive, "--public-keys", "keys.json"];
    let output = command.args(arguments).args(flags).current_dir(root.path()).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output);
    (output.status.code(), text)
}

#[test]
fn a_bucket_is_proven_by_its_metadata() {
    let (trail, mut bucket, keys) = hours(3);
    let (server, root) = store(&bucket, &trail);
    for prefix in ["", "/AWSLogs", "/AWSLogs/111122223333"] {
        let (status, text) = verify(&server, &root, &format!("s3://logs{prefix}"), &[]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("digests: 3 = 3 proven") && text.contains("log files: 6 = 6 proven"), "{text}");
    }
    bucket.objects.remove(&keys[0].0[0]);
    bucket.replace(&keys[1].0[0], |text| text.replace("CreateUser", "DeleteUser"));
    let (server, root) = store(&bucket, &trail);
    let (status, text) = verify(&server, &root, "s3://logs", &[]);
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("log files: 6 = 4 proven + 1 mismatch + 1 absent"), "{text}");
    assert!(text.contains("mismatch log s3://logs/AWSLogs/"), "{text}");
}

#[test]
fn digests_that_may_not_be_read_are_the_reason_why_no_digest_lists_a_log_file() {
    let (trail, bucket, keys) = hours(3);
    let (_, root) = store(&bucket, &trail);
    let denied = keys[1].1.clone();
    let setup = Setup::new(root.path()).plan(move |request| match request.path.contains(&denied) {
        true => refuse(403, "AccessDenied"),
        false => Reply::Serve,
    });
    let (status, text) = verify(&setup.start(), &root, "s3://logs", &[]);
    assert_eq!(status, Some(3), "{text}");
    let why = "json.gz: the digest of the time of its delivery could not be read\n";
    assert_eq!(text.matches(why).count(), 2, "{text}");
    for said in [
        "warning: no digest lists 2 log files, since digests could not be read: ",
        "hint: reading objects needs s3:GetObject on them",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn a_mirror_has_all_that_is_needed() {
    let (trail, bucket, _) = hours(3);
    let (server, root) = store(&bucket, &trail);
    // The second run takes the objects from the mirror, and the third one needs no bucket.
    for archive in ["s3://logs", "s3://logs", "mirror/logs"] {
        let flags: &[&str] = if archive == "mirror/logs" { &[] } else { &["--mirror", "mirror"] };
        let (status, text) = verify(&server, &root, archive, flags);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("digests: 3 = 3 proven"), "{archive}: {text}");
    }
}

#[test]
fn a_finding_is_proven_only_if_the_bytes_that_were_verified_are_those_that_were_scanned() {
    let (trail, mut bucket, keys) = hours(2);
    let (changed, alike) = (keys[0].0[0].clone(), keys[0].0[1].clone());
    let root = TempDir::new().unwrap();
    fs::rename(bucket.copy().keep(), root.path().join("logs")).unwrap();
    fs::write(root.path().join("keys.json"), trail.keys()).unwrap();
    bucket.replace(&changed, |text| text.replace("user1", "mallory"));
    let count = bucket.objects.len();
    let place = root.path().join("logs").join(&changed);
    let (content, gets) = (bucket.objects[&changed].clone(), AtomicUsize::new(0));
    // The second pass begins with a list.
    let setup = Setup::new(root.path()).plan(move |request| {
        if request.is_get() {
            gets.fetch_add(1, Ordering::SeqCst);
        } else if gets.load(Ordering::SeqCst) >= count {
            fs::write(&place, &content).unwrap();
        }
        Reply::Serve
    });
    let server = setup.start();
    let mut command = server.firstseen();
    let arguments = ["scan", "s3://logs", "--verify", "--public-keys", "keys.json", "--warmup", "0d"];
    let more = ["--format", "json", "--report", "new-action", "-q"];
    let output = command.args(arguments).args(more).current_dir(root.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let marks: Vec<(&str, &str)> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["object"].as_str().unwrap(), finding["integrity"].as_str().unwrap()))
        .collect();
    assert_eq!(marks.iter().filter(|(object, _)| **object == changed).count(), 1, "{marks:?}");
    assert!(marks.contains(&(&changed, "changed")), "{marks:?}");
    assert!(marks.contains(&(&alike, "proven")), "{marks:?}");
    let warning = format!("warning: '{changed}' changed between the passes");
    assert!(stderr(&output).contains(&warning), "{}", stderr(&output));
}
