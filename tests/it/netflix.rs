//! The preset `netflix-90` compared alert for alert with the job that it imitates.
//!
//! `Job` reimplements the hourly run of `cloudtrail_anomaly/cli.py` of Netflix-Skunkworks/cloudtrail-anomaly,
//! with maps in place of Athena, DynamoDB and IAM, and its own code to read the records. `docs/method.md`,
//! "Presets", states its assumptions and the differences: the job runs in the last second of every hour, no
//! record is delivered late, and expired rows vanish at once.

use std::collections::{BTreeMap, BTreeSet};

use firstseen::inventory::collect;
use firstseen::learn::LearnSettings;
use firstseen::model::Inventory;
use firstseen::query::{Preset, first_seen};
use firstseen::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, record, settings, with};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// `roleAction.dayThreshold`
const THRESHOLD: i64 = 90 * DAY;
/// 2024-01-01T00:00:00Z
const START: i64 = 1_704_067_200;

/// A role as IAM lists it.
#[derive(Clone, Debug)]
struct Role {
    account: &'static str,
    arn: String,
    id: String,
    created: i64,
    deleted: Option<i64>,
    /// Its creation, if a record or an IAM inventory has it; otherwise its first call.
    known_since: i64,
    /// Whether the IAM inventory has it.
    listed: bool,
}

/// Hour, account, role id and action.
type Alert = (i64, String, String, String);

/// The job with its tables.
struct Job<'a> {
    iam: &'a [Role],
    /// `roleAction.IgnoredActionsNotify`
    ignored: &'a [&'a str],
    /// The records of each hour: account of the log, identity type, issuer and action.
    athena: BTreeMap<i64, Vec<[String; 4]>>,
    /// The expiry of each row, by role and action.
    dynamo: BTreeMap<(String, String), i64>,
    alerts: BTreeSet<Alert>,
}

fn seconds(record: &Value) -> i64 {
    Timestamp::parse(record["eventTime"].as_str().unwrap()).unwrap().micros() / 1_000_000
}

fn issuer(record: &Value) -> &str {
    record["userIdentity"]["sessionContext"]["sessionIssuer"]["principalId"].as_str().unwrap_or_default()
}

fn action(record: &Value) -> String {
    format!("{}:{}", record["eventSource"].as_str().unwrap(), record["eventName"].as_str().unwrap())
}

