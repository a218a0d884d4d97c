//! Saved baselines: adding, merging and damage.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, LazyLock};

use firstseen::learn::{Keep, LearnSettings, Learnt, learn_listed};
use firstseen::model::Dimensions;
use firstseen::plan::{PlanInput, ShardCount, divide};
use firstseen::query::first_seen;
use firstseen::rules::RuleSet;
use firstseen::scan::{Silent, list};
use firstseen::source::{Archives, Listing};
use firstseen::store::{BaselineContents, BaselineFolder, MergeError, STORE_VERSION, Saved, StoreError};
use firstseen::synth::{Plan, synthesize};
use firstseen::time::Span;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, gzip, log_path, question, record, with, wrapped};
use crate::folder::files;
use crate::laws::{any_objects, archive, path, written};
use crate::program::{firstseen, program};
use crate::rules::rules;

/// Settings with rules, so that hits are saved, too.
fn settings() -> LearnSettings {
    const RULES: &str = "\
- rule: everything
  condition: evt.num > 0
  output: by %ct.user.arn (%ct.error, %evt.time)
  priority: DEBUG
  source: aws_cloudtrail
  tags: [a, \"b, c\"]
- rule: some
  condition: ct.name startswith Get
  output: some
  priority: INFO
  source: aws_cloudtrail
";
    static COMPILED: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(rules(RULES)));
    LearnSettings {
        rules: Some(Arc::clone(&COMPILED)),
        dimensions: Dimensions::ALL,
        ..crate::archive::settings()
    }
}

fn listing(archives: &Archives) -> Listing {
    list(archives, &settings().scan(), &Silent).unwrap()
}

fn index_listed(archives: &Archives, listing: Listing) -> BaselineContents {
    let Learnt { baseline, coverage, catalog, .. } =
        learn_listed(archives, listing, &settings(), Keep::Catalog, &Silent).unwrap();
    let stored = BaselineContents {
        learning: settings().scope(),
        archives: archives.names().to_vec(),
        baseline,
        coverage,
        objects: catalog.objects,
        records: catalog.records.into(),
    };
    assert!(stored.coverage.sums_hold());
    stored
}

fn index(folders: &[&Path]) -> BaselineContents {
    let names: Vec<_> = folders.iter().map(|folder| folder.to_path_buf()).collect();
    let archives = Archives::open(&names).unwrap();
    index_listed(&archives, listing(&archives))
}

fn save(stored: &BaselineContents, path: &Path) {
    BaselineFolder::take(path).unwrap().save(stored).unwrap();
}

type Objects = Vec<(Option<u8>, Vec<Value>)>;

