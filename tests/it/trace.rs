//! `firstseen trace`: planted chains of credentials are found, in both directions.

use std::collections::BTreeMap;
use std::fs;

use firstseen::checksum::IndexedObjects;
use firstseen::scan::{ScanSettings, Silent};
use firstseen::source::Archives;
use firstseen::trace::{Credential, Origin, TraceLimits, TraceQuestion, TraceRow, Traced, trace};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, wrapped};
use crate::program::{firstseen, stderr};

/// A role of Identity Center, for the permission set Admin.
pub(crate) const PORTAL_ROLE: &str = "AWSReservedSSO_Admin_0123456789abcdef";

pub(crate) const ACCOUNTS: [&str; 3] = ["000123456789", "111122223333", "444455556666"];

/// How a chain begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beginning {
    /// A long-term key, whose creation is not in the archive.
    Key,
    /// A long-term key that another user made.
    MadeKey,
    /// A password, a console sign-in with it, and a console session.
    Console,
    /// EC2 opens a session for an instance.
    Instance,
    /// A web identity.
    WebIdentity,
    /// The portal of Identity Center.
    Portal,
    /// The same without an event of STS.
    RoleCredentials,
    /// A console session that changes its own password, and another one with that.
    OwnPassword,
}

const BEGINNINGS: [Beginning; 8] = [
    Beginning::Key,
    Beginning::MadeKey,
    Beginning::Console,
    Beginning::Instance,
    Beginning::WebIdentity,
    Beginning::Portal,
    Beginning::RoleCredentials,
    Beginning::OwnPassword,
];

/// One more credential in a chain.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hop {
    /// A role in the account with this number.
    Role(usize),
    /// GetSessionToken or GetFederationToken.
    Token(bool),
}

/// Who holds the current credential.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    account: &'static str,
    pub(crate) identity: Value,
    /// As other accounts see it.
    redacted: Value,
    is_user: bool,
}

/// Writes records as CloudTrail does.
pub(crate) struct Planter {
    chain: usize,
    pub(crate) minute: u32,
    events: u32,
    pub(crate) records: Vec<Value>,
    /// The credentials of the chain, from the first one on.
    credentials: Vec<Credential>,
    /// Number of calls by access key.
    calls: BTreeMap<String, u64>,
    /// The key of a console session.
    console_key: Option<String>,
    /// When each key was issued. Records of half of the chains say it.
    created: BTreeMap<String, String>,
}

impl Planter {
    pub(crate) fn new(chain: usize) -> Self {
        Self {
            chain,
            minute: 0,
            events: 0,
            records: Vec::new(),
            credentials: Vec::new(),
            calls: BTreeMap::new(),
            console_key: None,
            created: BTreeMap::new(),
        }
    }

    pub(crate) fn user(&self, account: &'static str, name: &str, key: Option<&str>) -> Holder {
        let mut identity = json!({
            "type": "IAMUser", "principalId": format!("AIDA{}{}", self.chain, name.to_uppercase()),
            "arn": format!("arn:aws:iam::{account}:user/{name}"), "accountId": account, "userName": name,
        });
        let redacted =
            json!({"type": "AWSAccount", "principalId": identity["principalId"], "accountId": account});
        if let Some(key) = key {
            identity["accessKeyId"] = key.into();
        }
        Holder { account, identity, redacted, is_user: true }
    }

