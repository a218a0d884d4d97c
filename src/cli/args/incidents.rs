//! Flags that name incidents, and the file that lists them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use firstseen::query::{Incident, IncidentPart, Keep, Label, LabelledEvent, Pattern};
use firstseen::time::{Bound, Timestamp};

use super::super::exit::{Hint, UsageError};
use super::super::text_file::{csv_reader, read_text};
use super::labels::parse as parse_labels;

#[derive(Debug, Args)]
#[command(next_help_heading = "Incidents that should be reported")]
pub(crate) struct IncidentArgs {
    /// Period of an incident and, optionally, a glob for its principal, as with --principal:
    /// 2024-03-01..2024-03-02,'*/deploy'. A day counts to its end (repeatable)
    #[arg(long, value_name = "FROM..TO[,GLOB]")]
    incident: Vec<IncidentArg>,
    /// CSV file of incidents with the header from,to,principal,name; principal and name are optional, and rows with one name are one
    /// incident. Or a file of triage --labels whose events have a time, a principal and an action (repeatable)
    #[arg(long, value_name = "FILE")]
    incidents: Vec<PathBuf>,
    /// How many findings of each incident, or what share of them, a setting must report to be suggested: 5, or 80% [default: 1]
    #[arg(long, value_name = "N|N%")]
    keep: Option<KeepArg>,
}

/// How many findings of an incident must be reported.
#[derive(Clone, Copy, Debug)]
struct KeepArg(Keep);

impl FromStr for KeepArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const HOW: &str = "write a number of findings from 1, such as 5, or a share from 1% to 100%";
        let keep = match text.strip_suffix('%') {
            Some(percent) => {
                percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Keep::Percent)
            }
            None => text.parse().ok().filter(|count| *count > 0).map(Keep::Count),
        };
        keep.map(Self).ok_or(HOW)
    }
}

/// An incident on the command line.
#[derive(Clone, Debug)]
struct IncidentArg(Incident);

impl FromStr for IncidentArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (window, principal) = match text.split_once(',') {
            Some((window, glob)) => (window, Some(glob)),
            None => (text, None),
        };
        let (from, to) = window.split_once("..").ok_or("write FROM..TO, such as 2024-03-01..2024-03-02")?;
        incident(text, from, to, principal).map(Self)
    }
}

impl IncidentArgs {
    /// The files that list incidents.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.incidents
    }

    /// All incidents: first those of the command line, then those of the files.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<Incident>> {
        let mut incidents: Vec<Incident> = self.incident.iter().map(|arg| arg.0.clone()).collect();
        for file in &self.incidents {
            incidents.extend(read_file(file)?);
        }
        if let Some(KeepArg(keep)) = self.keep {
            incidents.iter_mut().for_each(|incident| incident.keep = keep);
        }
        Ok(grouped(incidents))
    }
}

/// Joins incidents with the same name, in the order of their first parts.
fn grouped(incidents: Vec<Incident>) -> Vec<Incident> {
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut joined: Vec<Incident> = Vec::new();
    for incident in incidents {
        match place.get(&incident.name) {
            Some(index) => joined[*index].parts.extend(incident.parts),
            None => {
                place.insert(incident.name.clone(), joined.len());
                joined.push(incident);
            }
        }
    }
    joined
}

/// Parses an incident. A missing or empty principal means any principal.
fn incident(name: &str, from: &str, to: &str, principal: Option<&str>) -> Result<Incident, String> {
    let bound = |text: &str| text.trim().parse::<Bound>().map_err(|error| error.to_string());
    let (from, to) = (bound(from)?.start(), bound(to)?.end());
    if from > to {
        return Err("the incident ends before it begins".to_owned());
    }
    let glob = principal.map(str::trim).filter(|glob| !glob.is_empty());
    let principal = glob.map(str::parse::<Pattern>).transpose().map_err(|error| error.to_string())?;
    Ok(of_part(name, IncidentPart { from, to, account: None, principal }))
}

fn of_part(name: &str, part: IncidentPart) -> Incident {
    Incident { name: name.to_owned(), parts: vec![part], keep: Keep::default() }
}

/// The incident of a labelled event: its second, and its principal.
fn of_label(label: &Label) -> Result<Incident, String> {
    let Label { incident, event: LabelledEvent { time, account, principal, .. }, .. } = label;
    let (Some(time), Some(principal)) = (time, principal) else {
        return Err(format!(
            "incident {incident}: an event has no time or no principal; tune finds events by these, and only firstseen triage \
             --labels by event_id"
        ));
    };
    let literal: String = principal.chars().map(literal).collect();
    let pattern = literal.parse::<Pattern>().map_err(|error| error.to_string())?;
    let to =
        Timestamp::from_micros(time.micros().saturating_add(SECOND - 1 - time.micros().rem_euclid(SECOND)));
    let part = IncidentPart { from: *time, to, account: account.clone(), principal: Some(pattern) };
    Ok(of_part(incident, part))
}

/// A second, in microseconds: labels may lack the fraction that records have.
const SECOND: i64 = 1_000_000;

