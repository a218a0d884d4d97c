//! The fallback reader: reads one record with a full JSON parser.
//!
//! Reads the records that the scanner cannot: with escaped keys and texts, or malformed JSON. simd-json is
//! tried first. Records that it rejects go to serde_json, because valid JSON may have integers over 64 bits,
//! `1e400` and deeper nesting than simd-json supports, in unused fields. If a key is given twice, the last
//! one counts.

mod cloudtrail;
mod kubernetes;
mod members;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::json::Json;
use super::surrogates::without_lone_surrogates;
use super::walk;
use crate::event::{AuditRecord, Record, Response};
use members::{Members, RecordObject};

/// A kind of record.
trait RecordKind {
    /// Its parsed members.
    type Fields<'de>: Members<'de>;
    /// The record type, borrowed from the members.
    type Record<'r>;

    fn record<'r>(fields: &'r Self::Fields<'_>) -> Self::Record<'r>;
}

/// Reads one CloudTrail record, or returns the reason why it is not one.
pub(in crate::decode) fn with_record<T>(
    slice: &str,
    use_record: impl FnOnce(Record<'_>) -> T,
) -> Result<T, String> {
    read::<cloudtrail::CloudTrail, T>(slice, |record| {
        let result = sign_in_result(&record, slice);
        let response = Response { sign_in: result.as_deref(), ..record.response };
        use_record(Record { response, ..record })
    })
}

/// What a sign-in says of its result. Read value by value, since the name of the member is that of the event.
fn sign_in_result<'s>(record: &Record<'_>, slice: &'s str) -> Option<Cow<'s, str>> {
    let name = record.event_name.filter(|_| record.signs_in())?;
    let result_in = |element| {
        let result = Json::new(slice).member(element)?.member(name)?;
        result.as_str().starts_with('"').then(|| result.text())
    };
    result_in("responseElements").or_else(|| result_in("serviceEventDetails"))
}

/// Reads one Kubernetes audit event, or returns the reason why it is not one.
pub(in crate::decode) fn with_audit_record<T>(
    slice: &str,
    use_record: impl FnOnce(AuditRecord<'_>) -> T,
) -> Result<T, String> {
    read::<kubernetes::Kubernetes, T>(slice, use_record)
}

/// Longer records are not read by simd-json, which builds a table of their values. CloudTrail's own have up
/// to 1 MB (CloudTrail User Guide, "Quotas").
const LONGEST_AT_ONCE: usize = 4 << 20;

fn read<K: RecordKind, T>(slice: &str, use_record: impl FnOnce(K::Record<'_>) -> T) -> Result<T, String> {
    let whole = without_lone_surrogates(slice);
    // simd-json overwrites its input, also if it fails, and needs about 16 bytes for each value.
    let is_usual = whole.len() <= LONGEST_AT_ONCE;
    let mut copy = if is_usual { whole.as_bytes().to_vec() } else { Vec::new() };
    if let Ok(RecordObject(fields)) = simd_json::serde::from_slice::<RecordObject<K::Fields<'_>>>(&mut copy) {
        return Ok(use_record(K::record(&fields)));
    }
    let error = match serde_json::from_str::<RecordObject<K::Fields<'_>>>(&whole) {
        Ok(RecordObject(fields)) => return Ok(use_record(K::record(&fields))),
        Err(error) => error,
    };
    // In a used field, serde_json evaluates the number.
    let mended = without_huge_numbers(&whole).ok_or_else(|| error.to_string())?;
    match serde_json::from_str::<RecordObject<K::Fields<'_>>>(&mended) {
        Ok(RecordObject(fields)) => Ok(use_record(K::record(&fields))),
        // The first error has the position in the original record.
        Err(_) => Err(error.to_string()),
    }
}

/// The text with 0 for every number that is too large for a float, if there is one. Such numbers are never used.
fn without_huge_numbers(text: &str) -> Option<String> {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let token = &rest[at..];
        let length = walk::value_end(token, 0).unwrap_or(token.len());
        mended.push_str(&rest[..at]);
        // A malformed number is unchanged: it is a fault.
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
    fn unused_fields_may_hold_values_that_simd_json_rejects() {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        for odd in ["123456789012345678901234567890123456789012345", "1e400", &deep] {
            let json = format!(r#"{{"requestParameters":{odd},"userAgent":"x\n"}}"#);
            assert_eq!(agent(&json), Ok(Some("x\n".into())));
        }
    }

    #[test]
    fn huge_numbers_in_used_fields_are_not_texts() {
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
    fn a_lone_surrogate_becomes_a_replacement_character() {
        assert_eq!(agent(r#"{"userAgent":"x\ud83d"}"#), Ok(Some("x\u{fffd}".into())));
        assert_eq!(
            agent(r#"{"userAgent":"\udc00\ud83d\ude00\\ud800"}"#),
            Ok(Some("\u{fffd}😀\\ud800".into()))
        );
    }

    #[test]
    fn errors_describe_a_malformed_record() {
        assert!(agent(r#"{"userAgent":"x" "y"}"#).unwrap_err().contains("expected"));
        assert!(agent("[]").is_err());
        assert!(agent(r#"{"userAgent":"\q"}"#).is_err());
    }
}
