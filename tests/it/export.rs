//! Findings in the formats of other systems, checked against their requirements.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, record, with, wrapped};
use crate::program::{firstseen, firstseen_here};

const SMALL: &str = "fixtures/small-archive";
const MIXED: &str = "fixtures/mixed-archive";

fn values(lines: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The findings in each file of ASFF batches; checks the limits of an API call.
fn batches(folder: &Path) -> BTreeMap<String, Vec<Value>> {
    let mut batches = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.len() < 245_000, "{}", text.len());
        let document: Value = serde_json::from_str(&text).unwrap();
        let findings = document["Findings"].as_array().unwrap().clone();
        assert!((1..=100).contains(&findings.len()));
        batches.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), findings);
    }
    batches
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Checks the required fields and the length limits of `AwsSecurityFinding` (Security Hub API Reference).
fn check_asff(finding: &Value, account: &str, region: &str) {
    let text = |path: &str| {
        finding.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path}: {finding}"))
    };
    let starts = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("", "aws"),
    ];
    let (_, partition) = starts.iter().find(|(start, _)| region.starts_with(start)).unwrap();
    assert_eq!(text("/SchemaVersion"), "2018-10-08");
    assert_eq!(text("/AwsAccountId"), account);
    assert_eq!(
        text("/ProductArn"),
        format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default")
    );
    for (path, most) in [("/Id", 512), ("/GeneratorId", 512), ("/Title", 256), ("/Description", 1_024)] {
        assert!((1..=most).contains(&text(path).chars().count()), "{path}");
    }
    for path in ["/CreatedAt", "/UpdatedAt", "/FirstObservedAt"] {
        let time = text(path).as_bytes();
        assert!(time.len() == 24 && time[10] == b'T' && time[19] == b'.' && time[23] == b'Z', "{path}");
    }
    assert!(text("/UpdatedAt") >= text("/CreatedAt"));
    let label = text("/FindingProviderFields/Severity/Label");
    assert!(["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"].contains(&label));
    let is_rule = finding["ProductFields"]["firstseen/finding"] == "rule";
    let sort = if is_rule { "TTPs" } else { "Unusual Behaviors/User" };
    assert_eq!(finding["FindingProviderFields"]["Types"][0], sort);
    let resources = finding["Resources"].as_array().unwrap();
    assert!(resources.iter().all(|resource| resource["Type"].is_string() && resource["Id"].is_string()));
    let fields = finding["ProductFields"].as_object().unwrap();
    assert!(fields.len() <= 50);
    assert!(
        fields
            .iter()
            .all(|(key, value)| key.len() <= 128 && value.as_str().unwrap().chars().count() <= 2_048)
    );
    assert!(texts(finding).iter().all(|text| !text.trim().is_empty()), "{finding}");
}

/// Checks the required fields of `detection_finding` (OCSF 1.1.0 to 1.3.0).
fn check_ocsf(event: &Value) {
    let number =
        |path: &str| event.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path}: {event}"));
    assert_eq!((number("/category_uid"), number("/class_uid"), number("/type_uid")), (2, 2004, 200_401));
    assert_eq!(number("/activity_id"), 1);
    assert!((1..=5).contains(&number("/severity_id")));
    assert!(number("/time") > 1_600_000_000_000 && number("/time") >= number("/start_time"));
    for path in [
        "/metadata/version",
        "/metadata/product/name",
        "/metadata/product/vendor_name",
        "/finding_info/uid",
        "/finding_info/title",
    ] {
        assert!(
            event.pointer(path).and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
            "{path}: {event}"
        );
    }
    let mut mapped = event.clone();
    mapped.as_object_mut().unwrap().remove("unmapped");
    // `max_len` of `string_t`.
    assert!(texts(&mapped).iter().all(|text| text.chars().count() <= 65_535), "too long");
    let account = event.pointer("/cloud/account/uid").and_then(Value::as_str);
    assert!(account.is_none_or(|account| account.len() == 12), "{account:?}");
    let row = &event["unmapped"];
    let is_of_cloud =
        row["source"] != "kubernetes" || row["account"] != Value::Null || row["region"] != Value::Null;
    let profiles = if is_of_cloud { json!(["cloud"]) } else { Value::Null };
    assert_eq!(
        (&event["metadata"]["profiles"], event["cloud"]["provider"] == "AWS"),
        (&profiles, is_of_cloud),
        "{event}"
    );
    let rule = event.pointer("/finding_info/analytic/name");
    assert_eq!(rule.is_some(), row["finding"] == "rule", "{event}");
    assert_eq!(
        event.pointer("/evidences/0/actor/user/uid").unwrap_or(&Value::Null),
        &event["unmapped"]["principal"]
    );
    assert!(event.pointer("/evidences/0/api/operation").is_some_and(Value::is_string), "{event}");
    // `network_endpoint` requires at least one of these.
    let names_it = |endpoint: &Value| endpoint["ip"].is_string() || endpoint["svc_name"].is_string();
    assert!(event.pointer("/evidences/0/src_endpoint").is_none_or(names_it), "{event}");
}