/// Adds broken objects, so that faults are saved, too.
fn with_faults(archive: Archive) -> Archive {
    let strange = serde_json::json!({ "strange": [record("2024-03-01T10:00:00Z", "eve", "iam:GetUser")] });
    let archive = archive.object("strange.json", strange.to_string().as_bytes());
    let whole = gzip(&wrapped(&[record("2024-01-05T00:00:00Z", "eva", "s3:GetObject")]));
    archive
        .object("cut.json.gz", &whole[..whole.len() - 9])
        .object("no-time.json", &wrapped(&[record("soon", "eva", "s3:GetObject")]))
        .object("noise.json", b"{\"Records\":[\xff}")
        .object("readme.txt", b"no log")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn merging_shards_equals_indexing_all_at_once(
        left in any_objects(), right in any_objects(), third in any_objects()
    ) {
        let folders = [with_faults(archive(&left)), archive(&right), archive(&third)];
        let [a, b, c] = [0, 1, 2].map(|shard: usize| index(&[folders[shard].path()]));
        let at_once = index(&[folders[2].path(), folders[0].path(), folders[1].path()]);
        let merge = |left: &BaselineContents, right: &BaselineContents| left.clone().merge(right.clone()).unwrap();
        prop_assert_eq!(&merge(&merge(&a, &b), &c), &at_once);
        prop_assert_eq!(&merge(&c, &merge(&b, &a)), &at_once);
        let place = TempDir::new().unwrap();
        save(&merge(&merge(&b, &c), &a), &place.path().join("merged"));
        save(&at_once, &place.path().join("at-once"));
        prop_assert!(files(&place.path().join("merged")) == files(&place.path().join("at-once")));
    }

    #[test]
    fn shards_of_an_archive_with_copied_files_merge_into_the_whole(
        objects in any_objects(), is_copied in any::<[bool; 8]>(), cost in prop_oneof![Just(1), Just(250_000)]
    ) {
        let folder = with_faults(archive(&objects));
        // The same name and bytes in another folder, as of a backup.
        let folder = objects.iter().enumerate().filter(|(number, _)| is_copied[*number]).fold(folder, |folder, (number, (day, _))| {
            let path = path(number, *day);
            let bytes = fs::read(folder.path().join(&path)).unwrap();
            folder.object(&format!("backup/{path}"), &bytes)
        });
        let archives = Archives::open(&[folder.path().to_owned()]).unwrap();
        let input = PlanInput {
            window: settings().window,
            max_object_size: settings().max_object_size,
            listing: listing(&archives),
        };
        let plan = divide(&archives, input, ShardCount::ByCost(cost));
        let parts = plan.iter().map(|shard| Ok::<_, MergeError>(index_listed(&archives, shard.listing(&archives).unwrap())));
        let merged = BaselineContents::merge_all(parts).unwrap().unwrap();
        prop_assert_eq!(merged, index(&[folder.path()]));
    }

    #[test]
    fn adding_part_by_part_equals_indexing_all_at_once(
        objects in any_objects(), split in any::<prop::sample::Index>(), every in 1..4usize
    ) {
        let split = split.index(objects.len());
        let (folder, before) = (with_faults(archive(&objects[..split])), TempDir::new().unwrap());
        let mut stored = index(&[folder.path()]);
        save(&stored, &before.path().join("b"));
        let folder = add(folder, split, &objects[split..]);
        let archives = Archives::open(&[folder.path().to_owned()]).unwrap();
        let mut rest = listing(&archives);
        let known = stored.clone();
        let is_known = |path: &str| known.objects.iter().any(|entry| &*entry.path == path);
        rest.forget(|object| is_known(&object.path), |skipped| is_known(&skipped.object.path));
        while rest.coverage.objects.listed > 0 {
            let part = rest.cut(every);
            stored = stored.merge(index_listed(&archives, part)).unwrap();
        }
        prop_assert_eq!(stored, index(&[folder.path()]));
    }

    #[test]
    fn a_saved_baseline_answers_like_the_archive(objects in any_objects(), days in 0..9u32) {
        let folder = with_faults(archive(&objects));
        let stored = index(&[folder.path()]);
        let place = TempDir::new().unwrap();
        let path = place.path().join("case.baseline");
        save(&stored, &path);
        let saved = Saved::open(&path).unwrap();
        prop_assert_eq!(&saved.contents().unwrap(), &stored);
        let (baseline, coverage) = saved.baseline().unwrap();
        let opened = Learnt { baseline, coverage, catalog: Default::default() };
        prop_assert!(written(&opened, &question(days)) == written(&folder.ingest(&settings()), &question(days)));
    }
}

fn add(folder: Archive, first: usize, objects: &[(Option<u8>, Vec<Value>)]) -> Archive {
    objects.iter().enumerate().fold(folder, |folder, (number, (day, records))| {
        folder.object(&path(first + number, *day), &wrapped(records))
    })
}

/// A baseline with rows in every table: failures before successes, copies, conflicts, faults, creations.
fn full_baseline(place: &Path) -> BaselineContents {
    let out = place.join("synthetic");
    synthesize(&out, &Plan { bytes: 400_000, seed: 5, days: 30 }).unwrap();
    let odd = with_faults(Archive::new());
    let stored = index(&[&out, odd.path()]);
    assert!(stored.coverage.records.duplicates > 0 && stored.coverage.fault_count > 0);
    assert!(!stored.baseline.hits.is_empty());
    stored
}

