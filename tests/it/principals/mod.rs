//! Principals: the decision table of `docs/method.md`, an independent implementation, and joining.

mod joining;
mod times;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use firstseen::baseline::Baseline;
use firstseen::decode::Decoder;
use firstseen::event::{AnyRecord, Identity, Issuer, OnBehalfOf};
use firstseen::learn::LearnSettings;
use firstseen::model::{ObservedPrincipal, PrincipalKey};
use serde_json::{Map, Value, json};

use crate::archive::{Archive, record, settings, with};

const ACCOUNT: &str = "111122223333";

/// Every identity type (CloudTrail User Guide, "CloudTrail userIdentity element"; IAM Identity Center User Guide, "CloudTrail use
/// cases for IAM Identity Center"). Service events have none.
const TYPES: [&str; 13] = [
    "Root",
    "IAMUser",
    "AssumedRole",
    "Role",
    "FederatedUser",
    "Directory",
    "AWSAccount",
    "AWSService",
    "IdentityCenterUser",
    "Unknown",
    "SAMLUser",
    "WebIdentityUser",
    "none",
];

fn keyed(key: PrincipalKey) -> LearnSettings {
    LearnSettings { principal_key: key, threads: 1, ..settings() }
}

/// The baseline of these records, with principals joined.
fn learnt(records: &[Value], key: PrincipalKey) -> Baseline {
    Archive::new().delivered("20240309T0412", records).ingest(&keyed(key)).baseline.resolved(key)
}

/// Principals as `account key kind count`.
fn principals(baseline: &Baseline) -> Vec<String> {
    let shown = |(index, who): (u32, &ObservedPrincipal)| {
        let of_who = baseline.behaviours.iter().filter(|behaviour| behaviour.principal == index);
        let count: u64 = of_who.map(|behaviour| behaviour.count()).sum();
        format!("{} {} {} {count}", who.account, who.key, who.kind.name())
    };
    (0..).zip(&baseline.principals).map(shown).collect()
}

/// A row of the table in `docs/method.md`.
struct Row {
    identity_type: String,
    /// The variant of the type, for example `EC2 instance`.
    sort: String,
    fields: Vec<String>,
    /// The expected name for each principal key.
    keys: Vec<String>,
    kind: String,
}

fn table() -> Vec<Row> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/method.md")).unwrap();
    let (_, text) = text.split_once("### Decision table").unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with("| type ")).skip(2);
    lines.take_while(|line| line.starts_with('|')).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<String> = line.split('|').map(|cell| cell.trim().replace('`', "")).collect();
    let [_, who, fields, keys @ .., kind, _] = &cells[..] else { panic!("{line}") };
    let (identity_type, sort) = who.split_once(" (").unwrap_or((who, ""));
    let fields = fields.split(", ").filter(|field| !field.is_empty()).map(str::to_owned).collect();
    Row {
        identity_type: identity_type.to_owned(),
        sort: sort.trim_end_matches(')').to_owned(),
        fields,
        keys: keys.to_vec(),
        kind: kind.clone(),
    }
}

impl Row {
    fn account(&self) -> &str {
        match &*self.sort {
            "anonymous" | "ANONYMOUS_PRINCIPAL" => &self.sort,
            _ => ACCOUNT,
        }
    }

    /// Path and name of the role, and name of its session.
    fn role(&self) -> (&'static str, &'static str, &'static str) {
        match &*self.sort {
            "Identity Center" => {
                ("aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Ops_0123456789abcdef", "jo@example.org")
            }
            "service-linked" => ("aws-service-role/ecs.amazonaws.com/", "AWSServiceRoleForECS", "ecs"),
            "EC2 instance" => ("", "aws:ec2-instance", "i-0abc"),
            _ => ("team/", "Deploy", "build-7"),
        }
    }

    fn arn(&self) -> String {
        let (path, role, session) = self.role();
        match &*self.identity_type {
            "Root" => format!("arn:aws:iam::{ACCOUNT}:root"),
            "AssumedRole" => format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"),
            "Role" => format!("arn:aws:iam::{ACCOUNT}:role/{path}{role}"),
            "FederatedUser" => format!("arn:aws:sts::{ACCOUNT}:federated-user/jo"),
            _ => format!("arn:aws:iam::{ACCOUNT}:user/team/eva"),
        }
    }

