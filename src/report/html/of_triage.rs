//! The page of a ranking: its groups are incidents, best first.

use std::io::{self, Write};

use super::content::{Content, Unit};
use super::limits::{MOST_EPISODES, MOST_ROWS};
use super::timeline::{Mark, Novelty};
use super::{PageContext, write};
use crate::query::{EpisodeFinding, FindingKind, Incident};
use crate::report::row::{NOT_NAMED, named};
use crate::report::triage::{MostOfIncident, TriageReport, rounded};

impl TriageReport<'_> {
    /// Writes a page for a browser: one file that refers to nothing outside itself.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write_html(&self, context: &PageContext<'_>, out: &mut dyn Write) -> io::Result<()> {
        let (triage, incidents) = (self.triage, &self.triage.incidents);
        let wanted = incidents.len().min(self.top.unwrap_or(usize::MAX));
        let best = incidents.first().map_or(1.0, Incident::score).max(f64::MIN_POSITIVE);
        let findings = incidents.iter().flat_map(Incident::findings);
        let content = Content {
            unit: Unit::Incident,
            command: "triage",
            context,
            archives: self.archives,
            coverage: self.coverage,
            settings: self.settings()?,
            warmup: self.question.warmup,
            findings: triage.overview.findings,
            is_filtered: self.is_filtered(),
            groups: (["incident", "incidents"], incidents.len() as u64),
            wanted,
            total: self.total(wanted),
            looks_ahead: self.looks_ahead(),
            novelty: findings.map(|one| (one.finding.time, novelty(one))).collect(),
            marks: (1..).zip(incidents).map(|(rank, incident)| mark(rank, incident, best)).collect(),
        };
        let most = MostOfIncident { episodes: MOST_EPISODES, findings: MOST_ROWS };
        write(content, self.incidents(most), out)
    }
}

/// What kind of novelty a finding is.
fn novelty(one: &EpisodeFinding<'_>) -> Novelty {
    match &one.surprise {
        Some(surprise) if surprise.class.is_some() => Novelty::Classified,
        Some(_) => Novelty::Ordinary,
        None if matches!(one.finding.kind, FindingKind::NewNetwork | FindingKind::NewAgent) => {
            Novelty::Origin
        }
        None => Novelty::Other,
    }
}

/// The mark of an incident; `best` is the highest score.
fn mark(rank: usize, incident: &Incident<'_>, best: f64) -> Mark {
    let start = incident.span().start;
    let who = named(&incident.leading().who.key).unwrap_or(NOT_NAMED);
    Mark {
        rank,
        severity: incident.severity().name(),
        time: start,
        height: incident.score() / best,
        text: format!("{rank}. {who}, {:.1} bits, {start}", rounded(incident.score())),
    }
}