impl<'a> Job<'a> {
    fn new(iam: &'a [Role], ignored: &'a [&'a str], records: &[Value]) -> Self {
        let mut athena: BTreeMap<i64, Vec<[String; 4]>> = BTreeMap::new();
        for record in records {
            let log = record["recipientAccountId"].as_str().unwrap().to_owned();
            let sort = record["userIdentity"]["type"].as_str().unwrap().to_owned();
            let row = [log, sort, issuer(record).to_owned(), action(record)];
            athena.entry(seconds(record).div_euclid(HOUR)).or_default().push(row);
        }
        Self { iam, ignored, athena, dynamo: BTreeMap::new(), alerts: BTreeSet::new() }
    }

    /// Runs every hour from the first record to the last.
    fn alerts(mut self) -> BTreeSet<Alert> {
        let (Some((first, _)), Some((last, _))) =
            (self.athena.first_key_value(), self.athena.last_key_value())
        else {
            return BTreeSet::new();
        };
        for hour in *first..=*last {
            for role in self.iam {
                self.run(hour, role);
            }
        }
        self.alerts
    }

    fn run(&mut self, hour: i64, role: &Role) {
        let now = hour * HOUR + HOUR - 1;
        // IAM lists neither future nor deleted roles.
        if role.created > now || role.deleted.is_some_and(|deleted| deleted <= now) {
            return;
        }
        let mut new = Vec::new();
        for action in self.actions(hour, role) {
            let key = (role.id.clone(), action.clone());
            let row = self.dynamo.insert(key, now + THRESHOLD);
            let is_new = row.is_none_or(|expires| now > expires);
            if is_new && !self.ignored.contains(&action.as_str()) {
                new.push(action);
            }
        }
        let too_new = role.created > now - THRESHOLD;
        if !too_new && !role.arn.split('/').any(|part| part == "aws-service-role") {
            let alert = |action| (hour, role.account.to_owned(), role.id.clone(), action);
            self.alerts.extend(new.into_iter().map(alert));
        }
    }

    /// `SELECT DISTINCT eventsource, eventname` for the last hour.
    fn actions(&self, hour: i64, role: &Role) -> BTreeSet<String> {
        let rows = self.athena.get(&hour).into_iter().flatten();
        let own = rows.filter(|[log, sort, issuer, _]| {
            log == role.account && sort == "AssumedRole" && *issuer == role.id
        });
        own.map(|[.., action]| action.clone()).collect()
    }
}

/// The findings of `firstseen` as alerts by hour, without those of deleted roles.
fn findings(iam: &[Role], ignored: &[&str], records: &[Value]) -> BTreeSet<Alert> {
    let preset = Preset::Netflix90.values();
    let objects = records.chunks(7).enumerate();
    let archive = objects.fold(Archive::new(), |archive, (number, records)| {
        archive.delivered(&format!("202501{:02}T0412", number % 28 + 1), records)
    });
    let ingested = archive.ingest(&LearnSettings { principal_key: preset.principal_key, ..settings() });
    let mut baseline = ingested.baseline;
    baseline.add_inventory(inventory(iam));
    let baseline = baseline.resolved(preset.principal_key);
    let mut question = preset.question();
    question.filter.ignored_actions = ignored.iter().map(|action| action.parse().unwrap()).collect();
    let found = first_seen(&baseline, &question);
    let alert = |finding: &firstseen::query::Finding<'_>| {
        let hour = finding.time.micros().div_euclid(HOUR * 1_000_000);
        (hour, finding.account().to_owned(), finding.principal().to_owned(), finding.action.to_string())
    };
    let alerts: BTreeSet<Alert> = found.iter().map(alert).collect();
    assert_eq!(alerts.len(), found.len(), "no finding twice in an hour");
    let gone = |(hour, _, id, _): &Alert| {
        let role = iam.iter().find(|role| role.id == *id);
        role.and_then(|role| role.deleted).is_some_and(|deleted| deleted < (hour + 1) * HOUR)
    };
    alerts.into_iter().filter(|alert| !gone(alert)).collect()
}

/// The inventory of the listed roles, from the output of `list-roles`.
fn inventory(iam: &[Role]) -> Inventory {
    let listed = iam.iter().filter(|role| role.listed);
    let entry = |role: &Role| json!({"RoleId": role.id, "Arn": role.arn, "CreateDate": time(role.created)});
    let roles: Vec<Value> = listed.map(entry).collect();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("roles.json");
    std::fs::write(&file, json!({ "Roles": roles }).to_string()).unwrap();
    collect(&[file]).unwrap().inventory
}

/// Whether the role, by its known age, was old enough when it acted, not only when the job ran. The time of
/// the action is exact to the second for a first call, and to the hour for a returning action.
fn was_old_enough(iam: &[Role], records: &[Value], (hour, _, id, name): &Alert) -> bool {
    let role = iam.iter().find(|role| role.id == *id).unwrap();
    let calls = records.iter().filter(|record| issuer(record) == id && action(record) == *name);
    let first = calls.map(seconds).min().unwrap();
    let moment = if first.div_euclid(HOUR) == *hour { first } else { hour * HOUR };
    moment >= role.known_since + THRESHOLD
}