    pub(crate) fn session(&self, account: &'static str, role: &str, session: &str, key: &str) -> Holder {
        let id = format!("AROA{}{}", self.chain, role.to_uppercase());
        Holder {
            account,
            identity: json!({
                "type": "AssumedRole", "principalId": format!("{id}:{session}"), "accountId": account, "accessKeyId": key,
                "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": id, "accountId": account,
                    "arn": format!("arn:aws:iam::{account}:role/{role}"), "userName": role}},
            }),
            redacted: json!({"type": "AWSAccount", "principalId": format!("{id}:{session}"), "accountId": account}),
            is_user: false,
        }
    }

    /// The time of the next record.
    fn now(&self) -> String {
        format!("2024-03-0{}T{:02}:{:02}:00Z", 1 + self.chain % 9, self.minute / 60, self.minute % 60)
    }

    /// Adds a record; returns its event id.
    pub(crate) fn record(&mut self, account: &str, identity: &Value, action: &str, more: Value) -> String {
        let (source, name) = action.split_once(':').unwrap();
        self.events += 1;
        let id = format!("event-{}-{}", self.chain, self.events);
        if let Some(key) = identity["accessKeyId"].as_str() {
            *self.calls.entry(key.to_owned()).or_default() += 1;
        }
        let mut identity = identity.clone();
        let created = identity["accessKeyId"].as_str().and_then(|key| self.created.get(key));
        if let Some(created) = created.filter(|_| self.chain % 2 == 1) {
            identity["sessionContext"]["attributes"]["creationDate"] = json!(created);
        }
        let mut record = json!({
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": self.now(),
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
            "sourceIPAddress": "198.51.100.7", "eventID": id, "recipientAccountId": account,
        });
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        if self.console_key.is_some() && identity["accessKeyId"].as_str() == self.console_key.as_deref() {
            record["sessionCredentialFromConsole"] = "true".into();
        }
        self.records.push(record);
        id
    }

    fn key(&mut self, prefix: &str) -> String {
        let key = format!("{prefix}CHAIN{}N{}", self.chain, self.credentials.len());
        if prefix == "ASIA" {
            self.created.insert(key.clone(), self.now());
        }
        self.credentials.push(Credential::Key(key.as_str().into()));
        key
    }

    pub(crate) fn begin(&mut self, beginning: Beginning, account: &'static str) -> Holder {
        match beginning {
            Beginning::Key => {
                let key = self.key("AKIA");
                self.user(account, "eva", Some(&key))
            }
            Beginning::MadeKey => {
                let key = self.key("AKIA");
                let admin = self.user(account, "admin", Some(&key));
                let made = self.key("AKIA");
                let response =
                    json!({"responseElements": {"accessKey": {"accessKeyId": made, "userName": "eva"}}});
                self.record(account, &admin.identity, "iam:CreateAccessKey", response);
                self.user(account, "eva", Some(&made))
            }
            Beginning::Console => {
                let key = self.key("AKIA");
                let admin = self.user(account, "admin", Some(&key));
                let request = json!({"requestParameters": {"userName": "eva"}});
                let id = self.record(account, &admin.identity, "iam:CreateLoginProfile", request);
                self.credentials.push(Credential::Password(id.as_str().into()));
                self.minute += 7;
                self.sign_in(account)
            }
            Beginning::OwnPassword => {
                let eva = self.begin(Beginning::Console, account);
                self.minute += 1;
                let id = self.record(account, &eva.identity, "iam:ChangePassword", json!({}));
                self.credentials.push(Credential::Password(id.as_str().into()));
                self.minute += 7;
                self.sign_in(account)
            }
            Beginning::Instance => {
                let service = json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"});
                self.assume(&service, (account, "app", "i-0abc"), "AssumeRole")
            }
            Beginning::WebIdentity => {
                let web = json!({"type": "WebIdentityUser", "principalId": "token.example.com:app:jo", "userName": "jo",
                    "identityProvider": "token.example.com"});
                self.assume(&web, (account, "deploy", "jo"), "AssumeRoleWithWebIdentity")
            }
            Beginning::Portal => {
                self.portal(account, "Federate");
                let saml = json!({"type": "SAMLUser", "principalId": "x:jo@example.org", "userName": "jo@example.org"});
                self.assume(&saml, (account, PORTAL_ROLE, "jo@example.org"), "AssumeRoleWithSAML")
            }
            Beginning::RoleCredentials => {
                self.portal(account, "GetRoleCredentials");
                let key = self.key("ASIA");
                self.session(account, PORTAL_ROLE, "jo@example.org", &key)
            }
        }
    }

    /// A sign-in of eva, and the key of the console session.
    fn sign_in(&mut self, account: &'static str) -> Holder {
        let eva = self.user(account, "eva", None);
        let response =
            json!({"responseElements": {"ConsoleLogin": "Success"}, "eventType": "AwsConsoleSignIn"});
        let id = self.record(account, &eva.identity, "signin:ConsoleLogin", response);
        self.credentials.push(Credential::SignIn(id.as_str().into()));
        self.minute += 1;
        let key = self.key("ASIA");
        self.console_key = Some(key.clone());
        self.user(account, "eva", Some(&key))
    }

    /// A call of the portal of Identity Center, a minute before the session.
    pub(crate) fn portal(&mut self, account: &'static str, name: &str) -> String {
        let person = json!({"type": "IdentityCenterUser", "accountId": account,
            "onBehalfOf": {"userId": format!("person-{}", self.chain), "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"}});
        let details = json!({"serviceEventDetails": {"account_id": account, "role_name": "Admin"}});
        let id = self.record(account, &person, &format!("sso:{name}"), details);
        self.credentials.push(Credential::SignIn(id.as_str().into()));
        self.minute += 1;
        id
    }

    /// A session that a caller in another account, or without one, opens.
    pub(crate) fn assume(
        &mut self,
        caller: &Value,
        (account, role, session): (&'static str, &str, &str),
        name: &str,
    ) -> Holder {
        let key = self.key("ASIA");
        let more = response(account, role, session, &key);
        self.record(account, caller, &format!("sts:{name}"), more);
        self.session(account, role, session, &key)
    }

    pub(crate) fn hop(&mut self, from: &Holder, hop: Hop) -> Holder {
        self.minute += 3;
        match hop {
            Hop::Role(number) => {
                let account = ACCOUNTS[number];
                let (role, session) = (format!("role{}", self.credentials.len()), "jo");
                let key = self.key("ASIA");
                let more = response(account, &role, session, &key);
                self.record(from.account, &from.identity, "sts:AssumeRole", more.clone());
                if account != from.account {
                    self.record(account, &from.redacted, "sts:AssumeRole", more);
                }
                self.session(account, &role, session, &key)
            }
            Hop::Token(is_federated) if from.is_user => {
                let key = self.key("ASIA");
                let mut more = json!({"responseElements": {"credentials": {"accessKeyId": key}}});
                if !is_federated {
                    self.record(from.account, &from.identity, "sts:GetSessionToken", more);
                    return self.user(from.account, "eva", Some(&key));
                }
                let arn = format!("arn:aws:sts::{}:federated-user/tool", from.account);
                more["responseElements"]["federatedUser"] = json!({"arn": arn});
                self.record(from.account, &from.identity, "sts:GetFederationToken", more);
                let id = format!("{}:tool", from.account);
                Holder {
                    account: from.account,
                    identity: json!({"type": "FederatedUser", "principalId": id, "arn": arn, "accountId": from.account, "accessKeyId": key}),
                    redacted: json!({"type": "AWSAccount", "principalId": id, "accountId": from.account}),
                    is_user: false,
                }
            }
            // Only users can have tokens.
            Hop::Token(_) => self.hop(from, Hop::Role(0)),
        }
    }

    pub(crate) fn call(&mut self, who: &Holder, number: usize) {
        for _ in 0..number {
            self.minute += 1;
            self.record(who.account, &who.identity, "s3:ListBuckets", json!({}));
        }
    }
}

