//! Kubernetes audit logs: carriers, stages of a request, and links to CloudTrail principals.

use std::path::{Path, PathBuf};
use std::process::Command;

use firstseen::baseline::Behaviour;
use firstseen::coverage::{FaultKind, RecordSkip};
use firstseen::learn::{LearnSettings, Learnt, learn};
use firstseen::model::LogSource;
use firstseen::query::{FindingKind, Question, first_seen};
use firstseen::scan::Silent;
use firstseen::source::Archives;
use serde_json::{Value, json};

use crate::archive::{Archive, audit_event, lines, question, record, settings, with};
use crate::program::firstseen;

const FOLDER: &str = "EKSLogs/000123456789/prod/2026/01/02/03";

/// An archive with one object in the folder of a cluster.
fn logged(text: &str) -> Archive {
    Archive::new().object(&format!("{FOLDER}/audit.log"), text.as_bytes())
}

fn each(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// Every behaviour as `account principal action count errors`.
fn behaviours(Learnt { baseline, .. }: &Learnt) -> Vec<String> {
    let line = |behaviour: &Behaviour| {
        let who = &baseline.principals[behaviour.principal as usize];
        let action = &baseline.actions[behaviour.action as usize];
        format!("{} {} {action} {} {}", who.account, who.key, behaviour.count(), behaviour.errors())
    };
    baseline.behaviours.iter().map(line).collect()
}

fn stage(stage: &str, code: Option<u16>) -> Value {
    let event = audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    let status = code.map_or(json!("ABSENT"), |code| json!({ "code": code }));
    with(event, json!({"stage": stage, "auditID": "one", "responseStatus": status}))
}

#[test]
fn the_stages_of_a_request_count_once() {
    let stages = [
        stage("RequestReceived", None),
        stage("ResponseStarted", Some(200)),
        stage("Panic", Some(500)),
        stage("ResponseComplete", Some(200)),
    ];
    let once = ["000123456789 k8s:prod/jo get core/pods 1 0"];
    let ingested = logged(&each(&stages)).ingest(&settings());
    assert_eq!(behaviours(&ingested), once);
    assert_eq!((ingested.coverage.records.counted, ingested.coverage.records.duplicates), (1, 1));
    assert_eq!(ingested.coverage.records.skipped[&RecordSkip::Stage], 2);
    assert_eq!(ingested.coverage.faults, []);
    let one_each = stages.iter().enumerate().fold(Archive::new(), |archive, (number, stage)| {
        archive.object(&format!("{FOLDER}/{number}"), stage.to_string().as_bytes())
    });
    let ingested = one_each.ingest(&settings());
    assert_eq!(behaviours(&ingested), once);
    let first = &ingested.baseline.behaviours[0].first;
    assert!(!first.failed && first.object.ends_with("/3"), "{first:?}");
}

#[test]
fn the_last_stage_is_the_evidence_in_any_order() {
    let stages = [
        stage("RequestReceived", None),
        stage("ResponseStarted", Some(101)),
        stage("ResponseComplete", Some(500)),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let ingested = logged(&each(&order.map(|at| stages[at].clone()))).ingest(&settings());
        let behaviour = &ingested.baseline.behaviours[0];
        assert_eq!((behaviour.count(), behaviour.errors()), (1, 1));
        assert_eq!(behaviour.first.error_code(), Some("500"));
        assert_eq!(order[behaviour.first.record as usize], 2);
        assert_eq!(behaviour.first_success, None);
    }
}

#[test]
fn the_arn_of_a_role_finds_it_in_both_sources() {
    let baseline = Archive::fixture("mixed-archive").baseline;
    let of = |pattern: &str| {
        let mut asked = question(30);
        asked.filter.principals = vec![pattern.parse().unwrap()];
        lines(&first_seen(&baseline, &asked)).len()
    };
    // Its call in CloudTrail, its exec, and its impersonated request.
    assert_eq!(of("arn:aws:iam::111122223333:role/ci/deploy"), 3);
    assert_eq!(of("arn:aws:iam::111122223333:role/deploy"), 1);
    assert_eq!(of("system:serviceaccount:shop:web"), 2);
}

#[test]
fn an_action_filter_matches_with_and_without_the_namespace() {
    let event = audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    let settings = LearnSettings { namespace_in_key: true, ..settings() };
    let baseline = logged(&event.to_string()).ingest(&settings).baseline;
    for (pattern, found) in [("get core/pods", 1), ("get core/pods in shop", 1), ("get core/pods in x", 0)] {
        let mut asked = question(0);
        asked.filter.actions = vec![pattern.parse().unwrap()];
        assert_eq!(first_seen(&baseline, &asked).len(), found, "{pattern}");
    }
}

#[test]
fn an_impersonated_request_belongs_to_the_impersonated_user_from_its_first_stage() {
    // The stage RequestReceived does not have the impersonated user yet.
    let imperson = |value: Value| with(value, json!({"impersonatedUser": {"username": "bob"}}));
    let stages = [stage("RequestReceived", None), imperson(stage("ResponseComplete", Some(200)))];
    let bobs = ["000123456789 k8s:prod/bob get core/pods 1 0"];
    let ingested = logged(&each(&stages)).ingest(&settings());
    assert_eq!((behaviours(&ingested), ingested.coverage.fault_count), (bobs.map(str::to_owned).to_vec(), 0));
    let [received, complete] = stages.map(|stage| stage.to_string().into_bytes());
    let apart =
        Archive::new().object(&format!("{FOLDER}/0"), &received).object(&format!("{FOLDER}/1"), &complete);
    assert_eq!(apart.ingest(&settings()).coverage.fault_count, 0);
}

#[test]
fn requests_of_two_days_with_the_same_id_are_not_copies() {
    let again = with(
        stage("ResponseComplete", Some(200)),
        json!({"requestReceivedTimestamp": "2026-01-03T00:00:00.000001Z"}),
    );
    let archive = logged(&each(&[stage("ResponseComplete", Some(200)), again]));
    let Learnt { baseline, coverage, .. } = archive.ingest(&settings());
    assert_eq!((baseline.behaviours[0].count(), coverage.fault_count), (2, 0));
    assert!(baseline.behaviours[0].days.iter().all(|day| day.count > 0));
}

#[test]
fn a_request_without_an_answer_is_an_attempt() {
    let mut ingested = logged(&each(&[stage("RequestReceived", None)])).ingest(&settings());
    ingested.baseline = ingested.baseline.resolved(settings().principal_key);
    assert_eq!(behaviours(&ingested), ["000123456789 k8s:prod/jo get core/pods 1 1"]);
    let behaviour = &ingested.baseline.behaviours[0];
    assert_eq!((behaviour.first.error_code(), &behaviour.first_success), (Some("NoResponse"), &None));
}

#[test]
fn a_truncated_message_is_a_fault() {
    let whole = audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods").to_string();
    let cut = format!("{}[Truncated...]", &whole[..whole.len() / 2])
        .replace("\"auditID\":\"", "\"auditID\":\"cut-");
    let events = json!([{"id": "1", "message": cut}, {"id": "2", "message": whole}]);
    let payload = json!({"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "x", "logEvents": events});
    let ingested = logged(&payload.to_string()).ingest(&settings());
    assert_eq!(ingested.coverage.records.counted, 1);
    let [fault] = &ingested.coverage.faults[..] else { panic!("{:?}", ingested.coverage.faults) };
    assert_eq!(fault.kind, FaultKind::JsonTruncated);
    assert!(fault.detail.contains("audit event cut-2026"), "{}", fault.detail);
}

#[test]
fn other_logs_of_the_log_group_are_recognized() {
    let event = audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    let words = "2026-01-02T03:04:05.000Z I0102 03:04:05.000000      10 controller.go:667] quota admission\n";
    let mixed = format!("{words}2026-01-02T03:04:05.000Z {event}\n{words}");
    let ingested =
        logged(&mixed).object("exported/kube-scheduler-0a1b/000000.gz", words.as_bytes()).ingest(&settings());
    assert_eq!(behaviours(&ingested).len(), 1);
    assert_eq!(ingested.coverage.records.skipped[&RecordSkip::NoAction], 2);
    assert_eq!(ingested.coverage.objects.skipped.len(), 1);
    assert_eq!(ingested.coverage.faults, []);
}

#[test]
fn cluster_and_account_come_from_the_path_or_the_payload() {
    let event = audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    let keys = |archive: Archive| {
        let ingested = archive.ingest(&settings());
        ingested
            .baseline
            .principals
            .iter()
            .map(|who| format!("{} {}", who.account, who.key))
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(logged(&event.to_string())), ["000123456789 k8s:prod/jo"]);
    let bare = || Archive::new().object("audit.log", event.to_string().as_bytes());
    assert_eq!(keys(bare()), ["- k8s:-/jo"]);
    let named = LearnSettings { cluster: Some("dev".to_owned()), ..settings() };
    assert_eq!(&*bare().ingest(&named).baseline.principals[0].key, "k8s:dev/jo");
    assert_eq!(&*logged(&event.to_string()).ingest(&named).baseline.principals[0].key, "k8s:prod/jo");
    let events = json!([{"id": "1", "message": event.to_string()}]);
    let group = "/aws/eks/stage/cluster";
    let payload = json!({"messageType": "DATA_MESSAGE", "owner": "444455556666", "logGroup": group, "logEvents": events});
    assert_eq!(keys(logged(&payload.to_string())), ["444455556666 k8s:stage/jo"]);
    // The owner in a payload does not apply to events after the payload.
    let joined = format!("{payload}{}", with(event, json!({"auditID": "other"})));
    assert_eq!(keys(logged(&joined)), ["000123456789 k8s:prod/jo", "444455556666 k8s:stage/jo"]);
}

#[test]
fn namespaces_may_be_part_of_actions() {
    let at = |namespace: &str| {
        let object = json!({"resource": "pods", "namespace": namespace});
        let event = audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
        with(event, json!({"objectRef": object, "auditID": namespace}))
    };
    let archive = logged(&each(&[at("shop"), at("kube-system")]));
    let actions = |namespace_in_key| {
        archive.ingest(&LearnSettings { namespace_in_key, ..settings() }).baseline.actions.join(", ")
    };
    assert_eq!(actions(false), "get core/pods");
    assert_eq!(actions(true), "get core/pods in kube-system, get core/pods in shop");
}

/// The CloudTrail principal linked to a role that acts in both sources, with these access keys and ids.
fn linked(cloudtrail: (&str, &str), cluster: Value) -> Option<String> {
    let (key, id) = cloudtrail;
    let role = "arn:aws:iam::000123456789:role/ci/deploy";
    let identity = json!({
        "type": "AssumedRole", "principalId": format!("{id}:jo"), "accountId": "000123456789", "accessKeyId": key,
        "arn": "arn:aws:sts::000123456789:assumed-role/deploy/jo",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role, "principalId": id}},
    });
    let call = with(
        record("2026-01-02T03:00:00Z", "x", "sts:GetCallerIdentity"),
        json!({ "userIdentity": identity }),
    );
    let user = json!({"username": "deploy", "uid": "x", "extra": cluster});
    let event = audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    let archive =
        logged(&with(event, json!({ "user": user })).to_string()).delivered("20260102T0305", &[call]);
    let baseline = archive.ingest(&settings()).baseline;
    let asked = Question { report: vec![FindingKind::NewAction], ..question(0) };
    let findings = first_seen(&baseline, &asked);
    let of_cluster =
        |source| move |finding: &&firstseen::query::Finding<'_>| finding.who.kind.source() == source;
    assert!(
        findings.iter().filter(of_cluster(LogSource::CloudTrail)).all(|finding| finding.linked.is_none())
    );
    let finding = findings.iter().find(of_cluster(LogSource::Kubernetes)).unwrap();
    finding.linked.map(|linked| linked.key.to_string())
}

#[test]
fn a_user_of_a_cluster_is_linked_by_key_id_or_name() {
    let role = Some("arn:aws:iam::000123456789:role/ci/deploy".to_owned());
    let one = ("ASIAONE", "AROAONE");
    assert_eq!(linked(one, json!({"accessKeyId": ["ASIAONE"]})), role);
    assert_eq!(linked(one, json!({"accessKeyId": ["ASIATWO"], "principalId": ["AROAONE"]})), role);
    assert_eq!(linked(one, json!({"canonicalArn": ["arn:aws:iam::000123456789:role/deploy"]})), role);
    let other =
        json!({"accessKeyId": ["ASIATWO"], "principalId": ["AROATWO"], "arn": ["arn:aws:iam::1:user/jo"]});
    assert_eq!(linked(one, other), None);
}

#[test]
fn both_sources_share_a_report_and_can_be_filtered() {
    let baseline = Archive::fixture("mixed-archive").baseline;
    let of = |sources: &[LogSource]| {
        let mut asked = question(30);
        asked.filter.sources = sources.to_vec();
        lines(&first_seen(&baseline, &asked)).len()
    };
    assert_eq!((of(&[LogSource::CloudTrail]), of(&[LogSource::Kubernetes]), of(&[])), (1, 3, 4));
}

#[test]
fn insights_are_reported_once_and_only_on_request() {
    let Learnt { baseline, coverage, .. } = Archive::fixture("mixed-archive");
    assert_eq!(coverage.records.skipped[&RecordSkip::Insight], 1);
    let mut asked = Question { report: vec![FindingKind::Insight], ..question(30) };
    let noticed = lines(&first_seen(&baseline, &asked));
    assert_eq!(noticed, ["insight 2026-02-12T03:10:00Z jo@example.org eks.amazonaws.com:DescribeCluster"]);
    let twice = baseline.clone().merge(baseline.clone()).baseline;
    assert_eq!(lines(&first_seen(&twice, &asked)), noticed);
    asked.filter.accounts = vec!["999988887777".to_owned()];
    assert_eq!(first_seen(&baseline, &asked), []);
}

#[test]
fn an_insight_without_details_or_time_does_not_panic() {
    let insight = json!({"eventName": "ABSENT", "eventSource": "ABSENT", "eventCategory": "Insight"});
    let odd = with(record("2026-01-02T03:00:00Z", "x", "s3:A"), insight);
    let timeless = with(odd.clone(), json!({"eventTime": "ABSENT"}));
    let ingested = Archive::new().delivered("20260102T0305", &[odd, timeless]).ingest(&settings());
    assert_eq!(ingested.baseline.insights.len(), 1);
    assert_eq!(ingested.coverage.records.faulty[&FaultKind::RecordTime], 1);
}

/// Real events in the wrappers of EKS exports.
#[test]
#[ignore = "needs the records of other projects in ../shared; .ci/run asks for it where they are"]
fn real_audit_events_give_the_same_in_every_wrapper() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let script = shared.join("tools/to_eks.py");
    let out = tempfile::tempdir().unwrap();
    let sets = ["k8s-falco", "audit2rbac"].map(|set| shared.join("data").join(set));
    let made = Command::new("python3").arg(script).arg("-o").arg(out.path()).args(sets).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |file: PathBuf| {
        let bytes = std::fs::read(file).unwrap();
        let archive = Archive::new().object("EKSLogs/123456789012/prod/2024/01/01/00/x", &bytes);
        let ingested = archive.ingest(&settings());
        assert_eq!(ingested.coverage.records.counted + ingested.coverage.records.duplicates, 88);
        behaviours(&ingested)
    };
    let plain = read(out.path().join("events.ndjson"));
    assert!(plain.len() > 20, "{plain:?}");
    for wrapped in
        ["cwl-export/*/*/000000.gz", "firehose/*/*/*/*/*.gz", "get-log-events.json", "eventlist.json"]
    {
        let pattern = out.path().join(wrapped);
        let file = glob::glob(pattern.to_str().unwrap()).unwrap().next().unwrap().unwrap();
        assert_eq!(read(file), plain, "{wrapped}");
    }
}

