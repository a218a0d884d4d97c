//! Laws of the ranking of episodes.

use std::collections::BTreeSet;

use firstseen::baseline::Baseline;
use firstseen::learn::LearnSettings;
use firstseen::model::PrincipalKey;
use firstseen::query::{
    ArchiveOverview, Episode, Finding, FindingKind, Incident, LinkKind, PartName, Question, RankedUnit,
    Reason, Triage, TriageQuestion, archive_overview, first_seen, triage,
};
use firstseen::time::{Span, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use crate::archive::{Archive, audit_event, question, record, with};
use crate::dimensions::{all, any_objects};
use crate::laws::archive;

fn asked(days: u32, hours: u32) -> TriageQuestion {
    TriageQuestion {
        warmup: Span::days(days),
        gap: Span::hours(hours),
        by: RankedUnit::Episode,
        ..TriageQuestion::default()
    }
}

fn episodes<'t, 'b>(ranked: &'t Triage<'b>) -> impl Iterator<Item = &'t Episode<'b>> {
    ranked.incidents.iter().flat_map(|incident| &incident.episodes)
}

fn named(finding: &Finding<'_>) -> (Timestamp, FindingKind, String, String, Option<String>) {
    let value = finding.value.map(|value| value.to_string());
    (finding.time, finding.kind, finding.principal().to_owned(), finding.action.to_string(), value)
}

fn named_findings(ranked: &Triage<'_>) -> Vec<(Timestamp, FindingKind, String, String, Option<String>)> {
    let mut names: Vec<_> =
        episodes(ranked).flat_map(|episode| &episode.findings).map(|one| named(&one.finding)).collect();
    names.sort();
    names
}

/// What a principal's episode is known by, with its parts.
fn parts(episode: &Episode<'_>) -> (Timestamp, String, Vec<(String, f64)>) {
    let parts = episode.parts.iter().map(|part| (format!("{:?}", part.reason), part.bits)).collect();
    (episode.start(), episode.who.key.to_string(), parts)
}

fn is_of_actions(kind: FindingKind) -> bool {
    [FindingKind::NewAction, FindingKind::FirstSuccess].contains(&kind)
}

/// The parts of an episode that are not for a value of a dimension.
fn parts_of_actions(episode: &Episode<'_>) -> Vec<String> {
    let is_of_actions = |reason: &Reason<'_>| !matches!(reason, Reason::NewValue { .. });
    episode.parts.iter().filter(|part| is_of_actions(&part.reason)).map(|part| format!("{part:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn every_finding_is_in_one_episode(objects in any_objects(), days in 0..20u32, hours in 0..100u32) {
        let baseline = archive(&objects).ingest(&all()).baseline;
        let ranked = triage(&baseline, &asked(days, hours));
        let kinds: Vec<FindingKind> = FindingKind::ALL
            .into_iter()
            .filter(|kind| is_of_actions(*kind) || kind.dimension().is_some())
            .collect();
        let wanted = Question { report: kinds, ..question(days) };
        let listed: Vec<_> = first_seen(&baseline, &wanted).iter().map(named).collect();
        let found = named_findings(&ranked);
        let unique: BTreeSet<_> = found.iter().collect();
        prop_assert_eq!(unique.len(), found.len());
        // A first success soon after the attempt is told with that.
        let is_told = |kind: FindingKind| kind == FindingKind::FirstSuccess;
        prop_assert!(listed.iter().all(|finding| is_told(finding.1) || unique.contains(finding)));
        let of_new = episodes(&ranked).filter(|episode| episode.is_new_principal);
        let of_new: BTreeSet<String> = of_new.map(|episode| episode.who.key.to_string()).collect();
        prop_assert!(found.iter().all(|finding| listed.contains(finding) || of_new.contains(&finding.2)));
    }

    #[test]
    fn episodes_of_a_principal_are_further_apart_than_the_gap(
        objects in any_objects(), days in 0..20u32, hours in 0..100u32
    ) {
        let baseline = archive(&objects).ingest(&all()).baseline;
        let question = asked(days, hours);
        let ranked = triage(&baseline, &question);
        let mut spans: Vec<(&str, Timestamp, Timestamp)> =
            episodes(&ranked).map(|episode| (&*episode.who.key, episode.start(), episode.end())).collect();
        spans.sort();
        for pair in spans.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            prop_assert!(pair[1].1.micros_since(pair[0].2) > question.gap.micros());
        }
        for episode in episodes(&ranked) {
            let times: Vec<Timestamp> = episode.findings.iter().map(|one| one.finding.time).collect();
            let is_close = |pair: &[Timestamp]| {
                (0..=question.gap.micros()).contains(&pair[1].micros_since(pair[0]))
            };
            prop_assert!(times.windows(2).all(is_close));
            prop_assert!(episode.active_from <= episode.start() && episode.end() <= episode.active_until);
        }
    }

    #[test]
    fn parts_are_positive_and_their_sum_ranks(objects in any_objects(), days in 0..20u32, as_of_then in any::<bool>()) {
        let baseline = archive(&objects).ingest(&all()).baseline;
        let ranked = triage(&baseline, &TriageQuestion { as_of_then, ..asked(days, 1) });
        for episode in episodes(&ranked) {
            prop_assert!(episode.parts.iter().all(|part| part.bits > 0.0 && part.bits.is_finite()));
        }
        let scores: Vec<f64> = ranked.incidents.iter().map(Incident::published_score).collect();
        prop_assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]));
    }

    #[test]
    fn an_incident_has_the_parts_of_its_lead_and_the_best_origins_of_the_same_intruder(
        objects in any_objects(), days in 0..20u32, as_of_then in any::<bool>()
    ) {
        let baseline = archive(&objects).ingest(&all()).baseline;
        let question = TriageQuestion { as_of_then, by: RankedUnit::Incident, ..asked(days, 1) };
        for incident in &triage(&baseline, &question).incidents {
            let sum: f64 = incident.parts().map(|(_, part)| part.bits).sum();
            prop_assert_eq!(sum, incident.score());
            prop_assert!(incident.episodes.iter().all(|episode| episode.score() <= sum + 1e-9));
            let names: Vec<PartName> = incident.parts().map(|(_, part)| part.name()).collect();
            prop_assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
            for (index, part) in incident.parts() {
                let is_origin = [PartName::Network, PartName::Agent].contains(&part.name());
                prop_assert!(is_origin || index == incident.lead);
                prop_assert_eq!(incident.episodes[index].part(part.name()), Some(part));
            }
            let sign_ins = (0..incident.episodes.len()).filter(|index| incident.is_sign_in(*index)).count();
            prop_assert_eq!(incident.places() + sign_ins, incident.episodes.len());
            prop_assert!(incident.places() > 0);
        }
    }

    #[test]
    fn as_of_then_nothing_later_changes_a_score(objects in any_objects(), days in 0..10u32) {
        let baseline = archive(&objects).ingest(&all()).baseline;
        let question = TriageQuestion { as_of_then: true, ..asked(days, 1) };
        let ranked = triage(&baseline, &question);
        for episode in episodes(&ranked) {
            let then = TriageQuestion { read_to: Some(episode.end()), ..question.clone() };
            let ranked_then = triage(&baseline, &then);
            prop_assert!(episodes(&ranked_then).any(|other| parts(other) == parts(episode)));
        }
    }

    #[test]
    fn what_is_later_than_a_baseline_is_asked_to_read_changes_nothing(
        objects in any_objects(), days in 0..10u32, last_half_day in 0..40i64, only_success in any::<bool>()
    ) {
        let hour = Timestamp::from_seconds(1_704_067_200 + last_half_day * 43_200);
        let read_to = Some(Timestamp::from_micros(hour.plus(Span::hours(1)).micros() - 1));
        let is_read = |record: &&serde_json::Value| {
            record["eventTime"].as_str().and_then(Timestamp::parse) <= read_to
        };
        let read: Vec<_> = objects
            .iter()
            .map(|(day, records)| (*day, records.iter().filter(is_read).cloned().collect::<Vec<_>>()))
            .collect();
        let question = TriageQuestion { read_to, only_success, ..asked(days, 1) };
        let [all, part] = [&objects, &read].map(|objects| archive(objects).ingest(&all()).baseline);
        let [of_all, of_part] = [&all, &part].map(|baseline| triage(baseline, &question));
        let scored = |ranked: &Triage<'_>| {
            let of_episode = |episode: &Episode<'_>| {
                let findings = episode.findings.iter().map(|one| (named(&one.finding), one.surprise)).collect::<Vec<_>>();
                format!("{findings:?} {:?}", parts_of_actions(episode))
            };
            let mut lines: Vec<String> = episodes(ranked).map(of_episode).collect();
            lines.sort();
            lines
        };
        prop_assert_eq!(scored(&of_all), scored(&of_part));
        let overview = |baseline: &Baseline| {
            let asked = Question { read_to, only_success, ..crate::archive::question(days) };
            let ArchiveOverview { span, accounts, principals, events } = archive_overview(baseline, &asked);
            let span = span.map(|[first, last]| (first, last.day_and_hour()));
            (span, accounts, principals, events)
        };
        prop_assert_eq!(overview(&all), overview(&part));
    }

    #[test]
    fn threads_and_shards_change_no_rank(objects in any_objects(), split in 0..8_usize, days in 0..10u32) {
        let whole = archive(&objects).ingest(&all()).baseline.resolved(PrincipalKey::Arn);
        let question = TriageQuestion { by: RankedUnit::Incident, ..asked(days, 1) };
        let ranked = triage(&whole, &question);
        let other = archive(&objects).ingest(&LearnSettings { threads: 8, ..all() }).baseline;
        let other = other.resolved(PrincipalKey::Arn);
        prop_assert_eq!(&triage(&other, &question), &ranked);
        let shard = |is_in: &dyn Fn(usize) -> bool| {
            let numbered = objects.iter().enumerate();
            let part: Vec<_> = numbered
                .map(|(number, (day, records))| (*day, if is_in(number) { records.clone() } else { Vec::new() }))
                .collect();
            archive(&part).ingest(&all()).baseline
        };
        let (left, right) = (shard(&|number| number < split), shard(&|number| number >= split));
        let merged: Baseline = right.merge(left).baseline.resolved(PrincipalKey::Arn);
        prop_assert_eq!(&triage(&merged, &question), &ranked);
    }

    #[test]
    fn incidents_are_made_of_all_episodes(objects in any_objects(), days in 0..10u32) {
        let baseline = archive(&objects).ingest(&all()).baseline;
        let single = triage(&baseline, &asked(days, 1));
        let joined = triage(&baseline, &TriageQuestion { by: RankedUnit::Incident, ..asked(days, 1) });
        let sorted = |ranked: &Triage<'_>| {
            let mut all: Vec<_> = episodes(ranked).map(|episode| format!("{episode:?}")).collect();
            all.sort();
            all
        };
        prop_assert_eq!(sorted(&single), sorted(&joined));
        for incident in &joined.incidents {
            prop_assert_eq!(incident.links.len() + 1, incident.episodes.len());
            prop_assert!(incident.links.iter().all(|link| link.from != link.to));
        }
    }
}

