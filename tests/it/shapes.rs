//! The forms in which logs are exported: findings are the same in every wrapper.

use std::io::{Cursor, Write};
use std::path::Path;

use firstseen::coverage::FaultKind;
use firstseen::learn::{LearnSettings, Learnt, learn};
use firstseen::scan::Silent;
use firstseen::source::Archives;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, gzip, record, with};

/// Public data sets, each with the number of its records and of those skipped.
const SETS: [(&str, u64, u64); 10] = [
    ("tree-open", 656, 1),
    ("stratus", 310, 0),
    ("otrf", 103, 0),
    ("permiso-ccc", 9_226, 0),
    ("plaso", 6, 0),
    ("streamalert", 57, 1),
    ("trailscraper", 7, 0),
    ("datadog-forwarder", 16, 2),
    ("k8s-falco", 53, 0),
    ("audit2rbac", 37, 0),
];

fn settings() -> LearnSettings {
    LearnSettings { threads: 2, ..Default::default() }
}

fn read(folder: &Path) -> Learnt {
    learn(&Archives::open(&[folder.to_owned()]).unwrap(), &settings(), &Silent).unwrap()
}

#[test]
#[ignore = "needs the records of other projects in ../shared/data; .ci/run asks for it where they are"]
fn every_public_data_set_is_read_in_its_original_form() {
    let sets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    for (name, records, skipped) in SETS {
        let coverage = read(&sets.join(name)).coverage;
        assert_eq!(coverage.records.total, records, "{name}");
        assert_eq!(coverage.records.skipped.values().sum::<u64>(), skipped, "{name}");
        assert!(coverage.objects.failed.is_empty(), "{name}: {:?}", coverage.faults);
    }
}

/// Wrappers of events.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrapper {
    Batch,
    Array,
    Lines,
    LookupEvents,
    Subscription,
    Export,
    EventBridge,
    Elastic,
    Splunk,
    LakeCsv,
    Pretty,
    LookupLines,
    Logstash,
    LogEvents,
    Firehose,
    Forwarder,
    TestEvents,
    EventList,
    Prefixed,
}

/// The wrappers of audit events.
const AUDIT_WRAPPERS: [Wrapper; 13] = [
    Wrapper::Prefixed,
    Wrapper::EventList,
    Wrapper::Array,
    Wrapper::Lines,
    Wrapper::Subscription,
    Wrapper::Export,
    Wrapper::EventBridge,
    Wrapper::Elastic,
    Wrapper::Splunk,
    Wrapper::Pretty,
    Wrapper::LogEvents,
    Wrapper::Firehose,
    Wrapper::Forwarder,
];

pub(crate) const WRAPPERS: [Wrapper; 18] = [
    Wrapper::Prefixed,
    Wrapper::Batch,
    Wrapper::Array,
    Wrapper::Lines,
    Wrapper::LookupEvents,
    Wrapper::Subscription,
    Wrapper::Export,
    Wrapper::EventBridge,
    Wrapper::Elastic,
    Wrapper::Splunk,
    Wrapper::LakeCsv,
    Wrapper::Pretty,
    Wrapper::LookupLines,
    Wrapper::Logstash,
    Wrapper::LogEvents,
    Wrapper::Firehose,
    Wrapper::Forwarder,
    Wrapper::TestEvents,
];

/// One message of a CloudWatch Logs subscription.
fn subscription(records: &[Value]) -> Value {
    let message = |record: &Value| json!({ "id": "1", "message": record.to_string() });
    json!({
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": "/aws/eks/prod/cluster",
        "logEvents": records.iter().map(message).collect::<Vec<_>>(),
    })
}

