//! Joining two forms of a principal by proofs from the whole archive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use firstseen::learn::{Keep, LearnSettings, Learnt, learn_listed};
use firstseen::model::{ObservedPrincipal, PrincipalKey};
use firstseen::query::{Anchor, FindingKind, Question, first_seen};
use firstseen::scan::{Silent, list};
use firstseen::source::Archives;
use firstseen::store::BaselineContents;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ACCOUNT, PERSON, STORE, by, is_id, keyed, learnt, plain_key, principals, user};
use crate::archive::{Archive, question, settings, with};
use crate::rules::rules;

fn session(role: &str, id: &str, session: &str) -> Value {
    let name = role.rsplit('/').next().unwrap();
    json!({
        "type": "AssumedRole", "principalId": format!("{id}:{session}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"),
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": id, "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
        }},
    })
}

fn seen_from_outside(id: &str) -> Value {
    json!({"type": "AWSAccount", "principalId": id})
}

#[test]
fn a_bare_id_is_joined_to_the_principal_that_other_records_prove() {
    let records = [
        by(user("team/eva", "AIDAEXAMPLE01"), "2024-03-09T04:00:00Z", "s3:A"),
        by(seen_from_outside("AIDAEXAMPLE01"), "2024-03-08T04:00:00Z", "s3:B"),
        by(json!({"type": "IAMUser", "userName": "eva"}), "2024-03-07T04:00:00Z", "s3:A"),
        by(session("ci/Deploy", "AROAEXAMPLE01", "build-1"), "2024-03-09T04:00:00Z", "s3:A"),
        by(seen_from_outside("AROAEXAMPLE01:build-1"), "2024-03-08T04:00:00Z", "s3:A"),
        by(seen_from_outside("AROAEXAMPLE01:build-2"), "2024-03-08T05:00:00Z", "s3:A"),
    ];
    let baseline = learnt(&records, PrincipalKey::Arn);
    assert_eq!(
        principals(&baseline),
        [
            "111122223333 arn:aws:iam::111122223333:role/ci/Deploy role 3",
            "111122223333 arn:aws:iam::111122223333:user/team/eva user 3",
        ]
    );
    // The first sighting of a joined principal is the earliest of all its forms.
    let firsts: Vec<String> =
        baseline.behaviours.iter().map(|behaviour| behaviour.first.time.to_string()).collect();
    assert_eq!(firsts, ["2024-03-08T04:00:00Z", "2024-03-07T04:00:00Z", "2024-03-08T04:00:00Z"]);
}

#[test]
fn ambiguous_ids_and_ids_of_other_accounts_are_not_joined() {
    let elsewhere = |identity: Value| with(identity, json!({"accountId": "444455556666"}));
    let records = [
        // Renamed: the id has two ARNs.
        by(user("eva", "AIDAEXAMPLE01"), "2024-03-09T04:00:00Z", "s3:A"),
        by(user("eve", "AIDAEXAMPLE01"), "2024-03-09T05:00:00Z", "s3:A"),
        by(seen_from_outside("AIDAEXAMPLE01"), "2024-03-09T06:00:00Z", "s3:A"),
        // Two users with the same name.
        by(user("a/bob", "AIDAEXAMPLE02"), "2024-03-09T04:00:00Z", "s3:A"),
        by(user("b/bob", "AIDAEXAMPLE03"), "2024-03-09T04:00:00Z", "s3:A"),
        by(json!({"type": "IAMUser", "userName": "bob"}), "2024-03-09T04:00:00Z", "s3:A"),
        // Proven in another account.
        by(elsewhere(seen_from_outside("AIDAEXAMPLE02")), "2024-03-09T04:00:00Z", "s3:A"),
        by(elsewhere(json!({"type": "IAMUser", "userName": "eva"})), "2024-03-09T04:00:00Z", "s3:A"),
        // Another type with a user's name.
        by(json!({"type": "SAMLUser", "userName": "eva"}), "2024-03-09T04:00:00Z", "s3:A"),
    ];
    let keys: Vec<String> =
        learnt(&records, PrincipalKey::Arn).principals.iter().map(|who| who.key.to_string()).collect();
    assert_eq!(
        keys,
        [
            "AIDAEXAMPLE01",
            "IAMUser/bob",
            "SAMLUser/eva",
            "arn:aws:iam::111122223333:user/a/bob",
            "arn:aws:iam::111122223333:user/b/bob",
            "arn:aws:iam::111122223333:user/eva",
            "arn:aws:iam::111122223333:user/eve",
            "AIDAEXAMPLE02",
            "IAMUser/eva",
        ]
    );
}

