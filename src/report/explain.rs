//! Why behaviours are reported or not: what `firstseen explain` prints.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::clean::cleaned;
use super::count::counted;
use super::place::shown_object;
use super::row::{NOT_NAMED, days, in_account, named, outcome};
use super::{Format, UsedSettings, as_it_is, csv, for_spreadsheet, for_terminal, json};
use crate::coverage::{Coverage, PlaceCoverage};
use crate::model::ObservedPrincipal;
use crate::query::{Absence, Explanation, Explanations, Finding, FindingKind, HidingSetting, Severity};
use crate::time::{Day, Timestamp};

/// Explanations, ready to write.
#[derive(Debug)]
pub struct ExplainReport<'a> {
    /// The settings of the run.
    pub settings: &'a UsedSettings,
    /// The coverage of what was learnt.
    pub coverage: &'a Coverage,
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
    /// The answer.
    pub answer: &'a Explanations<'a>,
}

/// The columns of CSV; the fields of [`ExplanationRow`].
const COLUMNS: [&str; 24] = [
    "account",
    "principal",
    "principal_kind",
    "action",
    "reported",
    "findings",
    "hidden_by",
    "reason",
    "first",
    "outcome",
    "first_success",
    "last",
    "count",
    "errors",
    "days",
    "event_id",
    "archive",
    "object",
    "record",
    "known_days",
    "warmup_end",
    "other_principals",
    "first_delivery",
    "gaps_before",
];

/// One explanation under its published field names, see `docs/formats.md`. An absent value is empty or `null`.
#[derive(Serialize)]
struct ExplanationRow<'a> {
    account: Option<Cow<'a, str>>,
    principal: Option<Cow<'a, str>>,
    principal_kind: &'static str,
    action: Cow<'a, str>,
    reported: bool,
    findings: String,
    hidden_by: String,
    reason: String,
    first: String,
    outcome: &'static str,
    first_success: Option<String>,
    last: String,
    count: u64,
    errors: u64,
    days: u64,
    event_id: Option<Cow<'a, str>>,
    archive: u32,
    object: Cow<'a, str>,
    record: u32,
    known_days: Option<f64>,
    warmup_end: Option<String>,
    other_principals: Option<u32>,
    first_delivery: Option<String>,
    gaps_before: Option<u64>,
}