pub(crate) fn response(account: &str, role: &str, session: &str, key: &str) -> Value {
    json!({
        "requestParameters": {"roleArn": format!("arn:aws:iam::{account}:role/{role}"), "roleSessionName": session},
        "responseElements": {"credentials": {"accessKeyId": key, "sessionToken": "secret"},
            "assumedRoleUser": {"assumedRoleId": format!("AROAX:{session}"), "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")}},
        "readOnly": true,
    })
}

fn hop() -> impl Strategy<Value = Hop> {
    prop_oneof![4 => (0..3_usize).prop_map(Hop::Role), 1 => any::<bool>().prop_map(Hop::Token)]
}

/// Plants a chain; a session does some calls after each hop.
pub(crate) fn plant(
    chain: usize,
    beginning: Beginning,
    account: usize,
    hops: &[Hop],
    calls: usize,
) -> Planter {
    let mut planter = Planter::new(chain);
    let mut holder = planter.begin(beginning, ACCOUNTS[account]);
    planter.call(&holder, calls);
    for hop in hops {
        holder = planter.hop(&holder, *hop);
        planter.call(&holder, calls.max(usize::from(planter.credentials.len() > hops.len())));
    }
    planter
}

/// An archive with one object for each account and chain, and copies of some.
pub(crate) fn archive(planters: &[Planter]) -> Archive {
    let mut archive = Archive::new();
    for planter in planters {
        for account in ACCOUNTS {
            let of = |record: &&Value| record["recipientAccountId"] == account;
            // Records are not sorted in an object.
            let records: Vec<Value> = planter.records.iter().filter(of).rev().cloned().collect();
            archive = archive.object(&format!("{account}/{}.json", planter.chain), &wrapped(&records));
            if planter.chain % 2 == 0 {
                archive = archive
                    .object(&format!("other-trail/{account}-{}.json", planter.chain), &wrapped(&records));
            }
        }
    }
    archive
}

