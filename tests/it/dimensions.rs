//! First-seen values of dimensions other than the action.

use std::collections::{BTreeMap, BTreeSet};

use firstseen::baseline::Baseline;
use firstseen::learn::LearnSettings;
use firstseen::model::{Dimension, Dimensions, PrincipalKey};
use firstseen::query::{Finding, FindingKind, Question, first_seen};
use firstseen::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, question, record, settings, with};
use crate::laws::archive;

/// Addresses with their networks.
const NETWORKS: [(&str, Option<&str>); 5] = [
    ("198.51.100.7", Some("198.51.100.0/24")),
    ("198.51.100.99", Some("198.51.100.0/24")),
    ("203.0.113.7", Some("203.0.113.0/24")),
    ("2001:db8:7:1::1", Some("2001:db8:7::/48")),
    ("athena.amazonaws.com", None),
];

/// User agents with their families.
const AGENTS: [(&str, Option<&str>); 4] = [
    ("aws-cli/2.15.30 Python/3.11.8 Linux/5.10.0", Some("aws-cli 2, Linux")),
    ("aws-cli/2.18.69 Python/3.6.9 Linux/4.1", Some("aws-cli 2, Linux")),
    ("Boto3/1.34.64 md/Botocore#1.34.64 os/windows#10", Some("Boto3, Windows")),
    ("AWS Internal", None),
];

/// Error codes with their kinds.
const ERRORS: [(Option<&str>, Option<&str>); 4] = [
    (None, None),
    (Some("AccessDenied"), Some("access-denied")),
    (Some("Client.UnauthorizedOperation"), Some("access-denied")),
    (Some("NoSuchBucket"), Some("not-found")),
];

const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const KEYS: [&str; 3] = ["AKIAEXAMPLE1", "AKIAEXAMPLE2", "ASIAEXAMPLE3"];
const ACTIONS: [&str; 3] = ["s3:GetObject", "iam:ListUsers", "sts:AssumeRole"];
const ROLES: [&str; 2] = ["arn:aws:iam::444455556666:role/a", "arn:aws:iam::444455556666:role/b"];
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

pub(crate) fn all() -> LearnSettings {
    LearnSettings { dimensions: Dimensions::ALL, ..settings() }
}

fn kinds() -> Vec<FindingKind> {
    Dimensions::ALL.iter().map(FindingKind::of_dimension).collect()
}

fn asked(days: u32) -> Question {
    Question { report: kinds(), ..question(days) }
}

/// One record out of a small world, with its values.
fn any_record() -> impl Strategy<Value = Value> {
    let choices =
        (0..5_usize, 0..4_usize, 0..4_usize, 0..2_usize, 0..3_usize, 0..3_usize, 0..2_usize, 0..2_usize);
    (choices, 0..40i64, 0..3_usize, any::<bool>(), 0..40u32).prop_map(
        |((network, agent, error, region, key, action, role, account), half_day, user, invoked, id)| {
            let time = Timestamp::from_seconds(1_704_067_200 + half_day * 43_200).to_string();
            let record = record(&time, ["eva", "bob", "zoe"][user], ACTIONS[action]);
            let mut record = with(
                record,
                json!({
                    "sourceIPAddress": NETWORKS[network].0,
                    "userAgent": AGENTS[agent].0,
                    "errorCode": ERRORS[error].0,
                    "awsRegion": REGIONS[region],
                    "recipientAccountId": ACCOUNTS[account],
                    "requestParameters": {"policy": {"roleArn": "odd"}, "roleArn": ROLES[role]},
                    "eventID": format!("id-{id}-{half_day}-{user}-{action}-{network}-{agent}-{error}"),
                }),
            );
            record["userIdentity"]["accessKeyId"] = json!(KEYS[key]);
            if invoked {
                record["userIdentity"]["invokedBy"] = json!("athena.amazonaws.com");
            }
            record
        },
    )
}

pub(crate) fn any_objects() -> impl Strategy<Value = Vec<(Option<u8>, Vec<Value>)>> {
    prop::collection::vec((prop::option::of(0..28u8), prop::collection::vec(any_record(), 0..6)), 1..8)
}

