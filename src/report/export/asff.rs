//! Findings in the AWS Security Finding Format of Security Hub, in batches for `BatchImportFindings`.
//!
//! Source: Security Hub User Guide, "ASFF syntax" and "BatchImportFindings"; API Reference, limits of each field.

use std::fmt;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::words::{cut, description, title};
use super::{call, id, last};
use crate::coverage::Coverage;
use crate::model::{Arn, global_region, partition_of};
use crate::query::{Finding, FindingKind, Severity};
use crate::report::row::named;
use crate::report::{FindingRow, Report, for_terminal};
use crate::time::Timestamp;

/// Findings of one account and Region, as many as fit into one call.
#[derive(Clone, Debug, PartialEq)]
pub struct AsffBatch {
    /// The account that imports them into Security Hub.
    pub account: String,
    /// The Region that imports them.
    pub region: String,
    /// Number of the batch within its account and Region, counted from 1.
    pub number: usize,
    /// `{"Findings": […]}`, ready for `aws securityhub batch-import-findings --cli-input-json`.
    pub json: String,
}

/// Limit on the findings of a call.
const MOST_FINDINGS: usize = 100;
/// Limit on the bytes of a call.
const MOST_BYTES: usize = 240_000;
/// Limit on the length of texts in an action, in characters.
const MOST_OF_CALL: usize = 128;

/// Iterator over batches of findings.
#[derive(Debug)]
pub struct AsffBatches<'r> {
    /// Subjects by account, Region and order in the report.
    findings: Vec<(&'r str, &'r str, Box<dyn Subject + 'r>)>,
    /// Index of the first finding that is not in a batch yet.
    next: usize,
    /// Number of the last batch.
    number: usize,
}

/// What becomes a finding in Security Hub.
pub(in crate::report) trait Subject: fmt::Debug {
    /// The finding, for the account and the Region that import it.
    fn finding(&self, place: (&str, &str)) -> Value;
}

/// A finding of a report.
#[derive(Debug)]
struct Reported<'r> {
    finding: &'r Finding<'r>,
    coverage: &'r Coverage,
    archives: &'r [String],
}

impl Subject for Reported<'_> {
    fn finding(&self, place: (&str, &str)) -> Value {
        asff_finding(self.finding, self.archives, (place, super::made(self.finding, self.coverage)))
    }
}

/// The batches of a report's findings, and the number of those whose account is not known.
pub(super) fn of_report<'r>(report: &Report<'r>) -> (AsffBatches<'r>, usize) {
    let Report { coverage, archives, .. } = *report;
    batches(report.findings.iter().map(|finding| {
        let subject: Box<dyn Subject> = Box::new(Reported { finding, coverage, archives });
        (finding, subject)
    }))
}

/// The batches of subjects, each with a finding that decides its account and Region, and the number of those whose account is not
/// known.
pub(in crate::report) fn batches<'r>(
    subjects: impl Iterator<Item = (&'r Finding<'r>, Box<dyn Subject + 'r>)>,
) -> (AsffBatches<'r>, usize) {
    let mut without_account = 0;
    let mut findings = Vec::new();
    for (finding, subject) in subjects {
        match super::account_of(finding) {
            Some(account) => findings.push((account, region(finding), subject)),
            None => without_account += 1,
        }
    }
    findings.sort_by_key(|(account, region, _)| (*account, *region));
    (AsffBatches { findings, next: 0, number: 0 }, without_account)
}

impl Iterator for AsffBatches<'_> {
    type Item = AsffBatch;

    fn next(&mut self) -> Option<AsffBatch> {
        let rest = &self.findings[self.next..];
        let (account, region) = rest.first().map(|(account, region, _)| (*account, *region))?;
        let same_place = rest.iter().take_while(|next| (next.0, next.1) == (account, region));
        let (mut json, mut bytes, mut count) = ("{\"Findings\": [".to_owned(), 0, 0);
        for (.., subject) in same_place.take(MOST_FINDINGS) {
            let one = subject.finding((account, region)).to_string();
            bytes += one.len() + 2;
            if count > 0 && bytes > MOST_BYTES {
                break;
            }
            json.push_str(if count == 0 { "\n" } else { ",\n" });
            json.push_str(&one);
            count += 1;
        }
        json.push_str("\n]}\n");
        let before = self.next.checked_sub(1).map(|last| (self.findings[last].0, self.findings[last].1));
        self.number = if before == Some((account, region)) { self.number + 1 } else { 1 };
        self.next += count;
        Some(AsffBatch { account: account.to_owned(), region: region.to_owned(), number: self.number, json })
    }
}

/// The Region of the record; if it has none that Security Hub accepts, the one for global services in the
/// principal's partition.
fn region<'f>(finding: &Finding<'f>) -> &'f str {
    // The Region becomes part of a file name.
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let is_region = |region: &&str| {
        region.len() <= 16
            && region.bytes().all(is_plain)
            && region.split('-').count() >= 3
            && region.bytes().next_back().is_some_and(|b| b.is_ascii_digit())
    };
    finding.region().filter(is_region).unwrap_or_else(|| {
        let arns = [Some(finding.principal()), finding.who.arn.as_deref()];
        let partition = arns.into_iter().flatten().find_map(Arn::of_principal).map(|arn| arn.partition);
        global_region(partition.unwrap_or("aws"))
    })
}

