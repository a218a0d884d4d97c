//! Stages of one request in several objects and baselines.

use std::collections::BTreeMap;

use firstseen::baseline::Baseline;
use firstseen::learn::{Keep, LearnSettings, Learnt, learn_listed};
use firstseen::model::{Dimension, Dimensions, PrincipalKey};
use firstseen::scan::{Silent, list};
use firstseen::source::Archives;
use firstseen::store::{BaselineContents, BaselineFolder, Saved};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, audit_event, settings, with};
use crate::program::firstseen;

const STAGES: [&str; 3] = ["RequestReceived", "ResponseStarted", "ResponseComplete"];

/// A record of a stage of a request. The first one has neither the impersonated user nor a status.
fn stage(request: usize, user: &str, impersonated: Option<&str>, stage: usize) -> Value {
    let event = audit_event(&format!("2026-01-02T0{request}:00:00.000001Z"), user, "get", "pods");
    let event = with(event, json!({"stage": STAGES[stage], "auditID": format!("request-{request}")}));
    match (stage, impersonated) {
        (0, _) => with(event, json!({"responseStatus": "ABSENT"})),
        (_, None) => event,
        (_, Some(name)) => with(event, json!({"impersonatedUser": {"username": name}})),
    }
}

/// The path of an object that was delivered on this day.
fn path(day: u32, number: usize) -> String {
    format!("EKSLogs/000123456789/prod/2026/01/{day:02}/05/{number}.log")
}

fn with_values(threads: usize) -> LearnSettings {
    LearnSettings { dimensions: Dimensions::ALL, threads, ..settings() }
}

fn index(archives: &[&Archive], threads: usize) -> BaselineContents {
    let folders: Vec<_> = archives.iter().map(|archive| archive.path().to_owned()).collect();
    let archives = Archives::open(&folders).unwrap();
    let settings = with_values(threads);
    let listing = list(&archives, &settings.scan(), &Silent).unwrap();
    let Learnt { baseline, coverage, catalog, .. } =
        learn_listed(&archives, listing, &settings, Keep::Catalog, &Silent).unwrap();
    assert!(coverage.sums_hold() && coverage.faults.is_empty(), "{coverage:?}");
    BaselineContents {
        learning: settings.scope(),
        archives: archives.names().to_vec(),
        baseline,
        coverage,
        objects: catalog.objects,
        records: catalog.records.into(),
    }
}

/// Saved and opened again.
fn reopened(contents: &BaselineContents) -> BaselineContents {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.baseline");
    BaselineFolder::take(&path).unwrap().save(contents).unwrap();
    Saved::open(&path).unwrap().contents().unwrap()
}

