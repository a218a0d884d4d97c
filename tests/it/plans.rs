//! `firstseen plan`, and shards that are indexed apart and merged.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::archive::{Archive, record};
use crate::folder::files;
use crate::program::{firstseen, stderr};

/// Ten days with copies on the same day and across days, two Regions' worth of names, an object that is no log, a digest, and an object
/// that cannot be read.
fn archive() -> Archive {
    let archive = (1..=9).fold(Archive::new(), |archive, day| {
        let time = |hour: u32| format!("2024-03-{day:02}T{hour:02}:00:00Z");
        let records: Vec<Value> = (1..=day)
            .map(|hour| record(&time(hour), ["ann", "bob"][hour as usize % 2], "s3:GetObject"))
            .collect();
        // The last record is delivered again, on the same day and the day after.
        let again = &records[records.len() - 1..];
        archive
            .delivered(&format!("202403{day:02}T2310"), &records)
            .delivered(&format!("202403{day:02}T2320"), again)
            .delivered(&format!("202403{:02}T0010", day + 1), again)
    });
    archive
        .object("notes.txt", b"not a log")
        .object("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/03/05/torn.json.gz", b"\x1f\x8b\x08 torn")
        .object(
            "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2024/03/06/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20240306T000000Z.json.gz",
            b"",
        )
}

/// The lines of a plan.
fn plan(archive: &Archive, size: &[&str]) -> Vec<String> {
    let output = firstseen(&[&["plan", ".", "-q"], size].concat(), archive.path());
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Indexes a shard, and returns the exit status.
fn index_shard(archive: &Archive, line: &str, baseline: &Path) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let shard = folder.path().join("shard.json");
    fs::write(&shard, line).unwrap();
    let arguments = ["index", "-q", "--shard", shard.to_str().unwrap(), "-o", baseline.to_str().unwrap()];
    let output = firstseen(&arguments, archive.path());
    (output.status.code(), stderr(&output))
}

#[test]
fn the_merged_shards_are_the_baseline_of_one_machine() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let at = |name: &str| work.path().join(name);
    let whole = firstseen(&["index", ".", "-q", "-o", at("whole").to_str().unwrap()], archive.path());
    assert_eq!(whole.status.code(), Some(3), "{}", stderr(&whole));
    for shards in ["1", "2", "3", "7", "100"] {
        let lines = plan(&archive, &["--shards", shards]);
        let names: Vec<String> = (0..lines.len())
            .map(|number| at(&format!("{shards}-{number}")).to_str().unwrap().to_owned())
            .collect();
        for (line, name) in lines.iter().zip(&names) {
            let (status, stderr) = index_shard(&archive, line, name.as_ref());
            assert!(matches!(status, Some(0 | 3)), "{stderr}");
        }
        let merged = at(&format!("{shards}-merged"));
        if let [only] = &names[..] {
            assert_eq!(files(only.as_ref()), files(&at("whole")));
            continue;
        }
        // The order of merging does not matter.
        let backwards = names.iter().rev().map(String::as_str);
        let arguments: Vec<&str> =
            ["merge", "-q", "-o", merged.to_str().unwrap()].into_iter().chain(backwards).collect();
        let output = firstseen(&arguments, archive.path());
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert_eq!(files(&merged), files(&at("whole")), "{shards} shards");
    }
}

#[test]
fn shards_of_an_archive_with_a_backup_of_itself_merge() {
    let archive = archive();
    let logs: Vec<_> = firstseen::source::files_below(&archive.path().join("AWSLogs")).collect();
    let archive = logs.iter().fold(archive, |archive, file| {
        let below = file.strip_prefix(archive.path()).unwrap().to_str().unwrap().to_owned();
        archive.object(&format!("backup/{below}"), &fs::read(file).unwrap())
    });
    let work = TempDir::new().unwrap();
    let at = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let whole = firstseen(&["index", ".", "-q", "-o", &at("whole")], archive.path());
    assert_eq!(whole.status.code(), Some(3), "{}", stderr(&whole));
    // A shard for each object, so that copies are in different ones.
    let names = plan(&archive, &["--shard-bytes", "1"]).into_iter().enumerate().map(|(number, line)| {
        let name = at(&number.to_string());
        assert!(matches!(index_shard(&archive, &line, name.as_ref()).0, Some(0 | 3)));
        name
    });
    let names: Vec<String> = names.collect();
    let merged = at("merged");
    let merge = ["merge", "-q", "-o", &merged].into_iter().chain(names.iter().map(String::as_str));
    let output = firstseen(&merge.collect::<Vec<_>>(), archive.path());
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
    assert_eq!(files(merged.as_ref()), files(at("whole").as_ref()));
}