    fn role_arn(&self) -> String {
        let (path, role, _) = self.role();
        format!("arn:aws:iam::{ACCOUNT}:role/{path}{role}")
    }

    fn principal_id(&self, form: &str) -> String {
        match (form, &*self.sort, &*self.identity_type) {
            ("(account)", ..) => ACCOUNT.to_owned(),
            ("(AIDA…)", ..) => "AIDAEXAMPLE01".to_owned(),
            ("(AROA…)", ..) => "AROAEXAMPLE01".to_owned(),
            ("(AROA…:session)", ..) => format!("AROAEXAMPLE01:{}", self.role().2),
            ("(other)", "EC2 instance", _) => format!("{ACCOUNT}:aws:ec2-instance:i-0abc"),
            ("(other)", _, "FederatedUser") => format!("{ACCOUNT}:jo"),
            ("(other)", _, "WebIdentityUser") => "arn:aws:iam::1:oidc-provider/example.com:app:jo".to_owned(),
            ("(other)", _, "Unknown" | "IdentityCenterUser") => PERSON.to_owned(),
            ("(other)", ..) => "example.com:jo".to_owned(),
            _ => panic!("principalId {form}"),
        }
    }

    fn issuer_id(&self) -> &'static str {
        if self.sort == "EC2 instance" { "111122223333:aws:ec2-instance" } else { "AROAEXAMPLE01" }
    }

    fn identity(&self) -> Value {
        let mut identity = json!({"accountId": self.account()});
        if self.identity_type != "none" {
            identity["type"] = json!(self.identity_type);
        }
        for field in &self.fields {
            let (name, form) = field.split_once(' ').unwrap_or((field, ""));
            match name {
                "arn" => identity["arn"] = json!(self.arn()),
                "principalId" => identity["principalId"] = json!(self.principal_id(form)),
                "userName" if form == "(hidden)" => {
                    identity["userName"] = json!("HIDDEN_DUE_TO_SECURITY_REASONS");
                }
                "userName" => identity["userName"] = json!("eva"),
                "accessKeyId" => identity["accessKeyId"] = json!("ASIAEXAMPLE"),
                "invokedBy" => identity["invokedBy"] = json!("ecs.amazonaws.com"),
                "credentialId" => identity["credentialId"] = json!("token-1"),
                "onBehalfOf" => {
                    identity["onBehalfOf"] = json!({"userId": PERSON, "identityStoreArn": STORE});
                }
                "issuer.arn" => identity["sessionContext"]["sessionIssuer"]["arn"] = json!(self.role_arn()),
                "issuer.principalId" => {
                    identity["sessionContext"]["sessionIssuer"]["principalId"] = json!(self.issuer_id());
                }
                other => panic!("no field {other}"),
            }
        }
        identity
    }

    /// The value that a word of the table has in this row.
    fn value(&self, word: &str) -> String {
        let identity = self.identity();
        let text = |path: &str| identity.pointer(path).and_then(Value::as_str).unwrap().to_owned();
        match word {
            "ARN" => text("/arn"),
            "role ARN" => text("/sessionContext/sessionIssuer/arn"),
            "unique id" if identity.pointer("/sessionContext/sessionIssuer/principalId").is_some() => {
                text("/sessionContext/sessionIssuer/principalId")
            }
            "unique id" => text("/principalId").split(':').next().unwrap().to_owned(),
            "principal id" => text("/principalId"),
            "access key" => text("/accessKeyId"),
            "person" => text("/onBehalfOf/userId"),
            "service" => text("/invokedBy"),
            "token" => text("/credentialId"),
            "session ARN" => self.arn(),
            "permission set/user" => "sso:Ops/jo@example.org".to_owned(),
            "type" => text("/type"),
            "type/name" => {
                let named = identity.get("type").and_then(Value::as_str).unwrap_or("-");
                format!("{named}/{}", text("/userName"))
            }
            "-" => "-".to_owned(),
            other => panic!("no word {other}"),
        }
    }
}

const PERSON: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const STORE: &str = "arn:aws:identitystore::111122223333:identitystore/d-1";

