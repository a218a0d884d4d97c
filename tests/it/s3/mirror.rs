//! `--mirror`.

use std::fs;
use std::path::Path;

use super::server::{Reply, Server, Setup, refuse};
use super::{Buckets, FIXTURE, expected, files, scan, stderr};
use crate::archive::{record, wrapped};
use crate::folder::put;

#[test]
fn a_mirror_is_read_instead_of_the_bucket() {
    let buckets = Buckets::new();
    let mirror = buckets.root().join("mirror");
    let flags = ["--mirror", mirror.to_str().unwrap()];
    let broken = Setup::new(buckets.root())
        .plan(|request| {
            if request.is_get() && request.number % 3 == 0 {
                refuse(403, "AccessDenied")
            } else {
                Reply::Serve
            }
        })
        .start();
    let first = scan(&mut broken.firstseen(), "s3://logs", &flags);
    assert_eq!(first.status.code(), Some(3), "{}", stderr(&first));
    let had = broken.requests().iter().filter(|request| request.is_get()).count();
    // The second run fetches the objects that the first one missed, and the digests; the third one nothing.
    let server = Setup::new(buckets.root()).start();
    let second = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert!(second.stdout == expected(&buckets.logs()), "{}", stderr(&second));
    let fetched = server.requests().iter().filter(|request| request.is_get()).count();
    assert!(0 < fetched && fetched < had, "{fetched} of {had}");
    let third = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert!(third.stdout == second.stdout);
    assert_eq!(server.requests().iter().filter(|request| request.is_get()).count(), fetched);
    // The mirror is an archive, with its digests.
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
fn a_mirror_keeps_earlier_versions_of_an_object() {
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
    assert!(stderr(&found).contains("warning: 1 mirrored objects had changed"), "{}", stderr(&found));
    let replaced = files(&mirror.join(".firstseen-mirror/replaced"));
    assert_eq!(replaced.len(), 1);
    assert_eq!(fs::read(&replaced[0]).unwrap(), before);
}

#[test]
fn an_unwritable_mirror_is_a_fault_and_loses_no_record() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let mirror = buckets.root().join("mirror");
    fs::create_dir_all(mirror.join("logs")).unwrap();
    // A file in place of a folder.
    fs::write(mirror.join("logs/AWSLogs"), "").unwrap();
    let found = scan(&mut server.firstseen(), "s3://logs", &["--mirror", mirror.to_str().unwrap()]);
    assert!(found.stdout == expected(&buckets.logs()));
    assert_eq!(found.status.code(), Some(3));
    assert!(stderr(&found).contains("not-kept"), "{}", stderr(&found));
}

#[test]
fn a_digest_that_cannot_be_mirrored_is_a_fault_and_tried_again() {
    let buckets = Buckets::new();
    let mirror = buckets.root().join("mirror");
    let baseline = buckets.root().join("x.baseline");
    let index = |server: &Server| {
        let mut command = server.firstseen();
        command.args(["index", "s3://logs", FIXTURE, "-o"]).arg(&baseline).arg("--mirror").arg(&mirror);
        command.output().unwrap()
    };
    let is_digest = |path: &str| path.contains("CloudTrail-Digest");
    let refusing = Setup::new(buckets.root())
        .plan(move |request| {
            if is_digest(&request.path) && request.is_get() {
                refuse(403, "AccessDenied")
            } else {
                Reply::Serve
            }
        })
        .start();
    let first = index(&refusing);
    assert_eq!(first.status.code(), Some(3), "{}", stderr(&first));
    assert!(
        stderr(&first).contains("not-kept: s3://logs/AWSLogs") && stderr(&first).contains("AccessDenied"),
        "{}",
        stderr(&first)
    );
    let server = Setup::new(buckets.root()).start();
    let second = index(&server);
    assert_eq!(second.status.code(), Some(0), "{}", stderr(&second));
    assert!(
        server.requests().iter().filter(|request| request.is_get()).all(|request| is_digest(&request.path))
    );
    let kept = files(&mirror.join("logs"));
    assert_eq!(kept.iter().filter(|path| is_digest(path)).count(), 3);
}

#[test]
fn an_index_can_add_a_mirror_later() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let mirror = buckets.root().join("mirror");
    let baseline = buckets.root().join("x.baseline");
    for flags in [&[][..], &["--mirror", mirror.to_str().unwrap()]] {
        let mut command = server.firstseen();
        let output = command.args(["index", "s3://logs", "-o"]).arg(&baseline).args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        // Folders that are not listed are counted once.
        if flags.is_empty() {
            assert!(stderr(&output).contains("3 folders"), "{}", stderr(&output));
        }
    }
    assert!(expected(&mirror.join("logs")) == expected(&buckets.logs()));
}