#[test]
fn joining_follows_the_principal_key() {
    let sso = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef";
    let records = [
        by(user("team/eva", "AIDAEXAMPLE01"), "2024-03-09T04:00:00Z", "s3:A"),
        by(json!({"type": "IAMUser", "userName": "eva"}), "2024-03-09T04:00:00Z", "s3:A"),
        by(
            json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/team/eva"}),
            "2024-03-09T05:00:00Z",
            "s3:A",
        ),
        by(session("ci/Deploy", "AROAEXAMPLE01", "build-1"), "2024-03-09T04:00:00Z", "s3:A"),
        by(seen_from_outside("AROAEXAMPLE01:build-1"), "2024-03-08T04:00:00Z", "s3:A"),
        by(session(sso, "AROAEXAMPLE02", "jo"), "2024-03-09T04:00:00Z", "s3:A"),
        by(seen_from_outside("AROAEXAMPLE02:jo"), "2024-03-08T04:00:00Z", "s3:A"),
        by(seen_from_outside("AROAEXAMPLE02:mara"), "2024-03-08T04:00:00Z", "s3:A"),
        by(seen_from_outside("AROAEXAMPLE03:x"), "2024-03-08T04:00:00Z", "s3:A"),
    ];
    let found = |key| {
        let baseline = learnt(&records, key);
        let arn = |who: &ObservedPrincipal| who.arn.as_deref().unwrap_or("-").to_owned();
        let arns: Vec<String> = baseline.principals.iter().map(arn).collect();
        principals(&baseline)
            .into_iter()
            .zip(arns)
            .map(|(who, arn)| format!("{who} {arn}"))
            .collect::<Vec<_>>()
    };
    let (eva, deploy) =
        ("arn:aws:iam::111122223333:user/team/eva", "arn:aws:iam::111122223333:role/ci/Deploy");
    let ops = format!("arn:aws:iam::111122223333:role/{sso}");
    assert_eq!(
        found(PrincipalKey::Id),
        [
            format!("{ACCOUNT} AIDAEXAMPLE01 user 3 {eva}"),
            format!("{ACCOUNT} AROAEXAMPLE01 role 2 {deploy}"),
            format!("{ACCOUNT} AROAEXAMPLE02 sso-role 3 {ops}"),
            format!("{ACCOUNT} AROAEXAMPLE03 account 1 -"),
        ]
    );
    let sts = "arn:aws:sts::111122223333:assumed-role";
    assert_eq!(
        found(PrincipalKey::Session),
        [
            format!("{ACCOUNT} AROAEXAMPLE03:x account 1 AROAEXAMPLE03"),
            format!("{ACCOUNT} {eva} user 3 -"),
            format!("{ACCOUNT} {sts}/AWSReservedSSO_Ops_0123456789abcdef/jo sso-role 2 {ops}"),
            format!("{ACCOUNT} {sts}/AWSReservedSSO_Ops_0123456789abcdef/mara account 1 {ops}"),
            format!("{ACCOUNT} {sts}/Deploy/build-1 role 2 {deploy}"),
        ]
    );
    assert_eq!(
        found(PrincipalKey::SsoUser),
        [
            format!("{ACCOUNT} AROAEXAMPLE03 account 1 -"),
            format!("{ACCOUNT} {deploy} role 2 -"),
            format!("{ACCOUNT} {eva} user 3 -"),
            format!("{ACCOUNT} sso:Ops/jo sso-role 2 {ops}"),
            format!("{ACCOUNT} sso:Ops/mara account 1 {ops}"),
        ]
    );
    assert_eq!(
        found(PrincipalKey::AccessKey),
        [
            format!("{ACCOUNT} AROAEXAMPLE03 account 1 -"),
            format!("{ACCOUNT} {ops} sso-role 3 -"),
            format!("{ACCOUNT} {deploy} role 2 -"),
            format!("{ACCOUNT} {eva} user 3 -"),
        ]
    );
}

