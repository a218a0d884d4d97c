//! `firstseen trace`: which sign-in, portal or password a session comes from, by the times that records have.

use firstseen::trace::{Contradiction, Credential, Origin, TraceRow};
use serde_json::{Value, json};

use crate::trace::{ACCOUNTS, LIMITS, PORTAL_ROLE, Planter, archive, response, traced};

const ACCOUNT: &str = ACCOUNTS[0];

/// The time of the day on 2024-03-01.
fn at(clock: &str) -> String {
    format!("2024-03-01T{clock}Z")
}

/// An identity with an access key, or without, whose session was created at this time.
fn identity(mut identity: Value, key: Option<&str>, created: Option<&str>) -> Value {
    match key {
        Some(key) => identity["accessKeyId"] = json!(key),
        None => drop(identity.as_object_mut().unwrap().remove("accessKeyId")),
    }
    if let Some(created) = created {
        identity["sessionContext"]["attributes"] =
            json!({"creationDate": at(created), "mfaAuthenticated": "false"});
    }
    identity
}

/// A sign-in; returns its event id. Some records name an access key, which is not that of the session.
fn sign_in(planter: &mut Planter, who: &Value, clock: &str, created: Option<&str>) -> String {
    let who = identity(who.clone(), created.map(|_| "ASIASIGNIN"), created);
    let more = json!({"eventTime": at(clock), "responseElements": {"ConsoleLogin": "Success"}});
    planter.record(ACCOUNT, &who, "signin:ConsoleLogin", more)
}

#[test]
fn sign_ins_of_all_partitions_are_credentials() {
    for source in ["signin.amazonaws.com", "signin.amazonaws.com.cn", "signin.amazonaws-us-gov.com"] {
        let mut planter = Planter::new(0);
        let more = json!({
            "eventSource": source, "eventTime": at("10:00:00"), "responseElements": {"ConsoleLogin": "Success"},
        });
        let eva = eva(&planter);
        let event = planter.record(ACCOUNT, &eva, "signin:ConsoleLogin", more);
        act(&mut planter, &eva, "ASIACONSOLE", ("10:05:00", Some("10:00:00")));
        assert_eq!(parent(planter, "ASIACONSOLE"), Some(event), "{source}");
    }
}

/// A call in the console with a key.
fn act(planter: &mut Planter, who: &Value, key: &str, (clock, created): (&str, Option<&str>)) {
    let who = identity(who.clone(), Some(key), created);
    let more = json!({"eventTime": at(clock), "sessionCredentialFromConsole": "true"});
    planter.record(ACCOUNT, &who, "iam:CreateUser", more);
}

/// The row of a credential.
fn row(planter: Planter, wanted: &str) -> TraceRow {
    let rows = traced(&archive(&[planter]), wanted, LIMITS, 2).rows;
    rows.into_iter().find(|row| row.credential.id() == wanted).unwrap()
}

/// The id of the credential before this one.
fn parent(planter: Planter, wanted: &str) -> Option<String> {
    row(planter, wanted).parent.map(|parent| parent.id().to_string())
}

fn eva(planter: &Planter) -> Value {
    planter.user(ACCOUNT, "eva", None).identity
}

fn root() -> Value {
    json!({"type": "Root", "principalId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root"), "accountId": ACCOUNT})
}

fn portal_session(planter: &Planter) -> Value {
    planter.session(ACCOUNT, PORTAL_ROLE, "jo@example.org", "").identity
}

