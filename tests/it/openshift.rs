//! Audit logs of OpenShift: requests that two servers log, and logins.

use std::collections::BTreeMap;

use firstseen::coverage::RecordSkip;
use firstseen::learn::{Keep, LearnSettings, Learnt, learn_listed};
use firstseen::model::{Dimension, Dimensions};
use firstseen::scan::{Silent, list};
use firstseen::source::Archives;
use firstseen::store::{BaselineContents, BaselineFolder, Saved};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, audit_event, settings, with};
use crate::program::firstseen;

const ROUTES: &str = "/apis/route.openshift.io/v1/namespaces/shop/routes";

/// What the API server of the cluster logs of a request.
fn outer(id: &str, time: &str) -> Value {
    let object = json!({"resource": "routes", "namespace": "shop", "apiGroup": "route.openshift.io"});
    let event = audit_event(&format!("2026-03-01T{time}Z"), "alice", "list", "routes");
    let changes = json!({
        "auditID": id, "requestURI": format!("{ROUTES}?limit=500&labelSelector=app=web"), "objectRef": object,
        "user": {"username": "alice", "uid": "u1"}, "sourceIPs": ["203.0.113.9"], "userAgent": "oc/4.14",
    });
    with(event, changes)
}

/// What the aggregated server logs of the same request, by its own clock.
fn inner(id: &str, time: &str) -> Value {
    let changes = json!({
        "requestURI": format!("{ROUTES}?labelSelector=app%3Dweb&limit=500"),
        "user": {"username": "alice"}, "sourceIPs": ["203.0.113.9", "10.128.0.1"],
    });
    with(outer(id, time), changes)
}

fn text(events: &[Value]) -> Vec<u8> {
    events.iter().map(|event| format!("{event}\n")).collect::<String>().into_bytes()
}

fn with_values(threads: usize) -> LearnSettings {
    LearnSettings { dimensions: Dimensions::ALL, threads, ..settings() }
}

/// Requests by user; new networks; skipped copies and copies.
type Summary = (BTreeMap<String, u64>, Vec<String>, u64, u64);

fn summary(Learnt { baseline, coverage, .. }: &Learnt) -> Summary {
    assert!(coverage.sums_hold() && coverage.faults.is_empty(), "{coverage:?}");
    let mut requests = BTreeMap::new();
    for behaviour in &baseline.behaviours {
        let user = &baseline.principals[behaviour.principal as usize].key;
        *requests.entry(user.to_string()).or_default() += behaviour.count();
    }
    let networks = baseline.values.iter().filter(|value| value.dimension == Dimension::Network);
    let networks = networks.map(|value| value.value.to_string()).collect();
    let records = &coverage.records;
    let skipped = records.skipped.get(&RecordSkip::AggregatedCopy).copied().unwrap_or_default();
    (requests, networks, skipped, records.duplicates)
}

fn alice(count: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([("k8s:-/alice".to_owned(), count)])
}

const CLIENT: &str = "203.0.113.0/24";

#[test]
fn a_request_that_two_servers_log_in_one_stream_counts_once() {
    for skewed in ["00:01:40.0021", "00:01:39.9971"] {
        let records = [outer("a", "00:01:40.000000"), inner("a", skewed)];
        for order in [[0, 1], [1, 0]] {
            let archive = Archive::new().object("audit.log", &text(&order.map(|at| records[at].clone())));
            let learnt = archive.ingest(&with_values(1));
            assert_eq!(summary(&learnt), (alice(1), vec![CLIENT.to_owned()], 1, 0));
            let first = &learnt.baseline.behaviours[0].first;
            assert_eq!((first.source_ip(), first.forwarded_for()), (Some("203.0.113.9"), None));
        }
    }
}

#[test]
fn the_record_of_the_api_server_knows_the_impersonator() {
    let mut real = outer("a", "00:01:40.000000");
    real["impersonatedUser"] = json!({"username": "bob"});
    let mut effective = inner("a", "00:01:39.9971");
    effective["user"] = json!({"username": "bob"});
    let learnt = Archive::new().object("audit.log", &text(&[effective, real])).ingest(&with_values(1));
    let (requests, _, skipped, _) = summary(&learnt);
    assert_eq!((requests["k8s:-/bob"], skipped), (1, 1));
    assert_eq!(learnt.baseline.behaviours[0].first.impersonated_by(), Some("alice"));
}

