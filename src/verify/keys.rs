//! The public keys of CloudTrail, as `aws cloudtrail list-public-keys` prints them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use thiserror::Error;

use super::signature::{PublicKey, fingerprint};
use crate::time::{Span, Timestamp};

/// By how much the end of a key's validity may be passed: keys rotate while digests are written. The AWS CLI asks for keys
/// up to two hours after the last digest.
const MARGIN: Span = Span::hours(2);

/// The public keys of a run, by fingerprint.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    keys: BTreeMap<String, Key>,
}

/// A key and when it was used.
#[derive(Clone, Debug)]
struct Key {
    key: PublicKey,
    /// Several files may give the same key with different periods.
    periods: Vec<(Option<Timestamp>, Option<Timestamp>)>,
}

/// A file that holds no keys.
#[derive(Debug, Error)]
pub enum KeysError {
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// It has no list of keys.
    #[error("it has no PublicKeyList")]
    NoList,
}

/// When a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    At(Timestamp),
    /// At some time that is not known, but not earlier.
    NotBefore(Timestamp),
    Unknown,
}

/// What the keys say of a signature's key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'k> {
    Key(&'k PublicKey),
    /// No key with this fingerprint.
    Unknown,
    /// The key was not valid then.
    Outdated(&'k PublicKey),
}

impl PublicKeys {
    /// Adds the keys of a file: the output of `aws cloudtrail list-public-keys`. Returns what is wrong with keys that are left
    /// out.
    ///
    /// # Errors
    /// If it is no such file.
    pub fn add(&mut self, file: &[u8]) -> Result<Vec<String>, KeysError> {
        let file: Value = serde_json::from_slice(file).map_err(|error| KeysError::Json(error.to_string()))?;
        let list = ["PublicKeyList", "publicKeyList"].iter().find_map(|name| file.get(name));
        let list = list.and_then(Value::as_array).ok_or(KeysError::NoList)?;
        let mut problems = Vec::new();
        for (number, entry) in (1..).zip(list) {
            if let Err(problem) = self.add_entry(entry) {
                problems.push(format!("key {number} is left out: {problem}"));
            }
        }
        Ok(problems)
    }

    fn add_entry(&mut self, entry: &Value) -> Result<(), &'static str> {
        let of = |name: &str, other: &str| entry.get(name).or_else(|| entry.get(other));
        let value = of("Value", "value").and_then(Value::as_str).ok_or("it has no Value")?;
        let der = STANDARD.decode(value.trim()).map_err(|_| "its Value is not base64")?;
        let key = PublicKey::from_der(&der).ok_or("its Value is not an RSA public key in DER form")?;
        let computed = fingerprint(&der);
        let stated = of("Fingerprint", "fingerprint").and_then(Value::as_str);
        if stated.is_some_and(|stated| stated != computed) {
            return Err("its Fingerprint is not that of its Value");
        }
        let time = |name, other| match of(name, other) {
            None | Some(Value::Null) => Ok(None),
            Some(time) => instant(time).map(Some).ok_or("its validity is not a time"),
        };
        let start = time("ValidityStartTime", "validityStartTime")?;
        let end = time("ValidityEndTime", "validityEndTime")?;
        let known = self.keys.entry(computed).or_insert_with(|| Key { key, periods: Vec::new() });
        known.periods.push((start, end));
        Ok(())
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key with a fingerprint, if it was valid then, or may have been.
    pub(super) fn find(&self, fingerprint: &str, made: Made) -> Found<'_> {
        let Some(key) = self.keys.get(fingerprint) else { return Found::Unknown };
        let (first, last) = match made {
            Made::At(at) => (Some(at), Some(at)),
            Made::NotBefore(first) => (Some(first), None),
            Made::Unknown => (None, None),
        };
        let is_valid = |(start, end): &(Option<Timestamp>, Option<Timestamp>)| {
            start.zip(last).is_none_or(|(start, last)| start.minus(MARGIN) <= last)
                && end.zip(first).is_none_or(|(end, first)| first <= end.plus(MARGIN))
        };
        if key.periods.iter().any(is_valid) { Found::Key(&key.key) } else { Found::Outdated(&key.key) }
    }
}

/// A time as the versions of the AWS CLI write it: seconds since 1970 as a number or a text, or ISO 8601.
fn instant(value: &Value) -> Option<Timestamp> {
    let seconds = |seconds: f64| {
        let is_written = seconds.is_finite() && seconds.abs() < 1e11;
        is_written.then(|| Timestamp::from_micros((seconds * 1e6) as i64))
    };
    match value {
        Value::Number(number) => number.as_f64().and_then(seconds),
        Value::String(text) => match Timestamp::parse_any_form(text) {
            Some((time, _)) => Some(time),
            None => text.parse().ok().and_then(seconds),
        },
        _ => None,
    }
}