#[test]
fn an_altered_mirror_file_is_replaced() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let mirror = buckets.root().join("mirror");
    let flags = ["--mirror", mirror.to_str().unwrap()];
    // Another file in place of the second object is kept.
    let [first, second] =
        [&buckets.log_keys()[0], &buckets.log_keys()[1]].map(|key| mirror.join("logs").join(key));
    put(&second, "mine");
    scan(&mut server.firstseen(), "s3://logs", &flags);
    let size = fs::metadata(&first).unwrap().len();
    fs::write(&first, vec![0; size as usize]).unwrap();
    let found = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    let replaced = files(&mirror.join(".firstseen-mirror/replaced"));
    let replaced: Vec<Vec<u8>> = replaced.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(replaced.contains(&b"mine".to_vec()) && replaced.contains(&vec![0; size as usize]));
    assert_eq!(replaced.len(), 2);
}

#[test]
fn a_mirrored_object_missing_from_the_bucket_is_a_fault() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let mirror = buckets.root().join("mirror");
    let flags = ["--mirror", mirror.to_str().unwrap()];
    scan(&mut server.firstseen(), "s3://logs", &flags);
    let key = &buckets.log_keys()[3];
    fs::remove_file(buckets.logs().join(key)).unwrap();
    let found = scan(&mut server.firstseen(), "s3://logs", &flags);
    assert_eq!(found.status.code(), Some(3));
    assert!(
        stderr(&found).contains(&format!("missing: s3://logs/{key}: kept in the mirror")),
        "{}",
        stderr(&found)
    );
    // Objects outside the window are not missing.
    let window = [&flags[..], &["--read-from", "2024-03-25"]].concat();
    let found = scan(&mut server.firstseen(), "s3://logs", &window);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
}

#[test]
fn an_index_reports_a_missing_object_once() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let mirror = buckets.root().join("mirror");
    let baseline = buckets.root().join("x.baseline");
    let index = || {
        let mut command = server.firstseen();
        command
            .args(["index", "s3://logs", "-o"])
            .arg(&baseline)
            .arg("--mirror")
            .arg(&mirror)
            .output()
            .unwrap()
    };
    assert_eq!(index().status.code(), Some(0));
    fs::remove_file(buckets.logs().join(&buckets.log_keys()[3])).unwrap();
    for _ in 0..2 {
        let said = stderr(&index());
        assert!(said.contains("faults: 1 ") && said.contains("no longer in the bucket"), "{said}");
    }
}

#[test]
fn objects_outside_the_request_are_not_missing() {
    let buckets = Buckets::new();
    let notes = "AWSLogs/111122223333/CloudTrail/us-east-1/notes.json";
    fs::write(buckets.logs().join(notes), wrapped(&[record("2024-02-01T00:00:00Z", "u", "s3:A")])).unwrap();
    let server = Setup::new(buckets.root()).start();
    let mirror = buckets.root().join("mirror");
    let flags = ["--mirror", mirror.to_str().unwrap()];
    scan(&mut server.firstseen(), "s3://logs", &flags);
    let single = scan(&mut server.firstseen(), &format!("s3://logs/{}", buckets.log_keys()[0]), &flags);
    assert_eq!(single.status.code(), Some(0), "{}", stderr(&single));
    // With a window, objects outside of day folders are not listed.
    let window =
        scan(&mut server.firstseen(), "s3://logs", &[&flags[..], &["--read-from", "2024-03-01"]].concat());
    assert_eq!(window.status.code(), Some(0), "{}", stderr(&window));
}

#[test]
fn an_object_named_as_a_folder_is_read_and_kept_unless_it_is_empty() {
    let buckets = Buckets::empty();
    let content = |key: &str| match key {
        "x/" => String::new(),
        _ => {
            let event = record("2024-01-01T00:00:00Z", "u", &format!("s3:A{}", key.len()));
            String::from_utf8(wrapped(&[event])).unwrap()
        }
    };
    let keys = ["x/", "x/a.json/", "x/a.json/b.json"];
    let listed =
        keys.map(|key| format!("<Contents><Key>{key}</Key><Size>{}</Size></Contents>", content(key).len()));
    let list = format!("<ListBucketResult>{}</ListBucketResult>", listed.concat());
    let server = Setup::new(buckets.root())
        .plan(move |request| match request.is_list() {
            true => Reply::Xml(list.clone()),
            false => Reply::Xml(content(request.path.trim_start_matches("/logs/"))),
        })
        .start();
    let mirror = buckets.root().join("mirror");
    let flags = ["--mirror", mirror.to_str().unwrap()];
    for kept in ["0 objects reused, 2 added", "2 objects reused, 0 added"] {
        let found = scan(&mut server.firstseen(), "s3://logs", &flags);
        let said = stderr(&found);
        assert_eq!(found.status.code(), Some(0), "{said}");
        assert!(
            said.contains("3 listed = 2 read + 1 skipped (not-a-file 1)") && said.contains(kept),
            "{said}"
        );
        for action in ["s3:A9", "s3:A15"] {
            assert!(String::from_utf8_lossy(&found.stdout).contains(action), "{said}");
        }
    }
    let below = files(&mirror.join("logs"));
    assert!(below[0].ends_with("x/a.json%2F") || below[1].ends_with("x/a.json%2F"), "{below:?}");
    assert_eq!(below.len(), 2);
}