impl ExplainReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let source = (self.settings, self.coverage);
        let rows = |clean| self.answer.behaviours.iter().map(move |one| self.row(one, clean));
        match format {
            Format::Text => self.write_text(out),
            Format::Csv => csv::write(&COLUMNS, rows(for_spreadsheet), out),
            Format::RawCsv => csv::write(&COLUMNS, rows(as_it_is), out),
            Format::Json => json::write(source, ("explanations", rows(as_it_is)), out),
            Format::JsonLines => json::write_lines(source, rows(as_it_is), out),
        }
    }

    fn row<'r>(&'r self, one: &'r Explanation<'_>, clean: fn(&str) -> Cow<'_, str>) -> ExplanationRow<'r> {
        let (behaviour, first) = (one.behaviour, &*one.behaviour.first);
        let before = self.deliveries(one).map(|place| Before::new(place, first.time));
        let kinds: Vec<&str> = one.findings.iter().map(|finding| finding.kind.name()).collect();
        let settings: Vec<&str> = one.hidden_by.iter().map(|setting| setting.name()).collect();
        let event_id = first.event_id.text();
        ExplanationRow {
            account: named(&one.who.account).map(clean),
            principal: named(&one.who.key).map(clean),
            principal_kind: one.who.kind.name(),
            action: clean(one.action),
            reported: one.is_reported(),
            findings: kinds.join("; "),
            hidden_by: settings.join("; "),
            reason: clean(&self.reasons(one).join("; ")).into_owned(),
            first: first.time.to_string(),
            outcome: outcome(first.failed),
            first_success: behaviour.first_success.as_ref().map(|success| success.time.to_string()),
            last: behaviour.last.to_string(),
            count: behaviour.count(),
            errors: behaviour.errors(),
            days: behaviour.days.iter().count() as u64,
            event_id: (!event_id.is_empty()).then(|| cleaned(event_id, clean)),
            archive: first.archive,
            object: clean(&first.object),
            record: first.record,
            known_days: one.known_micros.map(days),
            warmup_end: one.warmup_end.map(|end| end.to_string()),
            other_principals: one
                .unhidden
                .as_ref()
                .and_then(|finding| finding.rarity)
                .map(|rarity| rarity.other_principals),
            first_delivery: before.as_ref().and_then(|before| before.first).map(|day| day.to_string()),
            gaps_before: before.map(|before| before.gaps.len() as u64),
        }
    }

    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for one in &self.answer.behaviours {
            for line in self.lines(one) {
                writeln!(out, "{}", for_terminal(&line))?;
            }
        }
        if let Some(absence) = &self.answer.absence {
            for line in absent(absence) {
                writeln!(out, "{}", for_terminal(&line))?;
            }
        }
        let reported = self.answer.behaviours.iter().filter(|one| one.is_reported()).count() as u64;
        let all = self.answer.behaviours.len() as u64;
        writeln!(out, "{}, {reported} reported as new", counted(all, "behaviour"))
    }

    /// What the text says of a behaviour.
    fn lines(&self, one: &Explanation<'_>) -> Vec<String> {
        let (behaviour, first) = (one.behaviour, &*one.behaviour.first);
        let who = named(&one.who.key).unwrap_or(NOT_NAMED);
        let kind = one.who.kind.name();
        let mut lines = vec![format!("{}  {kind} {who}, {}", one.action, in_account(&one.who.account))];
        lines.extend(self.reasons(one).into_iter().map(|reason| format!("    {reason}")));
        let event_id = match &*first.event_id.text() {
            "" => String::new(),
            id => format!("  eventID {id}"),
        };
        let object = shown_object(self.archives, first.archive, &first.object);
        lines.push(format!(
            "    first {}, {}: {object} record {}{event_id}",
            first.time,
            outcome(first.failed),
            first.record
        ));
        if let Some(success) = behaviour.first_success.as_ref().filter(|success| success.time != first.time) {
            lines.push(format!("    first success {}", success.time));
        }
        let active = behaviour.days.iter().count() as u64;
        lines.push(format!(
            "    {}, {} failed, on {}; the last {}",
            counted(behaviour.count(), "event"),
            behaviour.errors(),
            counted(active, "day"),
            behaviour.last
        ));
        if let Some(rarity) = one.unhidden.as_ref().and_then(|finding| finding.rarity) {
            lines.push(format!(
                "    {} had done it before",
                counted(u64::from(rarity.other_principals), "other principal")
            ));
        }
        if let Some(place) = self.deliveries(one) {
            let region = first.region().unwrap_or_default();
            lines.push(format!("    {}", Before::new(place, first.time).words(&one.who.account, region)));
        }
        lines
    }

    /// What was delivered for the account and Region of the first sighting.
    fn deliveries(&self, one: &Explanation<'_>) -> Option<&PlaceCoverage> {
        let region = one.behaviour.first.region()?;
        self.coverage.places.get(&(one.who.account.to_string(), region.to_owned()))
    }

    /// Why it is reported or not, a sentence for each reason.
    fn reasons(&self, one: &Explanation<'_>) -> Vec<String> {
        let mut reasons: Vec<String> = one
            .findings
            .iter()
            .map(|finding| {
                let about = if finding.kind == FindingKind::NewPrincipal { ", its first action" } else { "" };
                format!("reported: {} at {}{about}", finding.kind.name(), finding.time)
            })
            .collect();
        if !one.is_reported() {
            // It may be a finding of another kind, such as one of a rule.
            let lead = if reasons.is_empty() { "not reported" } else { "not reported as new" };
            let hidden =
                one.hidden_by.iter().map(|setting| format!("{lead}: {}", self.hidden_by(one, *setting)));
            reasons.extend(hidden);
            if one.hidden_by.is_empty() {
                let together = one.hidden_together.iter().map(|setting| format!("--{}", setting.name()));
                let together: Vec<String> = together.collect();
                let which =
                    if together.is_empty() { String::new() } else { format!(": {}", together.join(", ")) };
                reasons.push(format!(
                    "{lead}: no setting alone hides its first sighting, but several together do{which}"
                ));
            }
        }
        reasons
    }

    /// How a setting hides the first sighting.
    fn hidden_by(&self, one: &Explanation<'_>, setting: HidingSetting) -> String {
        let (settings, first) = (self.settings, &*one.behaviour.first);
        let time = |set: &Option<String>| set.clone().unwrap_or_default();
        match setting {
            HidingSetting::Warmup => self.in_warmup(one),
            HidingSetting::Report => {
                let kind = one.unhidden.as_ref().map_or(FindingKind::NewAction, |finding| finding.kind);
                format!("it would be a finding of the kind {}, which --report leaves out", kind.name())
            }
            HidingSetting::MinSeverity => {
                let severity = one.unhidden.as_ref().map_or(Severity::default(), Finding::severity);
                format!("its first sighting is {}, and --min-severity asks for more", severity.name())
            }
            HidingSetting::OnlySuccess => {
                "all its calls failed, and --only-success counts none of these".to_owned()
            }
            HidingSetting::From => format!("its first sighting is before --from ({})", time(&settings.from)),
            HidingSetting::To => format!("its first sighting is after --to ({})", time(&settings.to)),
            HidingSetting::ReadTo => {
                format!("its first sighting is after --read-to or --to ({})", time(&settings.read_to))
            }
            HidingSetting::Account => {
                format!("--account leaves out {}", in_account(&one.who.account))
            }
            HidingSetting::Region => match first.region() {
                Some(region) => format!("its first sighting was in {region}, which --region leaves out"),
                None => "its first sighting names no Region, and --region asks for some".to_owned(),
            },
            HidingSetting::Source => {
                format!("it is from {} logs, which --source leaves out", one.who.kind.source().name())
            }
            HidingSetting::PrincipalKind => {
                format!("the principal's kind is {}, which --principal-kind leaves out", one.who.kind.name())
            }
            HidingSetting::IgnoreAction => "the action is one of --ignore-action or --ignore-file".to_owned(),
            HidingSetting::OnlyMutating => {
                "its first call only read, and --only-mutating leaves these out".to_owned()
            }
            HidingSetting::Principal => "the principal is none of --principal".to_owned(),
            HidingSetting::Action => "the action is none of --action".to_owned(),
        }
    }

    /// How the warmup hides it, and until when.
    fn in_warmup(&self, one: &Explanation<'_>) -> String {
        let known = one.known_micros.map_or(0.0, days);
        let end = one.warmup_end.map_or(String::new(), |end| format!("; the warmup ends {end}"));
        let is_first = one.unhidden.as_ref().is_some_and(|finding| finding.kind == FindingKind::NewPrincipal);
        let what =
            if is_first { "it is the principal's first action, and the archive" } else { "the principal" };
        format!(
            "{what} had been known for {known} days, less than the warmup of {}{end}",
            self.settings.warmup
        )
    }
}

