//! Carriers of Kubernetes audit events beside those of AWS: what names the cluster of an event, what is read of other forms, and what is
//! said of forms that are not read.

use firstseen::coverage::FaultKind;
use firstseen::model::ObservedPrincipal;
use firstseen::source::ObjectKey;
use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, settings, with};
use crate::program::firstseen;

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

/// The details of the faults that say that something resembles records and is not read.
fn unknown_carriers(text: &str) -> Vec<String> {
    let learnt = Archive::new().object("a.txt", text.as_bytes()).ingest(&settings());
    assert_eq!(learnt.coverage.records.counted, 0, "{text}");
    let faults = learnt.coverage.faults.into_iter();
    faults.filter(|fault| fault.kind == FaultKind::UnknownCarrier).map(|fault| fault.detail).collect()
}

#[test]
fn forms_that_are_not_read_are_faults_that_say_what_to_do() {
    let google = json!({"insertId": "1", "timestamp": "2026-02-12T03:00:00Z", "labels": {}, "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "k8s.io",
        "methodName": "io.k8s.core.v1.secrets.list", "resourceName": "core/v1/secrets"}});
    let mut big_query = google.clone();
    let mut payload = big_query["protoPayload"].take();
    payload.as_object_mut().unwrap().remove("@type");
    big_query["protopayload_auditlog"] = payload;
    let yaml = "insertId: x\nprotoPayload:\n  '@type': type.googleapis.com/google.cloud.audit.AuditLog\n  methodName: io.k8s.core.v1.secrets.list\n  serviceName: k8s.io\ntimestamp: '2026-02-12T03:00:00Z'\n";
    let csv = "insertId,timestamp,protoPayload.methodName,protoPayload.serviceName\nx,2026-02-12T03:00:00Z,io.k8s.core.v1.secrets.list,k8s.io\n";
    let fields = json!({"hits": {"hits": [{"_id": "x", "fields": {"@timestamp": ["2026-02-12T03:00:00Z"],
        "kubernetes.audit.auditID": ["1"], "kubernetes.audit.requestURI": ["/api/v1/secrets"], "kubernetes.audit.user.username": ["eva"]}}]}});
    let journal = "{\"__REALTIME_TIMESTAMP\":\"1772323210000000\",\"_SYSTEMD_UNIT\":\"k3s.service\",\"MESSAGE\":null}\n";
    let legacy = "2017-03-21T03:57:09.106841886-04:00 AUDIT: id=\"c939d2a7\" ip=\"127.0.0.1\" method=\"GET\" user=\"admin\" uri=\"/api/v1/pods\"\n\
         2017-03-21T03:57:09.108403639-04:00 AUDIT: id=\"c939d2a7\" response=\"200\"\n";
    let rancher = "{\"auditID\":\"1\",\"requestURI\":\"/v3/schemas\",\"user\":{\"name\":\"u\",\"group\":[\"system:authenticated\"]},\"verb\":\"GET\",\"stage\":\"RequestReceived\",\"stageTimestamp\":\"2018-07-20 10:22:43 +0800\"}\n\
         {\"auditID\":\"1\",\"responseStatus\":\"200\",\"stage\":\"ResponseComplete\",\"stageTimestamp\":\"2018-07-20 10:22:43 +0800\"}\n";
    let rows = json!({"tables": [{"columns": [{"name": "TimeGenerated"}, {"name": "AuditId"}, {"name": "RequestUri"}],
        "rows": [["2026-02-12T03:00:00Z", "1", "/api/v1/secrets"]]}]});
    for (text, said) in [
        (google.to_string(), "in an audit log of Google Cloud"),
        (big_query.to_string(), "in an audit log of Google Cloud"),
        (json!([{"rows": [big_query]}]).to_string(), "in an audit log of Google Cloud"),
        (yaml.to_owned(), "in an audit log of Google Cloud"),
        (csv.to_owned(), "in an audit log of Google Cloud"),
        (fields.to_string(), "export the original records"),
        (journal.repeat(2), "export the journal with --all (journalctl --all --output json) (2 times)"),
        (
            legacy.to_owned(),
            "--audit-log-format=json, the default since Kubernetes 1.8, writes events (2 times)",
        ),
        (format!("Mar 21 03:57:09 m0 kube-apiserver[1]: {}", &legacy[36..]), "legacy format"),
        (rancher.to_owned(), "in the audit log of Rancher's API"),
        (rows.to_string(), "a table of single fields of requests to a cluster"),
    ] {
        let faults = unknown_carriers(&text);
        assert!(matches!(&faults[..], [one] if one.contains(said)), "{text}: {faults:?}");
    }
}