#[test]
fn a_session_comes_from_the_sign_in_before_it_was_created() {
    for who in [eva(&Planter::new(0)), root()] {
        let told_of = |created: Option<&str>, used: &str| {
            let mut planter = Planter::new(0);
            let owner = sign_in(&mut planter, &who, "09:00:00", None);
            let intruder = sign_in(&mut planter, &who, "10:30:00", None);
            act(&mut planter, &who, "ASIAX", (used, created));
            let name = |id| {
                if id == owner {
                    "owner"
                } else if id == intruder {
                    "intruder"
                } else {
                    "other"
                }
            };
            parent(planter, "ASIAX").map(name)
        };
        assert_eq!(told_of(Some("09:00:00"), "10:45:00"), Some("owner"));
        assert_eq!(told_of(Some("09:00:02"), "10:45:00"), Some("owner"));
        assert_eq!(told_of(Some("08:59:30"), "10:45:00"), Some("owner"));
        assert_eq!(told_of(Some("10:30:00"), "10:45:00"), Some("intruder"));
        assert_eq!(told_of(Some("10:29:59"), "10:45:00"), Some("intruder"));
        // No sign-in is known that can have led to it.
        assert_eq!(told_of(Some("08:00:00"), "10:45:00"), None);
        // What a record does not say is guessed from its own time.
        assert_eq!(told_of(None, "10:45:00"), Some("intruder"));
        assert_eq!(told_of(None, "10:15:00"), Some("owner"));
    }
}

#[test]
fn a_session_of_a_role_comes_from_the_sign_in_that_names_its_creation() {
    let told_of = |are_dated: bool, created: &str| {
        let mut planter = Planter::new(0);
        let who = portal_session(&planter);
        let mut open = |name: &str, key: &str, clock: &str, logged: &str| {
            let saml = json!({"type": "SAMLUser", "userName": "jo@example.org"});
            let mut more = response(ACCOUNT, PORTAL_ROLE, "jo@example.org", key);
            more["eventTime"] = json!(at(clock));
            planter.record(ACCOUNT, &saml, "sts:AssumeRoleWithSAML", more);
            (name.to_owned(), sign_in(&mut planter, &who, logged, are_dated.then_some(clock)))
        };
        let sign_ins = [
            open("owner", "ASIAOWNER", "09:00:00", "09:05:00"),
            open("intruder", "ASIAINTRUDER", "10:00:00", "10:05:00"),
        ];
        act(&mut planter, &who, "ASIAX", ("10:30:00", Some(created)));
        let rows = traced(&archive(&[planter]), "ASIAX", LIMITS, 2).rows;
        let before = |id: &str| {
            let row = rows.iter().find(|row| row.credential.id() == id).unwrap();
            row.parent.as_ref().map(|parent| parent.id().to_string())
        };
        let sign_in = before("ASIAX").unwrap();
        let name = sign_ins.into_iter().find(|(_, id)| *id == sign_in).unwrap().0;
        (name, before(&sign_in).unwrap())
    };
    assert_eq!(told_of(true, "09:00:00"), ("owner".to_owned(), "ASIAOWNER".to_owned()));
    assert_eq!(told_of(true, "10:00:00"), ("intruder".to_owned(), "ASIAINTRUDER".to_owned()));
    // Without these times only the order is known.
    assert_eq!(told_of(false, "09:00:00"), ("intruder".to_owned(), "ASIAINTRUDER".to_owned()));
}

#[test]
fn a_session_that_is_older_than_the_event_that_issued_it_contradicts_it() {
    let told_of = |created: &str| {
        let mut planter = Planter::new(0);
        let admin = planter.user(ACCOUNT, "admin", Some("AKIAADMIN")).identity;
        let mut more = response(ACCOUNT, "app", "jo", "ASIAX");
        more["eventTime"] = json!(at("10:00:00"));
        planter.record(ACCOUNT, &admin, "sts:AssumeRole", more);
        let session = planter.session(ACCOUNT, "app", "jo", "ASIAX").identity;
        act(&mut planter, &session, "ASIAX", ("10:30:00", Some(created)));
        row(planter, "ASIAX").contradictions
    };
    assert_eq!(told_of("10:00:00"), []);
    assert_eq!(told_of("09:55:00"), []);
    let created = "2024-03-01T09:54:59Z".parse::<firstseen::time::Bound>().unwrap().start();
    assert_eq!(told_of("09:54:59"), [Contradiction::CreatedBeforeIssued(created)]);
}