#[test]
fn shards_name_every_object_once() {
    let archive = archive();
    for size in [["--shards", "4"], ["--shard-bytes", "500K"], ["--shard-bytes", "1"]] {
        let shards: Vec<Value> =
            plan(&archive, &size).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let paths = |value: &Value| {
            let objects = value.as_array().unwrap().iter();
            objects.map(|object| object["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let read: Vec<String> = shards.iter().flat_map(|shard| paths(&shard["objects"])).collect();
        let skipped = shards.iter().flat_map(|shard| shard["skipped"].as_object().unwrap().values());
        let skipped: Vec<String> = skipped.flat_map(paths).collect();
        assert_eq!((read.len(), skipped.len()), (29, 1), "{size:?}");
        let mut all = [read, skipped].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 30);
        let numbers: Vec<u64> = shards.iter().map(|shard| shard["shard"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=shards.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn a_task_that_runs_twice_changes_nothing() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let baseline = work.path().join("shard.baseline");
    let lines = plan(&archive, &["--shards", "3"]);
    assert!(matches!(index_shard(&archive, &lines[0], &baseline).0, Some(0 | 3)));
    let before = files(&baseline);
    assert!(matches!(index_shard(&archive, &lines[0], &baseline).0, Some(0 | 3)));
    assert_eq!(files(&baseline), before);
    // Another shard in the same folder is a mistake.
    let (status, stderr) = index_shard(&archive, &lines[1], &baseline);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("not in the shard"), "{stderr}");
    assert_eq!(files(&baseline), before);
}

#[test]
fn missing_shards_are_named_until_all_are_merged() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let run = |arguments: &[&str]| firstseen(arguments, work.path());
    let lines = plan(&archive, &["--shards", "3"]);
    assert_eq!(lines.len(), 3);
    for (number, line) in (1..).zip(&lines) {
        // A shard by itself lacks nothing.
        index_shard(&archive, line, &work.path().join(format!("{number}.baseline")));
    }
    let missing = "unfinished: shard 2 of 3 is missing: merge the baselines of all shards of the plan";
    let output = run(&["merge", "3.baseline", "1.baseline", "-o", "some.baseline", "-q"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains(missing), "{}", stderr(&output));
    for command in
        [&["scan", "--format", "json"][..], &["triage", "--format", "json"], &["coverage"], &["triage"]]
    {
        let output = run(&[command, &["some.baseline"]].concat());
        assert_eq!(output.status.code(), Some(3), "{command:?}");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
        assert!(shown.contains("unfinished"), "{command:?}: {shown}");
    }
    let json = run(&["scan", "--format", "json", "some.baseline", "-q"]);
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    let plan = &document["coverage"]["unfinished"]["plans"][0];
    assert_eq!((&plan["shards"], &plan["of"]), (&serde_json::json!([1, 3]), &serde_json::json!(3)));
    let output = run(&["merge", "some.baseline", "2.baseline", "-o", "all.baseline", "-q"]);
    assert!(!stderr(&output).contains("unfinished"), "{}", stderr(&output));
    firstseen(
        &["index", ".", "-q", "-o", work.path().join("one.baseline").to_str().unwrap()],
        archive.path(),
    );
    assert_eq!(files(&work.path().join("all.baseline")), files(&work.path().join("one.baseline")));
    // A run over the whole archive finds what the missing shard would have had.
    let some = work.path().join("some.baseline");
    firstseen(&["index", ".", "-q", "-o", some.to_str().unwrap()], archive.path());
    assert_eq!(files(&some), files(&work.path().join("one.baseline")));
}

#[test]
fn a_list_of_files_does_not_finish_a_plan() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let lines = plan(&archive, &["--shards", "2"]);
    let baseline = work.path().join("one.baseline");
    index_shard(&archive, &lines[0], &baseline);
    let second: Value = serde_json::from_str(&lines[1]).unwrap();
    let list = work.path().join("list");
    fs::write(&list, format!("./{}\n", second["objects"][0]["path"].as_str().unwrap())).unwrap();
    let (list, baseline) = (list.to_str().unwrap(), baseline.to_str().unwrap());
    let output = firstseen(
        &["index", "--files-from", list, "--archive-root", ".", "-q", "-o", baseline],
        archive.path(),
    );
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", stderr(&output));
    let output = firstseen(&["scan", baseline, "-q"], archive.path());
    assert!(stderr(&output).contains("shard 2 of 2 is missing"), "{}", stderr(&output));
    firstseen(&["index", ".", "-q", "-o", baseline], archive.path());
    let output = firstseen(&["scan", baseline, "-q"], archive.path());
    assert!(!stderr(&output).contains("unfinished"), "{}", stderr(&output));
}

#[test]
fn a_file_that_is_not_a_whole_plan_in_its_order_is_refused() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let lines = plan(&archive, &["--shards", "3"]);
    let reversed: Vec<&str> = lines.iter().rev().map(String::as_str).collect();
    let cases = [
        (lines[..2].join("\n"), "its plan has 3 shards, and 2 of them are in it"),
        (reversed.join("\n"), "its line 1 is shard 3"),
    ];
    for (plan, why) in cases {
        fs::write(work.path().join("plan.jsonl"), plan).unwrap();
        let shard = ["index", "--shard", "plan.jsonl", "--shard-number", "1", "-o", "b"];
        let output = firstseen(&shard, work.path());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
}

#[test]
fn two_baselines_with_one_object_are_named() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let lines = plan(&archive, &["--shards", "3"]);
    for (name, line) in [("1", 0), ("2", 1), ("copy", 0)] {
        index_shard(&archive, &lines[line], &work.path().join(name));
    }
    let output = firstseen(&["merge", "1", "2", "copy", "-o", "all"], work.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("'1' and 'copy' have an object in common"), "{}", stderr(&output));
}

#[test]
fn the_largest_size_of_objects_is_that_of_the_plan() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let at = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    firstseen(&["index", ".", "-q", "--max-object-size", "1K", "-o", &at("whole")], archive.path());
    let line = plan(&archive, &["--shards", "1", "--max-object-size", "1K"]).remove(0);
    index_shard(&archive, &line, at("shard").as_ref());
    assert_eq!(files(at("shard").as_ref()), files(at("whole").as_ref()));
}

#[test]
fn a_cluster_whose_name_was_given_to_some_runs_only_is_a_warning() {
    let request = |id: &str, time: &str| {
        serde_json::json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": id, "stage": "ResponseComplete", "verb": "get",
            "requestURI": "/api/v1/pods", "user": {"username": "eva"}, "objectRef": {"resource": "pods"},
            "responseStatus": {"code": 200}, "requestReceivedTimestamp": time,
        })
    };
    let archive = Archive::new()
        .object("a.log", request("a", "2024-03-01T00:00:00.000000Z").to_string().as_bytes())
        .object("b.log", request("b", "2024-03-02T00:00:00.000000Z").to_string().as_bytes());
    let work = TempDir::new().unwrap();
    let root = archive.path().to_str().unwrap();
    for (name, flags) in [("a", &["--k8s-cluster", "prod"][..]), ("b", &[])] {
        let list = work.path().join("list");
        fs::write(&list, format!("{root}/{name}.log\n")).unwrap();
        let from = ["index", "-q", "--files-from", "list", "--archive-root", root, "-o", name];
        let output = firstseen(&[&from, flags].concat(), work.path());
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let output = firstseen(&["merge", "a", "b", "-o", "all", "-q"], work.path());
    assert!(
        stderr(&output).contains("of the cluster 'prod', and of one without a name"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_object_that_is_gone_is_a_fault() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let lines = plan(&archive, &["--shards", "1"]);
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    let path = first["objects"][3]["path"].as_str().unwrap();
    fs::remove_file(archive.path().join(path)).unwrap();
    let (status, stderr) = index_shard(&archive, &lines[0], &work.path().join("b"));
    assert_eq!(status, Some(3), "{stderr}");
    assert!(stderr.contains(path), "{stderr}");
}

#[test]
fn a_file_that_lost_bytes_since_it_was_planned_is_a_fault() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let lines = plan(&archive, &["--shards", "1"]);
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    let [cut, emptied] = [3, 4].map(|index| first["objects"][index]["path"].as_str().unwrap());
    let bytes = fs::read(archive.path().join(cut)).unwrap();
    fs::write(archive.path().join(cut), &bytes[..bytes.len() - 1]).unwrap();
    fs::write(archive.path().join(emptied), b"").unwrap();
    let (status, stderr) = index_shard(&archive, &lines[0], &work.path().join("b"));
    assert_eq!(status, Some(3), "{stderr}");
    for path in [cut, emptied] {
        let fault = stderr.lines().find(|line| line.contains(path)).unwrap();
        assert!(fault.contains("bytes when the plan was made"), "{fault}");
    }
}

#[test]
fn a_plan_says_if_the_baseline_has_none_of_its_archives() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let known = work.path().join("known").to_str().unwrap().to_owned();
    firstseen(&["index", ".", "-q", "-o", &known], archive.path());
    let root = archive.path().to_str().unwrap();
    let shards = work.path().join("p.jsonl").to_str().unwrap().to_owned();
    let warns = |name: &str| {
        let plan = ["plan", name, "--shards", "1", "--not-in", &known, "-o", &shards];
        stderr(&firstseen(&plan, archive.path())).contains("has none of these archives")
    };
    assert!(warns(root) && !warns("."));
}