#[test]
fn two_identity_center_users_are_two_principals_under_every_key() {
    let person = |number: u8, identity_type: &str| {
        let id = format!("{number}{}", &PERSON[1..]);
        json!({"type": identity_type, "onBehalfOf": {"userId": id, "identityStoreArn": STORE}, "credentialId": "same"})
    };
    let old = json!({"type": "Unknown", "principalId": PERSON, "userName": "mara@example.org"});
    let records = [
        by(old, "2024-03-07T04:00:00Z", "sso:Federate"),
        by(person(1, "Unknown"), "2024-03-08T04:00:00Z", "sso:Federate"),
        by(person(1, "IdentityCenterUser"), "2024-03-09T04:00:00Z", "sso:Federate"),
        by(person(2, "IdentityCenterUser"), "2024-03-09T05:00:00Z", "sso:Federate"),
    ];
    for key in PrincipalKey::ALL {
        let baseline = learnt(&records, key);
        let expected =
            [format!("{ACCOUNT} {PERSON} federated 3"), format!("{ACCOUNT} 2{} federated 1", &PERSON[1..])];
        assert_eq!(principals(&baseline), expected, "{}", key.name());
        let detail = baseline.behaviours[1].first.detail();
        assert_eq!(detail, Some(&*format!("on behalf of 2{} of {STORE}", &PERSON[1..])));
    }
}

/// The contents that `firstseen index` saves.
pub(super) fn index(archives: &[&Archive], key: PrincipalKey) -> BaselineContents {
    let paths: Vec<_> = archives.iter().map(|archive| archive.path().to_owned()).collect();
    let (archives, settings) = (Archives::open(&paths).unwrap(), keyed(key));
    let listing = list(&archives, &settings.scan(), &Silent).unwrap();
    let Learnt { baseline, coverage, catalog } =
        learn_listed(&archives, listing, &settings, Keep::Catalog, &Silent).unwrap();
    let names = archives.names().to_vec();
    let (objects, records) = (catalog.objects, catalog.records.into());
    BaselineContents { learning: settings.scope(), archives: names, baseline, coverage, objects, records }
}

fn any_identity() -> impl Strategy<Value = Value> {
    let id = prop::sample::select(&["AIDAEXAMPLE01", "AIDAEXAMPLE02", "AROAEXAMPLE01", "AROAEXAMPLE02"][..]);
    let name = prop::sample::select(&["eva", "team/eva", "bob"][..]);
    (0..7u8, id, name, prop::sample::select(&["111122223333", "444455556666"][..])).prop_map(
        |(form, id, name, account)| {
            let identity = match form {
                0 => user(name, id),
                1 => seen_from_outside(id),
                2 => seen_from_outside(&format!("{id}:s")),
                3 => json!({"type": "IAMUser", "userName": name}),
                4 => session(name, id, "s"),
                5 => json!({"type": "Unknown", "onBehalfOf": {"userId": id}}),
                _ => json!({"type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}")}),
            };
            with(identity, json!({"accountId": account}))
        },
    )
}

fn any_records() -> impl Strategy<Value = Vec<Value>> {
    let action = prop::sample::select(&["s3:A", "s3:B"][..]);
    let one = (any_identity(), 10..30u8, action)
        .prop_map(|(identity, day, action)| by(identity, &format!("2024-03-{day}T04:00:00Z"), action));
    prop::collection::vec(one, 0..14)
}

/// First sightings by a naive reading of all records.
fn naive_firsts(records: &[Value]) -> BTreeMap<(String, String, String), String> {
    let of = |record: &Value| {
        let account = record["userIdentity"]["accountId"].as_str().unwrap().to_owned();
        (account, plain_key(&record["userIdentity"]))
    };
    let raw: BTreeSet<(String, String)> = records.iter().map(of).collect();
    let resolved = |(account, key): (String, String)| {
        let arns: BTreeSet<String> = records
            .iter()
            .filter(|record| of(record).0 == account && proves(&record["userIdentity"], &key))
            .map(|record| of(record).1)
            .collect();
        let users: BTreeSet<String> = raw
            .iter()
            .filter(|(owner, arn)| {
                let head = format!("arn:aws:iam::{account}:user/");
                let name = key.strip_prefix("IAMUser/").map(|name| name.to_owned());
                *owner == account
                    && arn.strip_prefix(&head).is_some_and(|path| path.rsplit('/').next() == name.as_deref())
            })
            .map(|(_, arn)| arn.clone())
            .collect();
        let found = if is_id(&key) { arns } else { users };
        let key = if found.len() == 1 { found.into_iter().next().unwrap() } else { key };
        (account, key)
    };
    let mut first = BTreeMap::new();
    for record in records {
        let (account, key) = resolved(of(record));
        let action =
            format!("{}:{}", record["eventSource"].as_str().unwrap(), record["eventName"].as_str().unwrap());
        let time = record["eventTime"].as_str().unwrap().to_owned();
        let earliest = first.entry((account, key, action)).or_insert_with(|| time.clone());
        *earliest = time.min(earliest.clone());
    }
    first
}

