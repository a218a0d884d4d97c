//! One digest: what it says of itself, of the digest before it, and of log files.
//!
//! AWS CloudTrail User Guide, "CloudTrail digest file structure". Nothing here is trusted; a digest may be written by an attacker.

use serde::Deserialize;

use crate::checksum::Checksum;
use crate::model::Text;
use crate::source::DigestName;
use crate::time::Timestamp;

/// A digest, as far as it is needed to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    /// The key at which CloudTrail wrote it: its identity.
    pub(super) object: Text,
    /// The bucket in which CloudTrail wrote it.
    pub(super) bucket: String,
    /// The start of the period that it covers.
    pub(super) start: Option<Timestamp>,
    /// The end of the period that it covers.
    pub(super) end: Option<Timestamp>,
    /// The same as it is written, since it is signed as it is written.
    pub(super) end_text: String,
    /// The fingerprint of the public key of its signature.
    pub(super) fingerprint: String,
    /// The algorithm of its signature.
    pub(super) algorithm: String,
    /// The digest before it; `None` in a starting digest.
    pub(super) previous: Option<Previous>,
    /// The signature of the digest before it, as it is written.
    pub(super) previous_signature: Option<String>,
    /// The log files that it lists.
    pub(super) files: Vec<ListedFile>,
}

/// What a digest says of the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) object: Text,
    /// `None` if it is not a SHA-256 checksum.
    pub(super) hash: Option<Checksum>,
}

/// What a digest says of a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedFile {
    pub(super) object: Text,
    /// `None` if it is not a SHA-256 checksum.
    pub(super) hash: Option<Checksum>,
}

/// A digest as JSON. Unknown members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    digest_start_time: String,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    bucket: String,
    #[serde(rename = "digestS3Object")]
    object: String,
    #[serde(default)]
    digest_public_key_fingerprint: Option<String>,
    #[serde(default)]
    digest_signature_algorithm: Option<String>,
    #[serde(rename = "previousDigestS3Object", default)]
    previous_object: Option<String>,
    #[serde(default)]
    previous_digest_hash_value: Option<String>,
    #[serde(default)]
    previous_digest_hash_algorithm: Option<String>,
    #[serde(default)]
    previous_digest_signature: Option<String>,
    log_files: Vec<WrittenFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenFile {
    #[serde(rename = "s3Object")]
    object: String,
    hash_value: String,
    #[serde(default)]
    hash_algorithm: Option<String>,
}

/// The algorithm of hashes in digests.
const HASH: &str = "SHA-256";

impl Digest {
    /// Reads a digest.
    ///
    /// # Errors
    /// The reason in words if it is none.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let written: Written = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let file = |file: WrittenFile| ListedFile {
            hash: hash(&file.hash_value, file.hash_algorithm.as_deref()),
            object: file.object.into(),
        };
        let previous_hash = written.previous_digest_hash_value.as_deref().unwrap_or_default();
        let previous = written.previous_object.map(|object| Previous {
            object: object.into(),
            hash: hash(previous_hash, written.previous_digest_hash_algorithm.as_deref()),
        });
        Ok(Self {
            object: written.object.into(),
            bucket: written.bucket,
            start: Timestamp::parse(&written.digest_start_time),
            end: Timestamp::parse(&written.digest_end_time),
            end_text: written.digest_end_time,
            fingerprint: written.digest_public_key_fingerprint.unwrap_or_default(),
            algorithm: written.digest_signature_algorithm.unwrap_or_default(),
            previous,
            previous_signature: written.previous_digest_signature,
            files: written.log_files.into_iter().map(file).collect(),
        })
    }

    /// The trail that it belongs to, by its key.
    pub(super) fn name(&self) -> Option<DigestName<'_>> {
        DigestName::parse(&self.object)
    }

    /// The text that is signed (AWS CloudTrail User Guide, "Custom implementations of CloudTrail log file integrity
    /// validation"); `checksum` is that of the digest.
    pub(super) fn signed_text(&self, checksum: Checksum) -> String {
        let previous = self.previous_signature.as_deref().unwrap_or("null");
        format!("{}\n{}/{}\n{checksum}\n{previous}", self.end_text, self.bucket, self.object)
    }
}

/// A checksum in a digest. Without an algorithm, the only one that CloudTrail has.
fn hash(value: &str, algorithm: Option<&str>) -> Option<Checksum> {
    let is_known = algorithm.is_none_or(|algorithm| algorithm == HASH);
    value.parse().ok().filter(|_| is_known)
}

/// Whether the beginning of a content looks like a digest, whatever its name.
pub(super) fn looks_like_digest(head: &[u8]) -> bool {
    let head = &head[..head.len().min(4096)];
    head.trim_ascii_start().starts_with(b"{")
        && ["\"digestS3Object\"", "\"digestEndTime\""]
            .iter()
            .all(|name| memchr::memmem::find(head, name.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTING: &str = r#"{"awsAccountId":"111122223333","digestStartTime":"2024-03-09T03:12:00Z",
        "digestEndTime":"2024-03-09T04:12:00Z","digestS3Bucket":"b","digestS3Object":"k","digestPublicKeyFingerprint":"f",
        "digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"previousDigestS3Object":null,
        "previousDigestSignature":null,"logFiles":[{"s3Bucket":"b","s3Object":"l","hashValue":"00","hashAlgorithm":"SHA-256"}]}"#;

    #[test]
    fn a_starting_digest_signs_the_word_null() {
        let digest = Digest::parse(STARTING.as_bytes()).unwrap();
        assert!(looks_like_digest(STARTING.as_bytes()));
        assert_eq!(digest.previous, None);
        assert_eq!(digest.files[0].hash, None, "no checksum");
        let checksum = Checksum::of(STARTING.as_bytes());
        assert_eq!(digest.signed_text(checksum), format!("2024-03-09T04:12:00Z\nb/k\n{checksum}\nnull"));
    }

    #[test]
    fn hostile_digests_are_refused_in_words() {
        for text in ["", "{", "[]", "null", "{}", r#"{"digestS3Object":1}"#, &"[".repeat(100_000)] {
            assert!(Digest::parse(text.as_bytes()).is_err(), "{text:.20}");
        }
        assert!(Digest::parse(b"\xff\xfe").is_err());
    }
}