#[test]
fn a_damaged_baseline_never_opens() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("case.baseline");
    save(&full_baseline(place.path()), &path);
    let intact = files(&path);
    assert_eq!(intact.len(), 17);
    for (name, bytes) in &intact {
        let file = path.join(name);
        let assert_damaged = |what: &str| {
            let result = Saved::open(&path).and_then(|saved| saved.contents());
            let error = result.err().unwrap_or_else(|| panic!("{name} with {what} opened"));
            let is_fit = matches!(
                error,
                StoreError::Damaged { .. } | StoreError::Foreign { .. } | StoreError::Io { .. }
            );
            assert!(is_fit || name == "manifest.json", "{name} with {what}: {error}");
        };
        let step = (bytes.len() / 40).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            fs::write(&file, &damaged).unwrap();
            assert_damaged(&format!("byte {at} changed"));
            fs::write(&file, &bytes[..at]).unwrap();
            assert_damaged(&format!("only {at} bytes"));
        }
        let (_, other) = intact.iter().find(|(other, _)| *other != name).unwrap();
        fs::write(&file, other).unwrap();
        assert_damaged("another table's content");
        fs::remove_file(&file).unwrap();
        assert_damaged("no file");
        fs::write(&file, bytes).unwrap();
    }
    Saved::open(&path).unwrap().contents().unwrap();
}

#[test]
fn questions_do_not_read_the_records() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("case.baseline");
    let stored = full_baseline(place.path());
    save(&stored, &path);
    fs::write(path.join("records.parquet"), "not a table").unwrap();
    let saved = Saved::open(&path).unwrap();
    assert!(saved.baseline().unwrap().0 == stored.baseline);
    assert_eq!(saved.objects().unwrap(), stored.objects);
    assert!(matches!(saved.contents(), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_baseline_of_another_version_is_refused() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("case.baseline");
    save(&full_baseline(place.path()), &path);
    let manifest = fs::read_to_string(path.join("manifest.json")).unwrap();
    let version = |number: u32| format!("\"firstseen_baseline\": {number}");
    let newer = manifest.replace(&version(STORE_VERSION), &version(STORE_VERSION + 1));
    fs::write(path.join("manifest.json"), newer).unwrap();
    let Err(StoreError::Version { found, known, .. }) = Saved::open(&path) else { panic!("it was opened") };
    assert_eq!((found, known), (u64::from(STORE_VERSION) + 1, STORE_VERSION));
}

#[test]
fn other_files_are_never_overwritten_and_a_lock_admits_one_writer() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("photos");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("manifest.json"), "{}").unwrap();
    assert!(matches!(BaselineFolder::take(&path), Err(StoreError::Foreign { .. })));
    let free = place.path().join("free.baseline");
    let taken = BaselineFolder::take(&free).unwrap();
    assert!(matches!(BaselineFolder::take(&free), Err(StoreError::Busy { .. })));
    drop(taken);
    BaselineFolder::take(&free).unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn shards_with_the_same_object_or_other_settings_do_not_merge() {
    let day = |day: u8| (Some(day), vec![record("2024-03-01T00:00:00Z", "eva", "s3:GetObject")]);
    let (first, second): (Objects, Objects) = (vec![day(1)], vec![day(2)]);
    let (a, b) = (archive(&first), archive(&second));
    let (stored, other) = (index(&[a.path()]), index(&[b.path()]));
    let both = index(&[a.path(), b.path()]);
    assert!(matches!(stored.clone().merge(both), Err(MergeError::Overlap(_))));
    let mut later = other.clone();
    later.learning.delivery_slack = Span::days(9);
    assert!(matches!(stored.clone().merge(later), Err(MergeError::Settings(_))));
}