/// A glob that matches this character alone.
fn literal(sign: char) -> String {
    match sign {
        '*' | '?' | '[' => format!("[{sign}]"),
        sign => sign.to_string(),
    }
}

fn read_file(path: &Path) -> anyhow::Result<Vec<Incident>> {
    let hint = Hint(
        "--incidents takes a CSV file with the header from,to,principal,name, or one of firstseen triage --labels with the columns \
         incident, time, principal and action",
    );
    let refused = |problem: String| {
        anyhow::Error::new(UsageError(format!("{}: {problem}", path.display()))).context(hint)
    };
    parse(&read_text(path, hint)?).map_err(refused)
}

/// Parses incidents from CSV, by column names.
fn parse(text: &str) -> Result<Vec<Incident>, String> {
    let mut reader = csv_reader(text);
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name);
    let has = |names: &[&str]| names.iter().any(|name| column(name).is_some());
    if !has(&["from", "to"]) && has(&["incident", "attack"]) {
        return parse_labels(text)?.iter().map(of_label).collect();
    }
    let missing = || {
        "the header must name from and to, and may name principal and name; or, as for triage --labels, name incident, time, \
         principal and action"
            .to_owned()
    };
    let (from, to) = (column("from").ok_or_else(missing)?, column("to").ok_or_else(missing)?);
    let (principal, name) = (column("principal"), column("name"));
    let mut incidents = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: Option<usize>| column.and_then(|column| record.get(column)).unwrap_or_default();
        let (from, to) = (cell(Some(from)), cell(Some(to)));
        let name = match cell(name) {
            "" => format!("{from}..{to}"),
            name => name.to_owned(),
        };
        let incident = incident(&name, from, to, Some(cell(principal)));
        incidents.push(incident.map_err(|problem| format!("line {line}: {problem}"))?);
    }
    Ok(incidents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_a_window_with_an_optional_principal() {
        let parse = |text: &str| text.parse::<IncidentArg>().map(|arg| arg.0);
        let both = parse("2024-03-01..2024-03-02T10:00:00Z,arn:aws:*,x").unwrap();
        assert_eq!(
            [both.from(), both.to()].map(|time| time.unwrap().to_string()),
            ["2024-03-01T00:00:00Z", "2024-03-02T10:00:00Z"]
        );
        assert_eq!(both.principal().unwrap().as_str(), "arn:aws:*,x");
        assert!(parse("2024-03-01..2024-03-01").unwrap().principal().is_none());
        for text in ["", "2024-03-01", "2024-03-02..2024-03-01", "2024-03-01..2024-03-01,[", "..", "a..b"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_to_keep_is_a_number_or_a_share() {
        let parse = |text: &str| text.parse::<KeepArg>().map(|arg| arg.0);
        assert_eq!(parse("5"), Ok(Keep::Count(5)));
        assert_eq!(parse("80%"), Ok(Keep::Percent(80)));
        for text in ["", "0", "0%", "101%", "-1", "half", "5 %"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_label_is_its_second_its_account_and_exactly_its_principal() {
        let parts = |rows: &str| {
            let incidents = parse(&format!("incident,time,account,principal,action\n{rows}")).unwrap();
            grouped(incidents).into_iter().map(|incident| incident.parts).collect::<Vec<_>>()
        };
        let of = &parts(
            "a,2024-03-01T10:00:00Z,1,k[8s]*,c\nb,2024-03-01T10:00:00.25Z,,x,c\na,2024-03-02T10:00:00Z,1,y,c\n",
        )[..];
        let [a, b] = of else { panic!("{of:?}") };
        assert_eq!((a.len(), b.len(), a[0].account.as_deref()), (2, 1, Some("1")));
        assert_eq!(a[0].principal.as_ref().unwrap().as_str(), "k[[]8s][*]");
        assert_eq!(a[0].to.to_string(), "2024-03-01T10:00:00.999999Z");
        assert_eq!(
            (b[0].from.to_string(), b[0].to.to_string()),
            ("2024-03-01T10:00:00.25Z".to_owned(), "2024-03-01T10:00:00.999999Z".to_owned())
        );
    }

    #[test]
    fn incident_columns_are_found_by_name() {
        let incidents =
            parse("name,to, from\nbreak-in,2024-03-02,2024-03-01\n,2024-03-05,2024-03-05\n").unwrap();
        let names: Vec<&str> = incidents.iter().map(|incident| incident.name.as_str()).collect();
        assert_eq!(names, ["break-in", "2024-03-05..2024-03-05"]);
        assert!(incidents.iter().all(|incident| incident.principal().is_none()));
        assert!(parse("from,until\n").unwrap_err().contains("header"));
        assert!(parse("from,until\n").unwrap_err().contains("incident, time, principal and action"));
        let error = parse("from,to,principal\n2024-03-01,2024-03-02,\n2024-03-01,soon,\n").unwrap_err();
        assert!(error.starts_with("line 3: 'soon' is not a time"), "{error}");
    }
}