pub(crate) const LIMITS: TraceLimits = TraceLimits { depth: 64, rows: 10_000 };

pub(crate) fn traced(archive: &Archive, wanted: &str, limits: TraceLimits, threads: usize) -> Traced {
    let archives = Archives::open(&[archive.path().to_owned()]).unwrap();
    let settings = ScanSettings { threads, ..ScanSettings::default() };
    let question = TraceQuestion { wanted, accounts: &[], limits };
    trace(&archives, &settings, &question, &IndexedObjects::default(), &Silent).unwrap()
}

/// The credentials from the first one down to this one.
fn path<'t>(rows: &'t [TraceRow], to: &Credential) -> Vec<&'t Credential> {
    let mut path = Vec::new();
    let mut next = Some(to.clone());
    while let Some(row) = next.and_then(|credential| rows.iter().find(|row| row.credential == credential)) {
        path.insert(0, &row.credential);
        next = row.parent.clone();
    }
    path
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_planted_chain_is_found(
        chains in prop::collection::vec(
            (prop::sample::select(&BEGINNINGS[..]), 0..3_usize, prop::collection::vec(hop(), 5), 0..4_usize),
            1..5,
        ),
    ) {
        let planters: Vec<Planter> = chains
            .iter()
            .enumerate()
            .map(|(chain, (beginning, account, hops, calls))| plant(chain, *beginning, *account, hops, *calls))
            .collect();
        let archive = archive(&planters);
        for planter in &planters {
            let all = &planter.credentials;
            let expected: Vec<&Credential> = all.iter().collect();
            let (first, last) = (&all[0], all.last().unwrap());
            // Backwards from the last one, by its key.
            let back = traced(&archive, last.id(), LIMITS, 2);
            prop_assert_eq!(path(&back.rows, last), expected.clone(), "back");
            prop_assert_eq!((back.rows.len(), back.matched, back.left_out), (all.len(), 1, 0));
            prop_assert!(back.rows[0].origin.is_some() && back.rows[1..].iter().all(|row| row.origin.is_none()));
            // Forwards from the first one.
            let start = first.id();
            let on = traced(&archive, start, LIMITS, 1);
            let shown: Vec<&Credential> = on.rows.iter().map(|row| &row.credential).collect();
            prop_assert_eq!(shown, expected);
            prop_assert!(on.coverage.sums_hold(), "{:?}", on.coverage.records);
            // Copies count once.
            for row in &on.rows {
                let counts = row.used.as_ref().map_or(0, |used| used.counts().count);
                prop_assert_eq!(counts, planter.calls.get(row.credential.id().as_str()).copied().unwrap_or(0));
            }
            // The same with any number of threads.
            prop_assert_eq!(traced(&archive, start, LIMITS, 5).rows, on.rows);
        }
    }
}