impl Wrapper {
    pub(crate) fn wrap(self, records: &[Value]) -> String {
        let each = |wrap: fn(&Value) -> String| records.iter().map(wrap).collect::<Vec<_>>().join("\n");
        let list = |wrap: fn(&Value) -> Value| Value::from(records.iter().map(wrap).collect::<Vec<_>>());
        match self {
            Self::Batch => json!({ "Records": records }).to_string(),
            Self::Array => Value::from(records).to_string(),
            Self::Lines => each(Value::to_string),
            Self::LookupEvents => {
                json!({ "Events": list(|record| json!({ "CloudTrailEvent": record.to_string() })) })
                    .to_string()
            }
            Self::Subscription => subscription(records).to_string(),
            Self::Export => each(|record| format!("2026-01-01T10:00:00.000Z {record}")),
            // Of `kubectl logs --prefix --timestamps`.
            Self::Prefixed => each(|record| {
                format!("[pod/kube-apiserver-a/kube-apiserver] 2026-01-01T10:00:00.5Z {record}")
            }),
            Self::EventBridge => each(|record| json!({ "detail-type": "x", "detail": record }).to_string()),
            Self::Elastic => {
                each(|record| json!({ "event": { "original": record.to_string() } }).to_string())
            }
            Self::Splunk => each(|record| json!({ "result": { "_raw": record.to_string() } }).to_string()),
            Self::LakeCsv => {
                let quoted = |record: &Value| format!("\"{}\"", record.to_string().replace('"', "\"\""));
                let lines: Vec<String> = records.iter().map(quoted).collect();
                format!("eventjson\n{}\n", lines.join("\n"))
            }
            Self::Pretty => format!("{:#}\n", Value::from(records)),
            // As printed in the time zone of Sydney.
            Self::LookupLines => each(|record| {
                json!({
                    "EventId": record["eventID"],
                    "EventTime": "2024-01-01 11:00:00+11:00",
                    "Username": "somebody",
                    "CloudTrailEvent": record.to_string(),
                })
                .to_string()
            }),
            Self::Logstash => each(|record| {
                let time =
                    json!({ "@timestamp": record["eventTime"], "@version": "1", "eventTime": "ABSENT" });
                with(record.clone(), time).to_string()
            }),
            Self::LogEvents => {
                let message = |text: String| json!({ "timestamp": 0, "message": text, "ingestionTime": 900 });
                let words =
                    "I0101 00:00:00.000000      10 controller.go:667] quota admission added evaluator";
                let mut messages: Vec<Value> =
                    records.iter().map(|record| message(record.to_string())).collect();
                messages.insert(messages.len() / 2, message(words.to_owned()));
                json!({ "events": messages, "nextForwardToken": "f/1", "nextBackwardToken": "b/1" })
                    .to_string()
            }
            Self::Firehose => {
                let check = json!({ "id": "", "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose." });
                let control = json!({ "messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "", "logEvents": [check] });
                let payloads = records.chunks(2).map(|some| subscription(some).to_string());
                payloads.fold(control.to_string(), |before, payload| before + &payload)
            }
            Self::Forwarder => {
                let data = list(|record| json!({ "ddsource": "cloudtrail", "message": record.to_string() }));
                json!({ "events": [{ "data": data, "path": "/api/v2/logs", "verb": "POST" }] }).to_string()
            }
            Self::TestEvents => {
                let [batched, single] = [&records[..records.len() / 2], &records[records.len() / 2..]];
                let test =
                    |data: Value| json!({ "data": data, "description": "x", "log": "cloudtrail:events" });
                let bus = single.iter().map(|record| test(json!({ "account": 12345, "detail": record })));
                Value::from_iter(std::iter::once(test(json!({ "Records": batched }))).chain(bus)).to_string()
            }
            Self::EventList => {
                json!({ "kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": records }).to_string()
            }
        }
    }
}

/// Compression and archive formats.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
    Zip,
    Tar,
}

pub(crate) const PACKINGS: [Packing; 5] =
    [Packing::Plain, Packing::Gzip, Packing::Zstd, Packing::Zip, Packing::Tar];

impl Packing {
    pub(crate) fn pack(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => bytes.to_vec(),
            Self::Gzip => gzip(bytes),
            Self::Zstd => zstd::stream::encode_all(bytes, 1).unwrap(),
            Self::Zip => {
                let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
                writer.start_file("x", zip::write::SimpleFileOptions::default()).unwrap();
                writer.write_all(bytes).unwrap();
                writer.finish().unwrap().into_inner()
            }
            Self::Tar => {
                let mut builder = tar::Builder::new(Vec::new());
                let mut header = tar::Header::new_ustar();
                header.set_size(bytes.len() as u64);
                header.set_cksum();
                builder.append_data(&mut header, "x", bytes).unwrap();
                builder.into_inner().unwrap()
            }
        }
    }
}

