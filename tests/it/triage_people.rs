//! People who sign in to roles: their sign-ins, their networks, and what the ranking says of them.

use firstseen::model::PrincipalKey;
use firstseen::query::{
    Incident, Label, LabelledEvent, PartName, Triage, TriageQuestion, label_report, triage,
};
use serde_json::{Value, json};

use crate::archive::{Archive, record, with};
use crate::dimensions::all;
use crate::triage_reports;

/// The name of a role of Identity Center.
const ADMIN: &str = "AWSReservedSSO_Admin_0123456789abcdef";

/// Jo signs in to a role with SAML, and is given a key.
fn signs_in(time: &str, role: &str, key: &str) -> Value {
    let changes = json!({
        "userIdentity": {"type": "SAMLUser", "principalId": "idp=:jo@example.org", "userName": "jo@example.org",
            "identityProvider": "idp="},
        "sourceIPAddress": "203.0.113.77",
        "readOnly": true,
        "requestParameters": {"roleArn": format!("arn:aws:iam::111122223333:role/{role}"),
            "roleSessionName": "jo@example.org"},
        "responseElements": {"credentials": {"accessKeyId": key}},
    });
    with(record(time, "jo", "sts:AssumeRoleWithSAML"), changes)
}

/// What a person does in a role.
fn acts(time: &str, role: &str, (person, key): (&str, &str), action: &str) -> Value {
    let session = format!("{person}@example.org");
    let issuer = json!({"type": "Role", "principalId": "AROAADMIN", "accountId": "111122223333",
        "arn": format!("arn:aws:iam::111122223333:role/{role}"), "userName": role});
    let identity = json!({"type": "AssumedRole", "principalId": format!("AROAADMIN:{session}"),
        "accountId": "111122223333", "accessKeyId": key, "sessionContext": {"sessionIssuer": issuer},
        "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{session}")});
    with(record(time, person, action), json!({"userIdentity": identity}))
}

/// After a month of ordinary work by Kim in a role, Jo signs in to it and acts.
fn archive(role: &str) -> Archive {
    let ordinary: Vec<Value> = (1..9)
        .map(|day| acts(&format!("2024-01-0{day}T10:00:00Z"), role, ("kim", "ASIAKIM"), "s3:GetObject"))
        .chain([signs_in("2024-01-01T09:00:00Z", role, "ASIAOLD")])
        .collect();
    let ordinary: Vec<Value> =
        ordinary.into_iter().map(|call| with(call, json!({"sourceIPAddress": "198.51.100.7"}))).collect();
    let signs_in = signs_in("2024-03-10T00:00:00Z", role, "ASIAJO");
    let acts = acts("2024-03-10T00:10:00Z", role, ("jo", "ASIAJO"), "iam:CreateUser");
    Archive::new().delivered("20240101T1005", &ordinary).delivered("20240310T0015", &[signs_in, acts])
}

/// The ranking of an archive, looked at.
fn ranked<T>(archive: &Archive, look: impl Fn(&Triage<'_>) -> T) -> T {
    let baseline = archive.ingest(&all()).baseline.resolved(PrincipalKey::Arn);
    look(&triage(&baseline, &TriageQuestion::default()))
}

fn part(incident: &Incident<'_>, name: PartName) -> Option<(usize, f64)> {
    incident.part(name).map(|(index, part)| (index, part.bits))
}

#[test]
fn a_sign_in_takes_no_place_beside_what_it_began() {
    let (members, places, sign_ins) = ranked(&archive("Deploy"), |ranked| {
        let incident = &ranked.incidents[0];
        let sign_ins: Vec<bool> =
            (0..incident.episodes.len()).map(|index| incident.is_sign_in(index)).collect();
        (incident.episodes.len(), incident.places(), sign_ins)
    });
    assert_eq!((members, places, sign_ins), (2, 1, vec![true, false]));
    // By itself it is an episode like others.
    let alone = Archive::new()
        .delivered("20240101T1005", &[signs_in("2024-01-01T09:00:00Z", "Deploy", "ASIAOLD")])
        .delivered("20240310T0015", &[signs_in("2024-03-10T00:00:00Z", "Other", "ASIAJO")]);
    assert_eq!(ranked(&alone, |ranked| ranked.incidents[0].places()), 1);
}

#[test]
fn labels_count_places_without_sign_ins() {
    let label = Label {
        incident: "jo".to_owned(),
        class: None,
        event: LabelledEvent {
            id: Some("2024-03-10T00:10:00Z-jo-iam:CreateUser".to_owned()),
            ..LabelledEvent::default()
        },
    };
    let report = ranked(&archive("Deploy"), |ranked| label_report(ranked, std::slice::from_ref(&label)));
    assert_eq!((report.incidents[0].rank, report.incidents[0].noise), (Some(1), Some(0)));
}

#[test]
fn an_incident_has_the_network_of_whoever_signed_in() {
    let (network, lead, score, own) = ranked(&archive("Deploy"), |ranked| {
        let incident = &ranked.incidents[0];
        let leading = incident.leading();
        (part(incident, PartName::Network), incident.lead, incident.score(), leading.score())
    });
    let (of, bits) = network.unwrap();
    assert_eq!((of, lead), (0, 1), "the sign-in came from a new network, and the role acted");
    assert!(bits > 0.0 && (score - own - bits).abs() < 1e-9, "{score} {own} {bits}");
}

#[test]
fn the_networks_of_identity_center_are_none_of_the_person() {
    assert!(ranked(&archive(ADMIN), |ranked| part(&ranked.incidents[0], PartName::Network)).is_none());
}

#[test]
fn what_a_person_asks_for_later_says_nothing_of_networks_before() {
    let later = signs_in("2024-05-01T00:00:00Z", "Deploy", "ASIALATER");
    let archive = archive(ADMIN).delivered("20240501T0005", &[later]);
    let network = ranked(&archive, |ranked| {
        let joined = ranked.incidents.iter().find(|incident| incident.episodes.len() == 2);
        part(joined.unwrap(), PartName::Network)
    });
    assert_eq!(network, None);
}

#[test]
fn the_text_says_whose_network_it_is_and_who_began_a_session() {
    let text = triage_reports::triage(&archive("Deploy"), "");
    assert!(text.contains("\n   of jo@example.org: network 203.0.113.0/24: never seen "), "{text}");
    let line = "\n   1 episode and 1 sign-in: jo@example.org, Deploy (session begun by jo@example.org)\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn an_incident_of_a_shared_role_names_the_person() {
    let archive = archive(ADMIN);
    let text = triage_reports::triage(&archive, "");
    assert!(text.contains(" (account 111122223333) of jo@example.org, "), "{text}");
    let command = text.lines().find(|line| line.starts_with("   firstseen events ")).unwrap();
    assert!(command.contains(" --session jo@example.org "), "{command}");
    assert!(command.ends_with(" # without 1 more principal"), "{command}");
    // Findings of a baseline cannot be asked for by session.
    let indexed = crate::program::firstseen(&["index", ".", "-q", "-o", "saved.baseline"], archive.path());
    assert!(indexed.status.success());
    let ranked = crate::program::firstseen(&["triage", "saved.baseline", "-q"], archive.path());
    let text = String::from_utf8(ranked.stdout).unwrap();
    assert!(text.contains(" of jo@example.org, ") && !text.contains(" --session "), "{text}");
}