const NAMES: [(&str, &str); 4] = [
    ("app", "role/app"),
    ("ci", "role/ci/deploy"),
    ("sso", "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"),
    ("ecs", "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
];

/// A role of this name; `life` distinguishes roles with the same name.
fn role(account: &'static str, name: usize, life: usize, created: i64, deleted: Option<i64>) -> Role {
    let (short, path) = NAMES[name];
    let id = format!("AROA{}{}{life}", short.to_uppercase(), &account[..3]);
    let arn = format!("arn:aws:iam::{account}:{path}");
    Role { account, arn, id, created, deleted, known_since: created, listed: false }
}

fn time(seconds: i64) -> String {
    Timestamp::from_seconds(seconds).to_string()
}

/// A call by a session of this role.
fn call(role: &Role, at: i64, action: &str, failed: bool) -> Value {
    let session = format!("arn:aws:sts::{}:assumed-role/x/session", role.account);
    let identity = json!({
        "type": "AssumedRole", "principalId": format!("{}:session", role.id), "arn": session,
        "accountId": role.account,
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": role.id, "arn": role.arn}},
    });
    let code = if failed { json!("AccessDenied") } else { json!(null) };
    with(
        record(&time(at), &role.id, action),
        json!({"userIdentity": identity, "recipientAccountId": role.account, "errorCode": code}),
    )
}

/// The record of a role's creation.
fn creation(role: &Role) -> Value {
    let name = if role.arn.contains("aws-service-role") { "CreateServiceLinkedRole" } else { "CreateRole" };
    let response = json!({"role": {"arn": role.arn, "roleId": role.id, "createDate": time(role.created)}});
    with(
        record(&time(role.created), "admin", &format!("iam:{name}")),
        json!({"responseElements": response, "recipientAccountId": role.account, "eventID": role.id}),
    )
}

fn lines(alerts: &BTreeSet<Alert>) -> Vec<String> {
    let line = |(hour, _, id, action): &Alert| format!("{} {id} {}", &time(hour * HOUR)[5..13], &action[..2]);
    alerts.iter().map(line).collect()
}

#[test]
fn the_job_and_firstseen_agree_on_one_archive() {
    let own = "111122223333";
    let app = role(own, 0, 1, START + 1_800, Some(START + 200 * DAY));
    let again = role(own, 0, 2, START + 200 * DAY, None);
    let service = role(own, 3, 1, START, None);
    let (s3, iam, ec2) = ("s3:GetObject", "iam:ListUsers", "ec2:RunInstances");
    let records = [
        creation(&app),
        creation(&again),
        creation(&service),
        call(&app, START + 3_600, s3, false),
        // In the hour in which the role becomes old enough, before and after that time.
        call(&app, START + 90 * DAY + 60, iam, false),
        call(&app, START + 90 * DAY + 1_860, ec2, true),
        // After a gap of exactly ninety days, and of ninety days and an hour.
        call(&app, START + 90 * DAY + 3_700, s3, false),
        call(&app, START + 180 * DAY + 7_000, s3, false),
        call(&app, START + 180 * DAY + 7_000, ec2, true),
        // Deleted and recreated.
        call(&app, START + 201 * DAY, iam, false),
        call(&again, START + 201 * DAY, iam, false),
        call(&again, START + 291 * DAY, s3, false),
        call(&again, START + 295 * DAY, iam, false),
        // The job ignores these.
        call(&service, START + 100 * DAY, s3, false),
        record(&time(START + 100 * DAY), "eva", s3),
    ];
    let roles = [app, again, service];
    let job = Job::new(&roles, &[], &records).alerts();
    let early = "03-31T00 AROAAPP1111 ia";
    let both = [
        "03-31T00 AROAAPP1111 ec",
        "06-29T01 AROAAPP1111 ec",
        "10-18T00 AROAAPP1112 s3",
        "10-22T00 AROAAPP1112 ia",
    ];
    assert_eq!(lines(&job).len(), both.len() + 1);
    assert!(lines(&job).contains(&early.to_owned()), "the job looks at the end of the hour");
    assert_eq!(lines(&findings(&roles, &[], &records)), both);
}

/// A role with its calls: days are chosen around the threshold, seconds around the hour.
#[derive(Clone, Debug)]
struct Life {
    account: bool,
    name: usize,
    /// Days from its creation to `born`; if `None`, it was created then and the archive has the creation
    /// record.
    older: Option<i64>,
    /// Whether the IAM inventory has it.
    listed: bool,
    born: (i64, i64),
    /// Days and seconds from `born` to its deletion.
    end: Option<(i64, i64)>,
    calls: Vec<PlannedCall>,
}

#[derive(Clone, Debug)]
struct PlannedCall {
    day: i64,
    second: i64,
    action: usize,
    failed: bool,
}

fn any_second() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![0, 1, 59, 1_799, 1_800, 3_599, 3_600, 5_400, 7_199, 7_200])
}