/// A principal's episodes, and what joins them, of records after a month in which both users did something ordinary.
fn joined(records: &[serde_json::Value]) -> Vec<(LinkKind, String, String, String)> {
    joined_with(records, &[], &TriageQuestion::default())
}

/// The same with events of a cluster, for a question.
fn joined_with(
    records: &[serde_json::Value],
    events: &[serde_json::Value],
    question: &TriageQuestion,
) -> Vec<(LinkKind, String, String, String)> {
    let ordinary = ["eva", "bob"].map(|user| record("2024-01-01T00:00:00Z", user, "s3:GetObject"));
    let of_cluster: String = events.iter().map(|event| format!("{event}\n")).collect();
    let archive = Archive::new().delivered("20240101T0005", &ordinary).delivered("20240310T0005", records);
    let archive = match events {
        [] => archive,
        _ => archive.object("EKSLogs/111122223333/prod/2024/03/12/02/audit.log", of_cluster.as_bytes()),
    };
    let baseline = archive.ingest(&all()).baseline.resolved(PrincipalKey::Arn);
    let ranked = triage(&baseline, question);
    let named = |incident: &Incident<'_>, index: usize| {
        incident.episodes[index].who.key.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let links = ranked.incidents.iter().flat_map(|incident| {
        incident.links.iter().map(|link| {
            let (from, to) = (named(incident, link.from), named(incident, link.to));
            (link.kind, from, to, link.value.to_owned())
        })
    });
    links.collect()
}