#[test]
fn archives_with_the_same_deliveries_merge_and_are_named() {
    let day = |day: u8| (Some(day), vec![record("2024-03-01T00:00:00Z", "eva", "s3:GetObject")]);
    let (first, second): (Objects, Objects) = (vec![day(1)], vec![day(9)]);
    let (bucket, replica, other) = (archive(&first), archive(&first), archive(&second));
    let merged = |archives: [&Archive; 2]| {
        let parts = archives.map(|archive| Ok::<_, MergeError>(index(&[archive.path()])));
        BaselineContents::merge_all(parts).unwrap().unwrap()
    };
    let both = merged([&bucket, &replica]);
    assert_eq!(both, index(&[bucket.path(), replica.path()]));
    assert_eq!((both.coverage.records.counted, both.coverage.records.duplicates), (1, 1));
    assert_eq!(both.repeated_deliveries(), Some((1, &*path(0, Some(1)))));
    assert_eq!(merged([&bucket, &other]).repeated_deliveries(), None);
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn index_reads_only_new_objects() {
    let line = |day: u8| (Some(day), vec![record("2024-03-01T00:00:00Z", "eva", "s3:GetObject")]);
    let folder = archive(&[line(1), line(2)]);
    let index = |more: &[&str]| {
        let arguments = [&["index", "AWSLogs", "-o", "case.baseline"], more].concat();
        said(&firstseen(&arguments, folder.path())).lines().next().unwrap().to_owned()
    };
    assert_eq!(index(&[]), "2 objects added, 0 already in the baseline");
    assert_eq!(index(&[]), "0 objects added, 2 already in the baseline");
    assert_eq!(index(&["--by-checksum"]), "0 objects added, 2 already in the baseline");
    let first = folder.path().join(path(0, Some(1)));
    // The same size with other content.
    let mut bytes = fs::read(&first).unwrap();
    bytes[4] ^= 1;
    fs::write(&first, &bytes).unwrap();
    assert_eq!(index(&[]), "0 objects added, 2 already in the baseline");
    assert_eq!(index(&["--by-checksum"]), "1 object added, 1 already in the baseline");
    // The records of both versions are copies of each other.
    let (_, coverage) = Saved::open(&folder.path().join("case.baseline")).unwrap().baseline().unwrap();
    assert_eq!((coverage.records.counted, coverage.records.duplicates), (1, 2));
}

#[test]
fn root_activity_keeps_the_arn() {
    let root = json!({
        "type": "Root", "principalId": "111122223333", "accountId": "111122223333",
        "arn": "arn:aws:iam::111122223333:root", "accessKeyId": "AKIAROOT",
    });
    let event = with(record("2024-03-01T00:00:00Z", "x", "s3:A"), json!({ "userIdentity": root }));
    let folder = archive(&[(Some(1), vec![event])]);
    let made = firstseen(
        &["index", "AWSLogs", "-o", "case.baseline", "--principal-key", "access-key"],
        folder.path(),
    );
    assert!(made.status.success(), "{}", said(&made));
    let findings = |from: &[&str]| {
        let question = ["scan", "--warmup", "0d", "--report", "root-activity", "-f", "jsonl", "-q"];
        let out = String::from_utf8(firstseen(&[&question, from].concat(), folder.path()).stdout).unwrap();
        out.lines().filter(|line| line.contains("root-activity\",\"")).map(String::from).collect::<Vec<_>>()
    };
    let found = findings(&["AWSLogs", "--principal-key", "access-key"]);
    assert!(
        found.iter().any(|line| line.contains(r#""principal_arn":"arn:aws:iam::111122223333:root""#)),
        "{found:?}"
    );
    assert_eq!(findings(&["case.baseline"]), found);
}

#[test]
fn by_checksum_does_not_consume_standard_input() {
    let folder = TempDir::new().unwrap();
    let index = |name: &str| {
        let text = format!("{}\n", record("2024-03-01T00:00:00Z", name, "s3:GetObject"));
        fs::write(folder.path().join("events"), text).unwrap();
        let made = program()
            .args(["index", "-", "-o", "case.baseline", "--by-checksum"])
            .stdin(fs::File::open(folder.path().join("events")).unwrap())
            .current_dir(folder.path())
            .output()
            .unwrap();
        said(&made).lines().next().unwrap().to_owned()
    };
    assert_eq!(index("eva"), "1 object added, 0 already in the baseline");
    assert_eq!(index("eva"), "0 objects added, 1 already in the baseline");
    assert_eq!(index("adam"), "1 object added, 0 already in the baseline");
    let (_, coverage) = Saved::open(&folder.path().join("case.baseline")).unwrap().baseline().unwrap();
    assert_eq!(coverage.records.counted, 2);
}

#[test]
fn a_baseline_inside_its_archive_is_not_read() {
    let folder = archive(&[(Some(1), vec![record("2024-03-01T00:00:00Z", "eva", "s3:GetObject")])]);
    for (number, added) in [("first", "1 object"), ("second", "0 objects")] {
        let ended = firstseen(&["index", ".", "-o", "case.baseline"], folder.path());
        assert!(said(&ended).starts_with(&format!("{added} added")), "{number}: {}", said(&ended));
    }
    let scanned = firstseen(&["scan", "."], folder.path());
    assert!(said(&scanned).starts_with("objects: 1 listed = 1 read"), "{}", said(&scanned));
}

#[cfg(target_os = "linux")]
#[test]
fn unreadable_objects_are_tried_again() {
    let folder = archive(&[(Some(1), vec![record("2024-03-01T00:00:00Z", "eva", "s3:GetObject")])]);
    // One whose name gives an account, a Region and a day.
    let (gone, broken) =
        (folder.path().join("AWSLogs/gone.json"), folder.path().join(log_path("20240305T0412", "broken")));
    fs::create_dir_all(broken.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("nowhere", &gone).unwrap();
    // It can be opened but not read.
    std::os::unix::fs::symlink("/proc/self/mem", &broken).unwrap();
    let index = || firstseen(&["index", "AWSLogs", "-o", "case.baseline"], folder.path());
    let ended = index();
    assert_eq!(ended.status.code(), Some(3), "{}", said(&ended));
    assert!(said(&ended).contains("2 listed = 1 read + 0 skipped + 1 failed (read 1)"), "{}", said(&ended));
    for (path, action) in [(&gone, "s3:ListBuckets"), (&broken, "s3:PutObject")] {
        fs::remove_file(path).unwrap();
        fs::write(path, wrapped(&[record("2024-03-02T00:00:00Z", "eva", action)])).unwrap();
    }
    let ended = index();
    assert_eq!(ended.status.code(), Some(0), "{}", said(&ended));
    assert!(
        said(&ended).starts_with("2 objects added, 1 already in the baseline\nobjects: 3 listed = 3 read")
    );
    let at_once = firstseen(&["index", "AWSLogs", "-o", "anew.baseline"], folder.path());
    assert_eq!(at_once.status.code(), Some(0));
    let [grown, anew] = ["case.baseline", "anew.baseline"].map(|name| files(&folder.path().join(name)));
    assert!(grown == anew);
}

/// Waits until a run has saved `checkpoints` checkpoints and `written` files of the next one; `false` if it
/// ended before.
fn waits_for(child: &mut Child, case: &Path, (checkpoints, written): (usize, usize)) -> bool {
    let partial = case.with_file_name(".firstseen-case.baseline.partial");
    let manifest = || fs::read(case.join("manifest.json")).ok();
    let (mut known, mut replaced) = (manifest(), 0);
    loop {
        let now = manifest();
        replaced += usize::from(now.is_some() && now != known);
        known = now.or(known);
        if replaced >= checkpoints && fs::read_dir(&partial).is_ok_and(|files| files.count() >= written) {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
    }
}

#[test]
fn a_killed_index_leaves_the_old_baseline_or_the_new_one() {
    let place = TempDir::new().unwrap();
    let out = place.path().join("logs");
    synthesize(&out, &Plan { bytes: 3_000_000, seed: 7, days: 40 }).unwrap();
    let index = |archive: &str, output: &str| {
        let arguments = ["index", archive, "-o", output, "--quiet", "--checkpoint-every", "30"];
        let mut command = program();
        command.args(arguments).current_dir(place.path()).stderr(Stdio::null());
        command
    };
    assert!(index("logs", "whole.baseline").status().unwrap().success());
    let answer = |path: &Path| {
        let (baseline, coverage) = Saved::open(path).unwrap().baseline().unwrap();
        (first_seen(&baseline, &question(7)).len(), coverage.records.total)
    };
    let case = place.path().join("case.baseline");
    let files_of_a_baseline = fs::read_dir(place.path().join("whole.baseline")).unwrap().count();
    let (mut killed, mut last) = (0, 0);
    for round in 0.. {
        let mut child = index("logs", "case.baseline").spawn().unwrap();
        let is_on_its_way = waits_for(&mut child, &case, (round % 3, round % (files_of_a_baseline + 1)));
        child.kill().unwrap();
        child.wait().unwrap();
        // Every checkpoint opens, is consistent, and has no fewer records than the one before.
        if case.exists() {
            let stored = Saved::open(&case).unwrap().contents().unwrap();
            assert!(stored.coverage.sums_hold());
            assert!(stored.coverage.records.total >= last);
            last = stored.coverage.records.total;
        }
        killed += u32::from(is_on_its_way);
        if killed == 30 {
            break;
        }
        assert!(round < 300, "only {killed} runs were killed on their way");
        if !is_on_its_way {
            fs::remove_dir_all(&case).unwrap();
            last = 0;
        }
    }
    assert!(index("logs", "case.baseline").status().unwrap().success());
    assert_eq!(answer(&case), answer(&place.path().join("whole.baseline")));
    assert!(files(&case) == files(&place.path().join("whole.baseline")));
}
