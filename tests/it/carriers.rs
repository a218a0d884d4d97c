//! Carriers of Kubernetes audit events beside those of AWS: what names the cluster of an event, what is read of other forms, and what is
//! said of forms that are not read.

use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, settings, with};

const AZURE: &str =
    "/SUBSCRIPTIONS/AB-1/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/PROD";

fn event() -> Value {
    audit_event("2026-02-12T03:00:00Z", "eva", "list", "secrets")
}

/// The account and the key of each principal in an object with this text.
fn principals(text: &str) -> Vec<String> {
    let learnt = Archive::new().object("a.log", text.as_bytes()).ingest(&settings());
    assert_eq!(learnt.coverage.faults, [], "{text}");
    learnt.baseline.principals.iter().map(|who| format!("{} {}", who.account, who.key)).collect()
}

#[test]
fn what_stands_beside_an_event_names_its_cluster() {
    let event = event();
    let text = event.to_string();
    let labels = json!({"job": "kube-audit", "cluster": "prod", "node": "m0"});
    for carried in [
        json!({"labels": labels, "line": text, "timestamp": "2026-02-12T03:00:00Z"}),
        json!([{"line": text, "fields": labels}]),
        json!({"status": "success", "data": {"result": [{"stream": labels, "values": [["1", text]]}]}}),
        json!({"data": {"result": [{"values": [["1", text]], "stream": labels}]}}),
        with(event.clone(), json!({"openshift": {"sequence": 1, "cluster_id": "prod"}})),
        with(event.clone(), json!({"cluster_name": "prod"})),
        json!({"_source": {"kubernetes": {"audit": event}, "orchestrator": {"cluster": {"name": "prod"}}}}),
        json!({"hits": {"hits": [{"_source": {"kubernetes": {"audit": event}, "orchestrator.cluster.name": "prod"}}]}}),
        json!({"result": {"_raw": text, "cluster_name": "prod"}}),
        json!({"event": event, "fields": {"cluster": "prod"}}),
        json!({"log": text, "cluster_name": "prod"}),
        json!({"message": text, "cluster": "prod"}),
        json!({"message": text, "fields": {"cluster": "prod"}}),
        json!({"short_message": text, "_cluster": "prod"}),
        json!({"tags": ["env:x", "cluster_name:prod"], "attributes": event}),
        json!({"message": text, "ddtags": "env:x,kube_cluster_name:prod"}),
        json!({"resourceLogs": [{
            "resource": {"attributes": [{"key": "k8s.cluster.name", "value": {"stringValue": "prod"}}]},
            "scopeLogs": [{"logRecords": [{"body": {"stringValue": text}}]}],
        }]}),
    ] {
        assert_eq!(principals(&carried.to_string()), ["- k8s:prod/eva"], "{carried}");
    }
}

#[test]
fn a_resource_of_azure_names_cluster_and_subscription() {
    let event = event();
    for carried in [
        json!({"ResourceId": AZURE, "log_s": event.to_string()}),
        json!([{"_ResourceId": AZURE, "log_s": event.to_string()}]),
        json!({"kubernetes": {"audit": with(event.clone(), json!({"aks_metadata": {"resource_id": AZURE}}))}}),
    ] {
        assert_eq!(principals(&carried.to_string()), ["ab-1 k8s:prod/eva"], "{carried}");
    }
}

#[test]
fn other_cells_of_a_row_name_the_cluster_of_its_event() {
    let cell = |value: &Value| format!("\"{}\"", value.to_string().replace('"', "\"\""));
    let event = cell(&event());
    let labels = cell(&json!({"cluster": "prod"}));
    for (text, expected) in [
        (format!("_time,_raw,cluster_name\n1,{event},prod\n"), "- k8s:prod/eva"),
        (format!("labels,Time,Line\n{labels},1,{event}\n"), "- k8s:prod/eva"),
        (format!("\u{feff}Category,ResourceId,log_s\nkube-audit,{AZURE},{event}\n"), "ab-1 k8s:prod/eva"),
    ] {
        assert_eq!(principals(&text), [expected], "{text}");
    }
}

#[test]
fn labels_before_a_line_name_its_cluster() {
    let (event, other) = (event(), audit_event("2026-02-12T04:00:00Z", "bob", "list", "secrets"));
    let lines = format!(
        "2026-02-12T03:00:00Z {{cluster=\"prod\", path=\"/var/log/{{a}}\"}} {event}\n2026-02-12T04:00:00Z {{cluster=\"dev\"}} {other}\n"
    );
    assert_eq!(principals(&lines), ["- k8s:dev/bob", "- k8s:prod/eva"]);
    assert_eq!(principals(&format!("2026-02-12T03:00:00Z {{}} {event}\n")), ["- k8s:-/eva"]);
    let common = format!(
        "Common labels: {{\"cluster\":\"prod\"}}\nLine limit: \"1000\"\n\n\n1\t2026-02-12T03:00:00Z\t{event}\n"
    );
    assert_eq!(principals(&common), ["- k8s:prod/eva"]);
}

#[test]
fn the_innermost_name_counts() {
    let inner = json!({"log": event().to_string(), "cluster": "inner"});
    assert_eq!(
        principals(&json!({"cluster": "outer", "message": inner.to_string()}).to_string()),
        ["- k8s:inner/eva"]
    );
    let around = json!({"owner": "111122223333", "logGroup": "/aws/eks/prod/cluster",
        "logEvents": [{"message": inner.to_string()}]});
    assert_eq!(principals(&around.to_string()), ["111122223333 k8s:prod/eva"]);
    let around =
        json!({"owner": "111122223333", "logGroup": "other", "logEvents": [{"message": inner.to_string()}]});
    assert_eq!(principals(&around.to_string()), ["111122223333 k8s:inner/eva"]);
}

#[test]
fn what_a_request_contains_names_no_cluster() {
    let event =
        with(event(), json!({"requestObject": {"cluster": "forged", "labels": {"cluster": "forged"}}}));
    assert_eq!(principals(&event.to_string()), ["- k8s:-/eva"]);
    let event = with(
        event,
        json!({"annotations": {"cluster": "forged"}, "user": {"username": "eva", "extra": {"cluster": ["x"]}}}),
    );
    assert_eq!(principals(&json!({"log": event}).to_string()), ["- k8s:-/eva"]);
}

#[test]
fn the_name_is_that_of_the_carrier_in_every_piece_of_a_large_object() {
    let event = |number: u32| {
        with(event(), json!({"auditID": format!("{number:08}"), "userAgent": "x".repeat(4_000)}))
    };
    let values: Vec<Value> = (0..5_000).map(|number| json!(["1", event(number).to_string()])).collect();
    let text = json!({"data": {"result": [{"stream": {"cluster": "prod"}, "values": values}]}}).to_string();
    let learnt = Archive::new().object("a.json", text.as_bytes()).ingest(&settings());
    assert!(text.len() > 16 << 20);
    let keys: Vec<&str> = learnt.baseline.principals.iter().map(|who| &*who.key).collect();
    assert_eq!((keys, learnt.coverage.records.total), (vec!["k8s:prod/eva"], 5_000));
}