/// Whether an identity has both this id and an ARN.
fn proves(identity: &Value, id: &str) -> bool {
    let issuer = identity.pointer("/sessionContext/sessionIssuer/principalId");
    identity["arn"].is_string() && issuer.unwrap_or(&identity["principalId"]) == id && is_id(id)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn merged_shards_join_principals_like_one_run(
        parts in prop::collection::vec(any_records(), 3), key in prop::sample::select(&PrincipalKey::ALL[..])
    ) {
        let archives: Vec<Archive> =
            parts.iter().map(|records| Archive::new().delivered("20240330T0412", records)).collect();
        let [a, b, c] = [0, 1, 2].map(|part: usize| index(&[&archives[part]], key));
        let at_once = index(&[&archives[1], &archives[2], &archives[0]], key);
        let merged = c.merge(a).unwrap().merge(b).unwrap();
        prop_assert_eq!(&merged, &at_once);
        let joined = merged.baseline.resolved(key);
        prop_assert_eq!(&joined, &at_once.baseline.resolved(key));
        prop_assert!(joined.principals.is_sorted_by(|left, right| left.account_and_key() < right.account_and_key()));
        prop_assert!(joined.behaviours.is_sorted_by(|left, right| left.ids() < right.ids()));
        // Resolving again changes nothing.
        prop_assert_eq!(&joined.clone().resolved(key), &joined);
        if key == PrincipalKey::Arn {
            let name = |index: u32| &joined.principals[index as usize];
            let found: BTreeMap<_, _> = joined
                .behaviours
                .iter()
                .map(|one| {
                    let (who, action) = (name(one.principal), &joined.actions[one.action as usize]);
                    let place = (who.account.to_string(), who.key.to_string(), action.to_string());
                    (place, one.first.time.to_string())
                })
                .collect();
            prop_assert_eq!(found, naive_firsts(&parts.concat()));
        }
    }
}

#[test]
fn creations_and_hits_name_the_joined_principal() {
    let created = json!({
        "eventName": "CreateUser", "eventSource": "iam.amazonaws.com",
        "responseElements": {"user": {"arn": "arn:aws:iam::111122223333:user/eva", "userId": "AIDAEXAMPLE01"}},
    });
    let records = [
        with(by(user("admin", "AIDAEXAMPLE02"), "2024-01-01T04:00:00Z", "iam:CreateUser"), created),
        by(user("eva", "AIDAEXAMPLE01"), "2024-03-08T04:00:00Z", "s3:A"),
        by(seen_from_outside("AIDAEXAMPLE01"), "2024-03-09T04:00:00Z", "s3:B"),
    ];
    const RULES: &str = "\
- rule: reached in
  condition: ct.user.identitytype = AWSAccount
  output: x
  priority: INFO
  source: aws_cloudtrail
";
    let settings = LearnSettings { rules: Some(Arc::new(rules(RULES))), ..settings() };
    let archive = Archive::new().delivered("20240309T0412", &records);
    let baseline = archive.ingest(&settings).baseline.resolved(PrincipalKey::Arn);
    let eva = "arn:aws:iam::111122223333:user/eva";
    let [hit] = &baseline.hits[..] else { panic!("{:?}", baseline.hits) };
    assert_eq!((&*hit.who.key, hit.who.kind.name()), (eva, "user"));
    let asked = Question {
        anchor: Anchor::Created,
        report: vec![FindingKind::NewAction, FindingKind::Rule],
        ..question(30)
    };
    let findings = first_seen(&baseline, &asked);
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            format!(
                "{} {} {} {}",
                finding.kind.name(),
                finding.principal(),
                finding.action,
                finding.age.unwrap().anchor_time
            )
        })
        .collect();
    // The creation sets the anchor, and the hit belongs to the finding.
    let made = "2024-01-01T04:00:00Z";
    let line = |action: &str| format!("new-action {eva} s3.amazonaws.com:{action} {made}");
    assert_eq!(lines, [line("A"), line("B")]);
    assert_eq!(findings[1].matched().len(), 1);
}