#[test]
fn archives_of_a_file_have_clusters_of_their_own() {
    let folder = tempfile::TempDir::new().unwrap();
    let event = audit_event("2026-01-02T03:00:00Z", "eva", "get", "secrets").to_string();
    for name in ["a", "b", "c"] {
        let event = event.replace("eva", &format!("eva-{name}"));
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("audit.log"), event).unwrap();
    }
    let table = |path: &str, more: &str| format!("[[archive]]\npath = '{path}'\n{more}\n");
    let text = [
        "k8s-cluster = 'of-run'\n",
        &table("a", "k8s-cluster = 'first'"),
        &table("b", "k8s-cluster = 'second'"),
        &table("c", ""),
    ];
    std::fs::write(folder.path().join("case.toml"), text.concat()).unwrap();
    let words = ["scan", "--config", "case.toml", "--warmup", "0d", "-f", "csv"];
    let found = firstseen(&words, folder.path());
    let found = String::from_utf8(found.stdout).unwrap();
    for (cluster, user) in [("first", "eva-a"), ("second", "eva-b"), ("of-run", "eva-c")] {
        assert!(found.contains(&format!("{cluster}/{user}")), "{found}");
    }
}

#[test]
fn the_path_of_an_archive_names_its_cluster_however_much_of_it_is_given() {
    let event = |user: &str| audit_event("2026-02-12T03:00:00Z", user, "list", "secrets").to_string();
    let path = |cluster: &str| format!("EKSLogs/111122223333/{cluster}/2026/02/12/03/audit.log");
    let logs = Archive::new()
        .object(&path("prod"), event("eva").as_bytes())
        .object(&path("dev"), event("eva").as_bytes());
    let expected = ["111122223333 k8s:dev/eva", "111122223333 k8s:prod/eva"];
    let principals = |given: &[&str]| -> Vec<String> {
        let given: Vec<PathBuf> = given.iter().map(|below| logs.path().join(below)).collect();
        let learnt = learn(&Archives::open(&given).unwrap(), &settings(), &Silent).unwrap();
        assert!(learnt.coverage.places.keys().all(|(_, region)| region.starts_with("eks/")), "{given:?}");
        learnt.baseline.principals.iter().map(|who| format!("{} {}", who.account, who.key)).collect()
    };
    let given: [&[&str]; 7] = [
        &[""],
        &["EKSLogs"],
        &["EKSLogs/111122223333"],
        &["EKSLogs/111122223333/prod", "EKSLogs/111122223333/dev"],
        &["EKSLogs/111122223333/prod/2026/02", "EKSLogs/111122223333/dev/2026"],
        &["EKSLogs/111122223333/*/2026/02/12/03/*"],
        &[&path("prod"), &path("dev")],
    ];
    for given in given {
        assert_eq!(principals(given), expected, "{given:?}");
    }
}