#[test]
fn a_session_of_the_portal_needs_no_event_of_sts() {
    let told_of = |clock: &str, created: Option<&str>, has_older: bool| {
        let mut planter = Planter::new(0);
        let who = portal_session(&planter);
        let older = has_older.then(|| sign_in(&mut planter, &who, "06:00:00", Some("06:00:00")));
        planter.minute = 9 * 60;
        let portal = planter.portal(ACCOUNT, "GetRoleCredentials");
        act(&mut planter, &who, "ASIAX", (clock, created));
        let parent = parent(planter, "ASIAX");
        let name = |id: String| match Some(&id) == older.as_ref() {
            true => "older".to_owned(),
            false if id == portal => "portal".to_owned(),
            false => id,
        };
        parent.map(name)
    };
    let portal = Some("portal".to_owned());
    assert_eq!(told_of("09:01:00", None, false), portal);
    assert_eq!(told_of("09:15:00", None, false), portal);
    assert_eq!(told_of("09:15:01", None, false), None);
    assert_eq!(told_of("11:00:00", Some("09:00:00"), false), portal);
    assert_eq!(told_of("11:00:00", Some("08:59:58"), false), portal);
    assert_eq!(told_of("11:00:00", Some("08:00:00"), false), None);
    assert_eq!(told_of("11:00:00", Some("10:00:00"), false), None);
    assert_eq!(told_of("09:01:00", Some("09:00:00"), true), portal);
    assert_eq!(told_of("09:01:00", Some("06:00:00"), true), Some("older".to_owned()));
    // Of another permission set.
    let mut planter = Planter::new(0);
    planter.portal(ACCOUNT, "GetRoleCredentials");
    let role = "AWSReservedSSO_Other_0123456789abcdef";
    let other = planter.session(ACCOUNT, role, "jo@example.org", "ASIAX");
    planter.call(&other, 1);
    assert_eq!(row(planter, "ASIAX").origin, Some(Origin::NotIssuedHere));
}

#[test]
fn a_password_is_set_by_its_owner_and_ended_by_its_deletion() {
    let told_of = |calls: &[(&str, &str)]| {
        let mut planter = Planter::new(0);
        let who = eva(&planter);
        for (action, clock) in calls {
            let (caller, request) = match *action {
                "ChangePassword" => (identity(who.clone(), Some("ASIAEVA"), Some("08:00:00")), json!(null)),
                _ => (planter.user(ACCOUNT, "admin", Some("AKIAADMIN")).identity, json!({"userName": "eva"})),
            };
            let error = if *clock == "08:30:00" { json!("AccessDenied") } else { json!(null) };
            let more = json!({"eventTime": at(clock), "requestParameters": request, "errorCode": error});
            planter.record(ACCOUNT, &caller, &format!("iam:{action}"), more);
        }
        let signed_in = sign_in(&mut planter, &who, "10:00:00", None);
        act(&mut planter, &who, "ASIAX", ("10:01:00", Some("10:00:00")));
        let rows = traced(&archive(&[planter]), "ASIAX", LIMITS, 2).rows;
        let find = |id: &str| rows.iter().find(|row| row.credential.id() == id).unwrap();
        let Some(password) = &find(&signed_in).parent else { return String::new() };
        assert!(matches!(password, Credential::Password(_)));
        let password = find(password.id());
        assert!(!password.is_inferred);
        assert_eq!(password.issuance.as_ref().unwrap().issued_to.as_deref(), Some("user/eva"));
        password.parent.as_ref().unwrap().id().to_string()
    };
    let set = ("CreateLoginProfile", "08:00:00");
    assert_eq!(told_of(&[set]), "AKIAADMIN");
    assert_eq!(told_of(&[set, ("ChangePassword", "09:00:00")]), "ASIAEVA");
    assert_eq!(told_of(&[set, ("ChangePassword", "08:30:00")]), "AKIAADMIN");
    assert_eq!(told_of(&[set, ("ChangePassword", "10:00:00")]), "AKIAADMIN");
    assert_eq!(
        told_of(&[set, ("ChangePassword", "09:00:00"), ("UpdateLoginProfile", "09:30:00")]),
        "AKIAADMIN"
    );
    assert_eq!(told_of(&[set, ("DeleteLoginProfile", "09:00:00")]), "");
    assert_eq!(told_of(&[set, ("DeleteLoginProfile", "08:30:00")]), "AKIAADMIN");
    assert_eq!(told_of(&[("DeleteLoginProfile", "07:00:00"), set]), "AKIAADMIN");
    assert_eq!(told_of(&[set, ("DeleteLoginProfile", "11:00:00")]), "AKIAADMIN");
}