/// Requests and errors by principal, and the stage of the evidence.
type Summary = BTreeMap<String, (u64, u64, &'static str)>;

fn summary(baseline: Baseline) -> Summary {
    let baseline = baseline.resolved(PrincipalKey::Arn);
    let named: Vec<_> = baseline.behaviours.iter().map(|behaviour| behaviour.principal).collect();
    assert!((0..baseline.principals.len() as u32).all(|principal| named.contains(&principal)));
    let one = |behaviour: &firstseen::baseline::Behaviour| {
        assert!(behaviour.days.iter().all(|day| day.count > 0 && day.hours != 0));
        let key = baseline.principals[behaviour.principal as usize].key.to_string();
        (key, (behaviour.count(), behaviour.errors(), behaviour.first.stage.name()))
    };
    baseline.behaviours.iter().map(one).collect()
}

fn errors(baseline: &Baseline) -> usize {
    baseline.values.iter().filter(|value| value.dimension == Dimension::Error).count()
}

#[test]
fn a_request_cut_between_two_objects_belongs_to_whom_its_last_stage_names() {
    for impersonated in [None, Some("jane")] {
        let [received, complete] =
            [0, 2].map(|number| stage(1, "bot", impersonated, number).to_string().into_bytes());
        let who = format!("k8s:prod/{}", impersonated.unwrap_or("bot"));
        let expected: Summary = [(who, (1, 0, "ResponseComplete"))].into();
        // The later stage in a later object, in an earlier one, and on another day.
        for (first, second) in [((2, 0), (2, 1)), ((2, 1), (2, 0)), ((2, 0), (3, 0)), ((3, 0), (2, 0))] {
            let [early, late] = [Archive::new(), Archive::new()];
            let early = early.object(&path(first.0, first.1), &received);
            let late = late.object(&path(second.0, second.1), &complete);
            let at_once = index(&[&early, &late], 1);
            assert_eq!(summary(at_once.baseline.clone()), expected, "{first:?} {second:?}");
            assert_eq!(errors(&at_once.baseline), 0, "the first stage is no error");
            assert_eq!((at_once.coverage.records.counted, at_once.coverage.records.duplicates), (1, 1));
            let [left, right] = [&early, &late].map(|archive| reopened(&index(&[archive], 1)));
            assert_eq!(left.clone().merge(right.clone()).unwrap(), at_once);
            let merged = reopened(&right.merge(left).unwrap());
            assert_eq!(merged, at_once);
            assert_eq!(reopened(&at_once), at_once);
        }
    }
}

#[test]
fn a_request_with_the_chosen_audit_id_of_another_one_is_not_taken_for_its_stage() {
    let chosen = |request| with(stage(request, "mallory", None, request), json!({"auditID": "chosen"}));
    let texts = [2, 1].map(|request| chosen(request).to_string());
    let objects = [vec![texts.join("\n")], texts.to_vec()];
    for objects in objects {
        let add = |archive: Archive, (number, text): (usize, &String)| {
            archive.object(&path(2, number), text.as_bytes())
        };
        let archive = objects.iter().enumerate().fold(Archive::new(), add);
        let learnt = archive.ingest(&settings());
        assert_eq!((learnt.coverage.records.counted, learnt.coverage.records.skipped.len()), (2, 0));
        assert_eq!(learnt.coverage.fault_count, 0, "clients choose ids");
    }
}

#[test]
fn a_cut_request_can_be_indexed_scanned_and_added() {
    let [received, complete] =
        [0, 2].map(|number| stage(1, "bot", Some("jane"), number).to_string().into_bytes());
    let archive = Archive::new().object(&path(2, 0), &received);
    let folder = archive.path().to_owned();
    let baseline = TempDir::new().unwrap();
    let saved = baseline.path().join("a.baseline").display().to_string();
    let logs = folder.display().to_string();
    assert!(firstseen(&["index", &logs, "-o", &saved, "--quiet"], &folder).status.success());
    let scan = ["--warmup", "0d", "--report", "all", "--format", "csv", "--quiet"];
    let who = |source: &str| {
        let answer = firstseen(&[&["scan", source][..], &scan[..]].concat(), &folder);
        let text = String::from_utf8(answer.stdout).unwrap();
        ["k8s:prod/bot", "k8s:prod/jane"].map(|name| text.contains(name))
    };
    assert_eq!([who(&saved), who(&logs)], [[true, false]; 2], "an attempt of the real user");
    let _archive = archive.object(&path(2, 1), &complete);
    assert!(firstseen(&["index", &logs, "-o", &saved, "--quiet"], &folder).status.success());
    assert_eq!([who(&saved), who(&logs)], [[false, true]; 2]);
}

/// A request: its user, whom it impersonates, and the places of its stages: day and object.
type Request = (u8, Option<u8>, Vec<(usize, u32, usize)>);

fn any_request() -> impl Strategy<Value = Request> {
    let places = prop::collection::vec((0..3usize, 2..4u32, 0..4usize), 1..5);
    (0..2u8, prop::option::of(0..3u8), places)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// A request counts once, for whom its last stage names, wherever its stages are and in whatever parts they are indexed.
    #[test]
    fn stages_in_any_objects_and_baselines_are_one_request(
        requests in prop::collection::vec(any_request(), 1..6), parts in prop::collection::vec(0..3usize, 8),
    ) {
        let mut objects: BTreeMap<(u32, usize), String> = BTreeMap::new();
        let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for (number, (user, impersonated, places)) in requests.iter().enumerate() {
            let (user, impersonated) = (format!("u{user}"), impersonated.map(|name| format!("u{name}")));
            for (at, day, object) in places {
                let line = stage(number, &user, impersonated.as_deref(), *at).to_string();
                *objects.entry((*day, *object)).or_default() += &(line + "\n");
            }
            let is_answered = places.iter().any(|(at, ..)| *at > 0);
            let who = impersonated.filter(|_| is_answered).unwrap_or(user);
            let count = expected.entry(format!("k8s:prod/{who}")).or_default();
            *count = (count.0 + 1, count.1 + u64::from(!is_answered));
        }
        let mut folders = [0, 1, 2].map(|_| Archive::new().object("readme.txt", b"no log"));
        for ((day, object), text) in &objects {
            let part = parts[(*day as usize - 2) * 4 + object];
            let folder = std::mem::replace(&mut folders[part], Archive::new());
            folders[part] = folder.object(&path(*day, *object), text.as_bytes());
        }
        let all: Vec<&Archive> = folders.iter().collect();
        let at_once = index(&all, 1);
        prop_assert_eq!(&index(&all, 3), &at_once);
        let counts: BTreeMap<String, (u64, u64)> =
            summary(at_once.baseline.clone()).into_iter().map(|(who, (count, errors, _))| (who, (count, errors))).collect();
        prop_assert_eq!(counts, expected);
        let [a, b, c] = [0, 1, 2].map(|part: usize| reopened(&index(&[&folders[part]], 2)));
        prop_assert_eq!(&a.clone().merge(b.clone()).unwrap().merge(c.clone()).unwrap(), &at_once);
        prop_assert_eq!(&reopened(&c.merge(a).unwrap()).merge(b).unwrap(), &at_once);
    }
}
