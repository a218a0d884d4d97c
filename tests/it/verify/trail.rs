//! A trail with validation: its log files, digests, signatures and keys, made independently of the code under test.
//!
//! The rules are those of the AWS CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of
//! CloudTrail log file integrity validation".

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::pkcs8::EncodePublicKey;
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use crate::archive::{gzip, record, wrapped};
use crate::folder::put;

/// Test keys, made with `openssl genrsa -traditional 2048 | openssl rsa -traditional -outform DER`.
const KEYS: [&[u8]; 2] = [include_bytes!("key-1.der"), include_bytes!("key-2.der")];

/// The DER form of a public key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Pkcs1,
    SubjectPublicKeyInfo,
}

/// Signs with one of the test keys.
struct Signer {
    key: PrivateKey,
    form: Form,
}

impl Signer {
    fn new(number: usize, form: Form) -> Self {
        static LOADED: [OnceLock<PrivateKey>; 2] = [OnceLock::new(), OnceLock::new()];
        let key = LOADED[number].get_or_init(|| PrivateKey::from_pkcs1_der(KEYS[number]).unwrap());
        Self { key: key.clone(), form }
    }

    fn public_der(&self) -> Vec<u8> {
        let public = self.key.to_public_key();
        match self.form {
            Form::Pkcs1 => public.to_pkcs1_der().unwrap().as_bytes().to_vec(),
            Form::SubjectPublicKeyInfo => public.to_public_key_der().unwrap().as_bytes().to_vec(),
        }
    }

    fn fingerprint(&self) -> String {
        hex(&Md5::digest(self.public_der()))
    }

    fn sign(&self, text: &str) -> String {
        // DER of AlgorithmIdentifier and digest: RFC 8017, 9.2, note 1.
        let prefix = [
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
            0x00, 0x04, 0x20,
        ];
        let scheme = Pkcs1v15Sign { hash_len: Some(32), prefix: Box::new(prefix) };
        hex(&self.key.sign(scheme, &Sha256::digest(text)).unwrap())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The objects of a bucket, and what S3 keeps beside them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    /// By key.
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// Signatures of digests, from their metadata, by key.
    pub(crate) signatures: BTreeMap<String, Value>,
}

/// A trail in one account and Region.
pub(crate) struct Trail {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) name: &'static str,
    pub(crate) home: &'static str,
    /// Before `AWSLogs`, and between it and the account.
    pub(crate) prefix: &'static str,
    pub(crate) organization: &'static str,
    pub(crate) is_backfill: bool,
    /// The number of the key that signs.
    pub(crate) key: usize,
    pub(crate) form: Form,
    /// Hours since 2024-03-01.
    pub(crate) hour: i64,
    pub(crate) previous: Option<(String, Vec<u8>, String)>,
    pub(crate) logs: usize,
}

impl Trail {
    pub(crate) fn new() -> Self {
        Self {
            account: "111122223333",
            region: "eu-west-1",
            name: "main",
            home: "eu-west-1",
            prefix: "",
            organization: "",
            is_backfill: false,
            key: 0,
            form: Form::Pkcs1,
            hour: 0,
            previous: None,
            logs: 0,
        }
    }

    fn root(&self, folder: &str, day: &str) -> String {
        let Self { account, region, prefix, organization, .. } = self;
        format!("{prefix}AWSLogs/{organization}{account}/{folder}/{region}/{day}")
    }

    /// Writes this many log files and the digest of the next hour; returns the keys of the log files and of the digest.
    pub(crate) fn hour(&mut self, bucket: &mut Bucket, logs: usize) -> (Vec<String>, String) {
        let (start, end) = (time(self.hour, 0), time(self.hour + 1, 0));
        let mut keys = Vec::new();
        let mut files = Vec::new();
        for number in 0..logs {
            let key = self.log(bucket, 5 + 10 * number as i64);
            let content = inflated(&bucket.objects[&key]);
            files.push(
                json!({"s3Bucket": "logs", "s3Object": key, "hashValue": hex(&Sha256::digest(content)),
                "hashAlgorithm": "SHA-256", "newestEventTime": start, "oldestEventTime": start}),
            );
            keys.push(key);
        }
        self.hour += 1;
        (keys, self.digest(bucket, &start, &end, &files))
    }

    /// Writes a log file that no digest lists, delivered at this minute of the next hour.
    pub(crate) fn log(&mut self, bucket: &mut Bucket, minute: i64) -> String {
        let delivered = time(self.hour, minute);
        let day = delivered[..10].replace('-', "/");
        let compact: String = delivered[..16].chars().filter(|c| !"-:".contains(*c)).collect();
        self.logs += 1;
        let (account, region, number) = (self.account, self.region, self.logs);
        let unique: String =
            format!("{}{}{number:03}", self.name.replace(['_', '-', '.'], ""), self.region.replace('-', ""));
        let key = format!(
            "{}/{account}_CloudTrail_{region}_{compact}Z_{unique}.json.gz",
            self.root("CloudTrail", &day)
        );
        let events = [record(&delivered, &format!("user{number}"), "iam:CreateUser")];
        bucket.objects.insert(key.clone(), gzip(&wrapped(&events)));
        key
    }

