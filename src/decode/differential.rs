//! Checks that all readers of a record give the same result, for property tests and the fuzz targets
//! (`tests/fuzz`).
//!
//! There are three readers: the scanner, the fallback reader, and a plain JSON parser as the reference. The
//! scanner must give the same whatever it learnt from earlier records. The two inflate implementations are
//! compared as well.

use serde_json::Value;

use super::record::identity_cache::IdentityCache;
use super::record::scanner::{self, KeyPredictors};
use super::record::walk::NeedsFallback;
use super::record::{audit, fallback};
use super::unpack::gzip;
use super::{Decoded, Decoder};
use crate::event::{AuditRecord, AuditSettings, Cluster, Record};
use crate::model::PrincipalKey;

/// Panics if two readers disagree about a line of `text` or about all of it as one object.
pub fn check(text: &str) {
    let mut predictors = KeyPredictors::default();
    let mut identities = IdentityCache::default();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with('{') {
            check_record(text, start, &mut predictors, &mut identities);
            check_audit_event(text, start);
        }
        start += line.len();
    }
    check_object(text.as_bytes());
}

/// Panics if the two inflate implementations differ, for these bytes and, since most changes only lead to a wrong checksum, for a member
/// that has them as its deflate stream, with a matching trailer, once and twice. Returns whether that stream is complete.
pub fn check_gzip(bytes: &[u8]) -> bool {
    gzip::check_both_ways(bytes, GZIP_LIMIT);
    let member = gzip::with_trailer(&[&GZIP_HEADER, bytes].concat(), GZIP_LIMIT);
    if let Some(member) = &member {
        gzip::check_both_ways(member, GZIP_LIMIT);
        gzip::check_both_ways(&[&member[..], &member[..]].concat(), GZIP_LIMIT);
    }
    member.is_some()
}

/// A header without a name.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Bytes that a member may inflate to.
const GZIP_LIMIT: usize = 1 << 20;

/// Panics if the result for an object depends on objects decoded before it.
pub fn check_object(stored: &[u8]) {
    let mut decoder = Decoder::new(1 << 20);
    let fresh = account(&mut decoder, stored);
    for _ in 0..2 {
        account(&mut decoder, OTHER.as_bytes());
        assert_eq!(account(&mut decoder, stored), fresh);
    }
}

/// An object with another layout and common keys.
const OTHER: &str = r#"{ "Records" : [
  { "eventID" : "1", "userIdentity" : { "type" : "Root", "arn" : "arn:aws:iam::1:root" }, "eventName" : "A",
    "readOnly" : true, "eventTime" : "2024-03-01T10:00:00Z", "requestParameters" : null },
  { "eventID":  "2", "userIdentity": {"type":"IAMUser","arn":"a"},  "eventName":"B", "eventSource":"s" } ] }"#;

fn account(decoder: &mut Decoder, stored: &[u8]) -> (Vec<String>, String) {
    let mut records = Vec::new();
    let decoded: Decoded = decoder.decode(stored, |found| records.push(format!("{found:?}")));
    (records, format!("{decoded:?}"))
}

/// The record at `start`, read by all readers.
fn check_record<'a>(
    text: &'a str,
    start: usize,
    predictors: &mut KeyPredictors,
    identities: &mut IdentityCache<'a>,
) {
    let taught = scan(text, start, predictors, identities);
    let scanned = scan(text, start, &mut KeyPredictors::default(), &mut IdentityCache::default());
    assert_eq!(taught, scanned, "predictors changed what the scanner found");
    let Ok((scanned, end)) = scanned else { return };
    let slice = &text[start..end];
    let read = fallback::with_record(slice, |record| {
        assert_eq!(scanned, record, "scanner and fallback reader");
        assert_eq!(event(&scanned), event(&record));
    });
    // The scanner skips unused values without validating them; valid JSON must be read by both.
    if read.is_err() {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(slice).is_err(), "{read:?}");
    }
    if let Ok(plain) = serde_json::from_str(slice) {
        check_against(&plain, &scanned);
    }
}

fn scan<'a>(
    text: &'a str,
    start: usize,
    predictors: &mut KeyPredictors,
    identities: &mut IdentityCache<'a>,
) -> Result<(Record<'a>, usize), NeedsFallback> {
    let mut record = Record::default();
    let end = scanner::record(text, start, predictors, identities, &mut record)?.end;
    Ok((record, end))
}

