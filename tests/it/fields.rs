//! The fields of each kind of finding: `docs/formats.md` is compared with findings of all kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use firstseen::coverage::Coverage;
use firstseen::inventory::collect;
use firstseen::learn::LearnSettings;
use firstseen::model::{Dimensions, PrincipalKey};
use firstseen::query::{Finding, FindingKind, Integrity, Question, first_seen, set_covered};
use firstseen::report::{ExportFormat, FindingRow, Format, Report, UsedSettings};
use firstseen::time::Span;
use serde_json::{Map, Value, json};

use crate::archive::{Archive, audit_event, log_path, question, record, settings, with, wrapped};
use crate::geo::{locations, set_locations};
use crate::rules::rules;

const FORMATS: &str = include_str!("../../docs/formats.md");

const KINDS: [FindingKind; 7] = [
    FindingKind::NewAction,
    FindingKind::NewPrincipal,
    FindingKind::ReturningAction,
    FindingKind::RootActivity,
    FindingKind::Rule,
    FindingKind::Insight,
    FindingKind::NewNetwork,
];

const RULES: &str = "\
- rule: calls
  condition: ct.name exists
  output: did %ct.name
  priority: INFO
  source: aws_cloudtrail
- rule: requests
  condition: ka.verb exists
  output: did %ka.verb
  priority: NOTICE
  source: k8s_audit
";

const ROLE: &str = "arn:aws:iam::111122223333:role/Deploy";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Deploy/jo";

/// Calls of every principal on 2 March, repeated on 30 March.
fn calls() -> Vec<Value> {
    let issuer = json!({"type": "Role", "arn": ROLE, "principalId": "AROAEXAMPLE01"});
    let role = json!({
        "type": "AssumedRole", "principalId": "AROAEXAMPLE01:jo", "arn": SESSION, "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE", "sessionContext": {"sessionIssuer": issuer},
    });
    let root = json!({
        "type": "Root", "principalId": "AIDAEXAMPLE09", "arn": "arn:aws:iam::111122223333:root",
        "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLEROOT",
        "sessionContext": {"assumedRoot": "true"},
    });
    let nobody =
        json!({"recipientAccountId": "ABSENT", "eventID": "ABSENT", "userIdentity": {"type": "Unknown"}});
    let denied = json!({"errorCode": "AccessDenied"});
    let issued = json!({"responseElements": {"credentials": {"accessKeyId": "ASIAISSUED"}}});
    let days = ["2024-03-02", "2024-03-30"];
    days.into_iter()
        .flat_map(|day| {
            let call =
                |hour: u8, action: &str| record(&format!("{day}T{hour:02}:00:00Z"), "evangeline", action);
            [
                with(call(1, "iam:CreateUser"), denied.clone()),
                call(2, "iam:CreateUser"),
                with(call(3, "s3:ListBuckets"), json!({ "userIdentity": role })),
                with(with(call(4, "s3:GetObject"), json!({ "userIdentity": root })), denied.clone()),
                with(call(5, "s3:GetObject"), json!({ "userIdentity": root })),
                with(call(6, "s3:GetObject"), nobody.clone()),
                with(with(call(7, "sts:AssumeRole"), json!({ "userIdentity": root })), issued.clone()),
                with(record(&format!("{day}T08:00:00Z"), "zoe", "sts:GetSessionToken"), issued.clone()),
            ]
        })
        .collect()
}

/// Requests to a cluster on the same days, by the role and with impersonation.
fn requests() -> Vec<Value> {
    let extra = json!({"arn": [SESSION], "canonicalArn": [ROLE], "accessKeyId": ["ASIAEXAMPLE"],
        "principalId": ["AROAEXAMPLE01"], "sessionName": ["jo"]});
    let user = json!({"username": "deploy", "uid": "aws-iam-authenticator:111122223333:AROAEXAMPLE01", "extra": extra});
    let days = ["2024-03-02", "2024-03-30"];
    days.into_iter()
        .flat_map(|day| {
            let request = |hour: u8, resource: &str| {
                let event = audit_event(&format!("{day}T{hour:02}:00:00Z"), "deploy", "list", resource);
                with(event, json!({ "user": user }))
            };
            [
                request(7, "pods"),
                with(request(8, "secrets"), json!({"impersonatedUser": {"username": "jane"}})),
                with(request(9, "nodes"), json!({"responseStatus": {"code": 403, "reason": "Forbidden"}})),
            ]
        })
        .collect()
}