#[test]
fn a_carrier_names_the_cluster_of_its_events() {
    let event = audit_event("2026-02-12T03:00:00Z", "eva", "list", "secrets").to_string();
    let azure = |cluster: &str| {
        let id = format!(
            "/SUBSCRIPTIONS/0/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/{cluster}"
        );
        json!({"time": "2026-02-12T03:00:00Z", "resourceId": id, "category": "kube-audit", "properties": {"log": event}})
    };
    let insights = |cluster: &str| json!({"@log": format!("111122223333:/aws/eks/{cluster}/cluster"), "@message": event});
    for (carried, expected) in [
        (azure("PROD"), "0 k8s:prod/eva"),
        (json!({"records": [azure("PROD")]}), "0 k8s:prod/eva"),
        (insights("prod"), "111122223333 k8s:prod/eva"),
        (json!({"@log": "other", "@message": event}), "- k8s:-/eva"),
    ] {
        let learnt = learnt_of("a.json", &carried.to_string());
        assert_eq!(learnt, [expected], "{carried}");
    }
}

fn learnt_of(path: &str, text: &str) -> Vec<String> {
    let learnt = Archive::new().object(path, text.as_bytes()).ingest(&settings());
    learnt.baseline.principals.iter().map(|who| format!("{} {}", who.account, who.key)).collect()
}