#[test]
fn a_key_that_one_was_given_and_another_used_joins_them() {
    let issuing = with(
        record("2024-03-10T00:00:00Z", "eva", "iam:CreateAccessKey"),
        json!({"responseElements": {"accessKey": {"accessKeyId": "AKIAISSUED", "userName": "bob"}}}),
    );
    let mut using = record("2024-03-10T04:00:00Z", "bob", "iam:ListUsers");
    let expected = (LinkKind::IssuedKey, "eva".to_owned(), "bob".to_owned(), "AKIAISSUED".to_owned());
    assert_eq!(joined(&[issuing.clone(), using.clone()]), []);
    using["userIdentity"]["accessKeyId"] = json!("AKIAISSUED");
    assert_eq!(joined(&[issuing, using]), [expected]);
}

#[test]
fn a_key_that_was_refused_first_joins_from_its_first_success_on() {
    let call = |time: &str| record(time, "eva", "iam:CreateAccessKey");
    let denied = with(call("2024-03-10T00:00:00Z"), json!({"errorCode": "AccessDenied"}));
    let issued = json!({"responseElements": {"accessKey": {"accessKeyId": "AKIAISSUED", "userName": "bob"}}});
    let issuing = |time: &str| with(call(time), issued.clone());
    let using = |time: &str| {
        let mut using = record(time, "bob", "iam:ListUsers");
        using["userIdentity"]["accessKeyId"] = json!("AKIAISSUED");
        using
    };
    let expected = [(LinkKind::IssuedKey, "eva".to_owned(), "bob".to_owned(), "AKIAISSUED".to_owned())];
    let soon = [denied.clone(), issuing("2024-03-10T00:10:00Z"), using("2024-03-10T04:00:00Z")];
    assert_eq!(joined(&soon), expected);
    let read_to = Timestamp::parse("2024-03-10T03:00:00Z");
    let earlier = TriageQuestion { read_to, ..TriageQuestion::default() };
    assert_eq!(joined_with(&soon, &[], &earlier), []);
    let days_later = [denied.clone(), issuing("2024-03-16T00:00:00Z"), using("2024-03-20T00:00:00Z")];
    let [link] = &expected;
    assert_eq!(joined(&days_later), [link.clone(), link.clone()], "of the attempt and of the success");
    let after_a_week = [denied.clone(), issuing("2024-03-18T00:00:00Z"), using("2024-03-18T04:00:00Z")];
    assert_eq!(joined(&after_a_week), expected, "of the success");
    let used_before = [denied, issuing("2024-03-10T04:10:00Z"), using("2024-03-10T04:00:00Z")];
    assert_eq!(joined(&used_before), []);
}

#[test]
fn a_key_that_was_refused_first_joins_both_attempts_if_both_are_episodes() {
    let call = |time: &str| record(time, "eva", "iam:CreateAccessKey");
    let denied = with(call("2024-03-10T00:00:00Z"), json!({"errorCode": "AccessDenied"}));
    // From elsewhere, so that it is a finding itself.
    let issued = json!({"responseElements": {"accessKey": {"accessKeyId": "AKIAISSUED", "userName": "bob"}},
        "sourceIPAddress": "203.0.113.77"});
    let issuing = with(call("2024-03-13T00:00:00Z"), issued);
    let mut using = record("2024-03-14T00:00:00Z", "bob", "iam:ListUsers");
    using["userIdentity"]["accessKeyId"] = json!("AKIAISSUED");
    let links = joined(&[denied, issuing, using]);
    assert_eq!(links.len(), 2);
    assert!(
        links
            .iter()
            .all(|(kind, from, to, _)| { *kind == LinkKind::IssuedKey && from == "eva" && to == "bob" })
    );
}