    fn digest(&mut self, bucket: &mut Bucket, start: &str, end: &str, files: &[Value]) -> String {
        let signer = Signer::new(self.key, self.form);
        let compact: String = end.chars().filter(|c| !"-:".contains(*c)).collect();
        let backfill = if self.is_backfill { "_backfill" } else { "" };
        let day = end[..10].replace('-', "/");
        let (account, region, name, home) = (self.account, self.region, self.name, self.home);
        let key = format!(
            "{}/{account}_CloudTrail-Digest_{region}_{name}_{home}_{compact}{backfill}.json.gz",
            self.root("CloudTrail-Digest", &day)
        );
        let previous = self.previous.as_ref();
        let digest = json!({
            "awsAccountId": account, "digestStartTime": start, "digestEndTime": end,
            "digestS3Bucket": "logs", "digestS3Object": key,
            "digestPublicKeyFingerprint": signer.fingerprint(), "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": null, "oldestEventTime": null,
            "previousDigestS3Bucket": previous.map(|_| "logs"),
            "previousDigestS3Object": previous.map(|(key, ..)| key),
            "previousDigestHashValue": previous.map(|(_, bytes, _)| hex(&Sha256::digest(bytes))),
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|(.., signature)| signature),
            "logFiles": files,
        });
        let bytes = digest.to_string().into_bytes();
        let before = previous.map_or("null", |(.., signature)| signature);
        let signature =
            signer.sign(&format!("{end}\nlogs/{key}\n{}\n{before}", hex(&Sha256::digest(&bytes))));
        bucket.objects.insert(key.clone(), gzip(&bytes));
        let mut metadata = json!({"signature": signature, "signature-algorithm": "SHA256withRSA"});
        if self.is_backfill {
            metadata["backfill-generation-timestamp"] = json!(time(self.hour + 48, 0));
        }
        bucket.signatures.insert(key.clone(), metadata);
        self.previous = Some((key.clone(), bytes, signature));
        key
    }

    /// Lets hours pass without digests; the next one starts a new chain.
    pub(crate) fn pause(&mut self, hours: i64) {
        self.hour += hours;
        self.previous = None;
    }

    /// An entry of `list-public-keys` for a key that was valid from and to these hours.
    pub(crate) fn key_entry(&self, key: usize, from: i64, to: i64) -> Value {
        let signer = Signer::new(key, self.form);
        json!({"Value": STANDARD.encode(signer.public_der()), "ValidityStartTime": time(from, 0),
            "ValidityEndTime": time(to, 0), "Fingerprint": signer.fingerprint()})
    }

    /// The public key of this trail.
    pub(crate) fn keys(&self) -> Vec<u8> {
        json!({"PublicKeyList": [self.key_entry(self.key, -24, 1_000)]}).to_string().into_bytes()
    }
}

impl Bucket {
    /// The objects as files.
    pub(crate) fn copy(&self) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (key, bytes) in &self.objects {
            put(folder.path().join(key), bytes);
        }
        folder
    }

    /// The signatures of all digests as a side file.
    pub(crate) fn side_file(&self) -> Vec<u8> {
        serde_json::to_vec(&self.signatures).unwrap()
    }

    /// Replaces the content of an object.
    pub(crate) fn replace(&mut self, key: &str, change: impl FnOnce(&str) -> String) {
        let text = String::from_utf8(inflated(&self.objects[key])).unwrap();
        let changed = change(&text);
        assert_ne!(changed, text);
        self.objects.insert(key.to_owned(), gzip(changed.as_bytes()));
    }

    /// Moves an object.
    pub(crate) fn rename(&mut self, key: &str, to: &str) {
        let bytes = self.objects.remove(key).unwrap();
        self.objects.insert(to.to_owned(), bytes);
    }

    /// Exchanges the contents of two objects.
    pub(crate) fn swap(&mut self, one: &str, other: &str) {
        let bytes = self.objects[one].clone();
        let before = self.objects.insert(other.to_owned(), bytes).unwrap();
        self.objects.insert(one.to_owned(), before);
    }
}

/// The content of a gzip file.
pub(crate) fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(bytes), &mut content).unwrap();
    content
}

/// `YYYY-MM-DDTHH:MM:SSZ`
pub(crate) fn time(hours: i64, minutes: i64) -> String {
    let start = firstseen::time::Timestamp::parse("2024-03-01T00:00:00Z").unwrap();
    firstseen::time::Timestamp::from_micros(start.micros() + (hours * 60 + minutes) * 60_000_000).to_string()
}