/// Behaviours without the place of their evidence.
fn learnt(object: &[u8]) -> Vec<String> {
    let archive = Archive::new().object("EKSLogs/111122223333/prod/2024/01/01/00/x", object);
    let Learnt { baseline, coverage, .. } = read(archive.path());
    assert_eq!(coverage.faults, []);
    let behaviour = |behaviour: &firstseen::baseline::Behaviour| {
        let who = &baseline.principals[behaviour.principal as usize];
        let action = &baseline.actions[behaviour.action as usize];
        let (time, count, errors) = (behaviour.first.time, behaviour.count(), behaviour.errors());
        format!("{} {} {action} {time} {count} {errors}", who.account, who.key)
    };
    baseline.behaviours.iter().map(behaviour).collect()
}

#[test]
fn records_without_an_identity_are_read() {
    let stripped =
        json!({"userIdentity": "ABSENT", "recipientAccountId": "ABSENT", "eventVersion": "ABSENT"});
    let records =
        ["s3:A", "s3:B"].map(|action| with(record("2024-01-01T00:00:00Z", "jo", action), stripped.clone()));
    let found = learnt(Value::from(records.to_vec()).to_string().as_bytes());
    let of = |name: &str| format!("- - s3.amazonaws.com:{name} 2024-01-01T00:00:00Z 1 0");
    assert_eq!(found, [of("A"), of("B")]);
}

