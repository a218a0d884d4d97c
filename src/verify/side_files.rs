//! Signatures of digests from side files: S3 keeps the signature of a digest in the metadata of its object, which a copy on disk
//! lacks.
//!
//! Read are the side files that `--mirror` writes, the metadata of `aws s3api head-object` with the key of the object added, and a
//! plain object of keys and signatures.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::names::stem;
use crate::time::Timestamp;

/// User metadata of a digest: `x-amz-meta-…`.
const SIGNATURE: &str = "signature";
const GENERATED: &str = "backfill-generation-timestamp";

/// How many signatures are kept for a name, and how many more for a key. A digest has one; others come from copies of it whose metadata
/// was altered.
pub(super) const MOST_SIGNATURES: usize = 16;

/// The signature of one digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SideSignature {
    /// Hexadecimal, as given.
    pub(super) text: String,
    /// When a backfill digest was made; its key was valid then.
    pub(super) generated: Option<Timestamp>,
}

/// Signatures of digests, by the names of their objects.
#[derive(Clone, Debug, Default)]
pub struct SideFiles {
    /// By the name without folders and extension. The names of digests are unique.
    by_name: HashMap<String, Vec<SideSignature>>,
    /// More than are kept for a name, by key: copies of a digest under other keys cannot displace its signature.
    by_key: HashMap<String, Vec<SideSignature>>,
    left_out: u64,
}

impl SideFiles {
    /// Number of signatures that were left out, since there were too many for one digest.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Adds a side file: a JSON object of keys and signatures, or JSON objects with `key` and `metadata`, one after another or
    /// in a list. Returns the number of signatures in it, and the number of parts that could not be read: the last line of a
    /// mirror's side file may be cut.
    pub fn add(&mut self, file: &[u8]) -> (usize, usize) {
        let (mut found, mut unread) = (0, 0);
        if let Ok(value) = serde_json::from_slice::<Value>(file) {
            return (self.add_value(&value), 0);
        }
        for line in file.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match serde_json::from_slice::<Value>(line) {
                Ok(value) => found += self.add_value(&value),
                Err(_) => unread += 1,
            }
        }
        (found, unread)
    }

    fn add_value(&mut self, value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(|item| self.add_value(item)).sum(),
            Value::Object(object) => match member(object, "key").and_then(Value::as_str) {
                Some(key) => {
                    let metadata = member(object, "metadata").unwrap_or(value);
                    self.add_signature(key, signature(metadata))
                }
                None => object.iter().map(|(key, value)| self.add_signature(key, signature(value))).sum(),
            },
            _ => 0,
        }
    }

    fn add_signature(&mut self, key: &str, signature: Option<SideSignature>) -> usize {
        let Some(signature) = signature else { return 0 };
        let named = self.by_name.entry(stem(key).to_owned()).or_default();
        let is_kept =
            keep(named, &signature) || keep(self.by_key.entry(key.to_owned()).or_default(), &signature);
        self.left_out += u64::from(!is_kept);
        1
    }

    /// The signatures given for the digest that CloudTrail wrote with this key, each once.
    pub(super) fn of(&self, key: &str) -> impl Iterator<Item = &SideSignature> {
        let found = [self.by_name.get(stem(key)), self.by_key.get(key)];
        found.into_iter().flatten().flatten()
    }
}

/// Adds a signature to those that are known, unless there are too many. Returns whether it is among them.
fn keep(known: &mut Vec<SideSignature>, signature: &SideSignature) -> bool {
    let is_known = known.contains(signature);
    let is_new = !is_known && known.len() < MOST_SIGNATURES;
    if is_new {
        known.push(signature.clone());
    }
    is_known || is_new
}

/// The signature in the user metadata of an object in S3.
pub(super) fn in_metadata(metadata: &[(String, String)]) -> Option<SideSignature> {
    let of = |wanted: &str| metadata.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value);
    of(SIGNATURE).map(|text| side_signature(text, of(GENERATED)))
}

