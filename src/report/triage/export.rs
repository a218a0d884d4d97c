//! Incidents in the formats of other systems: one finding of Security Hub or OCSF for each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::TriageReport;
use super::bits::rounded;
use super::incident_view::IncidentView;
use super::member_view::new_actions;
use super::words::{of_link, of_part};
use crate::checksum::Checksum;
use crate::coverage::Coverage;
use crate::model::partition_of;
use crate::query::{Incident, Part, Weights};
use crate::report::count::counted;
use crate::report::export::{account_of, asff, ocsf, words};
use crate::report::row::{NOT_NAMED, named};
use crate::report::{AsffBatches, for_terminal};
use crate::time::Timestamp;

/// What stands in place of the kind of a finding.
const KIND: &str = "triage";

/// The most resources of a finding in Security Hub (API Reference, `AwsSecurityFinding`).
const MOST_RESOURCES: usize = 32;

/// Writes OCSF Detection Findings, one per line.
pub(super) fn write_ocsf(report: &TriageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (rank, incident) in report.ranked() {
        ocsf::write_event(ocsf_event(report, rank, incident)?, out)?;
    }
    Ok(())
}

fn ocsf_event(report: &TriageReport<'_>, rank: usize, incident: &Incident<'_>) -> serde_json::Result<Value> {
    let span = incident.span();
    let facts = ocsf::Facts {
        uid: id(incident),
        title: title(incident),
        description: description(incident, &report.question.weights),
        kind: KIND,
        severity: incident.severity(),
        start: span.start,
        made: made(incident, report.coverage),
        is_of_cloud: incident.findings().any(|one| ocsf::is_of_cloud(&one.finding)),
    };
    let mut unmapped = serde_json::to_value(IncidentView::new(rank, incident, report.context()))?;
    if let Some(fields) = unmapped.as_object_mut() {
        fields.remove("members");
        fields.remove("findings");
    }
    let mut event = ocsf::event_of(&facts, unmapped);
    event["end_time"] = json!(ocsf::milliseconds(span.end));
    event["finding_info"]["last_seen_time"] = json!(ocsf::milliseconds(span.end));
    event["count"] = json!(incident.findings().count());
    let users: Vec<Value> =
        principals(incident).iter().map(|(_, key)| json!({"actor": {"user": ocsf::user(key)}})).collect();
    if !users.is_empty() {
        event["evidences"] = json!(users);
    }
    let leading = incident.leading().findings.first().map(|one| &one.finding);
    if let Some(account) = leading.and_then(account_of) {
        event["cloud"]["account"] = json!({"uid": account});
    }
    Ok(event)
}

/// An incident with its rank.
#[derive(Debug)]
struct Ranked<'r> {
    rank: usize,
    incident: &'r Incident<'r>,
    report: &'r TriageReport<'r>,
}

impl asff::Subject for Ranked<'_> {
    fn finding(&self, place: (&str, &str)) -> Value {
        asff_finding((self.rank, self.incident), self.report, place)
    }
}

/// The incidents in batches for Security Hub, and the number of those whose account is not known.
pub(super) fn asff<'r>(report: &'r TriageReport<'r>) -> (AsffBatches<'r>, usize) {
    asff::batches(report.ranked().filter_map(|(rank, incident)| {
        let finding = &incident.leading().findings.first()?.finding;
        let subject: Box<dyn asff::Subject> = Box::new(Ranked { rank, incident, report });
        Some((finding, subject))
    }))
}

