//! Findings in formats of other systems: Security Hub, OCSF, Falco's alerts, Timesketch, and the message of Netflix's job.
//!
//! A finding has the same id in every run, so importing a report twice changes nothing. No format says more
//! than the finding; fields without a counterpart go into the format's fields for other data.

pub(super) mod asff;
mod falco;
pub(super) mod ocsf;
mod sns;
pub(super) mod timesketch;
pub(super) mod words;

use std::io::{self, Write};

use super::Report;
use super::place::account_of_log;
use crate::coverage::Coverage;
use crate::model::{RuleMetadata, is_account_id};
use crate::query::{Finding, FindingKind};
use crate::time::Timestamp;

pub use asff::{AsffBatch, AsffBatches};

/// A format of another system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// OCSF Detection Finding 1.3.0, one per line.
    Ocsf,
    /// One JSON object per line and principal, as sent to SNS by Netflix's `cloudtrail-anomaly`.
    Sns,
    /// Falco alerts, one per line.
    Falco,
    /// Events of a timeline in Timesketch, one per line.
    Timesketch,
}

impl Report<'_> {
    /// Writes the findings in a format of another system.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write_export(&self, format: ExportFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            ExportFormat::Ocsf => ocsf::write(self, out),
            ExportFormat::Sns => sns::write(self, out),
            ExportFormat::Falco => falco::write(self, out),
            ExportFormat::Timesketch => timesketch::write(self, out),
        }
    }

    /// The findings in Security Hub's format, in batches of one account and Region each, and the number of
    /// findings left out because their account is not known.
    pub fn asff(&self) -> (AsffBatches<'_>, usize) {
        asff::of_report(self)
    }
}

/// The account of AWS that a finding is about: that of its principal or, for callers of no account (`anonymous`), the one whose log has
/// the event, if the path of the object says so.
pub(super) fn account_of<'f>(finding: &Finding<'f>) -> Option<&'f str> {
    let of_log = || account_of_log(&finding.evidence?.object);
    Some(finding.account()).filter(|account| is_account_id(account)).or_else(of_log)
}

/// Service and call of a CloudTrail action; none for Kubernetes API requests.
fn call<'f>(finding: &Finding<'f>) -> Option<(&'f str, &'f str)> {
    finding.known_action()?.split_once(':').filter(|_| finding.who.kind.source().name() == "cloudtrail")
}

/// The unique id of a finding, the same in every run.
fn id(finding: &Finding<'_>) -> String {
    let time = finding.time.to_string();
    let mut parts = vec![finding.kind.name(), finding.account(), finding.principal(), finding.action, &time];
    parts.extend(finding.value.map(|value| &**value));
    let place = finding.evidence.map(|evidence| format!("{}\n{}", evidence.object, evidence.record));
    // One event may complete a correlation for several groups.
    let correlated = finding.matched().iter().find(|one| one.correlated.is_some());
    let group = correlated.map(|one| format!("{:?}", one.fields()));
    let event_id = finding.evidence.map(|evidence| evidence.event_id.text());
    if let (FindingKind::Rule | FindingKind::Insight, Some(evidence)) = (finding.kind, finding.evidence) {
        parts.extend(finding.rule().into_iter().flat_map(|rule| [&*rule.name, &*rule.id]));
        parts.extend(group.as_deref());
        parts.extend(event_id.as_deref());
        parts.extend(evidence.detail());
        // Without an event id, the record's place distinguishes it from others of the same instant.
        parts.extend(place.as_deref().filter(|_| evidence.event_id.is_empty()));
    }
    crate::checksum::Checksum::of(parts.join("\n").as_bytes()).to_string()
}

/// The rule that made a finding; other findings only list the rules that their events match.
fn generating_rule<'f>(finding: &Finding<'f>) -> Option<&'f RuleMetadata> {
    finding.rule().filter(|_| finding.kind == FindingKind::Rule)
}

/// Time of the last event of a finding, if known.
fn last(finding: &Finding<'_>) -> Option<Timestamp> {
    finding.last_time().or((finding.count() == Some(1)).then_some(finding.time))
}

/// Creation time of a finding: the time of the last event read. Nothing here reads a clock.
fn made(finding: &Finding<'_>, coverage: &Coverage) -> Timestamp {
    let last = finding.last_time().unwrap_or(finding.time);
    coverage.last_event.map_or(last, |read| read.max(last))
}
