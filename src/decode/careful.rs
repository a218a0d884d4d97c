//! The careful path: one record read by a full JSON parser.
//!
//! Takes the records that surprised the scanner: escaped keys and texts, malformed parts. simd-json is asked first;
//! what it refuses goes to serde_json, because legal JSON may hold integers over 64 bits, `1e400` and nesting
//! deeper than simd-json takes, in fields that nobody needs. Of a key given twice the last one counts.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::walk;
use crate::event::{Created, Identity, Issuer, Record, Response};

/// Reads one record, or says in words why it is none.
pub(super) fn with_record<T>(slice: &str, use_record: impl FnOnce(Record<'_>) -> T) -> Result<T, String> {
    let whole = without_lone_surrogates(slice);
    // simd-json rewrites its input, and a failed parse spoils it.
    let mut copy = whole.as_bytes().to_vec();
    if let Ok(fields) = simd_json::serde::from_slice::<Fields<'_>>(&mut copy) {
        return Ok(use_record(fields.record()));
    }
    let error = match serde_json::from_str::<Fields<'_>>(&whole) {
        Ok(fields) => return Ok(use_record(fields.record())),
        Err(error) => error,
    };
    // In a field that is read, serde_json wants to know what a number is worth.
    let mended = without_huge_numbers(&whole).ok_or_else(|| error.to_string())?;
    match serde_json::from_str::<Fields<'_>>(&mended) {
        Ok(fields) => Ok(use_record(fields.record())),
        // Of the two, this one says where in the record.
        Err(_) => Err(error.to_string()),
    }
}

/// The text with 0 for every number that is too large for a float, if there is one. No number is ever read.
fn without_huge_numbers(text: &str) -> Option<String> {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let token = &rest[at..];
        let length = walk::value_end(token, 0).unwrap_or(token.len());
        mended.push_str(&rest[..at]);
        // A number that is malformed stays as it is: it is a fault.
        let is_huge = !token.starts_with('"')
            && serde_json::from_str::<f64>(&token[..length]).is_err()
            && serde_json::from_str::<IgnoredAny>(&token[..length]).is_ok();
        mended.push_str(if is_huge { "0" } else { &token[..length] });
        changed |= is_huge;
        rest = &token[length..];
    }
    mended.push_str(rest);
    changed.then_some(mended)
}

/// Half of an escaped surrogate pair, which a text cut in mid-character ends with, becomes U+FFFD.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return Cow::Borrowed(text);
    }
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (surrogate(rest), rest.get(6..).and_then(surrogate)) {
            (Some(Half::High), Some(Half::Low)) => 12,
            (Some(_), _) => {
                mended.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            // The backslash and the character it escapes.
            (None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

enum Half {
    High,
    Low,
}

/// Which half of a surrogate pair the escape at the start of `text` is, if it is one.
fn surrogate(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

/// A text of the record, borrowed unless it held an escape; `None` for a value of another type.
#[derive(Default)]
struct Text<'a>(Option<Cow<'a, str>>);

/// A boolean or its text.
#[derive(Default)]
struct Flag(Option<bool>);

/// An object's fields; the default for a value that is no object.
trait Members<'de>: Default {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error>;
}

#[derive(Default)]
struct Fields<'a> {
    event_time: Text<'a>,
    event_source: Text<'a>,
    event_name: Text<'a>,
    event_type: Text<'a>,
    event_category: Text<'a>,
    event_id: Text<'a>,
    region: Text<'a>,
    source_ip: Text<'a>,
    user_agent: Text<'a>,
    error_code: Text<'a>,
    error_message: Text<'a>,
    recipient_account: Text<'a>,
    read_only: Flag,
    identity: Object<IdentityFields<'a>>,
    response: Object<ResponseFields<'a>>,
}

#[derive(Default)]
struct IdentityFields<'a> {
    identity_type: Text<'a>,
    principal_id: Text<'a>,
    arn: Text<'a>,
    account_id: Text<'a>,
    access_key_id: Text<'a>,
    invoked_by: Text<'a>,
    session: Object<SessionFields<'a>>,
}

#[derive(Default)]
struct SessionFields<'a> {
    issuer: Object<NamedFields<'a>>,
}

/// `arn` and a unique id under one of its names.
#[derive(Default)]
struct NamedFields<'a> {
    arn: Text<'a>,
    principal_id: Text<'a>,
    role_id: Text<'a>,
    user_id: Text<'a>,
}

#[derive(Default)]
struct ResponseFields<'a> {
    console_login: Text<'a>,
    role: Object<NamedFields<'a>>,
    user: Object<NamedFields<'a>>,
}

impl Fields<'_> {
    fn record(&self) -> Record<'_> {
        let identity = &self.identity.0;
        let issuer = &identity.session.0.issuer.0;
        let response = &self.response.0;
        let event_name = self.event_name.get();
        Record {
            event_time: self.event_time.get(),
            event_source: self.event_source.get(),
            event_name,
            event_type: self.event_type.get(),
            event_category: self.event_category.get(),
            event_id: self.event_id.get(),
            region: self.region.get(),
            source_ip: self.source_ip.get(),
            user_agent: self.user_agent.get(),
            error_code: self.error_code.get(),
            error_message: self.error_message.get(),
            recipient_account: self.recipient_account.get(),
            read_only: self.read_only.0,
            identity: Identity {
                identity_type: identity.identity_type.get(),
                principal_id: identity.principal_id.get(),
                arn: identity.arn.get(),
                account_id: identity.account_id.get(),
                access_key_id: identity.access_key_id.get(),
                invoked_by: identity.invoked_by.get(),
                issuer: Issuer { arn: issuer.arn.get(), principal_id: issuer.principal_id.get() },
            },
            response: if Record::reads_response(event_name) {
                let (role, user) = (&response.role.0, &response.user.0);
                Response {
                    console_login: response.console_login.get(),
                    role: Created { arn: role.arn.get(), id: role.role_id.get() },
                    user: Created { arn: user.arn.get(), id: user.user_id.get() },
                }
            } else {
                Response::default()
            },
        }
    }
}