fn any_planned_call() -> impl Strategy<Value = PlannedCall> {
    let days = prop::sample::select(vec![0, 1, 2, 60, 89, 90, 91, 92, 150, 179, 180, 181, 270, 271]);
    (days, any_second(), 0..3usize, any::<bool>()).prop_map(|(day, second, action, failed)| PlannedCall {
        day,
        second,
        action,
        failed,
    })
}

fn any_life() -> impl Strategy<Value = Life> {
    let end = prop::option::of((prop::sample::select(vec![1, 90, 91, 181]), any_second()));
    let calls = prop::collection::vec(any_planned_call(), 1..14);
    let older = prop::option::of(prop::sample::select(vec![5, 400]));
    (any::<bool>(), 0..NAMES.len(), older, any::<bool>(), (0..3i64, any_second()), end, calls).prop_map(
        |(account, name, older, listed, born, end, calls)| Life {
            account,
            name,
            older,
            listed,
            born,
            end,
            calls,
        },
    )
}

/// Roles as IAM lists them, and their records. A second life with the same name is a recreated role, with a
/// new id.
fn world(lives: &[Life]) -> (Vec<Role>, Vec<Value>) {
    let mut roles = Vec::new();
    let mut records = Vec::new();
    for (number, life) in lives.iter().enumerate() {
        let account = if life.account { "111122223333" } else { "000123456789" };
        let born = START + life.born.0 * DAY + life.born.1;
        let end = life.end.map(|(day, second)| born + day * DAY + second);
        let role = role(account, life.name, number, born, end);
        let mut role = Role { listed: life.listed, ..role };
        // One call per second and action: two such records would be copies of each other.
        let calls: BTreeMap<(i64, usize), bool> = life
            .calls
            .iter()
            .map(|planned| ((born + planned.day * DAY + planned.second, planned.action), planned.failed))
            .collect();
        match life.older {
            None => records.push(creation(&role)),
            Some(days) => {
                role.created -= days * DAY;
                let first = *calls.keys().map(|(at, _)| at).min().unwrap();
                role.known_since = if role.listed { role.created } else { first };
            }
        }
        for ((at, action), failed) in calls {
            let action = ["s3:GetObject", "iam:ListUsers", "ec2:RunInstances"][action];
            records.push(call(&role, at, action, failed));
            if failed {
                records.push(record(&time(at), "eva", action));
            }
        }
        roles.push(role);
    }
    (roles, records)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn findings_are_the_alerts_for_roles_known_to_be_old_enough(
        lives in prop::collection::vec(any_life(), 1..6), ignores in any::<bool>()
    ) {
        let (roles, records) = world(&lives);
        let ignored: &[&str] = if ignores { &["iam.amazonaws.com:ListUsers"] } else { &[] };
        let job = Job::new(&roles, ignored, &records).alerts();
        let found = findings(&roles, ignored, &records);
        prop_assert!(found.is_subset(&job), "only here: {:?}", found.difference(&job));
        let expected: BTreeSet<Alert> =
            job.into_iter().filter(|alert| was_old_enough(&roles, &records, alert)).collect();
        prop_assert_eq!(found, expected);
    }

    /// The inventory has what the job reads from IAM, so creation records are not needed.
    #[test]
    fn an_inventory_replaces_creation_records(
        mut lives in prop::collection::vec(any_life(), 1..6)
    ) {
        for life in &mut lives {
            // These roles become old enough on a full hour, so it makes no difference that the job runs at
            // its end.
            (life.older, life.listed, life.born.1) = (life.older.or(Some(400)), true, 0);
        }
        let (roles, records) = world(&lives);
        prop_assert!(records.iter().all(|record| !record["eventName"].as_str().unwrap().contains("Create")));
        prop_assert_eq!(findings(&roles, &[], &records), Job::new(&roles, &[], &records).alerts());
    }
}
