//! What was found, in the first lines of an answer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Line, Piece, Tone};
use crate::coverage::Coverage;
use crate::query::{FindingKind, Severity};
use crate::report::Report;
use crate::report::count::{counted, grouped, principals_of_accounts};
use crate::report::row::named;

/// How many findings of which severity and kind, of whom and when, and what was read.
pub(in crate::report) fn of_findings(report: &Report<'_>) -> Vec<Line> {
    let findings = report.findings;
    let mut kinds: BTreeMap<FindingKind, u64> = BTreeMap::new();
    let (mut principals, mut accounts) = (BTreeSet::new(), BTreeSet::new());
    for finding in findings {
        *kinds.entry(finding.kind).or_default() += 1;
        principals.insert(finding.who.account_and_key());
        accounts.extend(named(finding.account()));
    }
    let mut head = vec![Piece::whole(counted(findings.len() as u64, "finding")).in_tone(Tone::Strong)];
    let times = || findings.iter().map(|finding| finding.time);
    if let Some((first, last)) = times().min().zip(times().max()) {
        head.push(Piece::whole(format!(" from {} to {}", first.day(), last.day())));
        head.push(Piece::text(": "));
        head.extend(counted_by_severity(findings.iter().map(|finding| finding.severity())));
    }
    let mut lines = vec![Line::new(0, head)];
    if !findings.is_empty() {
        let kinds = kinds.into_iter().map(|(kind, count)| format!("{} {}", grouped(count), kind.name()));
        let of = principals_of_accounts(principals.len() as u64, accounts.len() as u64, "in");
        let of = format!("of {of}");
        lines.push(Line::joined(0, ", ", kinds.chain([of]).map(Piece::whole)));
    }
    lines.push(read(report.coverage));
    lines
}

/// `1 critical, 3 high`, each in its colour, the most severe first.
pub(in crate::report) fn counted_by_severity(severities: impl Iterator<Item = Severity>) -> Vec<Piece> {
    let mut counts: BTreeMap<Severity, u64> = BTreeMap::new();
    severities.for_each(|severity| *counts.entry(severity).or_default() += 1);
    let pieces = counts.into_iter().rev().map(|(severity, count)| {
        Piece::whole(format!("{} {}", grouped(count), severity.name())).in_tone(Tone::Of(severity))
    });
    Line::joined(0, ", ", pieces).pieces
}

/// What was read, and what could not be.
fn read(coverage: &Coverage) -> Line {
    let objects =
        format!("{} of {} read", grouped(coverage.objects.read), counted(coverage.objects.listed, "object"));
    let span = coverage.first_event.zip(coverage.last_event);
    let span = span.map(|(first, last)| format!(", events from {} to {}", first.day(), last.day()));
    let mut pieces = vec![Piece::whole(objects), Piece::whole(span.unwrap_or_default())];
    let faults = match coverage.fault_count {
        0 if !coverage.unfinished.is_empty() => {
            Piece::whole("unfinished: not everything was read").in_tone(Tone::Alarming)
        }
        0 => Piece::whole("no faults"),
        faults => Piece::whole(format!("{}: not everything could be read", counted(faults, "fault")))
            .in_tone(Tone::Alarming),
    };
    pieces.extend([Piece::text("; "), faults]);
    Line::new(0, pieces)
}