#[test]
fn a_user_that_was_created_at_the_second_attempt_is_joined() {
    let denied = with(
        opening("2024-03-10T00:00:00Z", "eva", "iam:CreateUser", None),
        json!({"errorCode": "AccessDenied", "responseElements": null}),
    );
    let created = opening("2024-03-10T00:10:00Z", "eva", "iam:CreateUser", Some("AIDABOB"));
    let acting = record("2024-03-10T04:00:00Z", "bob", "iam:ListUsers");
    let arn = "arn:aws:iam::111122223333:user/bob".to_owned();
    let expected = (LinkKind::Creation, "eva".to_owned(), "bob".to_owned(), arn);
    assert_eq!(joined(&[denied.clone(), created, acting.clone()]), [expected]);
    assert_eq!(joined(&[denied, acting]), []);
}

/// A request of mal to a cluster, with his access key.
fn in_cluster(time: &str, key: &str) -> serde_json::Value {
    let arn = "arn:aws:iam::111122223333:user/mal";
    let extra = json!({"accessKeyId": [key], "arn": [arn], "canonicalArn": [arn]});
    let uid = "aws-iam-authenticator:111122223333:AIDAMAL";
    let user = json!({"username": "kubernetes-admin", "uid": uid, "extra": extra});
    with(audit_event(time, "mal", "create", "secrets"), json!({"user": user}))
}

#[test]
fn a_key_joins_its_user_in_cloudtrail_and_in_a_cluster_to_who_gave_it() {
    let issued = json!({"responseElements": {"accessKey": {"accessKeyId": "AKIAISSUED", "userName": "mal"}}});
    let issuing = with(record("2024-03-10T00:00:00Z", "eva", "iam:CreateAccessKey"), issued);
    let mut using = record("2024-03-10T12:00:00Z", "mal", "eks:ListClusters");
    using["userIdentity"]["accessKeyId"] = json!("AKIAISSUED");
    let exec = [in_cluster("2024-03-12T02:00:00Z", "AKIAISSUED")];
    let link = || (LinkKind::IssuedKey, "eva".to_owned(), "mal".to_owned(), "AKIAISSUED".to_owned());
    assert_eq!(joined_with(&[issuing.clone(), using], &exec, &TriageQuestion::default()), [link(), link()]);
    assert_eq!(joined_with(&[issuing], &exec, &TriageQuestion::default()), [link()]);
}

#[test]
fn a_created_user_is_joined_in_cloudtrail_and_in_a_cluster() {
    let created =
        json!({"userName": "mal", "arn": "arn:aws:iam::111122223333:user/mal", "userId": "AIDAMAL"});
    let creating = with(
        record("2024-03-10T00:00:00Z", "eva", "iam:CreateUser"),
        json!({"requestParameters": {"userName": "mal"}, "responseElements": {"user": created}}),
    );
    let acting = record("2024-03-10T12:00:00Z", "mal", "eks:ListClusters");
    let link = || {
        let arn = "arn:aws:iam::111122223333:user/mal".to_owned();
        (LinkKind::Creation, "eva".to_owned(), "mal".to_owned(), arn)
    };
    let exec = in_cluster("2024-03-12T02:00:00Z", "AKIAOTHER");
    assert_eq!(joined_with(&[creating, acting], &[exec], &TriageQuestion::default()), [link(), link()]);
}

#[test]
fn a_long_term_key_joins_a_user_to_itself_in_a_cluster_and_not_to_others() {
    let using = |user: &str, time: &str| {
        let mut using = record(time, user, "eks:ListClusters");
        using["userIdentity"]["accessKeyId"] = json!("AKIAMAL");
        using
    };
    let exec = [in_cluster("2024-03-12T02:00:00Z", "AKIAMAL")];
    let expected = (LinkKind::AccessKey, "mal".to_owned(), "mal".to_owned(), "AKIAMAL".to_owned());
    assert_eq!(
        joined_with(&[using("mal", "2024-03-11T20:00:00Z")], &exec, &TriageQuestion::default()),
        [expected]
    );
    assert_eq!(joined_with(&[using("mal", "2024-03-10T00:00:00Z")], &exec, &TriageQuestion::default()), []);
    assert_eq!(joined(&[using("mal", "2024-03-11T20:00:00Z"), using("bob", "2024-03-11T22:00:00Z")]), []);
}

#[test]
fn a_key_joins_every_episode_to_those_of_others_within_its_time() {
    let using = |user: &str, time: &str, action: &str| {
        let mut using = record(time, user, action);
        using["userIdentity"]["accessKeyId"] = json!("ASIASTOLEN");
        using
    };
    let of_eva = ["2024-03-10T00:00:00Z", "2024-03-10T04:00:00Z", "2024-03-11T02:00:00Z"];
    let of_eva: Vec<_> = of_eva
        .into_iter()
        .zip(["cloudtrail:StopLogging", "iam:ListUsers", "iam:ListRoles"])
        .map(|(time, action)| using("eva", time, action))
        .collect();
    let count = |records: &[serde_json::Value]| {
        let links = joined(records);
        assert!(links.iter().all(|(kind, ..)| *kind == LinkKind::AccessKey));
        links.len()
    };
    assert_eq!(count(&of_eva), 0);
    // One of bob's joins all three, also if it is not the last one.
    for time in ["2024-03-10T02:00:00Z", "2024-03-10T06:00:00Z", "2024-03-11T04:00:00Z"] {
        let records = [&of_eva[..], &[using("bob", time, "iam:ListUsers")]].concat();
        assert_eq!(count(&records), 3, "{time}");
    }
    let late = [&of_eva[..], &[using("bob", "2024-03-11T14:00:00Z", "iam:ListUsers")]].concat();
    assert_eq!(count(&late), 2);
}

