//! What an object is: logs, or which other thing.

use super::head::Head;
use crate::coverage::{FaultKind, Outcome};
use crate::model::is_account_id;
use crate::source::{Archives, LogObject};

/// Bytes of an object that are looked at to recognise other logs.
const HEAD: usize = 64 << 10;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Logs that a scan reads, by published name.
    Logs(&'static str),
    /// Logs without an event: Insights, or no record at all.
    NoEvents,
    /// Something else, by published name.
    Other(&'static str),
    /// It could not be read, by the published name of the fault.
    Unreadable(&'static str),
}

impl Content {
    /// Its published name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoEvents => "no-events",
            Self::Logs(name) | Self::Other(name) | Self::Unreadable(name) => name,
        }
    }

    /// Whether a scan reads it.
    pub fn is_log(self) -> bool {
        matches!(self, Self::Logs(_) | Self::NoEvents)
    }

    /// Whether S3 refused to give it.
    pub fn is_denied(self) -> bool {
        let denied = [FaultKind::AccessDenied, FaultKind::KmsDenied].map(FaultKind::name);
        matches!(self, Self::Unreadable(name) if denied.contains(&name))
    }

    /// From the outcome of reading an object, and its numbers of records.
    pub(super) fn of_outcome(outcome: Outcome, cloudtrail: u64, kubernetes: u64) -> Self {
        match outcome {
            Outcome::Skipped(reason) => Self::Other(reason.name()),
            Outcome::Failed(kind) => Self::Unreadable(kind.name()),
            Outcome::Read | Outcome::ReadInPart(_) => Self::of_counts(cloudtrail, kubernetes),
        }
    }

    /// From the numbers of records of an object that holds logs.
    pub(super) fn of_counts(cloudtrail: u64, kubernetes: u64) -> Self {
        match (cloudtrail, kubernetes) {
            (0, 0) => Self::NoEvents,
            (_, 0) => Self::Logs("cloudtrail"),
            (0, _) => Self::Logs("kubernetes"),
            _ => Self::Logs("cloudtrail and kubernetes"),
        }
    }

    /// From the first bytes of an object that a scan does not read; none if these are not known.
    pub(super) fn of_stored(archives: &Archives, object: &LogObject) -> Option<Self> {
        let head = Head::read(archives, object, HEAD)?;
        of_head(&String::from_utf8_lossy(&head.bytes)).map(Self::Other)
    }
}

/// The name of a known kind of text that is no log of CloudTrail or Kubernetes.
fn of_head(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches('\u{feff}');
    let is_sealed = ["-----BEGIN PGP MESSAGE", "age-encryption.org/", "Salted__", "-----BEGIN AGE ENCRYPTED"];
    if is_sealed.iter().any(|start| text.starts_with(start)) {
        return Some("encrypted");
    }
    if text.trim_start().starts_with('{') {
        let members = [
            ("\"configurationItems\"", "config"),
            ("\"digestS3Bucket\"", "digest"),
            ("\"srcids\"", "resolver-query-logs"),
        ];
        return members.iter().find(|(member, _)| text.contains(member)).map(|(_, name)| *name);
    }
    if text.starts_with("#Version:") && text.contains("#Fields:") {
        let is_of_cloudfront = text.contains("x-edge-location");
        return Some(if is_of_cloudfront { "cloudfront-logs" } else { "other-log" });
    }
    text.lines().take(3).find_map(of_line)
}

/// The name of the log that a line is from.
fn of_line(line: &str) -> Option<&'static str> {
    let words: Vec<&str> = line.split_whitespace().take(16).collect();
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    let is_flow_header = words.contains(&"srcaddr") && words.contains(&"dstaddr");
    let is_flow = is_account_id(word(1)) && word(2).starts_with("eni-");
    if is_flow_header || is_flow {
        return Some("flow-logs");
    }
    let is_time = |word: &str| {
        word.len() >= 19
            && word.as_bytes().get(10) == Some(&b'T')
            && word.starts_with(|c: char| c.is_ascii_digit())
    };
    let is_of_balancer = match word(0) {
        "http" | "https" | "h2" | "ws" | "wss" | "grpcs" | "tls" => word(2).contains('/') || is_time(word(2)),
        first => is_time(first) && word(2).contains(':') && word(3).contains(':') && word(4).contains('.'),
    };
    if is_of_balancer {
        return Some("load-balancer");
    }
    let is_owner = word(0).len() == 64 && word(0).bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_owner && word(2).starts_with('[')).then_some("s3-access-logs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_logs_are_known_by_their_first_line() {
        let owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
        let access =
            format!("{owner} bucket [06/Feb/2024:00:00:38 +0000] 192.0.2.3 - 3E57 REST.GET.VERSIONING");
        for (text, expected) in [
            ("version account-id interface-id srcaddr dstaddr srcport dstport\n", Some("flow-logs")),
            (
                "2 111122223333 eni-1235b8ca123456789 192.0.2.1 192.0.2.2 0 22 6 20 4249 1 2 ACCEPT OK\n",
                Some("flow-logs"),
            ),
            ("https 2024-03-01T10:00:00.186641Z app/my/50dc 192.0.2.1:2817 - -1\n", Some("load-balancer")),
            (
                "tls 2.0 2024-03-01T10:00:00 net/my/c6e7 g3d4b5e8bb8464cd 192.0.2.1:51341\n",
                Some("load-balancer"),
            ),
            (
                "2024-03-01T10:00:00.945958Z my-lb 192.0.2.1:2817 192.0.2.2:80 0.000073 0.001\n",
                Some("load-balancer"),
            ),
            (&access, Some("s3-access-logs")),
            ("#Version: 1.0\n#Fields: date time x-edge-location sc-bytes\n", Some("cloudfront-logs")),
            ("{\"fileVersion\":\"1.0\",\"configurationItems\":[]}", Some("config")),
            ("-----BEGIN PGP MESSAGE-----\n", Some("encrypted")),
            ("Permission is hereby granted", None),
            ("", None),
        ] {
            assert_eq!(of_head(text), expected, "{text}");
        }
    }
}