#[test]
fn what_only_resembles_such_forms_is_no_fault() {
    for text in [
        "AUDIT: id=\"x\" is what the legacy format begins with\n",
        "insertId,timestamp,protoPayload.methodName,protoPayload.serviceName\nx,2026-02-12T03:00:00Z,storage.get,storage.googleapis.com\n",
        "{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":[104,105]}\n",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n",
        "{\"User\":\"x\",\"Verb\":\"get\",\"RequestUri\":\"/\"}\n",
    ] {
        assert_eq!(unknown_carriers(text), [""; 0], "{text}");
    }
}

/// An event as Azure's table `AKSAudit` has it.
fn azure_row(event: &Value) -> Value {
    json!({
        "TimeGenerated": "2026-02-12T03:00:01Z", "Level": event["level"], "AuditId": event["auditID"], "Stage": event["stage"],
        "RequestUri": event["requestURI"], "Verb": event["verb"], "User": event["user"], "SourceIps": event["sourceIPs"],
        "UserAgent": event["userAgent"], "ObjectRef": event["objectRef"], "ResponseStatus": event["responseStatus"],
        "RequestReceivedTime": event["requestReceivedTimestamp"], "StageReceivedTime": event["stageTimestamp"],
        "Annotations": event["annotations"], "Type": "AKSAudit", "_ResourceId": AZURE,
    })
}

/// A value as OpenTelemetry writes it.
fn typed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let pair = |(key, value): (&String, &Value)| json!({"key": key, "value": typed(value)});
            json!({"kvlistValue": {"values": members.iter().map(pair).collect::<Vec<_>>()}})
        }
        Value::Array(items) => json!({"arrayValue": {"values": items.iter().map(typed).collect::<Vec<_>>()}}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        other => json!({"stringValue": other}),
    }
}

#[test]
fn events_are_rebuilt_from_tables_of_azure_typed_values_and_bytes() {
    let event = with(
        event(),
        json!({
            "stage": "ResponseComplete", "responseStatus": {"code": 403, "reason": "Forbidden"}, "sourceIPs": ["198.51.100.7"],
            "userAgent": "a \"b\"", "annotations": {"authorization.k8s.io/decision": "forbid"},
        }),
    );
    let row = azure_row(&event);
    let mut texts = row.clone();
    for member in ["User", "SourceIps", "ObjectRef", "ResponseStatus", "Annotations"] {
        texts[member] = row[member].to_string().into();
    }
    let names: Vec<String> = texts.as_object().unwrap().keys().cloned().collect();
    let cell =
        |name: &String| format!("\"{}\"", texts[name].as_str().unwrap_or_default().replace('"', "\"\""));
    let csv = format!(
        "{}\n{}\n",
        names.join(",").replace("RequestReceivedTime", "RequestReceivedTime [UTC]"),
        names.iter().map(cell).collect::<Vec<_>>().join(",")
    );
    let bytes = json!({"__REALTIME_TIMESTAMP": "1", "MESSAGE": event.to_string().into_bytes()});
    let otel = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "k8s.cluster.name", "value": {"stringValue": "prod"}}]},
        "scopeLogs": [{"logRecords": [{"timeUnixNano": "1", "body": typed(&event)}]}],
    }]});
    for (text, who) in [
        (row.to_string(), "ab-1 k8s:prod/eva"),
        (json!([texts]).to_string(), "ab-1 k8s:prod/eva"),
        (json!({"value": {"rows": [{"row": row}]}}).to_string(), "ab-1 k8s:prod/eva"),
        (csv, "ab-1 k8s:prod/eva"),
        (otel.to_string(), "- k8s:prod/eva"),
        (bytes.to_string(), "- k8s:-/eva"),
    ] {
        let learnt = Archive::new().object("a.json", text.as_bytes()).ingest(&settings());
        assert_eq!(learnt.coverage.faults, [], "{text}");
        let who_is = |who: &ObservedPrincipal| format!("{} {}", who.account, who.key);
        assert_eq!(learnt.baseline.principals.iter().map(who_is).collect::<Vec<_>>(), [who], "{text}");
        let [behaviour] = &learnt.baseline.behaviours[..] else { panic!("{text}") };
        let first = &behaviour.first;
        assert_eq!(learnt.baseline.actions, ["list core/secrets"], "{text}");
        assert_eq!(
            (first.error_code(), first.source_ip(), first.time.to_string()),
            (Some("Forbidden"), Some("198.51.100.7"), "2026-02-12T03:00:00Z".to_owned()),
            "{text}"
        );
    }
}