#[test]
fn an_event_that_a_request_quotes_is_no_event_wherever_the_request_is_cut() {
    let forged = audit_event("2026-02-12T03:00:00Z", "victim", "delete", "pods");
    let genuine = audit_event("2026-02-12T04:00:00Z", "eva", "list", "pods").to_string();
    let quoted = [
        json!({"spec": {"events": [forged, forged], "more": 1}}),
        json!({"spec": {"event": forged}}),
        json!({"data": {"event": forged.to_string()}}),
    ];
    for request in quoted {
        let outer = audit_event("2026-02-12T03:30:00Z", "mallory", "create", "configmaps").to_string();
        let (head, tail) =
            outer.split_once(",\"requestReceivedTimestamp\"").expect("the order of the API server");
        let outer = format!("{head},\"requestObject\":{request},\"requestReceivedTimestamp\"{tail}");
        for at in (1..outer.len()).step_by(23) {
            let (start, end) = outer.split_at(at);
            // Cut right in front of it, it looks like a value of its own.
            if end.starts_with(['{', '[']) {
                continue;
            }
            let words = "2026-02-12T03:30:00Z stdout F ";
            for object in [
                format!("{end}\n{genuine}\n"),
                format!("{words}{end}\n{words}{genuine}\n"),
                format!("{}\n{}\n", json!({"MESSAGE": end}), json!({"MESSAGE": genuine})),
                format!("{genuine}\n{start}{genuine}\n"),
                format!("{genuine}\n{start}\n{genuine}\n"),
            ] {
                let learnt = learnt_of("a.log", &object);
                assert!(learnt.iter().all(|who| who != "- k8s:-/victim"), "{object}");
                assert!(learnt.contains(&"- k8s:-/eva".to_owned()), "{object}");
            }
        }
    }
}

