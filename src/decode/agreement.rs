//! Law: the scanner and the careful reader read the same out of a record, and a plain JSON parser agrees.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{careful, scanner};
use crate::event::{PrincipalKey, Record};

/// A text with everything that JSON texts may hold.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,12}",
        r#"[\\"/{}\[\],:é😀\n\t\x00-\x1f ]{0,12}"#,
        Just("AssumedRole".to_owned()),
        Just("ConsoleLogin".to_owned()),
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
            prop::collection::vec((any_key(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Mostly keys that mean something, at any level.
fn any_key() -> impl Strategy<Value = String> {
    const KEYS: [&str; 26] = [
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
        "userIdentity",
        "responseElements",
        "type",
        "principalId",
        "arn",
        "accountId",
        "accessKeyId",
        "invokedBy",
        "sessionContext",
        "sessionIssuer",
        "role",
        "roleId",
        "ConsoleLogin",
    ];
    prop_oneof![9 => prop::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => any_text()]
}

/// The text of a record: its members in any order, some of them twice, with any white space.
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

/// The careful reader's answer about `text`, compared with the scanner's, if the scanner has one.
fn compare(text: &str) -> Result<(), TestCaseError> {
    let Ok((scanned, end)) = scanner::record(text, 0) else { return Ok(()) };
    let whole = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let read = careful::with_record(&text[..end], |record| {
        prop_assert_eq!(&scanned, &record);
        let event = |record: &Record<'_>| format!("{:?}", record.interpret(PrincipalKey::Arn));
        prop_assert_eq!(event(&scanned), event(&record));
        Ok(())
    });
    match read {
        Ok(same) => same,
        // The scanner does not look into values that nobody needs; what is JSON as a whole both must read.
        Err(reason) => {
            prop_assert!(!whole, "{}: {}", reason, text);
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn both_readers_agree_on_any_record(text in any_record()) {
        compare(&text)?;
    }

    #[test]
    fn both_readers_agree_on_damaged_records(
        text in any_record(), at in any::<prop::sample::Index>(), by in prop::sample::select(&b"\"\\{}[],: x"[..])
    ) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = by;
        if let Ok(text) = String::from_utf8(bytes) {
            compare(&text)?;
        }
    }

    #[test]
    fn the_careful_reader_agrees_with_a_plain_parser(text in any_record()) {
        let plain: Value = serde_json::from_str(&text).unwrap();
        let path = |path: &str| plain.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let read = careful::with_record(&text, |record| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            (own(record.event_name), own(record.user_agent), own(record.identity.arn), own(record.identity.issuer.arn))
        });
        let expected = (
            path("/eventName"),
            path("/userAgent"),
            path("/userIdentity/arn"),
            path("/userIdentity/sessionContext/sessionIssuer/arn"),
        );
        prop_assert_eq!(read, Ok(expected));
    }
}