#[test]
fn events_sessions_and_principals_are_traced() {
    let hops = [Hop::Role(1), Hop::Role(2)];
    let planters = [plant(0, Beginning::MadeKey, 0, &hops, 2), plant(1, Beginning::Portal, 1, &hops, 1)];
    let archive = archive(&planters);
    let marked = |wanted: &str| {
        let traced = traced(&archive, wanted, LIMITS, 2);
        let marked =
            traced.rows.iter().filter(|row| row.is_traced).map(|row| row.credential.id().to_string());
        (marked.collect::<Vec<_>>(), traced.rows.len())
    };
    let one = |key: &str, rows| (vec![key.to_owned()], rows);
    // An event that used a key.
    let event = planters[0].records[0]["eventID"].as_str().unwrap();
    assert_eq!(marked(event), one("AKIACHAIN0N0", 4));
    assert_eq!(marked("arn:aws:iam::000123456789:user/admin"), one("AKIACHAIN0N0", 4));
    assert_eq!(marked("arn:aws:iam::000123456789:user/eva"), one("AKIACHAIN0N1", 4));
    assert_eq!(
        marked("arn:aws:iam::111122223333:role/role2"),
        (vec!["ASIACHAIN0N2".to_owned(), "ASIACHAIN1N2".to_owned()], 8)
    );
    assert_eq!(marked("arn:aws:sts::444455556666:assumed-role/role3/jo").0, ["ASIACHAIN0N3", "ASIACHAIN1N3"]);
    assert_eq!(marked("AROA0ROLE3:jo"), one("ASIACHAIN0N3", 4));
    assert_eq!(marked("AROA0ROLE3"), one("ASIACHAIN0N3", 4));
    assert_eq!(marked("person-1").0.len(), 1);
    assert_eq!(marked("jo@example.org"), one("ASIACHAIN1N1", 4));
    assert_eq!(marked("nobody"), (vec![], 0));
}

#[test]
fn limits_leave_out_and_count() {
    let mut records = Planter::new(0);
    let root = records.begin(Beginning::Key, ACCOUNTS[0]);
    for _ in 0..10 {
        let session = records.hop(&root, Hop::Role(0));
        records.hop(&session, Hop::Role(1));
    }
    let archive = archive(&[records]);
    let rows = |wanted: &str, depth, rows| {
        let traced = traced(&archive, wanted, TraceLimits { depth, rows }, 2);
        (traced.rows.len(), traced.left_out, traced.rows[0].left_out)
    };
    assert_eq!(rows("AKIACHAIN0N0", 64, 1_000), (21, 0, 0));
    assert_eq!(rows("AKIACHAIN0N0", 1, 1_000), (11, 10, 0));
    assert_eq!(rows("AKIACHAIN0N0", 0, 1_000), (1, 20, 10));
    assert_eq!(rows("AKIACHAIN0N0", 64, 5), (5, 16, 0));
    // Of the key above what is traced, only the way is shown.
    assert_eq!(rows("ASIACHAIN0N3", 64, 1_000), (3, 0, 9));
}