#[test]
fn logs_of_two_servers_are_of_one_request_each() {
    let [outers, inners] = [outer, inner].map(|server| {
        let times = ["00:01:40.000000", "00:05:00.000000", "23:59:58.000000"];
        let events = ["a", "b", "c"].iter().zip(times).map(|(id, time)| server(id, time));
        text(&events.collect::<Vec<_>>())
    });
    let archive = Archive::new()
        .object("kube-apiserver/m0-audit.log", &outers)
        .object("openshift-apiserver/m1-audit.log", &inners);
    for threads in [1, 2] {
        let learnt = archive.ingest(&with_values(threads));
        assert_eq!(summary(&learnt), (alice(3), vec![CLIENT.to_owned()], 0, 3));
    }
    let events = firstseen(&["events", archive.path().to_str().unwrap(), "-f", "jsonl"], archive.path());
    let events = String::from_utf8(events.stdout).unwrap();
    assert_eq!(events.lines().filter(|line| line.starts_with("{\"time\"")).count(), 3, "{events}");
    // Each in a baseline of its own, in either order.
    let halves = [("kube-apiserver/a.log", &outers), ("oauth-apiserver/a.log", &inners)];
    let halves = halves.map(|(path, bytes)| index(&Archive::new().object(path, bytes)));
    for order in [[0, 1], [1, 0]] {
        let [left, right] = order.map(|at| reopened(&halves[at]));
        let merged = reopened(&left.merge(right).unwrap());
        assert_eq!(merged.baseline.behaviours.iter().map(|one| one.count()).sum::<u64>(), 3);
        assert_eq!((merged.coverage.records.duplicates, merged.coverage.fault_count), (3, 0));
    }
}

fn index(archive: &Archive) -> BaselineContents {
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let settings = with_values(1);
    let listing = list(&archives, &settings.scan(), &Silent).unwrap();
    let learnt = learn_listed(&archives, listing, &settings, Keep::Catalog, &Silent).unwrap();
    BaselineContents {
        learning: settings.scope(),
        archives: archives.names().to_vec(),
        baseline: learnt.baseline,
        coverage: learnt.coverage,
        objects: learnt.catalog.objects,
        records: learnt.catalog.records.into(),
    }
}

/// Saved and opened again.
fn reopened(contents: &BaselineContents) -> BaselineContents {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.baseline");
    BaselineFolder::take(&path).unwrap().save(contents).unwrap();
    Saved::open(&path).unwrap().contents().unwrap()
}

#[test]
fn logs_of_an_aggregated_server_alone_are_events_of_the_client() {
    let archive =
        Archive::new().object("openshift-apiserver/audit.log", &text(&[inner("a", "00:01:40.0021")]));
    assert_eq!(summary(&archive.ingest(&with_values(1))), (alice(1), vec![CLIENT.to_owned()], 0, 0));
}

