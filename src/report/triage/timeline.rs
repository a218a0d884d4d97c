//! The findings of incidents as events of a timeline in Timesketch: each with its incident.

use std::io::{self, Write};

use super::TriageReport;
use super::bits::rounded;
use super::incident_view::findings;
use super::words::of_surprise;
use crate::report::export::timesketch::Event;

/// Writes one event for each finding of each incident, the best incident first.
pub(super) fn write(report: &TriageReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let weights = &report.question.weights;
    for (rank, incident) in report.ranked() {
        for view in findings(incident, report.archives, weights) {
            let mut event = Event::new(&view.one.finding, report.archives)?;
            event.add("incident_rank", rank);
            event.add("incident_score", incident.published_score());
            event.add("incident_severity", incident.severity().name());
            event.add("incident_member", view.member);
            if let Some(surprise) = &view.one.surprise {
                event.add("bits", rounded(surprise.bits));
                event.add("class", surprise.class.map(|class| class.name()));
                event.add("reason", of_surprise(surprise, weights));
            }
            event.write(out)?;
        }
    }
    Ok(())
}