#[test]
fn origins_say_what_is_not_in_the_archive() {
    let origin = |identity: Value, more: Value| {
        let mut planter = Planter::new(0);
        planter.record(ACCOUNTS[0], &identity, "s3:ListBuckets", more);
        let archive = archive(&[planter]);
        traced(&archive, identity["accessKeyId"].as_str().unwrap(), LIMITS, 1).rows.remove(0).origin.unwrap()
    };
    let planter = Planter::new(0);
    let user = |key| planter.user(ACCOUNTS[0], "eva", Some(key)).identity;
    let session = |name, key| planter.session(ACCOUNTS[0], "app", name, key).identity;
    assert_eq!(origin(user("AKIAX"), json!({})), Origin::LongTermKey);
    assert_eq!(origin(user("ASIAX"), json!({})), Origin::NotIssuedHere);
    assert_eq!(origin(session("jo", "ASIAX"), json!({})), Origin::NotIssuedHere);
    assert_eq!(origin(session("i-0abc", "ASIAX"), json!({})), Origin::Instance("i-0abc".into()));
    let by = |caller: Value| {
        let mut planter = Planter::new(0);
        let held = planter.assume(&caller, (ACCOUNTS[0], "app", "jo"), "AssumeRole");
        planter.call(&held, 1);
        traced(&archive(&[planter]), "ASIACHAIN0N0", LIMITS, 1).rows.remove(0).origin.unwrap()
    };
    assert_eq!(
        by(json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"})),
        Origin::Service("lambda.amazonaws.com".into())
    );
    assert_eq!(
        by(json!({"type": "AWSAccount", "principalId": "AROAOTHER:x", "accountId": "999988887777"})),
        Origin::OtherAccount
    );
    assert_eq!(by(json!({"type": "SAMLUser", "userName": "jo"})), Origin::Federated);
    assert_eq!(by(json!({"type": "Root", "accountId": ACCOUNTS[0]})), Origin::UnknownCaller);
}

#[test]
fn a_foreign_caller_is_found_by_its_unique_id() {
    let mut planter = Planter::new(0);
    let root = planter.begin(Beginning::Key, ACCOUNTS[0]);
    let session = planter.hop(&root, Hop::Role(0));
    planter.call(&session, 1);
    // Only the log of the account with the role has the call.
    planter.assume(&session.redacted, (ACCOUNTS[1], "target", "jo"), "AssumeRole");
    let found = traced(&archive(&[planter]), "ASIACHAIN0N2", LIMITS, 2);
    assert_eq!(found.rows.len(), 3);
    assert!(found.rows[2].is_inferred && !found.rows[1].is_inferred);
}

#[test]
fn records_that_issue_each_other_end() {
    let mut planter = Planter::new(0);
    for (own, other) in [("ASIAA", "ASIAB"), ("ASIAB", "ASIAC"), ("ASIAC", "ASIAA"), ("ASIAD", "ASIAD")] {
        let caller = planter.session(ACCOUNTS[0], "app", "jo", own);
        let more = response(ACCOUNTS[0], "app", "jo", other);
        planter.record(ACCOUNTS[0], &caller.identity, "sts:AssumeRole", more);
    }
    let archive = archive(&[planter]);
    for wanted in ["ASIAA", "ASIAB", "ASIAC"] {
        let found = traced(&archive, wanted, LIMITS, 2);
        assert_eq!(found.rows.len(), 3, "{wanted}");
        assert_eq!(found.rows[0].origin, Some(Origin::Circular));
        assert_eq!(found.rows[0].credential.id(), "ASIAA");
    }
    let own = traced(&archive, "ASIAD", LIMITS, 2);
    assert_eq!((own.rows.len(), own.rows[0].origin.as_ref()), (1, Some(&Origin::Circular)));
    // A long chain neither recurses nor indents without end.
    let mut planter = Planter::new(0);
    for number in 0..3_000 {
        let caller = planter.session(ACCOUNTS[0], "app", "jo", &format!("ASIA{number}"));
        let more = response(ACCOUNTS[0], "app", "jo", &format!("ASIA{}", number + 1));
        planter.record(ACCOUNTS[0], &caller.identity, "sts:AssumeRole", more);
    }
    let archive = Archive::new().object("a.json", &wrapped(&planter.records));
    let shown = firstseen(&["trace", ".", "ASIA3000", "--limit", "5000", "-q"], archive.path());
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    assert!(shown.stdout.len() < 2_000_000, "{}", shown.stdout.len());
    assert!(String::from_utf8(shown.stdout).unwrap().contains("3001 credentials, 1 of them traced"));
}

#[test]
fn every_format_is_written_and_hostile_texts_are_harmless() {
    let mut planter = Planter::new(0);
    let root = planter.begin(Beginning::Console, ACCOUNTS[0]);
    planter.call(&root, 2);
    let held =
        planter.assume(&root.identity, (ACCOUNTS[1], "r\"]-->x<b>\u{202e}", "s\u{1b}[2J"), "AssumeRole");
    planter.call(&held, 1);
    let archive = archive(&[planter]);
    let run = |more: &[&str]| {
        let output = firstseen(&[&["trace", ".", "AKIACHAIN0N0", "-q"], more].concat(), archive.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&[]);
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(text.contains("sign-in of user arn:aws:iam::000123456789:user/eva"), "{text}");
    let chart = run(&["-f", "mermaid"]);
    assert!(
        chart.starts_with(
            "flowchart TD\n    n0[\"key AKIACHAIN0N0 of user arn:aws:iam::000123456789:user/admin<br/>"
        ),
        "{chart}"
    );
    assert_eq!(chart.matches("[\"").count(), 5);
    assert!(chart.is_ascii() && !chart.contains("<b>"), "{chart}");
    let json: Value = serde_json::from_str(&run(&["-f", "json"])).unwrap();
    let rows = json["credentials"].as_array().unwrap();
    assert_eq!((rows.len(), &json["settings"]["traced"]), (5, &json!("AKIACHAIN0N0")));
    assert_eq!(rows[4]["used"]["by"]["session_name"], "s\u{1b}[2J");
    assert_eq!(rows[3]["used"]["console"], true);
    let kinds: Vec<&str> = rows.iter().map(|row| row["credential_kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["access-key", "password", "sign-in", "access-key", "access-key"]);
    let lines = run(&["-f", "jsonl"]);
    assert_eq!(lines.lines().count(), 7);
}

#[test]
fn a_baseline_leads_to_its_archive() {
    let planter = plant(0, Beginning::Key, 0, &[Hop::Role(1)], 1);
    let archive = archive(&[planter]);
    fs::create_dir(archive.path().join("logs")).unwrap();
    for account in ACCOUNTS {
        fs::rename(archive.path().join(account), archive.path().join("logs").join(account)).unwrap();
    }
    let run = |arguments: &[&str]| firstseen(arguments, archive.path());
    let indexed = run(&["index", "logs", "-q", "-o", "x.baseline"]);
    assert_eq!(indexed.status.code(), Some(0), "{}", stderr(&indexed));
    let direct = run(&["trace", "logs", "ASIACHAIN0N1"]);
    let through = run(&["trace", "x.baseline", "ASIACHAIN0N1"]);
    assert!(through.status.success() && through.stdout == direct.stdout, "{}", stderr(&through));
    fs::rename(archive.path().join("logs"), archive.path().join("moved")).unwrap();
    let lost = run(&["trace", "x.baseline", "ASIACHAIN0N1"]);
    assert_eq!(lost.status.code(), Some(1));
    assert!(
        stderr(&lost).contains("'logs' cannot be opened") && stderr(&lost).contains("--archive"),
        "{}",
        stderr(&lost)
    );
    let moved = run(&["trace", "x.baseline", "ASIACHAIN0N1", "--archive", "moved"]);
    assert!(moved.stdout == direct.stdout, "{}", stderr(&moved));
    let nothing = run(&["trace", "moved", "AKIANONE"]);
    assert!(
        stderr(&nothing).starts_with("error: nothing in the archive used or issued 'AKIANONE'"),
        "{}",
        stderr(&nothing)
    );
}

/// A name is also that of a role for which a session was issued, if nobody used it.
#[test]
fn sessions_that_were_issued_for_a_role_are_found_by_its_name() {
    let mut planter = Planter::new(0);
    let caller = planter.user(ACCOUNTS[0], "jo", Some("AKIAJO")).identity;
    let more = response(ACCOUNTS[0], "app", "deploy", "ASIAUNUSED");
    planter.record(ACCOUNTS[0], &caller, "sts:AssumeRole", more);
    let archive = archive(&[planter]);
    let arn = format!("arn:aws:iam::{}:role/app", ACCOUNTS[0]);
    for wanted in ["app", "role/app", &arn, "deploy", "AROAX:deploy", "AROAX"] {
        let rows = traced(&archive, wanted, LIMITS, 2).rows;
        let traced: Vec<&str> =
            rows.iter().filter(|row| row.is_traced).map(|row| row.credential.id().as_str()).collect();
        assert_eq!(traced, ["ASIAUNUSED"], "{wanted}");
    }
}