#[test]
fn a_long_term_key_joins_a_user_to_all_its_clusters() {
    let mut using = record("2024-03-11T20:00:00Z", "mal", "eks:ListClusters");
    using["userIdentity"]["accessKeyId"] = json!("AKIAMAL");
    let execs = ["2024-03-12T02:00:00Z", "2024-03-12T06:00:00Z"].map(|time| in_cluster(time, "AKIAMAL"));
    let second = with(
        execs[1].clone(),
        json!({"requestURI": "/api/v1/pods", "verb": "list",
        "objectRef": {"resource": "pods", "apiVersion": "v1"}}),
    );
    let links = joined_with(&[using], &[execs[0].clone(), second], &TriageQuestion::default());
    assert_eq!(links.iter().filter(|(kind, ..)| *kind == LinkKind::AccessKey).count(), 2, "{links:?}");
}

#[test]
fn a_key_that_was_used_before_it_was_given_or_long_after_joins_nobody() {
    let issued = json!({"responseElements": {"credentials": {"accessKeyId": "ASIAISSUED"}}});
    let issuing = with(record("2024-03-10T00:00:00Z", "eva", "sts:AssumeRole"), issued);
    let using = |time| {
        let mut using = record(time, "bob", "iam:ListUsers");
        using["userIdentity"]["accessKeyId"] = json!("ASIAISSUED");
        using
    };
    assert_eq!(joined(&[issuing.clone(), using("2024-03-10T04:00:00Z")]).len(), 1);
    assert_eq!(joined(&[issuing.clone(), using("2024-03-09T22:00:00Z")]), []);
    assert_eq!(joined(&[issuing, using("2024-03-12T04:00:00Z")]), []);
}

#[test]
fn a_window_of_no_days_counts_nobody() {
    let calls = [
        record("2024-01-01T00:00:00Z", "eva", "s3:GetObject"),
        with(
            record("2024-03-10T00:00:00Z", "eva", "iam:ListUsers"),
            json!({"sourceIPAddress": "203.0.113.7"}),
        ),
    ];
    let baseline = Archive::new().delivered("20240310T0005", &calls).ingest(&all()).baseline;
    let mut question = TriageQuestion::default();
    question.weights.set("window_days", 0.0).unwrap();
    let ranked = triage(&baseline, &question);
    let surprises = episodes(&ranked).flat_map(|episode| &episode.findings).filter_map(|one| one.surprise);
    assert_eq!(surprises.map(|surprise| surprise.mates).collect::<Vec<_>>(), [0]);
    let networks =
        episodes(&ranked).flat_map(|episode| &episode.parts).filter_map(|part| match part.reason {
            Reason::NewValue { recent_others, .. } => Some(recent_others),
            _ => None,
        });
    assert_eq!(networks.collect::<Vec<_>>(), [0]);
}

#[test]
fn a_principal_that_another_opened_is_joined_to_it() {
    let opening = with(
        record("2024-03-10T00:00:00Z", "eva", "iam:UpdateLoginProfile"),
        json!({"requestParameters": {"userName": "bob"}}),
    );
    let opened = record("2024-03-11T04:00:00Z", "bob", "iam:ListUsers");
    let later = record("2024-03-25T04:00:00Z", "bob", "iam:ListUsers");
    let expected = (LinkKind::Creation, "eva".to_owned(), "bob".to_owned(), "user/bob".to_owned());
    assert_eq!(joined(&[opening.clone(), opened.clone()]), [expected]);
    assert_eq!(joined(&[opening.clone(), later]), []);
    let failed = with(opening, json!({"errorCode": "AccessDenied"}));
    assert_eq!(joined(&[failed, opened]), []);
}

/// Eva asks for a role, from the address of [`acting`].
pub(crate) fn asking(time: &str, role: &str) -> serde_json::Value {
    let arn = format!("arn:aws:iam::111122223333:role/{role}");
    let request = json!({"requestParameters": {"roleArn": arn, "roleSessionName": "s"}});
    with(with(record(time, "eva", "sts:AssumeRole"), request), json!({"sourceIPAddress": "203.0.113.77"}))
}

/// What the role Deploy does.
pub(crate) fn acting(time: &str, action: &str) -> serde_json::Value {
    let issuer = json!({"type": "Role", "principalId": "AROADEPLOY", "accountId": "111122223333",
        "arn": "arn:aws:iam::111122223333:role/Deploy", "userName": "Deploy"});
    let identity = json!({"type": "AssumedRole", "principalId": "AROADEPLOY:s", "accountId": "111122223333",
        "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/s", "sessionContext": {"sessionIssuer": issuer}});
    let mut acting = with(record(time, "eva", action), json!({"sourceIPAddress": "203.0.113.77"}));
    acting["userIdentity"] = identity;
    acting
}

#[test]
fn who_was_at_work_before_it_was_opened_is_not_joined() {
    let opening = with(
        record("2024-03-10T00:00:00Z", "eva", "iam:UpdateLoginProfile"),
        json!({"requestParameters": {"userName": "bob"}}),
    );
    let begun = record("2024-03-09T23:30:00Z", "bob", "iam:ListUsers");
    let ended = record("2024-03-10T00:15:00Z", "bob", "iam:ListRoles");
    assert_eq!(joined(&[opening.clone(), begun, ended.clone()]), []);
    assert_eq!(joined(&[opening, ended]).len(), 1);
}