/// The audit event at `start`, read by all readers.
fn check_audit_event(text: &str, start: usize) {
    let Ok(audit::ReadEvent { record: scanned, end, .. }) = audit::record(text, start) else { return };
    let slice = &text[start..end];
    let read = fallback::with_audit_record(slice, |record| {
        assert_eq!(scanned, record, "scanner and fallback reader")
    });
    if read.is_err() {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(slice).is_err(), "{read:?}");
    }
    // Interpreting any record must not panic.
    let _ = (scanned.interpret(Cluster::default(), AuditSettings::default()), scanned.evidence());
    if let Ok(plain) = serde_json::from_str(slice) {
        check_audit_event_against(&plain, &scanned);
    }
}

/// Compares an audit event with the output of a plain parser.
fn check_audit_event_against(plain: &Value, record: &AuditRecord<'_>) {
    let text = |path: &str| plain.pointer(path).and_then(Value::as_str);
    let listed = |path: &str| {
        let value = plain.pointer(path);
        let single = value.filter(|value| value.is_string()).into_iter();
        single.chain(value.and_then(Value::as_array).into_iter().flatten()).filter_map(Value::as_str)
    };
    let code = match plain.pointer("/responseStatus/code") {
        Some(Value::String(text)) => text.parse().ok(),
        other => other.and_then(Value::as_f64),
    };
    let is_code = |code: &f64| code.fract() == 0.0 && (1.0..=65_535.0).contains(code);
    assert_eq!(record.code.map(f64::from), code.filter(is_code), "code");
    assert_eq!(record.source_ip, listed("/sourceIPs").next_back(), "sourceIPs");
    assert_eq!(record.first_address, listed("/sourceIPs").next(), "sourceIPs");
    let object = &record.object;
    for (path, read) in [
        ("/auditID", record.audit_id),
        ("/stage", record.stage),
        ("/verb", record.verb),
        ("/requestURI", record.request_uri),
        ("/userAgent", record.user_agent),
        ("/objectRef/resource", object.resource),
        ("/objectRef/subresource", object.subresource),
        ("/objectRef/apiGroup", object.api_group),
        ("/objectRef/namespace", object.namespace),
        ("/responseStatus/status", record.status),
        ("/responseStatus/reason", record.reason),
        ("/requestReceivedTimestamp", record.received),
        ("/stageTimestamp", record.stage_time),
        ("/timestamp", record.timestamp),
        ("/annotations/authorization.k8s.io~1decision", record.decision),
        ("/annotations/authentication.openshift.io~1decision", record.login.decision),
        ("/annotations/authentication.openshift.io~1username", record.login.username),
    ] {
        assert_eq!(read, text(path), "{path}");
    }
    for (user, read) in [("/user", &record.user), ("/impersonatedUser", &record.impersonated)] {
        let extra = |name: &str| listed(&format!("{user}/extra/{name}")).next();
        assert_eq!(read.username, text(&format!("{user}/username")));
        assert_eq!(read.uid, text(&format!("{user}/uid")));
        assert_eq!(read.arn, extra("arn"));
        assert_eq!(read.canonical_arn, extra("canonicalArn"));
        assert_eq!(read.session_name, extra("sessionName"));
        assert_eq!(read.access_key_id, extra("accessKeyId"));
        assert_eq!(read.pod_name, extra("authentication.kubernetes.io~1pod-name"));
    }
}

fn event(record: &Record<'_>) -> String {
    format!("{:?}", record.interpret(PrincipalKey::Arn))
}