#[test]
fn a_shard_that_was_changed_is_refused() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let baseline = work.path().join("b");
    let line = plan(&archive, &["--shards", "1"]).remove(0);
    let changes = [
        (line.replace("torn.json.gz", "../../etc/passwd"), "SHA-256"),
        (line.replace("\"shard_version\":2", "\"shard_version\":99"), "version 99"),
        (line[..line.len() / 2].to_owned(), "not a shard"),
        ("[]".to_owned(), "not a shard"),
        (String::new(), "no number 1"),
    ];
    for (changed, why) in changes {
        let (status, stderr) = index_shard(&archive, &changed, &baseline);
        assert!(matches!(status, Some(1 | 2)) && stderr.contains(why), "{why}: {stderr}");
        assert!(!baseline.exists());
    }
}

#[test]
fn the_window_is_that_of_the_plan() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let window = ["--read-from", "2024-03-03", "--read-to", "2024-03-05", "--delivery-slack", "1d"];
    let at = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let whole = firstseen(&[&["index", ".", "-q", "-o", &at("whole")], &window[..]].concat(), archive.path());
    assert_eq!(whole.status.code(), Some(3), "{}", stderr(&whole));
    let line = plan(&archive, &[&["--shards", "1"], &window[..]].concat()).remove(0);
    assert_eq!(index_shard(&archive, &line, at("shard").as_ref()).0, Some(3));
    assert_eq!(files(at("shard").as_ref()), files(at("whole").as_ref()));
    let file = at("shard.json");
    fs::write(&file, &line).unwrap();
    let other = ["index", "--shard", &file, "-o", &at("other"), "--read-from", "2024-03-04"];
    let output = firstseen(&other, archive.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is not that of the plan"), "{}", stderr(&output));
}