#[test]
fn principals_match_the_table_in_the_documentation() {
    let table = table();
    for row in &table {
        let event =
            with(record("2024-03-09T04:00:00Z", "x", "s3:A"), json!({"userIdentity": row.identity()}));
        assert_eq!(row.keys.len(), PrincipalKey::ALL.len());
        for (key, word) in PrincipalKey::ALL.into_iter().zip(&row.keys) {
            let expected = format!("{} {} {} 1", row.account(), row.value(word), row.kind);
            let found = principals(&learnt(std::slice::from_ref(&event), key));
            assert_eq!(found, [expected], "key {}, {}", key.name(), row.identity());
        }
    }
    let covered: BTreeSet<&str> = table.iter().map(|row| &*row.identity_type).collect();
    assert_eq!(covered, BTreeSet::from(TYPES));
}

#[test]
fn the_account_is_that_of_the_caller_or_else_of_the_log() {
    let of = |account: Value, recipient: Value| {
        let identity = json!({"type": "IAMUser", "principalId": "AIDAEXAMPLE01", "accountId": account});
        let changes = json!({"userIdentity": identity, "recipientAccountId": recipient});
        principals(&learnt(&[with(record("2024-03-09T04:00:00Z", "x", "s3:A"), changes)], PrincipalKey::Arn))
    };
    assert_eq!(of(json!("000123456789"), json!(ACCOUNT)), ["000123456789 AIDAEXAMPLE01 user 1"]);
    assert_eq!(of(json!(""), json!(ACCOUNT)), ["111122223333 AIDAEXAMPLE01 user 1"]);
    assert_eq!(of(json!(null), json!("ABSENT")), ["- AIDAEXAMPLE01 user 1"]);
}

/// An independent implementation of the default key, on a JSON value.
fn plain_key(identity: &Value) -> String {
    let text = |path: &str| {
        identity.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let identity_type = text("/type");
    if identity_type.as_deref() == Some("AssumedRole")
        && let Some(role) = text("/sessionContext/sessionIssuer/arn")
    {
        return role;
    }
    if let Some(name) = text("/arn").or(text("/onBehalfOf/userId")) {
        return name;
    }
    let is_account = |id: &String| id.len() == 12 && id.chars().all(|digit| digit.is_ascii_digit());
    if let Some(id) = text("/principalId")
        && (identity_type.as_deref() == Some("Root") || !is_account(&id))
    {
        let head = id.split(':').next().unwrap();
        return if head.starts_with("AROA") && is_id(head) { head.to_owned() } else { id };
    }
    if let Some(name) = text("/userName")
        && name != "HIDDEN_DUE_TO_SECURITY_REASONS"
    {
        return format!("{}/{name}", identity_type.as_deref().unwrap_or("-"));
    }
    text("/invokedBy").or(text("/credentialId")).or(identity_type).unwrap_or("-".to_owned())
}

fn is_id(text: &str) -> bool {
    let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    ["AIDA", "AROA"].iter().any(|head| text.starts_with(head))
        && text.len() > 9
        && text[4..].chars().all(capital)
}

/// The identity that a reader extracts from a value.
fn identity(value: &Value) -> Identity<'_> {
    let text = |path: &str| value.pointer(path).and_then(Value::as_str);
    Identity {
        identity_type: text("/type"),
        principal_id: text("/principalId"),
        arn: text("/arn"),
        account_id: text("/accountId"),
        access_key_id: text("/accessKeyId"),
        user_name: text("/userName"),
        invoked_by: text("/invokedBy"),
        credential_id: text("/credentialId"),
        on_behalf_of: OnBehalfOf {
            user_id: text("/onBehalfOf/userId"),
            identity_store: text("/onBehalfOf/identityStoreArn"),
        },
        issuer: Issuer {
            arn: text("/sessionContext/sessionIssuer/arn"),
            principal_id: text("/sessionContext/sessionIssuer/principalId"),
        },
        ..Identity::default()
    }
}

/// Fields that may name a caller, with relevant values.
fn choices() -> Vec<(&'static str, Vec<Value>)> {
    let role = json!("arn:aws:iam::1:role/team/Deploy");
    vec![
        ("arn", vec![json!("arn:aws:iam::1:user/eva")]),
        (
            "principalId",
            ["AIDAEXAMPLE01", "AROAEXAMPLE01:build-7", ACCOUNT, "idp:jo", "AROA:x", ""]
                .map(Value::from)
                .to_vec(),
        ),
        ("userName", ["eva", "HIDDEN_DUE_TO_SECURITY_REASONS", ""].map(Value::from).to_vec()),
        ("invokedBy", vec![json!("ecs.amazonaws.com")]),
        ("credentialId", vec![json!("token-1")]),
        ("onBehalfOf", vec![json!({"userId": PERSON, "identityStoreArn": STORE}), json!({})]),
        ("accessKeyId", vec![json!("ASIAEXAMPLE")]),
        (
            "sessionContext",
            vec![
                json!({"sessionIssuer": {"arn": role, "principalId": "AROAEXAMPLE01"}}),
                json!({"sessionIssuer": {"arn": role}}),
                json!({"sessionIssuer": {}}),
            ],
        ),
    ]
}