#[test]
fn a_row_of_azure_without_a_user_is_a_fault() {
    let mut row = azure_row(&event());
    row["User"] = json!("eva");
    assert!(unknown_carriers(&row.to_string())[0].contains("export the original records"));
}

#[test]
fn names_whose_dots_were_replaced_are_the_same_names() {
    let extra = json!({"authentication.kubernetes.io/pod-name": ["web-1"], "authentication.kubernetes.io/credential-id": ["JTI=1"]});
    let dotted = with(
        event(),
        json!({
            "user": {"username": "system:serviceaccount:shop:web", "extra": extra},
            "responseStatus": "ABSENT", "annotations": {"authorization.k8s.io/decision": "forbid"},
        }),
    );
    let first = |event: &Value| {
        let learnt = Archive::new().object("a.log", event.to_string().as_bytes()).ingest(&settings());
        let first = &learnt.baseline.behaviours[0].first;
        let texts = [first.error_code(), first.session_name(), first.access_key_id()];
        texts.map(|text| text.unwrap_or_default().to_owned())
    };
    assert_eq!(first(&dotted), ["Forbidden", "web-1", "JTI=1"]);
    let replaced = dotted
        .to_string()
        .replace("authentication.kubernetes.io/", "authentication_kubernetes_io/")
        .replace("authorization.k8s.io/", "authorization_k8s_io/");
    assert_eq!(first(&serde_json::from_str(&replaced).unwrap()), ["Forbidden", "web-1", "JTI=1"]);
}

/// A folder with an event of each of these users, in the folder of its own.
fn folders_of(users: &[(&str, &str)]) -> Archive {
    users.iter().fold(Archive::new(), |archive, (folder, user)| {
        let event = audit_event("2026-02-12T03:00:00Z", user, "list", "secrets").to_string();
        archive.object(&format!("{folder}/m0/audit.log"), event.as_bytes())
    })
}

#[test]
fn clusters_without_names_in_several_folders_are_warned_of() {
    // All do the same, so that the first sighting is of one folder only.
    let archive = folders_of(&[("a", "eva"), ("b", "eva"), ("2026", "eva")]);
    let warning = "Kubernetes audit events in 2 folders ('a', 'b') name no cluster";
    let shown = |arguments: &[&str]| {
        let output = firstseen(arguments, archive.path());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for arguments in [&["scan", "."][..], &["triage", "."], &["index", ".", "-o", "../saved.baseline"]] {
        let _ = std::fs::remove_dir_all(archive.path().join("../saved.baseline"));
        assert!(shown(arguments).contains(warning), "{arguments:?}");
    }
    assert!(shown(&["scan", "../saved.baseline"]).contains(warning));
    let _ = std::fs::remove_dir_all(archive.path().join("../saved.baseline"));
    for arguments in
        [&["scan", ".", "--k8s-cluster", "prod"][..], &["scan", "a"], &["scan", "a/m0/audit.log"]]
    {
        assert!(!shown(arguments).contains("name no cluster"), "{arguments:?}");
    }
}

#[test]
fn clusters_of_one_name_in_folders_of_several_regions_are_warned_of() {
    let named = with(event(), json!({"cluster_name": "prod"})).to_string();
    let archive = ["eu-west-1", "us-east-1"].iter().fold(Archive::new(), |archive, region| {
        archive.object(&format!("{region}/2026/02/12/03/eks"), named.as_bytes())
    });
    let output = firstseen(&["scan", "."], archive.path());
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(
        shown.contains("cluster 'prod' are in folders of 2 Regions ('eu-west-1', 'us-east-1')"),
        "{shown}"
    );
    let output = firstseen(&["scan", "eu-west-1"], archive.path());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("Regions"));
}