/// A switch of roles shows the session alone, and the unique id in it is that of the role.
#[test]
fn the_arn_of_a_session_that_was_switched_to_finds_no_other_session_of_its_role() {
    let mut planter = Planter::new(0);
    let session = |name: &str| {
        json!({
            "type": "AssumedRole", "principalId": format!("AROAEXAMPLEROLE00001:{name}"), "accountId": ACCOUNT,
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/Dev/{name}"),
        })
    };
    for (name, clock, key, created) in
        [("mia", "10:00:00", "ASIAMIA", "10:01:00"), ("sam", "11:00:00", "ASIASAM", "11:01:00")]
    {
        let who = session(name);
        let more = json!({"eventTime": at(clock), "responseElements": {"SwitchRole": "Success"}});
        planter.record(ACCOUNT, &identity(who.clone(), None, None), "signin:SwitchRole", more);
        let mut role = who;
        role["sessionContext"]["sessionIssuer"] = json!({
            "type": "Role", "principalId": "AROAEXAMPLEROLE00001", "userName": "Dev", "accountId": ACCOUNT,
            "arn": format!("arn:aws:iam::{ACCOUNT}:role/Dev"),
        });
        act(&mut planter, &role, key, (created, Some(created)));
    }
    let wanted = format!("arn:aws:sts::{ACCOUNT}:assumed-role/Dev/mia");
    let rows = traced(&archive(&[planter]), &wanted, LIMITS, 2).rows;
    let keys: Vec<String> = rows.iter().map(|row| row.credential.id().to_string()).collect();
    assert!(keys.iter().any(|key| key == "ASIAMIA") && !keys.iter().any(|key| key == "ASIASAM"), "{keys:?}");
}

#[test]
fn a_session_for_a_certificate_comes_from_the_call_that_returned_its_key() {
    let mut planter = Planter::new(0);
    let unknown = json!({"type": "Unknown", "principalId": "", "accountId": ACCOUNT});
    let (role, session) = (
        format!("arn:aws:iam::{ACCOUNT}:role/backup"),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/backup/5e5510"),
    );
    let set = json!({
        "assumedRoleUser": {"arn": session, "assumedRoleId": "AROAEXAMPLEROLE00001:5e5510"},
        "credentials": {"accessKeyId": "ASIAANYWHERE", "expiration": "2024-03-01T11:00:00Z"}, "roleArn": role,
    });
    let more = json!({"eventTime": at("10:00:00"), "responseElements": {"credentialSet": [set]}});
    let event = planter.record(ACCOUNT, &unknown, "rolesanywhere:CreateSession", more);
    let who = json!({
        "type": "AssumedRole", "principalId": "AROAEXAMPLEROLE00001:5e5510", "arn": session, "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": "AROAEXAMPLEROLE00001", "arn": role, "accountId": ACCOUNT, "userName": "backup",
        }},
    });
    let who = identity(who, Some("ASIAANYWHERE"), Some("10:00:00"));
    planter.record(ACCOUNT, &who, "s3:GetObject", json!({"eventTime": at("10:05:00")}));
    let row = row(planter, "ASIAANYWHERE");
    let issuance = row.issuance.unwrap();
    assert_eq!(
        (&*issuance.event.event_id.to_string(), issuance.issued_to.as_deref()),
        (&*event, Some(&*session))
    );
    assert!(row.used.is_some() && row.contradictions.is_empty());
}