#[test]
fn an_impersonator_cannot_choose_the_iam_identity_of_a_request() {
    let role = "arn:aws:iam::444455556666:role/admin";
    let extra =
        json!({"arn": [role], "canonicalArn": [role], "accessKeyId": ["ASIAADMIN"], "sessionName": ["s"]});
    let admin =
        json!({"username": "admin", "uid": "aws-iam-authenticator:444455556666:AROAADMIN", "extra": extra});
    let forged = |name: &str| {
        let event = audit_event("2026-01-03T03:04:05Z", "system:serviceaccount:ci:runner", "list", "secrets");
        let claimed = with(admin.clone(), json!({ "username": name }));
        with(event, json!({"auditID": name, "impersonatedUser": claimed}))
    };
    let own = with(audit_event("2026-01-02T03:04:05Z", "admin", "list", "secrets"), json!({"user": admin}));
    let ingested = logged(&each(&[own, forged("anything-at-all"), forged(role)])).ingest(&settings());
    assert_eq!(
        behaviours(&ingested),
        [
            "000123456789 k8s:prod/anything-at-all list core/secrets 1 0".to_owned(),
            format!("000123456789 k8s:prod/user:{role} list core/secrets 1 0"),
            format!("444455556666 k8s:prod/{role} list core/secrets 1 0"),
        ]
    );
    let first = &ingested.baseline.behaviours[0].first;
    assert_eq!((first.access_key_id(), first.principal_id()), (None, None));
    assert_eq!(first.impersonated_by(), Some("system:serviceaccount:ci:runner"));
}