fn insights() -> Vec<Value> {
    let insight = |id: &str, details: Value| {
        json!({"eventVersion": "1.09", "eventTime": "2024-03-20T00:00:00Z", "awsRegion": "eu-west-1", "eventID": id,
            "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333", "eventCategory": "Insight",
            "sourceIPAddress": "198.51.100.9", "insightDetails": details})
    };
    let of = |caller: &str| {
        let most = |attribute: &str, value: &str| json!({"attribute": attribute, "insight": [{"value": value, "average": 5.5}]});
        let attributions = [most("userIdentityArn", caller), most("userAgent", "aws-cli/2.15")];
        json!({"state": "Start", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
            "insightType": "ApiErrorRateInsight", "errorCode": "Throttling",
            "insightContext": {"attributions": attributions}})
    };
    let user = "arn:aws:iam::111122223333:user/evangeline";
    let nothing =
        with(insight("ABSENT", json!({})), json!({"recipientAccountId": "ABSENT", "eventID": "ABSENT"}));
    vec![insight("1", of(SESSION)), insight("2", of(user)), nothing]
}

/// Calls `look` with reports under several principal keys that together have all kinds of findings.
fn reports(mut look: impl FnMut(&Report<'_>)) {
    let archive = Archive::new()
        .object(&log_path("20240302T0412", "calls"), &wrapped(&calls()))
        .object("insights.json", &wrapped(&insights()))
        .object("EKSLogs/111122223333/prod/2024/03/02/00/audit.json", &lines(&requests()));
    let iam = tempfile::tempdir().unwrap();
    let users = json!({"Users": [{"Path": "/", "UserName": "evangeline", "UserId": "AIDAEVANGELINE",
        "Arn": "arn:aws:iam::111122223333:user/evangeline", "CreateDate": "2024-01-01T00:00:00Z"}]});
    let roles = json!({"Roles": [{"Path": "/", "RoleName": "Deploy", "RoleId": "AROAEXAMPLE01", "Arn": ROLE,
        "CreateDate": "2024-01-01T00:00:00Z"}]});
    fs::write(iam.path().join("users.json"), users.to_string()).unwrap();
    fs::write(iam.path().join("roles.json"), roles.to_string()).unwrap();
    let inventory = collect(&[iam.path().to_owned()]).unwrap().inventory;
    let rules = Arc::new(rules(RULES));
    for principal_key in [PrincipalKey::Arn, PrincipalKey::Id, PrincipalKey::AccessKey] {
        let (rules, dimensions) = (Some(Arc::clone(&rules)), Dimensions::ALL);
        let settings = LearnSettings { rules, dimensions, principal_key, ..settings() };
        let mut ingested = archive.ingest(&settings);
        ingested.baseline.add_inventory(inventory.clone());
        let baseline = ingested.baseline.resolved(principal_key);
        for all_matches in [false, true] {
            let report = if all_matches { vec![FindingKind::Rule] } else { KINDS.to_vec() };
            let asked = Question { forget: Some(Span::days(10)), report, all_matches, ..question(0) };
            let mut findings = first_seen(&baseline, &asked);
            let locations = locations(&findings);
            set_locations(&locations, &mut findings);
            // As if only some of the log files had been verified.
            for finding in findings.iter_mut().step_by(2).filter(|finding| finding.evidence.is_some()) {
                finding.integrity = Some(Integrity::Proven);
            }
            set_covered(&ingested.coverage, (asked.warmup, None), findings.iter_mut());
            look_at(&ingested.coverage, &findings, &mut look);
        }
    }
}

fn lines(events: &[Value]) -> Vec<u8> {
    events.iter().map(|event| format!("{event}\n")).collect::<String>().into_bytes()
}

fn look_at(coverage: &Coverage, findings: &[Finding<'_>], look: &mut impl FnMut(&Report<'_>)) {
    let settings = UsedSettings::default();
    let archives = ["s3://bucket/logs".to_owned()];
    look(&Report { settings: &settings, coverage, archives: &archives, findings });
}

fn in_format(report: &Report<'_>, format: Format) -> String {
    let mut out = Vec::new();
    report.write(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn exported(report: &Report<'_>, format: ExportFormat) -> String {
    let mut out = Vec::new();
    report.write_export(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The findings as rows of JSON lines.
fn rows(report: &Report<'_>) -> Vec<Map<String, Value>> {
    let written = in_format(report, Format::JsonLines);
    let rows = written.lines().map(|line| serde_json::from_str::<Map<String, Value>>(line).unwrap());
    rows.filter(|row| row.contains_key("finding")).collect()
}

/// The cells of the table below a heading, row by row.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = FORMATS.split_once(&format!("\n{heading}\n")).unwrap();
    let lines =
        section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| {
        let cells = line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`'));
        cells.collect::<Vec<_>>()
    };
    lines.filter(|line| !line.starts_with("|---")).map(cells).collect()
}

/// For each kind and field: `always`, `if known` or `–`.
fn promises() -> BTreeMap<(&'static str, &'static str), &'static str> {
    let mut rows = table("### Which findings have which fields").into_iter();
    let header = rows.next().unwrap();
    assert_eq!(header[1..], KINDS.map(FindingKind::name));
    let cells = rows.flat_map(|row| {
        assert_eq!(row.len(), header.len(), "{row:?}");
        let kinds = KINDS.map(FindingKind::name).into_iter();
        kinds.zip(row[1..].to_vec()).map(move |(kind, promise)| ((kind, row[0]), promise)).collect::<Vec<_>>()
    });
    cells.collect()
}

#[test]
fn headers_rows_and_docs_have_the_same_fields_in_the_same_order() {
    let fields = |heading| table(heading).into_iter().skip(1).map(|row| row[0]).collect::<Vec<_>>();
    assert_eq!(fields("## Findings: CSV, JSON and JSON lines"), FindingRow::COLUMNS);
    assert_eq!(fields("### Which findings have which fields"), FindingRow::COLUMNS);
    reports(|report| {
        for format in [Format::Csv, Format::RawCsv] {
            assert_eq!(in_format(report, format).lines().next().unwrap(), FindingRow::COLUMNS.join(","));
        }
        for format in [Format::Json, Format::JsonLines] {
            let written = in_format(report, format);
            let line = written.lines().find(|line| line.contains("{\"finding\":")).unwrap();
            let row: Map<String, Value> = serde_json::from_str(line.trim().trim_end_matches(',')).unwrap();
            assert_eq!(
                row.keys().map(String::as_str).collect::<BTreeSet<_>>(),
                FindingRow::COLUMNS.iter().copied().collect()
            );
            let places: Vec<_> =
                FindingRow::COLUMNS.iter().map(|field| line.find(&format!("\"{field}\":"))).collect();
            assert!(places.is_sorted(), "{line}");
        }
    });
}

#[test]
fn every_kind_has_exactly_the_documented_fields() {
    let promises = promises();
    let mut found: BTreeMap<(&str, &str), [usize; 2]> = BTreeMap::new();
    reports(|report| {
        for row in rows(report) {
            for field in FindingRow::COLUMNS {
                let kind = KINDS.iter().find(|kind| kind.name() == row["finding"]).unwrap();
                let [there, absent] = found.entry((kind.name(), field)).or_default();
                *(if row[*field].is_null() { absent } else { there }) += 1;
            }
        }
    });
    assert!(found.keys().eq(promises.keys()));
    let broken: Vec<String> = found
        .into_iter()
        .filter(|(place, [there, absent])| match promises[place] {
            "always" => *absent > 0,
            "if known" => *there == 0,
            "–" => *there > 0,
            other => panic!("{place:?}: {other}"),
        })
        .map(|(place, counts)| format!("{place:?}: {}, found and not: {counts:?}", promises[&place]))
        .collect();
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn absent_fields_are_absent_in_every_format() {
    let promises = promises();
    let is_denied = |kind: &Value, field: &str| promises[&(kind.as_str().unwrap(), field)] == "–";
    reports(|report| {
        let rows = rows(report);
        let written = in_format(report, Format::RawCsv);
        let mut csv = csv::Reader::from_reader(written.as_bytes());
        for (record, row) in csv.records().map(Result::unwrap).zip(&rows) {
            let cells = FindingRow::COLUMNS.iter().zip(&record);
            cells.for_each(|(field, cell)| assert_eq!(cell.is_empty(), row[*field].is_null(), "{field}"));
        }
        let product_fields = report.asff().0.flat_map(|batch| {
            let batch: Value = serde_json::from_str(&batch.json).unwrap();
            batch["Findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["ProductFields"].clone())
                .collect::<Vec<_>>()
        });
        let alerts = exported(report, ExportFormat::Falco);
        let output_fields =
            alerts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["output_fields"].take());
        for (prefix, fields) in product_fields
            .map(|fields| ("firstseen/", fields))
            .chain(output_fields.map(|fields| ("firstseen.", fields)))
        {
            let kind = &fields[format!("{prefix}finding")];
            for field in fields.as_object().unwrap().keys().filter_map(|name| name.strip_prefix(prefix)) {
                assert!(!is_denied(kind, field), "{prefix}{field} of {kind}");
            }
        }
        assert!(!exported(report, ExportFormat::Sns).contains("\"-\""));
        for (line, row) in exported(report, ExportFormat::Ocsf).lines().zip(&rows) {
            let event: Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["unmapped"].as_object(), Some(row));
            assert_eq!(event["count"], row["count"]);
            assert_eq!(event["end_time"].is_null(), row["count"].is_null());
            assert!(!line.contains("\"-\""), "{line}");
        }
    });
}

#[test]
fn texts_omit_fields_that_do_not_apply() {
    reports(|report| {
        let text = in_format(report, Format::Text);
        assert!(!text.contains("-:-") && !text.contains("account -"), "{text}");
        let mut about = "";
        for line in text.lines() {
            if line.starts_with("2024") {
                about = line.split("  ").nth(1).unwrap().split(' ').next().unwrap();
            }
            let is_denied = |kinds: &[&str], phrases: &[&str]| {
                kinds.contains(&about) && phrases.iter().any(|phrase| line.contains(phrase))
            };
            assert!(
                !is_denied(&["insight"], &["known for", "success", "failed", "before"]),
                "{about}: {line}"
            );
            assert!(!is_denied(&["root-activity", "rule"], &["before", "first in the"]), "{about}: {line}");
        }
        for batch in report.asff().0 {
            let batch: Value = serde_json::from_str(&batch.json).unwrap();
            for finding in batch["Findings"].as_array().unwrap() {
                let about = &finding["ProductFields"]["firstseen/finding"];
                let said = finding["Description"].as_str().unwrap();
                let of_actions = ["new-action", "new-principal", "returning-action"];
                let is_first = of_actions.iter().any(|kind| about == kind);
                assert_eq!(said.contains(" had done this before"), is_first, "{said}");
                assert_eq!(said.contains(" had this value before"), about == "new-network", "{said}");
                assert_eq!(said.contains("known for"), about != "insight", "{said}");
                assert_eq!(said.contains(" of the hour "), about == "returning-action", "{said}");
                assert_ne!(finding["Resources"][0]["Id"], "-");
            }
        }
    });
}

/// The root user fails to repeat an earlier call; a rule matches the calls of a new user.
#[test]
fn root_and_rule_findings_show_the_age_and_first_success_of_the_principal() {
    let root = json!({"type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root",
        "accountId": "111122223333"});
    let call = |day: u8| {
        let call = record(&format!("2024-03-{day:02}T10:00:00Z"), "eva", "s3:GetObject");
        with(call, json!({ "userIdentity": root }))
    };
    let denied = |call: Value| with(call, json!({"errorCode": "AccessDenied"}));
    let new = |day: u8| record(&format!("2024-03-{day:02}T10:00:00Z"), "bob", "s3:GetObject");
    let events = [call(1), denied(call(5)), new(20), denied(new(21))];
    let archive = Archive::new().object("a.json", &wrapped(&events));
    let rules = Some(Arc::new(rules(RULES)));
    let ingested = archive.ingest(&LearnSettings { rules, ..settings() });
    let report = vec![FindingKind::RootActivity, FindingKind::Rule];
    let asked = Question { report, all_matches: true, ..question(30) };
    let mut said = Vec::new();
    look_at(&ingested.coverage, &first_seen(&ingested.baseline, &asked), &mut |report| {
        let texts = in_format(report, Format::Text);
        assert!(texts.contains(
            "\n    high severity, known for 4 d (first-sighting), failed: AccessDenied; first success 2024-03-01T10:00:00Z\n"
        ));
        assert!(!texts.contains("never succeeded"), "{texts}");
        said = rows(report)
            .iter()
            .map(|row| {
                ["finding", "time", "age_days", "anchor_time", "first_success"]
                    .map(|field| row[field].to_string())
                    .join(" ")
            })
            .collect();
    });
    let line = |kind: &str, day: u8, age: u8, first: u8| {
        let time = |day: u8| format!("\"2024-03-{day:02}T10:00:00Z\"");
        format!("\"{kind}\" {} {age}.0 {} {}", time(day), time(first), time(first))
    };
    assert_eq!(
        said,
        [
            line("root-activity", 1, 0, 1),
            line("rule", 1, 0, 1),
            line("root-activity", 5, 4, 1),
            line("rule", 5, 4, 1),
            line("rule", 20, 0, 20),
            line("rule", 21, 1, 20),
        ]
    );
}

/// With `only_success`, the age of a principal counts from its first success.
#[test]
fn a_principal_has_no_age_before_its_first_sighting() {
    let root = json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"});
    let call = |day: u8, code: &str| {
        let call = record(&format!("2024-03-{day:02}T10:00:00Z"), "eva", "s3:GetObject");
        with(call, json!({"userIdentity": root, "errorCode": code}))
    };
    let archive = Archive::new().object("a.json", &wrapped(&[call(1, "AccessDenied"), call(5, "")]));
    let baseline = archive.ingest(&settings()).baseline;
    let asked = Question { report: vec![FindingKind::RootActivity], only_success: true, ..question(0) };
    let ages: Vec<_> = first_seen(&baseline, &asked).iter().map(Finding::age_micros).collect();
    assert_eq!(ages, [None, Some(0)]);
}