#[test]
fn a_role_is_joined_to_who_asked_for_it_and_not_to_itself() {
    let asked = asking("2024-03-10T00:00:00Z", "Deploy");
    let assumed = acting("2024-03-11T04:00:00Z", "iam:ListUsers");
    let arn = "arn:aws:iam::111122223333:role/Deploy".to_owned();
    let link = (LinkKind::AssumedRole, "eva".to_owned(), "Deploy".to_owned(), arn);
    assert_eq!(joined(&[asked.clone(), assumed]), [link]);
    assert_eq!(joined(&[asked, acting("2024-03-12T04:00:00Z", "iam:ListUsers")]), []);
    let mut itself = asking("2024-03-10T00:00:00Z", "Deploy");
    let later = acting("2024-03-10T04:00:00Z", "s3:ListBuckets");
    itself["userIdentity"] = later["userIdentity"].clone();
    assert_eq!(joined(&[itself, later]), []);
}

#[test]
fn calls_that_aws_made_come_from_no_address_that_joins_a_role() {
    let by_aws = |mut call: serde_json::Value| {
        call["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
        call
    };
    let asked = asking("2024-03-10T00:00:00Z", "Deploy");
    let acts = acting("2024-03-10T04:00:00Z", "iam:ListUsers");
    assert_eq!(joined(&[asked.clone(), by_aws(acts.clone())]), []);
    assert_eq!(joined(&[by_aws(asked.clone()), acts.clone()]), []);
    let service = json!({"sourceIPAddress": "cloudformation.amazonaws.com"});
    assert_eq!(joined(&[with(by_aws(asked), service.clone()), with(by_aws(acts), service)]), []);
}

#[test]
fn a_role_is_joined_by_what_it_does_after_it_was_asked_for() {
    let asked = asking("2024-03-10T00:00:00Z", "Deploy");
    let before = acting("2024-03-09T23:30:00Z", "iam:ListUsers");
    let after = |address: &str| {
        with(acting("2024-03-10T00:15:00Z", "iam:ListRoles"), json!({"sourceIPAddress": address}))
    };
    let is_assumed = |last: serde_json::Value| {
        let links = joined(&[asked.clone(), before.clone(), last]);
        links.iter().any(|(kind, ..)| *kind == LinkKind::AssumedRole)
    };
    assert!(!is_assumed(after("198.51.100.1")));
    assert!(is_assumed(after("203.0.113.77")));
}

#[test]
fn a_network_that_few_used_joins_principals() {
    let address = json!({"sourceIPAddress": "203.0.113.77"});
    let first = with(record("2024-03-10T00:00:00Z", "eva", "s3:GetObject"), address.clone());
    let second = with(record("2024-03-10T04:00:00Z", "bob", "s3:GetObject"), address);
    let expected = (LinkKind::Network, "eva".to_owned(), "bob".to_owned(), "203.0.113.0/24".to_owned());
    assert_eq!(joined(&[first, second]), [expected]);
}

#[test]
fn the_name_of_a_service_is_no_network_that_joins() {
    let assuming = |time: &str, account: &str| {
        let service = json!({"type": "AWSService", "invokedBy": "config.amazonaws.com"});
        let of_service = json!({"sourceIPAddress": "config.amazonaws.com", "recipientAccountId": account});
        let mut assuming = with(record(time, "x", "sts:AssumeRole"), of_service);
        assuming["userIdentity"] = service;
        assuming
    };
    let calls = [("2024-03-10T00:00:00Z", "111122223333"), ("2024-03-10T04:00:00Z", "444455556666")];
    assert_eq!(joined(&calls.map(|(time, account)| assuming(time, account))), []);
}

#[test]
fn a_network_joins_by_those_who_ever_came_from_it_or_as_of_then_by_those_who_had() {
    let from = |time: &str, user: &str| {
        with(record(time, user, "s3:GetObject"), json!({"sourceIPAddress": "203.0.113.77"}))
    };
    let two = [from("2024-03-10T00:00:00Z", "eva"), from("2024-03-10T04:00:00Z", "bob")];
    let others = |day: &str| ["kim", "lea"].map(|user| from(&format!("{day}T03:00:00Z"), user));
    let joins = |records: &[serde_json::Value], as_of_then: bool| {
        let question = TriageQuestion { as_of_then, ..TriageQuestion::default() };
        let links = joined_with(records, &[], &question);
        links.iter().any(|(_, from, to, _)| from == "eva" && to == "bob")
    };
    assert!(joins(&two, true) && joins(&two, false));
    let later: Vec<_> = two.iter().cloned().chain(others("2024-05-01")).collect();
    assert!(joins(&later, true) && !joins(&later, false));
    let earlier: Vec<_> = two.into_iter().chain(others("2024-03-10")).collect();
    assert!(!joins(&earlier, true) && !joins(&earlier, false));
}

/// A call by which eva creates bob, under this id, or sets his password.
fn opening(time: &str, caller: &str, action: &str, id: Option<&str>) -> serde_json::Value {
    let user = json!({"userName": "bob", "arn": "arn:aws:iam::111122223333:user/bob", "userId": id});
    let request = json!({"requestParameters": {"userName": "bob"}, "responseElements": {"user": user}});
    with(record(time, caller, action), request)
}

#[test]
fn a_name_that_was_given_again_joins_nobody_to_who_gave_it_before() {
    let acting = |id: &str| {
        let mut acting = record("2024-03-12T04:00:00Z", "bob", "iam:ListUsers");
        acting["userIdentity"]["principalId"] = json!(id);
        acting
    };
    let created = |id| opening("2024-03-10T00:00:00Z", "eva", "iam:CreateUser", id);
    let again = opening("2024-03-11T00:00:00Z", "ordinary", "iam:CreateUser", Some("AIDAEXAMPLETWO"));
    let names = |records: &[serde_json::Value]| {
        let links = joined(records).into_iter().filter(|(_, from, ..)| from == "eva");
        links.map(|(kind, _, to, value)| (kind, to, value)).collect::<Vec<_>>()
    };
    let arn = "arn:aws:iam::111122223333:user/bob".to_owned();
    let expected = [(LinkKind::Creation, "bob".to_owned(), arn)];
    assert_eq!(names(&[created(Some("AIDAEXAMPLEONE")), acting("AIDAEXAMPLEONE")]), expected);
    assert_eq!(names(&[created(Some("AIDAEXAMPLEONE")), acting("AIDAEXAMPLETWO")]), []);
    assert_eq!(names(&[created(None), acting("AIDAEXAMPLETWO")]), expected, "no id contradicts");
    assert_eq!(names(&[created(None), again.clone(), acting("AIDAEXAMPLETWO")]), []);
    // The user whose password was set was deleted, and another one has the name.
    let opened = opening("2024-03-10T00:00:00Z", "eva", "iam:UpdateLoginProfile", None);
    assert_eq!(names(&[opened.clone(), acting("AIDAEXAMPLETWO")]).len(), 1);
    assert_eq!(names(&[opened, again, acting("AIDAEXAMPLETWO")]), []);
}

/// A request of a service account to the API server, with a token.
fn of_service_account(
    time: &str,
    user: &str,
    request: (&str, &str),
    token: Option<&str>,
) -> serde_json::Value {
    let (verb, resource) = request;
    let username = format!("system:serviceaccount:{user}");
    let user = match token {
        None => json!({"username": username}),
        Some(token) => {
            let extra = json!({"authentication.kubernetes.io/credential-id": [format!("JTI={token}")]});
            json!({"username": username, "extra": extra})
        }
    };
    with(audit_event(time, &username, verb, resource), json!({"user": user}))
}

/// A request of the service account `shop:web` that creates `ops:helper`, or a token for it.
fn creating(time: &str, subresource: Option<&str>, token: Option<&str>) -> serde_json::Value {
    let event = of_service_account(time, "shop:web", ("create", "serviceaccounts"), None);
    let object = json!({"resource": "serviceaccounts", "subresource": subresource, "namespace": "ops", "name": "helper"});
    let uri = match subresource {
        None => "/api/v1/namespaces/ops/serviceaccounts?fieldManager=kubectl-create".to_owned(),
        Some(subresource) => format!("/api/v1/namespaces/ops/serviceaccounts/helper/{subresource}"),
    };
    let annotations = match token {
        None => json!({}),
        Some(token) => {
            json!({"authentication.kubernetes.io/issued-credential-id": format!("JTI={token}")})
        }
    };
    let event_id = format!("{time}-{uri}");
    with(
        event,
        json!({"objectRef": object, "requestURI": uri, "annotations": annotations, "auditID": event_id}),
    )
}

/// What joins `shop:web` to others, by events of a cluster; it did something ordinary a month before.
fn joined_in_cluster(events: &[serde_json::Value]) -> Vec<(LinkKind, String, String)> {
    let ordinary = of_service_account("2024-01-01T00:00:00Z", "shop:web", ("get", "configmaps"), None);
    let events: Vec<_> = std::iter::once(ordinary).chain(events.iter().cloned()).collect();
    let links = joined_with(&[], &events, &TriageQuestion::default());
    assert!(links.iter().all(|(_, from, ..)| from == "system:serviceaccount:shop:web"), "{links:?}");
    links.into_iter().map(|(kind, _, to, value)| (kind, to, value)).collect()
}

const HELPER: &str = "system:serviceaccount:ops:helper";

#[test]
fn a_service_account_that_one_created_is_joined() {
    let created = creating("2024-03-10T00:00:00Z", None, None);
    let acting = of_service_account("2024-03-10T12:00:00Z", "ops:helper", ("list", "secrets"), None);
    let expected = [(LinkKind::Creation, HELPER.to_owned(), HELPER.to_owned())];
    assert_eq!(joined_in_cluster(&[created.clone(), acting.clone()]), expected);
    let denied = with(created.clone(), json!({"responseStatus": {"code": 403, "reason": "Forbidden"}}));
    assert_eq!(joined_in_cluster(&[denied, acting.clone()]), []);
    let dry =
        with(created.clone(), json!({"requestURI": "/api/v1/namespaces/ops/serviceaccounts?dryRun=All"}));
    assert_eq!(joined_in_cluster(&[dry, acting]), []);
    let other = of_service_account("2024-03-10T12:00:00Z", "ops:other", ("list", "secrets"), None);
    assert_eq!(joined_in_cluster(&[created.clone(), other]), []);
    let late = of_service_account("2024-03-20T12:00:00Z", "ops:helper", ("list", "secrets"), None);
    assert_eq!(joined_in_cluster(&[created, late]), []);
}

#[test]
fn a_token_joins_who_requested_it_to_who_used_it() {
    let using = |time: &str, token| of_service_account(time, "ops:helper", ("list", "secrets"), token);
    let request = |token| creating("2024-03-10T00:00:00Z", Some("token"), token);
    let used = [(LinkKind::IssuedKey, HELPER.to_owned(), "JTI=1".to_owned())];
    let inferred = [(LinkKind::IssuedToken, HELPER.to_owned(), HELPER.to_owned())];
    let acting = |token| using("2024-03-10T12:00:00Z", token);
    assert_eq!(joined_in_cluster(&[request(Some("1")), acting(Some("1"))]), used);
    assert_eq!(joined_in_cluster(&[request(Some("1")), acting(Some("2"))]), [], "another token");
    assert_eq!(joined_in_cluster(&[request(None), acting(Some("2"))]), inferred);
    assert_eq!(joined_in_cluster(&[request(Some("1")), acting(None)]), inferred);
    // The account is older than the request: only the token proves who used it.
    let before = of_service_account("2024-01-01T00:00:00Z", "ops:helper", ("get", "pods"), None);
    assert_eq!(joined_in_cluster(&[before.clone(), request(None), acting(None)]), []);
    assert_eq!(joined_in_cluster(&[before, request(Some("1")), acting(Some("1"))]), used);
}

#[test]
fn tokens_that_a_kubelet_requests_for_its_pods_join_nobody() {
    let node = json!({"user": {"username": "system:node:n1"}});
    let request = with(creating("2024-03-10T00:00:00Z", Some("token"), Some("1")), node);
    let acting = of_service_account("2024-03-10T12:00:00Z", "ops:helper", ("list", "secrets"), Some("1"));
    assert_eq!(joined_in_cluster(&[request, acting]), []);
}

#[test]
fn what_is_refused_later_is_no_longer_in_use() {
    let call = |time: &str, code: Option<&str>| {
        let code = code.map_or(json!(null), |code| json!(code));
        with(record(time, "eva", "cloudtrail:StopLogging"), json!({"errorCode": code, "eventID": time}))
    };
    let stays = |later: &[Option<&str>]| -> Option<bool> {
        let days = later.iter().zip(11..).map(|(code, day)| call(&format!("2024-03-{day}T10:00:00Z"), *code));
        let first =
            [record("2024-03-01T10:00:00Z", "bob", "s3:ListBuckets"), call("2024-03-10T10:00:00Z", None)];
        let records: Vec<_> = first.into_iter().chain(days).collect();
        let baseline = archive(&[(Some(1), records)]).ingest(&all()).baseline;
        let ranked = triage(&baseline, &asked(0, 1));
        let findings = episodes(&ranked).flat_map(|episode| &episode.findings);
        findings
            .filter(|one| one.finding.action == "cloudtrail.amazonaws.com:StopLogging")
            .find_map(|one| one.surprise)?
            .stays
    };
    assert_eq!(stays(&[]), Some(false));
    assert_eq!(stays(&[Some("AccessDenied")]), Some(false));
    assert_eq!(stays(&[Some("AccessDenied"), None]), Some(true));
}

#[test]
fn what_succeeds_after_failed_calls_only_is_found() {
    let call = |time: &str, code: Option<&str>| {
        let code = code.map_or(json!(null), |code| json!(code));
        with(
            record(time, "eva", "secretsmanager:GetSecretValue"),
            json!({"errorCode": code, "eventID": time}),
        )
    };
    let refused = (1..=30)
        .flat_map(|day| [format!("2024-01-{day:02}T10:00:00Z"), format!("2024-01-{day:02}T11:00:00Z")])
        .map(|time| call(&time, Some("AccessDenied")));
    let allowed = [call("2024-03-10T10:00:00Z", None), call("2024-03-10T10:10:00Z", None)];
    let others =
        (1..=9).map(|number| record("2024-01-02T00:00:00Z", &format!("user{number}"), "s3:GetObject"));
    let records: Vec<_> = refused.chain(allowed).chain(others).collect();
    let baseline = archive(&[(Some(1), records)]).ingest(&all()).baseline;
    let ranked = triage(&baseline, &TriageQuestion { by: RankedUnit::Episode, ..TriageQuestion::default() });
    let found: Vec<_> = named_findings(&ranked).into_iter().map(|(time, kind, ..)| (time, kind)).collect();
    let time = Timestamp::parse("2024-03-10T10:00:00Z").unwrap();
    assert_eq!(found, [(time, FindingKind::FirstSuccess)]);
    let surprise = ranked.incidents[0].episodes[0].findings[0].surprise.unwrap();
    assert_eq!((surprise.among_all.some, surprise.among_all.all, surprise.used), (0, 9, 0));
    // By itself it is a finding of a scan, if that is asked for.
    let wanted = Question { report: vec![FindingKind::FirstSuccess], ..question(30) };
    let listed: Vec<_> = first_seen(&baseline, &wanted).iter().map(|one| (one.time, one.failed)).collect();
    assert_eq!(listed, [(time, Some(false))]);
    let only_success = Question { only_success: true, ..wanted };
    assert_eq!(first_seen(&baseline, &only_success), []);
}

#[test]
fn who_was_admitted_to_a_cluster_is_joined_to_who_did_that() {
    let ops = "arn:aws:iam::111122223333:role/ops";
    let admitting = |cluster: &str| {
        let request = json!({"name": cluster, "principalArn": "arn:aws:iam::111122223333:role/ci/ops"});
        with(
            record("2024-03-10T00:00:00Z", "eva", "eks:CreateAccessEntry"),
            json!({"requestParameters": request}),
        )
    };
    let user = json!({"username": "ops", "extra": {"canonicalArn": [ops], "arn": [ops]}});
    let acting = |time: &str| with(audit_event(time, "ops", "list", "secrets"), json!({"user": user}));
    let joined = |cluster: &str, time: &str| {
        joined_with(&[admitting(cluster)], &[acting(time)], &TriageQuestion::default())
    };
    let expected = (LinkKind::AccessEntry, "eva".to_owned(), "ops".to_owned(), format!("k8s:prod/{ops}"));
    assert_eq!(joined("prod", "2024-03-10T00:20:00Z"), [expected]);
    assert_eq!(joined("other", "2024-03-10T00:20:00Z"), []);
    assert_eq!(joined("prod", "2024-03-09T00:20:00Z"), []);
    assert_eq!(joined("prod", "2024-03-20T00:20:00Z"), []);
}