#[test]
fn no_output_has_the_secrets_in_the_url_of_a_request() {
    let uri = json!({"requestURI": "/api/v1/pods?watch=true&access_token=zq9vx&a=b"});
    let archive = logged(&each(&[with(audit_event("2026-01-02T03:04:05Z", "jo", "list", "pods"), uri)]));
    let folder = tempfile::TempDir::new().unwrap();
    let rules = folder.path().join("rules.yaml");
    let rule = "- rule: Any\n  condition: ka.verb = list\n  output: asked for %ka.uri %toupper(ka.uri)\n  priority: WARNING\n  source: k8s_audit\n";
    std::fs::write(&rules, rule).unwrap();
    let [path, rules] = [archive.path(), &rules].map(|path| path.to_str().unwrap());
    let mut shown = 0;
    for format in ["text", "json", "jsonl", "csv", "html", "sarif", "timesketch", "falco", "ocsf", "ecs"] {
        for command in
            [&["scan", "--warmup", "0d"][..], &["triage", "--warmup", "0d"], &["rules"], &["events"]]
        {
            let rules = if command[0] == "events" { &[][..] } else { &["--rules", rules] };
            let output = firstseen(&[command, &[path, "-f", format], rules].concat(), archive.path());
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(!text.to_lowercase().contains("zq9vx"), "{command:?} {format}: {text}");
            shown += usize::from(text.to_lowercase().contains("access_token=(masked)"));
        }
    }
    assert!(shown >= 10, "{shown}");
}