/// A signature: a text, an object of metadata, or a list of pairs, as a mirror has it.
fn signature(value: &Value) -> Option<SideSignature> {
    if let Value::String(text) = value {
        return Some(side_signature(text, None));
    }
    let of = |wanted: &str| -> Option<&str> {
        match value {
            Value::Object(object) => {
                let inner = member(object, "metadata").and_then(Value::as_object).unwrap_or(object);
                let prefixed = format!("x-amz-meta-{wanted}");
                member(inner, wanted).or_else(|| member(inner, &prefixed))?.as_str()
            }
            Value::Array(pairs) => pairs.iter().find_map(|pair| match pair.as_array()?.as_slice() {
                [name, value] if name == wanted => value.as_str(),
                _ => None,
            }),
            _ => None,
        }
    };
    of(SIGNATURE).map(|text| side_signature(text, of(GENERATED)))
}

fn side_signature(text: &str, generated: Option<&str>) -> SideSignature {
    let generated = generated.and_then(|time| Timestamp::parse_any_form(time).map(|(time, _)| time));
    SideSignature { text: text.trim().to_owned(), generated }
}

/// A member by its name in any case: the AWS CLI writes `Metadata`.
fn member<'v>(object: &'v Map<String, Value>, wanted: &str) -> Option<&'v Value> {
    object.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_side_file_is_read() {
        for file in [
            r#"{"a/d.json.gz":"ab"}"#,
            r#"{"a/d.json.gz":{"signature":"ab","signature-algorithm":"SHA256withRSA"}}"#,
            r#"{"key":"d.json.gz","Metadata":{"signature":"ab"},"ETag":"x"}"#,
            r#"[{"Key":"x/d.json","metadata":{"x-amz-meta-signature":"ab"}}]"#,
            "{\"key\":\"a/d.json.gz\",\"size\":1,\"metadata\":[[\"signature\",\"ab\"]]}\n{\"key\":\"e\",\"metadata\":[]}\n{\"ke",
        ] {
            let mut files = SideFiles::default();
            assert_eq!(files.add(file.as_bytes()).0, 1, "{file}");
            assert_eq!(files.of("other/d.json.gz").next().unwrap().text, "ab", "{file}");
        }
        assert_eq!(SideFiles::default().add(b"\xff"), (0, 1));
    }

    #[test]
    fn a_digest_has_a_limited_number_of_signatures() {
        let mut files = SideFiles::default();
        let lines: String = (0..100_000).map(|number| format!("{{\"d\":\"{number:08}\"}}\n")).collect();
        assert_eq!(files.add(lines.as_bytes()), (100_000, 0));
        let kept: Vec<&str> = files.of("d").map(|signature| &*signature.text).collect();
        assert_eq!((kept.len(), kept[0], kept[31]), (32, "00000000", "00000031"));
        assert_eq!(files.left_out(), 100_000 - 32);
        // Those that are kept are not left out if they come again.
        files.add(br#"{"d":"00000031"}"#);
        assert_eq!(files.left_out(), 100_000 - 32);
    }

    #[test]
    fn signatures_of_copies_do_not_displace_that_of_a_digest() {
        let mut files = SideFiles::default();
        for number in 0..100 {
            files.add(format!("{{\"{number}/d\":\"{number:08}\"}}").as_bytes());
        }
        files.add(br#"{"a/d":"genuine"}"#);
        assert!(files.of("a/d").any(|signature| signature.text == "genuine"));
        assert_eq!((files.of("a/d").count(), files.of("b/d").count(), files.left_out()), (17, 16, 0));
    }

    #[test]
    fn the_time_of_a_backfill_digest_is_kept() {
        let mut files = SideFiles::default();
        files.add(br#"{"d":{"signature":"ab","backfill-generation-timestamp":"2024-03-09T10:00:00Z"}}"#);
        let generated = files.of("d").next().unwrap().generated.unwrap();
        assert_eq!(generated.to_string(), "2024-03-09T10:00:00Z");
    }
}