/// Makes baselines of all shards of the plan of what is not in a baseline, and merges them into it. Returns what the plan said.
fn add_by_shards(archive: &Archive, work: &Path, (known, output): (&str, &str), shards: &str) -> String {
    let at = |name: &str| work.join(name).to_str().unwrap().to_owned();
    let arguments = ["plan", ".", "--not-in", &at(known), "--shards", shards];
    let planned = firstseen(&arguments, archive.path());
    assert!(matches!(planned.status.code(), Some(0 | 3)), "{}", stderr(&planned));
    let mut parts = vec![at(known)];
    for (number, line) in String::from_utf8(planned.stdout.clone()).unwrap().lines().enumerate() {
        parts.push(at(&format!("{output}-{number}")));
        let (status, stderr) = index_shard(archive, line, parts[number + 1].as_ref());
        assert!(matches!(status, Some(0 | 3)), "{stderr}");
    }
    let output = at(output);
    let arguments = ["merge", "-q", "-o", &output].into_iter().chain(parts.iter().map(String::as_str));
    let merged = firstseen(&arguments.collect::<Vec<_>>(), archive.path());
    assert!(matches!(merged.status.code(), Some(0 | 3)), "{}", stderr(&merged));
    stderr(&planned)
}

#[test]
fn shards_of_what_is_new_make_the_baseline_that_one_machine_extends() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let at = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let index =
        |output: &str| firstseen(&["index", ".", "-q", "-o", &at(output)], archive.path()).status.code();
    assert_eq!((index("night-1"), index("whole")), (Some(3), Some(3)));
    // A copy of what is known, something new of an old day, another skipped object and another fault.
    let new = |minute: &str, user: &str| {
        (minute.to_owned(), [record("2024-03-04T05:00:00Z", user, "s3:PutObject")])
    };
    let known = [record("2024-03-09T09:00:00Z", "bob", "s3:GetObject")];
    let mut archive = archive.delivered("20240309T2355", &known);
    for (minute, records) in
        [new("20240304T2340", "ann"), new("20240312T0010", "eva"), new("20240313T0010", "eva")]
    {
        archive = archive.delivered(&minute, &records);
    }
    let archive = archive.object("more.txt", b"no log either").object("torn-2.json.gz", b"\x1f\x8b\x08 torn");
    let index =
        |output: &str| firstseen(&["index", ".", "-q", "-o", &at(output)], archive.path()).status.code();
    assert_eq!(index("whole"), Some(3));
    for shards in ["1", "3"] {
        let output = format!("night-2-{shards}");
        let said = add_by_shards(&archive, work.path(), ("night-1", &output), shards);
        assert!(said.contains("6 objects with ") && said.contains("; 30 already in the baseline"), "{said}");
        assert_eq!(files(at(&output).as_ref()), files(at("whole").as_ref()), "{shards} shards");
    }
    // A night without anything new.
    let said = add_by_shards(&archive, work.path(), ("whole", "night-3"), "4");
    assert!(said.contains("0 objects with 0 bytes in 1 shard; 36 already in the baseline"), "{said}");
    assert_eq!(files(at("night-3").as_ref()), files(at("whole").as_ref()));
}