/// What was delivered before a time.
struct Before {
    first: Option<Day>,
    gaps: Vec<(Day, Day)>,
    failed: u64,
}

impl Before {
    fn new(place: &PlaceCoverage, time: Timestamp) -> Self {
        Self {
            first: place.span().map(|(first, _)| first),
            gaps: place.gaps().filter(|(start, _)| *start <= time.day()).collect(),
            failed: place
                .days
                .between(Day::from_number(i32::MIN), time.day().next())
                .iter()
                .map(|day| day.failed)
                .sum(),
        }
    }

    fn words(&self, account: &str, region: &str) -> String {
        let first = self.first.map_or("no log could be read".to_owned(), |day| format!("logs begin {day}"));
        let gaps = match self.gaps.last() {
            None => "no day is missing before".to_owned(),
            Some((from, to)) => {
                let count = counted(self.gaps.len() as u64, "gap");
                let last = if from == to { from.to_string() } else { format!("{from} to {to}") };
                format!("{count} before it, the last {last}: what was done then is not known")
            }
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!("; {} could not be read", counted(failed, "object")),
        };
        format!("account {account} in {region}: {first}, {gaps}{failed}")
    }
}

/// Why there is nothing to explain.
fn absent(absence: &Absence<'_>) -> Vec<String> {
    let perhaps = |name: Option<&str>| name.map_or(String::new(), |name| format!("; did you mean '{name}'?"));
    match absence {
        Absence::NoPrincipal(near) => {
            vec![format!("no principal has this name{}", perhaps(near.map(|who| &*who.key)))]
        }
        Absence::NoAction(near) => {
            vec![format!("nobody did an action of this name{}", perhaps(near.map(|action| &**action)))]
        }
        Absence::Never { principals, others } => {
            let whom = counted(*principals, "principal");
            let mut lines = vec![format!(
                "never done by {whom} of this name in what was read; {} did it",
                counted(others.len() as u64, "other")
            )];
            let other = |(who, time): &(&ObservedPrincipal, Timestamp)| {
                format!("    {time}  {}, {}", named(&who.key).unwrap_or(NOT_NAMED), in_account(&who.account))
            };
            lines.extend(others.iter().take(OTHERS).map(other));
            let more = others.len().saturating_sub(OTHERS);
            lines.extend((more > 0).then(|| format!("    and {}", counted(more as u64, "more principal"))));
            lines
        }
    }
}

/// How many others are named.
const OTHERS: usize = 5;

#[cfg(test)]
mod tests {
    use super::{Before, COLUMNS, Day};

    #[test]
    fn a_gap_of_one_day_is_that_day() {
        let day = |number| Day::from_number(number);
        let words = |gap| {
            let before = Before { first: Some(day(0)), gaps: vec![gap], failed: 0 };
            before.words("111122223333", "us-east-1")
        };
        let one = words((day(3), day(3)));
        assert!(one.contains(", 1 gap before it, the last 1970-01-04: what was done"), "{one}");
        let two = words((day(3), day(4)));
        assert!(two.contains("the last 1970-01-04 to 1970-01-05: what"), "{two}");
    }

    #[test]
    fn every_column_is_a_published_field() {
        let formats = include_str!("../../docs/formats.md");
        let section = &formats[formats.find("## Explanations").unwrap()..];
        let section = &section[..section[3..].find("\n## ").unwrap()];
        for column in COLUMNS {
            assert!(section.contains(&format!("`{column}`")), "{column}");
        }
    }
}