impl<'de> Members<'de> for Fields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "eventTime" => self.event_time = map.next_value()?,
            "eventSource" => self.event_source = map.next_value()?,
            "eventName" => self.event_name = map.next_value()?,
            "eventType" => self.event_type = map.next_value()?,
            "eventCategory" => self.event_category = map.next_value()?,
            "eventID" => self.event_id = map.next_value()?,
            "awsRegion" => self.region = map.next_value()?,
            "sourceIPAddress" => self.source_ip = map.next_value()?,
            "userAgent" => self.user_agent = map.next_value()?,
            "errorCode" => self.error_code = map.next_value()?,
            "errorMessage" => self.error_message = map.next_value()?,
            "recipientAccountId" => self.recipient_account = map.next_value()?,
            "readOnly" => self.read_only = map.next_value()?,
            "userIdentity" => self.identity = map.next_value()?,
            "responseElements" => self.response = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for IdentityFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "type" => self.identity_type = map.next_value()?,
            "principalId" => self.principal_id = map.next_value()?,
            "arn" => self.arn = map.next_value()?,
            "accountId" => self.account_id = map.next_value()?,
            "accessKeyId" => self.access_key_id = map.next_value()?,
            "invokedBy" => self.invoked_by = map.next_value()?,
            "sessionContext" => self.session = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for SessionFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "sessionIssuer" => self.issuer = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for NamedFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "arn" => self.arn = map.next_value()?,
            "principalId" => self.principal_id = map.next_value()?,
            "roleId" => self.role_id = map.next_value()?,
            "userId" => self.user_id = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for ResponseFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "ConsoleLogin" => self.console_login = map.next_value()?,
            "role" => self.role = map.next_value()?,
            "user" => self.user = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl Text<'_> {
    fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A value that is an object, or the default.
#[derive(Default)]
struct Object<T>(T);

/// Goes through a value of any type; the types that matter are taken, all others passed over.
macro_rules! pass_over {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON value")
        }
        pass_over!(visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64);
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Default::default())
        })*
    };
}

fn pass_over_map<'de, A: MapAccess<'de>, T: Default>(mut map: A) -> Result<T, A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(T::default())
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;
    pass_over!();
    pass_over!(visit_bool: bool);

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text<'de>, A::Error> {
        pass_over_map(map)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct FlagVisitor;

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Flag;
    pass_over!();

    fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
        Ok(Flag(Some(flag)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Flag, E> {
        Ok(Flag(text.parse().ok()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Flag, A::Error> {
        pass_over_map(map)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Members<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;
    pass_over!();
    pass_over!(visit_bool: bool, visit_str: &str);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<T>, A::Error> {
        let mut members = T::default();
        while let Some(Key(key)) = map.next_key()? {
            members.member(&key, &mut map)?;
        }
        Ok(Object(members))
    }
}

impl<'de, T: Members<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// The record itself must be an object.
impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(|Object(fields)| fields)
    }
}

/// An object's key, borrowed unless it held an escape.
struct Key<'a>(Cow<'a, str>);

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(json: &str) -> Result<Option<String>, String> {
        with_record(json, |record| record.user_agent.map(str::to_owned))
    }

    #[test]
    fn escapes_are_read_in_keys_and_texts() {
        assert_eq!(agent(r#"{"user\u0041gent":"a\"b\\\/\u00e9"}"#), Ok(Some("a\"b\\/é".into())));
    }

    #[test]
    fn what_simd_json_refuses_in_fields_nobody_needs_is_read() {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        for odd in ["123456789012345678901234567890123456789012345", "1e400", &deep] {
            let json = format!(r#"{{"requestParameters":{odd},"userAgent":"x\n"}}"#);
            assert_eq!(agent(&json), Ok(Some("x\n".into())));
        }
    }

    #[test]
    fn huge_numbers_in_fields_that_are_read_count_as_no_text() {
        let digits = "9".repeat(400);
        for odd in ["1e400", "-22e400222", &digits] {
            let json = format!(
                r#"{{"readOnly":{odd},"userIdentity":{{"arn":{odd}}},"x":"1e400\"","userAgent":"a\n"}}"#
            );
            assert_eq!(agent(&json), Ok(Some("a\n".into())), "{odd}");
        }
        assert!(agent(r#"{"readOnly":1e400,"userAgent":1.e5}"#).is_err());
        assert!(agent(r#"{"readOnly":1e400,"userAgent":"}"#).is_err());
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(agent(r#"{"userAgent":"a\t","userAgent":"b\t"}"#), Ok(Some("b\t".into())));
        assert_eq!(agent(r#"{"userAgent":"a\t","userAgent":{"x":[1,{}]}}"#), Ok(None));
    }

    #[test]
    fn a_text_cut_in_mid_character_loses_only_that_character() {
        assert_eq!(agent(r#"{"userAgent":"x\ud83d"}"#), Ok(Some("x\u{fffd}".into())));
        assert_eq!(
            agent(r#"{"userAgent":"\udc00\ud83d\ude00\\ud800"}"#),
            Ok(Some("\u{fffd}😀\\ud800".into()))
        );
    }

    #[test]
    fn a_malformed_record_says_what_is_wrong() {
        assert!(agent(r#"{"userAgent":"x" "y"}"#).unwrap_err().contains("expected"));
        assert!(agent("[]").is_err());
        assert!(agent(r#"{"userAgent":"\q"}"#).is_err());
    }
}