#[test]
fn a_client_hides_no_request_behind_another_with_its_id() {
    let changed = |changes: Value| with(outer("a", "00:01:40.500000"), changes);
    let others = [
        json!({"sourceIPs": ["198.51.100.7"]}),
        json!({"sourceIPs": ["198.51.100.7", "203.0.113.9"]}),
        json!({"user": {"username": "mallory"}}),
        json!({"user": {"username": "alice", "uid": "u2"}, "sourceIPs": ["203.0.113.9", "198.51.100.7"]}),
        json!({"verb": "delete"}),
        json!({"userAgent": "curl/8"}),
        json!({"requestURI": ROUTES}),
        json!({"impersonatedUser": {"username": "bob"}}),
    ];
    for other in others.map(changed) {
        let both = text(&[outer("a", "00:01:40.000000"), other.clone()]);
        let learnt = Archive::new().object("audit.log", &both).ingest(&with_values(1));
        let (_, _, skipped, _) = summary(&learnt);
        assert_eq!(skipped, 0, "{other}");
        let count = |object: &Learnt| object.coverage.records.counted + object.coverage.records.duplicates;
        assert_eq!(count(&learnt), 2, "{other}");
    }
    // Another result, and a refusal, which is not handed on.
    let denied = with(outer("a", "00:01:40.000000"), json!({"responseStatus": {"code": 422}}));
    let refused =
        json!({"annotations": {"authorization.k8s.io/decision": "forbid"}, "responseStatus": {"code": 403}});
    let refused_inner = with(inner("a", "00:01:40.900000"), json!({"responseStatus": {"code": 403}}));
    let pairs = [
        [denied, inner("a", "00:01:40.900000")],
        [with(outer("a", "00:01:40.000000"), refused), refused_inner],
    ];
    for pair in pairs {
        let archive = Archive::new().object("audit.log", &text(&pair));
        let (_, _, skipped, _) = summary(&archive.ingest(&with_values(1)));
        assert_eq!(skipped, 0, "{pair:?}");
        let shown =
            firstseen(&["events", archive.path().to_str().unwrap(), "-f", "jsonl", "-q"], archive.path());
        let shown = String::from_utf8(shown.stdout).unwrap();
        let codes = pair.iter().filter(|event| event["responseStatus"]["code"] == 200).count();
        assert_eq!(shown.matches("\"outcome\":\"success\"").count(), codes, "{shown}");
    }
    // Many with one id from one place, in a moment: each is shown.
    let many: Vec<Value> = (0..9).map(|number| outer("a", &format!("00:01:40.{number}00000"))).collect();
    let archive = Archive::new().object("audit.log", &text(&many));
    let shown = firstseen(&["events", archive.path().to_str().unwrap(), "-f", "jsonl", "-q"], archive.path());
    assert_eq!(String::from_utf8(shown.stdout).unwrap().matches("\"event_id\":\"a\"").count(), 9);
    // Long after, by somebody who claims the address of the first.
    let late = with(inner("a", "00:01:43.000000"), json!({"sourceIPs": ["203.0.113.9", "198.51.100.7"]}));
    let both = text(&[outer("a", "00:01:40.000000"), late]);
    let learnt = Archive::new().object("audit.log", &both).ingest(&with_values(1));
    let (_, networks, skipped, _) = summary(&learnt);
    assert_eq!((networks.len(), skipped), (2, 0));
    // Each request has one copy: of four records two are requests.
    let proxied = with(outer("a", "00:01:40.100000"), json!({"sourceIPs": ["203.0.113.9", "203.0.113.9"]}));
    let of_proxied = with(
        inner("a", "00:01:40.102000"),
        json!({"sourceIPs": ["203.0.113.9", "203.0.113.9", "10.128.0.1"]}),
    );
    let all = [outer("a", "00:01:40.000000"), inner("a", "00:01:40.002000"), proxied, of_proxied];
    let learnt = Archive::new().object("audit.log", &text(&all)).ingest(&with_values(1));
    assert_eq!(learnt.coverage.records.skipped[&RecordSkip::AggregatedCopy], 2);
}

/// Only the aggregated server logs what a request has in it.
#[test]
fn what_a_rule_finds_in_the_record_of_an_aggregated_server_is_not_dropped() {
    let bodied =
        with(inner("a", "00:01:40.002000"), json!({"requestObject": {"metadata": {"name": "planted"}}}));
    let archive = Archive::new().object("audit.log", &text(&[outer("a", "00:01:40.000000"), bodied]));
    let rules = TempDir::new().unwrap();
    let matches = |condition: &str| {
        let rule = format!(
            "- rule: Planted\n  desc: d\n  condition: {condition}\n  output: o\n  priority: ERROR\n  source: k8s_audit\n"
        );
        let file = rules.path().join("rules.yaml");
        std::fs::write(&file, rule).unwrap();
        let rules = ["rules", ".", "-f", "json", "-q", "--rules", file.to_str().unwrap()];
        let document: Value = serde_json::from_slice(&firstseen(&rules, archive.path()).stdout).unwrap();
        let hits = document["findings"].as_array().unwrap().len();
        (hits, document["coverage"]["records"]["skipped"]["aggregated-copy"].as_u64())
    };
    assert_eq!(matches("jevt.value[/requestObject/metadata/name] = \"planted\""), (1, None));
    assert_eq!(matches("ka.verb = list"), (1, Some(1)));
    assert_eq!(matches("ka.verb = delete"), (0, Some(1)));
}