/// Every identity type with every set of fields.
fn all_identities() -> Vec<Value> {
    let mut all: Vec<Map<String, Value>> = TYPES
        .iter()
        .map(|name| match *name {
            "none" => Map::new(),
            name => Map::from_iter([("type".to_owned(), json!(name))]),
        })
        .collect();
    for (field, values) in choices() {
        let without = all.clone();
        for value in values {
            all.extend(without.iter().cloned().map(|mut identity| {
                identity.insert(field.to_owned(), value.clone());
                identity
            }));
        }
    }
    all.into_iter().map(Value::from).collect()
}

#[test]
fn every_set_of_fields_gives_the_best_available_name() {
    for value in all_identities() {
        let identity = identity(&value);
        for identity in [identity.clone(), identity.with_known()] {
            let usual = identity.principal(None, PrincipalKey::Arn);
            assert_eq!(usual.key, plain_key(&value), "{value}");
            for key in PrincipalKey::ALL {
                let who = identity.principal(None, key);
                let names_somebody = usual.key != "-" && Some(&*usual.key) != identity.identity_type;
                let is_type = Some(&*who.key) == identity.identity_type || who.key == "-";
                assert!(!(names_somebody && is_type), "{} of {value}", key.name());
                assert!(!who.key.contains("HIDDEN"), "{} of {value}", key.name());
                assert_eq!(who.kind, usual.kind);
                assert_eq!(who.identity_link, usual.identity_link);
                let unnamed = if usual.key == "-" { &who.key } else { &usual.key };
                assert_eq!(who.arn.as_deref().unwrap_or(&who.key), &**unnamed, "{} of {value}", key.name());
            }
        }
    }
}

fn by(identity: Value, time: &str, action: &str) -> Value {
    let mut identity = identity;
    if identity.get("accountId").is_none() {
        identity["accountId"] = json!(ACCOUNT);
    }
    let id = format!("{time} {action} {identity}");
    with(record(time, "x", action), json!({"userIdentity": identity, "eventID": id}))
}

fn user(name: &str, id: &str) -> Value {
    json!({"type": "IAMUser", "principalId": id, "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}")})
}

/// All files in a folder, recursively.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
#[ignore = "needs the records of other projects in ../shared/data; .ci/run asks for it where they are"]
fn no_public_record_has_its_type_as_principal() {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), &mut paths);
    let mut decoder = Decoder::new(1 << 30);
    let mut identities = 0;
    for path in paths {
        let stored = fs::read(&path).unwrap();
        decoder.decode(&stored, |found| {
            let Ok(AnyRecord::CloudTrail(record)) = found.record else { return };
            let value: Value = serde_json::from_str(found.text).unwrap_or_default();
            let expected = plain_key(&value["userIdentity"]);
            let identity = &record.identity;
            identities += 1;
            assert_eq!(identity.principal(None, PrincipalKey::Arn).key, expected, "{}", path.display());
            let others = [identity.user_name, identity.invoked_by, identity.credential_id];
            let texts =
                [identity.arn, identity.principal_id, identity.on_behalf_of.user_id, identity.issuer.arn];
            let is_name = |text: &&str| {
                !text.is_empty() && !text.starts_with("HIDDEN") && Some(*text) != identity.account_id
            };
            // Some data sets have the same placeholder in all fields.
            let is_typed = identity.identity_type.is_none_or(|name| TYPES.contains(&name));
            if is_typed && others.into_iter().chain(texts).flatten().any(|text| is_name(&text)) {
                for key in PrincipalKey::ALL {
                    let who = identity.principal(None, key).key;
                    assert!(
                        Some(&*who) != identity.identity_type && who != "-",
                        "{}: {value}",
                        path.display()
                    );
                }
            }
        });
    }
    assert!(identities > 1_000, "{identities} records only");
}