/// Compares a record with the output of a plain parser.
fn check_against(plain: &Value, record: &Record<'_>) {
    const PATHS: [&str; 29] = [
        "/eventTime",
        "/eventSource",
        "/eventName",
        "/eventType",
        "/eventCategory",
        "/awsRegion",
        "/sourceIPAddress",
        "/userAgent",
        "/errorCode",
        "/errorMessage",
        "/recipientAccountId",
        // The result of a sign-in, which has no path of its own.
        "",
        "/responseElements/role/arn",
        "/responseElements/role/roleId",
        "/responseElements/user/arn",
        "/responseElements/user/userId",
        "/userIdentity/type",
        "/userIdentity/principalId",
        "/userIdentity/arn",
        "/userIdentity/accountId",
        "/userIdentity/accessKeyId",
        "/userIdentity/invokedBy",
        "/userIdentity/sessionContext/sessionIssuer/arn",
        "/userIdentity/sessionContext/sessionIssuer/principalId",
        "/userIdentity/userName",
        "/userIdentity/credentialId",
        "/userIdentity/onBehalfOf/userId",
        "/userIdentity/onBehalfOf/identityStoreArn",
        "/eventID",
    ];
    let creates = Record::creates_principal(record.event_name);
    let result_in = |element: &str| plain.get(element)?.get(record.event_name?)?.as_str();
    let result = result_in("responseElements").or_else(|| result_in("serviceEventDetails"));
    assert_eq!(record.response.sign_in, result.filter(|_| record.signs_in()), "result of a sign-in");
    let texts = record.texts().into_iter().chain(record.identity.texts()).chain([record.event_id]);
    for (path, text) in PATHS.into_iter().zip(texts) {
        if path.is_empty() {
            continue;
        }
        let wanted = creates || !path.starts_with("/responseElements");
        let plain = plain.pointer(path).filter(|_| wanted).and_then(Value::as_str);
        assert_eq!(text, plain, "{path}");
    }
    let flag = |path: &str| match plain.pointer(path) {
        Some(Value::Bool(yes)) => Some(*yes),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    assert_eq!(record.read_only, flag("/readOnly"), "readOnly");
    assert_eq!(record.from_console, flag("/sessionCredentialFromConsole"), "sessionCredentialFromConsole");
    assert_eq!(record.identity.assumed_root, flag("/userIdentity/sessionContext/assumedRoot"), "assumedRoot");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Any text, including characters that JSON escapes.
    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z]{0,12}",
            r#"[\\"/{}\[\],:é😀\n\t\x00-\x1f ]{0,12}"#,
            Just("AssumedRole".to_owned()),
            Just("ConsoleLogin".to_owned()),
            Just("CheckMfa".to_owned()),
            Just("CreateRole".to_owned()),
            Just("signin.amazonaws.com".to_owned()),
            Just("Failure".to_owned()),
            Just("AssumeRole".to_owned()),
            Just("2024-03-01T10:00:00Z".to_owned()),
            Just("true".to_owned()),
        ]
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            4 => any_text().prop_map(Value::from),
            1 => Just(Value::Null),
            1 => any::<bool>().prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            1 => any::<f64>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any_key(), inner), 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    /// Mostly known keys, at any level.
    fn any_key() -> impl Strategy<Value = String> {
        const KEYS: [&str; 38] = [
            "eventTime",
            "eventSource",
            "eventName",
            "eventType",
            "eventCategory",
            "eventID",
            "awsRegion",
            "sourceIPAddress",
            "userAgent",
            "errorCode",
            "errorMessage",
            "recipientAccountId",
            "readOnly",
            "sessionCredentialFromConsole",
            "userIdentity",
            "responseElements",
            "requestParameters",
            "roleArn",
            "type",
            "principalId",
            "arn",
            "accountId",
            "accessKeyId",
            "userName",
            "invokedBy",
            "credentialId",
            "onBehalfOf",
            "userId",
            "identityStoreArn",
            "sessionContext",
            "sessionIssuer",
            "assumedRoot",
            "role",
            "roleId",
            "ConsoleLogin",
            "CheckMfa",
            "serviceEventDetails",
            "",
        ];
        prop_oneof![9 => prop::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => any_text()]
    }

    /// A record with members in any order, possibly repeated, and any white space.
    fn any_record() -> impl Strategy<Value = String> {
        let blanks = prop::sample::select(&["", " ", "\n  ", "\t\r\n"][..]);
        let identity = prop::collection::vec((any_key(), any_value()), 0..6)
            .prop_map(|members| ("userIdentity".to_owned(), Value::Object(members.into_iter().collect())));
        let member = prop_oneof![4 => (any_key(), any_value()), 1 => identity];
        (prop::collection::vec(member, 0..12), blanks).prop_map(|(members, blank)| {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{blank}{}{blank}:{blank}{value}{blank}", json!(key)))
                .collect();
            format!("{{{}}}", members.join(","))
        })
    }

    /// Roughly a Kubernetes audit event.
    fn any_audit_event() -> impl Strategy<Value = String> {
        const KEYS: [&str; 30] = [
            "auditID",
            "stage",
            "verb",
            "requestURI",
            "user",
            "impersonatedUser",
            "sourceIPs",
            "userAgent",
            "objectRef",
            "responseStatus",
            "requestReceivedTimestamp",
            "stageTimestamp",
            "timestamp",
            "annotations",
            "username",
            "uid",
            "extra",
            "arn",
            "canonicalArn",
            "sessionName",
            "principalId",
            "sigs.k8s.io/aws-iam-authenticator/principalId",
            "resource",
            "subresource",
            "code",
            "reason",
            "authorization.k8s.io/decision",
            "authentication.openshift.io/decision",
            "authentication.openshift.io/username",
            "accessKeyId",
        ];
        let key = || prop::sample::select(&KEYS[..]).prop_map(str::to_owned);
        let leaf = prop_oneof![
            3 => any_text().prop_map(Value::from),
            1 => any::<i32>().prop_map(Value::from),
            1 => (0..700u16).prop_map(Value::from),
            1 => Just(Value::Null),
            2 => prop::collection::vec(any_text().prop_map(Value::from), 0..3).prop_map(Value::from),
        ];
        let value = leaf.prop_recursive(3, 12, 5, move |inner| {
            prop::collection::vec((key(), inner), 0..5).prop_map(|members| members.into_iter().collect())
        });
        let blanks = prop::sample::select(&["", " ", "\t\r"][..]);
        (prop::collection::vec((key(), value), 0..12), blanks).prop_map(|(members, blank)| {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{blank}{}{blank}:{blank}{value}", json!(key)))
                .collect();
            format!("{{{}}}", members.join(","))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn all_readers_agree_on_any_audit_events(events in prop::collection::vec(any_audit_event(), 1..3)) {
            check(&events.join("\n"));
        }

        #[test]
        fn all_readers_agree_on_damaged_audit_events(
            event in any_audit_event(),
            at in any::<prop::sample::Index>(),
            by in prop::sample::select(&b"\"\\{}[],: x0-"[..]),
        ) {
            let mut bytes = event.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = by;
            if let Ok(text) = String::from_utf8(bytes) {
                check(&text);
            }
        }

        #[test]
        fn the_fallback_reader_of_audit_events_agrees_with_a_plain_parser(text in any_audit_event()) {
            let plain: Value = serde_json::from_str(&text).unwrap();
            let read = fallback::with_audit_record(&text, |record| check_audit_event_against(&plain, &record));
            prop_assert_eq!(read, Ok(()));
        }

        #[test]
        fn all_readers_agree_on_any_records(records in prop::collection::vec(any_record(), 1..4)) {
            check(&records.join("\n"));
        }

        #[test]
        fn all_readers_agree_on_damaged_records(
            records in prop::collection::vec(any_record(), 1..3),
            at in any::<prop::sample::Index>(),
            by in prop::sample::select(&b"\"\\{}[],: x\n"[..]),
        ) {
            let mut bytes = records.join("\n").into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = by;
            if let Ok(text) = String::from_utf8(bytes) {
                check(&text);
            }
        }

        #[test]
        fn the_fallback_reader_agrees_with_a_plain_parser(text in any_record()) {
            let plain: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(fallback::with_record(&text, |record| check_against(&plain, &record)), Ok(()));
        }
    }

    #[test]
    fn predictions_learnt_without_white_space_do_not_match_with_it() {
        check(
            "{\"eventName\":\"A\",\"x\":{}}                               \n{\"eventName\": \"A\", \"x\":  01}       ",
        );
    }

    /// The inputs of a fuzz target.
    fn corpus(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect()
    }

    #[test]
    fn all_readers_agree_on_the_corpus_of_the_fuzz_target() {
        let inputs = corpus("readers");
        assert!(inputs.len() > 30, "{}", inputs.len());
        for bytes in inputs {
            check_object(&bytes);
            check(&String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn both_ways_to_inflate_agree_on_the_corpus_of_the_fuzz_target() {
        let inputs = corpus("gzip");
        let members = inputs.iter().filter(|bytes| bytes.starts_with(&[0x1f, 0x8b])).count();
        let streams = inputs.iter().filter(|bytes| check_gzip(bytes)).count();
        assert!(members > 5 && streams > 3, "{members} members, {streams} streams");
    }
}
