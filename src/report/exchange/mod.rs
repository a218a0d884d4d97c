//! Findings in the forms that other systems take in: Security Hub, OCSF, Falco's alerts, and the message of Netflix' job.
//!
//! The same finding gets the same id in every run, so that taking in a report twice changes nothing. No form says more than
//! the finding: what has no place in it goes into the fields that each has for the rest.

mod asff;
mod falco;
mod ocsf;
mod sns;
mod words;

use std::io::{self, Write};

use super::Report;
use crate::coverage::Coverage;
use crate::query::{Finding, FindingKind};
use crate::time::Timestamp;

pub use asff::{AsffBatch, AsffBatches};

/// A form for other systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// OCSF Detection Finding 1.3.0, one a line.
    Ocsf,
    /// One JSON object a line for each principal, as Netflix' `cloudtrail-anomaly` sends them to SNS.
    Sns,
    /// An alert as Falco writes them, one a line.
    Falco,
}

impl Report<'_> {
    /// Writes the findings in a form for other systems.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn write_exchange(&self, exchange: Exchange, out: &mut dyn Write) -> io::Result<()> {
        match exchange {
            Exchange::Ocsf => ocsf::write(self, out),
            Exchange::Sns => sns::write(self, out),
            Exchange::Falco => falco::write(self, out),
        }
    }

    /// The findings as Security Hub takes them, in batches for one account and Region each; and the number of those that
    /// cannot be, since they name no account.
    pub fn asff(&self) -> (AsffBatches<'_>, usize) {
        asff::batches(self)
    }
}

/// Service and call of an action in CloudTrail; requests to clusters have none.
fn call<'f>(finding: &Finding<'f>) -> Option<(&'f str, &'f str)> {
    finding.known_action()?.split_once(':').filter(|_| finding.who.kind.source().name() == "cloudtrail")
}

/// What tells a finding from all others, in every run.
fn id(finding: &Finding<'_>) -> String {
    let time = finding.time.to_string();
    let mut parts = vec![finding.kind.name(), finding.account(), finding.principal(), finding.action, &time];
    let place = finding.evidence.map(|evidence| format!("{}\n{}", evidence.object, evidence.record));
    let event_id = finding.evidence.map(|evidence| evidence.event_id.text());
    if let (FindingKind::Rule | FindingKind::Insight, Some(evidence)) = (finding.kind, finding.evidence) {
        parts.extend(finding.rule().map(|rule| &*rule.name));
        parts.extend(event_id.as_deref());
        parts.extend(evidence.detail());
        // Where there is no id, the record's place tells it from others of the same instant.
        parts.extend(place.as_deref().filter(|_| evidence.event_id.is_empty()));
    }
    crate::checksum::Checksum::of(parts.join("\n").as_bytes()).to_string()
}

/// When the last of the events happened that a finding tells of, if that is known.
fn last(finding: &Finding<'_>) -> Option<Timestamp> {
    finding.last_time().or((finding.count() == Some(1)).then_some(finding.time))
}

/// When a finding was made: once all that was read had happened. Nothing here reads a clock.
fn made(finding: &Finding<'_>, coverage: &Coverage) -> Timestamp {
    let last = finding.last_time().unwrap_or(finding.time);
    coverage.last_event.map_or(last, |read| read.max(last))
}