#[test]
fn what_could_not_be_read_is_left_to_one_machine() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let at = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let index =
        |output: &str| firstseen(&["index", ".", "-q", "-o", &at(output)], archive.path()).status.code();
    let line = plan(&archive, &["--shards", "1"]).remove(0);
    let shard: Value = serde_json::from_str(&line).unwrap();
    let path = archive.path().join(shard["objects"][3]["path"].as_str().unwrap());
    let content = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(index_shard(&archive, &line, at("known").as_ref()).0, Some(3));
    fs::write(&path, content).unwrap();
    let said = add_by_shards(&archive, work.path(), ("known", "merged"), "2");
    assert!(said.contains("warning: 1 object that could not be read before left out"), "{said}");
    assert_eq!(files(at("merged").as_ref()), files(at("known").as_ref()));
    assert_eq!((index("merged"), index("whole")), (Some(3), Some(3)));
    assert_eq!(files(at("merged").as_ref()), files(at("whole").as_ref()));
}

#[test]
fn a_plan_of_what_is_new_has_the_window_of_the_baseline() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let baseline = work.path().join("b").to_str().unwrap().to_owned();
    let window = ["--read-from", "2024-03-03", "--read-to", "2024-03-05", "--delivery-slack", "1d"];
    let arguments = [&["index", ".", "-q", "-o", &baseline][..], &window].concat();
    assert_eq!(firstseen(&arguments, archive.path()).status.code(), Some(3));
    let archive = archive.delivered("20240304T2340", &[]).delivered("20240320T0000", &[]);
    let line = plan(&archive, &["--shards", "1", "--not-in", &baseline]).remove(0);
    let shard: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(shard["delivery_slack"], "1d");
    assert_eq!(
        (shard["objects"].as_array().unwrap().len(), &shard["read_from"]),
        (1, &"2024-03-03T00:00:00Z".into())
    );
    assert_eq!(shard["skipped"]["outside-window"].as_array().unwrap().len(), 1);
    let other = ["plan", ".", "--shards", "1", "--not-in", &baseline, "--read-to", "2024-03-09"];
    let output = firstseen(&other, archive.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("was learnt with --read-to 2024-03-05T23:59:59.999999Z"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_index_counts_what_it_added_apart_from_what_it_left_out() {
    let archive = archive();
    let work = TempDir::new().unwrap();
    let at = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let line = plan(
        &archive,
        &["--shards", "1", "--read-from", "2024-03-05", "--read-to", "2024-03-05", "--delivery-slack", "0d"],
    );
    fs::write(at("shard.json"), &line[0]).unwrap();
    let arguments = ["index", "--shard", &at("shard.json"), "-o", &at("b"), "--summary", &at("summary.json")];
    let run = || {
        let output = firstseen(&arguments, archive.path());
        let summary: Value = serde_json::from_slice(&fs::read(at("summary.json")).unwrap()).unwrap();
        (stderr(&output).lines().next().unwrap().to_owned(), summary)
    };
    let (said, summary) = run();
    assert_eq!(said, "3 objects added, 26 skipped, 1 not read, 0 already in the baseline");
    assert_eq!(
        summary["objects"],
        serde_json::json!({"known": 0, "read": 3, "skipped": 26, "failed": 1, "replaced": 0})
    );
    assert_eq!(summary["coverage"]["objects"]["listed"], 30);
    assert_eq!(summary["archives"][0]["name"], ".");
    let (said, summary) = run();
    assert_eq!(said, "0 objects added, 30 already in the baseline");
    assert_eq!((&summary["objects"]["known"], &summary["archives"][0]["read"]), (&30.into(), &0.into()));
}

#[test]
fn archives_are_accounted_for_by_what_is_new() {
    let (one, other) = (archive(), archive());
    let work = TempDir::new().unwrap();
    let names = [&one, &other].map(|archive| archive.path().to_str().unwrap().to_owned());
    let run = || stderr(&firstseen(&["index", &names[0], &names[1], "-o", "b"], work.path()));
    let (first, again) = (run(), run());
    assert!(first.contains("(28 new objects, ") || first.contains("(29 new objects, "), "{first}");
    assert!(again.contains("(0 new objects, 0 bytes)") && again.contains("objects: 60 listed"), "{again}");
}

#[test]
fn standard_input_cannot_be_planned() {
    let output = firstseen(&["plan", "-", "--shards", "1"], archive().path());
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("standard input can be read only here"), "{}", stderr(&output));
}

#[cfg(target_os = "linux")]
#[test]
fn an_archive_whose_name_is_not_utf8_is_found_again_by_its_baseline_and_its_shards() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let (logs, work) = (archive(), TempDir::new().unwrap());
    let name = OsStr::from_bytes(b"bad\xff");
    let copied =
        std::process::Command::new("cp").arg("-r").args([logs.path(), &work.path().join(name)]).status();
    assert!(copied.unwrap().success());
    let run = |before: &[&str], after: &[&str]| {
        let mut program = crate::program::program();
        program.args(before).arg(name).args(after).current_dir(work.path()).output().unwrap()
    };
    let indexed = run(&["index", "-q"], &["-o", "bad.baseline"]);
    assert_eq!(indexed.status.code(), Some(3), "{}", stderr(&indexed));
    let events = firstseen(&["events", "bad.baseline", "-f", "csv", "-q"], work.path());
    assert_eq!(events.status.code(), Some(3), "{}", stderr(&events));
    assert_eq!(events.stdout, run(&["events", "-q"], &["-f", "csv"]).stdout);
    assert!(run(&["plan", "-q"], &["--shards", "1", "-o", "plan.jsonl"]).status.success());
    let shard = firstseen(&["index", "--shard", "plan.jsonl", "-q", "-o", "shard.baseline"], work.path());
    assert_eq!(shard.status.code(), Some(3), "{}", stderr(&shard));
    let baseline = |name: &str| files(&work.path().join(name));
    assert_eq!(baseline("shard.baseline"), baseline("bad.baseline"));
}
