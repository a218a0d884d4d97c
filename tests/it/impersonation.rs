//! Who acted as whom in a cluster: first-seen impersonators, their part of a score, and what they join.

use std::collections::{BTreeMap, BTreeSet};

use firstseen::model::Dimension;
use firstseen::query::{FindingKind, Question, first_seen};
use firstseen::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, question, with};
use crate::dimensions::all;
use crate::triage_reports::{incidents, triage};

const RUNNER: &str = "system:serviceaccount:ci:runner";

/// A request, by `by` if that is another user.
fn request(time: &str, user: &str, by: Option<&str>, resource: &str) -> Value {
    let event = audit_event(time, by.unwrap_or(user), "list", resource);
    let event = with(event, json!({"auditID": format!("{time}-{user}-{by:?}-{resource}")}));
    match by {
        Some(_) => with(event, json!({"impersonatedUser": {"username": user}})),
        None => event,
    }
}

fn logged(events: &[Value]) -> Archive {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    Archive::new().object("EKSLogs/111122223333/prod/2024/03/12/02/audit.log", lines.as_bytes())
}

fn any_request() -> impl Strategy<Value = (i64, usize, Option<usize>)> {
    (0..40i64, 0..3_usize, prop::option::of(0..3_usize))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_naive_model_finds_the_same_impersonators(
        requests in prop::collection::vec(any_request(), 0..40), days in 0..20u32
    ) {
        let users = ["eva", "bob", RUNNER];
        let sorted: BTreeSet<(i64, usize, Option<usize>)> = requests.iter().copied().collect();
        let time = |half_day: i64| Timestamp::from_seconds(1_704_067_200 + half_day * 43_200);
        let mut births = BTreeMap::new();
        let mut known = BTreeSet::new();
        let mut expected = Vec::new();
        for (half_day, user, by) in &sorted {
            let birth = *births.entry(*user).or_insert(*half_day);
            let Some(by) = by.filter(|by| known.insert((*user, *by))) else { continue };
            if half_day - birth >= i64::from(days) * 2 {
                expected.push(format!("{} {} by {}", time(*half_day), users[*user], users[by]));
            }
        }
        let events: Vec<Value> = requests
            .iter()
            .map(|(half_day, user, by)| {
                request(&time(*half_day).to_string(), users[*user], by.map(|by| users[by]), "pods")
            })
            .collect();
        let baseline = logged(&events).ingest(&all()).baseline;
        let report = vec![FindingKind::of_dimension(Dimension::Impersonator)];
        let asked = Question { report, ..question(days) };
        let mut found: Vec<String> = first_seen(&baseline, &asked)
            .iter()
            .map(|one| {
                let user = one.principal().trim_start_matches("k8s:prod/");
                format!("{} {user} by {}", one.time, one.value.unwrap())
            })
            .collect();
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
    }
}

/// Two months of an administrator and of a service account, which acts as the administrator at the end: it does nothing that the
/// administrator does not always do.
fn taken_over() -> Archive {
    let days = (1..=59).map(|day| Timestamp::from_seconds(1_704_103_200 + day * 86_400).to_string());
    let mut events: Vec<Value> = days
        .flat_map(|time| {
            [request(&time, "admin", None, "secrets"), request(&time, RUNNER, None, "configmaps")]
        })
        .collect();
    events.push(request("2024-03-10T11:00:00Z", RUNNER, None, "clusterroles"));
    events.push(request("2024-03-10T11:05:00Z", "admin", Some(RUNNER), "secrets"));
    logged(&events)
}

#[test]
fn who_acts_as_another_for_the_first_time_is_a_finding_with_bits_and_joins_both() {
    let lines = triage(&taken_over(), "-f jsonl");
    let incident = &incidents(&lines)[0];
    assert_eq!(incident["principal"], format!("k8s:prod/{RUNNER}"));
    let link = &incident["links"][0];
    assert_eq!(link["kind"], "impersonation");
    assert_eq!(link["text"], format!("k8s:prod/{RUNNER} acted as k8s:prod/admin"));
    let bits = incident["parts"]["impersonator"].as_f64().unwrap();
    // 59 hours without an impersonator, and one other principal, whom nobody had impersonated.
    assert!((bits - (2.0 * 61_f64.log2() + 1.0)).abs() < 0.01, "{bits}");
    let text = triage(&taken_over(), "--top 1");
    for part in [
        "impersonator system:serviceaccount:ci:runner: impersonated nobody before this episode, and this k8s-user had none in 59 active hours",
        "2 episodes in prod: ci:runner, admin (impersonated by ci:runner)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