#[test]
fn another_request_with_a_known_id_is_no_fault() {
    let request = |user: &str, verb: &str, time: &str| {
        with(audit_event(&format!("2026-03-01T{time}Z"), user, verb, "pods"), json!({"auditID": "a"}))
    };
    let records = [
        request("alice", "list", "00:00:10.000000"),
        request("alice", "list", "00:00:40.000000"),
        request("mallory", "delete", "00:00:50.000000"),
    ];
    let archive = Archive::new().object("a.log", &text(&records[..1])).object("b.log", &text(&records[1..]));
    let (requests, ..) = summary(&archive.ingest(&with_values(2)));
    assert_eq!(requests.into_values().collect::<Vec<_>>(), [2, 1]);
    let path = archive.path().to_str().unwrap();
    for command in [&["scan", path][..], &["events", path], &["show", path, "a", "--raw"]] {
        let output = firstseen(command, archive.path());
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        if command[0] == "show" {
            assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
        }
    }
}

#[test]
fn stages_of_a_watch_that_two_servers_log_are_one_request() {
    let staged = |event: Value, stage: &str| with(event, json!({"stage": stage, "verb": "watch"}));
    let [started, complete] = ["ResponseStarted", "ResponseComplete"];
    let records = [
        staged(inner("a", "00:00:10.002000"), started),
        staged(outer("a", "00:00:10.000000"), started),
        staged(inner("a", "00:00:10.002000"), complete),
        staged(outer("a", "00:00:10.000000"), complete),
    ];
    let learnt = Archive::new().object("audit.log", &text(&records)).ingest(&with_values(1));
    assert_eq!(summary(&learnt), (alice(1), vec![CLIENT.to_owned()], 2, 0));
    let apart = Archive::new()
        .object("kube-apiserver/audit.log", &text(&[records[1].clone(), records[3].clone()]))
        .object("openshift-apiserver/audit.log", &text(&[records[0].clone(), records[2].clone()]));
    assert_eq!(summary(&apart.ingest(&with_values(1))), (alice(1), vec![CLIENT.to_owned()], 0, 1));
}

#[test]
fn claimed_addresses_are_shown_and_found() {
    let addresses = json!({"sourceIPs": ["203.0.113.66", "192.0.2.1", "10.0.0.1"]});
    let event = with(audit_event("2026-03-01T00:00:20Z", "alice", "list", "secrets"), addresses);
    let archive = Archive::new().object("audit.log", &text(&[event]));
    let path = archive.path().to_str().unwrap();
    for (ip, is_found) in
        [("203.0.113.66", true), ("192.0.2.0/24", true), ("10.0.0.1", true), ("203.0.113.9", false)]
    {
        let output = firstseen(&["events", path, "--ip", ip, "--quiet"], archive.path());
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            shown.contains("ip 10.0.0.1, forwarded for 203.0.113.66, 192.0.2.1"),
            is_found,
            "{ip}: {shown}"
        );
    }
    let scanned = firstseen(&["scan", path, "--warmup", "0d", "-f", "jsonl"], archive.path());
    let scanned = String::from_utf8(scanned.stdout).unwrap();
    assert!(scanned.contains(r#""forwarded_for":"203.0.113.66, 192.0.2.1""#), "{scanned}");
}

#[test]
fn logins_are_found_by_the_name_that_was_typed() {
    let login = |time: &str, decision: &str, name: &str| {
        let event = audit_event(time, "system:anonymous", "post", "pods");
        let annotations = json!({
            "authentication.openshift.io/decision": decision, "authentication.openshift.io/username": name,
        });
        let changes = json!({
            "requestURI": "/login/ldap", "objectRef": "ABSENT", "annotations": annotations,
            "responseStatus": {"code": 302},
        });
        with(event, changes)
    };
    let archive = Archive::new().object(
        "audit.log",
        &text(&[
            login("2026-03-01T00:00:20Z", "deny", "zq9vx"),
            login("2026-03-01T00:00:30Z", "allow", "eva"),
        ]),
    );
    let path = archive.path().to_str().unwrap();
    let shown = |flags: &[&str]| {
        let output = firstseen(&[&["events", path, "--quiet"], flags].concat(), archive.path());
        String::from_utf8(output.stdout).unwrap()
    };
    let refused = shown(&["--text", "zq9vx"]);
    assert!(refused.contains("failed: deny") && refused.contains("/login/ldap as zq9vx"), "{refused}");
    assert!(refused.contains("k8s-anonymous"), "{refused}");
    assert_eq!(shown(&["--error", "deny"]), refused);
    let allowed = shown(&["--principal", "*eva"]);
    assert!(allowed.contains("ok") && allowed.contains("k8s-user k8s:-/eva"), "{allowed}");
}