/// The ASFF findings of a scan of these records with these flags.
fn written(records: &[Value], flags: &[&str]) -> Vec<Value> {
    let place = TempDir::new().unwrap();
    let (logs, out) = (place.path().join("logs.json"), place.path().join("out"));
    fs::write(&logs, wrapped(records)).unwrap();
    let scan = ["scan", logs.to_str().unwrap(), "-q", "-f", "asff,ocsf,sns", "-o", out.to_str().unwrap()];
    let made = firstseen_here(&[&scan, flags].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let ocsf = values(&fs::read(out.join("findings.ocsf.jsonl")).unwrap());
    ocsf.iter().for_each(check_ocsf);
    let mut written = Vec::new();
    for (file, findings) in batches(&out.join("asff")) {
        let mut parts = file.split('_');
        let (account, region) = (parts.next().unwrap(), parts.next().unwrap());
        findings.iter().for_each(|finding| check_asff(finding, account, region));
        written.extend(findings);
    }
    let ids = |texts: Vec<&Value>| texts.into_iter().map(Value::to_string).collect::<BTreeSet<_>>().len();
    assert_eq!(ids(written.iter().map(|finding| &finding["Id"]).collect()), written.len(), "an id twice");
    assert_eq!(ids(ocsf.iter().map(|event| &event["metadata"]["uid"]).collect()), ocsf.len(), "an id twice");
    written
}

#[test]
fn findings_at_the_same_time_have_different_ids() {
    let insight = |kind: &str, code: &str, id: &str| {
        json!({"eventVersion": "1.09", "eventTime": "2024-03-01T00:00:00Z", "awsRegion": "eu-west-1", "eventID": id,
            "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333", "eventCategory": "Insight",
            "insightDetails": {"state": "Start", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
                "insightType": kind, "errorCode": code, "insightContext": {}}})
    };
    let insights = [
        insight("ApiCallRateInsight", "", "1"),
        insight("ApiErrorRateInsight", "AccessDenied", "2"),
        insight("ApiErrorRateInsight", "Throttling", "3"),
    ];
    let found = written(&insights, &["--include-insights", "--report", "insight"]);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|finding| !finding["Description"].as_str().unwrap().contains("The call")));
    let nameless = with(record("2024-03-01T00:00:00Z", "eva", "s3:A"), json!({"eventID": "ABSENT"}));
    let rules =
        ["--rules", "fixtures/rules/team.yaml", "--builtin-rules", "--all-matches", "--report", "rule"];
    let made = with(nameless, json!({"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}));
    assert!(written(&[made.clone(), made.clone(), made], &rules).len() >= 3);
}

#[test]
fn findings_without_a_region_use_the_region_of_global_services() {
    let of = |partition: &str, region: &str, global: &str| {
        let arn = format!("arn:{partition}:iam::111122223333:user/eva");
        let identity = json!({"type": "IAMUser", "arn": arn, "accountId": "111122223333"});
        let event = |time: &str| {
            with(record(time, "eva", "s3:A"), json!({"userIdentity": identity, "awsRegion": region}))
        };
        let flags = ["--warmup", "1d", "--forget", "10d", "--report", "returning-action"];
        let found = written(&[event("2024-03-01T00:00:00Z"), event("2024-04-01T00:00:00Z")], &flags);
        let arn = found[0]["ProductArn"].as_str().unwrap().to_owned();
        assert!(arn.starts_with(&format!("arn:{partition}:securityhub:{global}:")), "{arn}");
    };
    of("aws", "eu-west-1", "us-east-1");
    of("aws-cn", "cn-northwest-1", "cn-north-1");
    of("aws-us-gov", "us-gov-east-1", "us-gov-west-1");
    of("aws-eusc", "eusc-de-east-1", "eusc-de-east-1");
}

#[test]
fn texts_outside_the_length_limits_are_cut_or_omitted() {
    let odd = |changes: Value| with(record("2024-03-01T00:00:00Z", "eva", "s3:A"), changes);
    let events = [
        odd(json!({"eventName": "x".repeat(300_000), "sourceIPAddress": "y".repeat(300)})),
        odd(json!({"eventName": " ", "eventID": "2"})),
        odd(json!({"eventName": "\u{1}", "eventID": "3"})),
        odd(json!({"eventSource": " ", "eventID": "4"})),
        odd(json!({"eventName": "B", "sourceIPAddress": "\u{1}", "eventID": "5"})),
        odd(json!({"eventName": "C", "eventID": "6", "userIdentity": {"type": "IAMUser", "arn": "\u{2}"}})),
        odd(
            json!({"eventName": "D", "eventID": "7", "errorCode": "é".repeat(70_000), "eventSource": "z".repeat(70_000)}),
        ),
    ];
    let found = written(&events, &["--warmup", "0d", "--report", "new-action"]);
    assert_eq!(found.len(), 7);
    for call in found.iter().filter_map(|finding| finding.pointer("/Action/AwsApiCallAction")) {
        let texts = ["/Api", "/ServiceName", "/DomainDetails/Domain"];
        for text in texts.iter().filter_map(|path| call.pointer(path)) {
            assert!((1..=128).contains(&text.as_str().unwrap().chars().count()), "{call}");
        }
    }
}

#[test]
fn a_finding_of_several_events_describes_the_first() {
    let made = |time: &str, changes: Value| with(record(time, "eva", "iam:CreateUser"), changes);
    let events = [
        made("2024-03-01T00:00:00Z", json!({})),
        made("2024-03-02T00:00:00Z", json!({"errorCode": "AccessDenied"})),
    ];
    let place = TempDir::new().unwrap();
    let rules = place.path().join("rules.yaml");
    let rule = "- rule: r\n  condition: ct.name=CreateUser\n  output: x\n  priority: INFO\n  source: aws_cloudtrail\n";
    fs::write(&rules, rule).unwrap();
    let found = written(&events, &["--rules", rules.to_str().unwrap(), "--report", "rule"]);
    let [finding] = &found[..] else { panic!("{found:?}") };
    let said = finding["Description"].as_str().unwrap();
    assert!(said.contains(", 2 times, known for 0 days. The first call succeeded."), "{said}");
    let call = &finding["Action"]["AwsApiCallAction"];
    assert!(call["FirstSeen"].is_string() && call["LastSeen"].is_null());
}

/// Checks the fields that consumers of Falco alerts read (falcosecurity/falcosidekick, `types.FalcoPayload`).
fn check_alert(alert: &Value) {
    for path in ["/time", "/rule", "/priority", "/source", "/output"] {
        let text = alert.pointer(path).and_then(Value::as_str);
        assert!(text.is_some_and(|text| !text.is_empty()), "{path}: {alert}");
    }
    let known = ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"];
    assert!(known.contains(&alert["priority"].as_str().unwrap()));
    assert!(alert["tags"].is_array() && alert["output_fields"].is_object());
}

#[test]
fn a_rule_gives_one_alert_for_an_event_of_two_findings() {
    let root = json!({"type": "Root", "principalId": "111122223333", "accountId": "111122223333",
        "arn": "arn:aws:iam::111122223333:root"});
    let deed = with(record("2024-03-01T00:00:00Z", "eva", "s3:A"), json!({ "userIdentity": root }));
    let folder = TempDir::new().unwrap();
    let logs = folder.path().join("logs.json");
    fs::write(&logs, wrapped(&[deed])).unwrap();
    let run = |format| {
        let scan = ["scan", logs.to_str().unwrap(), "--builtin-rules", "--warmup", "0d", "-q", "-f", format];
        firstseen_here(&scan).stdout
    };
    let findings = values(&run("jsonl"));
    let with_rule = findings.iter().filter(|row| row["rules"] == "Root user acted").count();
    assert!(with_rule >= 2, "{findings:?}");
    let alerts = values(&run("falco-json"));
    assert_eq!(alerts.iter().filter(|alert| alert["rule"] == "Root user acted").count(), 1);
}

#[test]
fn a_region_that_is_a_path_is_not_part_of_a_file_name() {
    let place = TempDir::new().unwrap();
    let logs = place.path().join("logs.json");
    let event = record("2024-03-01T00:00:00Z", "eva", "s3:A");
    let event = with(event, json!({"awsRegion": "a/../x-y-1", "recipientAccountId": "111122223333"}));
    fs::write(&logs, format!("{event}\n")).unwrap();
    let out = place.path().join("out");
    let (logs, folder) = (logs.to_str().unwrap(), out.to_str().unwrap());
    let made = firstseen_here(&["scan", logs, "--warmup", "0d", "-f", "asff", "-o", folder, "-q"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let files = batches(&out.join("asff"));
    assert_eq!(files.into_keys().collect::<Vec<_>>(), ["111122223333_us-east-1_0001.json"]);
}

#[test]
fn several_formats_in_a_folder_hold_the_same_findings() {
    let place = TempDir::new().unwrap();
    for (archive, is_matched) in [(SMALL, true), (MIXED, false)] {
        let folder = place.path().join(is_matched.to_string()).join("out");
        let out = folder.to_str().unwrap();
        let made = firstseen_here(&[
            "scan",
            archive,
            "--warmup",
            "7d",
            "-f",
            "csv,jsonl,text,asff,ocsf,sns,falco-json",
            "--builtin-rules",
            "--rules",
            "fixtures/rules/team.yaml",
            "-o",
            out,
            "-q",
        ]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let lines = values(&fs::read(folder.join("findings.jsonl")).unwrap());
        let findings = &lines[1..lines.len() - 1];
        assert!(findings.len() >= 4);
        assert_eq!(findings.iter().any(|finding| finding["rules"].is_string()), is_matched);
        let ocsf = values(&fs::read(folder.join("findings.ocsf.jsonl")).unwrap());
        ocsf.iter().for_each(check_ocsf);
        assert!(ocsf.iter().map(|event| &event["unmapped"]).eq(findings));
        let alerts = values(&fs::read(folder.join("findings.falco.jsonl")).unwrap());
        alerts.iter().for_each(check_alert);
        let mut given = BTreeSet::new();
        let mut alerts_of = |finding: &Value| {
            let rules = finding["rules"].as_str().into_iter().flat_map(|rules| rules.split("; "));
            let event = finding["event_id"].to_string();
            rules.filter(|rule| given.insert((rule.to_string(), event.clone()))).count().max(1)
        };
        assert_eq!(alerts.len(), findings.iter().map(&mut alerts_of).sum::<usize>());
        let batches = batches(&folder.join("asff"));
        let mut ids = BTreeSet::new();
        for (file, findings) in &batches {
            let (account, rest) = file.split_once('_').unwrap();
            let (region, _) = rest.split_once('_').unwrap();
            for finding in findings {
                check_asff(finding, account, region);
                assert!(ids.insert(finding["Id"].to_string()), "an id twice");
            }
        }
        // Of callers without an account, the log has one.
        let has_account = |finding: &&Value| {
            let is_named = finding["account"].as_str().is_some_and(|account| account.len() == 12);
            is_named || finding["object"].as_str().is_some_and(|object| object.starts_with("AWSLogs/"))
        };
        assert_eq!(ids.len(), findings.iter().filter(has_account).count());
        assert!(fs::read_to_string(folder.join("findings.txt")).unwrap().contains(" findings"));
    }
}

#[test]
fn a_cluster_outside_aws_is_in_no_cloud() {
    let ocsf = |path: &str| {
        let run = ["scan", path, "-f", "ocsf", "-q", "--warmup", "0d", "--source", "kubernetes"];
        let events = values(&firstseen_here(&run).stdout);
        assert!(!events.is_empty());
        events.iter().for_each(check_ocsf);
        events
    };
    let place = TempDir::new().unwrap();
    let log = place.path().join("audit.log");
    let event = crate::archive::audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    fs::write(&log, event.to_string()).unwrap();
    for event in ocsf(log.to_str().unwrap()) {
        assert!(event["cloud"].is_null() && event["metadata"]["profiles"].is_null(), "{event}");
    }
    for event in ocsf(MIXED) {
        assert_eq!(event["cloud"]["account"]["uid"], "111122223333", "{event}");
    }
}

#[test]
fn findings_in_iso_regions_have_their_partition() {
    for (region, partition) in [("us-iso-east-1", "aws-iso"), ("us-isob-east-1", "aws-iso-b")] {
        let made =
            with(record("2024-03-01T00:00:00Z", "eva", "iam:CreateUser"), json!({"awsRegion": region}));
        let found = written(&[made], &["--warmup", "0d"]);
        assert!(!found.is_empty());
        for finding in &found {
            let arn =
                format!("arn:{partition}:securityhub:{region}:111122223333:product/111122223333/default");
            assert_eq!(
                (&finding["ProductArn"], &finding["Resources"][0]["Partition"]),
                (&arn.into(), &partition.into())
            );
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let once = firstseen_here(&["scan", SMALL, "-f", "ocsf", "-q"]).stdout;
    assert!(!once.is_empty());
    assert_eq!(firstseen_here(&["scan", SMALL, "-f", "ocsf", "-q", "--threads", "1"]).stdout, once);
}

#[test]
fn a_message_holds_the_actions_of_one_principal() {
    let sns =
        |path: &str| values(&firstseen_here(&["scan", path, "-f", "sns", "-q", "--warmup", "0d"]).stdout);
    let place = TempDir::new().unwrap();
    let log = place.path().join("audit.log");
    let event = crate::archive::audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    fs::write(&log, event.to_string()).unwrap();
    assert!(sns(log.to_str().unwrap())[0]["account"].is_null());
    let messages = values(&firstseen_here(&["scan", MIXED, "-f", "sns", "-q"]).stdout);
    let text = |message: &Value| {
        format!("{} {}: {}", message["account"], message["role"], message["actions"]).replace('"', "")
    };
    assert_eq!(
        messages.iter().map(text).collect::<Vec<_>>(),
        [
            "111122223333 deploy: guardduty.amazonaws.com:ListFindings",
            "111122223333 deploy: create core/pods/exec",
            "111122223333 system:serviceaccount:shop:web: list core/secrets, create rbac.authorization.k8s.io/clusterrolebindings",
        ]
    );
}

#[test]
fn several_output_files_need_an_empty_folder() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("x"), "").unwrap();
    let stderr = |args: &[&str]| {
        let output = firstseen_here(&[&["scan", SMALL, "-q"], args].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(stderr(&["-f", "asff"]).contains("name it with --output"));
    assert!(stderr(&["-f", "csv,json"]).contains("name it with --output"));
    assert!(stderr(&["-f", "asff", "-o", place.path().to_str().unwrap()]).contains("is not empty"));
    let baseline = firstseen_here(&["baseline", SMALL, "-f", "asff", "-q"]);
    assert_eq!(baseline.status.code(), Some(2));
}

#[test]
fn findings_without_an_account_are_reported() {
    let place = TempDir::new().unwrap();
    let log = place.path().join("audit.log");
    let event = crate::archive::audit_event("2026-01-02T03:04:05.000001Z", "jo", "get", "pods");
    fs::write(&log, event.to_string()).unwrap();
    let out = place.path().join("out");
    let made = firstseen_here(&[
        "scan",
        log.to_str().unwrap(),
        "--warmup",
        "0d",
        "-f",
        "asff",
        "-o",
        out.to_str().unwrap(),
    ]);
    let stderr = String::from_utf8(made.stderr).unwrap();
    assert!(stderr.contains("2 findings of which no account of AWS is known"), "{stderr}");
}

#[test]
fn what_nobody_known_did_is_in_the_account_whose_log_has_it() {
    let identity =
        json!({"userIdentity": {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}});
    let get = |time: &str| with(record(time, "-", "s3:GetObject"), identity.clone());
    let archive = Archive::new().delivered("20240301T0000", &[get("2024-03-01T00:00:00Z")]).object(
        "elsewhere.json",
        &wrapped(&[with(get("2024-03-02T00:00:00Z"), json!({"eventName": "HeadObject"}))]),
    );
    let scan =
        ["scan", ".", "--warmup", "0d", "--report", "new-action", "-f", "asff,ocsf", "-o", "../out", "-q"];
    let place = TempDir::new_in(archive.path().parent().unwrap()).unwrap();
    let out = place.path().join("out");
    let scan: Vec<&str> =
        scan.into_iter().map(|word| if word == "../out" { out.to_str().unwrap() } else { word }).collect();
    let made = firstseen(&scan, archive.path());
    let said = String::from_utf8(made.stderr).unwrap();
    assert!(said.contains("1 finding of which no account of AWS is known"), "{said}");
    let batches = batches(&out.join("asff"));
    let (file, findings) = batches.first_key_value().unwrap();
    assert!(file.starts_with("111122223333_eu-west-1_") && findings.len() == 1, "{batches:?}");
    check_asff(&findings[0], "111122223333", "eu-west-1");
    let ocsf = values(&fs::read(out.join("findings.ocsf.jsonl")).unwrap());
    let accounts: Vec<&Value> = ocsf.iter().map(|event| &event["cloud"]["account"]["uid"]).collect();
    assert_eq!(accounts, [&json!("111122223333"), &Value::Null]);
}

#[test]
fn lines_are_lines_for_every_reader() {
    let odd = "a\u{2028}b\u{2029}c\u{85}d";
    let archive = Archive::new()
        .object(
            "one.json",
            &wrapped(&[with(
                record("2024-03-01T00:00:00Z", "eva", "s3:A"),
                json!({"userAgent": odd, "eventID": odd}),
            )]),
        )
        .object(&format!("{odd}.json"), b"{\"Records\": [{]}");
    let read = |name: &str| fs::read_to_string(archive.path().join(name)).unwrap();
    let (rules, warmup) =
        (["-f", "jsonl,ocsf,sns,falco-json,timesketch", "-o", "out"], ["--warmup", "0d", "-q"]);
    let scan = [&["scan", ".", "--faults", "out/faults.jsonl"][..], &rules, &warmup].concat();
    let mut outside: Vec<String> = Vec::new();
    let place = TempDir::new().unwrap();
    let out = place.path().join("out");
    let faults = out.join("faults.jsonl");
    let scan: Vec<&str> = scan
        .into_iter()
        .map(|word| match word {
            "out" => out.to_str().unwrap(),
            "out/faults.jsonl" => faults.to_str().unwrap(),
            word => word,
        })
        .collect();
    let made = firstseen(&scan, archive.path());
    assert_eq!(made.status.code(), Some(3), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(read("one.json").contains('\u{2028}'));
    for entry in fs::read_dir(&out).unwrap() {
        outside.push(fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let events = firstseen(&["events", "one.json", "-f", "jsonl", "-q"], archive.path());
    let shown = firstseen(&["show", "one.json", odd, "-f", "jsonl", "-q"], archive.path());
    outside.extend([events.stdout, shown.stdout].map(|text| String::from_utf8(text).unwrap()));
    assert_eq!(outside.len(), 8);
    for text in outside {
        assert!(!text.contains(['\u{2028}', '\u{2029}', '\u{85}']), "{text}");
        assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{text}");
    }
}