/// The values of a record, in the plainest words.
pub(crate) fn values(record: &Value) -> Vec<(&'static str, String)> {
    let text = |name: &str| record[name].as_str();
    let look = |table: &[(&str, Option<&'static str>)], text: Option<&str>| {
        table.iter().find(|(known, _)| Some(*known) == text).and_then(|(_, value)| *value)
    };
    let is_forwarded = record["userIdentity"]["invokedBy"].is_string();
    let key = record["userIdentity"]["accessKeyId"].as_str().filter(|key| key.starts_with("AKIA"));
    let error = ERRORS.iter().find(|(code, _)| *code == text("errorCode")).and_then(|(_, kind)| *kind);
    let role =
        record["requestParameters"]["roleArn"].as_str().filter(|_| text("eventName") == Some("AssumeRole"));
    let account = text("recipientAccountId").filter(|account| *account != "111122223333");
    [
        ("new-network", look(&NETWORKS, text("sourceIPAddress")).filter(|_| !is_forwarded)),
        ("new-agent", look(&AGENTS, text("userAgent")).filter(|_| !is_forwarded)),
        ("new-region", text("awsRegion")),
        ("new-access-key", key),
        ("new-error", error),
        ("new-target-role", role),
        ("new-target-account", account),
    ]
    .into_iter()
    .filter_map(|(kind, value)| Some((kind, value?.to_owned())))
    .collect()
}

/// The findings that a list of all events gives: each value of a principal at its first event, if the principal is old enough.
/// `values` says which values a record has, each with its kind of finding.
pub(crate) fn naive(
    objects: &[(Option<u8>, Vec<Value>)],
    days: u32,
    only_success: bool,
    values: fn(&Value) -> Vec<(&'static str, String)>,
) -> Vec<String> {
    let mut events: Vec<(Timestamp, String, String, usize, &Value)> = Vec::new();
    for (number, (day, records)) in objects.iter().enumerate() {
        for (index, record) in records.iter().enumerate() {
            let time = Timestamp::parse(record["eventTime"].as_str().unwrap()).unwrap();
            let id = record["eventID"].as_str().unwrap().to_owned();
            events.push((time, id, crate::laws::path(number, *day), index, record));
        }
    }
    events.retain(|(.., record)| !only_success || !record["errorCode"].is_string());
    events.sort_by(|left, right| {
        (left.0, &left.1, &left.2, left.3).cmp(&(right.0, &right.1, &right.2, right.3))
    });
    let who = |record: &Value| record["userIdentity"]["arn"].as_str().unwrap().to_owned();
    let mut births: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut known: BTreeSet<(String, &str, String)> = BTreeSet::new();
    let mut had: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (time, id, _, _, record) in &events {
        let birth = *births.entry(who(record)).or_insert(*time);
        for (kind, value) in values(record) {
            if !known.insert((who(record), kind, value.clone())) {
                continue;
            }
            let others = had.entry((kind, value.clone())).or_default();
            if time.micros_since(birth) >= i64::from(days) * 86_400_000_000 {
                found.push(format!("{time} {kind} {value} {} {id} {others}", who(record)));
            }
            *others += 1;
        }
    }
    found.sort();
    found
}

pub(crate) fn shown(findings: &[Finding<'_>]) -> Vec<String> {
    let line = |finding: &Finding<'_>| {
        format!(
            "{} {} {} {} {} {}",
            finding.time,
            finding.kind.name(),
            finding.value.unwrap(),
            finding.principal(),
            finding.evidence.unwrap().event_id,
            finding.rarity.unwrap().other_principals
        )
    };
    let mut lines: Vec<String> = findings.iter().map(line).collect();
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_naive_model_finds_the_same_values(
        objects in any_objects(), days in 0..20u32, only_success in any::<bool>()
    ) {
        let baseline = archive(&objects).ingest(&all()).baseline;
        let found = first_seen(&baseline, &Question { only_success, ..asked(days) });
        prop_assert_eq!(shown(&found), naive(&objects, days, only_success, values));
    }

    #[test]
    fn threads_and_shards_change_no_value(objects in any_objects(), split in 0..8_usize) {
        let whole = archive(&objects).ingest(&all()).baseline;
        for threads in [2, 8] {
            let other = archive(&objects).ingest(&LearnSettings { threads, ..all() }).baseline;
            prop_assert_eq!(&whole.values, &other.values);
        }
        // The records of each shard are those of its objects; the others are empty in it, so that paths stay the same.
        let shard = |is_in: &dyn Fn(usize) -> bool| {
            let part: Vec<_> = objects
                .iter()
                .enumerate()
                .map(|(number, (day, records))| (*day, if is_in(number) { records.clone() } else { Vec::new() }))
                .collect();
            archive(&part).ingest(&all()).baseline
        };
        let (left, right) = (shard(&|number| number < split), shard(&|number| number >= split));
        let merged: Baseline = left.clone().merge(right.clone()).baseline;
        prop_assert_eq!(&merged.values, &right.merge(left).baseline.values);
        prop_assert_eq!(&merged.values, &whole.values);
        prop_assert_eq!(merged.resolved(PrincipalKey::Arn).values, whole.resolved(PrincipalKey::Arn).values);
    }

    #[test]
    fn a_saved_baseline_has_the_same_values(objects in any_objects()) {
        let learnt = archive(&objects).ingest(&all());
        let folder = tempfile::tempdir().unwrap();
        let place = firstseen::store::BaselineFolder::take(&folder.path().join("a.baseline")).unwrap();
        let contents = firstseen::store::BaselineContents {
            learning: all().scope(),
            archives: vec!["a".to_owned()],
            baseline: learnt.baseline.clone(),
            coverage: learnt.coverage,
            objects: Vec::new(),
            records: firstseen::store::Records::default(),
        };
        place.save(&contents).unwrap();
        let saved = place.open().unwrap().unwrap();
        prop_assert!(saved.scope().dimensions.covers(Dimensions::ALL));
        prop_assert_eq!(saved.baseline().unwrap().0.values, learnt.baseline.values);
    }
}

#[test]
fn only_the_dimensions_asked_for_are_kept() {
    let records = [record("2024-03-09T04:12:33Z", "eva", "s3:GetObject")];
    let archive = Archive::new().delivered("20240309T0412", &records);
    let kept = |dimensions: Dimensions| {
        let baseline = archive.ingest(&LearnSettings { dimensions, ..settings() }).baseline;
        baseline.values.iter().map(|value| value.dimension).collect::<Vec<_>>()
    };
    assert_eq!(kept(Dimensions::default()), []);
    assert_eq!(kept([Dimension::Region].into_iter().collect()), [Dimension::Region]);
    assert_eq!(
        kept(Dimensions::ALL),
        [Dimension::Network, Dimension::Agent, Dimension::Region, Dimension::AccessKey]
    );
}

#[test]
fn a_failed_sign_in_is_an_error_without_a_region_of_its_own() {
    let sign_in = |time: &str, region: &str, result: &str| {
        let response = json!({"awsRegion": region, "responseElements": {"ConsoleLogin": result}});
        with(record(time, "eva", "signin:ConsoleLogin"), response)
    };
    let records = [
        sign_in("2024-03-01T00:00:00Z", "us-east-1", "Success"),
        sign_in("2024-03-09T00:00:00Z", "eu-north-1", "Failure"),
        with(record("2024-03-10T00:00:00Z", "eva", "s3:ListBuckets"), json!({"errorMessage": "odd"})),
    ];
    let baseline = Archive::new().delivered("20240312T0412", &records).ingest(&all()).baseline;
    let (region, error) = (Dimension::Region, Dimension::Error);
    let asked = Question { report: [region, error].map(FindingKind::of_dimension).to_vec(), ..question(7) };
    let found = first_seen(&baseline, &asked);
    let found: Vec<_> =
        found.iter().map(|finding| (finding.kind.name(), &**finding.value.unwrap())).collect();
    assert_eq!(
        found,
        [("new-error", "failed-sign-in"), ("new-region", "eu-west-1"), ("new-error", "without-code")]
    );
}