/// A text for Security Hub, cut to `most` characters; none if nothing visible is left.
fn limited(text: &str, most: usize) -> Option<String> {
    let text = for_terminal(text);
    Some(cut(text.trim(), most)).filter(|text| !text.is_empty())
}

fn asff_finding(
    finding: &Finding<'_>,
    archives: &[String],
    ((account, region), updated): ((&str, &str), Timestamp),
) -> Value {
    let partition = partition_of(region);
    let observed = milliseconds(finding.time);
    let kind = finding.kind.name();
    let (generator, types) = match super::generating_rule(finding) {
        Some(rule) => (cut(&for_terminal(&rule.name), 400), "TTPs"),
        None => (kind.to_owned(), "Unusual Behaviors/User"),
    };
    let mut asff = json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("firstseen/{kind}/{}", id(finding)),
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "GeneratorId": format!("firstseen/{generator}"),
        "AwsAccountId": account,
        "CreatedAt": observed,
        "UpdatedAt": milliseconds(updated),
        "FirstObservedAt": observed,
        "Title": cut(&title(finding), 256),
        "Description": cut(&description(finding, archives), 1_024),
        "FindingProviderFields": {
            "Severity": {"Label": label(finding.severity()), "Original": kind},
            "Types": [types],
        },
        "Resources": [resource((account, finding.principal()), partition, region)],
        "ProductFields": product_fields(finding, archives),
        "RecordState": "ACTIVE",
    });
    if let Some(last) = last(finding) {
        asff["LastObservedAt"] = json!(milliseconds(last));
    }
    let call = call(finding)
        .and_then(|(service, api)| Some((limited(service, MOST_OF_CALL)?, limited(api, MOST_OF_CALL)?)));
    if let Some((service, api)) = call {
        asff["Action"] = action(finding, &service, &api, &observed);
    }
    asff
}

/// Formats a time with milliseconds: `2026-01-01T10:00:00.000Z`.
pub(in crate::report) fn milliseconds(time: Timestamp) -> String {
    let text = time.to_string();
    let (seconds, fraction) =
        text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    format!("{seconds}.{:0<3.3}Z", fraction)
}

/// The principal; the account if no record names a principal.
pub(in crate::report) fn resource((account, key): (&str, &str), partition: &str, region: &str) -> Value {
    let (sort, id) = match named(key).and_then(|principal| limited(principal, 512)) {
        Some(principal) => (resource_type(key), principal),
        None => ("AwsAccount", format!("AWS::::Account:{account}")),
    };
    json!({"Type": sort, "Id": id, "Partition": partition, "Region": region})
}

/// Security Hub's label of a severity: its name in capitals.
pub(in crate::report) fn label(severity: Severity) -> String {
    severity.name().to_ascii_uppercase()
}

fn resource_type(principal: &str) -> &'static str {
    match Arn::parse(principal).and_then(|arn| arn.typed_resource()) {
        Some(("role", _)) => "AwsIamRole",
        Some(("user", _)) => "AwsIamUser",
        _ => "Other",
    }
}

fn action(finding: &Finding<'_>, service: &str, api: &str, observed: &str) -> Value {
    let mut call = json!({"Api": api, "ServiceName": service});
    // An insight does not have the times of the calls.
    if finding.kind != FindingKind::Insight {
        call["FirstSeen"] = json!(observed);
    }
    // Of several events, only the first is known to have this action.
    if finding.count() == Some(1) {
        call["LastSeen"] = json!(observed);
    }
    let from = finding.evidence.and_then(|evidence| evidence.source_ip());
    match from.map(|from| (from, from.parse::<IpAddr>())) {
        Some((from, Ok(IpAddr::V4(_)))) => {
            call["CallerType"] = json!("remoteIp");
            call["RemoteIpDetails"] = json!({"IpAddressV4": from});
        }
        Some((from, Err(_))) => {
            if let Some(domain) = limited(from, MOST_OF_CALL) {
                call["CallerType"] = json!("domain");
                call["DomainDetails"] = json!({"Domain": domain});
            }
        }
        // The format has no field for IPv6; the address is in the product fields.
        _ => {}
    }
    json!({"ActionType": "AWS_API_CALL", "AwsApiCallAction": call})
}

/// All non-empty published fields of the finding, as texts.
fn product_fields(finding: &Finding<'_>, archives: &[String]) -> Map<String, Value> {
    let row = serde_json::to_value(FindingRow::new(finding, archives, for_terminal)).unwrap_or(Value::Null);
    let mut fields = Map::new();
    for (name, value) in row.as_object().into_iter().flatten() {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        if !text.trim().is_empty() {
            fields.insert(format!("firstseen/{name}"), json!(cut(&text, 2_048)));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        let shown = |text: &str| milliseconds(Timestamp::parse(text).unwrap());
        assert_eq!(shown("2026-01-01T10:00:00Z"), "2026-01-01T10:00:00.000Z");
        assert_eq!(shown("2026-01-01T10:00:00.5Z"), "2026-01-01T10:00:00.500Z");
        assert_eq!(shown("2026-01-01T10:00:00.123456Z"), "2026-01-01T10:00:00.123Z");
    }

    #[test]
    fn resources_follow_from_names() {
        assert_eq!(resource_type("arn:aws:iam::1:role/x"), "AwsIamRole");
        assert_eq!(resource_type("arn:aws:iam::1:root"), "Other");
        assert_eq!(resource_type("k8s:prod/arn:aws:iam::1:role/x"), "Other");
    }
}