/// An incident in Security Hub's format, for an account and a Region.
fn asff_finding(
    (rank, incident): (usize, &Incident<'_>),
    report: &TriageReport<'_>,
    (account, region): (&str, &str),
) -> Value {
    let partition = partition_of(region);
    let span = incident.span();
    let resources: Vec<Value> = principals(incident)
        .into_iter()
        .take(MOST_RESOURCES)
        .map(|(account, key)| asff::resource((account, key), partition, region))
        .collect();
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("firstseen/{KIND}/{}", id(incident)),
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "GeneratorId": format!("firstseen/{KIND}"),
        "AwsAccountId": account,
        "CreatedAt": asff::milliseconds(span.start),
        "UpdatedAt": asff::milliseconds(made(incident, report.coverage)),
        "FirstObservedAt": asff::milliseconds(span.start),
        "LastObservedAt": asff::milliseconds(span.end),
        "Title": words::cut(&title(incident), 256),
        "Description": words::cut(&description(incident, &report.question.weights), 1_024),
        "FindingProviderFields": {
            "Severity": {
                "Label": asff::label(incident.severity()),
                "Original": format!("{:.2} bits", incident.published_score()),
            },
            "Types": ["Unusual Behaviors/User"],
        },
        "Resources": resources,
        "ProductFields": product_fields(rank, incident, &report.question.weights),
        "RecordState": "ACTIVE",
    })
}

/// Rank, score and parts, as texts.
fn product_fields(rank: usize, incident: &Incident<'_>, weights: &Weights) -> Map<String, Value> {
    let mut fields = BTreeMap::from([
        ("rank".to_owned(), rank.to_string()),
        ("score".to_owned(), format!("{:.2}", incident.published_score())),
        ("severity".to_owned(), incident.severity().name().to_owned()),
        ("episodes".to_owned(), incident.places().to_string()),
        ("findings".to_owned(), incident.findings().count().to_string()),
    ]);
    for (index, part) in incident.parts() {
        let name = part.name().name();
        fields.insert(format!("parts/{name}"), format!("{:.2}", rounded(part.bits)));
        let reason = of_part(part, &incident.episodes[index], weights);
        fields.insert(format!("reasons/{name}"), for_terminal(&reason).into_owned());
    }
    let field =
        |(name, text): (String, String)| (format!("firstseen/{name}"), json!(words::cut(&text, 2_048)));
    fields.into_iter().map(field).collect()
}

/// `Unusual activity of deploy: 12 first-seen actions`
fn title(incident: &Incident<'_>) -> String {
    let leading = incident.leading();
    let who = named(&leading.who.key).map_or_else(|| NOT_NAMED.to_owned(), words::name);
    let actions = counted(new_actions(leading).count() as u64, "first-seen action");
    let joined = match incident.places() {
        1 => String::new(),
        episodes => format!(", in an incident of {}", counted(episodes as u64, "episode")),
    };
    format!("Unusual activity of {who}: {actions}{joined}")
}

/// The score with its reasons, and what joins the episodes.
fn description(incident: &Incident<'_>, weights: &Weights) -> String {
    let mut sentences = vec![format!("{:.2} bits", incident.published_score())];
    let reason = |(index, part): (usize, &Part<'_>)| {
        format!("{}: {}", part.name().name(), of_part(part, &incident.episodes[index], weights))
    };
    sentences.extend(incident.parts().map(reason));
    sentences.extend(incident.links.iter().map(|link| of_link(link, incident)));
    for_terminal(&(sentences.join(". ") + ".")).into_owned()
}

/// The unique id of an incident, the same in every run with the same settings.
fn id(incident: &Incident<'_>) -> String {
    let (first, span) = (incident.episodes[0].who, incident.span());
    let evidence = incident.episodes[0].findings.first().and_then(|one| one.finding.evidence);
    let event_id = evidence.map_or(String::new(), |evidence| evidence.event_id.text().into_owned());
    let times = [span.start, span.end].map(|time| time.to_string());
    let parts = [KIND, &first.account, &first.key, &times[0], &times[1], &event_id];
    Checksum::of(parts.join("\n").as_bytes()).to_string()
}

/// Account and key of each principal with a name, in the order in which they fell.
fn principals<'i>(incident: &'i Incident<'i>) -> Vec<(&'i str, &'i str)> {
    let mut known = BTreeSet::new();
    let all = incident.episodes.iter().map(|episode| episode.who.account_and_key());
    all.filter(|who| named(who.1).is_some() && known.insert(*who)).collect()
}

/// Creation time of an incident: the time of the last event read. Nothing here reads a clock.
fn made(incident: &Incident<'_>, coverage: &Coverage) -> Timestamp {
    let end = incident.span().end;
    coverage.last_event.map_or(end, |read| read.max(end))
}