#[test]
fn a_baseline_knows_the_cluster_that_was_given_for_its_archives() {
    let folder = tempfile::TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let output = firstseen(arguments, folder.path());
        let shown =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), shown)
    };
    for cluster in ["prod", "dev"] {
        std::fs::create_dir(folder.path().join(cluster)).unwrap();
        let log = |name: &str, time: &str| {
            let event = audit_event(time, "eva", "list", "secrets").to_string();
            std::fs::write(folder.path().join(cluster).join(name), event).unwrap();
        };
        log("a.log", if cluster == "prod" { "2026-02-12T03:00:00Z" } else { "2026-02-10T03:00:00Z" });
        let baseline = format!("{cluster}.baseline");
        assert_eq!(run(&["index", cluster, "-o", &baseline, "--k8s-cluster", cluster]).0, Some(0));
        log("b.log", "2026-02-13T03:00:00Z");
        // More of the same logs.
        assert_eq!(run(&["index", cluster, "-o", &baseline]).0, Some(0));
        let (_, principals) = run(&["baseline", &baseline, "-q"]);
        assert!(
            principals.contains(&format!("k8s:{cluster}/eva")) && !principals.contains("k8s:-"),
            "{principals}"
        );
    }
    assert_eq!(run(&["merge", "prod.baseline", "dev.baseline", "-o", "all.baseline"]).0, Some(0));
    let (_, events) = run(&["events", "all.baseline", "--principal", "k8s:prod/*", "-f", "csv", "-q"]);
    let times: Vec<bool> = events.lines().skip(1).map(|line| line.contains("2026-02-10")).collect();
    assert_eq!(times, [false, false], "{events}");
    let (status, error) = run(&["events", "all.baseline", "--k8s-cluster", "other"]);
    assert_eq!(status, Some(2), "{error}");
    assert!(error.contains("the baseline has no principal of that cluster, but of dev, prod"), "{error}");
}

#[test]
fn archives_without_the_name_of_a_cluster_are_warned_of() {
    let folder = tempfile::TempDir::new().unwrap();
    for (archive, resource) in [("a.log", "secrets"), ("b.log", "pods")] {
        let event = audit_event("2026-02-12T03:00:00Z", "eva", "list", resource).to_string();
        std::fs::write(folder.path().join(archive), event).unwrap();
    }
    for (arguments, is_warned) in [
        (&["a.log", "b.log"][..], true),
        (&["a.log"], false),
        (&["a.log", "b.log", "--k8s-cluster", "prod"], false),
    ] {
        for command in ["scan", "triage"] {
            let output = firstseen(&[&[command], arguments].concat(), folder.path());
            let shown = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                shown.contains("events of 2 archives name no cluster"),
                is_warned,
                "{command} {arguments:?} {shown}"
            );
            assert_eq!(shown.contains("name each (k8s-cluster of its [[archive]]"), is_warned, "{shown}");
        }
    }
}