/// A record or an audit event in the carriers that do and do not promise records, and so that the fallback reader is needed.
fn carried(one: &Value) -> [String; 5] {
    let text = one.to_string();
    let escaped =
        text.replace(r#""CreateUser""#, r#""Create\u0055ser""#).replace(r#""get""#, r#""g\u0065t""#);
    [
        text,
        json!({"Records": [one]}).to_string(),
        json!({"_index": "trail", "_source": one}).to_string(),
        json!({"answer": {"rows": [one]}}).to_string(),
        escaped,
    ]
}

/// The principals and the number of faults of the kind `unknown-carrier`.
fn principals_and_faults(object: &str) -> (Vec<String>, usize) {
    let archive = Archive::new().object("a.json", object.as_bytes());
    let Learnt { baseline, coverage, .. } = read(archive.path());
    let principals = baseline.principals.iter().map(|principal| principal.key.to_string()).collect();
    let kinds = coverage.faults.iter().filter(|fault| fault.kind == FaultKind::UnknownCarrier);
    (principals, kinds.count())
}

#[test]
fn a_record_whose_caller_is_flattened_is_an_unknown_carrier_and_not_one_of_nobody() {
    let call = record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser");
    let request = audit_event("2024-03-01T10:00:00Z", "eva", "get", "pods");
    let (arn, identity) = (&call["userIdentity"]["arn"], &call["userIdentity"]);
    for flat in [
        json!({"userIdentity": "ABSENT", "userIdentity.arn": arn}),
        json!({"userIdentity": "ABSENT", "userIdentity__arn": arn}),
        json!({"userIdentity": null, "useridentity_principalid": "AIDAEVA"}),
        json!({"userIdentity": identity.to_string()}),
        json!({"userIdentity": [identity]}),
    ] {
        for object in carried(&with(call.clone(), flat)) {
            assert_eq!(principals_and_faults(&object), (vec![], 1), "{object}");
        }
    }
    for flat in [json!({"user": "ABSENT", "user.username": "eva"}), json!({"user": "eva"})] {
        for object in carried(&with(request.clone(), flat)) {
            assert_eq!(principals_and_faults(&object), (vec![], 1), "{object}");
        }
    }
    // With the original text beside it, or the identity itself, nothing is lost.
    let raw = json!({"userIdentity": "ABSENT", "userIdentity.arn": arn, "_raw": call.to_string()});
    for object in [with(call.clone(), raw), with(call.clone(), json!({"userIdentity.arn": arn, "user": "x"}))]
    {
        for object in carried(&object) {
            let (principals, faults) = principals_and_faults(&object);
            assert_eq!(
                (principals.as_slice(), faults),
                ([arn.as_str().unwrap().to_owned()].as_slice(), 0),
                "{object}"
            );
        }
    }
    let raw = json!({"user": "ABSENT", "user.username": "eva", "_raw": request.to_string()});
    for object in carried(&with(request, raw)) {
        assert_eq!(principals_and_faults(&object), (vec!["k8s:-/eva".to_owned()], 0), "{object}");
    }
}

#[test]
fn an_audit_event_with_a_part_in_another_form_is_an_unknown_carrier_and_says_nothing_else() {
    let request = with(
        audit_event("2024-03-01T10:00:00Z", "eva", "get", "pods"),
        json!({"impersonatedUser": {"username": "bob"}, "responseStatus": {"code": 403}}),
    );
    let text = |part: &str| request[part].to_string();
    for flat in [
        json!({"impersonatedUser": text("impersonatedUser")}),
        json!({"impersonatedUser": "bob"}),
        json!({"impersonatedUser": "ABSENT", "impersonatedUser.username": "bob"}),
        json!({"impersonatedUser": null, "impersonated_user_username": "bob"}),
        json!({"objectRef": text("objectRef")}),
        json!({"objectRef": [request["objectRef"]]}),
        json!({"objectRef": "ABSENT", "objectRef.resource": "pods"}),
        json!({"objectRef": {}, "objectRef_resource": "pods"}),
        json!({"responseStatus": text("responseStatus")}),
        json!({"responseStatus": 403}),
        json!({"responseStatus": "ABSENT", "responseStatus.code": 403}),
        json!({"responseStatus": "ABSENT", "responseStatus.status": "Failure"}),
    ] {
        for object in carried(&with(request.clone(), flat)) {
            assert_eq!(principals_and_faults(&object), (vec![], 1), "{object}");
        }
    }
    for nothing in [
        json!({}),
        json!({"objectRef": null, "responseStatus": null}),
        json!({"objectRef.resource": "pods", "impersonatedUser.username": "bob", "responseStatus.code": 403}),
        json!({"objectReference": "x", "responseStatusText": "x", "requestObject": "x", "impersonated": "x"}),
    ] {
        for object in carried(&with(request.clone(), nothing)) {
            assert_eq!(principals_and_faults(&object), (vec!["k8s:-/bob".to_owned()], 0), "{object}");
        }
    }
}

#[test]
fn numbers_as_texts_and_single_texts_in_place_of_lists_are_read() {
    let request = audit_event("2024-03-01T10:00:00Z", "eva", "get", "pods");
    let extra = json!({"username": "eva", "extra": {"canonicalArn": "arn:aws:iam::444455556666:role/R"}});
    for (status, error) in [
        (json!({"code": "403"}), Some("403")),
        (json!({"code": 403.0}), Some("403")),
        (json!({"code": "403.0"}), Some("403")),
        (json!({"status": "Failure"}), Some("Failure")),
        (json!({"status": "Failure", "reason": "Forbidden"}), Some("Forbidden")),
        (json!({"code": "200"}), None),
        (json!({"status": "Success"}), None),
    ] {
        let odd = json!({"responseStatus": status, "sourceIPs": "192.0.2.7", "user": extra});
        for object in carried(&with(request.clone(), odd)) {
            let Learnt { baseline, coverage, .. } =
                read(Archive::new().object("a.json", object.as_bytes()).path());
            assert_eq!(coverage.faults, [], "{object}");
            let first = &baseline.behaviours[0].first;
            assert_eq!((first.failed, first.error_code()), (error.is_some(), error), "{object}");
            assert_eq!(first.source_ip(), Some("192.0.2.7"));
            assert_eq!(&*baseline.principals[0].key, "k8s:-/arn:aws:iam::444455556666:role/R");
        }
    }
}

#[test]
fn lines_that_a_container_runtime_has_cut_are_joined() {
    let text = audit_event("2024-03-01T10:00:00Z", "eva", "get", "pods").to_string();
    for at in 1..text.len() {
        let (start, end) = text.split_at(at);
        let other = "2024-03-01T10:00:00.2Z stderr F {\"level\":\"info\"}\n";
        let lines = format!(
            "2024-03-01T10:00:00.1Z stdout P {start}\n{other}2024-03-01T10:00:00.3Z stdout F {end}\n"
        );
        assert_eq!(principals_and_faults(&lines), (vec!["k8s:-/eva".to_owned()], 0), "{lines}");
    }
}

#[test]
fn lines_that_docker_has_cut_are_joined() {
    let line = |log: &str, stream: &str| {
        format!("{}\n", json!({"log": log, "stream": stream, "time": "2024-03-01T10:00:00.1Z"}))
    };
    for size in [20_000, 16_384 * 3] {
        let agent = json!({"userAgent": "\"é\n".repeat(size / 4)});
        let event = with(audit_event("2024-03-01T10:00:00Z", "eva", "get", "pods"), agent);
        let text = format!("{event}\n");
        let mut parts = text.as_bytes().chunks(16_384).map(|part| String::from_utf8_lossy(part));
        let mut lines = line(&parts.next().unwrap(), "stdout") + &line("{\"level\":\"info\"}\n", "stderr");
        lines.extend(parts.map(|part| line(&part, "stdout")));
        assert_eq!(principals_and_faults(&lines), (vec!["k8s:-/eva".to_owned()], 0), "{size}");
    }
}

#[test]
fn a_text_with_a_line_end_in_it_is_broken_and_no_other_text() {
    let request = audit_event("2024-03-01T10:00:00Z", "eva", "get", "pods").to_string();
    let call = record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser").to_string();
    for (text, value) in [(&request, "eva"), (&request, "get"), (&call, "user/eva"), (&call, "CreateUser")] {
        let folded = format!("{}\n    {}", &value[..2], &value[2..]);
        for unrelated in ["x", r"\u0078"] {
            let object =
                text.replacen(value, &folded, 1).replacen('{', &format!("{{\"note\":\"{unrelated}\","), 1);
            let learnt = read(Archive::new().object("a.json", object.as_bytes()).path());
            assert!(learnt.baseline.behaviours.is_empty(), "{object}");
            assert_eq!(learnt.coverage.records.faulty.values().sum::<u64>(), 1, "{object}");
        }
    }
}

#[test]
fn records_with_escaped_quotes_are_an_unknown_carrier() {
    let call = record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser").to_string();
    let xml = format!("<?xml version=\"1.0\"?><results><v>{}</v></results>", call.replace('"', "&quot;"));
    let url = call
        .replace('"', "%22")
        .replace(':', "%3A")
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace(',', "%2C");
    for object in [xml, url] {
        assert_eq!(principals_and_faults(&object), (vec![], 1), "{object}");
    }
    let prose = "<html><body>The field <code>eventSource</code> of 2024-03-01T10:00:00Z</body></html>";
    assert_eq!(principals_and_faults(prose), (vec![], 0));
}

#[test]
fn requests_to_clusters_in_forms_that_are_not_read_are_an_unknown_carrier() {
    let azure = json!({"AuditId": "a", "RequestUri": "/api/v1/secrets", "Verb": "list"});
    let elastic = json!({"kubernetes.audit.auditID": "a", "kubernetes.audit.requestURI": "/api/v1/secrets",
        "kubernetes.audit.verb": "list", "kubernetes.audit.user.username": "eva"});
    let google = json!({"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "k8s.io", "methodName": "io.k8s.core.v1.secrets.list"}});
    let table = "verb,user.username,requestURI\n\"list\",\"eva\",\"/api/v1/secrets\"\n";
    for object in [
        azure.to_string(),
        json!([azure]).to_string(),
        json!({"records": [azure]}).to_string(),
        json!({"_source": elastic}).to_string(),
        google.to_string(),
        table.to_owned(),
    ] {
        assert_eq!(principals_and_faults(&object), (vec![], 1), "{object}");
    }
    let other = json!({"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "storage.googleapis.com"}});
    assert_eq!(principals_and_faults(&other.to_string()), (vec![], 0));
}

#[test]
fn audit_events_with_a_beta_version_or_none_are_read() {
    let event = |change: Value| with(audit_event("2024-01-01T00:00:00Z", "jo", "list", "pods"), change);
    let beta = |id: &str| {
        json!({"apiVersion": "audit.k8s.io/v1beta1", "auditID": id, "timestamp": "2024-01-01T00:00:00Z",
            "requestReceivedTimestamp": "ABSENT", "stageTimestamp": "ABSENT"})
    };
    let events = [event(json!({})), event(beta("b")), event(json!({"apiVersion": "ABSENT", "auditID": "c"}))];
    for text in events.iter().map(Value::to_string) {
        assert_eq!(
            learnt(text.as_bytes()),
            ["111122223333 k8s:prod/jo list core/pods 2024-01-01T00:00:00Z 1 0"]
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn events_give_the_same_in_every_wrapper_and_packing(
        wrapper in prop::sample::select(&WRAPPERS[..]),
        packings in prop::collection::vec(prop::sample::select(&PACKINGS[..]), 0..3),
        users in prop::collection::vec(0..4u8, 1..8),
    ) {
        let event = |(number, user): (usize, &u8)| {
            record(&format!("2024-01-01T00:00:{number:02}Z"), &format!("u{user}"), &format!("s3:A{}", number % 3))
        };
        let records: Vec<Value> = users.iter().enumerate().map(event).collect();
        let plain = learnt(Wrapper::Batch.wrap(&records).as_bytes());
        let packed = packings.iter().fold(wrapper.wrap(&records).into_bytes(), |bytes, packing| packing.pack(&bytes));
        prop_assert_eq!(learnt(&packed), plain);
    }

    #[test]
    fn audit_events_give_the_same_in_every_wrapper_and_packing(
        wrapper in prop::sample::select(&AUDIT_WRAPPERS[..]),
        packings in prop::collection::vec(prop::sample::select(&PACKINGS[..]), 0..3),
        users in prop::collection::vec((0..4u8, 0..3usize), 1..8),
    ) {
        let event = |(number, (user, stage)): (usize, &(u8, usize))| {
            let stage = ["RequestReceived", "ResponseStarted", "ResponseComplete"][*stage];
            with(
                audit_event("2024-01-01T00:00:00.000001Z", &format!("u{user}"), "list", "pods"),
                json!({ "auditID": format!("{}-{user}", number % 2), "stage": stage }),
            )
        };
        let records: Vec<Value> = users.iter().enumerate().map(event).collect();
        let plain = learnt(Wrapper::Lines.wrap(&records).as_bytes());
        let packed = packings.iter().fold(wrapper.wrap(&records).into_bytes(), |bytes, packing| packing.pack(&bytes));
        prop_assert_eq!(learnt(&packed), plain);
    }
}
