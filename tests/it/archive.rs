//! Small archives for tests, and their findings.

use std::io::Write;
use std::path::Path;

use firstseen::learn::{LearnSettings, Learnt, learn};
use firstseen::query::{Finding, FindingKind, Question, first_seen};
use firstseen::scan::Silent;
use firstseen::source::Archives;
use firstseen::time::Span;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::folder::put;

/// A folder of log objects.
pub(crate) struct Archive(TempDir);

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip archive of uncompressed files.
pub(crate) fn zip(files: &[(impl AsRef<str>, impl AsRef<[u8]>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(name.as_ref(), options).unwrap();
        writer.write_all(bytes.as_ref()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A record of an IAM user in account 111122223333; change it by [`with`].
pub(crate) fn record(time: &str, user: &str, action: &str) -> Value {
    let (source, name) = action.split_once(':').unwrap();
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": format!("AIDA{}", user.to_uppercase()),
            "arn": format!("arn:aws:iam::111122223333:user/{user}"),
            "accountId": "111122223333",
            "accessKeyId": "AKIAEXAMPLE",
        },
        "eventTime": time,
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15",
        "requestParameters": {"name": "x", "list": [{"a": "}"}, "]\"["]},
        "eventID": format!("{time}-{user}-{action}"),
        "readOnly": false,
        "recipientAccountId": "111122223333",
    })
}

/// The audit event of a completed request to a Kubernetes cluster; change it by [`with`].
pub(crate) fn audit_event(time: &str, user: &str, verb: &str, resource: &str) -> Value {
    json!({
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": format!("{time}-{user}-{verb}-{resource}"),
        "stage": "ResponseComplete",
        "requestURI": format!("/api/v1/namespaces/shop/{resource}?limit=500"),
        "verb": verb,
        "user": {"username": user, "groups": ["system:authenticated"]},
        "sourceIPs": ["203.0.113.9", "198.51.100.7"],
        "userAgent": "kubectl/v1.31",
        "objectRef": {"resource": resource, "namespace": "shop", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": time,
        "stageTimestamp": time,
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    })
}

/// A record with some fields replaced, or removed if the value is `"ABSENT"`.
pub(crate) fn with(mut record: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        if value == "ABSENT" {
            record.as_object_mut().unwrap().remove(key);
        } else {
            record[key] = value.clone();
        }
    }
    record
}

pub(crate) fn wrapped(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

impl Archive {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Ingests one of the fixtures.
    pub(crate) fn fixture(name: &str) -> Learnt {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        let ingested = learn(&Archives::open(&[folder]).unwrap(), &settings(), &Silent).unwrap();
        assert!(ingested.coverage.sums_hold(), "{:?}", ingested.coverage);
        ingested
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Adds an object with exactly these bytes.
    pub(crate) fn object(self, path: &str, bytes: &[u8]) -> Self {
        put(self.0.path().join(path), bytes);
        self
    }

    /// Adds a log object delivered at this minute (`20240309T0412`).
    pub(crate) fn delivered(self, minute: &str, records: &[Value]) -> Self {
        let path = log_path(minute, "0123456789abcdef");
        self.object(&path, &gzip(&wrapped(records)))
    }

    pub(crate) fn ingest(&self, settings: &LearnSettings) -> Learnt {
        let archives = Archives::open(&[self.path().to_owned()]).unwrap();
        let ingested = learn(&archives, settings, &Silent).unwrap();
        assert!(ingested.coverage.sums_hold(), "{:?}", ingested.coverage);
        ingested
    }

    /// The findings for a question as lines of `kind time principal action`, with only the last part of the
    /// principal.
    pub(crate) fn ask(&self, question: &Question) -> Vec<String> {
        lines(&first_seen(&self.ingest(&settings()).baseline, question))
    }
}

pub(crate) fn lines(findings: &[Finding<'_>]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            let name = finding.principal().rsplit('/').next().unwrap();
            format!("{} {} {name} {}", finding.kind.name(), finding.time, finding.action)
        })
        .collect()
}

pub(crate) fn log_path(minute: &str, unique: &str) -> String {
    let (year, month, day) = (&minute[..4], &minute[4..6], &minute[6..8]);
    format!(
        "AWSLogs/111122223333/CloudTrail/eu-west-1/{year}/{month}/{day}/111122223333_CloudTrail_eu-west-1_{minute}Z_{unique}.json.gz"
    )
}

pub(crate) fn settings() -> LearnSettings {
    LearnSettings { threads: 2, ..Default::default() }
}

/// A question for new actions after a warmup of `days`.
pub(crate) fn question(days: u32) -> Question {
    Question { warmup: Span::days(days), report: vec![FindingKind::NewAction], ..Question::default() }
}