#[test]
fn the_tables_that_doctor_writes_tell_clusters_apart() {
    let archive = folders_of(&[("a \"b\"", "eva"), ("c", "eva")]);
    let output = firstseen(&["doctor", "--quiet", ".", "--format", "json"], archive.path());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let remarks = answer["archives"][0]["remarks"].as_array().unwrap();
    let remark = remarks.iter().find(|remark| remark["kind"] == "unnamed-clusters").unwrap();
    let lines: Vec<&str> = remark["lines"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    std::fs::write(archive.path().join("clusters.toml"), lines.join("\n")).unwrap();
    let output = firstseen(
        &["scan", "--config", "clusters.toml", "--warmup", "0d", "--format", "csv"],
        archive.path(),
    );
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(found.contains("k8s:c/eva") && found.contains("/eva"), "{found}");
    assert!(!found.contains("k8s:-/"), "{found}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("name no cluster"));
}

#[test]
fn doctor_proposes_a_warmup_that_fits_the_events_if_names_have_no_days() {
    let event = |time: &str| audit_event(time, "eva", "list", "secrets").to_string();
    let text = format!("{}\n{}\n", event("2026-02-12T03:00:00Z"), event("2026-02-12T07:00:00Z"));
    let archive = Archive::new().object("audit.log", text.as_bytes());
    let output = firstseen(&["doctor", "--quiet", "."], archive.path());
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("the events cover less than the default warmup"), "{shown}");
    assert!(shown.contains("do: give a shorter warmup: --warmup 1h\n"), "{shown}");
    assert!(shown.contains("next        firstseen triage . --warmup 1h\n"), "{shown}");
    assert!(shown.contains("--k8s-cluster NAME if logs of other clusters are to be added"), "{shown}");
}

#[test]
fn folders_of_azure_name_days() {
    let row =
        json!({"category": "kube-audit", "resourceId": AZURE, "properties": {"log": event().to_string()}})
            .to_string();
    let path = format!("insights-logs-kube-audit/resourceId={AZURE}/y=2026/m=02/d=12/h=03/m=00/PT1H.json");
    let key = ObjectKey::parse(&path);
    assert_eq!(
        (key.delivered.unwrap().to_string(), key.gives_hour),
        ("2026-02-12T03:00:00Z".to_owned(), true)
    );
    let archive = Archive::new().object(&path, row.as_bytes());
    let output = firstseen(&["doctor", "--quiet", "."], archive.path());
    assert!(String::from_utf8_lossy(&output.stdout).contains("deliveries  2026-02-12 to 2026-02-12"));
}

/// Clients choose what a request has in it: a row that cannot be rebuilt names nobody else.
#[test]
fn an_event_in_the_request_of_a_row_is_none() {
    let planted = with(event(), json!({"auditID": "planted", "user": {"username": "system:admin"}}));
    for missing in ["Verb", "User", "AuditId"] {
        for body in [planted.clone(), planted.to_string().into()] {
            let mut row = azure_row(&event());
            row.as_object_mut().unwrap().remove(missing);
            row["RequestObject"] = body;
            let archive = Archive::new().object("a.json", row.to_string().as_bytes());
            let learnt = archive.ingest(&settings());
            let keys = learnt.baseline.principals.iter().map(|who| who.key.to_string());
            assert!(!keys.into_iter().any(|key| key.contains("system:admin")), "{row}");
            assert!(learnt.coverage.fault_count > 0, "{row}");
        }
    }
}
